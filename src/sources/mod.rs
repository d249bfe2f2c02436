//! Where changes come from. Each source is one named thread that hands over checked rows and stops when told; a full
//! inbox slows the source, never the window and never another source.

pub mod admit;
mod appeals;
pub mod cells;
pub mod codec;
pub mod debrief;
pub mod envelope;
pub mod folder;
mod intake;
pub mod journal;
pub mod known;
pub mod mqtt;
pub mod postgres;
mod postgres_tls;
mod reach;
pub mod replay;
pub mod secret;
pub mod sheet;
pub mod sql;
pub mod supervise;
pub mod tap;
#[cfg(test)]
mod tests_sheet;

use std::sync::Arc;
use std::time::Instant;

use polars::prelude::DataFrame;

use crate::engine::Batch;
use crate::site::Site;
use crate::site::feeds::FeedMeta;
use crate::snapshot::{Clock, EpochSecs};
use crate::store::Admitted;
use tap::Source;

/// What a source tells the engine.
#[derive(Debug)]
pub enum SourceEvent {
    /// Changed rows.
    Batch(Batch),
    /// The clock of the data changed its pace.
    Clock(Clock),
}

/// What a source is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SourceControl {
    /// Replay speed; 1 is real time.
    Speed(u32),
    /// Stand still or go on.
    Pause(bool),
}

/// How many events wait between a source and the engine at most.
pub const INBOX: usize = 64;

/// Rows that passed the door, on their way into the journal and the engine.
#[derive(Debug, Clone)]
pub struct Parcel<R = Admitted> {
    /// Table.
    pub table: String,
    /// Whole rows; may be none, where only the cursor moves.
    pub rows: R,
    /// Per row, the hash of the id of the event that brought it; empty where the source has no such ids.
    pub ids: Vec<u64>,
    /// Per row, a number that grows with every version of the row; empty where the source has none.
    pub versions: Vec<i64>,
    /// How far the source has read, true once these rows are kept.
    pub cursor: Option<Cursor>,
    /// When they reached us, by the machine's clock.
    pub arrived_secs: EpochSecs,
    /// The same by the steady clock.
    pub received: Instant,
}

/// Rows of a parcel: [`Admitted`] on their way in, a plain frame where bytes of the journal were just read, which pass
/// the door before they go on.
pub trait Rows: Sized {
    /// The rows.
    fn frame(&self) -> &DataFrame;
    /// Those of which `keep` is true.
    #[must_use]
    fn kept(&self, keep: &[bool]) -> Self;
}

impl Rows for Admitted {
    fn frame(&self) -> &DataFrame {
        self.frame()
    }

    fn kept(&self, keep: &[bool]) -> Self {
        self.kept(keep)
    }
}

impl Rows for DataFrame {
    fn frame(&self) -> &DataFrame {
        self
    }

    fn kept(&self, keep: &[bool]) -> Self {
        let mask: polars::prelude::BooleanChunked = keep.iter().map(|k| Some(*k)).collect();
        self.filter(&mask).unwrap_or_else(|_| self.clear())
    }
}

/// A named place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Which of the source's streams: a table, a file.
    pub name: String,
    /// How far, in the source's own words.
    pub value: String,
}

impl<R: Rows> Parcel<R> {
    /// Rows without ids, versions and cursor, arriving now.
    #[must_use]
    pub fn now(table: &str, rows: R) -> Self {
        Self {
            table: table.to_owned(),
            rows,
            ids: Vec::new(),
            versions: Vec::new(),
            cursor: None,
            arrived_secs: jiff::Timestamp::now().as_second(),
            received: Instant::now(),
        }
    }

    /// The rows of which `keep` is true, with their ids and versions.
    #[must_use]
    pub fn only(mut self, keep: &[bool]) -> Self {
        if keep.iter().all(|k| *k) {
            return self;
        }
        self.rows = self.rows.kept(keep);
        let mut flags = keep.iter();
        self.ids.retain(|_| flags.next().copied().unwrap_or(false));
        let mut flags = keep.iter();
        self.versions.retain(|_| flags.next().copied().unwrap_or(false));
        self
    }
}

/// Rows of the journal on their way back: gathered per table, since a batch costs the engine about as much as ten rows.
#[derive(Debug, Default)]
pub struct Waiting(Vec<Parcel>);

/// Rows that are worth a batch while bringing back.
const BATCH_ROWS: usize = 20_000;

impl Waiting {
    /// Adds rows; a batch that has become large enough, or of other columns, comes back.
    pub fn add(&mut self, parcel: Parcel) -> Option<Batch> {
        let at = self.0.iter().position(|p| p.table == parcel.table);
        let Some(waiting) = at.and_then(|at| self.0.get_mut(at)) else {
            self.0.push(parcel);
            return None;
        };
        let full = waiting.rows.height() >= BATCH_ROWS;
        if full || !waiting.rows.append(&parcel.rows) {
            return Some(intake::batch(std::mem::replace(waiting, parcel)));
        }
        waiting.arrived_secs = waiting.arrived_secs.max(parcel.arrived_secs);
        None
    }

    /// What is left.
    pub fn rest(self) -> impl Iterator<Item = Batch> {
        self.0.into_iter().map(intake::batch)
    }
}

/// The sources that a site declares, ready to be started.
#[must_use]
pub fn open(site: &Arc<Site>) -> Vec<(FeedMeta, Box<dyn Source>)> {
    site.feeds.sources.iter().filter_map(|meta| Some((meta.clone(), source(meta)?))).collect()
}

fn source(meta: &FeedMeta) -> Option<Box<dyn Source>> {
    if let Some(mqtt) = &meta.mqtt {
        return Some(Box::new(mqtt::Mqtt::new(mqtt.clone())));
    }
    if let Some(postgres) = &meta.postgres {
        return Some(Box::new(postgres::Postgres::new(postgres.clone())));
    }
    let folder = meta.folder.as_ref()?;
    Some(Box::new(folder::Folder::new(folder.clone())))
}
