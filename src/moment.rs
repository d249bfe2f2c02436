//! Which time a picture is of, and where pictures of other times come from. Owns the small types that state, engine and
//! panels share about time; computes no figure.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::site::civil::CivilZone;
use crate::site::problem::Problem;
use crate::snapshot::{EpochSecs, Events, Figures, Freshness, SeriesSource, Snapshot};

/// What knowledge a picture of the past is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Known {
    /// What is known now about then.
    #[default]
    Now,
    /// What was known then: rows that had arrived by the instant looked at.
    Then,
}

impl Known {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Now => Self::Then,
            Self::Then => Self::Now,
        }
    }
}

/// A time that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant looked at. Events stand as of it; figures as of the end of its civil day, as `compute --as-of` gives
    /// them, since cells are by day.
    pub at_secs: EpochSecs,
    /// Only rows that had arrived by this instant; all that is known now where there is none.
    pub known_at_secs: Option<EpochSecs>,
}

impl Moment {
    /// A moment of the cursor: what was known then is what had arrived by the instant looked at.
    #[must_use]
    pub fn new(at_secs: EpochSecs, known: Known) -> Self {
        Self { at_secs, known_at_secs: (known == Known::Then).then_some(at_secs) }
    }

    /// What knowledge it is made from.
    #[must_use]
    pub const fn known(&self) -> Known {
        match self.known_at_secs {
            Some(_) => Known::Then,
            None => Known::Now,
        }
    }

    /// Whether it is the end of a civil day, so that the day as a whole is looked at.
    #[must_use]
    pub fn is_whole_day(&self, zone: &CivilZone) -> bool {
        zone.end_of(zone.day_of(self.at_secs)) == self.at_secs
    }
}

/// What a picture that is not live says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The time it is of.
    pub moment: Moment,
    /// Tables that do not note when rows arrived and are left out of what was known then; places in `Site::tables`.
    pub silent: Arc<[usize]>,
}

/// A picture of another time, before it is put into a snapshot.
#[derive(Debug)]
pub struct Picture {
    pub(crate) figures: Arc<Figures>,
    pub(crate) series: Arc<dyn SeriesSource>,
    pub(crate) events: Events,
    pub(crate) freshness: Freshness,
    pub(crate) silent: Arc<[usize]>,
}

/// Where pictures of other times come from: the cube and the events behind the door. Takes milliseconds for what is
/// known now, and as long as loading the site for what was known then: never called on the window's thread.
pub trait TimeSource: std::fmt::Debug + Send + Sync {
    /// The picture of a moment.
    ///
    /// # Errors
    /// The site's files cannot be measured any more.
    fn picture(&self, moment: Moment) -> Result<Picture, Vec<Problem>>;
}

impl Snapshot {
    /// The screen at another moment, seen from this one. `revision` must be of no other snapshot.
    ///
    /// # Errors
    /// The site's files cannot be measured any more.
    pub fn at(&self, moment: Moment, revision: u64) -> Result<Self, Vec<Problem>> {
        let Some(times) = &self.times else { return Err(Vec::new()) };
        let Picture { figures, series, events, freshness, silent } = times.picture(moment)?;
        #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
        let data_secs = moment.at_secs as f64;
        let clock = crate::snapshot::Clock { data_secs, since: std::time::Instant::now(), speed: 0.0 };
        let past = Some(Past { moment, silent });
        let now_secs = moment.at_secs;
        Ok(Self { revision, now_secs, clock, events, freshness, figures, series, past, ..self.clone() })
    }

    /// Whether this is what happens now.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.past.is_none()
    }
}

/// Revisions of pictures of the past begin here, so that they are never those of a live one.
pub const FIRST_PAST_REVISION: u64 = 1 << 48;

/// Events over time, in hours since 1970 and by severity, drills left out; and the grave ones from start to end. Counts
/// of the whole site only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    /// Number of the first hour.
    pub first_hour: i64,
    /// Per hour, events that began in it, by severity 1 to 4. A ring so that an older event can be put in front.
    pub hours: VecDeque<[u32; 4]>,
    /// Events of severity 3 and 4 by their start.
    pub spans: Vec<Span>,
}

