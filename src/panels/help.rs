//! The list of keys (`?`). Owns its arrangement in two columns; `keys` owns what is in it.

use egui::{Align2, Modal, Rect, Sense, pos2, vec2};

use crate::command::Command;
use crate::keys;
use crate::panels::pen::{Pen, cut_left, cut_top, whole};
use crate::panels::{Commands, View};

/// Shows the list over everything else.
pub fn help_ui(ctx: &egui::Context, view: &View<'_>, commands: &mut Commands) {
    let theme = view.theme;
    let step = theme.sizes.step;
    let frame = egui::Frame::new()
        .fill(theme.surface)
        .stroke(egui::Stroke::new(theme.sizes.hairline, theme.line))
        .inner_margin(margin(step * 3.0))
        .corner_radius(step);
    let lines = keys::help_lines();
    let rows = lines.len().div_ceil(2);
    let response = Modal::new(egui::Id::unique("help")).frame(frame).show(ctx, |ui| {
        let row = (theme.sizes.body * 1.9).ceil();
        let head = theme.sizes.heading * 2.2;
        let width = (theme.sizes.body * 56.0).min(ctx.content_rect().width() * 0.9);
        let (rect, _) = ui.allocate_exact_size(vec2(width, head + row * whole(rows)), Sense::hover());
        let pen = Pen::new(ui, theme);
        let (title, rest) = cut_top(rect, head);
        pen.named_text(title, Align2::LEFT_TOP, view.text.get("key.title"), pen.heading());
        pen.text(title, Align2::RIGHT_TOP, view.text.get("key.close"), pen.note());
        for (i, (names, words)) in lines.iter().enumerate() {
            let column = rest.left() + (width * 0.5 + step) * whole(i / rows);
            let place = Rect::from_min_size(
                pos2(column, rest.top() + row * whole(i % rows)),
                vec2(width * 0.5 - step * 2.0, row),
            );
            let (keys_place, words_place) = cut_left(place, theme.sizes.body * 10.0);
            pen.text(keys_place, Align2::LEFT_CENTER, names, pen.body().bold().color(theme.accent));
            pen.named_text(words_place, Align2::LEFT_CENTER, view.text.get(words), pen.body());
        }
    });
    if response.backdrop_response.clicked() {
        commands.push(Command::ToggleHelp);
    }
}

/// The same margin on all sides, as egui wants it.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a margin of a few dozen points")]
pub fn margin(points: f32) -> i8 {
    points.clamp(0.0, 127.0) as i8
}
