//! Owns how rows become Parquet files: one file, or parts and corrections.
//! Never decides what a row says.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;

use super::GenerateError;

/// A date, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct On(pub(super) i32);

/// A value a column can hold.
pub(super) trait Cell: Sized {
    fn column(name: &str, values: Vec<Self>) -> PolarsResult<Column>;
}

macro_rules! cells {
    ($($kind:ty),*) => { $(impl Cell for $kind {
        fn column(name: &str, values: Vec<Self>) -> PolarsResult<Column> {
            Ok(Series::new(name.into(), values).into_column())
        }
    })* };
}
cells!(i64, Option<i64>, f64, Option<f64>, bool, &str, Option<&str>, String, Option<String>);

impl Cell for On {
    fn column(name: &str, values: Vec<Self>) -> PolarsResult<Column> {
        let days: Vec<i32> = values.into_iter().map(|on| on.0).collect();
        Ok(Series::new(name.into(), days).cast(&DataType::Date)?.into_column())
    }
}

impl Cell for Option<On> {
    fn column(name: &str, values: Vec<Self>) -> PolarsResult<Column> {
        let days: Vec<Option<i32>> = values.into_iter().map(|on| on.map(|on| on.0)).collect();
        Ok(Series::new(name.into(), days).cast(&DataType::Date)?.into_column())
    }
}

/// A row of a table.
pub(super) trait Row: Clone {
    fn frame(rows: &[Self]) -> PolarsResult<DataFrame>;
}

/// Declares the row of a table: its columns in order, named as in datasets.toml.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($field:ident : $kind:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub(super) struct $name<'a> { $(pub(super) $field: $kind),* }
        impl<'a> $crate::generate::write::Row for $name<'a> {
            fn frame(rows: &[Self]) -> polars::prelude::PolarsResult<polars::prelude::DataFrame> {
                use $crate::generate::write::Cell;
                let columns = vec![
                    $(<$kind as Cell>::column(stringify!($field), rows.iter().map(|row| row.$field.clone()).collect())?),*
                ];
                polars::prelude::DataFrame::new(rows.len(), columns)
            }
        }
    };
}
pub(super) use row;

/// Rows held before a part is written.
const PART: usize = 1_500_000;

/// One table on its way to disk.
pub(super) struct Sink<R: Row> {
    dir: PathBuf,
    name: &'static str,
    rows: Vec<R>,
    parts: usize,
    written: u64,
}

/// What was written of a table.
#[derive(Clone, Debug)]
pub struct TableSummary {
    /// The table.
    pub table: String,
    /// Rows, corrections not counted.
    pub rows: u64,
}

impl<R: Row> Sink<R> {
    /// Opens the table in the data folder, removing what was there.
    pub(super) fn new(dir: &Path, name: &'static str) -> Result<Self, GenerateError> {
        let folder = dir.join(name);
        if folder.is_dir() {
            fs::remove_dir_all(&folder)
                .map_err(|source| GenerateError::Io { path: folder.clone(), source })?;
        }
        let file = dir.join(format!("{name}.parquet"));
        if file.exists() {
            fs::remove_file(&file).map_err(|source| GenerateError::Io { path: file, source })?;
        }
        Ok(Self { dir: dir.to_owned(), name, rows: Vec::new(), parts: 0, written: 0 })
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: R) -> Result<(), GenerateError> {
        self.rows.push(row);
        if self.rows.len() >= PART { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), GenerateError> {
        let folder = self.dir.join(self.name);
        fs::create_dir_all(&folder).map_err(|source| GenerateError::Io { path: folder.clone(), source })?;
        save(&folder.join(format!("{:03}-base.parquet", self.parts)), &self.rows)?;
        self.parts += 1;
        self.written += self.rows.len() as u64;
        self.rows.clear();
        Ok(())
    }

    /// Writes what is left; rows in `corrections` replace earlier ones by key.
    pub(super) fn close(mut self, corrections: Vec<R>) -> Result<TableSummary, GenerateError> {
        if self.parts == 0 && corrections.is_empty() {
            self.written = self.rows.len() as u64;
            save(&self.dir.join(format!("{}.parquet", self.name)), &self.rows)?;
        } else {
            if !self.rows.is_empty() {
                self.flush()?;
            }
            if !corrections.is_empty() {
                let path = self.dir.join(self.name).join(format!("{:03}-corrections.parquet", self.parts));
                save(&path, &corrections)?;
            }
        }
        Ok(TableSummary { table: self.name.to_owned(), rows: self.written })
    }
}

/// Writes a whole table at once.
pub(super) fn table<R: Row>(
    dir: &Path,
    name: &'static str,
    rows: Vec<R>,
) -> Result<TableSummary, GenerateError> {
    let mut sink = Sink::new(dir, name)?;
    sink.rows = rows;
    sink.close(Vec::new())
}

/// Writes one file.
pub(super) fn save<R: Row>(path: &Path, rows: &[R]) -> Result<(), GenerateError> {
    let wrong = |source: PolarsError| GenerateError::Table { path: path.to_owned(), source };
    let mut frame = R::frame(rows).map_err(wrong)?;
    let file = File::create(path).map_err(|source| GenerateError::Io { path: path.to_owned(), source })?;
    // A sample is kept in a repository, so it is packed tightly; a large site is written once and must be quick.
    let level = ZstdLevel::try_new(if rows.len() > 400_000 { 3 } else { 12 }).map_err(wrong)?;
    ParquetWriter::new(std::io::BufWriter::new(file))
        .with_compression(ParquetCompression::Zstd(Some(level)))
        .with_row_group_size(Some(131_072))
        .set_parallel(false)
        .finish(&mut frame)
        .map_err(wrong)?;
    Ok(())
}
