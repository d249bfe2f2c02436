//! Live changes: rows that replace earlier rows by key, and what that does to the cells. Owns exactness: a changed
//! row is taken back as it was counted before it is counted anew.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::indicators::eval::Contributions;
use crate::indicators::measure::Measure;
use crate::indicators::timed::Timed;
use crate::indicators::within::Packing;
use crate::site::datasets::{ARRIVED_COLUMN, ColumnType, Table};
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::store::column::{Chunk, Data};
use crate::store::index::{KeyIndex, PieceKeys};
use crate::store::keys::{ByHash, hashes};
use crate::store::narrow::NarrowRows;
use crate::store::quiet;

use super::events::EventLog;
use super::pass::{NOWHERE, Pass, Times, ValuePlaces};
use super::{Batch, Engine, MeasureData, Version};

/// The rows of a table that live changes can replace: as loaded, and as changed since. Columns that only tell rows
/// apart are not kept; their hashes are.
#[derive(Debug, Clone)]
pub(crate) struct LiveRows {
    /// Columns that a batch must bring.
    columns: Vec<String>,
    /// Columns that are kept.
    kept: Vec<String>,
    base: Arc<Vec<NarrowRows>>,
    index: Arc<Index>,
    changed: Chunk,
    /// The newest row in `changed` of each key that changed.
    newer: Arc<ByHash<u32>>,
}

/// Where the row of a key is in `base`.
#[derive(Debug, Clone)]
enum Index {
    /// Keys until somebody asks.
    Waiting(Vec<PieceKeys>),
    Ready(KeyIndex),
}

impl LiveRows {
    /// `columns` are all that are read of the table, `kept` those that figures and events need.
    pub(super) fn new(columns: Vec<String>, kept: Vec<String>, pieces: Vec<(NarrowRows, PieceKeys)>) -> Self {
        let (base, keys): (Vec<NarrowRows>, Vec<PieceKeys>) = pieces.into_iter().unzip();
        let index = Arc::new(Index::Waiting(keys));
        Self { columns, kept, base: Arc::new(base), index, changed: Chunk::default(), newer: Arc::default() }
    }

    fn ensure_index(&mut self) {
        if matches!(*self.index, Index::Ready(_)) {
            return;
        }
        let nothing = Arc::new(Index::Waiting(Vec::new()));
        if let Index::Waiting(keys) = Arc::unwrap_or_clone(std::mem::replace(&mut self.index, nothing)) {
            self.index = Arc::new(Index::Ready(KeyIndex::new(keys)));
        }
    }

    fn in_base(&self, key: u64) -> Option<(usize, u32)> {
        match &*self.index {
            Index::Waiting(_) => None,
            Index::Ready(index) => index.get(key),
        }
    }

    /// The rows that a batch replaces, as they are counted now.
    fn earlier_versions(&self, keys: &[u64]) -> Chunk {
        let (mut rows, mut newer): (BTreeMap<usize, Vec<u32>>, Vec<u32>) = (BTreeMap::new(), Vec::new());
        for key in keys {
            if let Some(row) = self.newer.get(key) {
                newer.push(*row);
            } else if let Some((piece, row)) = self.in_base(*key) {
                rows.entry(piece).or_default().push(row);
            }
        }
        let of_base = rows.into_iter().filter_map(|(piece, rows)| Some(self.base.get(piece)?.take(&rows)));
        let of_changed = (!newer.is_empty()).then(|| self.changed.take(&newer));
        let mut out: Option<Chunk> = None;
        for taken in of_base.chain(of_changed) {
            match &mut out {
                Some(out) => out.append(&taken),
                None => out = Some(taken),
            }
        }
        out.unwrap_or_default()
    }

