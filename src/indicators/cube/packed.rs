//! Cells as bytes and back. Owns what of them is written; lists that do not fit each other are refused.

use std::sync::Arc;

use super::super::packed::{Packer, Unpacker};
use super::{Calendar, Cell, Form, Lane, Present, Step};

impl Calendar {
    /// Writes the cells.
    pub(crate) fn pack(&self, out: &mut Packer) {
        out.byte(u8::from(self.step == Step::Month));
        out.byte(match self.form {
            Form::Full => 0,
            Form::Sums => 1,
            Form::Rows => 2,
        });
        out.signed(self.start.into());
        out.number(self.slots as u64);
        out.counts(self.present.iter().copied());
        out.number(self.lanes.len() as u64);
        for lane in &self.lanes {
            out.running_sums(&lane.sums);
            out.running_counts(&lane.rows);
        }
    }

    /// Reads cells.
    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let step = if from.byte()? == 0 { Step::Day } else { Step::Month };
        let form = match from.byte()? {
            0 => Form::Full,
            1 => Form::Sums,
            2 => Form::Rows,
            _ => return None,
        };
        let start = i32::try_from(from.signed()?).ok()?;
        let slots = usize::try_from(from.number()?).ok()?;
        let present = from.counts().filter(|present| present.len() == slots)?;
        let lanes = from.length()?;
        let lanes: Option<Vec<Arc<Lane>>> = (0..lanes)
            .map(|_| {
                let lane = Lane { sums: from.running_sums()?, rows: from.running_counts()? };
                let fits = |length: usize, is_kept: bool| length == if is_kept { slots + 1 } else { 0 };
                let is_whole = lane.is_empty()
                    || fits(lane.sums.len(), form != Form::Rows) && fits(lane.rows.len(), form != Form::Sums);
                is_whole.then(|| Arc::new(lane))
            })
            .collect();
        Some(Self { step, start, slots, lanes: lanes?, present, form })
    }

    /// The last place with a row in any area.
    pub(crate) fn last(&self) -> Option<i32> {
        self.newest(self.start.saturating_add(i32::try_from(self.slots).ok()?))
    }

    /// How many areas it has cells for.
    pub(crate) const fn areas(&self) -> usize {
        self.lanes.len()
    }
}

impl Present {
    /// Writes the cells.
    pub(crate) fn pack(&self, out: &mut Packer) {
        out.number(self.cells.len() as u64);
        for cell in &self.cells {
            out.real(cell.sum);
            out.number(cell.rows.into());
        }
    }

    /// Reads cells.
    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let cells = from.length()?;
        let cell = |_| Some(Cell { sum: from.real()?, rows: u32::try_from(from.number()?).ok()? });
        Some(Self { cells: (0..cells).map(cell).collect::<Option<_>>()? })
    }

    /// How many areas it has cells for.
    pub(crate) const fn areas(&self) -> usize {
        self.cells.len()
    }
}
