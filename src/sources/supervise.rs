//! Starts every source on a thread of its own, starts it again when it fails, and ends all of them. Owns back-off,
//! states and the end; one source's trouble is its own.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::intake::{Inlet, Intake, Newest, QUEUE};
use super::journal::{Fold, Found, Journal, JournalError, Limits};
use super::known::Known;
use super::tap::{Counters, Mailbox, Source, Stop, Tap, Told, Trouble};
use super::{Cursor, Parcel, SourceEvent, admit, codec};
use crate::site::Site;
use crate::site::feeds::FeedMeta;
use crate::site::text::Message;
use crate::snapshot::{EpochSecs, FeedPhase, FeedState};
use crate::store::quarantine;

/// First wait before a source is started again.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest one while a server cannot be reached: it is back at any moment, and what waits there is wanted soon.
const LONGEST_AWAY: Duration = Duration::from_secs(5);
/// Longest one where a person has to mend something first.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// A source that ran this long has earned a first wait again.
const GOOD_RUN: Duration = Duration::from_secs(30);
/// All threads end within this.
const END: Duration = Duration::from_secs(2);
/// A clock that is off by more than this is told.
const SKEW_SECS: i64 = 30;

/// The journal as it was found, ready for sources to go on.
#[derive(Debug)]
pub struct Restored {
    journal: Journal,
    known: Known,
    cursors: HashMap<String, Vec<Cursor>>,
    /// What opening found.
    pub found: Found,
    /// Rows that were brought back.
    pub rows: u64,
    /// Rows that the door of today refuses.
    pub refused: u64,
}

/// The folder of a site's journal.
#[must_use]
pub fn state_dir(site: &Site) -> PathBuf {
    if let Some(folder) = &site.feeds.journal.folder {
        return site.dir.join(folder);
    }
    quarantine::state_folder(site).unwrap_or_else(|| site.dir.clone()).join("journal")
}

/// Opens the journal and gives all that is in it, in its order and through the door of today.
///
/// # Errors
/// The folder is held by another program, or cannot be read or written.
pub fn restore(site: &Site, dir: &Path, each: &mut dyn FnMut(Parcel)) -> Result<Restored, JournalError> {
    let meta = &site.feeds.journal;
    let limits = Limits::new(meta.keep_days, meta.most_megabytes);
    let mut known = Known::default();
    let mut cursors: HashMap<String, Vec<Cursor>> = HashMap::new();
    let (mut rows, mut refused) = (0, 0);
    let (journal, found) = Journal::open(dir, limits, &mut |payload| {
        let Some((source, parcel)) = codec::decode(payload) else {
            log::error!("journal: a record of another version was passed over");
            return;
        };
        if let Some(cursor) = parcel.cursor.clone() {
            let list = cursors.entry(source.clone()).or_default();
            list.retain(|c| c.name != cursor.name);
            list.push(cursor);
        }
        let (parcel, left_out) = admit::from_journal(site, known.sift(site, &source, parcel).parcel);
        refused += left_out;
        if let Some(parcel) = parcel {
            rows += parcel.rows.height() as u64;
            each(parcel);
        }
    })?;
    if found.cut + found.damaged > 0 {
        log::warn!("journal: {} torn bytes cut, {} damaged ones passed over", found.cut, found.damaged);
    }
    Ok(Restored { journal, known, cursors, found, rows, refused })
}

/// Folds older segments into a base.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn fold(site: &Site, fold: &Fold, stop: &Stop) -> std::io::Result<()> {
    let newest = std::cell::RefCell::new(Newest::default());
    fold.run(
        &|| stop.is_given(),
        &mut |record, payload| newest.borrow_mut().look(site, record, payload),
        &mut |record, payload| newest.borrow().rewrite(site, record, payload),
    )
}

/// Everything that runs between the servers and the engine; dropping it ends it.
#[derive(Debug)]
pub struct Feeds {
    feeds: Vec<Feed>,
    stop: Option<Sender<std::convert::Infallible>>,
    threads: Vec<JoinHandle<()>>,
    trouble: Receiver<Option<String>>,
    disk: Option<String>,
    shown: Arc<[FeedState]>,
}

