//! Reads a table as a whole where a rule asks about all of its rows: the floor of time. Owns the order of that: parts,
//! the last row of each key, then the rule.

use polars::prelude::{BooleanChunked, DataFrame, PlSmallStr};

use crate::privacy::groups;
use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Table};
use crate::snapshot::EpochSecs;

use super::admit::Part;
use super::column::Chunk;
use super::keys::{climbs, repeated};
use super::pieces::Taken;
use super::read;

/// The rows of all parts, of those that had arrived at an instant where one is asked for.
pub(super) fn whole(
    site: &Site,
    table: &Table,
    columns: &[&str],
    known_at: Option<EpochSecs>,
    parts: impl Iterator<Item = Part>,
) -> Taken {
    let mut out = Taken::default();
    let mut all: Option<DataFrame> = None;
    for part in parts {
        out.add_findings(part.problems, part.refused, part.held);
        let mut frame = part.frame.into_frame();
        if let Some(instant) = known_at {
            frame = arrived(frame, instant);
        }
        all = match all {
            None => Some(frame),
            Some(all) if frame.width() == 0 => Some(all),
            Some(all) if all.width() == 0 => Some(frame),
            Some(all) => stack(&all, &frame),
        };
    }
    let frame = all.filter(|f| f.width() > 0).unwrap_or_else(|| read::empty(table, columns));
    let (frame, gone) = latest_by_key(table, frame);
    let (frame, too_often) = groups::keep_time_floor(site, table, frame);
    out.repeated = gone;
    out.refused += too_often;
    out.problems.extend(groups::time_floor_problem(table, too_often));
    out.chunk = Chunk::from_frame(&frame, columns).unwrap_or_default();
    out
}

/// Two parts one below the other, with the columns of the first that both have.
fn stack(all: &DataFrame, more: &DataFrame) -> Option<DataFrame> {
    let names: Vec<PlSmallStr> =
        all.get_column_names().into_iter().filter(|n| more.column(n).is_ok()).cloned().collect();
    let top = all.select(names.clone()).ok()?;
    top.vstack(&more.select(names).ok()?).ok()
}

/// The rows that had arrived at an instant. A row without a time of arrival is not known to have been there.
fn arrived(frame: DataFrame, instant: EpochSecs) -> DataFrame {
    let known: BooleanChunked = match frame.column(ARRIVED_COLUMN).ok().and_then(|c| c.i64().ok()) {
        Some(secs) => secs.iter().map(|secs| Some(secs.is_some_and(|secs| secs <= instant))).collect(),
        None => (0..frame.height()).map(|_| Some(false)).collect(),
    };
    frame.filter(&known).unwrap_or_default()
}

/// Keeps the last row of each key: a later part corrects an earlier one. Also says how many rows gave way.
fn latest_by_key(table: &Table, frame: DataFrame) -> (DataFrame, u64) {
    let keys: Vec<&str> = table.key.iter().map(String::as_str).collect();
    let Ok(chunk) = Chunk::from_frame(&frame, &keys) else { return (frame, 0) };
    let gone = repeated(table, &chunk, climbs(table, &chunk), &mut None);
    if gone.is_empty() {
        return (frame, 0);
    }
    let mut keep = vec![true; frame.height()];
    for row in &gone {
        if let Some(flag) = keep.get_mut(*row as usize) {
            *flag = false;
        }
    }
    let keep: BooleanChunked = keep.into_iter().map(Some).collect();
    (frame.filter(&keep).unwrap_or_default(), gone.len() as u64)
}
