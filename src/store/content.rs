//! Looks at every text and every unnamed number of a part for what may not come in. Owns where it looks; the rules are
//! the door's.

use std::collections::HashSet;

use polars::prelude::{Column as Series, *};

use crate::privacy::door::{self, Rule};
use crate::site::Site;
use crate::site::datasets::{Column, ColumnType, Table};

/// A place where a content may not come in: row, column, rule.
pub(super) struct Hit<'a> {
    pub(super) row: usize,
    pub(super) column: &'a str,
    pub(super) rule: Rule,
}

/// What was found in the columns of a part.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// Every content that may not come in.
    pub(super) hits: Vec<Hit<'a>>,
    /// Columns that hold codes of their lists and nothing else.
    pub(super) coded: HashSet<&'a str>,
}

/// What the texts and numbers of a column are asked.
pub(super) struct Asked<'a> {
    site: &'a Site,
    column: &'a Column,
    people: bool,
    known: Option<HashSet<&'a str>>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(site: &'a Site, table: &Table, column: &'a Column) -> Self {
        let people = door::declared::is_people_table(site, table);
        Self { site, column, people, known: known_texts(site, column) }
    }

    fn is_known(&self, text: &str) -> bool {
        self.known.as_ref().is_some_and(|known| known.contains(text))
    }

    fn rules(&self, text: &str) -> Vec<Rule> {
        let is_area = |run: &str| starts_with_area(self.site, run);
        let kind = self.column.kind;
        // A file of texts also holds its numbers as texts.
        let is_number = kind != ColumnType::Text && kind != ColumnType::Area && text.parse::<f64>().is_ok();
        if is_number {
            return Vec::new();
        }
        let mut rules = door::broken_rules(text, &is_area);
        let is_place = |text: &str| {
            let bounds = self.site.areas.iter().next().map(|(_, root)| root.bounds);
            door::reads_as_place(text) || bounds.is_some_and(|bounds| door::reads_as_point_of(&bounds, text))
        };
        if self.people && matches!(kind, ColumnType::Text | ColumnType::Area) && is_place(text) {
            rules.push(Rule::Place);
        }
        rules
    }

    /// Whether a text breaks no rule.
    pub(super) fn is_fine(&self, text: &str) -> bool {
        self.is_known(text) || self.rules(text.trim()).is_empty()
    }
}

/// Whether a column holds texts of any kind, among which names could stand.
pub(super) fn is_free(column: &Column) -> bool {
    column.kind == ColumnType::Text && column.codes.is_none()
}

/// Texts that look like a person's name, if they are most of the different ones of a free column.
fn names<'t>(column: &Column, texts: &'t StringChunked) -> HashSet<&'t str> {
    if !is_free(column) {
        return HashSet::new();
    }
    let names: HashSet<&str> = texts.iter().flatten().filter(|text| door::reads_as_name(text)).collect();
    let all = if names.is_empty() { 0 } else { texts.drop_nulls().n_unique().unwrap_or(0) };
    if names.len() * 2 > all { names } else { HashSet::new() }
}

/// Looks at the declared columns.
pub(super) fn content<'a>(site: &Site, table: &'a Table, rows: &DataFrame) -> Found<'a> {
    let Found { mut hits, mut coded } = Found::default();
    for column in &table.columns {
        let Ok(series) = rows.column(&column.id) else { continue };
        if let Ok(texts) = series.str() {
            let asked = Asked::new(site, table, column);
            let names = names(column, texts);
            let named = texts.iter().enumerate().filter(|(_, text)| text.is_some_and(|t| names.contains(t)));
            if !names.is_empty() {
                hits.extend(named.map(|(row, _)| Hit { row, column: &column.id, rule: Rule::Name }));
            }
            // A coded column and one of areas have few different values: those are looked at before any row is.
            let different = asked.known.as_ref().and_then(|_| texts.unique().ok());
            let all_known =
                different.as_ref().is_some_and(|d| d.iter().flatten().all(|text| asked.is_known(text)));
            if all_known {
                coded.insert(&column.id);
            }
            if !all_known && !different.is_some_and(|d| d.iter().flatten().all(|text| asked.is_fine(text))) {
                for (row, text) in texts.iter().enumerate() {
                    let Some(text) = text.filter(|text| !asked.is_known(text)) else { continue };
                    let rules = asked.rules(text.trim());
                    hits.extend(rules.into_iter().map(|rule| Hit { row, column: &column.id, rule }));
                }
            }
        }
        if may_be_number(column)
            && let Some(numbers) = long_numbers(series)
        {
            hits.extend(numbers.into_iter().map(|(row, rule)| Hit { row, column: &column.id, rule }));
        }
    }
    Found { hits, coded }
}

