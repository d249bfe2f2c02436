//! What the window sees: one immutable picture of all figures, events and sources at one revision. Cheap to clone.
//! Owns nothing that changes; holds no figure that has not passed the door.

mod feed;
mod listed;

use std::sync::Arc;

use crate::density::{EventCells, EventFilter, Reports};
use crate::derived::{Origin, Vantage};
use crate::moment::{Past, TimeSource, Timeline};
use crate::privacy::shown::Shown;
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};

pub use feed::{FeedPhase, FeedState};
pub(crate) use listed::Aged;
pub use listed::OpenList;

pub use crate::series::{Back, Coverage, Earlier, Series, SeriesPoint, SeriesSource, Sides};

/// Seconds since 1970-01-01T00:00:00Z.
pub type EpochSecs = i64;

/// Days since 1970-01-01 in the site's civil calendar.
pub type Day = i32;

/// Shared list of points.
pub type LonLatList = Arc<[LonLat]>;

/// Index of an indicator (or of a breakdown) in its list of the catalogue.
pub type IndicatorIx = usize;

/// How far a reading can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Current.
    Current,
    /// An input is later than its promise.
    Late,
    /// Some of what it adds up was withheld at the source: less than the whole.
    Partial,
    /// Current, and told only as exactly as protection allows.
    Coarse,
    /// Hidden for protection.
    Suppressed,
    /// No value.
    Missing,
    /// Not shown at this level.
    TooFine,
    /// Not told yet: changes that it counts are being read.
    Unread,
}

/// One indicator at one area: everything a panel may print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The value, on the indicator's scale.
    pub value: Shown,
    /// Numerator.
    pub numerator: Shown,
    /// Denominator; [`Shown::Missing`] where the indicator has none.
    pub denominator: Shown,
    /// Trust.
    pub status: Status,
    /// Time of the newest row of the oldest of its input tables.
    pub oldest_input: Option<EpochSecs>,
    /// The same indicator one period earlier; the period is `Window::previous_days`, else one month.
    pub previous: Shown,
    /// 95 % interval of a proportion (Wilson 1927) or of a count (normal approximation to Poisson), where it applies.
    pub interval: Option<(f64, f64)>,
}

impl Reading {
    /// Nothing is known.
    pub const MISSING: Self = Self {
        value: Shown::Missing,
        numerator: Shown::Missing,
        denominator: Shown::Missing,
        status: Status::Missing,
        oldest_input: None,
        previous: Shown::Missing,
        interval: None,
    };

    /// Not told yet.
    pub(crate) const UNREAD: Self = Self {
        value: Shown::Unread,
        numerator: Shown::Unread,
        denominator: Shown::Unread,
        status: Status::Unread,
        ..Self::MISSING
    };
}

/// One cell of a breakdown at one area.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// One code per `by` column.
    pub codes: Vec<String>,
    /// The figure.
    pub value: Shown,
    /// The instant that it is told as of, where that is earlier than the one asked for.
    pub told_secs: Option<EpochSecs>,
}

/// State of an event in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventPhase {
    /// Still open.
    Open,
    /// Finished.
    Done,
}

/// One event as a screen may show it: no reporter, no text, a place only for things.
#[derive(Debug, Clone, PartialEq)]
pub struct EventView {
    /// Key.
    pub id: Arc<str>,
    /// Finest known area.
    pub area: AreaId,
    /// Kind code.
    pub kind: Arc<str>,
    /// CAP severity: 1 minor, 2 moderate, 3 severe, 4 extreme.
    pub severity: u8,
    /// Status code.
    pub status: Arc<str>,
    /// Open or done.
    pub phase: EventPhase,
    /// Handling organisation code.
    pub organisation: Option<Arc<str>>,
    /// When it began.
    pub opened_secs: EpochSecs,
    /// Time limit.
    pub due_secs: Option<EpochSecs>,
    /// When the last change reached us.
    pub changed_secs: EpochSecs,
    /// When it was finished; none while it is open.
    pub closed_secs: Option<EpochSecs>,
    /// Where, for object events.
    pub place: Option<LonLat>,
    /// A drill.
    pub exercise: bool,
}

