//! Owns which community a cell belongs to: near its point, in one piece, neither too small nor too large.
//! Never moves a border.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::collections::{BTreeMap, BTreeSet};

use super::GenerateError;
use super::fabric::Fabric;
use super::plane::{Point, distance2};
use super::rings::{Ring, chain};

/// The community of every face: the nearest point, with bonuses until sizes fit, then made connected.
pub(super) fn assign(
    fabric: &Fabric,
    points: &[Point],
    limits: [usize; 2],
) -> Result<BTreeMap<usize, usize>, GenerateError> {
    let rings = chain(&fabric.borders, &fabric.points, |face| face).ok_or(GenerateError::Geometry)?;
    let middle = |rings: &Vec<Ring>| {
        let all: Vec<Point> =
            rings.iter().flat_map(|ring| ring.vertices.iter().map(|v| fabric.points[*v])).collect();
        let n = all.len().max(1) as f64;
        all.iter().fold(Point { x: 0.0, y: 0.0 }, |sum, p| Point { x: sum.x + p.x / n, y: sum.y + p.y / n })
    };
    let middles: BTreeMap<usize, Point> = rings.iter().map(|(face, rings)| (*face, middle(rings))).collect();
    let neighbours = fabric.neighbours();
    let areas = fabric.areas()?;
    let mut bonus = vec![0.0; points.len()];
    let mut home = BTreeMap::new();
    for _ in 0..400 {
        home = middles
            .iter()
            .map(|(face, at)| {
                let cost = |c: &usize| distance2(*at, points[*c]).sqrt() - bonus[*c];
                (*face, (0..points.len()).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(0))
            })
            .collect();
        connect(&mut home, &neighbours, &areas);
        let mut sizes = vec![0usize; points.len()];
        for community in home.values() {
            sizes[*community] += 1;
        }
        let mut settled = true;
        for (community, size) in sizes.into_iter().enumerate() {
            if size < limits[0] {
                bonus[community] += 15.0;
                settled = false;
            } else if size > limits[1] {
                bonus[community] -= 10.0;
                settled = false;
            }
        }
        if settled {
            break;
        }
    }
    Ok(home)
}

/// Keeps the largest connected part of every community; other parts go to the neighbour with the longest border.
fn connect(
    home: &mut BTreeMap<usize, usize>,
    neighbours: &BTreeMap<usize, BTreeMap<usize, f64>>,
    areas: &BTreeMap<usize, f64>,
) {
    for _ in 0..20 {
        let parts = parts(home, neighbours);
        let size = |part: &BTreeSet<usize>| part.iter().filter_map(|face| areas.get(face)).sum::<f64>();
        let mut largest: BTreeMap<usize, f64> = BTreeMap::new();
        for (community, part) in &parts {
            let best = largest.entry(*community).or_insert(0.0);
            *best = best.max(size(part));
        }
        let mut moved = false;
        for (community, part) in &parts {
            if largest.get(community).is_some_and(|best| size(part) >= *best) {
                continue;
            }
            let mut length: BTreeMap<usize, f64> = BTreeMap::new();
            for face in part {
                for (other, shared) in neighbours.get(face).into_iter().flatten() {
                    if let Some(there) = home.get(other).filter(|there| *there != community) {
                        *length.entry(*there).or_default() += shared;
                    }
                }
            }
            if let Some((&into, _)) = length.iter().max_by(|a, b| a.1.total_cmp(b.1)) {
                for face in part {
                    home.insert(*face, into);
                }
                moved = true;
            }
        }
        if !moved {
            return;
        }
    }
}

/// The connected parts of every community.
fn parts(
    home: &BTreeMap<usize, usize>,
    neighbours: &BTreeMap<usize, BTreeMap<usize, f64>>,
) -> Vec<(usize, BTreeSet<usize>)> {
    let mut seen = BTreeSet::new();
    let mut parts = Vec::new();
    for (face, community) in home {
        if !seen.insert(*face) {
            continue;
        }
        let mut part = BTreeSet::from([*face]);
        let mut queue = vec![*face];
        while let Some(at) = queue.pop() {
            for other in neighbours.get(&at).into_iter().flat_map(BTreeMap::keys) {
                if home.get(other) == Some(community) && seen.insert(*other) {
                    part.insert(*other);
                    queue.push(*other);
                }
            }
        }
        parts.push((*community, part));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_island_goes_to_its_neighbour() {
        // A row of five cells; the second is cut off from the rest of its community.
        let neighbours: BTreeMap<usize, BTreeMap<usize, f64>> = (0..5usize)
            .map(|cell| {
                (
                    cell,
                    (0..5usize).filter(|other| other.abs_diff(cell) == 1).map(|other| (other, 1.0)).collect(),
                )
            })
            .collect();
        let areas: BTreeMap<usize, f64> = (0..5).map(|cell| (cell, 1.0)).collect();
        let mut home = BTreeMap::from([(0, 0), (1, 1), (2, 0), (3, 1), (4, 1)]);
        connect(&mut home, &neighbours, &areas);
        assert_eq!(parts(&home, &neighbours).len(), 2);
    }
}
