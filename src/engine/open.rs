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

/// Open events.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenEvents {
    placed: BTreeMap<Order, EventView>,
    orders: HashMap<Arc<str>, Order>,
    others: HashMap<Arc<str>, EventView>,
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
        if event.place.is_none() {
            self.others.insert(Arc::clone(&event.id), event);
            return;
        }
        add_up(&site.areas, &event, 1, &mut self.placed_in);
        let order = (Reverse(event.severity), Reverse(event.opened_secs), Arc::clone(&event.id));
        self.orders.insert(Arc::clone(&event.id), order.clone());
        self.placed.insert(order, event);
    }

    pub(super) fn remove(&mut self, site: &Site, id: &str) {
        let placed = self.orders.remove(id).and_then(|order| self.placed.remove(&order));
        if let Some(event) = &placed {
            add_up(&site.areas, event, -1, &mut self.placed_in);
        }
        if let Some(event) = placed.or_else(|| self.others.remove(id)) {
            self.note_severity(&event, -1);
        }
    }

    fn note_severity(&mut self, event: &EventView, by: i64) {
        let at = usize::from(event.severity.clamp(1, 4) - 1);
        if let Some(count) = self.by_severity.get_mut(at).filter(|_| !event.exercise) {
            *count = count.saturating_add_signed(by);
        }
    }

    /// Every event without a place, and the gravest and newest of the placed ones as far as a screen lists them.
    pub(super) fn listed(&self) -> Vec<EventView> {
        self.others.values().chain(self.placed.values().take(Events::MOST_LISTED)).cloned().collect()
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
