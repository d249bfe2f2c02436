//! What the colours and marks of the map mean: classes with their breaks and how many areas fall in each, and the
//! severities. Owns no classes itself; the map does.

use egui::{Align2, Color32, Rect, Stroke, pos2, vec2};

use crate::panels::event_stream::severity_key;
use crate::panels::pen::{Pen, cut_top, whole};
use crate::panels::{View, format, marks, words};

/// One class of the map's colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LegendClass {
    /// Fill.
    pub color: Color32,
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// Areas in it.
    pub areas: usize,
}

/// Height of the panel.
#[must_use]
pub fn height(pen: Pen<'_>) -> f32 {
    pen.row(pen.body()) + pen.step() * 2.0 + pen.row(pen.note()) * 4.0
}

/// Paints classes and severities.
pub fn legend_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, classes: &[LegendClass], without: usize) {
    let Some(indicator) = view.indicator() else { return };
    let step = pen.step();
    let (title, rest) = cut_top(rect, pen.row(pen.body()));
    let unit = view.text.unit_name(&indicator.unit);
    let words = format!("{} {unit}", view.say(indicator.card_name()));
    let at = pen.named_text(title, Align2::LEFT_CENTER, &words, pen.body());
    let note = view.text.get("panel.legend.counts");
    let room = title.with_min_x(at.right() + step * 2.0);
    if pen.width(note, pen.note()) <= room.width() {
        pen.text(room, Align2::RIGHT_CENTER, note, pen.note());
    }
    let rest = rest.with_min_y(rest.top() + step * 0.5);
    let (bar, rest) = cut_top(rest, pen.row(pen.note()));
    let (labels, rest) = cut_top(rest.with_min_y(rest.top() + step * 0.25), pen.row(pen.note()));
    classes_ui(pen, bar, labels, view, classes, indicator.decimals);
    let (row, rest) = cut_top(rest, pen.row(pen.note()));
    without_ui(pen, row, view, without);
    let (row, _) = cut_top(rest.with_min_y(rest.top() + step * 0.75), pen.row(pen.note()));
    severities_ui(pen, row, view);
}

fn classes_ui(
    pen: Pen<'_>,
    bar: Rect,
    labels: Rect,
    view: &View<'_>,
    classes: &[LegendClass],
    decimals: usize,
) {
    if classes.is_empty() {
        return;
    }
    let width = bar.width() / whole(classes.len());
    let mut free_from = labels.left();
    for (i, class) in classes.iter().enumerate() {
        let part =
            Rect::from_min_size(pos2(bar.left() + width * whole(i), bar.top()), vec2(width, bar.height()));
        pen.painter().rect_filled(part.shrink2(vec2(0.5, 0.0)), 0.0, class.color);
        if class.areas > 0 {
            let ink = pen.note().color(pen.theme.on(class.color));
            pen.text(part, Align2::CENTER_CENTER, &class.areas.to_string(), ink);
        }
        let range = format::interval(Some((class.low, class.high)), decimals, view.text);
        pen.tip(part, ("class", i), || {
            view.text.fill("panel.legend.class", &[("range", &range), ("n", &class.areas.to_string())])
        });
        // A break stands under the edge between two classes; those that would touch are left out.
        let last = i + 1 == classes.len();
        let edge = |value: f64, x: f32, free_from: &mut f32| {
            let words = format::bound(value, decimals);
            let wide = pen.width(&words, pen.note());
            let left = (x - wide * 0.5).clamp(labels.left(), labels.right() - wide);
            if left >= *free_from {
                let place = Rect::from_min_size(pos2(left, labels.top()), vec2(wide, labels.height()));
                pen.text(place, Align2::LEFT_CENTER, &words, pen.note());
                *free_from = left + wide + pen.step() * 1.5;
            }
        };
        edge(class.low, part.left(), &mut free_from);
        if last {
            edge(class.high, part.right(), &mut free_from);
        }
    }
}

fn without_ui(pen: Pen<'_>, row: Rect, view: &View<'_>, without: usize) {
    let step = pen.step();
    let chip = Rect::from_center_size(pos2(row.left() + step, row.center().y), vec2(step * 2.0, step * 1.25));
    pen.painter().rect_filled(chip, 0.0, pen.theme.no_data);
    marks::dashed_box(pen.painter(), chip, Stroke::new(pen.theme.sizes.hairline, pen.theme.muted));
    let words = view.text.fill("panel.legend.without", &[("n", &without.to_string())]);
    let at = pen.text(row.with_min_x(chip.right() + step), Align2::LEFT_CENTER, &words, pen.note());
    let late = words::late_short(view, &view.snapshot.inputs(view.state.indicator));
    if late.is_empty() {
        return;
    }
    // The pattern of late figures on the map, and what it says of all of them.
    let chip = chip.translate(vec2(at.right() + step * 2.0 - chip.left(), 0.0));
    pen.painter().rect_filled(chip, 0.0, pen.theme.class_color(3, 7));
    marks::hatch_falling(pen.painter(), chip, step, Stroke::new(pen.theme.sizes.hairline, pen.theme.ground));
    let place = row.with_min_x(chip.right() + step);
    pen.named_text(place, Align2::LEFT_CENTER, &late, pen.note().color(pen.theme.warn));
}

fn severities_ui(pen: Pen<'_>, row: Rect, view: &View<'_>) {
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
