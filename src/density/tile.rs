//! Counts of some cells in one piece of memory, and the sorted list of such pieces. Owns how a batch changes them: of a
//! piece that a batch touches what changed lately is made anew, all else stays shared with the pictures that hold it.

use std::sync::Arc;

use super::filter::Combo;
use super::grid::TILE_CELLS;

/// A count: place of the cell in its piece and what is counted, then how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// `local << 16 | combo`.
    pub key: u32,
    /// How many; never 0.
    pub count: u32,
}

/// Counts of up to 64 cells. Where they are many, most lie in a list that stays as it is while some beside it change: a
/// batch copies what it changed lately and not all that is counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Tile {
    /// Sorted.
    base: Arc<Vec<Entry>>,
    /// Sorted: keys, and by how much their counts are others by now; never 0.
    more: Vec<(u32, i64)>,
    /// Where there are many counts, those of each cell by phase and severity: what a map asks for most costs the cells of a
    /// piece then, and not the kinds and ages that there are.
    classes: Option<Box<Classes>>,
}

/// Counts of the cells of a piece.
type Classes = [[u32; Combo::CLASSES]; CELLS];

/// Cells of a piece.
const CELLS: usize = (TILE_CELLS * TILE_CELLS) as usize;

/// From so many counts on they are told by class as well.
const MANY: usize = CELLS * Combo::CLASSES;

/// Where a count stands among those by class.
fn class_of(classes: &mut Classes, key: u32) -> Option<&mut u32> {
    classes.get_mut((key >> 16) as usize)?.get_mut(Combo(key as u16).class())
}

/// A change of one count: `tile << 22 | local << 16 | combo`, then by how much.
pub(super) type Delta = (u64, i32);

pub(super) const fn delta_key(tile: u64, key: u32) -> u64 {
    (tile << 22) | key as u64
}

/// So few counts are made anew with every change.
const FEW: usize = 64;

impl Tile {
    fn of(mut entries: Vec<Entry>) -> Self {
        entries.shrink_to_fit();
        let classes = (entries.len() >= MANY).then(|| {
            let mut classes: Box<Classes> = Box::new([[0; Combo::CLASSES]; CELLS]);
            for entry in &entries {
                class_of(&mut classes, entry.key).into_iter().for_each(|sum| *sum += entry.count);
            }
            classes
        });
        Self { base: Arc::new(entries), more: Vec::new(), classes }
    }

    /// Its counts by cell, phase and severity, sorted by cell and told as of the first kind and young; none where its
    /// counts are few.
    pub(super) fn by_class(&self) -> Option<impl Iterator<Item = Entry>> {
        let of_cell = |(local, of_cell): (u32, &'_ [u32; Combo::CLASSES])| {
            let counts = *of_cell;
            (0..).zip(counts).map(move |(class, count)| Entry {
                key: local << 16 | u32::from(Combo::of_class(class).0),
                count,
            })
        };
        let entries = (0..).zip(&**self.classes.as_ref()?).flat_map(of_cell);
        Some(entries.filter(|entry| entry.count > 0))
    }

