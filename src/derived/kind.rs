//! What kind of number a figure is, which decides by what law it varies. Owns the classes; reads the plan, no data.

use crate::indicators::measure::{FigurePlan, Plan};
use crate::indicators::window::Window;
use crate::privacy::sort::{Sort, sort};
use crate::site::Site;
use crate::site::catalogue::Indicator;
use crate::site::datasets::Rollup;

/// What kind of number a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// How many happened in a span of time.
    Count,
    /// How many happened for so many of something else: per 10,000 residents.
    Rate,
    /// Part of a whole, each of which is in or not: a proportion.
    Share,
    /// A mean, a median, an amount, a stock: how it varies is learnt from itself.
    #[default]
    Amount,
}

/// What is known of a figure before any data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nature {
    /// Kind.
    pub kind: Kind,
    /// Every how many points of a series the windows do not overlap; none where each window holds the one before it.
    pub stride: Option<usize>,
    /// Days of a point's window, where points are a day apart; 0 where they are a month apart.
    pub days: usize,
    /// Whether the areas inside an area add up to it: in both counts of a ratio, or in the count alone.
    pub adds_up: bool,
}

impl Nature {
    /// Of a figure of the catalogue.
    pub(crate) fn new(site: &Site, plan: &Plan, row: &Indicator, figure: &FigurePlan) -> Self {
        let sorts: Vec<Sort> = [Some(figure.numerator), figure.denominator]
            .into_iter()
            .flatten()
            .map(|side| sort(site, plan, side))
            .collect();
        let counts = sorts.iter().all(|sort| *sort == Sort::Count);
        let happens = row.grain.as_deref() != Some("stock") && figure.numerator.window != Window::Now;
        let kind = match (&row.denominator, counts) {
            (None, true) if happens => Kind::Count,
            (Some(_), true) if row.unit == "%" => Kind::Share,
            (Some(_), true) => Kind::Rate,
            _ => Kind::Amount,
        };
        let is_median = row.numerator.expr.contains("median");
        let tables = [Some(&row.numerator), row.denominator.as_ref()];
        let sums = tables
            .into_iter()
            .flatten()
            .all(|side| site.table(&side.table).is_some_and(|table| table.rollup == Rollup::Sum));
        let adds_up = sums && !is_median && !sorts.contains(&Sort::Distinct);
        let window = figure.numerator.window;
        Self { kind, stride: stride(window), days: days(window), adds_up }
    }

    /// How many points of a series are wanted: two years of months, or more where windows overlap and the limits need
    /// some that do not.
    #[must_use]
    pub fn points(self) -> usize {
        /// Twice a year, so that the same month of both years before is seen.
        const POINTS: usize = 25;
        /// Windows longer than a week of days are not followed for years.
        const LONGEST: usize = 7;
        let apart = self.stride.filter(|stride| *stride <= LONGEST).unwrap_or(1);
        POINTS.max(super::control::LEAST_POINTS * apart + 1)
    }
}

/// Days of a window, where points of a series are a day apart.
fn days(window: Window) -> usize {
    let days = match window {
        Window::Day | Window::LatestDay => 1,
        Window::TrailingHours(hours) => hours.div_ceil(24),
        Window::TrailingDays(days) if days <= 7 => days,
        _ => 0,
    };
    usize::try_from(days).unwrap_or(0)
}

/// Points of a series are a day apart for windows up to a week, else a month.
fn stride(window: Window) -> Option<usize> {
    let steps = match window {
        Window::Day | Window::LatestDay | Window::Month | Window::LatestMonth => 1,
        Window::TrailingHours(hours) => hours.div_ceil(24),
        Window::TrailingDays(days) if days <= 7 => days,
        Window::TrailingDays(days) => days.div_ceil(31),
        Window::TrailingMonths(months) => months,
        Window::YearToDate => 12,
        Window::Cumulative | Window::Since(_) | Window::Now => return None,
    };
    usize::try_from(steps.max(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_overlap_are_not_set_beside_each_other() {
        for (window, expected) in [
            ("day", Some(1)),
            ("trailing 24 h", Some(1)),
            ("trailing 7 days", Some(7)),
            ("trailing 30 days", Some(1)),
            ("trailing 3 months", Some(3)),
            ("trailing 12 months", Some(12)),
            ("latest month", Some(1)),
            ("cumulative", None),
            ("cumulative since 2020-01-01", None),
            ("now", None),
        ] {
            assert_eq!(stride(Window::parse(window).unwrap()), expected, "{window}");
        }
    }
}
