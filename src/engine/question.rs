//! One question: one indicator at one area over any window. Owns the question; protected figures are not asked here.

use crate::indicators::cube::At;
use crate::indicators::measure::MeasureUse;
use crate::indicators::window::Window;
use crate::privacy::protect::{self, Owner};
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::snapshot::IndicatorIx;

use super::Engine;

impl Engine {
    /// The figure of an indicator at an area and an instant, over another window than the catalogue's. Only of figures
    /// of which nothing is ever hidden.
    pub(crate) fn question(&self, indicator: IndicatorIx, area: AreaId, window: Window, at: At) -> Shown {
        let (Some(row), Some(figure)) =
            (self.site.indicators.get(indicator), self.plan.indicators.get(indicator))
        else {
            return Shown::Missing;
        };
        let over = |side: MeasureUse| MeasureUse { window, ..side };
        // Protection looks at the windows of the catalogue together; over any other a small count would not be seen.
        if self.gate.group_of(Owner::Indicator(indicator)).is_some() {
            return Shown::TooFine;
        }
        if area.index() >= self.sum_up.len() {
            return Shown::TooFine;
        }
        let areas = || area.index()..area.index() + 1;
        let numerator = self.raw_of(over(figure.numerator), at, areas());
        let denominator = figure.denominator.map(|side| self.raw_of(over(side), at, areas()));
        protect::plain_at(&self.site, row, area, (0, &numerator, denominator.as_ref())).value
    }
}
