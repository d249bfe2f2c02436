//! What the gate sees of a group, and what it made of the same counts last time: a group whose counts are the same is not
//! protected anew. Owns what counts as the same; a count never leaves this file but to the gate.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::indicators::cube::At;
use crate::indicators::measure::{MeasureUse, Storage};
use crate::privacy::protect::{AsOf, Looked, Owner, Protected, Raw};
use crate::snapshot::{Day, EpochSecs};

use super::pace::Pace;
use super::{Engine, Version};

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
    /// What the gate saw.
    raws: Vec<Arc<[Raw]>>,
    protected: Vec<(Owner, Vec<Protected>)>,
    /// The instant that it is told as of, where that is earlier than the one asked for.
    told_secs: Option<EpochSecs>,
    /// The day's end that stocks of the top area are told as of, where that is earlier.
    stock_secs: Option<EpochSecs>,
    is_silent: bool,
    are_stocks_told: bool,
    /// The tables that it was counted from.
    seen: Option<Seen>,
}

/// Tables as they were on a day. While these are the same, so is what is counted from them.
#[derive(PartialEq, Eq)]
struct Seen {
    day: Day,
    is_over: bool,
    tables: Vec<(Version, bool)>,
}

/// Protects the groups of one picture, each once an instant.
pub(super) struct Kept<'a> {
    memory: &'a mut Memory,
    /// Place in the memory of a group's instants.
    places: HashMap<(usize, EpochSecs), usize>,
    /// Instants asked for so far, by group.
    asked: HashMap<usize, usize>,
    /// Counts of groups at instants before, which several instants that are asked for look back at.
    old: HashMap<(usize, EpochSecs), Arc<[Raw]>>,
    /// What is known now, where the picture is of what was known earlier.
    beside: Option<&'a Engine>,
}

impl Engine {
    /// What the gate is to see of a group: its counts; where these are told at a pace of their own also what everyone
    /// knows today of the top area, and the counts of all instants before of which they are told. `raw`: a count of some
    /// areas as of an instant.
    pub(super) fn raws_of_group(
        &self,
        group: usize,
        pace: &Pace,
        raw: impl Fn(MeasureUse, At, Range<usize>) -> Raw,
        old: &mut HashMap<(usize, EpochSecs), Arc<[Raw]>>,
    ) -> Vec<Arc<[Raw]>> {
        let (measured, areas) = (self.gate.measured(group), 0..self.sum_up.len());
        let told = measured.iter().map(|used| raw(*used, pace.told_at(), areas.clone())).collect();
        let Some(looked_at) = self.gate.looks_back(group) else { return vec![told] };
        let own = self.gate.known_on_top(group).into_iter().zip(self.gate.told_by_days(group));
        let today = measured.iter().zip(own).map(|(used, own)| match (own, pace.stock_at()) {
            ((true, _), _) => raw(*used, pace.at(), 0..1),
            ((_, true), Some(stock_at)) => raw(*used, stock_at, 0..1),
            _ => Raw::default(),
        });
        let before = |at: &At| -> Arc<[Raw]> {
            let all = measured.iter().zip(looked_at);
            let count = |(used, is): (&MeasureUse, &bool)| match is {
                true => raw(*used, *at, areas.clone()),
                false => Raw::default(),
            };
            Arc::clone(old.entry((group, at.secs)).or_insert_with(|| all.map(count).collect()))
        };
        [told, today.collect()].into_iter().chain(pace.before().map(before)).collect()
    }

    /// The tables that a group is counted from; none where it is counted by instants, so that the clock alone changes it.
    fn seen(&self, group: usize, at: At) -> Option<Seen> {
        let of_table = |used: &MeasureUse| {
            let measure = self.plan.measures.get(used.measure)?;
            let table = self.tables.get(measure.table)?;
            let is_by_day =
                measure.storage == Storage::Calendar && table.table.is_stamped(&measure.time_column);
            is_by_day.then_some((table.version, table.is_unread))
        };
        let tables: Option<Vec<_>> = self.gate.measured(group).iter().map(of_table).collect();
        let is_over = at.secs >= self.site.zone.end_of(at.day);
        Some(Seen { day: at.day, is_over, tables: tables? })
    }

    /// A group at one instant, protected.
    pub(super) fn protect_group(&self, group: usize, at: At) -> Vec<(Owner, Vec<Protected>)> {
        let pace = self.pace(group, at);
        let raw = |used, at, areas| self.raw_of(used, at, areas);
        let raws = self.raws_of_group(group, &pace, raw, &mut HashMap::new());
        self.protect_raws(group, &pace, &raws)
    }

