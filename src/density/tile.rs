//! Counts of some cells in one piece of memory, and the sorted list of such pieces. Owns how a batch changes them: a
//! piece that a batch touches is made anew, all others stay shared with the pictures that hold them.

use std::sync::Arc;

/// A count: place of the cell in its piece and what is counted, then how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// `local << 16 | combo`.
    pub key: u32,
    /// How many; never 0.
    pub count: u32,
}

/// Counts of up to 64 cells, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tile {
    pub entries: Vec<Entry>,
}

/// A change of one count: `tile << 22 | local << 16 | combo`, then by how much.
pub(super) type Delta = (u64, i32);

pub(super) const fn delta_key(tile: u64, key: u32) -> u64 {
    (tile << 22) | key as u64
}

impl Tile {
    /// Counts of one cell.
    pub(super) fn of_cell(&self, local: u32) -> &[Entry] {
        let from = self.entries.partition_point(|e| e.key >> 16 < local);
        let rest = self.entries.get(from..).unwrap_or_default();
        let n = rest.partition_point(|e| e.key >> 16 == local);
        rest.get(..n).unwrap_or_default()
    }

    /// The same counts with changes, which are sorted.
    fn changed(&self, deltas: &[Delta]) -> Self {
        let mut entries = Vec::with_capacity(self.entries.len() + deltas.len());
        let mut old = self.entries.iter().peekable();
        let mut at = 0;
        while let Some((key, _)) = deltas.get(at) {
            let key = (key & 0x3F_FFFF) as u32;
            let mut by = 0_i64;
            while let Some((next, delta)) = deltas.get(at)
                && (next & 0x3F_FFFF) as u32 == key
            {
                by += i64::from(*delta);
                at += 1;
            }
            while let Some(entry) = old.next_if(|e| e.key < key) {
                entries.push(*entry);
            }
            let before = old.next_if(|e| e.key == key).map_or(0, |e| i64::from(e.count));
            let count = u32::try_from((before + by).max(0)).unwrap_or(u32::MAX);
            if count > 0 {
                entries.push(Entry { key, count });
            }
        }
        entries.extend(old.copied());
        entries.shrink_to_fit();
        Self { entries }
    }
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
    /// Counts from sorted keys (`tile << 22 | local << 16 | combo`), one per event.
    pub(super) fn counted(sorted: &[u64]) -> Self {
        let mut out = Self::default();
        for of_tile in sorted.chunk_by(|a, b| a >> 22 == b >> 22) {
            let entries = of_tile.chunk_by(|a, b| a == b).map(|same| Entry {
                key: same.first().map_or(0, |k| (k & 0x3F_FFFF) as u32),
                count: u32::try_from(same.len()).unwrap_or(u32::MAX),
            });
            let mut entries: Vec<Entry> = entries.collect();
            entries.shrink_to_fit();
            out.keys.push(of_tile.first().map_or(0, |k| k >> 22));
            out.pieces.push(Arc::new(Tile { entries }));
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
                (key, (!piece.entries.is_empty()).then(|| Arc::new(piece)))
            })
            .collect();
        self.replace(changes);
    }
}
