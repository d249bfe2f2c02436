//! The thread that makes pictures of other times, and the shelf on which the window keeps them. Owns both ends of the
//! two channels between them: the newest wish wins, and nothing grows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::memory::{self, GiveBack};
use crate::moment::{FIRST_PAST_REVISION, Known, Moment};
use crate::runtime::Wake;
use crate::site::civil::CivilZone;
use crate::site::problem::Problem;
use crate::snapshot::{EpochSecs, Snapshot};
use crate::time::TimeView;

/// Wishes that wait at most; of those that do the newest counts.
const WISHES: usize = 4;
/// Pictures that wait for the window at most.
const PICTURES: usize = 4;

/// What the window wants to see, nearest first: the moment itself, then those that come next.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The live picture from which it is looked back.
    pub from: Arc<Snapshot>,
    /// Moments in the order in which they are wanted.
    pub moments: Vec<Moment>,
}

/// What the thread tells.
#[derive(Debug)]
pub enum Answer {
    /// A picture that was wished for.
    Picture(Arc<Snapshot>),
    /// None can be made of this moment.
    Failed(Moment, Vec<Problem>),
}

/// Handle on the thread; dropping it stops the thread after the picture it is making.
#[derive(Debug)]
pub struct PastThread {
    wishes: Option<Sender<Wish>>,
    answers: Option<Receiver<Answer>>,
    worker: Option<JoinHandle<()>>,
}

impl PastThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let (wishes, wishes_in) = bounded(WISHES);
        let (out, answers) = bounded(PICTURES);
        let worker = std::thread::Builder::new()
            .name("past".to_owned())
            .spawn(move || work(&wishes_in, &out, &|| wake()))?;
        Ok(Self { wishes: Some(wishes), answers: Some(answers), worker: Some(worker) })
    }

    /// Passes a wish on without waiting; false where too many wait, and it is to be said again.
    #[must_use]
    pub fn wish(&self, wish: Wish) -> bool {
        self.wishes.as_ref().is_some_and(|out| out.try_send(wish).is_ok())
    }

    /// What came since the last call; never waits.
    #[must_use]
    pub fn poll(&self) -> Vec<Answer> {
        self.answers.iter().flat_map(Receiver::try_iter).collect()
    }

    /// The next answer, waiting for it.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> Option<Answer> {
        self.answers.as_ref()?.recv_timeout(limit).ok()
    }
}

impl Drop for PastThread {
    fn drop(&mut self) {
        self.wishes = None;
        // A thread that waits for room on this channel is let go as well.
        self.answers = None;
        if let Some(worker) = self.worker.take()
            && worker.join().is_err()
        {
            log::error!("the thread of the past ended in a panic");
        }
    }
}

/// Makes pictures until the other end is gone.
fn work(wishes: &Receiver<Wish>, out: &Sender<Answer>, wake: &dyn Fn()) {
    let mut revision = FIRST_PAST_REVISION;
    let mut next = wishes.recv().ok();
    while let Some(wish) = next.take() {
        for moment in wish.moments {
            match newest(wishes) {
                Ok(None) => {}
                Ok(newer) => {
                    next = newer;
                    break;
                }
                Err(()) => return,
            }
            revision += 1;
            let answer = match wish.from.at(moment, revision) {
                Ok(picture) => Answer::Picture(Arc::new(picture)),
                Err(problems) => Answer::Failed(moment, problems),
            };
            if moment.known() == Known::Then {
                // Files were read, which asks the allocator for another habit than painting does.
                memory::give_back(GiveBack::Later);
            }
            if out.send(answer).is_err() {
                return;
            }
            wake();
        }
        if next.is_none() {
            next = wishes.recv().ok();
        }
    }
}

/// The newest of the wishes that wait; an error where nobody is left to wish.
fn newest(wishes: &Receiver<Wish>) -> Result<Option<Wish>, ()> {
    let mut newest = None;
    loop {
        match wishes.try_recv() {
            Ok(wish) => newest = Some(wish),
            Err(TryRecvError::Empty) => return Ok(newest),
            Err(TryRecvError::Disconnected) => return Err(()),
        }
    }
}

/// Pictures by what is known now that are kept: a month and what is around it.
const MOST_NOW: usize = 32;
/// Pictures of what was known then that are kept: each holds all its series.
const MOST_THEN: usize = 8;
/// A picture older than this is made anew when something changed: rows that come late correct days that are over.
const FRESH: Duration = Duration::from_secs(30);
/// How many steps ahead are made while the cursor moves by itself.
const AHEAD: i32 = 4;

