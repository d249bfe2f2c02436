//! Figures written for other programs and for people: CSV, JSON, SDMX-CSV, a table for a terminal, a workbook. Owns the forms;
//! every figure in them has passed the gate.

pub mod derived;
pub mod promise;
mod sdmx;
pub mod silence;
mod table;
mod xlsx;

use std::fmt::Write as _;

use crate::drawn::DrawnFigures;
use crate::privacy::marks::HIDDEN;
use crate::privacy::shown::{Shown, Told, Why};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::catalogue::{Indicator, Target, TargetOp};
use crate::site::civil::date_of;
use crate::site::text::{Lang, Messages};
use crate::snapshot::{Day, Figures, Inputs, Reading, Status};

use promise::When;

pub use sdmx::{sdmx, sdmx_derived};
pub(crate) use table::aligned;
pub use table::table;
pub use xlsx::{xlsx, xlsx_derived};

/// What an export is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its figures.
    pub figures: &'a Figures,
    /// Area.
    pub area: AreaId,
    /// A drawn shape in the area's stead.
    pub drawn: Option<&'a DrawnFigures>,
    /// Day the figures are for.
    pub as_of: Day,
}

/// Stands where the code of an area stands: the figures are those of a drawn shape.
pub const DRAWN: &str = "drawn";

impl<'a> Subject<'a> {
    /// Indicators in catalogue order with their readings.
    pub fn rows(&self) -> impl Iterator<Item = (&'a Indicator, Reading)> + use<'a> {
        let (figures, area, drawn) = (self.figures, self.area, self.drawn);
        let reading = move |i| drawn.and_then(|d| d.get(i)).map(|d| d.reading);
        let rows = self.site.indicators.iter().enumerate();
        rows.map(move |(i, row)| (row, reading(i).unwrap_or_else(|| figures.reading(i, area))))
    }

    /// Name of the area, or of the drawn shape in its stead.
    fn area_name(&self, lang: Lang) -> String {
        match self.drawn {
            Some(drawn) => {
                self.site.messages(lang).fill("cli.shape_name", &[("n", &drawn.areas.to_string())])
            }
            None => self.site.areas.get(self.area).name.get(lang).to_owned(),
        }
    }

    fn area_code(&self) -> &'a str {
        if self.drawn.is_some() { DRAWN } else { &self.site.areas.get(self.area).code }
    }

    /// Indicators with whether their inputs are on time, as of the end of the day.
    fn promised(&self) -> impl Iterator<Item = Inputs> + use<'a> {
        let figures = self.figures;
        (0..self.site.indicators.len()).map(move |i| figures.inputs(i))
    }

    fn when(&self) -> When<'a> {
        When { zone: &self.site.zone, now_secs: self.site.zone.end_of(self.as_of), shift_secs: 0 }
    }

    fn oldest_input(&self, reading: &Reading) -> String {
        reading.oldest_input.map(|secs| self.site.zone.iso(secs)).unwrap_or_default()
    }
}

/// Machine word of a status.
#[must_use]
pub const fn status_code(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Late => "late",
        Status::Partial => "partial",
        Status::Coarse => "coarse",
        Status::Suppressed => "suppressed",
        Status::Missing => "missing",
        Status::TooFine => "too_fine",
        Status::Unread => "unread",
    }
}

/// A figure for machines: the shortest number that reads back the same, `<10` or `*` where hidden, empty where missing.
#[must_use]
pub fn figure(shown: Shown) -> String {
    match shown {
        // Twelve digits: the cells are sums of floating-point rows, whose last bits depend on their order.
        Shown::Value(value) | Shown::Coarse { value, .. } => plain(value),
        Shown::Suppressed { below, why: Why::Primary } => format!("<{below}"),
        Shown::Suppressed { why: Why::Secondary, .. } => HIDDEN.to_owned(),
        Shown::Missing | Shown::TooFine | Shown::Unread => String::new(),
    }
}

/// `at_least` or `about` with the step, for a value that is not told exactly.
const fn told(shown: Shown) -> (Option<&'static str>, Option<f64>) {
    match shown {
        Shown::Coarse { told: Told::AtLeast, step, .. } => (Some("at_least"), Some(step)),
        Shown::Coarse { told: Told::About, step, .. } => (Some("about"), Some(step)),
        _ => (None, None),
    }
}

fn plain(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.12e}");
    text.parse::<f64>().map_or(text, |rounded| rounded.to_string())
}

/// A number as JSON has it: the same as in the other exports, null where it is none.
fn number(value: f64) -> serde_json::Value {
    plain(value).parse::<f64>().map_or(serde_json::Value::Null, Into::into)
}

/// A figure as JSON has it: null where it is not seen.
fn shown_number(shown: Shown) -> serde_json::Value {
    match shown {
        Shown::Value(value) | Shown::Coarse { value, .. } => number(value),
        Shown::Suppressed { .. } | Shown::Missing | Shown::TooFine | Shown::Unread => serde_json::Value::Null,
    }
}

/// A target in one word for machines: `>=96`.
#[must_use]
pub fn target_text(target: Option<&Target>) -> String {
    let Some(target) = target else {
        return String::new();
    };
    match (target.op, target.value) {
        (Some(TargetOp::AtLeast), Some(value)) => format!(">={value}"),
        (Some(TargetOp::AtMost), Some(value)) => format!("<={value}"),
        _ => target.note.as_ref().map(|n| n.en.clone()).unwrap_or_default(),
    }
}

