//! What the screen asks of a picture, worked out before that picture is shown: series take milliseconds, since what is
//! hidden in one area is found over all of them. Owns the thread `ahead` and its two channels; a picture that is not made
//! ready in time is shown all the same, and its series are worked out when a panel asks.

use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError};

use crate::panels::series_cache::{Ready, SeriesCache, Wanted};
use crate::site::Site;
use crate::snapshot::Snapshot;
use crate::workers::{self, Ends};

/// So many frames a picture waits at most.
const MOST_FRAMES: u32 = 30;

/// What is worked out.
struct Wish {
    site: Arc<Site>,
    snapshot: Arc<Snapshot>,
    wanted: Vec<Wanted>,
    /// A picture that is not shown any more: to let go of all that it alone holds takes half a millisecond.
    spent: Option<Arc<Snapshot>>,
}

/// A picture that is on its way to the screen.
struct Coming {
    snapshot: Arc<Snapshot>,
    /// Frames since it was asked for.
    waited: u32,
}

/// Pictures that are not shown yet.
#[derive(Default)]
pub struct Ahead {
    worker: Option<Ends<Wish, Ready>>,
    coming: Option<Coming>,
    /// The newest of those that came meanwhile.
    later: Option<Arc<Snapshot>>,
    /// What is shown, and what was before it.
    shown: Option<Arc<Snapshot>>,
    spent: Option<Arc<Snapshot>>,
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead").field("is_pending", &self.is_pending()).finish_non_exhaustive()
    }
}

impl Ahead {
    /// Takes a newer picture.
    pub fn offer(&mut self, snapshot: Arc<Snapshot>) {
        if self.coming.is_none() {
            self.coming = Some(Coming { snapshot, waited: 0 });
        } else {
            self.later = Some(snapshot);
        }
    }

