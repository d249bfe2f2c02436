//! How counts that accumulate are told: in steps of the threshold. Owns those steps; shows nothing.
//!
//! A count over a span of time that ends today can be set beside the same count of yesterday, and the difference is
//! what happened in a day, however small. Hiding cells cannot prevent that without hiding nearly all of them. So each
//! part of such a count (`atoms`) is told at the finest area only, by the step that it lies in: 55 to 59, or 1 to 4, or
//! none. Everything else - areas above, totals over codes, bases of shares, spans that begin later - is told as the sum
//! or the difference of what is told of the parts, lower ends and upper ends by themselves. It adds no equation, so there
//! is nothing to work out, also for whoever knows all of this.
//!
//! Why a part keeps its secret: of its running count `C` each day tells one step and no more. Two days in one step leave
//! 0 to a threshold less one in between; two days in steps side by side leave 1 to twice the threshold less one; parts
//! have no row in common, so no other part bounds it. Only a total that everyone knows exactly does, and where it leaves
//! less room than a mark, nothing is told of its parts.

use crate::indicators::window::Window;

use super::atoms::{Atom, Made, Raws, Span};
use super::cells::{Column, State, Tree};
use super::gate::Linked;
use super::sort::{Release, Sort};

/// The least and the most that a number may be for what is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Range {
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Range {
    /// The step in which a whole number lies: none is told as none.
    pub(super) fn of(number: f64, step: f64) -> Self {
        if number == 0.0 {
            return Self::default();
        }
        let low = (number / step).floor() * step;
        Self { least: if low == 0.0 { 1.0 } else { low }, most: low + step - 1.0 }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.least += other.least;
        self.most += other.most;
    }

    /// What is left of a number of which this is known after one of which that is.
    pub(super) fn less(self, other: Self) -> Self {
        Self { least: (self.least - other.most).max(0.0), most: self.most - other.least }
    }
}

/// The true counts of a group at one instant, in the order of [`Linked::counts`] and [`Linked::more`].
pub(super) type Counts = Vec<Vec<Option<f64>>>;

/// What is told of every part of a group, over each of its spans, area by area.
#[derive(Debug, Default)]
pub(super) struct Steps {
    told: Vec<Vec<Vec<Range>>>,
    /// Parts of which nothing may be said, since a total of theirs is known.
    is_silent: Vec<bool>,
}

impl Linked {
    /// Which of what is measured is to be known of the months before as well: where a total that goes up is known on each
    /// day, the running counts of its parts; those of the flows of a stock. None where there is neither.
    pub(super) fn looks_back(&self) -> Option<Vec<bool>> {
        let known = (0..self.counts.len()).filter(|place| self.is_known_on_top(*place));
        let flows = self.stocks.iter().flat_map(|stock| [stock.inflow, stock.outflow]);
        let made_of = |place: usize| self.counts.get(place).map_or(&[][..], |count| count.made.parts());
        let parts: Vec<usize> = known.chain(flows).flat_map(|place| made_of(place).to_vec()).collect();
        let mut looked_at = vec![false; self.counts.len() + self.more.len()];
        for raws in parts.iter().filter_map(|part| self.atoms.get(*part)?.running()) {
            for place in std::iter::once(raws.of).chain(raws.less) {
                if let Some(is_looked_at) = looked_at.get_mut(place) {
                    *is_looked_at = true;
                }
            }
        }
        (!parts.is_empty()).then_some(looked_at)
    }

    /// Whether everyone knows a count of the top area, or works it out from what everyone knows.
    pub(super) fn is_known_on_top(&self, place: usize) -> bool {
        self.counts.get(place).is_some_and(|count| count.is_top_known || count.is_worked_out)
    }

    /// Whether each total that everyone knows has gone on by enough from one instant to the next that its parts may be
    /// told anew, or not at all: by the counts of the top area in the order of what is measured.
    pub(super) fn may_go_on(&self, last: &[f64], next: &[f64]) -> bool {
        let step = step_of(self);
        let sum = |top: &[f64], parts: &[usize]| -> f64 {
            let at = |place: usize| top.get(place).copied().unwrap_or(0.0);
            let running = parts.iter().filter_map(|part| self.atoms.get(*part)?.running());
            running.map(|raws| at(raws.of) - raws.less.map_or(0.0, at)).sum()
        };
        known_sums(self, |place| self.is_known_on_top(place)).iter().all(|Sum { own, .. }| {
            let came = sum(next, own) - sum(last, own);
            came <= 0.0 || came >= STEPS_OF_A_PACE * step
        })
    }
}

