//! Which cells of a table with sums must be hidden so that no small one can be worked out, and no more than that.
//! Owns the search; knows nothing of indicators, and shows nothing.
//!
//! A table of areas (a tree) by columns (parts and their total) is a network: every sum is a node, every cell an arc
//! between the sum it is part of and the sum it is the total of. The cells that a reader does not see can be changed
//! together, and every sum still holds, exactly along the circles of that network; a cell's freedom is a flow (Cox 1995,
//! Network models for complementary cell suppression; Castro 2012, Recent advances in optimization techniques for
//! statistical tabular data protection). So a small cell is safe if enough can flow through the hidden cells from its
//! one end to the other, both ways, and where it cannot, the cheapest way through shown cells says which to hide.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cells::{Column, State, Tree};

/// What must hold for a small cell that a reader does not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It may be anything that its mark says, from 1 to the threshold minus 1: nothing more is learned than the mark.
    WholeRange,
    /// It is not known exactly. What published programs guarantee by default; for comparison with them.
    #[cfg_attr(not(test), expect(dead_code, reason = "only compared with"))]
    NotExact,
}

/// A cell between two sums.
struct Cell {
    column: usize,
    area: usize,
    /// The sum it is taken from, and the sum it is added to.
    ends: [usize; 2],
    /// Hidden by nature and free: stands for what the table does not show.
    is_free: bool,
}

/// What a share leaves of its base, beside the column of its count. Where the base is seen, the two move against each
/// other, so what is known of the rest bounds the count.
pub(super) struct Mirror<'a> {
    /// Place of the count among the columns.
    pub(super) column: usize,
    /// The rest.
    pub(super) rest: &'a mut Column,
    /// Areas where the base is not seen, so that the two are not bound to each other.
    pub(super) is_loose: Vec<bool>,
}

/// A table with what hangs on its columns.
pub(super) struct Sheet<'a> {
    pub(super) columns: Vec<&'a mut Column>,
    pub(super) mirrors: Vec<Mirror<'a>>,
}

/// A cell that was hidden, as it was before.
struct Change {
    cell: usize,
    before: State,
    /// Rests that were hidden with it.
    rests: Vec<(usize, State)>,
}

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

/// The network of one table.
pub(super) struct Network<'a> {
    tree: &'a Tree,
    cells: Vec<Cell>,
    /// Per node: cell and whether the node is its second end.
    links: Vec<Vec<(usize, bool)>>,
    depth: usize,
    total: Option<usize>,
    need: Need,
}

const GROUND: usize = 0;
const EPSILON: f64 = 1e-9;

impl<'a> Network<'a> {
    /// For a table of `columns`; `total` is the place of the one that is the sum of the others.
    pub(super) fn new(tree: &'a Tree, columns: &[&mut Column], total: Option<usize>, need: Need) -> Self {
        let depth = columns
            .iter()
            .enumerate()
            .filter(|(c, _)| columns.len() == 1 || Some(*c) != total)
            .map(|(_, column)| column.level)
            .max()
            .unwrap_or(0);
        let mut net = Self { tree, cells: Vec::new(), links: Vec::new(), depth, total, need };
        for area in 0..tree.len() {
            net.add_area(columns, area);
        }
        let nodes = net.cells.iter().flat_map(|c| c.ends).max().map_or(1, |most| most + 1);
        net.links = vec![Vec::new(); nodes];
        for (place, cell) in net.cells.iter().enumerate() {
            for (is_second, end) in [(false, cell.ends[0]), (true, cell.ends[1])] {
                if let Some(links) = net.links.get_mut(end) {
                    links.push((place, is_second));
                }
            }
        }
        net
    }

    fn sum_of_children(&self, column: usize, area: usize) -> usize {
        1 + column * self.tree.len() + area
    }