    fn protect_raws(&self, group: usize, pace: &Pace, raws: &[Arc<[Raw]>]) -> Vec<(Owner, Vec<Protected>)> {
        let Some((told, more)) = raws.split_first() else { return Vec::new() };
        let (today, earlier) =
            more.split_first().map_or((&[][..], &[][..]), |(today, earlier)| (&**today, earlier));
        self.gate.protect(
            &self.site,
            group,
            &Looked {
                raws: told,
                today,
                earlier,
                is_silent: pace.is_silent(),
                are_stocks_told: pace.are_stocks_told(),
            },
        )
    }
}

impl<'a> Kept<'a> {
    pub(super) fn new(memory: &'a mut Memory) -> Self {
        Self { memory, places: HashMap::new(), asked: HashMap::new(), old: HashMap::new(), beside: None }
    }

    /// For a picture of what was known earlier, beside an engine that knows all; `memory` must be new.
    pub(super) fn beside(memory: &'a mut Memory, now: &'a Engine) -> Self {
        Self { beside: Some(now), ..Self::new(memory) }
    }

    /// One figure of a group over all areas.
    pub(super) fn figure(&mut self, engine: &Engine, group: usize, owner: Owner, at: At) -> Vec<Protected> {
        if !self.places.contains_key(&(group, at.secs)) {
            self.look(engine, group, at);
        }
        let all = self.remembered(group, at).map_or(&[][..], |remembered| &remembered.protected);
        all.iter().find(|(of, _)| *of == owner).map(|(_, values)| values.clone()).unwrap_or_default()
    }

    /// The instant that a figure of a group which was asked for is told as of, where that is earlier.
    pub(super) fn told_secs(&self, group: usize, at: At, as_of: AsOf) -> Option<EpochSecs> {
        let remembered = self.remembered(group, at)?;
        match as_of {
            AsOf::Group => remembered.told_secs,
            AsOf::StockDay => remembered.stock_secs,
            AsOf::Today => None,
        }
    }

    fn remembered(&self, group: usize, at: At) -> Option<&Remembered> {
        let place = self.places.get(&(group, at.secs))?;
        self.memory.groups.get(group)?.get(*place)
    }

    fn look(&mut self, engine: &Engine, group: usize, at: At) {
        let asked = self.asked.entry(group).or_default();
        let place = *asked;
        *asked += 1;
        self.places.insert((group, at.secs), place);
        let groups = &mut self.memory.groups;
        groups.resize_with(groups.len().max(group + 1), Vec::new);
        let Some(instants) = groups.get_mut(group) else { return };
        instants.resize_with(instants.len().max(place + 1), Remembered::default);
        if let Some(remembered) = instants.get_mut(place) {
            let seen = engine.seen(group, at).filter(|_| self.beside.is_none());
            if seen.is_some() && remembered.seen == seen {
                return;
            }
            remembered.seen = seen;
            let pace = self.beside.unwrap_or(engine).pace(group, at);
            let [told_secs, stock_secs] = [Some(pace.told_at()), pace.stock_at()]
                .map(|told| told.filter(|told| *told != at).map(|told| told.secs));
            (remembered.told_secs, remembered.stock_secs) = (told_secs, stock_secs);
            let raw = |used, at, areas| engine.raw_of(used, at, areas);
            let raws = engine.raws_of_group(group, &pace, raw, &mut self.old);
            let is_told = (pace.is_silent(), pace.are_stocks_told());
            if !same(&raws, &remembered.raws) || (remembered.is_silent, remembered.are_stocks_told) != is_told
            {
                let alone = engine.protect_raws(group, &pace, &raws);
                remembered.protected = match self.beside {
                    Some(now) => now.told_then(engine, group, &pace, (&raws, alone)),
                    None => alone,
                };
                remembered.raws = raws;
                (remembered.is_silent, remembered.are_stocks_told) = is_told;
            }
        }
    }
}

/// Whether the gate would see no difference.
pub(super) fn same(a: &[Arc<[Raw]>], b: &[Arc<[Raw]>]) -> bool {
    let all = |(a, b): (&Arc<[Raw]>, &Arc<[Raw]>)| {
        Arc::ptr_eq(a, b) || a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_same(a, b))
    };
    a.len() == b.len() && !a.is_empty() && a.iter().zip(b).all(all)
}

/// The same counts, bit by bit, so that no rounding decides.
fn is_same(a: &Raw, b: &Raw) -> bool {
    let bits = |count: &Option<f64>| count.map(f64::to_bits);
    a.withheld == b.withheld && a.counts.iter().map(bits).eq(b.counts.iter().map(bits))
}
