//! What a reader can work out of counts that are told in steps: the least and the most of each, from all sums together.
//! Owns that reasoning; hides nothing.

use super::cells::{Column, State, Tree};
use super::steps::Known;

/// The least and the most that a reader knows of each count of a table, area by area.
pub(super) struct Bounds {
    least: Vec<Vec<f64>>,
    most: Vec<Vec<f64>>,
    /// Every sum: its whole and its parts, as place among `known` and area.
    sums: Vec<(Spot, Vec<Spot>)>,
    /// Every share: what is never more, and than what.
    shares: Vec<(Spot, Spot)>,
}

/// Place among the counts of a table (0 is the total) and area.
pub(super) type Spot = (usize, usize);

impl Bounds {
    pub(super) fn new(tree: &Tree, columns: &[Column], known: &Known<'_>) -> Self {
        let places = known.places();
        let mut bounds = Self { least: Vec::new(), most: Vec::new(), sums: Vec::new(), shares: Vec::new() };
        for (own, place) in places.iter().enumerate() {
            let Some(column) = columns.get(*place) else { continue };
            let bound = |area: usize| match column.state(area) {
                _ if own == 0 && area == 0 && known.is_top_known || column.is_fixed(area) => {
                    (column.value(area), column.value(area))
                }
                State::Open => (column.value(area), column.value(area)),
                State::Marked => (1.0, column.below - 1.0),
                State::AtLeast(value) => (value, f64::INFINITY),
                State::Blank => (0.0, f64::INFINITY),
                State::Gap => (0.0, 0.0),
            };
            bounds.least.push((0..tree.len()).map(|area| bound(area).0).collect());
            bounds.most.push((0..tree.len()).map(|area| bound(area).1).collect());
            for area in (0..tree.len()).filter(|area| column.goes_on_below(tree, *area)) {
                let children = tree.children.get(area).into_iter().flatten();
                let parts = children.filter(|c| column.state(**c) != State::Gap).map(|c| (own, *c)).collect();
                bounds.sums.push(((own, area), parts));
            }
        }
        let cells = 1..=known.cells.len();
        let bases = 1 + known.cells.len()..places.len();
        if let Some(total) = columns.get(known.total) {
            for area in (0..tree.len()).filter(|area| total.state(*area) != State::Gap) {
                if !cells.is_empty() {
                    bounds.sums.push(((0, area), cells.clone().map(|cell| (cell, area)).collect()));
                }
                bounds.shares.extend(bases.clone().map(|base| ((0, area), (base, area))));
            }
        }
        bounds.tighten();
        bounds
    }

    pub(super) fn least(&self, spot: Spot) -> f64 {
        self.least.get(spot.0).and_then(|l| l.get(spot.1)).copied().unwrap_or(0.0)
    }

    pub(super) fn most(&self, spot: Spot) -> f64 {
        self.most.get(spot.0).and_then(|m| m.get(spot.1)).copied().unwrap_or(f64::INFINITY)
    }

    fn raise(&mut self, spot: Spot, least: f64) -> bool {
        let Some(place) = self.least.get_mut(spot.0).and_then(|l| l.get_mut(spot.1)) else { return false };
        let changed = least > *place + 1e-9;
        *place = place.max(least);
        changed
    }

    fn cut(&mut self, spot: Spot, most: f64) -> bool {
        let Some(place) = self.most.get_mut(spot.0).and_then(|m| m.get_mut(spot.1)) else { return false };
        let changed = most < *place - 1e-9;
        *place = place.min(most);
        changed
    }

    /// What each sum tells of its parts and they of it, until nothing new is learned.
    fn tighten(&mut self) {
        const MOST_ROUNDS: usize = 64;
        let sums = std::mem::take(&mut self.sums);
        for _ in 0..MOST_ROUNDS {
            let mut changed = false;
            for (whole, parts) in &sums {
                let least: f64 = parts.iter().map(|p| self.least(*p)).sum();
                let most: f64 = parts.iter().map(|p| self.most(*p)).sum();
                changed |= self.raise(*whole, least) | self.cut(*whole, most);
                for part in parts {
                    let others_least: f64 = parts.iter().filter(|o| *o != part).map(|p| self.least(*p)).sum();
                    let others_most: f64 = parts.iter().filter(|o| *o != part).map(|p| self.most(*p)).sum();
                    changed |= self.raise(*part, self.least(*whole) - others_most);
                    changed |= self.cut(*part, self.most(*whole) - others_least);
                }
            }
            for (share, base) in self.shares.clone() {
                changed |= self.raise(base, self.least(share)) | self.cut(share, self.most(base));
            }
            if !changed {
                break;
            }
        }
        self.sums = sums;
    }
}
