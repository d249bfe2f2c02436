//! What was known of figures earlier, beside what is known of them now. Owns which instants are set beside each other, and
//! what counts as the same; what may be told of the rest is the gate's.

use std::collections::HashMap;
use std::sync::Arc;

use crate::indicators::cube::At;
use crate::indicators::measure::MeasureUse;
use crate::privacy::known::Sides;
use crate::privacy::protect::{Owner, Protected, Raw};
use crate::snapshot::{Figures, SourceState};

use super::Engine;
use super::again::{Kept, Memory, same};
use super::pace::Pace;

impl Engine {
    /// Figures of an engine of [`super::build_known_at`], without what this engine's figures would give away of them.
    #[must_use]
    pub fn known_then(&self, then: &Self, at: At, sources: &[SourceState]) -> Figures {
        let mut memory = Memory::default();
        then.figures_by(&mut Kept::beside(&mut memory, self), at, sources)
    }

    /// A group of figures as `then` knew it. `alone`: what the gate sees of it, and what `then` shows of it by itself.
    pub(super) fn told_then(
        &self,
        then: &Self,
        group: usize,
        pace: &Pace,
        (raws, alone): (&[Arc<[Raw]>], Vec<(Owner, Vec<Protected>)>),
    ) -> Vec<(Owner, Vec<Protected>)> {
        // A window may end earlier as it was known then, where the newest rows had not arrived.
        let at = pace.told_at();
        let end = |used: &MeasureUse| then.end_of_use(*used, at);
        let ends: Vec<At> = self.gate.measured(group).iter().map(end).collect();
        let is_of_one_day = ends.windows(2).all(|pair| pair.iter().is_sorted_by(|a, b| a == b));
        let now = |used: MeasureUse, at: At, areas| self.raw_of(used, then.end_of_use(used, at), areas);
        if is_of_one_day && same(&then.raws_of_group(group, pace, now, &mut HashMap::new()), raws) {
            return alone;
        }
        let measured = self.gate.measured_then(group);
        let ends: Vec<At> = measured.iter().map(end).collect();
        let then_raws: Vec<Raw> = measured.iter().map(|used| then.raw(*used, at)).collect();
        let now_raws: Vec<Raw> =
            measured.iter().zip(&ends).map(|(used, end)| self.raw(*used, *end)).collect();
        // Most often all windows end alike.
        let mut looked: Vec<(At, Vec<(Owner, Vec<Protected>)>)> = Vec::new();
        for end in &ends {
            if !looked.iter().any(|(at, _)| at == end) {
                looked.push((*end, self.protect_group(group, *end)));
            }
        }
        let of_end =
            |end: &At| looked.iter().find(|(at, _)| at == end).map_or(&[][..], |(_, all)| all.as_slice());
        let shown: Vec<&[(Owner, Vec<Protected>)]> = ends.iter().map(of_end).collect();
        let is_silent = pace.is_silent();
        self.gate.protect_then(
            &self.site,
            group,
            &Sides { then: &then_raws, now: &now_raws, shown: &shown, is_silent },
        )
    }
}
