//! The only form in which a figure leaves the engine. Owns what may be shown in place of a value; never computes one.

use std::cmp::Ordering;

/// A figure after the gate: what a person may see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// A value that may be shown as it is.
    Value(f64),
    /// A value told only as exactly as protection allows.
    Coarse {
        /// What is shown.
        value: f64,
        /// Distance of two values that can be told apart.
        step: f64,
        /// How `value` stands to the true one.
        told: Told,
    },
    /// Hidden because it is small, or because it would give a small one away.
    Suppressed {
        /// The threshold: shown as `<10`.
        below: u32,
        /// Why.
        why: Why,
    },
    /// No value: not reported, nothing to divide by. A gap, never 0.
    Missing,
    /// Never shown at this level of area.
    TooFine,
    /// Not told yet: changes that it counts are being read. Neither a gap nor 0.
    Unread,
}

/// How a coarse value stands to the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The true value is at least this: a count that goes up in steps.
    AtLeast,
    /// The true value is about this: rounded to the nearest step.
    About,
}

impl Told {
    /// The sign before the number.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::AtLeast => '≥',
            Self::About => '≈',
        }
    }
}

/// Why a figure is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The count itself, its complement or its base is small.
    Primary,
    /// Small ones could be worked out from it. It says nothing about its own size.
    Secondary,
}

/// A place on a scale. It can be drawn and compared; it cannot be printed, added or divided, since a coarse figure has
/// left its sign behind here.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct ScalePoint(f64);

impl ScalePoint {
    /// The number on the axis, for lengths, colours and the ends of a scale only; where it may be asked for is held
    /// by a test.
    #[must_use]
    pub const fn on_axis(self) -> f64 {
        self.0
    }

    /// The order of two places.
    #[must_use]
    pub fn order(self, other: Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Shown {
    /// The value, where it is told exactly: what sums and differences may be made of.
    #[must_use]
    pub const fn exact(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Where a drawing puts it, exact or coarse.
    #[must_use]
    pub const fn point(self) -> Option<ScalePoint> {
        match self {
            Self::Value(value) | Self::Coarse { value, .. } => Some(ScalePoint(value)),
            _ => None,
        }
    }

    /// Whether a number is shown, exact or coarse.
    #[must_use]
    pub const fn is_seen(self) -> bool {
        matches!(self, Self::Value(_) | Self::Coarse { .. })
    }

    /// Least and greatest value that it may stand for; no end above for "at least".
    #[must_use]
    pub fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Value(value) => Some((value, value)),
            Self::Coarse { value, told: Told::AtLeast, .. } => Some((value, f64::INFINITY)),
            Self::Coarse { value, step, told: Told::About } => Some((value - step / 2.0, value + step / 2.0)),
            _ => None,
        }
    }

    /// Whether it is hidden for protection.
    #[must_use]
    pub const fn is_suppressed(self) -> bool {
        matches!(self, Self::Suppressed { .. })
    }

    /// How a value is told that is not told exactly.
    #[must_use]
    pub const fn told(self) -> Option<Told> {
        match self {
            Self::Coarse { told, .. } => Some(told),
            _ => None,
        }
    }

    /// Distance of two values that can be told apart, where it is coarse.
    #[must_use]
    pub const fn step(self) -> Option<f64> {
        match self {
            Self::Coarse { step, .. } => Some(step),
            _ => None,
        }
    }

    /// The number as it is told, for the gate itself.
    pub(super) const fn told_value(self) -> Option<f64> {
        match self.point() {
            Some(point) => Some(point.0),
            None => None,
        }
    }
}