    /// Its counts, sorted.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        together(&self.base, &self.more)
    }

    /// Counts of one cell.
    pub(super) fn of_cell(&self, local: u32) -> impl Iterator<Item = Entry> {
        fn of_cell<T>(list: &[T], local: u32, key: impl Fn(&T) -> u32) -> &[T] {
            let from = list.partition_point(|one| key(one) >> 16 < local);
            let rest = list.get(from..).unwrap_or_default();
            rest.get(..rest.partition_point(|one| key(one) >> 16 == local)).unwrap_or_default()
        }
        together(of_cell(&self.base, local, |e| e.key), of_cell(&self.more, local, |(key, _)| *key))
    }

    fn is_empty(&self) -> bool {
        self.base.is_empty() && self.more.is_empty()
    }

    /// The same counts with changes, which are sorted.
    fn changed(&self, deltas: &[Delta]) -> Self {
        let mut more = Vec::with_capacity(self.more.len() + deltas.len());
        let mut old = self.more.iter().peekable();
        for same in deltas.chunk_by(|a, b| a.0 == b.0) {
            let key = same.first().map_or(0, |(key, _)| (key & 0x3F_FFFF) as u32);
            while let Some(before) = old.next_if(|(k, _)| *k < key) {
                more.push(*before);
            }
            let before = old.next_if(|(k, _)| *k == key).map_or(0, |(_, by)| *by);
            let by = before + same.iter().map(|(_, by)| i64::from(*by)).sum::<i64>();
            if by != 0 {
                more.push((key, by));
            }
        }
        more.extend(old);
        // Least is copied in the long run where what changed is about the root of what is counted.
        if self.base.len() <= FEW || more.len() * more.len() > 2 * self.base.len() {
            return Self::of(together(&self.base, &more).collect());
        }
        let mut classes = self.classes.clone();
        for (key, by) in deltas {
            let sum = classes.as_mut().and_then(|classes| class_of(classes, (key & 0x3F_FFFF) as u32));
            // What comes may stand behind what goes of the same batch: it may be less than none in between.
            sum.into_iter().for_each(|sum| *sum = sum.wrapping_add_signed(*by));
        }
        Self { base: Arc::clone(&self.base), more, classes }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.base.capacity() * size_of::<Entry>()
            + self.more.capacity() * size_of::<(u32, i64)>()
            + self.classes.as_ref().map_or(0, |_| size_of::<Classes>())
            + 96
    }
}

/// Sorted counts with sorted changes of them; none of nothing.
fn together(base: &[Entry], more: &[(u32, i64)]) -> impl Iterator<Item = Entry> {
    // Most often there is no change, and nothing to compare.
    let (plain, base) = if more.is_empty() { (base, &[][..]) } else { (&[][..], base) };
    let (mut base, mut more) = (base.iter().peekable(), more.iter().peekable());
    let mixed = std::iter::from_fn(move || {
        loop {
            let key = match (base.peek(), more.peek()) {
                (Some(entry), Some((key, _))) => entry.key.min(*key),
                (Some(entry), None) => entry.key,
                (None, Some((key, _))) => *key,
                (None, None) => return None,
            };
            let before = base.next_if(|entry| entry.key == key).map_or(0, |entry| i64::from(entry.count));
            let by = more.next_if(|(k, _)| *k == key).map_or(0, |(_, by)| *by);
            let count = u32::try_from((before + by).max(0)).unwrap_or(u32::MAX);
            if count > 0 {
                return Some(Entry { key, count });
            }
        }
    });
    plain.iter().copied().chain(mixed)
}

/// Pieces by their keys.
#[derive(Debug, Clone)]
pub(super) struct Directory<T> {
    pub keys: Vec<u64>,
    pub pieces: Vec<Arc<T>>,
}

impl<T> Default for Directory<T> {
    fn default() -> Self {
        Self { keys: Vec::new(), pieces: Vec::new() }
    }
}

impl<T> Directory<T> {
    /// One piece.
    pub(super) fn get(&self, key: u64) -> Option<&Arc<T>> {
        self.keys.binary_search(&key).ok().and_then(|at| self.pieces.get(at))
    }

    /// The pieces with keys in a span, both ends within.
    pub(super) fn span(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, &Arc<T>)> {
        let first = self.keys.partition_point(|k| *k < from);
        let last = self.keys.partition_point(|k| *k <= to);
        let keys = self.keys.get(first..last).unwrap_or_default();
        let pieces = self.pieces.get(first..last).unwrap_or_default();
        keys.iter().copied().zip(pieces)
    }

