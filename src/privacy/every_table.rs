//! Every tiny table there is, protected, and set beside every other that looks the same on every day: what a reader cannot
//! tell apart who knows this program to the last line. No linear programming is asked, so it also tests that attacker.

use std::collections::{BTreeSet, HashMap};

use crate::indicators::expr::parse_filter;
use crate::indicators::measure::{Contribution, Measure, MeasureUse, Plan, Storage};
use crate::indicators::window::Window;

use super::atoms::Made;
use super::cells::{Column, State, Tree};
use super::gate::{Count, Figure, Linked, Owner, Split};
use super::sort::{Release, Sort};
use super::steps::Steps;

const BELOW: u32 = 4;
/// Counts of one cell are 0 to this: as far as a small count and the next step can be apart, and one more.
const MOST: usize = 8;

/// What is told of a made-up table.
struct Told {
    leaves: usize,
    days: usize,
    /// Cells of one leaf on one day: parts that have no row in common.
    parts: usize,
    /// Counts: their parts, and over how many days they go; 0 for all.
    counts: Vec<(Vec<usize>, usize)>,
    plan: Plan,
    linked: Linked,
    tree: Tree,
}

/// Three counts over a top area and its leaves, each over the spans given: by two codes with their total where
/// `is_split`, else a count and its base.
fn made(leaves: usize, days: usize, is_split: bool, is_share: bool, spans: &[usize]) -> Told {
    let filter = |text: &str| parse_filter(text).unwrap();
    let measure = |text: Option<&str>| Measure {
        table: 0,
        time_column: "m".to_owned(),
        contribution: Contribution::Additive(Vec::new()),
        filter: text.and_then(filter),
        youngest_secs: 0,
        storage: Storage::Calendar,
        withheld: None,
    };
    let (measures, made_of): (Vec<Measure>, Vec<Vec<usize>>) = match (is_split, is_share) {
        (true, _) => (
            vec![measure(Some("k = 'a'")), measure(Some("k = 'b'")), measure(None)],
            vec![vec![0], vec![1], vec![0, 1]],
        ),
        (false, true) => (vec![measure(Some("k = 'a'")), measure(None)], vec![vec![0], vec![0, 1]]),
        (false, false) => (vec![measure(None)], vec![vec![0]]),
    };
    let plan = Plan { measures, ..Plan::default() };
    let mut linked = Linked::default();
    let mut counts = Vec::new();
    for days in spans {
        let window = match days {
            0 => Window::Cumulative,
            n => Window::TrailingMonths(u32::try_from(*n).unwrap()),
        };
        let first = linked.counts.len();
        for (measure, parts) in made_of.iter().enumerate() {
            counts.push((parts.clone(), *days));
            linked.counts.push(Count {
                measured: MeasureUse { measure, window },
                below: BELOW,
                release: Release::Steps,
                sort: Sort::Count,
                level: 1,
                is_top_known: false,
                is_worked_out: false,
                is_rounded: false,
                is_running: false,
                made: Made::default(),
            });
        }
        if is_split {
            linked.splits.push(Split { cells: vec![first, first + 1], total: Some(first + 2) });
        } else if is_share {
            let owner = Owner::Indicator(0);
            let denominator = Some(first + 1);
            linked.figures.push(Figure { owner, numerator: first, denominator, sides: None, level: 1 });
        }
    }
    linked.take_apart(&plan);
    let tree = Tree {
        parent: std::iter::once(None).chain((0..leaves).map(|_| Some(0))).collect(),
        children: std::iter::once((1..=leaves).collect()).chain((0..leaves).map(|_| Vec::new())).collect(),
        level: std::iter::once(0).chain((0..leaves).map(|_| 1)).collect(),
    };
    let parts = 1 + usize::from(is_split || is_share);
    Told { leaves, days, parts, counts, plan, linked, tree }
}

impl Told {
    fn cells(&self) -> usize {
        self.leaves * self.days * self.parts
    }

    /// Some parts of an area over the days up to one.
    fn sum(&self, table: &[usize], parts: &[usize], days: usize, area: usize, at: usize) -> usize {
        let leaves = if area == 0 { 0..self.leaves } else { area - 1..area };
        let from = if days == 0 { 0 } else { (at + 1).saturating_sub(days) };
        let mut sum = 0;
        for leaf in leaves {
            for day in from..=at {
                sum += parts.iter().map(|p| table[(leaf * self.days + day) * self.parts + p]).sum::<usize>();
            }
        }
        sum
    }

