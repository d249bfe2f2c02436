//! Reads the parts of a table by its declared schema. Owns the door's first half: an undeclared column refuses the
//! file, a bad value costs its row and is told by `file:row:column`. Never fills in a value.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use crate::privacy::{door, groups};
use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Column, ColumnType, Table};
use crate::site::problem::{Problem, nearest};
use crate::site::text::Message;

/// What came of one part.
#[derive(Debug, Default)]
pub struct Part {
    /// Rows that may be used, with the columns asked for.
    pub frame: DataFrame,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Rows left out.
    pub refused: u64,
}

/// At most this many problems are told per file; the rest is counted.
const MAX_PROBLEMS: usize = 20;

/// The files of a table below a folder of the site (`data` or `data/replay`), in name order.
#[must_use]
pub fn parts(site: &Site, folder: &str, table: &str) -> Vec<PathBuf> {
    let base = site.dir.join(folder);
    let mut found: Vec<PathBuf> = ["parquet", "csv", "ndjson"]
        .iter()
        .map(|ext| base.join(format!("{table}.{ext}")))
        .filter(|path| path.is_file())
        .collect();
    if let Ok(entries) = std::fs::read_dir(base.join(table)) {
        let known = |p: &Path| p.extension().is_some_and(|e| e == "parquet" || e == "csv" || e == "ndjson");
        found.extend(entries.filter_map(Result::ok).map(|e| e.path()).filter(|p| known(p)));
    }
    found.sort();
    found
}

/// Reads one part; `columns` are the ones wanted, in that order.
#[must_use]
pub fn read(site: &Site, table: &Table, path: &Path, columns: &[&str]) -> Part {
    let shown = site.relative(path).to_owned();
    let result = match path.extension().and_then(|e| e.to_str()) {
        Some("parquet") => parquet(site, table, path, &shown, columns),
        Some("csv") => csv(path).and_then(|frame| texts(site, table, frame, &shown, columns)),
        _ => ndjson(path).and_then(|frame| texts(site, table, frame, &shown, columns)),
    };
    let part = match result {
        Ok(part) => part,
        Err(message) => {
            return Part { problems: vec![Problem::error(shown, message)], ..Part::default() };
        }
    };
    keep_floors(site, table, part, &shown)
}

/// Leaves out and tells rows that come in at a finer area than their table or their group allows.
pub(crate) fn keep_floors(site: &Site, table: &Table, mut part: Part, shown: &Path) -> Part {
    if let Some((keep, message)) = groups::below_floor(site, table, &part.frame)
        && let Ok(frame) = part.frame.filter(&keep)
    {
        let refused = part.frame.height() - frame.height();
        // Once rows were left out, places in the frame are no longer rows of the file.
        let first = keep.iter().position(|k| k == Some(false)).filter(|_| part.refused == 0);
        let first = first.map(|row| row + 1 + header_rows(shown));
        part.problems.push(Problem::warning(shown, message.with("count", refused)).at(first, None));
        part.refused += refused as u64;
        part.frame = frame;
    }
    part
}

/// No rows, with the columns of a table: what a live table begins with when it has no file yet.
#[must_use]
pub fn empty(table: &Table, columns: &[&str]) -> DataFrame {
    let fields =
        columns.iter().filter_map(|name| Some(Field::new((*name).into(), stored(table.column_type(name)?))));
    let schema: Schema = fields.collect();
    DataFrame::empty_with_schema(&schema)
}

/// Checks names: what is not declared is refused, not ignored; what is declared must be there.
pub(crate) fn check_names(table: &Table, present: &[String]) -> Result<(), Message> {
    for name in present {
        if table.column_type(name).is_none() || door::forbidden_column(name, table) {
            let names = table.columns.iter().map(|c| c.id.as_str());
            let key = if door::forbidden_column(name, table) {
                "problem.forbidden_column"
            } else {
                "problem.undeclared_column"
            };
            return Err(Message::new(key)
                .with("column", name)
                .with("table", &table.id)
                .with("nearest", nearest(name, names).unwrap_or("—")));
        }
    }
    for column in &table.columns {
        if !present.contains(&column.id) {
            return Err(Message::new("problem.missing_column")
                .with("column", &column.id)
                .with("table", &table.id));
        }
    }
    Ok(())
}

