//! The word lists of the door. Owns reading them; holds no rule.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::Deserialize;

use super::Rule;

const FILE: &str = include_str!("../../../assets/door.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    names: NamesFile,
    phones: Labels,
    handles: Labels,
    #[serde(rename = "category")]
    categories: Vec<CategoryFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesFile {
    labels_zh: Vec<String>,
    labels_en: Vec<String>,
    no_name_zh: Vec<String>,
    no_name_en: Vec<String>,
    surnames_double: Vec<String>,
    surnames: String,
    given: String,
    pinyin_surnames: HashSet<String>,
}

/// Words in front of something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    pub(super) labels_zh: Vec<String>,
    pub(super) labels_en: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryFile {
    id: String,
    zh: Vec<String>,
    en: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

/// Words about names.
pub(super) struct Names {
    pub(super) labels: Labels,
    pub(super) no_name_zh: Vec<String>,
    pub(super) no_name_en: Vec<String>,
    pub(super) surnames_double: Vec<String>,
    pub(super) surnames: HashSet<char>,
    /// Characters that given names end in.
    pub(super) given: HashSet<char>,
    pub(super) pinyin_surnames: HashSet<String>,
}

/// Words of a category that is never collected.
pub(super) struct Category {
    pub(super) rule: Rule,
    /// Looked for anywhere.
    pub(super) zh: Vec<String>,
    /// Looked for as whole words: with a space on either side.
    pub(super) en: Vec<String>,
    /// Phrases in which a term means something else.
    pub(super) unless: Vec<String>,
}

/// All lists.
pub(super) struct Lists {
    pub(super) names: Names,
    pub(super) phones: Labels,
    pub(super) handles: Labels,
    pub(super) categories: Vec<Category>,
}

/// The lists; none where the program's own file cannot be read, which a test excludes.
pub(super) fn lists() -> Option<&'static Lists> {
    static LISTS: OnceLock<Option<Lists>> = OnceLock::new();
    LISTS
        .get_or_init(|| match toml::from_str::<File>(FILE) {
            Ok(file) => of(file),
            Err(err) => {
                log::error!("lists of the door: {err}");
                None
            }
        })
        .as_ref()
}

fn of(file: File) -> Option<Lists> {
    let categories = file
        .categories
        .into_iter()
        .map(|c| {
            Some(Category {
                rule: rule(&c.id)?,
                zh: c.zh,
                en: c.en.iter().map(|word| format!(" {word} ")).collect(),
                unless: c.unless,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    let names = file.names;
    Some(Lists {
        names: Names {
            labels: Labels { labels_zh: names.labels_zh, labels_en: names.labels_en },
            no_name_zh: names.no_name_zh,
            no_name_en: names.no_name_en,
            surnames_double: names.surnames_double,
            surnames: names.surnames.chars().collect(),
            given: names.given.chars().collect(),
            pinyin_surnames: names.pinyin_surnames,
        },
        phones: file.phones,
        handles: file.handles,
        categories,
    })
}

fn rule(id: &str) -> Option<Rule> {
    [
        Rule::Petition,
        Rule::Political,
        Rule::Religious,
        Rule::Ethnic,
        Rule::Persons,
        Rule::Stability,
        Rule::Discipline,
        Rule::Personnel,
        Rule::UnitedFront,
        Rule::PartyGroups,
    ]
    .into_iter()
    .find(|rule| rule.id() == id)
}