    /// Whether a picture waits.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.coming.is_some()
    }

    /// Once a frame: the picture to show from now on, where it is another one. `series` are those of the screen;
    /// `is_seen` says whether pictures of the present are looked at, for which alone it is worth to wait.
    pub fn turn(
        &mut self,
        site: &Arc<Site>,
        series: &mut SeriesCache,
        is_seen: bool,
    ) -> Option<Arc<Snapshot>> {
        let Coming { snapshot, waited } = self.coming.as_mut()?;
        let snapshot = Arc::clone(snapshot);
        *waited += 1;
        let may_wait = match *waited {
            1 => {
                let wanted = series.wanted();
                let spent = self.spent.take();
                let wish = Wish { site: Arc::clone(site), snapshot: Arc::clone(&snapshot), wanted, spent };
                is_seen && !wish.wanted.is_empty() && self.ask(wish)
            }
            waited => is_seen && waited <= MOST_FRAMES,
        };
        if may_wait && !self.receive(snapshot.revision, series) {
            return None;
        }
        self.coming = self.later.take().map(|snapshot| Coming { snapshot, waited: 0 });
        self.spent = self.shown.replace(Arc::clone(&snapshot));
        Some(snapshot)
    }

    fn ask(&mut self, wish: Wish) -> bool {
        if self.worker.is_none() {
            let ready = |wish: Wish, _: &Receiver<Wish>| {
                let Wish { site, snapshot, wanted, spent } = wish;
                let ready = Ready::of(&site, &snapshot, &wanted);
                drop(spent);
                Some(ready)
            };
            self.worker = workers::answering("ahead", 1, ready);
        }
        self.worker.as_ref().is_some_and(|(wishes, _)| wishes.try_send(wish).is_ok())
    }

    /// Whether there is nothing to wait for any more.
    fn receive(&mut self, revision: u64, series: &mut SeriesCache) -> bool {
        let Some((_, answers)) = &self.worker else { return true };
        loop {
            match answers.try_recv() {
                Ok(ready) if ready.revision == revision => {
                    series.take_ready(ready);
                    return true;
                }
                // Of a picture that was shown without it.
                Ok(_) => {}
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => {
                    log::error!("the thread for series has ended");
                    self.worker = None;
                    return true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crossbeam_channel::bounded;

    use super::*;
    use crate::derived::kind::Nature;
    use crate::panels::fixture;
    use crate::panels::{Health, View};
    use crate::site::areas::AreaId;
    use crate::site::text::Lang;
    use crate::snapshot::{Back, Coverage, Earlier, EpochSecs, IndicatorIx, Series, SeriesSource};
    use crate::state::{AppState, Mode};
    use crate::theme::{Sizes, Theme};

    /// Counts what is asked of it; answers once it may.
    #[derive(Debug)]
    struct Counted {
        of: Arc<dyn SeriesSource>,
        asked: Arc<AtomicUsize>,
        may: Option<Receiver<()>>,
    }

    impl SeriesSource for Counted {
        fn series(&self, i: IndicatorIx, areas: &[AreaId], until: EpochSecs, points: usize) -> Vec<Series> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if let Some(may) = &self.may {
                let _ = may.recv();
            }
            self.of.series(i, areas, until, points)
        }

        fn nature(&self, indicator: IndicatorIx) -> Nature {
            self.of.nature(indicator)
        }

        fn over_areas(&self, indicator: IndicatorIx, at_secs: EpochSecs) -> Earlier {
            self.of.over_areas(indicator, at_secs)
        }

        fn past(&self, indicator: IndicatorIx, at_secs: EpochSecs, back: Back) -> Earlier {
            self.of.past(indicator, at_secs, back)
        }

        fn coverage(&self, indicator: IndicatorIx, at_secs: EpochSecs) -> Coverage {
            self.of.coverage(indicator, at_secs)
        }
    }

    struct Table {
        site: Arc<Site>,
        state: AppState,
        theme: Theme,
        series: SeriesCache,
        ahead: Ahead,
        foreseen: Option<IndicatorIx>,
    }

    impl Table {
        fn new() -> Self {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/tiny");
            let site = Arc::new(crate::site::load(&dir).unwrap().0);
            Self {
                state: AppState::new(&site, Mode::Wall, Lang::En),
                theme: Theme::dark(Sizes::for_desk()),
                series: SeriesCache::default(),
                ahead: Ahead::default(),
                foreseen: None,
                site,
            }
        }

        /// A picture, and how often it was asked for series.
        fn picture(&self, revision: u64, may: Option<Receiver<()>>) -> (Arc<Snapshot>, Arc<AtomicUsize>) {
            let mut snapshot = fixture::snapshot(&self.site);
            let asked = Arc::new(AtomicUsize::new(0));
            // A day later each.
            snapshot.now_secs += revision.cast_signed() * 86_400;
            snapshot.revision = revision;
            snapshot.series = Arc::new(Counted { of: snapshot.series, asked: Arc::clone(&asked), may });
            (Arc::new(snapshot), asked)
        }

        /// Asks what panels ask in a frame; the series that were told.
        fn look(&mut self, snapshot: &Snapshot) -> Vec<Arc<Series>> {
            let view = View {
                site: &self.site,
                snapshot,
                drawn: None,
                silences: None,
                cover: None,
                state: &self.state,
                text: self.site.messages(Lang::En),
                theme: &self.theme,
                now_secs: snapshot.now_secs as f64,
                live: snapshot,
                live_secs: snapshot.now_secs as f64,
                past_failed: false,
                health: Health::default(),
            };
            let indicator = self.state.indicator;
            let areas: Vec<AreaId> = self.site.areas.level(1).collect();
            if let Some(next) = self.foreseen {
                let all: Vec<AreaId> = std::iter::once(AreaId::ROOT).chain(areas.iter().copied()).collect();
                self.series.foresee(&view, next, &all);
            }
            self.series.standings(&view, indicator, &areas);
            let all = std::iter::once(AreaId::ROOT).chain(areas);
            all.map(|area| Arc::clone(&self.series.trend(&view, indicator, area).unwrap().series)).collect()
        }

        /// Until the series are worked out.
        fn wait(&self) {
            while self.ahead.worker.as_ref().unwrap().1.is_empty() {
                std::thread::yield_now();
            }
        }

        fn turn(&mut self) -> Option<u64> {
            self.ahead.turn(&self.site, &mut self.series, true).map(|snapshot| snapshot.revision)
        }
    }

    #[test]
    fn the_series_of_a_picture_are_there_when_it_is_shown() {
        let mut table = Table::new();
        let (first, asked) = table.picture(1, None);
        table.ahead.offer(Arc::clone(&first));
        assert_eq!(table.turn(), Some(1), "nothing was asked yet, so nothing is waited for");
        let told = table.look(&first);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "the followed area is asked for beside the others");
        let (second, asked) = table.picture(2, None);
        table.ahead.offer(Arc::clone(&second));
        assert_eq!(table.turn(), None);
        table.wait();
        assert_eq!(table.look(&first), told, "the screen goes on with the picture before");
        assert_eq!(table.turn(), Some(2));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let ready = table.look(&second);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "panels find them");
        assert_ne!(ready, told);
        table.series = SeriesCache::default();
        assert_eq!(ready, table.look(&second), "and they are those of the new picture");
        assert_eq!(table.turn(), None, "it is shown once");
    }

    #[test]
    fn another_scene_finds_the_series_that_were_foreseen() {
        let mut table = Table::new();
        let now = table.state.indicator;
        let next = (0..table.site.indicators.len()).find(|i| *i != now).unwrap();
        table.foreseen = Some(next);
        let (first, asked) = table.picture(1, None);
        table.look(&first);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "of the first picture what is shown and no more");
        let (second, asked) = table.picture(2, None);
        table.ahead.offer(Arc::clone(&second));
        assert_eq!(table.turn(), None);
        table.wait();
        assert_eq!(table.turn(), Some(2));
        assert_eq!(asked.load(Ordering::SeqCst), 2, "once an indicator");
        table.look(&second);
        table.state.indicator = next;
        let foreseen = table.look(&second);
        assert_eq!(asked.load(Ordering::SeqCst), 2, "neither scene asks again");
        table.series = SeriesCache::default();
        assert_eq!(foreseen, table.look(&second), "and they are what is asked for");
    }

    #[test]
    fn a_picture_whose_series_do_not_come_is_shown_all_the_same_and_the_newest_follows() {
        let mut table = Table::new();
        let (first, _) = table.picture(1, None);
        table.look(&first);
        let (let_go, may) = bounded(64);
        let (second, asked) = table.picture(2, Some(may));
        table.ahead.offer(second);
        for revision in [3, 4] {
            assert_eq!(table.turn(), None);
            let (newer, _) = table.picture(revision, None);
            table.ahead.offer(newer);
        }
        // Frames of a test are over before a thread has begun.
        while asked.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let shown = (0..=MOST_FRAMES).find_map(|_| table.turn());
        assert_eq!(shown, Some(2));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // What the thread says too late, of a picture before, is not taken for the newer one.
        let_go.send(()).unwrap();
        let shown = std::iter::repeat_with(|| table.turn()).flatten().next();
        assert_eq!(shown, Some(4), "what was neither shown nor the newest is passed over");
        let (newest, _) = table.picture(4, None);
        let told = table.look(&newest);
        table.series = SeriesCache::default();
        assert_eq!(told, table.look(&newest));
    }
}
