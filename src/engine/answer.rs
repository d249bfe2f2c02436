//! Answers: one count for all areas at one instant. Owns where windows end and what no row means.

use std::ops::Range;

use crate::indicators::by_day::Span;
use crate::indicators::cube::{At, Cell, Step};
use crate::indicators::measure::{Measure, MeasureUse};
use crate::indicators::window::{Window, first_day};
use crate::privacy::protect::Raw;
use crate::snapshot::{Day, EpochSecs};

use super::{Engine, MeasureData, TableState};

impl Engine {
    /// One count for every area that figures are kept for. Raw: only the gate may look at it.
    pub(crate) fn raw(&self, used: MeasureUse, at: At) -> Raw {
        self.raw_of(used, at, 0..self.sum_up.len())
    }

    /// The same for some areas, in their order.
    pub(crate) fn raw_of(&self, used: MeasureUse, at: At, areas: Range<usize>) -> Raw {
        let withheld = self
            .plan
            .measures
            .get(used.measure)
            .and_then(|measure| measure.withheld)
            .map(|measure| self.side(MeasureUse { measure, window: used.window }, at, areas.clone()))
            .unwrap_or_default()
            .into_iter()
            .map(|rows| rows.is_some_and(|n| n > 0.0))
            .collect();
        Raw { counts: self.side(used, at, areas), withheld }
    }

    fn side(&self, side: MeasureUse, at: At, areas: Range<usize>) -> Vec<Option<f64>> {
        let (Some(measure), Some(data)) =
            (self.plan.measures.get(side.measure), self.measures.get(side.measure))
        else {
            return Vec::new();
        };
        let Some(table) = self.tables.get(measure.table) else {
            return Vec::new();
        };
        match &**data {
            MeasureData::Now(present) => {
                // The present state says nothing about an earlier day: that is a gap.
                let known = at.day >= self.present_day && table.rows > 0;
                areas
                    .map(|area| {
                        let cell = present.cell(area);
                        (known && (cell.rows > 0 || table.is_zero_when_absent())).then_some(cell.sum)
                    })
                    .collect()
            }
            MeasureData::Calendar(calendar) => {
                let step = calendar.step();
                let stamped = table.table.is_stamped(&measure.time_column);
                let end = if !stamped {
                    Some(step.place(at.day))
                } else if measure.time_column == table.table.time_column {
                    // The table's newest stamp, also where this figure's filter leaves nothing of it: what is not
                    // reported for it is a gap, and both sides of a ratio are of one day.
                    table.presence.newest(table.presence.step().place(at.day))
                } else {
                    calendar.newest(step.place(at.day))
                };
                let zero = table.is_zero_when_absent() && self.covers(table, side.window, step, end);
                areas
                    .map(|area| {
                        let cell = calendar.cell(area, side.window, end?);
                        (cell.rows > 0 || zero).then_some(cell.sum)
                    })
                    .collect()
            }
            data => self.instant_side(side.window, measure, table, data, at, areas),
        }
    }

    /// Figures that are exact to the second, or need more than sums.
    fn instant_side(
        &self,
        window: Window,
        measure: &Measure,
        table: &TableState,
        data: &MeasureData,
        at: At,
        areas: Range<usize>,
    ) -> Vec<Option<f64>> {
        let Some((from, to)) = self.instants(table, measure, window, at) else {
            return vec![None; areas.len()];
        };
        let span = Span::new(&self.site.zone, from, to);
        if self.is_by_days && !span.parts.is_empty() {
            return vec![None; areas.len()];
        }
        let zero = || {
            let (step, end) = if table.table.is_stamped(&measure.time_column) {
                let step = table.presence.step();
                (step, table.presence.newest(step.place(at.day)))
            } else {
                (Step::Day, Some(at.day))
            };
            table.is_zero_when_absent()
                && (window == Window::Now && table.rows > 0 || self.covers(table, window, step, end))
        };
        let roll_up = self.roll_up(table);
        match data {
            MeasureData::Timed(timed) => {
                let zero = zero();
                let mut cells = vec![Cell::default(); areas.len()];
                timed.add(&table.within, roll_up, &span, areas.start, &mut cells);
                cells.into_iter().map(|cell| (cell.rows > 0 || zero).then_some(cell.sum)).collect()
            }
            MeasureData::Spread(spread) => spread.medians(roll_up, &span, areas),
            MeasureData::Sets(sets, _) => {
                let zero = zero();
                let counts = areas.map(|area| sets.count(area, from, to));
                counts.map(|count| (count > 0 || zero).then(|| f64::from(count))).collect()
            }
            MeasureData::Now(_) | MeasureData::Calendar(_) => vec![None; areas.len()],
        }
    }

    /// Whether the table reaches the span at all: only then does the absence of rows mean that nothing happened.
    fn covers(&self, table: &TableState, window: Window, step: Step, end: Option<i32>) -> bool {
        let (Some(end), Some(newest)) = (end, table.newest_secs) else {
            return false;
        };
        let newest = step.place(self.site.zone.day_of(newest));
        let (from, _) = match step {
            Step::Day => window.days(end),
            Step::Month => window.months(end),
        };
        // One step of grace: just after midnight nothing has happened yet today.
        from <= newest.saturating_add(1)
            && table.presence.newest(table.presence.step().place(step.first_day(end))).is_some()
    }

    /// First and last instant of a span.
    fn instants(
        &self,
        table: &TableState,
        measure: &Measure,
        window: Window,
        at: At,
    ) -> Option<(EpochSecs, EpochSecs)> {
        let zone = &self.site.zone;
        if window == Window::Now {
            let to = if measure.youngest_secs > 0 { at.secs - measure.youngest_secs } else { EpochSecs::MAX };
            return (at.day >= self.present_day).then_some((EpochSecs::MIN, to));
        }
        if table.table.is_stamped(&measure.time_column) {
            let newest = table.presence.newest(table.presence.step().place(at.day))?;
            let (from, to) = match table.presence.step() {
                Step::Day => window.days(newest),
                Step::Month => {
                    let (from, to) = window.months(newest);
                    (first_day(from), first_day(to.saturating_add(1)) - 1)
                }
            };
            return Some((
                if from == Day::MIN { EpochSecs::MIN } else { zone.start_of(from) },
                zone.end_of(to),
            ));
        }
        let to = at.secs - measure.youngest_secs;
        let from = match window {
            Window::TrailingHours(hours) => at.secs - i64::from(hours) * 3600 + 1,
            _ => match window.days(at.day).0 {
                Day::MIN => EpochSecs::MIN,
                day => zone.start_of(day),
            },
        };
        Some((from, to))
    }
}
