//! Owns where grid cells are centred: small cells in town, large ones in the hills.
//! Never draws borders.

use super::math::exp;
use super::plane::{Point, bounds, distance2, inside};
use super::rng::Stream;

/// Places that draw people, with the reach of each in metres and its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attractor {
    pub(super) at: Point,
    pub(super) reach: f64,
    pub(super) weight: f64,
}

/// How dense cells should be at a place.
fn density(attractors: &[Attractor], background: f64, p: Point) -> f64 {
    background
        + attractors
            .iter()
            .map(|a| a.weight * exp(-distance2(a.at, p) / (a.reach * a.reach)))
            .fold(0.0, f64::max)
}

/// `count` centres within the outline, evenly spread for the density (Lloyd's relaxation of a sample).
pub(super) fn relax(
    outline: &[Vec<Point>],
    attractors: &[Attractor],
    background: f64,
    count: usize,
    stream: &mut Stream,
) -> Vec<Point> {
    let (low, high) = bounds(outline.iter().flatten());
    let peak = background + attractors.iter().map(|a| a.weight).fold(0.0, f64::max);
    let wanted = count * 60;
    let mut sample = Vec::with_capacity(wanted);
    // An outline of no area, or far from every centre, must not keep us for ever.
    for _ in 0..wanted * 2000 {
        if sample.len() >= wanted {
            break;
        }
        let p = Point { x: stream.range(low.x, high.x), y: stream.range(low.y, high.y) };
        if stream.unit() * peak < density(attractors, background, p) && inside(outline, p) {
            sample.push(p);
        }
    }
    let mut centres: Vec<Point> = sample.iter().take(count).copied().collect();
    for _ in 0..24 {
        let mut sums = vec![(0.0, 0.0, 0.0); centres.len()];
        let nearest = Nearest::new(&centres);
        for p in &sample {
            if let Some(sum) = nearest.of(*p).and_then(|index| sums.get_mut(index)) {
                sum.0 += p.x;
                sum.1 += p.y;
                sum.2 += 1.0;
            }
        }
        for (centre, sum) in centres.iter_mut().zip(sums) {
            if sum.2 > 0.0 {
                *centre = Point { x: sum.0 / sum.2, y: sum.1 / sum.2 };
            }
        }
    }
    centres
}

/// The nearest of many points, found through a sort by x.
pub(super) struct Nearest {
    sorted: Vec<(Point, usize)>,
}

impl Nearest {
    pub(super) fn new(points: &[Point]) -> Self {
        let mut sorted: Vec<(Point, usize)> = points.iter().copied().zip(0..).collect();
        sorted.sort_by(|a, b| a.0.x.total_cmp(&b.0.x).then(a.1.cmp(&b.1)));
        Self { sorted }
    }

    /// Index of the nearest point.
    pub(super) fn of(&self, p: Point) -> Option<usize> {
        let start = self.sorted.partition_point(|(q, _)| q.x < p.x);
        let mut best: Option<(f64, usize)> = None;
        let better = |best: &Option<(f64, usize)>, d: f64, index: usize| best.is_none_or(|b| (d, index) < b);
        for (q, index) in self.sorted.iter().skip(start) {
            if best.is_some_and(|b| (q.x - p.x) * (q.x - p.x) > b.0) {
                break;
            }
            let d = distance2(*q, p);
            if better(&best, d, *index) {
                best = Some((d, *index));
            }
        }
        for (q, index) in self.sorted.iter().take(start).rev() {
            if best.is_some_and(|b| (q.x - p.x) * (q.x - p.x) > b.0) {
                break;
            }
            let d = distance2(*q, p);
            if better(&best, d, *index) {
                best = Some((d, *index));
            }
        }
        best.map(|b| b.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_nearest() {
        let mut stream = Stream::new(5, "nearest");
        let points: Vec<Point> =
            (0..300).map(|_| Point { x: stream.range(0.0, 99.0), y: stream.range(0.0, 99.0) }).collect();
        let nearest = Nearest::new(&points);
        for _ in 0..500 {
            let p = Point { x: stream.range(-9.0, 108.0), y: stream.range(-9.0, 108.0) };
            let brute = (0..points.len())
                .min_by(|a, b| distance2(p, points[*a]).total_cmp(&distance2(p, points[*b])));
            assert_eq!(nearest.of(p), brute);
        }
    }
}
