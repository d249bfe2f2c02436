//! Surfaces with exact overlaps: what part of one polygon lies in another. Owns that arithmetic on plain coordinates;
//! knows neither areas nor figures.
//!
//! Inside is what an odd number of rings contains, so holes, parts and lines that cross themselves need no care. The
//! plane is cut into bands at every corner and crossing; within a band nothing but straight sides is left, so its
//! middle line tells its overlap exactly. An edge is always taken from below, whichever way its ring runs: neighbours
//! that share an edge then share it to the last bit, and overlap by nothing.

use crate::site::areas::{Bounds, LonLat, Ring};

/// An edge, from its lower to its upper end.
#[derive(Debug, Clone, Copy)]
struct Edge {
    low: LonLat,
    high: LonLat,
}

impl Edge {
    /// Where it crosses a height.
    fn at(&self, y: f64) -> f64 {
        let ([x1, y1], [x2, y2]) = (self.low, self.high);
        x1 + (y - y1) * (x2 - x1) / (y2 - y1)
    }

    /// Height at which it crosses another, strictly within both.
    fn crossing(&self, other: &Self) -> Option<f64> {
        let from = self.low[1].max(other.low[1]);
        let to = self.high[1].min(other.high[1]);
        if from >= to {
            return None;
        }
        let (before, after) = (self.at(from) - other.at(from), self.at(to) - other.at(to));
        if before * after >= 0.0 {
            return None;
        }
        Some(from + (to - from) * before / (before - after))
    }
}

/// A polygon with holes, or several.
#[derive(Debug, Clone)]
pub struct Region {
    edges: Vec<Edge>,
    /// Heights of its corners and of where it crosses itself.
    breaks: Vec<f64>,
    /// Extent.
    pub bounds: Bounds,
}

/// Surfaces in squares of the unit of the coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Of the first region.
    pub whole: f64,
    /// Of what both share.
    pub shared: f64,
}

impl Region {
    /// The region inside rings.
    #[must_use]
    pub fn new<'a>(rings: impl IntoIterator<Item = &'a Ring>) -> Self {
        let mut bounds = Bounds::EMPTY;
        let mut edges = Vec::new();
        let mut breaks = Vec::new();
        for ring in rings {
            let Some(mut last) = ring.last().copied() else { continue };
            for point in ring.iter().copied() {
                bounds.add(point);
                breaks.push(point[1]);
                if last[1] < point[1] {
                    edges.push(Edge { low: last, high: point });
                } else if last[1] > point[1] {
                    edges.push(Edge { low: point, high: last });
                }
                last = point;
            }
        }
        edges.sort_by(|a, b| a.low[1].total_cmp(&b.low[1]));
        for (i, edge) in edges.iter().enumerate() {
            let later = edges.get(i + 1..).unwrap_or_default();
            let near = later.iter().take_while(|other| other.low[1] < edge.high[1]);
            breaks.extend(near.filter_map(|other| edge.crossing(other)));
        }
        Self { edges, breaks, bounds }
    }

    /// Whether a place lies inside.
    #[must_use]
    pub fn contains(&self, point: LonLat) -> bool {
        let [x, y] = point;
        self.bounds.contains(point)
            && self.edges.iter().filter(|e| e.low[1] <= y && y < e.high[1] && x < e.at(y)).count() % 2 == 1
    }

    /// Whether the extents of two regions meet.
    #[must_use]
    pub fn is_near(&self, other: &Self) -> bool {
        let (a, b) = (&self.bounds, &other.bounds);
        a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north
    }

    /// Surface, and the part of it that another region covers.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Overlap {
        let mut cuts = self.breaks.clone();
        let is_near = self.is_near(other);
        if is_near {
            let within = |y: &f64| (self.bounds.south..=self.bounds.north).contains(y);
            cuts.extend(other.breaks.iter().copied().filter(within));
            for edge in &self.edges {
                let below = other.edges.iter().take_while(|o| o.low[1] < edge.high[1]);
                cuts.extend(below.filter_map(|o| edge.crossing(o)));
            }
        }
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let mut found = Overlap { whole: 0.0, shared: 0.0 };
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        for (low, high) in cuts.iter().zip(cuts.iter().skip(1)) {
            let middle = f64::midpoint(*low, *high);
            self.spans(middle, &mut own);
            found.whole += (high - low) * total(&own);
            if is_near {
                other.spans(middle, &mut theirs);
                found.shared += (high - low) * common(&own, &theirs);
            }
        }
        found
    }

    /// Where a level line runs inside: starts and ends in growing order.
    fn spans(&self, y: f64, out: &mut Vec<f64>) {
        out.clear();
        let below = self.edges.iter().take_while(|e| e.low[1] < y);
        out.extend(below.filter(|e| e.high[1] > y).map(|e| e.at(y)));
        out.sort_by(f64::total_cmp);
    }
}

