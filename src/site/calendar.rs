//! `calendar.toml`: days unlike the others, by name. Owns the file's shape, its checks and the question what a day is; never
//! decides what follows from it.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::civil::{date_of, parse_day, year_start};
use super::problem::{Problem, nearest, row_and_column};
use super::text::{Bilingual, Lang, Message};
use crate::snapshot::Day;

/// Name of the file in a site folder.
pub const FILE: &str = "calendar.toml";

/// A span longer than this many days is taken for a slip of the pen: everything in it would go unjudged.
const MOST_DAYS: Day = 92;

/// Names of the days of the week, from Monday on.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const KINDS: [(&str, DayKind); 2] = [("holiday", DayKind::Holiday), ("working_day", DayKind::WorkingDay)];

/// How a day is unlike the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// No work, or little.
    Holiday,
    /// A day of rest on which work is done, in exchange for another.
    WorkingDay,
}

/// Days in a row that are unlike the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySpan {
    /// How.
    pub kind: DayKind,
    /// What a person calls them; days of one name are the same holiday in different years.
    pub name: Bilingual,
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
    /// Who says so.
    pub source: Bilingual,
}

/// The days of a site that are unlike the others; none where there is no `calendar.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// In their order, none over another.
    spans: Vec<DaySpan>,
    /// Which days of the week are days of rest, from Monday on.
    rest: [bool; 7],
}

impl Calendar {
    /// A calendar of spans that do not overlap, and of the days of the week that are days of rest (from Monday on).
    #[must_use]
    pub fn new(mut spans: Vec<DaySpan>, rest: [bool; 7]) -> Self {
        spans.sort_by_key(|span| span.first);
        Self { spans, rest }
    }

    /// Reads the file. What is wrong is told with its place; what is right is taken.
    #[must_use]
    pub fn read(text: &str) -> (Self, Vec<Problem>) {
        let mut reader = Reader { text, problems: Vec::new() };
        let calendar = match toml::from_str::<CalendarFile>(text) {
            Ok(file) => reader.calendar(&file),
            Err(err) => {
                let message = Message::new("problem.bad_toml").with("error", err.message());
                match err.span() {
                    Some(span) => reader.tell(span, message),
                    None => reader.problems.push(Problem::error(FILE, message)),
                }
                Self::default()
            }
        };
        (calendar, reader.problems)
    }

    /// What a day is, where it is unlike the others.
    #[must_use]
    pub fn at(&self, day: Day) -> Option<&DaySpan> {
        let after = self.spans.partition_point(|span| span.first <= day);
        after.checked_sub(1).and_then(|before| self.spans.get(before)).filter(|span| day <= span.last)
    }

    /// That a calendar which has named days before knows none of the year a day is in: it was not carried on, and the
    /// year's holidays are taken for plain days.
    #[must_use]
    pub fn ended_before(&self, day: Day) -> Option<Problem> {
        let year = year_start(day);
        let last = self.spans.last().filter(|span| span.last < year)?;
        let message = Message::new("problem.calendar_ended").with("last", date_of(last.last));
        Some(Problem::warning(FILE, message.with("year", date_of(day).year())))
    }

    /// Whether a day is a holiday.
    #[must_use]
    pub fn is_holiday(&self, day: Day) -> bool {
        self.at(day).is_some_and(|span| span.kind == DayKind::Holiday)
    }

    /// Whether the week makes a day one of rest, whatever the calendar says of it.
    #[must_use]
    pub fn is_rest_day(&self, day: Day) -> bool {
        // Day 0 was a Thursday.
        usize::try_from((day + 3).rem_euclid(7)).is_ok_and(|at| self.rest.get(at).copied().unwrap_or(false))
    }

