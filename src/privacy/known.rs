//! A day as it was known earlier, beside the same day as it is known now. Owns how much of the earlier counts may be told:
//! rows that arrived in between are few, and two counts that differ by few give them away.
//!
//! Where nothing of figures that hang together differs, they are told as they are: the engine sees to that. Else every
//! count of then is told in steps, whatever it is now, by parts without a common row, each at the finest area and all
//! else as sums of what is told of the parts, as `steps` does of counts that accumulate. So what is told of then adds no
//! equation, and of a part it says one of three things.
//!
//! - A part that goes up in steps now, too: its step. Two steps of one running count leave a threshold less one open.
//! - A part that is shown as it is now: the step of then, but never closer to now than a threshold. So what arrived in
//!   between may always be up to a threshold, and nothing excludes that all of it was there already where the step is the
//!   last such one.
//! - A part that is hidden now, or of which more was known then than now: nothing.
//!
//! None and few are one step here (0 to the threshold less one), but where there is none now either: no mark, and no zero
//! that is not one now.

use crate::indicators::measure::{MeasureUse, Plan};
use crate::site::Site;

use super::atoms::{Atom, Span};
use super::cells::{Column, State, Tree};
use super::gate::{Count, Gate, Linked};
use super::protect::{Owner, Protected, Raw, Table, filled};
use super::sort::{Release, Sort};
use super::steps::{self, Counts, Range, Steps, Sum, apart, seen, step_of, told};
use super::stocks::Stock;

/// The counts of a group as they were known then and as they are known now, in the order of [`Gate::measured_then`].
pub(crate) struct Sides<'a> {
    pub(crate) then: &'a [Raw],
    pub(crate) now: &'a [Raw],
    /// What is shown now: for each count the protected figures of the instant at which its window ends now as then.
    pub(crate) shown: &'a [&'a [(Owner, Vec<Protected>)]],
    /// Nothing may be told of the parts of totals that everyone knows.
    pub(crate) is_silent: bool,
}

impl Gate {
    /// What is measured for a group to tell what was known of it earlier: its counts come first.
    pub(crate) fn measured_then(&self, group: usize) -> Vec<MeasureUse> {
        self.then.get(group).map(Linked::measured).unwrap_or_default()
    }

    /// Protects what was known earlier of a group of which something differs now.
    pub(crate) fn protect_then(
        &self,
        site: &Site,
        group: usize,
        sides: &Sides<'_>,
    ) -> Vec<(Owner, Vec<Protected>)> {
        let (Some(linked), Some(now)) = (self.then.get(group), self.groups.get(group)) else {
            return Vec::new();
        };
        let tree = &self.tree;
        let step = step_of(linked);
        let filled = |raws: &[Raw]| -> Counts { raws.iter().map(|raw| filled(tree, raw, step)).collect() };
        let open = (0..now.counts.len()).map(|place| open_now(now, tree, place, sides.shown)).collect();
        let beside =
            Beside { tree, now, then: filled(sides.then), counts_now: filled(sides.now), open, step };
        let mut steps =
            Steps::of(linked, linked.atoms.iter().map(|atom| beside.atom(linked, atom)).collect());
        // A total that everyone knows now bounds what arrived of all its parts together.
        for Sum { all, own } in steps::known_sums(linked, |place| now.is_known_on_top(place)) {
            let has_room = |(sum, told): &(f64, Range)| {
                *told == Range::default() || (sum - told.least) - (sum - told.most).max(0.0) >= step - 1.0
            };
            if sides.is_silent || !steps.at_top(linked, &beside.counts_now, &own).iter().all(has_room) {
                steps.silence(linked, all);
            }
        }
        let columns = linked
            .counts
            .iter()
            .enumerate()
            .map(|(place, count)| beside.column(linked, &steps, place, count));
        let mut table = Table::of(self, linked, sides.then, columns.collect(), steps);
        table.tell_amounts();
        table.figures(site)
    }
}

