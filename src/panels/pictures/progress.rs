//! Values against their targets as bullet bars. Owns the scale of each bar and the mark of its target.

use egui::{Align2, Rect, Stroke, pos2, vec2};

use super::{Item, figure_ui, pitch, reach, row, sentence_ui, tint};
use crate::panels::pen::{Pen, cut_right, share, whole};
use crate::panels::{View, format, marks, words};
use crate::site::scenes::PictureKind;

/// Paints the bullets.
pub(super) fn progress_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, items: &[Item<'_>]) {
    let (pitch, fits) = pitch(pen, PictureKind::Progress, rect.height() - pen.row(pen.note()), items.len());
    for (i, item) in items.iter().take(fits).enumerate() {
        let line = row(rect, pitch, i);
        bullet_ui(pen, line, view, item);
        pen.name(line, ("bullet", i), &item.words(view));
        if let Some(reading) = item.reading {
            pen.tip(line, ("bullet tip", i), || words::explain(view, item.row, view.state.area, &reading));
        }
    }
    let rest = rect.with_min_y(rect.top() + pitch * whole(fits));
    sentence_ui(pen, rest, &sentence(view, items));
}

fn bullet_ui(pen: Pen<'_>, line: Rect, view: &View<'_>, item: &Item<'_>) {
    let step = pen.step();
    let bar_height = if line.height() > pen.row(pen.body()) + step * 2.0 { step * 1.25 } else { step * 0.9 };
    let text_place = line.with_max_y(line.bottom() - bar_height - step * 0.75);
    let met = words::is_met(view, item.row, view.state.area, item.value);
    let figure = format::shown(item.value, item.row.decimals, &item.row.unit, view.text);
    let ink = pen
        .body()
        .bold()
        .size(pen.theme.sizes.body.min(text_place.height() / 1.25).max(pen.theme.sizes.small));
    let (name_place, value_place) = cut_right(text_place, pen.width(&figure, ink) + step);
    figure_ui(pen, value_place, &figure, item.value, ink);
    let mut rest = name_place;
    if let Some(met) = met {
        let word = words::met_word(view, met);
        let color = if met { pen.theme.good } else { pen.theme.warn };
        let (left, place) = cut_right(name_place, pen.width(word, pen.note()) + step * 3.0);
        let at = pen.text(
            place.with_max_x(place.right() - step),
            Align2::RIGHT_CENTER,
            word,
            pen.note().color(color),
        );
        marks::target(pen.painter(), pos2(at.left() - step, at.center().y), step, met, color);
        rest = left;
    }
    pen.text(rest, Align2::LEFT_CENTER, item.name, ink.color(pen.theme.text).size(ink.size));
    let bar = Rect::from_min_size(pos2(line.left(), text_place.bottom()), vec2(line.width(), bar_height));
    pen.painter().rect_filled(bar, bar_height * 0.2, pen.theme.line.gamma_multiply(0.7));
    let target = words::target_at(view, item.row, view.state.area).and_then(|t| t.value);
    let top = if item.row.unit == "%" {
        100.0
    } else {
        reach(item.value).unwrap_or(0.0).max(target.unwrap_or(0.0)) * 1.15
    };
    if let Some(value) = reach(item.value) {
        let fill = bar.with_max_x(bar.left() + bar.width() * share(value, top));
        let color = if met == Some(false) { pen.theme.warn } else { tint(pen, view) };
        marks::bar(pen.painter(), fill, item.value.told(), step, color.gamma_multiply(0.85));
    }
    if let Some(target) = target {
        let x = bar.left() + bar.width() * share(target, top);
        let reach = step * 0.5;
        let stroke = Stroke::new(pen.theme.sizes.hairline * 2.5, pen.theme.text);
        pen.painter().vline(x, bar.top() - reach..=bar.bottom() + reach, stroke);
    }
}

fn sentence(view: &View<'_>, items: &[Item<'_>]) -> String {
    let judged: Vec<bool> =
        items.iter().filter_map(|i| words::is_met(view, i.row, view.state.area, i.value)).collect();
    if judged.is_empty() {
        return String::new();
    }
    let met = judged.iter().filter(|m| **m).count();
    view.text.fill("panel.picture.progress", &[("met", &met.to_string()), ("all", &judged.len().to_string())])
}
