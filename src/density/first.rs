//! The first count of many events: put down tile by tile as they come, then counted tile by tile on several threads. Owns that
//! order, in which all that is touched at a time is small; counts no change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::filter::{Combo, age_class, is_of_age};
use super::grid::{Cell, FINEST, Spot, World, cell, local_of, tile_of};
use super::leaf::{Collected, Leaf, Point};
use super::pyramid::Young;
use super::tile::{Directory, Tile, delta_key};
use crate::snapshot::{EpochSecs, EventPhase};
use crate::workers::{each, share_out};

/// The key of what a place counts as at a level.
pub(super) fn key_of(level: u8, place: World, combo: Combo) -> u64 {
    let cell = cell(level, place);
    delta_key(tile_of(cell), (local_of(cell) << 16) | u32::from(combo.0))
}

/// The tile of a spot at the finest level, and the cell in it.
pub(super) fn finest(spot: Spot) -> (u64, u32) {
    let cell: Cell = cell(FINEST, spot.world());
    (tile_of(cell), local_of(cell))
}

/// Where a thread puts down events as they come.
#[derive(Debug)]
pub struct Sorter {
    now_secs: EpochSecs,
    tiles: HashMap<u64, Collected, FixedState>,
    totals: HashMap<u16, u64, FixedState>,
    young: Vec<((EpochSecs, Box<str>), (Spot, Combo))>,
}

impl Sorter {
    pub(super) fn new(now_secs: EpochSecs) -> Self {
        Self { now_secs, tiles: HashMap::default(), totals: HashMap::default(), young: Vec::new() }
    }

    /// Puts down an event. `kind` is the place of its kind in the list of object kinds.
    pub fn put(
        &mut self,
        id: &str,
        place: [f64; 2],
        kind: u16,
        severity: u8,
        phase: EventPhase,
        opened_secs: EpochSecs,
    ) {
        if let Some(point) = Point::of(place, kind, severity, phase, opened_secs) {
            self.add(point, id);
        }
    }

    /// Puts down what was collected.
    pub(super) fn take(&mut self, events: &Collected) {
        events.points.iter().enumerate().for_each(|(at, point)| self.add(*point, events.id(at)));
    }

    fn add(&mut self, point: Point, id: &str) {
        let (spot, opened_secs) = (point.spot, point.opened_secs);
        let combo = point.combo.at_age(age_class(self.now_secs, opened_secs));
        *self.totals.entry(combo.0).or_default() += 1;
        if !is_of_age(self.now_secs, opened_secs) {
            self.young.push(((opened_secs, id.into()), (spot, combo)));
        }
        self.tiles.entry(finest(spot).0).or_default().add(Point { combo, ..point }, id);
    }
}

/// What is made of all that was put down.
pub(super) struct Built {
    /// From the coarsest to the one above the finest.
    pub(super) levels: Vec<Arc<Directory<Tile>>>,
    /// The points.
    pub(super) leaves: Arc<Directory<Leaf>>,
    /// Counts of all, sorted.
    pub(super) totals: Vec<(Combo, u64)>,
    /// Events in a class of age that ends.
    pub(super) young: Young,
}

/// What a thread counted.
struct Counted {
    leaves: Vec<(u64, Arc<Leaf>)>,
    /// By level.
    counts: Vec<Vec<(u64, u32)>>,
    keys: Vec<u64>,
}

impl Counted {
    fn take(&mut self, coarsest: u8, tile: u64, parts: &[Collected]) {
        let mut order: Vec<(u32, EpochSecs, u32, u32)> = Vec::new();
        for (part, events) in (0_u32..).zip(parts) {
            let places = (0_u32..).zip(&events.points);
            order.extend(places.map(|(at, p)| (finest(p.spot).1, p.opened_secs, part, at)));
        }
        order.sort_unstable();
        let point = |part: u32, at: u32| {
            let events = parts.get(part as usize)?;
            Some((events.points.get(at as usize)?, events.id(at as usize)))
        };
        let points = || {
            order
                .iter()
                .filter_map(|(local, _, part, at)| point(*part, *at).map(|(point, id)| (*local, point, id)))
        };
        self.leaves.push((tile, Arc::new(Leaf::of_sorted(points()))));
        let placed: Vec<(World, Combo)> =
            points().map(|(_, point, _)| (point.spot.world(), point.combo)).collect();
        for (level, counts) in (coarsest..FINEST).zip(&mut self.counts) {
            self.keys.clear();
            self.keys.extend(placed.iter().map(|(place, combo)| key_of(level, *place, *combo)));
            self.keys.sort_unstable();
            counts.extend(
                self.keys
                    .chunk_by(|a, b| a == b)
                    .filter_map(|same| Some((*same.first()?, u32::try_from(same.len()).unwrap_or(u32::MAX)))),
            );
        }
    }
}

/// Counts what several threads put down.
#[expect(
    clippy::iter_over_hash_type,
    reason = "each entry goes to one of its own, and what is gathered is sorted"
)]
pub(super) fn build(coarsest: u8, sorted: Vec<Sorter>, threads: usize) -> Built {
    let (mut tiles, mut totals, mut young) =
        (BTreeMap::<u64, Vec<Collected>>::new(), BTreeMap::<u16, u64>::new(), Vec::new());
    for sorter in sorted {
        for (tile, events) in sorter.tiles {
            tiles.entry(tile).or_default().push(events);
        }
        for (combo, count) in sorter.totals {
            *totals.entry(combo).or_default() += count;
        }
        young.extend(sorter.young);
    }
    let begin = || {
        let counts = vec![Vec::new(); usize::from(FINEST - coarsest)];
        Counted { leaves: Vec::new(), counts, keys: Vec::new() }
    };
    // A tile's events go as soon as they are counted.
    let counted = share_out(threads, tiles, begin, |out, (tile, parts)| out.take(coarsest, tile, &parts));
    let mut levels: Vec<Vec<(u64, u32)>> = vec![Vec::new(); usize::from(FINEST - coarsest)];
    let mut leaves: Vec<(u64, Arc<Leaf>)> = Vec::new();
    for own in counted {
        leaves.extend(own.leaves);
        levels.iter_mut().zip(own.counts).for_each(|(all, own)| all.extend(own));
    }
    leaves.sort_unstable_by_key(|(tile, _)| *tile);
    let (keys, pieces) = leaves.into_iter().unzip();
    Built {
        levels: each(threads, levels, |counts| Arc::new(Directory::counted(counts))),
        leaves: Arc::new(Directory { keys, pieces }),
        totals: totals.into_iter().map(|(combo, count)| (Combo(combo), count)).collect(),
        young: young.into_iter().collect(),
    }
}
