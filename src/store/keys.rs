//! Keys of rows: of several rows with one key the last counts. Owns how keys are told apart, and finds repetitions
//! without holding a table's keys in memory where row groups do not overlap.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;

use crate::site::datasets::Table;

use super::column::{Chunk, Column, Data};

pub(crate) use super::pages::Bound;

/// The hash of a row whose key is this text alone.
pub(crate) fn hash_of(key: &[u8]) -> u64 {
    mixed(0, FixedState::default().hash_one(key))
}

/// One hash per row, over the key columns. Keys are kept as 64-bit hashes to save memory: among ten million keys any
/// two meet with a chance of three in a million, and then one row is taken for another.
pub(crate) fn hashes(table: &Table, chunk: &Chunk) -> Vec<u64> {
    let hasher = FixedState::default();
    let mut hashes = vec![0u64; chunk.rows];
    for column in table.key.iter().filter_map(|key| chunk.column(key)) {
        match &column.data {
            Data::Text(texts) => {
                let values: Vec<u64> = (0..texts.spans.len())
                    .map(|code| hasher.hash_one(texts.value(u32::try_from(code).unwrap_or(u32::MAX))))
                    .collect();
                for (row, (hash, code)) in hashes.iter_mut().zip(&texts.codes).enumerate() {
                    let value = values.get(*code as usize).copied().unwrap_or(0);
                    *hash = mixed(*hash, if column.has(row) { value } else { 0 });
                }
            }
            Data::Int(values) => {
                for (row, (hash, value)) in hashes.iter_mut().zip(values).enumerate() {
                    *hash = mixed(*hash, if column.has(row) { *value } else { i64::MIN }.cast_unsigned());
                }
            }
            Data::Float(values) => {
                for (row, (hash, value)) in hashes.iter_mut().zip(values).enumerate() {
                    *hash = mixed(*hash, if column.has(row) { value.to_bits() } else { u64::MAX });
                }
            }
        }
    }
    hashes
}

/// Folds a part of a key into a hash: the finalizer of `SplitMix64` (Steele, Lea, Flood 2014) over both.
const fn mixed(hash: u64, part: u64) -> u64 {
    let mut z = hash.rotate_left(29) ^ part.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// For hashes as keys of a map: they need no hashing again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AsItIs(u64);

impl std::hash::Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A map from hashes.
pub(crate) type ByHash<T> = HashMap<u64, T, std::hash::BuildHasherDefault<AsItIs>>;

/// A set of hashes.
pub(crate) type Hashes = HashSet<u64, std::hash::BuildHasherDefault<AsItIs>>;

/// Which rows of a piece lie on an edge.
pub(crate) fn on_edge(table: &Table, chunk: &Chunk, edges: &[Bound]) -> Vec<bool> {
    let Some(column) = table.key.first().and_then(|key| chunk.column(key)) else {
        return vec![true; chunk.rows];
    };
    let is_edge = |row: usize| match &column.data {
        Data::Int(values) => values.get(row).is_some_and(|v| edges.contains(&Bound::Int(*v))),
        Data::Text(texts) => {
            let value = texts.codes.get(row).map(|code| texts.value(*code)).unwrap_or_default();
            edges.iter().any(|edge| matches!(edge, Bound::Text(text) if text == value))
        }
        Data::Float(_) => true,
    };
    (0..chunk.rows).map(is_edge).collect()
}

/// Whether every row of a piece has a value of the first key column by which it is greater than the row before.
pub(crate) fn climbs(table: &Table, chunk: &Chunk) -> bool {
    table.key.first().and_then(|key| chunk.column(key)).is_some_and(is_climbing)
}

/// The rows of a piece that may have a key whose first part is among these, which are in order; none where they can only
/// be found one by one.
pub(crate) fn with_first(table: &Table, chunk: &Chunk, climbs: bool, firsts: &[Bound]) -> Option<Vec<u32>> {
    let column = table.key.first().and_then(|key| chunk.column(key))?;
    let found = match &column.data {
        Data::Int(values) if climbs || column.valid.is_none() && values.is_sorted() => {
            let order = |value: &i64, first: &Bound| Bound::Int(*value).cmp(first);
            in_order(values, firsts, order)
        }
        Data::Text(texts) if climbs => {
            let order = |code: &u32, first: &Bound| match first {
                Bound::Text(first) => texts.value(*code).cmp(first.as_slice()),
                Bound::Int(_) => Ordering::Greater,
            };
            in_order(&texts.codes, firsts, order)
        }
        _ => return None,
    };
    Some(found)
}

/// The places in a list of those that are among others; both are in order.
fn in_order<T>(values: &[T], wanted: &[Bound], order: impl Fn(&T, &Bound) -> Ordering) -> Vec<u32> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return Vec::new() };
    // A piece reaches over few of them.
    let from = wanted.partition_point(|wanted| order(first, wanted).is_gt());
    let to = wanted.partition_point(|wanted| order(last, wanted).is_ge());
    let mut places = Vec::new();
    for wanted in wanted.get(from..to).unwrap_or_default() {
        let range = values.partition_point(|value| order(value, wanted).is_lt())
            ..values.partition_point(|value| order(value, wanted).is_le());
        places.extend(range.map(|place| u32::try_from(place).unwrap_or(u32::MAX)));
    }
    places
}

