//! Stocks that go on by their flows: open today is open before and what came in less what went out. Owns what a reader
//! works out of the flows from a stock that is shown, and whether there is room for that; tells no count itself.
//!
//! A stock is shown as it is, its flows in steps. Whoever sees the stock of an area on two days knows by how much more
//! came in than went out. Where each flow is told of parts below, that is one equation over many parts, and harmless as
//! long as the parts leave room: then what came in of the area may be taken as known, and still no part of it is; and
//! what went out keeps its step. So a stock is told at least one level above the finest of its flows, and as of the
//! instants of which these are told. Where what came in of the top area is known to everyone, what went out of it can be
//! worked out, so it is taken to be known as well. Then the top area's stock is told of a day (`engine/pace.rs`): the last
//! one to which none, or no few, had gone out since it was told before.

use crate::indicators::expr::{Compare, Expr};
use crate::indicators::measure::{Measure, MeasureUse, Plan};
use crate::indicators::sides;
use crate::indicators::window::Window;
use crate::site::Site;

use super::cells::State;
use super::gate::{Count, Linked};
use super::protect::Table;
use super::sort::{Release, Sort};
use super::steps::{Counts, Range, apart, below, step_of, value};

/// A stock with its flows: places of counts.
#[derive(Debug, Clone)]
pub(super) struct Stock {
    pub(super) stock: usize,
    pub(super) inflow: usize,
    pub(super) outflow: usize,
    /// Counts that are shown as they are beside it, of which one is part of the other.
    beside: Vec<usize>,
    /// What came in of the top area is known to everyone.
    is_inflow_known: bool,
    /// What everyone works out of the top area from it, where it is not known to everyone itself.
    worked_out: Vec<WorkedOut>,
}

/// A count of the top area that is known wherever the stock is: one count less others.
#[derive(Debug, Clone)]
pub(crate) struct WorkedOut {
    pub(crate) of: MeasureUse,
    pub(crate) less: Vec<MeasureUse>,
}

impl Stock {
    /// The same with other places.
    pub(super) fn moved(mut self, to: impl Fn(usize) -> usize) -> Self {
        for place in
            [&mut self.stock, &mut self.inflow, &mut self.outflow].into_iter().chain(&mut self.beside)
        {
            *place = to(*place);
        }
        self
    }

    /// All counts that hang together with it.
    pub(super) fn counts(&self) -> Vec<usize> {
        [&[self.stock, self.inflow, self.outflow], self.beside.as_slice()].concat()
    }

    /// What of it is shown as it is.
    pub(super) fn shown(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.stock).chain(self.beside.iter().copied())
    }
}

/// Adds the stocks among the counts, with their flows where these are not counted yet.
pub(super) fn add(site: &Site, plan: &Plan, whole: &mut Linked) {
    for stock in 0..whole.counts.len() {
        let Some(count) = whole.counts.get(stock).filter(|c| is_exact(c)).cloned() else { continue };
        let measure = plan.measures.get(count.measured.measure);
        let Some(flows) = measure.and_then(|measure| sides::flows_of(site, plan, measure)) else { continue };
        let of_flow = |other: &Count| {
            let measure = plan.measures.get(other.measured.measure);
            measure
                .is_some_and(|m| flows.iter().any(|f| f.table == m.table && f.contribution == m.contribution))
        };
        if !whole.counts.iter().any(of_flow) {
            // Nothing of the flows is shown, so nothing shown is worked out.
            continue;
        }
        let mut place = |flow: &Measure| {
            let measure = plan.measures.iter().position(|m| m == flow)?;
            let measured = MeasureUse { measure, window: Window::Cumulative };
            let known = whole.counts.iter().position(|c| c.measured == measured);
            Some(known.unwrap_or_else(|| {
                let flow = Count {
                    measured,
                    release: Release::Steps,
                    level: 0,
                    is_top_known: false,
                    ..count.clone()
                };
                whole.counts.push(flow);
                whole.counts.len() - 1
            }))
        };
        let [Some(inflow), Some(outflow)] = flows.each_ref().map(&mut place) else { continue };
        let is_beside = |other: &usize| *other != stock && whole.counts.get(*other).is_some_and(is_exact);
        let of_figure = |figure: &super::gate::Figure| {
            let both = [Some(figure.numerator), figure.denominator];
            both.contains(&Some(stock)).then_some(both)
        };
        let mut beside: Vec<usize> =
            whole.figures.iter().filter_map(of_figure).flatten().flatten().filter(is_beside).collect();
        beside.dedup();
        whole.stocks.push(Stock {
            stock,
            inflow,
            outflow,
            beside,
            is_inflow_known: false,
            worked_out: Vec::new(),
        });
    }
}

const fn is_exact(count: &Count) -> bool {
    matches!((count.release, count.sort), (Release::Exact, Sort::Count)) && count.below > 0
}

