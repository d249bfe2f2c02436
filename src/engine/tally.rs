//! Adds rows to cells that are found by arithmetic: area × place in time, one block of cells per measure. Owns the
//! cells of one thread while loading; two threads' cells are added at the end.

use crate::indicators::cube::{Calendar, Cell, Present, Step};
use crate::indicators::eval::Contributions;
use crate::indicators::measure::{Contribution, Storage};
use crate::indicators::rows::{Row, Rows};
use crate::site::datasets::AbsentRow;
use crate::snapshot::{Day, EpochSecs};
use crate::store::column::Chunk;

use super::MeasureData;
use super::pass::{NOWHERE, Pass, Times, place_of};

/// A cell that does not exist.
const NO_CELL: u32 = u32::MAX;

/// The places of one time column that rows were seen at.
#[derive(Clone)]
struct Axis {
    step: Step,
    start: i32,
    slots: usize,
}

impl Axis {
    /// Start and length that also hold the places from `low` to `high`.
    fn holding(&self, low: i32, high: i32) -> (i32, usize) {
        let length = |from: i32, to: i32| usize::try_from(i64::from(to) - i64::from(from) + 1).unwrap_or(0);
        if self.slots == 0 {
            return (low, length(low, high));
        }
        let end = self.start + i32::try_from(self.slots).unwrap_or(i32::MAX) - 1;
        (self.start.min(low), length(self.start.min(low), end.max(high)))
    }
}

enum Kept {
    /// One cell per lane.
    Now(Vec<Cell>),
    /// Cells of lane × slot of an axis.
    Calendar(usize, Vec<Cell>),
    /// Rows by instant; of a set, the values.
    Rows(usize, Rows, Vec<String>),
}

/// The cells of a table.
pub(super) struct Tally {
    axes: Vec<Axis>,
    /// Areas with rows, in the order they were met; their place is their lane.
    areas: Vec<u32>,
    /// Lane of an area, plus one; 0 where it has none yet.
    lanes: Vec<u32>,
    /// Lane of rows whose area is unknown, plus one.
    nowhere: u32,
    kept: Vec<Kept>,
    /// Rows per place of the table's own time column.
    present: Vec<u32>,
    newest: Option<i64>,
    /// Rows whose area is unknown.
    pub(super) unknown_areas: u64,
    /// Rows counted.
    pub(super) rows: u64,
    /// Measures whose column was missing.
    pub(super) missing: bool,
}

impl Tally {
    pub(super) fn new(pass: &Pass<'_>) -> Self {
        let axes = pass.times.iter().map(|t| Axis { step: pass.step(t), start: 0, slots: 0 }).collect();
        let kept = pass
            .measures
            .iter()
            .map(|(_, m)| match m.storage {
                Storage::Now => Kept::Now(Vec::new()),
                Storage::Calendar => Kept::Calendar(pass.time_of(m), Vec::new()),
                Storage::Rows => Kept::Rows(pass.time_of(m), Rows::default(), Vec::new()),
            })
            .collect();
        Self {
            axes,
            areas: Vec::new(),
            lanes: vec![0; pass.roll_up.len()],
            nowhere: 0,
            kept,
            present: Vec::new(),
            newest: None,
            unknown_areas: 0,
            rows: 0,
            missing: false,
        }
    }

    /// Counts rows, except those that are `gone`. Nothing after `newest_day` is news.
    pub(super) fn add(
        &mut self,
        pass: &Pass<'_>,
        chunk: &Chunk,
        gone: Option<&[bool]>,
        newest_day: Day,
        scratch: &mut Contributions,
    ) {
        if chunk.rows == 0 {
            return;
        }
        let absent = gone.map_or(0, |gone| gone.iter().filter(|gone| **gone).count());
        self.rows += (chunk.rows - absent) as u64;
        let mut areas = pass.areas(chunk);
        self.unknown_areas += areas.iter().filter(|a| **a == NOWHERE).count() as u64;
        let mut lanes: Vec<u32> = areas.iter().map(|area| self.lane(*area)).collect();
        if let Some(gone) = gone {
            // A row that is gone lies nowhere and has no cell.
            for ((area, lane), _) in areas.iter_mut().zip(&mut lanes).zip(gone).filter(|(_, gone)| **gone) {
                self.unknown_areas -= u64::from(*area == NOWHERE);
                (*area, *lane) = (NOWHERE, NO_CELL);
            }
        }
        let times: Vec<Option<Times<'_>>> = pass.times.iter().map(|name| pass.times(chunk, name)).collect();
        for (axis, times) in times.iter().enumerate() {
            let bounds = times.as_ref().and_then(Times::bounds);
            if let (Some(times), Some((low, high))) = (times, bounds) {
                let step = pass.times.get(axis).map_or(Step::Day, |name| pass.step(name));
                let place = |n| step.place(times.day_of(n, pass.site));
                self.reach(axis, place(low), place(high));
            }
        }
        // New areas add lanes behind; the cells that are there stay where they are.
        self.lay_out(|_| None);
        if let Some(Some(own)) = times.first() {
            self.note_presence(pass, own, &lanes, newest_day);
        }
        let mut cells: Vec<Vec<u32>> = Vec::with_capacity(times.len());
        for (axis, times) in self.axes.iter().zip(&times) {
            cells.push(times.as_ref().map(|times| axis_cells(pass, axis, times, &lanes)).unwrap_or_default());
        }
        for ((_, measure), kept) in pass.measures.iter().zip(&mut self.kept) {
            let found = match kept {
                Kept::Now(out) => pass.each(measure, chunk, scratch, |row, value| {
                    if let Some(cell) = lanes.get(row).and_then(|lane| out.get_mut(*lane as usize)) {
                        cell.sum += value;
                        cell.rows += 1;
                    }
                }),
                Kept::Calendar(axis, out) => {
                    let cells = cells.get(*axis).map_or(&[][..], Vec::as_slice);
                    pass.each(measure, chunk, scratch, |row, value| {
                        if let Some(cell) = cells.get(row).and_then(|cell| out.get_mut(*cell as usize)) {
                            cell.sum += value;
                            cell.rows += 1;
                        }
                    })
                }
                Kept::Rows(axis, out, known) => {
                    let Some(Some(times)) = times.get(*axis) else { continue };
                    let mut load = |row: usize, value: f64| {
                        let area = areas.get(row).copied().unwrap_or(NOWHERE);
                        if area != NOWHERE {
                            out.load(Row { secs: times.kept(row, pass.site), area, value });
                        }
                    };
                    if matches!(measure.contribution, Contribution::Distinct(_)) {
                        pass.each_value(measure, chunk, scratch, load, known)
                    } else {
                        pass.each(measure, chunk, scratch, &mut load)
                    }
                }
            };
            self.missing |= !found;
        }
    }

