//! One mixed sum per side of a figure over all areas and days, so that another program can say whether its cube is the
//! same. Owns the mixing; works on demonstration data only, and gives no figure of any area or day.

use std::collections::HashSet;

use crate::indicators::measure::{FigurePlan, MeasureUse};
use crate::indicators::timed::Timed;
use crate::snapshot::{Day, EpochSecs};

use super::{Engine, MeasureData};

/// The mixed sum of one side of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// `INDICATOR/numerator`, `BREAKDOWN/numerator/CODE`.
    pub figure: String,
    /// What its cells are: `now`, `calendar`, or `rows`: of areas with rows of their own only.
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
        let Some(data) = self.measures.get(side.measure) else {
            return Mixed { figure, form: "now", sum: 0.0 };
        };
        let areas = 0..self.sum_up.len();
        let (form, sum) = match &**data {
            MeasureData::Now(present) => {
                ("now", areas.map(|area| present.cell(area).sum * weight(area, 0)).sum())
            }
            MeasureData::Calendar(calendar) | MeasureData::Timed(Timed { days: calendar, .. }) => {
                let lane = |area: usize| {
                    calendar.cells(area).map(move |(place, sum)| sum * weight(area, i64::from(place)))
                };
                ("calendar", areas.flat_map(lane).sum())
            }
            MeasureData::Spread(spread) => {
                let weighed = |(day, area, value): (Day, u32, f64)| value * weight(area as usize, day.into());
                ("rows", spread.day_sums().map(weighed).sum())
            }
            MeasureData::Sets(sets, _) => {
                // Values are kept at all areas above a row's too; what is compared is kept at the lowest.
                let has_rows = |area: &u32| sets.instants(*area as usize).next().is_some();
                let own: Vec<u32> =
                    areas.filter_map(|area| u32::try_from(area).ok()).filter(has_rows).collect();
                let table = self.plan.measures.get(side.measure).and_then(|m| self.tables.get(m.table));
                let roll_up = table.map_or(&*self.sum_up, |table| self.roll_up(table));
                let is_above = |area: &u32| {
                    own.iter()
                        .any(|other| other != area && roll_up.of(*other).any(|above| above == *area as usize))
                };
                let mut sum = 0.0;
                for area in own.iter().filter(|area| !is_above(area)).map(|area| *area as usize) {
                    let day_of = |(value, secs): (usize, EpochSecs)| (value, self.site.zone.day_of(secs));
                    let seen: HashSet<(usize, Day)> = sets.instants(area).map(day_of).collect();
                    sum += seen.iter().map(|(_, day)| weight(area, i64::from(*day))).sum::<f64>();
                }
                ("rows", sum)
            }
        };
        Mixed { figure, form, sum }
    }
}
