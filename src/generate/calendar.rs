//! Owns the days of the site: where they begin, which are worked, and their weather.
//! Never reads today's date: the last day is the template's.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::GenerateError;
use super::math::sin_cos_turns;
use super::rng::Stream;
use crate::site::calendar::DayKind;

/// A date as YYYY-MM-DD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct IsoDate(pub(super) Date);

impl TryFrom<String> for IsoDate {
    type Error = jiff::Error;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(IsoDate)
    }
}

impl IsoDate {
    /// Days since 1970-01-01.
    pub(super) fn number(self) -> i32 {
        number_of(self.0)
    }
}

fn number_of(date: Date) -> i32 {
    (date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24) as i32
}

/// `[calendar]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarSpec {
    /// First day of the daily history, and of tables that reach further back.
    pub(super) first_day: IsoDate,
    pub(super) early_day: IsoDate,
    /// The long holiday, when much of the town is away: first and last day.
    pub(super) long_holidays: Vec<[IsoDate; 2]>,
    /// Storms: first and last day.
    pub(super) storms: Vec<[IsoDate; 2]>,
    /// Chance of a day of heavy rain, January to December.
    pub(super) rain_by_month: Vec<f64>,
}

/// One day.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) date: Date,
    /// Days since 1970-01-01, as a Date column stores them.
    pub(super) number: i32,
    /// First second of the day, and of the next.
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) working: bool,
    pub(super) long_holiday: bool,
    /// 0 dry, up to 1 heavy rain; a storm counts 2.
    pub(super) rain: f64,
    /// -1 in winter to 1 in summer.
    pub(super) season: f64,
    /// Years since the first day of the daily history.
    pub(super) age: f64,
}

/// The first day of a month.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    pub(super) year: i16,
    pub(super) month: i8,
    pub(super) number: i32,
    /// Share of the history passed, 0 to 1.
    pub(super) progress: f64,
}

impl Month {
    /// Whether a quarter ends with this month.
    pub(super) fn ends_quarter(&self) -> bool {
        self.month % 3 == 0
    }
}

/// The days from the early day to one day after the anchor.
#[derive(Debug)]
pub(super) struct Calendar {
    days: Vec<Day>,
    first: usize,
}

impl Calendar {
    /// Builds the calendar up to the day after `anchor`; holidays and days of rest are the site's.
    pub(super) fn new(
        spec: &CalendarSpec,
        site: &crate::site::calendar::Calendar,
        time_zone: &str,
        anchor: Date,
        seed: u64,
    ) -> Result<Self, GenerateError> {
        let zone = TimeZone::get(time_zone).map_err(GenerateError::Time)?;
        let mut stream = Stream::new(seed, "weather");
        let mut days = Vec::new();
        let mut date = spec.early_day.0.min(spec.first_day.0);
        let start_of = |date: Date| {
            date.to_zoned(zone.clone()).map(|at| at.timestamp().as_second()).map_err(GenerateError::Time)
        };
        let mut start = start_of(date)?;
        let mut first = 0;
        let after = anchor.tomorrow().map_err(GenerateError::Time)?;
        while date <= after {
            let tomorrow = date.tomorrow().map_err(GenerateError::Time)?;
            let end = start_of(tomorrow)?;
            let within =
                |spans: &[[IsoDate; 2]]| spans.iter().any(|span| span[0].0 <= date && date <= span[1].0);
            let number = number_of(date);
            let working = match site.at(number) {
                Some(span) => span.kind == DayKind::WorkingDay,
                None => !site.is_rest_day(number),
            };
            let chance = spec.rain_by_month.get(date.month() as usize - 1).copied().unwrap_or(0.0);
            let wet = if stream.chance(chance) { stream.range(0.3, 1.0) } else { 0.0 };
            let rain = if within(&spec.storms) { 2.0 } else { wet };
            let (_, cosine) = sin_cos_turns((f64::from(date.day_of_year()) - 200.0) / 365.25);
            if date == spec.first_day.0 {
                first = days.len();
            }
            let age = f64::from(number - number_of(spec.first_day.0)) / 365.25;
            let long_holiday = within(&spec.long_holidays);
            days.push(Day { date, number, start, end, working, long_holiday, rain, season: cosine, age });
            date = tomorrow;
            start = end;
        }
        if days.len() < 400 || first + 400 > days.len() {
            return Err(GenerateError::Days);
        }
        Ok(Self { days, first })
    }

