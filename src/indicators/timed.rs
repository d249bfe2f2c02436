//! Sums by instant: cells by day, and of the days that a span cuts the rows. Owns how both come together; exact to the
//! second for any span.

use super::by_day::{Moment, Span};
use super::cube::{Calendar, Cell, Present, RollUp};
use super::packed::{Packer, Unpacker};
use super::rows::Rows;
use super::within::{Code, Within};

/// Sums of one measure by instant.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    /// Whole days.
    pub(crate) days: Calendar,
    /// Rows without an instant: only in the present state.
    undated: Present,
    /// Where the rows that add 1 or 0 are kept, and the measure's place there.
    slot: Option<(usize, usize)>,
    /// Rows that add another number.
    others: Rows,
}

impl Timed {
    /// Of what was loaded.
    pub(crate) const fn new(
        days: Calendar,
        undated: Present,
        slot: Option<(usize, usize)>,
        others: Rows,
    ) -> Self {
        Self { days, undated, slot, others }
    }

    /// Writes the sums.
    pub(crate) fn pack(&self, out: &mut Packer) {
        self.days.pack(out);
        self.undated.pack(out);
        self.others.pack(out);
    }

    /// Reads sums of a measure whose place in [`Within`] is known.
    pub(crate) fn unpack(slot: Option<(usize, usize)>, from: &mut Unpacker<'_>) -> Option<Self> {
        let (days, undated) = (Calendar::unpack(from)?, Present::unpack(from)?);
        Some(Self { days, undated, slot, others: Rows::unpack(from)? })
    }

    /// Whether a number of this measure is kept by [`Within`] inside its day.
    pub(crate) fn code(slot: Option<(usize, usize)>, value: f64) -> Option<Code> {
        slot.and_then(|_| Code::of(value))
    }

    /// Adds or takes back a row; within its day only what [`Within`] does not keep.
    pub(crate) fn change(&mut self, roll_up: &RollUp, at: Option<Moment>, area: u32, value: f64, sign: i8) {
        let Some(at) = at else {
            self.undated.change(roll_up, area, value, sign);
            return;
        };
        self.days.change(roll_up, area, at.day, value, sign);
        if Self::code(self.slot, value).is_none() {
            self.others.change(at, area, value, sign);
        }
    }

    /// Sum and rows of a span per area, for the areas from `first` on that `out` has room for.
    pub(crate) fn add(
        &self,
        within: &[std::sync::Arc<Within>],
        roll_up: &RollUp,
        span: &Span,
        first: usize,
        out: &mut [Cell],
    ) {
        for (cell, area) in out.iter_mut().zip(first..) {
            let whole = self.days.span(area, span.days.0, span.days.1);
            let undated = if span.undated { self.undated.cell(area) } else { Cell::default() };
            cell.sum += whole.sum + undated.sum;
            cell.rows += whole.rows + undated.rows;
        }
        let mut note = |area: u32, value: f64| {
            for lane in roll_up.of(area) {
                if let Some(cell) = lane.checked_sub(first).and_then(|place| out.get_mut(place)) {
                    cell.sum += value;
                    cell.rows += 1;
                }
            }
        };
        for part in &span.parts {
            if let Some((within, slot)) = self.slot.and_then(|(place, slot)| Some((within.get(place)?, slot)))
            {
                within.each(*part, slot, &mut note);
            }
            self.others.part(*part).for_each(|row| note(row.area, row.value));
        }
    }
}