impl Linked {
    /// What everyone works out from each stock: what went out of the top area, where what came in is known; and what of
    /// that is none of those that are known themselves.
    pub(super) fn work_out(&mut self, plan: &Plan) {
        for place in 0..self.stocks.len() {
            let Some(stock) = self.stocks.get(place) else { continue };
            let measure = |place: usize| self.counts.get(place).map(|count| count.measured.measure);
            let (Some(inflow), Some(outflow)) = (measure(stock.inflow), measure(stock.outflow)) else {
                continue;
            };
            let is_known = |of: usize| self.counts.iter().any(|c| c.measured.measure == of && c.is_top_known);
            if !is_known(inflow) {
                continue;
            }
            for count in &mut self.counts {
                count.is_worked_out |= count.measured.measure == outflow;
            }
            let known = self.counts.iter().filter(|c| c.is_top_known).map(|c| c.measured.measure);
            let worked_out = rests(plan, outflow, known);
            let is_known = self.counts.get(stock.stock).is_some_and(|count| count.is_top_known);
            if let Some(stock) = self.stocks.get_mut(place) {
                stock.is_inflow_known = true;
                stock.worked_out = if is_known { Vec::new() } else { worked_out };
            }
        }
    }

    /// The finest level that each stock may be told at, and what is shown beside it: one above its flows'.
    pub(super) fn floors(&self) -> Vec<(usize, usize)> {
        let level = |flow: usize| {
            let parts = self.counts.get(flow).map_or(&[][..], |count| count.made.parts());
            parts.iter().filter_map(|part| self.atoms.get(*part)).map(|atom| atom.level).max().unwrap_or(0)
        };
        let of_stock = |stock: &Stock| {
            let floor = level(stock.inflow).max(level(stock.outflow)).saturating_sub(1);
            stock.shown().map(|place| (place, floor)).collect::<Vec<_>>()
        };
        self.stocks.iter().flat_map(of_stock).collect()
    }

    /// Keeps counts, and figures made of them, at levels that they may be told at.
    pub(super) fn keep_floors(&mut self, floors: &[(usize, usize)]) {
        for (place, floor) in floors {
            if let Some(count) = self.counts.get_mut(*place) {
                count.level = count.level.min(*floor);
            }
            for figure in &mut self.figures {
                if figure.numerator == *place || figure.denominator == Some(*place) {
                    figure.level = figure.level.min(*floor);
                }
            }
        }
    }

    /// What everyone works out of the top area from stocks.
    pub(super) fn worked_out(&self) -> impl Iterator<Item = &WorkedOut> {
        self.stocks.iter().flat_map(|stock| &stock.worked_out)
    }

    /// Whether a count is a stock that the top area is told of by days, or shown beside one.
    pub(super) fn is_told_by_days(&self, place: usize) -> bool {
        let mut by_days = self.stocks.iter().filter(|stock| !stock.worked_out.is_empty());
        by_days.any(|stock| stock.shown().any(|shown| shown == place))
    }

    /// Whether a number of what is counted is none, or no few.
    pub(super) fn are_no_few(&self, place: usize, count: f64) -> bool {
        count == 0.0 || self.counts.get(place).is_some_and(|spec| count >= f64::from(spec.below))
    }
}

/// A count, and what it leaves of those of its parts that are known: each by itself, and all by codes of one column.
fn rests(plan: &Plan, of: usize, known: impl Iterator<Item = usize>) -> Vec<WorkedOut> {
    let used = |measure| MeasureUse { measure, window: Window::Cumulative };
    let conditions = |measure: usize| {
        let filter = plan.measures.get(measure).and_then(|m| m.filter.clone());
        filter.map(Expr::conjuncts).unwrap_or_default()
    };
    let own = conditions(of);
    let mut by_column: Vec<(String, Vec<MeasureUse>)> = Vec::new();
    let mut all = vec![WorkedOut { of: used(of), less: Vec::new() }];
    let mut seen = Vec::new();
    for part in known {
        let (Some(a), Some(b)) = (plan.measures.get(of), plan.measures.get(part)) else { continue };
        let theirs = conditions(part);
        let is_part = a.table == b.table
            && a.contribution == b.contribution
            && a.time_column == b.time_column
            && theirs.len() > own.len()
            && own.iter().all(|condition| theirs.contains(condition));
        if !is_part || seen.contains(&part) {
            continue;
        }
        seen.push(part);
        all.push(WorkedOut { of: used(of), less: vec![used(part)] });
        let more: Vec<&Expr> = theirs.iter().filter(|condition| !own.contains(condition)).collect();
        let [Expr::Compare(column, Compare::Eq, _)] = more.as_slice() else { continue };
        let Expr::Column(column) = column.as_ref() else { continue };
        match by_column.iter_mut().find(|(name, _)| name == column) {
            Some((_, parts)) => parts.push(used(part)),
            None => by_column.push((column.clone(), vec![used(part)])),
        }
    }
    let several = by_column.into_iter().filter(|(_, parts)| parts.len() > 1);
    all.extend(several.map(|(_, less)| WorkedOut { of: used(of), less }));
    all
}

/// What is told of a flow of an area since an instant, and what it was.
#[derive(Debug, Clone, Copy)]
struct Flow {
    came: f64,
    told: Range,
    /// Of all its parts something is told there.
    is_told: bool,
}

