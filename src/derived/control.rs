//! Control charts: the range in which a figure moves by chance, fit for its kind, and runs that chance does not explain.
//! Owns limits and rules; draws nothing, and sees only what may be shown.
//!
//! Sources. Counts: c and u chart with exact Poisson limits; shares: p chart with exact binomial limits (Shewhart 1931;
//! Montgomery, Introduction to Statistical Quality Control, chapter 7), all with the chance of three standard
//! deviations, 0.135 % on each side. Where the points vary more than chance alone would let them (chi-square test of
//! dispersion at 5 %), the limits widen by the mean moving range of the standardised points: p′ and u′ chart (Laney,
//! Improved control charts for attributes, Quality Engineering 14(4), 2002). Everything else: individuals and moving
//! range, mean ± 2.66 × mean moving range (Wheeler, Understanding Variation, 1993). Rules: one point beyond the limits,
//! eight on one side of the mean (Western Electric 1956), six steadily rising or falling (Nelson 1984).

use crate::privacy::shown::Shown;
use crate::site::calendar::Calendar;
use crate::snapshot::{Day, SeriesPoint};

use super::chance::{Law, chi_square_tail};
use super::kind::{Kind, Nature};

/// Fewest earlier values that limits are worked out from (Wheeler 1993: useful limits from six to ten).
pub const LEAST_POINTS: usize = 8;

/// Chance beyond three standard deviations, on one side.
const TAIL: f64 = 0.001_349_898_031_630_094_6;

/// Mean range of two numbers of a normal distribution, in standard deviations.
const D2: f64 = 1.128;

/// Dispersion with a smaller chance than this is more than chance.
const DISPERSED: f64 = 0.05;

/// By what the limits were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Counts: exact Poisson limits (c chart).
    C,
    /// Counts per base: exact Poisson limits for each base (u chart).
    U,
    /// Counts, or counts per base, that vary more than chance (Laney's u′ chart).
    LaneyU,
    /// Shares: exact binomial limits for each base (p chart).
    P,
    /// Shares that vary more than chance (Laney's p′ chart).
    LaneyP,
    /// Anything else: individuals and moving range (XmR chart).
    Individuals,
}

/// Why there are no limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoChart {
    /// Fewer earlier values than limits need.
    FewPoints,
    /// Each window holds most of the one before, so points are no separate observations.
    Overlap,
    /// The values have been all the same: there is no variation to learn from.
    Constant,
    /// Values are told only roughly: limits would be those of the rounding.
    Coarse,
}

/// What chance does not explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A point beyond the limits.
    Beyond,
    /// So many points in a row on one side of the mean.
    OneSide,
    /// So many points in a row rising, or falling.
    Drift,
}

/// Points in a row on one side of the mean that are a sign.
pub const RUN_OF_ONE_SIDE: usize = 8;

/// Points in a row that rise, or fall, that are a sign.
pub const RUN_OF_DRIFT: usize = 6;

/// One sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Rule.
    pub rule: Rule,
    /// First point of the series.
    pub from: usize,
    /// Last point of the series.
    pub to: usize,
    /// How many charted points it is made of.
    pub run: usize,
    /// Above the mean, or rising.
    pub up: bool,
}

/// A control chart over a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// By what the limits were found.
    pub method: Method,
    /// Mean.
    pub center: f64,
    /// Lower and upper limit per point of the series; none at a point that is not charted.
    pub limits: Vec<Option<(f64, f64)>>,
    /// How much more the points vary than chance, as a factor on the standard deviation; 1 where no more.
    pub dispersion: f64,
    /// Earlier values that the limits were worked out from.
    pub learnt_from: usize,
    /// Signs, in the order of their last points.
    pub signals: Vec<Signal>,
    /// Whether the last point is of a holiday, and so not judged.
    pub is_holiday: bool,
}

/// One charted point.
#[derive(Clone, Copy)]
struct Spot {
    /// Place in the series.
    at: usize,
    value: f64,
    /// Both counts, where both may be shown exactly.
    counts: Option<(f64, f64)>,
}

impl Chart {
    /// The chart of a series on a scale. The last point is the one to be judged, so the limits are worked out without it.
    ///
    /// # Errors
    /// Why there are no limits.
    pub fn new(nature: Nature, scale: f64, points: &[SeriesPoint]) -> Result<Self, NoChart> {
        Self::beside_holidays(nature, scale, points, &Calendar::default())
    }

