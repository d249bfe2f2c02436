//! What has been taken in before: ids of events and versions of rows. Owns what counts as a repetition; bounded, so
//! that a wall that hangs for months does not grow.

use std::collections::{HashMap, HashSet};

use polars::prelude::DataFrame;

use super::{Parcel, Rows};
use crate::site::Site;
use crate::site::datasets::Table;

/// Ids remembered at most; older ones are forgotten half at a time.
const MOST_IDS: usize = 2_000_000;
/// Versions remembered at most.
const MOST_VERSIONS: usize = 4_000_000;

/// What the sieve left of a parcel.
#[derive(Debug)]
pub struct Sifted<R> {
    /// What is new.
    pub parcel: Parcel<R>,
    /// Rows that had come before, or that are older than what is known.
    pub repeated: u64,
}

/// Memory of what was taken in.
#[derive(Debug, Default)]
pub struct Known {
    ids: [HashSet<u64>; 2],
    versions: [HashMap<u64, i64>; 2],
}

impl Known {
    /// Leaves out rows that had come before and remembers the others. An id that is known is a repetition; so is,
    /// of a row without an id, a version that is not greater than the known one; an older version is always left out.
    #[must_use]
    pub fn sift<R: Rows>(&mut self, site: &Site, source: &str, parcel: Parcel<R>) -> Sifted<R> {
        let height = parcel.rows.frame().height();
        if height == 0 || (parcel.ids.is_empty() && parcel.versions.is_empty()) {
            return Sifted { parcel, repeated: 0 };
        }
        let Some(table) = site.table(&parcel.table) else {
            return Sifted { parcel, repeated: 0 };
        };
        let keys =
            if parcel.versions.is_empty() { Vec::new() } else { keys(source, table, parcel.rows.frame()) };
        let mut keep = vec![true; height];
        for (row, keep) in keep.iter_mut().enumerate() {
            let id = parcel.ids.get(row).copied();
            let new_id = id.is_none_or(|id| self.is_new_id(id));
            *keep = new_id
                && match (keys.get(row), parcel.versions.get(row)) {
                    (Some(key), Some(version)) => self.is_new_version(*key, *version, id.is_some()),
                    _ => true,
                };
        }
        let repeated = keep.iter().filter(|k| !**k).count() as u64;
        Sifted { parcel: parcel.only(&keep), repeated }
    }

    fn is_new_id(&mut self, id: u64) -> bool {
        let [young, old] = &mut self.ids;
        if old.contains(&id) || !young.insert(id) {
            return false;
        }
        if young.len() >= MOST_IDS / 2 {
            *old = std::mem::take(young);
        }
        true
    }

    fn is_new_version(&mut self, key: u64, version: i64, equal_is_new: bool) -> bool {
        let [young, old] = &mut self.versions;
        let known = young.get(&key).or_else(|| old.get(&key)).copied();
        if known.is_some_and(|known| version < known || (version == known && !equal_is_new)) {
            return false;
        }
        young.insert(key, version);
        if young.len() >= MOST_VERSIONS / 2 {
            *old = std::mem::take(young);
        }
        true
    }
}

/// A 64-bit hash that is the same in every run: FNV-1a (Fowler, Noll, Vo 1991) with a final mixing. Among four million
/// keys any two meet with a chance of one in two million.
#[must_use]
pub fn stable_hash(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in *part {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        // Where a part ends is part of it.
        hash = (hash ^ 0x1ff).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// One stable hash per row over source, table and key columns.
#[must_use]
pub fn keys(source: &str, table: &Table, rows: &DataFrame) -> Vec<u64> {
    let start = stable_hash(&[source.as_bytes(), table.id.as_bytes()]);
    let mut out = vec![start; rows.height()];
    for column in table.key.iter().filter_map(|key| rows.column(key).ok()) {
        if let Ok(texts) = column.str() {
            for (hash, text) in out.iter_mut().zip(texts.iter()) {
                *hash = stable_hash(&[&hash.to_le_bytes(), text.unwrap_or_default().as_bytes()]);
            }
        } else if let Ok(numbers) = column.cast(&polars::prelude::DataType::Int64)
            && let Ok(numbers) = numbers.i64()
        {
            for (hash, number) in out.iter_mut().zip(numbers.iter()) {
                let number = number.unwrap_or(i64::MIN);
                *hash = stable_hash(&[&hash.to_le_bytes(), &number.to_le_bytes()]);
            }
        }
    }
    out
}
