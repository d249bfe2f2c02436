//! One pass over rows: every measure's contribution per row, with the row's area and place in time. Owns the step
//! from columns to numbers; keeps nothing.

use std::collections::HashMap;

use polars::prelude::*;

use crate::indicators::compile;
use crate::indicators::cube::lane_of;
use crate::indicators::measure::{Contribution, Measure};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::datasets::{ColumnType, Rollup, Table};
use crate::snapshot::{Day, EpochSecs};

/// Measured rows.
pub(super) struct Measured {
    /// Area lane per row; `u32::MAX` where the code is unknown.
    pub(super) areas: Vec<u32>,
    /// Per measure.
    pub(super) columns: Vec<MeasuredColumn>,
    /// Places per time column.
    pub(super) times: Vec<(String, Times)>,
}

/// Contributions of one measure.
pub(super) enum MeasuredColumn {
    /// Numbers; empty where the row does not count.
    Numbers(Float64Chunked),
    /// Values of a set.
    Values(StringChunked),
}

/// When rows happened.
pub(super) enum Times {
    /// Civil days (also of months: their first day).
    Days(Vec<Option<Day>>),
    /// Instants.
    Instants(Vec<Option<EpochSecs>>),
}

impl Times {
    /// Civil day of a row.
    pub(super) fn day(&self, row: usize, site: &Site) -> Option<Day> {
        match self {
            Self::Days(days) => days.get(row).copied().flatten(),
            Self::Instants(instants) => {
                instants.get(row).copied().flatten().map(|secs| site.zone.day_of(secs))
            }
        }
    }

    /// Instant of a row: of a day, its first.
    pub(super) fn secs(&self, row: usize, site: &Site) -> Option<EpochSecs> {
        match self {
            Self::Days(days) => days.get(row).copied().flatten().map(|day| site.zone.start_of(day)),
            Self::Instants(instants) => instants.get(row).copied().flatten(),
        }
    }

    /// The same for a row that is kept: without an instant it lies in no span of time, only in the present state.
    pub(super) fn kept(&self, row: usize, site: &Site) -> EpochSecs {
        self.secs(row, site).unwrap_or(EpochSecs::MAX)
    }
}

/// Measures a frame for all measures of its table at once.
pub(super) fn measure(
    site: &Site,
    table: &Table,
    level: usize,
    frame: &DataFrame,
    measures: &[(usize, &Measure)],
) -> PolarsResult<Measured> {
    let exprs: Vec<_> = measures
        .iter()
        .enumerate()
        .map(|(i, (_, measure))| compile::contribution(measure, table).alias(format!("m{i}")))
        .collect();
    // Each expression is a filtered aggregate's input; polars shares the columns between them in one plan.
    let numbers =
        if exprs.is_empty() { DataFrame::empty() } else { frame.clone().lazy().select(exprs).collect()? };
    let mut columns = Vec::with_capacity(measures.len());
    for (i, (_, measure)) in measures.iter().enumerate() {
        let column = numbers.column(&format!("m{i}"))?;
        // A measure without columns (`count(*)`) is one number for all rows.
        let column = if column.len() == frame.height() {
            column.clone()
        } else {
            column.new_from_index(0, frame.height())
        };
        columns.push(match measure.contribution {
            Contribution::Distinct(_) => MeasuredColumn::Values(column.str()?.clone()),
            _ => MeasuredColumn::Numbers(column.cast(&DataType::Float64)?.f64()?.clone()),
        });
    }
    let mut times: Vec<(String, Times)> = Vec::new();
    for name in measures.iter().map(|(_, m)| &m.time_column).chain([&table.time_column]) {
        if times.iter().all(|(known, _)| known != name) {
            times.push((name.clone(), read_times(table, frame, name)?));
        }
    }
    Ok(Measured { areas: read_areas(site, table, level, frame)?, columns, times })
}

fn read_times(table: &Table, frame: &DataFrame, name: &str) -> PolarsResult<Times> {
    let column = frame.column(name)?;
    Ok(match table.column_type(name) {
        Some(ColumnType::Date | ColumnType::Month) => {
            Times::Days(column.cast(&DataType::Int32)?.i32()?.iter().collect())
        }
        _ => Times::Instants(column.cast(&DataType::Int64)?.i64()?.iter().collect()),
    })
}

fn read_areas(site: &Site, table: &Table, level: usize, frame: &DataFrame) -> PolarsResult<Vec<u32>> {
    let Some(area) = table.area_column() else {
        return Ok(vec![0; frame.height()]);
    };
    let codes = frame.column(&area.id)?.str()?;
    // An exact row below the figure level belongs to no area that is shown: it is never added to the one above it.
    let lane = |id: AreaId| {
        if table.rollup == Rollup::Exact { id.0 } else { lane_of(&site.areas, id, level) }
    };
    let mut lanes: HashMap<&str, u32> = HashMap::new();
    let mut last: Option<(&str, u32)> = None;
    Ok(codes
        .iter()
        .map(|code| {
            let Some(code) = code else { return u32::MAX };
            match last {
                // Files are sorted, so the same code often comes again.
                Some((known, lane)) if known == code => lane,
                _ => {
                    let lane =
                        *lanes.entry(code).or_insert_with(|| site.areas.find(code).map_or(u32::MAX, lane));
                    last = Some((code, lane));
                    lane
                }
            }
        })
        .collect())
}
