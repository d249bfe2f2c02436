//! Object events by area, kind and hour over the last four months: what is asked when an area may have fallen silent. Owns
//! the counts, which change with every batch; judges nothing.

use std::sync::Arc;

use crate::site::areas::{AreaId, AreaTree};
use crate::snapshot::EpochSecs;

/// Seconds of an hour.
const HOUR_SECS: i64 = 3600;
/// Hours that are kept, and up to a day more: the longest span that is judged, and eight more like it.
const KEPT_HOURS: i64 = 9 * 14 * 24;
/// An event further ahead of the clock than this is a slip of the pen, which must not make long lists.
const AHEAD_HOURS: i64 = 31 * 24;

/// Hours of a piece: a week.
const PIECE_HOURS: i64 = 168;

/// Counts of the hours of a week.
type Piece = [u32; PIECE_HOURS as usize];

/// Counts per area, kind and hour since 1970. Areas below the finest level of any figure count in the area above.
#[derive(Debug, Clone, Default)]
pub struct Reports {
    first_hour: i64,
    /// Number of the first piece of every list.
    first_piece: i64,
    kinds: usize,
    /// Per area one list a kind and one of all kinds, as far as there is any. In pieces, so that a batch copies those
    /// that it touches.
    lists: Vec<Arc<Vec<Arc<Piece>>>>,
}

/// The first hour that is kept. By whole days, so that little is moved as the clock goes.
const fn first_hour(now_secs: EpochSecs) -> i64 {
    now_secs.div_euclid(24 * HOUR_SECS) * 24 - KEPT_HOURS
}

impl Reports {
    /// No events of so many kinds at so many areas, the first ones of the tree.
    #[must_use]
    pub fn new(kinds: usize, areas: usize, now_secs: EpochSecs) -> Self {
        let lists = vec![Arc::default(); areas * (kinds + 1)];
        let first_hour = first_hour(now_secs);
        Self { first_hour, first_piece: first_hour.div_euclid(PIECE_HOURS), kinds, lists }
    }

    /// How many kinds there are.
    #[must_use]
    pub const fn kinds(&self) -> usize {
        self.kinds
    }

    /// How many areas there are: the first ones of the tree.
    #[must_use]
    pub const fn areas(&self) -> usize {
        self.lists.len() / (self.kinds + 1)
    }

    /// Lets go of what is older than is ever asked.
    pub fn advance(&mut self, now_secs: EpochSecs) {
        self.first_hour = self.first_hour.max(first_hour(now_secs));
        let first = self.first_hour.div_euclid(PIECE_HOURS);
        let Some(gone) = usize::try_from(first - self.first_piece).ok().filter(|gone| *gone > 0) else {
            return;
        };
        for list in self.lists.iter_mut().filter(|list| !list.is_empty()) {
            let list = Arc::make_mut(list);
            list.drain(..gone.min(list.len()));
        }
        self.first_piece = first;
    }

    /// One more (or, with a minus, one less) event of a kind that began at an instant; it counts in all areas around. A
    /// kind that is none of an object counts nowhere.
    pub fn add(&mut self, areas: &AreaTree, area: AreaId, kind: usize, opened_secs: EpochSecs, by: i32) {
        let hour = opened_secs.div_euclid(HOUR_SECS);
        let hours = self.first_hour..self.first_hour + KEPT_HOURS + AHEAD_HOURS;
        let Some((piece, within)) = self.at(hour).filter(|_| hours.contains(&hour) && kind < self.kinds)
        else {
            return;
        };
        let mut at = Some(area);
        while let Some(id) = at {
            for kind in [Some(kind), None] {
                let Some(list) = self.place(id, kind).and_then(|place| self.lists.get_mut(place)) else {
                    continue;
                };
                let list = Arc::make_mut(list);
                if piece >= list.len() {
                    list.resize(piece + 1, Arc::new([0; PIECE_HOURS as usize]));
                }
                let piece = list.get_mut(piece).map(Arc::make_mut);
                if let Some(count) = piece.and_then(|piece| piece.get_mut(within)) {
                    *count = count.saturating_add_signed(by);
                }
            }
            at = areas.get(id).parent;
        }
    }

    /// The piece of an hour and its place there; none before the first piece.
    fn at(&self, hour: i64) -> Option<(usize, usize)> {
        let piece = usize::try_from(hour.div_euclid(PIECE_HOURS) - self.first_piece).ok()?;
        Some((piece, usize::try_from(hour.rem_euclid(PIECE_HOURS)).ok()?))
    }

    fn place(&self, area: AreaId, kind: Option<usize>) -> Option<usize> {
        (area.index() < self.areas()).then(|| area.index() * (self.kinds + 1) + kind.unwrap_or(self.kinds))
    }

    /// The counted hours of a list from one up to and without another, as far as they are kept.
    fn hours(
        &self,
        area: AreaId,
        kind: Option<usize>,
        hours: std::ops::Range<i64>,
    ) -> impl DoubleEndedIterator<Item = (i64, u32)> {
        let list = self.place(area, kind).and_then(|place| self.lists.get(place));
        let pieces = list.map_or(&[][..], |list| list.as_slice());
        let from = hours.start.max(self.first_hour);
        let first = self.at(from).map_or(0, |(piece, _)| piece).min(pieces.len());
        let last = self.at(hours.end - 1).map_or(0, |(piece, _)| piece + 1).clamp(first, pieces.len());
        let begin =
            move |place: usize| (self.first_piece + i64::try_from(first + place).unwrap_or(0)) * PIECE_HOURS;
        let reach = pieces.get(first..last).unwrap_or_default().iter().enumerate();
        let all = reach.flat_map(move |(place, piece)| {
            piece
                .iter()
                .enumerate()
                .map(move |(hour, count)| (begin(place) + i64::try_from(hour).unwrap_or(0), *count))
        });
        all.filter(move |(hour, _)| (from..hours.end).contains(hour))
    }

    /// Events of a kind, or of all kinds, that began in the hours from one up to and without another.
    #[must_use]
    pub fn count(&self, area: AreaId, kind: Option<usize>, hours: std::ops::Range<i64>) -> u64 {
        self.hours(area, kind, hours).map(|(_, count)| u64::from(count)).sum()
    }

    /// The last hour before another in which an event began; none where there was none in the time that is kept.
    #[must_use]
    pub fn last_before(&self, area: AreaId, kind: Option<usize>, hour: i64) -> Option<i64> {
        self.hours(area, kind, self.first_hour..hour).rfind(|(_, count)| *count > 0).map(|(hour, _)| hour)
    }

    /// The first and the last hour in which any event began.
    #[must_use]
    pub fn reach(&self) -> Option<(i64, i64)> {
        let all =
            || self.hours(AreaId::ROOT, None, self.first_hour..i64::MAX).filter(|(_, count)| *count > 0);
        Some((all().next()?.0, all().next_back()?.0))
    }
}
