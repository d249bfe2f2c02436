//! Texts a person reads: two languages side by side, and messages with places to fill. Owns language choice;
//! never holds a literal text of its own.

use std::collections::HashMap;

use serde::Deserialize;

/// Language on screen and in exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// 简体中文, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The two-letter code of command line and file names.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }
}

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// 简体中文.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    /// The text in `lang`.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// A message key with the values for its places: what errors and problems carry instead of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Key in the message files, e.g. `problem.unknown_column`.
    pub key: &'static str,
    /// Name and value of each `{name}` place.
    pub args: Vec<(&'static str, String)>,
}

impl Message {
    /// A message without places.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self { key, args: Vec::new() }
    }

    /// Fills the place `{name}`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }
}

/// Digits of a whole number in groups of three: `1,234,567`.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

fn span(secs: i64) -> (&'static str, i64) {
    match secs.max(0) {
        s if s < MINUTE => ("now", 0),
        s if s < HOUR => ("minutes", s / MINUTE),
        s if s < 2 * DAY => ("hours", s / HOUR),
        s if s < 60 * DAY => ("days", s / DAY),
        s => ("months", s / (30 * DAY)),
    }
}

/// How long ago, in words: `3 分钟前`, `3 min ago`.
#[must_use]
pub fn ago(secs: i64, text: &Messages) -> String {
    let (unit, n) = span(secs);
    text.fill(&format!("time.ago.{unit}"), &[("n", &n.to_string())])
}

/// How long, in words: `3 小时`, `3 h`.
#[must_use]
pub fn lasting(secs: i64, text: &Messages) -> String {
    let (unit, n) = span(secs);
    text.fill(&format!("time.lasting.{unit}"), &[("n", &n.to_string())])
}

/// All messages of one language: the program's own and the site's, flattened to dotted keys.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    lang: Lang,
    texts: HashMap<String, String>,
    codes: HashMap<String, Vec<String>>,
}

const BUILT_IN_ZH: [&str; 3] = [
    include_str!("../../assets/messages/zh.toml"),
    include_str!("../../assets/messages/cli.zh.toml"),
    include_str!("../../assets/messages/derived.zh.toml"),
];
const BUILT_IN_EN: [&str; 3] = [
    include_str!("../../assets/messages/en.toml"),
    include_str!("../../assets/messages/cli.en.toml"),
    include_str!("../../assets/messages/derived.en.toml"),
];

impl Messages {
    /// The program's own messages.
    #[must_use]
    pub fn built_in(lang: Lang) -> Self {
        let mut messages = Self { lang, ..Self::default() };
        let sources = match lang {
            Lang::Zh => BUILT_IN_ZH,
            Lang::En => BUILT_IN_EN,
        };
        for source in sources {
            if let Err(err) = messages.add(source) {
                log::error!("built-in messages ({}): {err}", lang.code());
            }
        }
        messages
    }

    /// Adds the texts of a TOML file; later ones replace earlier ones of the same key.
    ///
    /// # Errors
    /// The TOML error, with its place.
    pub fn add(&mut self, source: &str) -> Result<(), toml::de::Error> {
        let table: toml::Table = toml::from_str(source)?;
        if let Some(toml::Value::Table(lists)) = table.get("code") {
            for (list, codes) in lists {
                let codes = codes.as_table().map(|t| t.keys().cloned().collect()).unwrap_or_default();
                self.codes.insert(list.clone(), codes);
            }
        }
        flatten("", &toml::Value::Table(table), &mut self.texts);
        Ok(())
    }

    /// Which language these are.
    #[must_use]
    pub const fn lang(&self) -> Lang {
        self.lang
    }