/// Pictures of other times that the window keeps, the latest used last.
#[derive(Debug, Default)]
pub struct Shelf {
    kept: VecDeque<Kept>,
    /// What was wished for and has not come.
    wished: Vec<Moment>,
    failed: Option<(Moment, Instant)>,
    /// What is shown while the next picture is made.
    shown: Option<Arc<Snapshot>>,
}

#[derive(Debug)]
struct Kept {
    moment: Moment,
    picture: Arc<Snapshot>,
    made: Instant,
}

impl Shelf {
    /// Puts an answer away.
    pub fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Picture(picture) => {
                let Some(moment) = picture.past.as_ref().map(|past| past.moment) else { return };
                self.wished.retain(|wished| *wished != moment);
                self.kept.retain(|kept| kept.moment != moment);
                self.kept.push_back(Kept { moment, picture, made: Instant::now() });
                for (known, most) in [(Known::Now, MOST_NOW), (Known::Then, MOST_THEN)] {
                    let alike = self.kept.iter().filter(|kept| kept.moment.known() == known).count();
                    if alike > most
                        && let Some(oldest) = self.kept.iter().position(|kept| kept.moment.known() == known)
                    {
                        self.kept.remove(oldest);
                    }
                }
            }
            Answer::Failed(moment, problems) => {
                for problem in &problems {
                    log::error!("{}: {}", problem.file.display(), problem.message.key);
                }
                self.wished.retain(|wished| *wished != moment);
                self.failed = Some((moment, Instant::now()));
            }
        }
    }

    /// How many pictures are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What to paint: the picture of the cursor; until it is there, what was painted before.
    pub fn shown(&mut self, time: &TimeView, live: &Arc<Snapshot>) -> Arc<Snapshot> {
        let Some(moment) = time.moment() else {
            self.shown = None;
            return Arc::clone(live);
        };
        if let Some(at) = self.kept.iter().position(|kept| kept.moment == moment)
            && let Some(kept) = self.kept.remove(at)
        {
            self.shown = Some(Arc::clone(&kept.picture));
            self.kept.push_back(kept);
        }
        self.shown.as_ref().map_or_else(|| Arc::clone(live), Arc::clone)
    }

    /// Whether no picture of the cursor's moment could be made.
    #[must_use]
    pub fn has_failed(&self, time: &TimeView) -> bool {
        self.failed.is_some_and(|(moment, _)| time.moment() == Some(moment))
    }

    /// What has to be made for the cursor and what comes next, and was not yet wished for.
    #[must_use]
    pub fn wanted(&mut self, time: &TimeView, zone: &CivilZone, live: &Arc<Snapshot>) -> Option<Wish> {
        let Some(moment) = time.moment() else {
            self.wished.clear();
            return None;
        };
        // Events and rows are being read: the wish waits for the picture that has them.
        if !live.is_whole {
            return None;
        }
        let mut wanted = vec![moment];
        if time.playing {
            let span = (EpochSecs::MIN, live.now_secs);
            let next = (1..=AHEAD).filter_map(|by| time.stepped(zone, span, by));
            wanted.extend(next.map(|at| Moment::new(at, time.known)));
        }
        wanted.retain(|moment| !self.is_here(*moment, live));
        // A step that fails is tried again, but not with every frame.
        let rests = |moment: &Moment| {
            self.failed.is_some_and(|(failed, at)| failed == *moment && at.elapsed() < FRESH)
        };
        wanted.retain(|moment| !rests(moment));
        if wanted.is_empty() || self.wished == wanted {
            return None;
        }
        Some(Wish { from: Arc::clone(live), moments: wanted })
    }

    /// Notes that a wish is on its way.
    pub fn note(&mut self, wish: &Wish) {
        self.wished.clone_from(&wish.moments);
    }

    /// Forgets what was wished for: the wish could not be passed on.
    pub fn forget_wish(&mut self) {
        self.wished.clear();
    }

    /// Whether a picture is here and as good as new.
    fn is_here(&self, moment: Moment, live: &Snapshot) -> bool {
        let kept = self.kept.iter().find(|kept| kept.moment == moment);
        kept.is_some_and(|kept| kept.made.elapsed() < FRESH || kept.picture.live.changes == live.live.changes)
    }
}
