//! Identity, mobile and landline numbers in a text, also with spaces, hyphens or dots inside. Owns their forms.

use super::Rule;
use super::lists::Lists;
use super::plain::Plain;

/// A run of digits; an `X` right behind it may be a check digit.
struct Group {
    digits: Vec<u8>,
    x: bool,
    /// Only a separator lies between this one and the one before.
    joined: bool,
}

/// Ways in which people write the eleven digits of a mobile number.
const MOBILE_FORMS: &[&[usize]] = &[
    &[11],
    &[3, 4, 4],
    &[3, 8],
    &[7, 4],
    &[3, 3, 5],
    &[4, 4, 3],
    &[4, 3, 4],
    &[5, 6],
    &[6, 5],
    &[1, 10],
    &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
];

/// Adds the rules about numbers that a text breaks.
pub(super) fn rules(plain: &Plain, lists: &Lists, is_area: &dyn Fn(&str) -> bool, out: &mut Vec<Rule>) {
    let groups = groups(&plain.chars);
    if (0..groups.len()).any(|from| is_identity(run_from(&groups, from), is_area)) {
        out.push(Rule::IdentityNumber);
    }
    if (0..groups.len()).any(|from| is_mobile(run_from(&groups, from))) {
        out.push(Rule::MobileNumber);
    }
    let phones = &lists.phones;
    let mut labels = phones.labels_zh.iter().chain(&phones.labels_en);
    if !groups.is_empty() && labels.any(|label| plain.behind(label).any(|at| is_landline(plain, at))) {
        out.push(Rule::Landline);
    }
}

/// An identity or mobile number among whole numbers: how a column of numbers is looked at.
#[must_use]
pub fn number_rule(number: i64) -> Option<Rule> {
    let text = number.to_string();
    let digits = text.as_bytes();
    if is_citizen(digits, false) {
        Some(Rule::IdentityNumber)
    } else if is_mobile_digits(digits) {
        Some(Rule::MobileNumber)
    } else {
        None
    }
}

/// The groups from one on, as long as they hang together.
fn run_from(groups: &[Group], from: usize) -> &[Group] {
    let rest = groups.get(from..).unwrap_or_default();
    let end = rest.iter().skip(1).position(|g| !g.joined).map_or(rest.len(), |at| at + 1);
    rest.get(..end).unwrap_or_default()
}

fn groups(chars: &[char]) -> Vec<Group> {
    const SEPARATORS: &[char] = &[' ', '-', '.', '·'];
    const MOST_SEPARATORS: usize = 3;
    let mut out: Vec<Group> = Vec::new();
    let (mut at, mut end) = (0, None);
    while let Some(c) = chars.get(at) {
        let starts_word =
            at.checked_sub(1).and_then(|b| chars.get(b)).is_none_or(|b| !b.is_ascii_alphanumeric());
        if starts_word && let Some(length) = machine_made(chars.get(at..).unwrap_or_default()) {
            at += length;
            end = None;
            continue;
        }
        let joined = end.is_some_and(|end: usize| {
            let between = chars.get(end..at).unwrap_or_default();
            (1..=MOST_SEPARATORS).contains(&between.len()) && between.iter().all(|c| SEPARATORS.contains(c))
        });
        let is_x = |at: usize| {
            let digit_follows = chars.get(at + 1).is_some_and(char::is_ascii_digit);
            chars.get(at).is_some_and(|c| matches!(c, 'x' | 'X')) && !digit_follows
        };
        if c.is_ascii_digit() {
            let mut digits = Vec::new();
            while let Some(digit) = chars.get(at).and_then(|c| c.to_digit(10)) {
                digits.push(b'0' + digit as u8);
                at += 1;
            }
            let x = is_x(at);
            out.push(Group { digits, x, joined });
            end = Some(at);
        } else if joined && is_x(at) {
            out.push(Group { digits: Vec::new(), x: true, joined });
            at += 1;
            end = None;
        } else {
            at += 1;
        }
    }
    out
}

/// Length of a name that a machine gave (a UUID, a long hexadecimal hash) at the start of a text: its digits are no
/// number. A short one is not taken for that, since letters may stand right before a telephone number.
fn machine_made(chars: &[char]) -> Option<usize> {
    const UUID: [usize; 5] = [8, 4, 4, 4, 12];
    const HASH: usize = 24;
    const FEWEST_LETTERS: usize = 3;
    let hex = |from: usize| chars.iter().skip(from).take_while(|c| c.is_ascii_hexdigit()).count();
    let ends = |at: usize| chars.get(at).is_none_or(|c| !c.is_ascii_alphanumeric());
    let letters = |length: usize| {
        chars.iter().take(length).filter(|c| c.is_ascii_alphabetic()).count() >= FEWEST_LETTERS
    };
    let mut at = 0;
    let is_uuid = UUID.iter().enumerate().all(|(part, length)| {
        let fits = hex(at) == *length;
        at += length;
        let hyphen = part + 1 == UUID.len() || chars.get(at) == Some(&'-');
        at += usize::from(part + 1 < UUID.len());
        fits && hyphen
    });
    if is_uuid && ends(at) && letters(at) {
        return Some(at);
    }
    let length = hex(0);
    (length >= HASH && ends(length) && letters(length)).then_some(length)
}

