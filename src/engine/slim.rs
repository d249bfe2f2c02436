//! Columns of the event book that grow row by row: instants and places in few bytes. Owns their form; what is got is what
//! was pushed.

use std::collections::BTreeMap;

use crate::site::areas::LonLat;
use crate::snapshot::EpochSecs;
use crate::store::narrow::Presence;

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

/// Places of the rows that have one.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    presence: Presence,
    places: Vec<LonLat>,
}

impl Places {
    pub(super) fn push(&mut self, place: Option<LonLat>) {
        self.presence.push(place.is_some());
        self.places.extend(place);
    }

    pub(super) fn get(&self, row: usize) -> Option<LonLat> {
        self.places.get(self.presence.place(row)?).copied()
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
                ),
                0..200,
            ),
        ) {
            let (mut instants, mut places) = (Instants::default(), Places::default());
            for (at, place) in &rows {
                instants.push(*at);
                places.push(place.map(|(lon, lat)| [lon, lat]));
            }
            prop_assert_eq!(instants.len(), rows.len());
            prop_assert!(instants.iter().eq(rows.iter().map(|row| row.0)));
            for (row, (at, place)) in rows.iter().enumerate() {
                prop_assert_eq!(instants.get(row), Some(*at));
                prop_assert_eq!(places.get(row), place.map(|(lon, lat)| [lon, lat]));
            }
            prop_assert!(instants.get(rows.len()).is_none() && places.get(rows.len()).is_none());
        }
    }
}
