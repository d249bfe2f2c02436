//! The door for rows that do not come from a file of the site. It is the store's; owns which rows went through it, and
//! that a row which must not come in costs no other row. What is refused goes no further, also not into the journal.

use std::path::Path;

use polars::prelude::{Column as Series, *};

use crate::privacy::groups;
use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Table};
use crate::site::datum::Datum;
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::store::{self, Admitted, Part, quiet, read};

use super::Parcel;

/// At most this many problems are told per batch; the rest is counted.
const MAX_PROBLEMS: usize = 20;

/// What came through.
#[derive(Debug, Default)]
pub struct Passed {
    /// The rows, all declared columns, in declared order.
    pub rows: Admitted,
    /// Per row that was brought, whether it came through.
    pub kept: Vec<bool>,
    /// What was wrong, with the place of the row among those that were brought, from 1.
    pub problems: Vec<Problem>,
    /// Rows left out.
    pub refused: u64,
}

/// Checks rows of texts: values are turned into the declared types.
#[must_use]
pub fn texts(site: &Site, table: &Table, rows: DataFrame, origin: &Path) -> Passed {
    // Places of rows are kept in the one column that any table may carry.
    let numbers: Vec<String> = (0..rows.height()).map(|n| n.to_string()).collect();
    let mut columns: Vec<&str> = table.columns.iter().map(|c| c.id.as_str()).collect();
    columns.push(ARRIVED_COLUMN);
    let door = |rows: DataFrame| read::of_texts(site, table, rows, origin, &columns);
    passed(site, table, rows, Series::new(ARRIVED_COLUMN.into(), numbers), origin, &door)
}

/// Checks rows that have their types already; other types of numbers are cast where nothing is lost.
#[must_use]
pub fn typed(site: &Site, table: &Table, rows: DataFrame, origin: &Path) -> Passed {
    let numbers: Vec<i64> = (0i64..).take(rows.height()).collect();
    let door = |rows: DataFrame| store::admit(site, table, rows, origin);
    passed(site, table, rows, Series::new(ARRIVED_COLUMN.into(), numbers), origin, &door)
}

/// Rows that were kept pass the door of today, but their coordinates are inside already. What is left of a parcel, if
/// anything is, and how many of its rows are refused now.
#[must_use]
pub fn from_journal(site: &Site, parcel: Parcel<DataFrame>) -> (Option<Parcel>, u64) {
    let Parcel { table, rows, cursor, arrived_secs, received, .. } = parcel;
    let Some(declared) = site.table(&table).filter(|_| rows.height() > 0) else { return (None, 0) };
    let inside = Table { datum: Some(Datum::Wgs84), ..declared.clone() };
    let Passed { rows, refused, .. } = typed(site, &inside, rows, Path::new("journal"));
    let (ids, versions) = (Vec::new(), Vec::new());
    let parcel = Parcel { table, rows, ids, versions, cursor, arrived_secs, received };
    (Some(parcel).filter(|p| p.rows.height() > 0), refused)
}

fn passed(
    site: &Site,
    table: &Table,
    mut rows: DataFrame,
    numbers: Series,
    origin: &Path,
    door: &dyn Fn(DataFrame) -> Part,
) -> Passed {
    let height = rows.height();
    drop(rows.drop_in_place(ARRIVED_COLUMN));
    let mut out = Passed { kept: vec![false; height], ..Passed::default() };
    let mut all = None;
    match rows.with_column(numbers) {
        Ok(_) => by_halves(rows, 0, &mut all, &mut out.problems, door),
        Err(err) => {
            let message = Message::new("problem.unreadable").with("error", quiet(&err));
            out.problems.push(Problem::error(origin, message));
        }
    }
    let mut all = all.unwrap_or_default();
    if let Some(keep) = groups::within_time_floor(site, table, all.frame()) {
        let too_often = keep.iter().filter(|keep| !**keep).count();
        let message = Message::new("problem.live_time_floor").with("table", &table.id);
        out.problems.push(Problem::warning(origin, message.with("count", too_often)));
        all = all.kept(&keep);
    }
    let known = known_areas(site, table, all.frame());
    for (place, known) in places(all.frame()).into_iter().zip(&known) {
        match out.kept.get_mut(place) {
            Some(kept) if *known => *kept = true,
            _ if out.problems.len() < MAX_PROBLEMS => {
                let message = Message::new("problem.unknown_area").with("table", &table.id);
                let area = table.area_column().map(|c| c.id.clone());
                out.problems.push(Problem::warning(origin, message).at(Some(place + 1), area));
            }
            _ => {}
        }
    }
    out.rows = all.kept(&known).declared(table).unwrap_or_default();
    out.refused = out.kept.iter().filter(|k| !**k).count() as u64;
    out
}

/// Takes rows through the door; where it refuses them as a whole for what one of them holds, each half by itself, so
/// that only that row stays outside. Halves are taken in order, so rows stay in theirs.
fn by_halves(
    rows: DataFrame,
    first: usize,
    all: &mut Option<Admitted>,
    problems: &mut Vec<Problem>,
    door: &dyn Fn(DataFrame) -> Part,
) {
    let height = rows.height();
    let half = height / 2;
    let halves = (half > 0).then(|| (rows.slice(0, half), rows.slice(half as i64, height - half)));
    let part = door(rows);
    // What is wrong with the columns is told without a row, and no half would be better.
    let by_content = !part.broken.is_empty() && part.problems.iter().any(|p| p.row.is_some());
    if let Some((before, behind)) = halves.filter(|_| by_content) {
        by_halves(before, first, all, problems, door);
        by_halves(behind, first + half, all, problems, door);
        return;
    }
    let left = MAX_PROBLEMS.saturating_sub(problems.len());
    problems.extend(part.problems.into_iter().take(left).map(|mut problem| {
        problem.row = problem.row.map(|row| if by_content { first + 1 } else { row + first });
        problem
    }));
    match all {
        _ if !part.broken.is_empty() => {}
        Some(all) => {
            if !all.append(&part.frame) {
                log::error!("rows of one batch came through with different columns");
            }
        }
        None => *all = Some(part.frame),
    }
}

/// Places, among those brought, of the rows that came through.
fn places(rows: &DataFrame) -> Vec<usize> {
    let numbers = rows.column(ARRIVED_COLUMN).ok().and_then(|c| c.i64().ok().cloned()).unwrap_or_default();
    numbers.iter().map(|n| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)).collect()
}

/// Whether the area of each row is one of the site's.
fn known_areas(site: &Site, table: &Table, rows: &DataFrame) -> Vec<bool> {
    let Some(codes) = table.area_column().and_then(|c| rows.column(&c.id).ok()).and_then(|c| c.str().ok())
    else {
        return vec![true; rows.height()];
    };
    // An empty code is told by the check for empty values, where it is not allowed.
    codes.iter().map(|code| code.is_none_or(|code| site.areas.find(code).is_some())).collect()
}
