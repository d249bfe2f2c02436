//! Owns the schematic base map of a sample: what is on it and where, from the template and the generated town.
//! Every road, river and hill is a sketch: near its real place where the template gives one, drawn by chance elsewhere.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::base_tiles::{Feature, tiles};
use super::math::sin_cos_turns;
use super::plane::{Plane, Point, distance2, inside};
use super::rng::Stream;
use super::template::{ContextShape, Texts};
use super::world::World;
use crate::tiles::Content;
use crate::tiles::mvt::Shape;
use crate::tiles::pack::pack;

/// The layers of the archive.
const LAYERS: [&str; 10] = [
    "landuse",
    "water",
    "hills",
    "contours",
    "buildings",
    "roads",
    "transit",
    "boundaries",
    "places",
    "stations",
];

/// `[base_map]` of generate.toml.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BaseSpec {
    /// Archive to write, relative to the site.
    pub(super) path: String,
    /// First and last zoom.
    pub(super) zooms: [u8; 2],
    /// Who made it, as the archive will say.
    pub(super) attribution: String,
    /// Context layers of the site that are drawn too.
    pub(super) context: Vec<String>,
    /// How far a road between two centres bends, as a share of its length.
    pub(super) bend: f64,
    /// Country around the site with roads by chance: west, south, east, north, and how many junctions.
    pub(super) around: Vec<[f64; 5]>,
    #[serde(default)]
    pub(super) line: Vec<LineSpec>,
    #[serde(default)]
    pub(super) patch: Vec<PatchSpec>,
}

/// A line through places.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineSpec {
    /// `river`, `motorway` or `railway`.
    pub(super) kind: String,
    #[serde(default)]
    pub(super) name: Option<Texts>,
    pub(super) through: Vec<[f64; 2]>,
}

/// A rounded patch around a place.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatchSpec {
    /// `reservoir` or `hills`.
    pub(super) kind: String,
    #[serde(default)]
    pub(super) name: Option<Texts>,
    pub(super) at: [f64; 2],
    /// Half its length and half its width in metres.
    pub(super) size_m: [f64; 2],
    /// Turned by this share of a full turn.
    #[serde(default)]
    pub(super) turn: f64,
}

/// Writes the base map, where the template wants one.
pub(super) fn write(world: &World, out_dir: &Path) -> Result<(), GenerateError> {
    let Some(spec) = &world.spec.base_map else {
        return Ok(());
    };
    let mut map = Map { world, spec, stream: world.stream("base_map"), features: Vec::new() };
    map.surroundings();
    map.around();
    map.patches();
    map.lines();
    map.roads();
    map.town();
    map.names();
    let around = map.features.iter().flat_map(|f| f.parts.iter().flatten());
    let bounds = around.fold([180.0, 90.0, -180.0, -90.0], |b: [f64; 4], p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    });
    let fields = serde_json::json!({ "kind": "String", "name": "String", "name:en": "String" });
    let layers: Vec<serde_json::Value> =
        LAYERS.iter().map(|id| serde_json::json!({ "id": id, "fields": fields })).collect();
    let metadata = serde_json::json!({
        "name": format!("{} (schematic)", spec.path),
        "attribution": spec.attribution,
        "schematic": true,
        "vector_layers": layers,
    });
    let path = out_dir.join(&spec.path);
    let bytes = pack(Content::Vector, &tiles(&map.features, spec.zooms), &metadata, bounds)
        .map_err(|error| GenerateError::Template { path: path.clone(), problem: error.to_string() })?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|source| GenerateError::Io { path: folder.to_owned(), source })?;
    }
    std::fs::write(&path, bytes).map_err(|source| GenerateError::Io { path, source })
}

struct Map<'a> {
    world: &'a World,
    spec: &'a BaseSpec,
    stream: Stream,
    features: Vec<Feature>,
}

