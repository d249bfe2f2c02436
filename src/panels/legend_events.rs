//! The legend's entries of events: hexagons with what they count, severities, what else stands on the map. Owns how they are
//! explained.

use egui::{Align2, Rect, Stroke, StrokeKind, pos2, vec2};

use crate::panels::event_stream::severity_key;
use crate::panels::legend::DensityScale;
use crate::panels::pen::{Pen, cut_left};
use crate::panels::{View, event_filter, format, hexagon, marks};

/// What hexagons count: the smallest and the largest as they are drawn, and how wide one is. Events that stand singly say
/// so; the place is kept free for either.
pub(super) fn density_ui(pen: Pen<'_>, row: Rect, view: &View<'_>, density: Option<DensityScale>) {
    let text = view.text;
    let Some(scale) = density else {
        let key = if view.snapshot.is_whole { "panel.legend.single" } else { "panel.events.reading" };
        let at = pen.named_text(row, Align2::LEFT_CENTER, text.get(key), pen.note());
        if view.snapshot.is_whole {
            others_ui(pen, row.with_min_x(at.right() + pen.step() * 1.5), view);
        }
        return;
    };
    let step = pen.step();
    let most = format::count(scale.most);
    let across = format::rounded_meters(scale.across_meters, text);
    let means = text.fill(
        "panel.legend.density_means",
        &[("most", &most), ("across", &across), ("filter", &event_filter::words(view))],
    );
    let mut x = row.left();
    for (count, shown) in [(1, "1"), (scale.most, most.as_str())] {
        let fullness = hexagon::fullness(count, scale.most);
        let radius = row.height() * 0.46 * hexagon::share(fullness);
        let center = pos2(x + row.height() * 0.46, row.center().y);
        let color = pen.theme.severity(2);
        let fill = hexagon::fill(pen.theme, color, fullness);
        let stroke = Stroke::new(pen.theme.sizes.hairline * hexagon::edge(fullness), color);
        pen.painter().add(egui::Shape::convex_polygon(hexagon::corners(center, radius), fill, stroke));
        let place = row.with_min_x(x + row.height() * 0.92 + step * 0.5);
        x = pen.text(place, Align2::LEFT_CENTER, shown, pen.note().color(pen.theme.text)).right() + step;
    }
    let words = text.fill("panel.legend.density", &[("across", &across)]);
    pen.text(row.with_min_x(x + step * 0.5), Align2::LEFT_CENTER, &words, pen.note());
    pen.name(row, "density", &means);
    pen.tip(row, "density tip", || means.clone());
}

/// What else stands on the map: counts of events without a place, and drills; as far as there is room.
fn others_ui(pen: Pen<'_>, row: Rect, view: &View<'_>) {
    let step = pen.step();
    let mut row = row;
    for (sign, key, is_boxed) in
        [("n", "panel.legend.by_area", true), (view.text.get("map.exercise_letter"), "map.exercise", false)]
    {
        let words = view.text.get(key);
        let ink = pen.note().bold().color(pen.theme.text);
        let (wide, size) = (pen.width(words, pen.note()), pen.width(sign, ink) + step);
        if size + step * 0.75 + wide > row.width() {
            return;
        }
        let (place, rest) = cut_left(row, size);
        if is_boxed {
            let chip = Rect::from_center_size(place.center(), vec2(size, row.height() * 0.8));
            pen.painter().rect_filled(chip, step * 0.4, pen.theme.surface);
            let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.muted);
            pen.painter().rect_stroke(chip, step * 0.4, stroke, StrokeKind::Inside);
        }
        pen.text(place, Align2::CENTER_CENTER, sign, ink);
        let at = pen.named_text(
            rest.with_min_x(rest.left() + step * 0.75),
            Align2::LEFT_CENTER,
            words,
            pen.note(),
        );
        row = rest.with_min_x(at.right() + step * 1.5);
    }
}

pub(super) fn severities_ui(pen: Pen<'_>, row: Rect, view: &View<'_>) {
    let step = pen.step();
    let size = pen.theme.sizes.small * 0.8;
    let words: Vec<(u8, &str)> = [4_u8, 3, 2, 1].map(|s| (s, view.text.get(severity_key(s)))).to_vec();
    let wide: f32 = words.iter().map(|(_, w)| pen.width(w, pen.note()) + size + step * 1.25).sum();
    let gap = ((row.width() - wide) / 3.0).clamp(step * 0.5, step * 3.0);
    let mut x = row.left();
    for (severity, word) in words {
        marks::severity(pen.painter(), pen.theme, pos2(x + size * 0.6, row.center().y), size, severity);
        let place = row.with_min_x(x + size + step * 1.25);
        let at = pen.text(place, Align2::LEFT_CENTER, word, pen.note());
        x = at.right() + gap;
    }
}

/// The severities where there is no room for all words: those of the ends say which way it goes.
pub(super) fn severities_brief_ui(pen: Pen<'_>, row: Rect, view: &View<'_>) {
    let step = pen.step();
    let size = pen.theme.sizes.small * 0.8;
    let at = pen.text(row, Align2::LEFT_CENTER, view.text.get(severity_key(4)), pen.note());
    let mut x = at.right() + step;
    for severity in [4_u8, 3, 2, 1] {
        marks::severity(pen.painter(), pen.theme, pos2(x + size * 0.6, row.center().y), size, severity);
        x += size + step;
    }
    pen.text(row.with_min_x(x), Align2::LEFT_CENTER, view.text.get(severity_key(1)), pen.note());
}
