//! The closed list of service-population groups and the floors of area and time. Owns which groups may be counted at
//! all; no site can add one.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use polars::prelude::{BooleanChunked, Column as Series, DataFrame, DataType, Int32Chunked, StringChunked};
use serde::Deserialize;

use crate::site::Site;
use crate::site::civil::{add_months, date_of};
use crate::site::datasets::{Column, ColumnPeople, ColumnType, Table};
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::store::column::{Chunk, Column as ChunkColumn};

/// Name of a code list that is closed wherever it is used. Any other list is closed where a column says that its codes
/// are groups (`people = "groups"`).
pub const GROUP_LIST: &str = "service_group";

const CLOSED_LIST: &str = include_str!("../../assets/service_groups.toml");

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosedList {
    #[serde(rename = "group")]
    groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    code: String,
    #[serde(default)]
    deepest_level: Option<usize>,
    #[serde(default)]
    quarterly: bool,
}

fn groups() -> &'static [Group] {
    static LIST: OnceLock<ClosedList> = OnceLock::new();
    &LIST
        .get_or_init(|| {
            toml::from_str(CLOSED_LIST).unwrap_or_else(|err| {
                // An unreadable list allows nothing.
                log::error!("list of service groups: {err}");
                ClosedList::default()
            })
        })
        .groups
}

/// Finest area level of a sensitive group, counted from the top; none for other groups and other codes.
#[must_use]
pub fn deepest_level(code: &str) -> Option<usize> {
    groups().iter().find(|g| g.code == code)?.deepest_level
}

/// Codes of a site's closed lists that are not on the program's list.
pub fn unknown(site: &Site) -> impl Iterator<Item = &str> {
    let named = site
        .tables()
        .flat_map(|(_, table)| &table.columns)
        .filter(|c| c.people == Some(ColumnPeople::Groups));
    let lists: BTreeSet<&str> = named.filter_map(|c| c.codes.as_deref()).chain([GROUP_LIST]).collect();
    lists
        .into_iter()
        .flat_map(|list| site.codes(list))
        .map(String::as_str)
        .filter(|code| groups().iter().all(|g| g.code != *code))
}

/// All codes of the closed list.
pub fn known() -> impl Iterator<Item = &'static str> {
    groups().iter().map(|g| g.code.as_str())
}

/// Columns of a table in which a code of the closed list is a group: every coded text of a table about people whose list
/// has such a code. A value outside its list has cost its row before.
fn coded<'a>(site: &Site, table: &'a Table) -> Vec<&'a Column> {
    let closed =
        |c: &&Column| c.codes.as_deref() == Some(GROUP_LIST) || c.people == Some(ColumnPeople::Groups);
    let people = super::door::declared::is_people_table(site, table);
    let texts = table.columns.iter().filter(|c| c.kind == ColumnType::Text && c.codes.is_some());
    let has_group = |c: &&Column| {
        let codes = c.codes.as_deref().map_or(&[][..], |list| site.codes(list));
        codes.iter().any(|code| groups().iter().any(|g| g.code == *code))
    };
    texts.filter(|c| (people || closed(c)) && has_group(c)).collect()
}

fn texts(frame: &DataFrame, columns: &[&Column]) -> Vec<StringChunked> {
    columns.iter().filter_map(|c| frame.column(&c.id).ok()?.str().ok().cloned()).collect()
}

/// Which rows come in at an area finer than their table or their group allows; none where all are fine.
#[must_use]
pub fn below_floor(site: &Site, table: &Table, frame: &DataFrame) -> Option<(BooleanChunked, Message)> {
    let columns = coded(site, table);
    if table.suppress_below == 0 && columns.is_empty() {
        return None;
    }
    let areas = frame.column(&table.area_column()?.id).ok()?.str().ok()?.clone();
    let groups_of_rows = texts(frame, &columns);
    let table_floor = site.level_index(&table.finest_area).unwrap_or(0);
    let below: Vec<bool> = areas
        .iter()
        .enumerate()
        .map(|(row, code)| {
            let level = code.and_then(|code| site.areas.find(code)).map(|id| site.areas.get(id).level);
            let group_floor = groups_of_rows.iter().filter_map(|g| deepest_level(g.get(row)?)).min();
            level.is_some_and(|level| level > group_floor.map_or(table_floor, |floor| floor.min(table_floor)))
        })
        .collect();
    below.contains(&true).then(|| {
        let keep = below.iter().map(|b| Some(!*b)).collect();
        (keep, Message::new("problem.below_floor").with("table", &table.id))
    })
}

