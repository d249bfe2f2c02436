//! A table for a terminal, aligned also where characters are two cells wide. Owns the widths.

use std::fmt::Write as _;

use crate::privacy::marks::Marks;
use crate::privacy::shown::Shown;
use crate::site::civil::date_of;
use crate::site::text::{Lang, grouped};
use crate::snapshot::Reading;

use super::{Subject, figure, promise, status_word, target_text};

/// The figures as a table in a language, grouped by domain.
#[must_use]
pub fn table(subject: &Subject<'_>, lang: Lang) -> String {
    let site = subject.site;
    let text = site.messages(lang);
    let day = date_of(subject.as_of).to_string();
    let area = subject.area_name(lang);
    let mut out =
        text.fill("cli.as_of_line", &[("site", site.meta.title.get(lang)), ("area", &area), ("day", &day)]);
    if site.meta.sample.is_some() {
        let _ = write!(out, " · {}", text.get("cli.sample_mark"));
    }
    out.push('\n');
    let head = [
        "#",
        "table_indicator",
        "table_value",
        "table_unit",
        "table_target",
        "table_status",
        "table_input",
        "table_promise",
    ]
    .map(|key| if key == "#" { key.to_owned() } else { text.get(&format!("cli.{key}")).to_owned() });
    let mut rows = vec![head];
    let mut groups = Vec::new();
    for (number, ((row, reading), inputs)) in subject.rows().zip(subject.promised()).enumerate() {
        groups.push(row.domain.clone());
        let value = match reading.value {
            Shown::Value(value) => thousands(value, row.decimals),
            Shown::Coarse { value, told, .. } => format!("{}{}", told.sign(), thousands(value, row.decimals)),
            Shown::Suppressed { .. } => figure(reading.value),
            Shown::Missing | Shown::TooFine | Shown::Unread => "–".to_owned(),
        };
        let input =
            reading.oldest_input.map(|secs| date_of(site.zone.day_of(secs)).to_string()).unwrap_or_default();
        let unit = text.unit_behind(&value, &row.unit).to_owned();
        rows.push([
            (number + 1).to_string(),
            row.name.get(lang).to_owned(),
            value,
            unit,
            row.target
                .as_ref()
                .and_then(|t| t.note.as_ref())
                .map_or_else(|| target_text(row.target.as_ref()), |note| note.get(lang).to_owned()),
            status_word(reading.status, text).to_owned(),
            input,
            promise::overdue_words(&inputs, subject.when(), text),
        ]);
    }
    // Numbers stand right, words left.
    let lines = aligned(&rows, |column| column == 0 || column == 2);
    let mut domain = None;
    for (number, line) in lines.iter().enumerate() {
        let group = number.checked_sub(1).and_then(|n| groups.get(n));
        if group != domain {
            domain = group;
            let name = group.and_then(|g| site.domain_index(g)).and_then(|i| site.domains.get(i));
            let _ = writeln!(out, "\n{}", name.map_or("", |d| d.name.get(lang)));
        }
        let _ = writeln!(out, "{line}");
    }
    let readings: Vec<Reading> = subject.rows().map(|(_, reading)| reading).collect();
    let marks = Marks::of_readings(&readings).line(text);
    if !marks.is_empty() {
        let _ = writeln!(out, "\n{marks}");
    }
    out
}

/// Rows as lines in columns; `is_right` says which columns stand right.
pub(crate) fn aligned<R: AsRef<[String]>>(rows: &[R], is_right: impl Fn(usize) -> bool) -> Vec<String> {
    let columns = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.as_ref().get(column)).map(|t| cells(t)).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &R| {
        let padded: Vec<String> = row
            .as_ref()
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                let pad = " ".repeat(width.saturating_sub(cells(cell)));
                if is_right(column) { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
            })
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A number with groups of three.
pub(super) fn thousands(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let grouped = grouped(whole);
    fraction.map_or_else(|| format!("{sign}{grouped}"), |f| format!("{sign}{grouped}.{f}"))
}

/// Terminal cells of a text: CJK and full-width forms take two.
fn cells(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x1100..=0x115f
            | 0x2e80..=0xa4cf
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f
            | 0xff00..=0xff60
            | 0xffe0..=0xffe6 => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_three() {
        for (value, decimals, text) in [
            (0.0, 0, "0"),
            (999.0, 0, "999"),
            (1000.0, 0, "1,000"),
            (-1_234_567.891, 1, "-1,234,567.9"),
            (0.05, 2, "0.05"),
        ] {
            assert_eq!(thousands(value, decimals), text);
        }
    }
}
