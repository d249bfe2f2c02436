//! The filter of events in words, and what each key makes of it. Owns the order in which keys go through the choices.

use std::sync::Arc;

use crate::density::{EventFilter, Phases};
use crate::panels::event_stream::severity_key;
use crate::panels::{View, alarm_strip};

/// The filter with the next kind: all, then one after the other.
#[must_use]
pub fn next_kind(view: &View<'_>) -> EventFilter {
    let filter = &view.state.filter;
    let kinds = view.text.codes(&alarm_strip::kind_list(view));
    let next = match &filter.kind {
        None => 0,
        Some(kind) => kinds.iter().position(|k| **k == **kind).map_or(0, |at| at + 1),
    };
    EventFilter { kind: kinds.get(next).map(|kind| Arc::from(kind.as_str())), ..filter.clone() }
}

/// The filter from the next severity on; after the gravest, every severity.
#[must_use]
pub fn next_severity(view: &View<'_>) -> EventFilter {
    let filter = &view.state.filter;
    EventFilter { severity: filter.severity % 4 + 1, ..filter.clone() }
}

/// Open, then open and done, then done.
#[must_use]
pub fn next_phases(view: &View<'_>) -> EventFilter {
    let filter = &view.state.filter;
    let phases = match filter.phases {
        Phases::Open => Phases::All,
        Phases::All => Phases::Done,
        Phases::Done => Phases::Open,
    };
    EventFilter { phases, ..filter.clone() }
}

/// Any age, then a week, a day, an hour.
#[must_use]
pub fn next_age(view: &View<'_>) -> EventFilter {
    let filter = &view.state.filter;
    EventFilter { age: filter.age.checked_sub(1).unwrap_or(3), ..filter.clone() }
}

/// The filter in words: what is narrowed, and whether done events are looked at.
#[must_use]
pub fn words(view: &View<'_>) -> String {
    let filter = &view.state.filter;
    let text = view.text;
    let mut parts: Vec<String> = Vec::new();
    parts.push(
        text.get(match filter.phases {
            Phases::Open => "panel.events.phases.open",
            Phases::Done => "panel.events.phases.done",
            Phases::All => "panel.events.phases.all",
        })
        .to_owned(),
    );
    if let Some(kind) = &filter.kind {
        parts.push(text.code_name(&alarm_strip::kind_list(view), kind).to_owned());
    }
    if filter.severity > 1 {
        let severity = text.get(severity_key(filter.severity));
        let key = if filter.severity > 3 { "panel.events.only" } else { "panel.events.from" };
        parts.push(text.fill(key, &[("severity", severity)]));
    }
    let age = match filter.age {
        0 => "panel.events.age.hour",
        1 => "panel.events.age.day",
        2 => "panel.events.age.week",
        _ => "",
    };
    if !age.is_empty() {
        parts.push(text.get(age).to_owned());
    }
    text.fill("panel.events.filter", &[("filter", &parts.join(" · "))])
}
