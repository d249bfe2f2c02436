//! Figures of a shape that a user draws or of areas that are picked together: put together from what is shown of each
//! area. Owns that sum; sees no count that is not shown, so whatever shapes are drawn and set against each other, they tell
//! nothing that the areas' own figures do not.
//!
//! A hidden area adds what its own sign says and no more: `<5` adds from 1 to 4, `*` anything. So the sum over a shape is
//! a lower bound where any part of it is hidden, and the difference of two shapes that differ by one hidden area is that
//! area's sign again.

use crate::indicators::expr::{Aggregate, parse_aggregate};
use crate::site::Site;
use crate::site::catalogue::Indicator;
use crate::site::datasets::Rollup;

use super::figures::{STEPS_OF_A_SHARE, about, middle, scaled, step_of, tidy_step};
use super::gate::LEAST_BASE;
use super::shown::{Shown, Told, Why};

/// One area of a shape, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The reading's numerator.
    pub numerator: Shown,
    /// The reading's denominator; [`Shown::Missing`] where the figure has none.
    pub denominator: Shown,
    /// How much of the area lies in the shape, 0 to 1, by buildings or people: what it counts for is taken to be spread
    /// likewise.
    pub share: f64,
    /// What the whole area weighs in the coverage: its buildings or people.
    pub weight: f64,
}

/// How the figures of a row of the catalogue are put together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Form {
    /// From numerator by denominator to the figure.
    pub scale: f64,
    /// Whether the figure has a denominator.
    pub has_denominator: bool,
    /// Counts below this are hidden; 0 where nothing ever is.
    pub below: u32,
    /// The numerator is a sum of what is never negative.
    pub is_never_negative: bool,
}

/// A figure of a shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// The figure: exact where every part is shown exactly and lies in the shape as a whole.
    pub value: Shown,
    /// Numerator.
    pub numerator: Shown,
    /// Denominator; [`Shown::Missing`] where there is none.
    pub denominator: Shown,
    /// How much of the shape's weight the figure stands for, 0 to 1: parts that are hidden, not reported or shown at no
    /// such level are left out.
    pub coverage: f64,
    /// The least and the most that the numerator of the reported parts can be for all that is shown; none where there is
    /// no such bound.
    pub least: Option<f64>,
    /// See `least`.
    pub most: Option<f64>,
    /// An area lies in the shape in part: the figure is an estimate.
    pub is_estimate: bool,
}

impl Form {
    /// For a row of the catalogue; none where its figures cannot be added over areas: tables whose rows stand for an area
    /// as a whole, counts of different values, medians.
    #[must_use]
    pub fn of(site: &Site, row: &Indicator) -> Option<Self> {
        let mut below = row.suppress_below;
        let mut is_never_negative = true;
        for (is_numerator, side) in [(true, Some(&row.numerator)), (false, row.denominator.as_ref())] {
            let Some(side) = side else { continue };
            let table = site.table(&side.table)?;
            let Ok(Aggregate::Additive(terms)) = parse_aggregate(&side.expr) else { return None };
            if table.rollup == Rollup::Exact {
                return None;
            }
            if is_numerator {
                is_never_negative = terms.iter().all(|(factor, _)| *factor >= 0.0);
            }
            below = below.max(table.suppress_below);
        }
        let has_denominator = row.denominator.is_some();
        Some(Self { scale: row.scale, has_denominator, below, is_never_negative })
    }
}

/// The figure of a shape from those of its areas.
#[must_use]
pub fn sum(parts: &[Part], form: &Form) -> Drawn {
    let inside: Vec<Part> = parts.iter().copied().filter(|part| part.share > 0.0).collect();
    let numerator = Side::of(inside.iter().map(|p| (p.numerator, p.share)), form.is_never_negative);
    let denominator = Side::of(inside.iter().map(|p| (p.denominator, p.share)), true);
    let is_seen = |p: &Part| p.numerator.is_seen() && (!form.has_denominator || p.denominator.is_seen());
    let weight = |p: &Part| p.weight.max(0.0) * p.share.min(1.0);
    let whole: f64 = inside.iter().map(weight).sum();
    let seen: f64 = inside.iter().filter(|p| is_seen(p)).map(weight).sum();
    let told = numerator.told(form.below);
    Drawn {
        value: if form.has_denominator { rate(&inside, form) } else { scaled(told, form.scale) },
        numerator: told,
        denominator: if form.has_denominator { denominator.told(form.below) } else { Shown::Missing },
        coverage: if whole > 0.0 { seen / whole } else { 0.0 },
        least: numerator.bound(numerator.least),
        most: numerator.bound(numerator.most),
        is_estimate: inside.iter().any(|part| part.share < 1.0),
    }
}

