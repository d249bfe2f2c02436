//! The strip in the top band: the gravest open event, or calm. Owns which event stands there.

use std::sync::Arc;

use egui::{Align2, Rect, pos2, vec2};

use crate::command::Command;
use crate::panels::event_stream::severity_key;
use crate::panels::pen::{Pen, cut_right};
use crate::panels::{Commands, View, format, marks, words};
use crate::snapshot::EventView;

/// Events of this severity and above stand in the strip.
const GRAVE: u8 = 3;

/// The gravest open event (the newest of the gravest) and how many grave ones are open.
#[must_use]
pub fn gravest<'a>(view: &View<'a>) -> (Option<&'a EventView>, u64) {
    let events = &view.snapshot.events;
    let count: u64 = events.open_by_severity.iter().skip(usize::from(GRAVE - 1)).sum();
    if count == 0 {
        return (None, 0);
    }
    // The gravest are always among those that are listed.
    (events.open.gravest().map(|event| &**event).filter(|event| event.severity >= GRAVE), count)
}

/// Paints the strip.
pub fn alarm_strip_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let step = pen.step();
    let height = (pen.row(pen.body()) + step * 1.5).min(rect.height() - step);
    let strip = Rect::from_center_size(rect.center(), vec2(rect.width().min(step * 110.0), height));
    if strip.width() < step * 12.0 {
        return;
    }
    if !view.snapshot.is_whole {
        // Nobody knows yet whether it is calm.
        pen.named_text(strip, Align2::CENTER_CENTER, view.text.get("panel.alarm.reading"), pen.body());
        return;
    }
    match gravest(view) {
        (Some(event), count) => grave_ui(pen, strip, view, event, count, commands),
        (None, _) => calm_ui(pen, strip, view),
    }
}

fn grave_ui(
    pen: Pen<'_>,
    strip: Rect,
    view: &View<'_>,
    event: &EventView,
    count: u64,
    commands: &mut Commands,
) {
    let step = pen.step();
    let color = pen.theme.severity(event.severity);
    pen.painter().rect_filled(strip, step * 0.75, color.gamma_multiply(0.16));
    let (bar, _) = strip.split_left_right_at_x(strip.left() + step * 0.5);
    pen.painter().rect_filled(bar, step * 0.25, color);
    let size = pen.theme.sizes.body;
    marks::severity(
        pen.painter(),
        pen.theme,
        pos2(strip.left() + step * 3.0, strip.center().y),
        size,
        event.severity,
    );
    let lasting = format::lasting(view.now_whole_secs() - event.opened_secs, view.text);
    let say = |key: &str, area: &str| {
        view.text.fill(
            key,
            &[
                ("area", area),
                ("kind", view.text.code_name(&kind_list(view), &event.kind)),
                ("severity", view.text.get(severity_key(event.severity))),
                ("lasting", &lasting),
                ("status", view.text.code_name(&status_list(view), &event.status)),
            ],
        )
    };
    let sentence = say("panel.alarm.sentence", &words::area_path(view, event.area));
    let name = words::area_name(view, event.area);
    let briefer =
        ["panel.alarm.sentence", "panel.alarm.brief", "panel.alarm.least"].map(|key| say(key, name));
    let inner = strip.with_min_x(strip.left() + step * 5.5).with_max_x(strip.right() - step * 2.0);
    let mut left = inner;
    if count > 1 {
        let more = view.text.fill("panel.alarm.more", &[("n", &(count - 1).to_string())]);
        let (rest, place) = cut_right(inner, pen.width(&more, pen.note()) + step);
        pen.text(place, Align2::RIGHT_CENTER, &more, pen.note());
        left = rest;
    }
    let response = pen.press(strip, "alarm", &sentence);
    let fits = |words: &&String| pen.width(words, pen.body()) <= left.width();
    let least = briefer.last().unwrap_or(&sentence);
    let words = std::iter::once(&sentence).chain(&briefer).find(fits).unwrap_or(least);
    pen.text(left, Align2::LEFT_CENTER, words, pen.body());
    if response.clicked() {
        commands.push(Command::SelectEvent(Some(Arc::clone(&event.id))));
        commands.push(Command::SelectArea(event.area));
    }
}

fn calm_ui(pen: Pen<'_>, strip: Rect, view: &View<'_>) {
    let step = pen.step();
    let open = view.snapshot.events.open_count();
    let (late, _) = words::late_sources(view);
    let args: [(&str, &str); 2] = [("open", &format::count(open)), ("n", &late.to_string())];
    // Calm by what is known: what is late may hold something else.
    let told = Some(view.text.fill("panel.alarm.calm_late", &args))
        .filter(|words| late > 0 && pen.width(words, pen.body()) <= strip.width() - step * 4.0);
    let color = if told.is_some() { pen.theme.text } else { pen.theme.good };
    let sentence = told.unwrap_or_else(|| view.text.fill("panel.alarm.calm", &args));
    let ink = pen.body().color(color);
    let width = pen.width(&sentence, ink);
    let at = pen.named_text(strip, Align2::CENTER_CENTER, &sentence, ink);
    let mark = pos2((strip.center().x - width * 0.5).max(at.left()) - step * 1.5, strip.center().y);
    marks::target(pen.painter(), mark, ink.size * 0.5, true, pen.theme.good);
}

/// Name of the code list of event kinds.
#[must_use]
pub fn kind_list(view: &View<'_>) -> String {
    code_list(view, |meta| &meta.kind)
}

/// Name of the code list of event states.
#[must_use]
pub fn status_list(view: &View<'_>) -> String {
    code_list(view, |meta| &meta.status)
}

/// Name of the code list of organisations.
#[must_use]
pub fn organisation_list(view: &View<'_>) -> String {
    code_list(view, |meta| &meta.organisation)
}

fn code_list(view: &View<'_>, column: impl Fn(&crate::site::meta::EventsMeta) -> &String) -> String {
    view.site
        .meta
        .events
        .as_ref()
        .and_then(|meta| view.site.table(&meta.table)?.column(column(meta))?.codes.clone())
        .unwrap_or_default()
}
