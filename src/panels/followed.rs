//! What the trend follows: the drawn shape where there is one, else the chosen area. Owns that choice; works out nothing
//! itself.

use std::sync::Arc;

use crate::derived::{self, Trend};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{View, shape, trend, words};
use crate::site::catalogue::Indicator;
use crate::snapshot::Status;

/// A trend and what belongs beside it.
#[derive(Debug)]
pub(super) struct Followed {
    /// Series and control chart.
    pub(super) trend: Arc<Trend>,
    /// Name of the area or of the shape.
    pub(super) name: String,
    /// The target that it is held to, where that is a number.
    pub(super) target: Option<f64>,
    /// Whether the present value misses it by more than its own interval allows for.
    pub(super) is_missed: bool,
    /// Whether an input is late.
    pub(super) is_late: bool,
}

/// What the trend of the chosen indicator follows; nothing while a shape is worked out.
pub(super) fn followed(view: &View<'_>, indicator: &Indicator, series: &mut SeriesCache) -> Option<Followed> {
    let index = view.state.indicator;
    if view.state.drawn.is_some() {
        let derived = series.of_shape(view, index)?;
        // A total's target is the whole's.
        let target = indicator.target.as_ref().filter(|_| !derived::is_total(indicator));
        return Some(Followed {
            trend: Arc::clone(&derived.trend),
            name: shape::name(view).unwrap_or_default(),
            target: target.and_then(|target| target.value),
            is_missed: false,
            is_late: view.reading(index).status == Status::Late,
        });
    }
    let area = trend::trend_area(view, indicator);
    let reading = view.snapshot.reading(index, area);
    Some(Followed {
        trend: series.trend(view, index, area)?,
        name: words::area_name(view, area).to_owned(),
        target: words::target_at(view, indicator, area).and_then(|target| target.value),
        is_missed: words::is_clearly_missed(view, indicator, area, &reading),
        is_late: reading.status == Status::Late,
    })
}
