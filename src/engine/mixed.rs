//! One mixed sum per side of a figure over all areas and days, so that another program can say whether its cube is the
//! same. Owns the mixing; works on demonstration data only, and gives no figure of any area or day.

use std::collections::HashSet;

use crate::indicators::measure::{Contribution, FigurePlan, MeasureUse};
use crate::snapshot::EpochSecs;

use super::{Engine, MeasureData};

/// The mixed sum of one side of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// `INDICATOR/numerator`, `BREAKDOWN/numerator/CODE`.
    pub figure: String,
    /// What its cells are: `now`, `calendar` or `rows`.
    pub form: &'static str,
    /// Sum of the cells, each times a weight that depends on area and day.
    pub sum: f64,
}

/// Weight of a cell: a number below 1 that neighbours do not share.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn weight(area: usize, place: i64) -> f64 {
    const MODULUS: i64 = 1_000_003;
    let area = i64::try_from(area).unwrap_or(0);
    (area * 7919 + place * 104_729).rem_euclid(MODULUS) as f64 / MODULUS as f64
}

impl Engine {
    /// Mixed sums of all figures; none where the data is not a demonstration.
    #[must_use]
    pub fn mixed_sums(&self) -> Vec<Mixed> {
        if self.site.meta.sample.is_none() {
            return Vec::new();
        }
        let indicators = self.site.indicators.iter().zip(&self.plan.indicators);
        let breakdowns = self.site.breakdowns.iter().zip(&self.plan.breakdowns);
        let figures = indicators
            .map(|(row, figure)| (row, figure))
            .chain(breakdowns.flat_map(|(row, cells)| cells.iter().map(move |figure| (row, figure))));
        figures.flat_map(|(row, figure)| self.mixed_figure(&row.id, figure)).collect()
    }

    fn mixed_figure(&self, id: &str, figure: &FigurePlan) -> Vec<Mixed> {
        let name = |side: &str| {
            let mut name = format!("{id}/{side}");
            for code in figure.codes.iter().filter(|_| side == "numerator") {
                name.push('/');
                name.push_str(code);
            }
            name
        };
        let mut out = vec![self.mixed_side(name("numerator"), figure.numerator)];
        // A breakdown's cells have one denominator.
        if let Some(side) = figure.denominator.filter(|_| figure.codes.is_empty()) {
            out.push(self.mixed_side(name("denominator"), side));
        }
        out
    }

    fn mixed_side(&self, figure: String, side: MeasureUse) -> Mixed {
        let measure = self.plan.measures.get(side.measure);
        let Some(data) = self.measures.get(side.measure) else {
            return Mixed { figure, form: "now", sum: 0.0 };
        };
        let areas = 0..self.sum_up.len();
        let (form, sum) = match &**data {
            MeasureData::Now(present) => {
                ("now", areas.map(|area| present.cell(area).sum * weight(area, 0)).sum())
            }
            MeasureData::Calendar(calendar) => {
                let lane = |area: usize| {
                    calendar.cells(area).map(move |(place, sum)| sum * weight(area, i64::from(place)))
                };
                ("calendar", areas.flat_map(lane).sum())
            }
            MeasureData::Rows(rows, _) => {
                let is_set = measure.is_some_and(|m| matches!(m.contribution, Contribution::Distinct(_)));
                let mut seen: HashSet<(u32, i64, u64)> = HashSet::new();
                // Rows without an instant lie in no day.
                let last: EpochSecs = i64::from(u32::MAX) - 1;
                let mut sum = 0.0;
                for row in rows.between(0, last) {
                    let day = i64::from(self.site.zone.day_of(row.secs));
                    let value = if is_set { 1.0 } else { row.value };
                    if !is_set || seen.insert((row.area, day, row.value.to_bits())) {
                        sum += value * weight(row.area as usize, day);
                    }
                }
                ("rows", sum)
            }
        };
        Mixed { figure, form, sum }
    }
}
