//! Owns the way from a place to the few cells that may hold it.
//! Never decides which one does.

use super::areas::Grid;
use super::plane::{Point, bounds};

/// Finds the few cells whose box holds a point.
#[derive(Debug)]
pub(super) struct Locator {
    low: Point,
    step: f64,
    columns: usize,
    bins: Vec<Vec<usize>>,
}

impl Locator {
    /// Puts every cell into the bins its box touches.
    pub(super) fn new(grids: &[Grid]) -> Self {
        let step = 150.0;
        let (low, high) = bounds(grids.iter().flat_map(|grid| grid.rings.iter().flatten()));
        let columns = ((high.x - low.x) / step).max(0.0) as usize + 1;
        let rows = ((high.y - low.y) / step).max(0.0) as usize + 1;
        let mut bins = vec![Vec::new(); columns * rows];
        for (index, grid) in grids.iter().enumerate() {
            let (from, to) = bounds(grid.rings.iter().flatten());
            let at = |value: f64, origin: f64| ((value - origin) / step).max(0.0) as usize;
            for row in at(from.y, low.y)..=at(to.y, low.y) {
                for column in at(from.x, low.x)..=at(to.x, low.x) {
                    if let Some(bin) = bins.get_mut(row * columns + column) {
                        bin.push(index);
                    }
                }
            }
        }
        Self { low, step, columns, bins }
    }

    /// The cells that may hold the point.
    pub(super) fn candidates(&self, p: Point) -> impl Iterator<Item = usize> + '_ {
        let column = (p.x - self.low.x) / self.step;
        let row = (p.y - self.low.y) / self.step;
        let inside = column >= 0.0 && row >= 0.0 && (column as usize) < self.columns;
        let bin = if inside { self.bins.get(row as usize * self.columns + column as usize) } else { None };
        bin.into_iter().flatten().copied()
    }
}
