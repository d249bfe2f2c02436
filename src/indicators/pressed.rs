//! Lists of rows in any order that take few bytes where they are long: a stretch of rows is put in order, and each is
//! kept as what it adds to the one before. Owns that form; does not know what a row is.

use super::packed::{Packer, Unpacker};

/// A row that most often can be told by one number.
pub(crate) trait Press: Copy + PartialEq {
    /// What holds its number; narrow ones take less room.
    type Number: Copy + Default + PartialEq + Into<u64>;
    /// How many of the lowest bits are when it happened: rows come in that order as a rule.
    const TIME_BITS: u32;
    /// Its number; none where it has none. Rows that are much alike have numbers that are near to each other.
    fn number(self) -> Option<Self::Number>;
    /// The row of a number.
    fn of(number: u64) -> Self;
}

/// Rows that are pressed together; shorter lists stay as they are, which is quicker.
const STRETCH: usize = 1024;

/// More of the lowest bits are not left out.
const MOST_SHIFT: u32 = 32;

/// A list of rows in any order.
#[derive(Debug, Clone)]
pub(crate) struct Pressed<T: Press> {
    /// Stretches, each by itself, so that none is copied when another comes: how many rows, how many of the lowest bits
    /// none of them has, the number of the first without these, and what each of the others adds.
    stretches: Vec<Box<[u8]>>,
    /// Numbers of rows that are not pressed yet, fewer than a stretch.
    open: Vec<T::Number>,
    /// Rows without a number.
    others: Vec<T>,
}

impl<T: Press> Default for Pressed<T> {
    fn default() -> Self {
        Self { stretches: Vec::new(), open: Vec::new(), others: Vec::new() }
    }
}

impl<T: Press> Pressed<T> {
    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.stretches.is_empty() && self.open.is_empty() && self.others.is_empty()
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: T) {
        match row.number() {
            Some(number) => self.push_number(number),
            None => self.others.push(row),
        }
    }

    fn push_number(&mut self, number: T::Number) {
        self.open.push(number);
        if self.open.len() == STRETCH {
            self.press();
        }
    }

    fn press(&mut self) {
        // The list goes: most days are full by now and need it no more.
        let mut open = std::mem::take(&mut self.open);
        let mut spare = [T::Number::default(); STRETCH];
        let numbers = put_in_order(&mut open, &mut spare, T::TIME_BITS);
        // Rows that are not told by the second have no time.
        let shift =
            numbers.iter().fold(1 << MOST_SHIFT, |any, number| any | (*number).into()).trailing_zeros();
        // Of what one adds to the one before, few need more bytes.
        let mut out = Packer::with_room(4 * numbers.len());
        out.number(numbers.len() as u64);
        out.number(shift.into());
        let mut before = 0;
        out.numbers(numbers.iter().map(|number| {
            let number: u64 = (*number).into() >> shift;
            number - std::mem::replace(&mut before, number)
        }));
        self.stretches.push(out.written().into());
    }

    /// Takes no more memory than it needs. Call once, when no more rows come in numbers.
    pub(crate) fn close(&mut self) {
        if !self.stretches.is_empty() && !self.open.is_empty() {
            self.press();
        }
        self.stretches.shrink_to_fit();
        self.open.shrink_to_fit();
        self.others.shrink_to_fit();
    }

    /// Adds another list.
    pub(crate) fn join(&mut self, more: Self) {
        self.stretches.extend(more.stretches);
        self.others.extend(more.others);
        more.open.into_iter().for_each(|number| self.push_number(number));
    }

    /// The rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = T> + Clone + '_ {
        let pressed = self.stretches.iter().flat_map(|stretch| Numbers::of(stretch));
        pressed
            .chain(self.open.iter().map(|number| (*number).into()))
            .map(T::of)
            .chain(self.others.iter().copied())
    }

    /// Writes the rows, pressed ones as they are; `pack` writes the others.
    pub(crate) fn pack(&self, out: &mut Packer, pack: impl Fn(&[T], &mut Packer)) {
        out.number(self.stretches.len() as u64);
        self.stretches.iter().for_each(|stretch| out.bytes(stretch));
        let open: Vec<T> = self.open.iter().map(|number| T::of((*number).into())).collect();
        pack(&open, out);
        pack(&self.others, out);
    }

    /// Reads rows; `unpack` reads those that are not pressed.
    pub(crate) fn unpack<'a>(
        from: &mut Unpacker<'a>,
        unpack: impl Fn(&mut Unpacker<'a>) -> Option<Vec<T>>,
    ) -> Option<Self> {
        let count = from.length()?;
        let stretches = (0..count).map(|_| {
            let length = from.length()?;
            let bytes = from.bytes(length)?;
            let mut numbers = Unpacker::new(bytes);
            let rows = numbers.number()?;
            let shift = u32::try_from(numbers.number()?).ok().filter(|shift| *shift <= MOST_SHIFT)?;
            let last = (0..rows).try_fold(0u64, |last, _| last.checked_add(numbers.number()?))?;
            (numbers.is_done() && last << shift >> shift == last).then(|| bytes.into())
        });
        let stretches = stretches.collect::<Option<_>>()?;
        let open = unpack(from)?.into_iter().map(T::number).collect::<Option<_>>()?;
        Some(Self { stretches, open, others: unpack(from)? })
    }

    /// Adds a row, or takes one that is the same back.
    pub(crate) fn change(&mut self, row: T, sign: i8) {
        if sign > 0 {
            self.push(row);
            return;
        }
        let place = |rows: &[T]| rows.iter().position(|known| *known == row);
        let open = row.number().and_then(|number| self.open.iter().position(|known| *known == number));
        if let Some(place) = open {
            self.open.swap_remove(place);
        } else if let Some(place) = place(&self.others) {
            self.others.swap_remove(place);
        } else if self.rows().any(|known| known == row) {
            // Days that change are few, and change again.
            let mut rows: Vec<T> = self.rows().collect();
            let place = place(&rows);
            place.map(|place| rows.swap_remove(place));
            *self = Self { others: rows, ..Self::default() };
        }
    }
}

