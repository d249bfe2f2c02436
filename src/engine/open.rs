//! Open events while they come and go: those with a place in the order that a screen lists them, the others, and how many
//! each area holds. Owns what is listed where there are too many to list, and at which areas events stand that concern
//! persons. What a batch changes is changed here; nothing is made anew for a picture but counts per area.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::site::Site;
use crate::site::areas::{AreaId, AreaTree};
use crate::snapshot::{Aged, EpochSecs, EventView, OpenList};

use super::foremost::{Foremost, Order};

/// The oldest first.
type ByAge = (EpochSecs, Arc<str>);

/// Where an open event lies.
#[derive(Debug, Clone)]
enum Place {
    /// With a place.
    Placed(Order),
    /// Without, about an object.
    Other(EpochSecs),
    /// Of persons, and the area where it is, which is not the one where it stands on a screen.
    OfPersons(EpochSecs, AreaId),
}

/// Open events. A picture shares them: its list costs a pointer for some dozen events.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenEvents {
    placed: Foremost,
    others: Aged,
    places: HashMap<Arc<str>, Place, RandomState>,
    /// Events that concern persons, by the area where they are.
    of_persons: BTreeMap<AreaId, BTreeSet<ByAge>>,
    /// Where such events stand on a screen, by the area where they are, as of the last list.
    coarse: Vec<AreaId>,
    /// Open events per area with all areas in it, drills left out, where they stand on a screen.
    in_areas: Vec<u32>,
    by_severity: [u64; 4],
}

/// Open events as a screen may show them.
pub(super) struct Listed {
    /// Every event without a place, and the gravest and newest of the placed ones as far as a screen lists them; the
    /// oldest first.
    pub(super) events: OpenList,
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

/// Counts an event where it stands, or takes it back.
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
    pub(super) fn insert(&mut self, site: &Site, mut event: EventView) {
        self.remove(site, &event.id);
        self.note_severity(&event, 1);
        let (id, opened) = (Arc::clone(&event.id), event.opened_secs);
        if concerns_persons(site, &event) {
            // It stands at an area. The door lets none in that has a place.
            event.place = None;
            self.of_persons.entry(event.area).or_default().insert((opened, Arc::clone(&id)));
            self.places.insert(id, Place::OfPersons(opened, event.area));
            event.area = shown_area(&self.coarse, event.area, true);
        } else if event.place.is_some() {
            let order = (Reverse(event.severity), Reverse(opened), Arc::clone(&id));
            add_up(&site.areas, &event, 1, &mut self.in_areas);
            self.places.insert(id, Place::Placed(order.clone()));
            self.placed.insert(order, Arc::new(event));
            return;
        } else {
            self.places.insert(id, Place::Other(opened));
        }
        add_up(&site.areas, &event, 1, &mut self.in_areas);
        self.others.insert(Arc::new(event));
    }

    pub(super) fn remove(&mut self, site: &Site, id: &str) {
        let removed = match self.places.remove(id) {
            None => return,
            Some(Place::Other(opened)) => self.others.remove(opened, id),
            Some(Place::OfPersons(opened, area)) => {
                if let Some(there) = self.of_persons.get_mut(&area) {
                    there.remove(&(opened, Arc::from(id)));
                }
                self.others.remove(opened, id)
            }
            Some(Place::Placed(order)) => self.placed.remove(&order),
        };
        if let Some(event) = removed {
            add_up(&site.areas, &event, -1, &mut self.in_areas);
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
        let mut counts: Vec<u32> = vec![0; areas.len()];
        for (area, there) in &self.of_persons {
            if let Some(count) = counts.get_mut(area.index()) {
                *count = u32::try_from(there.len()).unwrap_or(u32::MAX);
            }
        }
        let coarse = coarse_areas(areas, counts);
        for (area, there) in &self.of_persons {
            let (was, stands) = (shown_area(&self.coarse, *area, true), shown_area(&coarse, *area, true));
            for (opened, id) in there.iter().filter(|_| was != stands) {
                let Some(event) = self.others.get_mut(*opened, id) else { continue };
                add_up(areas, event, -1, &mut self.in_areas);
                event.area = stands;
                add_up(areas, event, 1, &mut self.in_areas);
            }
        }
        self.coarse = coarse;
        self.in_areas.resize(areas.len(), 0);
        let events = OpenList::new(self.placed.listed().clone(), self.others.clone());
        Listed { events, in_areas: self.in_areas.as_slice().into() }
    }

    pub(super) fn len(&self) -> u64 {
        self.places.len() as u64
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
