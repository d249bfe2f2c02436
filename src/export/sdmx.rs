//! SDMX-CSV 1.0: one observation a row. Owns the code lists of status and confidentiality.

mod derived;

use std::fmt::Write as _;

use crate::privacy::shown::{Shown, Why};
use crate::site::catalogue::Indicator;
use crate::site::civil::date_of;
use crate::snapshot::{Inputs, Status};

use super::{Subject, field, figure, told};

pub use derived::sdmx_derived;

/// Columns of the contract.
const COLUMNS: &str =
    "DATAFLOW,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,OBS_STATUS,CONF_STATUS,COMMENT_OBS";

/// The figures as SDMX-CSV. `CONF_STATUS` (`CL_CONF_STATUS`): F free, C primary, D secondary suppression.
/// `OBS_STATUS` (`CL_OBS_STATUS`): A normal, P provisional (an input is late or partly withheld), E estimated (told only
/// as exactly as protection allows), Q suppressed, M missing.
#[must_use]
pub fn sdmx(subject: &Subject<'_>) -> String {
    let mut out = format!("{COLUMNS}\n");
    for line in observations(subject) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{line}");
    }
    out
}

/// One line an indicator, in catalogue order.
fn observations<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = String> + use<'a> {
    subject.rows().zip(subject.promised()).map(move |((row, reading), inputs)| {
        let obs_status = match reading.status {
            Status::Current => "A",
            // Told as exactly as protection allows: an estimate.
            Status::Coarse => "E",
            Status::Late | Status::Partial => "P",
            Status::Suppressed => "Q",
            Status::Missing | Status::TooFine | Status::Unread => "M",
        };
        let late = if inputs.is_late() { late_comment(subject, &inputs) } else { String::new() };
        let flow = "ONEMAP:INDICATORS(1.0)";
        line(
            subject,
            row,
            Observation { flow, value: reading.value, unit: &row.unit, obs_status, note: &late },
        )
    })
}

/// What differs between the rows of one indicator.
struct Observation<'a> {
    flow: &'static str,
    value: Shown,
    unit: &'a str,
    obs_status: &'static str,
    note: &'a str,
}

/// The columns of the contract.
fn line(subject: &Subject<'_>, row: &Indicator, observation: Observation<'_>) -> String {
    let Observation { flow, value, unit, obs_status, note } = observation;
    let frequency = if row.grain.as_deref() == Some("month") { "M" } else { "D" };
    let conf_status = match value {
        Shown::Suppressed { why: Why::Primary, .. } => "C",
        Shown::Suppressed { why: Why::Secondary, .. } => "D",
        _ => "F",
    };
    let told = match told(value) {
        (Some(word), Some(step)) => format!("told={word};step={step}"),
        _ => String::new(),
    };
    let mark = if subject.site.meta.sample.is_some() { "sample data" } else { "" };
    let comment: Vec<&str> = [told.as_str(), note, mark].into_iter().filter(|t| !t.is_empty()).collect();
    let fields = [
        flow,
        frequency,
        subject.area_code(),
        &row.id,
        &date_of(subject.as_of).to_string(),
        &if value.is_suppressed() { String::new() } else { figure(value) },
        unit,
        obs_status,
        conf_status,
        &comment.join(";"),
    ];
    let fields: Vec<String> = fields.iter().map(|f| field(f)).collect();
    fields.join(",")
}

/// What of the inputs is not on time: `expected_by=2026-11-24T08:00:00+08:00;late_seconds=10800;sources_missing=2/9`.
fn late_comment(subject: &Subject<'_>, inputs: &Inputs) -> String {
    let mut parts = Vec::new();
    if let (Some(expected), Some(late)) = (inputs.expected_secs, inputs.overdue_secs(subject.when().now_secs))
    {
        parts.push(format!("expected_by={};late_seconds={late}", subject.site.zone.iso(expected)));
    }
    for (name, n) in [("late", inputs.late), ("missing", inputs.missing), ("refused", inputs.held)]
        .into_iter()
        .filter(|(_, n)| *n > 0)
    {
        parts.push(format!("sources_{name}={n}/{}", inputs.sources));
    }
    parts.join(";")
}
