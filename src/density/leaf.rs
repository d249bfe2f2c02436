//! The points below the finest cells, with their keys as text. Owns their packed form, and the list that events are
//! collected in before there is a pyramid.

use std::sync::Arc;

use super::filter::{Combo, age_class};
use super::grid::Spot;
use crate::snapshot::{EpochSecs, EventPhase};

/// One event as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub spot: Spot,
    pub opened_secs: EpochSecs,
    pub combo: Combo,
}

impl Point {
    /// An event of unknown age; none where its place is none on the map. `kind` is the place of its kind in the list of
    /// object kinds.
    pub(super) fn of(
        place: [f64; 2],
        kind: u16,
        severity: u8,
        phase: EventPhase,
        opened_secs: EpochSecs,
    ) -> Option<Self> {
        Some(Self { spot: Spot::of(place)?, opened_secs, combo: Combo::new(kind, severity, phase, 3) })
    }
}

/// Events with a place, in any order.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    pub(super) points: Vec<Point>,
    ids: String,
    ends: Vec<usize>,
}

impl Collected {
    /// Adds an event. `kind` is the place of its kind in the list of object kinds.
    pub fn push(
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

    pub(super) fn add(&mut self, point: Point, id: &str) {
        self.points.push(point);
        self.ids.push_str(id);
        self.ends.push(self.ids.len());
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    pub(super) fn id(&self, at: usize) -> &str {
        text(&self.ids, &self.ends, at)
    }
}

fn text<'a, N: Copy + TryInto<usize>>(ids: &'a str, ends: &[N], at: usize) -> &'a str {
    let end = |at: usize| ends.get(at).and_then(|n| (*n).try_into().ok());
    let from = if at == 0 { Some(0) } else { end(at - 1) };
    match (from, end(at)) {
        (Some(from), Some(to)) => ids.get(from..to).unwrap_or_default(),
        _ => "",
    }
}

/// Points of a block at most.
const MOST_POINTS: usize = 128;
/// Blocks of a row at most.
const MOST_BLOCKS: usize = 16;

/// The points of up to 64 of the finest cells, sorted by cell and by when they began. In rows of blocks that are shared
/// with the pictures that hold them, so that a change copies one block and one row of pointers however many points there
/// are.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaf {
    rows: Vec<Arc<Vec<Arc<Block>>>>,
}

/// Some points of a leaf; never none.
#[derive(Debug, Clone, Default)]
struct Block {
    /// `local << 16 | combo`, the class of age left out: it is told when somebody asks.
    keys: Vec<u32>,
    opened: Vec<EpochSecs>,
    spots: Vec<Spot>,
    ids: String,
    ends: Vec<u32>,
}

/// Where a point belongs: its cell, then when it began.
type Order = (u32, EpochSecs);

/// The first and the last place of some blocks.
fn first(blocks: &[Arc<Block>]) -> Option<Order> {
    blocks.first()?.order(0)
}

fn last(blocks: &[Arc<Block>]) -> Option<Order> {
    blocks.last()?.last()
}