/// By so many thresholds a known total must go on before its parts do: room for parts that move and for those that do not.
const STEPS_OF_A_PACE: f64 = 3.0;

impl Steps {
    /// From what is told of each part over each of its spans, area by area.
    pub(super) fn of(linked: &Linked, told: Vec<Vec<Vec<Range>>>) -> Self {
        Self { told, is_silent: vec![false; linked.atoms.len()] }
    }

    /// `earlier`: the counts at instants before, newest first, where totals are known to everyone.
    pub(super) fn new(tree: &Tree, linked: &Linked, counts: &Counts, earlier: &[Counts]) -> Self {
        let step = step_of(linked);
        let told = linked.atoms.iter().map(|atom| {
            atom.spans.iter().map(|span| told(tree, atom, by_step(counts, atom, span, step))).collect()
        });
        let mut steps = Self::of(linked, told.collect());
        steps.keep_room(&Past { tree, linked, counts, earlier, step });
        steps
    }

    /// What is told of the sum of parts over the span of a count at an area.
    fn sum(&self, linked: &Linked, parts: &[usize], place: usize, area: usize) -> Range {
        let mut sum = Range::default();
        let Some(window) = linked.counts.get(place).map(|count| count.measured.window) else { return sum };
        for part in parts {
            let spans = linked.atoms.get(*part).map_or(&[][..], |atom| &atom.spans);
            let own = spans.iter().position(|span| span.window == window);
            let told = own.and_then(|own| self.told.get(*part)?.get(own)?.get(area));
            sum.add(told.copied().unwrap_or_default());
        }
        sum
    }

    /// What is told of a count, and of what it leaves of a base that it is part of.
    pub(super) fn rest(&self, linked: &Linked, count: usize, base: usize, area: usize) -> Option<Range> {
        let parts = |place: usize| linked.counts.get(place).map(|c| c.made.parts());
        let (own, of) = (parts(count)?, parts(base)?);
        if own.is_empty() || !own.iter().all(|part| of.contains(part)) {
            return None;
        }
        let others: Vec<usize> = of.iter().copied().filter(|part| !own.contains(part)).collect();
        Some(self.sum(linked, &others, base, area))
    }

    /// Decides what is seen of the count at a place.
    pub(super) fn tell(&self, tree: &Tree, linked: &Linked, place: usize, column: &mut Column) {
        let Some(count) = linked.counts.get(place) else { return };
        let parts = count.made.parts();
        let is_silent = parts.iter().any(|part| self.is_silent(*part));
        for area in 0..tree.len() {
            let told = self.sum(linked, parts, place, area);
            let is_shown = tree.level.get(area).is_some_and(|level| *level <= column.level);
            let state = match &count.made {
                _ if !is_shown || column.values.get(area).copied().flatten().is_none() => State::Gap,
                _ if column.is_fixed(area) => State::Open,
                Made::Crossing | Made::Whole => State::Blank,
                _ if is_silent => State::Blank,
                _ if told == Range::default() => State::Open,
                Made::Under(_, base) if told.most > self.base(linked, *base, area).least => State::Blank,
                Made::Of(_) | Made::Under(..) => seen(told, column.below),
            };
            column.set(area, state);
        }
    }

    /// Whether nothing may be said of a part.
    pub(super) fn is_silent(&self, part: usize) -> bool {
        self.is_silent.get(part).copied().unwrap_or(true)
    }

    fn base(&self, linked: &Linked, place: usize, area: usize) -> Range {
        let parts = linked.counts.get(place).map_or(&[][..], |count| count.made.parts());
        self.sum(linked, parts, place, area)
    }

    /// Where everyone knows a sum of parts, what is told of them must leave each of them as open as a mark would, up and
    /// down, on this day and since each of the days before; else nothing is told of any.
    fn keep_room(&mut self, past: &Past<'_>) {
        let linked = past.linked;
        let room = past.step - 2.0;
        for Sum { all, own } in known_sums(linked, |place| linked.is_known_on_top(place)) {
            let today = self.at_top(linked, past.counts, &own);
            let has_room = today.iter().all(|(sum, told)| {
                *told == Range::default() || sum - told.least >= room && told.most - sum >= room
            });
            if !has_room || !past.has_room_since(&own) {
                self.silence(linked, all);
            }
        }
    }

