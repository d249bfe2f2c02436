//! The card of one event: what, where, how grave, since when, until when, with whom. Owns the order of its fields;
//! there is no text of a person in it to show.

use egui::{Align2, Sense, Ui, vec2};

use crate::panels::details::field_ui;
use crate::panels::event_stream::{is_overdue, severity_key};
use crate::panels::pen::{Pen, cut_left};
use crate::panels::{View, alarm_strip, format, marks, words};
use crate::snapshot::EventView;

/// The event whose details are open, where the snapshot still has it.
#[must_use]
pub fn chosen<'a>(view: &View<'a>) -> Option<&'a EventView> {
    let id = view.state.event.as_ref()?;
    let events = &view.snapshot.events;
    events.recent.iter().chain(events.open.iter()).find(|e| e.id == *id)
}

/// Paints the card's fields from the top of a ui.
pub fn event_card_ui(ui: &mut Ui, view: &View<'_>) {
    let Some(event) = chosen(view) else {
        let pen = Pen::new(ui, view.theme);
        let tall = pen.row(pen.note());
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::hover());
        let pen = Pen::new(ui, view.theme);
        pen.named_text(rect, Align2::LEFT_CENTER, view.text.get("panel.event.gone"), pen.note());
        return;
    };
    let text = view.text;
    title_ui(ui, view, event);
    field_ui(ui, view, "panel.event.area", &words::area_path(view, event.area));
    let status = text.code_name(&alarm_strip::status_list(view), &event.status).to_owned();
    field_ui(ui, view, "panel.event.status", &status);
    let now = view.now_whole_secs();
    let shift = view.snapshot.shift_secs;
    let when = |at: i64| {
        format!("{} · {}", format::moment(&view.site.zone, at + shift), format::ago(now - at, text))
    };
    field_ui(ui, view, "panel.event.opened", &when(event.opened_secs));
    field_ui(ui, view, "panel.event.changed", &when(event.changed_secs));
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