impl Map<'_> {
    fn plane(&self) -> &Plane {
        &self.world.areas.plane
    }

    fn degrees(&self, points: &[Point]) -> Vec<[f64; 2]> {
        points.iter().map(|p| self.plane().degrees(*p)).collect()
    }

    fn add(
        &mut self,
        layer: &'static str,
        shape: Shape,
        kind: &str,
        name: Option<&Texts>,
        parts: Vec<Vec<[f64; 2]>>,
        from_zoom: u8,
    ) {
        let mut words = vec![("kind", kind.to_owned())];
        if let Some(name) = name {
            words.push(("name", name.zh.clone()));
            words.push(("name:en", name.en.clone()));
        }
        self.features.push(Feature { layer, shape, words, numbers: Vec::new(), parts, from_zoom });
    }

    /// Districts around, the district itself, transit.
    fn surroundings(&mut self) {
        for context in self.world.context.clone() {
            let name = Some(&context.name);
            match context.shape {
                ContextShape::Rings(rings) => {
                    let middle = middle_of(rings.iter().flatten());
                    let border: Vec<Vec<[f64; 2]>> = rings.into_iter().map(closed).collect();
                    self.border(border, 6.0, 8);
                    self.add("places", Shape::Points, "district", name, vec![vec![middle]], 8);
                }
                ContextShape::Line(line) => self.add("transit", Shape::Lines, "metro", name, vec![line], 9),
                ContextShape::Point(at) => {
                    self.add("stations", Shape::Points, "station", name, vec![vec![at]], 12);
                }
            }
        }
        // The site's own line, for other programs: ours draws the areas themselves.
        self.border(self.world.outline.iter().cloned().map(closed).collect(), 6.0, 8);
    }

    fn border(&mut self, parts: Vec<Vec<[f64; 2]>>, level: f64, from_zoom: u8) {
        self.features.push(Feature {
            layer: "boundaries",
            shape: Shape::Lines,
            words: vec![("kind", "county".to_owned())],
            numbers: vec![("admin_level", level)],
            parts,
            from_zoom,
        });
    }

    /// Roads by chance in the country around, so that the site does not lie in a void; none inside the site.
    fn around(&mut self) {
        let outline: Vec<Vec<Point>> = self.world.outline.iter().map(|r| self.points(r)).collect();
        for [west, south, east, north, count] in self.spec.around.clone() {
            // Junctions of a slanted lattice, each a little off its place, some missing: roads that look laid out.
            let (low, high) = (self.plane().point(west, south), self.plane().point(east, north));
            let (width, height) = (high.x - low.x, high.y - low.y);
            let step = (width * height / count.max(1.0)).sqrt();
            let (sin, cos) = sin_cos_turns(self.stream.range(-0.06, 0.06));
            let half = ((width + height) / step).ceil() as i64;
            let mut at: Vec<Point> = Vec::new();
            for row in -half..=half {
                for column in -half..=half {
                    let x = (column as f64 + self.stream.range(-0.12, 0.12)) * step;
                    let y = (row as f64 + self.stream.range(-0.12, 0.12)) * step;
                    let p = Point {
                        x: f64::midpoint(low.x, high.x) + x * cos - y * sin,
                        y: f64::midpoint(low.y, high.y) + x * sin + y * cos,
                    };
                    let is_in = (low.x..high.x).contains(&p.x) && (low.y..high.y).contains(&p.y);
                    if is_in && !inside(&outline, p) && !self.stream.chance(0.22) {
                        at.push(p);
                    }
                }
            }
            let net = neighbours(&at);
            let major = spanning(&at, &net);
            for (i, j) in net {
                let (Some(a), Some(b)) = (at.get(i), at.get(j)) else { continue };
                let bent = smooth(&self.wander(&[*a, *b], self.spec.bend), false, 6);
                if bent.iter().any(|p| inside(&outline, *p)) {
                    continue;
                }
                let places = self.degrees(&bent);
                let (kind, from) = if major.contains(&(i, j)) { ("secondary", 10) } else { ("tertiary", 11) };
                self.add("roads", Shape::Lines, kind, None, vec![places], from);
            }
        }
    }

    fn points(&self, places: &[[f64; 2]]) -> Vec<Point> {
        places.iter().map(|p| self.plane().point(p[0], p[1])).collect()
    }

    fn patches(&mut self) {
        for patch in self.spec.patch.clone() {
            let at = self.plane().point(patch.at[0], patch.at[1]);
            let (sin, cos) = sin_cos_turns(patch.turn);
            // A rounded shape with bays: radii that wander, smoothed.
            let radii: Vec<f64> = (0..18).map(|_| self.stream.range(0.62, 1.0)).collect();
            let corners: Vec<Point> = radii
                .iter()
                .enumerate()
                .map(|(i, r)| {
                    let (s, c) = sin_cos_turns(i as f64 / 18.0);
                    let (x, y) = (c * r * patch.size_m[0], s * r * patch.size_m[1]);
                    Point { x: at.x + x * cos - y * sin, y: at.y + x * sin + y * cos }
                })
                .collect();
            let ring = self.degrees(&smooth(&corners, true, 4));
            let (layer, kind) =
                if patch.kind == "reservoir" { ("water", "reservoir") } else { ("landuse", "wood") };
            self.add(layer, Shape::Rings, kind, None, vec![ring], 9);
            if patch.kind == "hills" {
                let rings = [0.92, 0.78, 0.64, 0.5, 0.36, 0.22].map(|share| {
                    let shrunk: Vec<Point> = corners
                        .iter()
                        .map(|p| Point { x: at.x + (p.x - at.x) * share, y: at.y + (p.y - at.y) * share })
                        .collect();
                    closed(self.degrees(&smooth(&shrunk, true, 4)))
                });
                self.add("contours", Shape::Lines, "contour", None, rings.to_vec(), 10);
            }
            if patch.name.is_some() {
                let layer = if patch.kind == "reservoir" { "water" } else { "hills" };
                self.add(layer, Shape::Points, kind, patch.name.as_ref(), vec![vec![patch.at]], 10);
            }
        }
    }

    fn lines(&mut self) {
        for line in self.spec.line.clone() {
            let mut points: Vec<Point> =
                line.through.iter().map(|p| self.plane().point(p[0], p[1])).collect();
            let (layer, kind, wander, from) = match line.kind.as_str() {
                "river" => ("water", "river", 0.10, 8),
                "railway" => ("transit", "rail", 0.0, 9),
                _ => ("roads", "highway", 0.0, 8),
            };
            if wander > 0.0 {
                points = self.wander(&points, wander);
            }
            let places = self.degrees(&smooth(&points, false, 6));
            self.add(layer, Shape::Lines, kind, line.name.as_ref(), vec![places], from);
        }
    }

    /// Puts a place off the straight way between every two.
    fn wander(&mut self, points: &[Point], share: f64) -> Vec<Point> {
        let mut out = Vec::new();
        for pair in points.windows(2) {
            if let &[a, b] = pair {
                out.push(a);
                let off = self.stream.range(-share, share);
                out.push(Point {
                    x: f64::midpoint(a.x, b.x) - (b.y - a.y) * off,
                    y: f64::midpoint(a.y, b.y) + (b.x - a.x) * off,
                });
            }
        }
        out.extend(points.last());
        out
    }

    /// Roads between the centres of communities; the shortest net that joins them all is the major one.
    fn roads(&mut self) {
        let communities = &self.world.areas.communities;
        let at: Vec<Point> = communities.iter().map(|c| c.at).collect();
        let net = neighbours(&at);
        let major = spanning(&at, &net);
        for (i, j) in net {
            let (Some(a), Some(b)) = (at.get(i), at.get(j)) else { continue };
            let bent = self.wander(&[*a, *b], self.spec.bend);
            let places = self.degrees(&smooth(&bent, false, 8));
            let (kind, from) = if major.contains(&(i, j)) { ("primary", 9) } else { ("secondary", 10) };
            self.add("roads", Shape::Lines, kind, None, vec![places], from);
        }
    }

    /// Streets between the blocks, and the houses themselves at the deepest zoom.
    fn town(&mut self) {
        let world = self.world;
        let streets = world.town.streets.iter().map(|s| self.degrees(s)).collect();
        self.add("roads", Shape::Lines, "residential", None, streets, 13);
        let houses = world
            .town
            .buildings
            .iter()
            .zip(&world.town.footprints)
            .map(|(spot, [along, across])| {
                let at = world.areas.plane.unmicro(spot.micro);
                let corner = |a: f64, b: f64| Point {
                    x: at.x + a * along.x + b * across.x,
                    y: at.y + a * along.y + b * across.y,
                };
                self.degrees(&[corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)])
            })
            .collect();
        self.add("buildings", Shape::Rings, "building", None, houses, self.spec.zooms[1]);
    }

    fn names(&mut self) {
        for place in self.world.names.clone() {
            let at = vec![vec![[place.lon, place.lat]]];
            self.add("places", Shape::Points, "neighbourhood", Some(&place.name), at, 11);
        }
    }
}