    /// The same where a calendar names holidays: points by the day whose window holds one are neither judged nor learnt
    /// from, as there are never enough of them beside each other; but for shares, which hold whatever they are shares of.
    ///
    /// # Errors
    /// Why there are no limits.
    pub fn beside_holidays(
        nature: Nature,
        scale: f64,
        points: &[SeriesPoint],
        calendar: &Calendar,
    ) -> Result<Self, NoChart> {
        let days = if nature.kind == Kind::Share { 0 } else { Day::try_from(nature.days).unwrap_or(0) };
        let is_holiday = |point: &SeriesPoint| (0..days).any(|back| calendar.is_holiday(point.day - back));
        let stride = nature.stride.ok_or(NoChart::Overlap)?;
        let mut places: Vec<usize> = (0..points.len()).rev().step_by(stride).collect();
        places.reverse();
        let is_coarse = |at: &usize| matches!(points.get(*at).map(|p| p.value), Some(Shown::Coarse { .. }));
        if places.iter().any(is_coarse) {
            return Err(NoChart::Coarse);
        }
        let spot = |at: usize| {
            let point = points.get(at).filter(|point| !is_holiday(point))?;
            spot(at, nature.kind, point)
        };
        let spots: Vec<Option<Spot>> = places.iter().map(|at| spot(*at)).collect();
        let learnt: &[Option<Spot>] = spots.split_last().map_or(&[], |(_, before)| before);
        let learnt_from = learnt.iter().flatten().count();
        if learnt_from < LEAST_POINTS {
            return Err(if stride > 1 { NoChart::Overlap } else { NoChart::FewPoints });
        }
        let fit = Fit::of(nature.kind, scale, learnt, &spots)?;
        let mut limits = vec![None; points.len()];
        for spot in spots.iter().flatten() {
            if let Some(place) = limits.get_mut(spot.at) {
                *place = Some(fit.limits(*spot, scale));
            }
        }
        let signals = signals(&spots, fit.center, &limits);
        let Fit { method, center, dispersion, .. } = fit;
        let is_holiday = points.last().is_some_and(is_holiday);
        Ok(Self { method, center, limits, dispersion, learnt_from, signals, is_holiday })
    }

    /// The gravest sign that the last point of the series is part of.
    #[must_use]
    pub fn present(&self) -> Option<&Signal> {
        let last = self.limits.len().checked_sub(1)?;
        let of = |rule: Rule| self.signals.iter().find(|s| s.to == last && s.rule == rule);
        of(Rule::Beyond).or_else(|| of(Rule::OneSide)).or_else(|| of(Rule::Drift))
    }

    /// Limits at the last point of the series, where it has a value.
    #[must_use]
    pub fn last_limits(&self) -> Option<(f64, f64)> {
        self.limits.last().copied().flatten()
    }
}

fn spot(at: usize, kind: Kind, point: &SeriesPoint) -> Option<Spot> {
    let Shown::Value(value) = point.value else { return None };
    let counts = match (kind, point.numerator, point.denominator) {
        (Kind::Count, Shown::Value(count), _) => Some((count, 1.0)),
        (Kind::Rate, Shown::Value(count), Shown::Value(base)) if base > 0.0 => Some((count, base)),
        (Kind::Share, Shown::Value(count), Shown::Value(base)) if (0.0..=base).contains(&count) => {
            Some((count, base)).filter(|_| base > 0.0)
        }
        _ => None,
    };
    Some(Spot { at, value, counts })
}

/// What was learnt from the earlier points.
struct Fit {
    method: Method,
    center: f64,
    dispersion: f64,
    /// Half the width, of an individuals chart.
    half: f64,
}

impl Fit {
    fn of(kind: Kind, scale: f64, learnt: &[Option<Spot>], all: &[Option<Spot>]) -> Result<Self, NoChart> {
        if kind == Kind::Amount || all.iter().flatten().any(|s| s.counts.is_none()) {
            return Self::individuals(learnt);
        }
        let counts: Vec<Option<(f64, f64)>> = learnt.iter().map(|s| s.and_then(|s| s.counts)).collect();
        let (events, base) = counts.iter().flatten().fold((0.0, 0.0), |(a, b), (n, d)| (a + n, b + d));
        let mean = events / base;
        let law = |base: f64| {
            if kind == Kind::Share {
                Law::Binomial { of: base, chance: mean }
            } else {
                Law::Poisson { mean: mean * base }
            }
        };
        if events <= 0.0 || law(base).deviation() <= 0.0 {
            return Err(NoChart::Constant);
        }
        let standard = |(count, base): (f64, f64)| (count - law(base).mean()) / law(base).deviation();
        let scores: Vec<Option<f64>> = counts.iter().map(|c| c.map(standard)).collect();
        let (n, squares) = scores.iter().flatten().fold((0.0, 0.0), |(n, sum), z| (n + 1.0, sum + z * z));
        let sigma = mean_moving_range(&scores).unwrap_or(0.0) / D2;
        let dispersed = sigma > 1.0 && chi_square_tail(squares, n - 1.0) < DISPERSED;
        let method = match (kind, dispersed) {
            (Kind::Share, false) => Method::P,
            (Kind::Share, true) => Method::LaneyP,
            (Kind::Count, false) => Method::C,
            (_, false) => Method::U,
            (_, true) => Method::LaneyU,
        };
        Ok(Self { method, center: scale * mean, dispersion: if dispersed { sigma } else { 1.0 }, half: 0.0 })
    }

