//! Figures put together from what may be seen of their counts. Owns rates and how coarse they are; hides no count itself.

use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;

use super::cells::State;
use super::gate::{Figure, LEAST_BASE};
use super::protect::{AsOf, Protected, Raw, Table};
use super::shown::{Shown, Told, Why};
use super::sort::Sort;
use super::steps::Range;

/// A share that is told in fewer steps than this is not worth telling.
pub(super) const STEPS_OF_A_SHARE: f64 = 5.0;

/// A figure of which nothing is ever hidden, for all areas.
pub(crate) fn plain(
    site: &Site,
    row: &Indicator,
    numerator: &Raw,
    denominator: Option<&Raw>,
) -> Vec<Protected> {
    (0..numerator.counts.len())
        .map(|place| {
            let area = AreaId(u32::try_from(place).unwrap_or(0));
            plain_at(site, row, area, (place, numerator, denominator))
        })
        .collect()
}

/// The same for one area, with its place in the counts.
pub(crate) fn plain_at(
    site: &Site,
    row: &Indicator,
    area: AreaId,
    (place, numerator, denominator): (usize, &Raw, Option<&Raw>),
) -> Protected {
    if !site.is_shown_at(row, area) {
        return Protected::same(Shown::TooFine);
    }
    let of = |raw: &Raw| raw.counts.get(place).copied().flatten();
    let partial = [Some(numerator), denominator]
        .into_iter()
        .flatten()
        .any(|raw| raw.withheld.get(place).copied().unwrap_or(false));
    let Some(count) = of(numerator) else { return Protected::same(Shown::Missing) };
    let Some(denominator) = denominator else {
        let value = Shown::Value(row.scale * count);
        return Protected {
            value,
            numerator: Shown::Value(count),
            denominator: Shown::Missing,
            partial,
            as_of: AsOf::Group,
        };
    };
    match of(denominator) {
        Some(base) if base != 0.0 => Protected {
            value: Shown::Value(row.scale * count / base),
            numerator: Shown::Value(count),
            denominator: Shown::Value(base),
            partial,
            as_of: AsOf::Group,
        },
        _ => Protected::same(Shown::Missing),
    }
}

impl Table<'_> {
    /// Puts a figure together from what may be seen of its counts.
    pub(super) fn figure(&self, site: &Site, figure: &Figure) -> Vec<Protected> {
        let Some(row) = figure.owner.row(site) else { return Vec::new() };
        (0..self.gate.tree.len()).map(|area| self.at(row, figure, area)).collect()
    }

    fn at(&self, row: &Indicator, figure: &Figure, area: usize) -> Protected {
        if self.gate.tree.level.get(area).is_none_or(|level| *level > figure.level) {
            return Protected::same(Shown::TooFine);
        }
        let withheld =
            |count: usize| self.raws.get(count).and_then(|r| r.withheld.get(area)).is_some_and(|w| *w);
        let partial = withheld(figure.numerator) || figure.denominator.is_some_and(withheld);
        let numerator = self.count(figure.numerator, area);
        let Some(denominator) = figure.denominator else {
            let value = scaled(numerator, row.scale);
            return Protected { value, numerator, denominator: Shown::Missing, partial, as_of: AsOf::Group };
        };
        let base = self.count(denominator, area);
        if numerator == Shown::Missing || base == Shown::Missing {
            return Protected::same(Shown::Missing);
        }
        let value = self.rate(row, figure, area, numerator, base);
        Protected { value, numerator, denominator: base, partial, as_of: AsOf::Group }
    }

    /// What is shown of a count.
    pub(super) fn count(&self, place: usize, area: usize) -> Shown {
        let (Some(column), Some(count)) = (self.columns.get(place), self.linked.counts.get(place)) else {
            return Shown::Missing;
        };
        if let Some(told) = self.amounts.get(place).and_then(Option::as_ref) {
            return told.get(area).copied().unwrap_or(Shown::Missing);
        }
        let value = column.value(area);
        let hidden = |why| Shown::Suppressed { below: count.below, why };
        match column.state(area) {
            State::Gap => Shown::Missing,
            State::Marked => hidden(Why::Primary),
            State::Blank => hidden(Why::Secondary),
            State::AtLeast(value, step) => Shown::Coarse { value, step, told: Told::AtLeast },
            State::Open if column.is_fixed(area) => Shown::Value(value),
            State::Open if count.is_rounded => about(value, 5.0),
            State::Open => Shown::Value(value),
        }
    }

    fn rate(&self, row: &Indicator, figure: &Figure, area: usize, numerator: Shown, base: Shown) -> Shown {
        let spec = |place: usize| self.linked.counts.get(place);
        let (Some(count), Some(base_count)) = (spec(figure.numerator), figure.denominator.and_then(spec))
        else {
            return Shown::Missing;
        };
        let below = if count.below > 0 { count.below } else { base_count.below };
        let hidden = |why| Shown::Suppressed { below, why };
        if base == Shown::Value(0.0) {
            return if numerator.is_suppressed() { hidden(Why::Primary) } else { Shown::Missing };
        }
        let is_count = count.sort == Sort::Count;
        let is_primary = |shown: Shown| matches!(shown, Shown::Suppressed { why: Why::Primary, .. });
        let why = if is_primary(numerator) || is_primary(base) { Why::Primary } else { Why::Secondary };
        let is_known = area == 0 && count.is_top_known && base_count.is_top_known;
        let is_in_steps = |place: usize| self.linked.is_in_steps(place);
        if is_known || !is_in_steps(figure.numerator) && !figure.denominator.is_some_and(is_in_steps) {
            return self.rate_of_counts(row, figure, area, [numerator, base]);
        }
        // What goes up in steps is judged by what is told of it: its true size would tell more.
        let (Some(told_count), Some(told_base)) = (told_range(numerator), told_range(base)) else {
            return hidden(why);
        };
        if told_base.least < LEAST_BASE {
            return hidden(Why::Primary);
        }
        if !is_count {
            return rate_of_told(row.scale, [numerator, base], false, false)
                .unwrap_or_else(|| hidden(Why::Secondary));
        }
        let rest = figure.denominator.and_then(|d| self.steps.rest(self.linked, figure.numerator, d, area));
        let is_share = rest.is_some() || told_count.most <= told_base.most;
        let rest = rest.unwrap_or_else(|| told_base.less(told_count));
        if is_share && rest.least < f64::from(below) && rest.most > 0.0 {
            return hidden(if rest.most < f64::from(below) { Why::Primary } else { Why::Secondary });
        }
        rate_of_told(row.scale, [numerator, base], true, is_share).unwrap_or_else(|| hidden(Why::Secondary))
    }

    /// A rate of counts that are told as they are, or of amounts.
    fn rate_of_counts(&self, row: &Indicator, figure: &Figure, area: usize, told: [Shown; 2]) -> Shown {
        let [numerator, base] = told;
        let spec = |place: usize| self.linked.counts.get(place);
        let (Some(count), Some(base_count)) = (spec(figure.numerator), figure.denominator.and_then(spec))
        else {
            return Shown::Missing;
        };
        let (n, d) =
            (self.true_count(figure.numerator, area), self.true_count(figure.denominator.unwrap_or(0), area));
        let below = if count.below > 0 { count.below } else { base_count.below };
        let hidden = |why| Shown::Suppressed { below, why };
        if d == 0.0 {
            return if numerator.is_suppressed() { hidden(Why::Primary) } else { Shown::Missing };
        }
        let value = row.scale * n / d;
        if area == 0 && count.is_top_known && base_count.is_top_known {
            return Shown::Value(value);
        }
        let small_rest =
            (0.0..=d).contains(&n) && d - n > 0.0 && d - n < f64::from(below) && count.sort == Sort::Count;
        let is_primary = |shown: Shown| matches!(shown, Shown::Suppressed { why: Why::Primary, .. });
        if d < LEAST_BASE || small_rest || is_primary(numerator) || is_primary(base) {
            return hidden(Why::Primary);
        }
        if numerator.is_suppressed() || base.is_suppressed() {
            return hidden(Why::Secondary);
        }
        if let (Shown::Value(_), Shown::Value(_)) = (numerator, base) {
            return Shown::Value(value);
        }
        let is_count = count.sort == Sort::Count;
        let is_share = is_count && (0.0..=d).contains(&n);
        rate_of_told(row.scale, [numerator, base], is_count, is_share)
            .unwrap_or_else(|| hidden(Why::Secondary))
    }

    fn true_count(&self, place: usize, area: usize) -> f64 {
        self.columns.get(place).map_or(0.0, |column| column.value(area))
    }
}

