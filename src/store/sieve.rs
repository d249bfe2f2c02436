//! Texts that are looked at while they are read, without a list of them: what is told by its bytes to be a plain code goes
//! through, the rest is kept to be asked more. Owns that, and which keys of a rising column are among those wanted; what a
//! plain code is, the door says.

use crate::privacy::door::PlainCodes;

use super::column::Texts;
use super::keys::{Bound, hash_of};
use super::pages::Unfit;

/// The texts of one column.
pub(super) struct Sieve<'k, 'w> {
    longest: usize,
    codes: PlainCodes,
    keys: Option<&'k mut RisingKeys<'w>>,
    passed: usize,
}

impl<'k, 'w> Sieve<'k, 'w> {
    /// Lets through plain codes of at most so many bytes.
    pub(super) fn new(longest: usize, keys: Option<&'k mut RisingKeys<'w>>) -> Self {
        Self { longest, codes: PlainCodes::default(), keys, passed: 0 }
    }

    /// How many texts went through.
    pub(super) const fn passed(&self) -> usize {
        self.passed
    }

    fn take(&mut self, text: &[u8], kept: &mut Texts) {
        if text.len() <= self.longest && self.codes.is_plain(text) {
            self.passed += 1;
        } else {
            kept.add(text);
        }
    }

    /// The texts of a dictionary; which row has which is not told.
    pub(super) fn dictionary(&mut self, bytes: &[u8], count: usize, kept: &mut Texts) -> Result<(), Unfit> {
        if let Some(keys) = &mut self.keys {
            keys.rises = false;
        }
        each_text(bytes, count, |text| self.take(text, kept))
    }

    /// The texts of a page, row by row.
    pub(super) fn page(&mut self, bytes: &[u8], count: usize, kept: &mut Texts) -> Result<(), Unfit> {
        match self.keys.take() {
            None => each_text(bytes, count, |text| self.take(text, kept)),
            Some(keys) => {
                let read = each_text(bytes, count, |text| {
                    keys.take(text);
                    self.take(text, kept);
                });
                self.keys = Some(keys);
                read
            }
        }
    }
}

/// Goes over values of four bytes of length and as many bytes.
fn each_text(bytes: &[u8], count: usize, mut visit: impl FnMut(&[u8])) -> Result<(), Unfit> {
    let mut left = bytes;
    for _ in 0..count {
        let (length, rest) = left.split_first_chunk::<4>().ok_or(Unfit)?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Unfit)?;
        visit(text);
        left = rest;
    }
    Ok(())
}

/// The keys of a piece, each greater than the one before: then none repeats, and those that are wanted are met in their
/// order.
#[derive(Debug, Clone)]
pub(crate) struct RisingKeys<'w> {
    wanted: &'w [Bound],
    /// The next of them that may come.
    next: Word,
    last: Word,
    rows: u32,
    rises: bool,
    found: Vec<(u32, u64)>,
}

/// A text of at most sixteen bytes, ordered as its bytes are: these, filled up, the first the highest, and their number.
type Word = (u128, usize);
/// Greater than that of any text.
const NONE: Word = (u128::MAX, usize::MAX);

fn word(text: &[u8]) -> Option<Word> {
    let beyond = 16usize.checked_sub(text.len())?;
    let word = if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        // The last eight bytes, without those that are among the first eight.
        let rest = u64::from_be_bytes(*last).checked_shl(8 * beyond as u32).unwrap_or(0);
        u128::from(u64::from_be_bytes(*first)) << 64 | u128::from(rest)
    } else {
        text.iter()
            .fold(0, |word, byte| word << 8 | u128::from(*byte))
            .checked_shl(8 * beyond as u32)
            .unwrap_or(0)
    };
    Some((word, text.len()))
}

impl<'w> RisingKeys<'w> {
    /// `wanted` is in order and has no value twice.
    pub(crate) const fn new(wanted: &'w [Bound]) -> Self {
        Self { wanted, next: NONE, last: (0, 0), rows: 0, rises: true, found: Vec::new() }
    }

    /// Whether a key can be told apart here, as the bounds of a file say.
    pub(crate) fn may_hold(bound: &Bound) -> bool {
        matches!(bound, Bound::Text(text) if word(text).is_some())
    }

    fn take(&mut self, key: &[u8]) {
        let Some(key_word) = word(key).filter(|_| self.rises) else {
            self.rises = false;
            return;
        };
        if self.rows == 0 {
            // A piece reaches over few of them.
            let is_before = |wanted: &Bound| matches!(wanted, Bound::Text(text) if text.as_slice() < key);
            self.wanted = self.wanted.get(self.wanted.partition_point(is_before)..).unwrap_or_default();
            self.go_on();
        }
        // An empty one is taken for none.
        self.rises = self.last < key_word;
        self.last = key_word;
        while self.next <= key_word {
            if self.next == key_word {
                self.found.push((self.rows, hash_of(key)));
            }
            self.go_on();
        }
        self.rows += 1;
    }

    /// To the next key that is wanted and may come.
    fn go_on(&mut self) {
        self.next = NONE;
        while let (NONE, Some((first, rest))) = (self.next, self.wanted.split_first()) {
            self.wanted = rest;
            if let Bound::Text(text) = first {
                self.next = word(text).unwrap_or(NONE);
            }
        }
    }

    /// The rows whose keys are wanted, with the hashes of these; none where not all of so many rows have a key that is
    /// greater than the one before.
    pub(crate) fn found(self, rows: usize) -> Option<Vec<(u32, u64)>> {
        (self.rises && self.rows as usize == rows).then_some(self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Rising keys of up to sixteen bytes are told to rise, and of those wanted all are found; others are not told to rise.
        #[test]
        fn wanted_keys_are_found(
            mut keys in prop::collection::vec("[a-c\x00]{0,4}(xyzxyzx)?[a-c]{0,6}", 0..30),
            wanted in prop::collection::btree_set("[a-c\x00]{0,3}(xyzxyzx)?[a-c]{0,7}", 0..20),
            sorts in any::<bool>(),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            if sorts {
                keys.sort();
                keys.dedup();
            }
            let mut wanted: Vec<String> = wanted.into_iter().collect();
            wanted.extend(picks.iter().filter(|_| !keys.is_empty()).map(|pick| pick.get(&keys).clone()));
            wanted.sort();
            wanted.dedup();
            let bounds: Vec<Bound> = wanted.iter().map(|text| Bound::Text(text.clone().into_bytes())).collect();
            let mut rising = RisingKeys::new(&bounds);
            let bytes: Vec<u8> =
                keys.iter().flat_map(|key| [&(key.len() as u32).to_le_bytes()[..], key.as_bytes()].concat()).collect();
            let mut kept = Texts::default();
            let mut sieve = Sieve::new(12, Some(&mut rising));
            sieve.page(&bytes, keys.len(), &mut kept).unwrap();
            prop_assert!(sieve.page(&bytes, keys.len() + 1, &mut Texts::default()).is_err());
            let passed = sieve.passed();
            prop_assert!(passed + kept.spans.len() >= keys.len());
            let mut rising = RisingKeys::new(&bounds);
            keys.iter().for_each(|key| rising.take(key.as_bytes()));
            let rises = keys.windows(2).all(|pair| pair[0] < pair[1]) && keys.iter().all(|key| (1..=16).contains(&key.len()));
            let expected: Vec<(u32, u64)> = (0..)
                .zip(&keys)
                .filter(|(_, key)| wanted.contains(key))
                .map(|(row, key)| (row, hash_of(key.as_bytes())))
                .collect();
            prop_assert_eq!(rising.found(keys.len()), rises.then_some(expected));
        }
    }
}
