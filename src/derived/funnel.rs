//! Funnel limits: areas of different size compared fairly, so that a small area is not called out for chance. Owns the
//! limits and where each area stands; draws nothing.
//!
//! Source: Spiegelhalter, Funnel plots for comparing institutional performance, Statistics in Medicine 24 (2005). Exact
//! binomial limits for shares and Poisson limits for rates at 95 % and 99.8 %, interpolated between whole counts
//! (appendix A.1.1). Where areas differ by more than chance (chi-square test at 5 % over winsorised z-scores), the limits
//! widen by the square root of that over-dispersion (section 4, multiplicative form); a tenth of the areas at each end,
//! at least one, is drawn in before it is estimated, so that those who stand out do not hide themselves.

use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::snapshot::Sides;

use super::chance::{Law, chi_square_tail, normal_quantile};
use super::kind::{Kind, Nature};

/// Fewest areas that are compared.
const LEAST_AREAS: usize = 3;

/// Fewest areas that say whether all differ by more than chance.
const LEAST_FOR_DISPERSION: usize = 5;

/// How sure a limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// About two standard deviations: one area in twenty stands outside by chance.
    Warning,
    /// About three: two areas in a thousand.
    Action,
}

impl Level {
    /// Chance below the lower limit, and above the upper one.
    const fn tail(self) -> f64 {
        match self {
            Self::Warning => 0.025,
            Self::Action => 0.001,
        }
    }
}

/// Where an area stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Within what chance explains.
    Inside,
    /// Outside the 95 % limits.
    Outside95 {
        /// Above the mean.
        up: bool,
    },
    /// Outside the 99.8 % limits.
    Outside998 {
        /// Above the mean.
        up: bool,
    },
}

/// One area of a funnel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Area.
    pub area: AreaId,
    /// Its size: the denominator.
    pub base: f64,
    /// Its value, on the figure's scale.
    pub value: f64,
    /// Where it stands.
    pub place: Place,
}

/// An area that is told only roughly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rough {
    /// Area.
    pub area: AreaId,
    /// Its size, as it is told.
    pub base: Shown,
    /// Its value, as it is told, on the figure's scale.
    pub value: Shown,
}

/// Limits over a range of sizes, for drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Size.
    pub base: f64,
    /// Lower and upper limit at 95 %, on the figure's scale.
    pub warning: (f64, f64),
    /// The same at 99.8 %.
    pub action: (f64, f64),
}

/// A funnel over the areas inside an area.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// The value of all together, on the figure's scale.
    pub center: f64,
    /// Shares vary binomially, rates by Poisson's law.
    pub kind: Kind,
    /// How much more the areas differ than chance, as a factor on the variance; 1 where no more.
    pub dispersion: f64,
    /// The areas whose figures may be shown exactly, smallest first.
    pub spots: Vec<Spot>,
    /// Areas that can be drawn though their value or size is told only roughly; where they stand is not judged.
    pub rough: Vec<Rough>,
    /// How many areas are not judged: hidden, told only roughly, or without data.
    pub left_out: usize,
    scale: f64,
}

impl Funnel {
    /// The funnel of some areas around what holds them all. `None` where the figure is no share or rate, or too few
    /// areas may be shown, or what holds them all may not and too few of them are exact.
    #[must_use]
    pub fn new(nature: Nature, scale: f64, whole: Sides, areas: &[(AreaId, Sides)]) -> Option<Self> {
        if !matches!(nature.kind, Kind::Share | Kind::Rate) {
            return None;
        }
        let exact = |sides: Sides| match (sides.value, sides.numerator, sides.denominator) {
            (Shown::Value(value), Shown::Value(count), Shown::Value(base)) if base > 0.0 && count >= 0.0 => {
                Some((value, count, base)).filter(|_| nature.kind == Kind::Rate || count <= base)
            }
            _ => None,
        };
        let mut spots: Vec<Spot> = areas
            .iter()
            .filter_map(|(area, sides)| {
                let (value, _, base) = exact(*sides)?;
                Some(Spot { area: *area, base, value, place: Place::Inside })
            })
            .collect();
        let is_spot = |area: AreaId| spots.iter().any(|s| s.area == area);
        let is_drawn = |sides: &Sides| {
            sides.value.is_seen() && sides.denominator.range().is_some_and(|(least, _)| least > 0.0)
        };
        let rough: Vec<Rough> = areas
            .iter()
            .filter(|(area, sides)| !is_spot(*area) && is_drawn(sides))
            .map(|(area, sides)| Rough { area: *area, base: sides.denominator, value: sides.value })
            .collect();
        let whole = exact(whole);
        let compared = if whole.is_some() { spots.len() + rough.len() } else { spots.len() };
        if compared < LEAST_AREAS {
            return None;
        }
        spots.sort_by(|a, b| a.base.total_cmp(&b.base));
        // What holds them all, where it may be shown; else the shown ones together.
        let (count, base) = whole.map_or_else(
            || spots.iter().fold((0.0, 0.0), |(n, d), s| (n + s.value * s.base / scale, d + s.base)),
            |(_, count, base)| (count, base),
        );
        let mut funnel = Self {
            center: scale * count / base,
            kind: nature.kind,
            dispersion: 1.0,
            left_out: areas.len() - spots.len(),
            spots,
            rough,
            scale,
        };
        if funnel.law(base).deviation() <= 0.0 {
            return None;
        }
        funnel.dispersion = funnel.over_dispersion();
        let places: Vec<Place> = funnel.spots.iter().map(|s| funnel.place(s.value, s.base)).collect();
        funnel.spots.iter_mut().zip(places).for_each(|(spot, place)| spot.place = place);
        Some(funnel)
    }

