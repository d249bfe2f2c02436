//! Adds rows to cells that are found by arithmetic: area × place in time, one block of cells per measure. Owns the
//! cells of one thread while loading; two threads' cells are added at the end.

use crate::indicators::by_day::Moment;
use crate::indicators::cube::{Calendar, Cell, Present, Step};
use crate::indicators::eval::{Contributions, Prepared};
use crate::indicators::measure::Storage;
use crate::indicators::rows::{self, Rows};
use crate::indicators::sets::{self, Sets};
use crate::indicators::spread::Spread;
use crate::indicators::timed::Timed;
use crate::indicators::within::{self, Code, Packing, Within};
use crate::site::Site;
use crate::snapshot::{Day, EpochSecs};
use crate::store::column::Chunk;

use super::MeasureData;
use super::grid::Grid;
use super::pass::{NOWHERE, Pass, Times, ValuePlaces, blocks, place_of};
use super::places::{Axis, NO_CELL, Places, Room};

enum Kept {
    /// One cell per lane.
    Now(Vec<Cell>),
    /// Cells of lane × slot of an axis.
    Calendar(usize, Grid),
    /// Cells of lane × slot of an axis; of rows without an instant, of lanes; rows that do not fit into [`Within`].
    Timed(usize, Grid, Vec<Cell>, rows::Loading),
    /// Numbers by day of an axis.
    Spread(usize, rows::Loading),
    /// Instants of an axis per area and value, and the values.
    Sets(usize, sets::Loading, Vec<String>),
}

/// A block of rows: where they lie.
struct Block<'b> {
    /// Its first row.
    from: usize,
    /// Whether rows keep the second within their day.
    moments: bool,
    areas: &'b [u32],
    lanes: &'b [u32],
    places: &'b [Places],
    times: &'b [Option<Times<'b>>],
}

impl Block<'_> {
    fn area(&self, row: usize) -> u32 {
        self.areas.get(row).copied().unwrap_or(NOWHERE)
    }
}

impl Kept {
    /// Adds what rows of a block contribute. `slot`: what measures count of a row within its day, and the place of this
    /// one among them; `values`: those of a set.
    fn take_in(
        &mut self,
        site: &Site,
        rows: &Contributions,
        block: &Block<'_>,
        slot: Option<(&mut [u32], usize)>,
        values: Option<&mut ValuePlaces<'_>>,
    ) {
        match self {
            Self::Now(out) => rows.each(|row, value| {
                note(block.lanes.get(row).and_then(|lane| out.get_mut(*lane as usize)), value);
            }),
            Self::Calendar(axis, out) => {
                let Some(places) = block.places.get(*axis) else { return };
                out.note_all(rows, places);
            }
            Self::Timed(axis, out, undated, others) => {
                let Some(places) = block.places.get(*axis) else { return };
                let (mut codes, slot) = slot.unzip();
                // Nearly always every row that counts has an area and an instant, and adds 1 or 0.
                if let (Some(slot), Some(codes)) = (slot, codes.as_deref_mut()) {
                    let [one, zero] = [Code::One, Code::Zero].map(|code| Packing::code(slot, code));
                    let lacks = block.areas.iter().zip(places.lack_moments());
                    #[expect(clippy::needless_bitwise_bool, reason = "without a branch, several at once")]
                    let lacks = lacks.map(|(area, lacks)| lacks | (*area == NOWHERE));
                    if rows.join_codes((one, zero), lacks, codes) {
                        out.note_all(rows, places);
                        return;
                    }
                }
                rows.each(|row, value| {
                    let area = block.area(row);
                    let is_dated =
                        if block.moments { places.has_moment(row) } else { places.cell(row) != NO_CELL };
                    if area == NOWHERE || !is_dated {
                        note(block.lanes.get(row).and_then(|lane| undated.get_mut(*lane as usize)), value);
                        return;
                    }
                    out.note(places.cell(row), value);
                    match (slot, Code::of(value), codes.as_mut().and_then(|codes| codes.get_mut(row))) {
                        (Some(slot), Some(code), Some(row)) => *row |= Packing::code(slot, code),
                        _ if block.moments => others.add(places.moment(row), area, value),
                        _ => {}
                    }
                });
            }
            Self::Spread(axis, out) => {
                let Some(places) = block.places.get(*axis) else { return };
                rows.each(|row, value| {
                    let area = block.area(row);
                    if area != NOWHERE {
                        let at = places.moment(row);
                        let whole = |at: Moment| Moment { secs: 0, ..at };
                        out.add(if block.moments { at } else { at.map(whole) }, area, value);
                    }
                });
            }
            Self::Sets(axis, out, known) => {
                let Some((Some(times), values)) = block.times.get(*axis).zip(values) else { return };
                rows.each(|row, _| {
                    let (area, value) = (block.area(row), values.of(block.from + row, known));
                    if area != NOWHERE {
                        sets::load(out, area, value, times.kept(block.from + row, site));
                    }
                });
            }
        }
    }
}