    fn remember(&mut self, keys: &[u64], rows: &Chunk) {
        let newer = Arc::make_mut(&mut self.newer);
        let first = self.changed.rows;
        for (row, key) in keys.iter().enumerate() {
            newer.insert(*key, number(first + row));
        }
        if self.changed.rows == 0 {
            self.changed = rows.clone();
        } else {
            self.changed.append(rows);
        }
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl Engine {
    /// Takes in a batch: earlier versions of its rows are taken back, the new ones counted. Costs what the batch
    /// costs. Problems come back; good rows go on. A row whose area the site does not have replaces too, and is counted
    /// nowhere: what it corrects is no longer so.
    pub fn apply(&mut self, batch: &Batch) -> Vec<Problem> {
        let fail = |error: &str| {
            let message = Message::new("problem.measure").with("table", &batch.table).with("error", error);
            vec![Problem::error(format!("live/{}", batch.table), message)]
        };
        let Some(index) = self.tables.iter().position(|t| t.table.id == batch.table) else {
            return fail("unknown table");
        };
        match self.apply_rows(index, batch) {
            Ok(0) => Vec::new(),
            Ok(nowhere) => {
                let message = Message::new("problem.unknown_areas").with("table", &batch.table);
                vec![Problem::warning(format!("live/{}", batch.table), message.with("count", nowhere))]
            }
            Err(err) => fail(&err),
        }
    }

    /// How many of the rows are of no area.
    fn apply_rows(&mut self, index: usize, batch: &Batch) -> Result<u64, String> {
        let plan = Arc::clone(&self.plan);
        let site = Arc::clone(&self.site);
        let measures: Vec<(usize, &Measure)> =
            plan.measures.iter().enumerate().filter(|(_, m)| m.table == index).collect();
        let Some(state) = self.tables.get_mut(index) else {
            return Ok(0);
        };
        let table = Arc::clone(&state.table);
        let Some(live) = &mut state.live else {
            return Err("not a live table".to_owned());
        };
        live.ensure_index();
        let rows = whole_rows(&table, &live.columns, batch)?;
        let keys = hashes(&table, &rows);
        // Within a batch only the last version of a key counts.
        let mut seen: HashSet<u64> = HashSet::new();
        let mut last: Vec<u32> = (0..keys.len())
            .rev()
            .filter(|row| keys.get(*row).is_some_and(|key| seen.insert(*key)))
            .map(number)
            .collect();
        last.reverse();
        let rows = rows.take(&last);
        let keys: Vec<u64> = last.iter().filter_map(|row| keys.get(*row as usize).copied()).collect();
        let old = live.earlier_versions(&keys);
        state.rows += (rows.rows - old.rows) as u64;
        let mut kept = rows.clone();
        for name in live.columns.iter().filter(|name| !live.kept.contains(name)) {
            kept.drop_column(name);
        }
        live.remember(&keys, &kept);
        if EventLog::follows(&site, &table.id) {
            self.events.change(&site, &old, &rows, batch.arrived_secs);
        }
        let exact = self.tables.get(index).is_some_and(super::TableState::is_exact);
        let roll_up = Arc::clone(if exact { &self.exact } else { &self.sum_up });
        let pass = Pass::new(&site, &table, measures, &roll_up, true);
        let was_nowhere = self.count(index, &pass, &old, -1);
        let nowhere = self.count(index, &pass, &rows, 1);
        if let Some(state) = self.tables.get_mut(index) {
            state.refused = (state.refused + nowhere).saturating_sub(was_nowhere);
            state.newest_secs = state.newest_secs.max(Some(batch.arrived_secs));
            state.version = Version::next();
        }
        Ok(nowhere)
    }

    /// Counts rows, or takes them back; how many of them are of no area.
    fn count(&mut self, index: usize, pass: &Pass<'_>, rows: &Chunk, sign: i8) -> u64 {
        if rows.rows == 0 {
            return 0;
        }
        let mut scratch = Contributions::default();
        let mut areas = Vec::new();
        pass.areas(rows, &mut areas);
        let area_of = |row: usize| areas.get(row).copied().filter(|area| *area != NOWHERE);
        let mut codes: Vec<Vec<u32>> = pass.together.iter().map(|_| vec![0; rows.rows]).collect();
        for (place, (position, measure)) in pass.measures.iter().enumerate() {
            let Some(times) = pass.times(rows, &measure.time_column) else {
                continue;
            };
            let Some(data) = self.measures.get_mut(*position) else {
                continue;
            };
            if let MeasureData::Sets(..) = &**data {
                count_set(pass, measure, data, rows, &areas, &times, sign);
                continue;
            }
            let mut counted: Vec<(usize, u32, f64)> = Vec::new();
            pass.each(measure, rows, &mut scratch, |row, value| {
                if let Some(area) = area_of(row) {
                    counted.push((row, area, value));
                }
            });
            // A measure that the batch does not touch stays shared with the snapshots that hold it.
            if counted.is_empty() {
                continue;
            }
            let slot = pass.slot(place);
            for (row, _, value) in &counted {
                if let Some(code) = Timed::code(slot, *value)
                    && let Some((list, slot)) = slot
                    && let Some(codes) = codes.get_mut(list).and_then(|codes| codes.get_mut(*row))
                {
                    *codes |= Packing::code(slot, code);
                }
            }
            let data = Arc::make_mut(data);
            for (row, area, value) in counted {
                match data {
                    MeasureData::Now(present) => present.change(pass.roll_up, area, value, sign),
                    MeasureData::Calendar(calendar) => {
                        if let Some(day) = times.day(row, pass.site) {
                            let place = calendar.step().place(day);
                            calendar.change(pass.roll_up, area, place, value, sign);
                        }
                    }
                    MeasureData::Timed(timed) => {
                        timed.change(pass.roll_up, times.moment(row, pass.site), area, value, sign);
                    }
                    MeasureData::Spread(spread) => {
                        spread.change(times.moment(row, pass.site), area, value, sign);
                    }
                    MeasureData::Sets(..) => {}
                }
            }
        }
        self.count_within(index, pass, rows, &areas, &codes, sign);
        if let Some(state) = self.tables.get_mut(index)
            && let Some(own) = pass.times(rows, &state.table.time_column)
        {
            let step = state.presence.step();
            for row in 0..rows.rows {
                if let Some(day) = own.day(row, pass.site) {
                    state.presence.change(pass.roll_up, 0, step.place(day), 0.0, sign);
                }
            }
        }
        areas.iter().filter(|area| **area == NOWHERE).count() as u64
    }

    /// Keeps or takes back rows within their days.
    fn count_within(
        &mut self,
        index: usize,
        pass: &Pass<'_>,
        rows: &Chunk,
        areas: &[u32],
        codes: &[Vec<u32>],
        sign: i8,
    ) {
        let Some(state) = self.tables.get_mut(index) else { return };
        for (((time, _), codes), within) in pass.together.iter().zip(codes).zip(&mut state.within) {
            let Some(times) = pass.times.get(*time).and_then(|name| pass.times(rows, name)) else { continue };
            let counted = codes.iter().zip(areas).enumerate().filter(|(_, (codes, _))| **codes > 0);
            for (row, (codes, area)) in counted {
                if let Some(at) = times.moment(row, pass.site) {
                    Arc::make_mut(within).change(at, *area, *codes, sign);
                }
            }
        }
    }
}

/// Counts rows of a measure that is a set. New values are noted beside the data, which stays shared where nothing counts.
fn count_set(
    pass: &Pass<'_>,
    measure: &Measure,
    data: &mut Arc<MeasureData>,
    rows: &Chunk,
    areas: &[u32],
    times: &Times<'_>,
    sign: i8,
) {
    let mut known = match &**data {
        MeasureData::Sets(_, known) => known.clone(),
        _ => return,
    };
    let mut counted: Vec<(usize, u32, u32)> = Vec::new();
    let Some(mut values) = ValuePlaces::new(measure, rows) else { return };
    pass.each(measure, rows, &mut Contributions::default(), |row, _| {
        let value = values.of(row, &mut known);
        if let Some(area) = areas.get(row).copied().filter(|area| *area != NOWHERE) {
            counted.push((row, area, value));
        }
    });
    if !counted.is_empty()
        && let MeasureData::Sets(sets, values) = Arc::make_mut(data)
    {
        *values = known;
        for (row, area, value) in counted {
            sets.change(pass.roll_up, times.kept(row, pass.site), area, value, sign);
        }
    }
}

/// The rows of a batch with all columns that are needed, in their declared types.
fn whole_rows(table: &Table, columns: &[String], batch: &Batch) -> Result<Chunk, String> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let rows = Chunk::from_frame(batch.rows.frame(), &names).map_err(|err| quiet(&err))?;
    for name in names {
        let fits = match (rows.column(name).map(|c| &c.data), table.column_type(name)) {
            (None, _) => name == ARRIVED_COLUMN,
            (Some(Data::Text(_)), Some(kind)) => matches!(kind, ColumnType::Text | ColumnType::Area),
            (Some(Data::Float(_)), Some(kind)) => kind == ColumnType::Float,
            (Some(Data::Int(_)), Some(kind)) => {
                !matches!(kind, ColumnType::Text | ColumnType::Area | ColumnType::Float)
            }
            (Some(_), None) => false,
        };
        if !fits {
            return Err(format!("column {name}"));
        }
    }
    Ok(rows)
}
