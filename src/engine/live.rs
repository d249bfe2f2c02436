//! Live changes: rows that replace earlier rows by key, and what that does to the cells. Owns exactness: a changed
//! row is taken back as it was counted before it is counted anew.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use polars::prelude::*;

use crate::indicators::measure::Measure;
use crate::indicators::rows::Row;
use crate::site::datasets::Table;
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::snapshot::Held;
use crate::store::quiet;

use super::build::place_of;
use super::events::EventLog;
use super::pass::{self, Measured, MeasuredColumn};
use super::{Batch, Engine, MeasureData};

/// The rows of a table that live changes can replace: as loaded, and as changed since.
#[derive(Debug, Clone)]
pub(crate) struct LiveRows {
    base: Arc<DataFrame>,
    changed: DataFrame,
    index: Arc<Index>,
    indexed: bool,
}

/// Where the newest row of a key is. Keys are kept as 64-bit hashes to save memory: among ten million keys any two meet
/// with a chance of three in a million, and then one row is replaced by another until the next start.
#[derive(Debug, Clone, Default)]
struct Index {
    hasher: RandomState,
    rows: HashMap<u64, Place>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Base(u32),
    Changed(u32),
}

impl LiveRows {
    pub(super) fn new(frame: DataFrame) -> Self {
        Self { changed: frame.clear(), base: Arc::new(frame), index: Arc::default(), indexed: false }
    }

    fn ensure_index(&mut self, table: &Table) {
        if self.indexed {
            return;
        }
        let index = Arc::make_mut(&mut self.index);
        index.rows.reserve(self.base.height());
        for (row, hash) in hashes(&index.hasher, table, &self.base).into_iter().enumerate() {
            index.rows.insert(hash, Place::Base(u32::try_from(row).unwrap_or(u32::MAX)));
        }
        self.indexed = true;
    }
}

/// One hash per row, over the key columns.
pub(super) fn hashes(hasher: &RandomState, table: &Table, frame: &DataFrame) -> Vec<u64> {
    let mut hashes = vec![0u64; frame.height()];
    for column in table.key.iter().filter_map(|key| frame.column(key).ok()) {
        if let Ok(texts) = column.str() {
            for (hash, text) in hashes.iter_mut().zip(texts.iter()) {
                *hash = mixed(*hash, hasher.hash_one(text.unwrap_or_default()));
            }
        } else if let Ok(numbers) = column.cast(&DataType::Int64)
            && let Ok(numbers) = numbers.i64()
        {
            for (hash, number) in hashes.iter_mut().zip(numbers.iter()) {
                *hash = mixed(*hash, number.unwrap_or(i64::MIN).cast_unsigned());
            }
        }
    }
    hashes
}