    fn add_area(&mut self, columns: &[&mut Column], area: usize) {
        let level = self.tree.level.get(area).copied().unwrap_or(0);
        if level > self.depth {
            return;
        }
        let sum_of_parts = self.sum_of_children(columns.len(), area);
        let is_part = |c: usize| Some(c) != self.total;
        let goes_on = |c: usize| columns.get(c).is_some_and(|column| column.goes_on_below(self.tree, area));
        let parts: Vec<usize> = (0..columns.len()).filter(|c| is_part(*c)).collect();
        let parts_on = parts.iter().filter(|c| goes_on(**c)).count();
        for (c, column) in columns.iter().enumerate() {
            let above = self.tree.parent.get(area).copied().flatten();
            let above = above.map_or(GROUND, |parent| self.sum_of_children(c, parent));
            let below = self.sum_of_children(c, area);
            if is_part(c) {
                if level > column.level || column.state(area) == State::Gap {
                    continue;
                }
                let own = match (goes_on(c), self.total) {
                    (true, _) => below,
                    (false, Some(_)) => sum_of_parts,
                    (false, None) => GROUND,
                };
                self.cells.push(Cell { column: c, area, ends: [own, above], is_free: false });
                continue;
            }
            // The total runs against its parts, so that each cell leaves one sum and enters another.
            let own = if parts_on > 0 && parts_on == parts.len() { below } else { sum_of_parts };
            let is_free = level > column.level || column.state(area) == State::Gap;
            self.cells.push(Cell { column: c, area, ends: [above, own], is_free });
            if parts_on > 0 && parts_on < parts.len() {
                // Some columns end here and the others go on: what goes on is a part of its own, which nobody sees.
                self.cells.push(Cell { column: c, area, ends: [sum_of_parts, below], is_free: true });
            }
        }
    }

    /// Hides until every small cell is safe, then shows again what need not be hidden. Whether any cell changed.
    pub(super) fn protect(&self, sheet: &mut Sheet<'_>) -> bool {
        let mut changed = Vec::new();
        self.unmark_pairs(sheet, &mut changed);
        let mut small: Vec<Small> = Vec::new();
        for cell in 0..self.cells.len() {
            if self.is_small(sheet, cell) {
                small.push(Small { cell, mirror: None });
            }
            small.extend(self.small_rests(sheet, cell).map(|mirror| Small { cell, mirror: Some(mirror) }));
        }
        // The hardest first: what it needs serves the easier ones.
        small.sort_by(|a, b| self.value(sheet, a.cell).total_cmp(&self.value(sheet, b.cell)));
        let goals: Vec<Goal> =
            small.into_iter().map(|small| self.make_safe(sheet, small, &mut changed)).collect();
        self.show_again(sheet, &goals, &mut changed);
        !changed.is_empty()
    }

    /// A count and a rest that are both said to be small add up to a base that is seen: two marks would tell more than
    /// either. Then nothing is said of them.
    fn unmark_pairs(&self, sheet: &mut Sheet<'_>, changed: &mut Vec<Change>) {
        for cell in 0..self.cells.len() {
            if self.state(sheet, cell) == State::Marked
                && self.bounds(sheet, cell).any(|(_, rest, area)| rest.state(area) == State::Marked)
            {
                self.hide(sheet, cell, changed);
            }
        }
    }

