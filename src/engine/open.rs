//! Open events while they come and go: those with a place in the order that a screen lists them, the others, and how many
//! each area holds. Owns what is listed where there are too many to list, and at which areas events stand that concern
//! persons.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::site::Site;
use crate::site::areas::{AreaId, AreaTree};
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

/// An open event without a place.
#[derive(Debug, Clone)]
struct Other {
    /// Where it is.
    area: AreaId,
    of_persons: bool,
    exercise: bool,
    /// Where it stands on the screen.
    shown_area: AreaId,
    /// As it stands there.
    shown: Arc<EventView>,
}

/// Open events. A picture shares them: copying its list costs a pointer an event.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenEvents {
    placed: BTreeMap<Order, Arc<EventView>>,
    others: BTreeMap<ByAge, Other>,
    places: HashMap<Arc<str>, Place, RandomState>,
    /// How many of those with a place concern persons. The door lets none in.
    placed_of_persons: usize,
    /// Open placed events per area with all areas in it, drills left out.
    placed_in: Vec<u32>,
    by_severity: [u64; 4],
}

/// Open events as a screen may show them.
pub(super) struct Listed {
    /// Every event without a place, and the gravest and newest of the placed ones as far as a screen lists them; the
    /// oldest first.
    pub(super) events: Vec<Arc<EventView>>,
    /// Open events per area with all areas in it, drills left out.
    pub(super) in_areas: Arc<[u32]>,
}

/// Whether an event is not about an object.
fn concerns_persons(site: &Site, event: &EventView) -> bool {
    let objects = site.meta.events.as_ref().map(|e| e.object_kinds.as_slice()).unwrap_or_default();
    objects.iter().all(|kind| *kind != *event.kind)
}

/// Fewer events that concern persons than this are never shown at one area.
const LEAST_AT_AN_AREA: u32 = 5;

/// Where events stand that concern persons, by the area that they are at; `counts` says how many are at each. Whoever
/// looks at the map can count them, so each stands at the finest area where enough of them stand, at the top area at
/// last.
fn coarse_areas(areas: &AreaTree, mut counts: Vec<u32>) -> Vec<AreaId> {
    counts.resize(areas.len(), 0);
    let mut at: Vec<AreaId> = areas.iter().map(|(id, _)| id).collect();
    // Parents come before their children: what moves up is counted there before that one is looked at.
    for (id, area) in areas.iter().collect::<Vec<_>>().into_iter().rev() {
        let count = counts.get(id.index()).copied().unwrap_or(0);
        let parent = area.parent.unwrap_or(AreaId::ROOT);
        if area.level == 0 || count >= LEAST_AT_AN_AREA {
            continue;
        }
        if let Some(sum) = counts.get_mut(parent.index()) {
            *sum += count;
        }
        if let Some(at) = at.get_mut(id.index()) {
            *at = parent;
        }
    }
    for id in 0..at.len() {
        let up = at.get(id).and_then(|up| at.get(up.index())).copied();
        if let (Some(up), Some(at)) = (up, at.get_mut(id)) {
            *at = up;
        }
    }
    at
}

/// The areas where events may be shown, in their order.
pub(super) fn shown_areas(site: &Site, events: &[EventView]) -> Vec<AreaId> {
    let mut counts = Vec::new();
    let of_persons: Vec<bool> = events.iter().map(|event| concerns_persons(site, event)).collect();
    let all = || events.iter().zip(&of_persons);
    all().filter(|(_, of_persons)| **of_persons).for_each(|(e, _)| note(&mut counts, &site.areas, e.area));
    let coarse = coarse_areas(&site.areas, counts);
    all().map(|(event, of_persons)| shown_area(&coarse, event.area, *of_persons)).collect()
}

fn shown_area(coarse: &[AreaId], area: AreaId, of_persons: bool) -> AreaId {
    coarse.get(area.index()).copied().filter(|_| of_persons).unwrap_or(area)
}