fn closed(mut ring: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    if ring.first() != ring.last() {
        ring.extend(ring.first().copied());
    }
    ring
}

fn middle_of<'a>(points: impl Iterator<Item = &'a [f64; 2]>) -> [f64; 2] {
    let (low, high) = points.fold(([180.0, 90.0], [-180.0, -90.0]), |(l, h): ([f64; 2], [f64; 2]), p| {
        ([l[0].min(p[0]), l[1].min(p[1])], [h[0].max(p[0]), h[1].max(p[1])])
    });
    [f64::midpoint(low[0], high[0]), f64::midpoint(low[1], high[1])]
}

/// Pairs of places with no third between them (Gabriel).
fn neighbours(at: &[Point]) -> Vec<(usize, usize)> {
    let mut net = Vec::new();
    for (i, a) in at.iter().enumerate() {
        for (j, b) in at.iter().enumerate().skip(i + 1) {
            let middle = Point { x: f64::midpoint(a.x, b.x), y: f64::midpoint(a.y, b.y) };
            let reach = distance2(*a, *b) / 4.0;
            if !at.iter().enumerate().any(|(k, c)| k != i && k != j && distance2(*c, middle) < reach) {
                net.push((i, j));
            }
        }
    }
    net
}

/// The edges of a net that join all its places at the least length (Kruskal).
fn spanning(at: &[Point], net: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let length = |(i, j): (usize, usize)| match (at.get(i), at.get(j)) {
        (Some(a), Some(b)) => distance2(*a, *b),
        _ => f64::INFINITY,
    };
    let mut sorted = net.to_vec();
    sorted.sort_by(|a, b| length(*a).total_cmp(&length(*b)).then(a.cmp(b)));
    let mut group: Vec<usize> = (0..at.len()).collect();
    let mut out = Vec::new();
    for (i, j) in sorted {
        let (Some(a), Some(b)) = (group.get(i).copied(), group.get(j).copied()) else { continue };
        if a != b {
            group.iter_mut().filter(|g| **g == b).for_each(|g| *g = a);
            out.push((i, j));
        }
    }
    out
}

/// A curve through points (Catmull and Rom), with so many steps between two.
fn smooth(points: &[Point], closed: bool, steps: usize) -> Vec<Point> {
    let count = points.len();
    if count < 3 {
        return points.to_vec();
    }
    let get = |i: usize| {
        let i = if closed { i % count } else { i.min(count - 1) };
        points.get(i).copied().unwrap_or_default()
    };
    let mut out = Vec::new();
    for i in 0..if closed { count } else { count - 1 } {
        let before = if i > 0 {
            get(i - 1)
        } else if closed {
            get(count - 1)
        } else {
            get(0)
        };
        let (a, b, after) = (get(i), get(i + 1), get(i + 2));
        for step in 0..steps {
            let t = step as f64 / steps as f64;
            let curve = |p: f64, q: f64, r: f64, s: f64| {
                0.5 * (2.0 * q
                    + (r - p) * t
                    + (2.0 * p - 5.0 * q + 4.0 * r - s) * t * t
                    + (3.0 * q - p - 3.0 * r + s) * t * t * t)
            };
            out.push(Point { x: curve(before.x, a.x, b.x, after.x), y: curve(before.y, a.y, b.y, after.y) });
        }
    }
    if !closed {
        out.extend(points.last());
    }
    out
}
