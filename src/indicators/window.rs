//! Spans of time of the catalogue: `trailing 30 days`, `latest month`, `cumulative since 2020-01-01`. Owns their
//! words and where they begin and end on an axis of days or months.

use crate::site::civil::{add_months, date_of, day_of_date, month_start, parse_day, year_start};
use crate::site::text::Messages;
use crate::snapshot::Day;

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// One day.
    Day,
    /// The calendar month up to the day asked for.
    Month,
    /// The calendar year up to the day asked for.
    YearToDate,
    /// The last so many days.
    TrailingDays(u32),
    /// The last so many months.
    TrailingMonths(u32),
    /// The last so many hours.
    TrailingHours(u32),
    /// Everything up to the day asked for.
    Cumulative,
    /// Everything from a day on.
    Since(Day),
    /// The newest day reported.
    LatestDay,
    /// The newest month reported.
    LatestMonth,
    /// The present state, without time.
    Now,
}

impl Window {
    /// Parses the words of the catalogue.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Some(match words.as_slice() {
            ["day"] => Self::Day,
            ["month"] => Self::Month,
            ["year", "to", "date"] => Self::YearToDate,
            ["cumulative"] => Self::Cumulative,
            ["cumulative", "since", day] => Self::Since(parse_day(day)?),
            ["latest", "day"] => Self::LatestDay,
            ["latest", "month"] => Self::LatestMonth,
            ["now"] => Self::Now,
            ["trailing", n, "days" | "day"] => Self::TrailingDays(n.parse().ok().filter(|n| *n > 0)?),
            ["trailing", n, "months" | "month"] => Self::TrailingMonths(n.parse().ok().filter(|n| *n > 0)?),
            ["trailing", n, "h"] => Self::TrailingHours(n.parse().ok().filter(|n| *n > 0)?),
            _ => return None,
        })
    }

    /// All words that are understood, for "did you mean".
    pub const WORDS: &'static [&'static str] = &[
        "day",
        "month",
        "year to date",
        "cumulative",
        "cumulative since 2020-01-01",
        "latest day",
        "latest month",
        "now",
        "trailing 7 days",
        "trailing 30 days",
        "trailing 3 months",
        "trailing 12 months",
        "trailing 24 h",
    ];

    /// First and last day of the span that ends on `end`, on an axis of days.
    #[must_use]
    pub fn days(self, end: Day) -> (Day, Day) {
        let from = match self {
            Self::Day | Self::LatestDay => end,
            Self::Month | Self::LatestMonth => month_start(end),
            Self::YearToDate => year_start(end),
            Self::TrailingDays(n) => end - i32::try_from(n).unwrap_or(i32::MAX).saturating_sub(1),
            Self::TrailingHours(n) => end - i32::try_from(n.div_ceil(24)).unwrap_or(0).saturating_sub(1),
            Self::TrailingMonths(n) => add_months(end, -i32::try_from(n).unwrap_or(0)) + 1,
            Self::Since(day) => day,
            Self::Cumulative | Self::Now => Day::MIN,
        };
        (from, end)
    }

    /// First and last month (counted from year 0) of the span that ends in month `end`, on an axis of months.
    #[must_use]
    pub fn months(self, end: i32) -> (i32, i32) {
        let from = match self {
            Self::Day | Self::LatestDay | Self::Month | Self::LatestMonth | Self::TrailingHours(_) => end,
            Self::YearToDate => end - end.rem_euclid(12),
            Self::TrailingDays(n) => end - i32::try_from(n.div_ceil(31)).unwrap_or(0).saturating_sub(1),
            Self::TrailingMonths(n) => end - i32::try_from(n).unwrap_or(0).saturating_sub(1),
            Self::Since(day) => month_number(day),
            Self::Cumulative | Self::Now => i32::MIN,
        };
        (from, end)
    }

    /// How far back the comparison of a figure with its own past looks, in days, or `None` for one month.
    #[must_use]
    pub const fn previous_days(self) -> Option<i32> {
        match self {
            // The same day of the week, since weekdays differ more than weeks.
            Self::Day | Self::LatestDay | Self::TrailingHours(_) => Some(7),
            Self::TrailingDays(n) if n <= 7 => Some(7),
            Self::TrailingDays(_) => Some(30),
            _ => None,
        }
    }

    /// Last day of the span that comes a period before the one that ends on `end`.
    #[must_use]
    pub fn period_before(self, end: Day) -> Day {
        self.previous_days().map_or_else(|| self.months_before(end, 1), |days| end - days)
    }

    /// Last day of the same span a year earlier. A single day stands against the same weekday 52 weeks before; 29
    /// February against 28 February.
    #[must_use]
    pub fn year_before(self, end: Day) -> Day {
        match self {
            Self::Day | Self::LatestDay | Self::TrailingHours(_) => end - 364,
            _ => self.months_before(end, 12),
        }
    }

    /// Last day of the same span some months earlier: the same day of the month, at most its last. A span of whole
    /// months that is over stands against whole months: 28 February against 31 January and 29 February.
    #[must_use]
    pub fn months_before(self, end: Day, months: i32) -> Day {
        let is_of_months =
            matches!(self, Self::Month | Self::LatestMonth | Self::YearToDate | Self::TrailingMonths(_));
        let is_over = month_start(end + 1) == end + 1;
        if is_of_months && is_over { add_months(end + 1, -months) - 1 } else { add_months(end, -months) }
    }
}

