//! Names of persons beside words or numbers that make them names, and texts that are nothing but a name. Owns how a name
//! looks. One text that looks like a name is none yet, since words look like one too: a column of them is.

use super::Rule;
use super::lists::{Lists, Names, lists};
use super::plain::Plain;

/// Whether a text is nothing but what looks like a person's name.
#[must_use]
pub fn reads_as_name(text: &str) -> bool {
    const LONGEST: usize = 64;
    let is_latin = text.is_ascii();
    // Nearly every text is a code: one word of plain letters and digits.
    if text.len() > LONGEST || is_latin && !text.contains(' ') {
        return false;
    }
    let Some(names) = lists().map(|lists| &lists.names) else { return true };
    let plain = Plain::of(text);
    let chars: Vec<char> = plain.chars.iter().copied().filter(|c| *c != ' ').collect();
    if chars.iter().all(|c| is_han(*c)) {
        let word: String = chars.iter().collect();
        let is_double = names.surnames_double.iter().any(|s| word.starts_with(s.as_str()));
        let is_single = chars.first().is_some_and(|c| names.surnames.contains(c));
        let given = chars.len().saturating_sub(if is_double { 2 } else { 1 });
        let ends = chars.last().is_some_and(|c| names.given.contains(c));
        return (is_double || is_single) && (1..=2).contains(&given) && ends;
    }
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
    let is_capital = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
    let is_surname = |word: Option<&&str>| {
        word.is_some_and(|word| names.pinyin_surnames.contains(&word.to_ascii_lowercase()))
    };
    (2..=3).contains(&words.len())
        && words.iter().all(|word| is_word(word) && is_capital(word))
        && (is_surname(words.first()) || is_surname(words.last()))
}

/// Adds the rule about names. `beside_number`: the text also holds a number of a person.
pub(super) fn rules(plain: &Plain, lists: &Lists, beside_number: bool, out: &mut Vec<Rule>) {
    let names = &lists.names;
    let zh = names.labels.labels_zh.iter().any(|label| {
        plain.behind(label).any(|at| {
            let (start, marked) = plain.past_marks(at);
            is_name_at(plain, names, start, marked, true)
        })
    });
    let en = || {
        names.labels.labels_en.iter().any(|label| {
            plain.behind(label).any(|at| {
                let (start, marked) = plain.past_marks(at);
                marked && is_label(plain, at, label) && is_name_at(plain, names, start, true, true)
            })
        })
    };
    if zh || en() || beside_number && stands_alone(plain, names) {
        out.push(Rule::Name);
    }
}

/// Whether a Latin label opens a field: at the start of the text or behind a mark; "project name" is none.
fn is_label(plain: &Plain, behind: usize, label: &str) -> bool {
    let start = behind.saturating_sub(label.chars().count());
    let before = plain.chars.iter().take(start).rev().find(|c| **c != ' ');
    before.is_none_or(|c| !c.is_ascii_alphanumeric())
}

/// A name at a place. `marked`: a colon stood before it.
fn is_name_at(plain: &Plain, names: &Names, start: usize, marked: bool, labelled: bool) -> bool {
    let rest = plain.chars.get(start..).unwrap_or_default();
    match rest.first() {
        Some(c) if is_han(*c) => {
            let word: String = rest.iter().take_while(|c| is_han(**c) || **c == '·').collect();
            if names.no_name_zh.contains(&word) {
                return false;
            }
            let length = word.chars().count();
            let given = match () {
                () if names.surnames_double.iter().any(|s| word.starts_with(s.as_str())) => length - 2,
                () if word.chars().next().is_some_and(|c| names.surnames.contains(&c)) => length - 1,
                // A name of another people, with a dot in it.
                () if word.contains('·') => 2,
                () => return false,
            };
            // Without a mark, what follows the surname must end soon: a sentence goes on, a name stops.
            if marked { given >= 1 } else { (1..=2).contains(&given) }
        }
        Some(c) if c.is_ascii_alphabetic() && marked && labelled => {
            let words: Vec<String> = rest
                .split(|c| !(c.is_ascii_alphabetic() || matches!(c, '\'' | '-' | '.')))
                .take(3)
                .take_while(|word| !word.is_empty())
                .map(|word| word.iter().collect())
                .collect();
            let lower: Vec<String> = words.iter().map(|w| w.to_ascii_lowercase()).collect();
            let none = lower.first().is_none_or(|w| names.no_name_en.contains(w));
            let capital = words.iter().all(|w| w.starts_with(|c: char| c.is_ascii_uppercase()));
            let pinyin = lower.iter().any(|w| names.pinyin_surnames.contains(w)) && lower.len() >= 2;
            !none && (capital || pinyin)
        }
        _ => false,
    }
}

/// A piece of the text that is a surname with one or two more characters and nothing else.
fn stands_alone(plain: &Plain, names: &Names) -> bool {
    let mut at = 0;
    while let Some(c) = plain.chars.get(at) {
        if is_han(*c) {
            let length = plain.chars.iter().skip(at).take_while(|c| is_han(**c)).count();
            if (2..=4).contains(&length) && is_name_at(plain, names, at, false, false) {
                return true;
            }
            at += length;
        } else {
            at += 1;
        }
    }
    false
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}
