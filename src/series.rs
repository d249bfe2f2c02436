//! What is told of an indicator over time: points of a series, the figure at another time, and how much of the rows it
//! counts is there. Owns the shapes and the question for them; holds no figure that has not passed the gate.

use crate::derived::kind::Nature;
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::snapshot::{Day, EpochSecs, IndicatorIx, Reading};

/// One point of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesPoint {
    /// Last day of the point's window.
    pub day: Day,
    /// The figure as of that day.
    pub value: Shown,
    /// Its numerator.
    pub numerator: Shown,
    /// Its denominator; [`Shown::Missing`] where there is none.
    pub denominator: Shown,
}

/// A series of one indicator at one area, oldest first, evenly spaced.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Points.
    pub points: Vec<SeriesPoint>,
}

/// A figure with both its counts, as they may be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sides {
    /// The value, on the indicator's scale.
    pub value: Shown,
    /// Numerator.
    pub numerator: Shown,
    /// Denominator; [`Shown::Missing`] where there is none.
    pub denominator: Shown,
}

impl Sides {
    /// The same for the value and both counts.
    #[must_use]
    pub const fn same(shown: Shown) -> Self {
        Self { value: shown, numerator: shown, denominator: shown }
    }

    /// Of a reading.
    #[must_use]
    pub const fn of(reading: &Reading) -> Self {
        Self { value: reading.value, numerator: reading.numerator, denominator: reading.denominator }
    }
}

/// How far back a figure is set beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// One period: a week for days, 30 days for longer spans of days, else a month.
    Period,
    /// One year: the same span of the year before; of single days the same weekday 52 weeks before.
    Year,
}

/// One indicator over all areas at an earlier time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Earlier {
    /// Last day of its window.
    pub day: Day,
    /// Per area.
    pub areas: Vec<Sides>,
    /// The top area's is of a day of its own, so what its areas add to its change is not known.
    pub is_top_apart: bool,
}

impl Earlier {
    /// The figure of an area.
    #[must_use]
    pub fn at(&self, area: AreaId) -> Sides {
        self.areas.get(area.index()).copied().unwrap_or(Sides::same(Shown::TooFine))
    }
}

/// What there is of the rows that an indicator counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Days (or months) of its window with rows of its table, of how many; none where rows come only when something
    /// happens.
    pub steps: Option<(usize, usize)>,
    /// Whether the steps are months.
    pub is_monthly: bool,
    /// Its tables: places in [`crate::snapshot::Freshness::sources`].
    pub tables: Vec<usize>,
}

/// Where series come from: the cube behind the door.
pub trait SeriesSource: std::fmt::Debug + Send + Sync {
    /// Series of an indicator at some areas, in their order, ending at an instant; at most `points` points. What is hidden
    /// is found over all areas at once, so many areas cost little more than one.
    fn series(
        &self,
        indicator: IndicatorIx,
        areas: &[AreaId],
        until_secs: EpochSecs,
        points: usize,
    ) -> Vec<Series>;
    /// What kind of number an indicator is.
    fn nature(&self, indicator: IndicatorIx) -> Nature;
    /// An indicator over all areas as of an instant, by what is known now.
    fn over_areas(&self, indicator: IndicatorIx, at_secs: EpochSecs) -> Earlier;
    /// An indicator over all areas as it was a period or a year before an instant, by what is known now.
    fn past(&self, indicator: IndicatorIx, at_secs: EpochSecs, back: Back) -> Earlier;
    /// What there is of an indicator's rows at an instant.
    fn coverage(&self, indicator: IndicatorIx, at_secs: EpochSecs) -> Coverage;
}