fn note(counts: &mut Vec<u32>, areas: &AreaTree, area: AreaId) {
    counts.resize(areas.len(), 0);
    if let Some(count) = counts.get_mut(area.index()) {
        *count += 1;
    }
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
        let of_persons = concerns_persons(site, &event);
        if event.place.is_none() {
            let key = (opened, Arc::clone(&id));
            let (area, exercise) = (event.area, event.exercise);
            let other = Other { area, of_persons, exercise, shown_area: area, shown: Arc::new(event) };
            self.others.insert(key.clone(), other);
            self.places.insert(id, Place::Other(key));
            return;
        }
        self.placed_of_persons += usize::from(of_persons);
        add_up(&site.areas, &event, 1, &mut self.placed_in);
        let order = (Reverse(event.severity), Reverse(opened), Arc::clone(&id));
        self.placed.insert(order.clone(), Arc::new(event));
        self.places.insert(id, Place::Placed(order));
    }

    pub(super) fn remove(&mut self, site: &Site, id: &str) {
        let removed = match self.places.remove(id) {
            None => return,
            Some(Place::Other(key)) => self.others.remove(&key).map(|other| other.shown),
            Some(Place::Placed(order)) => self.placed.remove(&order).inspect(|event| {
                self.placed_of_persons -= usize::from(concerns_persons(site, event));
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

    /// What a screen lists. Events that concern persons stand where enough of them are listed; where one stands is kept
    /// until it changes.
    pub(super) fn listed(&mut self, site: &Site) -> Listed {
        let areas = &site.areas;
        let mut placed: Vec<(EpochSecs, &Arc<str>, Arc<EventView>)> = self
            .placed
            .iter()
            .take(Events::MOST_LISTED)
            .map(|((_, Reverse(opened), id), event)| (*opened, id, Arc::clone(event)))
            .collect();
        placed.sort_unstable_by_key(|(opened, id, _)| (*opened, *id));
        let mut counts: Vec<u32> = Vec::new();
        let others = self.others.values().filter(|other| other.of_persons);
        others.for_each(|other| note(&mut counts, areas, other.area));
        if self.placed_of_persons > 0 {
            let of_persons = placed.iter().filter(|(.., event)| concerns_persons(site, event));
            of_persons.for_each(|(.., event)| note(&mut counts, areas, event.area));
        }
        let coarse = coarse_areas(areas, counts);
        if self.placed_of_persons > 0 {
            for (.., event) in placed.iter_mut().filter(|(.., event)| concerns_persons(site, event)) {
                let area = shown_area(&coarse, event.area, true);
                Arc::make_mut(event).area = area;
            }
        }
        let mut in_areas: Vec<u32> = Vec::new();
        let mut placed = placed.into_iter().peekable();
        let mut events = Vec::with_capacity(self.others.len() + placed.len());
        for ((opened, id), other) in &mut self.others {
            while let Some((.., older)) = placed.next_if(|(o, i, _)| (*o, *i) < (*opened, id)) {
                events.push(older);
            }
            let area = shown_area(&coarse, other.area, other.of_persons);
            if other.shown_area != area {
                other.shown_area = area;
                Arc::make_mut(&mut other.shown).area = area;
            }
            if !other.exercise {
                note(&mut in_areas, areas, area);
            }
            events.push(Arc::clone(&other.shown));
        }
        events.extend(placed.map(|(.., event)| event));
        in_areas.resize(areas.len(), 0);
        for (id, area) in areas.iter().collect::<Vec<_>>().into_iter().rev() {
            let count = in_areas.get(id.index()).copied().unwrap_or(0);
            if let Some(sum) = area.parent.and_then(|parent| in_areas.get_mut(parent.index())) {
                *sum += count;
            }
        }
        in_areas.iter_mut().zip(&self.placed_in).for_each(|(all, placed)| *all += placed);
        Listed { events, in_areas: in_areas.into() }
    }

    pub(super) fn len(&self) -> u64 {
        (self.placed.len() + self.others.len()) as u64
    }

    pub(super) const fn by_severity(&self) -> [u64; 4] {
        self.by_severity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::areas::{Area, Bounds};
    use crate::site::text::Bilingual;
    use proptest::prelude::*;

    /// A top area, three in it, two in each of those, and two in each of those.
    fn tree() -> AreaTree {
        let mut codes = vec![String::from("0")];
        for level in 1..4 {
            let children = if level == 1 { "012" } else { "01" };
            let above: Vec<String> = codes.iter().filter(|code| code.len() == level).cloned().collect();
            codes.extend(above.iter().flat_map(|code| children.chars().map(move |c| format!("{code}{c}"))));
        }
        let area = |code: String| Area {
            level: code.len() - 1,
            name: Bilingual::default(),
            parent: None,
            children: Vec::new(),
            polygons: Vec::new(),
            label: [0.0; 2],
            bounds: Bounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 },
            code,
        };
        let (tree, orphans) = AreaTree::link(codes.into_iter().map(area).collect());
        assert_eq!((tree.len(), orphans.len()), (22, 0));
        tree
    }

    /// Level by level, event by event.
    fn plainly(areas: &AreaTree, mut at: Vec<AreaId>) -> Vec<AreaId> {
        for level in (1..4).rev() {
            let before = at.clone();
            for area in &mut at {
                let count = before.iter().filter(|other| *other == area).count();
                if areas.get(*area).level == level && count < LEAST_AT_AN_AREA as usize {
                    *area = areas.get(*area).parent.unwrap();
                }
            }
        }
        at
    }

    proptest! {
        #[test]
        fn few_events_stand_at_the_area_around(places in prop::collection::vec(0_u32..22, 0..60)) {
            let tree = tree();
            let at: Vec<AreaId> = places.into_iter().map(AreaId).collect();
            let mut counts = Vec::new();
            at.iter().for_each(|area| note(&mut counts, &tree, *area));
            let coarse = coarse_areas(&tree, counts);
            let found: Vec<AreaId> = at.iter().map(|area| shown_area(&coarse, *area, true)).collect();
            prop_assert_eq!(found, plainly(&tree, at));
        }
    }
}
