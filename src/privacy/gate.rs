//! Which figures hang together, so that hiding one means looking at the others: worked out once from the catalogue. Owns
//! what is a count, what accumulates, what adds up to what; sees no figure.

use std::sync::Arc;

use crate::indicators::expr::Expr;
use crate::indicators::measure::{FigurePlan, Measure, MeasureUse, Plan};
use crate::indicators::sides;
use crate::site::Site;
use crate::site::catalogue::{Indicator, People};

use super::atoms::{Atom, Made};
use super::cells::Tree;
use super::groups;
use super::sort::{Release, Sort, is_running, release, sort, table_of};
use super::steps;
use super::stocks::{self, Stock, WorkedOut};

/// A rate over fewer than this is hidden where people or cases are concerned.
pub(super) const LEAST_BASE: f64 = 10.0;

/// The figures that are protected, in groups that are looked at together.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(super) tree: Tree,
    pub(super) groups: Vec<Linked>,
    /// The same groups as they are told of earlier times.
    pub(super) then: Vec<Linked>,
    /// Group of each indicator; none where nothing is ever hidden.
    indicators: Vec<Option<usize>>,
    /// Group of each breakdown.
    breakdowns: Vec<Option<usize>>,
}

/// Figures that share a count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Linked {
    /// What is counted, each once.
    pub(super) counts: Vec<Count>,
    /// Figures made of them.
    pub(super) figures: Vec<Figure>,
    /// Breakdowns among them: counts of the cells, and the count of the whole where the catalogue has it.
    pub(super) splits: Vec<Split>,
    /// Stocks among them that go on by counts among them.
    pub(super) stocks: Vec<Stock>,
    /// What the counts that are told in steps are made of.
    pub(super) atoms: Vec<Atom>,
    /// What is measured for that beside the counts themselves.
    pub(super) more: Vec<MeasureUse>,
    /// Where a total that goes up is known on every day: what is to be known of the months before.
    looked_at: Option<Vec<bool>>,
}

/// A breakdown's counts.
#[derive(Debug, Clone)]
pub(super) struct Split {
    pub(super) cells: Vec<usize>,
    pub(super) total: Option<usize>,
}

/// Whose figure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// An indicator.
    Indicator(usize),
    /// A cell of a breakdown.
    Cell(usize, usize),
}

impl Owner {
    /// Its row of the catalogue.
    pub(super) fn row(self, site: &Site) -> Option<&Indicator> {
        match self {
            Self::Indicator(i) => site.indicators.get(i),
            Self::Cell(b, _) => site.breakdowns.get(b),
        }
    }
}

/// One figure of a group.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) owner: Owner,
    pub(super) numerator: usize,
    pub(super) denominator: Option<usize>,
    /// Of a difference: what is added and what is taken away.
    pub(super) sides: Option<[usize; 2]>,
    pub(super) level: usize,
}

/// One count over one span of time.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something else of a count, and none follows from another"
)]
pub(super) struct Count {
    pub(super) measured: MeasureUse,
    pub(super) below: u32,
    pub(super) release: Release,
    pub(super) sort: Sort,
    /// Finest level it is shown at.
    pub(super) level: usize,
    pub(super) is_top_known: bool,
    /// The top area's can be worked out from what everyone knows and a stock that is shown.
    pub(super) is_worked_out: bool,
    /// Shown to the nearest five.
    pub(super) is_rounded: bool,
    /// Of a column that itself holds running totals.
    pub(super) is_running: bool,
    /// Where it is told in steps: what it is put together from.
    pub(super) made: Made,
}

