//! Differences and ratios of two figures that may be shown. Owns how exact they are: a difference of a hidden figure is
//! hidden, of a coarse one coarse, of a gap a gap.
//!
//! Everything here is worked out from what is shown of the two, so it tells no more than both together.

use crate::privacy::figures::middle;
use crate::privacy::shown::{Shown, Told};
use crate::site::catalogue::{Target, TargetOp};
use crate::snapshot::Day;

/// A figure beside its own past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Last day of the window it is compared with.
    pub against: Day,
    /// The figure of that window.
    pub before: Shown,
    /// Now less before, on the figure's scale: for shares in percentage points.
    pub difference: Shown,
    /// The difference as per cent of before.
    pub percent: Shown,
}

impl Change {
    /// A figure beside the one before it.
    #[must_use]
    pub fn new(now: Shown, before: Shown, against: Day) -> Self {
        Self { against, before, difference: difference(now, before), percent: percent(now, before) }
    }
}

/// What is told of a figure as a middle and how far the true value may lie from it.
pub(super) fn spread(shown: Shown) -> Option<(f64, f64)> {
    let step = shown.step().unwrap_or(0.0);
    // "At least" leaves one step open, above; a rounded figure a step to either side.
    let half = if shown.told() == Some(Told::AtLeast) { step / 2.0 } else { step };
    Some((middle(shown)?, half))
}

/// What stands where two figures cannot be set against each other: the less that may be said of either.
pub(super) fn less(a: Shown, b: Shown) -> Shown {
    for shown in [a, b] {
        if shown == Shown::TooFine {
            return shown;
        }
    }
    for shown in [a, b] {
        // Of a hidden figure's change not even a bound is told.
        if let Shown::Suppressed { below, .. } = shown {
            return Shown::Suppressed { below, why: crate::privacy::shown::Why::Secondary };
        }
    }
    Shown::Missing
}

fn told(value: f64, half: f64) -> Shown {
    if half > 0.0 { crate::privacy::figures::roughly(value, half) } else { Shown::Value(value) }
}

/// One figure less another.
#[must_use]
pub fn difference(now: Shown, before: Shown) -> Shown {
    match (spread(now), spread(before)) {
        (Some((a, half_a)), Some((b, half_b))) => told(a - b, half_a + half_b),
        _ => less(now, before),
    }
}

/// How much more one figure is than another, in per cent of the other. A gap where the other is zero or below.
#[must_use]
pub fn percent(now: Shown, before: Shown) -> Shown {
    match (spread(now), spread(before)) {
        (Some((a, half_a)), Some((b, half_b))) if b - half_b > 0.0 => {
            let ratio = a / b;
            // First order: the relative errors add up.
            told(100.0 * (ratio - 1.0), 100.0 * (half_a + ratio.abs() * half_b) / b)
        }
        (Some(_), Some(_)) => Shown::Missing,
        _ => less(now, before),
    }
}

/// How far a figure is on the good side of its target: positive is better than asked for, whichever way is good.
/// `None` where the target is no number.
#[must_use]
pub fn target_gap(value: Shown, target: &Target) -> Option<Shown> {
    let bound = Shown::Value(target.value?);
    Some(match target.op? {
        TargetOp::AtLeast => difference(value, bound),
        TargetOp::AtMost => difference(bound, value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::shown::Why;
    use proptest::prelude::*;

    const HIDDEN: Shown = Shown::Suppressed { below: 10, why: Why::Primary };
    const BESIDE: Shown = Shown::Suppressed { below: 10, why: Why::Secondary };

    fn at_least(value: f64) -> Shown {
        Shown::Coarse { value, step: 5.0, told: Told::AtLeast }
    }

    fn about(value: f64, step: f64) -> Shown {
        Shown::Coarse { value, step, told: Told::About }
    }

    #[test]
    fn what_may_not_be_shown_stays_so() {
        let v = Shown::Value;
        for (now, before, less, more) in [
            (v(12.0), v(8.0), v(4.0), v(50.0)),
            (v(8.0), v(0.0), v(8.0), Shown::Missing),
            (v(8.0), HIDDEN, BESIDE, BESIDE),
            (HIDDEN, v(8.0), BESIDE, BESIDE),
            (HIDDEN, Shown::Missing, BESIDE, BESIDE),
            (v(8.0), Shown::Missing, Shown::Missing, Shown::Missing),
            (Shown::Missing, v(8.0), Shown::Missing, Shown::Missing),
            (Shown::TooFine, HIDDEN, Shown::TooFine, Shown::TooFine),
            // 105 to under 110, less 55 to under 60: 45 to 55.
            (at_least(105.0), at_least(55.0), about(50.0, 5.0), about(80.0, 20.0)),
            // A difference that could be none is about none.
            (at_least(60.0), at_least(60.0), about(0.0, 5.0), about(0.0, 10.0)),
        ] {
            assert_eq!(difference(now, before), less, "{now:?} less {before:?}");
            assert_eq!(percent(now, before), more, "{now:?} over {before:?}");
        }
    }

    #[test]
    fn a_gap_is_positive_where_the_figure_is_better_than_asked_for() {
        let target = |op, value| Target { op: Some(op), value: Some(value), note: None, source: None };
        let v = Shown::Value;
        for (op, bound, value, gap) in [
            (TargetOp::AtLeast, 96.0, v(96.5), v(0.5)),
            (TargetOp::AtLeast, 96.0, v(95.0), v(-1.0)),
            (TargetOp::AtMost, 15.0, v(8.0), v(7.0)),
            (TargetOp::AtMost, 15.0, v(18.0), v(-3.0)),
            (TargetOp::AtMost, 15.0, HIDDEN, BESIDE),
            (TargetOp::AtLeast, 15.0, Shown::Missing, Shown::Missing),
        ] {
            assert_eq!(target_gap(value, &target(op, bound)), Some(gap));
        }
        let words = Target { op: None, value: None, note: None, source: None };
        assert_eq!(target_gap(v(1.0), &words), None);
    }

    proptest! {
        /// Whatever the true numbers behind two counts told in steps, the told difference is as near as it says.
        #[test]
        fn a_coarse_difference_holds_the_true_one(a in 0..5000_u32, b in 0..5000_u32, step in 1..20_u32) {
            let coarse = |n: u32| Shown::Coarse {
                value: f64::from(n / step * step), step: f64::from(step), told: Told::AtLeast,
            };
            let Shown::Coarse { value, step, told: Told::About } = difference(coarse(a), coarse(b)) else {
                return Err(TestCaseError::fail("not coarse"));
            };
            // Half a step of rounding beside what both leave open.
            prop_assert!((value - (f64::from(a) - f64::from(b))).abs() <= step * 1.5 + 1e-9);
        }
    }
}
