//! Series kept per revision, indicator and area, since they are drawn on every frame and change only with the
//! snapshot. Owns the few series on screen; never grows past them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::panels::View;
use crate::site::areas::AreaId;
use crate::snapshot::{IndicatorIx, Series};

/// Points of a trend.
pub const POINTS: usize = 24;

/// Most series a screen shows at once; more means that something asks for too many.
const LIMIT: usize = 64;

/// The series of one revision.
#[derive(Debug, Default)]
pub struct SeriesCache {
    revision: u64,
    kept: HashMap<(IndicatorIx, AreaId), Arc<Series>>,
}

impl SeriesCache {
    /// The series of an indicator at an area, asked for once per revision.
    pub fn get(&mut self, view: &View<'_>, indicator: IndicatorIx, area: AreaId) -> Arc<Series> {
        if self.revision != view.snapshot.revision || self.kept.len() > LIMIT {
            self.kept.clear();
            self.revision = view.snapshot.revision;
        }
        let series = self
            .kept
            .entry((indicator, area))
            .or_insert_with(|| Arc::new(view.snapshot.series(indicator, area, POINTS)));
        Arc::clone(series)
    }
}
