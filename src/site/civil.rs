//! Civil time of a site: which day an instant belongs to, when a day begins, how both are written. Owns every
//! conversion between instants and days; never asks the clock of the machine.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::snapshot::{Day, EpochSecs};

/// The site's time zone.
#[derive(Debug, Clone)]
pub struct CivilZone {
    zone: TimeZone,
    fixed_offset_secs: Option<i64>,
}

const DAY_SECS: i64 = 86_400;

impl CivilZone {
    /// The zone of an IANA name.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn new(name: &str) -> Result<Self, jiff::Error> {
        let zone = TimeZone::get(name)?;
        // Most sites never change their clocks within their history. Knowing that turns a zone look-up per row into
        // one addition. The span is wider than any history we load.
        let from: Timestamp = "2000-01-01T00:00:00Z".parse()?;
        let until: Timestamp = "2100-01-01T00:00:00Z".parse()?;
        let steady = zone.following(from).take_while(|t| t.timestamp() < until).next().is_none();
        let fixed_offset_secs = steady.then(|| i64::from(zone.to_offset(from).seconds()));
        Ok(Self { zone, fixed_offset_secs })
    }

    /// The civil day of an instant.
    #[must_use]
    pub fn day_of(&self, secs: EpochSecs) -> Day {
        let offset = self.fixed_offset_secs.unwrap_or_else(|| self.offset_at(secs));
        Day::try_from((secs + offset).div_euclid(DAY_SECS)).unwrap_or(Day::MAX)
    }

    /// The seconds to add to an instant, where the clocks of the zone never change.
    pub(crate) const fn steady_offset(&self) -> Option<i64> {
        self.fixed_offset_secs
    }

    fn offset_at(&self, secs: EpochSecs) -> i64 {
        Timestamp::from_second(secs).map_or(0, |t| i64::from(self.zone.to_offset(t).seconds()))
    }

    /// The first instant of a civil day.
    #[must_use]
    pub fn start_of(&self, day: Day) -> EpochSecs {
        let naive = i64::from(day) * DAY_SECS;
        if let Some(offset) = self.fixed_offset_secs {
            return naive - offset;
        }
        date_of(day).to_zoned(self.zone.clone()).map_or(naive, |z| z.timestamp().as_second())
    }

    /// The instant of a civil date and time; within an hour that the clocks repeat, the earlier one.
    #[must_use]
    pub fn instant(&self, civil: DateTime) -> Option<EpochSecs> {
        let naive = civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
        if let Some(offset) = self.fixed_offset_secs {
            return Some(naive - offset);
        }
        Some(civil.to_zoned(self.zone.clone()).ok()?.timestamp().as_second())
    }

    /// The last instant of a civil day.
    #[must_use]
    pub fn end_of(&self, day: Day) -> EpochSecs {
        self.start_of(day + 1) - 1
    }

    /// Civil date and time of an instant.
    #[must_use]
    pub fn civil(&self, secs: EpochSecs) -> Zoned {
        Timestamp::from_second(secs).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone())
    }

    /// ISO 8601 with the site's offset: `2026-11-23T23:59:59+08:00`.
    #[must_use]
    pub fn iso(&self, secs: EpochSecs) -> String {
        self.civil(secs).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// `HH:MM`.
    #[must_use]
    pub fn clock(&self, secs: EpochSecs) -> String {
        self.civil(secs).strftime("%H:%M").to_string()
    }
}

/// The calendar date of a day.
#[must_use]
pub fn date_of(day: Day) -> Date {
    jiff::civil::date(1970, 1, 1).checked_add(i64::from(day).days()).unwrap_or(Date::MAX)
}

/// The day of a calendar date.
#[must_use]
pub fn day_of_date(date: Date) -> Day {
    date.duration_since(jiff::civil::date(1970, 1, 1))
        .as_hours()
        .div_euclid(24)
        .try_into()
        .unwrap_or(Day::MAX)
}

/// The day of `YYYY-MM-DD`.
#[must_use]
pub fn parse_day(text: &str) -> Option<Day> {
    text.parse::<Date>().ok().map(day_of_date)
}

/// First day of the month of a day.
#[must_use]
pub fn month_start(day: Day) -> Day {
    day_of_date(date_of(day).first_of_month())
}

/// First day of the year of a day.
#[must_use]
pub fn year_start(day: Day) -> Day {
    day_of_date(date_of(day).first_of_year())
}

/// The same day some months later (earlier when negative), at most the month's last day.
#[must_use]
pub fn add_months(day: Day, months: i32) -> Day {
    date_of(day).checked_add(months.months()).map_or(day, day_of_date)
}
