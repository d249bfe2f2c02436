//! Classes of a choropleth: where one colour ends and the next begins. Owns the methods and the rounding of breaks to
//! readable numbers; knows no colours.

use super::breaks;

/// How breaks are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// About as many areas in each class.
    Quantile,
    /// Steps of one readable size, one break exactly at the target.
    AroundTarget(f64),
    /// Classes whose values differ least from each other: the exact optimum of Fisher (1958), known as Jenks's natural
    /// breaks.
    Natural,
    /// Steps of one readable size.
    Equal,
}

/// Breaks in growing order; class `i` runs from break `i` up to, but not including, break `i + 1`; the last includes
/// its end. No values, no breaks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Classes {
    breaks: Vec<f64>,
    /// How they were found: the method that was asked for, or what stood in where it does not suit.
    pub found_by: Option<Method>,
}

impl Classes {
    /// How many classes there are at most: more shades of one hue are not told apart from six metres.
    pub const MOST: usize = 7;

    /// Classes of values. A method that does not suit them (a target far outside) falls back to quantiles.
    #[must_use]
    pub fn new(values: &[f64], method: Method, decimals: usize) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
            return Self::default();
        };
        let finest = 0.1_f64.powi(i32::try_from(decimals).unwrap_or(0));
        if high - low < finest * 0.5 {
            return Self { breaks: vec![low, high], found_by: Some(method) };
        }
        let method = match method {
            Method::AroundTarget(target) if !suits(target, low, high) => Method::Quantile,
            other => other,
        };
        let breaks = match method {
            Method::AroundTarget(target) => around(target, &sorted, finest),
            Method::Quantile => quantiles(&sorted, finest),
            Method::Natural => breaks::natural(&sorted, NATURAL_CLASSES, finest),
            Method::Equal => equal(low, high, finest),
        };
        Self { breaks, found_by: Some(method) }
    }

    /// The same with an end that no value can pass, such as 100 %, instead of a break beyond it.
    #[must_use]
    pub fn capped(mut self, most: f64) -> Self {
        let before = self.breaks.iter().rev().nth(1).copied();
        if let Some(end) = self.breaks.last_mut()
            && before.is_some_and(|b| b < most)
        {
            *end = end.min(most);
        }
        self
    }

    /// The breaks, one more than there are classes.
    #[must_use]
    pub fn breaks(&self) -> &[f64] {
        &self.breaks
    }

    /// How many classes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.breaks.len().saturating_sub(1)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of a value; values outside belong to the nearest class.
    #[must_use]
    pub fn class(&self, value: f64) -> usize {
        // A value that prints as the break belongs above it: 95.99999 is 96.
        let slack = self.breaks.first().zip(self.breaks.last()).map_or(0.0, |(a, b)| (b - a).abs() * 1e-9);
        let below = self.breaks.iter().filter(|b| **b <= value + slack).count();
        below.saturating_sub(1).min(self.len().saturating_sub(1))
    }
}

/// Natural breaks are clearest with few classes.
const NATURAL_CLASSES: usize = 5;

/// Steps of one readable size from below the least value to above the greatest.
fn equal(low: f64, high: f64, finest: f64) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "seven")]
    let most = Classes::MOST as f64;
    let mut step = readable_above(((high - low) / most).max(finest));
    loop {
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        if last - first <= most {
            #[expect(clippy::cast_possible_truncation, reason = "at most seven steps apart")]
            let steps = (first as i64)..=(last as i64).max(first as i64 + 1);
            return steps.map(|i| tidy(to_f64(i) * step, finest)).collect();
        }
        step = readable_above(step * 1.01);
    }
}

/// A target tells classes apart only where values lie near it.
fn suits(target: f64, low: f64, high: f64) -> bool {
    let near = (high - low) * 0.35;
    target.is_finite() && target >= low - near && target <= high + near
}

