//! Cells of lane × place while a table loads. Owns their memory, which is most of what loading takes: numbers of rows
//! alone where each row adds 1, sums alone where the absence of rows means nothing.

use crate::indicators::cube::{Form, LaneCells};
use crate::indicators::eval::Contributions;

use super::places::{Axis, Places};

/// Cells of lane × slot of an axis.
pub(super) struct Grid {
    form: Form,
    sums: Vec<f64>,
    rows: Vec<u32>,
}

impl Grid {
    pub(super) const fn new(form: Form) -> Self {
        Self { form, sums: Vec::new(), rows: Vec::new() }
    }

    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Adds one row to a cell; a cell that does not exist is none.
    pub(super) fn note(&mut self, cell: u32, value: f64) {
        if self.form != Form::Rows
            && let Some(sum) = self.sums.get_mut(cell as usize)
        {
            *sum += value;
        }
        if self.form != Form::Sums
            && let Some(rows) = self.rows.get_mut(cell as usize)
        {
            *rows += 1;
        }
    }

    /// The same for all rows that count.
    pub(super) fn note_all(&mut self, rows: &Contributions, places: &Places) {
        let Self { form, sums, rows: counts } = self;
        let mut add = |row: usize, value: f64| {
            sums.get_mut(places.cell(row) as usize).into_iter().for_each(|sum| *sum += value);
        };
        let mut count = |row: usize| {
            counts.get_mut(places.cell(row) as usize).into_iter().for_each(|count| *count += 1);
        };
        match form {
            Form::Rows => rows.each(|row, _| count(row)),
            Form::Sums => rows.each(add),
            Form::Full => rows.each(|row, value| {
                add(row, value);
                count(row);
            }),
        }
    }

    /// Makes room for lanes behind those there are.
    pub(super) fn resize(&mut self, cells: usize) {
        if self.form != Form::Rows {
            self.sums.resize(cells, 0.0);
        }
        if self.form != Form::Sums {
            self.rows.resize(cells, 0);
        }
    }

    /// Gives cells their places again: so many lanes of an axis that begins earlier and is longer.
    pub(super) fn lay_out(&mut self, lanes: usize, known: &Axis, (start, slots): (i32, usize)) {
        let offset = usize::try_from(known.start - start).unwrap_or(0);
        if self.form != Form::Rows {
            self.sums = moved(&self.sums, lanes, known.slots, offset, slots);
        }
        if self.form != Form::Sums {
            self.rows = moved(&self.rows, lanes, known.slots, offset, slots);
        }
    }

    /// Adds another thread's cells; `lanes` says where its lanes are here.
    pub(super) fn add(&mut self, theirs: &Self, lanes: &[u32], to: Option<&Axis>, from: Option<&Axis>) {
        let (Some(to), Some(from)) = (to, from.filter(|axis| axis.slots > 0)) else { return };
        let offset = usize::try_from(from.start - to.start).unwrap_or(0);
        for (place, lane) in lanes.iter().enumerate() {
            let cells = theirs.lane(place, from.slots);
            let first = *lane as usize * to.slots + offset;
            self.sums.iter_mut().skip(first).zip(cells.sums).for_each(|(mine, cell)| *mine += cell);
            self.rows.iter_mut().skip(first).zip(cells.rows).for_each(|(mine, cell)| *mine += cell);
        }
    }

    /// The cells of a lane.
    pub(super) fn lane(&self, lane: usize, slots: usize) -> LaneCells<'_> {
        let cells = lane * slots..(lane + 1) * slots;
        LaneCells {
            sums: self.sums.get(cells.clone()).unwrap_or(&[]),
            rows: self.rows.get(cells).unwrap_or(&[]),
        }
    }
}

fn moved<T: Copy + Default>(cells: &[T], lanes: usize, known: usize, offset: usize, slots: usize) -> Vec<T> {
    let mut moved = vec![T::default(); lanes * slots];
    if known > 0 {
        for (from, to) in cells.chunks_exact(known).zip(moved.chunks_exact_mut(slots)) {
            to.iter_mut().skip(offset).zip(from).for_each(|(to, from)| *to = *from);
        }
    }
    moved
}
