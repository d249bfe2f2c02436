//! Scale bar, north arrow, notes and sources in the lower left corner; the path of areas in the upper left. Owns what
//! frames the map.

use egui::{Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::base::BaseMaps;
use super::classes::readable_above;
use super::sheet::{Sheet, Type, write, write_galley};
use crate::command::Command;
use crate::panels::pen::Pen;
use crate::panels::{Commands, format, shape};
use crate::theme::Theme;

/// Length of a scale bar: the longest readable one that is not wider than `most` points.
#[must_use]
pub(super) fn bar_meters(points_per_meter: f64, most: f64) -> f64 {
    if points_per_meter <= 0.0 || !points_per_meter.is_finite() {
        return 0.0;
    }
    let longest = most / points_per_meter;
    // The readable number above the longest is too long; the one before it fits.
    let decade = 10.0_f64.powf(longest.log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|m| m * decade)
        .find(|m| *m <= longest * (1.0 + 1e-9))
        .unwrap_or_else(|| readable_above(longest))
}

/// Height of the notes in the lower left corner, at most two lines of sources among them.
#[must_use]
pub(super) fn notes_height(theme: &Theme, credits: bool) -> f32 {
    theme.sizes.small * if credits { 2.4 + 2.0 * LEADING } else { 2.4 }
}

/// Line height of notes, in type sizes.
const LEADING: f32 = 1.35;

/// Paints the lower left corner; returns what it covers, so that no label lies there.
pub(super) fn corner(
    painter: &Painter,
    sheet: &Sheet<'_>,
    credits: bool,
    notes: &[String],
    base: &BaseMaps,
) -> Rect {
    let theme = sheet.theme();
    let (small, step) = (theme.sizes.small, theme.sizes.step);
    let ink = Type { size: small, bold: false, color: theme.muted };
    let left = sheet.clear.left() + step;
    let mut bottom = sheet.clear.bottom() - step;
    let mut right = left;
    // Over the ground this plate cannot be seen.
    let plate = |rect: Rect| {
        painter.rect_filled(rect.expand2(vec2(step, step * 0.4)), step * 0.5, Theme::plate(theme.ground))
    };
    if credits {
        let of_base = base.credits();
        let all: Vec<&str> = of_base
            .iter()
            .map(|c| c.get(sheet.view.lang()))
            .chain(sheet.view.site.meta.attributions.iter().map(|a| sheet.view.say(&a.text)))
            .collect();
        let width = sheet.clear.width() - step * 2.0;
        let galley = painter.layout(all.join(" · "), ink.font(), ink.color, width);
        let rect = Rect::from_min_size(pos2(left, bottom - galley.size().y), galley.size());
        plate(rect);
        painter.galley(rect.min, galley, ink.color);
        bottom = rect.top() - small * 0.4;
        right = rect.right();
    }
    let words = row_words(sheet, notes, base);
    let edge = theme.ground.gamma_multiply(0.6);
    let before = small * 2.6 + bar_width(sheet, small).1 + step * 3.0;
    // What does not fit beside the bar goes on above it, and not out of the map.
    let room = (sheet.clear.right() - step - left - before).max(small * 10.0);
    let galley = painter.layout(words, ink.font(), egui::Color32::PLACEHOLDER, room);
    let more = galley.size().y - galley.rows.first().map_or(0.0, |row| row.height());
    let row = Rect::from_min_max(
        pos2(left, bottom - small * 1.5 - more),
        pos2(left + before + galley.size().x, bottom),
    );
    plate(row);
    let arrow = north(painter, sheet, pos2(left, bottom - small * 0.2), ink);
    let bar_end = bar(painter, sheet, pos2(arrow + step * 1.5, bottom - small * 0.2), ink);
    let at = pos2(bar_end + step * 1.5, bottom - small * 1.4 - more);
    let written = write_galley(painter, at, &galley, ink, edge);
    let mut top = row.top();
    right = right.max(written.right());
    for trouble in base.troubles() {
        let words = sheet.view.text.say(&trouble);
        let ink = Type { color: theme.warn, ..ink };
        let line = Rect::from_min_max(
            pos2(left, top - small * 1.7),
            pos2(
                left + small * 1.4 + painter.layout_no_wrap(words.clone(), ink.font(), ink.color).size().x,
                top - small * 0.2,
            ),
        );
        plate(line);
        warning(painter, sheet, pos2(left + small * 0.5, line.center().y), small * 0.45);
        let said = write(painter, pos2(left + small * 1.3, line.top()), &words, ink, edge);
        right = right.max(said.right());
        top = line.top();
    }
    Rect::from_min_max(pos2(row.left(), top), pos2(right, sheet.clear.bottom()))
}

/// A triangle with a stroke in it: something is not as it should be.
fn warning(painter: &Painter, sheet: &Sheet<'_>, at: Pos2, r: f32) {
    let stroke = Stroke::new(sheet.hairline() * 1.4, sheet.theme().warn);
    let corners = vec![at + vec2(0.0, -r), at + vec2(r, r * 0.8), at + vec2(-r, r * 0.8)];
    painter.add(Shape::closed_line(corners, stroke));
    painter.line_segment([at + vec2(0.0, -r * 0.3), at + vec2(0.0, r * 0.25)], stroke);
}

/// What stands beside the scale bar.
fn row_words(sheet: &Sheet<'_>, notes: &[String], base: &BaseMaps) -> String {
    let text = sheet.view.text;
    let mut words: Vec<String> = Vec::new();
    if sheet.view.site.meta.areas_schematic || base.is_schematic() {
        words.push(text.get("map.schematic").to_owned());
    }
    words.extend(notes.iter().cloned());
    words.join(" · ")
}

/// An arrow to the north; returns where it ends.
fn north(painter: &Painter, sheet: &Sheet<'_>, at: Pos2, ink: Type) -> f32 {
    let r = ink.size * 0.42;
    let tip = at + vec2(r, -ink.size * 0.9);
    let points =
        vec![tip, tip + vec2(r * 0.8, r * 2.0), tip + vec2(0.0, r * 1.45), tip + vec2(-r * 0.8, r * 2.0)];
    painter.add(Shape::Path(egui::epaint::PathShape {
        points,
        closed: true,
        fill: egui::Color32::TRANSPARENT,
        stroke: Stroke::new(sheet.hairline() * 1.3, ink.color).into(),
    }));
    let words = sheet.view.text.get("map.north");
    let edge = sheet.theme().ground.gamma_multiply(0.8);
    write(painter, at + vec2(r * 2.4, -ink.size * 1.0), words, ink, edge).right()
}

/// Metres and screen points of the scale bar.
fn bar_width(sheet: &Sheet<'_>, small: f32) -> (f64, f32) {
    let per_meter = sheet.lens.points_per_meter();
    let meters = bar_meters(per_meter, f64::from(small) * 9.0);
    #[expect(clippy::cast_possible_truncation, reason = "a length on the screen")]
    let width = (meters * per_meter) as f32;
    (meters, width)
}

fn bar(painter: &Painter, sheet: &Sheet<'_>, at: Pos2, ink: Type) -> f32 {
    let (meters, width) = bar_width(sheet, ink.size);
    let (number, unit) =
        if meters >= 1000.0 { (meters / 1000.0, "map.kilometers") } else { (meters, "map.meters") };
    let words = sheet.view.text.fill(unit, &[("n", &format::bound(number, usize::from(number < 1.0)))]);
    let tick = ink.size * 0.28;
    let points = vec![at + vec2(0.0, -tick), at, at + vec2(width, 0.0), at + vec2(width, -tick)];
    let ground = Stroke::new(sheet.hairline() * 4.0, sheet.theme().ground.gamma_multiply(0.6));
    painter.add(Shape::line(points.clone(), ground));
    painter.add(Shape::line(points, Stroke::new(sheet.hairline() * 1.5, ink.color)));
    let edge = sheet.theme().ground.gamma_multiply(0.8);
    let written = write(painter, at + vec2(tick, -ink.size * 1.35), &words, ink, edge);
    written.right().max(at.x + width)
}

/// Paints the path from the whole to the chosen area; its steps can be pressed. Returns what it covers.
pub(super) fn breadcrumb(ui: &Ui, sheet: &Sheet<'_>, commands: &mut Commands) -> Rect {
    let theme = sheet.theme();
    let step = theme.sizes.step;
    let path = sheet.view.site.areas.path(sheet.scope.chosen);
    let origin = sheet.clear.left_top() + vec2(step, step);
    let mut x = origin.x;
    let size = theme.sizes.body;
    let edge = theme.ground.gamma_multiply(0.85);
    // Its size is known when all of it is written.
    let plate = ui.painter().add(Shape::Noop);
    for (i, id) in path.iter().enumerate() {
        if i > 0 {
            let middle = pos2(x + size * 0.5, origin.y + size * 0.72);
            let r = size * 0.2;
            let points = vec![middle + vec2(-r, -r), middle + vec2(r * 0.8, 0.0), middle + vec2(-r, r)];
            ui.painter().add(Shape::convex_polygon(points, theme.muted, Stroke::NONE));
            x += size;
        }
        let is_last = i + 1 == path.len();
        let name = sheet.name(*id);
        let galley = ui.painter().layout_no_wrap(
            name.to_owned(),
            crate::fonts::regular(size),
            egui::Color32::PLACEHOLDER,
        );
        let rect = Rect::from_min_size(pos2(x, origin.y), galley.size());
        let response =
            ui.interact(rect.expand(step * 0.5), ui.scope_id().with(("map path", id.0)), Sense::click());
        response.widget_info(|| {
            let words = sheet.view.text.fill("map.go_to", &[("area", name)]);
            WidgetInfo::labeled(Role::Button, true, words)
        });
        let color = if is_last {
            theme.text
        } else if response.hovered() || response.has_focus() {
            theme.accent
        } else {
            theme.muted
        };
        write(ui.painter(), rect.min, name, Type { size, bold: is_last, color }, edge);
        if response.has_focus() {
            let ring = Stroke::new(sheet.hairline() * 2.0, theme.accent);
            ui.painter().rect_stroke(rect.expand(step * 0.5), step * 0.5, ring, egui::StrokeKind::Outside);
        }
        if response.clicked() {
            commands.push(Command::SelectArea(*id));
        }
        if !is_last {
            response.on_hover_cursor(egui::CursorIcon::PointingHand);
        }
        x = rect.right() + size * 0.15;
    }
    if let Some(name) = shape::name(sheet.view) {
        // A shape is of no area; it stands beside the path.
        let at = pos2(x + size * 1.2, origin.y);
        let rect = write(ui.painter(), at, &name, Type { size, bold: true, color: theme.accent }, edge);
        Pen::new(ui, theme).name(rect, "map shape", &name);
        x = rect.right();
    }
    let covered = Rect::from_min_max(origin, pos2(x, origin.y + size * 1.5));
    let around = covered.expand2(vec2(step, step * 0.25));
    ui.painter().set(plate, Shape::rect_filled(around, step * 0.5, Theme::plate(theme.ground)));
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_bars_are_readable_and_fit() {
        for (per_meter, most, wanted) in [
            (0.07, 120.0, 1000.0),
            (0.03, 120.0, 2000.0),
            (0.01, 120.0, 10_000.0),
            (1.0, 120.0, 100.0),
            (9.0, 90.0, 10.0),
            (0.0, 90.0, 0.0),
        ] {
            let found = bar_meters(per_meter, most);
            assert!((found - wanted).abs() < 1e-6, "{per_meter}: {found}");
            assert!(found * per_meter <= most + 1e-6);
        }
    }
}
