//! Whether an area stands out: against its own past by its control chart, and beside the other areas by their funnel.
//! Owns when that is said at all; draws nothing.

use crate::site::areas::AreaId;

use super::Trend;
use super::control::Signal;
use super::funnel::{Funnel, Place};

/// How an area stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The gravest sign of its control chart that its present value is part of.
    pub sign: Option<Signal>,
    /// Where it stands in the funnel of its neighbours; none where it is not judged there.
    pub place: Option<Place>,
    /// Whether its own past judges its present value.
    pub is_charted: bool,
}

impl Standing {
    /// By the chart of its series and the funnel that it is part of.
    #[must_use]
    pub fn new(trend: Option<&Trend>, funnel: Option<&Funnel>, area: AreaId) -> Self {
        let chart = trend.and_then(|trend| trend.chart.as_ref().ok());
        Self {
            sign: chart.and_then(|chart| chart.present().copied()),
            place: funnel.and_then(|funnel| funnel.place_of(area)),
            is_charted: chart.is_some_and(|chart| chart.last_limits().is_some()),
        }
    }

    /// Whether anything judges it.
    #[must_use]
    pub const fn is_judged(&self) -> bool {
        self.is_charted || self.place.is_some()
    }

    /// Whether it stands out in either way.
    #[must_use]
    pub fn stands_out(&self) -> bool {
        self.sign.is_some() || self.outside().is_some()
    }

    /// Where it stands in the funnel, outside its limits.
    #[must_use]
    pub fn outside(&self) -> Option<Place> {
        self.place.filter(|place| *place != Place::Inside)
    }
}
