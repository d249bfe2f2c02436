//! Lengths, ways and surfaces on the ellipsoid of WGS 84 (CGCS2000's differs by a tenth of a millimetre). Owns the
//! arithmetic; knows no areas and draws nothing.
//!
//! Lengths: T. Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid", Survey Review 23 (1975): a tenth
//! of a millimetre, but for places on opposite sides of the Earth. Surfaces: the sphere of equal surface (authalic
//! latitude; J. P. Snyder, "Map Projections: A Working Manual", USGS 1395, 1987, p. 16), edges followed in steps.

use std::f64::consts::PI;

use super::areas::{LonLat, Ring};

/// Semi-major axis in metres.
const AXIS: f64 = 6_378_137.0;
/// Flattening.
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Squared eccentricity.
const ECCENTRICITY2: f64 = FLATTENING * (2.0 - FLATTENING);
/// Rounds until a length stands still; near places need four.
const MOST_ROUNDS: usize = 200;
/// An edge is followed in steps of at most this many metres when a surface is measured.
const EDGE_METERS: f64 = 5_000.0;

/// Length of the shortest way between two places, in metres. For places that are nearly opposite to each other, where
/// the method does not settle, the length on a sphere (half a per cent).
#[must_use]
pub fn meters(from: LonLat, to: LonLat) -> f64 {
    inverse(from, to).map_or_else(|| super::datum::meters_between(from, to), |(length, _)| length)
}

/// Length of a line through places in their order, in metres.
#[must_use]
pub fn length_meters(line: &[LonLat]) -> f64 {
    line.iter().zip(line.iter().skip(1)).map(|(a, b)| meters(*a, *b)).sum()
}

/// Length and first azimuth (radians, clockwise from north).
fn inverse(from: LonLat, to: LonLat) -> Option<(f64, f64)> {
    let b = AXIS * (1.0 - FLATTENING);
    let reduced = |lat: f64| ((1.0 - FLATTENING) * lat.to_radians().tan()).atan().sin_cos();
    let ((sin1, cos1), (sin2, cos2)) = (reduced(from[1]), reduced(to[1]));
    let apart = turned(to[0] - from[0]).to_radians();
    let mut lambda = apart;
    for _ in 0..MOST_ROUNDS {
        let (sin_l, cos_l) = lambda.sin_cos();
        let across = cos1 * sin2 - sin1 * cos2 * cos_l;
        let sin_s = (cos2 * sin_l).hypot(across);
        if sin_s == 0.0 {
            return Some((0.0, 0.0));
        }
        let cos_s = sin1 * sin2 + cos1 * cos2 * cos_l;
        let sigma = sin_s.atan2(cos_s);
        let sin_a = cos1 * cos2 * sin_l / sin_s;
        let cos2_a = 1.0 - sin_a * sin_a;
        // Along the equator there is no middle latitude.
        let cos_2m = if cos2_a > 1e-15 { cos_s - 2.0 * sin1 * sin2 / cos2_a } else { 0.0 };
        let c = FLATTENING / 16.0 * cos2_a * (4.0 + FLATTENING * (4.0 - 3.0 * cos2_a));
        let next = apart
            + (1.0 - c)
                * FLATTENING
                * sin_a
                * (sigma + c * sin_s * (cos_2m + c * cos_s * (2.0 * cos_2m * cos_2m - 1.0)));
        let done = (next - lambda).abs() < 1e-12;
        lambda = next;
        if lambda.abs() > PI {
            return None;
        }
        if done {
            let (big_a, delta) = series(cos2_a * ECCENTRICITY2 / (1.0 - ECCENTRICITY2), sin_s, cos_s, cos_2m);
            let azimuth = (cos2 * lambda.sin()).atan2(cos1 * sin2 - sin1 * cos2 * lambda.cos());
            return Some((b * big_a * (sigma - delta), azimuth));
        }
    }
    None
}