    fn note_presence(&mut self, pass: &Pass<'_>, own: &Times<'_>, lanes: &[u32], newest_day: Day) {
        let Some(axis) = self.axes.first() else { return };
        // Rows of one day come together; the place of a value is kept until it changes.
        let mut last = (i64::MIN, 0, 0);
        for (row, _) in lanes.iter().enumerate().filter(|(_, lane)| **lane != NO_CELL) {
            let Some(value) = own.value(row) else { continue };
            if value != last.0 {
                let day = own.day_of(value, pass.site);
                last = (value, axis.step.place(day), day);
            }
            let slot = usize::try_from(last.1 - axis.start).ok().and_then(|slot| self.present.get_mut(slot));
            if let Some(present) = slot {
                *present = present.saturating_add(1);
            }
            if last.2 <= newest_day {
                self.newest = self.newest.max(Some(value));
            }
        }
    }

    fn lane(&mut self, area: u32) -> u32 {
        let slot = match self.lanes.get_mut(area as usize) {
            Some(slot) => slot,
            None => &mut self.nowhere,
        };
        if *slot == 0 {
            self.areas.push(area);
            *slot = u32::try_from(self.areas.len()).unwrap_or(u32::MAX);
        }
        *slot - 1
    }

    /// Makes an axis hold the places from `low` to `high`.
    fn reach(&mut self, axis: usize, low: i32, high: i32) {
        let Some(known) = self.axes.get(axis) else { return };
        let (start, slots) = known.holding(low, high);
        if (start, slots) == (known.start, known.slots) {
            return;
        }
        // Rows come in order of time as a rule: with room to grow the cells move a few times only.
        let slots = if known.slots == 0 { slots } else { slots.max(known.slots + known.slots / 2) };
        self.lay_out(|a| (a == axis).then_some((start, slots)));
    }

    /// Gives cells their places again, for axes with a new start and length and for new lanes.
    fn lay_out(&mut self, new: impl Fn(usize) -> Option<(i32, usize)>) {
        let lanes = self.areas.len();
        for kept in &mut self.kept {
            match kept {
                Kept::Now(cells) => cells.resize(lanes, Cell::default()),
                Kept::Calendar(axis, cells) => {
                    let Some(known) = self.axes.get(*axis) else { continue };
                    let Some((start, slots)) = new(*axis) else {
                        cells.resize(lanes * known.slots, Cell::default());
                        continue;
                    };
                    let offset = usize::try_from(known.start - start).unwrap_or(0);
                    let mut moved = vec![Cell::default(); lanes * slots];
                    if known.slots > 0 {
                        for (from, to) in cells.chunks_exact(known.slots).zip(moved.chunks_exact_mut(slots)) {
                            to.iter_mut().skip(offset).zip(from).for_each(|(to, from)| *to = *from);
                        }
                    }
                    *cells = moved;
                }
                Kept::Rows(..) => {}
            }
        }
        for (index, axis) in self.axes.iter_mut().enumerate() {
            let Some((start, slots)) = new(index) else { continue };
            if index == 0 {
                let offset = usize::try_from(axis.start - start).unwrap_or(0);
                let mut moved = vec![0; slots];
                if axis.slots > 0 {
                    moved.iter_mut().skip(offset).zip(&self.present).for_each(|(to, from)| *to = *from);
                }
                self.present = moved;
            }
            (axis.start, axis.slots) = (start, slots);
        }
    }

