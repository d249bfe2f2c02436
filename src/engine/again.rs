//! What the gate made of the counts last time: a group whose counts are the same is not protected anew. Owns what counts
//! as the same; a count never leaves this file but to the gate.

use std::collections::HashMap;
use std::ops::Range;

use crate::indicators::cube::{At, Step};
use crate::indicators::measure::MeasureUse;
use crate::indicators::window::first_day;
use crate::privacy::protect::{Looked, Owner, Protected, Raw};
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

/// Further back than a century nobody looks.
const MOST_MONTHS: i32 = 1200;

#[derive(Default)]
struct Remembered {
    /// What the gate saw.
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
    /// What is known now, where the picture is of what was known earlier.
    beside: Option<&'a Engine>,
}

impl Engine {
    /// The instant that a count of a group is told as of. Where a total of the group goes up and is known on every day,
    /// its parts go on by the month, or the total of a day would tell which of them had its few cases.
    pub(super) fn told_at(&self, group: usize, used: MeasureUse, at: At) -> At {
        let goes_on_by_day = self.gate.looks_back(group).is_some() && !self.is_of_months(used);
        if goes_on_by_day { self.month_end(at, 0) } else { at }
    }

    /// Whether a count is of rows that are stamped with months.
    fn is_of_months(&self, used: MeasureUse) -> bool {
        let table = self.plan.measures.get(used.measure).and_then(|measure| self.tables.get(measure.table));
        table.is_some_and(|table| table.is_stamped() && table.presence.step() == Step::Month)
    }

    /// The end of the last month that was over at an instant, or of one so many months before.
    fn month_end(&self, at: At, back: i32) -> At {
        let next = add_months(month_start(at.day), 1);
        let is_over = at.secs >= self.site.zone.end_of(next - 1);
        let day = add_months(next, -back - i32::from(!is_over)) - 1;
        At { secs: self.site.zone.end_of(day), day }
    }

    /// How many months of data of a group there are before an instant.
    fn months_back(&self, group: usize, at: At) -> i32 {
        let measured = self.gate.measured(group);
        let tables =
            measured.iter().filter_map(|used| self.tables.get(self.plan.measures.get(used.measure)?.table));
        let oldest = tables.filter_map(|table| {
            let oldest = table.presence.oldest()?;
            Some(match table.presence.step() {
                Step::Day => oldest,
                Step::Month => first_day(oldest),
            })
        });
        let Some(oldest) = oldest.min() else { return 0 };
        (0..MOST_MONTHS).find(|back| self.month_end(at, *back).day < oldest).unwrap_or(MOST_MONTHS)
    }

    /// The instant so many months before the one that a count is told as of.
    fn before_told(&self, used: MeasureUse, at: At, back: i32) -> At {
        let is_over = self.month_end(at, 0).day == at.day;
        self.month_end(at, if self.is_of_months(used) && !is_over { back - 1 } else { back })
    }

    /// What the gate is to see of a group: its counts; where it looks back also what everyone knows today of the top
    /// area, and the counts of the months before. `raw`: a count of some areas as of an instant.
    pub(super) fn raws_of_group(
        &self,
        group: usize,
        at: At,
        raw: impl Fn(MeasureUse, At, Range<usize>) -> Raw,
    ) -> Vec<Vec<Raw>> {
        let (measured, areas) = (self.gate.measured(group), 0..self.sum_up.len());
        let told =
            measured.iter().map(|used| raw(*used, self.told_at(group, *used, at), areas.clone())).collect();
        let Some(looked_at) = self.gate.looks_back(group) else { return vec![told] };
        let known = measured.iter().zip(self.gate.known_on_top(group));
        let today = known.map(|(used, is)| if is { raw(*used, at, 0..1) } else { Raw::default() }).collect();
        let before = |back: i32| -> Vec<Raw> {
            let all = measured.iter().zip(looked_at);
            let of = |used: MeasureUse| raw(used, self.before_told(used, at, back), areas.clone());
            all.map(|(used, is)| if *is { of(*used) } else { Raw::default() }).collect()
        };
        [told, today].into_iter().chain((1..=self.months_back(group, at)).map(before)).collect()
    }

    /// A group at one instant, protected.
    pub(super) fn protect_group(&self, group: usize, at: At) -> Vec<(Owner, Vec<Protected>)> {
        self.protect_raws(
            group,
            &self.raws_of_group(group, at, |used, at, areas| self.raw_of(used, at, areas)),
        )
    }

    fn protect_raws(&self, group: usize, raws: &[Vec<Raw>]) -> Vec<(Owner, Vec<Protected>)> {
        let Some((told, more)) = raws.split_first() else { return Vec::new() };
        let (today, earlier) =
            more.split_first().map_or((&[][..], &[][..]), |(today, earlier)| (today, earlier));
        self.gate.protect(&self.site, group, &Looked { raws: told, today, earlier })
    }
}

impl<'a> Kept<'a> {
    pub(super) fn new(memory: &'a mut Memory) -> Self {
        Self { memory, places: HashMap::new(), asked: HashMap::new(), beside: None }
    }

    /// For a picture of what was known earlier, beside an engine that knows all; `memory` must be new.
    pub(super) fn beside(memory: &'a mut Memory, now: &'a Engine) -> Self {
        Self { beside: Some(now), ..Self::new(memory) }
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
            let raws = engine.raws_of_group(group, at, |used, at, areas| engine.raw_of(used, at, areas));
            if !same(&raws, &remembered.raws) {
                let alone = engine.protect_raws(group, &raws);
                let protected = match self.beside {
                    Some(now) => now.told_then(engine, group, at, (&raws, alone)),
                    None => alone,
                };
                *remembered = Remembered { raws, protected };
            }
        }
        place
    }
}

/// Whether the gate would see no difference.
pub(super) fn same(a: &[Vec<Raw>], b: &[Vec<Raw>]) -> bool {
    a.len() == b.len()
        && !a.is_empty()
        && a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| is_same(a, b))
}

/// The same counts, bit by bit, so that no rounding decides.
fn is_same(a: &Raw, b: &Raw) -> bool {
    let bits = |count: &Option<f64>| count.map(f64::to_bits);
    a.withheld == b.withheld && a.counts.iter().map(bits).eq(b.counts.iter().map(bits))
}
