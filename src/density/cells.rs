//! The counted cells as a snapshot holds them: cheap to copy, never changing. Owns the questions a screen asks of them:
//! what is in these cells, which points are they, how many are there in all.

use std::sync::Arc;

use super::filter::{Combo, EventFilter, Mask};
use super::grid::{
    Cell, FINEST, TILE_CELLS, Window, World, cell_of, local_of, middle, radius, tile_key, tile_of,
};
use super::leaf::Leaf;
use super::tile::{Directory, Tile};
use crate::snapshot::{EpochSecs, EventPhase};

/// What a filter takes of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellSum {
    /// The cell.
    pub cell: Cell,
    /// Events.
    pub count: u64,
    /// Open ones among them.
    pub open: u64,
    /// Worst severity of an open one, 1 to 4; 0 where none is open.
    pub worst_open: u8,
    /// Worst severity of any.
    pub worst: u8,
}

/// One event below a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPoint {
    /// Its key.
    pub id: Arc<str>,
    /// Kind code.
    pub kind: Arc<str>,
    /// Severity, 1 to 4.
    pub severity: u8,
    /// Open or done.
    pub phase: EventPhase,
    /// When it began.
    pub opened_secs: EpochSecs,
    /// Where, in pixels of zoom level 0.
    pub at: World,
}

/// What a filter takes of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// Events.
    pub count: u64,
    /// Open ones.
    pub open: u64,
    /// Open ones by severity, 1 first.
    pub open_by_severity: [u64; 4],
}

/// Object events as counted cells of every level, with the points below the finest.
#[derive(Debug, Clone, Default)]
pub struct EventCells {
    pub(super) kinds: Arc<[Arc<str>]>,
    pub(super) coarsest: u8,
    /// From the coarsest to the one above the finest.
    pub(super) levels: Vec<Arc<Directory<Tile>>>,
    pub(super) leaves: Arc<Directory<Leaf>>,
    /// The instant at which ages are told.
    pub(super) now_secs: EpochSecs,
    /// Counts of all, sorted.
    pub(super) totals: Vec<(Combo, u64)>,
}

impl EventCells {
    /// The levels that there are.
    #[must_use]
    pub const fn levels(&self) -> std::ops::RangeInclusive<u8> {
        self.coarsest..=FINEST
    }

    /// A filter against the kinds of these events.
    #[must_use]
    pub fn mask(&self, filter: &EventFilter) -> Mask {
        let kind = filter.kind.as_ref().map(|kind| self.kinds.iter().position(|k| k == kind));
        Mask {
            kind: kind.flatten().and_then(|at| u16::try_from(at).ok()),
            nothing: kind == Some(None),
            severity: filter.severity,
            phases: filter.phases,
            age: filter.age,
        }
    }

    /// What a filter takes of everything. Costs the number of different sorts of events.
    #[must_use]
    pub fn total(&self, mask: &Mask) -> Total {
        let mut out = Total::default();
        for (combo, count) in self.totals.iter().filter(|(combo, _)| mask.takes(*combo)) {
            out.count += count;
            if combo.is_open() {
                out.open += count;
                if let Some(n) = out.open_by_severity.get_mut(usize::from(combo.severity() - 1)) {
                    *n += count;
                }
            }
        }
        out
    }

    /// What a filter takes of the cells of a window that hold anything, row by row of tiles. Costs what the window
    /// holds of cells and, where a filter asks for a kind or an age, sorts of events (at the finest level: of events).
    pub fn cells(&self, level: u8, window: &Window, mask: &Mask, out: &mut Vec<CellSum>) {
        out.clear();
        let level = level.max(self.coarsest);
        let columns = (window.from.column / TILE_CELLS, window.to.column / TILE_CELLS);
        for row in window.from.row / TILE_CELLS..=window.to.row / TILE_CELLS {
            let (from, to) = (tile_key(row, columns.0), tile_key(row, columns.1));
            if level >= FINEST {
                for (tile, leaf) in self.leaves.span(from, to) {
                    sum_up(tile, leaf.keys_at(self.now_secs).map(|key| (key, 1)), *mask, out);
                }
            } else if let Some(directory) = self.level(level) {
                for (tile, piece) in directory.span(from, to) {
                    match piece.by_class().filter(|_| mask.is_by_class()) {
                        Some(entries) => sum_up(tile, entries.map(|e| (e.key, e.count)), *mask, out),
                        None => sum_up(tile, piece.entries().map(|e| (e.key, e.count)), *mask, out),
                    }
                }
            }
        }
    }

    fn level(&self, level: u8) -> Option<&Directory<Tile>> {
        self.levels.get(usize::from(level.checked_sub(self.coarsest)?)).map(|d| &**d)
    }

