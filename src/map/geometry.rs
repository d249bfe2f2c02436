//! The site's shapes made ready for drawing: world places, triangles, borders without doubles. Owns everything that
//! depends on the site alone and is computed once.

use std::collections::{HashMap, HashSet};

use earcut::Earcut;

use super::lens::{Extent, World, world};
use crate::site::Site;
use crate::site::areas::{Area, AreaId, Polygon};
use crate::site::text::Bilingual;

/// One shape: its rings, and triangles over the vertices of all rings in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Solid {
    /// Outer rings and holes; inside is what an odd number of them contains.
    pub rings: Vec<Vec<World>>,
    /// Vertices of all rings, one ring after the other.
    pub vertices: Vec<World>,
    /// Three indices into `vertices` per triangle.
    pub triangles: Vec<u32>,
    /// Extent; empty for an empty shape.
    pub extent: Option<Extent>,
    /// Where the name stands.
    pub label: World,
    /// Other places for it, evenly spread inside; of areas whose names are written.
    pub spots: Vec<World>,
}

/// One line on the map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Its places in order; a closed line does not repeat the first.
    pub points: Vec<World>,
    /// Whether the last place joins the first.
    pub closed: bool,
}

/// All shapes of a site.
#[derive(Debug)]
pub(super) struct Geometry {
    areas: Vec<Solid>,
    /// Lines between areas, by the coarsest level they belong to: index 0 is the outline of the whole.
    pub borders: Vec<Vec<Line>>,
    /// Polygons around, with names.
    pub surroundings: Vec<(Bilingual, Solid)>,
    /// Transit lines.
    pub transit_lines: Vec<Line>,
    /// Stations, with names.
    pub stations: Vec<(Bilingual, World)>,
    /// Extent of the root.
    pub root: Extent,
}

impl Geometry {
    /// Prepares a site's shapes.
    #[must_use]
    pub(super) fn new(site: &Site) -> Self {
        let mut earcut = Earcut::new();
        let area = |a: &Area| Solid {
            spots: if (1..=2).contains(&a.level) { spots(a) } else { Vec::new() },
            ..solid(&mut earcut, &a.polygons, Some(world(a.label)))
        };
        let areas: Vec<Solid> = site.areas.iter().map(|(_, a)| a).map(area).collect();
        let surroundings =
            site.layers.surroundings.iter().map(|(n, p)| (n.clone(), solid(&mut earcut, p, None))).collect();
        let line =
            |points: &Vec<_>| Line { points: points.iter().map(|p| world(*p)).collect(), closed: false };
        let root = areas.first().and_then(|a| a.extent);
        Self {
            borders: borders(site, &areas),
            areas,
            surroundings,
            transit_lines: site.layers.transit_lines.iter().map(|(_, l)| line(l)).collect(),
            stations: site.layers.stations.iter().map(|(n, p)| (n.clone(), world(*p))).collect(),
            root: root.unwrap_or(Extent { min: [0.0; 2], max: [256.0; 2] }),
        }
    }

    /// Every name that the site itself writes on the map, in both languages.
    #[must_use]
    pub(super) fn own_names<'a>(&'a self, site: &'a Site) -> HashSet<&'a str> {
        let areas = site.areas.iter().filter(|(_, a)| a.level <= 2).map(|(_, a)| &a.name);
        let around = self.surroundings.iter().map(|(n, _)| n);
        let stations = self.stations.iter().map(|(n, _)| n);
        areas.chain(around).chain(stations).flat_map(|n| [n.zh.as_str(), n.en.as_str()]).collect()
    }

    /// The shape of an area.
    #[must_use]
    pub(super) fn area(&self, id: AreaId) -> Option<&Solid> {
        self.areas.get(id.index())
    }
}

/// So many places are looked at along each side of an area.
const SPOTS: u8 = 7;

/// Places inside an area for its name.
fn spots(area: &Area) -> Vec<World> {
    let share = |i: u8| (f64::from(i) + 0.5) / f64::from(SPOTS);
    let (b, steps) = (&area.bounds, 0..SPOTS);
    let all = steps.clone().flat_map(|y| steps.clone().map(move |x| [x, y].map(share)));
    all.map(|[x, y]| [b.west + (b.east - b.west) * x, b.south + (b.north - b.south) * y])
        .filter(|at| area.contains(*at))
        .map(world)
        .collect()
}

fn solid(earcut: &mut Earcut<f64>, polygons: &[Polygon], label: Option<World>) -> Solid {
    let mut out = Solid::default();
    let mut extent = Extent::EMPTY;
    let mut triangles: Vec<u32> = Vec::new();
    for polygon in polygons {
        let rings: Vec<Vec<World>> = polygon.iter().map(|r| r.iter().map(|p| world(*p)).collect()).collect();
        let mut holes: Vec<u32> = Vec::new();
        let mut flat: Vec<World> = Vec::new();
        for (i, ring) in rings.iter().enumerate() {
            if i > 0 {
                holes.push(index(flat.len()));
            }
            flat.extend(ring);
        }
        flat.iter().for_each(|p| extent.add(*p));
        // Small numbers around zero keep their last digits through the triangulation.
        let origin = flat.first().copied().unwrap_or_default();
        let near = flat.iter().map(|[x, y]| [x - origin[0], y - origin[1]]);
        earcut.earcut(near, &holes, &mut triangles);
        let base = index(out.vertices.len());
        out.triangles.extend(triangles.iter().map(|t| t + base));
        out.vertices.extend(flat);
        out.rings.extend(rings);
    }
    out.extent = (!out.vertices.is_empty()).then_some(extent);
    out.label = label.unwrap_or_else(|| extent.center());
    out
}

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A place as a key: neighbours share exact vertices, so equal places have equal bits.
type Key = [u64; 2];

