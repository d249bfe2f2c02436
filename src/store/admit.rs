//! The door for rows: every table, from a file or a live source, passes [`admit`] before anything else sees it. Owns
//! what refuses a part and what costs a row; nothing outside the store can make an [`Admitted`].

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use polars::prelude::{Column as Series, *};

use crate::privacy::door;
use crate::privacy::groups;
use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Column, ColumnType, Table};
use crate::site::problem::{Problem, nearest};
use crate::site::text::Message;
use crate::snapshot::Held;

use super::content::{Hit, content, places};
use super::coordinates;

/// Rows that passed the door.
#[derive(Clone, Default)]
pub struct Admitted(DataFrame);

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rows are nobody's business in a log.
        write!(f, "Admitted({} rows)", self.0.height())
    }
}

impl Admitted {
    /// The rows.
    #[must_use]
    pub const fn frame(&self) -> &DataFrame {
        &self.0
    }

    /// How many rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.0.height()
    }

    /// The rows, to be measured.
    #[must_use]
    pub fn into_frame(self) -> DataFrame {
        self.0
    }

    /// Some of the rows, in their order.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self(self.0.slice(i64::try_from(offset).unwrap_or(i64::MAX), length))
    }

    /// The rows of which `keep` is true, in their order.
    #[must_use]
    pub fn kept(&self, keep: &[bool]) -> Self {
        let mask: BooleanChunked = keep.iter().map(|k| Some(*k)).collect();
        Self(self.0.filter(&mask).unwrap_or_else(|_| self.0.clear()))
    }

    /// Whole declared rows, without whatever else came beside them.
    #[must_use]
    pub(crate) fn declared(&self, table: &Table) -> Option<Self> {
        self.0.select(table.columns.iter().map(|c| c.id.as_str())).ok().map(Self)
    }

    /// Adds rows of the same columns; false where they are other ones.
    pub(crate) fn append(&mut self, more: &Self) -> bool {
        self.0.get_column_names() == more.0.get_column_names() && self.0.vstack_mut(&more.0).is_ok()
    }

    /// The rows with the instant at which they arrived.
    pub(crate) fn arriving(mut self, secs: i64) -> Self {
        let arrived = Series::new_scalar(ARRIVED_COLUMN.into(), Scalar::from(secs), self.0.height());
        if let Err(err) = self.0.with_column(arrived) {
            log::error!("no column of arrival: {}", quiet(&err));
        }
        self
    }

    /// The same rows by a column, equal ones in their order; none where there is no such column.
    #[must_use]
    pub fn sorted_by(&self, column: &str) -> Option<Self> {
        self.0.sort([column], SortMultipleOptions::default().with_maintain_order(true)).ok().map(Self)
    }
}

/// What came of one part.
#[derive(Default)]
pub struct Part {
    /// Rows that may be used, with the columns asked for.
    pub frame: Admitted,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Rows left out.
    pub refused: u64,
    /// The rules by which the part as a whole was refused; empty where it was not.
    pub broken: Vec<&'static str>,
    /// What stands in for a part that was refused.
    pub held: Option<Held>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("frame", &self.frame)
            .field("problems", &self.problems.len())
            .finish_non_exhaustive()
    }
}

impl Part {
    /// A part that cannot be used at all.
    pub(super) fn broken(shown: &Path, rule: &'static str, message: Message) -> Self {
        Self { problems: vec![Problem::error(shown, message)], broken: vec![rule], ..Self::default() }
    }
}

/// At most this many problems are told per file; the rest is counted.
pub(super) const MAX_PROBLEMS: usize = 20;

/// Years that a date of a governance table can have; anything else is a slip of the pen.
pub(super) const FIRST_DAY: i32 = 0;
pub(super) const LAST_DAY: i32 = 47_482;
const DAY_SECS: i64 = 86_400;

/// Takes in rows of a table from anywhere: declared columns, all of them, in any order. `origin` is the name that
/// findings are told by, such as `live/event`.
#[must_use]
pub fn admit(site: &Site, table: &Table, rows: DataFrame, origin: &Path) -> Part {
    let present: Vec<String> = rows.get_column_names().iter().map(ToString::to_string).collect();
    if let Err((rule, message)) = check_names(site, table, &present) {
        return Part::broken(origin, rule, message);
    }
    let columns: Vec<&str> = present.iter().map(String::as_str).collect();
    typed(site, table, rows, origin, &columns)
}