impl Leaf {
    /// Of points in their order.
    pub(super) fn of_sorted<'p>(points: impl Iterator<Item = (u32, &'p Point, &'p str)>) -> Self {
        let mut blocks: Vec<Arc<Block>> = Vec::new();
        let mut block = Block::default();
        for (local, point, id) in points {
            block.insert(block.keys.len(), local, point, id);
            // Not full, so that the first changes split nothing.
            if block.keys.len() == MOST_POINTS * 3 / 4 {
                blocks.push(Arc::new(std::mem::take(&mut block).shrunk()));
            }
        }
        if !block.keys.is_empty() {
            blocks.push(Arc::new(block.shrunk()));
        }
        let rows = blocks.chunks(MOST_BLOCKS * 3 / 4).map(|row| Arc::new(row.to_vec()));
        Self { rows: rows.collect() }
    }

    /// Whether it has no point.
    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a point, behind those of its cell that began at the same instant.
    pub(super) fn insert(&mut self, local: u32, point: &Point, id: &str) {
        let order = (local, point.opened_secs);
        let at = self.rows.partition_point(|row| first(row) <= Some(order)).saturating_sub(1);
        let Some(row) = self.rows.get_mut(at).map(Arc::make_mut) else {
            let mut block = Block::default();
            block.insert(0, local, point, id);
            self.rows.push(Arc::new(vec![Arc::new(block)]));
            return;
        };
        let place = row.partition_point(|block| block.order(0) <= Some(order)).saturating_sub(1);
        let Some(block) = row.get_mut(place).map(Arc::make_mut) else { return };
        block.insert(block.place(|other| other <= order), local, point, id);
        if block.keys.len() > MOST_POINTS {
            let rest = block.split_off(MOST_POINTS / 2);
            row.insert(place + 1, Arc::new(rest));
        }
        if row.len() > MOST_BLOCKS {
            let rest = row.split_off(MOST_BLOCKS / 2);
            self.rows.insert(at + 1, Arc::new(rest));
        }
    }

    /// Takes out the points of a spot that began at an instant and have one of some keys.
    pub(super) fn remove(
        &mut self,
        local: u32,
        (spot, opened_secs): (Spot, EpochSecs),
        is_gone: impl Fn(&str) -> bool,
        mut taken: impl FnMut(Point, &str),
    ) {
        while let Some((at, place, number)) = self.find((local, opened_secs), spot, &is_gone) {
            let Some(row) = self.rows.get_mut(at).map(Arc::make_mut) else { return };
            let Some(block) = row.get_mut(place).map(Arc::make_mut) else { return };
            if let Some(point) = block.point(number) {
                taken(point, block.id(number));
            }
            block.remove(number);
            if block.keys.is_empty() {
                row.remove(place);
            }
            if row.is_empty() {
                self.rows.remove(at);
            }
        }
    }

    /// Row, block and number of a point that is gone.
    fn find(
        &self,
        order: Order,
        spot: Spot,
        is_gone: &impl Fn(&str) -> bool,
    ) -> Option<(usize, usize, usize)> {
        let from = self.rows.partition_point(|row| last(row) < Some(order));
        let rows = self.rows.iter().enumerate().skip(from).take_while(|(_, row)| first(row) <= Some(order));
        for (at, row) in rows {
            let from = row.partition_point(|block| block.last() < Some(order));
            let blocks = row.iter().enumerate().skip(from);
            for (place, block) in blocks.take_while(|(_, block)| block.order(0) <= Some(order)) {
                let mut numbers = block.place(|other| other < order)..block.place(|other| other <= order);
                let is_it =
                    |number: &usize| block.spots.get(*number) == Some(&spot) && is_gone(block.id(*number));
                if let Some(number) = numbers.find(is_it) {
                    return Some((at, place, number));
                }
            }
        }
        None
    }

    /// Keys of its points, cell by cell, with the class of age that they are in at an instant.
    pub(super) fn keys_at(&self, now_secs: EpochSecs) -> impl Iterator<Item = u32> {
        self.rows.iter().flat_map(|row| row.iter()).flat_map(move |block| {
            let aged = move |(key, opened): (&u32, &EpochSecs)| key | u32::from(age_class(now_secs, *opened));
            block.keys.iter().zip(&block.opened).map(aged)
        })
    }

    /// The points of one cell with their keys; ages are told at an instant.
    pub(super) fn of_cell(&self, local: u32, now_secs: EpochSecs) -> impl Iterator<Item = (Point, &str)> {
        let ends_before = move |order: Option<Order>| order.is_none_or(|last| last.0 < local);
        let from = self.rows.partition_point(|row| ends_before(last(row)));
        let reach = self.rows.get(from..).unwrap_or_default().iter().flat_map(|row| row.iter());
        let reach = reach.skip_while(move |block| ends_before(block.last()));
        let in_cell = move |block: &&Arc<Block>| block.order(0).is_some_and(|first| first.0 <= local);
        reach.take_while(in_cell).flat_map(move |block| {
            let rows = block.place(|order| order.0 < local)..block.place(|order| order.0 <= local);
            rows.filter_map(move |row| {
                let point = block.point(row)?;
                let combo = point.combo.at_age(age_class(now_secs, point.opened_secs));
                Some((Point { combo, ..point }, block.id(row)))
            })
        })
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.rows.iter().flat_map(|row| row.iter()).map(|block| block.bytes() + 8).sum()
    }
}

impl Block {
    fn id(&self, at: usize) -> &str {
        text(&self.ids, &self.ends, at)
    }

    fn point(&self, at: usize) -> Option<Point> {
        Some(Point {
            spot: *self.spots.get(at)?,
            opened_secs: *self.opened.get(at)?,
            combo: Combo(*self.keys.get(at)? as u16),
        })
    }

    fn order(&self, at: usize) -> Option<Order> {
        Some((self.keys.get(at)? >> 16, *self.opened.get(at)?))
    }

    fn last(&self) -> Option<Order> {
        self.order(self.keys.len().checked_sub(1)?)
    }

    /// How many points at the front are so.
    fn place(&self, is_before: impl Fn(Order) -> bool) -> usize {
        let (mut low, mut high) = (0, self.keys.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.order(middle).is_some_and(&is_before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn insert(&mut self, at: usize, local: u32, point: &Point, id: &str) {
        self.keys.insert(at, (local << 16) | u32::from(point.combo.at_age(0).0));
        self.opened.insert(at, point.opened_secs);
        self.spots.insert(at, point.spot);
        let from = self.start(at);
        self.ids.insert_str(from, id);
        let length = u32::try_from(id.len()).unwrap_or(u32::MAX);
        self.ends.insert(at, u32::try_from(from).unwrap_or(u32::MAX));
        self.ends.iter_mut().skip(at).for_each(|end| *end += length);
    }

    fn remove(&mut self, at: usize) {
        let (from, to) = (self.start(at), self.start(at + 1));
        self.keys.remove(at);
        self.opened.remove(at);
        self.spots.remove(at);
        self.ids.replace_range(from..to, "");
        self.ends.remove(at);
        let length = u32::try_from(to - from).unwrap_or(u32::MAX);
        self.ends.iter_mut().skip(at).for_each(|end| *end -= length);
    }

    /// Where the key of a point begins.
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize)
    }

    fn split_off(&mut self, at: usize) -> Self {
        let from = self.start(at);
        let mut rest = Self {
            keys: self.keys.split_off(at),
            opened: self.opened.split_off(at),
            spots: self.spots.split_off(at),
            ids: self.ids.split_off(from),
            ends: self.ends.split_off(at),
        };
        let length = u32::try_from(from).unwrap_or(u32::MAX);
        rest.ends.iter_mut().for_each(|end| *end -= length);
        rest
    }

    /// The same without what growing left over.
    fn shrunk(mut self) -> Self {
        self.keys.shrink_to_fit();
        self.opened.shrink_to_fit();
        self.spots.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.ends.shrink_to_fit();
        self
    }

    const fn bytes(&self) -> usize {
        self.keys.capacity() * 4
            + self.spots.capacity() * 8
            + self.opened.capacity() * 8
            + self.ids.capacity()
            + self.ends.capacity() * 4
            + size_of::<Self>()
    }
}