    fn individuals(learnt: &[Option<Spot>]) -> Result<Self, NoChart> {
        let values: Vec<Option<f64>> = learnt.iter().map(|s| s.map(|s| s.value)).collect();
        let (n, sum) = values.iter().flatten().fold((0.0, 0.0), |(n, sum), v| (n + 1.0, sum + v));
        let range = mean_moving_range(&values).filter(|range| *range > 0.0).ok_or(NoChart::Constant)?;
        Ok(Self { method: Method::Individuals, center: sum / n, dispersion: 1.0, half: 3.0 / D2 * range })
    }

    fn limits(&self, spot: Spot, scale: f64) -> (f64, f64) {
        let (Some((_, base)), false) = (spot.counts, self.method == Method::Individuals) else {
            return (self.center - self.half, self.center + self.half);
        };
        let mean = self.center / scale;
        let is_share = matches!(self.method, Method::P | Method::LaneyP);
        let law = if is_share {
            Law::Binomial { of: base, chance: mean }
        } else {
            Law::Poisson { mean: mean * base }
        };
        let (low, high) = if self.dispersion > 1.0 {
            let half = 3.0 * self.dispersion * law.deviation();
            let most = if is_share { base } else { f64::INFINITY };
            ((law.mean() - half).max(0.0), (law.mean() + half).min(most))
        } else {
            (law.quantile(TAIL), law.quantile(1.0 - TAIL))
        };
        (scale * low / base, scale * high / base)
    }
}

/// Mean distance of neighbours; a gap ends a neighbourhood.
fn mean_moving_range(values: &[Option<f64>]) -> Option<f64> {
    let ranges = values.windows(2).filter_map(|pair| match pair {
        [Some(a), Some(b)] => Some((a - b).abs()),
        _ => None,
    });
    let (n, sum) = ranges.fold((0.0, 0.0), |(n, sum), range| (n + 1.0, sum + range));
    (n > 0.0).then(|| sum / n)
}

fn signals(spots: &[Option<Spot>], center: f64, limits: &[Option<(f64, f64)>]) -> Vec<Signal> {
    let mut found = Vec::new();
    for spot in spots.iter().flatten() {
        if let Some((low, high)) = limits.get(spot.at).copied().flatten()
            && (spot.value < low || spot.value > high)
        {
            let up = spot.value > high;
            found.push(Signal { rule: Rule::Beyond, from: spot.at, to: spot.at, run: 1, up });
        }
    }
    let side = |spot: &Spot, _: Option<&Spot>| direction(spot.value - center);
    runs(spots, Rule::OneSide, RUN_OF_ONE_SIDE, side, &mut found);
    let step = |spot: &Spot, before: Option<&Spot>| before.and_then(|b| direction(spot.value - b.value));
    // Six points are five steps.
    runs(spots, Rule::Drift, RUN_OF_DRIFT - 1, step, &mut found);
    found.sort_by_key(|s| (s.to, s.from));
    found
}

fn direction(difference: f64) -> Option<bool> {
    (difference != 0.0).then_some(difference > 0.0)
}

/// Runs of at least `least` points that go one way; a gap, or no way, ends a run.
fn runs(
    spots: &[Option<Spot>],
    rule: Rule,
    least: usize,
    way: impl Fn(&Spot, Option<&Spot>) -> Option<bool>,
    found: &mut Vec<Signal>,
) {
    let mut run: Vec<usize> = Vec::new();
    let mut heading = None;
    let mut before: Option<&Spot> = None;
    for spot in spots.iter().map(Option::as_ref).chain(std::iter::once(None)) {
        let now = spot.and_then(|s| way(s, before));
        if now.is_none() || now != heading {
            if let (Some(up), true, Some(from), Some(to)) =
                (heading, run.len() >= least, run.first(), run.last())
            {
                // A drift begins at the point before its first step.
                let extra = usize::from(rule == Rule::Drift);
                let from = if extra > 0 { previous(spots, *from) } else { *from };
                found.push(Signal { rule, from, to: *to, run: run.len() + extra, up });
            }
            run.clear();
        }
        heading = now;
        if let (Some(spot), Some(_)) = (spot, now) {
            run.push(spot.at);
        }
        before = spot;
    }
}

fn previous(spots: &[Option<Spot>], at: usize) -> usize {
    spots.iter().flatten().map(|s| s.at).take_while(|other| *other < at).last().unwrap_or(at)
}