/// The door for columns of their own types; the names have been checked. Only `columns` stay.
pub(super) fn typed(site: &Site, table: &Table, rows: DataFrame, shown: &Path, columns: &[&str]) -> Part {
    let mut out = Vec::with_capacity(rows.width());
    for series in rows.columns() {
        let kind = table.column_type(series.name()).unwrap_or(ColumnType::Text);
        let cast = if series.dtype() == &stored(kind) {
            Ok(series.clone())
        } else {
            series.strict_cast(&stored(kind))
        };
        if let Ok(cast) = cast {
            out.push(cast);
        } else {
            let message = Message::new("problem.column_type")
                .with("column", series.name())
                .with("table", &table.id)
                .with("type", series.dtype());
            return Part::broken(shown, "schema", message);
        }
    }
    let rows = match DataFrame::new(rows.height(), out) {
        Ok(rows) => rows,
        Err(err) => return Part::broken(shown, "unreadable", unreadable(&err)),
    };
    let found = content(site, table, &rows);
    if !found.hits.is_empty() {
        return quarantined(shown, &rows, found.hits);
    }
    let part = keep_good_rows(site, table, rows, shown, &found.coded);
    let part = finish(site, table, part, shown);
    select(part, columns, shown)
}

/// The door for a file of texts, before any is turned into a value.
pub(super) fn texts(site: &Site, table: &Table, rows: &DataFrame, shown: &Path) -> Option<Part> {
    let hits = content(site, table, rows).hits;
    (!hits.is_empty()).then(|| quarantined(shown, rows, hits))
}

/// What holds for rows of any origin once each value is one of its type: points, floors, and one datum inside.
pub(super) fn finish(site: &Site, table: &Table, part: Part, shown: &Path) -> Part {
    if part.frame.0.height() == 0 {
        return part;
    }
    let places = places(site, table, &part.frame.0);
    if !places.is_empty() {
        return quarantined(shown, &part.frame.0, places);
    }
    let mut part = part;
    for rule in [event_points, groups::below_floor] {
        if let Some((keep, message)) = rule(site, table, &part.frame.0)
            && let Ok(frame) = part.frame.0.filter(&keep)
        {
            let refused = part.frame.0.height() - frame.height();
            // Once rows were left out, places in the frame are no longer rows of the file.
            let first = keep.iter().position(|k| k == Some(false)).filter(|_| part.refused == 0);
            let first = first.map(|row| row + 1 + header_rows(shown));
            part.problems.push(Problem::warning(shown, message.with("count", refused)).at(first, None));
            part.refused += refused as u64;
            part.frame = Admitted(frame);
        }
    }
    // After the rules, which speak of the columns as they came.
    part.frame = Admitted(coordinates::to_inside(site, table, part.frame.0));
    part
}

/// Keeps the columns asked for, in that order.
pub(super) fn select(mut part: Part, columns: &[&str], shown: &Path) -> Part {
    if !part.broken.is_empty() {
        return part;
    }
    let present: Vec<String> = part.frame.0.get_column_names().iter().map(ToString::to_string).collect();
    match part.frame.0.select(wanted(&present, columns)) {
        Ok(frame) => {
            part.frame = Admitted(frame);
            part
        }
        Err(err) => Part::broken(shown, "unreadable", unreadable(&err)),
    }
}

/// Rows that were read as texts, turned into values, and passed the door as texts.
pub(super) const fn of_texts(rows: DataFrame) -> Admitted {
    Admitted(rows)
}

/// Refuses a part as a whole. Of its rows only the places are told.
fn quarantined(shown: &Path, rows: &DataFrame, mut hits: Vec<Hit<'_>>) -> Part {
    hits.sort_by(|a, b| (a.row, a.column, a.rule).cmp(&(b.row, b.column, b.rule)));
    let mut broken: Vec<&'static str> = hits.iter().map(|hit| hit.rule.id()).collect();
    broken.sort_unstable();
    broken.dedup();
    let tell = |hit: &Hit<'_>| {
        let problem = Problem::error(shown, hit.rule.message().with("column", hit.column));
        problem.at(Some(hit.row + 1 + header_rows(shown)), Some(hit.column.to_owned()))
    };
    Part {
        problems: hits.iter().take(MAX_PROBLEMS).map(tell).collect(),
        refused: rows.height() as u64,
        broken,
        ..Part::default()
    }
}

