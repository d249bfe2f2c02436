//! One question: one indicator at one area over any window. Owns the question; the answer comes through the gate like
//! every other, which looks at all areas at once.

use crate::indicators::cube::At;
use crate::indicators::measure::{FigurePlan, MeasureUse};
use crate::indicators::window::Window;
use crate::privacy::protect;
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::snapshot::IndicatorIx;

use super::Engine;

impl Engine {
    /// The figure of an indicator at an area and an instant, over another window than the catalogue's.
    pub(crate) fn question(&self, indicator: IndicatorIx, area: AreaId, window: Window, at: At) -> Shown {
        let (Some(row), Some(figure)) =
            (self.site.indicators.get(indicator), self.plan.indicators.get(indicator))
        else {
            return Shown::Missing;
        };
        let over = |side: MeasureUse| MeasureUse { window, ..side };
        let asked = FigurePlan {
            numerator: over(figure.numerator),
            denominator: figure.denominator.map(over),
            codes: Vec::new(),
        };
        let protected = protect::protect(&self.site, row, &self.raw(&asked, at));
        protected.get(area.index()).map_or(Shown::TooFine, |p| p.value)
    }
}
