//! Owns the schematic areas of a generated site: grid cells, and the communities, subdistricts and district made of them.
//! Never invents a name: names come from the template's points and patterns.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::GenerateError;
use super::fabric::{self, Fabric};
use super::homes::assign;
use super::locator::Locator;
use super::plane::{Micro, Plane, Point, inside, label_point};
use super::rings::{Ring, chain, polygons};
use super::rng::Stream;
use super::seeds::{Attractor, relax};
use super::template::{PlacePoint, SiteFacts, Texts};

/// `[areas]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreasSpec {
    /// Outline of the top area, a path in the template.
    pub(super) outline: String,
    /// One point per community, a path in the template.
    pub(super) communities: String,
    /// Grid cells at scale 1.
    pub(super) grids: usize,
    /// Fewest and most cells of a community at scale 1.
    pub(super) cells_per_community: [usize; 2],
    /// Smaller cells are joined to a neighbour.
    pub(super) smallest_km2: f64,
    /// Density of cells away from every centre, the centres having 1.
    pub(super) background: f64,
    /// How far a centre reaches, in metres.
    pub(super) reach_m: f64,
    /// More centres: stations, as [lon, lat].
    pub(super) stations: Vec<[f64; 2]>,
    /// `{name}` is the community's name without its ending, `{n}` the number.
    pub(super) grid_name: Texts,
    /// What is cut from the end of a community's name for `{name}`.
    pub(super) community_ending: Texts,
}

/// `[[community]]` of generate.toml: how one community differs from the others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommunitySpec {
    pub(super) code: String,
    pub(super) population: i64,
    /// Services: 0 is average, +1 clearly better (a third of the failures), -1 clearly worse (three times).
    pub(super) quality: f64,
    /// Load: growth a year beyond the others', as a share.
    pub(super) growth: f64,
    /// Companies per resident, the others having 1.
    pub(super) industry: f64,
    /// Hills: few buildings, large cells.
    #[serde(default)]
    pub(super) hills: bool,
}

/// A grid cell.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) code: String,
    pub(super) community: usize,
    pub(super) rings: Vec<Vec<Point>>,
}

/// A community and its cells.
#[derive(Debug)]
pub(super) struct Community {
    pub(super) code: String,
    pub(super) subdistrict: usize,
    pub(super) at: Point,
    pub(super) spec: CommunitySpec,
    pub(super) grids: Vec<usize>,
}

/// All areas of the site.
#[derive(Debug)]
pub(super) struct Areas {
    pub(super) plane: Plane,
    pub(super) root: String,
    pub(super) subdistricts: Vec<String>,
    pub(super) communities: Vec<Community>,
    pub(super) grids: Vec<Grid>,
    /// Stations: buildings gather around them.
    pub(super) stations: Vec<Point>,
    /// The text of areas.geojson.
    pub(super) geojson: String,
    locator: Locator,
}

impl Areas {
    /// The cell of a place.
    pub(super) fn grid_at(&self, p: Point) -> Option<usize> {
        self.locator
            .candidates(p)
            .find(|index| self.grids.get(*index).is_some_and(|grid| inside(&grid.rings, p)))
    }
}

/// Draws the areas.
pub(super) fn draw(
    spec: &AreasSpec,
    communities: &[CommunitySpec],
    site: &SiteFacts,
    outline: &[Vec<[f64; 2]>],
    places: &[PlacePoint],
    grids: usize,
    stream: &mut Stream,
) -> Result<Areas, GenerateError> {
    let all = outline.iter().flatten();
    let count = all.clone().count().max(1) as f64;
    let (lon, lat) = all.fold((0.0, 0.0), |sum, p| (sum.0 + p[0] / count, sum.1 + p[1] / count));
    let plane = Plane::around(lon, lat);
    let mut shape: Vec<Vec<Point>> =
        outline.iter().map(|ring| ring.iter().map(|p| plane.point(p[0], p[1])).collect()).collect();
    orient(&mut shape);
    let points: Vec<Point> = places.iter().map(|place| plane.point(place.lon, place.lat)).collect();
    let specs: Vec<CommunitySpec> = places.iter().map(|place| spec_of(&place.code, communities)).collect();
    let mut attractors = Vec::new();
    for (at, spec_of_place) in points.iter().zip(&specs) {
        let weight = if spec_of_place.hills { 0.3 } else { 1.0 };
        attractors.push(Attractor { at: *at, reach: spec.reach_m, weight });
    }
    attractors.extend(spec.stations.iter().map(|p| Attractor {
        at: plane.point(p[0], p[1]),
        reach: spec.reach_m * 0.8,
        weight: 0.9,
    }));
    let sites = relax(&shape, &attractors, spec.background, grids, stream);
    let factor = (spec.grids as f64 / grids.max(1) as f64).min(1.0);
    let fabric = fabric::cut(&shape, &sites, &plane, spec.smallest_km2 * 1e6 * factor)?;
    let limits = spec.cells_per_community.map(|cells| (cells as f64 / factor).round() as usize);
    let home = assign(&fabric, &points, limits)?;
    Drawing { spec, site, places, fabric: &fabric, home: &home, plane }.areas(points, specs)
}