#[cfg(test)]
impl EventView {
    /// An open fire in the top area, for tests.
    pub(crate) fn fire(id: Arc<str>, severity: u8, opened_secs: EpochSecs, place: Option<LonLat>) -> Self {
        Self {
            id,
            area: AreaId::ROOT,
            kind: "fire".into(),
            severity,
            status: "open".into(),
            phase: EventPhase::Open,
            organisation: None,
            opened_secs,
            due_secs: None,
            changed_secs: opened_secs,
            closed_secs: None,
            place,
            exercise: false,
        }
    }
}

/// The events a screen shows.
#[derive(Debug, Clone, Default)]
pub struct Events {
    /// Open events, oldest first: all that have no place, and of those that have one the gravest and newest, at most
    /// [`Events::MOST_LISTED`]. Counts are beside, so that none need be made of this list.
    pub open: OpenList,
    /// All open events, drills among them.
    pub open_total: u64,
    /// Open events by severity, 1 first; drills left out.
    pub open_by_severity: [u64; 4],
    /// Open events per area with all areas in it, drills left out.
    pub open_in: Arc<[u32]>,
    /// Object events of the whole history as counted cells.
    pub cells: EventCells,
    /// Latest changes, newest first, at most [`Events::RECENT`].
    pub recent: Arc<[EventView]>,
    /// Events opened on the civil day of `now`, drills left out.
    pub opened_today: u64,
    /// All events over time; only of a live picture.
    pub timeline: Arc<Timeline>,
    /// Object events by area, kind and hour.
    pub reports: Arc<Reports>,
}

impl Events {
    /// How many changes the stream keeps.
    pub const RECENT: usize = 200;
    /// How many open events with a place are listed one by one.
    pub const MOST_LISTED: usize = 5000;

    /// Open events, drills left out: what a reader sets beside the count of an indicator.
    #[must_use]
    pub fn open_count(&self) -> u64 {
        self.open_by_severity.iter().sum()
    }

    /// How many events a filter takes, drills left out.
    #[must_use]
    pub fn matching(&self, filter: &EventFilter, now_secs: EpochSecs) -> u64 {
        let others = self.open.others().filter(|e| !e.exercise && filter.takes(e, now_secs));
        self.cells.total(&self.cells.mask(filter)).count + others.count() as u64
    }

    /// Open events in an area with all areas in it, drills left out.
    #[must_use]
    pub fn open_in(&self, area: AreaId) -> u64 {
        self.open_in.get(area.index()).copied().unwrap_or(0).into()
    }
}

/// What stands in for data that the door refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// A part of several was refused: the other parts.
    Parts,
    /// A copy of the part as it was when it last passed the door; the time of that file.
    Copy(EpochSecs),
    /// Nothing: the data is missing.
    Nothing,
}

/// How a source is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// Table or feed.
    pub name: String,
    /// Dataset it belongs to (index in `datasets.toml`).
    pub dataset: usize,
    /// Newest row.
    pub newest_secs: Option<EpochSecs>,
    /// When it should have had something newer; in the past means late.
    pub due_secs: Option<EpochSecs>,
    /// Whether it is late now.
    pub late: bool,
    /// Rows read.
    pub rows: u64,
    /// Rows refused, with reasons in the log of problems.
    pub refused: u64,
    /// What stands in for a part that the door refused; then it is late.
    pub held: Option<Held>,
    /// Live sources that bring it; 0 where it comes as files of the site.
    pub feeds: u16,
    /// Of these, silent for longer than agreed.
    pub feeds_late: u16,
    /// Of these, without a connection.
    pub feeds_missing: u16,
}