/// One side of a figure over the parts of a shape.
pub(super) struct Side {
    least: f64,
    most: f64,
    /// Sum of what is told.
    told: f64,
    /// Sum of the steps of what is told about.
    step: f64,
    is_estimate: bool,
    seen: usize,
    hidden: usize,
    /// What stands for all parts where none has a number.
    rest: Shown,
}

impl Side {
    /// From what is shown of each part, and how much of it lies in the shape.
    pub(super) fn of(parts: impl Iterator<Item = (Shown, f64)>, is_never_negative: bool) -> Self {
        let mut side = Self {
            least: 0.0,
            most: 0.0,
            told: 0.0,
            step: 0.0,
            is_estimate: false,
            seen: 0,
            hidden: 0,
            rest: Shown::Missing,
        };
        let mut suppressed = None;
        for (shown, share) in parts {
            let lowest = if is_never_negative { 0.0 } else { f64::NEG_INFINITY };
            let (least, most) = match shown {
                Shown::Value(value) => (value, value),
                Shown::Coarse { value, told: Told::AtLeast, .. } => (value, f64::INFINITY),
                Shown::Coarse { value, step, told: Told::About } => (value - step / 2.0, value + step / 2.0),
                Shown::Suppressed { below, why: Why::Primary } if is_never_negative => {
                    (1.0, f64::from(below) - 1.0)
                }
                Shown::Suppressed { .. } => (lowest, f64::INFINITY),
                Shown::Missing => continue,
                Shown::TooFine | Shown::Unread => {
                    side.rest = shown;
                    continue;
                }
            };
            side.least += least * share;
            side.most += most * share;
            side.is_estimate |= share < 1.0;
            if let Some(value) = shown.told_value() {
                side.told += value * share;
                side.seen += 1;
                side.step += shown.step().unwrap_or(0.0) * share;
            } else {
                side.hidden += 1;
                suppressed = Some(shown);
            }
        }
        if let Some(shown) = suppressed {
            // One hidden area says what it says; of several only that they are hidden.
            side.rest = match shown {
                shown if side.hidden == 1 && !side.is_estimate => shown,
                Shown::Suppressed { below, .. } => Shown::Suppressed { below, why: Why::Secondary },
                other => other,
            };
        }
        side
    }

    fn bound(&self, bound: f64) -> Option<f64> {
        (self.seen + self.hidden > 0 && bound.is_finite()).then_some(bound)
    }

    /// What is told of it; `below`: counts below this are hidden.
    pub(super) fn told(&self, below: u32) -> Shown {
        if self.seen == 0 {
            return self.rest;
        }
        let hidden = Shown::Suppressed { below, why: Why::Secondary };
        let is_bound = self.hidden > 0 || self.most.is_infinite();
        // What an estimate says of a few stands for no one.
        if self.is_estimate && self.told > 0.0 && self.told < f64::from(below) {
            return hidden;
        }
        let value = if is_bound { self.least } else { self.told };
        let told = if is_bound { Told::AtLeast } else { Told::About };
        match () {
            () if is_bound && !(value > 0.0 && value.is_finite()) => hidden,
            () if self.is_estimate => {
                let step = tidy_step((value.abs() / STEPS_OF_AN_ESTIMATE).max(self.step).max(1.0));
                let places = value / step;
                let places = if is_bound { places.floor() } else { places.round() };
                if is_bound && places <= 0.0 {
                    hidden
                } else {
                    Shown::Coarse { value: places * step, step, told }
                }
            }
            () if is_bound => Shown::Coarse { value, step: self.step.max(1.0), told },
            () if self.step > 0.0 => Shown::Coarse { value, step: self.step, told },
            () => Shown::Value(value),
        }
    }
}

/// An estimate is told to about one in a hundred.
const STEPS_OF_AN_ESTIMATE: f64 = 100.0;

