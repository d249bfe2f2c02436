//! Which cells of a table with sums must be hidden so that no small one can be worked out, and no more than that. Owns the
//! choice; the flows behind it are `network`'s.

use super::cells::State;
use super::network::{Change, EPSILON, Need, Network, Sheet};

/// A small number: a cell's count, or a rest beside it.
#[derive(Clone, Copy)]
struct Small {
    cell: usize,
    mirror: Option<usize>,
}

/// How far a small cell must stay free to go up and down.
struct Goal {
    cell: usize,
    up: f64,
    down: f64,
}

/// How many orders are tried.
const TRIES: u32 = 8;

/// What is seen of a table.
#[derive(PartialEq)]
struct Seen {
    columns: Vec<Vec<State>>,
    rests: Vec<Vec<State>>,
}

impl Seen {
    fn of(sheet: &Sheet<'_>) -> Self {
        Self {
            columns: sheet.columns.iter().map(|c| c.states.clone()).collect(),
            rests: sheet.mirrors.iter().map(|m| m.rest.states.clone()).collect(),
        }
    }

    fn put(&self, sheet: &mut Sheet<'_>) {
        for (column, states) in sheet.columns.iter_mut().zip(&self.columns) {
            column.states.clone_from(states);
        }
        for (mirror, states) in sheet.mirrors.iter_mut().zip(&self.rests) {
            mirror.rest.states.clone_from(states);
        }
    }
}

/// Small numbers in another order: as they are, backwards, and then shuffled, always in the same way.
fn reordered(small: &[Small], attempt: u32) -> Vec<Small> {
    let mut order = small.to_vec();
    match attempt {
        0 | 1 => {}
        2 | 3 => order.reverse(),
        _ => {
            // A plain congruential sequence (Knuth's MMIX constants): the order has to be the same on every machine.
            let mut state = u64::from(attempt);
            for last in (1..order.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = usize::try_from(state >> 33).unwrap_or(0) % (last + 1);
                order.swap(last, place);
            }
        }
    }
    order
}

