//! The only form in which a figure leaves the engine. Owns what may be shown in place of a value; never computes one.

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

impl Shown {
    /// The value, where one may be shown; a coarse one too.
    #[must_use]
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) | Self::Coarse { value, .. } => Some(value),
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
}