/// The least readable number (1, 2, 2.5 or 5 times a power of ten) that is not below `least`.
#[must_use]
pub(super) fn readable_above(least: f64) -> f64 {
    if !least.is_finite() || least <= 0.0 {
        return 1.0;
    }
    let decade = 10.0_f64.powf(least.log10().floor());
    // A hair of slack: 0.30000000000000004 is 0.3.
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|m| m * decade)
        .find(|s| *s >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

/// Steps of one size through the bulk of the values, a break at the target; a lone low or high value stretches the
/// class at its end instead of all of them.
fn around(target: f64, sorted: &[f64], finest: f64) -> Vec<f64> {
    let at = |share: f64| quantile(sorted, share);
    let (low, high) = (at(0.0), at(1.0));
    let (from, to) = (at(0.08), at(0.92));
    #[expect(clippy::cast_precision_loss, reason = "seven")]
    let most = Classes::MOST as f64;
    let mut step = readable_above(((to - from) / most).max(finest));
    loop {
        let first = ((from - target) / step + 1e-9).floor();
        let last = ((to - target) / step - 1e-9).ceil().max(first + 1.0);
        let below = target + first * step > low + finest * 0.01;
        let above = target + last * step < high - finest * 0.01;
        if last - first + f64::from(u8::from(below) + u8::from(above)) <= most {
            #[expect(clippy::cast_possible_truncation, reason = "at most eight steps from the target")]
            let inner = ((first as i64)..=(last as i64)).map(|i| tidy(target + to_f64(i) * step, finest));
            let start = below.then(|| tidy(target + ((low - target) / step + 1e-9).floor() * step, finest));
            let end = above.then(|| tidy(target + ((high - target) / step - 1e-9).ceil() * step, finest));
            return start.into_iter().chain(inner).chain(end).collect();
        }
        step = readable_above(step * 1.01);
    }
}

/// The value that a share of all values does not pass.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(index).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "a few steps")]
const fn to_f64(i: i64) -> f64 {
    i as f64
}

fn quantiles(sorted: &[f64], finest: f64) -> Vec<f64> {
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
        return Vec::new();
    };
    let unit = readable_above(((high - low) / 60.0).max(finest));
    let down = |v: f64| tidy((v / unit + 1e-9).floor() * unit, finest);
    let up = |v: f64| tidy((v / unit - 1e-9).ceil() * unit, finest);
    let mut breaks = vec![down(low)];
    let last = sorted.len() - 1;
    for i in 1..Classes::MOST {
        let raw = sorted.get(i * (last + 1) / Classes::MOST).copied().unwrap_or(high);
        let rounded = tidy((raw / unit).round() * unit, finest);
        let from = breaks.last().copied().unwrap_or(low);
        let holds_a_value = sorted.iter().any(|v| *v >= from && *v < rounded);
        if rounded > from && rounded <= high && holds_a_value {
            breaks.push(rounded);
        }
    }
    let end = up(high);
    if breaks.last().is_some_and(|b| *b < end) {
        breaks.push(end);
    } else if breaks.len() == 1 {
        breaks.push(end + unit);
    }
    breaks
}

/// Takes away the digits that repeated addition leaves behind.
pub(super) fn tidy(value: f64, finest: f64) -> f64 {
    let digits = finest * 0.001;
    let tidy = (value / digits).round() * digits;
    if tidy == 0.0 { 0.0 } else { tidy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-6)
    }

    #[test]
    fn breaks_of_known_values() {
        let rows: [(&[f64], Method, usize, &[f64]); 11] = [
            (&[], Method::Quantile, 1, &[]),
            (&[5.0], Method::Quantile, 1, &[5.0, 5.0]),
            (&[3.0, 3.0, 3.0], Method::AroundTarget(3.0), 0, &[3.0, 3.0]),
            (
                &[97.1, 98.4, 99.9],
                Method::AroundTarget(99.0),
                1,
                &[97.0, 97.5, 98.0, 98.5, 99.0, 99.5, 100.0],
            ),
            (&[80.0, 98.0], Method::AroundTarget(96.0), 0, &[76.0, 81.0, 86.0, 91.0, 96.0, 101.0]),
            (&[80.0, 100.0], Method::AroundTarget(105.0), 0, &[80.0, 85.0, 90.0, 95.0, 100.0]),
            (
                &[91.0, 97.0, 97.5, 98.0, 98.5, 98.6, 99.0, 99.1, 99.2, 99.3, 99.4, 99.5, 99.6, 99.9],
                Method::AroundTarget(99.0),
                1,
                &[91.0, 97.0, 97.5, 98.0, 98.5, 99.0, 99.5, 100.0],
            ),
            (&[0.0, 100.0], Method::AroundTarget(2000.0), 0, &[0.0, 100.0]),
            (&[3.0, 17.0, 42.0, 99.0], Method::Equal, 0, &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
            (&[97.1, 98.4, 99.9], Method::Equal, 1, &[97.0, 97.5, 98.0, 98.5, 99.0, 99.5, 100.0]),
            (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], Method::Quantile, 0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]),
        ];
        for (values, method, decimals, wanted) in rows {
            let found = Classes::new(values, method, decimals);
            assert!(near(found.breaks(), wanted), "{values:?} by {method:?}: {:?}", found.breaks());
        }
    }

    #[test]
    fn values_fall_into_their_classes() {
        let classes = Classes { breaks: vec![0.0, 10.0, 20.0, 30.0], found_by: None };
        for (value, wanted) in
            [(-5.0, 0), (0.0, 0), (9.9, 0), (10.0, 1), (9.999_999_999_9, 1), (30.0, 2), (99.0, 2)]
        {
            assert_eq!(classes.class(value), wanted, "{value}");
        }
    }

    #[test]
    fn steps_are_readable() {
        for (least, wanted) in
            [(0.07, 0.1), (0.3, 0.5), (1.0, 1.0), (1.2, 2.0), (2.2, 2.5), (2.6, 5.0), (70.0, 100.0)]
        {
            assert!((readable_above(least) - wanted).abs() < 1e-9, "{least}: {}", readable_above(least));
        }
    }

    proptest! {
        #[test]
        fn classes_hold_all_values(values in proptest::collection::vec(-1e6_f64..1e6, 1..60), target in -1e6_f64..1e6, which in 0_usize..4) {
            let method = [Method::Quantile, Method::AroundTarget(target), Method::Natural, Method::Equal][which];
            let classes = Classes::new(&values, method, 1);
            prop_assert!((1..=Classes::MOST).contains(&classes.len()));
            prop_assert!(classes.breaks().windows(2).all(|w| w[0] <= w[1]));
            let (low, high) = (classes.breaks()[0], classes.breaks()[classes.len()]);
            for v in &values {
                prop_assert!(*v >= low - 1e-3 && *v <= high + 1e-3, "{v} outside {low}..{high}");
            }
        }
    }
}
