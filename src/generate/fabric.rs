//! Owns the partition of an outline into faces that share exact edges: cut, snap, tidy.
//! Never names areas (see `areas`).
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::collections::BTreeMap;

use super::GenerateError;
use super::plane::{Micro, Plane, Point, distance2, inside, ring_area, segments, turn};
use super::rings::{Border, chain, points_of};
use super::voronoi;

/// Faces and the borders between them, on a lattice of micro-degrees.
pub(super) struct Fabric {
    pub(super) micros: Vec<Micro>,
    pub(super) points: Vec<Point>,
    pub(super) borders: Vec<Border>,
}

/// Cuts the outline into the Voronoi cells of the sites; every face is one connected piece of at least `smallest` m².
pub(super) fn cut(
    outline: &[Vec<Point>],
    sites: &[Point],
    plane: &Plane,
    smallest: f64,
) -> Result<Fabric, GenerateError> {
    let mut cutter = Cutter { points: Vec::new(), borders: Vec::new() };
    cutter.run(outline, sites);
    let (micros, borders) = snap(&cutter, plane);
    let points = points_of(plane, &micros);
    let mut fabric = Fabric { micros, points, borders };
    fabric.part_pieces(sites.len())?;
    fabric.merge_small(smallest)?;
    Ok(fabric)
}

/// Vertices and borders under construction, still in metres.
struct Cutter {
    points: Vec<Point>,
    borders: Vec<Border>,
}

impl Cutter {
    fn vertex(&mut self, at: Point) -> usize {
        self.points.push(at);
        self.points.len() - 1
    }

    fn run(&mut self, outline: &[Vec<Point>], sites: &[Point]) {
        let walls: Vec<(Point, Point)> = segments(outline).collect();
        let mut crossings: Vec<Vec<(f64, usize)>> = vec![Vec::new(); walls.len()];
        // Edges of the diagram, in pieces between crossings; equal ends become one vertex when snapped.
        for edge in voronoi::edges(sites) {
            let mut stops = vec![(0.0, self.vertex(edge.a)), (1.0, self.vertex(edge.b))];
            for (wall, (p, q)) in walls.iter().enumerate() {
                if let Some((t, s, at)) = crossing(edge.a, edge.b, *p, *q) {
                    let vertex = self.vertex(at);
                    stops.push((t, vertex));
                    if let Some(list) = crossings.get_mut(wall) {
                        list.push((s, vertex));
                    }
                }
            }
            stops.sort_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)));
            for pair in stops.windows(2) {
                if let [(_, a), (_, b)] = *pair
                    && inside(outline, self.middle(a, b))
                {
                    self.borders.push(Border { a, b, left: Some(edge.left), right: Some(edge.right) });
                }
            }
        }
        // The outline itself, in pieces between crossings; the inside is to the left.
        for ((p, q), mut list) in walls.into_iter().zip(crossings) {
            list.push((0.0, self.vertex(p)));
            list.push((1.0, self.vertex(q)));
            list.sort_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)));
            for pair in list.windows(2) {
                if let [(_, a), (_, b)] = *pair {
                    let middle = self.middle(a, b);
                    let near = |one: &usize, two: &usize| {
                        distance2(middle, sites[*one]).total_cmp(&distance2(middle, sites[*two]))
                    };
                    let cell = (0..sites.len()).min_by(near);
                    self.borders.push(Border { a, b, left: cell, right: None });
                }
            }
        }
    }

    fn middle(&self, a: usize, b: usize) -> Point {
        let (a, b) = (self.points[a], self.points[b]);
        Point { x: f64::midpoint(a.x, b.x), y: f64::midpoint(a.y, b.y) }
    }
}

/// Where the edge crosses the wall: the shares of both ways, and the place.
fn crossing(a: Point, b: Point, p: Point, q: Point) -> Option<(f64, f64, Point)> {
    let (p_side, q_side) = (turn(a, b, p), turn(a, b, q));
    let (a_side, b_side) = (turn(p, q, a), turn(p, q, b));
    if (p_side >= 0.0) == (q_side >= 0.0) || (a_side >= 0.0) == (b_side >= 0.0) {
        return None;
    }
    let t = a_side / (a_side - b_side);
    let s = p_side / (p_side - q_side);
    Some((t, s, Point { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) }))
}

