//! Which time a picture is of, and where pictures of other times come from. Owns the small types that state, engine and
//! panels share about time; computes no figure.

mod timeline;

use std::sync::Arc;

use crate::site::civil::CivilZone;
use crate::site::problem::Problem;
use crate::snapshot::{EpochSecs, Events, Figures, Freshness, SeriesSource, Snapshot};

pub use timeline::{GRAVE, HOUR_SECS, Span, Timeline};

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
