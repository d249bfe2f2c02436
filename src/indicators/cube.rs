//! What is kept of the rows: additive cells with running sums, present states, and rows by instant. Owns spans,
//! roll-up over areas and the difference between nothing and not reported; knows no catalogue.

mod packed;

use std::ops::Range;
use std::sync::Arc;

use crate::site::areas::{AreaId, AreaTree};
use crate::snapshot::{Day, EpochSecs};

pub use super::window::Step;
use super::window::Window;

/// Ancestors of every area that figures are kept for, itself included: where a row adds up.
#[derive(Debug, Clone, Default)]
pub struct RollUp {
    lanes: Vec<Vec<u32>>,
}

impl RollUp {
    /// For areas down to `level`; `exact` tables add up nowhere but at their own code.
    #[must_use]
    pub fn new(areas: &AreaTree, level: usize, exact: bool) -> Self {
        let lanes = areas
            .iter()
            .take_while(|(_, area)| area.level <= level)
            .map(|(id, _)| if exact { vec![id.0] } else { areas.path(id).iter().map(|a| a.0).collect() })
            .collect();
        Self { lanes }
    }

    /// How many areas figures are kept for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Whether there is no area.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Three areas: root 0, its children 1 and 2.
    #[cfg(test)]
    pub(crate) fn small() -> Self {
        Self { lanes: vec![vec![0], vec![0, 1], vec![0, 2]] }
    }

    /// Where a row of this area adds up.
    pub fn of(&self, area: u32) -> impl Iterator<Item = usize> + '_ {
        self.lanes.get(area as usize).into_iter().flatten().map(|a| *a as usize)
    }
}

/// The instant a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The instant.
    pub secs: EpochSecs,
    /// Its civil day.
    pub day: Day,
}

/// Additive cells of one measure: running sums per area over an axis of days or months.
#[derive(Debug, Clone)]
pub struct Calendar {
    step: Step,
    start: i32,
    slots: usize,
    /// Shared with the snapshots that hold the cube: a change copies the lanes it touches and no others.
    lanes: Vec<Arc<Lane>>,
    /// Rows per slot, over all areas.
    present: Vec<u32>,
    form: Form,
}

/// What a calendar keeps of each cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Sum and number of rows.
    Full,
    /// The sum alone: where the absence of rows means nothing happened anyway. [`Cell::rows`] is always 0.
    Sums,
    /// The number of rows, which is the sum: where each row adds 1.
    Rows,
}

/// One area: `sums[i]` is the sum of all slots before `i`, one more entry than slots; empty where there is no row at
/// all, since most tables reach only some levels.
#[derive(Debug, Clone, Default)]
struct Lane {
    sums: Vec<f64>,
    rows: Vec<u32>,
}

impl Lane {
    /// The lane with room for every slot.
    fn filled(&mut self, slots: usize, form: Form) -> &mut Self {
        if self.is_empty() {
            if form != Form::Rows {
                self.sums = vec![0.0; slots + 1];
            }
            if form != Form::Sums {
                self.rows = vec![0; slots + 1];
            }
        }
        self
    }

    const fn is_empty(&self) -> bool {
        self.sums.is_empty() && self.rows.is_empty()
    }
}

/// The cells of one area while loading; each list is empty where the form of the calendar does without it.
#[derive(Debug, Clone, Copy)]
pub struct LaneCells<'a> {
    /// Sums.
    pub sums: &'a [f64],
    /// Numbers of rows.
    pub rows: &'a [u32],
}

/// Sum and number of rows of a span.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cell {
    /// Sum of the contributions.
    pub sum: f64,
    /// How many rows contributed.
    pub rows: u32,
}

impl Calendar {
    /// An empty cube over a range of places.
    #[must_use]
    pub fn new(step: Step, places: Range<i32>, areas: usize) -> Self {
        let slots = usize::try_from(places.end - places.start).unwrap_or(0);
        let lanes = (0..areas).map(|_| Arc::default()).collect();
        Self { step, start: places.start, slots, lanes, present: vec![0; slots], form: Form::Full }
    }

