//! The threads behind the window: builds the engine, takes in what sources send, publishes snapshots. Owns every
//! thread and channel; the window only receives and sends commands. No lock is shared with it.

mod first;
mod keep;
mod pace;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};

use crate::engine::{self, Engine, LateRows, Start, ToKeep};
use crate::memory::{self, GiveBack};
use crate::moment::TimeSource;
use crate::past::PastThread;
use crate::site::Site;
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::snapshot::{Clock, Day, EpochSecs, FeedState, LiveState, Snapshot};
use crate::sources::replay::{self, Replay, seconds_of_day, whole};
use crate::sources::supervise::{self, Feeds};
use crate::sources::{self, INBOX, SourceControl, SourceEvent};
use pace::{SNAPSHOT_GAP, live_gap};

/// What the threads tell the window.
#[derive(Debug)]
pub enum Update {
    /// A new picture.
    Snapshot(Arc<Snapshot>),
    /// Tables read, of how many.
    Progress(usize, usize),
    /// The site cannot be measured.
    Failed(Vec<Problem>),
}

/// Handle on the threads; dropping it stops them.
#[derive(Debug)]
pub struct Runtime {
    updates: Receiver<Update>,
    control: Option<Sender<SourceControl>>,
    stop: Option<Sender<()>>,
    worker: Option<JoinHandle<()>>,
    past: PastThread,
}

/// Wakes the window when there is something new.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What waits is taken in for this long before a picture that is due is made: later pictures would show it later.
const TAKE_IN: Duration = Duration::from_millis(10);
/// Longest: windows move on with the clock even when nothing arrives.
const SNAPSHOT_LAPSE: Duration = Duration::from_secs(30);
/// How often the states of sources are looked at.
const FEEDS_GAP: Duration = Duration::from_millis(250);
/// How old their counts on the screen become.
const FEEDS_LAPSE: Duration = Duration::from_secs(1);

impl Runtime {
    /// Starts the threads of a site.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn start(site: Arc<Site>, wake: Wake) -> std::io::Result<Self> {
        let (update_out, updates) = bounded(4);
        let (control, control_in) = bounded(16);
        let (stop, stop_in) = bounded(1);
        let past = PastThread::start(Arc::clone(&wake))?;
        let worker = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || work(site, &update_out, control_in, &stop_in, &wake))?;
        Ok(Self { updates, control: Some(control), stop: Some(stop), worker: Some(worker), past })
    }

    /// What came since the last call; never waits.
    #[must_use]
    pub fn poll(&self) -> Vec<Update> {
        self.updates.try_iter().collect()
    }

    /// The next update, waiting for it.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> Option<Update> {
        self.updates.recv_timeout(limit).ok()
    }

    /// The thread that makes pictures of other times.
    #[must_use]
    pub const fn past(&self) -> &PastThread {
        &self.past
    }

    /// Tells the sources; a full inbox drops nothing that matters, since the last wish wins at the next key press.
    pub fn tell(&self, control: SourceControl) {
        if let Some(out) = &self.control
            && out.try_send(control).is_err()
        {
            log::debug!("sources are busy: {control:?} not delivered");
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.control = None;
        self.stop = None;
        if let Some(worker) = self.worker.take()
            && worker.join().is_err()
        {
            log::error!("the engine's thread ended in a panic");
        }
    }
}