/// Events that are not about objects and carry a point.
fn event_points(site: &Site, table: &Table, rows: &DataFrame) -> Option<(BooleanChunked, Message)> {
    let events = site.meta.events.as_ref().filter(|events| events.table == table.id)?;
    let kinds = rows.column(&events.kind).ok()?.str().ok()?;
    let none = |name: &str| rows.column(name).ok().map(Series::is_null);
    let (no_lon, no_lat) = (none(&events.longitude)?, none(&events.latitude)?);
    let keep: BooleanChunked = kinds
        .iter()
        .zip(no_lon.iter().zip(no_lat.iter()))
        .map(|(kind, without)| {
            let object = kind.is_some_and(|kind| events.object_kinds.iter().any(|k| k == kind));
            Some(object || without == (Some(true), Some(true)))
        })
        .collect();
    let refused = keep.iter().any(|k| k == Some(false));
    refused.then(|| (keep, Message::new("problem.event_point").with("table", &table.id)))
}

/// Checks names: what is not declared is refused, not ignored; what is declared must be there.
pub(super) fn check_names(
    site: &Site,
    table: &Table,
    present: &[String],
) -> Result<(), (&'static str, Message)> {
    let declared = present.iter().filter(|name| table.column_type(name).is_some()).count();
    if declared * 2 < table.columns.len() {
        // The first line is no heading, then: what stands in it is content.
        return Err(("schema", Message::new("problem.no_heading").with("table", &table.id)));
    }
    for (at, name) in present.iter().enumerate() {
        let forbidden = door::forbidden_column(site, name, table);
        if table.column_type(name).is_none() || forbidden {
            let is_content = name.chars().count() > 40 || !door::broken_rules(name, &|_| false).is_empty();
            let shown = if is_content { format!("#{}", at + 1) } else { name.clone() };
            let names = table.columns.iter().map(|c| c.id.as_str());
            let key = if forbidden { "problem.forbidden_column" } else { "problem.undeclared_column" };
            let rule = if forbidden { "forbidden_column" } else { "undeclared_column" };
            return Err((
                rule,
                Message::new(key)
                    .with("column", shown)
                    .with("table", &table.id)
                    .with("nearest", nearest(name, names).unwrap_or("—")),
            ));
        }
    }
    for column in &table.columns {
        if !present.contains(&column.id) {
            return Err((
                "schema",
                Message::new("problem.missing_column").with("column", &column.id).with("table", &table.id),
            ));
        }
    }
    Ok(())
}

/// The columns asked for that are there.
pub(super) fn wanted<'a>(present: &[String], columns: &[&'a str]) -> Vec<&'a str> {
    columns.iter().copied().filter(|c| *c != ARRIVED_COLUMN || present.iter().any(|p| p == c)).collect()
}

/// How a type is stored.
pub(super) const fn stored(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text | ColumnType::Area => DataType::String,
        ColumnType::Int | ColumnType::Time => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Date | ColumnType::Month => DataType::Date,
    }
}

/// Row 1 is the header of a CSV; a line of NDJSON and a row of Parquet is its own row.
pub(super) fn header_rows(shown: &Path) -> usize {
    usize::from(shown.extension().is_some_and(|e| e == "csv"))
}

/// An error of a reader, without what it says: its text may repeat what it read.
pub(super) fn unreadable(err: &PolarsError) -> Message {
    Message::new("problem.unreadable").with("error", quiet(err))
}

/// What kind of error a reader or an expression met. Never its text, which may repeat a value.
#[must_use]
pub fn quiet(err: &PolarsError) -> String {
    match err {
        PolarsError::IO { error, .. } => error.kind().to_string(),
        PolarsError::ColumnNotFound(_) => "column not found".to_owned(),
        PolarsError::SchemaMismatch(_) | PolarsError::SchemaFieldNotFound(_) => "schema".to_owned(),
        PolarsError::ShapeMismatch(_) => "shape".to_owned(),
        PolarsError::InvalidOperation(_) => "operation".to_owned(),
        PolarsError::NoData(_) => "empty".to_owned(),
        _ => "format".to_owned(),
    }
}

