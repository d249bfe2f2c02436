//! Where rows lie while a table loads: cells of an axis of time, and seconds within days. Owns that arithmetic, and the
//! lists it fills; keeps no row.

use std::ops::Range;

use crate::indicators::by_day::Moment;
use crate::indicators::cube::Step;
use crate::indicators::eval::Contributions;
use crate::snapshot::Day;

use super::pass::{Pass, Times};

/// A cell that does not exist.
pub(super) const NO_CELL: u32 = u32::MAX;

/// The places of one time column that rows were seen at.
#[derive(Clone)]
pub(super) struct Axis {
    pub(super) step: Step,
    pub(super) start: i32,
    pub(super) slots: usize,
}

/// More days than any history has; a file that speaks of more is not believed before they are met.
const MOST_SLOTS: usize = 12_000;

impl Axis {
    /// Of a time column with these least and greatest stored values.
    pub(super) fn over(pass: &Pass<'_>, name: &str, bounds: Option<(i64, i64)>) -> Self {
        let step = pass.step(name);
        let empty = Self { step, start: 0, slots: 0 };
        let place = |value: i64| -> Option<i32> {
            let stamped = pass.table.is_stamped(name);
            let day = if stamped { Day::try_from(value).ok()? } else { pass.site.zone.day_of(value) };
            Some(step.place(day))
        };
        let is_possible = |value: &i64| (0..=i64::from(u32::MAX)).contains(value);
        let places = bounds.filter(|(low, high)| is_possible(low) && is_possible(high) && low <= high);
        let Some((low, high)) = places.and_then(|(low, high)| Some((place(low)?, place(high)?))) else {
            return empty;
        };
        let (start, slots) = empty.holding(low, high);
        if slots > MOST_SLOTS { empty } else { Self { step, start, slots } }
    }

    /// Start and length that also hold the places from `low` to `high`.
    pub(super) fn holding(&self, low: i32, high: i32) -> (i32, usize) {
        let length = |from: i32, to: i32| usize::try_from(i64::from(to) - i64::from(from) + 1).unwrap_or(0);
        if self.slots == 0 {
            return (low, length(low, high));
        }
        let end = self.start + i32::try_from(self.slots).unwrap_or(i32::MAX) - 1;
        (self.start.min(low), length(self.start.min(low), end.max(high)))
    }
}

/// What a thread keeps from one piece to the next: fresh memory would have to be cleared by the system each time.
#[derive(Default)]
pub(super) struct Room {
    /// What rows contribute.
    pub(super) contributions: Contributions,
    /// Area per row.
    pub(super) areas: Vec<u32>,
    /// Lane per row.
    pub(super) lanes: Vec<u32>,
    /// Places per axis and row of a block.
    pub(super) places: Vec<Places>,
    /// What measures count of a row within its day, per list and row of a block.
    pub(super) codes: Vec<Vec<u32>>,
}

/// Where the rows of a chunk lie by one time column.
#[derive(Default)]
pub(super) struct Places {
    /// Cell per row.
    cells: Vec<u32>,
    /// Second of its day per row, where a measure needs it; `u32::MAX` where the row has no instant.
    secs: Vec<u32>,
    days: Vec<Day>,
}

