//! Who falls silent: areas and kinds of object events, and counts of the catalogue, each judged by its own history. Owns
//! what is watched, what is told of it, and how many stand in each state; the method is `silence`'s.
//!
//! Events about objects stand on the map one by one, so their counts tell nothing new. Events that concern persons are
//! not watched; counts of the catalogue are watched as they are shown, so a hidden one stays hidden, and one that is
//! protected only where far more than the threshold is expected.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use crate::density::Reports;
use crate::indicators::window::Window;
use crate::privacy::shown::Shown;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::snapshot::{Day, Earlier, EpochSecs, IndicatorIx, Snapshot, SourceState};

use super::Vantage;
use super::alike::{Days, FARTHEST_DAYS, looks};
use super::kind::Kind;
use super::silence::{self, BY_DAY, BY_HOUR, Counted, LEAST_EXPECTED, Seen, State, Verdict};

const HOUR_SECS: i64 = 3600;
/// Of a protected count so many times the threshold must be expected.
const TIMES_THRESHOLD: f64 = 4.0;

/// What reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Object events of all kinds together.
    Events,
    /// Object events of a kind: its place in the site's list.
    Kind(usize),
    /// An indicator that counts by the day.
    Indicator(IndicatorIx),
}

/// Something that reports less than its history leads one to expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Silence {
    /// Where.
    pub area: AreaId,
    /// What.
    pub subject: Subject,
    /// Counted and expected over the span; its steps are hours.
    pub seen: Seen,
    /// Since when: after the last report where there was none in the span, else the span's beginning.
    pub since_secs: EpochSecs,
    /// Whether it is told with another: as part of a wider area or of all kinds together, or by its own parts.
    pub is_part: bool,
}

/// How many things are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([u32; State::ALL.len()]);

impl Tally {
    fn add(&mut self, state: State) {
        if let Some(count) = self.0.get_mut(state as usize) {
            *count += 1;
        }
    }

    /// How many are in a state.
    #[must_use]
    pub fn of(&self, state: State) -> u32 {
        self.0.get(state as usize).copied().unwrap_or(0)
    }
}

/// All that is watched, as of an instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Silences {
    /// Up to when events are looked at: the last full hour.
    pub until_secs: EpochSecs,
    /// Silences, the widest area and then the least likely first.
    pub found: Vec<Silence>,
    /// Of the whole.
    pub all: Tally,
    /// Per area.
    tallies: Vec<Tally>,
}

/// One verdict, and since when it holds.
struct Judged {
    area: AreaId,
    subject: Subject,
    verdict: Verdict,
    since_secs: EpochSecs,
}

impl Silences {
    /// Judges all that is watched: object events by area, kind and hour, and counts of the catalogue.
    #[must_use]
    pub fn new(vantage: &Vantage<'_>, reports: &Reports) -> Self {
        let mut judged = Vec::new();
        judge_events(vantage, reports, &mut judged);
        for (indicator, row) in vantage.site.indicators.iter().enumerate() {
            if counts_by_day(row) && vantage.source.nature(indicator).kind == Kind::Count {
                judge_indicator(vantage, indicator, row, &mut judged);
            }
        }
        let until_secs = (vantage.at_secs + 1).div_euclid(HOUR_SECS) * HOUR_SECS;
        Self::told(vantage.site, until_secs, &judged)
    }

    fn told(site: &Site, until_secs: EpochSecs, judged: &[Judged]) -> Self {
        let chances: Vec<f64> = judged.iter().filter_map(|j| few(j).map(|seen| seen.chance)).collect();
        let usual = judged.iter().filter(|j| j.verdict == Verdict::Is(State::Usual)).count();
        let greatest = silence::greatest_chance(&chances, chances.len() + usual);
        let mut out =
            Self { until_secs, tallies: vec![Tally::default(); site.areas.len()], ..Self::default() };
        for one in judged {
            let silent = few(one).filter(|seen| greatest.is_some_and(|greatest| seen.chance <= greatest));
            let state = match one.verdict {
                Verdict::Few(_) if silent.is_some() => State::Silent,
                Verdict::Few(_) => State::Usual,
                Verdict::Is(state) => state,
            };
            out.all.add(state);
            if let Some(tally) = out.tallies.get_mut(one.area.index()) {
                tally.add(state);
            }
            let (area, subject, since_secs) = (one.area, one.subject, one.since_secs);
            out.found.extend(silent.map(|seen| Silence { area, subject, seen, since_secs, is_part: false }));
        }
        let level = |silence: &Silence| site.areas.get(silence.area).level;
        out.found.sort_by(|a, b| level(a).cmp(&level(b)).then(a.seen.chance.total_cmp(&b.seen.chance)));
        mark_parts(site, &mut out.found);
        out
    }