/// Rounds to micro-degrees; vertices that fall together become one, edges that vanish or double are settled.
fn snap(cutter: &Cutter, plane: &Plane) -> (Vec<Micro>, Vec<Border>) {
    let mut index: BTreeMap<Micro, usize> = BTreeMap::new();
    let mut micros = Vec::new();
    let at: Vec<usize> = cutter
        .points
        .iter()
        .map(|point| {
            let micro = plane.micro(*point);
            *index.entry(micro).or_insert_with(|| {
                micros.push(micro);
                micros.len() - 1
            })
        })
        .collect();
    // Per undirected edge: how often each face lies on the left (+1) or right (-1) of the way up.
    let mut sides: BTreeMap<(usize, usize), BTreeMap<Option<usize>, i32>> = BTreeMap::new();
    for border in &cutter.borders {
        let (a, b) = (at[border.a], at[border.b]);
        if a == b {
            continue;
        }
        let sign = if a < b { 1 } else { -1 };
        let faces = sides.entry((a.min(b), a.max(b))).or_default();
        *faces.entry(border.left).or_default() += sign;
        *faces.entry(border.right).or_default() -= sign;
    }
    let mut borders = Vec::new();
    for ((a, b), faces) in sides {
        let left = faces.iter().find(|(_, count)| **count > 0).map(|(face, _)| *face);
        let right = faces.iter().find(|(_, count)| **count < 0).map(|(face, _)| *face);
        if let (Some(left), Some(right)) = (left, right) {
            borders.push(Border { a, b, left, right });
        }
    }
    (micros, borders)
}

impl Fabric {
    /// Area of every face, in m²; merged faces have none.
    pub(super) fn areas(&self) -> Result<BTreeMap<usize, f64>, GenerateError> {
        let rings = chain(&self.borders, &self.points, |face| face).ok_or(GenerateError::Geometry)?;
        let shape =
            |ring: &super::rings::Ring| ring.vertices.iter().map(|v| self.points[*v]).collect::<Vec<_>>();
        Ok(rings
            .iter()
            .map(|(face, rings)| (*face, rings.iter().map(|ring| ring_area(&shape(ring))).sum()))
            .collect())
    }

    /// Length of the border between every pair of faces.
    pub(super) fn neighbours(&self) -> BTreeMap<usize, BTreeMap<usize, f64>> {
        let mut lengths: BTreeMap<usize, BTreeMap<usize, f64>> = BTreeMap::new();
        for border in &self.borders {
            if let (Some(left), Some(right)) = (border.left, border.right) {
                let length = distance2(self.points[border.a], self.points[border.b]).sqrt();
                *lengths.entry(left).or_default().entry(right).or_default() += length;
                *lengths.entry(right).or_default().entry(left).or_default() += length;
            }
        }
        lengths
    }

    /// Gives each further piece of a cell (an outline can cut one in two) a face of its own.
    fn part_pieces(&mut self, first_free: usize) -> Result<(), GenerateError> {
        let rings = chain(&self.borders, &self.points, |face| face).ok_or(GenerateError::Geometry)?;
        let mut free = first_free;
        for (face, rings) in rings {
            let shape =
                |ring: &super::rings::Ring| ring.vertices.iter().map(|v| self.points[*v]).collect::<Vec<_>>();
            let pieces: Vec<Vec<usize>> = rings
                .iter()
                .filter(|ring| ring_area(&shape(ring)) > 0.0)
                .skip(1)
                .map(|ring| ring.borders.clone())
                .collect();
            for piece in pieces {
                for border in piece {
                    if let Some(border) = self.borders.get_mut(border) {
                        let side =
                            if border.left == Some(face) { &mut border.left } else { &mut border.right };
                        *side = Some(free);
                    }
                }
                free += 1;
            }
        }
        Ok(())
    }

    /// Joins faces below `smallest` m² to the neighbour they share most border with.
    fn merge_small(&mut self, smallest: f64) -> Result<(), GenerateError> {
        loop {
            let small = self
                .areas()?
                .into_iter()
                .filter(|(_, area)| *area < smallest)
                .min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((face, _)) = small else { return Ok(()) };
            let neighbours = self.neighbours();
            let longest = neighbours.get(&face).and_then(|all| all.iter().max_by(|a, b| a.1.total_cmp(b.1)));
            let Some((&into, _)) = longest else { return Ok(()) };
            for border in &mut self.borders {
                for side in [&mut border.left, &mut border.right] {
                    if *side == Some(face) {
                        *side = Some(into);
                    }
                }
            }
            self.borders.retain(|border| border.left != border.right);
        }
    }
}