fn wanted<'a>(present: &[String], columns: &[&'a str]) -> Vec<&'a str> {
    columns.iter().copied().filter(|c| *c != ARRIVED_COLUMN || present.iter().any(|p| p == c)).collect()
}

pub(crate) const fn stored(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text | ColumnType::Area => DataType::String,
        ColumnType::Int | ColumnType::Time => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Date | ColumnType::Month => DataType::Date,
    }
}

fn parquet(site: &Site, table: &Table, path: &Path, shown: &Path, columns: &[&str]) -> Result<Part, Message> {
    let broken =
        |err: &dyn std::fmt::Display| Message::new("problem.unreadable").with("error", first_line(err));
    let file = std::fs::File::open(path).map_err(|e| broken(&e))?;
    let mut reader = ParquetReader::new(file);
    let schema = reader.schema().map_err(|e| broken(&e))?;
    let present: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    check_names(table, &present)?;
    let columns = wanted(&present, columns);
    let names = columns.iter().map(|c| (*c).to_owned()).collect();
    let frame = reader.with_columns(Some(names)).finish().map_err(|e| broken(&e))?;
    let mut out = Vec::with_capacity(columns.len());
    for name in &columns {
        let series = frame.column(name).map_err(|e| broken(&e))?;
        let kind = table.column_type(name).unwrap_or(ColumnType::Text);
        let cast = if series.dtype() == &stored(kind) {
            Ok(series.clone())
        } else {
            series.strict_cast(&stored(kind))
        };
        out.push(cast.map_err(|_| {
            Message::new("problem.column_type")
                .with("column", name)
                .with("table", &table.id)
                .with("type", series.dtype())
        })?);
    }
    let frame = DataFrame::new(frame.height(), out).map_err(|e| broken(&e))?;
    Ok(keep_good_rows(site, table, frame, shown))
}

/// Years that a date of a governance table can have; anything else is a slip of the pen.
const FIRST_DAY: i32 = 0;
const LAST_DAY: i32 = 47_482;
const DAY_SECS: i64 = 86_400;

/// Leaves out and tells rows with an empty required value, an unknown code, an impossible date or an identity.
pub(crate) fn keep_good_rows(site: &Site, table: &Table, frame: DataFrame, shown: &Path) -> Part {
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
            ColumnType::Text => bad.extend(bad_texts(site, column, series)),
            ColumnType::Date | ColumnType::Month | ColumnType::Time => {
                let (low, high) = match column.kind {
                    ColumnType::Time => (i64::from(FIRST_DAY) * DAY_SECS, i64::from(LAST_DAY) * DAY_SECS),
                    _ => (i64::from(FIRST_DAY), i64::from(LAST_DAY)),
                };
                bad.extend(
                    numbers_outside(series, low, high)
                        .map(|row| (row, column, Message::new("problem.bad_date"))),
                );
            }
            ColumnType::Area | ColumnType::Int | ColumnType::Float | ColumnType::Bool => {}
        }
    }
    if bad.is_empty() {
        part.frame = frame;
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
    part.frame = frame.filter(&keep).unwrap_or_default();
    part
}

fn set_rows(flags: &BooleanChunked) -> impl Iterator<Item = usize> {
    flags.iter().enumerate().filter(|(_, flag)| *flag == Some(true)).map(|(row, _)| row)
}