    /// Puts pieces in the place of those with the same keys; `None` takes one out. Changes are sorted by key.
    pub(super) fn replace(&mut self, changes: Vec<(u64, Option<Arc<T>>)>) {
        let known = |key: &u64| self.keys.binary_search(key);
        if changes.iter().all(|(key, piece)| piece.is_some() && known(key).is_ok()) {
            for (key, piece) in changes {
                if let (Ok(at), Some(piece)) = (self.keys.binary_search(&key), piece)
                    && let Some(slot) = self.pieces.get_mut(at)
                {
                    *slot = piece;
                }
            }
            return;
        }
        let old = std::mem::take(self);
        let mut old = old.keys.into_iter().zip(old.pieces).peekable();
        for (key, piece) in changes {
            while let Some((k, p)) = old.next_if(|(k, _)| *k < key) {
                self.keys.push(k);
                self.pieces.push(p);
            }
            old.next_if(|(k, _)| *k == key);
            if let Some(piece) = piece {
                self.keys.push(key);
                self.pieces.push(piece);
            }
        }
        for (k, p) in old {
            self.keys.push(k);
            self.pieces.push(p);
        }
    }
}

impl Directory<Tile> {
    /// Of counts by key (`tile << 22 | local << 16 | combo`), in any order and a key any number of times.
    pub(super) fn counted(mut counts: Vec<(u64, u32)>) -> Self {
        counts.sort_unstable();
        let mut out = Self::default();
        for of_tile in counts.chunk_by(|a, b| a.0 >> 22 == b.0 >> 22) {
            let entries = of_tile.chunk_by(|a, b| a.0 == b.0).map(|same| Entry {
                key: same.first().map_or(0, |(key, _)| (key & 0x3F_FFFF) as u32),
                count: same.iter().fold(0, |sum: u32, (_, count)| sum.saturating_add(*count)),
            });
            out.keys.push(of_tile.first().map_or(0, |(key, _)| key >> 22));
            out.pieces.push(Arc::new(Tile::of(entries.collect())));
        }
        out
    }

    /// Applies changes, which are sorted.
    pub(super) fn change(&mut self, deltas: &[Delta]) {
        let changes = deltas
            .chunk_by(|a, b| a.0 >> 22 == b.0 >> 22)
            .map(|of_tile| {
                let key = of_tile.first().map_or(0, |d| d.0 >> 22);
                let piece = match self.get(key) {
                    Some(old) => old.changed(of_tile),
                    None => Tile::default().changed(of_tile),
                };
                (key, (!piece.is_empty()).then(|| Arc::new(piece)))
            })
            .collect();
        self.replace(changes);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn by_class(counts: impl Iterator<Item = Entry>) -> BTreeMap<u32, u32> {
        let mut out = BTreeMap::new();
        for Entry { key, count } in counts {
            let class = Combo::of_class(Combo(key as u16).class() as u16);
            *out.entry(key >> 16 << 16 | u32::from(class.0)).or_default() += count;
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn many_counts_are_told_by_class_whatever_changes(
            first in prop::collection::btree_map(0_u32..64 << 16, 1_u32..9, 700..1500),
            batches in prop::collection::vec(prop::collection::vec((0_usize..900, 0_u32..64 << 16, -3_i32..4), 1..40), 1..12),
        ) {
            let mut plain = first;
            let entries = plain.iter().map(|(key, count)| Entry { key: *key, count: *count });
            let mut tile = Tile::of(entries.collect());
            prop_assert!(tile.by_class().is_some());
            for batch in batches {
                let mut deltas: Vec<Delta> = Vec::new();
                for (known, new, by) in batch {
                    // Half of what changes is known.
                    let key = plain.keys().nth(known).copied().filter(|_| by % 2 == 0).unwrap_or(new);
                    let count = plain.entry(key).or_default();
                    let by = by.max(-i32::try_from(*count).unwrap_or(0));
                    *count = count.saturating_add_signed(by);
                    deltas.push((delta_key(7, key), by));
                }
                plain.retain(|_, count| *count > 0);
                deltas.sort_unstable();
                tile = tile.changed(&deltas);
                let entries = || plain.iter().map(|(key, count)| Entry { key: *key, count: *count });
                prop_assert!(tile.entries().eq(entries()));
                // Where enough went away they are few by now.
                let Some(told) = tile.by_class() else { continue };
                let told: Vec<Entry> = told.collect();
                prop_assert!(told.is_sorted_by_key(|entry| entry.key >> 16));
                prop_assert_eq!(by_class(told.into_iter()), by_class(entries()));
            }
        }
    }
}