impl Gate {
    /// For a site, its plan, and the number of areas that figures are kept for.
    pub(crate) fn new(site: &Site, plan: &Plan, areas: usize) -> Arc<Self> {
        let mut gate = Self {
            tree: tree(site, areas),
            groups: Vec::new(),
            then: Vec::new(),
            indicators: vec![None; site.indicators.len()],
            breakdowns: vec![None; site.breakdowns.len()],
        };
        let mut whole = Linked::default();
        for (i, (row, figure)) in site.indicators.iter().zip(&plan.indicators).enumerate() {
            add(site, plan, &mut whole, row, figure, Owner::Indicator(i));
        }
        for (b, (row, cells)) in site.breakdowns.iter().zip(&plan.breakdowns).enumerate() {
            for (c, figure) in cells.iter().enumerate() {
                add(site, plan, &mut whole, row, figure, Owner::Cell(b, c));
            }
            let counts: Vec<usize> = whole
                .figures
                .iter()
                .filter(|f| matches!(f.owner, Owner::Cell(of, _) if of == b))
                .map(|f| f.numerator)
                .collect();
            if !row.by.is_empty() && row.denominator.is_none() && counts.len() > 1 {
                let total = counts.first().and_then(|c| total_of(plan, &whole, *c, row.by.len()));
                whole.splits.push(Split { cells: counts, total });
            }
        }
        stocks::add(site, plan, &mut whole);
        whole.spread_steps(plan);
        whole.work_out(plan);
        gate.divide(whole);
        for linked in &mut gate.groups {
            let mut then = linked.clone();
            linked.take_apart(plan);
            let floors = linked.floors();
            linked.keep_floors(&floors);
            then.keep_floors(&floors);
            linked.looked_at = linked.looks_back();
            gate.then.push(then.as_known_then(plan));
        }
        gate.into()
    }

    /// The group of an indicator or a breakdown.
    pub(crate) fn group_of(&self, owner: Owner) -> Option<usize> {
        match owner {
            Owner::Indicator(i) => self.indicators.get(i).copied().flatten(),
            Owner::Cell(b, _) => self.breakdowns.get(b).copied().flatten(),
        }
    }

    /// Where a group has totals that go up and are known on every day, which of what is measured is to be known of the
    /// months before; the group itself is then told as of a month's end.
    pub(crate) fn looks_back(&self, group: usize) -> Option<&[bool]> {
        self.groups.get(group)?.looked_at.as_deref()
    }

    /// Which of what is measured for a group everyone knows of the top area.
    pub(crate) fn known_on_top(&self, group: usize) -> Vec<bool> {
        let counts = self.groups.get(group).map_or(&[][..], |linked| &linked.counts);
        counts.iter().map(|count| count.is_top_known).collect()
    }

    /// What everyone works out of the top area from the stocks of a group, where these are told.
    pub(crate) fn worked_out(&self, group: usize) -> impl Iterator<Item = &WorkedOut> {
        self.groups.get(group).into_iter().flat_map(Linked::worked_out)
    }

    /// Whether as many of each thing as came of what can be worked out are nothing to hide.
    pub(crate) fn are_no_few(&self, group: usize, came: &[f64]) -> bool {
        let step = self.groups.get(group).map_or(0.0, steps::step_of);
        came.iter().all(|came| *came == 0.0 || *came >= step)
    }

    /// Which of what is measured for a group are stocks that the top area is told of by days.
    pub(crate) fn told_by_days(&self, group: usize) -> Vec<bool> {
        let Some(linked) = self.groups.get(group) else { return Vec::new() };
        (0..linked.counts.len()).map(|place| linked.is_told_by_days(place)).collect()
    }

    /// What is measured for a group.
    pub(crate) fn measured(&self, group: usize) -> Vec<MeasureUse> {
        self.groups.get(group).map(Linked::measured).unwrap_or_default()
    }