    /// Whether a filter takes anything of a cell.
    fn has(&self, level: u8, cell: Cell, mask: Mask) -> bool {
        let (tile, local) = (tile_of(cell), local_of(cell));
        if level >= FINEST {
            let leaf = self.leaves.get(tile);
            return leaf.is_some_and(|leaf| {
                leaf.of_cell(local, self.now_secs).any(|(point, _)| mask.takes(point.combo))
            });
        }
        self.level(level)
            .and_then(|d| d.get(tile))
            .is_some_and(|piece| piece.of_cell(local).any(|e| mask.takes(Combo(e.key as u16))))
    }

    /// The events of some cells of a level, by going down through the cells that hold any. Costs what they are, not
    /// what lies around them; ask only where [`EventCells::cells`] found few.
    pub fn points(&self, level: u8, cells: &[Cell], mask: &Mask, out: &mut Vec<EventPoint>) {
        out.clear();
        let level = level.max(self.coarsest);
        // Each with the wanted cell that it may hold points of. Without a look at the distance, every level would add
        // neighbours of neighbours, and a lone event beside a crowd would cost the crowd.
        let mut at: Vec<(Cell, Cell)> = cells.iter().map(|cell| (*cell, *cell)).collect();
        for next in level + 1..=FINEST {
            let reach = (radius(level) + radius(next)) * 1.001;
            let mut below: Vec<(Cell, Cell)> = Vec::with_capacity(at.len() * 4);
            for (cell, of) in &at {
                let [x, y] = middle(level, *of);
                let touches = |cell: &Cell| {
                    let [cell_x, cell_y] = middle(next, *cell);
                    (cell_x - x).powi(2) + (cell_y - y).powi(2) <= reach * reach
                };
                let window = Window::below(next - 1, *cell);
                for row in window.from.row..=window.to.row {
                    let cells = (window.from.column..=window.to.column).map(|column| Cell { row, column });
                    below.extend(cells.filter(touches).map(|cell| (cell, *of)));
                }
            }
            below.sort_unstable();
            below.dedup();
            below.retain(|(cell, _)| self.has(next, *cell, *mask));
            at = below;
        }
        for (cell, of) in at {
            let Some(leaf) = self.leaves.get(tile_of(cell)) else { continue };
            let taken = leaf.of_cell(local_of(cell), self.now_secs).filter(|(p, _)| mask.takes(p.combo));
            for (found, id) in taken {
                let place = found.spot.world();
                if super::grid::cell(level, place) != of {
                    continue;
                }
                let kind = self.kinds.get(usize::from(found.combo.kind()));
                out.push(EventPoint {
                    id: id.into(),
                    kind: kind.map_or_else(|| Arc::from(""), Arc::clone),
                    severity: found.combo.severity(),
                    phase: if found.combo.is_open() { EventPhase::Open } else { EventPhase::Done },
                    opened_secs: found.opened_secs,
                    at: place,
                });
            }
        }
    }

    /// Bytes that the counts and the points take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let counts = self.levels.iter().flat_map(|d| &d.pieces).map(|tile| tile.bytes());
        let points = self.leaves.pieces.iter().map(|leaf| leaf.bytes() + 40);
        counts.sum::<usize>() + points.sum::<usize>()
    }

    /// Places where the same pieces of memory stand in both.
    #[cfg(test)]
    pub(super) fn shared_with(&self, other: &Self) -> (usize, usize) {
        let mut shared = 0;
        let mut all = 0;
        for (a, b) in self.levels.iter().zip(&other.levels) {
            all += a.pieces.len();
            shared += a
                .keys
                .iter()
                .zip(&a.pieces)
                .filter(|(k, p)| b.get(**k).is_some_and(|q| Arc::ptr_eq(p, q)))
                .count();
        }
        (shared, all)
    }
}

/// Adds up sorted counts of one piece, cell by cell.
fn sum_up(tile: u64, entries: impl Iterator<Item = (u32, u32)>, mask: Mask, out: &mut Vec<CellSum>) {
    let mut local = u32::MAX;
    for (key, count) in entries {
        let combo = Combo(key as u16);
        if !mask.takes(combo) {
            continue;
        }
        if key >> 16 != local {
            local = key >> 16;
            let cell = cell_of(tile, local);
            out.push(CellSum { cell, count: 0, open: 0, worst_open: 0, worst: 0 });
        }
        let Some(sum) = out.last_mut() else { continue };
        sum.count += u64::from(count);
        sum.worst = sum.worst.max(combo.severity());
        if combo.is_open() {
            sum.open += u64::from(count);
            sum.worst_open = sum.worst_open.max(combo.severity());
        }
    }
}