fn pairs(ends: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    ends.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
}

fn total(ends: &[f64]) -> f64 {
    pairs(ends).map(|(from, to)| to - from).sum()
}

fn common(own: &[f64], theirs: &[f64]) -> f64 {
    // As `total` adds them, so that what lies wholly inside is exactly the whole.
    pairs(own)
        .map(|(from, to)| pairs(theirs).map(|(a, b)| (to.min(b) - from.max(a)).max(0.0)).sum::<f64>())
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn region(rings: &[&[LonLat]]) -> Region {
        let rings: Vec<Ring> = rings.iter().map(|r| r.to_vec()).collect();
        Region::new(&rings)
    }

    const SQUARE: &[LonLat] = &[[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];

    #[test]
    fn overlaps_of_known_shapes() {
        let square = region(&[SQUARE]);
        let rows: [(Region, f64); 6] = [
            (region(&[SQUARE]), 16.0),
            (region(&[&[[2.0, 1.0], [6.0, 1.0], [6.0, 3.0], [2.0, 3.0]]]), 4.0),
            (region(&[&[[4.0, 0.0], [8.0, 0.0], [8.0, 4.0], [4.0, 4.0]]]), 0.0),
            // A diamond that cuts all corners off.
            (region(&[&[[2.0, -1.0], [5.0, 2.0], [2.0, 5.0], [-1.0, 2.0]]]), 14.0),
            // A hole.
            (
                region(&[
                    &[[-1.0, -1.0], [5.0, -1.0], [5.0, 5.0], [-1.0, 5.0]],
                    &[[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0]],
                ]),
                15.0,
            ),
            // A line that crosses itself: two triangles.
            (region(&[&[[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]]]), 8.0),
        ];
        for (other, wanted) in rows {
            let found = square.overlap(&other);
            assert!((found.shared - wanted).abs() < 1e-12, "{found:?} for {wanted}");
            assert!((found.whole - 16.0).abs() < 1e-12);
        }
    }

    #[test]
    fn neighbours_overlap_by_nothing_and_one_inside_is_whole() {
        let slanted = [[0.1, 0.3], [0.7, 1.9]];
        let left = region(&[&[[-1.0, 0.2], slanted[0], slanted[1], [-1.3, 2.2]]]);
        let right = region(&[&[slanted[1], slanted[0], [2.0, 0.1], [2.2, 1.7]]]);
        assert_eq!(left.overlap(&right).shared.to_bits(), 0.0_f64.to_bits());
        let around = region(&[&[[-3.0, -3.0], [5.0, -3.1], [5.2, 5.0], [-3.0, 5.0]]]);
        let found = left.overlap(&around);
        assert_eq!(found.whole.to_bits(), found.shared.to_bits());
    }

    fn star(corners: Vec<(f64, f64)>, at: LonLat) -> Region {
        let n = corners.len() as f64;
        let ring: Ring = corners
            .iter()
            .enumerate()
            .map(|(i, (radius, turn))| {
                let angle = (i as f64 + turn * 0.9) / n * std::f64::consts::TAU;
                [at[0] + radius * angle.cos(), at[1] + radius * angle.sin()]
            })
            .collect();
        Region::new([&ring])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Counting points of a fine grid tells the same, and the overlap is the same from both sides.
        #[test]
        fn overlaps_are_what_points_tell(
            a in proptest::collection::vec((0.3_f64..1.0, 0.0_f64..1.0), 3..14),
            b in proptest::collection::vec((0.3_f64..1.0, 0.0_f64..1.0), 3..14),
            x in -0.8_f64..0.8, y in -0.8_f64..0.8,
        ) {
            let (a, b) = (star(a, [0.0, 0.0]), star(b, [x, y]));
            let found = a.overlap(&b);
            prop_assert!((found.shared - b.overlap(&a).shared).abs() < 1e-9);
            let steps = 150;
            let mut count = 0;
            for i in 0..steps {
                for j in 0..steps {
                    let at = [f64::from(i) / f64::from(steps) * 2.0 - 1.0 + 1e-4, f64::from(j) / f64::from(steps) * 2.0 - 1.0 + 1e-4];
                    count += i32::from(a.contains(at) && b.contains(at));
                }
            }
            let counted = f64::from(count) * 4.0 / f64::from(steps * steps);
            prop_assert!((found.shared - counted).abs() < 0.03, "{found:?} and {counted}");
        }
    }
}