    /// Cells per area while loading, made into a calendar; [`Calendar::finish`] turns them into running sums. Cells of an
    /// area that figures are not kept for count only as rows of their places.
    pub fn of_cells<'a>(
        step: Step,
        start: i32,
        slots: usize,
        areas: usize,
        form: Form,
        lanes: impl Iterator<Item = (u32, LaneCells<'a>)>,
    ) -> Self {
        let places = start..start.saturating_add(i32::try_from(slots).unwrap_or(i32::MAX));
        let mut calendar = Self { form, ..Self::new(step, places, areas) };
        for (area, cells) in lanes {
            let nothing = match form {
                // Zeros all over are what an empty lane tells.
                Form::Sums => cells.sums.iter().all(|sum| sum.to_bits() == 0),
                Form::Full | Form::Rows => cells.rows.iter().all(|rows| *rows == 0),
            };
            if nothing {
                continue;
            }
            for (present, rows) in calendar.present.iter_mut().zip(cells.rows) {
                *present = present.saturating_add(*rows);
            }
            let Some(lane) = calendar.lanes.get_mut(area as usize) else { continue };
            let lane = Arc::make_mut(lane).filled(slots, form);
            lane.sums.iter_mut().skip(1).zip(cells.sums).for_each(|(sum, cell)| *sum = *cell);
            lane.rows.iter_mut().skip(1).zip(cells.rows).for_each(|(rows, cell)| *rows = *cell);
        }
        calendar
    }

    /// Only the number of rows per place.
    #[must_use]
    pub const fn of_rows(step: Step, start: i32, present: Vec<u32>) -> Self {
        Self { step, start, slots: present.len(), lanes: Vec::new(), present, form: Form::Full }
    }

    fn slot(&self, place: i32) -> Option<usize> {
        usize::try_from(place - self.start).ok().filter(|slot| *slot < self.slots)
    }

    /// Rolls cells up to ancestors and makes the running sums. Call once, after loading.
    pub fn finish(&mut self, roll_up: &RollUp) {
        // Children come after their parents, so going backwards adds finished children.
        for area in (0..self.lanes.len()).rev() {
            let ancestors: Vec<usize> = roll_up.of(u32::try_from(area).unwrap_or(0)).collect();
            let Some(parent) = ancestors.len().checked_sub(2).and_then(|i| ancestors.get(i)).copied() else {
                continue;
            };
            let (before, after) = self.lanes.split_at_mut(area);
            if let (Some(parent), Some(child)) = (before.get_mut(parent), after.first())
                && !child.is_empty()
            {
                let parent = Arc::make_mut(parent).filled(self.slots, self.form);
                parent.sums.iter_mut().zip(&child.sums).for_each(|(p, c)| *p += c);
                parent.rows.iter_mut().zip(&child.rows).for_each(|(p, c)| *p += c);
            }
        }
        for lane in self.lanes.iter_mut().map(Arc::make_mut) {
            let mut sum = 0.0;
            for s in &mut lane.sums {
                sum += *s;
                *s = sum;
            }
            let mut rows = 0;
            for r in &mut lane.rows {
                rows += *r;
                *r = rows;
            }
        }
    }

    /// Adds (or with `sign` -1 takes back) one row after loading, at the area and its ancestors.
    pub fn change(&mut self, roll_up: &RollUp, area: u32, place: i32, value: f64, sign: i8) {
        self.reach(place);
        let Some(slot) = self.slot(place) else { return };
        if let Some(present) = self.present.get_mut(slot) {
            *present = present.saturating_add_signed(i32::from(sign));
        }
        for lane in roll_up.of(area) {
            let Some(lane) = self.lanes.get_mut(lane) else {
                continue;
            };
            let lane = Arc::make_mut(lane).filled(self.slots, self.form);
            for sum in lane.sums.iter_mut().skip(slot + 1) {
                *sum += f64::from(sign) * value;
            }
            for rows in lane.rows.iter_mut().skip(slot + 1) {
                *rows = rows.saturating_add_signed(i32::from(sign));
            }
        }
    }