impl Places {
    /// No rows.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.secs.clear();
        self.days.clear();
    }

    /// Finds the places of rows with these lanes. `moments` says whether any measure needs days and seconds.
    pub(super) fn find(
        &mut self,
        pass: &Pass<'_>,
        axis: &Axis,
        (times, rows): (&Times<'_>, Range<usize>),
        lanes: &[u32],
        moments: bool,
    ) {
        self.clear();
        let steady = times.steady_offset(pass.site).filter(|_| axis.step == Step::Day);
        if steady
            .is_some_and(|offset| self.find_steady(axis, times.raw(rows.clone()), offset, lanes, moments))
        {
            return;
        }
        self.cells.reserve(lanes.len());
        if moments {
            self.secs.reserve(lanes.len());
            self.days.reserve(lanes.len());
        }
        let cell = |slot: u32, lane: u32| {
            let cell = u64::from(lane) * axis.slots as u64 + u64::from(slot);
            let there = slot != NO_CELL && lane != NO_CELL;
            u32::try_from(cell).ok().filter(|_| there).unwrap_or(NO_CELL)
        };
        let slot = |day: Day| u32::try_from(axis.step.place(day) - axis.start).unwrap_or(NO_CELL);
        // Rows of one day come together, as a rule; what was worked out for a day is kept until it changes.
        let mut last = times.span_of(i64::MIN, pass.site);
        let mut last_slot = NO_CELL;
        for (value, lane) in times.some(rows).zip(lanes) {
            let Some(value) = value else {
                self.cells.push(NO_CELL);
                if moments {
                    self.secs.push(u32::MAX);
                    self.days.push(0);
                }
                continue;
            };
            if !last.values.contains(&value) {
                last = times.span_of(value, pass.site);
                last_slot = slot(last.day);
            }
            let secs = if last.stamped { 0 } else { value - *last.values.start() };
            let (day, secs, slot) = (last.day, u32::try_from(secs).unwrap_or(0), last_slot);
            if moments {
                self.secs.push(secs);
                self.days.push(day);
            }
            self.cells.push(cell(slot, *lane));
        }
    }

    /// The same where days begin every 86,400 seconds, `offset` seconds before stored values that are multiples of them:
    /// without a branch, so that several rows are worked out at once. False, and nothing found, where a value is too far
    /// off for that.
    fn find_steady(
        &mut self,
        axis: &Axis,
        (values, valid): (&[i64], Option<&[u8]>),
        offset: i64,
        lanes: &[u32],
        moments: bool,
    ) -> bool {
        const DAY_SECS: u32 = 86_400;
        let local = |value: &i64| value.wrapping_add(offset).cast_unsigned();
        if values.iter().fold(0, |any, value| any | local(value)) > u64::from(u32::MAX) {
            return false;
        }
        let Self { cells, secs, days } = self;
        days.extend(values.iter().map(|value| (local(value) as u32 / DAY_SECS).cast_signed()));
        if moments {
            let day_began = days.iter().map(|day| day.cast_unsigned() * DAY_SECS);
            secs.extend(values.iter().zip(day_began).map(|(value, began)| local(value) as u32 - began));
        }
        let slots = u64::from(u32::try_from(axis.slots).unwrap_or(0));
        cells.extend(days.iter().zip(lanes).map(|(day, lane)| {
            // A lane that is none leads beyond all cells.
            let slot = day.wrapping_sub(axis.start).cast_unsigned();
            let cell = u64::from(*lane) * slots + u64::from(slot);
            if *day < axis.start { NO_CELL } else { cell.min(NO_CELL.into()) as u32 }
        }));
        if let Some(valid) = valid {
            cells
                .iter_mut()
                .zip(valid)
                .filter(|(_, valid)| **valid == 0)
                .for_each(|(cell, _)| *cell = NO_CELL);
            secs.iter_mut().zip(valid).filter(|(_, valid)| **valid == 0).for_each(|(sec, _)| *sec = u32::MAX);
        }
        true
    }

    /// Cell of a row.
    pub(super) fn cell(&self, row: usize) -> u32 {
        self.cells.get(row).copied().unwrap_or(NO_CELL)
    }

    /// For each row, whether it has no day and second.
    pub(super) fn lack_moments(&self) -> impl Iterator<Item = bool> + '_ {
        self.secs.iter().map(|secs| *secs == u32::MAX)
    }

    /// Whether a row has a day and a second.
    pub(super) fn has_moment(&self, row: usize) -> bool {
        self.secs.get(row).is_some_and(|secs| *secs < u32::MAX)
    }

    /// Day and second of a row.
    pub(super) fn moment(&self, row: usize) -> Option<Moment> {
        let secs = self.secs.get(row).copied().filter(|secs| *secs < u32::MAX)?;
        Some(Moment { day: self.days.get(row).copied()?, secs })
    }
}
