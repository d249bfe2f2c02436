//! Made-up object events for a measurement: as many as asked for, where the site's buildings stand. Owns their numbers,
//! which are the same on every machine.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

use crate::density::{Collected, Old};
use crate::engine::Engine;
use crate::moment::{Span, Timeline};
use crate::site::areas::{AreaId, LonLat};
use crate::snapshot::{EpochSecs, EventPhase, EventView};

/// Days that the events spread over.
const DAYS: u64 = 365;
/// Longest that one lasts that is over, in hours.
const LONGEST_HOURS: u64 = 14 * 24;
/// One of so many is open.
const OPEN_ONE_IN: u64 = 50;

/// A source of events.
pub(super) struct Crowd {
    dice: Xoshiro256PlusPlus,
    kinds: Vec<Arc<str>>,
    seeds: Arc<[LonLat]>,
    made: u64,
    now_secs: EpochSecs,
    open: Vec<EventView>,
}

impl Crowd {
    /// For a site's buildings and kinds of objects, with everything before an instant.
    pub(super) fn new(engine: &Engine, now_secs: EpochSecs) -> Self {
        let site = engine.site();
        let kinds = site.meta.events.as_ref().map(|e| e.object_kinds.as_slice()).unwrap_or_default();
        let mut seeds = Arc::clone(&engine.texture);
        if seeds.is_empty() {
            seeds = Arc::from([site.areas.get(AreaId::ROOT).label]);
        }
        let dice = Xoshiro256PlusPlus::seed_from_u64(20_261_123);
        let kinds = kinds.iter().map(|k| Arc::from(k.as_str())).collect();
        Self { dice, kinds, seeds, made: 0, now_secs, open: Vec::new() }
    }

    fn below(&mut self, most: u64) -> u64 {
        self.dice.next_u64() % most.max(1)
    }

    fn share(&mut self) -> f64 {
        (self.dice.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn place(&mut self) -> LonLat {
        // Within some hundred metres of a building.
        let at = self.below(self.seeds.len() as u64) as usize;
        let [lon, lat] = self.seeds.get(at).copied().unwrap_or_default();
        let spread = 0.003;
        let around = |crowd: &mut Self| (crowd.share() + crowd.share() - 1.0) * spread;
        [lon + around(self), lat + around(self)]
    }

    fn event(&mut self, phase: EventPhase, opened_secs: EpochSecs) -> EventView {
        self.made += 1;
        let severity = match self.below(100) {
            0..70 => 1,
            70..90 => 2,
            90..98 => 3,
            _ => 4,
        };
        // The square makes some kinds much more frequent than others.
        let share = self.share();
        let lasted_secs = (self.made % LONGEST_HOURS + 1) as i64 * 3600;
        let kind = (share * share * self.kinds.len() as f64) as usize;
        EventView {
            id: format!("B{:08}", self.made).into(),
            area: AreaId::ROOT,
            kind: self.kinds.get(kind).map_or_else(|| Arc::from(""), Arc::clone),
            severity,
            status: Arc::from(""),
            phase,
            organisation: None,
            opened_secs,
            due_secs: None,
            changed_secs: opened_secs,
            closed_secs: (phase == EventPhase::Done).then(|| self.now_secs.min(opened_secs + lasted_secs)),
            place: Some(self.place()),
            exercise: false,
        }
    }

    fn kind(&self, event: &EventView) -> u16 {
        self.kinds.iter().position(|k| *k == event.kind).unwrap_or(0) as u16
    }

    fn push(&self, out: &mut Collected, event: &EventView) {
        let kind = self.kind(event);
        if let Some(place) = event.place {
            out.push(&event.id, place, kind, event.severity, event.phase, event.opened_secs);
        }
    }

    /// Puts so many events in the place of the site's own; their places come back where they are asked for.
    pub(super) fn fill(
        &mut self,
        engine: &mut Engine,
        events: usize,
        places: Option<&Path>,
    ) -> std::io::Result<()> {
        let mut all = Collected::default();
        let (mut timeline, mut spans) = (Timeline::default(), Vec::new());
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..events {
            let phase = if self.below(OPEN_ONE_IN) == 0 { EventPhase::Open } else { EventPhase::Done };
            let opened = self.now_secs - self.below(DAYS * 86_400) as i64;
            let event = self.event(phase, opened);
            self.push(&mut all, &event);
            timeline.add(opened, self.kind(&event).into(), event.severity, 1);
            spans.extend(Span::of(&event));
            if places.is_some() {
                event.place.iter().flatten().for_each(|n| bytes.extend(n.to_le_bytes()));
            }
            if phase == EventPhase::Open {
                self.open.push(event);
            }
        }
        let site = Arc::clone(engine.site());
        engine.events.measure_with(&site, self.open.clone(), &all, timeline.with_spans(spans), self.now_secs);
        places.map_or(Ok(()), |path| std::fs::write(path, bytes))
    }

    /// Lets events happen: half of them new, half known ones that are closed.
    pub(super) fn happen(&mut self, engine: &mut Engine, changes: usize, now_secs: EpochSecs) {
        let mut added: Vec<EventView> = Vec::new();
        let mut gone: Vec<EventView> = Vec::new();
        for change in 0..changes {
            if change % 2 == 0 || self.open.is_empty() {
                let event = self.event(EventPhase::Open, now_secs);
                self.open.push(event.clone());
                added.push(event);
            } else {
                let at = self.below(self.open.len() as u64) as usize;
                let event = self.open.swap_remove(at);
                added.retain(|new| new.id != event.id);
                added.push(EventView {
                    phase: EventPhase::Done,
                    changed_secs: now_secs,
                    closed_secs: Some(now_secs),
                    ..event.clone()
                });
                gone.push(event);
            }
        }
        let mut collected = Collected::default();
        added.iter().for_each(|event| self.push(&mut collected, event));
        let old: Vec<Old> = gone.iter().filter_map(|event| Some((event.place?, event.opened_secs))).collect();
        let ids: HashSet<&str> = gone.iter().map(|event| &*event.id).collect();
        let site = Arc::clone(engine.site());
        engine.events.exchange(&site, &old, &ids, &collected, now_secs);
        engine.events.listed_change(&site, &gone, added);
    }
}