impl Network<'_> {
    /// Hides until every small cell is safe, then shows again what need not be hidden. Whether any cell changed.
    pub(super) fn protect(&self, sheet: &mut Sheet<'_>) -> bool {
        let mut unmarked = Vec::new();
        self.unmark_pairs(sheet, &mut unmarked);
        let mut small: Vec<Small> = Vec::new();
        for cell in 0..self.cells.len() {
            if self.is_small(sheet, cell) {
                small.push(Small { cell, mirror: None });
            }
            small.extend(self.small_rests(sheet, cell).map(|mirror| Small { cell, mirror: Some(mirror) }));
        }
        // What is hidden for one serves others, so the order matters. The hardest first is best most often; a few other
        // orders are tried beside it, and the one that hides least is kept.
        small.sort_by(|a, b| self.value(sheet, a.cell).total_cmp(&self.value(sheet, b.cell)));
        let before = Seen::of(sheet);
        let mut best: Option<(f64, u64, Seen)> = None;
        for attempt in 0..TRIES {
            before.put(sheet);
            let mut changed = Vec::new();
            let order = reordered(&small, attempt);
            let goals: Vec<Goal> =
                order.into_iter().map(|small| self.make_safe(sheet, small, &mut changed)).collect();
            if changed.is_empty() {
                return Seen::of(sheet) != before || !unmarked.is_empty();
            }
            self.show_again(sheet, &goals, &mut changed, attempt % 2 == 1);
            let freedom: f64 = goals.iter().map(|goal| goal.up + goal.down).sum();
            let cost: u64 = changed.iter().map(|change| self.cost(sheet, change)).sum();
            let is_better = best.as_ref().is_none_or(|(most, least, _)| {
                freedom > most + EPSILON || freedom > most - EPSILON && cost < *least
            });
            if is_better {
                best = Some((freedom, cost, Seen::of(sheet)));
            }
        }
        if let Some((_, _, seen)) = best {
            seen.put(sheet);
        }
        Seen::of(sheet) != before || !unmarked.is_empty()
    }

    /// A count and a rest that are both said to be small add up to a base that is seen: two marks would tell more than
    /// either. Then nothing is said of them.
    fn unmark_pairs(&self, sheet: &mut Sheet<'_>, changed: &mut Vec<Change>) {
        for cell in 0..self.cells.len() {
            if self.state(sheet, cell) == State::Marked
                && self.bounds(sheet, cell, false).any(|(_, rest, area)| rest.state(area) == State::Marked)
            {
                self.hide(sheet, cell, changed);
            }
        }
    }

    /// Small rests that a cell's freedom must keep unknown.
    fn small_rests<'s>(&'s self, sheet: &'s Sheet<'_>, cell: usize) -> impl Iterator<Item = usize> + use<'s> {
        self.bounds(sheet, cell, false)
            .filter(|(_, rest, area)| {
                rest.is_small(*area) && matches!(rest.state(*area), State::Marked | State::Blank)
            })
            .map(|(m, _, _)| m)
    }

    /// Hides what one small cell needs to be safe. Where even hiding everything is not enough, because a total that
    /// everyone knows is small itself, the goal is what can be had.
    fn make_safe(&self, sheet: &mut Sheet<'_>, small: Small, changed: &mut Vec<Change>) -> Goal {
        let cell = small.cell;
        // A rest goes up where its count goes down.
        let is_rest = small.mirror.is_some();
        let Some((value, below, is_marked)) = self.told(sheet, small) else {
            return Goal { cell, up: 0.0, down: 0.0 };
        };
        if self.need == Need::NotExact {
            // Either way will do, but a count is never below nothing.
            if value < 1.0 || self.flow(sheet, cell, true, 1.0, None) <= EPSILON {
                let missing = self.flow(sheet, cell, true, 1.0, Some(changed));
                return Goal { cell, up: 1.0 - missing, down: 0.0 };
            }
            let missing = self.flow(sheet, cell, false, 1.0, Some(changed));
            return Goal { cell, up: 0.0, down: 1.0 - missing };
        }
        if is_marked {
            let (more, less) = (below - 1.0 - value, value - 1.0);
            let (up, down) = if is_rest { (less, more) } else { (more, less) };
            let missing = self.flow(sheet, cell, true, up, Some(changed))
                + self.flow(sheet, cell, false, down, Some(changed));
            if missing <= EPSILON {
                return Goal { cell, up, down };
            }
            // With the mark it could be worked out: then nothing is said of its size.
            self.hide(sheet, cell, changed);
        }
        // Nothing is said of it: a range as wide as the mark's will do, wherever it lies.
        let wide = (below - 2.0).max(0.0);
        // Neither a count nor a rest is ever below nothing.
        let (most_up, most_down) = self.blank_room(sheet, cell, false);
        let least = |amount: f64, most: f64| amount.min(most).max(0.0);
        let amount = least(wide, most_down);
        let mut down = amount - self.flow(sheet, cell, false, amount, None);
        let amount = least(wide - down, most_up);
        let up = amount - self.flow(sheet, cell, true, amount, Some(changed));
        if up + down < wide - EPSILON {
            let amount = least(wide - up, most_down);
            down = amount - self.flow(sheet, cell, false, amount, Some(changed));
        }
        Goal { cell, up, down }
    }

    /// Size and threshold of a small number, and whether it is marked.
    fn told(&self, sheet: &Sheet<'_>, small: Small) -> Option<(f64, f64, bool)> {
        let at = self.cells.get(small.cell)?;
        let column = match small.mirror {
            Some(mirror) => &*sheet.mirrors.get(mirror)?.rest,
            None => &**sheet.columns.get(at.column)?,
        };
        Some((column.value(at.area), column.below, column.state(at.area) == State::Marked))
    }

    /// Whether every small cell is safe now.
    fn is_safe(&self, sheet: &mut Sheet<'_>, goals: &[Goal]) -> bool {
        goals.iter().all(|goal| {
            self.flow(sheet, goal.cell, true, goal.up, None) <= EPSILON
                && self.flow(sheet, goal.cell, false, goal.down, None) <= EPSILON
        })
    }

    /// Hides a cell with its rests, or says nothing more about one that was marked.
    pub(super) fn hide(&self, sheet: &mut Sheet<'_>, cell: usize, changed: &mut Vec<Change>) {
        let Some(at) = self.cells.get(cell).filter(|c| !c.is_free) else { return };
        let bound: Vec<usize> = self.bounds(sheet, cell, true).map(|(m, _, _)| m).collect();
        let Some(column) = sheet.columns.get_mut(at.column).filter(|c| !c.is_fixed(at.area)) else { return };
        let before = column.state(at.area);
        let is_said = |state: State| matches!(state, State::Open | State::Marked);
        if is_said(before) {
            column.set(at.area, State::Blank);
        }
        let mut rests = Vec::new();
        for place in bound {
            if let Some(mirror) = sheet.mirrors.get_mut(place).filter(|m| is_said(m.rest.state(at.area))) {
                rests.push((place, mirror.rest.state(at.area)));
                mirror.rest.set(at.area, State::Blank);
            }
        }
        if is_said(before) || !rests.is_empty() {
            changed.push(Change { cell, before, rests });
        }
    }

    /// Takes back what was hidden without need, the dearest first.
    fn show_again(&self, sheet: &mut Sheet<'_>, goals: &[Goal], changed: &mut Vec<Change>, by_value: bool) {
        let level = |c: &Change| {
            self.cells.get(c.cell).and_then(|at| self.tree.level.get(at.area)).copied().unwrap_or(0)
        };
        changed.sort_by(|a, b| {
            let value = |c: &Change| self.value(sheet, c.cell);
            let by_size = value(b).total_cmp(&value(a));
            if by_value { by_size } else { level(a).cmp(&level(b)).then(by_size) }
        });
        let mut kept = Vec::new();
        for change in changed.drain(..) {
            // A mark that was dropped stays dropped: what is asked of a small cell without one is less.
            if change.before == State::Marked || change.rests.iter().any(|(_, state)| *state == State::Marked)
            {
                kept.push(change);
                continue;
            }
            self.put(sheet, &change, None);
            if !self.is_safe(sheet, goals) {
                self.put(sheet, &change, Some(State::Blank));
                kept.push(change);
            }
        }
        *changed = kept;
    }

    /// Puts a cell and its rests back as they were, or all to one state.
    fn put(&self, sheet: &mut Sheet<'_>, change: &Change, state: Option<State>) {
        let Some(at) = self.cells.get(change.cell) else { return };
        if let Some(column) = sheet.columns.get_mut(at.column) {
            column.set(at.area, state.unwrap_or(change.before));
        }
        for (place, before) in &change.rests {
            if let Some(mirror) = sheet.mirrors.get_mut(*place) {
                mirror.rest.set(at.area, state.unwrap_or(*before));
            }
        }
    }
}
