//! Rows within their days, for the part of a span that begins or ends inside a day: what several measures of one time
//! column count of a row, in 4 bytes. Owns how that is packed; whole days are cells elsewhere.

use std::sync::Arc;

use super::by_day::{ByDay, Moment, PartOfDay};
use super::packed::{Packer, Unpacker};
use super::pressed::{Press, Pressed};

/// Bits of a second within a day: one of 25 hours has 90,000.
const SECS_BITS: u32 = 17;
/// Bits for the area and what the measures count.
const REST_BITS: u32 = u32::BITS - SECS_BITS;
/// Bits per measure.
const CODE_BITS: u32 = 2;

/// What one measure counts of a row, where it is kept here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// The row does not count, or counts with another number, which is kept elsewhere.
    None = 0,
    /// It adds 1.
    One = 1,
    /// It counts, and adds nothing.
    Zero = 2,
}

impl Code {
    /// Of a number; none where it does not fit.
    pub(crate) fn of(value: f64) -> Option<Self> {
        if value.to_bits() == 1f64.to_bits() {
            Some(Self::One)
        } else if value.to_bits() == 0f64.to_bits() {
            Some(Self::Zero)
        } else {
            None
        }
    }
}

/// How many areas and measures fit into a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packing {
    area_bits: u32,
}

impl Packing {
    /// For so many areas; none where not even one measure fits beside them.
    pub(crate) fn new(areas: usize) -> Option<Self> {
        let area_bits = usize::BITS - areas.saturating_sub(1).leading_zeros();
        (area_bits + CODE_BITS <= REST_BITS).then_some(Self { area_bits })
    }

    /// How many measures fit.
    pub(crate) const fn measures(self) -> usize {
        ((REST_BITS - self.area_bits) / CODE_BITS) as usize
    }

    /// What a measure counts, to be joined with what the others count.
    pub(crate) const fn code(slot: usize, code: Code) -> u32 {
        (code as u32) << (CODE_BITS * slot as u32)
    }

    /// A row.
    pub(crate) const fn row(self, secs: u32, area: u32, codes: u32) -> Packed {
        Packed(secs << REST_BITS | area << (REST_BITS - self.area_bits) | codes)
    }
}

/// A packed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed(u32);

impl Press for Packed {
    type Number = u32;
    const TIME_BITS: u32 = SECS_BITS;

    fn number(self) -> Option<u32> {
        // Rows of one area that count the same differ by their seconds only.
        Some(self.0.rotate_left(SECS_BITS))
    }

    fn of(number: u64) -> Self {
        Self((number as u32).rotate_right(SECS_BITS))
    }
}

/// Rows while they load, by day.
pub(crate) type Loading = ByDay<Pressed<Packed>>;

/// Adds another thread's rows.
pub(crate) fn join(rows: &mut Loading, more: Loading) {
    rows.extend(more, Pressed::join);
}

/// Rows by day.
#[derive(Debug, Clone)]
pub(crate) struct Within {
    packing: Packing,
    days: ByDay<Arc<Pressed<Packed>>>,
}

impl Within {
    /// Of loaded rows.
    pub(crate) fn new(packing: Packing, loaded: Loading) -> Self {
        let days = loaded.map(|mut rows| {
            rows.close();
            Arc::new(rows)
        });
        Self { packing, days }
    }

    /// Writes the rows.
    pub(crate) fn pack(&self, out: &mut Packer) {
        out.number(self.packing.area_bits.into());
        let words = |rows: &[Packed], out: &mut Packer| {
            let words: Vec<u32> = rows.iter().map(|row| row.0).collect();
            out.words(&words);
        };
        self.days.pack(out, |rows, out| rows.pack(out, words));
    }

    /// Reads rows that are packed in a known way.
    pub(crate) fn unpack(packing: Packing, from: &mut Unpacker<'_>) -> Option<Self> {
        let is_known = from.number()? == u64::from(packing.area_bits);
        let words = |from: &mut Unpacker<'_>| Some(from.words()?.into_iter().map(Packed).collect());
        let days = ByDay::unpack(from, |from| Pressed::unpack(from, words).map(Arc::new))?;
        is_known.then_some(Self { packing, days })
    }

    /// Adds or takes back a row.
    pub(crate) fn change(&mut self, at: Moment, area: u32, codes: u32, sign: i8) {
        let row = self.packing.row(at.secs, area, codes);
        if let Some(rows) = self.days.reach(at.day) {
            Arc::make_mut(rows).change(row, sign);
        }
    }

    /// Goes over the rows of a part of a day that a measure counts: area, and 1 or 0.
    pub(crate) fn each(&self, part: PartOfDay, slot: usize, mut visit: impl FnMut(u32, f64)) {
        let shift = CODE_BITS * slot as u32;
        let area_shift = REST_BITS - self.packing.area_bits;
        let area_mask = (1u32 << self.packing.area_bits) - 1;
        for Packed(row) in self.days.between(part.day, part.day).iter().flat_map(|rows| rows.rows()) {
            let (secs, code) = (row >> REST_BITS, row >> shift & ((1 << CODE_BITS) - 1));
            if code != Code::None as u32 && part.from <= secs && secs <= part.to {
                visit(row >> area_shift & area_mask, f64::from(u8::from(code == Code::One as u32)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_fits() {
        for (areas, measures) in [(1, 7), (30, 5), (300, 3), (8192, 1)] {
            assert_eq!(Packing::new(areas).map(Packing::measures), Some(measures), "{areas}");
        }
        assert_eq!(Packing::new(8193), None);
    }

    proptest! {
        #[test]
        fn rows_come_back(
            rows in prop::collection::vec((0i32..3, 0u32..90_000, 0u32..30, 0usize..3, 0usize..3, any::<bool>()), 0..60),
            from in 0u32..90_000,
            length in 0u32..90_000,
        ) {
            let codes = [Code::None, Code::One, Code::Zero];
            let packing = Packing::new(30).unwrap();
            let (mut kept, mut plain) = (Within::new(packing, Loading::default()), Vec::new());
            for (day, secs, area, a, b, take_back) in rows {
                let joined = Packing::code(0, codes[a]) | Packing::code(4, codes[b]);
                kept.change(Moment { day, secs }, area, joined, 1);
                if take_back {
                    kept.change(Moment { day, secs }, area, joined, -1);
                } else {
                    plain.push((day, secs, area, b));
                }
            }
            for day in 0..3 {
                let mut found = Vec::new();
                kept.each(PartOfDay { day, from, to: from + length }, 4, |area, value| found.push((area, value.to_bits())));
                let mut expected: Vec<_> = plain
                    .iter()
                    .filter(|row| row.0 == day && (from..=from + length).contains(&row.1) && row.3 > 0)
                    .map(|row| (row.2, if row.3 == 1 { 1f64 } else { 0f64 }.to_bits()))
                    .collect();
                found.sort_unstable();
                expected.sort_unstable();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
