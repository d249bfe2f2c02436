//! Open events with a place: all of them by their rank, and the foremost as a screen lists them. Owns which are listed while
//! they come and go, at the cost of what changes.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use crate::snapshot::{Aged, EpochSecs, EventView, Events};

/// The gravest first, then the newest.
pub(super) type Order = (Reverse<u8>, Reverse<EpochSecs>, Arc<str>);

/// Events by rank.
#[derive(Debug, Clone)]
pub(super) struct Foremost {
    /// So many are listed at most.
    most: usize,
    all: BTreeMap<Order, Arc<EventView>>,
    listed: Aged,
    /// How many are listed, and the last of them by rank.
    listed_to: Option<(usize, Order)>,
}

impl Default for Foremost {
    fn default() -> Self {
        Self::new(Events::MOST_LISTED)
    }
}

impl Foremost {
    const fn new(most: usize) -> Self {
        Self { most, all: BTreeMap::new(), listed: Aged::empty(), listed_to: None }
    }

    /// The foremost, the oldest first.
    pub(super) const fn listed(&self) -> &Aged {
        &self.listed
    }

    /// Adds an event that is not there; where as many are listed as there can be, another one makes room.
    pub(super) fn insert(&mut self, order: Order, event: Arc<EventView>) {
        self.all.insert(order.clone(), Arc::clone(&event));
        let (listed, last) = self.listed_to.take().unwrap_or_else(|| (0, order.clone()));
        if listed < self.most {
            self.listed.insert(event);
            self.listed_to = Some((listed + 1, last.max(order)));
        } else if order < last {
            self.listed.insert(event);
            self.listed.remove(last.1.0, &last.2);
            let before = self.all.range(..last).next_back();
            self.listed_to = before.map(|(order, _)| (listed, order.clone()));
        } else {
            self.listed_to = Some((listed, last));
        }
    }

    /// Takes an event out; where it was listed, the next one by rank is.
    pub(super) fn remove(&mut self, order: &Order) -> Option<Arc<EventView>> {
        let event = self.all.remove(order)?;
        let (listed, last) = self.listed_to.take()?;
        if *order > last {
            self.listed_to = Some((listed, last));
            return Some(event);
        }
        self.listed.remove(order.1.0, &order.2);
        if let Some((next, event)) = self.all.range((Excluded(&last), Unbounded)).next() {
            self.listed.insert(Arc::clone(event));
            self.listed_to = Some((listed, next.clone()));
        } else {
            let last = self.all.last_key_value();
            self.listed_to = last.map(|(last, _)| (listed - 1, last.clone()));
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::OpenList;
    use proptest::prelude::*;

    fn event(number: u8, severity: u8, opened_secs: EpochSecs) -> (Order, Arc<EventView>) {
        let id: Arc<str> = format!("e{number:03}").into();
        let event = EventView::fire(Arc::clone(&id), severity, opened_secs, Some([114.0, 22.0]));
        ((Reverse(severity), Reverse(opened_secs), id), Arc::new(event))
    }

    proptest! {
        #[test]
        fn the_foremost_are_listed_whatever_comes_and_goes(
            most in 1_usize..6,
            changes in prop::collection::vec((0_u8..12, prop::option::weighted(0.7, (1_u8..=4, 0_i64..5))), 0..60),
        ) {
            let mut kept = Foremost::new(most);
            let mut plain: BTreeMap<u8, (Order, Arc<EventView>)> = BTreeMap::new();
            for (number, comes) in changes {
                if let Some((order, _)) = plain.remove(&number) {
                    prop_assert!(kept.remove(&order).is_some_and(|event| event.id == order.2));
                    prop_assert!(kept.remove(&order).is_none());
                }
                if let Some((severity, opened)) = comes {
                    let (order, view) = event(number, severity, opened);
                    plain.insert(number, (order.clone(), Arc::clone(&view)));
                    kept.insert(order, view);
                }
                let mut expected: Vec<&(Order, Arc<EventView>)> = plain.values().collect();
                expected.sort_by(|a, b| a.0.cmp(&b.0));
                expected.truncate(most);
                let mut expected: Vec<&Arc<str>> = expected.into_iter().map(|(order, _)| &order.2).collect();
                expected.sort();
                let list = OpenList::new(kept.listed().clone(), Aged::empty());
                let mut listed: Vec<&Arc<str>> = list.iter().map(|event| &event.id).collect();
                listed.sort();
                prop_assert_eq!(listed, expected);
            }
        }
    }
}