/// A grave event from its start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Start.
    pub opened_secs: EpochSecs,
    /// End; none while it is open.
    pub closed_secs: Option<EpochSecs>,
    /// CAP severity, 3 or 4.
    pub severity: u8,
    /// Kind code.
    pub kind: Arc<str>,
    /// Key.
    pub id: Arc<str>,
}

/// Seconds of an hour.
pub const HOUR_SECS: i64 = 3600;

impl Timeline {
    /// Events that began from `from_secs` up to and without `to_secs`, by severity. Whole hours: those that begin in the
    /// span.
    #[must_use]
    pub fn count(&self, from_secs: EpochSecs, to_secs: EpochSecs) -> [u64; 4] {
        let place = |secs: EpochSecs| {
            let hour = secs.div_euclid(HOUR_SECS) + i64::from(secs.rem_euclid(HOUR_SECS) > 0);
            usize::try_from((hour - self.first_hour).max(0)).unwrap_or(usize::MAX).min(self.hours.len())
        };
        let (from, to) = (place(from_secs), place(to_secs));
        let mut out = [0_u64; 4];
        for hour in self.hours.range(from..to.max(from)) {
            out.iter_mut().zip(hour).for_each(|(sum, count)| *sum += u64::from(*count));
        }
        out
    }

    /// Start of the first hour with an event; none where there is none.
    #[must_use]
    pub fn first_secs(&self) -> Option<EpochSecs> {
        (!self.hours.is_empty()).then_some(self.first_hour * HOUR_SECS)
    }

    /// One more (or, with a minus, one less) event of a severity that began at an instant.
    pub(crate) fn add(&mut self, opened_secs: EpochSecs, severity: u8, by: i64) {
        // The years 1990 to 2100: a slip of the pen in a year must not make a list of millions of hours.
        const HOURS: std::ops::Range<i64> = 175_320..1_139_592;
        let hour = opened_secs.div_euclid(HOUR_SECS);
        if !HOURS.contains(&hour) {
            return;
        }
        if self.hours.is_empty() {
            self.first_hour = hour;
        }
        while hour < self.first_hour {
            self.hours.push_front([0; 4]);
            self.first_hour -= 1;
        }
        let place = usize::try_from(hour - self.first_hour).unwrap_or(0);
        if place >= self.hours.len() {
            self.hours.resize(place + 1, [0; 4]);
        }
        let class = usize::from(severity.clamp(1, 4)) - 1;
        if let Some(count) = self.hours.get_mut(place).and_then(|hour| hour.get_mut(class)) {
            *count = u32::try_from((i64::from(*count) + by).max(0)).unwrap_or(u32::MAX);
        }
    }

    /// Adds another's counts and spans.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (place, hour) in (0_i64..).zip(&other.hours) {
            for (severity, count) in (1_u8..).zip(hour).filter(|(_, count)| **count > 0) {
                self.add((other.first_hour + place) * HOUR_SECS, severity, i64::from(*count));
            }
        }
        self.spans.extend(other.spans.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_taken_by_whole_hours_and_can_be_taken_back() {
        let mut line = Timeline::default();
        let start = 500_000 * HOUR_SECS;
        for (secs, severity, by) in [(7200, 1, 1), (7300, 4, 1), (100, 2, 1), (10_800, 1, 1), (7300, 4, -1)] {
            line.add(start + secs, severity, by);
        }
        assert_eq!(line.first_secs(), Some(start));
        assert_eq!(line.count(start, start + 3600), [0, 1, 0, 0]);
        assert_eq!(line.count(start + 3600, start + 10_800), [1, 0, 0, 0]);
        assert_eq!(line.count(0, i64::MAX), [2, 1, 0, 0]);
        assert_eq!(line.count(i64::MIN / 2, 0), [0; 4]);
        let mut both = line.clone();
        both.merge(&line);
        assert_eq!(both.count(0, i64::MAX), [4, 2, 0, 0]);
        line.add(i64::from(u32::MAX) * 1000, 1, 1);
        assert_eq!(line.hours.len(), 4, "an impossible time is left out");
    }
}