fn spec_of(code: &str, specs: &[CommunitySpec]) -> CommunitySpec {
    let average = || CommunitySpec {
        code: code.to_owned(),
        population: 20_000,
        quality: 0.0,
        growth: 0.0,
        industry: 1.0,
        hills: false,
    };
    specs.iter().find(|spec| spec.code == code).cloned().unwrap_or_else(average)
}

/// Outer ring counter-clockwise, holes clockwise.
fn orient(rings: &mut [Vec<Point>]) {
    for (index, ring) in rings.iter_mut().enumerate() {
        if ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        if (super::plane::ring_area(ring) > 0.0) != (index == 0) {
            ring.reverse();
        }
    }
}

/// What is needed to put the areas together.
struct Drawing<'a> {
    spec: &'a AreasSpec,
    site: &'a SiteFacts,
    places: &'a [PlacePoint],
    fabric: &'a Fabric,
    home: &'a BTreeMap<usize, usize>,
    plane: Plane,
}

impl Drawing<'_> {
    fn areas(&self, points: Vec<Point>, specs: Vec<CommunitySpec>) -> Result<Areas, GenerateError> {
        let mut subdistricts: Vec<(String, Texts)> =
            self.places.iter().map(|p| (p.subdistrict_code.clone(), p.subdistrict.clone())).collect();
        subdistricts.sort_by(|a, b| a.0.cmp(&b.0));
        subdistricts.dedup_by(|a, b| a.0 == b.0);
        let subdistrict_of =
            |place: &PlacePoint| subdistricts.iter().position(|s| s.0 == place.subdistrict_code).unwrap_or(0);
        let of_community: Vec<usize> = self.places.iter().map(subdistrict_of).collect();
        let community_of = |face: usize| self.home.get(&face).copied().unwrap_or(0);
        let mut features = Vec::new();
        let root = self.level(|_| 0)?;
        self.feature(&mut features, &self.site.root_area, &self.site.name, &root, 0)?;
        let level = self.level(|face| of_community.get(community_of(face)).copied().unwrap_or(0))?;
        for (index, (code, name)) in subdistricts.iter().enumerate() {
            self.feature(&mut features, code, name, &level, index)?;
        }
        let level = self.level(community_of)?;
        for (index, place) in self.places.iter().enumerate() {
            self.feature(&mut features, &place.code, &place.name, &level, index)?;
        }
        let mut communities = Vec::new();
        for ((place, at), spec) in self.places.iter().zip(points).zip(specs) {
            communities.push(Community {
                code: place.code.clone(),
                subdistrict: subdistrict_of(place),
                at,
                spec,
                grids: Vec::new(),
            });
        }
        let level = self.level(|face| face)?;
        let mut faces: Vec<(usize, Micro, usize)> =
            level.iter().map(|(face, rings)| (community_of(*face), self.corner(rings), *face)).collect();
        // Cells are numbered from north to south within their community.
        faces.sort_by_key(|(community, corner, face)| (*community, -corner.1, corner.0, *face));
        let mut grids: Vec<Grid> = Vec::new();
        for (community, _, face) in faces {
            let (Some(home), Some(place)) = (communities.get_mut(community), self.places.get(community))
            else {
                continue;
            };
            home.grids.push(grids.len());
            let number = home.grids.len();
            let code = format!("{}{number:03}", place.code);
            let fill = |pattern: &str, name: &str, ending: &str| {
                pattern
                    .replace("{name}", name.trim_end_matches(ending).trim_end())
                    .replace("{n}", &format!("{number:02}"))
            };
            let ending = &self.spec.community_ending;
            let name = Texts {
                zh: fill(&self.spec.grid_name.zh, &place.name.zh, &ending.zh),
                en: fill(&self.spec.grid_name.en, &place.name.en, &ending.en),
            };
            let rings = self.feature(&mut features, &code, &name, &level, face)?;
            grids.push(Grid { code, community, rings });
        }
        let geojson =
            format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", features.join(",\n"));
        let locator = Locator::new(&grids);
        let subdistricts = subdistricts.into_iter().map(|s| s.0).collect();
        let stations = self.spec.stations.iter().map(|p| self.plane.point(p[0], p[1])).collect();
        Ok(Areas {
            stations,
            plane: self.plane,
            root: self.site.root_area.clone(),
            subdistricts,
            communities,
            grids,
            geojson,
            locator,
        })
    }

    fn level(&self, group_of: impl Fn(usize) -> usize) -> Result<BTreeMap<usize, Vec<Ring>>, GenerateError> {
        chain(&self.fabric.borders, &self.fabric.points, group_of).ok_or(GenerateError::Geometry)
    }

    /// The northernmost vertex, to put cells in order.
    fn corner(&self, rings: &[Ring]) -> Micro {
        let all = rings.iter().flat_map(|ring| ring.vertices.iter().map(|v| self.fabric.micros[*v]));
        all.max_by_key(|micro| (micro.1, -micro.0)).unwrap_or_default()
    }

    /// Writes one feature and returns its rings in metres.
    fn feature(
        &self,
        features: &mut Vec<String>,
        code: &str,
        name: &Texts,
        level: &BTreeMap<usize, Vec<Ring>>,
        group: usize,
    ) -> Result<Vec<Vec<Point>>, GenerateError> {
        let rings = level.get(&group).ok_or(GenerateError::Geometry)?;
        let polygons = polygons(rings, &self.fabric.points);
        let shape: Vec<Vec<Point>> = polygons
            .iter()
            .flatten()
            .map(|ring| ring.iter().map(|v| self.fabric.points[*v]).collect())
            .collect();
        let label = self.plane.micro(label_point(&shape));
        let parts: Vec<String> = polygons.iter().map(|polygon| self.polygon(polygon)).collect();
        let geometry = match parts.as_slice() {
            [one] => format!("{{\"type\":\"Polygon\",\"coordinates\":{one}}}"),
            many => format!("{{\"type\":\"MultiPolygon\",\"coordinates\":[{}]}}", many.join(",")),
        };
        let text = |text: &str| serde_json::Value::from(text).to_string();
        features.push(format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"code\":{},\"name_zh\":{},\"name_en\":{},\"lon\":{},\"lat\":{}}},\"geometry\":{geometry}}}",
            text(code), text(&name.zh), text(&name.en), degrees(label.0), degrees(label.1),
        ));
        Ok(shape)
    }

    fn polygon(&self, rings: &[Vec<usize>]) -> String {
        let mut out = String::from("[");
        for (index, ring) in rings.iter().enumerate() {
            out.push_str(if index > 0 { ",[" } else { "[" });
            for (step, vertex) in ring.iter().chain(ring.first()).enumerate() {
                let (lon, lat) = self.fabric.micros[*vertex];
                let comma = if step > 0 { "," } else { "" };
                // Writing to a String cannot fail.
                let _ = write!(out, "{comma}[{},{}]", degrees(lon), degrees(lat));
            }
            out.push(']');
        }
        out.push(']');
        out
    }
}

/// Micro-degrees as decimal degrees, without trailing zeros.
fn degrees(micro: i64) -> String {
    let text = format!(
        "{}{}.{:06}",
        if micro < 0 { "-" } else { "" },
        micro.abs() / 1_000_000,
        micro.abs() % 1_000_000
    );
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
