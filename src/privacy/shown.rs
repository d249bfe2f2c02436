//! The only form in which a figure leaves the engine. Owns what may be shown in place of a value; never computes one.

/// A figure after the door: what a person may see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// A value that may be shown.
    Value(f64),
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

/// Why a figure is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The count itself, its complement or its base is small.
    Primary,
    /// It could be subtracted from its siblings' total to find a small one.
    Secondary,
}

impl Shown {
    /// The value, where it may be shown.
    #[must_use]
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Value(v) => Some(v),
            _ => None,
        }
    }

    /// Whether it is hidden for protection.
    #[must_use]
    pub const fn is_suppressed(self) -> bool {
        matches!(self, Self::Suppressed { .. })
    }
}
