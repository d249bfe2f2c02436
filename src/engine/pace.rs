//! As of which instants the parts of a published total are told. Owns that choice; looks at published totals only, so that
//! it tells nothing by itself.
//!
//! Such a total is known on every day, and a day has few cases: whichever part moves then had them. So parts are told as
//! of a month's end, and go on to another only where each total that everyone knows has gone on by some thresholds since,
//! or not at all.

use crate::indicators::cube::{At, Step};
use crate::indicators::window::first_day;
use crate::privacy::protect::Raw;
use crate::site::civil::{add_months, month_start};
use crate::snapshot::Day;

use super::{Engine, TableState};

/// The instants of which a group is told, up to the one asked for.
pub(super) struct Pace {
    at: At,
    /// The last is the present one. None where the group is told as of every instant.
    told: Option<Vec<At>>,
}

/// Further back than a century nobody looks.
const MOST_MONTHS: i32 = 1200;

impl Pace {
    /// The instant asked for.
    pub(super) const fn at(&self) -> At {
        self.at
    }

    /// The instant that the group is told as of.
    pub(super) fn told_at(&self) -> At {
        self.told.as_ref().and_then(|told| told.last()).copied().unwrap_or(self.at)
    }

    /// Those before it of which it was told.
    pub(super) fn before(&self) -> impl Iterator<Item = &At> {
        self.told.iter().flatten().rev().skip(1)
    }

    /// Whether nothing may be told of the parts yet.
    pub(super) fn is_silent(&self) -> bool {
        self.told.as_ref().is_some_and(Vec::is_empty)
    }
}

impl Engine {
    /// As of which instants a group is told.
    pub(super) fn pace(&self, group: usize, at: At) -> Pace {
        let Some(looked_at) = self.gate.looks_back(group) else { return Pace { at, told: None } };
        let measured = self.gate.measured(group);
        let top = |at: At| -> Vec<Raw> {
            let all = measured.iter().zip(looked_at);
            all.map(|(used, is)| if *is { self.raw_of(*used, at, 0..1) } else { Raw::default() }).collect()
        };
        let (mut told, mut last) = (Vec::new(), Vec::new());
        for end in self.month_ends(group, at) {
            let next = top(end);
            if self.gate.may_go_on(group, &last, &next) {
                told.push(end);
                last = next;
            }
        }
        Pace { at, told: Some(told) }
    }

    /// The ends of all months with data of a group, oldest first; of tables that are stamped with months also the present
    /// one, which is not over.
    fn month_ends(&self, group: usize, at: At) -> Vec<At> {
        let measured = self.gate.measured(group);
        let tables: Vec<&TableState> = measured
            .iter()
            .filter_map(|used| self.tables.get(self.plan.measures.get(used.measure)?.table))
            .collect();
        let oldest = tables.iter().filter_map(|table| {
            let oldest = table.presence.oldest()?;
            Some(match table.presence.step() {
                Step::Day => oldest,
                Step::Month => first_day(oldest),
            })
        });
        let Some(oldest) = oldest.min() else { return Vec::new() };
        let is_of_months = |table: &&TableState| table.is_stamped() && table.presence.step() == Step::Month;
        let end_of = |day: Day| At { secs: self.site.zone.end_of(day), day };
        let next = add_months(month_start(at.day), 1);
        let is_over = at.secs >= self.site.zone.end_of(next - 1);
        let mut ends: Vec<At> = (i32::from(!is_over)..MOST_MONTHS)
            .map(|back| end_of(add_months(next, -back) - 1))
            .take_while(|end| end.day >= oldest)
            .collect();
        ends.reverse();
        if !is_over && tables.iter().all(is_of_months) {
            ends.push(at);
        }
        ends
    }
}