    /// Makes the axis long enough for a place.
    fn reach(&mut self, place: i32) {
        if self.slots == 0 {
            self.start = place;
        }
        let early = usize::try_from(self.start - place).unwrap_or(0);
        if early > 0 {
            for lane in self.lanes.iter_mut().filter(|l| !l.is_empty()).map(Arc::make_mut) {
                if self.form != Form::Rows {
                    lane.sums.splice(0..0, std::iter::repeat_n(0.0, early));
                }
                if self.form != Form::Sums {
                    lane.rows.splice(0..0, std::iter::repeat_n(0, early));
                }
            }
            self.present.splice(0..0, std::iter::repeat_n(0, early));
            self.slots += early;
            self.start = place;
        }
        let needed = usize::try_from(place - self.start + 1).unwrap_or(0);
        if needed > self.slots {
            for lane in self.lanes.iter_mut().filter(|l| !l.is_empty()).map(Arc::make_mut) {
                let (sum, rows) =
                    (lane.sums.last().copied().unwrap_or(0.0), lane.rows.last().copied().unwrap_or(0));
                if self.form != Form::Rows {
                    lane.sums.resize(needed + 1, sum);
                }
                if self.form != Form::Sums {
                    lane.rows.resize(needed + 1, rows);
                }
            }
            self.present.resize(needed, 0);
            self.slots = needed;
        }
    }

    /// The newest place at or before `place` with a row in any area.
    #[must_use]
    pub fn newest(&self, place: i32) -> Option<i32> {
        let upto = usize::try_from(place - self.start + 1).ok()?.min(self.slots);
        let slot = self.present.get(..upto)?.iter().rposition(|p| *p > 0)?;
        i32::try_from(slot).ok().map(|slot| self.start + slot)
    }

    /// The oldest place with a row in any area.
    #[must_use]
    pub fn oldest(&self) -> Option<i32> {
        let slot = self.present.iter().position(|p| *p > 0)?;
        i32::try_from(slot).ok().map(|slot| self.start + slot)
    }

    /// How many places of the span that ends at place `end` have a row in any area, and how many places it has from the
    /// first that has one.
    #[must_use]
    pub fn filled(&self, window: Window, end: i32) -> (usize, usize) {
        let (from, to) = self.step.span(window, end);
        let rows = self.present.iter().zip(self.start..);
        let counted = rows.skip_while(|(rows, _)| **rows == 0).filter(|(_, at)| (from..=to).contains(at));
        counted.fold((0, 0), |(filled, all), (rows, _)| (filled + usize::from(*rows > 0), all + 1))
    }

    /// Sum and rows of the span that ends at place `end`, for one area.
    #[must_use]
    pub fn cell(&self, area: usize, window: Window, end: i32) -> Cell {
        let (from, to) = self.step.span(window, end);
        self.span(area, from, to)
    }

    /// Sum and rows from one place to another, both included, for one area.
    #[must_use]
    pub fn span(&self, area: usize, from: i32, to: i32) -> Cell {
        let limit = i32::try_from(self.slots).unwrap_or(i32::MAX);
        let low = from.saturating_sub(self.start).clamp(0, limit);
        let high = to.saturating_sub(self.start).saturating_add(1).clamp(low, limit);
        let (Ok(low), Ok(high)) = (usize::try_from(low), usize::try_from(high)) else {
            return Cell::default();
        };
        let Some(lane) = self.lanes.get(area) else {
            return Cell::default();
        };
        let rows = match (lane.rows.get(low), lane.rows.get(high)) {
            (Some(before), Some(through)) => through - before,
            _ => 0,
        };
        let sum = match (lane.sums.get(low), lane.sums.get(high)) {
            (Some(before), Some(through)) => through - before,
            _ if self.form == Form::Rows => f64::from(rows),
            _ => 0.0,
        };
        Cell { sum, rows }
    }

    /// The places of an area with what they add.
    pub fn cells(&self, area: usize) -> impl Iterator<Item = (i32, f64)> + '_ {
        let slots = i32::try_from(self.slots).unwrap_or(i32::MAX);
        (self.start..self.start + slots).map(move |place| (place, self.span(area, place, place).sum))
    }

    /// Step of the axis.
    #[must_use]
    pub const fn step(&self) -> Step {
        self.step
    }
}

/// Present state of one measure: one cell per area.
#[derive(Debug, Clone, Default)]
pub struct Present {
    cells: Vec<Cell>,
}

impl Present {
    /// Empty cells.
    #[must_use]
    pub fn new(areas: usize) -> Self {
        Self { cells: vec![Cell::default(); areas] }
    }

