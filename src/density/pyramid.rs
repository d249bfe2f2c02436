//! The cells while events come and go: what the engine's thread holds. Owns exactness: an event is taken back as it was
//! counted before it is counted anew, and moves to the next class of age when its time has come.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::cells::EventCells;
use super::filter::{AGES_SECS, Combo, MOST_KINDS, age_class};
use super::grid::{FINEST, Spot, World, cell, local_of, tile_of};
use super::leaf::{Collected, Leaf, Point};
use super::tile::{Delta, Directory, delta_key};
use crate::snapshot::EpochSecs;

/// The cells, and the events that are still in a class of age that ends.
#[derive(Debug, Clone, Default)]
pub struct Pyramid {
    cells: EventCells,
    young: BTreeMap<(EpochSecs, Box<str>), Spot>,
    now_secs: EpochSecs,
}

fn key_of(level: u8, place: World, combo: Combo) -> u64 {
    let cell = cell(level, place);
    delta_key(tile_of(cell), (local_of(cell) << 16) | u32::from(combo.0))
}

impl Pyramid {
    /// Counts events for the first time. `kinds` are the kinds of objects in the order that events are collected with,
    /// `coarsest` the first level that a map can ask for; ages are told at `now_secs`.
    #[must_use]
    pub fn new(kinds: &[String], coarsest: u8, events: &Collected, now_secs: EpochSecs) -> Self {
        let kinds = kinds.iter().take(MOST_KINDS).map(|kind| Arc::from(kind.as_str())).collect();
        let coarsest = coarsest.min(FINEST - 1);
        let mut young = BTreeMap::new();
        let mut points = events.points.clone();
        let week = AGES_SECS.iter().max().copied().unwrap_or(0);
        let mut totals: BTreeMap<Combo, u64> = BTreeMap::new();
        for (at, point) in points.iter_mut().enumerate() {
            point.combo = point.combo.at_age(age_class(now_secs, point.opened_secs));
            *totals.entry(point.combo).or_default() += 1;
            if now_secs - point.opened_secs <= week {
                young.insert((point.opened_secs, events.id(at).into()), point.spot);
            }
        }
        let places: Vec<World> = points.iter().map(|p| p.spot.world()).collect();
        let mut order: Vec<(u64, u32)> = (0_u32..)
            .zip(places.iter().zip(&points))
            .map(|(at, (place, point))| (key_of(FINEST, *place, point.combo), at))
            .collect();
        order.sort_unstable();
        let mut leaves = Directory::default();
        for of_tile in order.chunk_by(|a, b| a.0 >> 22 == b.0 >> 22) {
            let mut leaf = Leaf::with_room(of_tile.len());
            for (key, at) in of_tile {
                if let Some(point) = points.get(*at as usize) {
                    leaf.push((key & 0x3F_FFFF) as u32, point, events.id(*at as usize));
                }
            }
            leaf.shrink();
            leaves.keys.push(of_tile.first().map_or(0, |(key, _)| key >> 22));
            leaves.pieces.push(Arc::new(leaf));
        }
        // In the order of the finest cells the keys of coarser levels are nearly sorted, which sorts faster.
        let ordered: Vec<(World, Combo)> = order
            .iter()
            .filter_map(|(_, at)| Some((*places.get(*at as usize)?, points.get(*at as usize)?.combo)))
            .collect();
        let mut keys: Vec<u64> = Vec::with_capacity(ordered.len());
        let levels = (coarsest..FINEST).map(|level| {
            keys.clear();
            keys.extend(ordered.iter().map(|(place, combo)| key_of(level, *place, *combo)));
            keys.sort_unstable();
            Arc::new(Directory::counted(&keys))
        });
        let cells = EventCells {
            kinds,
            coarsest,
            levels: levels.collect(),
            leaves: Arc::new(leaves),
            totals: totals.into_iter().collect(),
        };
        Self { cells, young, now_secs }
    }

    /// The cells as they are now; a copy shares everything until a batch changes it.
    #[must_use]
    pub const fn cells(&self) -> &EventCells {
        &self.cells
    }

    /// Takes back the events with these keys that stand near one of the places, and counts others. Costs what the batch
    /// touches.
    pub fn change(&mut self, old_places: &[[f64; 2]], ids: &HashSet<&str>, added: &Collected) {
        let old: BTreeSet<u64> =
            old_places.iter().filter_map(|place| Some(leaf_of(Spot::of(*place)?))).collect();
        let mut events: Vec<(Point, &str)> =
            added.points.iter().enumerate().map(|(at, point)| (*point, added.id(at))).collect();
        for (point, _) in &mut events {
            point.combo = point.combo.at_age(age_class(self.now_secs, point.opened_secs));
        }
        let week = AGES_SECS.iter().max().copied().unwrap_or(0);
        let taken = self.exchange(&old, ids, &events);
        for (point, id) in &taken {
            self.young.remove(&(point.opened_secs, id.clone()));
        }
        for (point, id) in &events {
            if self.now_secs - point.opened_secs <= week {
                self.young.insert((point.opened_secs, (*id).into()), point.spot);
            }
        }
    }

