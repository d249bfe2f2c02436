//! Small-number protection: the one way from raw counts to figures that may be shown. Owns what is small, what else is
//! hidden with it, and how a figure is put together from what is left; `indicators` and `engine` never show a count.

use std::sync::Arc;

use crate::site::Site;
use crate::site::areas::AreaId;

use super::cells::{Column, State, Tree};
use super::gate::{Count, Figure, Gate, LEAST_BASE, Linked};

use super::network::{Mirror, Need, Network, Sheet};
use super::shown::Shown;
use super::sort::{Release, Sort};
use super::steps::{self, Counts, Steps};

pub(crate) use super::figures::{plain, plain_at};
pub(crate) use super::gate::Owner;

/// One count over all areas, before the gate. It has no printed form.
#[derive(Clone, Default)]
pub(crate) struct Raw {
    /// The count per area; none where nothing was reported.
    pub(crate) counts: Vec<Option<f64>>,
    /// Areas where rows were withheld at the source.
    pub(crate) withheld: Vec<bool>,
}

/// What the gate looks at to protect a group, each in the order of [`Gate::measured`].
pub(crate) struct Looked<'a> {
    pub(crate) raws: &'a [Raw],
    /// Of groups that are told as of an earlier day: the counts of today that everyone knows of the top area, and stocks
    /// of the top area that are told of a day of their own.
    pub(crate) today: &'a [Raw],
    /// The counts at instants before, where the gate looks back.
    pub(crate) earlier: &'a [Arc<[Raw]>],
    /// Nothing may be told yet of the parts of totals that everyone knows.
    pub(crate) is_silent: bool,
    /// What went out of stocks is no few since they were told before.
    pub(crate) are_stocks_told: bool,
}

/// Of which instant a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsOf {
    /// That of its group.
    #[default]
    Group,
    /// The one asked for, where the rest of its group is told as of an earlier one: what everyone knows today.
    Today,
    /// The day that stocks of the top area are told of.
    StockDay,
}

/// A figure after the gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Protected {
    /// The value on the indicator's scale.
    pub value: Shown,
    /// Numerator.
    pub numerator: Shown,
    /// Denominator; [`Shown::Missing`] where there is none.
    pub denominator: Shown,
    /// Some of what it adds up was withheld at the source: it is less than the whole.
    pub partial: bool,
    /// Of which instant it is.
    pub as_of: AsOf,
}

impl Protected {
    /// The same for the value and both counts.
    pub(crate) const fn same(shown: Shown) -> Self {
        Self { value: shown, numerator: shown, denominator: shown, partial: false, as_of: AsOf::Group }
    }
}

/// Rounds of hiding over tables that share counts. Each but the last hides at least one cell more, and two are usual.
const MOST_ROUNDS: usize = 32;

impl Gate {
    /// Whether a group may be told as of another instant than the last one: by what is measured of the top area at both.
    pub(crate) fn may_go_on(&self, group: usize, last: &[Raw], next: &[Raw]) -> bool {
        let top = |raws: &[Raw]| -> Vec<f64> {
            raws.iter().map(|raw| raw.counts.first().copied().flatten().unwrap_or(0.0)).collect()
        };
        self.groups.get(group).is_some_and(|linked| linked.may_go_on(&top(last), &top(next)))
    }

    /// Protects all figures of a group at one instant: per figure its owner and one [`Protected`] an area.
    pub(crate) fn protect(
        &self,
        site: &Site,
        group: usize,
        looked: &Looked<'_>,
    ) -> Vec<(Owner, Vec<Protected>)> {
        let Some(linked) = self.groups.get(group) else { return Vec::new() };
        let mut table = Table::of(self, linked, looked.raws, Vec::new(), Steps::default());
        table.look(looked);
        table.hide_together();
        table.tell_amounts();
        let mut figures = table.figures(site);
        for (figure, (_, areas)) in linked.figures.iter().zip(&mut figures) {
            let own = known_today(site, linked, figure, looked.today)
                .or_else(|| stock_today(site, linked, figure, looked.today));
            if let (Some(top), Some(own)) = (areas.first_mut(), own) {
                *top = own;
            }
        }
        figures
    }
}

/// A stock of the top area on the day that it is told of, or a share of it; none where that would tell of a few.
fn stock_today(site: &Site, linked: &Linked, figure: &Figure, today: &[Raw]) -> Option<Protected> {
    let row = figure.owner.row(site)?;
    let side = |place: usize| -> Option<(&Raw, f64)> {
        let raw = today.get(place).filter(|_| linked.is_told_by_days(place))?;
        let count = raw.counts.first().copied().flatten()?;
        linked.are_no_few(place, count).then_some((raw, count))
    };
    let (numerator, count) = side(figure.numerator)?;
    let denominator = match figure.denominator.map(side) {
        None => None,
        Some(side) => {
            let (denominator, base) = side?;
            if base < LEAST_BASE || !linked.are_no_few(figure.numerator, base - count) {
                return None;
            }
            Some(denominator)
        }
    };
    let told = plain_at(site, row, AreaId::ROOT, (0, numerator, denominator));
    Some(Protected { as_of: AsOf::StockDay, ..told })
}