    /// Spans that have a day among some, in their order.
    pub fn among(&self, days: Range<Day>) -> impl Iterator<Item = &DaySpan> {
        let first = self.spans.partition_point(|span| span.last < days.start);
        self.spans.iter().skip(first).take_while(move |span| span.first < days.end)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    format: Spanned<u32>,
    #[serde(default)]
    rest_days: Vec<Spanned<String>>,
    #[serde(default, rename = "source")]
    sources: Vec<SourceLine>,
    #[serde(default)]
    spans: Vec<Spanned<SpanLine>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceLine {
    id: String,
    text: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpanLine {
    kind: Spanned<String>,
    first: Spanned<String>,
    #[serde(default)]
    last: Option<Spanned<String>>,
    #[serde(default)]
    zh: Option<Spanned<String>>,
    #[serde(default)]
    en: Option<Spanned<String>>,
    source: Spanned<String>,
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn tell(&mut self, at: Range<usize>, message: Message) {
        let (row, column) = row_and_column(self.text, at.start);
        self.problems.push(Problem::error(FILE, message).at(Some(row), Some(column.to_string())));
    }

    fn calendar(&mut self, file: &CalendarFile) -> Calendar {
        if *file.format.get_ref() != 1 {
            self.tell(file.format.span(), Message::new("problem.wrong_format").with("file", FILE));
        }
        let mut rest = [false; 7];
        for word in &file.rest_days {
            match WEEKDAYS.iter().position(|name| *name == word.get_ref()).and_then(|at| rest.get_mut(at)) {
                Some(is_rest) => *is_rest = true,
                None => self.unknown(word, "problem.calendar_weekday", &WEEKDAYS),
            }
        }
        let mut spans: Vec<(Range<usize>, DaySpan)> = Vec::new();
        for line in &file.spans {
            spans.extend(self.span(line, &file.sources).map(|span| (line.span(), span)));
        }
        spans.sort_by_key(|(_, span)| span.first);
        let mut kept: Vec<(Range<usize>, DaySpan)> = Vec::new();
        for (place, span) in spans {
            let before = kept.last().filter(|(_, before)| span.first <= before.last);
            if let Some((above, other)) = before {
                // Of two that overlap the later line is told, whichever begins first.
                let (place, with) =
                    if place.start > above.start { (place, other) } else { (above.clone(), &span) };
                let message = Message::new("problem.calendar_overlap").with("first", date_of(with.first));
                self.tell(place, message.with("last", date_of(with.last)));
                continue;
            }
            kept.push((place, span));
        }
        let calendar = Calendar::new(kept.iter().map(|(_, span)| span.clone()).collect(), rest);
        for (place, span) in kept.iter().filter(|(_, span)| span.kind == DayKind::WorkingDay) {
            if let Some(day) = (span.first..=span.last).find(|day| !calendar.is_rest_day(*day)) {
                self.tell(place.clone(), Message::new("problem.calendar_no_rest").with("date", date_of(day)));
            }
        }
        calendar
    }

    fn span(&mut self, line: &Spanned<SpanLine>, sources: &[SourceLine]) -> Option<DaySpan> {
        let SpanLine { kind, first, last, zh, en, source } = line.get_ref();
        let found = KINDS.iter().find(|(word, _)| word == kind.get_ref()).map(|(_, kind)| *kind);
        if found.is_none() {
            self.unknown(kind, "problem.calendar_kind", &KINDS.map(|(word, _)| word));
        }
        let begin = self.day(first);
        let end = last.as_ref().map_or(begin, |last| self.day(last));
        let name = [(Lang::Zh, zh), (Lang::En, en)].map(|(lang, name)| self.name(line, lang, name.as_ref()));
        let ids = || sources.iter().map(|source| source.id.as_str());
        let by = sources.iter().find(|one| one.id == *source.get_ref()).map(|one| one.text.clone());
        if by.is_none() {
            self.unknown(source, "problem.calendar_source", &ids().collect::<Vec<&str>>());
        }
        let (first_day, last_day) = (begin?, end?);
        if !(0..MOST_DAYS).contains(&(last_day - first_day)) {
            let days = (last_day - first_day + 1).to_string();
            let message = Message::new("problem.calendar_length").with("days", days);
            self.tell(last.as_ref().unwrap_or(first).span(), message.with("most", MOST_DAYS));
            return None;
        }
        let [zh, en] = name;
        let name = Bilingual { zh: zh?, en: en? };
        Some(DaySpan { kind: found?, name, first: first_day, last: last_day, source: by? })
    }

    fn day(&mut self, word: &Spanned<String>) -> Option<Day> {
        let day = parse_day(word.get_ref());
        if day.is_none() {
            self.tell(word.span(), Message::new("problem.calendar_date").with("date", word.get_ref()));
        }
        day
    }

    /// The name in a language; told at its place, or at the line's where there is none.
    fn name(
        &mut self,
        line: &Spanned<SpanLine>,
        lang: Lang,
        name: Option<&Spanned<String>>,
    ) -> Option<String> {
        let given = name.filter(|name| !name.get_ref().trim().is_empty());
        if given.is_none() {
            let place = name.map_or_else(|| line.span(), Spanned::span);
            self.tell(place, Message::new("problem.calendar_name").with("key", lang.code()));
        }
        given.map(|name| name.get_ref().clone())
    }

    fn unknown(&mut self, word: &Spanned<String>, key: &'static str, known: &[&str]) {
        let name = word.get_ref();
        let hint = nearest(name, known.iter().copied()).unwrap_or("—");
        self.tell(word.span(), Message::new(key).with("name", name).with("nearest", hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 1\nrest_days = [\"saturday\", \"sunday\"]\n[[source]]\nid = \"law\"\ntext = { zh = \"法\", en = \"Law\" }\n";

    /// The file with some lines as its spans; the first of them is row 4.
    fn read(lines: &[&str]) -> (Calendar, Vec<(usize, String, &'static str)>) {
        let text = format!(
            "format = 1\nrest_days = [\"saturday\", \"sunday\"]\nspans = [\n{}\n]\n[[source]]\nid = \"law\"\ntext = {{ zh = \"法\", en = \"Law\" }}\n",
            lines.join("\n")
        );
        let (calendar, problems) = Calendar::read(&text);
        let told = |p: Problem| (p.row.unwrap(), p.column.unwrap(), p.message.key);
        (calendar, problems.into_iter().map(told).collect())
    }

    fn day(text: &str) -> Day {
        parse_day(text).unwrap()
    }

    #[test]
    fn days_have_names_and_kinds() {
        let (calendar, problems) = read(&[
            r#"{ kind = "working_day", first = "2026-02-14", zh = "上班", en = "Worked", source = "law" },"#,
            r#"{ kind = "holiday", first = "2026-02-15", last = "2026-02-23", zh = "节", en = "Feast", source = "law" },"#,
            r#"{ kind = "holiday", first = "2026-01-01", zh = "元旦", en = "New Year", source = "law" },"#,
        ]);
        assert_eq!(problems, []);
        let name = |date: &str| calendar.at(day(date)).map(|span| (span.kind, span.name.en.as_str()));
        for (date, expected) in [
            ("2025-12-31", None),
            ("2026-01-01", Some((DayKind::Holiday, "New Year"))),
            ("2026-01-02", None),
            ("2026-02-14", Some((DayKind::WorkingDay, "Worked"))),
            ("2026-02-15", Some((DayKind::Holiday, "Feast"))),
            ("2026-02-23", Some((DayKind::Holiday, "Feast"))),
            ("2026-02-24", None),
        ] {
            assert_eq!(name(date), expected, "{date}");
        }
        assert!(calendar.is_rest_day(day("2026-02-14")) && !calendar.is_rest_day(day("2026-02-16")));
        let among = |from: &str, to: &str| calendar.among(day(from)..day(to)).count();
        assert_eq!(
            (
                among("2026-01-02", "2026-02-14"),
                among("2026-02-14", "2026-02-16"),
                among("2025-01-01", "2027-01-01")
            ),
            (0, 2, 3)
        );
        let ended = |date: &str| calendar.ended_before(day(date)).map(|problem| problem.message.key);
        assert_eq!(ended("2026-12-31"), None);
        assert_eq!(ended("2027-01-01"), Some("problem.calendar_ended"));
        assert_eq!(
            Calendar::default().ended_before(0),
            None,
            "a site without holidays has nothing to carry on"
        );
        assert_eq!(Calendar::read(HEAD).1, []);
        assert_eq!(Calendar::default().at(0), None);
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        let cases: [(&str, (usize, &str, &str)); 11] = [
            (
                r#"{ kind = "holidy", first = "2026-01-01", zh = "节", en = "A", source = "law" },"#,
                (4, "10", "problem.calendar_kind"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-02-30", zh = "节", en = "A", source = "law" },"#,
                (4, "29", "problem.calendar_date"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-01-03", last = "2026-01-01", zh = "节", en = "A", source = "law" },"#,
                (4, "50", "problem.calendar_length"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-01-03", last = "2036-01-03", zh = "节", en = "A", source = "law" },"#,
                (4, "50", "problem.calendar_length"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-01-03", zh = "节", source = "law" },"#,
                (4, "1", "problem.calendar_name"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-01-03", zh = " ", en = "A", source = "law" },"#,
                (4, "48", "problem.calendar_name"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-01-03", zh = "节", en = "A", source = "lore" },"#,
                (4, "72", "problem.calendar_source"),
            ),
            (
                r#"{ kind = "working_day", first = "2026-01-05", zh = "节", en = "A", source = "law" },"#,
                (4, "1", "problem.calendar_no_rest"),
            ),
            (
                r#"{ kind = "holiday", first = 2026, zh = "节", en = "A", source = "law" },"#,
                (4, "29", "problem.bad_toml"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-01-03", day = 1, zh = "节", en = "A", source = "law" },"#,
                (4, "43", "problem.bad_toml"),
            ),
            (
                r#"{ kind = "holiday", first = "2026-01-03", zh = "节", en = "A" },"#,
                (4, "1", "problem.bad_toml"),
            ),
        ];
        for (line, (row, column, key)) in cases {
            assert_eq!(read(&[line]).1, [(row, column.to_owned(), key)], "{line}");
        }
        let (long, short) = (
            r#"{ kind = "holiday", first = "2026-01-01", last = "2026-01-09", zh = "节", en = "A", source = "law" },"#,
            r#"{ kind = "holiday", first = "2026-01-03", zh = "日", en = "B", source = "law" },"#,
        );
        for lines in [[long, short], [short, long]] {
            assert_eq!(read(&lines).1, [(5, "1".to_owned(), "problem.calendar_overlap")], "{lines:?}");
        }
        let wrong_day = Calendar::read("format = 1\nrest_days = [\"satday\"]\n").1;
        let place = wrong_day.first().map(|p| (p.row, p.column.clone(), p.message.key));
        assert_eq!(place, Some((Some(2), Some("14".to_owned()), "problem.calendar_weekday")));
        let wrong_format = Calendar::read("format = 2\n").1;
        assert_eq!(wrong_format.first().map(|p| p.message.key), Some("problem.wrong_format"));
    }
}
