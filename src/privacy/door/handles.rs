//! E-mail addresses, accounts of messengers and number plates in a text. Owns their forms.

use super::Rule;
use super::lists::Lists;
use super::plain::Plain;

/// Adds the rules about addresses, accounts and plates that a text breaks.
pub(super) fn rules(plain: &Plain, lists: &Lists, out: &mut Vec<Rule>) {
    if has_email(&plain.lower) {
        out.push(Rule::Email);
    }
    if has_plate(&plain.chars) {
        out.push(Rule::Plate);
    }
    let marked = |at: usize| {
        let (at, marked) = plain.past_marks(at);
        marked && is_handle(plain, at)
    };
    let plainly = |at: usize| is_handle(plain, plain.past_marks(at).0);
    let handles = &lists.handles;
    if plain.text.contains("wxid-")
        || handles.labels_zh.iter().any(|label| plain.behind(&label.to_lowercase()).any(plainly))
        || handles.labels_en.iter().any(|label| plain.behind(label).any(marked))
    {
        out.push(Rule::Handle);
    }
}

/// Something, an at sign, and a name with a dot in it. Spaces around the sign do not hide it.
fn has_email(lower: &[char]) -> bool {
    let at_signs = lower.iter().enumerate().filter(|(_, c)| **c == '@');
    at_signs.map(|(at, _)| at).any(|at| {
        let before = lower.iter().take(at).rev().find(|c| **c != ' ');
        let local = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '+' | '%'));
        let host: String = lower
            .iter()
            .skip(at + 1)
            .skip_while(|c| **c == ' ')
            .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '.'))
            .collect();
        local && host.split_once('.').is_some_and(|(name, rest)| !name.is_empty() && rest.len() >= 2)
    })
}

/// A province's character, a letter, then five or six letters and digits that stand together, or four and a word.
fn has_plate(chars: &[char]) -> bool {
    const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使";
    const LAST: &str = "挂学警港澳领试超";
    const FEWEST_DIGITS: usize = 3;
    let is_separator = |c: &char| matches!(c, ' ' | '·' | '-' | '.');
    chars.iter().enumerate().filter(|(_, c)| PROVINCES.contains(**c)).any(|(at, _)| {
        let mut rest = chars.get(at + 1..).unwrap_or_default().iter().skip_while(|c| is_separator(c));
        if !rest.next().is_some_and(char::is_ascii_alphabetic) {
            return false;
        }
        let rest: Vec<char> = rest.skip_while(|c| is_separator(c)).take(8).copied().collect();
        let body: Vec<char> = rest.iter().copied().take_while(char::is_ascii_alphanumeric).collect();
        let ends_in_word = rest.get(body.len()).is_some_and(|c| LAST.contains(*c));
        let digits = body.iter().filter(|c| c.is_ascii_digit()).count();
        digits >= FEWEST_DIGITS && (matches!(body.len(), 5 | 6) || (body.len() == 4 && ends_in_word))
    })
}

/// Six to twenty letters, digits, hyphens: an account, or a number of at least five digits.
fn is_handle(plain: &Plain, at: usize) -> bool {
    const LENGTH: std::ops::RangeInclusive<usize> = 5..=40;
    let length = plain.chars.iter().skip(at).take_while(|c| c.is_ascii_alphanumeric() || **c == '-').count();
    LENGTH.contains(&length)
}