fn numbers_outside(
    series: &polars::prelude::Column,
    low: i64,
    high: i64,
) -> impl Iterator<Item = usize> + use<> {
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

/// Texts that are no code of their list, are too long, or look like an identity. A coded column has few different
/// values, so only those are looked at before any row is.
fn bad_texts<'a>(
    site: &Site,
    column: &'a Column,
    series: &polars::prelude::Column,
) -> Vec<(usize, &'a Column, Message)> {
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

fn wrong_text(site: &Site, column: &Column, text: &str) -> Option<Message> {
    let too_long = || {
        let most = column.max_len.filter(|most| text.chars().count() > *most)?;
        Some(Message::new("problem.too_long").with("most", most))
    };
    door::refuse_content(text).or_else(|| wrong_code(site, column, text)).or_else(too_long)
}

/// A date that can be read but cannot be meant.
fn impossible_date(kind: ColumnType, text: &str) -> Option<Message> {
    let day = match kind {
        ColumnType::Date | ColumnType::Month => i64::from(parse_date(text)?),
        ColumnType::Time => text.parse().ok().or_else(|| instant(text))?.div_euclid(DAY_SECS),
        _ => return None,
    };
    let possible = i64::from(FIRST_DAY)..=i64::from(LAST_DAY);
    (!possible.contains(&day)).then(|| Message::new("problem.bad_date"))
}

fn first_line(err: &dyn std::fmt::Display) -> String {
    err.to_string().lines().next().unwrap_or_default().to_owned()
}

/// A CSV as texts; UTF-8, with or without a byte order mark.
fn csv(path: &Path) -> Result<DataFrame, Message> {
    CsvReadOptions::default()
        .with_has_header(true)
        .with_infer_schema_length(Some(0))
        .try_into_reader_with_file_path(Some(path.to_owned()))
        .and_then(CsvReader::finish)
        .map_err(|e| Message::new("problem.unreadable").with("error", first_line(&e)))
}

/// An NDJSON file as texts, a column per key.
fn ndjson(path: &Path) -> Result<DataFrame, Message> {
    let unreadable =
        |e: &dyn std::fmt::Display| Message::new("problem.unreadable").with("error", first_line(e));
    let file = std::fs::File::open(path).map_err(|e| unreadable(&e))?;
    let mut names: Vec<String> = Vec::new();
    let mut columns: Vec<Vec<Option<String>>> = Vec::new();
    let mut height = 0;
    for (number, line) in std::io::BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|e| unreadable(&e))?;
        if line.trim().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&line).map_err(|e| {
                Message::new("problem.bad_line").with("row", number + 1).with("error", first_line(&e))
            })?;
        for (key, value) in object {
            let at = names.iter().position(|n| *n == key).unwrap_or_else(|| {
                names.push(key.clone());
                columns.push(vec![None; height]);
                names.len() - 1
            });
            let text = match value {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text),
                other => Some(other.to_string()),
            };
            if let Some(column) = columns.get_mut(at) {
                column.resize(height, None);
                column.push(text);
            }
        }
        height += 1;
    }
    for column in &mut columns {
        column.resize(height, None);
    }
    let columns = names
        .iter()
        .zip(columns)
        .map(|(name, values)| polars::prelude::Column::new(name.as_str().into(), values))
        .collect();
    DataFrame::new(height, columns).map_err(|e| unreadable(&e))
}

/// Turns texts into declared types; a value that cannot be turned costs its row.
pub(crate) fn texts(
    site: &Site,
    table: &Table,
    frame: DataFrame,
    shown: &Path,
    columns: &[&str],
) -> Result<Part, Message> {
    let present: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
    check_names(table, &present)?;
    let mut part = Part::default();
    let mut bad = vec![false; frame.height()];
    let mut out: Vec<polars::prelude::Column> = Vec::new();
    // Every declared column is checked, also those that are not asked for now: a bad row is bad for all.
    for name in &present {
        let kind = table.column_type(name).unwrap_or(ColumnType::Text);
        let declared = table.column(name);
        let texts = frame.column(name).and_then(|c| c.str().cloned()).unwrap_or_default();
        let mut values = Values::with_capacity(kind, texts.len());
        for (row, text) in texts.iter().enumerate() {
            let text = text.map(str::trim).filter(|t| !t.is_empty());
            let problem = match text {
                None if declared.is_some_and(|c| !c.nullable) => Some(Message::new("problem.empty_value")),
                None => None,
                Some(text) => declared
                    .and_then(|column| wrong_text(site, column, text))
                    .or_else(|| impossible_date(kind, text)),
            };
            let parsed = values.push(text) && problem.is_none();
            if !parsed {
                if let Some(flag) = bad.get_mut(row) {
                    *flag = true;
                }
                if part.problems.len() < MAX_PROBLEMS {
                    let message = problem
                        .unwrap_or_else(|| Message::new("problem.bad_value").with("type", kind_name(kind)));
                    let problem = Problem::warning(shown, message.with("column", name));
                    let row = row + 1 + header_rows(shown);
                    part.problems.push(problem.at(Some(row), Some(name.clone())));
                }
            }
        }
        if columns.contains(&name.as_str()) {
            out.push(values.into_column(name));
        }
    }
    part.refused = bad.iter().filter(|b| **b).count() as u64;
    let broken = |e: &PolarsError| Message::new("problem.unreadable").with("error", first_line(e));
    let full = DataFrame::new(frame.height(), out).map_err(|e| broken(&e))?;
    let keep: BooleanChunked = bad.iter().map(|b| Some(!*b)).collect();
    let names = wanted(&present, columns);
    part.frame = full.filter(&keep).and_then(|f| f.select(names)).map_err(|e| broken(&e))?;
    Ok(part)
}