    /// The text of `key`; the key itself where it is missing, so that a hole is seen and not hidden.
    #[must_use]
    pub fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.get(key).map_or(key, String::as_str)
    }

    /// The text of `key`, if there is one.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// The text of `key` with its `{name}` places filled. `{name|one|many}` is the first word where the value is 1, else the
    /// second: `{n} {n|row|rows}`. A place that no value is given for stays as it is.
    #[must_use]
    pub fn fill(&self, key: &str, args: &[(&str, &str)]) -> String {
        let mut rest = self.get(key);
        let mut out = String::with_capacity(rest.len() + 16);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let place = after.split_once('}');
            let filled = place.and_then(|(place, behind)| Some((filling(place, args)?, behind)));
            if let Some((words, behind)) = filled {
                out.push_str(words);
                rest = behind;
            } else {
                out.push('{');
                rest = after;
            }
        }
        out.push_str(rest);
        out
    }

    /// The text of a message.
    #[must_use]
    pub fn say(&self, message: &Message) -> String {
        let args: Vec<(&str, &str)> = message.args.iter().map(|(n, v)| (*n, v.as_str())).collect();
        self.fill(message.key, &args)
    }

    /// Name of a code in a code list; the code itself where the site gives no name.
    #[must_use]
    pub fn code_name<'a>(&'a self, list: &str, code: &'a str) -> &'a str {
        self.texts.get(&format!("code.{list}.{code}")).map_or(code, String::as_str)
    }

    /// The codes of a list, in the order of the file; empty where there is no such list.
    #[must_use]
    pub fn codes(&self, list: &str) -> &[String] {
        self.codes.get(list).map_or(&[], Vec::as_slice)
    }

    /// All code lists with their codes, in no order.
    pub fn code_lists(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.codes.iter().map(|(list, codes)| (list.as_str(), codes.as_slice()))
    }

    /// Name of a unit, behind several; the unit itself where there is none (`%`).
    #[must_use]
    pub fn unit_name<'a>(&'a self, unit: &'a str) -> &'a str {
        let name = self.texts.get(&format!("unit.{unit}")).map_or(unit, String::as_str);
        name.split_once('|').map_or(name, |(_, many)| many)
    }

    /// Name of a unit as it stands behind a printed number: `case` of `case|cases` behind 1.
    #[must_use]
    pub fn unit_behind<'a>(&'a self, number: &str, unit: &'a str) -> &'a str {
        let name = self.texts.get(&format!("unit.{unit}")).map_or(unit, String::as_str);
        name.split_once('|').map_or(name, |(one, many)| if number == ONE { one } else { many })
    }

    /// All keys, sorted: for the test that both languages have the same.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.texts.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    /// All texts: for the test that the font draws every glyph.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.values().map(String::as_str)
    }
}

/// The number that words stand in the singular with.
const ONE: &str = "1";

/// What stands at a place of a message, `name` or `name|one|many`; nothing where no value is given for it.
fn filling<'a>(place: &'a str, args: &[(&str, &'a str)]) -> Option<&'a str> {
    let mut parts = place.split('|');
    let name = parts.next()?;
    let (_, value) = args.iter().find(|(given, _)| *given == name)?;
    Some(match (parts.next(), parts.next()) {
        (Some(one), Some(many)) => {
            if *value == ONE {
                one
            } else {
                many
            }
        }
        _ => value,
    })
}

fn flatten(prefix: &str, value: &toml::Value, into: &mut HashMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, inner) in table {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&path, inner, into);
            }
        }
        toml::Value::String(text) => {
            into.insert(prefix.to_owned(), text.clone());
        }
        // A message is a text; a number or a date in a message file is a slip that the keys test shows as a hole.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(source: &str) -> Messages {
        let mut messages = Messages::default();
        messages.add(source).expect("messages");
        messages
    }

    #[test]
    fn words_follow_the_number() {
        let text = messages(r#"checked = "{n} {n|row was|rows were} left out of {all}, {unknown} {""#);
        let say = |n: &str| text.fill("checked", &[("n", n), ("all", "7")]);
        assert_eq!(say("1"), "1 row was left out of 7, {unknown} {");
        for many in ["0", "2", "11", "1,001"] {
            assert_eq!(say(many), format!("{many} rows were left out of 7, {{unknown}} {{"));
        }
        // A value is a value, whatever it looks like.
        assert_eq!(say("{all}"), "{all} rows were left out of 7, {unknown} {");
    }

    #[test]
    fn units_follow_the_number() {
        let text = messages("[unit]\ncase = \"case|cases\"\nh = \"h\"");
        assert_eq!([text.unit_behind("1", "case"), text.unit_behind("1", "h")], ["case", "h"]);
        assert_eq!([text.unit_behind("1.0", "case"), text.unit_name("case")], ["cases", "cases"]);
        assert_eq!(text.unit_behind("1", "%"), "%");
    }
}
