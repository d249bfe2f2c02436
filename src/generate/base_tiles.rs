//! Owns the step from shapes in degrees to vector tiles: projection, clipping, rounding, one archive.
//! Never decides what is drawn (see `base`).

use std::collections::BTreeMap;
use std::f64::consts::PI;

use crate::tiles::address::Address;
use crate::tiles::mvt::{Builder, EXTENT, Part, Shape, Value};

use super::math::{ln, sin_cos_turns};

/// A place in shares of the world: 0 to 1 from west to east and from north to south.
type Share = [f64; 2];

/// Tile units around a tile that lines are drawn into, so that no end shows.
const MARGIN: f64 = 96.0;

/// Something on the base map.
pub(super) struct Feature {
    pub(super) layer: &'static str,
    pub(super) shape: Shape,
    /// Words: `kind` and more.
    pub(super) words: Vec<(&'static str, String)>,
    /// Number properties.
    pub(super) numbers: Vec<(&'static str, f64)>,
    /// Parts in degrees.
    pub(super) parts: Vec<Vec<[f64; 2]>>,
    /// First zoom it is in.
    pub(super) from_zoom: u8,
}

fn share([lon, lat]: [f64; 2]) -> Share {
    let (sin, _) = sin_cos_turns(lat / 360.0);
    [lon / 360.0 + 0.5, 0.5 - ln((1.0 + sin) / (1.0 - sin)) / (4.0 * PI)]
}

/// The tiles of all zooms that have anything in them.
pub(super) fn tiles(features: &[Feature], zooms: [u8; 2]) -> BTreeMap<Address, Vec<u8>> {
    let mut out = BTreeMap::new();
    let shares: Vec<Vec<Vec<Share>>> = features
        .iter()
        .map(|f| f.parts.iter().map(|part| part.iter().map(|p| share(*p)).collect()).collect())
        .collect();
    for z in zooms[0]..=zooms[1] {
        let mut builders: BTreeMap<(u32, u32), Builder> = BTreeMap::new();
        for (feature, parts) in features.iter().zip(&shares).filter(|(f, _)| f.from_zoom <= z) {
            // A part goes to the few tiles its extent meets; all parts of a feature in a tile stay one feature.
            let mut of_tile: BTreeMap<(u32, u32), Vec<Part>> = BTreeMap::new();
            for part in parts {
                for (x, y) in met(part, z) {
                    let placed: Vec<Share> = part.iter().map(|p| units(*p, z, x, y)).collect();
                    let clipped = match feature.shape {
                        Shape::Points => {
                            let inside = |p: &Share| p.iter().all(|c| (0.0..f64::from(EXTENT)).contains(c));
                            if placed.iter().all(inside) { vec![placed] } else { Vec::new() }
                        }
                        Shape::Lines => clip_line(&placed),
                        Shape::Rings => vec![clip_ring(&placed)],
                    };
                    let least = match feature.shape {
                        Shape::Points => 1,
                        Shape::Lines => 2,
                        Shape::Rings => 3,
                    };
                    let rounded = clipped.iter().map(|p| rounded(p)).filter(|p| p.len() >= least);
                    of_tile.entry((x, y)).or_default().extend(rounded);
                }
            }
            for (at, parts) in of_tile.into_iter().filter(|(_, parts)| !parts.is_empty()) {
                let words = feature.words.iter().map(|(k, v)| (*k, Value::Text(v.as_str())));
                let numbers = feature.numbers.iter().map(|(k, v)| (*k, Value::Number(*v)));
                let properties: Vec<(&str, Value<'_>)> = words.chain(numbers).collect();
                builders.entry(at).or_default().add(feature.layer, feature.shape, &properties, &parts);
            }
        }
        out.extend(builders.into_iter().map(|((x, y), builder)| (Address { z, x, y }, builder.bytes())));
    }
    out
}

/// Columns and rows of the tiles whose grown squares a part may meet.
fn met(part: &[Share], z: u8) -> Vec<(u32, u32)> {
    let count = f64::from(1_u32 << z);
    let margin = MARGIN / f64::from(EXTENT);
    let range = |axis: usize| {
        let all = part.iter().filter_map(|p| p.get(axis));
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let tile = |v: f64| v.floor().clamp(0.0, count - 1.0) as u32;
        tile(low * count - margin)..=tile(high * count + margin)
    };
    let (columns, rows) = (range(0), range(1));
    columns.flat_map(|x| rows.clone().map(move |y| (x, y))).collect()
}

fn units([x, y]: Share, z: u8, column: u32, row: u32) -> Share {
    let count = f64::from(1_u32 << z);
    [(x * count - f64::from(column)) * f64::from(EXTENT), (y * count - f64::from(row)) * f64::from(EXTENT)]
}

fn rounded(part: &[Share]) -> Part {
    let mut out: Part = part.iter().map(|p| p.map(|c| c.round() as i32)).collect();
    out.dedup();
    out
}

const LOW: f64 = -MARGIN;
const HIGH: f64 = EXTENT as f64 + MARGIN;

/// The pieces of a line inside the grown tile.
fn clip_line(line: &[Share]) -> Vec<Vec<Share>> {
    let mut out: Vec<Vec<Share>> = Vec::new();
    let mut open = false;
    for pair in line.windows(2) {
        let &[a, b] = pair else { continue };
        let Some((from, to)) = clip_segment(a, b) else {
            open = false;
            continue;
        };
        match out.last_mut() {
            Some(piece) if open && piece.last() == Some(&from) => piece.push(to),
            _ => out.push(vec![from, to]),
        }
        #[expect(clippy::float_cmp, reason = "an end that was not cut is the corner itself")]
        let is_whole = to == b;
        open = is_whole;
    }
    out
}

/// Liang and Barsky: the part of a segment inside.
fn clip_segment(a: Share, b: Share) -> Option<(Share, Share)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (from, to) in a.into_iter().zip(b) {
        let step = to - from;
        for (p, q) in [(-step, from - LOW), (step, HIGH - from)] {
            if p == 0.0 {
                if q < 0.0 {
                    return None;
                }
            } else if p < 0.0 {
                enter = enter.max(q / p);
            } else {
                leave = leave.min(q / p);
            }
        }
    }
    let along = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    let from = if enter > 0.0 { along(enter) } else { a };
    let to = if leave < 1.0 { along(leave) } else { b };
    (enter < leave).then_some((from, to))
}

/// Sutherland and Hodgman: the part of a ring inside.
fn clip_ring(ring: &[Share]) -> Vec<Share> {
    let mut ring = ring.to_vec();
    for axis in 0..2_usize {
        for (limit, sign) in [(LOW, 1.0), (HIGH, -1.0)] {
            let inside = |p: &Share| p.get(axis).is_some_and(|v| (v - limit) * sign >= 0.0);
            let mut next = Vec::with_capacity(ring.len());
            for (i, p) in ring.iter().enumerate() {
                let before = if i == 0 { ring.last() } else { ring.get(i - 1) };
                let Some(before) = before else { continue };
                if inside(before) != inside(p) {
                    let (from, to) =
                        (before.get(axis).copied().unwrap_or(0.0), p.get(axis).copied().unwrap_or(0.0));
                    let t = (limit - from) / (to - from);
                    next.push([before[0] + (p[0] - before[0]) * t, before[1] + (p[1] - before[1]) * t]);
                }
                if inside(p) {
                    next.push(*p);
                }
            }
            ring = next;
        }
    }
    ring
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_leaves_and_comes_back_becomes_two() {
        let line = [[100.0, 100.0], [5000.0, 100.0], [5000.0, 300.0], [100.0, 300.0]];
        let pieces = clip_line(&line);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0], vec![[100.0, 100.0], [HIGH, 100.0]]);
        assert!(clip_line(&[[9000.0, 0.0], [9000.0, 100.0]]).is_empty());
    }

    #[test]
    fn a_ring_around_the_tile_becomes_the_tile() {
        let ring = clip_ring(&[[-9000.0, -9000.0], [9000.0, -9000.0], [9000.0, 9000.0], [-9000.0, 9000.0]]);
        let far = |axis: usize| {
            ring.iter().map(|p| p[axis]).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)))
        };
        assert_eq!((far(0), far(1)), ((LOW, HIGH), (LOW, HIGH)));
    }

    #[test]
    fn the_projection_is_the_one_of_the_web() {
        let [x, y] = share([114.35, 22.7]);
        let wanted =
            0.5 - (22.7_f64.to_radians().tan() + 1.0 / 22.7_f64.to_radians().cos()).ln() / (2.0 * PI);
        assert!((x - (114.35 / 360.0 + 0.5)).abs() < 1e-12 && (y - wanted).abs() < 1e-12);
    }
}