/// Folder of a site to a running engine, then batches to snapshots.
fn work(
    site: Arc<Site>,
    out: &Sender<Update>,
    control: Receiver<SourceControl>,
    stop: &Receiver<()>,
    wake: &Wake,
) {
    let is_shown = AtomicBool::new(false);
    let progress = |done, of| {
        // A window that is still starting misses nothing when this is dropped. One that has a picture does not say it,
        // and the next one must find room.
        if !is_shown.load(Ordering::Relaxed) && out.try_send(Update::Progress(done, of)).is_ok() {
            wake();
        }
    };
    let mut first = None;
    let mut show = |bare| {
        let publisher: &mut Publisher = first.insert(first::publisher(bare));
        is_shown.store(true, Ordering::Relaxed);
        // A window that takes no more will get the whole picture.
        if out.try_send(Update::Snapshot(Arc::new(publisher.snapshot()))).is_ok() {
            wake();
        }
    };
    let started = engine::start_with(Arc::clone(&site), engine::Depth::Needed, &progress, &mut show);
    let Start { engine, to_keep } = match started {
        Ok(start) => start,
        Err(problems) => {
            if out.send(Update::Failed(problems)).is_ok() {
                wake();
            }
            return;
        }
    };
    log::info!("{} rows measured, {:.0} MiB resident", engine.rows(), crate::bench::resident_mib());
    for problem in &engine.problems {
        log::warn!("{}", problem.line(&site.messages_en));
    }
    let (source_out, inbox) = bounded(INBOX);
    let mut publisher = Publisher::new(engine, real_clock());
    publisher.to_keep = to_keep;
    if let Some(first) = first {
        publisher.go_on_from(first);
    }
    if let Some(mut replay) = Replay::open(&site, seconds_of_day(&site)) {
        publisher.clock = replay.clock();
        publisher.shift_secs = shift_secs(&site, replay.day());
        publisher.set_late_rows(replay::late_rows(&site));
        // What happened today before the program started arrives at once.
        for batch in replay.due(whole(publisher.clock.now())) {
            publisher.take(SourceEvent::Batch(batch));
        }
        publisher.live.running = true;
        if let Err(err) = replay::spawn(replay, source_out, control) {
            log::error!("no thread for the replay: {err}");
            publisher.live.running = false;
        }
    } else if !site.feeds.sources.is_empty() {
        match start_feeds(&site, &mut publisher, source_out) {
            Ok(feeds) => {
                publisher.supervised = Some(feeds);
                publisher.live.running = true;
            }
            Err(problem) => {
                // Without a journal nothing may be acknowledged: the figures stand as the files have them, and say so.
                log::error!("{}", problem.line(&site.messages_en));
                if out.send(Update::Failed(vec![problem])).is_ok() {
                    wake();
                }
                return;
            }
        }
    }
    log::info!("today caught up with, {:.0} MiB resident", crate::bench::resident_mib());
    publisher.run(out, &inbox, stop, wake);
}

/// Brings back what the journal holds, then starts the sources where they had stopped.
fn start_feeds(
    site: &Arc<Site>,
    publisher: &mut Publisher,
    out: Sender<SourceEvent>,
) -> Result<Feeds, Problem> {
    let dir = supervise::state_dir(site);
    let told = |error: &dyn std::fmt::Display| {
        Problem::error(&dir, Message::new("problem.journal").with("dir", dir.display()).with("error", error))
    };
    let began = Instant::now();
    let mut waiting = sources::Waiting::default();
    let restored = supervise::restore(site, &dir, &mut |parcel| {
        if let Some(batch) = waiting.add(parcel) {
            publisher.take(SourceEvent::Batch(batch));
        }
    })
    .map_err(|err| told(&err))?;
    for batch in waiting.rest() {
        publisher.take(SourceEvent::Batch(batch));
    }
    if let Some(rows) = sources::debrief::late_rows(site) {
        publisher.set_late_rows(rows);
    }
    let (rows, secs) = (restored.rows, began.elapsed().as_secs_f32());
    log::info!("journal: {rows} rows brought back in {secs:.1} s, {} refused now", restored.refused);
    publisher.oldest_change = None;
    let list = sources::open(site);
    Feeds::start(site, restored, list, out).map_err(|err| told(&err))
}

/// The machine's clock as the data's clock.
fn real_clock() -> Clock {
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
    let data_secs = jiff::Timestamp::now().as_second() as f64;
    Clock { data_secs, since: Instant::now(), speed: 1.0 }
}

/// What turns the sample's day into the present day, on the same time of day.
fn shift_secs(site: &Site, day: Day) -> i64 {
    let today = site.zone.day_of(jiff::Timestamp::now().as_second());
    site.zone.start_of(today) - site.zone.start_of(day)
}

