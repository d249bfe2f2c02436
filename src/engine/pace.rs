//! As of which instants the parts of a published total are told, and stocks. Owns that choice; looks at published totals
//! only, and at what can be worked out from them where a stock is shown: it tells at most that this was a few.
//!
//! Such a total is known on every day, and a day has few cases: whichever part moves then had them. So parts are told as
//! of a month's end, and go on to another only where each total that everyone knows has gone on by some thresholds since,
//! or not at all. A stock of the top area goes on by days, but not where that would tell of a few that went out: to the
//! last day up to which none went out since it was told before, or no few. The last week of a month is left out, so that
//! there is something between it and the month's end, of which the areas below are told.

use crate::indicators::cube::{At, Step};
use crate::indicators::measure::MeasureUse;
use crate::privacy::protect::Raw;
use crate::site::civil::{add_months, month_start};
use crate::snapshot::Day;

use super::{Engine, TableState};

/// The instants of which a group is told, up to the one asked for.
pub(super) struct Pace {
    at: At,
    /// The last is the present one. None where the group is told as of every instant.
    told: Option<Vec<At>>,
    stock_at: Option<At>,
    are_stocks_told: bool,
}

/// Further back than a century nobody looks.
const MOST_MONTHS: i32 = 1200;

/// So many days before a month's end no stock is told.
const LAST_DAYS: Day = 7;

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

    /// The end of the day that stocks of the top area are told of; none where they go with their group.
    pub(super) const fn stock_at(&self) -> Option<At> {
        self.stock_at
    }

    /// Whether stocks may be told with their group.
    pub(super) const fn are_stocks_told(&self) -> bool {
        self.are_stocks_told
    }
}

impl Engine {
    /// As of which instants a group is told.
    pub(super) fn pace(&self, group: usize, at: At) -> Pace {
        let Some(looked_at) = self.gate.looks_back(group) else {
            return Pace { at, told: None, stock_at: None, are_stocks_told: true };
        };
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
        let (stock_at, are_stocks_told) = self.stock_pace(group, at, told.last().copied());
        Pace { at, told: Some(told), stock_at, are_stocks_told }
    }

    /// The day that stocks of the top area are told of, and whether they are told as of a month's end as well.
    fn stock_pace(&self, group: usize, at: At, told: Option<At>) -> (Option<At>, bool) {
        if self.gate.worked_out(group).next().is_none() {
            return (None, true);
        }
        let is_by_day = self.tables_of_group(group).any(|table| table.presence.step() == Step::Day);
        let is_over = at.secs >= self.site.zone.end_of(at.day);
        let stock_day = self.last_stock_day(group, at.day - i32::from(!is_over), true).filter(|_| is_by_day);
        let are_told =
            told.is_some_and(|told| self.last_stock_day(group, told.day, is_by_day) == Some(told.day));
        (stock_day.map(|day| At { secs: self.site.zone.end_of(day), day }), are_told)
    }

    /// The last day up to one that stocks of the top area are told of: month by month, each beginning with the end of the
    /// one before, told or not.
    fn last_stock_day(&self, group: usize, until: Day, is_by_day: bool) -> Option<Day> {
        let oldest = self.tables_of_group(group).filter_map(TableState::oldest_day).min()?;
        let worked_out = |day: Day| -> Vec<f64> {
            let at = At { secs: self.site.zone.end_of(day), day };
            let top = |used: &MeasureUse| self.raw_of(*used, at, 0..1).counts.first().copied().flatten();
            let sum = |all: &[MeasureUse]| all.iter().filter_map(top).sum::<f64>();
            self.gate.worked_out(group).map(|count| sum(&[count.of]) - sum(&count.less)).collect()
        };
        let mut first = month_start(until);
        while first > oldest - 31 {
            let last = add_months(first, 1) - 1;
            let mut known = worked_out(first - 1);
            let mut told = None;
            let end = last.min(until);
            let is_told =
                |day: &Day| if is_by_day { *day <= last - LAST_DAYS || *day == last } else { *day == end };
            for day in (first..=end).filter(is_told) {
                let now = worked_out(day);
                let came: Vec<f64> = now.iter().zip(&known).map(|(now, known)| now - known).collect();
                if self.gate.are_no_few(group, &came) {
                    (told, known) = (Some(day), now);
                }
            }
            if told.is_some() {
                return told;
            }
            first = add_months(first, -1);
        }
        None
    }

    fn tables_of_group(&self, group: usize) -> impl Iterator<Item = &TableState> {
        let measured = self.gate.measured(group);
        measured.into_iter().filter_map(|used| self.tables.get(self.plan.measures.get(used.measure)?.table))
    }

    /// The ends of all months with data of a group, oldest first; of tables that are stamped with months also the present
    /// one, which is not over.
    fn month_ends(&self, group: usize, at: At) -> Vec<At> {
        let tables: Vec<&TableState> = self.tables_of_group(group).collect();
        let Some(oldest) = tables.iter().filter_map(|table| table.oldest_day()).min() else {
            return Vec::new();
        };
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

impl TableState {
    /// The first day that anything is reported of.
    fn oldest_day(&self) -> Option<Day> {
        Some(self.presence.step().first_day(self.presence.oldest()?))
    }
}
