//! What the colours of a time bar by kind mean: a word beside each, which narrows the filter of events to that kind when
//! pressed. Owns the line and what a press does.

use std::sync::Arc;

use egui::{Align2, Rect, vec2};

use super::bars::{MOST_KINDS, kind_color};
use crate::command::Command;
use crate::density::EventFilter;
use crate::panels::pen::Pen;
use crate::panels::{Commands, View, alarm_strip};

/// Name of a kind by its place among the kinds of objects.
pub(super) fn name<'a>(view: &View<'a>, kind: usize) -> &'a str {
    match code(view, kind) {
        Some(code) => view.text.code_name(&alarm_strip::kind_list(view), code),
        None => view.text.get("panel.time.persons"),
    }
}

fn code<'a>(view: &View<'a>, kind: usize) -> Option<&'a str> {
    view.site.meta.events.as_ref()?.object_kinds.get(kind).map(String::as_str)
}

/// Paints the line: the most frequent kinds, then all others.
pub(super) fn kinds_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, kinds: &[usize], commands: &mut Commands) {
    let step = pen.step();
    let ink = pen.note().color(pen.theme.text);
    let mut left = rect.left();
    let rest = (kinds.len() >= MOST_KINDS).then_some(None);
    for (rank, kind) in kinds.iter().map(|kind| Some(*kind)).chain(rest).enumerate() {
        let words = kind.map_or_else(|| view.text.get("panel.time.other_kinds"), |kind| name(view, kind));
        let is_chosen = kind.and_then(|kind| code(view, kind)) == view.state.filter.kind.as_deref()
            && view.state.filter.kind.is_some();
        let ink = if is_chosen { ink.bold() } else { ink };
        let square = pen.note().size * 0.7;
        let wide = square + step * 0.5 + pen.width(words, ink);
        if left + wide > rect.right() + 0.5 {
            return;
        }
        let place = Rect::from_min_size(egui::pos2(left, rect.top()), vec2(wide, rect.height()));
        let mark = Rect::from_center_size(
            egui::pos2(left + square * 0.5, place.center().y),
            egui::Vec2::splat(square),
        );
        pen.painter().rect_filled(mark, 0.0, kind_color(pen, if kind.is_some() { rank } else { MOST_KINDS }));
        pen.text(place.with_min_x(mark.right() + step * 0.5), Align2::LEFT_CENTER, words, ink);
        match kind.and_then(|kind| code(view, kind)) {
            Some(code) => {
                let response = pen.press(place, ("time kind", code), words);
                pen.hover_ground(place, &response);
                if response.clicked() {
                    let kind = (!is_chosen).then(|| Arc::from(code));
                    commands.push(Command::FilterEvents(EventFilter { kind, ..view.state.filter.clone() }));
                }
            }
            None => pen.name(place, ("time kind", words), words),
        }
        left = place.right() + step * 1.5;
    }
}
