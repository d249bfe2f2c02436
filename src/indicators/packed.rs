//! Numbers as bytes, for the cube that is kept between starts. Owns how numbers and lists are written and read; what
//! cannot be read gives nothing, never a guess.

/// Whole numbers up to this size are the same as numbers and as integers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packer {
    out: Vec<u8>,
}

impl Packer {
    /// With room for so many bytes.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// What was written so far.
    pub(crate) fn written(&self) -> &[u8] {
        &self.out
    }

    /// One byte.
    pub(crate) fn byte(&mut self, value: u8) {
        self.out.push(value);
    }

    /// A whole number in seven bits a byte, the lowest first.
    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    /// Numbers, one after the other, each as [`Packer::number`] writes it; without a branch for how many bytes it takes,
    /// which can hardly be foretold.
    pub(crate) fn numbers(&mut self, values: impl ExactSizeIterator<Item = u64>) {
        /// Numbers below take at most eight bytes.
        const WIDE: u64 = 1 << 56;
        const EIGHT: usize = size_of::<u64>();
        self.out.reserve(values.len() * EIGHT);
        for value in values {
            if value >= WIDE {
                self.number(value);
                continue;
            }
            // Seven bits to a byte: the halves are moved apart, then their halves, then the halves of these.
            let x = (value & 0x0fff_ffff) | (value << 4 & 0x0fff_ffff_0000_0000);
            let x = (x & 0x0000_3fff_0000_3fff) | (x << 2 & 0x3fff_0000_3fff_0000);
            let x = (x & 0x007f_007f_007f_007f) | (x << 1 & 0x7f00_7f00_7f00_7f00);
            let length = EIGHT - (x | 1).leading_zeros() as usize / EIGHT;
            let more = 0x0080_8080_8080_8080 & ((1u64 << (EIGHT * (length - 1))) - 1);
            let end = self.out.len() + length;
            self.out.extend_from_slice(&(x | more).to_le_bytes());
            self.out.truncate(end);
        }
    }

    /// The same with a sign: small ones of either sign are short.
    pub(crate) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// A number, bit by bit.
    pub(crate) fn real(&mut self, value: f64) {
        self.out.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    /// A text.
    pub(crate) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// Bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// Numbers of any size, four bytes each.
    pub(crate) fn words(&mut self, values: &[u32]) {
        self.number(values.len() as u64);
        values.iter().for_each(|value| self.out.extend_from_slice(&value.to_le_bytes()));
    }

    /// Numbers that are small, as a rule.
    pub(crate) fn counts(&mut self, values: impl ExactSizeIterator<Item = u32>) {
        self.number(values.len() as u64);
        values.for_each(|value| self.number(value.into()));
    }

    /// Running counts: each as what it adds to the one before.
    pub(crate) fn running_counts(&mut self, values: &[u32]) {
        let mut before = 0;
        self.counts(values.iter().map(|value| value.wrapping_sub(std::mem::replace(&mut before, *value))));
    }

    /// Running sums: where all are whole, each as what it adds to the one before.
    pub(crate) fn running_sums(&mut self, values: &[f64]) {
        self.number(values.len() as u64);
        let is_whole = values.iter().all(|value| {
            let whole = *value as i64;
            value.abs() <= EXACT && (whole as f64).to_bits() == value.to_bits()
        });
        self.byte(u8::from(is_whole));
        if is_whole {
            let mut before = 0;
            for value in values {
                self.signed(*value as i64 - before);
                before = *value as i64;
            }
        } else {
            values.iter().for_each(|value| self.real(*value));
        }
    }
}

/// Reads what [`Packer`] wrote; none where it cannot have been that.
#[derive(Debug, Clone)]
pub(crate) struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    /// Of bytes.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything was read.
    pub(crate) const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// A whole number.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A whole number with a sign.
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let value = self.number()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A number.
    pub(crate) fn real(&mut self) -> Option<f64> {
        let bytes = self.bytes(8)?.try_into().ok()?;
        Some(f64::from_bits(u64::from_le_bytes(bytes)))
    }