/// Whether any row comes in at an area finer than its table or its group allows: [`below_floor`] of a piece.
pub(crate) fn has_below_floor(site: &Site, table: &Table, chunk: &Chunk) -> bool {
    let columns = coded(site, table);
    if table.suppress_below == 0 && columns.is_empty() {
        return false;
    }
    let Some(areas) = table.area_column().and_then(|c| chunk.column(&c.id)) else { return false };
    let Some(codes) = areas.texts() else { return true };
    let level = |code: &str| site.areas.find(code).map(|id| site.areas.get(id).level);
    let levels: Vec<Option<usize>> = codes.values().map(level).collect();
    let table_floor = site.level_index(&table.finest_area).unwrap_or(0);
    // Per column of groups, the deepest level of each value.
    let groups: Vec<(&ChunkColumn, Vec<Option<usize>>)> = columns
        .iter()
        .filter_map(|c| chunk.column(&c.id))
        .filter_map(|c| Some((c, c.texts()?.values().map(deepest_level).collect())))
        .collect();
    let of_row = |column: &ChunkColumn, values: &[Option<usize>], row: usize| {
        let code = column.texts().filter(|_| column.has(row))?.codes.get(row)?;
        values.get(*code as usize).copied().flatten()
    };
    if groups.iter().all(|(_, deepest)| deepest.iter().all(Option::is_none))
        && levels.iter().flatten().all(|level| *level <= table_floor)
    {
        return false;
    }
    (0..chunk.rows).any(|row| {
        let group_floor = groups.iter().filter_map(|(column, deepest)| of_row(column, deepest, row)).min();
        let floor = group_floor.map_or(table_floor, |floor| floor.min(table_floor));
        of_row(areas, &levels, row).is_some_and(|level| level > floor)
    })
}

/// Whether rows of a table can be below the floor of time, which is asked of a table as a whole.
pub(crate) fn has_time_floor(site: &Site, table: &Table) -> bool {
    let quarterly = |code: &String| groups().iter().any(|g| g.quarterly && g.code == *code);
    let lists = coded(site, table).into_iter().filter_map(|c| c.codes.as_deref());
    lists.into_iter().any(|list| site.codes(list).iter().any(quarterly))
}

/// A whole table without the rows that are below the floor of time, and how many those were.
#[must_use]
pub fn keep_time_floor(site: &Site, table: &Table, frame: DataFrame) -> (DataFrame, u64) {
    match below_time_floor(site, table, &frame).and_then(|keep| frame.filter(&keep).ok()) {
        Some(kept) => {
            let refused = (frame.height() - kept.height()) as u64;
            (kept, refused)
        }
        None => (frame, 0),
    }
}

/// What is told of rows below the floor of time, if there were any.
#[must_use]
pub fn time_floor_problem(table: &Table, rows: u64) -> Option<Problem> {
    let message = Message::new("problem.below_time_floor").with("table", &table.id).with("count", rows);
    (rows > 0).then(|| Problem::warning(format!("data/{}", table.id), message))
}

