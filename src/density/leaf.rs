//! The points below the finest cells, with their keys as text. Owns their packed form, and the list that events are
//! collected in before there is a pyramid.

use super::filter::Combo;
use super::grid::Spot;
use crate::snapshot::{EpochSecs, EventPhase};

/// One event as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub spot: Spot,
    pub opened_secs: EpochSecs,
    pub combo: Combo,
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
        let Some(spot) = Spot::of(place) else { return };
        self.points.push(Point { spot, opened_secs, combo: Combo::new(kind, severity, phase, 3) });
        self.ids.push_str(id);
        self.ends.push(self.ids.len());
    }

    /// Adds what another thread collected.
    pub fn append(&mut self, mut other: Self) {
        if self.points.is_empty() {
            *self = other;
            return;
        }
        let from = self.ids.len();
        self.points.append(&mut other.points);
        self.ids.push_str(&other.ids);
        self.ends.extend(other.ends.iter().map(|end| end + from));
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

/// The points of up to 64 of the finest cells, sorted by cell and by what they are counted as.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaf {
    /// `local << 16 | combo`.
    pub keys: Vec<u32>,
    pub spots: Vec<Spot>,
    pub opened: Vec<EpochSecs>,
    ids: String,
    ends: Vec<u32>,
}

impl Leaf {
    /// With room for so many.
    pub(super) fn with_room(points: usize) -> Self {
        Self {
            keys: Vec::with_capacity(points),
            spots: Vec::with_capacity(points),
            opened: Vec::with_capacity(points),
            ids: String::new(),
            ends: Vec::with_capacity(points),
        }
    }

    /// Adds a point; they come in the order of their keys.
    pub(super) fn push(&mut self, key: u32, point: &Point, id: &str) {
        self.keys.push(key);
        self.spots.push(point.spot);
        self.opened.push(point.opened_secs);
        self.ids.push_str(id);
        self.ends.push(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
    }

    /// Gives back what growing left over.
    pub(super) fn shrink(&mut self) {
        self.ids.shrink_to_fit();
    }

    pub(super) fn id(&self, at: usize) -> &str {
        text(&self.ids, &self.ends, at)
    }

    pub(super) fn point(&self, at: usize) -> Option<Point> {
        Some(Point {
            spot: *self.spots.get(at)?,
            opened_secs: *self.opened.get(at)?,
            combo: Combo(*self.keys.get(at)? as u16),
        })
    }

    /// The places of one cell's points.
    pub(super) fn of_cell(&self, local: u32) -> std::ops::Range<usize> {
        let from = self.keys.partition_point(|k| k >> 16 < local);
        let n = self.keys.get(from..).unwrap_or_default().partition_point(|k| k >> 16 == local);
        from..from + n
    }

    /// Bytes that it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.keys.capacity() * 4
            + self.spots.capacity() * 8
            + self.opened.capacity() * 8
            + self.ids.capacity()
            + self.ends.capacity() * 4
    }
}
