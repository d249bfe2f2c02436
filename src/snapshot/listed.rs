//! Open events in the order of their start, in small pieces that pictures share: a change copies the pieces that it
//! touches, a picture's list costs a pointer a piece. Owns that order; does not choose what is listed.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{EpochSecs, EventView};

/// Events of a piece at most.
const MOST: usize = 32;

/// Events, the oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aged {
    pieces: Vec<Piece>,
    len: usize,
}

/// Some events; never none.
#[derive(Debug, Clone)]
struct Piece {
    /// When the first of them began.
    opened_secs: EpochSecs,
    events: Arc<Vec<Arc<EventView>>>,
    /// The greatest severity of them, drills left out; 0 where all are drills. Told here, so that who looks for the
    /// gravest of thousands need not read each.
    worst: u8,
    /// Whether one of them is a drill.
    has_drills: bool,
}

/// Where an event stands against a start and a key.
fn order(event: &EventView, (opened_secs, id): (EpochSecs, &str)) -> Ordering {
    event.opened_secs.cmp(&opened_secs).then_with(|| (*event.id).cmp(id))
}

fn key(event: &EventView) -> (EpochSecs, &str) {
    (event.opened_secs, &event.id)
}

/// How much an event counts among the gravest; a drill does not.
fn gravity(event: &EventView) -> u8 {
    if event.exercise { 0 } else { event.severity }
}

impl Piece {
    fn begins_after(&self, key: (EpochSecs, &str)) -> bool {
        let by_first = || self.events.first().map_or(Ordering::Less, |first| order(first, key));
        self.opened_secs.cmp(&key.0).then_with(by_first).is_gt()
    }

    fn of(events: Vec<Arc<EventView>>) -> Option<Self> {
        let opened_secs = events.first()?.opened_secs;
        let mut piece = Self { opened_secs, events: Arc::new(events), worst: 0, has_drills: false };
        piece.look_through();
        Some(piece)
    }

    /// Tells anew what it says of its events.
    fn look_through(&mut self) {
        (self.worst, self.has_drills) = (0, false);
        for event in &*self.events {
            self.worst = self.worst.max(gravity(event));
            self.has_drills |= event.exercise;
        }
        self.opened_secs = self.events.first().map_or(self.opened_secs, |first| first.opened_secs);
    }

    /// Tells what it says of its events after one has come.
    fn look_at(&mut self, event: &EventView) {
        self.opened_secs = self.opened_secs.min(event.opened_secs);
        self.worst = self.worst.max(gravity(event));
        self.has_drills |= event.exercise;
    }

    /// Whether what it says may be of this event.
    fn tells_of(&self, event: &EventView) -> bool {
        event.exercise || gravity(event) == self.worst || event.opened_secs == self.opened_secs
    }
}