/// Turns an engine and what arrives into snapshots.
pub struct Publisher {
    engine: Engine,
    clock: Clock,
    shift_secs: i64,
    live: LiveState,
    revision: u64,
    /// Whether rows and events are there.
    is_whole: bool,
    /// Whether there is anything that the last picture does not show.
    dirty: bool,
    /// When the oldest change among it arrived, and how long it took to this thread.
    oldest_change: Option<(Instant, Duration)>,
    published: Option<Instant>,
    /// When the sources were last asked how they are.
    looked: Option<Instant>,
    /// Whether changes still waited when the last ones were taken in.
    behind: bool,
    /// How long the last snapshot took to make.
    took: Duration,
    supervised: Option<Feeds>,
    feeds: Arc<[FeedState]>,
    /// Rows that came live, for what was known when.
    late_rows: Option<LateRows>,
    /// What the gate made of the counts of the last picture.
    memory: engine::Memory,
    /// The cube as the files had it, until the first picture is out.
    to_keep: Option<ToKeep>,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Publisher {
    /// For an engine and its clock.
    #[must_use]
    pub fn new(engine: Engine, clock: Clock) -> Self {
        let live = LiveState { speed: 1, ..LiveState::default() };
        Self {
            engine,
            clock,
            shift_secs: 0,
            live,
            revision: 0,
            is_whole: true,
            dirty: true,
            oldest_change: None,
            published: None,
            looked: None,
            behind: false,
            took: Duration::ZERO,
            supervised: None,
            feeds: Arc::from([]),
            late_rows: None,
            memory: engine::Memory::default(),
            to_keep: None,
        }
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, for a measurement that changes it.
    pub(crate) const fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Says where rows that came live can be had again, for what was known when.
    pub(crate) fn set_late_rows(&mut self, rows: LateRows) {
        self.late_rows = Some(rows);
    }

    /// Marks the feed as running.
    pub const fn set_running(&mut self) {
        self.live.running = true;
    }

    /// Takes in what a source tells.
    pub fn take(&mut self, event: SourceEvent) {
        match event {
            SourceEvent::Batch(batch) => {
                self.live.changes += batch.rows.height() as u64;
                self.dirty = true;
                if self.oldest_change.is_none_or(|(oldest, _)| batch.received < oldest) {
                    self.oldest_change = Some((batch.received, batch.received.elapsed()));
                }
                for problem in self.engine.apply(&batch) {
                    log::error!("{}", problem.line(&self.engine.site().messages_en));
                }
            }
            SourceEvent::Clock(clock) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1, 10 or 60")]
                if clock.speed > 0.0 {
                    self.live.speed = clock.speed as u32;
                }
                self.clock = clock;
                self.dirty = true;
            }
        }
    }

    /// The picture of now.
    pub fn snapshot(&mut self) -> Snapshot {
        let now_secs = whole(self.clock.now());
        let at = self.engine.at(now_secs);
        self.engine.move_on(now_secs);
        let mut sources = self.engine.sources(now_secs);
        self.engine.heed_feeds(&mut sources, &self.feeds, now_secs);
        let figures = Arc::new(self.engine.figures_again(at, &sources, &mut self.memory));
        let freshness = self.engine.freshness(sources);
        self.dirty = false;
        let change = self.oldest_change.take();
        self.live.oldest_change = change.map(|(since, _)| since);
        if let Some((since, reached)) = change {
            self.live.latency_millis = since.elapsed().as_secs_f32() * 1000.0;
            self.live.reached_millis = reached.as_secs_f32() * 1000.0;
        }
        self.revision += 1;
        // Cells are shared until a batch changes them, so this copy is a list of pointers.
        let bare = Arc::new(self.engine.without_rows());
        let site = Arc::clone(self.engine.site());
        Snapshot {
            revision: self.revision,
            is_whole: self.is_whole,
            now_secs,
            shift_secs: self.shift_secs,
            clock: self.clock,
            events: self.engine.events.view(&site, at.day),
            freshness,
            live: self.live,
            feeds: Arc::clone(&self.feeds),
            texture: Arc::clone(&self.engine.texture),
            figures,
            times: self.is_whole.then(|| self.times(&bare, now_secs)),
            series: bare,
            past: None,
        }
    }

    /// Pictures of other times, as of a picture that is made of an engine without its rows.
    fn times(&self, bare: &Arc<Engine>, now_secs: EpochSecs) -> Arc<dyn TimeSource> {
        Arc::new(self.engine.ground(Arc::clone(bare), now_secs, self.late_rows.clone()))
    }

    /// Pictures follow those of another one, of the same site.
    fn go_on_from(&mut self, other: Self) {
        self.revision = other.revision;
        self.memory = other.memory;
    }

    /// The replay's changes are as quick as a person can read; what really happens is shown sooner, as long as making
    /// pictures takes no more than half of the engine's time, and a quarter while changes wait.
    fn shortest_gap(&self) -> Duration {
        if self.supervised.is_some() { live_gap(self.took, self.behind) } else { SNAPSHOT_GAP }
    }

    /// Takes in what waits, one event after the other: a picture made in between would be old before it is seen.
    fn take_all(&mut self, first: SourceEvent, inbox: &Receiver<SourceEvent>) {
        let began = Instant::now();
        self.take(first);
        self.behind = true;
        while began.elapsed() < TAKE_IN {
            let Ok(event) = inbox.try_recv() else {
                self.behind = false;
                return;
            };
            self.take(event);
        }
    }

    /// Takes over what the sources say about themselves: a change of what one is doing is worth a picture at once,
    /// its counts are worth one a second.
    fn look_at_feeds(&mut self) {
        let Some(feeds) = &mut self.supervised else { return };
        // Not after every batch of a busy source.
        if self.looked.is_some_and(|looked| looked.elapsed() < FEEDS_GAP / 2) {
            return;
        }
        self.looked = Some(Instant::now());
        let states = feeds.states(jiff::Timestamp::now().as_second());
        let same = |a: &FeedState, b: &FeedState| a.phase == b.phase && a.skew_secs == b.skew_secs;
        let steady =
            states.len() == self.feeds.len() && states.iter().zip(&*self.feeds).all(|(a, b)| same(a, b));
        let old = self.published.is_some_and(|p| p.elapsed() >= FEEDS_LAPSE);
        if steady && (!old || *states == *self.feeds) {
            return;
        }
        self.feeds = states;
        self.dirty = true;
    }

    fn run(mut self, out: &Sender<Update>, inbox: &Receiver<SourceEvent>, stop: &Receiver<()>, wake: &Wake) {
        // A disconnected inbox would be ready for ever.
        let never = crossbeam_channel::never();
        let mut inbox = if self.live.running { inbox } else { &never };
        // The copies are let go of when this thread ends.
        let running = Arc::new(());
        let mut pictures = 0_u32;
        loop {
            self.look_at_feeds();
            let gap = self.published.map_or(SNAPSHOT_GAP, |p| p.elapsed());
            let shortest = self.shortest_gap();
            let due = self.published.is_none() || (self.dirty && gap >= shortest) || gap >= SNAPSHOT_LAPSE;
            if due {
                self.live.queue = inbox.len() + self.supervised.as_ref().map_or(0, Feeds::waiting);
                self.live.resident_mib = crate::bench::resident_mib();
                if pictures == 1 {
                    // The first picture is out: what loading left behind has been given back by now.
                    memory::give_back(GiveBack::Later);
                    keep::copies(Arc::clone(self.engine.site()), &running);
                }
                if let Some(feeds) = &mut self.supervised {
                    self.feeds = feeds.states(jiff::Timestamp::now().as_second());
                }
                let began = Instant::now();
                let change = self.oldest_change;
                let snapshot = Arc::new(self.snapshot());
                self.took = began.elapsed();
                self.published = Some(Instant::now());
                let sent = out.try_send(Update::Snapshot(snapshot));
                self.to_keep.take().into_iter().for_each(keep::cube);
                pictures = pictures.saturating_add(1);
                if pictures == 1 {
                    keep::order(self.engine.without_rows());
                }
                match sent {
                    Ok(()) => wake(),
                    // The window has not looked yet: what it will get is newer.
                    Err(TrySendError::Full(_)) => {
                        self.dirty = true;
                        self.oldest_change = change;
                    }
                    Err(TrySendError::Disconnected(_)) => return,
                }
            }
            let wait = if self.dirty {
                self.shortest_gap().saturating_sub(self.published.map_or(Duration::ZERO, |p| p.elapsed()))
            } else if self.supervised.is_some() {
                FEEDS_GAP
            } else {
                SNAPSHOT_LAPSE
            };
            select! {
                recv(inbox) -> event => match event {
                    Ok(event) => self.take_all(event, inbox),
                    Err(_) => inbox = &never,
                },
                recv(stop) -> _ => return,
                default(wait) => {}
            }
        }
    }
}
