//! How much of the files is read, and how much of it is kept. Owns that choice; reads nothing.

use crate::indicators::measure::{FigurePlan, Plan};
use crate::indicators::window::Window;
use crate::site::Site;

/// How much of the files is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Figures as of the ends of days, for what is printed and forgotten: no row is kept, not even the second within its
    /// day that a picture of an instant needs.
    Days,
    /// The columns that figures, events and the map need. The same columns pass the door as for a window, so that the
    /// figures are the same; but rows and events are not kept, so that live changes are not possible.
    Figures,
    /// The same columns, with the events and the rows that live changes replace.
    Needed,
    /// Every column, for `onemap check`.
    Everything,
}

/// Seconds and hours of a day.
const DAY_SECS: i64 = 86_400;
const DAY_HOURS: u32 = 24;

impl Depth {
    /// Whether rows and events are kept.
    pub(super) const fn keeps_rows(self) -> bool {
        matches!(self, Self::Needed | Self::Everything)
    }

    /// The same, unless it is too little: at the end of a day every span has to begin where a day does.
    pub(super) fn enough(self, site: &Site, plan: &Plan) -> Self {
        let is_of_days = || {
            let figures = plan.indicators.iter().chain(plan.breakdowns.iter().flatten());
            let sides = |figure: &FigurePlan| [Some(figure.numerator), figure.denominator];
            let hours = figures.flat_map(sides).flatten().filter_map(|side| match side.window {
                Window::TrailingHours(hours) => Some(hours),
                _ => None,
            });
            site.zone.steady_offset().is_some()
                && plan.measures.iter().all(|measure| measure.youngest_secs % DAY_SECS == 0)
                && hours.into_iter().all(|hours| hours.is_multiple_of(DAY_HOURS))
        };
        if self == Self::Days && !is_of_days() { Self::Figures } else { self }
    }
}