/// What everyone knows of a figure of the top area today, where the rest of its group is told of an earlier day.
fn known_today(site: &Site, linked: &Linked, figure: &Figure, today: &[Raw]) -> Option<Protected> {
    let row = figure.owner.row(site).filter(|_| linked.are_sides_known(figure))?;
    let numerator = today.get(figure.numerator)?;
    let denominator =
        figure.denominator.map(|side| today.get(side)).map_or(Some(None), |side| side.map(Some))?;
    let known = plain_at(site, row, AreaId::ROOT, (0, numerator, denominator));
    Some(Protected { as_of: AsOf::Today, ..known })
}

/// A group of counts at one instant.
pub(super) struct Table<'a> {
    pub(super) gate: &'a Gate,
    pub(super) linked: &'a Linked,
    pub(super) raws: &'a [Raw],
    pub(super) columns: Vec<Column>,
    /// What is told of the parts of counts that go up in steps.
    pub(super) steps: Steps,
    /// What is shown of those columns that hold amounts.
    pub(super) amounts: Vec<Option<Vec<Shown>>>,
    /// What a share leaves of its base, per figure that has such a rest.
    rests: Vec<Rest>,
}

/// The rest of a share: base minus count. Whoever sees two of the three knows the third.
pub(super) struct Rest {
    count: usize,
    base: usize,
    column: Column,
}

impl<'a> Table<'a> {
    pub(super) const fn of(
        gate: &'a Gate,
        linked: &'a Linked,
        raws: &'a [Raw],
        columns: Vec<Column>,
        steps: Steps,
    ) -> Self {
        Self { gate, linked, raws, columns, steps, amounts: Vec::new(), rests: Vec::new() }
    }

    /// All figures of the group.
    pub(super) fn figures(&self, site: &Site) -> Vec<(Owner, Vec<Protected>)> {
        self.linked.figures.iter().map(|figure| (figure.owner, self.figure(site, figure))).collect()
    }

    /// What would be seen of each count on its own.
    fn look(&mut self, looked: &Looked<'_>) {
        let tree = &self.gate.tree;
        let step = steps::step_of(self.linked);
        let filled_all =
            |raws: &[Raw]| -> Counts { raws.iter().map(|raw| filled(tree, raw, step)).collect() };
        let mut counts = filled_all(self.raws);
        let earlier: Vec<Counts> = looked.earlier.iter().map(|raws| filled_all(raws)).collect();
        self.steps = Steps::new(tree, self.linked, &counts, &earlier);
        if looked.is_silent {
            self.steps.silence_parts(self.linked);
        }
        let is_told = looked.are_stocks_told && !looked.is_silent;
        let room = is_told.then(|| self.has_room_for_stocks(&counts, &earlier));
        for (place, (count, raw)) in self.linked.counts.iter().zip(self.raws).enumerate() {
            let is_in_steps = self.linked.is_in_steps(place);
            let values = match counts.get_mut(place) {
                Some(values) if is_in_steps => std::mem::take(values),
                _ => filled(tree, raw, f64::from(count.below)),
            };
            let mut column = Column {
                values,
                states: vec![State::Gap; tree.len()],
                below: f64::from(count.below),
                level: count.level,
                is_top_known: count.is_top_known,
                is_given: false,
                is_amount: false,
                must_hide: vec![false; tree.len()],
            };
            if is_in_steps {
                self.steps.tell(tree, self.linked, place, &mut column);
            } else if steps::is_alone(self.linked, place) {
                let is_split = self
                    .linked
                    .counts
                    .iter()
                    .enumerate()
                    .any(|(other, of)| other != place && of.measured.measure == count.measured.measure);
                steps::tell_alone(tree, &mut column, is_split);
            } else {
                for area in 0..tree.len() {
                    let is_shown = tree.level.get(area).is_some_and(|level| *level <= count.level);
                    let state = match column.values.get(area).copied().flatten().filter(|_| is_shown) {
                        None => State::Gap,
                        Some(_) if count.sort.is_counted() && column.is_small(area) => State::Marked,
                        Some(_) => State::Open,
                    };
                    column.set(area, state);
                }
            }
            self.columns.push(column);
        }
        self.hide_stocks(room);
        for figure in &self.linked.figures {
            if let Some(rest) = self.rest(figure) {
                self.rests.push(rest);
            }
        }
    }

