//! Whether something reports less than its own history leads one to expect: the method. Owns which spans are looked at,
//! what is expected of them, by what chance so few are seen, and how many findings may be chance. Knows no area and no
//! figure.
//!
//! Expected is the mean of earlier spans like it (`alike`: the same hours of the same weekdays, holidays beside holidays),
//! or of the later half of these where that is less, as in syndromic surveillance
//! (Farrington et al., *A statistical algorithm for the early detection of outbreaks of infectious disease*, JRSS A 159,
//! 1996; Noufaily et al., Statistics in Medicine 32, 2013), looked at from below. So few are seen by a chance of the
//! negative binomial, which holds both what the earlier weeks vary beyond Poisson and that their mean is itself known
//! from a few weeks only: variance φ m (1 + 1/n). Of several spans the least chance counts, times their number
//! (Bonferroni); of all that is judged together, findings are taken by Benjamini and Hochberg, JRSS B 57 (1995).

use std::ops::Range;

use super::alike::Look;
use super::chance::Law;

/// Fewer than this expected over a span, and the span says nothing: a small area is not accused.
pub const LEAST_EXPECTED: f64 = 12.0;
/// Fewer earlier spans say nothing either.
pub const LEAST_HISTORY: usize = 4;
/// More than this share of what is expected is no silence, however surely it is less.
pub const MOST_SEEN: f64 = 0.5;
/// Share of the silences told that may be there by chance (Benjamini and Hochberg's q).
pub const FALSE_SHARE: f64 = 0.05;

/// A span that is looked at, in steps of time (hours or days).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Steps.
    pub steps: i64,
    /// How far apart the earlier ones stand: whole weeks, so that none holds a step of another.
    pub apart: i64,
    /// How many earlier ones are looked at, at most.
    pub earlier: i64,
    /// Whether it is looked at only where no shorter one could be.
    pub is_last_resort: bool,
}

const fn span(steps: i64, apart: i64, earlier: i64, is_last_resort: bool) -> Span {
    Span { steps, apart, earlier, is_last_resort }
}

/// Spans of what is counted by the hour: a quarter of a day up to a week, and two weeks for what is rare. Longer ones would
/// be set beside another season.
pub const BY_HOUR: &[Span] = &[
    span(6, 168, 8, false),
    span(24, 168, 8, false),
    span(72, 168, 8, false),
    span(168, 168, 8, false),
    span(336, 336, 8, true),
];

/// Spans of what is counted by the day.
pub const BY_DAY: &[Span] = &[span(1, 7, 8, false), span(7, 7, 8, false)];

/// A count that may be shown, over a span from a step up to and without another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counted {
    /// So many.
    Exact(f64),
    /// Hidden, or told only roughly.
    Hidden,
    /// Nothing is known.
    Missing,
}

/// What a span showed, of what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Steps of the span.
    pub steps: i64,
    /// Counted.
    pub seen: f64,
    /// Mean of earlier spans like it, or of the later half of these where that is less.
    pub expected: f64,
    /// Chance of so few or fewer, for all spans looked at together.
    pub chance: f64,
}

/// In which state something that reports can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Reports less than its history leads one to expect.
    Silent,
    /// As its history leads one to expect, or more.
    Usual,
    /// Nothing was reported, and nothing ever is: a true zero.
    Zero,
    /// So little is expected even over the longest span that nothing can be said.
    Rare,
    /// Too short a history.
    Young,
    /// A holiday, with too few earlier ones like it: not judged.
    Holiday,
    /// Counts are hidden for protection, or told only roughly.
    Hidden,
    /// Its data is late or missing: that it is quiet says nothing.
    Late,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Silent,
        Self::Usual,
        Self::Zero,
        Self::Rare,
        Self::Young,
        Self::Holiday,
        Self::Hidden,
        Self::Late,
    ];
}

/// What is said of one thing that reports, before all that is judged together is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Could be a silence, should the others let it, else as usual: no more than half of what is expected.
    Few(Seen),
    /// In this state, which is none of silence, whatever the others are.
    Is(State),
}

