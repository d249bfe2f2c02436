//! Rows of one measure in order of time, for spans that are exact to the second and for what is not additive. Owns
//! their order; kept in shared pieces, so that a change copies one piece and not the history.

use std::sync::Arc;

use crate::snapshot::EpochSecs;

/// One kept row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// When.
    pub secs: EpochSecs,
    /// Where.
    pub area: u32,
    /// Its number, or the place of its value in a list of values.
    pub value: f64,
}

/// A row as it is kept. Instants fit in 32 bits: the door refuses those before 1970 and after 2099.
trait Packed: Copy + PartialEq {
    fn secs(self) -> u32;
    fn row(self) -> Row;
}

/// A row in 8 bytes: instant, area and a small whole number, as nearly all are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Small(u64);

impl Small {
    /// None where area or value need more room.
    fn new(row: Row) -> Option<Self> {
        let area = u16::try_from(row.area).ok()?;
        let whole = row.value.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&row.value);
        // Minus zero is no zero that reads back the same.
        let value = if whole && row.value.is_sign_positive() { row.value as u16 } else { return None };
        Some(Self(u64::from(place(row.secs)) << 32 | u64::from(area) << 16 | u64::from(value)))
    }
}

impl Packed for Small {
    fn secs(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn row(self) -> Row {
        let area = (self.0 >> 16) as u16;
        Row { secs: self.secs().into(), area: area.into(), value: f64::from(self.0 as u16) }
    }
}

/// Any other row, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wide {
    secs: u32,
    area: u32,
    value: f64,
}

impl Wide {
    fn new(row: Row) -> Self {
        Self { secs: place(row.secs), area: row.area, value: row.value }
    }
}

impl Packed for Wide {
    fn secs(self) -> u32 {
        self.secs
    }

    fn row(self) -> Row {
        Row { secs: EpochSecs::from(self.secs), area: self.area, value: self.value }
    }
}

/// An instant as it is kept; what lies outside is the first or the last instant there is.
fn place(secs: EpochSecs) -> u32 {
    u32::try_from(secs.max(0)).unwrap_or(u32::MAX)
}

/// Rows by instant.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    small: Pieces<Small>,
    wide: Pieces<Wide>,
}

impl Rows {
    /// Adds a row while loading; [`Rows::finish`] sorts.
    pub fn load(&mut self, row: Row) {
        match Small::new(row) {
            Some(row) => self.small.load(row),
            None => self.wide.load(Wide::new(row)),
        }
    }

    /// Adds the rows of another list while both load; `value` turns their values into this list's, where it does
    /// anything.
    pub fn extend(&mut self, more: Self, value: Option<&dyn Fn(f64) -> f64>) {
        if let Some(value) = value {
            let small = more.small.loading.iter().map(|row| row.row());
            for row in small.chain(more.wide.loading.iter().map(|row| row.row())) {
                self.load(Row { value: value(row.value), ..row });
            }
            return;
        }
        self.small.extend(more.small);
        self.wide.extend(more.wide);
    }

    /// Sorts by time. Call once, after loading.
    pub fn finish(&mut self) {
        // Instants are the highest bits.
        self.small.loading.sort_unstable();
        self.small.finish();
        self.wide.loading.sort_by_key(|row| row.secs);
        self.wide.finish();
    }

    /// Adds or takes back one row after loading.
    pub fn change(&mut self, row: Row, sign: i8) {
        match Small::new(row) {
            Some(row) => self.small.change(row, sign),
            None => self.wide.change(Wide::new(row), sign),
        }
    }

    /// Rows from one instant to another, both included; first the small, then the others, each in order.
    pub fn between(&self, from: EpochSecs, to: EpochSecs) -> impl Iterator<Item = Row> {
        self.small.between(from, to).chain(self.wide.between(from, to))
    }
}

/// Rows of one form.
#[derive(Debug, Clone)]
struct Pieces<T> {
    /// While loading: everything, in any order.
    loading: Vec<T>,
    /// Afterwards: pieces in order, none empty.
    pieces: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { loading: Vec::new(), pieces: Vec::new() }
    }
}

/// Rows of a piece when it is made; a piece that grows to twice as many is split.
const PIECE_ROWS: usize = 2048;

