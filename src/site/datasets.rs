//! `datasets.toml`: datasets, tables and columns. Owns the declared schema, the only one that is accepted.

use serde::Deserialize;

use super::datum::Datum;
use super::text::Bilingual;

/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetsFile {
    /// Version of the file's shape; 1 today.
    pub format: u32,
    /// Datasets in their order.
    #[serde(rename = "dataset")]
    pub datasets: Vec<Dataset>,
}

/// One dataset: a base library, a thematic library or a system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Name.
    pub id: String,
    /// What it is.
    pub kind: DatasetKind,
    /// What a person calls it.
    pub name: Bilingual,
    /// How often it promises to be new.
    pub refresh: Refresh,
    /// Its tables.
    #[serde(rename = "table")]
    pub tables: Vec<Table>,
}

/// Kind of dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetKind {
    /// 基础库.
    Base,
    /// 专题库.
    Topic,
    /// 系统.
    System,
}

/// Promise of a dataset: how old its newest row may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refresh {
    /// As it happens.
    Live,
    /// Every hour.
    Hourly,
    /// Yesterday's figures every morning.
    Daily,
    /// Once a week.
    Weekly,
    /// Last month's figures every month.
    Monthly,
    /// Last quarter's figures every quarter.
    Quarterly,
    /// Whenever there is something: never late.
    AsNeeded,
}

/// One table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name, also of its file.
    pub id: String,
    /// What one row is.
    pub row: String,
    /// Level id of the finest area, or `point`.
    pub finest_area: String,
    /// Column that places a row in time.
    pub time_column: String,
    /// Columns that identify a row.
    pub key: Vec<String>,
    /// Whether areas add up.
    pub rollup: Rollup,
    /// Counts from 1 to this minus 1 are hidden.
    #[serde(default)]
    pub suppress_below: u32,
    /// Promise of this table, where it differs from its dataset's.
    #[serde(default)]
    pub refresh: Option<Refresh>,
    /// Datum of its coordinates, where it is not the site's.
    #[serde(default)]
    pub datum: Option<Datum>,
    /// What the absence of a row means.
    pub absent_row: AbsentRow,
    /// The rule its rows keep.
    #[serde(default)]
    pub privacy: String,
    /// Columns.
    pub columns: Vec<Column>,
}

/// How figures of areas relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollup {
    /// A parent is the sum of its children.
    Sum,
    /// Rows are published per area and never summed, so that a hidden cell cannot be rebuilt.
    Exact,
}

/// What it means that there is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentRow {
    /// Nothing happened.
    Zero,
    /// Nothing was reported.
    Gap,
}

/// One column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name.
    pub id: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Greatest length of a text.
    #[serde(default)]
    pub max_len: Option<usize>,
    /// Unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Code list.
    #[serde(default)]
    pub codes: Option<String>,
    /// What its codes are, where the table counts persons.
    #[serde(default)]
    pub people: Option<ColumnPeople>,
    /// May be empty.
    #[serde(default)]
    pub nullable: bool,
    /// Holds running totals: two of them a month apart tell what happened in between.
    #[serde(default)]
    pub accumulates: bool,
    /// It is a stock at the end of a day or month: what it was before, more by what came in and less by what went out.
    #[serde(default)]
    pub flows: Option<Flows>,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// The columns of the same table that a stock goes on by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flows {
    /// What came in.
    #[serde(rename = "in")]
    pub inflow: String,
    /// What went out.
    #[serde(rename = "out")]
    pub outflow: String,
}

/// What the codes of a column of a people table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnPeople {
    /// Service groups: the program's closed list and its floors bind them, whatever the list is called.
    Groups,
    /// Services, ages, items: no groups of persons. A code of the closed list among them keeps its floors.
    Other,
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text or code.
    Text,
    /// Area code.
    Area,
    /// Whole number.
    Int,
    /// Number.
    Float,
    /// Yes or no.
    Bool,
    /// Civil day.
    Date,
    /// Civil month, stored as its first day.
    Month,
    /// Instant, epoch seconds UTC.
    Time,
}

/// Column that any table may carry: when the row reached us.
pub const ARRIVED_COLUMN: &str = "arrived_ts";

impl Table {
    /// A declared column.
    #[must_use]
    pub fn column(&self, id: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.id == id)
    }

    /// Type of a column, `arrived_ts` included.
    #[must_use]
    pub fn column_type(&self, id: &str) -> Option<ColumnType> {
        if id == ARRIVED_COLUMN {
            return Some(ColumnType::Time);
        }
        self.column(id).map(|c| c.kind)
    }

    /// Whether a column is a stamp of a day or a month rather than an instant.
    #[must_use]
    pub fn is_stamped(&self, column: &str) -> bool {
        matches!(self.column_type(column), Some(ColumnType::Date | ColumnType::Month))
    }

    /// The first column of area codes.
    #[must_use]
    pub fn area_column(&self) -> Option<&Column> {
        self.columns.iter().find(|c| c.kind == ColumnType::Area)
    }
}