/// Leaves out and tells rows with an empty required value, an unknown code or an impossible date.
fn keep_good_rows(site: &Site, table: &Table, frame: DataFrame, shown: &Path, coded: &HashSet<&str>) -> Part {
    let mut part = Part::default();
    let mut bad: Vec<(usize, &Column, Message)> = Vec::new();
    for column in &table.columns {
        let Ok(series) = frame.column(&column.id) else {
            continue;
        };
        if !column.nullable && series.null_count() > 0 {
            let empty = series.is_null();
            bad.extend(set_rows(&empty).map(|row| (row, column, Message::new("problem.empty_value"))));
        }
        match column.kind {
            ColumnType::Text if coded.contains(column.id.as_str()) => {}
            ColumnType::Text => bad.extend(bad_texts(site, column, series)),
            ColumnType::Date | ColumnType::Month | ColumnType::Time => {
                let (low, high) = bounds_of(column.kind);
                bad.extend(
                    numbers_outside(series, low, high)
                        .map(|row| (row, column, Message::new("problem.bad_date"))),
                );
            }
            ColumnType::Area | ColumnType::Int | ColumnType::Float | ColumnType::Bool => {}
        }
    }
    if bad.is_empty() {
        part.frame = Admitted(frame);
        return part;
    }
    bad.sort_by_key(|(row, _, _)| *row);
    for (row, column, message) in bad.iter().take(MAX_PROBLEMS) {
        let problem = Problem::warning(shown, message.clone().with("column", &column.id));
        part.problems.push(problem.at(Some(row + 1), Some(column.id.clone())));
    }
    let mut keep = vec![true; frame.height()];
    for (row, _, _) in &bad {
        if let Some(flag) = keep.get_mut(*row) {
            *flag = false;
        }
    }
    part.refused = keep.iter().filter(|k| !**k).count() as u64;
    let keep: BooleanChunked = keep.into_iter().map(Some).collect();
    part.frame = Admitted(frame.filter(&keep).unwrap_or_default());
    part
}

/// Days or instants that a column of dates can have.
pub(super) const fn bounds_of(kind: ColumnType) -> (i64, i64) {
    match kind {
        ColumnType::Time => (FIRST_DAY as i64 * DAY_SECS, LAST_DAY as i64 * DAY_SECS),
        ColumnType::Date | ColumnType::Month => (FIRST_DAY as i64, LAST_DAY as i64),
        _ => (i64::MIN, i64::MAX),
    }
}

fn set_rows(flags: &BooleanChunked) -> impl Iterator<Item = usize> {
    flags.iter().enumerate().filter(|(_, flag)| *flag == Some(true)).map(|(row, _)| row)
}

fn numbers_outside(series: &Series, low: i64, high: i64) -> impl Iterator<Item = usize> + use<> {
    let numbers = series.cast(&DataType::Int64).ok().and_then(|n| n.i64().ok().cloned()).unwrap_or_default();
    let fine = numbers.min().is_none_or(|min| min >= low) && numbers.max().is_none_or(|max| max <= high);
    let rows: Vec<usize> = if fine {
        Vec::new()
    } else {
        numbers
            .iter()
            .enumerate()
            .filter(|(_, n)| n.is_some_and(|n| n < low || n > high))
            .map(|(row, _)| row)
            .collect()
    };
    rows.into_iter()
}

/// Texts that are no code of their list or too long. A coded column has few different values, so only those are looked
/// at before any row is.
fn bad_texts<'a>(site: &Site, column: &'a Column, series: &Series) -> Vec<(usize, &'a Column, Message)> {
    let Ok(texts) = series.str() else {
        return Vec::new();
    };
    let wrong = |text: &str| wrong_text(site, column, text);
    if column.codes.is_some()
        && let Ok(different) = texts.unique()
        && different.iter().flatten().all(|text| wrong(text).is_none())
    {
        return Vec::new();
    }
    texts.iter().enumerate().filter_map(|(row, text)| Some((row, column, wrong(text?)?))).collect()
}

/// Why a text costs its row.
pub(super) fn wrong_text(site: &Site, column: &Column, text: &str) -> Option<Message> {
    let too_long = || {
        let most = column.max_len.filter(|most| text.len() > *most && text.chars().count() > *most)?;
        Some(Message::new("problem.too_long").with("most", most))
    };
    wrong_code(site, column, text).or_else(too_long)
}

fn wrong_code(site: &Site, column: &Column, text: &str) -> Option<Message> {
    let list = column.codes.as_ref()?;
    let codes = site.codes(list);
    if codes.is_empty() || codes.iter().any(|c| c == text) {
        return None;
    }
    let hint = nearest(text, codes.iter().map(String::as_str)).unwrap_or("—");
    Some(Message::new("problem.unknown_code").with("list", list).with("nearest", hint))
}
