//! What derived figures say in words: methods, signs of a control chart, where an area stands in a funnel, how complete
//! the data is. Owns the choice of the message; the texts are in `assets/messages/derived.*.toml`.

use crate::site::Site;
use crate::site::meta::EventsMeta;
use crate::site::text::{Messages, grouped};
use crate::snapshot::SourceState;
use crate::store::quarantine::held_message;

use super::Trend;
use super::completeness::{Completeness, Of};
use super::contribution::Contribution;
use super::control::{Method, NoChart, Rule, Signal};
use super::funnel::Place;
use super::silence::State;
use super::standing::Standing;
use super::watch::{Silence, Subject, Tally};

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

/// Name of the method by which a change is shared out.
#[must_use]
pub fn contribution_method<'a>(text: &'a Messages, found: &Contribution) -> &'a str {
    text.get(if found.is_split { "derived.method.kitagawa" } else { "derived.method.additive" })
}

/// What the rest of a change is.
#[must_use]
pub fn rest(text: &Messages, found: &Contribution) -> String {
    match found.apart.len() {
        0 => text.get("derived.rest.outside").to_owned(),
        n => text.fill("derived.rest.not_shown", &[("n", &n.to_string())]),
    }
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
            None if chart.is_holiday => "derived.signal.holiday",
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

/// How an area stands, in a line; nothing where nothing judges it.
#[must_use]
pub fn standing(text: &Messages, standing: &Standing) -> Option<String> {
    if !standing.stands_out() {
        return standing.is_judged().then(|| text.get("derived.standing.usual").to_owned());
    }
    let past = standing.sign.map(|sign| signal(text, &sign));
    let beside =
        standing.outside().map(|at| text.fill("derived.standing.beside", &[("place", place(text, at))]));
    Some([past, beside].into_iter().flatten().collect::<Vec<_>>().join(text.get("derived.complete.joint")))
}

/// What is in of what is expected, in words: days or months, areas, inputs; none where nothing is expected.
#[must_use]
pub fn in_of_expected(text: &Messages, completeness: &Completeness) -> [Option<String>; 3] {
    let steps = if completeness.is_monthly { "derived.complete.months" } else { "derived.complete.days" };
    let all = [
        (steps, completeness.steps),
        ("derived.complete.areas", completeness.areas),
        ("derived.complete.inputs", completeness.inputs),
    ];
    all.map(|(key, of)| {
        let Of { present, expected } = of?;
        Some(text.fill(key, &[("present", &present.to_string()), ("expected", &expected.to_string())]))
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
    let mut parts: Vec<String> = in_of_expected(text, completeness).into_iter().flatten().collect();
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

/// Name of something that reports.
#[must_use]
pub fn silent_subject<'a>(site: &'a Site, text: &'a Messages, subject: Subject) -> &'a str {
    match subject {
        Subject::Events => text.get("derived.silence.events"),
        Subject::Kind(kind) => {
            let list = |meta: &EventsMeta| site.table(&meta.table)?.column(&meta.kind)?.codes.as_deref();
            let of = |meta: &'a EventsMeta| Some((list(meta)?, meta.object_kinds.get(kind)?));
            let code = site.meta.events.as_ref().and_then(of);
            code.map_or("", |(list, code)| text.code_name(list, code))
        }
        Subject::Indicator(at) => site.indicators.get(at).map_or("", |row| row.card_name().get(text.lang())),
    }
}

/// The span over which it is silent: so many hours, or days.
#[must_use]
pub fn silent_span(text: &Messages, silence: &Silence) -> String {
    match silence.seen.steps {
        hours if hours % 24 == 0 => text.fill("derived.silence.days", &[("n", &(hours / 24).to_string())]),
        hours => text.fill("derived.silence.hours", &[("n", &hours.to_string())]),
    }
}

/// What was seen and what was expected, in one sentence.
#[must_use]
pub fn silent_says(text: &Messages, silence: &Silence) -> String {
    let whole = |count: f64| grouped(&format!("{count:.0}"));
    let words = [
        ("span", silent_span(text, silence)),
        ("n", whole(silence.seen.seen)),
        ("expected", whole(silence.seen.expected)),
    ];
    text.fill("derived.silence.says", &words.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// How many things are watched, and in which state they are; states in which there is none are left out.
#[must_use]
pub fn watched(text: &Messages, tally: &Tally) -> String {
    let many: u32 = State::ALL.into_iter().map(|state| tally.of(state)).sum();
    let told = State::ALL
        .into_iter()
        .filter(|state| tally.of(*state) > 0)
        .map(|state| text.fill(state_key(state), &[("n", &tally.of(state).to_string())]));
    let parts: Vec<String> = told.collect();
    let parts = parts.join(text.get("derived.complete.joint"));
    text.fill("derived.silence.watched", &[("n", &many.to_string()), ("states", &parts)])
}

/// Key of the words for a state, with a place for how many are in it.
#[must_use]
pub const fn state_key(state: State) -> &'static str {
    match state {
        State::Silent => "derived.silence.state.silent",
        State::Usual => "derived.silence.state.usual",
        State::Zero => "derived.silence.state.zero",
        State::Rare => "derived.silence.state.rare",
        State::Young => "derived.silence.state.young",
        State::Holiday => "derived.silence.state.holiday",
        State::Hidden => "derived.silence.state.hidden",
        State::Late => "derived.silence.state.late",
    }
}