/// The digits of the first groups, as far as they are `length` together; an `X` counts as the last.
fn first_digits(run: &[Group], length: usize) -> Option<(Vec<u8>, bool)> {
    let mut digits: Vec<u8> = Vec::with_capacity(length);
    for group in run {
        digits.extend(&group.digits);
        if digits.len() == length {
            return Some((digits, false));
        }
        if digits.len() + 1 == length && group.x {
            return Some((digits, true));
        }
        if digits.len() >= length {
            return None;
        }
    }
    None
}

fn is_identity(run: &[Group], is_area: &dyn Fn(&str) -> bool) -> bool {
    const LENGTH: usize = 18;
    const OLD_LENGTH: usize = 15;
    if first_digits(run, LENGTH).is_some_and(|(digits, x)| is_citizen(&digits, x)) {
        return true;
    }
    let whole = run.first().is_some_and(|g| matches!(g.digits.len(), 6 | 15));
    let old = first_digits(run, OLD_LENGTH).filter(|(_, x)| whole && !x);
    old.is_some_and(|(digits, _)| {
        let is_old = std::str::from_utf8(digits.get(6..8).unwrap_or_default())
            .ok()
            .and_then(|year| year.parse::<i16>().ok())
            .is_some_and(|year| is_date(1900 + year, digits.get(8..12).unwrap_or_default()));
        is_old && has_province(&digits) && !std::str::from_utf8(&digits).is_ok_and(is_area)
    })
}

/// Eighteen digits, the last of which checks the others (GB 11643-1999, ISO 7064 MOD 11-2), with a date of birth.
fn is_citizen(digits: &[u8], x: bool) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let last = if x { Some(&b'X') } else { digits.get(WEIGHTS.len()) };
    if digits.len() + usize::from(x) != WEIGHTS.len() + 1 {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    let checks = CHECKS.get((sum % 11) as usize) == last;
    checks
        && year_of(digits.get(6..10).unwrap_or_default())
            .is_some_and(|year| is_date(year, digits.get(10..14).unwrap_or_default()))
}

fn year_of(digits: &[u8]) -> Option<i16> {
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|year| (1800..2100).contains(year))
}

fn is_date(year: i16, month_day: &[u8]) -> bool {
    let number =
        |range: std::ops::Range<usize>| std::str::from_utf8(month_day.get(range)?).ok()?.parse::<i8>().ok();
    let (Some(month), Some(day)) = (number(0..2), number(2..4)) else { return false };
    jiff::civil::Date::new(year, month, day).is_ok()
}

/// The first two digits are those of a province (GB/T 2260).
fn has_province(digits: &[u8]) -> bool {
    matches!(
        digits,
        [b'1' | b'6', b'1'..=b'5', ..]
            | [b'2' | b'8', b'1'..=b'3', ..]
            | [b'3', b'1'..=b'7', ..]
            | [b'4', b'1'..=b'6', ..]
            | [b'5', b'0'..=b'4', ..]
            | [b'7', b'1', ..]
    )
}

fn is_mobile(run: &[Group]) -> bool {
    let lengths: Vec<usize> = run.iter().take(11).map(|g| g.digits.len()).collect();
    // A country or trunk prefix may stand in the first group.
    [&b""[..], b"86", b"0086", b"0"].iter().any(|prefix| {
        MOBILE_FORMS.iter().any(|form| {
            let fits =
                lengths.len() >= form.len()
                    && lengths.iter().zip(*form).enumerate().all(|(at, (length, wanted))| {
                        *length == wanted + if at == 0 { prefix.len() } else { 0 }
                    });
            let digits: Vec<u8> =
                run.iter().take(form.len()).flat_map(|g| g.digits.iter().copied()).collect();
            fits && digits.strip_prefix(*prefix).is_some_and(is_mobile_digits)
        })
    })
}

/// Eleven digits from 13 to 19.
fn is_mobile_digits(digits: &[u8]) -> bool {
    digits.len() == 11 && matches!(digits, [b'1', b'3'..=b'9', ..])
}

/// A landline right behind a word such as "telephone".
fn is_landline(plain: &Plain, behind: usize) -> bool {
    const LOOK: usize = 18;
    let (at, _) = plain.past_marks(behind);
    let mut digits = Vec::new();
    let mut pieces = 1;
    for c in plain.chars.iter().skip(at).take(LOOK) {
        match c.to_digit(10) {
            Some(digit) => digits.push(b'0' + digit as u8),
            None if matches!(c, '-' | ' ' | ')' | '(' | '+') => pieces += 1,
            None => break,
        }
    }
    let local = digits.strip_prefix(b"86").unwrap_or(&digits);
    match local {
        [b'0', ..] => (10..=12).contains(&local.len()),
        [b'2'..=b'9', ..] => {
            let looks_like_day = local.len() == 8
                && year_of(local.get(..4).unwrap_or_default())
                    .is_some_and(|year| is_date(year, local.get(4..).unwrap_or_default()));
            matches!(local.len(), 7 | 8) && pieces <= 2 && !looks_like_day
                || (local.len() < digits.len() && (10..=11).contains(&local.len()))
        }
        _ => false,
    }
}