    /// The rest of a share, with the shares that are not to be seen already hidden.
    fn rest(&mut self, figure: &Figure) -> Option<Rest> {
        let base_place = figure.denominator?;
        let [count_spec, base_spec] =
            [self.linked.counts.get(figure.numerator)?, self.linked.counts.get(base_place)?];
        let adds = |count: &Count| count.sort == Sort::Count && count.release == Release::Exact;
        if !adds(count_spec) || !adds(base_spec) || figure.numerator == base_place {
            return None;
        }
        let below = f64::from(count_spec.below.max(base_spec.below));
        let base = self.columns.get(base_place)?.clone();
        let areas = self.gate.tree.len();
        let mut rest = Column {
            values: vec![None; areas],
            states: vec![State::Gap; areas],
            below,
            level: figure.level,
            is_top_known: count_spec.is_top_known && base_spec.is_top_known,
            is_given: false,
            is_amount: false,
            must_hide: vec![false; areas],
        };
        let count = self.columns.get_mut(figure.numerator)?;
        for area in 0..areas {
            let (Some(n), Some(d)) =
                (count.values.get(area).copied().flatten(), base.values.get(area).copied().flatten())
            else {
                continue;
            };
            if self.gate.tree.level.get(area).is_none_or(|level| *level > figure.level) || n > d {
                continue;
            }
            if let Some(place) = rest.values.get_mut(area) {
                *place = Some(d - n);
            }
            let is_small = rest.is_small(area);
            rest.set(area, if is_small { State::Marked } else { State::Open });
            let hidden = rest.is_fixed(area) || count.is_fixed(area);
            if !hidden && d < LEAST_BASE && d > 0.0 {
                // The share of a few tells about each of them, also where it is none or all.
                count.hide(area);
                rest.hide(area);
            }
        }
        Some(Rest { count: figure.numerator, base: base_place, column: rest })
    }