/// The rate over the parts of which both sides are told.
fn rate(parts: &[Part], form: &Form) -> Shown {
    let hidden = Shown::Suppressed { below: form.below, why: Why::Secondary };
    let (mut count, mut base, mut is_exact, mut seen) = (0.0, 0.0, true, 0usize);
    // Counts that go up in steps are taken at the middle of their step, as everywhere.
    let (mut count_step, mut base_step) = (0.0, 0.0);
    for part in parts {
        let (Some(n), Some(d)) = (middle(part.numerator), middle(part.denominator)) else { continue };
        let (n_step, d_step) = (step_of(part.numerator), step_of(part.denominator));
        seen += 1;
        is_exact &= part.share >= 1.0 && n_step == 0.0 && d_step == 0.0;
        count += n * part.share;
        base += d * part.share;
        count_step += n_step * part.share;
        base_step += d_step * part.share;
    }
    if seen == 0 {
        let is_hidden = |p: &Part| p.numerator.is_suppressed() || p.denominator.is_suppressed();
        return match () {
            () if parts.iter().any(is_hidden) => hidden,
            () if parts.iter().any(|p| p.numerator == Shown::TooFine) => Shown::TooFine,
            () => Shown::Missing,
        };
    }
    if base <= 0.0 {
        return Shown::Missing;
    }
    if form.below > 0 && base < LEAST_BASE {
        return hidden;
    }
    let value = form.scale * count / base;
    if is_exact {
        return Shown::Value(value);
    }
    let unit = (count / base).abs();
    let step = tidy_step(
        (form.scale * (count_step + base_step * unit) / base).max(value.abs() / STEPS_OF_AN_ESTIMATE),
    );
    let is_share = form.is_never_negative && count <= base;
    if form.below > 0 && is_share && step > form.scale / STEPS_OF_A_SHARE {
        return hidden;
    }
    about(value, step)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "whole numbers add up exactly")]

    use proptest::prelude::*;

    use super::*;

    const COUNT: Form = Form { scale: 1.0, has_denominator: false, below: 5, is_never_negative: true };
    const RATE: Form = Form { scale: 100.0, has_denominator: true, below: 5, is_never_negative: true };
    const MARK: Shown = Shown::Suppressed { below: 5, why: Why::Primary };
    const STAR: Shown = Shown::Suppressed { below: 5, why: Why::Secondary };

    fn part(numerator: Shown, denominator: Shown, share: f64) -> Part {
        Part { numerator, denominator, share, weight: 1.0 }
    }

    fn counts(of: &[Shown]) -> Drawn {
        let parts: Vec<Part> = of.iter().map(|shown| part(*shown, Shown::Missing, 1.0)).collect();
        sum(&parts, &COUNT)
    }

    const fn at_least(value: f64) -> Shown {
        Shown::Coarse { value, step: 5.0, told: Told::AtLeast }
    }

    #[test]
    fn a_count_is_as_exact_as_its_parts() {
        let told = |value, step, told| Shown::Coarse { value, step, told };
        for (parts, shown, coverage) in [
            (&[Shown::Value(40.0), Shown::Value(0.0)][..], Shown::Value(40.0), 1.0),
            (&[Shown::Value(40.0), MARK], told(41.0, 1.0, Told::AtLeast), 0.5),
            (&[Shown::Value(40.0), STAR], told(40.0, 1.0, Told::AtLeast), 0.5),
            (&[at_least(40.0), at_least(55.0)], told(95.0, 10.0, Told::AtLeast), 1.0),
            (&[told(40.0, 5.0, Told::About); 2], told(80.0, 10.0, Told::About), 1.0),
            (&[MARK], MARK, 0.0),
            (&[MARK, MARK], STAR, 0.0),
            (&[STAR, Shown::Value(0.0)], STAR, 0.5),
            (&[Shown::Value(7.0), Shown::Missing], Shown::Value(7.0), 0.5),
            (&[Shown::Missing], Shown::Missing, 0.0),
            (&[Shown::TooFine, Shown::Missing], Shown::TooFine, 0.0),
            (&[], Shown::Missing, 0.0),
        ] {
            let drawn = counts(parts);
            assert_eq!((drawn.value, drawn.coverage), (shown, coverage), "{parts:?}");
        }
    }

    #[test]
    fn an_area_that_lies_in_the_shape_in_part_makes_an_estimate() {
        let half = |count| sum(&[part(Shown::Value(count), Shown::Missing, 0.5)], &COUNT);
        assert!(half(400.0).is_estimate);
        assert_eq!(half(401.0).value, Shown::Coarse { value: 200.0, step: 5.0, told: Told::About });
        assert_eq!(half(8.0).value, STAR, "a few of a shape stand for no one");
        assert_eq!(sum(&[part(Shown::Value(8.0), Shown::Missing, 0.0)], &COUNT).value, Shown::Missing);
    }

    #[test]
    fn a_rate_is_that_of_the_parts_that_are_told() {
        let of = |parts: &[(Shown, Shown)]| {
            sum(&parts.iter().map(|(n, d)| part(*n, *d, 1.0)).collect::<Vec<_>>(), &RATE)
        };
        let seen = (Shown::Value(30.0), Shown::Value(60.0));
        assert_eq!(of(&[seen, (Shown::Value(10.0), Shown::Value(20.0))]).value, Shown::Value(50.0));
        let drawn = of(&[seen, (MARK, Shown::Value(20.0))]);
        assert_eq!((drawn.value, drawn.coverage), (Shown::Value(50.0), 0.5));
        assert_eq!(drawn.denominator, Shown::Value(80.0));
        assert_eq!(of(&[(MARK, Shown::Value(20.0))]).value, STAR);
        assert_eq!(of(&[(Shown::Value(0.0), Shown::Value(7.0))]).value, STAR, "the base is small");
        assert_eq!(of(&[(Shown::Value(0.0), Shown::Value(0.0))]).value, Shown::Missing);
        let Shown::Coarse { value, step, told } = of(&[(at_least(300.0), at_least(600.0))]).value else {
            panic!("told in steps");
        };
        assert_eq!((value, step, told), (50.0, 2.0, Told::About));
        assert_eq!(of(&[(at_least(5.0), at_least(10.0))]).value, STAR, "too coarse to be worth telling");
    }

    /// A count below 60 and what protection may show of it.
    fn shown() -> impl Strategy<Value = (f64, Shown)> {
        (0u32..60, 0u8..3).prop_map(|(count, how)| {
            let value = f64::from(count);
            let shown = match (count, how) {
                (0, _) => Shown::Value(0.0),
                (1..5, 0) => MARK,
                (1..5, _) | (_, 1) => STAR,
                (_, 2) => at_least((value / 5.0).floor() * 5.0),
                _ => Shown::Value(value),
            };
            (value, shown)
        })
    }

    proptest! {
        #[test]
        fn the_truth_is_within_what_is_told(areas in prop::collection::vec(shown(), 1..12)) {
            let truth: f64 = areas.iter().map(|(value, _)| value).sum();
            let drawn = counts(&areas.iter().map(|(_, shown)| *shown).collect::<Vec<_>>());
            prop_assert!(drawn.least.is_none_or(|least| least <= truth));
            prop_assert!(drawn.most.is_none_or(|most| most >= truth));
            match drawn.value {
                Shown::Value(value) => prop_assert_eq!(value, truth),
                Shown::Coarse { value, told: Told::AtLeast, .. } => prop_assert!(value <= truth),
                _ => prop_assert!(drawn.coverage < 1.0),
            }
        }

        /// Two shapes that differ by one hidden area differ by what that area's sign says, whatever lies around it.
        #[test]
        fn neighbouring_shapes_tell_nothing_of_the_area_between(
            areas in prop::collection::vec(shown(), 1..12),
            small in 1u32..5,
            is_marked in any::<bool>(),
        ) {
            let around: Vec<Shown> = areas.iter().map(|(_, shown)| *shown).collect();
            let own = if is_marked { MARK } else { STAR };
            let (without, with) = (counts(&around), counts(&[around.as_slice(), &[own]].concat()));
            let step = with.least.unwrap_or(0.0) - without.least.unwrap_or(0.0);
            prop_assert_eq!(step, if is_marked { 1.0 } else { 0.0 });
            if let (Some(most), Some(before)) = (with.most, without.most) {
                prop_assert!(is_marked && most - before == 4.0);
            }
            prop_assert!(!matches!(with.value, Shown::Value(_)), "{} is not told", small);
        }
    }
}
