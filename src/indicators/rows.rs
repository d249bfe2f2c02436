//! Rows of one measure by day, for what cells cannot hold: numbers of a median, and numbers other than 1 and 0 within
//! their days. Owns their form; kept in shared days, so that a change copies one day and not the history.

use std::sync::Arc;

use super::by_day::{ByDay, Moment, PartOfDay};
use super::packed::{Packer, Unpacker};
use super::pressed::{Press, Pressed};

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

/// Bits of a second within a day: one of 25 hours has 90,000.
const SECS_BITS: u32 = 17;
/// Bits of a number in [`PARTS`].
const PARTS_BITS: u32 = 34;
/// Most numbers are hours, minutes or a count: whole seconds, told in hours.
const PARTS: f64 = 3600.0;

impl Press for Row {
    type Number = u64;
    const TIME_BITS: u32 = SECS_BITS;

    fn number(self) -> Option<u64> {
        // What is negative or no number becomes 0, which is not what it was.
        // Rounded by hand: without a call for each row. A number that is not the same again has no parts.
        let parts = (self.value * PARTS + 0.5) as u64;
        let is_same = ((parts as f64) / PARTS).to_bits() == self.value.to_bits();
        let fits = |value: u64, bits: u32| value >> bits == 0;
        (is_same
            && fits(parts, PARTS_BITS)
            && fits(self.secs.into(), SECS_BITS)
            && fits(self.area.into(), u64::BITS - PARTS_BITS - SECS_BITS))
        .then(|| (u64::from(self.area) << PARTS_BITS | parts) << SECS_BITS | u64::from(self.secs))
    }

    fn of(number: u64) -> Self {
        let part = |shift: u32, bits: u32| number >> shift & ((1 << bits) - 1);
        Self {
            secs: part(0, SECS_BITS) as u32,
            area: (number >> (SECS_BITS + PARTS_BITS)) as u32,
            value: part(SECS_BITS, PARTS_BITS) as f64 / PARTS,
        }
    }
}

/// Rows while they load: by day, and those without an instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loading {
    days: ByDay<Pressed<Row>>,
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
        self.days.extend(more.days, Pressed::join);
        self.undated.extend(more.undated);
    }

    /// The rows by day, in their final form, and those without an instant.
    pub(crate) fn finish<T>(self, turn: impl Fn(Pressed<Row>) -> T) -> (ByDay<T>, Vec<Row>) {
        let days = self.days.map(|mut rows| {
            rows.close();
            turn(rows)
        });
        (days, self.undated)
    }
}

/// Rows by day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    days: ByDay<Arc<Pressed<Row>>>,
}

impl Rows {
    /// Of loaded rows; those without an instant are counted elsewhere.
    pub(crate) fn new(loaded: Loading) -> Self {
        Self { days: loaded.finish(Arc::new).0 }
    }

    /// Writes the rows.
    pub(crate) fn pack(&self, out: &mut Packer) {
        self.days.pack(out, |rows, out| rows.pack(out, pack));
    }

    /// Reads rows.
    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Some(Self { days: ByDay::unpack(from, |from| Pressed::unpack(from, unpack).map(Arc::new))? })
    }

    /// Adds or takes back a row.
    pub(crate) fn change(&mut self, at: Moment, area: u32, value: f64, sign: i8) {
        if let Some(rows) = self.days.reach(at.day) {
            Arc::make_mut(rows).change(Row { secs: at.secs, area, value }, sign);
        }
    }

    /// The rows of a part of a day.
    pub(crate) fn part(&self, part: PartOfDay) -> impl Iterator<Item = Row> {
        let rows = self.days.between(part.day, part.day).iter().flat_map(|rows| rows.rows());
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A row that has a number is the same again, bit by bit; seconds told in hours have one.
        #[test]
        fn a_number_stands_for_its_row(
            secs in 0u32..90_000,
            area in 0u32..8192,
            value in prop_oneof![
                any::<f64>(),
                (0u32..200_000_000).prop_map(|n| f64::from(n) / 3600.0),
                (-50i32..50).prop_map(f64::from),
                Just(-0.0),
            ],
            told_in_hours in any::<bool>(),
        ) {
            let value = if told_in_hours { (value.abs() % 4e6).round() / 3600.0 } else { value };
            let row = Row { secs, area, value };
            let again = row.number().map(Row::of);
            prop_assert!(again.is_some() || !(told_in_hours && value.is_finite()));
            if let Some(again) = again {
                let same = (again.secs, again.area, again.value.to_bits());
                prop_assert_eq!(same, (secs, area, value.to_bits()));
            }
        }
    }
}