/// Judges one thing that reports. `least` is what has to be expected of a span.
#[must_use]
pub fn judge(looks: &[Look], least: f64, count: impl Fn(Range<i64>) -> Counted) -> Verdict {
    let mut judged: Vec<Seen> = Vec::new();
    let (mut is_hidden, mut is_missing, mut is_old, mut is_zero) = (false, false, false, true);
    let mut is_unlike = false;
    for look in looks {
        if look.is_last_resort && !judged.is_empty() {
            break;
        }
        let counts: Vec<Counted> = match &look.unlike {
            None => look.earlier.iter().map(|ranges| together(ranges, &count)).collect(),
            Some(weeks) => weeks.iter().cloned().map(&count).collect(),
        };
        let now = count(look.now.clone());
        // A history of what is shown only would be one of larger counts.
        if now == Counted::Hidden || counts.contains(&Counted::Hidden) {
            is_hidden = true;
            continue;
        }
        let exact: Vec<f64> = counts.into_iter().filter_map(Counted::exact).collect();
        if exact.len() < LEAST_HISTORY {
            continue;
        }
        let Some(seen) = now.exact() else {
            is_missing = true;
            continue;
        };
        is_old = true;
        is_zero &= seen <= 0.0 && exact.iter().all(|count| *count <= 0.0);
        let found = weigh(look.now.end - look.now.start, seen, &exact, least);
        if look.unlike.is_some() {
            // On another day it would be judged.
            is_unlike |= found.is_some();
        } else {
            judged.extend(found);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of spans")]
    let many = judged.len() as f64;
    let few = judged.iter().filter(|found| found.seen <= found.expected * MOST_SEEN);
    let state = match few.min_by(|a, b| a.chance.total_cmp(&b.chance)) {
        Some(found) => return Verdict::Few(Seen { chance: (found.chance * many).min(1.0), ..*found }),
        None if !judged.is_empty() => State::Usual,
        None if is_hidden => State::Hidden,
        None if is_missing => State::Late,
        None if is_unlike => State::Holiday,
        None if !is_old => State::Young,
        None if is_zero => State::Zero,
        None => State::Rare,
    };
    Verdict::Is(state)
}

/// Counts of some ranges together; hidden or missing where one of them is.
fn together(ranges: &[Range<i64>], count: &impl Fn(Range<i64>) -> Counted) -> Counted {
    ranges.iter().cloned().map(count).fold(Counted::Exact(0.0), |all, one| match (all, one) {
        (Counted::Exact(all), Counted::Exact(one)) => Counted::Exact(all + one),
        (Counted::Hidden, _) | (_, Counted::Hidden) => Counted::Hidden,
        _ => Counted::Missing,
    })
}

impl Counted {
    /// The count, where it is told exactly.
    const fn exact(self) -> Option<f64> {
        match self {
            Self::Exact(count) => Some(count),
            Self::Hidden | Self::Missing => None,
        }
    }
}

/// How likely so few are; none where too little is expected.
#[expect(clippy::cast_precision_loss, reason = "a handful of weeks")]
fn weigh(steps: i64, seen: f64, earlier: &[f64], least: f64) -> Option<Seen> {
    let many = earlier.len() as f64;
    let all = earlier.iter().sum::<f64>() / many;
    // What becomes rarer with the season is expected as it came of late: the nearest ones come first.
    let late = earlier.get(..earlier.len().div_ceil(2)).unwrap_or_default();
    let mean = all.min(late.iter().sum::<f64>() / late.len().max(1) as f64);
    if mean < least {
        return None;
    }
    let spread = earlier.iter().map(|count| (count - all).powi(2)).sum::<f64>() / all / (many - 1.0);
    let variance = spread.max(1.0) * mean * (1.0 + 1.0 / many);
    let chance = Law::Negative { mean, variance }.at_most(seen);
    Some(Seen { steps, seen, expected: mean, chance })
}

/// Which of the chances are findings, by Benjamini and Hochberg: the greatest chance that still is one; none where none
/// is. `judged` is how many were judged, those that are no candidates among them.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
pub fn greatest_chance(chances: &[f64], judged: usize) -> Option<f64> {
    let mut sorted = chances.to_vec();
    sorted.sort_by(f64::total_cmp);
    let bound = |rank: usize| (rank + 1) as f64 / judged.max(1) as f64 * FALSE_SHARE;
    sorted.iter().enumerate().rev().find(|(rank, chance)| **chance <= bound(*rank)).map(|(_, chance)| *chance)
}