    /// How many things follow. Each takes a byte or more, so a length beyond what is there is wrong.
    pub(crate) fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.rest.len()).then_some(length)
    }

    /// A text.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    /// Numbers of four bytes.
    pub(crate) fn words(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        let bytes = self.bytes(length.checked_mul(4)?)?;
        Some(bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    /// Small numbers.
    pub(crate) fn counts(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        self.each(length, |number| u32::try_from(number).ok())
    }

    /// Running counts.
    pub(crate) fn running_counts(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        let mut sum = 0u32;
        self.each(length, |number| {
            sum = sum.wrapping_add(u32::try_from(number).ok()?);
            Some(sum)
        })
    }

    /// Running sums.
    pub(crate) fn running_sums(&mut self) -> Option<Vec<f64>> {
        let length = self.length()?;
        if self.byte()? == 0 {
            let bytes = self.bytes(length.checked_mul(8)?)?;
            let reals = bytes.as_chunks().0.iter();
            return Some(reals.map(|real| f64::from_bits(u64::from_le_bytes(*real))).collect());
        }
        let mut sum = 0i64;
        self.each(length, |number| {
            sum = sum.checked_add((number >> 1).cast_signed() ^ -(number & 1).cast_signed())?;
            Some(sum as f64)
        })
    }

    /// Reads so many whole numbers. Most take one byte: eight of those are looked at together.
    fn each<T>(&mut self, count: usize, mut turn: impl FnMut(u64) -> Option<T>) -> Option<Vec<T>> {
        const LONG: u64 = 0x8080_8080_8080_8080;
        let mut out = Vec::with_capacity(count);
        while out.len() < count {
            match self.rest.split_first_chunk::<8>() {
                Some((eight, rest)) if count - out.len() >= 8 && u64::from_le_bytes(*eight) & LONG == 0 => {
                    for byte in eight {
                        out.push(turn(u64::from(*byte))?);
                    }
                    self.rest = rest;
                }
                _ => out.push(turn(self.number()?)?),
            }
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            number in any::<u64>(),
            signed in any::<i64>(),
            text in ".{0,20}",
            words in prop::collection::vec(any::<u32>(), 0..40),
            counts in prop::collection::vec(prop_oneof![0u32..3, any::<u32>()], 0..40),
            whole in prop::collection::vec((-9_007_199_254_740_992i64..=9_007_199_254_740_992).prop_map(|n| n as f64), 0..40),
            reals in prop::collection::vec(any::<f64>(), 0..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut out = Packer::default();
            out.number(number);
            out.signed(signed);
            out.text(&text);
            out.words(&words);
            out.counts(counts.iter().copied());
            out.running_counts(&counts);
            out.running_sums(&whole);
            out.running_sums(&reals);
            let bytes = out.into_bytes();
            let mut from = Unpacker::new(&bytes);
            prop_assert_eq!(from.number(), Some(number));
            prop_assert_eq!(from.signed(), Some(signed));
            prop_assert_eq!(from.text(), Some(text.as_str()));
            prop_assert_eq!(from.words(), Some(words));
            prop_assert_eq!(from.counts(), Some(counts.clone()));
            prop_assert_eq!(from.running_counts(), Some(counts));
            let bits = |values: Option<Vec<f64>>| values.map(|v| v.into_iter().map(f64::to_bits).collect::<Vec<_>>());
            prop_assert_eq!(bits(from.running_sums()), bits(Some(whole)));
            prop_assert_eq!(bits(from.running_sums()), bits(Some(reals)));
            prop_assert!(from.is_done());
            // Any bytes are read to an end, right or wrong.
            let mut from = Unpacker::new(&bytes[cut.index(bytes.len())..]);
            let _ = (from.running_sums(), from.words(), from.text(), from.counts(), from.real(), from.signed());
        }
    }

    #[test]
    fn no_number_of_minus_nothing_becomes_nothing() {
        let mut out = Packer::default();
        out.running_sums(&[-0.0, 1.0]);
        let bytes = out.into_bytes();
        let read = Unpacker::new(&bytes).running_sums().unwrap();
        assert_eq!(read[0].to_bits(), (-0.0f64).to_bits());
    }
}
