//! Stages in order, joined by arrows, with their volume as the weight of each stage. Owns the chain.

use egui::{Align2, Rect, Shape, Stroke, pos2, vec2};

use super::{Item, figure_ui, greatest, pitch, reach, row, sentence_ui, tint};
use crate::panels::pen::{Pen, cut_left, cut_right, share, whole};
use crate::panels::{View, format, marks};
use crate::site::scenes::PictureKind;

/// Paints the chain.
pub(super) fn flow_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, items: &[Item<'_>]) {
    let step = pen.step();
    let (pitch, fits) = pitch(pen, PictureKind::Flow, rect.height() - pen.row(pen.note()), items.len());
    let most = greatest(items).and_then(|i| reach(i.value)).unwrap_or(0.0);
    let name =
        items.iter().map(|i| pen.width(i.name, pen.body())).fold(0.0_f32, f32::max).min(rect.width() * 0.4);
    let value =
        items.iter().map(|i| pen.width(&i.figure(view), pen.body().bold())).fold(step * 5.0, f32::max);
    let color = tint(pen, view);
    let node_x = rect.left() + step * 1.5;
    for (i, item) in items.iter().take(fits).enumerate() {
        let line = row(rect, pitch, i);
        let y = line.center().y;
        let weight = reach(item.value).map_or(0.0, |v| share(v, most));
        if i + 1 < fits {
            link_ui(pen, node_x, y + step, y + pitch - step, color);
        }
        let radius = step * (0.6 + 0.6 * weight);
        pen.painter().circle_filled(pos2(node_x, y), radius, color);
        let (_, rest) = cut_left(line, step * 4.0);
        let (name_place, rest) = cut_left(rest, name);
        pen.text(name_place, Align2::LEFT_CENTER, item.name, pen.body());
        let (plot, figure) = cut_right(rest, value);
        let plot = plot.shrink2(vec2(step * 1.5, 0.0));
        let height = step * 1.25;
        let bar =
            Rect::from_min_size(pos2(plot.left(), y - height * 0.5), vec2(plot.width() * weight, height));
        marks::bar(pen.painter(), bar, item.value.told(), step, color.gamma_multiply(0.8));
        figure_ui(pen, figure, &item.figure(view), item.value, pen.body().bold());
        pen.name(line, ("link", i), &item.words(view));
        pen.tip(line, ("link tip", i), || item.tip(view));
    }
    let rest = rect.with_min_y(rect.top() + pitch * whole(fits));
    sentence_ui(pen, rest, &sentence(view, items));
}

fn link_ui(pen: Pen<'_>, x: f32, from: f32, to: f32, color: egui::Color32) {
    let stroke = Stroke::new(pen.theme.sizes.hairline * 1.5, color.gamma_multiply(0.7));
    pen.painter().vline(x, from..=to, stroke);
    let r = pen.step() * 0.5;
    let head = vec![pos2(x - r, to - r), pos2(x + r, to - r), pos2(x, to + r * 0.5)];
    pen.painter().add(Shape::convex_polygon(head, color.gamma_multiply(0.7), Stroke::NONE));
}

fn sentence(view: &View<'_>, items: &[Item<'_>]) -> String {
    let Some(most) = greatest(items) else {
        return String::new();
    };
    let figure = format::shown(most.value, most.row.decimals, &most.row.unit, view.text);
    view.text.fill("panel.picture.flow", &[("name", most.name), ("figure", &figure)])
}