    /// Nothing is told of the parts of any sum that everyone knows.
    pub(super) fn silence_parts(&mut self, linked: &Linked) {
        for sum in known_sums(linked, |place| linked.is_known_on_top(place)) {
            self.silence(linked, sum.all);
        }
    }

    /// Nothing is told of these parts, nor of those that are told together with them.
    pub(super) fn silence(&mut self, linked: &Linked, parts: &[usize]) {
        let together = |part: usize| {
            let mut all = linked.counts.iter().map(|count| count.made.parts());
            all.any(|all| all.contains(&part) && all.iter().any(|other| parts.contains(other)))
        };
        for (part, silent) in self.is_silent.iter_mut().enumerate() {
            *silent |= together(part);
        }
    }

    /// Over every span of some parts: their sum at the top area by `counts`, and what is told of it.
    pub(super) fn at_top(&self, linked: &Linked, counts: &Counts, parts: &[usize]) -> Vec<(f64, Range)> {
        let atoms = |part: &usize| linked.atoms.get(*part);
        let mut windows = Vec::new();
        for span in parts.iter().filter_map(atoms).flat_map(|atom| &atom.spans) {
            if !windows.contains(&span.window) {
                windows.push(span.window);
            }
        }
        let over = |window: Window| {
            let (mut sum, mut told) = (0.0, Range::default());
            for part in parts {
                let Some(atom) = atoms(part) else { continue };
                let Some(own) = atom.spans.iter().position(|span| span.window == window) else { continue };
                sum += atom.spans.get(own).map_or(0.0, |span| value(counts, span.raws, 0));
                let of_top = self.told.get(*part).and_then(|told| told.get(own)?.first());
                told.add(of_top.copied().unwrap_or_default());
            }
            (sum, told)
        };
        windows.into_iter().map(over).collect()
    }
}

/// The parts of a sum that everyone knows.
pub(super) struct Sum<'a> {
    pub(super) all: &'a [usize],
    /// Without those of which a smaller such sum is made.
    pub(super) own: Vec<usize>,
}

/// The sums that everyone knows; `is_known`: whether the top area's count at a place is.
pub(super) fn known_sums(linked: &Linked, is_known: impl Fn(usize) -> bool) -> Vec<Sum<'_>> {
    let parts = |place: usize| linked.counts.get(place).map_or(&[][..], |count| count.made.parts());
    let of_known = |place: &usize| is_known(*place) && !parts(*place).is_empty();
    let known: Vec<&[usize]> = (0..linked.counts.len()).filter(of_known).map(parts).collect();
    let sum = |all: &&'_ [usize]| {
        let is_inner =
            |other: &&&[usize]| other.len() < all.len() && other.iter().all(|part| all.contains(part));
        let inner: Vec<usize> = known.iter().filter(is_inner).copied().flatten().copied().collect();
        all.iter().copied().filter(|part| !inner.contains(part)).collect()
    };
    known.iter().map(|all| Sum { all, own: sum(all) }).collect()
}

/// A group today and at instants before.
struct Past<'a> {
    tree: &'a Tree,
    linked: &'a Linked,
    counts: &'a Counts,
    earlier: &'a [Counts],
    step: f64,
}

impl Past<'_> {
    /// Whether parts of which the sum is known were told with room at each instant before: what came in between must not
    /// be told to the last by the steps that were taken.
    fn has_room_since(&self, parts: &[usize]) -> bool {
        let points = |counts: &Counts| -> Vec<(f64, Vec<Range>)> {
            let atoms = parts.iter().filter_map(|part| self.linked.atoms.get(*part));
            let going_on = atoms.filter_map(|atom| Some((atom, atom.running()?)));
            going_on
                .map(|(atom, raws)| {
                    let own = |area: usize| {
                        let below = below(self.tree, atom, area)?;
                        Some(Range::of(apart(counts, raws, area, below), self.step))
                    };
                    let told = (0..self.tree.len()).map(|area| own(area).unwrap_or_default()).collect();
                    (value(counts, raws, 0), told)
                })
                .collect()
        };
        let now = points(self.counts);
        self.earlier.iter().map(points).all(|then| {
            let (mut came, mut least, mut most) = (0.0, 0.0, 0.0);
            for ((sum, now), (before, then)) in now.iter().zip(&then) {
                came += sum - before;
                for (now, then) in now.iter().zip(then) {
                    let since = now.less(*then);
                    least += since.least;
                    most += since.most;
                }
            }
            came < 0.0 || least == 0.0 || came - least >= self.step && most - came >= self.step
        })
    }
}

