//! Checks of areas: every level fills the one above, and neighbours share their edges exactly.

use std::collections::{BTreeMap, BTreeSet};

use super::plane::{Micro, Point, ring_area, turn};
use super::rng::Stream;

pub(super) type Rings = Vec<Vec<Micro>>;

/// All areas: code to rings in micro-degrees, and the label point.
pub(super) fn areas_of(geojson: &str) -> BTreeMap<String, (Rings, Micro)> {
    let json: serde_json::Value = serde_json::from_str(geojson).expect("areas.geojson");
    let micro = |value: &serde_json::Value| (value.as_f64().expect("number") * 1e6).round() as i64;
    let ring = |ring: &serde_json::Value| -> Vec<Micro> {
        let mut points: Vec<Micro> =
            ring.as_array().expect("ring").iter().map(|p| (micro(&p[0]), micro(&p[1]))).collect();
        assert_eq!(points.first(), points.last(), "rings close");
        points.pop();
        points
    };
    let feature = |feature: &serde_json::Value| {
        let geometry = &feature["geometry"];
        let polygons = match geometry["type"].as_str() {
            Some("Polygon") => vec![geometry["coordinates"].clone()],
            _ => geometry["coordinates"].as_array().expect("polygons").clone(),
        };
        let rings = polygons
            .iter()
            .flat_map(|polygon| polygon.as_array().expect("polygon").iter().map(ring))
            .collect();
        let properties = &feature["properties"];
        let label = (micro(&properties["lon"]), micro(&properties["lat"]));
        (properties["code"].as_str().expect("code").to_owned(), (rings, label))
    };
    json["features"].as_array().expect("features").iter().map(feature).collect()
}

fn points(ring: &[Micro]) -> Vec<Point> {
    ring.iter().map(|p| Point { x: p.0 as f64, y: p.1 as f64 }).collect()
}

fn area(rings: &Rings) -> f64 {
    rings.iter().map(|ring| ring_area(&points(ring))).sum()
}

fn edges(rings: &Rings) -> impl Iterator<Item = (Micro, Micro)> + '_ {
    rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| (*a, *b)))
}

/// Whether two segments cross other than in a shared end.
fn cross(a: (Micro, Micro), b: (Micro, Micro)) -> bool {
    let p = |m: Micro| Point { x: m.0 as f64, y: m.1 as f64 };
    if a.0 == b.0 || a.0 == b.1 || a.1 == b.0 || a.1 == b.1 {
        return false;
    }
    let sides =
        |s: (Micro, Micro), t: (Micro, Micro)| turn(p(s.0), p(s.1), p(t.0)) * turn(p(s.0), p(s.1), p(t.1));
    sides(a, b) < 0.0 && sides(b, a) < 0.0
}

/// Every level fills the one above without cracks or crossings, and labels lie inside.
pub(super) fn check_areas(all: &BTreeMap<String, (Rings, Micro)>, lengths: &[usize]) {
    let level = |length: usize| {
        all.iter().filter(move |(code, _)| code.len() == length).map(|(code, (rings, _))| (code, rings))
    };
    let root: BTreeSet<(Micro, Micro)> = level(lengths[0]).flat_map(|(_, rings)| edges(rings)).collect();
    for (code, (rings, label)) in all {
        let shape: Vec<Vec<Point>> = rings.iter().map(|ring| points(ring)).collect();
        assert!(
            super::plane::inside(&shape, Point { x: label.0 as f64, y: label.1 as f64 }),
            "label of {code}"
        );
    }
    for pair in lengths.windows(2) {
        let [above, below] = *pair else { continue };
        let mut ways = BTreeSet::new();
        for (code, rings) in level(below) {
            for edge in edges(rings) {
                assert!(ways.insert(edge), "{code}: an edge runs twice the same way");
            }
        }
        // No cracks: what is not the outline is shared with a neighbour, vertex for vertex.
        for edge in &ways {
            assert!(
                root.contains(edge) || ways.contains(&(edge.1, edge.0)),
                "edge {edge:?} of level {below} is not shared"
            );
        }
        for (code, rings) in level(above) {
            let children: f64 = level(below)
                .filter(|(child, _)| child.starts_with(code.as_str()))
                .map(|(_, rings)| area(rings))
                .sum();
            assert!((children / area(rings) - 1.0).abs() < 1e-9, "{code}: {children} {}", area(rings));
        }
    }
    let finest = *lengths.last().expect("level");
    let lines: BTreeSet<(Micro, Micro)> =
        level(finest).flat_map(|(_, rings)| edges(rings)).map(|(a, b)| (a.min(b), a.max(b))).collect();
    let lines: Vec<(Micro, Micro)> = lines.into_iter().collect();
    for (index, one) in lines.iter().enumerate() {
        // Sorted by the left end: what begins right of this one's end cannot cross it.
        for other in lines.iter().skip(index + 1).take_while(|other| other.0.0 <= one.1.0) {
            assert!(!cross(*one, *other), "{one:?} crosses {other:?}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    /// Any outline, even a ragged one, is cut into faces that fill it exactly.
    #[test]
    fn any_outline_is_filled(seed in 0u64..10_000, corners in 7usize..90, sites in 5usize..70) {
        let mut stream = Stream::new(seed, "outline");
        let plane = super::plane::Plane::around(114.0, 22.0);
        let outline: Vec<Point> = (0..corners).map(|k| {
            let (sin, cos) = super::math::sin_cos_turns(k as f64 / corners as f64);
            let radius = stream.range(2_000.0, 9_000.0);
            plane.unmicro(plane.micro(Point { x: radius * cos, y: radius * sin }))
        }).collect();
        let shape = vec![outline];
        let seeds: Vec<Point> = (0..sites).map(|_| Point { x: stream.range(-9e3, 9e3), y: stream.range(-9e3, 9e3) }).collect();
        let fabric = super::fabric::cut(&shape, &seeds, &plane, 60_000.0).expect("cut");
        let areas = fabric.areas().expect("closed");
        let total: f64 = areas.values().sum();
        // Vertices on a slanted outline are rounded to a micro-degree: some square metres over kilometres.
        proptest::prop_assert!((total / ring_area(&shape[0]) - 1.0).abs() < 1e-4);
        proptest::prop_assert!(areas.len() == 1 || areas.values().all(|area| *area >= 60_000.0));
        let rings = super::rings::chain(&fabric.borders, &fabric.points, |face| face).expect("closed");
        for rings in rings.values() {
            proptest::prop_assert_eq!(super::rings::polygons(rings, &fabric.points).len(), 1);
        }
    }
}
