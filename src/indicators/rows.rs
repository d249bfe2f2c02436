//! Rows of one measure by day, for what cells cannot hold: numbers of a median, and numbers other than 1 and 0 within
//! their days. Owns their form; kept in shared days, so that a change copies one day and not the history.

use std::sync::Arc;

use super::by_day::{ByDay, Moment, PartOfDay};
use super::packed::{Packer, Unpacker};

/// One kept row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    /// Seconds since its day began.
    pub(crate) secs: u32,
    /// Where.
    pub(crate) area: u32,
    /// Its number.
    pub(crate) value: f64,
}

/// Rows while they load: by day, and those without an instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loading {
    days: ByDay<Vec<Row>>,
    undated: Vec<Row>,
}

impl Loading {
    /// Adds a row; without an instant it lies in no span of time, only in the present state.
    pub(crate) fn add(&mut self, at: Option<Moment>, area: u32, value: f64) {
        match at {
            Some(at) => {
                if let Some(rows) = self.days.reach(at.day) {
                    rows.push(Row { secs: at.secs, area, value });
                }
            }
            None => self.undated.push(Row { secs: 0, area, value }),
        }
    }

    /// Adds another thread's rows.
    pub(crate) fn extend(&mut self, more: Self) {
        self.days.extend(more.days);
        self.undated.extend(more.undated);
    }

    /// The rows by day, in their final form, and those without an instant.
    pub(crate) fn finish<T>(self, turn: impl Fn(Vec<Row>) -> T) -> (ByDay<T>, Vec<Row>) {
        let days = self.days.map(|mut rows| {
            rows.shrink_to_fit();
            turn(rows)
        });
        (days, self.undated)
    }
}

/// Rows by day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    days: ByDay<Arc<Vec<Row>>>,
}

impl Rows {
    /// Of loaded rows; those without an instant are counted elsewhere.
    pub(crate) fn new(loaded: Loading) -> Self {
        Self { days: loaded.finish(Arc::new).0 }
    }

    /// Writes the rows.
    pub(crate) fn pack(&self, out: &mut Packer) {
        self.days.pack(out, |rows, out| pack(rows, out));
    }

    /// Reads rows.
    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Some(Self { days: ByDay::unpack(from, |from| unpack(from).map(Arc::new))? })
    }

    /// Adds or takes back a row.
    pub(crate) fn change(&mut self, at: Moment, area: u32, value: f64, sign: i8) {
        if let Some(rows) = self.days.reach(at.day) {
            change(Arc::make_mut(rows), Row { secs: at.secs, area, value }, sign);
        }
    }

    /// The rows of a part of a day.
    pub(crate) fn part(&self, part: PartOfDay) -> impl Iterator<Item = &Row> {
        let rows = self.days.between(part.day, part.day).iter().flat_map(|rows| rows.iter());
        rows.filter(move |row| part.from <= row.secs && row.secs <= part.to)
    }
}

/// Writes a list of rows, column by column.
pub(super) fn pack(rows: &[Row], out: &mut Packer) {
    out.counts(rows.iter().map(|row| row.secs));
    out.counts(rows.iter().map(|row| row.area));
    let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
    out.running_sums(&values);
}

/// Reads a list of rows.
pub(super) fn unpack(from: &mut Unpacker<'_>) -> Option<Vec<Row>> {
    let (secs, areas, values) = (from.counts()?, from.counts()?, from.running_sums()?);
    let is_whole = secs.len() == areas.len() && areas.len() == values.len();
    let rows = secs.into_iter().zip(areas).zip(values);
    is_whole.then(|| rows.map(|((secs, area), value)| Row { secs, area, value }).collect())
}

/// Adds a row to a list in any order, or takes one that is the same back.
pub(super) fn change(rows: &mut Vec<Row>, row: Row, sign: i8) {
    if sign > 0 {
        rows.push(row);
    } else if let Some(place) = rows.iter().position(|known| *known == row) {
        rows.swap_remove(place);
    }
}
