//! Series and their control charts, kept per revision, indicator and area, since they are drawn on every frame and
//! change only with the snapshot. Owns the few on screen; never grows past them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::derived::Trend;
use crate::panels::View;
use crate::site::areas::AreaId;
use crate::snapshot::{IndicatorIx, Series};

/// Most series a screen shows at once; more means that something asks for too many.
const LIMIT: usize = 64;

/// What was asked for at one revision.
#[derive(Debug, Default)]
pub struct SeriesCache {
    revision: u64,
    series: HashMap<(IndicatorIx, AreaId), Arc<Series>>,
    trends: HashMap<(IndicatorIx, AreaId), Option<Arc<Trend>>>,
}

impl SeriesCache {
    /// The series of an indicator at an area, asked for once per revision.
    pub fn get(&mut self, view: &View<'_>, indicator: IndicatorIx, area: AreaId) -> Arc<Series> {
        self.refresh(view);
        let series = self
            .series
            .entry((indicator, area))
            .or_insert_with(|| Arc::new(view.snapshot.series(indicator, area)));
        Arc::clone(series)
    }

    /// Series and control chart of an indicator at an area, asked for once per revision.
    pub fn trend(&mut self, view: &View<'_>, indicator: IndicatorIx, area: AreaId) -> Option<Arc<Trend>> {
        self.refresh(view);
        self.trends
            .entry((indicator, area))
            .or_insert_with(|| view.snapshot.trend(view.site, indicator, area).map(Arc::new))
            .clone()
    }

    fn refresh(&mut self, view: &View<'_>) {
        if self.revision != view.snapshot.revision || self.series.len() + self.trends.len() > LIMIT {
            self.series.clear();
            self.trends.clear();
            self.revision = view.snapshot.revision;
        }
    }
}
