//! Counts of some cells in one piece of memory, and the sorted list of such pieces. Owns how a batch changes them: of a
//! piece that a batch touches what changed lately is made anew, all else stays shared with the pictures that hold it.

use std::sync::Arc;

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
        Self { base: Arc::new(entries), more: Vec::new() }
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
        Self { base: Arc::clone(&self.base), more }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.base.capacity() * size_of::<Entry>() + self.more.capacity() * size_of::<(u32, i64)>() + 88
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
