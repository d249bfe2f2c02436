//! Categories that are never collected, as words in a text or a code. Owns the search, not the words.

use super::Rule;
use super::lists::{Lists, lists};
use super::plain::Plain;

/// Adds the rules of the categories that a text names.
pub(super) fn rules(plain: &Plain, lists: &Lists, out: &mut Vec<Rule>) {
    for category in &lists.categories {
        let mut text = std::borrow::Cow::Borrowed(plain.text.as_str());
        for phrase in category.unless.iter().filter(|phrase| plain.text.contains(phrase.as_str())) {
            text = text.replace(phrase.as_str(), " ").into();
        }
        let named = category.zh.iter().any(|term| text.contains(term.as_str()))
            || category.en.iter().any(|term| plain.words.contains(term.as_str()));
        if named {
            out.push(category.rule);
        }
    }
}

/// The category that a code or its label names, if any.
pub(super) fn of(text: &str) -> Option<Rule> {
    let Some(lists) = lists() else { return Some(Rule::Unchecked) };
    let mut out = Vec::new();
    rules(&Plain::of(text), lists, &mut out);
    out.first().copied()
}