impl<T: Packed> Pieces<T> {
    /// Grows by a quarter and not to the double: of a large table these lists are most of the memory.
    fn load(&mut self, row: T) {
        if self.loading.len() == self.loading.capacity() {
            self.loading.reserve_exact(self.loading.len() / 4 + PIECE_ROWS);
        }
        self.loading.push(row);
    }

    fn extend(&mut self, more: Self) {
        if self.loading.is_empty() {
            self.loading = more.loading;
        } else {
            self.loading.reserve_exact(more.loading.len());
            self.loading.extend(more.loading);
        }
    }

    fn finish(&mut self) {
        let rows = std::mem::take(&mut self.loading);
        self.pieces = rows.chunks(PIECE_ROWS).map(|piece| Arc::new(piece.to_vec())).collect();
    }

    fn change(&mut self, row: T, sign: i8) {
        let first = self.first_piece_reaching(row.secs());
        if sign > 0 {
            self.insert(first, row);
            return;
        }
        for index in first..self.pieces.len() {
            let Some(piece) = self.pieces.get_mut(index) else {
                return;
            };
            if piece.first().is_some_and(|r| r.secs() > row.secs()) {
                return;
            }
            if let Some(place) = piece.iter().position(|r| *r == row) {
                Arc::make_mut(piece).remove(place);
                if piece.is_empty() {
                    self.pieces.remove(index);
                }
                return;
            }
        }
    }

    fn insert(&mut self, first: usize, row: T) {
        let index = first.min(self.pieces.len().saturating_sub(1));
        let Some(piece) = self.pieces.get_mut(index) else {
            self.pieces.push(Arc::new(vec![row]));
            return;
        };
        let piece = Arc::make_mut(piece);
        piece.insert(piece.partition_point(|r| r.secs() <= row.secs()), row);
        if piece.len() >= 2 * PIECE_ROWS {
            let later = piece.split_off(PIECE_ROWS);
            self.pieces.insert(index + 1, Arc::new(later));
        }
    }

    /// The first piece whose last row is not before an instant.
    fn first_piece_reaching(&self, secs: u32) -> usize {
        self.pieces.partition_point(|piece| piece.last().is_some_and(|r| r.secs() < secs))
    }

    fn between(&self, from: EpochSecs, to: EpochSecs) -> impl Iterator<Item = Row> {
        let nothing = to < from || to < 0;
        let (from, to) = (place(from), place(to));
        self.pieces
            .iter()
            .skip(self.first_piece_reaching(from))
            .take_while(move |piece| !nothing && piece.first().is_some_and(|r| r.secs() <= to))
            .flat_map(move |piece| {
                let low = piece.partition_point(|r| r.secs() < from);
                let high = piece.partition_point(|r| r.secs() <= to);
                piece.get(low..high).unwrap_or(&[]).iter().map(|r| r.row())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_a_sorted_list(
            loaded in prop::collection::vec((0i64..500, 0u32..3), 0..6000),
            changes in prop::collection::vec((0i64..500, 0u32..3, any::<bool>()), 0..400),
            from in -10i64..510,
            length in 0i64..200,
        ) {
            // Every third row has a value that needs more room.
            let row = |(secs, area): (i64, u32)| {
                Row { secs, area, value: if area == 2 { 0.25 } else { 1.0 } }
            };
            let mut rows = Rows::default();
            let mut plain: Vec<Row> = loaded.into_iter().map(row).collect();
            plain.iter().for_each(|r| rows.load(*r));
            rows.finish();
            for (secs, area, add) in changes {
                let changed = row((secs, area));
                if add {
                    plain.push(changed);
                    rows.change(changed, 1);
                } else if let Some(at) = plain.iter().position(|r| *r == changed) {
                    plain.swap_remove(at);
                    rows.change(changed, -1);
                }
            }
            let key = |r: Row| (r.secs, r.area);
            let mut expected: Vec<_> =
                plain.iter().copied().filter(|r| (from..=from + length).contains(&r.secs)).map(key).collect();
            let found: Vec<_> = rows.between(from, from + length).map(key).collect();
            let split = found.iter().position(|(_, area)| *area == 2).unwrap_or(found.len());
            prop_assert!(found[..split].is_sorted_by_key(|(secs, _)| *secs));
            prop_assert!(found[split..].is_sorted_by_key(|(secs, _)| *secs));
            let mut found = found;
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