/// What a table is measured to.
pub(super) struct Cells {
    pub(super) presence: Calendar,
    pub(super) newest_secs: Option<EpochSecs>,
    pub(super) measures: Vec<(usize, MeasureData)>,
    pub(super) within: Vec<Within>,
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
    /// Rows within their days, in the order of [`Pass::together`].
    within: Vec<within::Loading>,
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
    /// `bounds` says for each time column which stored values its files speak of, where they do: what they keep silent
    /// about is met all the same.
    pub(super) fn new(pass: &Pass<'_>, bounds: &[Option<(i64, i64)>]) -> Self {
        let axes: Vec<Axis> =
            pass.times.iter().zip(bounds).map(|(name, bounds)| Axis::over(pass, name, *bounds)).collect();
        let kept = pass
            .measures
            .iter()
            .map(|(_, m)| match m.storage {
                Storage::Now => Kept::Now(Vec::new()),
                Storage::Calendar => Kept::Calendar(pass.time_of(m), Grid::new(pass.form(m))),
                Storage::Timed => {
                    let grid = Grid::new(pass.form(m));
                    Kept::Timed(pass.time_of(m), grid, Vec::new(), rows::Loading::default())
                }
                Storage::Spread => Kept::Spread(pass.time_of(m), rows::Loading::default()),
                Storage::Sets => Kept::Sets(pass.time_of(m), sets::Loading::default(), Vec::new()),
            })
            .collect();
        let present = vec![0; axes.first().map_or(0, |axis| axis.slots)];
        Self {
            axes,
            areas: Vec::new(),
            lanes: vec![0; pass.roll_up.len()],
            nowhere: 0,
            kept,
            within: pass.together.iter().map(|_| within::Loading::default()).collect(),
            present,
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
        room: &mut Room,
    ) {
        if chunk.rows == 0 {
            return;
        }
        let Room { contributions: scratch, areas, lanes, places, codes } = room;
        let absent = gone.map_or(0, |gone| gone.iter().filter(|gone| **gone).count());
        self.rows += (chunk.rows - absent) as u64;
        pass.areas(chunk, areas);
        self.unknown_areas += areas.iter().filter(|a| **a == NOWHERE).count() as u64;
        lanes.clear();
        lanes.extend(areas.iter().map(|area| self.lane(*area)));
        if let Some(gone) = gone {
            // A row that is gone lies nowhere and has no cell.
            for ((area, lane), _) in areas.iter_mut().zip(&mut *lanes).zip(gone).filter(|(_, gone)| **gone) {
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
            self.note_presence(pass, own, lanes, newest_day);
        }
        places.resize_with(places.len().max(self.axes.len()), Places::default);
        codes.resize_with(codes.len().max(pass.together.len()), Vec::new);
        let mut prepared: Vec<Option<Prepared<'_>>> =
            pass.measures.iter().map(|(_, measure)| Prepared::new(measure, pass.table, chunk)).collect();
        self.missing |= prepared.iter().any(Option::is_none);
        prepared.iter_mut().for_each(|p| *p = p.take().filter(|p| !p.counts_nothing()));
        let mut values: Vec<Option<ValuePlaces<'_>>> =
            pass.measures.iter().map(|(_, measure)| ValuePlaces::new(measure, chunk)).collect();
        // Block by block, so that what is worked out of a block stays in the processor's nearest memory for all measures.
        for rows in blocks(chunk.rows) {
            let lanes = lanes.get(rows.clone()).unwrap_or_default();
            let areas = areas.get(rows.clone()).unwrap_or_default();
            for (axis, places) in places.iter_mut().enumerate() {
                match (self.axes.get(axis), times.get(axis).and_then(Option::as_ref)) {
                    (Some(known), Some(times)) => {
                        places.find(
                            pass,
                            known,
                            (times, rows.clone()),
                            lanes,
                            self.needs_moments(pass, axis),
                        );
                    }
                    _ => places.clear(),
                }
            }
            for codes in codes.iter_mut() {
                codes.clear();
                codes.resize(rows.len(), 0);
            }
            for (index, prepared) in prepared.iter().enumerate() {
                let (Some(prepared), Some(kept)) = (prepared, self.kept.get_mut(index)) else { continue };
                prepared.block(rows.clone(), scratch);
                let from = rows.start;
                let block = Block { from, moments: pass.moments, areas, lanes, places, times: &times };
                let slot = pass.slot(index);
                let slot = slot.and_then(|(list, slot)| Some((codes.get_mut(list)?.as_mut_slice(), slot)));
                let values = values.get_mut(index).and_then(Option::as_mut);
                kept.take_in(pass.site, scratch, &block, slot, values);
            }
            self.keep_within(pass, areas, places, codes);
        }
    }

    /// Whether rows of an axis need the second within their day.
    fn needs_moments(&self, pass: &Pass<'_>, axis: usize) -> bool {
        let needs = |kept: &Kept| match kept {
            Kept::Timed(of, ..) => pass.moments && *of == axis,
            Kept::Spread(of, _) => *of == axis,
            _ => false,
        };
        self.kept.iter().any(needs)
    }

    /// Keeps the rows within their days that any measure counts with 1 or 0.
    fn keep_within(&mut self, pass: &Pass<'_>, areas: &[u32], places: &[Places], codes: &[Vec<u32>]) {
        let Some(packing) = pass.packing else { return };
        for (((axis, _), codes), out) in pass.together.iter().zip(codes).zip(&mut self.within) {
            let Some(places) = places.get(*axis) else { continue };
            for (row, (codes, area)) in codes.iter().zip(areas).enumerate().filter(|(_, (c, _))| **c > 0) {
                let Some(at) = places.moment(row) else { continue };
                if let Some(day) = out.reach(at.day) {
                    day.push(packing.row(at.secs, *area, *codes));
                }
            }
        }
    }

    fn note_presence(&mut self, pass: &Pass<'_>, own: &Times<'_>, lanes: &[u32], newest_day: Day) {
        let Some(axis) = self.axes.first() else { return };
        // Rows of one day come together, as a rule; what was worked out for a day is kept until it changes.
        let mut last = own.span_of(i64::MIN, pass.site);
        let mut slot = None;
        for (row, _) in lanes.iter().enumerate().filter(|(_, lane)| **lane != NO_CELL) {
            let Some(value) = own.value(row) else { continue };
            if !last.values.contains(&value) {
                last = own.span_of(value, pass.site);
                slot = usize::try_from(axis.step.place(last.day) - axis.start).ok();
            }
            if let Some(present) = slot.and_then(|slot| self.present.get_mut(slot)) {
                *present = present.saturating_add(1);
            }
            if last.day <= newest_day {
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
                Kept::Calendar(axis, cells) | Kept::Timed(axis, cells, ..) => {
                    let Some(known) = self.axes.get(*axis) else { continue };
                    match new(*axis) {
                        Some(place) => cells.lay_out(lanes, known, place),
                        None => cells.resize(lanes * known.slots),
                    }
                }
                Kept::Spread(..) | Kept::Sets(..) => {}
            }
            if let Kept::Timed(_, _, undated, _) = kept {
                undated.resize(lanes, Cell::default());
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
        for (mine, theirs) in self.within.iter_mut().zip(other.within) {
            within::join(mine, theirs);
        }
        for (mine, theirs) in self.kept.iter_mut().zip(other.kept) {
            match (mine, theirs) {
                (Kept::Now(mine), Kept::Now(theirs)) => add_lanes(mine, &theirs, &lanes),
                (Kept::Calendar(index, mine), Kept::Calendar(_, theirs)) => {
                    mine.add(&theirs, &lanes, self.axes.get(*index), other.axes.get(*index));
                }
                (
                    Kept::Timed(index, mine, undated, others),
                    Kept::Timed(_, theirs, more_undated, more_others),
                ) => {
                    mine.add(&theirs, &lanes, self.axes.get(*index), other.axes.get(*index));
                    add_lanes(undated, &more_undated, &lanes);
                    others.extend(more_others);
                }
                (Kept::Spread(_, mine), Kept::Spread(_, theirs)) => mine.extend(theirs),
                (Kept::Sets(_, mine, known), Kept::Sets(_, theirs, values)) => {
                    let places: Vec<u32> = values.iter().map(|value| place_of(known, value)).collect();
                    sets::extend(mine, theirs, |value| places.get(value as usize).copied().unwrap_or(value));
                }
                _ => {}
            }
        }
    }

    /// Rolls up and makes running sums: presence, the newest news, and what each measure keeps.
    pub(super) fn finish(self, pass: &Pass<'_>) -> Cells {
        let areas = pass.roll_up.len();
        let axes = self.axes;
        let presence = match axes.first() {
            Some(axis) => Calendar::of_rows(axis.step, axis.start, self.present),
            None => Calendar::new(Step::Day, 0..0, 0),
        };
        let mut measures = Vec::with_capacity(self.kept.len());
        let calendar = |axis: usize, cells: &Grid| {
            let axis = axes.get(axis)?;
            let lanes =
                self.areas.iter().enumerate().map(|(lane, area)| (*area, cells.lane(lane, axis.slots)));
            let mut calendar =
                Calendar::of_cells(axis.step, axis.start, axis.slots, areas, cells.form(), lanes);
            calendar.finish(pass.roll_up);
            Some(calendar)
        };
        let present = |cells: Vec<Cell>| {
            let mut present = Present::new(areas);
            for (area, cell) in self.areas.iter().zip(cells).filter(|(area, _)| **area != NOWHERE) {
                present.add(pass.roll_up, *area, cell);
            }
            present
        };
        for (place, ((index, _), kept)) in pass.measures.iter().zip(self.kept).enumerate() {
            let data = match kept {
                Kept::Now(cells) => MeasureData::Now(present(cells)),
                Kept::Calendar(axis, cells) => {
                    let Some(calendar) = calendar(axis, &cells) else { continue };
                    MeasureData::Calendar(calendar)
                }
                Kept::Timed(axis, cells, undated, others) => {
                    let Some(calendar) = calendar(axis, &cells) else { continue };
                    let slot = pass.slot(place);
                    MeasureData::Timed(Timed::new(calendar, present(undated), slot, Rows::new(others)))
                }
                Kept::Spread(_, rows) => MeasureData::Spread(Spread::new(rows)),
                Kept::Sets(_, rows, values) => {
                    MeasureData::Sets(Sets::new(areas, pass.roll_up, rows), values)
                }
            };
            measures.push((*index, data));
        }
        let within = self.within.into_iter().filter_map(|rows| Some(Within::new(pass.packing?, rows)));
        Cells {
            presence,
            newest_secs: self.newest.map(|value| pass.complete_at(value)),
            measures,
            within: within.collect(),
        }
    }
}

fn note(cell: Option<&mut Cell>, value: f64) {
    if let Some(cell) = cell {
        cell.sum += value;
        cell.rows += 1;
    }
}

fn add(to: &mut Cell, from: Cell) {
    to.sum += from.sum;
    to.rows += from.rows;
}

/// Adds another thread's cells of lanes.
fn add_lanes(mine: &mut [Cell], theirs: &[Cell], lanes: &[u32]) {
    for (lane, cell) in lanes.iter().zip(theirs) {
        if let Some(mine) = mine.get_mut(*lane as usize) {
            add(mine, *cell);
        }
    }
}