    /// What is seen of every count at every area on a day.
    fn seen(&self, table: &[usize], at: usize) -> Vec<Vec<State>> {
        let of_measure = |measure: usize| self.counts[measure].0.as_slice();
        let measured = self.linked.counts.iter().map(|c| c.measured).chain(self.linked.more.iter().copied());
        let counts: Vec<Vec<Option<f64>>> = measured
            .map(|used| {
                let days = match used.window {
                    Window::TrailingMonths(n) => n as usize,
                    _ => 0,
                };
                (0..=self.leaves)
                    .map(|area| Some(self.sum(table, of_measure(used.measure), days, area, at) as f64))
                    .collect()
            })
            .collect();
        let steps = Steps::new(&self.tree, &self.linked, &counts, &[]);
        (0..self.linked.counts.len())
            .map(|place| {
                let mut column = Column {
                    values: counts[place].clone(),
                    states: vec![State::Gap; self.tree.len()],
                    below: f64::from(BELOW),
                    level: 1,
                    is_top_known: false,
                    is_given: false,
                    is_amount: false,
                    must_hide: vec![false; self.tree.len()],
                };
                steps.tell(&self.tree, &self.linked, place, &mut column);
                column.states
            })
            .collect()
    }

    /// Every small count of every table stays as open as a mark; how many were looked at.
    fn check(&self) -> usize {
        assert!(!self.plan.measures.is_empty());
        let mut alike: HashMap<String, Vec<Vec<usize>>> = HashMap::new();
        let mut table = vec![0; self.cells()];
        loop {
            let key: Vec<_> = (0..self.days).map(|at| self.seen(&table, at)).collect();
            alike.entry(format!("{key:?}")).or_default().push(table.clone());
            // Counts on like a clock.
            let Some(next) = table.iter().position(|count| *count < MOST) else { break };
            table[next] += 1;
            table[..next].fill(0);
        }
        let mut asked: BTreeSet<(Vec<usize>, usize)> = self.counts.iter().cloned().collect();
        asked.extend(self.counts.iter().map(|(parts, _)| (parts.clone(), 1)));
        let mut looked = 0;
        // Where a count stands at its end, the tables beyond it are not there to be told from it.
        let is_whole = |tables: &&Vec<Vec<usize>>| !tables.iter().flatten().any(|count| *count == MOST);
        for (key, tables) in alike.iter().filter(|(_, tables)| is_whole(tables)) {
            for (parts, days) in &asked {
                for area in 0..=self.leaves {
                    for at in 0..self.days {
                        let values: BTreeSet<usize> =
                            tables.iter().map(|t| self.sum(t, parts, *days, area, at)).collect();
                        let (least, most) = (*values.first().unwrap(), *values.last().unwrap());
                        let is_small = values.iter().any(|v| (1..BELOW as usize).contains(v));
                        if !is_small {
                            continue;
                        }
                        looked += 1;
                        let wide = BELOW as usize - 2;
                        assert!(
                            most - least >= wide,
                            "{parts:?} over {days} days at {area} on day {at} is {values:?} of {} tables: {key}",
                            tables.len()
                        );
                        let place = self.counts.iter().position(|c| *c == (parts.clone(), *days));
                        let is_marked =
                            place.is_some_and(|p| self.seen(&tables[0], at)[p][area] == State::Marked);
                        assert!(
                            !is_marked || (1..BELOW as usize).all(|v| values.contains(&v)),
                            "{parts:?} over {days} days at {area} on day {at} is marked, and one of {values:?}"
                        );
                    }
                }
            }
        }
        looked
    }
}

#[test]
fn tables_that_look_alike_leave_every_small_count_open() {
    for (leaves, days, is_split, is_share, spans) in [
        (2, 2, false, false, &[0][..]),
        (2, 2, false, false, &[0, 1]),
        (1, 4, false, false, &[0, 1]),
        (1, 4, false, false, &[2]),
        (1, 4, false, false, &[3, 2, 1]),
        (1, 2, true, false, &[0]),
        (1, 2, true, false, &[0, 1]),
        (1, 2, false, true, &[0]),
        (1, 2, false, true, &[2, 1]),
    ] {
        let looked = made(leaves, days, is_split, is_share, spans).check();
        assert!(looked > 20, "{looked} small counts looked at");
    }
}
