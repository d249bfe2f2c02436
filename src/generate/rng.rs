//! Owns chance: one stream of random numbers per table, and the laws drawn from it.
//! Never reads the clock or the machine: a stream is its seed and its name.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::math::{exp, ln};

/// A stream of random numbers.
pub(super) struct Stream {
    source: Xoshiro256PlusPlus,
}

impl Stream {
    /// The stream called `name` of the site with this seed.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a: streams of different tables must differ, nothing more.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self { source: Xoshiro256PlusPlus::seed_from_u64(hash) }
    }

    /// A number of [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.source.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number of [low, high).
    pub(super) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number of 0..n; 0 when n is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// A whole number of low..=high.
    pub(super) fn int(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// The standard normal law (Marsaglia's polar method).
    pub(super) fn normal(&mut self) -> f64 {
        loop {
            let u = self.range(-1.0, 1.0);
            let v = self.range(-1.0, 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * (-2.0 * ln(s) / s).sqrt();
            }
        }
    }

    /// The log-normal law with this median.
    pub(super) fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * exp(sigma * self.normal())
    }

    /// The Poisson law: exact, by products of uniforms in steps of at most 20.
    pub(super) fn poisson(&mut self, mean: f64) -> i64 {
        let mut left = mean.max(0.0);
        let mut count = 0;
        while left > 0.0 {
            let step = left.min(20.0);
            left -= step;
            let limit = exp(-step);
            let mut product = self.unit();
            while product > limit {
                count += 1;
                product *= self.unit();
            }
        }
        count
    }

    /// How many of `n` fall to an event of probability `p`: exact for small n, Poisson's law for rare events among many.
    pub(super) fn binomial(&mut self, n: i64, p: f64) -> i64 {
        if n <= 0 || p <= 0.0 {
            return 0;
        }
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if n <= 24 {
            return (0..n).filter(|_| self.chance(p)).count() as i64;
        }
        if p <= 0.1 {
            return self.poisson(n as f64 * p).min(n);
        }
        let mean = n as f64 * p;
        let spread = (mean * (1.0 - p)).sqrt();
        ((mean + spread * self.normal()).round() as i64).clamp(0, n)
    }
}

/// A wheel of fortune: an index in proportion to its weight.
pub(super) struct Wheel {
    upto: Vec<f64>,
}

impl Wheel {
    /// A wheel with these weights; negative weights count as zero.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut total = 0.0;
        let upto = weights
            .into_iter()
            .map(|weight| {
                total += weight.max(0.0);
                total
            })
            .collect();
        Self { upto }
    }

    /// Draws an index; 0 for an empty wheel.
    pub(super) fn spin(&self, stream: &mut Stream) -> usize {
        let total = self.upto.last().copied().unwrap_or(0.0);
        let at = stream.unit() * total;
        self.upto.partition_point(|upto| *upto <= at).min(self.upto.len().saturating_sub(1))
    }
}

/// Splits `total` over the weights in whole numbers that add up exactly (largest remainders).
pub(super) fn allocate(total: i64, weights: &[f64]) -> Vec<i64> {
    let sum: f64 = weights.iter().map(|weight| weight.max(0.0)).sum();
    if weights.is_empty() {
        return Vec::new();
    }
    let share = |weight: f64| {
        if sum > 0.0 { total as f64 * weight.max(0.0) / sum } else { total as f64 / weights.len() as f64 }
    };
    let mut parts: Vec<i64> = weights.iter().map(|weight| share(*weight).floor() as i64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let rest = |index: usize| share(weights[index]) - share(weights[index]).floor();
    order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)).then(a.cmp(b)));
    let missing = total - parts.iter().sum::<i64>();
    for step in 0..missing.max(0) as usize {
        parts[order[step % order.len()]] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_have_their_means() {
        let mut stream = Stream::new(7, "test");
        for mean in [0.3, 4.0, 55.0] {
            let n = 20_000;
            let total: i64 = (0..n).map(|_| stream.poisson(mean)).sum();
            let got = total as f64 / f64::from(n);
            assert!((got - mean).abs() < 5.0 * (mean / f64::from(n)).sqrt(), "{mean} {got}");
        }
        for (n, p) in [(2, 0.037), (10, 0.3), (500, 0.02), (500, 0.97), (500, 0.4)] {
            let draws = 40_000;
            let total: i64 = (0..draws).map(|_| stream.binomial(n, p)).sum();
            let error = total as f64 / f64::from(draws) - n as f64 * p;
            assert!(
                error.abs() < 5.0 * (n as f64 * p * (1.0 - p) / f64::from(draws)).sqrt(),
                "{n} {p} {error}"
            );
        }
    }

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |name: &str| Stream::new(1, name).unit();
        assert_eq!(draw("event").to_bits(), draw("event").to_bits());
        assert_ne!(draw("event").to_bits(), draw("hazard").to_bits());
    }

    proptest::proptest! {
        #[test]
        fn allocation_adds_up(total in 0i64..100_000, weights in proptest::collection::vec(0.0f64..9.0, 1..40)) {
            let parts = allocate(total, &weights);
            proptest::prop_assert_eq!(parts.iter().sum::<i64>(), total);
            proptest::prop_assert!(parts.iter().all(|part| *part >= 0));
        }
    }
}
