//! Asks whether a piece of a table is clean. Owns the quick question only: where the answer is no, the general reader
//! reads the piece again and tells what is wrong. It asks all that the door refuses, or answers no.

use std::borrow::Cow;

use crate::privacy::{door, groups};
use crate::site::Site;
use crate::site::datasets::{Column as Declared, ColumnType, Table};

use super::admit::{bounds_of, wrong_text};
use super::column::{Chunk, Column, Data, Texts};
use super::content::{Asked, SHORTEST, coordinate, is_free, may_be_number, may_be_places};
use super::coordinates;
use super::pages::How;

/// What is known of a piece after the quick questions; the last has the most to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// Nothing is wrong with any row, and no value has to be converted.
    Clean,
    /// The general reader has to look at the rows of the piece.
    Unclean,
    /// What is to be found out concerns the whole file.
    OfWholeFile,
}

/// Asks a piece with all columns that the door looks at; of those that come without rows ([`how`]) the values
/// have been asked by [`look_at`] when they were read.
pub(super) fn look(site: &Site, table: &Table, chunk: &Chunk) -> Found {
    if may_be_places(site, table) && has_places(site, table, chunk) {
        return Found::OfWholeFile;
    }
    let columns = table.columns.iter().filter_map(|declared| Some((declared, chunk.column(&declared.id)?)));
    let found = columns.map(|(declared, column)| look_at(site, table, declared, column, None)).max();
    let found = found.unwrap_or(Found::Clean);
    if found == Found::Clean
        && (is_shifted(site, table, chunk)
            || has_event_point(site, table, chunk)
            || groups::has_below_floor(site, table, chunk))
    {
        return Found::Unclean;
    }
    found
}

/// Asks the values of a column by themselves. Texts are looked at once per value of the column's list. A dense column
/// has no values but those that are there; `dense` says how many of its texts are known to be plain codes and left out.
pub(super) fn look_at(
    site: &Site,
    table: &Table,
    declared: &Declared,
    column: &Column,
    dense: Option<usize>,
) -> Found {
    let is_empty = || column.valid.as_ref().is_some_and(|valid| valid.contains(&0));
    let is_wrong = match &column.data {
        Data::Text(texts) => match look_at_texts(site, table, declared, texts, dense.unwrap_or(0)) {
            Found::OfWholeFile => return Found::OfWholeFile,
            found => found == Found::Unclean,
        },
        Data::Int(values) => {
            let (low, high) = bounds_of(declared.kind);
            let is_there = |row: usize| dense.is_some() || column.has(row);
            let outside = |(row, n): (usize, &i64)| (*n < low || *n > high) && is_there(row);
            match column.bounds {
                Some((least, most)) => least < low || most > high,
                None => {
                    low != i64::MIN
                        && reaches_over(values, low, high)
                        && values.iter().enumerate().any(outside)
                }
            }
        }
        Data::Float(_) => false,
    };
    if is_wrong || !declared.nullable && is_empty() || may_be_number(declared) && has_number(column) {
        return Found::Unclean;
    }
    Found::Clean
}

/// How the quick questions want a column that is not counted. Of texts that are no codes of a list, those that are told by
/// their bytes to be plain codes are no question; but see [`may_be_placed`].
pub(super) fn how(site: &Site, table: &Table, column: &str) -> How {
    let is_listed =
        |c: &Declared| c.kind == ColumnType::Area || c.codes.is_some() && c.kind == ColumnType::Text;
    match table.column(column) {
        Some(declared) if is_free(declared) => How::Sifted(longest(declared)),
        Some(declared) if !may_be_places(site, table) && !is_listed(declared) => How::Values,
        _ => How::Rows,
    }
}

/// Whether a file says of a column of days or instants that is only looked at that the quick questions find nothing: the
/// least and the greatest value, and how many are missing. A file that lies about these would be caught by nobody but a
/// reader of that column, and this is none.
pub(super) fn says_fine(declared: &Declared, bounds: (i64, i64), missing: i64) -> bool {
    let (low, high) = bounds_of(declared.kind);
    low != i64::MIN && low <= bounds.0 && bounds.1 <= high && (declared.nullable || missing == 0)
}

/// Whether a text that is left of a sifted column may be a coordinate: then it has to be known in which rows these stand. A
/// plain code has no point.
pub(super) fn may_be_placed(site: &Site, table: &Table, column: &Column) -> bool {
    column.texts().is_some_and(|texts| texts.bytes.contains(&b'.')) && may_be_places(site, table)
}

fn longest(column: &Declared) -> usize {
    column.max_len.unwrap_or(usize::MAX)
}

