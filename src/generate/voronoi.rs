//! Owns Voronoi diagrams: edges between sites, each once, with vertices shared exactly.
//! Never clips to an outline (see `fabric`).
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::collections::BTreeMap;

use super::plane::{Point, bounds, distance2};

/// An edge of the diagram: `left` and `right` are the sites on either side of the way from `a` to `b`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) a: Point,
    pub(super) b: Point,
}

/// A side of a cell: the site across it, or a side of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Across {
    Site(usize),
    Frame(u8),
}

/// Corner of a cell, with the side that starts there.
#[derive(Clone, Copy)]
struct Corner {
    at: Point,
    side: Across,
}

/// All edges of the diagram of these sites, within a frame twice the size of their extent.
pub(super) fn edges(sites: &[Point]) -> Vec<Edge> {
    let (low, high) = bounds(sites);
    let margin = (high.x - low.x) + (high.y - low.y) + 1.0;
    // A vertex belongs to three sites and each would compute it with other last bits: the first wins.
    let mut vertices: BTreeMap<[Across; 3], Point> = BTreeMap::new();
    let mut edges = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        let mut others: Vec<usize> = (0..sites.len()).filter(|other| *other != index).collect();
        others.sort_by(|a, b| {
            distance2(*site, sites[*a]).total_cmp(&distance2(*site, sites[*b])).then(a.cmp(b))
        });
        let corner = |x, y, side| Corner { at: Point { x, y }, side: Across::Frame(side) };
        let mut cell = vec![
            corner(low.x - margin, low.y - margin, 0),
            corner(high.x + margin, low.y - margin, 1),
            corner(high.x + margin, high.y + margin, 2),
            corner(low.x - margin, high.y + margin, 3),
        ];
        for other in others {
            let reach = cell.iter().map(|corner| distance2(*site, corner.at)).fold(0.0, f64::max);
            if distance2(*site, sites[other]) > 4.0 * reach {
                break;
            }
            cell = clip(&cell, *site, sites[other], other);
        }
        let count = cell.len();
        for k in 0..count {
            let (before, this, next) = (cell[(k + count - 1) % count], cell[k], cell[(k + 1) % count]);
            let Across::Site(other) = this.side else { continue };
            if other < index {
                continue;
            }
            let mut vertex = |at: Point, one: Across, two: Across| {
                let mut key = [Across::Site(index), one, two];
                key.sort();
                *vertices.entry(key).or_insert(at)
            };
            let a = vertex(this.at, before.side, this.side);
            let b = vertex(next.at, this.side, next.side);
            edges.push(Edge { left: index, right: other, a, b });
        }
    }
    edges
}

/// Keeps the part of the cell nearer to `site` than to `other`.
fn clip(cell: &[Corner], site: Point, other: Point, other_index: usize) -> Vec<Corner> {
    let middle = Point { x: f64::midpoint(site.x, other.x), y: f64::midpoint(site.y, other.y) };
    let beyond = |p: Point| (p.x - middle.x) * (other.x - site.x) + (p.y - middle.y) * (other.y - site.y);
    let mut kept = Vec::with_capacity(cell.len() + 1);
    for (k, corner) in cell.iter().enumerate() {
        let next = cell[(k + 1) % cell.len()];
        let (here, there) = (beyond(corner.at), beyond(next.at));
        if here <= 0.0 {
            kept.push(*corner);
        }
        if (here <= 0.0) != (there <= 0.0) {
            let t = here / (here - there);
            let at = Point {
                x: corner.at.x + t * (next.at.x - corner.at.x),
                y: corner.at.y + t * (next.at.y - corner.at.y),
            };
            // Leaving: the new side starts here. Entering: the old side goes on.
            let side = if here <= 0.0 { Across::Site(other_index) } else { corner.side };
            kept.push(Corner { at, side });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::rng::Stream;
    use super::*;

    #[test]
    fn every_edge_lies_between_its_two_nearest_sites() {
        let mut stream = Stream::new(3, "voronoi");
        let sites: Vec<Point> =
            (0..200).map(|_| Point { x: stream.range(0.0, 1e4), y: stream.range(0.0, 1e4) }).collect();
        let edges = edges(&sites);
        // Euler: 3n - 6 at most, and nearly that.
        assert!(edges.len() > 500 && edges.len() < 594);
        for edge in &edges {
            let middle = Point { x: f64::midpoint(edge.a.x, edge.b.x), y: f64::midpoint(edge.a.y, edge.b.y) };
            let mut order: Vec<usize> = (0..sites.len()).collect();
            order.sort_by(|a, b| distance2(middle, sites[*a]).total_cmp(&distance2(middle, sites[*b])));
            let mut pair = [order[0], order[1]];
            pair.sort_unstable();
            assert_eq!(pair, [edge.left, edge.right]);
            assert!(super::super::plane::turn(edge.a, edge.b, sites[edge.left]) > 0.0);
        }
    }
}
