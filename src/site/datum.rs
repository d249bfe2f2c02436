//! Datums of coordinates and the way from one to another. Owns the arithmetic of the two shifts used on Chinese web
//! maps; inside the program every coordinate is WGS 84 (CGCS2000 is the same to well under a metre).
//!
//! The shifts are those that published open-source converters agree on (eviltransform, coordtransform). They are
//! defined for mainland China only: outside the box below a coordinate is left as it is.

use std::f64::consts::PI;

use serde::Deserialize;

use super::areas::LonLat;

/// Geodetic datum of stored coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum Datum {
    /// World Geodetic System 1984.
    #[serde(rename = "WGS84")]
    Wgs84,
    /// China Geodetic Coordinate System 2000: WGS 84 to well under a metre for display.
    #[serde(rename = "CGCS2000")]
    Cgcs2000,
    /// The shifted datum of most Chinese web maps.
    #[serde(rename = "GCJ02")]
    Gcj02,
    /// Baidu's second shift on top of GCJ-02.
    #[serde(rename = "BD09")]
    Bd09,
}

/// Semi-major axis and squared eccentricity of the ellipsoid that GCJ-02 is defined with (Krasovsky 1940).
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
/// The box in which GCJ-02 shifts: west, south, east, north.
const CHINA: [f64; 4] = [72.004, 0.8293, 137.8347, 55.8271];
/// Baidu's angle.
const X_PI: f64 = PI * 3000.0 / 180.0;
/// Steps of the inverse: each brings about three more digits, so four are below a tenth of a millimetre.
const STEPS: usize = 8;

impl Datum {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Wgs84, Self::Cgcs2000, Self::Gcj02, Self::Bd09];

    /// The three that differ, in the order they are tried.
    pub const DIFFERENT: [Self; 3] = [Self::Wgs84, Self::Gcj02, Self::Bd09];

    /// Name as files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wgs84 => "WGS84",
            Self::Cgcs2000 => "CGCS2000",
            Self::Gcj02 => "GCJ02",
            Self::Bd09 => "BD09",
        }
    }

    /// Name as people write it. The first two are the same here, so both are told.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => "WGS 84/CGCS2000",
            Self::Gcj02 => "GCJ-02",
            Self::Bd09 => "BD-09",
        }
    }

    /// The next of those that differ.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => Self::Gcj02,
            Self::Gcj02 => Self::Bd09,
            Self::Bd09 => Self::Wgs84,
        }
    }

    /// Whether coordinates have to be converted when they are read.
    #[must_use]
    pub const fn is_shifted(self) -> bool {
        matches!(self, Self::Gcj02 | Self::Bd09)
    }

    /// From this datum to the one inside the program.
    #[must_use]
    pub fn to_inside(self, at: LonLat) -> LonLat {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => at,
            Self::Gcj02 => inverse(at, gcj02_of_wgs84),
            Self::Bd09 => inverse(gcj02_of_bd09(at), gcj02_of_wgs84),
        }
    }

    /// From the datum inside the program to this one.
    #[must_use]
    pub fn from_inside(self, at: LonLat) -> LonLat {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => at,
            Self::Gcj02 => gcj02_of_wgs84(at),
            Self::Bd09 => bd09_of_gcj02(gcj02_of_wgs84(at)),
        }
    }
}

/// Whether GCJ-02 shifts here. The box is what the converters use; it takes in some of the neighbours.
#[must_use]
pub fn is_in_china([lon, lat]: LonLat) -> bool {
    let [west, south, east, north] = CHINA;
    (west..=east).contains(&lon) && (south..=north).contains(&lat)
}

fn gcj02_of_wgs84(at: LonLat) -> LonLat {
    if !is_in_china(at) {
        return at;
    }
    let [lon, lat] = at;
    let (x, y) = (lon - 105.0, lat - 35.0);
    let wave = |v: f64, a: f64, b: f64, c: f64| (a * (v * PI).sin() + b * (v / c * PI).sin()) * 2.0 / 3.0;
    let both = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + both
        + wave(y, 20.0, 40.0, 3.0)
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + both
        + wave(x, 20.0, 40.0, 3.0)
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let angle = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY * angle.sin().powi(2);
    let meridian = AXIS * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    let parallel = AXIS / magic.sqrt() * angle.cos();
    [lon + (east / parallel).to_degrees(), lat + (north / meridian).to_degrees()]
}