/// Folds a part of a key into a hash: the finalizer of `SplitMix64` (Steele, Lea, Flood 2014) over both.
const fn mixed(hash: u64, part: u64) -> u64 {
    let mut z = hash.rotate_left(29) ^ part.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Engine {
    /// Takes in a batch: earlier versions of its rows are taken back, the new ones counted. Costs what the batch
    /// costs. Problems come back; good rows go on.
    pub fn apply(&mut self, batch: &Batch) -> Vec<Problem> {
        let fail = |error: &str| {
            let message = Message::new("problem.measure").with("table", &batch.table).with("error", error);
            vec![Problem::error(format!("live/{}", batch.table), message)]
        };
        let Some(index) = self.tables.iter().position(|t| t.table.id == batch.table) else {
            return fail("unknown table");
        };
        match self.apply_rows(index, batch) {
            Ok(()) => Vec::new(),
            Err(err) => fail(&quiet(&err)),
        }
    }

    fn apply_rows(&mut self, index: usize, batch: &Batch) -> PolarsResult<()> {
        let plan = Arc::clone(&self.plan);
        let site = Arc::clone(&self.site);
        let level = site.figure_level();
        let measures: Vec<(usize, &Measure)> =
            plan.measures.iter().enumerate().filter(|(_, m)| m.table == index).collect();
        let Some(state) = self.tables.get_mut(index) else {
            return Ok(());
        };
        let table = Arc::clone(&state.table);
        let Some(live) = &mut state.live else {
            return Err(PolarsError::ComputeError("not a live table".into()));
        };
        live.ensure_index(&table);
        let names: Vec<PlSmallStr> = live.base.get_column_names().into_iter().cloned().collect();
        let rows = batch.rows.frame().select(names)?;
        // Within a batch only the last version of a key counts.
        let rows = rows.unique_stable(Some(&table.key), UniqueKeepStrategy::Last, None)?;
        let keys = hashes(&live.index.hasher, &table, &rows);
        let old = live.earlier_versions(&keys)?;
        let added = (rows.height() - old.height()) as u64;
        live.remember(&keys, &rows)?;
        state.rows += added;
        if EventLog::follows(&site, &table.id) {
            self.events.change(&site, &old, &rows, batch.arrived_secs);
        }
        let old = pass::measure(&site, &table, level, &old, &measures)?;
        let new = pass::measure(&site, &table, level, &rows, &measures)?;
        self.count(index, &measures, &old, -1);
        self.count(index, &measures, &new, 1);
        if let Some(state) = self.tables.get_mut(index) {
            state.newest_secs = state.newest_secs.max(Some(batch.arrived_secs));
            // Good news again: what a refused batch left standing is no longer all there is.
            state.held = state.held.filter(|held| *held != Held::Batch);
        }
        Ok(())
    }

    fn count(&mut self, index: usize, measures: &[(usize, &Measure)], rows: &Measured, sign: i8) {
        let site = Arc::clone(&self.site);
        let roll_up = match self.tables.get(index) {
            Some(table) if table.is_exact() => Arc::clone(&self.exact),
            _ => Arc::clone(&self.sum_up),
        };
        for ((position, measure), column) in measures.iter().zip(&rows.columns) {
            let Some((_, times)) = rows.times.iter().find(|(name, _)| *name == measure.time_column) else {
                continue;
            };
            let counts = match column {
                MeasuredColumn::Numbers(numbers) => numbers.null_count() < numbers.len(),
                MeasuredColumn::Values(values) => values.null_count() < values.len(),
            };
            // A measure that the batch does not touch stays shared with the snapshots that hold it.
            let Some(data) = self.measures.get_mut(*position).filter(|_| counts) else {
                continue;
            };
            let data = Arc::make_mut(data);
            for (row, area) in rows.areas.iter().enumerate().filter(|(_, area)| **area != u32::MAX) {
                match (column, &mut *data) {
                    (MeasuredColumn::Numbers(numbers), data) => {
                        let Some(value) = numbers.get(row) else { continue };
                        match data {
                            MeasureData::Now(present) => present.change(&roll_up, *area, value, sign),
                            MeasureData::Calendar(calendar) => {
                                if let Some(day) = times.day(row, &site) {
                                    let place = calendar.step().place(day);
                                    calendar.change(&roll_up, *area, place, value, sign);
                                }
                            }
                            MeasureData::Rows(rows, _) => {
                                rows.change(Row { secs: times.kept(row, &site), area: *area, value }, sign);
                            }
                        }
                    }
                    (MeasuredColumn::Values(values), MeasureData::Rows(rows, known)) => {
                        if let Some(value) = values.get(row) {
                            let value = place_of(known, value);
                            rows.change(Row { secs: times.kept(row, &site), area: *area, value }, sign);
                        }
                    }
                    (MeasuredColumn::Values(_), _) => {}
                }
            }
        }
        if let Some(state) = self.tables.get_mut(index)
            && let Some((_, own)) = rows.times.iter().find(|(name, _)| *name == state.table.time_column)
        {
            let step = state.presence.step();
            for row in 0..rows.areas.len() {
                if let Some(day) = own.day(row, &site) {
                    state.presence.change(&roll_up, 0, step.place(day), 0.0, sign);
                }
            }
        }
    }
}

impl LiveRows {
    /// The rows that a batch replaces, as they are counted now.
    fn earlier_versions(&self, keys: &[u64]) -> PolarsResult<DataFrame> {
        let (mut base, mut changed) = (Vec::new(), Vec::new());
        for key in keys {
            match self.index.rows.get(key) {
                Some(Place::Base(row)) => base.push(*row),
                Some(Place::Changed(row)) => changed.push(*row),
                None => {}
            }
        }
        let take = |frame: &DataFrame, rows: Vec<u32>| frame.take(&IdxCa::from_vec("row".into(), rows));
        take(&self.base, base)?.vstack(&take(&self.changed, changed)?)
    }

    fn remember(&mut self, keys: &[u64], rows: &DataFrame) -> PolarsResult<()> {
        let index = Arc::make_mut(&mut self.index);
        let first = self.changed.height();
        for (row, key) in keys.iter().enumerate() {
            let place = Place::Changed(u32::try_from(first + row).unwrap_or(u32::MAX));
            index.rows.insert(*key, place);
        }
        self.changed = self.changed.vstack(rows)?;
        // Many small pieces make every later look-up slower.
        if self.changed.first_col_n_chunks() > 64 {
            self.changed.rechunk_mut();
        }
        Ok(())
    }
}