impl SourceState {
    /// How many sources it stands for, how many of them are late, and how many are missing.
    #[must_use]
    pub fn counts(&self) -> (u16, u16, u16) {
        let all = self.feeds.max(1);
        if self.newest_secs.is_none() || self.held == Some(Held::Nothing) {
            return (all, 0, all);
        }
        let told = self.feeds_late + self.feeds_missing;
        let late = if self.late && told == 0 { all } else { self.feeds_late };
        (all, late, self.feeds_missing)
    }
}

/// Whether what an indicator is made of is on time. The same for all areas: a table is promised as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inputs {
    /// When the next news was or is expected, of the table that is first in need of it; `None` where nothing is
    /// promised.
    pub expected_secs: Option<EpochSecs>,
    /// Sources: the live ones of its tables, and each table that has none.
    pub sources: u16,
    /// Sources whose news is overdue or did not pass the door.
    pub late: u16,
    /// Sources that bring nothing.
    pub missing: u16,
    /// Tables that stand on older data, because the door refused what came.
    pub held: u16,
}

impl Inputs {
    /// Counts a source in.
    pub fn add(&mut self, source: &SourceState) {
        let (all, late, missing) = source.counts();
        self.sources += all;
        self.late += late;
        self.missing += missing;
        self.held += u16::from(source.held.is_some());
        self.expected_secs = match (self.expected_secs, source.due_secs) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// Whether anything of it is overdue, missing or refused.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        self.late + self.missing + self.held > 0
    }

    /// How long the expected news has been overdue at an instant; none where it is not.
    #[must_use]
    pub fn overdue_secs(&self, now_secs: EpochSecs) -> Option<i64> {
        self.expected_secs.map(|expected| now_secs - expected).filter(|late| *late > 0)
    }
}

/// How much of the screen is current.
#[derive(Debug, Clone, Default)]
pub struct Freshness {
    /// Indicators whose inputs are all on time.
    pub current: usize,
    /// Indicators in all.
    pub total: usize,
    /// One per table.
    pub sources: Vec<SourceState>,
}

/// How far the live feed has come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LiveState {
    /// Whether changes arrive at all.
    pub running: bool,
    /// Speed of the replay; 1 is real time.
    pub speed: u32,
    /// Changes taken in since start.
    pub changes: u64,
    /// From arrival to snapshot of the oldest change that this snapshot is the first to show, in milliseconds.
    pub latency_millis: f32,
    /// Part of it: from arrival to the engine, that is through the door and onto the disk.
    pub reached_millis: f32,
    /// When that change arrived; none where this snapshot shows no change.
    pub oldest_change: Option<std::time::Instant>,
    /// Batches that wait for the engine.
    pub queue: usize,
    /// Resident memory of the program, in MiB.
    pub resident_mib: f32,
}

/// The clock of the data: real time, or the replay's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Data time at `since`.
    pub data_secs: f64,
    /// The machine's steady clock at the same moment.
    pub since: std::time::Instant,
    /// Seconds of data time per second; 0 stands still.
    pub speed: f64,
}

impl Clock {
    /// Data time now, with fractions.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.data_secs + self.since.elapsed().as_secs_f64() * self.speed
    }

    /// A clock that goes on from this one's present at another speed.
    #[must_use]
    pub fn at_speed(&self, speed: f64) -> Self {
        Self { data_secs: self.now(), since: std::time::Instant::now(), speed }
    }
}

