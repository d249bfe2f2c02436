//! A table with sums as a network of flows: how far a hidden cell can go, and the cheapest way to let it go further. Owns
//! the flows; knows nothing of indicators, and shows nothing.
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
    NotExact,
}

/// A cell between two sums.
pub(super) struct Cell {
    pub(super) column: usize,
    pub(super) area: usize,
    /// The sum it is taken from, and the sum it is added to.
    ends: [usize; 2],
    /// Hidden by nature and free: stands for what the table does not show.
    pub(super) is_free: bool,
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
    /// The column is the base, not the count: then the rest only says how far the base may fall, if the count is known.
    pub(super) is_of_base: bool,
}

/// A table with what hangs on its columns.
pub(super) struct Sheet<'a> {
    pub(super) columns: Vec<&'a mut Column>,
    pub(super) mirrors: Vec<Mirror<'a>>,
}

/// A cell that was hidden, as it was before.
pub(super) struct Change {
    pub(super) cell: usize,
    pub(super) before: State,
    /// Rests that were hidden with it.
    pub(super) rests: Vec<(usize, State)>,
}

/// The network of one table.
pub(super) struct Network<'a> {
    pub(super) tree: &'a Tree,
    pub(super) cells: Vec<Cell>,
    /// Per node: cell and whether the node is its second end.
    links: Vec<Vec<(usize, bool)>>,
    depth: usize,
    total: Option<usize>,
    pub(super) need: Need,
}

const GROUND: usize = 0;
/// Prices: one cell more is worse than any size of a cell; a coarse area, a total and a zero are worse still.
const CELL: u64 = 100_000;
const LEVEL: u64 = 150_000;
const TOTAL: u64 = 50_000;
const ZERO: u64 = 300_000;
const MARK: u64 = 30_000;

pub(super) const EPSILON: f64 = 1e-9;

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

    /// Rests that bind a cell. Where the base is not seen it could give way; only the cell's own freedom counts on that.
    pub(super) fn bounds<'s>(
        &'s self,
        sheet: &'s Sheet<'_>,
        cell: usize,
        also_loose: bool,
    ) -> impl Iterator<Item = (usize, &'s Column, usize)> + use<'s> {
        let at = self.cells.get(cell).filter(|c| !c.is_free).map(|c| (c.column, c.area));
        sheet.mirrors.iter().enumerate().filter_map(move |(m, mirror)| {
            let (column, area) = at?;
            let is_bound = mirror.column == column
                && !mirror.is_of_base
                && (also_loose || !mirror.is_loose.get(area).copied().unwrap_or(true))
                && mirror.rest.state(area) != State::Gap;
            is_bound.then_some((m, &*mirror.rest, area))
        })
    }

    /// Sends `amount` through the hidden cells from one end of a cell to the other, so that the cell itself goes up or
    /// down by as much. What could not be sent. With `changed`, shown cells on the cheapest way are hidden.
    pub(super) fn flow(
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
        for (_, rest, area) in self.bounds(sheet, cell, true) {
            let (rest_up, rest_down) = room_of(rest, area);
            (up, down) = (up.min(rest_down), down.min(rest_up));
        }
        (up, down.min(self.most_fall(sheet, cell)))
    }

    /// How far a base may fall before it is less than a share of it.
    fn most_fall(&self, sheet: &Sheet<'_>, cell: usize) -> f64 {
        let Some(at) = self.cells.get(cell).filter(|c| !c.is_free) else { return f64::INFINITY };
        let rests = sheet.mirrors.iter().filter(|m| m.is_of_base && m.column == at.column);
        rests
            .filter(|m| m.rest.state(at.area) != State::Gap)
            .map(|m| m.rest.value(at.area))
            .fold(f64::INFINITY, f64::min)
    }

    /// The same if nothing at all were said of it.
    pub(super) fn blank_room(&self, sheet: &Sheet<'_>, cell: usize, also_loose: bool) -> (f64, f64) {
        let up = self
            .bounds(sheet, cell, also_loose)
            .map(|(_, rest, area)| rest.value(area))
            .fold(f64::INFINITY, f64::min);
        (up, self.value(sheet, cell).max(0.0).min(self.most_fall(sheet, cell)))
    }

    fn price_of_open(&self, value: f64, at: &Cell) -> u64 {
        let level = self.tree.level.get(at.area).copied().unwrap_or(0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let size = value.clamp(0.0, 40_000.0) as u64;
        let coarse = LEVEL * (self.depth.saturating_sub(level)) as u64;
        let total = if Some(at.column) == self.total { TOTAL } else { 0 };
        CELL + size + coarse + total + if value <= 0.0 { ZERO } else { 0 }
    }

    /// What a change has cost.
    pub(super) fn cost(&self, sheet: &Sheet<'_>, change: &Change) -> u64 {
        match (change.before, self.cells.get(change.cell)) {
            (State::Open, Some(at)) => self.price_of_open(self.value(sheet, change.cell), at),
            _ => MARK,
        }
    }

    /// What hiding a cell (more) costs; none where it cannot be.
    fn price(&self, sheet: &Sheet<'_>, cell: usize) -> Option<u64> {
        let at = self.cells.get(cell).filter(|c| !c.is_free)?;
        let column = sheet.columns.get(at.column)?;
        let is_bound =
            |state: State| self.bounds(sheet, cell, true).any(|(_, rest, area)| rest.state(area) == state);
        if column.is_fixed(at.area)
            || self.bounds(sheet, cell, true).any(|(_, rest, area)| rest.is_fixed(area))
        {
            return None;
        }
        match column.state(at.area) {
            State::Marked => Some(MARK),
            State::Blank if is_bound(State::Marked) => Some(MARK),
            State::Open => Some(self.price_of_open(column.value(at.area), at)),
            State::Gap | State::Blank | State::AtLeast(..) => None,
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
                    let (up, down) = self.blank_room(sheet, cell, true);
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
            let [start, end] = self.cells.get(cell)?.ends;
            node = if forwards { start } else { end };
        }
        Some((way, width))
    }

    pub(super) fn state(&self, sheet: &Sheet<'_>, cell: usize) -> State {
        self.cells
            .get(cell)
            .and_then(|c| Some(sheet.columns.get(c.column)?.state(c.area)))
            .unwrap_or(State::Gap)
    }

    pub(super) fn value(&self, sheet: &Sheet<'_>, cell: usize) -> f64 {
        self.cells.get(cell).and_then(|c| Some(sheet.columns.get(c.column)?.value(c.area))).unwrap_or(0.0)
    }

    pub(super) fn is_small(&self, sheet: &Sheet<'_>, cell: usize) -> bool {
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
        State::Open | State::Gap | State::AtLeast(..) => (0.0, 0.0),
        State::Marked => ((column.below - 1.0 - value).max(0.0), (value - 1.0).max(0.0)),
        State::Blank => (f64::INFINITY, value.max(0.0)),
    }
}
