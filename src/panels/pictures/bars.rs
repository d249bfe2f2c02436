//! Horizontal bars, one per code. Owns the fold of rows that do not fit: they are counted, never summed, since a sum
//! could give a hidden one away.

use std::cmp::Ordering;

use egui::{Align2, Rect, Stroke, pos2, vec2};

use super::{Item, figure_ui, greatest, pitch, reach, row, sentence_ui, tint};
use crate::panels::pen::{Pen, cut_left, cut_right, share, whole};
use crate::panels::{View, format, marks};
use crate::site::scenes::PictureKind;

/// Paints the bars.
pub(super) fn bars_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, items: &[Item<'_>]) {
    let (pitch, fits) = pitch(pen, PictureKind::Bars, rect.height() - pen.row(pen.note()), items.len());
    let most = greatest(items).and_then(|i| reach(i.value)).unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let ink = pen.body().size(pen.theme.sizes.body.min(pitch / 1.4).max(pen.theme.sizes.small));
    let name = items.iter().map(|i| pen.width(i.name, ink)).fold(0.0_f32, f32::max).min(rect.width() * 0.58);
    // A word in the place of a figure has no bar beside it and takes its room.
    let is_figure = |item: &Item<'_>| item.value.is_seen() || item.value.is_suppressed();
    let figures = items.iter().filter(|item| is_figure(item));
    let value = figures.map(|i| pen.width(&i.figure(view), ink)).fold(pen.step() * 5.0, f32::max);
    let color = tint(pen, view);
    let mut order: Vec<&Item<'_>> = items.iter().collect();
    if fits < items.len() {
        order.sort_by(|a, b| b.value.point().partial_cmp(&a.value.point()).unwrap_or(Ordering::Equal));
    }
    for (i, item) in order.iter().take(fits).enumerate() {
        let line = row(rect, pitch, i);
        let (name_place, rest) = cut_left(line, name);
        pen.text(name_place, Align2::LEFT_CENTER, item.name, ink);
        let (plot, figure) = cut_right(rest, value.min(rest.width() * 0.6));
        let plot = plot.shrink2(vec2(pen.step() * 1.5, 0.0));
        let height = (pitch * 0.34).min(pen.step() * 1.25);
        match reach(item.value) {
            Some(v) => {
                let width = (plot.width() * share(v, most)).max(if v > 0.0 { 2.0 } else { 0.0 });
                let bar = Rect::from_min_size(
                    pos2(plot.left(), plot.center().y - height * 0.5),
                    vec2(width, height),
                );
                marks::bar(pen.painter(), bar, item.value.told(), pen.step(), color.gamma_multiply(0.8));
            }
            None if item.value.is_suppressed() => {
                let size = vec2(pen.step() * 3.0, height);
                let place = Rect::from_min_size(pos2(plot.left(), plot.center().y - height * 0.5), size);
                marks::dashed_box(
                    pen.painter(),
                    place,
                    Stroke::new(pen.theme.sizes.hairline, pen.theme.muted),
                );
            }
            None => {}
        }
        let place = if is_figure(item) { figure } else { rest };
        figure_ui(pen, place, &item.figure(view), item.value, ink);
        pen.name(line, ("bar", i), &item.words(view));
        pen.tip(line, ("bar tip", item.name), || item.tip(view));
    }
    let rest = rect.with_min_y(rect.top() + pitch * whole(fits));
    sentence_ui(pen, rest, &sentence(view, items, items.len() - fits));
}

fn sentence(view: &View<'_>, items: &[Item<'_>], folded: usize) -> String {
    if folded > 0 {
        return view.text.fill("panel.picture.folded", &[("n", &folded.to_string())]);
    }
    let hidden = items.iter().filter(|i| i.value.is_suppressed()).count();
    if hidden > 0 {
        let below = items.first().map_or(0, |i| i.row.suppress_below);
        return view.text.fill("panel.picture.hidden", &[("below", &below.to_string())]);
    }
    let Some(most) = greatest(items) else {
        return String::new();
    };
    let share = format::share(most.value, super::total(items), view.text).unwrap_or_default();
    view.text.fill("panel.picture.most", &[("name", most.name), ("share", &share)])
}