const fn key([x, y]: World) -> Key {
    [x.to_bits(), y.to_bits()]
}

/// Every edge of every area once, under the coarsest level that has it, joined to lines that are as long as possible.
fn borders(site: &Site, areas: &[Solid]) -> Vec<Vec<Line>> {
    let levels = site.meta.levels.len();
    let mut coarsest: HashMap<(Key, Key), usize> = HashMap::new();
    let mut edges: Vec<Vec<[World; 2]>> = vec![Vec::new(); levels];
    // Areas come parents first, so the first area with an edge has the coarsest level.
    for ((_, area), solid) in site.areas.iter().zip(areas) {
        for ring in &solid.rings {
            let Some(mut last) = ring.last().copied() else {
                continue;
            };
            for point in ring {
                let (a, b) = (key(last), key(*point));
                let pair = if a <= b { (a, b) } else { (b, a) };
                if a != b && !coarsest.contains_key(&pair) {
                    coarsest.insert(pair, area.level);
                    if let Some(list) = edges.get_mut(area.level) {
                        list.push([last, *point]);
                    }
                }
                last = *point;
            }
        }
    }
    edges.iter().map(|e| chain(e)).collect()
}

/// Joins edges to lines: from ends and forks first, then what is left are closed lines.
fn chain(edges: &[[World; 2]]) -> Vec<Line> {
    let mut at: HashMap<Key, Vec<usize>> = HashMap::new();
    for (i, edge) in edges.iter().enumerate() {
        for end in edge {
            at.entry(key(*end)).or_default().push(i);
        }
    }
    let mut used = vec![false; edges.len()];
    let forks = |p: World| at.get(&key(p)).is_none_or(|list| list.len() != 2);
    let mut lines = Vec::new();
    for only_from_forks in [true, false] {
        for (i, [a, b]) in edges.iter().copied().enumerate() {
            for (from, to) in [(a, b), (b, a)] {
                if used.get(i).copied().unwrap_or(true) || (only_from_forks && !forks(from)) {
                    continue;
                }
                lines.push(walk(edges, &at, &mut used, i, from, to, &forks));
            }
        }
    }
    lines
}

fn walk(
    edges: &[[World; 2]],
    at: &HashMap<Key, Vec<usize>>,
    used: &mut [bool],
    first: usize,
    from: World,
    to: World,
    forks: &dyn Fn(World) -> bool,
) -> Line {
    let mut points = vec![from, to];
    let mut end = to;
    let mut edge = first;
    loop {
        if let Some(flag) = used.get_mut(edge) {
            *flag = true;
        }
        if key(end) == key(from) {
            points.pop();
            return Line { points, closed: true };
        }
        if forks(end) {
            break;
        }
        let next = at.get(&key(end)).and_then(|list| list.iter().copied().find(|i| *i != edge));
        let Some((next, [a, b])) = next.and_then(|i| edges.get(i).map(|e| (i, *e))) else {
            break;
        };
        edge = next;
        end = if key(a) == key(end) { b } else { a };
        points.push(end);
    }
    Line { points, closed: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_become_long_lines() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let ring: Vec<[World; 2]> = (0..4).map(|i| [square[i], square[(i + 1) % 4]]).collect();
        let lines = chain(&ring);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].closed && lines[0].points.len() == 4, "{lines:?}");
        let fork = [
            [[0.0, 0.0], [1.0, 0.0]],
            [[1.0, 0.0], [2.0, 0.0]],
            [[2.0, 0.0], [3.0, 1.0]],
            [[2.0, 0.0], [3.0, -1.0]],
        ];
        let lines = chain(&fork);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines.iter().map(|l| l.points.len() - 1).sum::<usize>(), 4, "every edge is drawn once");
    }

    #[test]
    fn triangles_cover_the_shape() {
        let outer = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
        let hole = vec![[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0]];
        let solid = solid(&mut Earcut::new(), &[vec![outer, hole]], None);
        let area = |p: &[World]| {
            let double: f64 = (0..p.len())
                .map(|i| p[i][0] * p[(i + 1) % p.len()][1] - p[(i + 1) % p.len()][0] * p[i][1])
                .sum();
            double.abs() / 2.0
        };
        let covered: f64 = solid
            .triangles
            .chunks_exact(3)
            .map(|t| area(&t.iter().map(|i| solid.vertices[*i as usize]).collect::<Vec<_>>()))
            .sum();
        let wanted = area(&solid.rings[0]) - area(&solid.rings[1]);
        assert!((covered - wanted).abs() < wanted * 1e-9);
    }
}
