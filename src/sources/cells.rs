//! What offices write into cells: headers in either language, full-width digits, the common forms of dates, names of
//! codes. Owns how such a text becomes one the door can read; guesses nothing: what it does not know stays as it is.

use std::collections::HashMap;

use jiff::civil::{Date, DateTime, Time};

use crate::site::Site;
use crate::site::civil::CivilZone;
use crate::site::datasets::{ColumnType, Table};

/// Day 0 of spreadsheets that count from 1900, from 1970.
const SERIAL_ZERO: i64 = -25_569;
/// Serials of the years 1954 to 2118: no date of eight digits and no year is among them.
const SERIALS: std::ops::Range<f64> = 20_000.0..80_000.0;

/// How the cells of a table are read.
#[derive(Debug)]
pub struct Cells<'a> {
    zone: &'a CivilZone,
    table: &'a Table,
    /// Per column, names of codes in both languages to the code.
    codes: Vec<HashMap<String, String>>,
}

impl<'a> Cells<'a> {
    /// For a table of a site.
    #[must_use]
    pub fn new(site: &'a Site, table: &'a Table) -> Self {
        let codes = table
            .columns
            .iter()
            .map(|column| {
                let Some(list) = &column.codes else { return HashMap::new() };
                let named = |code: &String| {
                    [&site.messages_zh, &site.messages_en]
                        .map(|m| (m.code_name(list, code).to_owned(), code.clone()))
                };
                site.codes(list).iter().flat_map(named).collect()
            })
            .collect();
        Self { zone: &site.zone, table, codes }
    }

    /// The column that a header means: its name, or what a person calls it in either language.
    #[must_use]
    pub fn column(&self, header: &str) -> Option<usize> {
        let header = plain(header);
        let header = header.trim();
        self.table.columns.iter().position(|c| {
            c.id.eq_ignore_ascii_case(header)
                || plain(&c.zh).trim() == header
                || c.en.eq_ignore_ascii_case(header)
        })
    }

    /// The text of a cell as the door reads it; none where the cell is empty.
    #[must_use]
    pub fn read(&self, column: usize, text: &str) -> Option<String> {
        let declared = self.table.columns.get(column)?;
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if text.is_empty() {
            return None;
        }
        if let Some(code) = self.codes.get(column).and_then(|codes| codes.get(text)) {
            return Some(code.clone());
        }
        let read = match declared.kind {
            ColumnType::Text => return Some(text.to_owned()),
            ColumnType::Area => Some(plain(text)),
            ColumnType::Int => number(text).map(|n| n.strip_suffix(".0").map_or(n.clone(), str::to_owned)),
            ColumnType::Float => number(text),
            ColumnType::Bool => truth(text),
            ColumnType::Date => date(text).map(|d| d.to_string()),
            ColumnType::Month => month(text).map(|d| d.to_string()),
            ColumnType::Time => instant(self.zone, text).map(|secs| secs.to_string()),
        };
        Some(read.unwrap_or_else(|| text.to_owned()))
    }
}

/// Full-width letters, digits and signs as their plain ones.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{3000}' => ' ',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        })
        .collect()
}

fn number(text: &str) -> Option<String> {
    let plain = plain(text).trim().to_owned();
    let digits: String = if is_grouped(&plain) { plain.replace(',', "") } else { plain };
    digits.parse::<f64>().ok().filter(|n| n.is_finite()).map(|_| digits)
}

/// `1,234,567.8`: groups of three behind the first.
fn is_grouped(text: &str) -> bool {
    let whole = text.trim_start_matches(['-', '+']).split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && whole.contains(',') && groups.all(|g| g.len() == 3)
}

fn truth(text: &str) -> Option<String> {
    let text = plain(text).trim().to_lowercase();
    match text.as_str() {
        "1" | "true" | "yes" | "y" | "\u{662f}" | "\u{6709}" => Some("true".to_owned()),
        "0" | "false" | "no" | "n" | "\u{5426}" | "\u{65e0}" => Some("false".to_owned()),
        _ => None,
    }
}

