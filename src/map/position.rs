//! Where the pointer is, in the reader's datum, and its coordinates to take along. Owns the readout and the menu.

use egui::{Align2, Event, Rect, Response, Stroke, StrokeKind, Ui, pos2, vec2};

use super::furniture;
use super::lens::degrees;
use super::sheet::Sheet;
use crate::command::Command;
use crate::panels::Commands;
use crate::panels::format;
use crate::panels::pen::Pen;
use crate::site::areas::LonLat;
use crate::site::datum::Datum;
use crate::theme::Theme;

/// Digits behind the point: a tenth of a metre.
const DECIMALS: usize = 6;

/// What the menu is about.
#[derive(Debug, Default)]
pub(super) struct Position {
    asked: Option<LonLat>,
}

/// A place as other programs take it: longitude, latitude.
fn to_copy(datum: Datum, at: LonLat) -> String {
    let [lon, lat] = datum.from_inside(at);
    format!("{lon:.DECIMALS$},{lat:.DECIMALS$}")
}

impl Position {
    /// Paints the readout of the pointer's place, answers the copy key and a press of the second button.
    pub(super) fn ui(
        &mut self,
        ui: &Ui,
        response: &Response,
        sheet: &Sheet<'_>,
        credits: bool,
        commands: &mut Commands,
    ) {
        let view = sheet.view;
        let datum = view.state.datum;
        // Not the map's own hover: over the readout itself there would be no readout.
        let pointer = ui.input(|i| i.pointer.hover_pos()).filter(|at| sheet.clear.contains(*at));
        let at = pointer.map(|at| degrees(sheet.lens.to_world(at)));
        if let Some(at) = at {
            readout(ui, sheet, credits, at, commands);
            let is_asked = ui.input(|i| i.events.contains(&Event::Copy)) && !ui.ctx().text_edit_focused();
            if is_asked {
                ui.ctx().copy_text(to_copy(datum, at));
            }
        }
        if response.secondary_clicked() {
            self.asked = at;
        }
        let Some(asked) = self.asked else { return };
        response.context_menu(|ui| {
            for datum in Datum::DIFFERENT {
                let words = to_copy(datum, asked);
                let label = view.text.fill("map.copy_place", &[("datum", datum.label()), ("place", &words)]);
                if ui.button(label).clicked() {
                    ui.ctx().copy_text(words);
                    ui.close();
                }
            }
        });
    }
}

/// Coordinates at the lower right; a press takes the next datum.
fn readout(ui: &Ui, sheet: &Sheet<'_>, credits: bool, at: LonLat, commands: &mut Commands) {
    let view = sheet.view;
    let theme = sheet.theme();
    let datum = view.state.datum;
    let [lon, lat] = datum.from_inside(at);
    let degrees = |value: f64| format::bound(value.abs(), 5);
    let words = view.text.fill(
        "map.position",
        &[
            ("lon", &degrees(lon)),
            ("east", view.text.get(if lon < 0.0 { "map.west" } else { "map.east" })),
            ("lat", &degrees(lat)),
            ("north", view.text.get(if lat < 0.0 { "map.south" } else { "map.north" })),
            ("datum", datum.label()),
        ],
    );
    let pen = Pen::new(ui, theme);
    let ink = pen.note().color(theme.text);
    let step = theme.sizes.step;
    let bottom = sheet.clear.bottom() - furniture::notes_height(theme, credits) - step * 0.5;
    let size = vec2(pen.width(&words, ink) + step * 1.5, pen.row(ink));
    let place = Rect::from_min_size(pos2(sheet.clear.right() - size.x - step, bottom - size.y), size);
    pen.painter().rect_filled(place, step * 0.5, Theme::plate(theme.surface));
    let response = pen.press(place, "position", &words);
    if response.hovered() {
        let rim = Stroke::new(theme.sizes.hairline, theme.accent);
        pen.painter().rect_stroke(place, step * 0.5, rim, StrokeKind::Inside);
    }
    pen.text(place, Align2::CENTER_CENTER, &words, ink);
    if response.clicked() {
        commands.push(Command::StepDatum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tian'anmen as other converters publish it (see `site/datum.rs`).
    #[test]
    fn each_datum_is_copied_as_others_take_it() {
        let at = [116.404, 39.915];
        assert_eq!(to_copy(Datum::Wgs84, at), "116.404000,39.915000");
        assert_eq!(to_copy(Datum::Gcj02, at), "116.410244,39.916404");
        let bd09 = to_copy(Datum::Bd09, at);
        assert!(bd09.starts_with("116.416") && bd09.contains(",39.922"), "{bd09}");
    }
}