    /// How many of what an area is watched for are in each state.
    #[must_use]
    pub fn tally(&self, area: AreaId) -> Tally {
        self.tallies.get(area.index()).copied().unwrap_or_default()
    }

    /// The silences of an area itself.
    pub fn at(&self, area: AreaId) -> impl Iterator<Item = &Silence> {
        self.found.iter().filter(move |silence| silence.area == area)
    }

    /// What is told: silences that are not part of another.
    pub fn whole(&self) -> impl Iterator<Item = &Silence> {
        self.found.iter().filter(|silence| !silence.is_part)
    }
}

/// Of what a silence lacks so much must be lacking in its parts for these to be told in its stead.
const EXPLAINS: f64 = 0.8;

/// Tells each silence once. Where nothing at all came in, the widest area and all kinds together take their parts with
/// them. Where some of it still reports, the parts are told that are silent, if they are what is lacking.
fn mark_parts(site: &Site, found: &mut [Silence]) {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred hours")]
    let lacking = |s: &Silence| (s.seen.expected - s.seen.seen) / s.seen.steps as f64;
    let is_kind = |s: &Silence| matches!(s.subject, Subject::Kind(_));
    let is_explained = |one: &Silence| {
        let inside = |other: &&Silence| {
            other.subject == one.subject && site.areas.get(other.area).parent == Some(one.area)
        };
        let kinds =
            |other: &&Silence| one.subject == Subject::Events && other.area == one.area && is_kind(other);
        let of_areas: f64 = found.iter().filter(inside).map(lacking).sum();
        let of_kinds: f64 = found.iter().filter(kinds).map(lacking).sum();
        one.seen.seen > 0.0 && of_areas.max(of_kinds) >= lacking(one) * EXPLAINS
    };
    let explained: Vec<bool> = found.iter().map(is_explained).collect();
    let told = found.iter().zip(&explained).filter(|(_, explained)| !**explained);
    let told: Vec<(AreaId, Subject)> = told.map(|(one, _)| (one.area, one.subject)).collect();
    for (silence, explained) in found.iter_mut().zip(explained) {
        let is_kind = matches!(silence.subject, Subject::Kind(_));
        let mut is_part = explained || is_kind && told.contains(&(silence.area, Subject::Events));
        let mut above = site.areas.get(silence.area).parent;
        while let Some(area) = above {
            let same = told.contains(&(area, silence.subject));
            is_part |= same || is_kind && told.contains(&(area, Subject::Events));
            above = site.areas.get(area).parent;
        }
        silence.is_part = is_part;
    }
}

impl Snapshot {
    /// Who falls silent as of what is shown. Takes some tenths of a second where counts of the catalogue are watched:
    /// never called on the window's thread.
    #[must_use]
    pub fn silences(&self, site: &Site) -> Silences {
        Silences::new(&self.vantage(site), &self.events.reports)
    }
}

const fn few(judged: &Judged) -> Option<Seen> {
    match judged.verdict {
        Verdict::Few(seen) => Some(seen),
        Verdict::Is(_) => None,
    }
}

