//! The door for rows that do not come from a file of the site: the same checks as for files, row by row. Owns which
//! rows went through; what is refused goes no further, also not into the journal.

use std::path::Path;

use polars::prelude::*;

use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Column, ColumnType, Table};
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::store::read;

/// What came through.
#[derive(Debug, Default)]
pub struct Admitted {
    /// The rows, all declared columns, in declared order.
    pub rows: DataFrame,
    /// Per row that was brought, whether it came through.
    pub kept: Vec<bool>,
    /// What was wrong, with the place of the row among those that were brought, from 1.
    pub problems: Vec<Problem>,
    /// Rows left out.
    pub refused: u64,
}

/// Checks rows of texts: values are turned into the declared types.
#[must_use]
pub fn texts(site: &Site, table: &Table, rows: DataFrame, origin: &Path) -> Admitted {
    let height = rows.height();
    checked(site, table, rows, origin, |rows, columns| {
        // Places of rows are kept in the one column that any table may carry.
        let numbers: Vec<String> = (0..height).map(|n| n.to_string()).collect();
        let rows = with(rows, polars::prelude::Column::new(ARRIVED_COLUMN.into(), numbers))?;
        read::texts(site, table, rows, origin, columns)
    })
}

/// Checks rows that have their types already; other types of numbers are cast where nothing is lost.
#[must_use]
pub fn typed(site: &Site, table: &Table, rows: DataFrame, origin: &Path) -> Admitted {
    let height = rows.height() as i64;
    checked(site, table, rows, origin, |rows, columns| {
        let numbers: Vec<i64> = (0..height).collect();
        let rows = with(rows, polars::prelude::Column::new(ARRIVED_COLUMN.into(), numbers))?;
        let present: Vec<String> = rows.get_column_names().iter().map(ToString::to_string).collect();
        read::check_names(table, &present)?;
        let mut out = Vec::with_capacity(columns.len());
        for name in columns {
            let column = rows.column(name).map_err(|e| broken(&e))?;
            let kind = read::stored(table.column_type(name).unwrap_or(ColumnType::Text));
            let cast = if column.dtype() == &kind { Ok(column.clone()) } else { column.strict_cast(&kind) };
            out.push(cast.map_err(|_| {
                let message = Message::new("problem.column_type").with("column", name);
                message.with("table", &table.id).with("type", column.dtype())
            })?);
        }
        let rows = DataFrame::new(rows.height(), out).map_err(|e| broken(&e))?;
        Ok(read::keep_good_rows(site, table, rows, origin))
    })
}

fn broken(err: &PolarsError) -> Message {
    Message::new("problem.unreadable").with("error", err.to_string().lines().next().unwrap_or_default())
}

fn with(mut rows: DataFrame, column: polars::prelude::Column) -> Result<DataFrame, Message> {
    drop(rows.drop_in_place(ARRIVED_COLUMN));
    rows.with_column(column).map_err(|e| broken(&e))?;
    Ok(rows)
}

fn checked(
    site: &Site,
    table: &Table,
    rows: DataFrame,
    origin: &Path,
    check: impl FnOnce(DataFrame, &[&str]) -> Result<read::Part, Message>,
) -> Admitted {
    let height = rows.height();
    let mut columns: Vec<&str> = table.columns.iter().map(|c| c.id.as_str()).collect();
    columns.push(ARRIVED_COLUMN);
    let part = match check(rows, &columns) {
        Ok(part) => read::keep_floors(site, table, part, origin),
        Err(message) => {
            let problems = vec![Problem::error(origin, message)];
            return Admitted {
                kept: vec![false; height],
                refused: height as u64,
                problems,
                ..Admitted::default()
            };
        }
    };
    let mut problems = part.problems;
    let mut kept = vec![false; height];
    let places: Vec<usize> = part
        .frame
        .column(ARRIVED_COLUMN)
        .ok()
        .and_then(|c| c.i64().ok().cloned())
        .map(|c| c.iter().map(|n| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)).collect())
        .unwrap_or_default();
    let known: Vec<bool> = known_areas(site, table, &part.frame);
    for (place, known) in places.iter().zip(&known) {
        match kept.get_mut(*place) {
            Some(kept) if *known => *kept = true,
            _ if problems.len() < 20 => {
                let message = Message::new("problem.unknown_area").with("table", &table.id);
                let area = table.area_column().map(|c: &Column| c.id.clone());
                problems.push(Problem::warning(origin, message).at(Some(place + 1), area));
            }
            _ => {}
        }
    }
    let mask: BooleanChunked = known.iter().map(|k| Some(*k)).collect();
    let names = table.columns.iter().map(|c| c.id.as_str());
    let rows = part.frame.filter(&mask).and_then(|f| f.select(names)).unwrap_or_default();
    let refused = kept.iter().filter(|k| !**k).count() as u64;
    Admitted { rows, kept, problems, refused }
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
