//! What derived figures say in words: methods, signs of a control chart, where an area stands in a funnel, how complete
//! the data is. Owns the choice of the message; the texts are in `assets/messages/derived.*.toml`.

use crate::site::Site;
use crate::site::text::Messages;
use crate::snapshot::SourceState;
use crate::store::quarantine::held_message;

use super::Trend;
use super::completeness::{Completeness, Of};
use super::control::{Method, NoChart, Rule, Signal};
use super::funnel::Place;

/// Name of the method of a control chart.
#[must_use]
pub fn method(text: &Messages, method: Method) -> &str {
    text.get(match method {
        Method::C => "derived.method.c",
        Method::U => "derived.method.u",
        Method::LaneyU => "derived.method.laney_u",
        Method::P => "derived.method.p",
        Method::LaneyP => "derived.method.laney_p",
        Method::Individuals => "derived.method.xmr",
    })
}

/// What a trend says in one sentence, and whether it is a sign of change.
#[must_use]
pub fn trend(text: &Messages, trend: &Trend) -> (bool, String) {
    let key = match &trend.chart {
        _ if trend.series.points.len() < 2 => "derived.signal.single",
        Err(NoChart::FewPoints) => "derived.signal.few",
        Err(NoChart::Overlap) => "derived.signal.overlap",
        Err(NoChart::Constant) => "derived.signal.constant",
        Err(NoChart::Coarse) => "derived.signal.coarse",
        Ok(chart) => match chart.present() {
            Some(sign) => return (true, signal(text, sign)),
            None if chart.last_limits().is_none() => "derived.signal.no_value",
            None => "derived.signal.usual",
        },
    };
    (false, text.get(key).to_owned())
}

/// What one sign says.
#[must_use]
pub fn signal(text: &Messages, signal: &Signal) -> String {
    let key = match (signal.rule, signal.up) {
        (Rule::Beyond, true) => "derived.signal.above",
        (Rule::Beyond, false) => "derived.signal.below",
        (Rule::OneSide, true) => "derived.signal.high_side",
        (Rule::OneSide, false) => "derived.signal.low_side",
        (Rule::Drift, true) => "derived.signal.rising",
        (Rule::Drift, false) => "derived.signal.falling",
    };
    text.fill(key, &[("n", &signal.run.to_string())])
}

/// Where an area stands in a funnel.
#[must_use]
pub fn place(text: &Messages, place: Place) -> &str {
    text.get(match place {
        Place::Inside => "derived.funnel.inside",
        Place::Outside95 { up: true } => "derived.funnel.above_95",
        Place::Outside95 { up: false } => "derived.funnel.below_95",
        Place::Outside998 { up: true } => "derived.funnel.above_998",
        Place::Outside998 { up: false } => "derived.funnel.below_998",
    })
}

/// How complete the data of a figure is, and what is late by name.
#[must_use]
pub fn completeness(
    site: &Site,
    text: &Messages,
    sources: &[SourceState],
    completeness: &Completeness,
) -> String {
    let of = |key: &str, of: Of| {
        let (present, expected) = (of.present.to_string(), of.expected.to_string());
        text.fill(key, &[("present", &present), ("expected", &expected)])
    };
    let steps = if completeness.is_monthly { "derived.complete.months" } else { "derived.complete.days" };
    let mut parts: Vec<String> = [
        completeness.steps.map(|n| of(steps, n)),
        completeness.areas.map(|n| of("derived.complete.areas", n)),
        completeness.inputs.map(|n| of("derived.complete.inputs", n)),
    ]
    .into_iter()
    .flatten()
    .collect();
    for source in completeness.late.iter().filter_map(|at| sources.get(*at)) {
        let Some(dataset) = site.datasets.get(source.dataset) else { continue };
        let name = dataset.name.get(text.lang());
        parts.push(match source.held {
            Some(held) => text.say(&held_message(site, name, held)),
            None => text.fill("derived.complete.late", &[("name", name)]),
        });
    }
    parts.join(text.get("derived.complete.joint"))
}