fn counts_by_day(row: &Indicator) -> bool {
    matches!(Window::parse(&row.window), Some(Window::Day | Window::LatestDay | Window::TrailingHours(24)))
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
const fn exactly(count: u64) -> Counted {
    Counted::Exact(count as f64)
}

fn is_late(sources: &[SourceState], table: &str) -> bool {
    sources.iter().find(|source| source.name == table).is_none_or(|source| source.late)
}

fn judge_events(vantage: &Vantage<'_>, reports: &Reports, out: &mut Vec<Judged>) {
    let Vantage { site, sources, at_secs, .. } = *vantage;
    let (Some(meta), Some((begin, _))) = (&site.meta.events, reports.reach()) else { return };
    let is_late = is_late(sources, &meta.table);
    // An hour ends one second before the next.
    let end = (at_secs + 1).div_euclid(HOUR_SECS);
    let day_of = |hour: i64| site.zone.day_of(hour * HOUR_SECS);
    let looks = looks(BY_HOUR, begin, end, Days { calendar: &site.calendar, per_day: 24, day_of: &day_of });
    let areas = site.areas.iter().map(|(id, _)| id).take(reports.areas());
    let kinds = || std::iter::once(None).chain((0..reports.kinds()).map(Some));
    for (area, kind) in areas.flat_map(|area| kinds().map(move |kind| (area, kind))) {
        let count = |hours: Range<i64>| exactly(reports.count(area, kind, hours));
        let verdict =
            if is_late { Verdict::Is(State::Late) } else { silence::judge(&looks, LEAST_EXPECTED, count) };
        let last = || reports.last_before(area, kind, end);
        let since = match verdict {
            Verdict::Few(seen) if seen.seen > 0.0 => end - seen.steps,
            _ => last().map_or(begin, |last| last + 1),
        };
        let subject = kind.map_or(Subject::Events, Subject::Kind);
        out.push(Judged { area, subject, verdict, since_secs: since * HOUR_SECS });
    }
}

fn judge_indicator(vantage: &Vantage<'_>, indicator: IndicatorIx, row: &Indicator, out: &mut Vec<Judged>) {
    let Vantage { site, source, sources, at_secs } = *vantage;
    let zone = &site.zone;
    let tables = source.coverage(indicator, at_secs).tables;
    let tables: Vec<&SourceState> = tables.iter().filter_map(|table| sources.get(*table)).collect();
    let is_late = tables.is_empty() || tables.iter().any(|source| source.late);
    let newest = tables.iter().filter_map(|source| source.newest_secs).min();
    // A day that is not over is not judged, nor one that is not in yet.
    let over = zone.day_of(at_secs + 1);
    let end = i64::from(newest.map_or(over, |newest| over.min(zone.day_of(newest) + 1)));
    let day_of = |day: i64| Day::try_from(day).unwrap_or(0);
    let days = Days { calendar: &site.calendar, per_day: 1, day_of: &day_of };
    let looks = looks(BY_DAY, end - FARTHEST_DAYS, end, days);
    let least = LEAST_EXPECTED.max(TIMES_THRESHOLD * f64::from(row.suppress_below));
    let days: RefCell<HashMap<Day, Earlier>> = RefCell::default();
    let shown = |area: AreaId, day: i64| {
        let day = Day::try_from(day).unwrap_or(0);
        let mut days = days.borrow_mut();
        let all = days.entry(day).or_insert_with(|| source.over_areas(indicator, zone.end_of(day)));
        all.at(area).numerator
    };
    for (area, _) in site.areas.iter().filter(|(id, _)| site.is_shown_at(row, *id)) {
        let count = |days: Range<i64>| total(days.map(|day| shown(area, day)));
        let verdict =
            if is_late { Verdict::Is(State::Late) } else { in_hours(silence::judge(&looks, least, count)) };
        let days = match verdict {
            Verdict::Few(seen) => seen.steps / 24,
            Verdict::Is(_) => 0,
        };
        let since_secs = zone.start_of(Day::try_from(end - days).unwrap_or(0));
        out.push(Judged { area, subject: Subject::Indicator(indicator), verdict, since_secs });
    }
}

/// The steps of a span in hours.
const fn in_hours(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Few(seen) => Verdict::Few(Seen { steps: seen.steps * 24, ..seen }),
        Verdict::Is(state) => Verdict::Is(state),
    }
}

/// Counts of days together, where each is told exactly.
fn total(days: impl Iterator<Item = Shown>) -> Counted {
    let mut sum = 0.0;
    for shown in days {
        match shown {
            Shown::Value(count) => sum += count,
            Shown::Suppressed { .. } | Shown::Coarse { .. } => return Counted::Hidden,
            Shown::Missing | Shown::TooFine | Shown::Unread => return Counted::Missing,
        }
    }
    Counted::Exact(sum)
}