    /// Adds or takes back one row, at the area and its ancestors.
    pub fn change(&mut self, roll_up: &RollUp, area: u32, value: f64, sign: i8) {
        for lane in roll_up.of(area) {
            if let Some(cell) = self.cells.get_mut(lane) {
                cell.sum += f64::from(sign) * value;
                cell.rows = cell.rows.saturating_add_signed(i32::from(sign));
            }
        }
    }

    /// Adds many rows at once, at the area and its ancestors.
    pub fn add(&mut self, roll_up: &RollUp, area: u32, cell: Cell) {
        for lane in roll_up.of(area) {
            if let Some(to) = self.cells.get_mut(lane) {
                to.sum += cell.sum;
                to.rows = to.rows.saturating_add(cell.rows);
            }
        }
    }

    /// The cell of an area.
    #[must_use]
    pub fn cell(&self, area: usize) -> Cell {
        self.cells.get(area).copied().unwrap_or_default()
    }
}

/// Median of numbers; the mean of the middle two where their count is even.
#[must_use]
pub fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if even {
        let lower = below.iter().copied().max_by(f64::total_cmp)?;
        Some(f64::midpoint(lower, upper))
    } else {
        Some(upper)
    }
}

/// Whether an area id is one that figures are kept for.
#[must_use]
pub fn lane_of(areas: &AreaTree, id: AreaId, level: usize) -> u32 {
    areas.ancestor(id, level).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn medians() {
        for (values, expected) in [
            (&[][..], None),
            (&[3.0][..], Some(3.0)),
            (&[3.0, 1.0][..], Some(2.0)),
            (&[5.0, 1.0, 3.0][..], Some(3.0)),
        ] {
            assert_eq!(median(&mut values.to_vec()), expected);
        }
    }

    proptest! {
        #[test]
        fn spans_equal_sums_over_the_rows(
            rows in prop::collection::vec((0u32..3, 0i32..40, 0u8..9), 0..60),
            later in prop::collection::vec((0u32..3, -5i32..50, 0u8..9, any::<bool>()), 0..20),
            end in -3i32..60,
            length in 1u32..20,
            form in prop::sample::select(vec![Form::Full, Form::Sums, Form::Rows]),
        ) {
            let roll_up = RollUp::small();
            let mut kept: Vec<(u32, i32, f64)> = Vec::new();
            let (mut sums, mut counts) = (vec![[0.0; 40]; 3], vec![[0u32; 40]; 3]);
            for (area, day, value) in rows {
                let value = if form == Form::Rows { 1 } else { value };
                sums[area as usize][day as usize] += f64::from(value);
                counts[area as usize][day as usize] += 1;
                kept.push((area, day, f64::from(value)));
            }
            let lanes = (0..3u32).map(|area| {
                let (sums, rows) = (&sums[area as usize][..], &counts[area as usize][..]);
                (area, LaneCells {
                    sums: if form == Form::Rows { &[] } else { sums },
                    rows: if form == Form::Sums { &[] } else { rows },
                })
            });
            let mut cube = Calendar::of_cells(Step::Day, 0, 40, 3, form, lanes);
            cube.finish(&roll_up);
            for (area, day, value, take_back) in later {
                let value = if form == Form::Rows { 1 } else { value };
                if take_back && !kept.is_empty() {
                    let (area, day, value) = kept.remove(usize::from(value) % kept.len());
                    cube.change(&roll_up, area, day, value, -1);
                } else {
                    cube.change(&roll_up, area, day, f64::from(value), 1);
                    kept.push((area, day, f64::from(value)));
                }
            }
            for area in 0..3u32 {
                let naive: Vec<f64> = kept
                    .iter()
                    .filter(|(a, day, _)| (area == 0 || *a == area) && *day <= end && *day > end - length as i32)
                    .map(|(_, _, value)| *value)
                    .collect();
                let cell = cube.cell(area as usize, Window::TrailingDays(length), end);
                prop_assert_eq!(cell.rows as usize, if form == Form::Sums { 0 } else { naive.len() });
                prop_assert!((cell.sum - naive.iter().sum::<f64>()).abs() < 1e-9);
            }
        }
    }
}
