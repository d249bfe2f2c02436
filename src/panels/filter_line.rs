//! What the screen shows just now, as one sentence: area, indicator, span, speed. Owns the sentence.

use egui::{Align2, Rect};

use crate::command::Command;
use crate::panels::pen::{Pen, cut_right};
use crate::panels::{Commands, View, format, shape, time_words, words};
use crate::site::areas::AreaId;

/// The filter in words.
#[must_use]
pub fn filter_words(view: &View<'_>) -> String {
    let Some(indicator) = view.indicator() else {
        return String::new();
    };
    let line = view.text.fill(
        "panel.filter.line",
        &[
            ("area", &shape::name(view).unwrap_or_else(|| words::area_path(view, view.state.area))),
            ("indicator", view.say(&indicator.name)),
            ("window", &format::window(&indicator.window, view.text)),
        ],
    );
    match time_words::shown_moment(view) {
        None => line,
        Some(_) => format!("{line} · {}", time_words::state(view)),
    }
}

/// Paints the sentence, and a way back to the whole where it is narrowed.
pub fn filter_line_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let mut place = rect;
    if view.state.area != AreaId::ROOT || view.state.drawn.is_some() {
        let words = view.text.get("panel.filter.clear");
        let ink = pen.note().color(pen.theme.accent);
        let (rest, clear) = cut_right(rect, pen.width(words, ink) + pen.step());
        if pen.press(clear, "clear filter", words).clicked() {
            commands.push(Command::Draw(None));
            commands.push(Command::SelectArea(AreaId::ROOT));
        }
        pen.text(clear, Align2::RIGHT_CENTER, words, ink);
        place = rest;
    }
    pen.named_text(place, Align2::LEFT_CENTER, &filter_words(view), pen.note());
}
