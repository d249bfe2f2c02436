//! The cells while events come and go: what the engine's thread holds. Owns exactness: an event is taken back as it was
//! counted before it is counted anew, and moves to the next class of age when its time has come.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::cells::EventCells;
use super::filter::{AGES_SECS, Combo, MOST_KINDS, age_class, is_of_age};
use super::first::{Built, Sorter, build, finest, key_of};
use super::grid::{FINEST, Spot, World};
use super::leaf::{Collected, Leaf};
use super::tile::Delta;
use crate::snapshot::EpochSecs;
use crate::workers::{share_out, threads};

/// The cells, and the events that are still in a class of age that ends: as they are counted, by when they began.
#[derive(Debug, Clone, Default)]
pub struct Pyramid {
    cells: EventCells,
    young: Young,
}

/// Events in a class of age that ends.
pub(super) type Young = BTreeMap<(EpochSecs, Box<str>), (Spot, Combo)>;

/// So few events that other threads would cost more than they bring.
const FEW: usize = 20_000;

/// An event that is about to be replaced: where it stood, and when it began.
pub type Old = ([f64; 2], EpochSecs);

/// What is counted more or less: a place, as what, by how much.
type Signed = (Spot, Combo, i32);

impl Pyramid {
    /// Counts events for the first time. `kinds` are the kinds of objects in the order that events are collected with,
    /// `coarsest` the first level that a map can ask for; ages are told at `now_secs`.
    #[must_use]
    pub fn new(kinds: &[String], coarsest: u8, events: &Collected, now_secs: EpochSecs) -> Self {
        Self::of(kinds, coarsest, (1, events.len()), |_, sorter| sorter.take(events), now_secs)
    }

    /// The same of so many parts with so many events in all; `fill` brings those of a part, on any thread.
    pub fn of(
        kinds: &[String],
        coarsest: u8,
        (parts, events): (usize, usize),
        fill: impl Fn(usize, &mut Sorter) + Sync,
        now_secs: EpochSecs,
    ) -> Self {
        let kinds = kinds.iter().take(MOST_KINDS).map(|kind| Arc::from(kind.as_str())).collect();
        let coarsest = coarsest.min(FINEST - 1);
        let threads = if events < FEW { 1 } else { threads() };
        let begin = || Sorter::new(now_secs);
        let sorted = share_out(threads, 0..parts, begin, |sorter, part| fill(part, sorter));
        let Built { levels, leaves, totals, young } = build(coarsest, sorted, threads);
        let cells = EventCells { kinds, coarsest, levels, leaves, now_secs, totals };
        Self { cells, young }
    }

    /// The cells as they are now; a copy shares everything until a batch changes it.
    #[must_use]
    pub const fn cells(&self) -> &EventCells {
        &self.cells
    }

