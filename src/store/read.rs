//! Reads the parts of a table by its declared schema: files of three formats to rows that pass the door. A bad value
//! costs its row and is told by `file:row:column`. Never fills in a value, and never repeats one.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use crate::site::Site;
use crate::site::datasets::{ColumnType, Table};
use crate::site::problem::Problem;
use crate::site::text::Message;

use super::admit::{
    self, FIRST_DAY, LAST_DAY, MAX_PROBLEMS, Part, check_names, header_rows, stored, wanted, wrong_text,
};
use super::{content, quarantine};

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

/// No rows, with the columns of a table: what a live table begins with when it has no file yet.
#[must_use]
pub fn empty(table: &Table, columns: &[&str]) -> DataFrame {
    let fields =
        columns.iter().filter_map(|name| Some(Field::new((*name).into(), stored(table.column_type(name)?))));
    let schema: Schema = fields.collect();
    DataFrame::empty_with_schema(&schema)
}

/// Reads one part; `columns` are the ones wanted, in that order.
#[must_use]
pub fn read(site: &Site, table: &Table, path: &Path, columns: &[&str]) -> Part {
    let shown = quarantine::name_of(site, path);
    if shown != site.relative(path) {
        return Part::broken(&shown, "file_name", Message::new("problem.file_name").with("table", &table.id));
    }
    read_as(site, table, path, &shown, columns)
}

/// Reads one part whose findings are told by another name.
pub(super) fn read_as(site: &Site, table: &Table, path: &Path, shown: &Path, columns: &[&str]) -> Part {
    let result = match path.extension().and_then(|e| e.to_str()) {
        Some("parquet") => parquet(site, table, path, shown, columns, None),
        Some("csv") => csv(path).and_then(|frame| texts(site, table, frame, shown, columns)),
        _ => ndjson(path).and_then(|frame| texts(site, table, frame, shown, columns)),
    };
    result.unwrap_or_else(|(rule, message)| Part::broken(shown, rule, message))
}

/// Reads some rows of a Parquet file: from one on, how many. Rows are told by their place in the file.
pub(super) fn read_rows(
    site: &Site,
    table: &Table,
    path: &Path,
    columns: &[&str],
    (first, count): (usize, usize),
) -> Part {
    let shown = site.relative(path);
    let mut part = parquet(site, table, path, shown, columns, Some((first, count)))
        .unwrap_or_else(|(rule, message)| Part::broken(shown, rule, message));
    for problem in &mut part.problems {
        problem.row = problem.row.map(|row| row + first);
    }
    part
}

/// The first line of a file of texts; empty where there is none.
pub(super) fn first_text(path: &Path) -> String {
    let mut line = String::new();
    if let Ok(file) = std::fs::File::open(path) {
        // What cannot be read is told by the reader of its rows.
        let _ = std::io::BufReader::new(file).read_line(&mut line);
    }
    line
}

/// Why a part cannot be used: the rule as it is recorded, and what is told.
type Broken = (&'static str, Message);

fn broken(err: &PolarsError) -> Broken {
    ("unreadable", admit::unreadable(err))
}

fn parquet(
    site: &Site,
    table: &Table,
    path: &Path,
    shown: &Path,
    columns: &[&str],
    rows: Option<(usize, usize)>,
) -> Result<Part, Broken> {
    let file = std::fs::File::open(path).map_err(|e| unreadable(&e))?;
    let mut reader = ParquetReader::new(file);
    let schema = reader.schema().map_err(|e| broken(&e))?;
    let present: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    check_names(site, table, &present)?;
    let columns = wanted(&present, columns);
    let names = looked_at(table, &present, &columns);
    let frame = reader.with_columns(Some(names)).with_slice(rows).finish().map_err(|e| broken(&e))?;
    Ok(admit::typed(site, table, frame, shown, &columns))
}

/// The columns asked for, and those that the door looks at also where nobody asks for them: every text and every number
/// that may be anybody's.
pub(super) fn looked_at(table: &Table, present: &[String], columns: &[&str]) -> Vec<String> {
    let is_looked_at = |name: &&String| {
        matches!(table.column_type(name), Some(ColumnType::Text | ColumnType::Area))
            || table.column(name).is_some_and(content::may_be_number)
    };
    let mut names: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    names.extend(present.iter().filter(is_looked_at).cloned());
    names.sort();
    names.dedup();
    names
}

/// A date that can be read but cannot be meant.
fn impossible_date(kind: ColumnType, text: &str) -> Option<Message> {
    const DAY_SECS: i64 = 86_400;
    let day = match kind {
        ColumnType::Date | ColumnType::Month => i64::from(parse_date(text)?),
        ColumnType::Time => text.parse().ok().or_else(|| instant(text))?.div_euclid(DAY_SECS),
        _ => return None,
    };
    let possible = i64::from(FIRST_DAY)..=i64::from(LAST_DAY);
    (!possible.contains(&day)).then(|| Message::new("problem.bad_date"))
}

/// A CSV as texts; UTF-8, with or without a byte order mark.
fn csv(path: &Path) -> Result<DataFrame, Broken> {
    CsvReadOptions::default()
        .with_has_header(true)
        .with_infer_schema_length(Some(0))
        .try_into_reader_with_file_path(Some(path.to_owned()))
        .and_then(CsvReader::finish)
        .map_err(|e| broken(&e))
}

/// A file that cannot be opened or read; the kind of the error says enough and repeats nothing.
fn unreadable(err: &std::io::Error) -> Broken {
    ("unreadable", Message::new("problem.unreadable").with("error", err.kind()))
}

/// An NDJSON file as texts, a column per key.
fn ndjson(path: &Path) -> Result<DataFrame, Broken> {
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
                // The text of the error may repeat what stands in the line.
                let message = Message::new("problem.bad_line").with("row", number + 1);
                ("unreadable", message.with("position", e.column()))
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
    DataFrame::new(height, columns).map_err(|e| broken(&e))
}

/// Rows of texts from anywhere, as those of a text file.
pub(crate) fn of_texts(site: &Site, table: &Table, rows: DataFrame, origin: &Path, columns: &[&str]) -> Part {
    texts(site, table, rows, origin, columns)
        .unwrap_or_else(|(rule, message)| Part::broken(origin, rule, message))
}

/// Turns texts into declared types; a value that cannot be turned costs its row.
fn texts(
    site: &Site,
    table: &Table,
    frame: DataFrame,
    shown: &Path,
    columns: &[&str],
) -> Result<Part, Broken> {
    let present: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
    check_names(site, table, &present)?;
    if let Some(refused) = admit::texts(site, table, &frame, shown) {
        return Ok(refused);
    }
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
        out.push(values.into_column(name));
    }
    part.refused = bad.iter().filter(|b| **b).count() as u64;
    let full = DataFrame::new(frame.height(), out).map_err(|e| broken(&e))?;
    let keep: BooleanChunked = bad.iter().map(|b| Some(!*b)).collect();
    part.frame = admit::of_texts(full.filter(&keep).map_err(|e| broken(&e))?);
    Ok(admit::select(admit::finish(site, table, part, shown), columns, shown))
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
