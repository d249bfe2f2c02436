//! What a source holds while it runs: the way for its rows, what is known to be kept, its state and the word to stop.
//! Owns the numbering of parcels; never waits for the window.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{
    Receiver, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded,
};
use polars::prelude::DataFrame;

use super::admit::{self, Passed};
use super::{Cursor, Parcel};
use crate::site::Site;
use crate::site::datasets::Table;
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::snapshot::{EpochSecs, FeedPhase};

/// Why a source ended.
#[derive(Debug)]
pub enum Trouble {
    /// It was told to.
    Stopped,
    /// Something went wrong; it is started again later.
    Failed(Message),
}

/// A source: connects, catches up, follows, until it is told to stop or something fails.
pub trait Source: Send {
    /// Runs once; called again after a failure.
    ///
    /// # Errors
    /// Why it ended.
    fn run(&mut self, tap: &mut Tap) -> Result<(), Trouble>;
}

/// The word to stop, as every thread hears it.
#[derive(Debug, Clone)]
pub struct Stop(Receiver<std::convert::Infallible>);

impl Stop {
    /// A word that is given by dropping the sender.
    #[must_use]
    pub fn new() -> (Sender<std::convert::Infallible>, Self) {
        let (give, hear) = bounded(0);
        (give, Self(hear))
    }

    /// Whether it was given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        matches!(self.0.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// Waits; true where it was given meanwhile.
    #[must_use]
    pub fn wait(&self, time: Duration) -> bool {
        matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Disconnected))
    }

    pub(super) const fn channel(&self) -> &Receiver<std::convert::Infallible> {
        &self.0
    }
}

/// What is counted about a source by those who handle its rows.
#[derive(Debug, Default)]
pub struct Counters {
    /// Number of the last parcel that is on disk.
    pub durable: AtomicU64,
    /// Rows taken in.
    pub rows: AtomicU64,
    /// Rows that had come before.
    pub repeated: AtomicU64,
    /// Rows refused at the door.
    pub refused: AtomicU64,
    /// Rows left out because they are drills of another kind, tests or excluded categories.
    pub excluded: AtomicU64,
    /// Cells dropped because nothing may be read of them.
    pub dropped: AtomicU64,
    /// When the last row came.
    pub last_secs: AtomicU64,
}

/// The last state a source told, for whoever looks next; an unread one is replaced.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    put: Sender<Told>,
    take: Receiver<Told>,
}

/// What a source tells about itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) phase: FeedPhase,
    pub(super) skew_secs: Option<i64>,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        let (put, take) = bounded(1);
        Self { put, take }
    }

    fn put(&self, mut told: Told) {
        while let Err(TrySendError::Full(back)) = self.put.try_send(told) {
            drop(self.take.try_recv());
            told = back;
        }
    }

    pub(super) fn take(&self) -> Option<Told> {
        self.take.try_recv().ok()
    }
}

/// A parcel with its number.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) parcel: Parcel,
}

/// What a source holds.
#[derive(Debug)]
pub struct Tap {
    site: Arc<Site>,
    id: String,
    out: Sender<Numbered>,
    counters: Arc<Counters>,
    mailbox: Mailbox,
    stop: Stop,
    sent: u64,
    cursors: Vec<Cursor>,
    told: Told,
    began: Instant,
    logged: u64,
}

impl Tap {
    pub(super) fn new(
        site: Arc<Site>,
        id: String,
        out: Sender<Numbered>,
        counters: Arc<Counters>,
        mailbox: Mailbox,
        stop: Stop,
        cursors: Vec<Cursor>,
    ) -> Self {
        let told = Told { phase: FeedPhase::Connecting, skew_secs: None };
        Self {
            site,
            id,
            out,
            counters,
            mailbox,
            stop,
            sent: 0,
            cursors,
            told,
            began: Instant::now(),
            logged: 0,
        }
    }

    /// The site.
    #[must_use]
    pub const fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Name of the source.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The word to stop.
    #[must_use]
    pub const fn stop(&self) -> &Stop {
        &self.stop
    }

    /// How far a stream had been read when its rows were last kept, or was handed over since.
    #[must_use]
    pub fn cursor(&self, name: &str) -> Option<&str> {
        self.cursors.iter().find(|c| c.name == name).map(|c| c.value.as_str())
    }