/// The values of the first key column, each once and in order; none where they are many or not all there.
pub(crate) fn firsts(table: &Table, chunk: &Chunk) -> Option<Vec<Bound>> {
    const MOST: usize = 1 << 16;
    let column = table.key.first().and_then(|key| chunk.column(key))?;
    if chunk.rows > MOST || column.valid.is_some() {
        return None;
    }
    let mut firsts: Vec<Bound> = match &column.data {
        Data::Int(values) => values.iter().map(|value| Bound::Int(*value)).collect(),
        Data::Text(texts) => {
            texts.codes.iter().map(|code| Bound::Text(texts.value(*code).to_vec())).collect()
        }
        Data::Float(_) => return None,
    };
    firsts.sort_unstable();
    firsts.dedup();
    Some(firsts)
}

/// The rows of a piece that another row of it replaces. `climbs` is what [`climbs`] says of it.
pub(crate) fn repeated(
    table: &Table,
    chunk: &Chunk,
    climbs: bool,
    hashes: &mut Option<Vec<u64>>,
) -> Vec<u32> {
    let columns: Vec<&Column> = table.key.iter().filter_map(|key| chunk.column(key)).collect();
    if columns.len() < table.key.len() || columns.is_empty() || climbs || ascending(&columns, chunk.rows) {
        return Vec::new();
    }
    let hashes = hashes.get_or_insert_with(|| self::hashes(table, chunk));
    // Where the first column never falls, a key repeats only among rows with the same first value: a day, as a rule.
    let runs = match columns.first() {
        Some(first) if (1..chunk.rows).all(|row| order(first, row - 1, row).is_le()) => {
            runs_of(first, chunk.rows)
        }
        _ => std::iter::once(0..chunk.rows).collect(),
    };
    let longest = runs.iter().map(std::ops::Range::len).max().unwrap_or(0);
    let mut seen = Seen::new(longest);
    let mut out = Vec::new();
    for run in runs {
        seen.next_run();
        for row in run.rev() {
            let hash = hashes.get(row).copied().unwrap_or(0);
            if !seen.add(hash) {
                out.push(u32::try_from(row).unwrap_or(u32::MAX));
            }
        }
    }
    out
}

fn runs_of(column: &Column, rows: usize) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut from = 0;
    for row in 1..rows {
        if order(column, row - 1, row).is_ne() {
            runs.push(from..row);
            from = row;
        }
    }
    runs.push(from..rows);
    runs
}

/// Order of two rows by one column; without values first.
fn order(column: &Column, a: usize, b: usize) -> Ordering {
    let there = column.has(a).cmp(&column.has(b));
    if there.is_ne() || !column.has(a) {
        return there;
    }
    match &column.data {
        Data::Int(values) => values.get(a).cmp(&values.get(b)),
        Data::Float(values) => {
            let value = |row: usize| values.get(row).copied().unwrap_or(0.0);
            value(a).total_cmp(&value(b))
        }
        Data::Text(texts) => {
            let code = |row: usize| texts.codes.get(row).copied().unwrap_or(0);
            if code(a) == code(b) {
                return Ordering::Equal;
            }
            texts.value(code(a)).cmp(texts.value(code(b)))
        }
    }
}

/// Whether each row's key is greater than the one before: then none repeats.
fn ascending(columns: &[&Column], rows: usize) -> bool {
    (1..rows).all(|row| {
        columns
            .iter()
            .map(|column| order(column, row - 1, row))
            .find(|order| order.is_ne())
            .is_some_and(Ordering::is_lt)
    })
}

/// Whether every row has a value by which it is greater than the row before.
fn is_climbing(column: &Column) -> bool {
    match &column.data {
        _ if column.valid.is_some() => false,
        Data::Int(values) => values.is_sorted_by(|a, b| a < b),
        Data::Float(_) => false,
        Data::Text(texts) => {
            let mut values = texts.codes.iter().map(|code| texts.value(*code));
            let mut before = values.next();
            values.all(|value| before.replace(value).is_some_and(|before| before < value))
        }
    }
}

/// A set of hashes that forgets them at once at the start of a run.
struct Seen {
    slots: Vec<(u64, u32)>,
    run: u32,
}

impl Seen {
    fn new(longest: usize) -> Self {
        Self { slots: vec![(0, 0); (longest * 2).next_power_of_two().max(16)], run: 0 }
    }

    const fn next_run(&mut self) {
        self.run += 1;
    }

    /// Adds a hash; false where it is there.
    fn add(&mut self, hash: u64) -> bool {
        let mask = self.slots.len() - 1;
        let mut at = (hash as usize) & mask;
        loop {
            let Some(slot) = self.slots.get_mut(at) else { return true };
            if slot.1 != self.run {
                *slot = (hash, self.run);
                return true;
            }
            if slot.0 == hash {
                return false;
            }
            at = (at + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every wanted value of a list in order is found, at all its places, and nothing else.
        #[test]
        fn values_are_found_in_order(
            mut values in prop::collection::vec(0i64..60, 0..40),
            wanted in prop::collection::btree_set(-5i64..70, 0..30),
        ) {
            values.sort_unstable();
            let bounds: Vec<Bound> = wanted.iter().map(|value| Bound::Int(*value)).collect();
            let found = in_order(&values, &bounds, |value, wanted| Bound::Int(*value).cmp(wanted));
            let is_wanted = |place: &u32| wanted.contains(&values[*place as usize]);
            let expected: Vec<u32> = (0..values.len() as u32).filter(is_wanted).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
