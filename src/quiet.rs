//! The thread that looks for silences. Owns the thread and its two channels; the window never waits for it, and shows
//! what was found last.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError};

use crate::derived::watch::Silences;
use crate::moment::Moment;
use crate::site::Site;
use crate::snapshot::Snapshot;
use crate::workers::{self, Ends};

/// How old in data time what was found becomes: events are judged by whole hours.
const LAPSE_SECS: i64 = 300;

/// What the answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    /// The time that is looked at; none for the present.
    moment: Option<Moment>,
    /// Number of the lapse.
    lapse: i64,
    /// Which tables are late.
    late: u64,
}

impl Key {
    fn of(snapshot: &Snapshot) -> Self {
        let mut hasher = DefaultHasher::new();
        snapshot.freshness.sources.iter().for_each(|source| source.late.hash(&mut hasher));
        Self {
            moment: snapshot.past.as_ref().map(|past| past.moment),
            lapse: snapshot.now_secs.div_euclid(LAPSE_SECS),
            late: hasher.finish(),
        }
    }
}

/// What is looked at.
struct Wish {
    key: Key,
    site: Arc<Site>,
    snapshot: Snapshot,
}

/// What was found, kept until time has gone on.
#[derive(Default)]
pub struct Listener {
    worker: Option<Ends<Wish, (Key, Arc<Silences>)>>,
    asked: Option<Key>,
    found: Option<(Key, Arc<Silences>)>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Listener {
    /// Looks for what came, and asks anew where time has gone on.
    pub fn prepare(&mut self, site: &Arc<Site>, snapshot: &Snapshot) {
        self.receive();
        // Of events that are not read yet nobody can say who is silent.
        if !snapshot.is_whole {
            return;
        }
        let key = Key::of(snapshot);
        let is_known = self.found.as_ref().is_some_and(|(of, _)| *of == key);
        if !is_known && self.asked.is_none() {
            self.ask(site, key, snapshot);
        }
    }

    /// What was found at the time that is shown, once it is there.
    #[must_use]
    pub fn silences(&self, snapshot: &Snapshot) -> Option<&Silences> {
        let moment = Key::of(snapshot).moment;
        self.found.as_ref().filter(|(of, _)| of.moment == moment).map(|(_, found)| &**found)
    }

    /// Whether an answer is on its way.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.asked.is_some()
    }

    fn receive(&mut self) {
        let Some((_, answers)) = &self.worker else { return };
        loop {
            match answers.try_recv() {
                Ok(answer) => {
                    self.found = Some(answer);
                    self.asked = None;
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    log::error!("the thread for silences has ended");
                    self.worker = None;
                    self.asked = None;
                    return;
                }
            }
        }
    }

    fn ask(&mut self, site: &Arc<Site>, key: Key, snapshot: &Snapshot) {
        if self.worker.is_none() {
            let found = |wish: Wish, _: &Receiver<Wish>| {
                Some((wish.key, Arc::new(wish.snapshot.silences(&wish.site))))
            };
            self.worker = workers::answering("silences", 1, found);
        }
        let Some((wishes, _)) = &self.worker else { return };
        let wish = Wish { key, site: Arc::clone(site), snapshot: snapshot.clone() };
        if wishes.try_send(wish).is_ok() {
            self.asked = Some(key);
        }
    }
}