/// Characters for year, month, day, hour, minute and second become the signs between plain numbers.
fn signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).trim().chars() {
        match c {
            '\u{5e74}' | '\u{6708}' | '/' | '.' if !out.contains(' ') => out.push('-'),
            '\u{65e5}' => out.push(' '),
            '\u{65f6}' | '\u{70b9}' | '\u{5206}' => out.push(':'),
            '\u{79d2}' => {}
            c if c.is_whitespace() && (out.ends_with(' ') || out.is_empty()) => {}
            c => out.push(if c.is_whitespace() { ' ' } else { c }),
        }
    }
    out.trim_end_matches([' ', ':', '-']).to_owned()
}

fn civil(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok()
}

/// A spreadsheet's serial as a date and seconds of the day.
fn serial(text: &str) -> Option<(Date, i64)> {
    let number: f64 = text.parse().ok().filter(|n| SERIALS.contains(n))?;
    #[expect(clippy::cast_possible_truncation, reason = "at most 80,000")]
    let days = number.floor() as i64;
    let secs = ((number - number.floor()) * 86_400.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "at most a day")]
    let (days, secs) = if secs >= 86_400.0 { (days + 1, 0) } else { (days, secs as i64) };
    let day = crate::snapshot::Day::try_from(days + SERIAL_ZERO).ok()?;
    Some((crate::site::civil::date_of(day), secs))
}

/// `2025-09-08`, `2025/9/8`, `2025.9.8`, `20250908`, `2025年9月8日`, a serial of a spreadsheet; a time of day behind it
/// is left out.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    let text = signs(text);
    let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let first = text.split([' ', 'T']).next().unwrap_or_default();
    let mut parts = first.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(y), Some(m), Some(d), None) if y.len() == 4 && m.len() <= 2 && d.len() <= 2 => {
            civil(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)
        }
        (Some(whole), None, None, None) if whole.len() == 8 && all_digits(whole) => civil(
            whole.get(..4)?.parse().ok()?,
            whole.get(4..6)?.parse().ok()?,
            whole.get(6..)?.parse().ok()?,
        ),
        // The sign between whole and fraction of a serial was taken for one between numbers.
        (Some(_), _, None, None) => serial(&first.replace('-', ".")).map(|(date, _)| date),
        _ => None,
    }
}

/// A month: `2025-09`, `2025/9`, `202509`, `2025年9月`, or any date in it.
#[must_use]
pub fn month(text: &str) -> Option<Date> {
    if let Some(date) = date(text) {
        return Some(date.first_of_month());
    }
    let text = signs(text);
    let (year, month) = match text.split_once('-') {
        Some(parts) => parts,
        None if text.len() == 6 => text.split_at_checked(4)?,
        None => return None,
    };
    if year.len() != 4 || month.len() > 2 {
        return None;
    }
    civil(year.parse().ok()?, month.parse().ok()?, 1)
}

/// An instant: seconds since 1970, ISO 8601 with an offset, or a date with a time of day on the site's clock.
#[must_use]
pub fn instant(zone: &CivilZone, text: &str) -> Option<i64> {
    let whole = plain(text);
    let whole = whole.trim();
    if whole.len() >= 9 && whole.bytes().all(|b| b.is_ascii_digit()) && whole.len() != 14 {
        return whole.parse().ok();
    }
    if let Ok(instant) = whole.parse::<jiff::Timestamp>() {
        return Some(instant.as_second());
    }
    if let Some((date, secs)) = serial(whole) {
        return Some(zone.instant(date.to_datetime(Time::midnight()))? + secs);
    }
    if whole.len() == 14 && whole.bytes().all(|b| b.is_ascii_digit()) {
        let (date_part, time) = whole.split_at_checked(8)?;
        let [h, m, s] = [0, 2, 4].map(|at| time.get(at..at + 2).and_then(|t| t.parse::<i8>().ok()));
        return zone.instant(DateTime::from_parts(date(date_part)?, Time::new(h?, m?, s?, 0).ok()?));
    }
    let text = signs(text);
    let day = date(&text)?;
    let time = match text.split_once([' ', 'T']) {
        Some((_, time)) if !time.is_empty() => clock(time)?,
        _ => Time::midnight(),
    };
    zone.instant(DateTime::from_parts(day, time))
}

