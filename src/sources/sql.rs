//! The SQL that makes the tables of a site in a database, with what onemap needs to follow them and a role that can
//! only read. Owns the types of columns there; runs nothing.

use crate::site::Site;
use crate::site::datasets::{Column, ColumnType};

use super::postgres::quoted;

const SCHEMA: &str = include_str!("../../assets/sql/schema.sql");
const TABLE: &str = include_str!("../../assets/sql/table.sql");
const ROLE: &str = include_str!("../../assets/sql/role.sql");

/// The statements for all tables of a site, or for those named; running them twice does no harm.
#[must_use]
pub fn schema(site: &Site, schema: &str, role: &str, tables: &[String]) -> String {
    let mut out = SCHEMA.to_owned();
    let mut names = Vec::new();
    for (dataset, table) in site.tables() {
        if !tables.is_empty() && !tables.contains(&table.id) {
            continue;
        }
        let key: Vec<String> = table.key.iter().map(|k| quoted(k)).collect();
        let columns: Vec<String> = table.columns.iter().map(column).collect();
        let dataset = site.datasets.get(dataset).map_or("", |d| d.id.as_str());
        out.push_str(
            &TABLE
                .replace("{dataset}", dataset)
                .replace("{row}", &table.row.replace('\n', " "))
                .replace("{columns}", &columns.join(",\n"))
                .replace("{key}", &key.join(", "))
                .replace("{table}", &table.id),
        );
        names.push(format!("{{schema}}.{}", table.id));
    }
    if !names.is_empty() {
        out.push_str(&ROLE.replace("{role}", role).replace("{tables}", &names.join(", ")));
    }
    out.replace("{schema}", schema)
}

/// A column: instants are whole seconds since 1970, as in the files, so that the catalogue's expressions run as they
/// are.
fn column(column: &Column) -> String {
    let kind = match column.kind {
        ColumnType::Text | ColumnType::Area => {
            column.max_len.map_or_else(|| "text".to_owned(), |most| format!("varchar({most})"))
        }
        ColumnType::Int | ColumnType::Time => "bigint".to_owned(),
        ColumnType::Float => "double precision".to_owned(),
        ColumnType::Bool => "boolean".to_owned(),
        ColumnType::Date | ColumnType::Month => "date".to_owned(),
    };
    let empty = if column.nullable { "" } else { " NOT NULL" };
    format!("    {} {kind}{empty}", quoted(&column.id))
}
