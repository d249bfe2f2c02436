//! Columns of the event book that grow row by row: instants, places and keys in few bytes. Owns their form; what is got is
//! what was pushed.

use std::collections::BTreeMap;

use crate::site::areas::LonLat;
use crate::snapshot::EpochSecs;
use crate::store::narrow::{Presence, millionths, of_millionths};

/// Instants in 4 bytes each where they lie in the years 1970 to 2106, as nearly all do. [`EpochSecs::MAX`] is never.
#[derive(Debug, Clone, Default)]
pub(super) struct Instants {
    near: Vec<u32>,
    far: BTreeMap<usize, EpochSecs>,
}

/// Stands for an instant that never comes.
const NEVER: u32 = u32::MAX;
/// Stands for one that lies elsewhere.
const FAR: u32 = NEVER - 1;

impl Instants {
    pub(super) fn push(&mut self, at: EpochSecs) {
        let near = u32::try_from(at).ok().filter(|near| *near < FAR);
        if near.is_none() && at != EpochSecs::MAX {
            self.far.insert(self.near.len(), at);
        }
        self.near.push(near.unwrap_or(if at == EpochSecs::MAX { NEVER } else { FAR }));
    }

    pub(super) fn get(&self, row: usize) -> Option<EpochSecs> {
        self.near.get(row).map(|near| self.told(row, *near))
    }

    fn told(&self, row: usize, near: u32) -> EpochSecs {
        match near {
            NEVER => EpochSecs::MAX,
            FAR => self.far.get(&row).copied().unwrap_or(EpochSecs::MAX),
            near => near.into(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = EpochSecs> {
        self.near.iter().enumerate().map(|(row, near)| self.told(row, *near))
    }

    pub(super) const fn len(&self) -> usize {
        self.near.len()
    }
}

/// Places of the rows that have one: in millionths of a degree as long as all are told in these, as most files have them.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    presence: Presence,
    near: Vec<[i32; 2]>,
    /// All of them, once one is told more exactly.
    exact: Vec<LonLat>,
}

impl Places {
    pub(super) fn push(&mut self, place: Option<LonLat>) {
        self.presence.push(place.is_some());
        let Some(place) = place else { return };
        match (in_millionths(place[0]), in_millionths(place[1])) {
            (Some(lon), Some(lat)) if self.exact.is_empty() => self.near.push([lon, lat]),
            _ => {
                let near = std::mem::take(&mut self.near);
                self.exact.extend(near.into_iter().map(degrees));
                self.exact.push(place);
            }
        }
    }

    pub(super) fn get(&self, row: usize) -> Option<LonLat> {
        let place = self.presence.place(row)?;
        self.near.get(place).copied().map(degrees).or_else(|| self.exact.get(place).copied())
    }
}

fn degrees([lon, lat]: [i32; 2]) -> LonLat {
    [of_millionths(lon.into()), of_millionths(lat.into())]
}

fn in_millionths(value: f64) -> Option<i32> {
    millionths(value)?.try_into().ok()
}

/// Keys of a block, each of which is told by what it has in common with the one before.
const BLOCK_IDS: usize = 16;
/// The most that two keys are said to have in common.
const MOST_SHARED: usize = 255;

/// Keys: those that count up differ by a character or two.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    /// Per key: bytes in common with the one before, further bytes (in sevens of bits), these.
    bytes: Vec<u8>,
    /// Where each block begins.
    blocks: Vec<u32>,
    rows: usize,
    last: Vec<u8>,
}

impl Ids {
    pub(super) fn push(&mut self, id: &str) {
        if self.rows.is_multiple_of(BLOCK_IDS) {
            self.blocks.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
            self.last.clear();
        }
        let alike = self.last.iter().zip(id.as_bytes()).take_while(|(a, b)| a == b);
        let shared = alike.take(MOST_SHARED).count();
        let rest = id.as_bytes().get(shared..).unwrap_or_default();
        self.bytes.push(shared as u8);
        let mut length = rest.len();
        while length >= 0x80 {
            self.bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.bytes.push(length as u8);
        self.bytes.extend_from_slice(rest);
        self.last.clear();
        self.last.extend_from_slice(id.as_bytes());
        self.rows += 1;
    }

    /// A key; empty beyond the last.
    pub(super) fn get(&self, row: usize) -> String {
        let from = self.blocks.get(row / BLOCK_IDS).map_or(usize::MAX, |from| *from as usize);
        let mut keys = Keys { left: self.bytes.get(from..).unwrap_or_default(), key: Vec::new() };
        (0..=row % BLOCK_IDS).for_each(|_| keys.step());
        String::from_utf8(keys.key).unwrap_or_default()
    }

    /// Goes over all keys in their order.
    pub(super) fn each(&self, mut visit: impl FnMut(&str)) {
        let mut keys = Keys { left: &self.bytes, key: Vec::new() };
        for _ in 0..self.rows {
            keys.step();
            visit(std::str::from_utf8(&keys.key).unwrap_or_default());
        }
    }
}

/// Keys that are read one after the other.
struct Keys<'a> {
    left: &'a [u8],
    key: Vec<u8>,
}

impl Keys<'_> {
    fn step(&mut self) {
        let mut byte = || {
            let (first, left) = self.left.split_first().unwrap_or((&0, &[]));
            self.left = left;
            *first
        };
        let shared = usize::from(byte());
        let (mut length, mut shift) = (0, 0);
        loop {
            let next = byte();
            length |= usize::from(next & 0x7f) << shift;
            shift += 7;
            if next < 0x80 || shift > 56 {
                break;
            }
        }
        let (rest, left) = self.left.split_at_checked(length).unwrap_or_default();
        self.key.truncate(shared);
        self.key.extend_from_slice(rest);
        self.left = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_got_is_what_was_pushed(
            rows in prop::collection::vec(
                (
                    prop_oneof![
                        any::<i64>(),
                        Just(i64::MAX),
                        -2..3_i64,
                        0xffff_fffc..0x1_0000_0002_i64,
                        1_700_000_000..1_800_000_000_i64,
                    ],
                    prop::option::of((-180.0..180.0, -90.0..90.0)),
                    "(E2[0-9]-)?[0-9a-fé]{0,3}(x{300})?",
                ),
                0..200,
            ),
            rounded in any::<bool>(),
        ) {
            let round = |value: f64| if rounded { (value * 1e6).round() / 1e6 } else { value };
            let (mut instants, mut places, mut ids) = (Instants::default(), Places::default(), Ids::default());
            for (at, place, id) in &rows {
                instants.push(*at);
                places.push(place.map(|(lon, lat)| [round(lon), round(lat)]));
                ids.push(id);
            }
            prop_assert_eq!(instants.len(), rows.len());
            prop_assert!(instants.iter().eq(rows.iter().map(|row| row.0)));
            for (row, (at, place, id)) in rows.iter().enumerate() {
                prop_assert_eq!(instants.get(row), Some(*at));
                prop_assert_eq!(places.get(row), place.map(|(lon, lat)| [round(lon), round(lat)]));
                prop_assert_eq!(&ids.get(row), id);
            }
            let mut each = Vec::new();
            ids.each(|id| each.push(id.to_owned()));
            prop_assert!(each.iter().eq(rows.iter().map(|row| &row.2)));
            prop_assert!(ids.get(rows.len().next_multiple_of(BLOCK_IDS)).is_empty());
            prop_assert!(instants.get(rows.len()).is_none() && places.get(rows.len()).is_none());
        }
    }
}