    /// Where an area stands; none for one that is left out.
    #[must_use]
    pub fn place_of(&self, area: AreaId) -> Option<Place> {
        self.spots.iter().find(|s| s.area == area).map(|s| s.place)
    }

    /// How many areas stand outside the 95 % limits.
    #[must_use]
    pub fn outside(&self) -> usize {
        self.spots.iter().filter(|s| s.place != Place::Inside).count()
    }

    /// Lower and upper limit for an area of a size, on the figure's scale.
    #[must_use]
    pub fn limits(&self, base: f64, level: Level) -> (f64, f64) {
        let law = self.law(base);
        let (low, high) = if self.dispersion > 1.0 {
            let half = normal_quantile(1.0 - level.tail()) * (self.dispersion).sqrt() * law.deviation();
            (law.mean() - half, law.mean() + half)
        } else {
            (law.smooth_quantile(level.tail()), law.smooth_quantile(1.0 - level.tail()))
        };
        let most = if self.kind == Kind::Share { base } else { f64::INFINITY };
        let on_scale = |count: f64| self.scale * count.clamp(0.0, most) / base;
        (on_scale(low), on_scale(high))
    }

    /// The limits at so many sizes from one to another, evenly spaced.
    #[must_use]
    pub fn curve(&self, from: f64, to: f64, steps: u32) -> Vec<Curve> {
        let steps = steps.max(1);
        (0..=steps)
            .map(|step| {
                let base = from + (to - from) * f64::from(step) / f64::from(steps);
                // A part is of a whole number; between them the limits would jump.
                let base = if self.kind == Kind::Share { base.round().max(1.0) } else { base };
                let (warning, action) = (self.limits(base, Level::Warning), self.limits(base, Level::Action));
                Curve { base, warning, action }
            })
            .collect()
    }

    fn law(&self, base: f64) -> Law {
        let mean = self.center / self.scale;
        match self.kind {
            Kind::Share => Law::Binomial { of: base.round(), chance: mean.clamp(0.0, 1.0) },
            _ => Law::Poisson { mean: mean * base },
        }
    }

    fn place(&self, value: f64, base: f64) -> Place {
        let up = value > self.center;
        let law = self.law(base);
        let count = (value / self.scale * base).round();
        let is_outside = |level: Level| {
            if self.dispersion > 1.0 {
                let (low, high) = self.limits(base, level);
                // A value on the limit is inside, also after rounding.
                let slack = 1e-9 * self.center.abs();
                return value < low - slack || value > high + slack;
            }
            // By the chance of so few, or so many, itself counted in: limits between whole counts would put an area with
            // all of a few outside, though nothing is more likely.
            let chance = if up { 1.0 - law.at_most(count - 1.0) } else { law.at_most(count) };
            chance < level.tail()
        };
        if is_outside(Level::Action) {
            Place::Outside998 { up }
        } else if is_outside(Level::Warning) {
            Place::Outside95 { up }
        } else {
            Place::Inside
        }
    }

    fn over_dispersion(&self) -> f64 {
        let many = self.spots.len();
        if many < LEAST_FOR_DISPERSION {
            return 1.0;
        }
        let mut scores: Vec<f64> = self
            .spots
            .iter()
            .map(|spot| {
                let law = self.law(spot.base);
                (spot.value / self.scale * spot.base - law.mean()) / law.deviation()
            })
            .collect();
        scores.sort_by(f64::total_cmp);
        let drawn_in = (many / 10).max(1);
        let (Some(low), Some(high)) =
            (scores.get(drawn_in).copied(), scores.get(many - 1 - drawn_in).copied())
        else {
            return 1.0;
        };
        let (n, squares) =
            scores.iter().map(|z| z.clamp(low, high)).fold((0.0, 0.0), |(n, sum), z| (n + 1.0, sum + z * z));
        let factor = squares / n;
        if factor > 1.0 && chi_square_tail(squares, n) < 0.05 { factor } else { 1.0 }
    }
}