    /// Hides what small numbers could be worked out from, in every table that these counts make, until no table asks
    /// for more.
    fn hide_together(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let mut changed = self.link_rests() | self.unmark_parts_of_loose_counts();
            for split in 0..self.linked.splits.len() {
                changed |= self.protect_split(split);
            }
            for count in 0..self.columns.len() {
                changed |= self.protect_alone(count);
            }
            if !changed {
                return;
            }
        }
    }

    /// Whether a count is told as it is and adds up over areas.
    fn is_exact(&self, count: usize) -> bool {
        self.linked
            .counts
            .get(count)
            .is_some_and(|c| c.sort == Sort::Count && c.release == Release::Exact && c.below > 0)
    }

    fn is_in_a_split(&self, count: usize) -> bool {
        self.linked.splits.iter().any(|s| s.cells.contains(&count) || s.total == Some(count))
    }

    fn protect_alone(&mut self, count: usize) -> bool {
        if !self.is_exact(count) || self.is_in_a_split(count) {
            return false;
        }
        let changed = self.protect_columns(&[count], None, None);
        self.link_rests() | changed
    }

    /// Protects a table of counts: areas by columns. `whole` is a total that no figure shows.
    fn protect_columns(
        &mut self,
        places: &[usize],
        total: Option<usize>,
        whole: Option<&mut Column>,
    ) -> bool {
        let mut order: Vec<usize> = Vec::new();
        let mut columns: Vec<&mut Column> = Vec::new();
        let mut bases: Vec<Column> =
            self.rests.iter().filter_map(|r| self.columns.get(r.base)).cloned().collect();
        bases.reverse();
        for (at, column) in self.columns.iter_mut().enumerate() {
            if places.contains(&at) {
                columns.push(column);
                order.push(at);
            }
        }
        let mut total = total.and_then(|t| order.iter().position(|p| *p == t));
        if let Some(whole) = whole {
            total = Some(columns.len());
            columns.push(whole);
        }
        let mut mirrors = Vec::new();
        for rest in &mut self.rests {
            let Some(base) = bases.pop() else { break };
            let is_loose: Vec<bool> =
                (0..base.states.len()).map(|area| base.state(area) != State::Open).collect();
            let place = |count: usize| order.iter().position(|p| *p == count);
            let (column, is_of_base) = match (place(rest.count), place(rest.base)) {
                (Some(column), _) => (column, false),
                (None, Some(column)) => (column, true),
                (None, None) => continue,
            };
            mirrors.push(Mirror { column, rest: &mut rest.column, is_loose, is_of_base });
        }
        let hidden = columns.iter().any(|c| c.has_hidden()) || mirrors.iter().any(|m| m.rest.has_hidden());
        if !hidden {
            return false;
        }
        let network = Network::new(&self.gate.tree, &columns, total, Need::WholeRange);
        network.protect(&mut Sheet { columns, mirrors })
    }

    /// The marks of parts by code would bound a count, and through it a base that is not seen.
    fn unmark_parts_of_loose_counts(&mut self) -> bool {
        let mut changed = false;
        for rest in &self.rests {
            for split in self.linked.splits.iter().filter(|split| split.total == Some(rest.count)) {
                for area in 0..self.gate.tree.len() {
                    let base = self.columns.get(rest.base).map_or(State::Gap, |base| base.state(area));
                    if !matches!(base, State::Marked | State::Blank) {
                        continue;
                    }
                    for cell in &split.cells {
                        if let Some(cell) =
                            self.columns.get_mut(*cell).filter(|c| c.state(area) == State::Marked)
                        {
                            changed |= cell.set(area, State::Blank);
                        }
                    }
                }
            }
        }
        changed
    }

    /// Whoever sees the base sees the count exactly if he sees the rest.
    fn link_rests(&mut self) -> bool {
        let mut changed = false;
        for rest in &mut self.rests {
            let Ok([count, base]) = self.columns.get_disjoint_mut([rest.count, rest.base]) else { continue };
            for area in 0..count.states.len() {
                if rest.column.state(area) == State::Gap {
                    continue;
                }
                let is_hidden = |state: State| matches!(state, State::Marked | State::Blank);
                if is_hidden(base.state(area)) {
                    // Marks on both would bound each other.
                    for column in [&mut *count, &mut rest.column] {
                        if column.state(area) == State::Marked {
                            changed |= column.set(area, State::Blank);
                        }
                    }
                }
                let (own, other) = (count.state(area), rest.column.state(area));
                if is_hidden(other) || is_hidden(base.state(area)) {
                    changed |= own == State::Open && !count.is_fixed(area) && count.set(area, State::Blank);
                }
                if is_hidden(own) || is_hidden(base.state(area)) {
                    changed |= other == State::Open
                        && !rest.column.is_fixed(area)
                        && rest.column.set(area, State::Blank);
                }
            }
        }
        changed
    }

    fn protect_split(&mut self, place: usize) -> bool {
        let Some(split) = self.linked.splits.get(place) else { return false };
        let Some(first) = split.cells.first().and_then(|c| self.linked.counts.get(*c)) else { return false };
        if first.sort != Sort::Count || first.release == Release::Steps {
            return false;
        }
        // Where the catalogue does not count the whole, a reader is still taken to know it.
        let mut whole = match split.total {
            Some(_) => None,
            None => Some(self.sum_of(&split.cells)),
        };
        let total = split.total;
        let places: Vec<usize> = split.cells.iter().copied().chain(total).collect();
        let changed = self.protect_columns(&places, total, whole.as_mut());
        self.link_rests() | changed
    }

    /// The sum of some counts, as if everyone knew it.
    fn sum_of(&self, cells: &[usize]) -> Column {
        let areas = self.gate.tree.len();
        let columns: Vec<&Column> = cells.iter().filter_map(|c| self.columns.get(*c)).collect();
        let mut sum = Column {
            values: vec![None; areas],
            states: vec![State::Gap; areas],
            below: columns.iter().map(|c| c.below).fold(0.0, f64::max),
            level: columns.iter().map(|c| c.level).max().unwrap_or(0),
            is_top_known: false,
            is_given: true,
            is_amount: false,
            must_hide: vec![false; areas],
        };
        for area in 0..areas {
            let known: Vec<f64> =
                columns.iter().filter_map(|c| c.values.get(area).copied().flatten()).collect();
            if known.is_empty() {
                continue;
            }
            if let Some(place) = sum.values.get_mut(area) {
                *place = Some(known.iter().sum());
            }
            sum.set(area, State::Open);
        }
        sum
    }
}

/// A count withheld at the source is small, and its size is not known here either: it is taken to be what the others of
/// its parent leave, as a reader would.
pub(super) fn filled(tree: &Tree, raw: &Raw, below: f64) -> Vec<Option<f64>> {
    let mut values = raw.counts.clone();
    let value = |values: &[Option<f64>], area: usize| values.get(area).copied().flatten();
    for area in 0..tree.len() {
        let is_withheld = raw.withheld.get(area).copied().unwrap_or(false);
        if !is_withheld || value(&values, area).is_some() || below <= 1.0 {
            continue;
        }
        let parent = tree.parent.get(area).copied().flatten();
        let siblings = parent.and_then(|p| tree.children.get(p)).map_or(0.0, |children| {
            children.iter().filter(|c| **c != area).filter_map(|c| value(&values, *c)).sum::<f64>()
        });
        let left = parent.map_or(1.0, |p| value(&values, p).unwrap_or(0.0) - siblings);
        if let Some(place) = values.get_mut(area) {
            *place = Some(left.clamp(1.0, below - 1.0));
        }
    }
    values
}