impl Aged {
    /// No events.
    pub(crate) const fn empty() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }

    /// Of events in their order.
    fn of_sorted(events: &[Arc<EventView>]) -> Self {
        // Not full, so that the first changes split nothing.
        let pieces = events.chunks(MOST * 3 / 4).filter_map(|events| Piece::of(events.to_vec()));
        Self { pieces: pieces.collect(), len: events.len() }
    }

    /// The piece that holds or would hold an event.
    fn piece(&self, key: (EpochSecs, &str)) -> usize {
        self.pieces.partition_point(|piece| !piece.begins_after(key)).saturating_sub(1)
    }

    /// The piece of an event that is there, and its place in it.
    fn find(&self, key: (EpochSecs, &str)) -> Option<(usize, usize)> {
        let at = self.piece(key);
        let place = self.pieces.get(at)?.events.binary_search_by(|other| order(other, key)).ok()?;
        Some((at, place))
    }

    /// Adds an event; one with the same start and key goes.
    pub(crate) fn insert(&mut self, event: Arc<EventView>) {
        let at = self.piece(key(&event));
        let Some(piece) = self.pieces.get_mut(at) else {
            self.len += 1;
            self.pieces.extend(Piece::of(vec![event]));
            return;
        };
        let events = Arc::make_mut(&mut piece.events);
        match events.binary_search_by(|other| order(other, key(&event))) {
            Ok(place) => {
                if let Some(known) = events.get_mut(place) {
                    *known = event;
                }
                piece.look_through();
                return;
            }
            Err(place) => events.insert(place, Arc::clone(&event)),
        }
        self.len += 1;
        let rest = if events.len() > MOST { events.split_off(MOST / 2) } else { Vec::new() };
        piece.look_at(&event);
        if let Some(rest) = Piece::of(rest) {
            piece.look_through();
            self.pieces.insert(at + 1, rest);
        }
    }

    /// Takes an event out.
    pub(crate) fn remove(&mut self, opened_secs: EpochSecs, id: &str) -> Option<Arc<EventView>> {
        let (at, place) = self.find((opened_secs, id))?;
        let piece = self.pieces.get_mut(at)?;
        let events = Arc::make_mut(&mut piece.events);
        let event = events.remove(place);
        self.len -= 1;
        if events.is_empty() {
            self.pieces.remove(at);
        } else if piece.tells_of(&event) {
            piece.look_through();
        }
        Some(event)
    }

    /// An event, to be changed in all but its start, its key, its severity, and whether it is a drill.
    pub(crate) fn get_mut(&mut self, opened_secs: EpochSecs, id: &str) -> Option<&mut EventView> {
        let (at, place) = self.find((opened_secs, id))?;
        let piece = self.pieces.get_mut(at)?;
        Arc::make_mut(&mut piece.events).get_mut(place).map(Arc::make_mut)
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<EventView>> {
        self.pieces.iter().flat_map(|piece| piece.events.iter())
    }

    /// The newest of the gravest. Costs the number of pieces.
    fn gravest(&self) -> Option<&Arc<EventView>> {
        let piece = self.pieces.iter().max_by_key(|piece| piece.worst).filter(|piece| piece.worst > 0)?;
        piece.events.iter().rev().find(|event| gravity(event) == piece.worst)
    }

    /// Drills. Costs the number of pieces, and the events of those that hold any.
    fn drills(&self) -> impl Iterator<Item = &Arc<EventView>> {
        let with_drills = self.pieces.iter().filter(|piece| piece.has_drills);
        with_drills.flat_map(|piece| piece.events.iter()).filter(|event| event.exercise)
    }
}

/// The open events that a screen lists, the oldest first. Those with a place and those without lie apart.
#[derive(Debug, Clone, Default)]
pub struct OpenList {
    placed: Aged,
    others: Aged,
}

impl OpenList {
    /// Of events with a place, and of others.
    pub(crate) const fn new(placed: Aged, others: Aged) -> Self {
        Self { placed, others }
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.placed.len + self.others.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<EventView>> {
        merged(self.placed.iter(), self.others.iter(), Ordering::Less)
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Arc<EventView>> {
        merged(self.placed.iter().rev(), self.others.iter().rev(), Ordering::Greater)
    }

    /// The newest of the gravest, drills left out.
    #[must_use]
    pub fn gravest(&self) -> Option<&Arc<EventView>> {
        let gravest = self.placed.gravest().into_iter().chain(self.others.gravest());
        gravest.max_by_key(|event| (event.severity, key(event)))
    }

    /// Drills, the oldest first of those with a place, then of the others.
    pub fn drills(&self) -> impl Iterator<Item = &Arc<EventView>> {
        self.placed.drills().chain(self.others.drills())
    }

    /// Those without a place, the oldest first.
    pub fn others(&self) -> impl Iterator<Item = &Arc<EventView>> {
        self.others.iter()
    }
}

impl FromIterator<EventView> for OpenList {
    fn from_iter<I: IntoIterator<Item = EventView>>(events: I) -> Self {
        let mut all: Vec<Arc<EventView>> = events.into_iter().map(Arc::new).collect();
        all.sort_by(|a, b| order(a, key(b)));
        let (placed, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|event| event.place.is_some());
        Self { placed: Aged::of_sorted(&placed), others: Aged::of_sorted(&others) }
    }
}

/// Two lists as one; of the first of each that one goes first which stands so to the other.
fn merged<'a>(
    a: impl Iterator<Item = &'a Arc<EventView>>,
    b: impl Iterator<Item = &'a Arc<EventView>>,
    goes_first: Ordering,
) -> impl Iterator<Item = &'a Arc<EventView>> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(_), None) => a.next(),
        (Some(one), Some(other)) if order(one, key(other)) == goes_first => a.next(),
        _ => b.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Of a severity and a drill or none by its number.
    fn event(opened_secs: EpochSecs, number: u16, has_place: bool) -> EventView {
        let place = has_place.then_some([114.0, 22.0]);
        let event =
            EventView::fire(format!("e{number:03}").into(), (number % 4) as u8 + 1, opened_secs, place);
        EventView { exercise: number.is_multiple_of(7), ..event }
    }

