//! Stages that narrow, each with its share of the stage before. Owns the trapezoids and the conversion.

use egui::{Align2, Rect, Shape, Stroke, pos2, vec2};

use super::{Item, figure_ui, greatest, pitch, reach, row, sentence_ui, tint};
use crate::panels::pen::{Pen, cut_left, cut_right, share, whole};
use crate::panels::{View, format, marks};
use crate::privacy::shown::Told;
use crate::site::scenes::PictureKind;

/// Paints the funnel.
pub(super) fn funnel_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, items: &[Item<'_>]) {
    let step = pen.step();
    let (pitch, fits) = pitch(pen, PictureKind::Funnel, rect.height() - pen.row(pen.note()), items.len());
    let most = greatest(items).and_then(|i| reach(i.value)).unwrap_or(0.0);
    let name =
        items.iter().map(|i| pen.width(i.name, pen.note())).fold(0.0_f32, f32::max).min(rect.width() * 0.48);
    let value =
        items.iter().map(|i| pen.width(&i.figure(view), pen.body().bold())).fold(step * 5.0, f32::max);
    let share_of = |i: usize| {
        let before = i.checked_sub(1).and_then(|b| items.get(b));
        before.zip(items.get(i)).and_then(|(b, item)| format::share(item.value, b.value, view.text))
    };
    let shares = (0..items.len()).filter_map(share_of).map(|words| pen.width(&words, pen.note()));
    let percent = shares.fold(pen.width("100%", pen.note()), f32::max) + step;
    let color = tint(pen, view);
    for (i, item) in items.iter().take(fits).enumerate() {
        let line = row(rect, pitch, i);
        let (name_place, rest) = cut_left(line, name);
        pen.text(name_place, Align2::LEFT_CENTER, item.name, pen.note().color(pen.theme.text));
        let (rest, percent_place) = cut_right(rest, percent);
        let (plot, figure) = cut_right(rest, value);
        let plot = plot.shrink2(vec2(step, 0.0));
        if let Some(v) = reach(item.value) {
            let here = plot.width() * share(v, most);
            let next =
                items.get(i + 1).and_then(|n| reach(n.value)).map_or(here, |n| plot.width() * share(n, most));
            stage_ui(pen, plot.shrink2(vec2(0.0, 1.5)), (here, next), color, i, item.value.told());
        }
        figure_ui(pen, figure, &item.figure(view), item.value, pen.body().bold());
        if let Some(share) = share_of(i) {
            pen.text(percent_place, Align2::RIGHT_CENTER, &share, pen.note());
        }
        pen.name(line, ("stage", i), &item.words(view));
        pen.tip(line, ("stage tip", i), || item.tip(view));
    }
    let rest = rect.with_min_y(rect.top() + pitch * whole(fits));
    sentence_ui(pen, rest, &sentence(view, items));
}

/// One stage: as wide as its volume at the top, narrowing to the next one's at the bottom.
/// One that is not told exactly has dashed edges.
fn stage_ui(
    pen: Pen<'_>,
    plot: Rect,
    (here, next): (f32, f32),
    color: egui::Color32,
    index: usize,
    told: Option<Told>,
) {
    let x = plot.center().x;
    let narrow = next.min(here);
    let points = vec![
        pos2(x - here * 0.5, plot.top()),
        pos2(x + here * 0.5, plot.top()),
        pos2(x + narrow * 0.5, plot.bottom()),
        pos2(x - narrow * 0.5, plot.bottom()),
    ];
    let strength = (0.85 - whole(index) * 0.14).max(0.35);
    pen.painter().add(Shape::convex_polygon(points.clone(), color.gamma_multiply(strength), Stroke::NONE));
    if told.is_some() {
        let stroke = Stroke::new(pen.theme.sizes.hairline * 1.5, pen.theme.text);
        for edge in [[points.first(), points.get(3)], [points.get(1), points.get(2)]] {
            if let [Some(from), Some(to)] = edge {
                marks::dashed(pen.painter(), *from, *to, stroke, pen.step() * 0.4);
            }
        }
    }
}

fn sentence(view: &View<'_>, items: &[Item<'_>]) -> String {
    let (Some(last), Some(before)) = (items.last(), items.len().checked_sub(2).and_then(|i| items.get(i)))
    else {
        return String::new();
    };
    let Some(share) = format::share(last.value, before.value, view.text) else {
        return String::new();
    };
    view.text.fill("panel.picture.funnel", &[("share", &share), ("before", before.name), ("last", last.name)])
}