/// Step of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Civil days.
    Day,
    /// Civil months, counted from year 0.
    Month,
}

impl Step {
    /// Place of a day on an axis of this step.
    #[must_use]
    pub fn place(self, day: Day) -> i32 {
        match self {
            Self::Day => day,
            Self::Month => month_number(day),
        }
    }

    /// First day of a place.
    #[must_use]
    pub fn first_day(self, place: i32) -> Day {
        match self {
            Self::Day => place,
            Self::Month => first_day(place),
        }
    }

    /// Last day of a place.
    #[must_use]
    pub fn last_day(self, place: i32) -> Day {
        self.first_day(place.saturating_add(1)).saturating_sub(1)
    }

    /// First and last place of a span that ends at a place.
    pub(super) fn span(self, window: Window, end: i32) -> (i32, i32) {
        match self {
            Self::Day => window.days(end),
            // A day of the catalogue (`since 2020-01-01`) is turned into a month by the window itself.
            Self::Month => window.months(end),
        }
    }
}

/// Months since year 0 of a day.
#[must_use]
pub fn month_number(day: Day) -> i32 {
    let date = date_of(day);
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}

/// First day of a month counted from year 0: the other way round.
#[must_use]
pub fn first_day(month: i32) -> Day {
    if month == i32::MIN {
        return Day::MIN;
    }
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(0);
    let month = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    jiff::civil::Date::new(year, month, 1).map_or(Day::MIN, day_of_date)
}

/// Words for the span that a figure covers: `近 30 天`.
#[must_use]
pub fn words(window: &str, text: &Messages) -> String {
    let mut parts = window.split_whitespace();
    match (parts.next(), parts.next(), parts.next()) {
        (Some("trailing"), Some(n), Some(unit)) => {
            text.fill(&format!("time.window.trailing_{unit}"), &[("n", n)])
        }
        (Some("cumulative"), Some("since"), Some(day)) => text.fill("time.window.since", &[("day", day)]),
        _ => text.get(&format!("time.window.{}", window.replace(' ', "_"))).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::civil::parse_day;

    fn day(text: &str) -> Day {
        parse_day(text).unwrap()
    }

    #[test]
    fn words() {
        for text in Window::WORDS {
            assert!(Window::parse(text).is_some(), "{text}");
        }
        for text in ["", "trailing 0 days", "trailing days", "cumulative since then", "last week"] {
            assert_eq!(Window::parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_of_days() {
        for (window, end, from) in [
            ("day", "2026-11-23", "2026-11-23"),
            ("month", "2026-11-23", "2026-11-01"),
            ("year to date", "2026-11-23", "2026-01-01"),
            ("trailing 30 days", "2026-11-23", "2026-10-25"),
            ("trailing 12 months", "2026-11-23", "2025-11-24"),
            ("trailing 12 months", "2024-02-29", "2023-03-01"),
            ("trailing 3 months", "2026-05-31", "2026-03-01"),
            ("trailing 24 h", "2026-11-23", "2026-11-23"),
            ("cumulative since 2021-01-01", "2026-11-23", "2021-01-01"),
        ] {
            assert_eq!(
                Window::parse(window).unwrap().days(day(end)),
                (day(from), day(end)),
                "{window} {end}"
            );
        }
    }

    #[test]
    fn spans_before() {
        for (window, end, period, year) in [
            ("month", "2026-11-23", "2026-10-23", "2025-11-23"),
            // Months that are over stand against months that are over, however long.
            ("month", "2025-02-28", "2025-01-31", "2024-02-29"),
            ("month", "2024-02-29", "2024-01-31", "2023-02-28"),
            ("latest month", "2026-11-30", "2026-10-31", "2025-11-30"),
            ("trailing 12 months", "2025-02-28", "2025-01-31", "2024-02-29"),
            ("year to date", "2026-06-30", "2026-05-31", "2025-06-30"),
            // A month that is not over stands against as many days, at most the whole month.
            ("month", "2026-03-30", "2026-02-28", "2025-03-30"),
            ("trailing 30 days", "2024-02-29", "2024-01-30", "2023-02-28"),
            ("trailing 7 days", "2026-11-23", "2026-11-16", "2025-11-23"),
            // Mondays against Mondays.
            ("day", "2026-11-23", "2026-11-16", "2025-11-24"),
            ("latest day", "2024-02-29", "2024-02-22", "2023-03-02"),
            ("cumulative", "2025-02-28", "2025-01-28", "2024-02-28"),
        ] {
            let window_read = Window::parse(window).unwrap();
            assert_eq!(window_read.period_before(day(end)), day(period), "{window} {end}");
            assert_eq!(window_read.year_before(day(end)), day(year), "{window} {end}");
        }
    }

    #[test]
    fn spans_of_months() {
        let october = month_number(day("2026-10-01"));
        for (window, from) in [
            ("latest month", "2026-10-01"),
            ("trailing 12 months", "2025-11-01"),
            ("year to date", "2026-01-01"),
        ] {
            let expected = (month_number(day(from)), october);
            assert_eq!(Window::parse(window).unwrap().months(october), expected, "{window}");
        }
    }
}