    /// Rests that bind a cell.
    fn bounds<'s>(
        &'s self,
        sheet: &'s Sheet<'_>,
        cell: usize,
    ) -> impl Iterator<Item = (usize, &'s Column, usize)> + use<'s> {
        let at = self.cells.get(cell).filter(|c| !c.is_free).map(|c| (c.column, c.area));
        sheet.mirrors.iter().enumerate().filter_map(move |(m, mirror)| {
            let (column, area) = at?;
            let is_bound = mirror.column == column
                && !mirror.is_loose.get(area).copied().unwrap_or(true)
                && mirror.rest.state(area) != State::Gap;
            is_bound.then_some((m, &*mirror.rest, area))
        })
    }

    /// Small rests that a cell's freedom must keep unknown.
    fn small_rests<'s>(&'s self, sheet: &'s Sheet<'_>, cell: usize) -> impl Iterator<Item = usize> + use<'s> {
        self.bounds(sheet, cell)
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
            // Either way will do.
            if self.flow(sheet, cell, true, 1.0, None) <= EPSILON {
                return Goal { cell, up: 1.0, down: 0.0 };
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
        let (most_up, most_down) = self.blank_room(sheet, cell);
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

    /// Sends `amount` through the hidden cells from one end of a cell to the other, so that the cell itself goes up or
    /// down by as much. What could not be sent. With `changed`, shown cells on the cheapest way are hidden.
    fn flow(
        &self,
        sheet: &mut Sheet<'_>,
        cell: usize,
        upwards: bool,
        amount: f64,
        mut changed: Option<&mut Vec<Change>>,
    ) -> f64 {
        let Some(ends) = self.cells.get(cell).map(|c| c.ends) else { return 0.0 };
        let [from, to] = if upwards { [ends[1], ends[0]] } else { ends };
        let mut sent = vec![0.0; self.cells.len()];
        let mut left = amount;
        while left > EPSILON {
            let may_hide = changed.is_some();
            // One way that carries everything hides fewer cells than two that share.
            let way = self
                .cheapest_way(sheet, cell, from, to, &sent, left, may_hide)
                .or_else(|| self.cheapest_way(sheet, cell, from, to, &sent, EPSILON, may_hide));
            let Some((way, width)) = way else { break };
            let width = width.min(left);
            for (step, forwards) in way {
                if let Some(sent) = sent.get_mut(step) {
                    *sent += if forwards { width } else { -width };
                }
                if let Some(changed) = &mut changed
                    && self.is_beyond(sheet, step, sent.get(step).copied().unwrap_or(0.0))
                {
                    self.hide(sheet, step, changed);
                }
            }
            left -= width;
        }
        left.max(0.0)
    }

    /// Whether a flow asks more of a cell than what is hidden of it allows.
    fn is_beyond(&self, sheet: &Sheet<'_>, cell: usize, sent: f64) -> bool {
        let (up, down) = self.room(sheet, cell);
        sent > up + EPSILON || -sent > down + EPSILON
    }

    /// How far a cell may go up and down for all that a reader knows.
    fn room(&self, sheet: &Sheet<'_>, cell: usize) -> (f64, f64) {
        let Some(at) = self.cells.get(cell) else { return (0.0, 0.0) };
        if at.is_free {
            return (f64::INFINITY, f64::INFINITY);
        }
        let (mut up, mut down) = sheet.columns.get(at.column).map_or((0.0, 0.0), |c| room_of(c, at.area));
        for (_, rest, area) in self.bounds(sheet, cell) {
            let (rest_up, rest_down) = room_of(rest, area);
            (up, down) = (up.min(rest_down), down.min(rest_up));
        }
        (up, down)
    }

    /// The same if nothing at all were said of it.
    fn blank_room(&self, sheet: &Sheet<'_>, cell: usize) -> (f64, f64) {
        let up =
            self.bounds(sheet, cell).map(|(_, rest, area)| rest.value(area)).fold(f64::INFINITY, f64::min);
        (up, self.value(sheet, cell).max(0.0))
    }

    /// What hiding a cell (more) costs; none where it cannot be.
    fn price(&self, sheet: &Sheet<'_>, cell: usize) -> Option<u64> {
        /// Prices: one cell more is worse than any size of a cell; a coarse area, a total and a zero are worse still.
        const CELL: u64 = 100_000;
        const LEVEL: u64 = 150_000;
        const TOTAL: u64 = 50_000;
        const ZERO: u64 = 300_000;
        const MARK: u64 = 30_000;
        let at = self.cells.get(cell).filter(|c| !c.is_free)?;
        let column = sheet.columns.get(at.column)?;
        let is_bound =
            |state: State| self.bounds(sheet, cell).any(|(_, rest, area)| rest.state(area) == state);
        if column.is_fixed(at.area) || self.bounds(sheet, cell).any(|(_, rest, area)| rest.is_fixed(area)) {
            return None;
        }
        match column.state(at.area) {
            State::Marked => Some(MARK),
            State::Blank if is_bound(State::Marked) => Some(MARK),
            State::Open => {
                let value = column.value(at.area);
                let level = self.tree.level.get(at.area).copied().unwrap_or(0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
                let size = value.clamp(0.0, 40_000.0) as u64;
                let coarse = LEVEL * (self.depth.saturating_sub(level)) as u64;
                let total = if Some(at.column) == self.total { TOTAL } else { 0 };
                Some(CELL + size + coarse + total + if value <= 0.0 { ZERO } else { 0 })
            }
            State::Gap | State::Blank | State::AtLeast(_) => None,
        }
    }

    /// The way from one sum to another that hides least, each step at least so wide, and its width.
    #[expect(clippy::too_many_arguments, reason = "one question with all its conditions")]
    fn cheapest_way(
        &self,
        sheet: &Sheet<'_>,
        but: usize,
        from: usize,
        to: usize,
        sent: &[f64],
        width: f64,
        may_hide: bool,
    ) -> Option<(Vec<(usize, bool)>, f64)> {
        let mut best: Vec<u64> = vec![u64::MAX; self.links.len()];
        let mut came: Vec<Option<(usize, bool, f64)>> = vec![None; self.links.len()];
        let mut queue = BinaryHeap::new();
        *best.get_mut(from)? = 0;
        queue.push(Reverse((0, from)));
        while let Some(Reverse((cost, node))) = queue.pop() {
            if node == to {
                break;
            }
            if best.get(node).is_some_and(|b| *b < cost) {
                continue;
            }
            for (cell, is_second) in self.links.get(node).into_iter().flatten().copied() {
                let forwards = !is_second;
                let Some(at) = self.cells.get(cell).filter(|_| cell != but) else { continue };
                let (up, down) = self.room(sheet, cell);
                let sent = sent.get(cell).copied().unwrap_or(0.0);
                let mut room = if forwards { up - sent } else { down + sent };
                let mut price = 0;
                if room < width.max(EPSILON)
                    && may_hide
                    && let Some(more) = self.price(sheet, cell)
                {
                    let (up, down) = self.blank_room(sheet, cell);
                    room = if forwards { up - sent } else { down + sent };
                    price = more;
                }
                let next = if forwards { at.ends[1] } else { at.ends[0] };
                if room < width.max(EPSILON) {
                    continue;
                }
                // A step costs a little, so that the way is no longer than it must be.
                let cost = cost + price + 1;
                if let Some(known) = best.get_mut(next)
                    && cost < *known
                {
                    *known = cost;
                    if let Some(place) = came.get_mut(next) {
                        *place = Some((cell, forwards, room));
                    }
                    queue.push(Reverse((cost, next)));
                }
            }
        }
        let mut way = Vec::new();
        let (mut node, mut width) = (to, f64::INFINITY);
        while node != from {
            let (cell, forwards, room) = came.get(node).copied().flatten()?;
            way.push((cell, forwards));
            width = width.min(room);
            node = self.cells.get(cell)?.ends[usize::from(!forwards)];
        }
        Some((way, width))
    }

    /// Hides a cell with its rests, or says nothing more about one that was marked.
    fn hide(&self, sheet: &mut Sheet<'_>, cell: usize, changed: &mut Vec<Change>) {
        let Some(at) = self.cells.get(cell).filter(|c| !c.is_free) else { return };
        let bound: Vec<usize> = self.bounds(sheet, cell).map(|(m, _, _)| m).collect();
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
    fn show_again(&self, sheet: &mut Sheet<'_>, goals: &[Goal], changed: &mut Vec<Change>) {
        let level = |c: &Change| {
            self.cells.get(c.cell).and_then(|at| self.tree.level.get(at.area)).copied().unwrap_or(0)
        };
        changed.sort_by(|a, b| {
            let value = |c: &Change| self.value(sheet, c.cell);
            level(a).cmp(&level(b)).then(value(b).total_cmp(&value(a)))
        });
        let mut kept = Vec::new();
        for change in changed.drain(..) {
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

    fn state(&self, sheet: &Sheet<'_>, cell: usize) -> State {
        self.cells
            .get(cell)
            .and_then(|c| Some(sheet.columns.get(c.column)?.state(c.area)))
            .unwrap_or(State::Gap)
    }

    fn value(&self, sheet: &Sheet<'_>, cell: usize) -> f64 {
        self.cells.get(cell).and_then(|c| Some(sheet.columns.get(c.column)?.value(c.area))).unwrap_or(0.0)
    }

    fn is_small(&self, sheet: &Sheet<'_>, cell: usize) -> bool {
        let Some(at) = self.cells.get(cell).filter(|c| !c.is_free) else { return false };
        sheet.columns.get(at.column).is_some_and(|column| {
            column.is_small(at.area) && matches!(column.state(at.area), State::Marked | State::Blank)
        })
    }
}

/// How far a count may go up and down for what is seen of it.
fn room_of(column: &Column, area: usize) -> (f64, f64) {
    let value = column.value(area);
    match column.state(area) {
        _ if column.is_fixed(area) => (0.0, 0.0),
        State::Open | State::Gap | State::AtLeast(_) => (0.0, 0.0),
        State::Marked => ((column.below - 1.0 - value).max(0.0), (value - 1.0).max(0.0)),
        State::Blank => (f64::INFINITY, value.max(0.0)),
    }
}
