//! The door: which columns and contents are refused before anything is stored. Owns the list of what never comes in;
//! no site, option or flag can shorten it. A refusal names the rule and never holds the content.

mod categories;
pub mod declared;
mod handles;
mod lists;
mod names;
mod numbers;
mod place;
mod plain;

pub use declared::forbidden_column;
pub use names::reads_as_name;
pub use numbers::number_rule;
pub use place::{coordinate_pair, reads_as_place, reads_as_point_of};

use crate::site::text::Message;
use lists::lists;
use plain::Plain;

/// Why a content may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A citizen identity number.
    IdentityNumber,
    /// A mobile number.
    MobileNumber,
    /// A landline beside a word that says so.
    Landline,
    /// An e-mail address.
    Email,
    /// A number plate.
    Plate,
    /// The name of an account in a messenger.
    Handle,
    /// A person's name.
    Name,
    /// Exact coordinates where persons are concerned.
    Place,
    /// Petitions.
    Petition,
    /// Political views and membership.
    Political,
    /// Religion.
    Religious,
    /// Ethnicity.
    Ethnic,
    /// A named category of persons.
    Persons,
    /// Appeals about public-order stability.
    Stability,
    /// Appeals about party and government discipline.
    Discipline,
    /// Appeals about organisation and personnel.
    Personnel,
    /// Appeals about the united front.
    UnitedFront,
    /// Appeals about party building and mass organisations.
    PartyGroups,
    /// The program's own lists cannot be read: nothing is let in unchecked.
    Unchecked,
}

impl Rule {
    /// Name in records, also of files: stable, without spaces.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::IdentityNumber => "identity_number",
            Self::MobileNumber => "mobile_number",
            Self::Landline => "landline",
            Self::Email => "email",
            Self::Plate => "plate",
            Self::Handle => "handle",
            Self::Name => "name",
            Self::Place => "place",
            Self::Petition => "petition",
            Self::Political => "political",
            Self::Religious => "religious",
            Self::Ethnic => "ethnic",
            Self::Persons => "persons",
            Self::Stability => "stability",
            Self::Discipline => "discipline",
            Self::Personnel => "personnel",
            Self::UnitedFront => "united_front",
            Self::PartyGroups => "party_groups",
            Self::Unchecked => "unchecked",
        }
    }

    /// What is told: the rule, with a place `{column}` for the caller to fill.
    #[must_use]
    pub const fn message(self) -> Message {
        Message::new(match self {
            Self::IdentityNumber => "problem.content_identity_number",
            Self::MobileNumber => "problem.content_mobile_number",
            Self::Landline => "problem.content_landline",
            Self::Email => "problem.content_email",
            Self::Plate => "problem.content_plate",
            Self::Handle => "problem.content_handle",
            Self::Name => "problem.content_name",
            Self::Place => "problem.content_place",
            Self::Petition => "problem.content_petition",
            Self::Political => "problem.content_political",
            Self::Religious => "problem.content_religious",
            Self::Ethnic => "problem.content_ethnic",
            Self::Persons => "problem.content_persons",
            Self::Stability => "problem.content_stability",
            Self::Discipline => "problem.content_discipline",
            Self::Personnel => "problem.content_personnel",
            Self::UnitedFront => "problem.content_united_front",
            Self::PartyGroups => "problem.content_party_groups",
            Self::Unchecked => "problem.content_unchecked",
        })
    }
}

/// The rules that a text breaks, wherever it stands; empty for nearly every text. `is_area` says whether a run of
/// digits is an area code of the site: such a code can look like an identity number of the old form.
#[must_use]
pub fn broken_rules(text: &str, is_area: &dyn Fn(&str) -> bool) -> Vec<Rule> {
    if is_harmless(text.as_bytes()) {
        return Vec::new();
    }
    let Some(lists) = lists() else {
        return vec![Rule::Unchecked];
    };
    let plain = Plain::of(text);
    let mut rules = Vec::new();
    numbers::rules(&plain, lists, is_area, &mut rules);
    if !plain.has_letters() {
        return rules;
    }
    handles::rules(&plain, lists, &mut rules);
    // A name is told where a word or a number beside it makes it one.
    let beside_number = !rules.is_empty();
    names::rules(&plain, lists, beside_number, &mut rules);
    categories::rules(&plain, lists, &mut rules);
    rules
}

/// Whether a text is told by its bytes to be a code: it breaks no rule, is no name, and has no point, so that it is no
/// number with decimals and no place either.
#[must_use]
pub fn is_plain_code(text: &[u8]) -> bool {
    match sixteen(text) {
        Some(word) => is_plain_word(word, text.len()),
        None => is_harmless(text) && !text.contains(&b'.'),
    }
}

