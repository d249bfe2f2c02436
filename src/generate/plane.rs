//! Owns the flat plane of the site in metres, points of it, and micro-degrees.
//! Never knows areas: only points, rings and distances.

use super::math::sin_cos_turns;

/// A point of the plane, in metres from its origin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A place in millionths of a degree: (longitude, latitude). The unit of every coordinate we write.
pub(super) type Micro = (i64, i64);

/// A local projection, good to a few metres over a district.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    lon: f64,
    lat: f64,
    x_scale: f64,
    y_scale: f64,
}

impl Plane {
    /// The plane around this place.
    pub(super) fn around(lon: f64, lat: f64) -> Self {
        let (_, cos) = sin_cos_turns(lat / 360.0);
        Self { lon, lat, x_scale: 111_320.0 * cos, y_scale: 110_574.0 }
    }

    /// Degrees to metres.
    pub(super) fn point(&self, lon: f64, lat: f64) -> Point {
        Point { x: (lon - self.lon) * self.x_scale, y: (lat - self.lat) * self.y_scale }
    }

    /// Metres to micro-degrees.
    pub(super) fn micro(&self, point: Point) -> Micro {
        let degrees = |metres: f64, scale: f64, origin: f64| ((metres / scale + origin) * 1e6).round() as i64;
        (degrees(point.x, self.x_scale, self.lon), degrees(point.y, self.y_scale, self.lat))
    }

    /// Metres to degrees.
    pub(super) fn degrees(&self, point: Point) -> [f64; 2] {
        [point.x / self.x_scale + self.lon, point.y / self.y_scale + self.lat]
    }

    /// Micro-degrees to metres.
    pub(super) fn unmicro(&self, micro: Micro) -> Point {
        self.point(micro.0 as f64 / 1e6, micro.1 as f64 / 1e6)
    }
}

/// Twice the signed area of the triangle: positive when `c` lies left of the way from `a` to `b`.
pub(super) fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// The square of the distance.
pub(super) fn distance2(a: Point, b: Point) -> f64 {
    (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)
}

/// The square of the distance from `p` to the segment.
pub(super) fn segment_distance2(p: Point, a: Point, b: Point) -> f64 {
    let length2 = distance2(a, b);
    let t = if length2 > 0.0 {
        (((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    distance2(p, Point { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) })
}

/// The segments of closed rings (first point not repeated).
pub(super) fn segments(rings: &[Vec<Point>]) -> impl Iterator<Item = (Point, Point)> + '_ {
    rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| (*a, *b)))
}

/// Whether the point lies inside the rings (even-odd).
pub(super) fn inside(rings: &[Vec<Point>], p: Point) -> bool {
    let mut odd = false;
    for (a, b) in segments(rings) {
        if (a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x) {
            odd = !odd;
        }
    }
    odd
}

/// The signed area of a ring: positive counter-clockwise.
pub(super) fn ring_area(ring: &[Point]) -> f64 {
    segments(std::slice::from_ref(&ring.to_vec())).map(|(a, b)| a.x * b.y - b.x * a.y).sum::<f64>() / 2.0
}

/// Lowest and highest corner of a set of points.
pub(super) fn bounds<'a>(points: impl IntoIterator<Item = &'a Point>) -> (Point, Point) {
    let mut low = Point { x: f64::INFINITY, y: f64::INFINITY };
    let mut high = Point { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY };
    for p in points {
        low = Point { x: low.x.min(p.x), y: low.y.min(p.y) };
        high = Point { x: high.x.max(p.x), y: high.y.max(p.y) };
    }
    (low, high)
}

/// A point well inside the rings: the farthest from every edge, by successive refinement of a lattice.
pub(super) fn label_point(rings: &[Vec<Point>]) -> Point {
    let (low, high) = bounds(rings.iter().flatten());
    let mut centre = Point { x: f64::midpoint(low.x, high.x), y: f64::midpoint(low.y, high.y) };
    let mut half = ((high.x - low.x) / 2.0, (high.y - low.y) / 2.0);
    let mut best = (f64::NEG_INFINITY, centre);
    for _ in 0..4 {
        const STEPS: i32 = 8;
        for i in -STEPS..=STEPS {
            for j in -STEPS..=STEPS {
                let p = Point {
                    x: centre.x + half.0 * f64::from(i) / f64::from(STEPS),
                    y: centre.y + half.1 * f64::from(j) / f64::from(STEPS),
                };
                if !inside(rings, p) {
                    continue;
                }
                let room =
                    segments(rings).map(|(a, b)| segment_distance2(p, a, b)).fold(f64::INFINITY, f64::min);
                if room > best.0 {
                    best = (room, p);
                }
            }
        }
        centre = best.1;
        half = (half.0 / f64::from(STEPS) * 1.5, half.1 / f64::from(STEPS) * 1.5);
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_point_avoids_the_notch() {
        let p = |x, y| Point { x, y };
        // A U: its middle is outside.
        let u = vec![
            p(0.0, 0.0),
            p(9.0, 0.0),
            p(9.0, 9.0),
            p(6.0, 9.0),
            p(6.0, 3.0),
            p(3.0, 3.0),
            p(3.0, 9.0),
            p(0.0, 9.0),
        ];
        let rings = vec![u];
        let label = label_point(&rings);
        assert!(inside(&rings, label));
        assert!(ring_area(&rings[0]) > 0.0);
    }

    #[test]
    fn micro_degrees_return() {
        let plane = Plane::around(114.35, 22.69);
        for micro in [(114_300_001, 22_650_007), (114_440_453, 22_783_949)] {
            assert_eq!(plane.micro(plane.unmicro(micro)), micro);
        }
    }
}
