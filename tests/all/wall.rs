//! A running program without a window: threads of a site, and what its newest snapshot shows.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onemap::moment::Moment;
use onemap::past::{Answer, Wish};
use onemap::runtime::{Runtime, Update};
use onemap::site::Site;
use onemap::snapshot::{FeedPhase, FeedState, Snapshot};

use crate::common::Made;

pub(crate) struct Wall {
    runtime: Runtime,
    site: Arc<Site>,
    latest: Option<Arc<Snapshot>>,
    rows: usize,
    sum: usize,
}

impl Wall {
    pub(crate) fn start(made: &Made) -> Self {
        Self::open(made.path())
    }

    /// Of any site; what it shows is counted where it has the indicators of a made-up one.
    pub(crate) fn open(dir: &Path) -> Self {
        let (site, problems) = onemap::site::load(dir).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        let index = |id| site.indicator_index(id).unwrap_or_default();
        let (rows, sum) = (index("rows"), index("sum"));
        let site = Arc::new(site);
        let runtime = Runtime::start(Arc::clone(&site), Arc::new(|| {})).unwrap();
        Self { runtime, site, latest: None, rows, sum }
    }

    pub(crate) const fn site(&self) -> &Arc<Site> {
        &self.site
    }

    pub(crate) fn snapshot(&mut self) -> &Snapshot {
        let began = Instant::now();
        loop {
            for update in self.runtime.poll() {
                match update {
                    Update::Snapshot(snapshot) => self.latest = Some(snapshot),
                    Update::Failed(problems) => panic!("{problems:?}"),
                    Update::Progress(..) => {}
                }
            }
            if self.latest.is_some() {
                break;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "no snapshot");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.latest.as_ref().unwrap()
    }

    /// Rows and sum of what arrived, as shown; the row of the site's file left out.
    pub(crate) fn counted(&mut self) -> (u64, i64) {
        let (rows, sum) = (self.rows, self.sum);
        let snapshot = self.snapshot();
        let value = |i| snapshot.reading(i, onemap::site::areas::AreaId::ROOT).value.exact().unwrap();
        (value(rows) as u64 - 1, value(sum) as i64 - 1_000_000)
    }

    /// The screen of a moment as it was known at another, from the thread that makes such pictures.
    pub(crate) fn known_at(&mut self, moment: Moment) -> Arc<Snapshot> {
        self.snapshot();
        let from = self.latest.clone().unwrap();
        assert!(self.runtime.past().wish(Wish { from, moments: vec![moment] }));
        match self.runtime.past().wait(Duration::from_mins(1)) {
            Some(Answer::Picture(picture)) => picture,
            other => panic!("{other:?}"),
        }
    }

    /// Rows shown at an area, that of the site's file included.
    pub(crate) fn count_at(&mut self, code: &str) -> u64 {
        let rows = self.rows;
        let area = self.site().areas.find(code).unwrap();
        self.snapshot().reading(rows, area).value.exact().unwrap() as u64
    }

    pub(crate) fn feed(&mut self) -> FeedState {
        self.snapshot().feeds[0].clone()
    }

    pub(crate) fn is_live(&mut self) -> bool {
        self.feed().phase == FeedPhase::Live
    }

    pub(crate) fn has_failed(&mut self) -> bool {
        matches!(self.feed().phase, FeedPhase::Failed { .. })
    }

    /// Waits until exactly this is shown.
    pub(crate) fn wait(&mut self, what: &str, rows: u64, sum: i64) {
        let began = Instant::now();
        while self.counted() != (rows, sum) {
            assert!(
                began.elapsed() < Duration::from_secs(90),
                "{what}: {:?} instead of {:?}; {:?}",
                self.counted(),
                (rows, sum),
                self.feed()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn wait_live(&mut self) {
        let began = Instant::now();
        while !self.is_live() {
            assert!(began.elapsed() < Duration::from_secs(90), "not live: {:?}", self.feed());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn wait_failed(&mut self) {
        let began = Instant::now();
        while !self.has_failed() {
            assert!(began.elapsed() < Duration::from_secs(90), "no failure: {:?}", self.feed());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