/// Numbers that count something have a unit; one without may be anybody's number.
pub(super) fn may_be_number(column: &Column) -> bool {
    matches!(column.kind, ColumnType::Int | ColumnType::Float) && column.unit.is_none()
}

/// Values of a column that are known to be fine: its codes, which were checked where they are declared, or areas.
fn known_texts<'a>(site: &'a Site, column: &Column) -> Option<HashSet<&'a str>> {
    match (&column.codes, column.kind) {
        (Some(list), _) => {
            let fits = |code: &&str| column.max_len.is_none_or(|most| code.chars().count() <= most);
            Some(site.codes(list).iter().map(String::as_str).filter(fits).collect())
        }
        (None, ColumnType::Area) => Some(site.areas.iter().map(|(_, area)| area.code.as_str()).collect()),
        _ => None,
    }
}

/// Whether a run of digits is a code below one of the site's areas.
fn starts_with_area(site: &Site, run: &str) -> bool {
    const SHORTEST: usize = 9;
    (SHORTEST..=run.len()).any(|end| run.get(..end).is_some_and(|code| site.areas.find(code).is_some()))
}

/// No number of a person is smaller.
pub(super) const SHORTEST: i64 = 13_000_000_000;

/// Identity and mobile numbers in a column of numbers, also of numbers written as texts.
fn long_numbers(series: &Series) -> Option<Vec<(usize, Rule)>> {
    let numbers = match series.dtype() {
        // A text that is no number was looked at as a text.
        DataType::String => {
            let texts = series.str().ok()?;
            if texts.iter().flatten().all(|text| text.len() < 11) {
                return None;
            }
            texts
                .iter()
                .map(|text| text?.trim().parse::<f64>().ok().map(|n| n as i64))
                .collect::<Int64Chunked>()
        }
        _ => series.cast(&DataType::Int64).ok()?.i64().ok()?.clone(),
    };
    if numbers.max().is_none_or(|most| most < SHORTEST) {
        return None;
    }
    let hits = numbers.iter().enumerate().filter_map(|(row, n)| Some((row, door::number_rule(n?)?)));
    Some(hits.collect())
}

/// A number with decimals that stands in a text by itself.
pub(super) fn coordinate(text: &str) -> Option<f64> {
    const LONGEST: usize = 24;
    let text = text.trim();
    (text.len() <= LONGEST && text.contains('.')).then(|| text.parse().ok()).flatten()
}

/// Whether a table is one about people, in which columns of numbers can be coordinates. Events have their own rule.
pub(super) fn may_be_places(site: &Site, table: &Table) -> bool {
    let is_events = site.meta.events.as_ref().is_some_and(|events| events.table == table.id);
    let numbers = table.columns.iter().filter(|c| c.kind == ColumnType::Float || is_free(c)).count();
    numbers > 1 && !is_events && door::declared::is_people_table(site, table)
}

/// In a table about people, two columns of numbers that together place most rows exactly are coordinates, whatever
/// they are called.
pub(super) fn places<'a>(site: &Site, table: &'a Table, rows: &DataFrame) -> Vec<Hit<'a>> {
    let numbers: Vec<(&str, Float64Chunked)> = table
        .columns
        .iter()
        .filter_map(|c| {
            let series = rows.column(&c.id).ok()?;
            let numbers = match c.kind {
                ColumnType::Float => series.f64().ok()?.clone(),
                ColumnType::Text if is_free(c) => {
                    let texts = series.str().ok()?;
                    texts.iter().map(|text| coordinate(text?)).collect()
                }
                _ => return None,
            };
            (numbers.null_count() < numbers.len()).then_some((c.id.as_str(), numbers))
        })
        .collect();
    let Some((_, root)) = site.areas.iter().next() else { return Vec::new() };
    if numbers.len() < 2 || !may_be_places(site, table) {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for (at, (first, a)) in numbers.iter().enumerate() {
        for (_, b) in numbers.iter().skip(at + 1) {
            let (mut told, mut exact) = (0usize, Vec::new());
            for (row, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                if let (Some(a), Some(b)) = (a, b) {
                    told += 1;
                    if door::coordinate_pair(&root.bounds, a, b) {
                        exact.push(row);
                    }
                }
            }
            if exact.len() * 2 > told {
                hits.extend(exact.into_iter().map(|row| Hit { row, column: first, rule: Rule::Place }));
            }
        }
    }
    hits
}