impl Linked {
    /// The same group as it is told of earlier times: everything in steps, and no total known.
    pub(super) fn as_known_then(&self, plan: &Plan) -> Self {
        let mut then = self.clone();
        then.drop_coarser_parts();
        // Nothing says how much of the flows of then a stock of then would leave open.
        for place in then.stocks.iter().flat_map(Stock::shown) {
            if let Some(count) = then.counts.get_mut(place) {
                count.sort = Sort::Other;
            }
        }
        for count in &mut then.counts {
            // Nothing says how much of an exact amount a step would leave open.
            if count.sort == Sort::Amount && (count.release == Release::Exact || count.is_top_known) {
                count.sort = Sort::Other;
            }
            count.release = Release::Steps;
            count.is_top_known = false;
            count.is_worked_out = false;
            count.is_rounded = false;
        }
        then.take_apart(plan);
        for atom in &mut then.atoms {
            if self.is_exact(atom) {
                atom.whole = None;
            }
        }
        then
    }

    /// Where a whole that is shown as it is goes on to finer areas than its parts, only the whole is told.
    fn drop_coarser_parts(&mut self) {
        let level = |place: usize| {
            let count =
                self.counts.get(place).filter(|c| c.release == Release::Exact && c.sort == Sort::Count);
            count.map(|count| count.level)
        };
        let is_coarser = |part: usize, whole: Option<usize>| level(part) < whole.and_then(level);
        let of_shares =
            self.figures.iter().map(|f| f.numerator).zip(self.figures.iter().map(|f| f.denominator));
        let of_splits = self.splits.iter().flat_map(|s| s.cells.iter().map(|cell| (*cell, s.total)));
        let dropped: Vec<usize> = of_shares
            .chain(of_splits)
            .filter(|(part, of)| is_coarser(*part, *of))
            .map(|(part, _)| part)
            .collect();
        self.splits.retain(|split| !split.cells.iter().any(|cell| dropped.contains(cell)));
        for place in dropped {
            if let Some(count) = self.counts.get_mut(place) {
                count.sort = Sort::Other;
            }
        }
    }

    /// Whether a part is shown as it is now.
    fn is_exact(&self, atom: &Atom) -> bool {
        self.counts.iter().any(|c| c.measured.measure == atom.of && c.release == Release::Exact)
    }
}

/// Where a count is shown now as it is.
fn open_now(now: &Linked, tree: &Tree, place: usize, shown: &[&[(Owner, Vec<Protected>)]]) -> Vec<bool> {
    let of_count = shown.get(place).copied().unwrap_or_default();
    let mut open = vec![false; tree.len()];
    for figure in &now.figures {
        let Some((_, protected)) = of_count.iter().find(|(owner, _)| *owner == figure.owner) else {
            continue;
        };
        for (open, protected) in open.iter_mut().zip(protected) {
            *open |= figure.numerator == place && protected.numerator.is_seen()
                || figure.denominator == Some(place) && protected.denominator.is_seen();
        }
    }
    open
}

/// Counts of then and of now.
struct Beside<'a> {
    tree: &'a Tree,
    /// The group as it is told now.
    now: &'a Linked,
    then: Counts,
    counts_now: Counts,
    /// Per count and area: shown now.
    open: Vec<Vec<bool>>,
    step: f64,
}