impl Flow {
    const NONE: Self = Self { came: 0.0, told: Range { least: 0.0, most: 0.0 }, is_told: true };
}

impl Table<'_> {
    /// Hides stocks that would tell of their flows. `room`: whether there is room below the top area; none where they are
    /// not told at all.
    pub(super) fn hide_stocks(&mut self, room: Option<bool>) {
        for stock in &self.linked.stocks {
            let is_hidden = |area: usize| match room {
                None => true,
                Some(has_room) => !(has_room || area == 0 && stock.is_inflow_known),
            };
            for place in stock.shown() {
                let Some(column) = self.columns.get_mut(place) else { continue };
                for area in (0..self.gate.tree.len()).filter(|area| is_hidden(*area)) {
                    if !column.is_fixed(area) && column.state(area) != State::Gap {
                        column.set(area, State::Blank);
                    }
                }
            }
        }
    }

    /// Whether what is told of the flows leaves room for what the stocks add, at every area where a stock is told: since
    /// the first row, and since each instant before.
    pub(super) fn has_room_for_stocks(&self, counts: &Counts, earlier: &[Counts]) -> bool {
        let tree = &self.gate.tree;
        std::iter::once(None).chain(earlier.iter().map(Some)).all(|then| {
            self.linked.stocks.iter().all(|stock| {
                let level = self.linked.counts.get(stock.stock).map_or(0, |count| count.level);
                let flow = |place| self.flow(place, counts, then);
                let (inflow, outflow) = (flow(stock.inflow), flow(stock.outflow));
                let first = usize::from(stock.is_inflow_known);
                let told = |area: &usize| tree.level.get(*area).is_some_and(|l| (first..=level).contains(l));
                let both = inflow.iter().zip(&outflow);
                let rooms: Vec<Option<[f64; 2]>> = both.map(|(i, o)| self.room(*i, *o)).collect();
                let has_room = |area| rooms.get(area).is_some_and(Option::is_some);
                (0..tree.len()).filter(told).all(has_room) && self.can_move(level, &rooms)
            })
        })
    }

    /// How far what came in of an area may have been less or more, beside what went out; none where that is too little.
    fn room(&self, inflow: Flow, outflow: Flow) -> Option<[f64; 2]> {
        let step = step_of(self.linked);
        let (down, up) = (inflow.came - inflow.told.least, inflow.told.most - inflow.came);
        let (less, more) = (outflow.came - outflow.told.least, outflow.told.most - outflow.came);
        let both = [down.min(less), up.min(more)];
        let can_parts_move = !inflow.is_told || down >= step && up >= step;
        (can_parts_move && both.iter().sum::<f64>() >= step - 1.0).then_some(both)
    }

    /// Whether areas beside each other can make up for what one of them may have had less or more.
    fn can_move(&self, level: usize, rooms: &[Option<[f64; 2]>]) -> bool {
        let (tree, step) = (&self.gate.tree, step_of(self.linked));
        let mut parents = (0..tree.len()).filter(|area| tree.level.get(*area).is_some_and(|l| *l < level));
        parents.all(|parent| {
            let children = tree.children.get(parent).map_or(&[][..], |c| c.as_slice());
            let of_children = children.iter().filter_map(|child| rooms.get(*child).copied().flatten());
            let (down, up) = of_children.fold((0.0, 0.0), |sum, room| (sum.0 + room[0], sum.1 + room[1]));
            children.is_empty() || down >= step && up >= step
        })
    }

    /// A flow of every area since an instant, or since the first row. Where nothing is told it may be anything.
    fn flow(&self, place: usize, counts: &Counts, then: Option<&Counts>) -> Vec<Flow> {
        let tree = &self.gate.tree;
        let step = step_of(self.linked);
        let mut all = vec![Flow::NONE; tree.len()];
        let parts = self.linked.counts.get(place).map_or(&[][..], |count| count.made.parts());
        for (part, atom) in parts.iter().filter_map(|part| Some((*part, self.linked.atoms.get(*part)?))) {
            let Some(raws) = atom.running() else { continue };
            let is_silent = self.steps.is_silent(part);
            let mut sums = vec![Range::default(); tree.len()];
            for area in (0..tree.len()).rev() {
                let areas_below = below(tree, atom, area).filter(|_| !is_silent);
                let sum = areas_below.map(|areas_below| {
                    let told = |counts: &Counts| Range::of(apart(counts, raws, area, areas_below), step);
                    let mut sum = then.map_or_else(|| told(counts), |then| told(counts).less(told(then)));
                    for child in areas_below {
                        sum.add(sums.get(*child).copied().unwrap_or_default());
                    }
                    sum
                });
                let came = value(counts, raws, area) - then.map_or(0.0, |then| value(then, raws, area));
                if let (Some(slot), Some(sum)) = (sums.get_mut(area), sum) {
                    *slot = sum;
                }
                if let Some(flow) = all.get_mut(area) {
                    flow.came += came;
                    flow.told.add(sum.unwrap_or(Range { least: 0.0, most: f64::INFINITY }));
                    flow.is_told &= sum.is_some();
                }
            }
        }
        all
    }
}
