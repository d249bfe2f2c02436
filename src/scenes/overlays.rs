//! What lies over the screen for a while: help, search, the cards of an event and of the indicator, the health strip.
//! Owns which of them show and where; each owns its contents.

use egui::{Area, Frame, Id, Order, Rect, Stroke, Ui, vec2};

use crate::panels::help::margin;
use crate::panels::pen::Pen;
use crate::panels::{Commands, View, details, event_card, health_strip, help, silence};
use crate::scenes::Memory;
use crate::scenes::zones::WallZones;

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
    if state.mode.is_wall() {
        // The desk has both as panes of its own.
        let zones = WallZones::of(Pen::new(ui, view.theme), screen, view);
        if state.details_open {
            card_ui(ui, view, zones.clear, "details card", Side::Left, |ui| {
                details::details_ui(ui, view);
            });
        } else if state.silence_open {
            card_ui(ui, view, zones.clear, "silence card", Side::Left, |ui| {
                silence::silence_ui(ui, view, commands);
            });
        }
        if state.event.is_some() {
            card_ui(ui, view, zones.clear, "event card", Side::Right, |ui| {
                event_card::event_card_ui(ui, view);
            });
        }
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
    let theme = view.theme;
    let step = theme.sizes.step;
    let width = (theme.sizes.body * 25.0).min(clear.width() * 0.48);
    let top = clear.top() + step * 2.0;
    let left = match side {
        Side::Left => clear.left() + step * 2.0,
        Side::Right => clear.right() - width - step * 2.0,
    };
    Area::new(Id::unique(id)).order(Order::Middle).fixed_pos(egui::pos2(left, top)).show(ui.ctx(), |ui| {
        Frame::new()
            .fill(theme.surface)
            .stroke(Stroke::new(theme.sizes.hairline, theme.line))
            .corner_radius(step * 0.5)
            .inner_margin(margin(step * 2.0))
            .show(ui, |ui| {
                ui.set_width(width - step * 4.0);
                ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
                contents(ui);
            });
    });
}