    /// Takes back the events with these keys that are among the old ones, and counts others. Costs what the batch
    /// touches.
    pub fn change(&mut self, old: &[Old], ids: &HashSet<&str>, added: &Collected) {
        let now_secs = self.cells.now_secs;
        let mut gone: Vec<(u64, u32, Spot, EpochSecs)> = old
            .iter()
            .filter_map(|(place, opened_secs)| {
                let spot = Spot::of(*place)?;
                let (tile, local) = finest(spot);
                Some((tile, local, spot, *opened_secs))
            })
            .collect();
        gone.sort_unstable();
        gone.dedup();
        let mut come: Vec<(u64, u32, usize)> = (0..)
            .zip(&added.points)
            .map(|(at, point)| {
                let (tile, local) = finest(point.spot);
                (tile, local, at)
            })
            .collect();
        come.sort_unstable();
        let mut tiles: Vec<u64> = gone.iter().map(|g| g.0).chain(come.iter().map(|c| c.0)).collect();
        tiles.sort_unstable();
        tiles.dedup();
        let mut signed: Vec<Signed> = Vec::with_capacity(gone.len() + come.len());
        let mut changes = Vec::with_capacity(tiles.len());
        let (mut gone, mut come) = (gone.into_iter().peekable(), come.into_iter().peekable());
        for tile in tiles {
            let known = self.cells.leaves.get(tile);
            let mut leaf = known.map(|leaf| Leaf::clone(leaf)).unwrap_or_default();
            while let Some((_, local, spot, opened_secs)) = gone.next_if(|g| g.0 == tile) {
                let young = &mut self.young;
                leaf.remove(
                    local,
                    (spot, opened_secs),
                    |id| ids.contains(id),
                    |point, id| {
                        let combo = point.combo.at_age(age_class(now_secs, opened_secs));
                        signed.push((spot, combo, -1));
                        young.remove(&(opened_secs, id.into()));
                    },
                );
            }
            while let Some((_, local, at)) = come.next_if(|c| c.0 == tile) {
                let Some(point) = added.points.get(at) else { continue };
                leaf.insert(local, point, added.id(at));
            }
            changes.push((tile, (!leaf.is_empty()).then(|| Arc::new(leaf))));
        }
        Arc::make_mut(&mut self.cells.leaves).replace(changes);
        for (at, point) in added.points.iter().enumerate() {
            let combo = point.combo.at_age(age_class(now_secs, point.opened_secs));
            signed.push((point.spot, combo, 1));
            if !is_of_age(now_secs, point.opened_secs) {
                self.young.insert((point.opened_secs, added.id(at).into()), (point.spot, combo));
            }
        }
        self.count(&signed);
    }

    /// Moves events on to the class of age they are in at an instant. Time only goes on: an earlier instant changes
    /// nothing.
    pub fn advance(&mut self, now_secs: EpochSecs) {
        if now_secs <= self.cells.now_secs {
            return;
        }
        let before = std::mem::replace(&mut self.cells.now_secs, now_secs);
        let empty = || Box::<str>::from("");
        let mut signed: Vec<Signed> = Vec::new();
        // The oldest first, so that an event that skips a class is met once.
        let mut until = EpochSecs::MIN;
        for end in AGES_SECS.into_iter().rev() {
            let from = until.max(before - end);
            until = now_secs - end;
            let span = (from, empty())..(until.max(from), empty());
            for ((opened_secs, _), (spot, combo)) in self.young.range_mut(span) {
                let aged = combo.at_age(age_class(now_secs, *opened_secs));
                signed.extend([(*spot, *combo, -1), (*spot, aged, 1)]);
                *combo = aged;
            }
        }
        while self.young.first_key_value().is_some_and(|((opened, _), _)| is_of_age(now_secs, *opened)) {
            self.young.pop_first();
        }
        self.count(&signed);
    }

    /// Counts more and less at every level.
    fn count(&mut self, signed: &[Signed]) {
        if signed.is_empty() {
            return;
        }
        let mut placed: Vec<(World, Combo, i32)> =
            signed.iter().map(|(spot, combo, by)| (spot.world(), *combo, *by)).collect();
        // In the order of the finest cells the keys of coarser levels are nearly sorted, which sorts faster.
        placed.sort_by_cached_key(|(place, combo, _)| key_of(FINEST, *place, *combo));
        let mut deltas: Vec<Delta> = Vec::with_capacity(placed.len());
        for (level, directory) in (self.cells.coarsest..).zip(&mut self.cells.levels) {
            deltas.clear();
            deltas.extend(placed.iter().map(|(place, combo, by)| (key_of(level, *place, *combo), *by)));
            deltas.sort_unstable();
            Arc::make_mut(directory).change(&deltas);
        }
        for (_, combo, by) in signed {
            let totals = &mut self.cells.totals;
            match totals.binary_search_by_key(combo, |(known, _)| *known) {
                Ok(at) => {
                    if let Some((_, count)) = totals.get_mut(at) {
                        *count = count.saturating_add_signed(i64::from(*by));
                    }
                }
                Err(at) => totals.insert(at, (*combo, u64::from(*by > 0))),
            }
        }
        self.cells.totals.retain(|(_, count)| *count > 0);
    }
}