/// Everything the window shows, at one revision.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Grows with every snapshot.
    pub revision: u64,
    /// Whether events are here, and figures of live tables. The first picture of a start from a kept cube lacks them:
    /// its events tell nothing, and such figures are [`Shown::Unread`].
    pub is_whole: bool,
    /// The instant the figures are for, in the data's own time.
    pub now_secs: EpochSecs,
    /// Added to data times before they are printed: a demo shows its anchor day as the present day.
    pub shift_secs: i64,
    /// The clock of the data.
    pub clock: Clock,
    /// Events.
    pub events: Events,
    /// How much of the screen is current.
    pub freshness: Freshness,
    /// The live feed.
    pub live: LiveState,
    /// One per live source of `sources.toml`.
    pub feeds: Arc<[FeedState]>,
    /// Points of the texture layer.
    pub texture: Arc<[LonLat]>,
    /// Figures of all indicators.
    pub(crate) figures: Arc<Figures>,
    /// Answers for series, behind the same door.
    pub(crate) series: Arc<dyn SeriesSource>,
    /// What it says of itself where it is not live.
    pub past: Option<Past>,
    /// Pictures of other times, behind the same door; none where nothing can be asked.
    pub(crate) times: Option<Arc<dyn TimeSource>>,
}

/// Every protected figure at one instant.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Per indicator, per area (only areas down to the figure level).
    pub(crate) readings: Vec<Vec<Reading>>,
    /// Per breakdown, per area.
    pub(crate) slices: Vec<Vec<Vec<Slice>>>,
    /// Per indicator, whether its inputs are on time.
    pub(crate) inputs: Vec<Inputs>,
    /// The same per breakdown.
    pub(crate) slice_inputs: Vec<Inputs>,
}

const NO_READING: Reading = Reading {
    value: Shown::TooFine,
    numerator: Shown::TooFine,
    denominator: Shown::TooFine,
    status: Status::TooFine,
    oldest_input: None,
    previous: Shown::TooFine,
    interval: None,
};

impl Snapshot {
    /// The reading of an indicator at an area; [`Status::TooFine`] below the level that figures are kept at.
    #[must_use]
    pub fn reading(&self, indicator: IndicatorIx, area: AreaId) -> Reading {
        self.figures.reading(indicator, area)
    }

    /// Whether the inputs of an indicator are on time.
    #[must_use]
    pub fn inputs(&self, indicator: IndicatorIx) -> Inputs {
        self.figures.inputs(indicator)
    }

    /// Whether the inputs of a breakdown are on time.
    #[must_use]
    pub fn slice_inputs(&self, breakdown: usize) -> Inputs {
        self.figures.slice_inputs.get(breakdown).copied().unwrap_or_default()
    }

    /// The cells of a breakdown at an area, in the order of the code lists; empty where it is not shown.
    #[must_use]
    pub fn slices(&self, breakdown: usize, area: AreaId) -> &[Slice] {
        self.figures.slices(breakdown, area)
    }

    /// Where series are asked for, up to now. A series costs microseconds per point, a few milliseconds where figures
    /// are protected: keep what comes of it per revision.
    #[must_use]
    pub fn vantage<'a>(&'a self, site: &'a Site) -> Vantage<'a> {
        let sources = &*self.freshness.sources;
        Vantage { site, source: &*self.series, sources, at_secs: self.now_secs }
    }

    /// Where derived figures are asked for, as of now. What is said of the cost of series holds for them too.
    #[must_use]
    pub fn origin<'a>(&'a self, site: &'a Site) -> Origin<'a> {
        Origin { vantage: self.vantage(site), figures: &self.figures }
    }
}

impl Figures {
    /// Whether the inputs of an indicator are on time.
    #[must_use]
    pub fn inputs(&self, indicator: IndicatorIx) -> Inputs {
        self.inputs.get(indicator).copied().unwrap_or_default()
    }

    /// The reading of an indicator at an area.
    #[must_use]
    pub fn reading(&self, indicator: IndicatorIx, area: AreaId) -> Reading {
        self.readings.get(indicator).and_then(|r| r.get(area.index())).copied().unwrap_or(NO_READING)
    }

    /// The cells of a breakdown at an area, in the order of the code lists; empty where it is not shown.
    #[must_use]
    pub fn slices(&self, breakdown: usize, area: AreaId) -> &[Slice] {
        self.slices.get(breakdown).and_then(|b| b.get(area.index())).map_or(&[], Vec::as_slice)
    }
}
