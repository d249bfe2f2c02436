//! What the pointer is on, told in a card beside it. Owns the card's words.

use std::sync::Arc;

use egui::{Align2, Id, LayerId, PopupAnchor, Sense, Ui, vec2};

use super::crowd::Single;
use super::events::{Mark, What};
use super::lens::degrees;
use super::sheet::Sheet;
use crate::density::CellSum;
use crate::derived::words as derived_words;
use crate::panels::pen::{Ink, Pen};
use crate::panels::{self, alarm_strip, event_stream, format, marks, words};
use crate::site::areas::AreaId;
use crate::snapshot::{EventPhase, Status};

/// Something under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Hit {
    /// An area.
    Area(AreaId),
    /// A mark of one or more events.
    Mark(Mark),
    /// The mark of one of several events that lie over each other, which one a press shows, and how many they are.
    Pile(Mark, Arc<str>, usize),
}

/// Shows the card at the pointer.
pub(super) fn card(ui: &Ui, sheet: &Sheet<'_>, hit: &Hit, anchor: PopupAnchor) {
    let layer = LayerId::new(egui::Order::Middle, Id::unique("map"));
    let tip = egui::Tooltip::always_open(ui.ctx().clone(), layer, ui.scope_id().with("map card"), anchor);
    tip.gap(sheet.theme().sizes.step * 2.0).width(sheet.theme().sizes.body * 22.0).show(|ui| match hit {
        Hit::Area(area) => area_card(ui, sheet, *area),
        Hit::Mark(mark) => mark_card(ui, sheet, mark),
        Hit::Pile(mark, _, count) => {
            mark_card(ui, sheet, mark);
            let (_, _, note) = inks(sheet);
            row(ui, sheet, &sheet.view.text.fill("map.pile", &[("n", &count.to_string())]), note);
        }
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
        if let Some(why) = words::why(view, reading.value) {
            lines(ui, sheet, why, note);
        }
        if let Some(met) = words::is_met(sheet.view, indicator, area, reading.value) {
            let color = if met { sheet.theme().good } else { sheet.theme().warn };
            let target = indicator
                .target
                .as_ref()
                .and_then(|t| format::target(t, indicator.decimals, view.text))
                .map_or_else(String::new, |t| view.text.fill("panel.target.is", &[("target", &t)]));
            row(ui, sheet, &format!("{target} · {}", words::met_word(view, met)), note.color(color));
        }
        // What is hidden or coarse has just been told at more length.
        if !matches!(reading.status, Status::Current | Status::Suppressed | Status::Coarse) {
            row(ui, sheet, words::status(view, reading.status), note);
        }
        lines(ui, sheet, &words::overdue(view, indicator), note.color(sheet.theme().warn));
    }
    for silent in panels::silence::of_area(view, area) {
        lines(ui, sheet, &silent, note.color(sheet.theme().silence));
    }
    if let Some(silences) = view.silences.filter(|_| view.state.silence_open) {
        lines(ui, sheet, &derived_words::watched(view.text, &silences.tally(area)), note);
    }
    if view.snapshot.is_whole {
        let open = view.snapshot.events.open_in(area);
        row(ui, sheet, &view.text.fill("map.open_events", &[("n", &format::count(open))]), note);
    } else {
        row(ui, sheet, view.text.get("panel.events.reading"), note);
    }
}

fn mark_card(ui: &mut Ui, sheet: &Sheet<'_>, mark: &Mark) {
    match &mark.what {
        What::Single(single) => single_card(ui, sheet, single),
        What::Cell(_, sum) => cell_card(ui, sheet, sum),
    }
}

/// What a cell stands for: how many, how many of them open, the worst, and how to see more.
fn cell_card(ui: &mut Ui, sheet: &Sheet<'_>, sum: &CellSum) {
    let (head, body, note) = inks(sheet);
    let text = sheet.view.text;
    row(ui, sheet, &text.fill("map.cluster", &[("n", &format::count(sum.count))]), head);
    if sum.open > 0 {
        let size = sheet.theme().sizes.body;
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(size, size * 1.4), Sense::hover());
            marks::severity(ui.painter(), sheet.theme(), rect.center(), size * 0.8, sum.worst_open);
            let severity = text.get(event_stream::severity_key(sum.worst_open));
            let open = format::count(sum.open);
            row(ui, sheet, &text.fill("map.cluster_open", &[("n", &open), ("severity", severity)]), body);
        });
    } else {
        row(ui, sheet, text.get("map.cluster_done"), body);
    }
    row(ui, sheet, text.get("map.cluster_more"), note);
}

fn single_card(ui: &mut Ui, sheet: &Sheet<'_>, single: &Single) {
    let (head, body, note) = inks(sheet);
    let view = sheet.view;
    let text = view.text;
    let size = sheet.theme().sizes.body;
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(size, size * 1.4), Sense::hover());
        marks::severity(ui.painter(), sheet.theme(), rect.center(), size * 0.8, single.severity);
        let kind = text.code_name(&alarm_strip::kind_list(view), &single.kind).to_owned();
        let severity = text.get(event_stream::severity_key(single.severity));
        row(ui, sheet, &format!("{kind} · {severity}"), head);
    });
    let events = &view.snapshot.events;
    let event =
        events.open.iter().map(|e| &**e).chain(events.recent.iter()).find(|event| event.id == single.id);
    let area = event.map(|event| event.area).or_else(|| view.site.areas.at(degrees(single.at)));
    if let Some(area) = area {
        row(ui, sheet, &words::area_path(view, area), body);
    }
    if let Some(event) = event {
        row(ui, sheet, text.code_name(&alarm_strip::status_list(view), &event.status), body);
    } else {
        let key = match single.phase {
            EventPhase::Open => "panel.events.phases.open",
            EventPhase::Done => "panel.events.phases.done",
        };
        row(ui, sheet, text.get(key), body);
    }
    let shift = view.snapshot.shift_secs;
    let opened = format!(
        "{} · {}",
        format::moment(&view.site.zone, single.opened_secs + shift),
        format::ago(view.now_whole_secs() - single.opened_secs, text)
    );
    row(ui, sheet, &text.fill("map.opened", &[("when", &opened)]), note);
    let Some(event) = event else { return };
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
