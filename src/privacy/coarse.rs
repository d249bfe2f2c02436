//! Arithmetic with what is shown: sums, shares and distances keep the sign of their parts. Owns how exact a result may
//! be told; sees nothing that is not shown already.

use super::drawn::Side;
use super::figures::{about, middle, step_of, tidy_step};
use super::shown::Shown;

/// A share that can only be told to this part of the whole is not worth telling.
const COARSEST_SHARE: f64 = 0.2;

impl Shown {
    /// The sum of parts as that of a shape's areas: exact where all are, "at least" where one is, about where one is only
    /// that; none where one is hidden or missing.
    #[must_use]
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        match parts.as_slice() {
            [] => Self::Value(0.0),
            all if all.iter().all(|part| part.is_seen()) => {
                Side::of(all.iter().map(|part| (*part, 1.0)), true).told(0)
            }
            _ => Self::Missing,
        }
    }

    /// What it is of a whole, in per cent: exact where both are; else about, from the middle of what each may be, as
    /// the gate tells rates; missing where there is no whole or the share would be too rough.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> Self {
        if let (Self::Value(part), Self::Value(whole)) = (self, whole) {
            return if whole > 0.0 { Self::Value(100.0 * part / whole) } else { Self::Missing };
        }
        let (Some(part), Some(of)) = (middle(self), middle(whole).filter(|of| *of > 0.0)) else {
            return Self::Missing;
        };
        let step = tidy_step(100.0 * step_of(self).max(step_of(whole)) / of);
        if step > 100.0 * COARSEST_SHARE { Self::Missing } else { about(100.0 * part / of, step) }
    }

    /// How much it is above a number that is no figure, such as a target.
    #[must_use]
    pub fn above(self, number: f64) -> Self {
        match self {
            Self::Value(value) => Self::Value(value - number),
            Self::Coarse { value, step, told } => Self::Coarse { value: value - number, step, told },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shown::{Told, Why};
    use super::*;

    const HIDDEN: Shown = Shown::Suppressed { below: 10, why: Why::Primary };

    const fn at_least(value: f64) -> Shown {
        Shown::Coarse { value, step: 5.0, told: Told::AtLeast }
    }

    const fn near(value: f64) -> Shown {
        Shown::Coarse { value, step: 2.0, told: Told::About }
    }

    #[test]
    fn a_sum_is_no_more_exact_than_its_parts() {
        let v = Shown::Value;
        for (parts, sum) in [
            (vec![], v(0.0)),
            (vec![v(3.0), v(4.0)], v(7.0)),
            (vec![v(3.0), at_least(55.0)], Shown::Coarse { value: 58.0, step: 5.0, told: Told::AtLeast }),
            (vec![near(10.0), near(20.0)], Shown::Coarse { value: 30.0, step: 4.0, told: Told::About }),
            (vec![near(10.0), at_least(55.0)], Shown::Coarse { value: 64.0, step: 7.0, told: Told::AtLeast }),
            (vec![v(3.0), HIDDEN], Shown::Missing),
            (vec![v(3.0), Shown::Missing], Shown::Missing),
        ] {
            assert_eq!(Shown::sum(parts.clone()), sum, "{parts:?}");
        }
    }

    #[test]
    fn a_share_is_no_more_exact_than_its_parts() {
        let v = Shown::Value;
        for (part, whole, share) in [
            (v(1.0), v(4.0), v(25.0)),
            (v(1.0), v(0.0), Shown::Missing),
            (v(1.0), HIDDEN, Shown::Missing),
            (HIDDEN, v(4.0), Shown::Missing),
            (at_least(50.0), v(500.0), Shown::Coarse { value: 11.0, step: 1.0, told: Told::About }),
            (at_least(5.0), at_least(10.0), Shown::Missing),
        ] {
            assert_eq!(part.percent_of(whole), share, "{part:?} of {whole:?}");
        }
    }

    #[test]
    fn a_distance_keeps_its_sign() {
        assert_eq!(at_least(55.0).above(60.0), at_least(-5.0));
        assert_eq!(Shown::Value(3.0).above(5.0), Shown::Value(-2.0));
        assert_eq!(HIDDEN.above(5.0), HIDDEN);
    }

    #[test]
    fn a_range_holds_what_it_may_be() {
        assert_eq!(at_least(55.0).range(), Some((55.0, f64::INFINITY)));
        assert_eq!(near(96.0).range(), Some((95.0, 97.0)));
        assert_eq!(HIDDEN.range(), None);
    }
}