/// Which rows of a live batch keep the floor of time; none where all do. A batch knows no other rows of its quarter, so a
/// quarterly group is counted by the month that ends a quarter and by no other, and by no instant.
#[must_use]
pub fn within_time_floor(site: &Site, table: &Table, frame: &DataFrame) -> Option<Vec<bool>> {
    let codes = texts(frame, &coded(site, table));
    let quarterly = |code: &str| groups().iter().any(|g| g.quarterly && g.code == code);
    let is_sensitive = |row: usize| codes.iter().any(|c| c.get(row).is_some_and(quarterly));
    let months = months(table, frame);
    let ends_quarter = |row: usize| {
        let month = months.as_ref().and_then(|months| months.get(row));
        month.is_some_and(|month| date_of(month).month() % 3 == 0)
    };
    let keep: Vec<bool> = (0..frame.height()).map(|row| !is_sensitive(row) || ends_quarter(row)).collect();
    keep.contains(&false).then_some(keep)
}

/// Days or months of the rows of a stamped table.
fn months(table: &Table, frame: &DataFrame) -> Option<Int32Chunked> {
    let time = Some(&table.time_column).filter(|time| table.is_stamped(time))?;
    frame.column(time).ok()?.cast(&DataType::Int32).ok()?.i32().ok().cloned()
}

/// Which rows of a whole table tell of a quarterly group more often than once a quarter: a count that differs from the
/// one of its quarter. A quarter's count is that of the month that ends it, repeated in the two months after; where
/// that month is not there, the first one told. None where all are fine.
fn below_time_floor(site: &Site, table: &Table, frame: &DataFrame) -> Option<BooleanChunked> {
    let columns = coded(site, table);
    let quarterly = |code: &str| groups().iter().any(|g| g.quarterly && g.code == code);
    let rows: Vec<usize> = {
        let codes = texts(frame, &columns);
        let sensitive = |row: &usize| codes.iter().any(|c| c.get(*row).is_some_and(quarterly));
        if codes.is_empty() { Vec::new() } else { (0..frame.height()).filter(sensitive).collect() }
    };
    if rows.is_empty() {
        return None;
    }
    let mut keep = vec![true; frame.height()];
    let Some(months) = months(table, frame) else {
        // Instants would tell of every single case.
        rows.iter().filter_map(|row| keep.get_mut(*row).map(|k| *k = false)).for_each(drop);
        return refused(&keep);
    };
    let is_key = |name: &str| table.key.iter().any(|k| k == name);
    let counted: Vec<&Series> = table
        .columns
        .iter()
        .filter(|c| !is_key(&c.id) && c.id != table.time_column)
        .filter_map(|c| frame.column(&c.id).ok())
        .collect();
    let keys: Vec<&Series> =
        table.key.iter().filter(|k| **k != table.time_column).filter_map(|k| frame.column(k).ok()).collect();
    let print = |columns: &[&Series], row: usize| -> Vec<String> {
        columns.iter().map(|c| c.get(row).map(|v| v.to_string()).unwrap_or_default()).collect()
    };
    let mut dated: Vec<(i32, usize)> =
        rows.iter().filter_map(|row| Some((months.get(*row)?, *row))).collect();
    dated.sort_unstable();
    let mut told: HashMap<(i32, Vec<String>), Vec<String>> = HashMap::new();
    for (month, row) in dated {
        let period = (quarter_of(month), print(&keys, row));
        let counts = print(&counted, row);
        if *told.entry(period).or_insert_with(|| counts.clone()) != counts
            && let Some(flag) = keep.get_mut(row)
        {
            *flag = false;
        }
    }
    refused(&keep)
}

fn refused(keep: &[bool]) -> Option<BooleanChunked> {
    keep.contains(&false).then(|| keep.iter().map(|k| Some(*k)).collect())
}

/// First day of the month that ended the newest quarter not after a day's month: March, June, September, December.
fn quarter_of(day: i32) -> i32 {
    let date = date_of(day);
    let first = day - i32::from(date.day()) + 1;
    add_months(first, -i32::from(date.month() % 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_groups_two_of_them_sensitive() {
        assert_eq!(groups().len(), 9);
        let sensitive: Vec<&str> =
            groups().iter().filter(|g| g.deepest_level == Some(1)).map(|g| g.code.as_str()).collect();
        assert_eq!(sensitive, ["mental_health", "resettlement"]);
    }
}
