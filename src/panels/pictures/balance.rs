//! Shares of a whole as one stacked bar, with a row of words for each. Owns the shades that tell the parts apart.

use egui::{Align2, Color32, Rect, pos2, vec2};

use super::{Item, figure_ui, greatest, pitch, reach, sentence_ui, total};
use crate::panels::pen::{Pen, cut_left, cut_right, cut_top, share, whole};
use crate::panels::{View, format, marks};
use crate::privacy::shown::Shown;
use crate::site::scenes::PictureKind;

/// Paints bar and rows.
pub(super) fn balance_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, items: &[Item<'_>]) {
    let step = pen.step();
    let whole_value = total(items);
    let (bar, rest) = cut_top(rect, step * 3.0);
    bar_ui(pen, bar, view, items, whole_value);
    let rows = rest.with_min_y(rest.top() + step);
    let (pitch, fits) = pitch(pen, PictureKind::Balance, rows.height() - pen.row(pen.note()), items.len());
    let value = items.iter().map(|i| pen.width(&i.figure(view), pen.body())).fold(step * 5.0, f32::max);
    let shares = items.iter().filter_map(|i| format::share(i.value, whole_value, view.text));
    let percent = shares.map(|words| pen.width(&words, pen.body().bold()));
    let percent = percent.fold(pen.width("100%", pen.body()), f32::max) + step * 2.0;
    for (i, item) in items.iter().take(fits).enumerate() {
        let line =
            Rect::from_min_size(pos2(rows.left(), rows.top() + pitch * whole(i)), vec2(rows.width(), pitch));
        let chip =
            Rect::from_center_size(pos2(line.left() + step, line.center().y), vec2(step * 1.5, step * 1.5));
        pen.painter().rect_filled(chip, step * 0.25, shade(pen, i));
        let (_, rest) = cut_left(line, step * 3.0);
        let (rest, percent_place) = cut_right(rest, percent);
        let (name_place, figure) = cut_right(rest, value);
        pen.text(name_place, Align2::LEFT_CENTER, item.name, pen.body());
        figure_ui(pen, figure, &item.figure(view), item.value, pen.body());
        let share = format::share(item.value, whole_value, view.text).unwrap_or_default();
        pen.text(percent_place, Align2::RIGHT_CENTER, &share, pen.body().bold());
        pen.name(line, ("part", i), &item.words(view));
    }
    let rest = rows.with_min_y(rows.top() + pitch * whole(fits));
    sentence_ui(pen, rest, &sentence(view, items, whole_value));
}

fn bar_ui(pen: Pen<'_>, bar: Rect, view: &View<'_>, items: &[Item<'_>], whole_value: Shown) {
    let Some(all) = reach(whole_value).filter(|v| *v > 0.0) else {
        return;
    };
    let gap = pen.theme.sizes.hairline * 2.0;
    let mut x = bar.left();
    for (i, item) in items.iter().enumerate() {
        let Some(v) = reach(item.value) else { continue };
        let width = bar.width() * share(v, all);
        let part = Rect::from_min_max(pos2(x, bar.top()), pos2((x + width - gap).max(x), bar.bottom()));
        pen.painter().rect_filled(part, pen.step() * 0.25, shade(pen, i));
        pen.tip(part, ("part tip", i), || {
            format!(
                "{} · {}",
                item.tip(view),
                format::share(item.value, whole_value, view.text).unwrap_or_default()
            )
        });
        x += width;
    }
    if whole_value.told().is_some() {
        marks::open_end(pen.painter(), bar, pen.step(), pen.theme.muted);
    }
}

/// The parts wear the domain hues; a sixth would repeat the first, and has its row of words.
fn shade(pen: Pen<'_>, index: usize) -> Color32 {
    pen.theme.domain(index)
}

fn sentence(view: &View<'_>, items: &[Item<'_>], whole_value: Shown) -> String {
    let seen = items.iter().filter_map(|item| Some((item, item.value.point()?)));
    let least = seen.min_by(|(_, a), (_, b)| a.order(*b)).map(|(item, _)| item);
    let (Some(most), Some(least)) = (greatest(items), least) else {
        return String::new();
    };
    let (Some(most_share), Some(least_share)) = (
        format::share(most.value, whole_value, view.text),
        format::share(least.value, whole_value, view.text),
    ) else {
        return view.text.get("panel.picture.no_shares").to_owned();
    };
    view.text.fill(
        "panel.picture.balance",
        &[
            ("most", most.name),
            ("most_share", &most_share),
            ("least", least.name),
            ("least_share", &least_share),
        ],
    )
}