impl Beside<'_> {
    /// What is told of a part over each of its spans.
    fn atom(&self, linked: &Linked, atom: &Atom) -> Vec<Vec<Range>> {
        let is_exact = self.now.is_exact(atom);
        let of_span = |span: &Span| {
            told(self.tree, atom, |area, below| {
                let both =
                    |raws| [&self.then, &self.counts_now].map(|counts| apart(counts, raws, area, below));
                let [then, now] = both(span.raws);
                match atom.whole {
                    _ if is_exact => self.beside(then, now, self.is_open(linked, span, area, below)),
                    None => self.step(then, now),
                    Some(whole) => {
                        let [all_then, all_now] = both(whole);
                        self.step(all_then, all_now).less(self.step(all_then - then, all_now - now))
                    }
                }
            })
        };
        atom.spans.iter().map(of_span).collect()
    }

    /// Whether all that a part is worked out from is shown now.
    fn is_open(&self, linked: &Linked, span: &Span, area: usize, below: &[usize]) -> bool {
        let is_open =
            |place: usize, area: usize| self.open.get(place).and_then(|o| o.get(area)).is_some_and(|o| *o);
        let is_gap = |place: usize, area: usize| {
            let counts = self.counts_now.get(place);
            counts.and_then(|counts| counts.get(area)).copied().flatten().is_none()
        };
        let places = std::iter::once(span.raws.of).chain(span.raws.less);
        places.into_iter().all(|place| {
            place < linked.counts.len()
                && is_open(place, area)
                && below.iter().all(|area| is_open(place, *area) || is_gap(place, *area))
        })
    }

    /// The step of a number of then that goes up in steps now as well.
    fn step(&self, then: f64, now: f64) -> Range {
        match then {
            _ if then == 0.0 && now == 0.0 => Range::default(),
            _ if (0.0..self.step).contains(&then) => Range { least: 0.0, most: self.step - 1.0 },
            _ => Range::of(then, self.step),
        }
    }

    /// What is told of a number of then beside one of now that is shown as it is, or hidden.
    fn beside(&self, then: f64, now: f64, is_open: bool) -> Range {
        if is_open && then == 0.0 && now == 0.0 {
            return Range::default();
        }
        if !is_open || then > now || then < 0.0 {
            return Range { least: then.min(0.0), most: f64::INFINITY };
        }
        let step_of = |number: f64| (number / self.step).floor() * self.step;
        let last = step_of(now - self.step);
        let own = step_of(then);
        if own < last {
            Range { least: own, most: own + self.step - 1.0 }
        } else {
            Range { least: last.max(0.0), most: now }
        }
    }

    /// What is seen of a count of then.
    fn column(&self, linked: &Linked, steps: &Steps, place: usize, count: &Count) -> Column {
        let areas = self.tree.len();
        let mut column = Column {
            values: self.then.get(place).cloned().unwrap_or_default(),
            states: vec![State::Gap; areas],
            below: f64::from(count.below),
            level: count.level,
            is_top_known: false,
            is_given: false,
            is_amount: false,
            must_hide: vec![false; areas],
        };
        if linked.is_in_steps(place) {
            steps.tell(self.tree, linked, place, &mut column);
        } else {
            self.tell_alone(place, count, &mut column);
        }
        for area in 0..areas {
            if let State::AtLeast(least, wide) = column.state(area)
                && wide.is_infinite()
            {
                column.set(area, self.up_to_now(place, area, least));
            }
        }
        column
    }

    /// At least so many, and for all that is told as many as now.
    fn up_to_now(&self, place: usize, area: usize, least: f64) -> State {
        let at = |counts: &Counts| counts.get(place).and_then(|c| c.get(area)).copied().flatten();
        let is_open = self.open.get(place).and_then(|o| o.get(area)).is_some_and(|o| *o);
        match (at(&self.then), at(&self.counts_now)) {
            (Some(then), Some(now)) if is_open && then <= now => State::AtLeast(least, now + 1.0 - least),
            _ => State::Blank,
        }
    }

    /// What is seen of anything that is told by itself: counts that do not add up, amounts and differences.
    fn tell_alone(&self, place: usize, count: &Count, column: &mut Column) {
        let was_exact = self.now.counts.get(place).is_some_and(|c| c.release == Release::Exact);
        for area in 0..self.tree.len() {
            let is_shown = self.tree.level.get(area).is_some_and(|level| *level <= column.level);
            let Some(then) = column.values.get(area).copied().flatten().filter(|_| is_shown) else {
                continue;
            };
            let now = self.counts_now.get(place).and_then(|c| c.get(area)).copied().flatten().unwrap_or(0.0);
            let is_open = self.open.get(place).and_then(|o| o.get(area)).is_some_and(|o| *o);
            let told = if was_exact { self.beside(then, now, is_open) } else { self.step(then, now) };
            let state = match () {
                () if count.below == 0 || !count.sort.is_counted() || told == Range::default() => State::Open,
                () => seen(told, column.below),
            };
            column.set(area, state);
        }
    }
}