/// Vincenty's A and Δσ for u².
fn series(u2: f64, sin_s: f64, cos_s: f64, cos_2m: f64) -> (f64, f64) {
    let a = 1.0 + u2 / 16_384.0 * (4_096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)));
    let b = u2 / 1_024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)));
    let m2 = cos_2m * cos_2m;
    let inner = cos_s * (2.0 * m2 - 1.0) - b / 6.0 * cos_2m * (4.0 * sin_s * sin_s - 3.0) * (4.0 * m2 - 3.0);
    (a, b * sin_s * (cos_2m + b / 4.0 * inner))
}

/// The place so many metres from another in a direction (degrees clockwise from north).
#[must_use]
pub fn place_at(from: LonLat, azimuth_degrees: f64, meters: f64) -> LonLat {
    let b = AXIS * (1.0 - FLATTENING);
    let (sin_z, cos_z) = azimuth_degrees.to_radians().sin_cos();
    let tan1 = (1.0 - FLATTENING) * from[1].to_radians().tan();
    let cos1 = 1.0 / tan1.hypot(1.0);
    let sin1 = tan1 * cos1;
    let sigma1 = tan1.atan2(cos_z);
    let sin_a = cos1 * sin_z;
    let cos2_a = 1.0 - sin_a * sin_a;
    let u2 = cos2_a * ECCENTRICITY2 / (1.0 - ECCENTRICITY2);
    let first = meters / (b * series(u2, 0.0, 1.0, 0.0).0);
    let mut sigma = first;
    for _ in 0..MOST_ROUNDS {
        let (sin_s, cos_s) = sigma.sin_cos();
        let next = first + series(u2, sin_s, cos_s, (2.0 * sigma1 + sigma).cos()).1;
        let done = (next - sigma).abs() < 1e-13;
        sigma = next;
        if done {
            break;
        }
    }
    let (sin_s, cos_s) = sigma.sin_cos();
    let cos_2m = (2.0 * sigma1 + sigma).cos();
    let across = sin1 * sin_s - cos1 * cos_s * cos_z;
    let lat =
        (sin1 * cos_s + cos1 * sin_s * cos_z).atan2((1.0 - FLATTENING) * sin_a.hypot(across)).to_degrees();
    let lambda = (sin_s * sin_z).atan2(cos1 * cos_s - sin1 * sin_s * cos_z);
    let c = FLATTENING / 16.0 * cos2_a * (4.0 + FLATTENING * (4.0 - 3.0 * cos2_a));
    let apart = lambda
        - (1.0 - c)
            * FLATTENING
            * sin_a
            * (sigma + c * sin_s * (cos_2m + c * cos_s * (2.0 * cos_2m * cos_2m - 1.0)));
    [turned(from[0] + apart.to_degrees()), lat]
}

/// A circle on the ground as a ring of places.
#[must_use]
pub fn circle(center: LonLat, meters: f64, corners: u32) -> Ring {
    (0..corners).map(|i| place_at(center, 360.0 * f64::from(i) / f64::from(corners), meters)).collect()
}

/// Surface inside a ring in square metres, whichever way it runs. The ring must not cross itself nor go around a pole.
#[must_use]
pub fn square_meters(ring: &[LonLat]) -> f64 {
    let Some(last) = ring.last() else { return 0.0 };
    let mut from = *last;
    let mut excess = 0.0;
    for to in ring {
        excess += edge(from, *to);
        from = *to;
    }
    excess.abs() * AXIS * AXIS * q(1.0) / 2.0
}

/// What an edge adds: the surface between it and the equator on the unit sphere.
fn edge(from: LonLat, to: LonLat) -> f64 {
    let Some((length, azimuth)) = inverse(from, to) else { return 0.0 };
    let steps = (length / EDGE_METERS).ceil().clamp(1.0, 10_000.0) as u32;
    let mut sum = 0.0;
    let mut last = from;
    for i in 1..=steps {
        let next = if i == steps {
            to
        } else {
            place_at(from, azimuth.to_degrees(), length * f64::from(i) / f64::from(steps))
        };
        let half = |lat: f64| (authalic(lat) / 2.0).tan();
        let (t1, t2) = (half(last[1]), half(next[1]));
        let turn = (turned(next[0] - last[0]).to_radians() / 2.0).tan();
        sum += 2.0 * (turn * (t1 + t2)).atan2(1.0 + t1 * t2);
        last = next;
    }
    sum
}