/// [`is_plain_code`] of one text after the other. Codes of a column are alike as a rule: one that differs from a plain
/// code in nothing but the values of its digits is plain too, since no rule asks for those.
#[derive(Debug, Clone, Default)]
pub struct PlainCodes {
    length: usize,
    /// The last plain code of eight to sixteen bytes, and all bits of its bytes that are digits.
    word: u128,
    digits: u128,
}

impl PlainCodes {
    /// Whether a text is told by its bytes to be a code.
    pub fn is_plain(&mut self, text: &[u8]) -> bool {
        let Some(word) = sixteen(text) else { return is_plain_code(text) };
        if text.len() == self.length && self.is_alike(word) {
            return true;
        }
        let is_plain = is_plain_word(word, text.len());
        if is_plain {
            *self = Self { length: text.len(), word, digits: (digits(word) >> 7) * 0xff };
        }
        is_plain
    }

    const fn is_alike(&self, word: u128) -> bool {
        const SIXES: u128 = ONES * 6;
        const UPPER_HALVES: u128 = ONES * 0xf0;
        let value = (word ^ (ONES * b'0' as u128)) & self.digits;
        // Where a sum reaches over into the next byte, the byte itself is far beyond a digit.
        (word ^ self.word) & !self.digits == 0 && (value | value.wrapping_add(SIXES)) & UPPER_HALVES == 0
    }
}

/// A text of eight to sixteen bytes as one number, its first byte the lowest, filled up with dashes.
fn sixteen(text: &[u8]) -> Option<u128> {
    let (first, last) = (text.first_chunk::<8>()?, text.last_chunk::<8>()?);
    let beyond = 16usize.checked_sub(text.len())?;
    // The last eight bytes, without those that are among the first eight.
    let rest = u128::from(u64::from_le_bytes(*last)) >> (8 * beyond);
    let dashes = u128::from_ne_bytes([b'-'; 16]).checked_shl(8 * text.len() as u32).unwrap_or(0);
    Some(u128::from(u64::from_le_bytes(*first)) | rest << 64 | dashes)
}

const ONES: u128 = u128::from_ne_bytes([1; 16]);
const HIGHEST: u128 = ONES << 7;

/// The highest bit of each byte that lies between two others, of bytes that do not have it.
const fn between(word: u128, least: u8, most: u8) -> u128 {
    // No byte reaches over into the next, since none of the two has the highest bit.
    let not_below = word + ONES * (0x80 - least) as u128;
    let above = word + ONES * (0x7f - most) as u128;
    not_below & !above & HIGHEST
}

const fn digits(word: u128) -> u128 {
    between(word, b'0', b'9')
}

/// [`is_harmless`] without a point, of sixteen bytes at once: the highest bit of each byte says what it is.
fn is_plain_word(word: u128, length: usize) -> bool {
    if word & HIGHEST != 0 {
        return false;
    }
    let digits = digits(word);
    let letters = between(word | ONES << 5, b'a', b'z');
    if digits | letters | between(word, b'-', b'-') | between(word, b'/', b'/') != HIGHEST {
        return false;
    }
    let digits = digits.count_ones() as usize;
    let three = letters & letters >> 8 & letters >> 16;
    let five = three & letters >> 24 & letters >> 32;
    is_other_number(digits, length) || (five == 0 && digits < 11 && (three == 0 || digits < 7))
}

/// Whether digits alone are no number of a person, which has these lengths: with a prefix, of the old form, of the new
/// one.
const fn is_other_number(digits: usize, length: usize) -> bool {
    digits == length && !matches!(digits, 11..=13 | 15 | 18)
}

/// Whether a text is a code that no rule can meet: short pieces of plain letters and few digits. Nearly every text of a
/// table is one, so this looks at each byte once and builds nothing.
fn is_harmless(text: &[u8]) -> bool {
    // Words of the lists that need no mark after them have five letters and more, those before a landline three; a
    // landline has seven digits, a mobile number eleven.
    let (mut word, mut longest, mut digits) = (0usize, 0usize, 0usize);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                word = 0;
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                word += 1;
                longest = longest.max(word);
            }
            b'-' | b'/' | b'.' => word = 0,
            _ => return false,
        }
    }
    is_other_number(digits, text.len()) || (longest < 5 && digits < 11 && (longest < 3 || digits < 7))
}

#[cfg(test)]
mod tests;