/// A rate worked out from what is told of its two sides, so that it tells nothing more: from the middle of each step. None
/// where that is not worth telling.
pub(super) fn rate_of_told(scale: f64, sides: [Shown; 2], is_count: bool, is_share: bool) -> Option<Shown> {
    let [numerator, base] = sides;
    let (told_count, told_base) = (middle(numerator)?, middle(base).filter(|b| *b > 0.0)?);
    let unit = if is_count { 1.0 } else { (told_count / told_base).abs() };
    let step = tidy_step(scale * step_of(numerator).max(step_of(base) * unit) / told_base);
    (!is_share || step <= scale / STEPS_OF_A_SHARE).then(|| about(scale * told_count / told_base, step))
}

pub(super) fn scaled(shown: Shown, scale: f64) -> Shown {
    match shown {
        Shown::Value(value) => Shown::Value(value * scale),
        Shown::Coarse { value, step, told } => {
            Shown::Coarse { value: value * scale, step: step * scale, told }
        }
        other => other,
    }
}

/// What a shown count may be, for whoever knows how it is told; none where it is hidden.
fn told_range(shown: Shown) -> Option<Range> {
    let (least, _) = shown.range()?;
    let wide = match shown {
        Shown::Coarse { step, told: Told::AtLeast, .. } => step - 1.0,
        other => step_of(other),
    };
    Some(Range { least, most: least + wide })
}

/// The middle of what a coarse number may be.
pub(crate) fn middle(shown: Shown) -> Option<f64> {
    match shown {
        Shown::Coarse { value, step, told: Told::AtLeast } => Some(value + step / 2.0),
        other => other.told_value(),
    }
}

pub(super) fn step_of(shown: Shown) -> f64 {
    shown.step().unwrap_or(0.0)
}

pub(super) fn about(value: f64, step: f64) -> Shown {
    Shown::Coarse { value: (value / step).round() * step, step, told: Told::About }
}

/// A value of which the true one may lie so far to either side, told to a round step of at least that.
pub(crate) fn roughly(value: f64, either_side: f64) -> Shown {
    about(value, tidy_step(either_side))
}

/// The next step of 1, 2 or 5 times a power of ten that is not below a number.
pub(super) fn tidy_step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|n| n * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}