/// Snyder's q of a sine of latitude.
fn q(sine: f64) -> f64 {
    let e = ECCENTRICITY2.sqrt();
    (1.0 - ECCENTRICITY2)
        * (sine / (1.0 - ECCENTRICITY2 * sine * sine)
            - (0.5 / e) * ((1.0 - e * sine) / (1.0 + e * sine)).ln())
}

/// Latitude on the sphere of equal surface, in radians.
fn authalic(lat: f64) -> f64 {
    (q(lat.to_radians().sin()) / q(1.0)).clamp(-1.0, 1.0).asin()
}

/// Degrees of longitude brought to −180 to 180.
fn turned(lon: f64) -> f64 {
    if (-180.0..=180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Flinders Peak to Buninyong: Geoscience Australia's worked example (GRS 80, the same to a tenth of a millimetre).
    /// John F. Kennedy to Paris and the way back out: GeographicLib's own tests (GeodSolve0 and 1).
    #[test]
    fn published_lengths_are_met() {
        let degrees = |d: f64, m: f64, s: f64| d + m / 60.0 + s / 3600.0;
        let flinders = [degrees(144.0, 25.0, 29.524_40), -degrees(37.0, 57.0, 3.720_30)];
        let buninyong = [degrees(143.0, 55.0, 35.383_90), -degrees(37.0, 39.0, 10.156_10)];
        assert!((meters(flinders, buninyong) - 54_972.271).abs() < 0.001, "{}", meters(flinders, buninyong));
        let found = meters([-73.8, 40.6], [2.55, 49.016_666_67]);
        assert!((found - 5_853_226.0).abs() < 0.5, "{found}");
        let [lon, lat] = place_at([-73.778_888_89, 40.639_722_22], 53.5, 5_850e3);
        assert!((lat - 49.014_67).abs() < 5e-6 && (lon - 2.561_06).abs() < 5e-6, "{lon} {lat}");
    }

    /// GeographicLib's Planimeter tests 0 and the 100 km square of its manual's like: a square around the origin.
    #[test]
    fn published_surfaces_are_met() {
        let square = [[-1.0, 0.0], [0.0, -1.0], [1.0, 0.0], [0.0, 1.0]];
        let found = square_meters(&square);
        assert!((found / 24_619_419_146.0 - 1.0).abs() < 1e-9, "{found}");
        let around: Vec<LonLat> = square.iter().chain(square.first()).copied().collect();
        assert!((length_meters(&around) - 627_598.273_1).abs() < 1e-3, "{}", length_meters(&around));
    }

    #[test]
    fn nothing_has_no_size() {
        assert!(meters([114.0, 22.7], [114.0, 22.7]).abs() < 1e-9);
        assert!(square_meters(&[]).abs() < 1e-9 && square_meters(&[[1.0, 1.0], [1.1, 1.1]]).abs() < 1e-3);
    }

    proptest! {
        /// There by direction and length, and the length back.
        #[test]
        fn ways_have_their_length(lon in -179.0_f64..179.0, lat in -80.0_f64..80.0, way in 0.0_f64..360.0, far in 1.0_f64..200_000.0) {
            let to = place_at([lon, lat], way, far);
            prop_assert!((meters([lon, lat], to) - far).abs() < 0.001);
        }

        /// A circle of many corners has nearly the surface of a plane one.
        #[test]
        fn circles_have_their_surface(lon in 73.0_f64..135.0, lat in 4.0_f64..53.0, radius in 50.0_f64..5_000.0) {
            let corners = 180;
            let ring = circle([lon, lat], radius, corners);
            let polygon = f64::from(corners) / 2.0 * (2.0 * PI / f64::from(corners)).sin() * radius * radius;
            prop_assert!((square_meters(&ring) / polygon - 1.0).abs() < 1e-5);
        }
    }
}
