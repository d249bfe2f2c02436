//! The replay: sends the day after a sample's anchor as if it happened now, at any speed. Owns the clock of the
//! data while it runs; takes the same way into the engine as every real feed.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use polars::prelude::*;

use crate::engine::{Arrived, Batch, LateRows};
use crate::site::Site;
use crate::site::civil::parse_day;
use crate::site::datasets::{ARRIVED_COLUMN, ColumnType, Table};
use crate::site::datum::Datum;
use crate::snapshot::{Clock, Day, EpochSecs};
use crate::store::{Admitted, admit, read};

use super::{SourceControl, SourceEvent};

const DAY_SECS: i64 = 86_400;
/// Folder of a site with the changes.
const REPLAY: &str = "data/replay";
/// How often the replay looks at its clock.
const TICK: Duration = Duration::from_millis(100);

/// One table's changes of the day, by time of arrival.
struct Track {
    table: Table,
    rows: Admitted,
    arrived: Vec<EpochSecs>,
    next: usize,
}

/// A replay that is ready to start.
pub struct Replay {
    site: Arc<Site>,
    day: Day,
    start_secs: EpochSecs,
    tracks: Vec<Track>,
    /// Whole days played so far: the day begins again, later, with new keys.
    rounds: i64,
    clock: Clock,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay")
            .field("day", &self.day)
            .field("tracks", &self.tracks.len())
            .finish_non_exhaustive()
    }
}

impl Replay {
    /// Reads a sample's replay; none where the site is no sample. `seconds_of_day` is the time of day to begin at,
    /// so that night is night.
    #[must_use]
    pub fn open(site: &Arc<Site>, seconds_of_day: i64) -> Option<Self> {
        let (day, clock) = beginning(site, seconds_of_day)?;
        let start_secs = site.zone.start_of(day);
        let mut tracks = Vec::new();
        for (_, table) in site.tables() {
            let mut columns: Vec<&str> = table.columns.iter().map(|c| c.id.as_str()).collect();
            columns.push(ARRIVED_COLUMN);
            for path in read::parts(site, REPLAY, &table.id) {
                let part = read::read(site, table, &path, &columns);
                for problem in &part.problems {
                    log::warn!("{}", problem.line(&site.messages_en));
                }
                tracks.extend(Track::new(table, &part.frame));
            }
        }
        Some(Self { site: Arc::clone(site), day, start_secs, tracks, rounds: 0, clock })
    }

    /// The clock it begins with.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// The day it plays.
    #[must_use]
    pub const fn day(&self) -> Day {
        self.day
    }

    /// All changes up to an instant of data time that were not sent yet, one batch per table.
    pub fn due(&mut self, now: EpochSecs) -> Vec<Batch> {
        let mut batches = Vec::new();
        loop {
            let offset = self.rounds * DAY_SECS;
            for track in &mut self.tracks {
                batches.extend(track.take_until(&self.site, now - offset, self.rounds, self.start_secs));
            }
            if now < self.start_secs + offset + DAY_SECS {
                return batches;
            }
            self.rounds += 1;
            self.tracks.iter_mut().for_each(|track| track.next = 0);
        }
    }

