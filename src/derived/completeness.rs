//! How complete a figure's data is: days in its window, areas inside its area, inputs on time. Owns what is expected;
//! an expectation is told only where there is one.

use crate::site::Site;
use crate::site::areas::AreaId;
use crate::snapshot::{Coverage, Figures, IndicatorIx, SourceState, Status};

/// What is in, of what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of {
    /// In.
    pub present: usize,
    /// Expected.
    pub expected: usize,
}

impl Of {
    /// Whether all is in.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.present >= self.expected
    }
}

/// How complete a figure's data is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completeness {
    /// Days (or months) of the window for which anything was reported; none where rows come only when something happens.
    pub steps: Option<Of>,
    /// Whether `steps` are months.
    pub is_monthly: bool,
    /// Areas inside the area that have a figure, hidden ones too; none where the figure is not shown inside.
    pub areas: Option<Of>,
    /// Input tables that are on time.
    pub inputs: Option<Of>,
    /// Input tables that are late: places in the list of sources.
    pub late: Vec<usize>,
}

impl Completeness {
    /// For an indicator at an area; of none, where what it is for has no areas that could be counted.
    #[must_use]
    pub fn new(
        site: &Site,
        figures: &Figures,
        sources: &[SourceState],
        coverage: &Coverage,
        indicator: IndicatorIx,
        area: Option<AreaId>,
    ) -> Self {
        let inside: Vec<Status> = site
            .indicators
            .get(indicator)
            .zip(area)
            .map(|(row, area)| {
                let children = site.areas.get(area).children.iter();
                let shown = children.filter(|child| site.is_shown_at(row, **child));
                shown.map(|child| figures.reading(indicator, *child).status).collect()
            })
            .unwrap_or_default();
        let areas = (!inside.is_empty()).then(|| Of {
            present: inside
                .iter()
                .filter(|s| !matches!(s, Status::Missing | Status::TooFine | Status::Unread))
                .count(),
            expected: inside.len(),
        });
        let is_late = |table: &usize| sources.get(*table).is_none_or(|s| s.late);
        let late: Vec<usize> = coverage.tables.iter().copied().filter(is_late).collect();
        let expected = coverage.tables.len();
        Self {
            steps: coverage.steps.map(|(present, expected)| Of { present, expected }),
            is_monthly: coverage.is_monthly,
            areas,
            inputs: (expected > 0).then(|| Of { present: expected - late.len(), expected }),
            late,
        }
    }

    /// Whether nothing that is expected is missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        [self.steps, self.areas, self.inputs].into_iter().flatten().all(Of::is_whole)
    }
}
