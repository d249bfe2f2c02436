//! Series, control charts and comparisons of areas, kept per revision, indicator and area, since they are drawn on every
//! frame and change only with the snapshot. Owns the few on screen; never grows past them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::derived::funnel::{Curve, Funnel};
use crate::derived::standing::Standing;
use crate::derived::{Derived, Shares, Trend};
use crate::drawn::Drawn;
use crate::panels::{View, trend};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::snapshot::{IndicatorIx, Series, Snapshot};

/// Most of a kind that a screen shows at once; more means that something asks for too many.
const LIMIT: usize = 256;

type Key = (IndicatorIx, AreaId);

/// A series that a screen asks for in every frame, with its chart where that is asked for too.
pub type Wanted = (IndicatorIx, AreaId, Option<Arc<Trend>>);

/// Series of a picture that is not shown yet.
#[derive(Debug)]
pub struct Ready {
    /// Of which picture.
    pub revision: u64,
    known: Vec<(Key, Arc<Series>, Option<Arc<Trend>>)>,
}

impl Ready {
    /// Works out what a screen asked of the picture before; a series that came out the same keeps its chart.
    #[must_use]
    pub fn of(site: &Site, snapshot: &Snapshot, wanted: &[Wanted]) -> Self {
        let vantage = snapshot.vantage(site);
        let mut known = Vec::with_capacity(wanted.len());
        for of_one in wanted.chunk_by(|(a, ..), (b, ..)| a == b) {
            let Some((indicator, ..)) = of_one.first() else { continue };
            let areas: Vec<AreaId> = of_one.iter().map(|(_, area, _)| *area).collect();
            for ((_, area, before), series) in of_one.iter().zip(vantage.series(*indicator, &areas)) {
                let series = Arc::new(series);
                let trend = before.as_ref().and_then(|before| {
                    if before.series == series {
                        return Some(Arc::clone(before));
                    }
                    vantage.trend(*indicator, Arc::clone(&series)).map(Arc::new)
                });
                known.push(((*indicator, *area), series, trend));
            }
        }
        Self { revision: snapshot.revision, known }
    }
}

/// What was asked for at one revision.
#[derive(Debug, Default)]
pub struct SeriesCache {
    revision: u64,
    /// The series that frames of this revision asked for or will ask for.
    asked: BTreeSet<Key>,
    /// Those of the next one, where they were worked out beforehand.
    ready: Option<Ready>,
    series: HashMap<Key, Arc<Series>>,
    trends: HashMap<Key, Arc<Trend>>,
    /// Of the revision before: a series that came out the same has the same chart.
    trends_before: HashMap<Key, Arc<Trend>>,
    funnels: HashMap<Key, Option<Arc<Funnel>>>,
    /// Limits of the funnel that is open, and what they were made for: they cost thousands of steps of a law of chance.
    limits: Option<(Arc<Funnel>, (f64, f64), Arc<[Curve]>)>,
    shares: HashMap<Key, Option<Arc<Shares>>>,
    /// Of the drawn shape.
    of_shape: HashMap<IndicatorIx, Option<Arc<Derived>>>,
    shape: Option<Arc<Drawn>>,
}

impl SeriesCache {
    /// The series of an indicator at an area, asked for once per revision.
    pub fn get(&mut self, view: &View<'_>, indicator: IndicatorIx, area: AreaId) -> Arc<Series> {
        self.ask(view, indicator, &[area]);
        self.series.get(&(indicator, area)).cloned().unwrap_or_default()
    }

    /// Series and control chart of an indicator at an area, worked out once for each series.
    pub fn trend(&mut self, view: &View<'_>, indicator: IndicatorIx, area: AreaId) -> Option<Arc<Trend>> {
        let series = self.get(view, indicator, area);
        let key = (indicator, area);
        if let Some(known) = self.trends.get(&key) {
            return Some(Arc::clone(known));
        }
        let trend = match self.trends_before.get(&key).filter(|before| before.series == series) {
            Some(before) => Arc::clone(before),
            None => Arc::new(view.snapshot.vantage(view.site).trend(indicator, series)?),
        };
        self.trends.insert(key, Arc::clone(&trend));
        Some(trend)
    }

    /// The areas inside an area beside each other.
    pub fn funnel(&mut self, view: &View<'_>, indicator: IndicatorIx, area: AreaId) -> Option<Arc<Funnel>> {
        self.refresh(view);
        let make = || view.snapshot.origin(view.site).funnel(indicator, area).map(Arc::new);
        self.funnels.entry((indicator, area)).or_insert_with(make).clone()
    }

