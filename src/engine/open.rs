//! Open events while they come and go: those with a place in the order that a screen lists them, the others, and how many
//! each area holds. Owns what is listed where there are too many to list.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::site::Site;
use crate::site::areas::AreaTree;
use crate::snapshot::{EpochSecs, EventView, Events};

/// The gravest first, then the newest.
type Order = (Reverse<u8>, Reverse<EpochSecs>, Arc<str>);

/// The oldest first.
type ByAge = (EpochSecs, Arc<str>);

/// Under which key an open event lies.
#[derive(Debug, Clone)]
enum Place {
    Placed(Order),
    Other(ByAge),
}

/// Open events. A picture shares them: copying its list costs a pointer an event.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenEvents {
    placed: BTreeMap<Order, Arc<EventView>>,
    others: BTreeMap<ByAge, Arc<EventView>>,
    places: HashMap<Arc<str>, Place>,
    /// Open placed events per area with all areas in it, drills left out.
    placed_in: Vec<u32>,
    by_severity: [u64; 4],
}

fn add_up(areas: &AreaTree, event: &EventView, by: i32, counts: &mut Vec<u32>) {
    if event.exercise || event.area.index() >= areas.len() {
        return;
    }
    counts.resize(areas.len(), 0);
    let mut at = Some(event.area);
    while let Some(id) = at {
        if let Some(count) = counts.get_mut(id.index()) {
            *count = count.saturating_add_signed(by);
        }
        at = areas.get(id).parent;
    }
}

impl OpenEvents {
    pub(super) fn insert(&mut self, site: &Site, event: EventView) {
        self.remove(site, &event.id);
        self.note_severity(&event, 1);
        let (id, opened) = (Arc::clone(&event.id), event.opened_secs);
        if event.place.is_none() {
            let key = (opened, Arc::clone(&id));
            self.others.insert(key.clone(), Arc::new(event));
            self.places.insert(id, Place::Other(key));
            return;
        }
        add_up(&site.areas, &event, 1, &mut self.placed_in);
        let order = (Reverse(event.severity), Reverse(opened), Arc::clone(&id));
        self.placed.insert(order.clone(), Arc::new(event));
        self.places.insert(id, Place::Placed(order));
    }

    pub(super) fn remove(&mut self, site: &Site, id: &str) {
        let removed = match self.places.remove(id) {
            None => return,
            Some(Place::Other(key)) => self.others.remove(&key),
            Some(Place::Placed(order)) => self.placed.remove(&order).inspect(|event| {
                add_up(&site.areas, event, -1, &mut self.placed_in);
            }),
        };
        if let Some(event) = removed {
            self.note_severity(&event, -1);
        }
    }

    fn note_severity(&mut self, event: &EventView, by: i64) {
        let at = usize::from(event.severity.clamp(1, 4) - 1);
        if let Some(count) = self.by_severity.get_mut(at).filter(|_| !event.exercise) {
            *count = count.saturating_add_signed(by);
        }
    }

    /// Every event without a place, and the gravest and newest of the placed ones as far as a screen lists them; the
    /// oldest first.
    pub(super) fn listed(&self) -> Vec<Arc<EventView>> {
        let by_age =
            |a: &Arc<EventView>, b: &Arc<EventView>| (a.opened_secs, &a.id).cmp(&(b.opened_secs, &b.id));
        let mut placed: Vec<&Arc<EventView>> = self.placed.values().take(Events::MOST_LISTED).collect();
        placed.sort_unstable_by(|a, b| by_age(a, b));
        let mut placed = placed.into_iter().peekable();
        let mut out = Vec::with_capacity(self.others.len() + placed.len());
        for other in self.others.values() {
            while let Some(older) = placed.next_if(|event| by_age(event, other).is_lt()) {
                out.push(Arc::clone(older));
            }
            out.push(Arc::clone(other));
        }
        out.extend(placed.cloned());
        out
    }

    pub(super) fn len(&self) -> u64 {
        (self.placed.len() + self.others.len()) as u64
    }

    pub(super) const fn by_severity(&self) -> [u64; 4] {
        self.by_severity
    }

    /// Open events per area with all areas in it, drills left out. `coarsely` are those without a place, at the areas
    /// where they may stand.
    pub(super) fn in_areas<'e>(
        &self,
        site: &Site,
        coarsely: impl Iterator<Item = &'e EventView>,
    ) -> Arc<[u32]> {
        let mut counts = self.placed_in.clone();
        counts.resize(site.areas.len(), 0);
        for event in coarsely.filter(|event| event.place.is_none()) {
            add_up(&site.areas, event, 1, &mut counts);
        }
        counts.into()
    }
}