/// Puts numbers in order, eight of the bits in which they differ at a time, the lowest first, each time without changing
/// the order of what is alike in these; gives the one of the two lists that holds them then. What the lowest bits tell is
/// in order already, as a rule.
fn put_in_order<'a, N: Copy + Default + Into<u64>>(
    numbers: &'a mut [N],
    spare: &'a mut [N; STRETCH],
    time_bits: u32,
) -> &'a [N] {
    const DIGIT: u64 = 0xff;
    let time = (1 << time_bits) - 1;
    let first = numbers.first().copied().unwrap_or_default().into();
    let differ = numbers.iter().fold(0, |differ, number| differ | (first ^ (*number).into()));
    let is_in_time = numbers.is_sorted_by_key(|number| (*number).into() & time);
    let mut left: u64 = if is_in_time { differ & !time } else { differ };
    let (mut from, mut to) = (numbers, spare.get_mut(..).unwrap_or_default());
    while left != 0 {
        let shift = left.trailing_zeros();
        let digit = |number: &N| ((*number).into() >> shift & DIGIT) as usize;
        let mut places = [0u32; DIGIT as usize + 1];
        for number in &*from {
            places.get_mut(digit(number)).into_iter().for_each(|count| *count += 1);
        }
        let mut all = 0;
        for place in &mut places {
            all += std::mem::replace(place, all);
        }
        for number in &*from {
            let Some(place) = places.get_mut(digit(number)) else { continue };
            if let Some(slot) = to.get_mut(*place as usize) {
                *slot = *number;
            }
            *place += 1;
        }
        let length = from.len();
        (from, to) = (to.get_mut(..length).unwrap_or_default(), from);
        left &= !(DIGIT << shift);
    }
    from
}

/// The numbers of a stretch.
#[derive(Clone)]
struct Numbers<'a> {
    from: Unpacker<'a>,
    left: u64,
    last: u64,
    shift: u32,
}

impl<'a> Numbers<'a> {
    fn of(stretch: &'a [u8]) -> Self {
        let mut from = Unpacker::new(stretch);
        let (left, shift) = (from.number().unwrap_or(0), from.number().unwrap_or(0) as u32);
        Self { from, left, last: 0, shift }
    }
}

impl Iterator for Numbers<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        self.last += self.from.number()?;
        Some(self.last << self.shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Odd ones have no number.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct Even(u32);

    impl Press for Even {
        type Number = u64;
        // Of rows in any order.
        const TIME_BITS: u32 = 24;

        fn number(self) -> Option<u64> {
            self.0.is_multiple_of(2).then_some(u64::from(self.0) << 20)
        }

        fn of(number: u64) -> Self {
            Self((number >> 20) as u32)
        }
    }

    proptest! {
        /// Rows come back whatever was added, taken back, joined and closed, also from bytes, of which none may be missing.
        #[test]
        fn rows_come_back(
            lists in prop::collection::vec((0u32..9, 0usize..5000, any::<bool>()), 1..4),
            changes in prop::collection::vec((0u32..40_000, any::<bool>()), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let (mut pressed, mut plain) = (Pressed::default(), Vec::new());
            for (step, length, closes) in lists {
                let rows = (0..length as u32).map(|n| Even(n.wrapping_mul(step * 2 + 7919) % 20_000));
                let mut more = Pressed::default();
                rows.clone().for_each(|row| more.push(row));
                if closes {
                    more.close();
                }
                pressed.join(more);
                plain.extend(rows);
            }
            for (number, takes_back) in changes {
                let known = plain.len().checked_sub(1).map(|last| number as usize % (last + 1)).filter(|_| takes_back);
                let row = known.map_or(Even(number), |place| plain.swap_remove(place));
                pressed.change(row, if known.is_some() { -1 } else { 1 });
                plain.extend(known.is_none().then_some(row));
            }
            pressed.close();
            let mut packed = Packer::default();
            let words = |rows: &[Even], out: &mut Packer| out.words(&rows.iter().map(|row| row.0).collect::<Vec<_>>());
            pressed.pack(&mut packed, words);
            let bytes = packed.into_bytes();
            let evens = |from: &mut Unpacker<'_>| Some(from.words()?.into_iter().map(Even).collect());
            let cut = Pressed::unpack(&mut Unpacker::new(&bytes[..cut.index(bytes.len())]), evens);
            prop_assert!(cut.is_none());
            let pressed: Pressed<Even> = Pressed::unpack(&mut Unpacker::new(&bytes), evens).unwrap();
            let mut found: Vec<Even> = pressed.rows().collect();
            found.sort_unstable();
            plain.sort_unstable();
            prop_assert_eq!(pressed.is_empty(), plain.is_empty());
            prop_assert_eq!(found, plain);
        }
    }
}
