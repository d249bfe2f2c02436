//! Reads NDJSON. Owns lines to columns of texts; types and rules come after.

use std::io::BufRead as _;
use std::path::Path;

use polars::prelude::DataFrame;

use crate::site::text::Message;

use super::read::first_line;

/// An NDJSON file as texts, a column per key.
pub(super) fn ndjson(path: &Path) -> Result<DataFrame, Message> {
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
