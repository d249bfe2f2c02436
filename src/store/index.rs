//! Which row has a key, among rows that do not change: a table of row numbers beside the hashes of the keys. Owns the
//! look-up; knows no row.

use crate::workers::{each, threads};

/// Hashes of a piece's keys by row, and its rows that another one replaces, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct PieceKeys {
    /// Per row.
    pub(crate) hashes: Vec<u64>,
    /// Rows that are nobody's any more.
    pub(crate) gone: Vec<u32>,
}

/// Rows of pieces by the hashes of their keys. 4 bytes a row and as much room again, beside the hashes.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyIndex {
    pieces: Vec<PieceKeys>,
    /// The first row of each piece, counted over all.
    starts: Vec<u32>,
    /// By the upper bits of the hash: the number of a row over all, and one; 0 where there is none. A power of two of them.
    parts: Vec<Vec<u32>>,
}

/// The upper bits of a hash that say which part it is in, where rows are many.
const PART_BITS: u32 = 4;
/// So many rows are: parts are made side by side, and what is touched at a time is smaller.
const MANY: usize = 1 << 20;

/// The part of a hash, of so many.
fn part_of(hash: u64, parts: usize) -> usize {
    if parts > 1 { (hash >> (u64::BITS - PART_BITS)) as usize } else { 0 }
}

impl KeyIndex {
    /// Of some pieces, an earlier one first: of rows with one key the last counts.
    pub(crate) fn new(pieces: Vec<PieceKeys>) -> Self {
        let mut starts = Vec::with_capacity(pieces.len());
        let mut rows = 0_usize;
        for piece in &pieces {
            starts.push(u32::try_from(rows).unwrap_or(u32::MAX));
            rows += piece.hashes.len();
        }
        let is_many = rows >= MANY;
        Self::of_parts(pieces, starts, if is_many { 1 << PART_BITS } else { 1 })
    }

    fn of_parts(pieces: Vec<PieceKeys>, starts: Vec<u32>, parts: usize) -> Self {
        let mut rows = vec![0_usize; parts];
        for hash in pieces.iter().flat_map(|piece| &piece.hashes) {
            if let Some(rows) = rows.get_mut(part_of(*hash, parts)) {
                *rows += 1;
            }
        }
        let threads = if parts > 1 { threads() } else { 1 };
        let made = each(threads, rows.into_iter().enumerate(), |(part, rows)| {
            // At most three of four are taken.
            let mut slots = vec![0; (rows + rows / 3 + 1).next_power_of_two()];
            for piece in 0..pieces.len() {
                add(&pieces, &starts, piece, &mut slots, |hash| part_of(hash, parts) == part);
            }
            slots
        });
        Self { pieces, starts, parts: made }
    }

    /// Piece and row of a key.
    pub(crate) fn get(&self, hash: u64) -> Option<(usize, u32)> {
        let is_it = |number| hash_of(&self.pieces, &self.starts, number) == Some(hash);
        let slots = self.parts.get(part_of(hash, self.parts.len()))?;
        let number = slots.get(slot_of(slots, hash, is_it))?.checked_sub(1)?;
        place(&self.starts, number)
    }
}

/// Puts the rows of a piece that a part takes into its slots.
fn add(pieces: &[PieceKeys], starts: &[u32], piece: usize, slots: &mut [u32], takes: impl Fn(u64) -> bool) {
    let (Some(own), Some(start)) = (pieces.get(piece), starts.get(piece)) else { return };
    let mut gone = own.gone.iter().peekable();
    for (row, hash) in (0_u32..).zip(&own.hashes) {
        if gone.next_if(|gone| **gone == row).is_some() || !takes(*hash) {
            continue;
        }
        let at = slot_of(slots, *hash, |number| hash_of(pieces, starts, number) == Some(*hash));
        if let Some(slot) = slots.get_mut(at) {
            *slot = start.saturating_add(row).saturating_add(1);
        }
    }
}

/// The slot of a hash: where `is_it` says so of the row there, else the free one where it belongs.
fn slot_of(slots: &[u32], hash: u64, is_it: impl Fn(u32) -> bool) -> usize {
    let mask = slots.len().wrapping_sub(1);
    // The upper bits are as good as any.
    let mut at = (hash >> 32) as usize & mask;
    // Slots are never all taken.
    while let Some(number) = slots.get(at).and_then(|slot| slot.checked_sub(1))
        && !is_it(number)
    {
        at = (at + 1) & mask;
    }
    at
}

fn place(starts: &[u32], number: u32) -> Option<(usize, u32)> {
    let piece = starts.partition_point(|start| *start <= number).checked_sub(1)?;
    Some((piece, number - starts.get(piece)?))
}

fn hash_of(pieces: &[PieceKeys], starts: &[u32], number: u32) -> Option<u64> {
    let (piece, row) = place(starts, number)?;
    pieces.get(piece)?.hashes.get(row as usize).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(
            pieces in prop::collection::vec(prop::collection::vec((0_u64..200, any::<bool>()), 0..60), 0..6),
            spread in any::<bool>(),
        ) {
            // Near to each other as well as all over the table.
            let hash = |key: u64| if spread { key.wrapping_mul(0x9e37_79b9_7f4a_7c15) } else { key };
            let mut expected = HashMap::new();
            let mut keys = Vec::new();
            for (piece, rows) in pieces.iter().enumerate() {
                let mut own = PieceKeys::default();
                for (row, (key, gone)) in (0_u32..).zip(rows) {
                    own.hashes.push(hash(*key));
                    if *gone {
                        own.gone.push(row);
                    } else {
                        expected.insert(hash(*key), (piece, row));
                    }
                }
                keys.push(own);
            }
            let index = KeyIndex::new(keys.clone());
            let parted = KeyIndex::of_parts(keys, index.starts.clone(), 1 << PART_BITS);
            for key in 0..210 {
                let found = expected.get(&hash(key)).copied();
                prop_assert_eq!((index.get(hash(key)), parted.get(hash(key))), (found, found));
            }
        }
    }
}
