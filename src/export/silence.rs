//! Who falls silent, for a terminal and for other programs. Owns the forms; what is told was judged from counts that may
//! be shown.

use std::fmt::Write as _;

use serde_json::json;

use crate::derived::silence::State;
use crate::derived::watch::{Silence, Silences, Subject};
use crate::derived::words;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::civil::date_of;
use crate::site::text::{Lang, Messages};

use super::table::{aligned, thousands};
use super::{field, number, plain};

/// The silences in an area, and how much is watched there.
#[derive(Clone, Copy)]
pub struct Quiet<'a> {
    /// The site.
    pub site: &'a Site,
    /// What was judged.
    pub silences: &'a Silences,
    /// The area.
    pub area: AreaId,
}

impl Quiet<'_> {
    /// Silences of the area and of what lies in it, those that are part of another left out.
    fn told(&self) -> impl Iterator<Item = &Silence> {
        let areas = &self.site.areas;
        let level = areas.get(self.area).level;
        self.silences.whole().filter(move |silence| areas.ancestor(silence.area, level) == self.area)
    }
}

/// Machine word of what reports.
fn code(site: &Site, subject: Subject) -> String {
    let kinds = site.meta.events.as_ref().map(|meta| meta.object_kinds.as_slice()).unwrap_or_default();
    match subject {
        Subject::Events => "events".to_owned(),
        Subject::Kind(kind) => kinds.get(kind).map_or_else(String::new, |kind| format!("event:{kind}")),
        Subject::Indicator(at) => site.indicators.get(at).map(|row| row.id.clone()).unwrap_or_default(),
    }
}

const fn state(state: State) -> &'static str {
    match state {
        State::Silent => "silent",
        State::Usual => "usual",
        State::Zero => "zero",
        State::Rare => "rare",
        State::Young => "young",
        State::Holiday => "holiday",
        State::Hidden => "hidden",
        State::Late => "late",
    }
}

/// A line for each silence, with a heading.
#[must_use]
pub fn csv(quiet: &Quiet<'_>) -> String {
    let mut out = "area_code,subject,span_hours,seen,expected,chance,since\n".to_owned();
    for silence in quiet.told() {
        let seen = &silence.seen;
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{},{},{},{},{},{},{}",
            field(&quiet.site.areas.get(silence.area).code),
            field(&code(quiet.site, silence.subject)),
            seen.steps,
            plain(seen.seen),
            plain(seen.expected),
            plain(seen.chance),
            quiet.site.zone.iso(silence.since_secs),
        );
    }
    out
}

/// The same as JSON, with how many things are in each state.
#[must_use]
pub fn json(quiet: &Quiet<'_>) -> String {
    let site = quiet.site;
    let found: Vec<serde_json::Value> = quiet
        .told()
        .map(|silence| {
            json!({
                "area_code": site.areas.get(silence.area).code,
                "subject": code(site, silence.subject),
                "span_hours": silence.seen.steps,
                "seen": number(silence.seen.seen),
                "expected": number(silence.seen.expected),
                "chance": number(silence.seen.chance),
                "since": site.zone.iso(silence.since_secs),
            })
        })
        .collect();
    let states: serde_json::Map<String, serde_json::Value> =
        State::ALL.into_iter().map(|s| (state(s).to_owned(), quiet.silences.all.of(s).into())).collect();
    let until = site.zone.iso(quiet.silences.until_secs);
    format!("{}\n", json!({ "until": until, "silences": found, "watched": states }))
}

/// The same for a terminal.
#[must_use]
pub fn table(quiet: &Quiet<'_>, lang: Lang) -> String {
    let site = quiet.site;
    let text: &Messages = site.messages(lang);
    let clock = |secs| format!("{} {}", date_of(site.zone.day_of(secs)), site.zone.clock(secs));
    let mut out =
        format!("{}\n", text.fill("derived.silence.until", &[("when", &clock(quiet.silences.until_secs))]));
    let head = ["area", "what", "span", "seen", "expected", "since"];
    let mut rows = vec![head.map(|key| text.get(&format!("derived.silence.head.{key}")).to_owned())];
    for silence in quiet.told() {
        rows.push([
            site.areas.get(silence.area).name.get(lang).to_owned(),
            words::silent_subject(site, text, silence.subject).to_owned(),
            words::silent_span(text, silence),
            thousands(silence.seen.seen, 0),
            thousands(silence.seen.expected, 0),
            clock(silence.since_secs),
        ]);
    }
    if rows.len() > 1 {
        aligned(&rows, |column| matches!(column, 3 | 4)).iter().for_each(|line| {
            let _ = writeln!(out, "{line}");
        });
    } else {
        let _ = writeln!(out, "{}", text.get("derived.silence.none"));
    }
    let _ = writeln!(out, "{}", words::watched(text, &quiet.silences.all));
    out
}