    /// Adds another thread's cells.
    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.unknown_areas += other.unknown_areas;
        self.missing |= other.missing;
        self.newest = self.newest.max(other.newest);
        let lanes: Vec<u32> = other.areas.iter().map(|area| self.lane(*area)).collect();
        for (index, axis) in other.axes.iter().enumerate() {
            if axis.slots > 0 {
                let last = axis.start + i32::try_from(axis.slots).unwrap_or(i32::MAX) - 1;
                let Some(known) = self.axes.get(index) else { continue };
                let (start, slots) = known.holding(axis.start, last);
                self.lay_out(|a| (a == index).then_some((start, slots)));
            }
        }
        self.lay_out(|_| None);
        if let (Some(mine), Some(theirs)) = (self.axes.first(), other.axes.first()) {
            let offset = usize::try_from(theirs.start - mine.start).unwrap_or(0);
            self.present.iter_mut().skip(offset).zip(&other.present).for_each(|(p, o)| *p += o);
        }
        for (mine, theirs) in self.kept.iter_mut().zip(other.kept) {
            match (mine, theirs) {
                (Kept::Now(mine), Kept::Now(theirs)) => {
                    for (lane, cell) in lanes.iter().zip(theirs) {
                        if let Some(mine) = mine.get_mut(*lane as usize) {
                            add(mine, cell);
                        }
                    }
                }
                (Kept::Calendar(index, mine), Kept::Calendar(_, theirs)) => {
                    let (Some(to), Some(from)) = (self.axes.get(*index), other.axes.get(*index)) else {
                        continue;
                    };
                    if from.slots == 0 {
                        continue;
                    }
                    let offset = usize::try_from(from.start - to.start).unwrap_or(0);
                    for (lane, cells) in lanes.iter().zip(theirs.chunks_exact(from.slots)) {
                        let first = *lane as usize * to.slots + offset;
                        mine.iter_mut().skip(first).zip(cells).for_each(|(mine, cell)| add(mine, *cell));
                    }
                }
                (Kept::Rows(_, mine, known), Kept::Rows(_, theirs, values)) => {
                    if values.is_empty() {
                        mine.extend(theirs, None);
                    } else {
                        let places: Vec<f64> = values.iter().map(|value| place_of(known, value)).collect();
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "a place in a short list"
                        )]
                        let turn = |value: f64| places.get(value as usize).copied().unwrap_or(value);
                        mine.extend(theirs, Some(&turn));
                    }
                }
                _ => {}
            }
        }
    }

    /// Rolls up and makes running sums: presence, the newest news, and what each measure keeps.
    pub(super) fn finish(self, pass: &Pass<'_>) -> (Calendar, Option<EpochSecs>, Vec<(usize, MeasureData)>) {
        let areas = pass.roll_up.len();
        let counts_rows = pass.table.absent_row != AbsentRow::Zero;
        let axes = self.axes;
        let presence = match axes.first() {
            Some(axis) => Calendar::of_rows(axis.step, axis.start, self.present),
            None => Calendar::new(Step::Day, 0..0, 0),
        };
        let mut out = Vec::with_capacity(self.kept.len());
        for ((index, _), kept) in pass.measures.iter().zip(self.kept) {
            let data = match kept {
                Kept::Now(cells) => {
                    let mut present = Present::new(areas);
                    for (area, cell) in self.areas.iter().zip(cells).filter(|(area, _)| **area != NOWHERE) {
                        present.add(pass.roll_up, *area, cell);
                    }
                    MeasureData::Now(present)
                }
                Kept::Calendar(axis, cells) => {
                    let Some(axis) = axes.get(axis) else { continue };
                    let lanes = self.areas.iter().copied().zip(cells.chunks_exact(axis.slots.max(1)));
                    let mut calendar =
                        Calendar::of_cells(axis.step, axis.start, axis.slots, areas, counts_rows, lanes);
                    calendar.finish(pass.roll_up);
                    MeasureData::Calendar(calendar)
                }
                Kept::Rows(_, mut rows, values) => {
                    rows.finish();
                    MeasureData::Rows(rows, values)
                }
            };
            out.push((*index, data));
        }
        (presence, self.newest.map(|value| pass.complete_at(value)), out)
    }
}

fn add(to: &mut Cell, from: Cell) {
    to.sum += from.sum;
    to.rows += from.rows;
}

/// Cell per row of a chunk.
fn axis_cells(pass: &Pass<'_>, axis: &Axis, times: &Times<'_>, lanes: &[u32]) -> Vec<u32> {
    let mut last = (i64::MIN, NO_CELL);
    lanes
        .iter()
        .enumerate()
        .map(|(row, lane)| {
            let Some(value) = times.value(row) else { return NO_CELL };
            if value != last.0 {
                let place = axis.step.place(times.day_of(value, pass.site));
                last = (value, u32::try_from(place - axis.start).unwrap_or(NO_CELL));
            }
            let first = u64::from(*lane) * axis.slots as u64;
            if last.1 == NO_CELL || *lane == NO_CELL {
                NO_CELL
            } else {
                u32::try_from(first + u64::from(last.1)).unwrap_or(NO_CELL)
            }
        })
        .collect()
}