    /// Takes the whole apart into groups that share no count.
    fn divide(&mut self, whole: Linked) {
        let mut label: Vec<usize> = (0..whole.counts.len()).collect();
        let mut join = |members: &[usize]| {
            let of = |label: &[usize], c: usize| label.get(c).copied().unwrap_or(c);
            let Some(least) = members.iter().map(|c| of(&label, *c)).min() else { return };
            let old: Vec<usize> = members.iter().map(|c| of(&label, *c)).collect();
            label.iter_mut().filter(|l| old.contains(l)).for_each(|l| *l = least);
        };
        for figure in &whole.figures {
            let sides = figure.sides.as_ref().map_or(&[][..], <[usize; 2]>::as_slice);
            join(&[&[figure.numerator], figure.denominator.as_slice(), sides].concat());
        }
        for split in &whole.splits {
            join(&[split.cells.as_slice(), split.total.as_slice()].concat());
        }
        for stock in &whole.stocks {
            join(&stock.counts());
        }
        // Counts of the same rows over different spans are looked at together as well.
        for (a, one) in whole.counts.iter().enumerate() {
            for (b, other) in whole.counts.iter().enumerate().skip(a + 1) {
                if one.measured.measure == other.measured.measure {
                    join(&[a, b]);
                }
            }
        }
        let mut place: Vec<Option<(usize, usize)>> = vec![None; label.len()];
        let mut group_of_label: Vec<Option<usize>> = vec![None; label.len()];
        for (c, count) in whole.counts.into_iter().enumerate() {
            let own = label.get(c).copied().unwrap_or(c);
            let Some(slot) = group_of_label.get_mut(own) else { continue };
            let group = *slot.get_or_insert_with(|| {
                self.groups.push(Linked::default());
                self.groups.len() - 1
            });
            if let (Some(linked), Some(place)) = (self.groups.get_mut(group), place.get_mut(c)) {
                *place = Some((group, linked.counts.len()));
                linked.counts.push(count);
            }
        }
        let at = |c: usize| place.get(c).copied().flatten().unwrap_or_default();
        for figure in whole.figures {
            let (group, numerator) = at(figure.numerator);
            match figure.owner {
                Owner::Indicator(i) => set(&mut self.indicators, i, group),
                Owner::Cell(b, _) => set(&mut self.breakdowns, b, group),
            }
            let denominator = figure.denominator.map(|d| at(d).1);
            if let Some(linked) = self.groups.get_mut(group) {
                let sides = figure.sides.map(|sides| sides.map(|side| at(side).1));
                linked.figures.push(Figure { numerator, denominator, sides, ..figure });
            }
        }
        for stock in whole.stocks {
            let group = at(stock.stock).0;
            if let Some(linked) = self.groups.get_mut(group) {
                linked.stocks.push(stock.moved(|place| at(place).1));
            }
        }
        for split in whole.splits {
            let group = split.cells.first().map_or(0, |c| at(*c).0);
            let cells = split.cells.iter().map(|c| at(*c).1).collect();
            if let Some(linked) = self.groups.get_mut(group) {
                linked.splits.push(Split { cells, total: split.total.map(|t| at(t).1) });
            }
        }
    }
}

impl Linked {
    /// What is measured: the counts, and what else their parts are worked out from.
    pub(super) fn measured(&self) -> Vec<MeasureUse> {
        self.counts.iter().map(|count| count.measured).chain(self.more.iter().copied()).collect()
    }

    /// Whether everyone knows all sides of a figure of the top area.
    pub(super) fn are_sides_known(&self, figure: &Figure) -> bool {
        let mut sides = std::iter::once(figure.numerator).chain(figure.denominator);
        sides.all(|side| self.counts.get(side).is_some_and(|count| count.is_top_known))
    }