fn clock(text: &str) -> Option<Time> {
    let mut parts = text.trim().split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next().map_or(Ok(0), str::parse).ok()?;
    let second = parts.next().map_or("0", |s| s.split('.').next().unwrap_or("0")).parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone() -> CivilZone {
        CivilZone::new("Asia/Shanghai").unwrap()
    }

    #[test]
    fn dates_of_offices_are_read() {
        let day = Date::constant(2025, 9, 8);
        for text in [
            "2025-09-08",
            "2025-9-8",
            "2025/9/8",
            "2025/09/08",
            "2025.9.8",
            "20250908",
            "2025年9月8日",
            "2025年09月08日",
            "２０２５年９月８日",
            "２０２５－０９－０８",
            "45908",
            "45908.5",
            " 2025-09-08 ",
            "2025-09-08 10:31:00",
            "2025/9/8 10:31",
            "2025年9月8日 10时31分",
        ] {
            assert_eq!(date(text), Some(day), "{text}");
        }
        for text in [
            "",
            "2025",
            "2025-13-01",
            "2025-02-30",
            "08/09/2025",
            "1",
            "999999",
            "2025-09-08-01",
            "九月八日",
            "2025年",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        for text in
            ["2025-09", "2025/9", "202509", "2025年9月", "２０２５年９月", "2025-09-08", "2025年9月8日"]
        {
            assert_eq!(month(text), Some(Date::constant(2025, 9, 1)), "{text}");
        }
    }

    #[test]
    fn instants_of_offices_are_read() {
        // 2025-09-08T10:31:00+08:00
        let secs = 1_757_298_660;
        for text in [
            "1757298660",
            "2025-09-08T02:31:00Z",
            "2025-09-08T10:31:00+08:00",
            "2025-09-08 10:31:00",
            "2025-09-08 10:31",
            "2025/9/8 10:31",
            "2025年9月8日10时31分",
            "2025年9月8日 10:31:00",
            "20250908103100",
            "２０２５／９／８ １０：３１",
            "2025-09-08T10:31:00",
            "45908.438194444",
        ] {
            assert_eq!(instant(&zone(), text), Some(secs), "{text}");
        }
        assert_eq!(instant(&zone(), "2025-09-08"), Some(secs - 10 * 3600 - 31 * 60));
        for text in ["10:31", "2025-09-08 25:00", "2025-09-08 10:31:00:00", "soon", "2025-09-08 上午"] {
            assert_eq!(instant(&zone(), text), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_offices_are_read() {
        for (text, read) in
            [("１２３", "123"), ("1,234", "1234"), ("-1,234,567.5", "-1234567.5"), ("１，２３４", "1234")]
        {
            assert_eq!(number(text).as_deref(), Some(read));
        }
        for text in ["1,23", "12,34,5", "x", "NaN", "inf", "一"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_left(text in "\\PC{0,24}") {
            drop((date(&text), month(&text), instant(&zone(), &text), number(&text), truth(&text)));
        }

        #[test]
        fn any_day_in_any_form_is_the_same(day in 7_500i32..50_000) {
            let d = crate::site::civil::date_of(day);
            let (y, m, n) = (d.year(), d.month(), d.day());
            for text in [
                format!("{y}-{m:02}-{n:02}"), format!("{y}/{m}/{n}"), format!("{y}{m:02}{n:02}"), format!("{y}年{m}月{n}日"),
                (i64::from(day) - SERIAL_ZERO).to_string(),
            ] {
                prop_assert_eq!(date(&text), Some(d), "{}", text);
            }
        }
    }
}