    /// Moves events on to the class of age they are in at an instant. Time only goes on: an earlier instant changes
    /// nothing.
    pub fn advance(&mut self, now_secs: EpochSecs) {
        if now_secs <= self.now_secs {
            return;
        }
        let before = std::mem::replace(&mut self.now_secs, now_secs);
        let mut due: BTreeSet<(EpochSecs, Box<str>)> = BTreeSet::new();
        let empty = || Box::<str>::from("");
        for end in AGES_SECS {
            let span = (before - end, empty())..(now_secs - end, empty());
            due.extend(self.young.range(span).map(|(key, _)| key.clone()));
        }
        if due.is_empty() {
            return;
        }
        let old: BTreeSet<u64> =
            due.iter().filter_map(|key| self.young.get(key)).map(|spot| leaf_of(*spot)).collect();
        let ids: HashSet<&str> = due.iter().map(|(_, id)| &**id).collect();
        let moved: Vec<(Point, Box<str>)> = self
            .find(&old, &ids)
            .into_iter()
            .map(|(point, id)| {
                let combo = point.combo.at_age(age_class(now_secs, point.opened_secs));
                (Point { combo, ..point }, id)
            })
            .collect();
        let events: Vec<(Point, &str)> = moved.iter().map(|(point, id)| (*point, &**id)).collect();
        self.exchange(&old, &ids, &events);
        let week = AGES_SECS.iter().max().copied().unwrap_or(0);
        while self.young.first_key_value().is_some_and(|((opened, _), _)| now_secs - opened > week) {
            self.young.pop_first();
        }
    }

    fn find(&self, leaves: &BTreeSet<u64>, ids: &HashSet<&str>) -> Vec<(Point, Box<str>)> {
        let mut out = Vec::new();
        for leaf in leaves.iter().filter_map(|tile| self.cells.leaves.get(*tile)) {
            for at in (0..leaf.keys.len()).filter(|at| ids.contains(leaf.id(*at))) {
                out.extend(leaf.point(at).map(|point| (point, leaf.id(at).into())));
            }
        }
        out
    }

    /// Takes events out of some leaves and puts others in; every level follows. Gives what was taken out.
    fn exchange(
        &mut self,
        old: &BTreeSet<u64>,
        ids: &HashSet<&str>,
        events: &[(Point, &str)],
    ) -> Vec<(Point, Box<str>)> {
        let mut taken = Vec::new();
        let mut incoming: Vec<(u64, usize)> = events
            .iter()
            .enumerate()
            .map(|(at, (point, _))| (key_of(FINEST, point.spot.world(), point.combo), at))
            .collect();
        incoming.sort_unstable();
        let mut tiles: BTreeSet<u64> =
            old.iter().copied().filter(|t| self.cells.leaves.get(*t).is_some()).collect();
        tiles.extend(incoming.iter().map(|(key, _)| key >> 22));
        let mut changes = Vec::with_capacity(tiles.len());
        for tile in tiles {
            let from = incoming.partition_point(|(key, _)| key >> 22 < tile);
            let n = incoming.get(from..).unwrap_or_default().partition_point(|(key, _)| key >> 22 == tile);
            let new = incoming.get(from..from + n).unwrap_or_default();
            let leaf = self.cells.leaves.get(tile).map(|leaf| &**leaf);
            let ids = if old.contains(&tile) { Some(ids) } else { None };
            if let Some(leaf) = merged(leaf, ids, new, events, &mut taken) {
                changes.push((tile, (!leaf.keys.is_empty()).then(|| Arc::new(leaf))));
            }
        }
        if changes.is_empty() {
            return taken;
        }
        Arc::make_mut(&mut self.cells.leaves).replace(changes);
        let gone = taken.iter().map(|(point, _)| (*point, -1));
        let signed: Vec<(Point, i32)> = gone.chain(events.iter().map(|(point, _)| (*point, 1))).collect();
        let mut deltas: Vec<Delta> = Vec::with_capacity(signed.len());
        for (level, directory) in (self.cells.coarsest..).zip(&mut self.cells.levels) {
            deltas.clear();
            deltas.extend(signed.iter().map(|(p, by)| (key_of(level, p.spot.world(), p.combo), *by)));
            deltas.sort_unstable();
            Arc::make_mut(directory).change(&deltas);
        }
        for (point, by) in signed {
            let totals = &mut self.cells.totals;
            match totals.binary_search_by_key(&point.combo, |(combo, _)| *combo) {
                Ok(at) => {
                    if let Some((_, count)) = totals.get_mut(at) {
                        *count = count.saturating_add_signed(i64::from(by));
                    }
                }
                Err(at) => totals.insert(at, (point.combo, u64::from(by > 0))),
            }
        }
        self.cells.totals.retain(|(_, count)| *count > 0);
        taken
    }
}

fn leaf_of(spot: Spot) -> u64 {
    tile_of(cell(FINEST, spot.world()))
}

/// A leaf without some of its events and with others; none where nothing changes.
fn merged(
    leaf: Option<&Leaf>,
    gone: Option<&HashSet<&str>>,
    new: &[(u64, usize)],
    events: &[(Point, &str)],
    taken: &mut Vec<(Point, Box<str>)>,
) -> Option<Leaf> {
    let old = leaf.map_or(0, |leaf| leaf.keys.len());
    let is_gone = |at: usize| leaf.zip(gone).is_some_and(|(leaf, gone)| gone.contains(leaf.id(at)));
    if new.is_empty() && !(0..old).any(is_gone) {
        return None;
    }
    let mut out = Leaf::with_room(old + new.len());
    let mut new = new.iter().peekable();
    let mut push_new = |out: &mut Leaf, before: u32| {
        while let Some((key, at)) = new.next_if(|(key, _)| ((key & 0x3F_FFFF) as u32) < before) {
            if let Some((point, id)) = events.get(*at) {
                out.push((key & 0x3F_FFFF) as u32, point, id);
            }
        }
    };
    if let Some(leaf) = leaf {
        for at in 0..old {
            let (Some(key), Some(point)) = (leaf.keys.get(at), leaf.point(at)) else { continue };
            if is_gone(at) {
                taken.push((point, leaf.id(at).into()));
                continue;
            }
            push_new(&mut out, *key);
            out.push(*key, &point, leaf.id(at));
        }
    }
    push_new(&mut out, u32::MAX);
    out.shrink();
    Some(out)
}