/// A CSV field, quoted where it must be (RFC 4180).
#[must_use]
pub fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The status, and `coarse` beside another one where a number of the row is not told exactly: `late;coarse`.
fn csv_status(reading: &Reading) -> String {
    let numbers = [reading.value, reading.numerator, reading.denominator];
    let code = status_code(reading.status);
    if reading.status != Status::Coarse && numbers.iter().any(|n| n.told().is_some()) {
        return format!("{code};{}", status_code(Status::Coarse));
    }
    code.to_owned()
}

/// One row an indicator, in catalogue order; columns as in the command line's contract.
#[must_use]
pub fn csv(subject: &Subject<'_>) -> String {
    let mut out =
        "id,area_code,as_of,value,unit,numerator,denominator,target,status,oldest_input\n".to_owned();
    for (row, reading) in subject.rows() {
        let fields = [
            row.id.clone(),
            subject.area_code().to_owned(),
            date_of(subject.as_of).to_string(),
            figure(reading.value),
            row.unit.clone(),
            figure(reading.numerator),
            figure(reading.denominator),
            target_text(row.target.as_ref()),
            csv_status(&reading),
            subject.oldest_input(&reading),
        ];
        let line: Vec<String> = fields.iter().map(|f| field(f)).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", line.join(","));
    }
    out
}

/// Whether the inputs are on time: for programs, and in the words of a screen.
fn freshness(subject: &Subject<'_>, inputs: &Inputs) -> serde_json::Value {
    let when = subject.when();
    let words = |lang| promise::words(inputs, when, subject.site.messages(lang));
    serde_json::json!({
        "expected_by": inputs.expected_secs.map(|secs| subject.site.zone.iso(secs)),
        "late_seconds": inputs.overdue_secs(when.now_secs).unwrap_or(0),
        "sources": inputs.sources,
        "sources_late": inputs.late,
        "sources_missing": inputs.missing,
        "sources_refused": inputs.held,
        "words": { "zh": words(Lang::Zh), "en": words(Lang::En) },
    })
}

/// The same as JSON, with names, marks and intervals, and with what is derived of each indicator where that is asked for.
#[must_use]
pub fn json(subject: &Subject<'_>, derived: Option<&derived::All<'_>>) -> String {
    let rows: Vec<serde_json::Value> = subject
        .rows()
        .zip(subject.promised())
        .enumerate()
        .map(|(i, ((row, reading), inputs))| {
            let mut object = serde_json::json!({
                "id": row.id,
                "name": { "zh": row.name.zh, "en": row.name.en },
                "area_code": subject.area_code(),
                "as_of": date_of(subject.as_of).to_string(),
                "value": shown_number(reading.value),
                "shown": figure(reading.value),
                // How a coarse value stands to the true one, and the distance of two that can be told apart.
                "told": told(reading.value).0,
                "step": told(reading.value).1,
                "unit": row.unit,
                "numerator": shown_number(reading.numerator),
                "denominator": shown_number(reading.denominator),
                "interval_95": reading.interval,
                "target": target_text(row.target.as_ref()),
                "status": status_code(reading.status),
                "oldest_input": subject.oldest_input(&reading),
                "freshness": freshness(subject, &inputs),
            });
            if let Some((all, own)) = derived.and_then(|all| Some((all, all.derived.get(i)?)))
                && let Some(fields) = object.as_object_mut()
            {
                fields.insert("derived".to_owned(), derived::json(subject.site, own, all.sources));
            }
            object
        })
        .collect();
    let site = subject.site;
    let document = serde_json::json!({
        "site": site.meta.id,
        "sample": site.meta.sample.is_some(),
        "as_of": date_of(subject.as_of).to_string(),
        "area": subject.area_code(),
        "indicators": rows,
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Name of a status for people.
#[must_use]
pub fn status_word(status: Status, text: &Messages) -> &str {
    match status {
        Status::Current => text.get("status.current"),
        Status::Late => text.get("status.late"),
        Status::Partial => text.get("status.partial"),
        Status::Coarse => text.get("status.coarse"),
        Status::Suppressed => text.get("status.suppressed"),
        Status::Missing => text.get("status.missing"),
        Status::TooFine => text.get("status.too_fine"),
        Status::Unread => text.get("status.unread"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_for_machines() {
        for (shown, text) in [
            (Shown::Value(0.0), "0"),
            (Shown::Value(96.0), "96"),
            (Shown::Value(0.1 + 0.2), "0.3"),
            (Shown::Value(1_234_567.0), "1234567"),
            (Shown::Suppressed { below: 10, why: Why::Primary }, "<10"),
            (Shown::Suppressed { below: 10, why: Why::Secondary }, "*"),
            (Shown::Coarse { value: 55.0, step: 5.0, told: Told::AtLeast }, "55"),
            (Shown::Missing, ""),
        ] {
            assert_eq!(figure(shown), text);
        }
    }

    #[test]
    fn a_coarse_number_is_told_by_the_status_whatever_else_is_wrong() {
        let coarse = Shown::Coarse { value: 55.0, step: 5.0, told: Told::AtLeast };
        let hidden = Shown::Suppressed { below: 5, why: Why::Primary };
        let of = |value, denominator, status| Reading {
            value,
            numerator: value,
            denominator,
            status,
            oldest_input: None,
            previous: Shown::Missing,
            interval: None,
        };
        for (reading, code) in [
            (of(Shown::Value(7.0), Shown::Missing, Status::Late), "late"),
            (of(coarse, Shown::Missing, Status::Coarse), "coarse"),
            (of(coarse, Shown::Missing, Status::Late), "late;coarse"),
            (of(hidden, coarse, Status::Suppressed), "suppressed;coarse"),
        ] {
            assert_eq!(csv_status(&reading), code);
        }
    }

    #[test]
    fn fields_are_quoted_where_needed() {
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(field("坪山"), "坪山");
    }
}
