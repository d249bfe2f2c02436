//! What each area inside an area adds to its change. Owns the decomposition, which always sums to the change; areas that
//! may not be shown exactly are together the rest, which is what the shown ones leave.
//!
//! Sources. Counts add up, so each area adds its own change. A rate R = Σ wᵢ rᵢ, with wᵢ an area's share of the base, is
//! split exactly (Kitagawa, Components of a difference between two rates, JASA 50, 1955): within an area
//! ½(wᵢ′ + wᵢ)(rᵢ′ − rᵢ), and by the mix ½(rᵢ′ + rᵢ − R′ − R)(wᵢ′ − wᵢ), where the mean rate is taken off so that an area
//! that grows counts for how far it stands from the whole; since shares sum to 1 the sum is the same.

use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::snapshot::Sides;

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
    /// How many areas are not shown exactly.
    pub not_shown: usize,
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
        let (change, mut parts) = if is_ratio {
            rates(scale, whole, areas)?
        } else {
            let own =
                |pair: &Pair| Some(scale * (exact(pair.now.numerator)? - exact(pair.before.numerator)?));
            let part =
                |(area, pair): &(AreaId, Pair)| Some(Part { area: *area, within: own(pair)?, mix: 0.0 });
            (own(&whole)?, areas.iter().filter_map(part).collect())
        };
        if parts.is_empty() {
            return None;
        }
        parts.sort_by(|a, b| b.total().abs().total_cmp(&a.total().abs()).then(a.area.cmp(&b.area)));
        let rest = change - parts.iter().map(Part::total).sum::<f64>();
        // What is left of sums of floating-point numbers is no rest.
        let noise = 1e-9 * parts.iter().map(|p| p.total().abs()).sum::<f64>().max(change.abs());
        let rest = if rest.abs() <= noise { 0.0 } else { rest };
        Some(Self { change, rest, not_shown: areas.len() - parts.len(), parts, is_split: is_ratio })
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

fn rates(scale: f64, whole: Pair, areas: &[(AreaId, Pair)]) -> Option<(f64, Vec<Part>)> {
    let ((n0, d0), (n1, d1)) = (counts(whole.before)?, counts(whole.now)?);
    let (rate0, rate1) = (n0 / d0, n1 / d1);
    let part = |(area, pair): &(AreaId, Pair)| {
        let ((a0, b0), (a1, b1)) = (counts(pair.before)?, counts(pair.now)?);
        let (weight0, weight1) = (b0 / d0, b1 / d1);
        let (own0, own1) = (a0 / b0, a1 / b1);
        let within = f64::midpoint(weight0, weight1) * (own1 - own0);
        let mix = (f64::midpoint(own0, own1) - f64::midpoint(rate0, rate1)) * (weight1 - weight0);
        Some(Part { area: *area, within: scale * within, mix: scale * mix })
    };
    Some((scale * (rate1 - rate0), areas.iter().filter_map(part).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::kind::Kind;
    use crate::privacy::shown::Why;
    use proptest::prelude::*;

    const HIDDEN: Shown = Shown::Suppressed { below: 5, why: Why::Secondary };

    fn nature(kind: Kind) -> Nature {
        Nature { kind, stride: Some(1), adds_up: true }
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
        assert_eq!((found.change, found.rest, found.not_shown), (30.0, 10.0, 2));
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
            prop_assert_eq!(found.parts.len() + found.not_shown, rows.len());
            if found.not_shown == 0 {
                prop_assert_eq!(found.rest, 0.0);
            }
        }
    }
}
