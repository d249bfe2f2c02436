//! What each area inside an area adds to its change. Owns the decomposition, which always sums to the change; areas that
//! may not be shown exactly are together the rest, which is what the shown ones leave.
//!
//! Sources. Counts add up, so each area adds its own change. A rate R = Σ wᵢ rᵢ, with wᵢ an area's share of the base, is
//! split exactly (Kitagawa, Components of a difference between two rates, JASA 50, 1955): within an area
//! ½(wᵢ′ + wᵢ)(rᵢ′ − rᵢ), and by the mix ½(rᵢ′ + rᵢ − R′ − R)(wᵢ′ − wᵢ), where the mean rate is taken off so that an area
//! that grows counts for how far it stands from the whole; since shares sum to 1 the sum is the same.

use crate::privacy::figures::roughly;
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::snapshot::Sides;

use super::change::{difference, less, spread};
use super::kind::Nature;

/// What one area adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Area.
    pub area: AreaId,
    /// Because its own figure changed.
    pub within: f64,
    /// Because its share of the whole changed; 0 for counts.
    pub mix: f64,
}

impl Part {
    /// Both together.
    #[must_use]
    pub const fn total(&self) -> f64 {
        self.within + self.mix
    }
}

/// A change and its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The change of the whole, on the figure's scale.
    pub change: f64,
    /// What each area adds whose figures may be shown exactly, largest first.
    pub parts: Vec<Part>,
    /// What the areas that are not shown add together, or what belongs to no area inside.
    pub rest: f64,
    /// Areas that are not shown exactly, and what may be told of what they add: about so much, hidden, no data. All of
    /// it is in the rest.
    pub apart: Vec<(AreaId, Shown)>,
    /// Whether it is split within areas and by mix.
    pub is_split: bool,
}

/// One area before and now.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Before.
    pub before: Sides,
    /// Now.
    pub now: Sides,
}

impl Contribution {
    /// The parts of a change. `None` where areas do not add up to the figure, or the whole is not shown exactly.
    #[must_use]
    pub fn new(
        nature: Nature,
        scale: f64,
        is_ratio: bool,
        whole: Pair,
        areas: &[(AreaId, Pair)],
    ) -> Option<Self> {
        if !nature.adds_up || areas.is_empty() {
            return None;
        }
        let own = |pair: &Pair| Some(scale * (exact(pair.now.numerator)? - exact(pair.before.numerator)?));
        let rates = if is_ratio { Some(Rates::of(scale, whole)?) } else { None };
        let change = rates.map_or_else(|| own(&whole), |rates| Some(rates.change()))?;
        let (mut parts, mut apart) = (Vec::new(), Vec::new());
        for (area, pair) in areas {
            let part = match rates {
                Some(rates) => rates.part(*area, pair),
                None => own(pair).map(|within| Part { area: *area, within, mix: 0.0 }),
            };
            match (part, rates) {
                (Some(part), _) => parts.push(part),
                (None, Some(rates)) => apart.push((*area, rates.roughly(pair))),
                (None, None) => apart.push((*area, difference(pair.now.value, pair.before.value))),
            }
        }
        if parts.is_empty() {
            return None;
        }
        parts.sort_by(|a, b| b.total().abs().total_cmp(&a.total().abs()).then(a.area.cmp(&b.area)));
        let rest = change - parts.iter().map(Part::total).sum::<f64>();
        // What is left of sums of floating-point numbers is no rest.
        let noise = 1e-9 * parts.iter().map(|p| p.total().abs()).sum::<f64>().max(change.abs());
        let rest = if rest.abs() <= noise { 0.0 } else { rest };
        Some(Self { change, rest, apart, parts, is_split: is_ratio })
    }
}

fn exact(shown: Shown) -> Option<f64> {
    if let Shown::Value(value) = shown { Some(value) } else { None }
}

/// Count and base, where both may be shown exactly.
fn counts(sides: Sides) -> Option<(f64, f64)> {
    let base = exact(sides.denominator).filter(|base| *base > 0.0)?;
    Some((exact(sides.numerator)?, base))
}

/// A change of a ratio, by count and base of the whole before and now.
#[derive(Clone, Copy)]
struct Rates {
    scale: f64,
    before: (f64, f64),
    now: (f64, f64),
}

impl Rates {
    fn of(scale: f64, whole: Pair) -> Option<Self> {
        Some(Self { scale, before: counts(whole.before)?, now: counts(whole.now)? })
    }

    fn change(&self) -> f64 {
        self.scale * (self.now.0 / self.now.1 - self.before.0 / self.before.1)
    }