/// The one step of a group: the largest threshold in it.
pub(super) fn step_of(linked: &Linked) -> f64 {
    let in_steps = linked.counts.iter().filter(|count| !count.made.parts().is_empty());
    in_steps.map(|count| f64::from(count.below)).fold(1.0, f64::max)
}

/// How a number is printed of which a range is told: as "at least", in steps of the threshold.
pub(super) fn seen(told: Range, below: f64) -> State {
    let least = (told.least / below).floor() * below;
    if told.least >= 1.0 && told.most < below {
        State::Marked
    } else if least < below {
        State::Blank
    } else {
        State::AtLeast(least, ((told.most + 1.0 - least) / below).ceil() * below)
    }
}

pub(super) fn value(counts: &Counts, raws: Raws, area: usize) -> f64 {
    let at = |place: usize| counts.get(place).and_then(|c| c.get(area)).copied().flatten().unwrap_or(0.0);
    at(raws.of) - raws.less.map_or(0.0, at)
}

/// The areas that a part is told of below an area; none where it is told of none there.
pub(super) fn below<'a>(tree: &'a Tree, atom: &Atom, area: usize) -> Option<&'a [usize]> {
    let level = tree.level.get(area).copied().filter(|level| *level <= atom.level)?;
    let children = tree.children.get(area).map_or(&[][..], |c| c.as_slice());
    Some(if level < atom.level { children } else { &[] })
}

/// What stands at an area itself and at none below: a part of its own.
pub(super) fn apart(counts: &Counts, raws: Raws, area: usize, below: &[usize]) -> f64 {
    value(counts, raws, area) - below.iter().map(|child| value(counts, raws, *child)).sum::<f64>()
}

/// What is told of one part over one span at every area: by `own` what stands there and at no area below of which it is
/// told (these are given), above as the sum.
pub(super) fn told(tree: &Tree, atom: &Atom, own: impl Fn(usize, &[usize]) -> Range) -> Vec<Range> {
    let mut told = vec![Range::default(); tree.len()];
    for area in (0..tree.len()).rev() {
        let Some(below) = below(tree, atom, area) else { continue };
        let mut range = own(area, below);
        for child in below {
            range.add(told.get(*child).copied().unwrap_or_default());
        }
        if let Some(place) = told.get_mut(area) {
            *place = range;
        }
    }
    told
}

/// The step of what stands at an area, or the difference of two points of the running count.
fn by_step(counts: &Counts, atom: &Atom, span: &Span, step: f64) -> impl Fn(usize, &[usize]) -> Range {
    move |area, below| {
        let over_span = apart(counts, span.raws, area, below);
        match atom.whole {
            None => Range::of(over_span, step),
            Some(whole) => {
                let all = apart(counts, whole, area, below);
                Range::of(all, step).less(Range::of(all - over_span, step))
            }
        }
    }
}

/// What is seen of a count in steps that does not add up: each area by itself, by the step that it lies in. `is_split`:
/// it is told over other spans too.
pub(super) fn tell_alone(tree: &Tree, column: &mut Column, is_split: bool) {
    for area in 0..tree.len() {
        let is_shown = tree.level.get(area).is_some_and(|level| *level <= column.level);
        let state = match column.values.get(area).copied().flatten().filter(|_| is_shown) {
            None => State::Gap,
            Some(_) if column.is_fixed(area) => State::Open,
            Some(0.0) => State::Open,
            Some(value) if value < column.below && is_split => State::Blank,
            Some(value) => seen(Range::of(value, column.below), column.below),
        };
        column.set(area, state);
    }
    // The parts of a small count are not marked one by one.
    for parent in 0..tree.len() {
        if column.is_small(parent) && column.goes_on_below(tree, parent) {
            for child in tree.children.get(parent).into_iter().flatten() {
                if column.value(*child) > 0.0 {
                    column.set(*child, State::Blank);
                }
            }
        }
    }
}

/// Whether a count goes up in steps but is put together from nothing.
pub(super) fn is_alone(linked: &Linked, place: usize) -> bool {
    linked
        .counts
        .get(place)
        .is_some_and(|c| c.release == Release::Steps && c.sort == Sort::Distinct && c.below > 0)
}