/// Asks the values of a column's list. The whole file has to be looked at where so many texts of a free column look like
/// names that they can be most of the file's.
fn look_at_texts(site: &Site, table: &Table, declared: &Declared, texts: &Texts, passed: usize) -> Found {
    let asked = Asked::new(site, table, declared);
    let is_free = is_free(declared);
    let longest = longest(declared);
    let is_wrong =
        |text: &str| declared.kind == ColumnType::Text && wrong_text(site, declared, text).is_some();
    let (mut names, mut is_fine) = (0, true);
    let mut codes = door::PlainCodes::default();
    for value in texts.all_bytes() {
        // Nearly every text of a free column is told by its bytes to be a code, which is neither a name nor a place.
        if is_free && value.len() <= longest && codes.is_plain(value) {
            continue;
        }
        let text = std::str::from_utf8(value).unwrap_or_default();
        names += usize::from(is_free && door::reads_as_name(text));
        is_fine = is_fine && asked.is_fine(text) && !is_wrong(text);
    }
    match (names * 4 > texts.spans.len() + passed, is_fine) {
        (true, _) => Found::OfWholeFile,
        (false, false) => Found::Unclean,
        (false, true) => Found::Clean,
    }
}

/// Whether any value, also of a row that has none, lies outside. Without an early end, so that many are asked at once.
#[expect(clippy::needless_bitwise_bool, reason = "a loop without a branch asks several values at once")]
fn reaches_over(values: &[i64], low: i64, high: i64) -> bool {
    values.iter().fold(false, |any, n| any | (*n < low) | (*n > high))
}

/// Whether a column of numbers has one that can be a person's.
fn has_number(column: &Column) -> bool {
    let is_persons = |n: i64| n >= SHORTEST && door::number_rule(n).is_some();
    match &column.data {
        Data::Int(values) => {
            reaches_over(values, i64::MIN, SHORTEST - 1) && values.iter().any(|n| is_persons(*n))
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is larger than any number of a person stays so"
        )]
        Data::Float(values) => values.iter().any(|n| is_persons(*n as i64)),
        Data::Text(_) => true,
    }
}

/// Whether coordinates of the rows have to be converted.
fn is_shifted(site: &Site, table: &Table, chunk: &Chunk) -> bool {
    coordinates::datum(site, table).is_shifted()
        && coordinates::columns(site, table)
            .is_some_and(|(lon, lat)| chunk.column(lon).is_some() && chunk.column(lat).is_some())
}

/// Whether an event that is not about an object carries a point.
fn has_event_point(site: &Site, table: &Table, chunk: &Chunk) -> bool {
    let Some(events) = site.meta.events.as_ref().filter(|events| events.table == table.id) else {
        return false;
    };
    let column = |name: &str| chunk.column(name);
    let (Some(kinds), Some(lon), Some(lat)) =
        (column(&events.kind), column(&events.longitude), column(&events.latitude))
    else {
        return true;
    };
    let Some(texts) = kinds.texts() else { return true };
    let objects: Vec<bool> =
        texts.values().map(|kind| events.object_kinds.iter().any(|object| object == kind)).collect();
    let is_object = |row: usize| {
        let code = texts.codes.get(row).filter(|_| kinds.has(row));
        code.is_some_and(|code| objects.get(*code as usize) == Some(&true))
    };
    (0..chunk.rows).any(|row| (lon.has(row) || lat.has(row)) && !is_object(row))
}

/// Whether two columns of numbers place any row exactly.
fn has_places(site: &Site, table: &Table, chunk: &Chunk) -> bool {
    let Some((_, root)) = site.areas.iter().next() else { return false };
    let of_texts = |column: &Column| {
        let texts = column.texts()?;
        // A number with decimals has a point.
        if !texts.bytes.contains(&b'.') {
            return None;
        }
        let values: Vec<Option<f64>> = texts.values().map(coordinate).collect();
        let of_row = |row: usize| {
            let code = texts.codes.get(row).filter(|_| column.has(row))?;
            values.get(*code as usize).copied().flatten()
        };
        let data = (0..chunk.rows).map(|row| of_row(row).unwrap_or(f64::NAN));
        let is_any = values.iter().any(Option::is_some);
        is_any.then(|| Column { data: Data::Float(data.collect()), valid: None, bounds: None })
    };
    let numbers: Vec<Cow<'_, Column>> = table
        .columns
        .iter()
        .filter_map(|c| match chunk.column(&c.id)? {
            column if c.kind == ColumnType::Float => Some(Cow::Borrowed(column)),
            column if is_free(c) => of_texts(column).map(Cow::Owned),
            _ => None,
        })
        .collect();
    numbers.iter().enumerate().any(|(at, first)| {
        numbers.iter().skip(at + 1).any(|second| {
            let pair = |row: usize| first.float(row).zip(second.float(row));
            (0..chunk.rows).filter_map(pair).any(|(a, b)| door::coordinate_pair(&root.bounds, a, b))
        })
    })
}
