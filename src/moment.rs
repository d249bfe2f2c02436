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
    /// The instant looked at. Events stand and data is on time as of it; figures are as of the end of its civil day, as
    /// `compute --as-of` gives them, since cells are by day.
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

    /// The instant as of which it is judged whether data is on time: the one looked at, or the one up to which a part of
    /// that day was known. What was due later cannot have been late then.
    #[must_use]
    pub fn judged_secs(&self, zone: &CivilZone) -> EpochSecs {
        let of_day = |secs: &EpochSecs| zone.day_of(*secs) == zone.day_of(self.at_secs);
        self.known_at_secs.filter(of_day).map_or(self.at_secs, |known| known.min(self.at_secs))
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

/// Events over time, in hours since 1970 and by severity, drills left out, of each kind of object and of all that concern
/// persons together; and the grave ones from start to end. Counts of the whole site only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    all: Hours,
    /// By the place of the kind in the site's list of object kinds; behind them what concerns persons. Shared, so that a
    /// batch copies those that it changes.
    kinds: Vec<Arc<Hours>>,
    /// Events of severity 3 and 4 by their start.
    pub spans: Vec<Span>,
}

/// Counts per hour, by severity 1 to 4.
#[derive(Debug, Clone, Default, PartialEq)]
struct Hours {
    /// Number of the first hour.
    first: i64,
    /// A ring so that an older event can be put in front.
    counts: VecDeque<[u32; 4]>,
}

impl Hours {
    fn count(&self, from_secs: EpochSecs, to_secs: EpochSecs) -> [u64; 4] {
        let place = |secs: EpochSecs| {
            let hour = secs.div_euclid(HOUR_SECS) + i64::from(secs.rem_euclid(HOUR_SECS) > 0);
            usize::try_from((hour - self.first).max(0)).unwrap_or(usize::MAX).min(self.counts.len())
        };
        let (from, to) = (place(from_secs), place(to_secs));
        let mut out = [0_u64; 4];
        for hour in self.counts.range(from..to.max(from)) {
            out.iter_mut().zip(hour).for_each(|(sum, count)| *sum += u64::from(*count));
        }
        out
    }

    fn add(&mut self, hour: i64, severity: u8, by: i64) {
        if self.counts.is_empty() {
            self.first = hour;
        }
        while hour < self.first {
            self.counts.push_front([0; 4]);
            self.first -= 1;
        }
        let place = usize::try_from(hour - self.first).unwrap_or(0);
        if place >= self.counts.len() {
            self.counts.resize(place + 1, [0; 4]);
        }
        let class = usize::from(severity.clamp(1, 4)) - 1;
        if let Some(count) = self.counts.get_mut(place).and_then(|hour| hour.get_mut(class)) {
            *count = u32::try_from((i64::from(*count) + by).max(0)).unwrap_or(u32::MAX);
        }
    }

    fn merge(&mut self, other: &Self) {
        for (place, hour) in (0_i64..).zip(&other.counts) {
            for (severity, count) in (1_u8..).zip(hour).filter(|(_, count)| **count > 0) {
                self.add(other.first + place, severity, i64::from(*count));
            }
        }
    }
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
        self.all.count(from_secs, to_secs)
    }

    /// The same of one kind: its place in the site's list of object kinds, or behind them of all that concerns persons.
    #[must_use]
    pub fn count_kind(&self, kind: usize, from_secs: EpochSecs, to_secs: EpochSecs) -> [u64; 4] {
        self.kinds.get(kind).map_or([0; 4], |hours| hours.count(from_secs, to_secs))
    }

    /// Start of the first hour with an event; none where there is none.
    #[must_use]
    pub fn first_secs(&self) -> Option<EpochSecs> {
        (!self.all.counts.is_empty()).then_some(self.all.first * HOUR_SECS)
    }

    /// One more (or, with a minus, one less) event of a kind and a severity that began at an instant.
    pub(crate) fn add(&mut self, opened_secs: EpochSecs, kind: usize, severity: u8, by: i64) {
        // The years 1990 to 2100: a slip of the pen in a year must not make a list of millions of hours.
        const HOURS: std::ops::Range<i64> = 175_320..1_139_592;
        let hour = opened_secs.div_euclid(HOUR_SECS);
        if !HOURS.contains(&hour) {
            return;
        }
        self.all.add(hour, severity, by);
        if kind >= self.kinds.len() {
            self.kinds.resize(kind + 1, Arc::default());
        }
        if let Some(hours) = self.kinds.get_mut(kind) {
            Arc::make_mut(hours).add(hour, severity, by);
        }
    }

    /// Adds another's counts and spans.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.kinds.resize(self.kinds.len().max(other.kinds.len()), Arc::default());
        for (hours, more) in self.kinds.iter_mut().zip(&other.kinds) {
            Arc::make_mut(hours).merge(more);
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
        for (secs, kind, severity, by) in
            [(7200, 0, 1, 1), (7300, 2, 4, 1), (100, 1, 2, 1), (10_800, 0, 1, 1), (7300, 2, 4, -1)]
        {
            line.add(start + secs, kind, severity, by);
        }
        assert_eq!(line.first_secs(), Some(start));
        assert_eq!(line.count(start, start + 3600), [0, 1, 0, 0]);
        assert_eq!(line.count(start + 3600, start + 10_800), [1, 0, 0, 0]);
        assert_eq!(line.count(0, i64::MAX), [2, 1, 0, 0]);
        assert_eq!(line.count(i64::MIN / 2, 0), [0; 4]);
        let mut both = line.clone();
        both.merge(&line);
        assert_eq!(both.count(0, i64::MAX), [4, 2, 0, 0]);
        let of_kinds = [0, 1, 2, 3].map(|kind| both.count_kind(kind, 0, i64::MAX));
        assert_eq!(of_kinds, [[4, 0, 0, 0], [0, 2, 0, 0], [0; 4], [0; 4]]);
        line.add(i64::from(u32::MAX) * 1000, 0, 1, 1);
        assert_eq!(line.all.counts.len(), 4, "an impossible time is left out");
    }
}
