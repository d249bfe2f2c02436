//! What lies over the screen for a while: help, search, the cards of an event and of the indicator, the funnel plot, the
//! health strip.
//! Owns which of them show and where; each owns its contents.

use egui::{Align2, Area, Frame, Id, Order, Rect, Stroke, Ui, vec2};

use crate::panels::help::margin;
use crate::panels::pen::Pen;
use crate::panels::{Commands, View, details, funnel_plot, health_strip, help};
use crate::scenes::zones::WallZones;
use crate::scenes::{Memory, desk};

/// Paints what is open.
pub(crate) fn overlays_ui(
    ui: &mut Ui,
    screen: Rect,
    view: &View<'_>,
    memory: &mut Memory,
    commands: &mut Commands,
) {
    let ctx = ui.ctx().clone();
    let state = view.state;
    let step = view.theme.sizes.step;
    let middle = desk::middle(Pen::new(ui, view.theme), screen);
    let room = middle.shrink(step).with_max_y(middle.bottom() - middle.height() * 0.22);
    // A few areas on a very large screen would be far apart, and far from their scales. Beside the middle of the map,
    // where the areas are.
    let size = room.size().min(vec2(90.0, 60.0) * view.theme.sizes.body);
    let mut plot_place = Align2::LEFT_TOP.align_size_within_rect(size, room);
    if state.mode.is_wall() {
        // The desk has both as panes of its own.
        let zones = WallZones::of(Pen::new(ui, view.theme), screen, view);
        // All of the free part: half a path or half a scale bar beside it would read like a fault.
        plot_place = zones.clear;
        if state.details_open {
            card_ui(ui, view, zones.clear, "details card", Side::Left, |ui| {
                details::details_ui(ui, view, &mut memory.series);
            });
        }
        if state.event.is_some() {
            card_ui(ui, view, zones.clear, "event card", Side::Right, |ui| {
                memory.event.ui(ui, view);
            });
        }
    }
    let is_docked = !state.mode.is_wall() && desk::is_roomy(Pen::new(ui, view.theme), screen);
    if state.funnel_open && !is_docked {
        card_at(ui, view, plot_place, "funnel card", |ui| {
            if funnel_plot::has_plot(view, &mut memory.series) {
                ui.set_height(plot_place.height() - step * 4.0);
            } else {
                ui.set_height(view.theme.sizes.body * 7.0);
            }
            funnel_plot::funnel_ui(ui, view, &mut memory.series, commands);
        });
    }
    if state.help_open {
        help::help_ui(&ctx, view, commands);
    }
    if state.palette_open {
        memory.palette.ui(&ctx, view, commands);
    } else {
        memory.palette.closed();
    }
    if state.health_open {
        health_strip::health_strip_ui(Pen::new(ui, view.theme), screen, view);
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// A card inside the clear part of the map, at one side of it, so that the place it speaks of can still be seen.
fn card_ui(ui: &Ui, view: &View<'_>, clear: Rect, id: &str, side: Side, contents: impl FnOnce(&mut Ui)) {
    let width = (view.theme.sizes.body * 25.0).min(clear.width() * 0.48);
    let top = clear.top();
    let left = match side {
        Side::Left => clear.left(),
        Side::Right => clear.right() - width,
    };
    card_at(ui, view, Rect::from_min_size(egui::pos2(left, top), vec2(width, 0.0)), id, contents);
}

/// A card as wide as a place and as tall as its contents.
fn card_at(ui: &Ui, view: &View<'_>, place: Rect, id: &str, contents: impl FnOnce(&mut Ui)) {
    let theme = view.theme;
    let step = theme.sizes.step;
    Area::new(Id::unique(id)).order(Order::Middle).fixed_pos(place.min).show(ui.ctx(), |ui| {
        Frame::new()
            .fill(theme.surface)
            .stroke(Stroke::new(theme.sizes.hairline, theme.line))
            .corner_radius(step * 0.5)
            .inner_margin(margin(step * 2.0))
            .show(ui, |ui| {
                ui.set_width(place.width() - step * 4.0);
                ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
                contents(ui);
            });
    });
}