    /// Within and by the mix, of an area's count and base before and now.
    fn split(&self, (a0, b0): (f64, f64), (a1, b1): (f64, f64)) -> (f64, f64) {
        let ((n0, d0), (n1, d1)) = (self.before, self.now);
        let (weight0, weight1) = (b0 / d0, b1 / d1);
        let (own0, own1) = (a0 / b0, a1 / b1);
        let within = f64::midpoint(weight0, weight1) * (own1 - own0);
        let mix = (f64::midpoint(own0, own1) - f64::midpoint(n0 / d0, n1 / d1)) * (weight1 - weight0);
        (self.scale * within, self.scale * mix)
    }

    fn part(&self, area: AreaId, pair: &Pair) -> Option<Part> {
        let (within, mix) = self.split(counts(pair.before)?, counts(pair.now)?);
        Some(Part { area, within, mix })
    }

    /// What an area adds whose counts are told only roughly: of the middles, and as far off as their ends say.
    fn roughly(&self, pair: &Pair) -> Shown {
        let sides =
            [pair.before.numerator, pair.before.denominator, pair.now.numerator, pair.now.denominator];
        let [Some(a0), Some(b0), Some(a1), Some(b1)] = sides.map(spread) else {
            return sides.into_iter().fold(Shown::Missing, less);
        };
        if [b0, b1].iter().any(|(middle, half)| middle - half <= 0.0) {
            return Shown::Missing;
        }
        let total = |(within, mix): (f64, f64)| within + mix;
        let middle = total(self.split((a0.0, b0.0), (a1.0, b1.0)));
        let ends = |(middle, half): (f64, f64)| [middle - half, middle + half];
        let mut off = 0.0_f64;
        for a0 in ends(a0) {
            for b0 in ends(b0) {
                for a1 in ends(a1) {
                    for b1 in ends(b1) {
                        off = off.max((total(self.split((a0, b0), (a1, b1))) - middle).abs());
                    }
                }
            }
        }
        roughly(middle, off)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "where nothing is left out the rest is set, not worked out")]

    use super::*;
    use crate::derived::kind::Kind;
    use crate::privacy::shown::{Told, Why};
    use proptest::prelude::*;

    const HIDDEN: Shown = Shown::Suppressed { below: 5, why: Why::Secondary };

    fn nature(kind: Kind) -> Nature {
        Nature { kind, stride: Some(1), days: 1, adds_up: true }
    }

    fn sides(count: f64, base: f64) -> Sides {
        Sides {
            value: Shown::Value(if base > 0.0 { count / base } else { count }),
            numerator: Shown::Value(count),
            denominator: if base > 0.0 { Shown::Value(base) } else { Shown::Missing },
        }
    }

    fn hidden() -> Sides {
        Sides { value: HIDDEN, numerator: HIDDEN, denominator: HIDDEN }
    }

    /// Das Gupta, Standardization and Decomposition of Rates: A User's Manual (U.S. Bureau of the Census, P23-186,
    /// 1993), the two-factor form that equals Kitagawa's: by hand for two groups. Rates 0.10 and 0.30 with shares 0.5
    /// and 0.5 become 0.12 and 0.28 with 0.4 and 0.6: from 0.200 to 0.216. Within: 0.45 × 0.02 − 0.55 × 0.02 = −0.002.
    /// Mix: −0.1 × 0.11 + 0.1 × 0.29 = 0.018.
    #[test]
    fn a_rate_is_split_as_by_hand() {
        let whole = Pair { before: sides(200.0, 1000.0), now: sides(216.0, 1000.0) };
        let areas = [
            (AreaId(1), Pair { before: sides(50.0, 500.0), now: sides(48.0, 400.0) }),
            (AreaId(2), Pair { before: sides(150.0, 500.0), now: sides(168.0, 600.0) }),
        ];
        let found = Contribution::new(nature(Kind::Share), 1.0, true, whole, &areas).unwrap();
        let sum = |f: &dyn Fn(&Part) -> f64| found.parts.iter().map(f).sum::<f64>();
        assert!((found.change - 0.016).abs() < 1e-12 && found.rest == 0.0);
        assert!((sum(&|p| p.within) + 0.002).abs() < 1e-12);
        assert!((sum(&|p| p.mix) - 0.018).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_shown_is_the_rest() {
        let whole = Pair { before: sides(100.0, 0.0), now: sides(130.0, 0.0) };
        let areas = [
            (AreaId(1), Pair { before: sides(40.0, 0.0), now: sides(60.0, 0.0) }),
            (AreaId(2), Pair { before: hidden(), now: sides(50.0, 0.0) }),
            (AreaId(3), Pair { before: hidden(), now: hidden() }),
        ];
        let found = Contribution::new(nature(Kind::Count), 1.0, false, whole, &areas).unwrap();
        assert_eq!((found.change, found.rest), (30.0, 10.0));
        assert_eq!(found.apart, [(AreaId(2), HIDDEN), (AreaId(3), HIDDEN)]);
        assert_eq!(found.parts, [Part { area: AreaId(1), within: 20.0, mix: 0.0 }]);
        let unseen = Pair { before: hidden(), now: sides(130.0, 0.0) };
        assert_eq!(Contribution::new(nature(Kind::Count), 1.0, false, unseen, &areas), None);
    }

    proptest! {
        #[test]
        fn parts_and_rest_sum_to_the_change(
            rows in prop::collection::vec((1..500_u32, 0..500_u32, 1..500_u32, 0..500_u32, any::<bool>()), 1..12),
            ratio in any::<bool>(),
        ) {
            let base = |n: u32| if ratio { f64::from(n) } else { 0.0 };
            let pairs: Vec<(AreaId, Pair)> = rows
                .iter()
                .zip(1..)
                .map(|((b0, n0, b1, n1, shown), id)| {
                    let now = sides(f64::from(*n1), base(*b1));
                    let now = if *shown { now } else { hidden() };
                    (AreaId(id), Pair { before: sides(f64::from(*n0), base(*b0)), now })
                })
                .collect();
            let total = |f: &dyn Fn(&(u32, u32, u32, u32, bool)) -> u32| rows.iter().map(f).sum::<u32>();
            let whole = Pair {
                before: sides(f64::from(total(&|r| r.1)), base(total(&|r| r.0))),
                now: sides(f64::from(total(&|r| r.3)), base(total(&|r| r.2))),
            };
            let Some(found) = Contribution::new(nature(Kind::Share), 100.0, ratio, whole, &pairs) else {
                prop_assert!(rows.iter().all(|r| !r.4));
                return Ok(());
            };
            let sum: f64 = found.parts.iter().map(Part::total).sum::<f64>() + found.rest;
            prop_assert!((sum - found.change).abs() < 1e-9 * (1.0 + found.change.abs()));
            prop_assert_eq!(found.parts.len() + found.apart.len(), rows.len());
            prop_assert!(found.apart.iter().all(|(_, told)| *told == HIDDEN));
            if found.apart.is_empty() {
                prop_assert_eq!(found.rest, 0.0);
            }
        }

        /// Whatever the true counts behind the steps, what an area adds is as near as it is told.
        #[test]
        fn a_rough_part_holds_the_true_one(
            counts in prop::array::uniform4(0..900_u32), bases in prop::array::uniform4(20..900_u32),
            step in 1..20_u32, ratio in any::<bool>(),
        ) {
            let coarse = |n: u32| Shown::Coarse {
                value: f64::from(n / step * step), step: f64::from(step), told: Told::AtLeast,
            };
            let base = |at: usize| f64::from(bases[at]);
            let rough = |at: usize| {
                let count = coarse(counts[at]);
                let denominator = if ratio { Shown::Value(base(at)) } else { Shown::Missing };
                Sides { value: count, numerator: count, denominator }
            };
            let exact = |at: usize| sides(f64::from(counts[at]), if ratio { base(at) } else { 0.0 });
            let both = |at: usize, other: usize| {
                let base = if ratio { base(at) + base(other) } else { 0.0 };
                sides(f64::from(counts[at] + counts[other]), base)
            };
            let whole = Pair { before: both(0, 1), now: both(2, 3) };
            let seen = (AreaId(1), Pair { before: exact(0), now: exact(2) });
            let of = |second: Pair| {
                let areas = [seen, (AreaId(2), second)];
                Contribution::new(nature(Kind::Share), 1.0, ratio, whole, &areas).unwrap()
            };
            let told = of(Pair { before: rough(1), now: rough(3) });
            let truth = of(Pair { before: exact(1), now: exact(3) });
            let part = truth.parts.iter().find(|p| p.area == AreaId(2)).unwrap().total();
            let [(_, Shown::Coarse { value, step, told: Told::About })] = told.apart.as_slice() else {
                return Err(TestCaseError::fail("not coarse"));
            };
            // Half a step of rounding beside what the counts leave open.
            prop_assert!((value - part).abs() <= step * 1.5 + 1e-9, "{value} to {step}, not {part}");
        }
    }
}
