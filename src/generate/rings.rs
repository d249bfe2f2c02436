//! Owns the step from directed edges to closed rings and polygons.
//! Never decides which faces belong together: the caller names the group of a face.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::collections::BTreeMap;

use super::plane::{Plane, Point, inside, ring_area, turn};

/// An edge between two vertices, with the faces on its left and right (none: outside).
#[derive(Clone, Copy, Debug)]
pub(super) struct Border {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) left: Option<usize>,
    pub(super) right: Option<usize>,
}

/// A ring: its vertices, and for each the index of the edge that starts there.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring {
    pub(super) vertices: Vec<usize>,
    pub(super) borders: Vec<usize>,
}

/// The rings of every group, each with its interior on the left. None when edges do not close.
pub(super) fn chain(
    borders: &[Border],
    points: &[Point],
    group_of: impl Fn(usize) -> usize,
) -> Option<BTreeMap<usize, Vec<Ring>>> {
    // group -> start vertex -> (end vertex, edge)
    let mut ways: BTreeMap<usize, BTreeMap<usize, Vec<(usize, usize)>>> = BTreeMap::new();
    for (index, border) in borders.iter().enumerate() {
        let (left, right) = (border.left.map(&group_of), border.right.map(&group_of));
        if left == right {
            continue;
        }
        if let Some(group) = left {
            ways.entry(group).or_default().entry(border.a).or_default().push((border.b, index));
        }
        if let Some(group) = right {
            ways.entry(group).or_default().entry(border.b).or_default().push((border.a, index));
        }
    }
    let mut rings = BTreeMap::new();
    for (group, mut starts) in ways {
        let mut found: Vec<Ring> = Vec::new();
        while let Some((&first, _)) = starts.iter().next() {
            let mut ring = Ring::default();
            let mut at = first;
            let mut came: Option<usize> = None;
            loop {
                let next = take_next(&mut starts, points, came, at)?;
                ring.vertices.push(at);
                ring.borders.push(next.1);
                came = Some(at);
                at = next.0;
                if at == first {
                    break;
                }
            }
            found.push(ring);
        }
        rings.insert(group, found);
    }
    Some(rings)
}

/// Takes the way on from `at`: where several start (rings touching in a point), the leftmost turn keeps rings simple.
fn take_next(
    starts: &mut BTreeMap<usize, Vec<(usize, usize)>>,
    points: &[Point],
    came: Option<usize>,
    at: usize,
) -> Option<(usize, usize)> {
    let ways = starts.get_mut(&at)?;
    let mut best = 0;
    if let Some(came) = came {
        for k in 1..ways.len() {
            if left_of(points, came, at, ways.get(k)?.0, ways.get(best)?.0) {
                best = k;
            }
        }
    }
    let next = ways.swap_remove(best);
    if ways.is_empty() {
        starts.remove(&at);
    }
    Some(next)
}

/// Whether going on to `one` turns more to the left than going on to `two`.
fn left_of(points: &[Point], came: usize, at: usize, one: usize, two: usize) -> bool {
    let angle = |to: usize| {
        let (c, p, t) = (points[came], points[at], points[to]);
        // A number that grows with the turn to the left, from -2 (sharp right) to 2 (sharp left).
        let cross = turn(c, p, t);
        let dot = (p.x - c.x) * (t.x - p.x) + (p.y - c.y) * (t.y - p.y);
        let cosine = dot / (cross * cross + dot * dot).sqrt().max(f64::MIN_POSITIVE);
        if cross >= 0.0 { 1.0 - cosine } else { cosine - 1.0 }
    };
    angle(one) > angle(two)
}

/// Polygons of rings: outer ring first, then its holes.
pub(super) fn polygons(rings: &[Ring], points: &[Point]) -> Vec<Vec<Vec<usize>>> {
    let shape = |ring: &Ring| ring.vertices.iter().map(|vertex| points[*vertex]).collect::<Vec<_>>();
    let (outer, holes): (Vec<&Ring>, Vec<&Ring>) =
        rings.iter().partition(|ring| ring_area(&shape(ring)) > 0.0);
    let mut polygons: Vec<Vec<Vec<usize>>> = outer.iter().map(|ring| vec![ring.vertices.clone()]).collect();
    for hole in holes {
        // A point just inside the hole's border decides; a vertex could lie on the outer ring.
        let inner = shape(hole);
        let middle = super::plane::label_point(std::slice::from_ref(&inner));
        let home = outer.iter().position(|ring| inside(&[shape(ring)], middle));
        if let Some(polygon) = home.and_then(|index| polygons.get_mut(index)) {
            polygon.push(hole.vertices.clone());
        }
    }
    polygons
}

/// The vertices as points, from micro-degrees.
pub(super) fn points_of(plane: &Plane, micros: &[super::plane::Micro]) -> Vec<Point> {
    micros.iter().map(|micro| plane.unmicro(*micro)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square_of_four() -> (Vec<Point>, Vec<Border>) {
        // Nine vertices, four unit cells 0 1 / 2 3.
        let points = (0..9).map(|i| Point { x: f64::from(i % 3), y: f64::from(i / 3) }).collect();
        let b = |a, b, left, right| Border { a, b, left, right };
        let borders = vec![
            b(0, 1, Some(0), None),
            b(1, 2, Some(1), None),
            b(2, 5, Some(1), None),
            b(5, 8, Some(3), None),
            b(8, 7, Some(3), None),
            b(7, 6, Some(2), None),
            b(6, 3, Some(2), None),
            b(3, 0, Some(0), None),
            b(1, 4, Some(0), Some(1)),
            b(4, 3, Some(0), Some(2)),
            b(5, 4, Some(1), Some(3)),
            b(4, 7, Some(2), Some(3)),
        ];
        (points, borders)
    }

    #[test]
    fn cells_close_and_touching_cells_stay_simple() {
        let (points, borders) = square_of_four();
        let cells = chain(&borders, &points, |face| face).expect("closed");
        assert!(cells.values().all(|rings| rings.len() == 1 && rings[0].vertices.len() == 4));
        // Diagonal cells together touch in the middle: two rings, not one figure of eight.
        let groups = chain(&borders, &points, |face| usize::from(face == 1 || face == 2)).expect("closed");
        assert!(groups.values().all(|rings| rings.len() == 2));
        let whole = chain(&borders, &points, |_| 0).expect("closed");
        assert_eq!(whole[&0][0].vertices.len(), 8);
    }

    #[test]
    fn a_hole_is_found() {
        let p = |x: f64, y: f64| Point { x, y };
        let points =
            vec![p(0., 0.), p(9., 0.), p(9., 9.), p(0., 9.), p(3., 3.), p(6., 3.), p(6., 6.), p(3., 6.)];
        let ring = |from: usize, left, right| {
            (0..4).map(move |k| Border { a: from + k, b: from + (k + 1) % 4, left, right })
        };
        let borders: Vec<Border> = ring(0, Some(0), None).chain(ring(4, Some(1), Some(0))).collect();
        let rings = chain(&borders, &points, |face| face).expect("closed");
        let polygons = polygons(&rings[&0], &points);
        assert_eq!(polygons.len(), 1);
        assert_eq!(polygons[0].len(), 2);
    }
}