    /// The days of the daily history, the anchor last.
    pub(super) fn history(&self) -> &[Day] {
        self.days.get(self.first..self.days.len() - 1).unwrap_or_default()
    }

    /// The days since the early day, the anchor last.
    pub(super) fn long_history(&self) -> &[Day] {
        self.days.get(..self.days.len() - 1).unwrap_or_default()
    }

    /// The days of the history and the one after, which is sent live.
    pub(super) fn with_replay(&self) -> &[Day] {
        self.days.get(self.first..).unwrap_or_default()
    }

    /// The last day of the data.
    pub(super) fn anchor(&self) -> &Day {
        &self.days[self.days.len() - 2]
    }

    /// First second after the anchor.
    pub(super) fn end(&self) -> i64 {
        self.anchor().end
    }

    /// The whole months of the daily history (its first month counts), the last complete one last.
    pub(super) fn months(&self) -> Vec<Month> {
        self.months_of(self.history())
    }

    /// The whole months since the early day.
    pub(super) fn long_months(&self) -> Vec<Month> {
        self.months_of(self.long_history())
    }

    fn months_of(&self, days: &[Day]) -> Vec<Month> {
        let firsts: Vec<&Day> = days.iter().filter(|day| day.date.day() == 1).collect();
        // The month the anchor lies in is complete only when the anchor is its last day.
        let anchor = self.anchor().date;
        let complete = |date: Date| {
            anchor.day() == anchor.days_in_month()
                || (date.year(), date.month()) != (anchor.year(), anchor.month())
        };
        let firsts: Vec<&Day> = firsts.into_iter().filter(|day| complete(day.date)).collect();
        let count = firsts.len().max(2) as f64 - 1.0;
        let month = |(index, day): (usize, &&Day)| Month {
            year: day.date.year(),
            month: day.date.month(),
            number: day.number,
            progress: index as f64 / count,
        };
        firsts.iter().enumerate().map(month).collect()
    }
}

/// The instant in a day, by the minute of the day and seconds; never past the day's end.
pub(super) fn at(day: &Day, second: i64) -> i64 {
    (day.start + second).min(day.end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::calendar::{Calendar as SiteCalendar, DaySpan};
    use crate::site::text::Bilingual;

    #[test]
    fn days_begin_where_the_zone_says() {
        let date = |text: &str| text.parse::<Date>().expect("date");
        let iso = |text: &str| IsoDate(date(text));
        let spec = CalendarSpec {
            first_day: iso("2021-11-24"),
            early_day: iso("2020-01-01"),
            long_holidays: vec![],
            storms: vec![],
            rain_by_month: vec![0.1; 12],
        };
        let span = |kind, first, last| DaySpan {
            kind,
            name: Bilingual::default(),
            first: iso(first).number(),
            last: iso(last).number(),
            source: Bilingual::default(),
        };
        let spans = vec![
            span(DayKind::Holiday, "2026-10-01", "2026-10-07"),
            span(DayKind::WorkingDay, "2026-10-10", "2026-10-10"),
        ];
        let site = SiteCalendar::new(spans, [false, false, false, false, false, true, true]);
        let calendar = Calendar::new(&spec, &site, "Asia/Shanghai", date("2026-11-23"), 1).expect("calendar");
        assert_eq!(calendar.anchor().date, date("2026-11-23"));
        assert_eq!(calendar.end(), 1_795_449_600);
        assert_eq!(calendar.history().len(), 1826);
        let months = calendar.months();
        assert_eq!(months.last().map(|m| (m.year, m.month)), Some((2026, 10)));
        let day =
            |text: &str| calendar.history().iter().find(|day| day.date == date(text)).expect("day").clone();
        assert!(!day("2026-10-05").working && day("2026-10-10").working && !day("2026-10-11").working);
        assert_eq!(day("2026-11-23").number, 20_780);
    }
}