fn bd09_of_gcj02([x, y]: LonLat) -> LonLat {
    if !is_in_china([x, y]) {
        return [x, y];
    }
    let length = x.hypot(y) + 0.000_02 * (y * X_PI).sin();
    let angle = y.atan2(x) + 0.000_003 * (x * X_PI).cos();
    [length * angle.cos() + 0.0065, length * angle.sin() + 0.006]
}

fn gcj02_of_bd09(at: LonLat) -> LonLat {
    inverse(at, bd09_of_gcj02)
}

/// What a shift was applied to: begins at the shifted place and takes back the error that is left, until none is.
fn inverse(shifted: LonLat, shift: fn(LonLat) -> LonLat) -> LonLat {
    let mut at = shifted;
    for _ in 0..STEPS {
        let [x, y] = shift(at);
        at = [at[0] + shifted[0] - x, at[1] + shifted[1] - y];
    }
    // Near the edge of the box the place may have no original: then it is left alone.
    let [x, y] = shift(at);
    if (x - shifted[0]).abs().max((y - shifted[1]).abs()) > 1e-6 { shifted } else { at }
}

/// Distance on the ground in metres, good to a few parts in a thousand for near places.
#[must_use]
pub fn meters_between(a: LonLat, b: LonLat) -> f64 {
    let middle = f64::midpoint(a[1], b[1]).to_radians();
    let x = (a[0] - b[0]).to_radians() * middle.cos();
    let y = (a[1] - b[1]).to_radians();
    x.hypot(y) * 6_371_008.8
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "what is not shifted stays the same to the last bit")]

    use proptest::prelude::*;

    use super::*;

    /// Pairs that other converters publish in their tests. hutool and coordtransform (Beijing) use the same constants: a
    /// tenth of a millimetre. geotool (near Shanghai) differs from them by 9 mm, as converters do.
    #[test]
    fn published_pairs_are_met() {
        let pairs = [
            (Datum::Gcj02, [116.404, 39.915], [116.410_244_499_169_38, 39.916_404_281_501_64], 1e-4),
            (
                Datum::Gcj02,
                [121.091_707_7, 30.610_777_9],
                [121.096_269_355_750_27, 30.608_604_331_756_705],
                0.02,
            ),
            (
                Datum::Bd09,
                [121.091_707_7, 30.610_777_9],
                [121.102_717_323_712_03, 30.614_845_721_850_35],
                0.02,
            ),
        ];
        for (datum, wgs84, shifted, most) in pairs {
            assert!(
                meters_between(datum.from_inside(wgs84), shifted) < most,
                "{datum:?}: {:?}",
                datum.from_inside(wgs84)
            );
            assert!(meters_between(datum.to_inside(shifted), wgs84) < most + 1e-3);
        }
        let baidu = bd09_of_gcj02([116.404, 39.915]);
        assert!(meters_between(baidu, [116.410_369_493_710_29, 39.921_336_993_510_21]) < 1e-4, "{baidu:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// There and back, anywhere in China but a hair from the edge of the box: far below a tenth of a metre.
        #[test]
        fn there_and_back(lon in 72.1_f64..137.7, lat in 0.9_f64..55.7) {
            for datum in Datum::DIFFERENT {
                let back = datum.to_inside(datum.from_inside([lon, lat]));
                prop_assert!(meters_between(back, [lon, lat]) < 0.001, "{datum:?}: {back:?}");
                let forth = datum.from_inside(datum.to_inside([lon, lat]));
                prop_assert!(meters_between(forth, [lon, lat]) < 0.001, "{datum:?}: {forth:?}");
            }
        }

        /// Outside China nothing is shifted.
        #[test]
        fn abroad_nothing_moves(lon in -180.0_f64..72.0, lat in -80.0_f64..80.0) {
            for datum in Datum::DIFFERENT {
                prop_assert_eq!(datum.from_inside([lon, lat]), [lon, lat]);
                prop_assert_eq!(datum.to_inside([lon, lat]), [lon, lat]);
            }
        }
    }
}
