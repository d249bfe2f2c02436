//! Which events are looked at: one kind, from a severity on, open or done, not older than. Owns the choice and what it
//! takes; the same for map, stream and counts.

use std::sync::Arc;

use crate::snapshot::{EpochSecs, EventPhase, EventView};

/// Ends of the classes of age, in seconds since an event began: an hour, a day, a week. What is older is the last class.
pub const AGES_SECS: [EpochSecs; 3] = [3600, 86_400, 604_800];

/// Open events, done ones, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phases {
    /// Open only.
    #[default]
    Open,
    /// Done only.
    Done,
    /// Both.
    All,
}

/// Which events are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventFilter {
    /// One kind, by its code; every kind where there is none.
    pub kind: Option<Arc<str>>,
    /// The least severity, 1 to 4.
    pub severity: u8,
    /// Open or done.
    pub phases: Phases,
    /// The oldest class of age: 0 to 2 as in [`AGES_SECS`], 3 for any age.
    pub age: u8,
}

impl Default for EventFilter {
    fn default() -> Self {
        Self { kind: None, severity: 1, phases: Phases::Open, age: 3 }
    }
}

impl EventFilter {
    /// Whether nothing was narrowed or widened.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the stream shows an event: it tells changes, so one that was closed just now is shown beside the open ones.
    #[must_use]
    pub fn takes_change(&self, event: &EventView, now_secs: EpochSecs) -> bool {
        (self.phases != Phases::Done || event.phase == EventPhase::Done)
            && self.kind.as_ref().is_none_or(|kind| *kind == event.kind)
            && event.severity >= self.severity
            && age_class(now_secs, event.opened_secs) <= self.age
    }

    /// Whether an event is looked at.
    #[must_use]
    pub fn takes(&self, event: &EventView, now_secs: EpochSecs) -> bool {
        let in_phase = match self.phases {
            Phases::All => true,
            Phases::Open => event.phase == EventPhase::Open,
            Phases::Done => event.phase == EventPhase::Done,
        };
        in_phase && self.takes_change(event, now_secs)
    }
}

/// Class of an event's age.
pub(super) fn age_class(now_secs: EpochSecs, opened_secs: EpochSecs) -> u8 {
    let age = now_secs - opened_secs;
    AGES_SECS.iter().filter(|end| age > **end).count() as u8
}

/// Whether an event is in the last class of age, which does not end.
pub(super) fn is_of_age(now_secs: EpochSecs, opened_secs: EpochSecs) -> bool {
    usize::from(age_class(now_secs, opened_secs)) >= AGES_SECS.len()
}

/// What an event is counted as: age (2 bits), open or done (1), severity less one (2), place of its kind (11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Combo(pub u16);

/// More kinds of objects than this cannot be told apart.
pub(super) const MOST_KINDS: usize = 1 << 11;

impl Combo {
    pub(super) const fn new(kind: u16, severity: u8, phase: EventPhase, age: u8) -> Self {
        let severity = if severity < 1 {
            0
        } else if severity > 4 {
            3
        } else {
            severity - 1
        };
        let done = matches!(phase, EventPhase::Done) as u16;
        Self((kind << 5) | ((severity as u16) << 3) | (done << 2) | (age & 3) as u16)
    }

    pub(super) const fn kind(self) -> u16 {
        self.0 >> 5
    }

    pub(super) const fn severity(self) -> u8 {
        (self.0 >> 3 & 3) as u8 + 1
    }

    pub(super) const fn is_open(self) -> bool {
        self.0 & 4 == 0
    }

    pub(super) const fn age(self) -> u8 {
        (self.0 & 3) as u8
    }

    /// How many classes of phase and severity there are.
    pub(super) const CLASSES: usize = 8;

    /// Its class of phase and severity.
    pub(super) const fn class(self) -> usize {
        (self.0 >> 2 & 7) as usize
    }

    /// Something of a class, of the first kind and young.
    pub(super) const fn of_class(class: u16) -> Self {
        Self((class & 7) << 2)
    }

    pub(super) const fn at_age(self, age: u8) -> Self {
        Self(self.0 & !3 | (age & 3) as u16)
    }
}

/// A filter against one list of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask {
    /// Place of the one kind; none for every kind.
    pub(super) kind: Option<u16>,
    /// Whether the one kind is none of the list.
    pub(super) nothing: bool,
    pub(super) severity: u8,
    pub(super) phases: Phases,
    pub(super) age: u8,
}

impl Mask {
    /// Whether it asks for phase and severity alone.
    pub(super) const fn is_by_class(self) -> bool {
        self.kind.is_none() && self.age as usize >= AGES_SECS.len()
    }

    pub(super) const fn takes(self, combo: Combo) -> bool {
        let of_kind = match self.kind {
            Some(kind) => kind == combo.kind(),
            None => true,
        };
        let in_phase = match self.phases {
            Phases::All => true,
            Phases::Open => combo.is_open(),
            Phases::Done => !combo.is_open(),
        };
        of_kind && !self.nothing && in_phase && combo.severity() >= self.severity && combo.age() <= self.age
    }
}