#[derive(Debug)]
struct Feed {
    meta: FeedMeta,
    mailbox: Mailbox,
    counters: Arc<Counters>,
    waiting: Receiver<super::tap::Numbered>,
    told: Told,
    since_secs: EpochSecs,
    /// Since when it has had no connection.
    away_since_secs: Option<EpochSecs>,
}

impl Feeds {
    /// Starts the intake and one thread per source.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn start(
        site: &Arc<Site>,
        restored: Restored,
        sources: Vec<(FeedMeta, Box<dyn Source>)>,
        out: Sender<SourceEvent>,
    ) -> std::io::Result<Self> {
        let (give, stop) = Stop::new();
        let (trouble_out, trouble) = bounded(4);
        let mut feeds = Self {
            feeds: Vec::new(),
            stop: Some(give),
            threads: Vec::new(),
            trouble,
            disk: None,
            shown: Arc::from([]),
        };
        let mut inlets = Vec::new();
        let mut cursors = restored.cursors;
        for (meta, source) in sources {
            let (put, inbox) = bounded(QUEUE);
            let (mailbox, counters) = (Mailbox::new(), Arc::new(Counters::default()));
            let tap = Tap::new(
                Arc::clone(site),
                meta.id.clone(),
                put,
                Arc::clone(&counters),
                mailbox.clone(),
                stop.clone(),
                cursors.remove(&meta.id).unwrap_or_default(),
            );
            let thread = std::thread::Builder::new()
                .name(format!("source-{}", meta.id))
                .spawn(move || supervise(source, tap))?;
            feeds.threads.push(thread);
            inlets.push(Inlet {
                source: meta.id.clone(),
                inbox: inbox.clone(),
                counters: Arc::clone(&counters),
            });
            let told = Told { phase: FeedPhase::Connecting, skew_secs: None };
            let since_secs = jiff::Timestamp::now().as_second();
            let away_since_secs = Some(since_secs);
            feeds.feeds.push(Feed {
                meta,
                mailbox,
                counters,
                waiting: inbox,
                told,
                since_secs,
                away_since_secs,
            });
        }
        let intake = Intake {
            site: Arc::clone(site),
            journal: restored.journal,
            known: restored.known,
            inlets,
            out,
            stop,
            folding: None,
            trouble: trouble_out,
        };
        feeds
            .threads
            .push(std::thread::Builder::new().name("intake".to_owned()).spawn(move || intake.run())?);
        Ok(feeds)
    }

    /// The state of every source now.
    pub fn states(&mut self, now: EpochSecs) -> Arc<[FeedState]> {
        if let Some(disk) = self.trouble.try_iter().last() {
            self.disk = disk;
        }
        let disk = self.disk.clone();
        let states: Vec<FeedState> =
            self.feeds.iter_mut().map(|feed| feed.state(now, disk.as_deref())).collect();
        if *states != *self.shown {
            self.shown = states.into();
        }
        Arc::clone(&self.shown)
    }

    /// Parcels that wait for the intake.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.feeds.iter().map(|f| f.waiting.len()).sum()
    }

    /// Rows taken in from all sources since the start.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.feeds.iter().map(|f| f.counters.rows.load(Ordering::Relaxed)).sum()
    }

    /// Gives the word to stop and waits for the threads, two seconds at most; true where all ended.
    pub fn end(&mut self) -> bool {
        self.stop = None;
        let began = Instant::now();
        while began.elapsed() < END && self.threads.iter().any(|t| !t.is_finished()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut all = true;
        for thread in self.threads.drain(..) {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if !thread.is_finished() {
                log::error!("thread {name} did not end within two seconds");
                all = false;
            } else if thread.join().is_err() {
                log::error!("thread {name} ended in a panic");
            }
        }
        all
    }
}

impl Drop for Feeds {
    fn drop(&mut self) {
        self.end();
    }
}

