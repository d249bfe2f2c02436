//! What the pointer is on, told in a card beside it. Owns the card's words.

use egui::{Align2, Id, LayerId, PopupAnchor, Sense, Ui, vec2};

use super::events::Mark;
use super::sheet::Sheet;
use crate::panels::pen::{Ink, Pen};
use crate::panels::{alarm_strip, event_stream, format, marks, words};
use crate::site::areas::AreaId;
use crate::snapshot::EventView;

/// Something under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Hit {
    /// An area.
    Area(AreaId),
    /// A mark of one or more events.
    Mark(Mark),
}

/// Shows the card at the pointer.
pub(super) fn card(ui: &Ui, sheet: &Sheet<'_>, hit: &Hit, anchor: PopupAnchor) {
    let layer = LayerId::new(egui::Order::Middle, Id::unique("map"));
    let tip = egui::Tooltip::always_open(ui.ctx().clone(), layer, ui.scope_id().with("map card"), anchor);
    tip.gap(sheet.theme().sizes.step * 2.0).width(sheet.theme().sizes.body * 22.0).show(|ui| match hit {
        Hit::Area(area) => area_card(ui, sheet, *area),
        Hit::Mark(mark) => mark_card(ui, sheet, mark),
    });
}

fn row(ui: &mut Ui, sheet: &Sheet<'_>, words: &str, ink: Ink) {
    if words.is_empty() {
        return;
    }
    let theme = sheet.theme();
    let size = {
        let pen = Pen::new(ui, theme);
        vec2(pen.width(words, ink).min(theme.sizes.body * 22.0), pen.row(ink))
    };
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    Pen::new(ui, theme).text(rect, Align2::LEFT_CENTER, words, ink);
}

/// Words that may take several lines.
fn lines(ui: &mut Ui, sheet: &Sheet<'_>, words: &str, ink: Ink) {
    let theme = sheet.theme();
    let width = theme.sizes.body * 22.0;
    let size = {
        let pen = Pen::new(ui, theme);
        vec2(pen.width(words, ink).min(width), pen.wrapped_height(width, words, ink, 3))
    };
    if size.y > 0.0 {
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        Pen::new(ui, theme).wrapped(rect.with_max_x(rect.left() + width), words, ink, 3);
    }
}

fn inks(sheet: &Sheet<'_>) -> (Ink, Ink, Ink) {
    let theme = sheet.theme();
    let body = Ink { size: theme.sizes.body, bold: false, color: theme.text };
    (
        Ink { size: theme.sizes.body, bold: true, ..body },
        body,
        Ink { size: theme.sizes.small, color: theme.muted, ..body },
    )
}

fn area_card(ui: &mut Ui, sheet: &Sheet<'_>, area: AreaId) {
    let (head, body, note) = inks(sheet);
    let view = sheet.view;
    row(ui, sheet, &words::area_path(view, area), head);
    let reading = sheet.reading(area);
    if let Some(indicator) = view.indicator() {
        row(ui, sheet, &format!("{} {}", view.say(indicator.card_name()), sheet.printed(&reading)), body);
        if let Some(met) = words::is_met(sheet.view, indicator, area, reading.value) {
            let color = if met { sheet.theme().good } else { sheet.theme().warn };
            let target = indicator
                .target
                .as_ref()
                .and_then(|t| format::target(t, indicator.decimals, view.text))
                .map_or_else(String::new, |t| view.text.fill("panel.target.is", &[("target", &t)]));
            row(ui, sheet, &format!("{target} · {}", words::met_word(view, met)), note.color(color));
        }
        if reading.status != crate::snapshot::Status::Current {
            row(ui, sheet, words::status(view, reading.status), note);
        }
        lines(ui, sheet, &words::overdue(view, indicator), note.color(sheet.theme().warn));
    }
    let open = open_in(sheet, area);
    row(ui, sheet, &view.text.fill("map.open_events", &[("n", &format::count(open))]), note);
}

/// Open events in an area, drills left out.
fn open_in(sheet: &Sheet<'_>, area: AreaId) -> u64 {
    let areas = &sheet.view.site.areas;
    let level = areas.get(area).level;
    let is_in =
        |e: &&EventView| !e.exercise && e.area.index() < areas.len() && areas.ancestor(e.area, level) == area;
    sheet.view.snapshot.events.open.iter().filter(is_in).count() as u64
}

fn mark_card(ui: &mut Ui, sheet: &Sheet<'_>, mark: &Mark) {
    let Some(event) = sheet.view.snapshot.events.open.get(mark.event) else {
        return;
    };
    let (head, body, note) = inks(sheet);
    let view = sheet.view;
    let text = view.text;
    if mark.count > 1 {
        row(ui, sheet, &text.fill("map.cluster", &[("n", &format::count(mark.count as u64))]), note);
    }
    let size = sheet.theme().sizes.body;
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(size, size * 1.4), Sense::hover());
        marks::severity(ui.painter(), sheet.theme(), rect.center(), size * 0.8, event.severity);
        let kind = text.code_name(&alarm_strip::kind_list(view), &event.kind).to_owned();
        let severity = text.get(event_stream::severity_key(event.severity));
        row(ui, sheet, &format!("{kind} · {severity}"), head);
    });
    row(ui, sheet, &words::area_path(view, event.area), body);
    row(ui, sheet, text.code_name(&alarm_strip::status_list(view), &event.status), body);
    let shift = view.snapshot.shift_secs;
    let opened = format!(
        "{} · {}",
        format::moment(&view.site.zone, event.opened_secs + shift),
        format::ago(view.now_whole_secs() - event.opened_secs, text)
    );
    row(ui, sheet, &text.fill("map.opened", &[("when", &opened)]), note);
    if let Some(due) = event.due_secs {
        let overdue = event_stream::is_overdue(view, event);
        let ink = if overdue { note.color(sheet.theme().warn) } else { note };
        let when = format::moment(&view.site.zone, due + shift);
        row(ui, sheet, &text.fill(if overdue { "map.overdue" } else { "map.due" }, &[("when", &when)]), ink);
    }
    if event.exercise {
        row(ui, sheet, text.get("map.exercise"), note);
    }
}