    /// Number of the last parcel that is on disk: only what it brought may be acknowledged.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.counters.durable.load(Ordering::Acquire)
    }

    /// Number of the last parcel handed over.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Hands over a parcel, waiting while the inbox is full; its number comes back.
    ///
    /// # Errors
    /// Told to stop.
    pub fn send(&mut self, parcel: Parcel) -> Result<u64, Trouble> {
        let number = self.sent + 1;
        let cursor = parcel.cursor.clone();
        let mut waiting = Numbered { number, parcel };
        loop {
            match self.out.send_timeout(waiting, Duration::from_millis(50)) {
                Ok(()) => break,
                Err(SendTimeoutError::Timeout(back)) if !self.stop.is_given() => waiting = back,
                Err(_) => return Err(Trouble::Stopped),
            }
        }
        self.handed_over(number, cursor);
        Ok(number)
    }

    /// Hands over a parcel if there is room; it comes back where there is none.
    ///
    /// # Errors
    /// The parcel, where the inbox is full.
    pub fn try_send(&mut self, parcel: Parcel) -> Result<u64, Box<Parcel>> {
        let number = self.sent + 1;
        let cursor = parcel.cursor.clone();
        match self.out.try_send(Numbered { number, parcel }) {
            Ok(()) => {
                self.handed_over(number, cursor);
                Ok(number)
            }
            Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => Err(Box::new(back.parcel)),
        }
    }

    fn handed_over(&mut self, number: u64, cursor: Option<Cursor>) {
        self.sent = number;
        if let Some(cursor) = cursor {
            self.cursors.retain(|c| c.name != cursor.name);
            self.cursors.push(cursor);
        }
    }

    /// Rows of texts through the door; what is refused is counted and told.
    #[must_use]
    pub fn admit_texts(&mut self, table: &Table, rows: DataFrame, origin: &Path) -> Passed {
        let admitted = admit::texts(&self.site, table, rows, origin);
        self.account(&admitted);
        admitted
    }

    /// Typed rows through the door.
    #[must_use]
    pub fn admit_typed(&mut self, table: &Table, rows: DataFrame, origin: &Path) -> Passed {
        let admitted = admit::typed(&self.site, table, rows, origin);
        self.account(&admitted);
        admitted
    }

    /// Counts and tells what the door refused.
    pub fn account(&mut self, admitted: &Passed) {
        self.counters.refused.fetch_add(admitted.refused, Ordering::Relaxed);
        for problem in &admitted.problems {
            self.tell(problem);
        }
    }

    /// One row was refused for a reason of the source's own.
    pub fn refuse(&mut self, problem: &Problem) {
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
        self.tell(problem);
    }

    /// Rows left out on purpose: tests, excluded categories.
    pub fn exclude(&self, rows: u64) {
        self.counters.excluded.fetch_add(rows, Ordering::Relaxed);
    }

    /// Cells that were dropped unread: free text and whatever else is on no list.
    pub fn drop_cells(&self, cells: u64) {
        self.counters.dropped.fetch_add(cells, Ordering::Relaxed);
    }

    /// A log that a broken sender cannot flood: twenty lines, then one in a thousand.
    fn tell(&mut self, problem: &Problem) {
        self.logged += 1;
        if self.logged <= 20 || self.logged.is_multiple_of(1000) {
            log::warn!("{}: {} ({} so far)", self.id, problem.line(&self.site.messages_en), self.logged);
        }
    }

    /// The connection is being made.
    pub fn connecting(&mut self) {
        self.set(FeedPhase::Connecting);
    }

    /// Reads what happened before.
    pub fn catching_up(&mut self, done: u64, of: Option<u64>) {
        self.set(FeedPhase::CatchingUp { done, of });
    }

    /// Everything that happened before is here.
    pub fn live(&mut self) {
        self.set(FeedPhase::Live);
    }

    /// Whether it last said that it reads what happened before.
    #[must_use]
    pub const fn is_catching_up(&self) -> bool {
        matches!(self.told.phase, FeedPhase::CatchingUp { .. })
    }

    /// Whether it last said that everything is here.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.told.phase, FeedPhase::Live)
    }

    pub(super) fn failed(&mut self, reason: Message, next_try_secs: EpochSecs) {
        self.set(FeedPhase::Failed { reason, next_try_secs });
    }

    /// What the source's clock says at this moment, to be compared with the machine's.
    pub fn clock_of_source(&mut self, says_secs: EpochSecs) {
        let skew = says_secs - jiff::Timestamp::now().as_second();
        let before = self.told.skew_secs;
        if before.is_none_or(|b| (b - skew).abs() > 1) {
            self.told.skew_secs = Some(skew);
            self.mailbox.put(self.told.clone());
        }
    }

    fn set(&mut self, phase: FeedPhase) {
        if phase == self.told.phase {
            return;
        }
        let same_kind = std::mem::discriminant(&phase) == std::mem::discriminant(&self.told.phase);
        if !same_kind || matches!(phase, FeedPhase::Failed { .. }) {
            log::info!("source {}: {:?} after {:.1} s", self.id, phase, self.began.elapsed().as_secs_f32());
            self.began = Instant::now();
        }
        self.told.phase = phase;
        self.mailbox.put(self.told.clone());
    }
}