impl Feed {
    fn state(&mut self, now: EpochSecs, disk: Option<&str>) -> FeedState {
        if let Some(told) = self.mailbox.take() {
            if std::mem::discriminant(&told.phase) != std::mem::discriminant(&self.told.phase) {
                self.since_secs = now;
            }
            self.told = told;
            self.away_since_secs = match self.told.phase {
                FeedPhase::CatchingUp { .. } | FeedPhase::Live | FeedPhase::Late => None,
                FeedPhase::Connecting | FeedPhase::Failed { .. } => self.away_since_secs.or(Some(now)),
            };
        }
        let last = self.counters.last_secs.load(Ordering::Relaxed).cast_signed();
        let last_secs = (last > 0).then_some(last);
        let silent = now - last_secs.unwrap_or(self.since_secs).max(self.since_secs);
        let allowed = self.meta.late_after_minutes.map(|minutes| i64::from(minutes) * 60);
        let phase = match (&self.told.phase, disk) {
            (_, Some(error)) => FeedPhase::Failed {
                reason: Message::new("status.feed.disk").with("error", error),
                next_try_secs: now,
            },
            (FeedPhase::Live, None) if allowed.is_some_and(|allowed| silent > allowed) => FeedPhase::Late,
            (phase, None) => phase.clone(),
        };
        FeedState {
            id: self.meta.id.clone(),
            name: self.meta.name.clone(),
            phase,
            since_secs: self.since_secs,
            rows: self.counters.rows.load(Ordering::Relaxed),
            refused: self.counters.refused.load(Ordering::Relaxed),
            repeated: self.counters.repeated.load(Ordering::Relaxed),
            excluded: self.counters.excluded.load(Ordering::Relaxed),
            dropped: self.counters.dropped.load(Ordering::Relaxed),
            last_secs,
            skew_secs: self.told.skew_secs.filter(|s| s.abs() > SKEW_SECS),
            away_since_secs: self.away_since_secs,
        }
    }
}

/// Runs a source again and again until told to stop.
fn supervise(mut source: Box<dyn Source>, mut tap: Tap) {
    let mut failures = 0u32;
    loop {
        let began = Instant::now();
        tap.connecting();
        let ended = catch_unwind(AssertUnwindSafe(|| source.run(&mut tap)));
        if tap.stop().is_given() {
            return;
        }
        let reason = match ended {
            Ok(Err(Trouble::Stopped)) => return,
            Ok(Err(Trouble::Failed(reason))) => reason,
            // A source that ends by itself has lost its server.
            Ok(Ok(())) => Message::new("status.feed.ended"),
            Err(panic) => {
                // The same input would bring it down at once: no haste.
                failures = failures.max(6);
                Message::new("status.feed.panic").with("error", panic_text(panic.as_ref()))
            }
        };
        if began.elapsed() > GOOD_RUN && failures < 6 {
            failures = 0;
        }
        let wait = back_off(failures, longest_wait(&reason), RandomState::new().hash_one(failures));
        failures = failures.saturating_add(1);
        let next = jiff::Timestamp::now().as_second() + i64::try_from(wait.as_secs()).unwrap_or(60);
        tap.failed(reason, next);
        if tap.stop().wait(wait) {
            return;
        }
    }
}

fn longest_wait(reason: &Message) -> Duration {
    let is_away = matches!(reason.key, "status.feed.connect" | "status.feed.lost" | "status.feed.ended");
    if is_away { LONGEST_AWAY } else { LONGEST_WAIT }
}

/// How long to wait: doubled with every failure, and never the same for all walls of a city at once.
fn back_off(failures: u32, longest: Duration, random: u64) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << failures.min(10)).min(longest);
    #[expect(clippy::cast_precision_loss, reason = "a share between 0 and 1")]
    let share = random as f64 / u64::MAX as f64;
    longest.mul_f64(0.5 + share / 2.0)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_differ() {
        for longest in [LONGEST_AWAY, LONGEST_WAIT] {
            for failures in 0..40 {
                let (least, most) = (back_off(failures, longest, 0), back_off(failures, longest, u64::MAX));
                assert!(least < most && most <= longest && least >= FIRST_WAIT / 2);
                assert!(back_off(failures + 1, longest, 0) >= least);
            }
            assert_eq!(back_off(39, longest, u64::MAX), longest);
        }
    }
}
