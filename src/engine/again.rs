//! What the gate made of the counts last time: a group whose counts are the same is not protected anew. Owns what counts
//! as the same; a count never leaves this file but to the gate.

use std::collections::HashMap;

use crate::indicators::cube::At;
use crate::privacy::protect::{Owner, Protected, Raw};
use crate::site::civil::{add_months, month_start};
use crate::snapshot::EpochSecs;

use super::Engine;

/// What was protected, by group and by the order in which its instants are asked for: between two pictures these move on
/// with the clock, and what they count mostly stays.
#[derive(Default)]
pub(crate) struct Memory {
    groups: Vec<Vec<Remembered>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Remembered {
    /// Of the instant, and of those before it that the gate looks back to.
    raws: Vec<Vec<Raw>>,
    protected: Vec<(Owner, Vec<Protected>)>,
}

/// Protects the groups of one picture, each once an instant.
pub(super) struct Kept<'a> {
    memory: &'a mut Memory,
    /// Place in the memory of a group's instants.
    places: HashMap<(usize, EpochSecs), usize>,
    /// Instants asked for so far, by group.
    asked: HashMap<usize, usize>,
}

impl Engine {
    /// Ends of the week's days before an instant, and of the months of a year.
    fn days_back(&self, at: At) -> Vec<At> {
        let month = month_start(at.day);
        let months = (0..12).map(|back| add_months(month, -back) - 1);
        let days = (1..=7).map(|back| at.day - back);
        days.chain(months).map(|day| At { secs: self.site.zone.end_of(day), day }).collect()
    }
}

impl<'a> Kept<'a> {
    pub(super) fn new(memory: &'a mut Memory) -> Self {
        Self { memory, places: HashMap::new(), asked: HashMap::new() }
    }

    /// One figure of a group over all areas.
    pub(super) fn figure(&mut self, engine: &Engine, group: usize, owner: Owner, at: At) -> Vec<Protected> {
        let place = match self.places.get(&(group, at.secs)) {
            Some(place) => *place,
            None => self.look(engine, group, at),
        };
        let remembered = self.memory.groups.get(group).and_then(|instants| instants.get(place));
        let all = remembered.map_or(&[][..], |remembered| &remembered.protected);
        all.iter().find(|(of, _)| *of == owner).map(|(_, values)| values.clone()).unwrap_or_default()
    }

    fn look(&mut self, engine: &Engine, group: usize, at: At) -> usize {
        let asked = self.asked.entry(group).or_default();
        let place = *asked;
        *asked += 1;
        self.places.insert((group, at.secs), place);
        let groups = &mut self.memory.groups;
        groups.resize_with(groups.len().max(group + 1), Vec::new);
        let Some(instants) = groups.get_mut(group) else { return place };
        instants.resize_with(instants.len().max(place + 1), Remembered::default);
        if let Some(remembered) = instants.get_mut(place) {
            let measured = engine.gate.measured(group);
            let mut raws: Vec<Vec<Raw>> = vec![measured.iter().map(|used| engine.raw(*used, at)).collect()];
            if let Some(looked_at) = engine.gate.looks_back(group) {
                let counts = |at: At| -> Vec<Raw> {
                    let both = measured.iter().zip(&looked_at);
                    both.map(|(used, is)| if *is { engine.raw(*used, at) } else { Raw::default() }).collect()
                };
                raws.extend(engine.days_back(at).into_iter().map(counts));
            }
            if !same(&raws, &remembered.raws)
                && let Some((now, earlier)) = raws.split_first()
            {
                let protected = engine.gate.protect(&engine.site, group, now, earlier);
                *remembered = Remembered { raws, protected };
            }
        }
        place
    }
}

/// Whether the gate would see no difference: bit by bit, so that no rounding decides.
fn same(a: &[Vec<Raw>], b: &[Vec<Raw>]) -> bool {
    let bits = |count: &Option<f64>| count.map(f64::to_bits);
    a.len() == b.len()
        && !a.is_empty()
        && a.iter()
            .flatten()
            .zip(b.iter().flatten())
            .all(|(a, b)| a.withheld == b.withheld && a.counts.iter().map(bits).eq(b.counts.iter().map(bits)))
}