/// Row 1 is the header of a CSV; a line of NDJSON and a row of Parquet is its own row.
fn header_rows(shown: &Path) -> usize {
    usize::from(shown.extension().is_some_and(|e| e == "csv"))
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

const fn kind_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "text",
        ColumnType::Area => "area",
        ColumnType::Int => "int",
        ColumnType::Float => "float",
        ColumnType::Bool => "bool",
        ColumnType::Date => "date",
        ColumnType::Month => "month",
        ColumnType::Time => "time",
    }
}

enum Values {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
    Date(Vec<Option<i32>>),
}

impl Values {
    fn with_capacity(kind: ColumnType, capacity: usize) -> Self {
        match stored(kind) {
            DataType::Int64 => Self::Int(Vec::with_capacity(capacity)),
            DataType::Float64 => Self::Float(Vec::with_capacity(capacity)),
            DataType::Boolean => Self::Bool(Vec::with_capacity(capacity)),
            DataType::Date => Self::Date(Vec::with_capacity(capacity)),
            _ => Self::Text(Vec::with_capacity(capacity)),
        }
    }

    /// Adds a value; false where a text cannot be read as the type.
    fn push(&mut self, text: Option<&str>) -> bool {
        fn add<T>(
            values: &mut Vec<Option<T>>,
            text: Option<&str>,
            parse: impl Fn(&str) -> Option<T>,
        ) -> bool {
            let value = text.and_then(parse);
            let ok = value.is_some() || text.is_none();
            values.push(value);
            ok
        }
        match self {
            Self::Text(values) => add(values, text, |t| Some(t.to_owned())),
            Self::Int(values) => add(values, text, |t| t.parse().ok().or_else(|| instant(t))),
            Self::Float(values) => add(values, text, |t| t.parse().ok().filter(|v: &f64| v.is_finite())),
            Self::Bool(values) => add(values, text, |t| match t {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            }),
            Self::Date(values) => add(values, text, parse_date),
        }
    }

    fn into_column(self, name: &str) -> polars::prelude::Column {
        let name: PlSmallStr = name.into();
        match self {
            Self::Text(values) => polars::prelude::Column::new(name, values),
            Self::Int(values) => polars::prelude::Column::new(name, values),
            Self::Float(values) => polars::prelude::Column::new(name, values),
            Self::Bool(values) => polars::prelude::Column::new(name, values),
            Self::Date(values) => {
                let days = Int32Chunked::from_iter_options(name, values.into_iter());
                days.into_date().into_column()
            }
        }
    }
}

/// Day of `YYYY-MM-DD`, or the first day of `YYYY-MM`.
fn parse_date(text: &str) -> Option<i32> {
    let month = (text.len() == 7).then(|| format!("{text}-01"));
    crate::site::civil::parse_day(month.as_deref().unwrap_or(text))
}

/// Epoch seconds of an ISO 8601 instant with an offset.
fn instant(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