    /// Keys of the gravest that is no drill, the newest of them, and of the drills, in order.
    type Told<'a> = (Option<(EpochSecs, &'a str)>, Vec<(EpochSecs, &'a str)>);

    fn told_plainly<'a>(events: impl Iterator<Item = &'a EventView> + Clone) -> Told<'a> {
        let gravest = events.clone().filter(|event| !event.exercise).max_by_key(|e| (e.severity, key(e)));
        let mut drills: Vec<_> = events.filter(|event| event.exercise).map(key).collect();
        drills.sort_unstable();
        (gravest.map(key), drills)
    }

    fn told(list: &OpenList) -> Told<'_> {
        let mut drills = keys(list.drills());
        drills.sort_unstable();
        (list.gravest().map(|event| key(event)), drills)
    }

    fn keys<'a>(events: impl Iterator<Item = &'a Arc<EventView>>) -> Vec<(EpochSecs, &'a str)> {
        events.map(|event| key(event)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn events_stay_in_order_whatever_comes_and_goes(
            first in prop::collection::btree_map(0_u16..400, (0_i64..40, any::<bool>()), 0..150),
            changes in prop::collection::vec((0_u16..400, prop::option::of(0_i64..40)), 0..50),
        ) {
            let mut plain: std::collections::BTreeMap<u16, EventView> =
                first.iter().map(|(n, (at, placed))| (*n, event(*at, *n, *placed))).collect();
            let loaded: OpenList = plain.values().cloned().collect();
            let mut all: Vec<&EventView> = plain.values().collect();
            all.sort_by(|a, b| order(a, key(b)));
            let mut expected: Vec<_> = all.into_iter().map(key).collect();
            prop_assert_eq!(keys(loaded.iter()), expected.clone());
            prop_assert_eq!(loaded.len(), expected.len());
            prop_assert_eq!(told(&loaded), told_plainly(plain.values()));
            expected.reverse();
            prop_assert_eq!(keys(loaded.newest_first()), expected);
            let mut aged = loaded.others.clone();
            plain.retain(|_, event| event.place.is_none());
            for (number, comes) in changes {
                let held = aged.clone();
                let before = keys(held.iter()).into_iter().map(|(at, id)| (at, id.to_owned()));
                let before: Vec<(EpochSecs, String)> = before.collect();
                if let Some(old) = plain.remove(&number) {
                    let severity = aged.get_mut(old.opened_secs, &old.id).map(|event| event.severity);
                    prop_assert_eq!(severity, Some(old.severity));
                    prop_assert!(aged.remove(old.opened_secs, &old.id).is_some());
                }
                let gone = format!("e{number:03}");
                let is_gone = [0, 7, 39].into_iter().all(|at| aged.get_mut(at, &gone).is_none());
                prop_assert!(is_gone);
                if let Some(opened) = comes {
                    plain.insert(number, event(opened, number, false));
                    aged.insert(Arc::new(event(opened, number, false)));
                }
                let mut all: Vec<&EventView> = plain.values().collect();
                all.sort_by(|a, b| order(a, key(b)));
                prop_assert_eq!(keys(aged.iter()), all.into_iter().map(key).collect::<Vec<_>>());
                prop_assert_eq!(aged.len, plain.len());
                let list = OpenList::new(Aged::empty(), aged.clone());
                prop_assert_eq!(told(&list), told_plainly(plain.values()));
                prop_assert!(aged.pieces.iter().all(|piece| (1..=MOST).contains(&piece.events.len())));
                let held: Vec<_> = keys(held.iter()).into_iter().map(|(at, id)| (at, id.to_owned())).collect();
                prop_assert_eq!(held, before, "a picture that is held does not change");
            }
        }
    }
}