    /// What is told exactly by the month and in steps over the year would, together, tell what is between the steps: so
    /// all counts of the same rows are told in steps if one is, with the parts, totals and bases that they make.
    fn spread_steps(&mut self, plan: &Plan) {
        let table = |count: &Count| plan.measures.get(count.measured.measure).map(|m| m.table);
        loop {
            let in_steps: Vec<usize> = self
                .counts
                .iter()
                .filter(|c| c.release == Release::Steps)
                .map(|c| c.measured.measure)
                .collect();
            let is_told = |place: usize| {
                let count = self.counts.get(place);
                count.is_some_and(|c| c.sort == Sort::Count && in_steps.contains(&c.measured.measure))
            };
            let mut more = in_steps.clone();
            let mut join = |places: &[usize]| {
                if places.iter().any(|place| is_told(*place)) {
                    more.extend(places.iter().filter_map(|p| Some(self.counts.get(*p)?.measured.measure)));
                }
            };
            for split in &self.splits {
                join(&[split.cells.as_slice(), split.total.as_slice()].concat());
            }
            for figure in &self.figures {
                let sides = [Some(figure.numerator), figure.denominator];
                let tables = sides.map(|side| side.and_then(|place| self.counts.get(place)).and_then(table));
                if tables[0] == tables[1]
                    && let [Some(count), Some(base)] = sides
                {
                    join(&[count, base]);
                }
            }
            let mut changed = false;
            for count in &mut self.counts {
                if more.contains(&count.measured.measure) && count.release == Release::Exact {
                    count.release = Release::Steps;
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }
}

fn set(list: &mut [Option<usize>], place: usize, group: usize) {
    if let Some(slot) = list.get_mut(place) {
        *slot = Some(group);
    }
}

fn tree(site: &Site, areas: usize) -> Tree {
    let mut tree = Tree::default();
    for (_, area) in site.areas.iter().take(areas) {
        tree.parent.push(area.parent.map(crate::site::areas::AreaId::index));
        tree.children.push(area.children.iter().map(|c| c.index()).filter(|c| *c < areas).collect());
        tree.level.push(area.level);
    }
    tree
}

/// Adds a figure to what is protected, if small numbers of either side are to be hidden.
fn add(site: &Site, plan: &Plan, whole: &mut Linked, row: &Indicator, figure: &FigurePlan, owner: Owner) {
    let threshold = |used: MeasureUse| table_of(site, plan, used).map_or(0, |t| t.suppress_below);
    let own = row.suppress_below.max(threshold(figure.numerator));
    let base = figure.denominator.map_or(0, threshold);
    if own.max(base) == 0 {
        return;
    }
    let floor = figure.codes.iter().filter_map(|code| groups::deepest_level(code)).min();
    let shown = site.level_index(&row.finest_area).unwrap_or(0);
    let level = floor.map_or(shown, |floor| floor.min(shown));
    let mut side = |used: MeasureUse, below: u32| {
        let rounded = row.people == People::AggregateSensitive;
        count(site, plan, whole, used, below, level, row.published_total, rounded)
    };
    let numerator = side(figure.numerator, own);
    let denominator = figure.denominator.map(|used| side(used, base));
    let measure = plan.measures.get(figure.numerator.measure);
    let sides = measure.and_then(sides::of).and_then(|sides| {
        let place = |side: &Measure| plan.measures.iter().position(|measure| measure == side);
        Some([place(&sides[0])?, place(&sides[1])?])
    });
    let sides = sides.map(|sides| sides.map(|measure| side(MeasureUse { measure, ..figure.numerator }, own)));
    whole.figures.push(Figure { owner, numerator, denominator, sides, level });
}

/// The place of a count, added where new.
#[expect(clippy::too_many_arguments, reason = "all that is known of one count")]
fn count(
    site: &Site,
    plan: &Plan,
    whole: &mut Linked,
    measured: MeasureUse,
    below: u32,
    level: usize,
    is_top_known: bool,
    is_rounded: bool,
) -> usize {
    if let Some(place) = whole.counts.iter().position(|c| c.measured == measured) {
        if let Some(known) = whole.counts.get_mut(place) {
            known.below = known.below.max(below);
            known.level = known.level.max(level);
            known.is_top_known |= is_top_known;
            known.is_rounded |= is_rounded && known.sort == Sort::Count;
        }
        return place;
    }
    let sort = sort(site, plan, measured);
    let is_running = is_running(site, plan, measured);
    whole.counts.push(Count {
        measured,
        below,
        release: release(site, plan, measured, is_running),
        sort,
        level,
        is_top_known,
        is_worked_out: false,
        is_rounded: is_rounded && sort == Sort::Count,
        is_running,
        made: Made::default(),
    });
    whole.counts.len() - 1
}

/// The count that a breakdown's cells add up to, where a figure of the catalogue is made of it.
fn total_of(plan: &Plan, whole: &Linked, cell: usize, by: usize) -> Option<usize> {
    let cell = whole.counts.get(cell)?;
    let of_cell = plan.measures.get(cell.measured.measure)?;
    let mut filter = of_cell.filter.clone().map(Expr::conjuncts).unwrap_or_default();
    filter.truncate(filter.len().checked_sub(by)?);
    whole.counts.iter().position(|count| {
        plan.measures.get(count.measured.measure).is_some_and(|measure| {
            measure.table == of_cell.table
                && measure.contribution == of_cell.contribution
                && measure.time_column == of_cell.time_column
                && measure.youngest_secs == of_cell.youngest_secs
                && measure.filter.clone().map(Expr::conjuncts).unwrap_or_default() == filter
                && count.measured.window == cell.measured.window
        })
    })
}