    /// Plays until the other end is gone.
    pub fn run(mut self, out: &Sender<SourceEvent>, control: &Receiver<SourceControl>) {
        let mut speed = self.clock.speed;
        let mut paused = false;
        loop {
            for batch in self.due(whole(self.clock.now())) {
                if out.send(SourceEvent::Batch(batch)).is_err() {
                    return;
                }
            }
            match control.recv_timeout(TICK) {
                Ok(SourceControl::Speed(to)) => speed = f64::from(to),
                Ok(SourceControl::Pause(to)) => paused = to,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.clock = self.clock.at_speed(if paused { 0.0 } else { speed });
            if out.send(SourceEvent::Clock(self.clock)).is_err() {
                return;
            }
        }
    }
}

/// The day that a sample's replay plays, and the clock it begins with; none where the site is no sample.
pub(crate) fn beginning(site: &Site, seconds_of_day: i64) -> Option<(Day, Clock)> {
    let day = parse_day(&site.meta.sample.as_ref()?.anchor_date)? + 1;
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
    let data_secs = (site.zone.start_of(day) + seconds_of_day.rem_euclid(DAY_SECS)) as f64;
    Some((day, Clock { data_secs, since: Instant::now(), speed: 1.0 }))
}

/// Whether it brings changes of a table.
pub(crate) fn brings(site: &Site, table: &Table) -> bool {
    !read::parts(site, REPLAY, &table.id).is_empty()
}

#[expect(clippy::cast_possible_truncation, reason = "seconds, far below 2^53")]
pub(crate) const fn whole(secs: f64) -> EpochSecs {
    secs as EpochSecs
}

impl Track {
    fn new(table: &Table, rows: &Admitted) -> Option<Self> {
        let rows = rows.sorted_by(ARRIVED_COLUMN)?;
        let arrived =
            rows.frame().column(ARRIVED_COLUMN).ok()?.i64().ok()?.iter().map(|a| a.unwrap_or(0)).collect();
        Some(Self { table: table.clone(), rows, arrived, next: 0 })
    }

    fn take_until(&mut self, site: &Site, until: EpochSecs, round: i64, start: EpochSecs) -> Option<Batch> {
        let end = self.arrived.partition_point(|a| *a <= until);
        if end <= self.next {
            return None;
        }
        let rows = self.rows.slice(self.next, end - self.next);
        let arrived = self.arrived.get(end - 1).copied()? + round * DAY_SECS;
        self.next = end;
        let rows = if round == 0 { rows } else { self.later(site, rows.frame(), round, start).ok()? };
        (rows.frame().height() > 0).then(|| Batch {
            table: self.table.id.clone(),
            rows,
            arrived_secs: arrived,
            received: Instant::now(),
        })
    }

    /// The same rows some days later: times move, keys are new, and changes of rows that were there before the day
    /// began are left out, since they happened once.
    fn later(&self, site: &Site, rows: &DataFrame, round: i64, start: EpochSecs) -> PolarsResult<Admitted> {
        let mut lazy = rows.clone().lazy().filter(col(&self.table.time_column).gt_eq(lit(start)));
        for column in &self.table.columns {
            if column.kind == ColumnType::Time {
                lazy = lazy.with_column(col(&column.id) + lit(round * DAY_SECS));
            }
        }
        lazy = lazy.with_column(col(ARRIVED_COLUMN) + lit(round * DAY_SECS));
        for key in &self.table.key {
            if self.table.column_type(key) == Some(ColumnType::Text) {
                lazy = lazy.with_column((col(key) + lit(format!("/{round}"))).alias(key));
            }
        }
        // Changed rows are new rows: they pass the door like any other. Their coordinates are inside already.
        let table = Table { datum: Some(Datum::Wgs84), ..self.table.clone() };
        let part = admit(site, &table, lazy.collect()?, Path::new("live"));
        for problem in &part.problems {
            log::warn!("{}", problem.line(&site.messages_en));
        }
        Ok(part.frame)
    }
}

/// What a sample's replay had sent by an instant, read anew each time: nothing of it is kept in memory.
#[must_use]
pub(crate) fn late_rows(site: &Arc<Site>) -> LateRows {
    let site = Arc::clone(site);
    Arc::new(move |instant| {
        let replay = Replay::open(&site, 0).filter(|replay| instant >= replay.start_secs);
        Ok(Arrived {
            untold: Vec::new(),
            rows: Box::new(move |each| {
                replay.into_iter().flat_map(|mut replay| replay.due(instant)).for_each(each);
                Ok(())
            }),
        })
    })
}

/// Starts the replay's thread.
///
/// # Errors
/// The machine gives no thread.
pub fn spawn(
    replay: Replay,
    out: Sender<SourceEvent>,
    control: Receiver<SourceControl>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("source-replay".to_owned()).spawn(move || replay.run(&out, &control))
}

/// Seconds since midnight of a site's civil time, by the machine's clock.
#[must_use]
pub fn seconds_of_day(site: &Arc<Site>) -> i64 {
    let now = jiff::Timestamp::now().as_second();
    now - site.zone.start_of(site.zone.day_of(now))
}