    /// Limits of a funnel over a range of sizes, at so many steps; kept while the funnel says the same.
    pub fn limits(&mut self, funnel: &Arc<Funnel>, sizes: (f64, f64), steps: u32) -> Arc<[Curve]> {
        if let Some((of, at, limits)) = &self.limits
            && *at == sizes
            && of == funnel
        {
            return Arc::clone(limits);
        }
        let made: Arc<[Curve]> = funnel.curve(sizes.0, sizes.1, steps).into();
        self.limits = Some((Arc::clone(funnel), sizes, Arc::clone(&made)));
        made
    }

    /// The change of an area and what the areas inside add to it.
    pub fn shares(&mut self, view: &View<'_>, indicator: IndicatorIx, area: AreaId) -> Option<Arc<Shares>> {
        self.refresh(view);
        let make = || view.snapshot.origin(view.site).shares(indicator, area).map(Arc::new);
        self.shares.entry((indicator, area)).or_insert_with(make).clone()
    }

    /// What is derived of an indicator over the drawn shape; nothing while no shape's cover is known.
    pub fn of_shape(&mut self, view: &View<'_>, indicator: IndicatorIx) -> Option<Arc<Derived>> {
        self.refresh(view);
        let cover = view.cover?;
        if self.shape != view.state.drawn {
            self.shape.clone_from(&view.state.drawn);
            self.of_shape.clear();
        }
        let make = || view.snapshot.origin(view.site).derived_of_shape(indicator, cover).map(Arc::new);
        self.of_shape.entry(indicator).or_insert_with(make).clone()
    }

    /// How areas that lie beside each other stand, in their order.
    pub fn standings(&mut self, view: &View<'_>, indicator: IndicatorIx, areas: &[AreaId]) -> Vec<Standing> {
        self.ask(view, indicator, areas);
        let parent = areas.first().and_then(|area| view.site.areas.get(*area).parent);
        let funnel = parent.and_then(|parent| self.funnel(view, indicator, parent));
        let mut standing = |area: &AreaId| {
            Standing::new(self.trend(view, indicator, *area).as_deref(), funnel.as_deref(), *area)
        };
        areas.iter().map(&mut standing).collect()
    }

    /// What this screen asks of a picture: indicator by indicator, with the charts that are known.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let trend = |key: &Key| self.trends.get(key).cloned();
        self.asked.iter().map(|key| (key.0, key.1, trend(key))).collect()
    }

    /// Has series worked out with those of the next picture, which another scene will ask for: it is shown at once then.
    pub fn foresee(&mut self, view: &View<'_>, indicator: IndicatorIx, areas: &[AreaId]) {
        self.refresh(view);
        self.asked.extend(areas.iter().map(|area| (indicator, *area)));
    }

    /// Takes what was worked out of a picture before it is shown.
    pub fn take_ready(&mut self, ready: Ready) {
        self.ready = Some(ready);
    }

    /// Asks for the series of some areas that are not known yet, all at once.
    pub fn ask(&mut self, view: &View<'_>, indicator: IndicatorIx, areas: &[AreaId]) {
        self.refresh(view);
        self.asked.extend(areas.iter().map(|area| (indicator, *area)));
        let is_unknown = |area: &AreaId| !self.series.contains_key(&(indicator, *area));
        let mut unknown: Vec<AreaId> = areas.iter().copied().filter(is_unknown).collect();
        if unknown.is_empty() {
            return;
        }
        // What is hidden is found over all areas at once, so the followed one costs nothing beside others.
        let followed = view.indicator().map(|row| trend::trend_area(view, row));
        let followed = followed.filter(|area| indicator == view.state.indicator && !areas.contains(area));
        unknown.extend(followed.filter(is_unknown));
        let series = view.snapshot.vantage(view.site).series(indicator, &unknown);
        for (area, series) in unknown.into_iter().zip(series) {
            self.series.insert((indicator, area), Arc::new(series));
        }
    }

    fn refresh(&mut self, view: &View<'_>) {
        if self.revision != view.snapshot.revision || self.series.len() > LIMIT {
            self.series.clear();
            self.asked.clear();
            self.trends_before = std::mem::take(&mut self.trends);
            self.funnels.clear();
            self.shares.clear();
            self.of_shape.clear();
            self.revision = view.snapshot.revision;
            let ready = self.ready.take().filter(|ready| ready.revision == self.revision);
            for (key, series, trend) in ready.into_iter().flat_map(|ready| ready.known) {
                self.series.insert(key, series);
                self.trends.extend(trend.map(|trend| (key, trend)));
            }
        }
    }
}
