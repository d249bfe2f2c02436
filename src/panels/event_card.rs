//! The card of one event: what, where, how grave, since when, until when, with whom. Owns the order of its fields;
//! there is no text of a person in it to show.

use egui::{Align2, Sense, Ui, vec2};

use crate::panels::details::field_ui;
use crate::panels::event_stream::{is_overdue, severity_key};
use crate::panels::pen::{Pen, cut_left};
use crate::panels::{View, alarm_strip, format, marks, words};
use crate::snapshot::{EpochSecs, EventView};

/// The event whose details are open, where the snapshot still has it.
#[must_use]
pub fn chosen<'a>(view: &View<'a>) -> Option<&'a EventView> {
    let id = view.state.event.as_ref()?;
    let events = &view.snapshot.events;
    events.recent.iter().chain(events.open.iter().map(|e| &**e)).find(|e| e.id == *id)
}

/// What the card remembers: the event as it was last seen, which says how it ended when no list holds it any more.
#[derive(Debug, Default)]
pub struct EventCard {
    last: Option<EventView>,
}

impl EventCard {
    /// Paints the card's fields from the top of a ui.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>) {
        match chosen(view) {
            Some(event) => {
                event_ui(ui, view, event);
                if self.last.as_ref() != Some(event) {
                    self.last = Some(event.clone());
                }
            }
            None => self.gone_ui(ui, view),
        }
    }

    fn gone_ui(&self, ui: &mut Ui, view: &View<'_>) {
        let last = self.last.as_ref().filter(|last| view.state.event.as_ref() == Some(&last.id));
        // A picture of a time before its end tells nothing of it.
        let closed = last.and_then(|last| last.closed_secs).filter(|at| *at <= view.now_whole_secs());
        let key = if view.snapshot.is_whole { "panel.event.gone" } else { "panel.events.reading" };
        let words = closed.map_or_else(
            || view.text.get(key).to_owned(),
            |at| view.text.fill("panel.event.gone_closed", &[("when", &moment_words(view, at))]),
        );
        let pen = Pen::new(ui, view.theme);
        let tall = pen.wrapped_height(ui.available_width(), &words, pen.note(), 3);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::hover());
        let pen = Pen::new(ui, view.theme);
        pen.wrapped(rect, &words, pen.note(), 3);
        pen.name(rect, "event gone", &words);
    }
}

/// A moment and how long ago it was.
fn moment_words(view: &View<'_>, at: EpochSecs) -> String {
    let moment = format::moment(&view.site.zone, at + view.snapshot.shift_secs);
    format!("{moment} · {}", format::ago(view.now_whole_secs() - at, view.text))
}

fn event_ui(ui: &mut Ui, view: &View<'_>, event: &EventView) {
    let text = view.text;
    title_ui(ui, view, event);
    field_ui(ui, view, "panel.event.area", &words::area_path(view, event.area));
    let status = text.code_name(&alarm_strip::status_list(view), &event.status).to_owned();
    field_ui(ui, view, "panel.event.status", &status);
    let now = view.now_whole_secs();
    let shift = view.snapshot.shift_secs;
    field_ui(ui, view, "panel.event.opened", &moment_words(view, event.opened_secs));
    match event.closed_secs {
        Some(at) => field_ui(ui, view, "panel.event.closed", &moment_words(view, at)),
        None => field_ui(ui, view, "panel.event.changed", &moment_words(view, event.changed_secs)),
    }
    if let Some(due) = event.due_secs {
        let moment = format::moment(&view.site.zone, due + shift);
        let words = if is_overdue(view, event) {
            text.fill(
                "panel.event.over_by",
                &[("due", &moment), ("lasting", &format::lasting(now - due, text))],
            )
        } else {
            moment
        };
        field_ui(ui, view, "panel.event.due", &words);
    }
    if let Some(organisation) = &event.organisation {
        let list = alarm_strip::organisation_list(view);
        field_ui(ui, view, "panel.event.organisation", text.code_name(&list, organisation));
    }
    field_ui(ui, view, "panel.event.id", &event.id);
    if event.exercise {
        field_ui(ui, view, "panel.event.mark", text.get("panel.event.exercise"));
    }
}

fn title_ui(ui: &mut Ui, view: &View<'_>, event: &EventView) {
    let theme = view.theme;
    let tall = theme.sizes.heading * 1.6;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::hover());
    let pen = Pen::new(ui, theme);
    let (mark, rest) = cut_left(rect, theme.sizes.heading * 1.6);
    let center = egui::pos2(mark.left() + theme.sizes.heading * 0.6, mark.center().y);
    marks::severity(pen.painter(), theme, center, theme.sizes.heading * 0.8, event.severity);
    let kind = view.text.code_name(&alarm_strip::kind_list(view), &event.kind).to_owned();
    let words = format!("{kind} · {}", view.text.get(severity_key(event.severity)));
    pen.named_text(rest, Align2::LEFT_CENTER, &words, pen.heading());
}
