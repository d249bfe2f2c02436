//! Asks whether a piece of a table is clean. Owns the quick question only: where the answer is no, the general reader
//! reads the piece again and tells what is wrong.

use crate::privacy::groups;
use crate::site::Site;
use crate::site::datasets::{ColumnType, Table};

use super::column::{Chunk, Data};
use super::read::{bounds_of, wrong_text};

/// Whether nothing is wrong with any row, of all that the general reader would leave out and tell. Texts are looked
/// at once per value of a column's list.
pub(crate) fn is_clean(site: &Site, table: &Table, chunk: &Chunk) -> bool {
    for declared in &table.columns {
        let Some(column) = chunk.column(&declared.id) else { continue };
        let empty = column.valid.as_ref().is_some_and(|valid| valid.contains(&0));
        let good = match &column.data {
            Data::Text(texts) if declared.kind == ColumnType::Text => {
                texts.values().all(|text| wrong_text(site, declared, text).is_none())
            }
            Data::Int(values) => {
                let (low, high) = bounds_of(declared.kind);
                let outside = |(row, n): (usize, &i64)| (*n < low || *n > high) && column.has(row);
                low == i64::MIN || !values.iter().enumerate().any(outside)
            }
            _ => true,
        };
        if !good || empty && !declared.nullable {
            return false;
        }
    }
    !groups::has_below_floor(site, table, chunk)
}
