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

/// Counts per area, kind and hour since 1970. Areas below the finest level of any figure count in the area above.
#[derive(Debug, Clone, Default)]
pub struct Reports {
    first_hour: i64,
    kinds: usize,
    /// Per area one list a kind and one of all kinds; an hour each, from the first hour on, as far as there is any.
    lists: Vec<Arc<Vec<u32>>>,
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
        Self { first_hour: first_hour(now_secs), kinds, lists }
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
        let first = first_hour(now_secs);
        let Some(gone) = usize::try_from(first - self.first_hour).ok().filter(|gone| *gone > 0) else {
            return;
        };
        for list in self.lists.iter_mut().filter(|list| !list.is_empty()) {
            let list = Arc::make_mut(list);
            list.drain(..gone.min(list.len()));
        }
        self.first_hour = first;
    }

    /// One more (or, with a minus, one less) event of a kind that began at an instant; it counts in all areas around. A
    /// kind that is none of an object counts nowhere.
    pub fn add(&mut self, areas: &AreaTree, area: AreaId, kind: usize, opened_secs: EpochSecs, by: i32) {
        let ahead = opened_secs.div_euclid(HOUR_SECS) - self.first_hour;
        let hours = 0..KEPT_HOURS + AHEAD_HOURS;
        let Some(place) = usize::try_from(ahead).ok().filter(|_| hours.contains(&ahead) && kind < self.kinds)
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
                if place >= list.len() {
                    list.resize(place + 1, 0);
                }
                if let Some(count) = list.get_mut(place) {
                    *count = count.saturating_add_signed(by);
                }
            }
            at = areas.get(id).parent;
        }
    }

    fn place(&self, area: AreaId, kind: Option<usize>) -> Option<usize> {
        (area.index() < self.areas()).then(|| area.index() * (self.kinds + 1) + kind.unwrap_or(self.kinds))
    }

    fn list(&self, area: AreaId, kind: Option<usize>) -> &[u32] {
        self.place(area, kind).and_then(|place| self.lists.get(place)).map_or(&[], |list| list.as_slice())
    }

    /// Events of a kind, or of all kinds, that began in the hours from one up to and without another.
    #[must_use]
    pub fn count(&self, area: AreaId, kind: Option<usize>, hours: std::ops::Range<i64>) -> u64 {
        let list = self.list(area, kind);
        let at = |hour: i64| usize::try_from(hour - self.first_hour).unwrap_or(0).min(list.len());
        let (from, to) = (at(hours.start), at(hours.end));
        list.get(from..to.max(from)).unwrap_or_default().iter().map(|count| u64::from(*count)).sum()
    }

    /// The last hour before another in which an event began; none where there was none in the time that is kept.
    #[must_use]
    pub fn last_before(&self, area: AreaId, kind: Option<usize>, hour: i64) -> Option<i64> {
        let list = self.list(area, kind);
        let end = usize::try_from(hour - self.first_hour).unwrap_or(0).min(list.len());
        let place = list.get(..end)?.iter().rposition(|count| *count > 0)?;
        Some(self.first_hour + i64::try_from(place).unwrap_or(0))
    }

    /// The first and the last hour in which any event began.
    #[must_use]
    pub fn reach(&self) -> Option<(i64, i64)> {
        let list = self.list(AreaId::ROOT, None);
        let hour = |place: usize| self.first_hour + i64::try_from(place).unwrap_or(0);
        let first = list.iter().position(|count| *count > 0)?;
        Some((hour(first), hour(list.iter().rposition(|count| *count > 0)?)))
    }
}
