//! The JSON message that a broker brings: reading it, and what its CAP words mean for a row. Owns the shape that
//! docs/feeds.md describes; refuses everything else without ever panicking.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::known::stable_hash;
use crate::site::Site;
use crate::site::datasets::Table;
use crate::site::text::Message;

/// A message is not larger than this.
pub const MOST_BYTES: usize = 64 << 10;

/// CAP 1.2 status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Status {
    /// Real.
    Actual,
    /// A drill.
    Exercise,
    /// For the machinery only.
    System,
    /// A trial of the way.
    Test,
    /// Not final.
    Draft,
}

/// CAP 1.2 severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Severity {
    Extreme,
    Severe,
    Moderate,
    Minor,
    Unknown,
}

/// CAP 1.2 urgency: named to be checked; kept where the table has a column of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Urgency {
    Immediate,
    Expected,
    Future,
    Past,
    Unknown,
}

/// CAP 1.2 certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Certainty {
    Observed,
    Likely,
    Possible,
    Unlikely,
    Unknown,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    id: String,
    #[serde(deserialize_with = "instant")]
    sent: jiff::Timestamp,
    status: Status,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    urgency: Option<Urgency>,
    #[serde(default)]
    certainty: Option<Certainty>,
    row: Map<String, Value>,
}

/// ISO 8601 with an offset.
fn instant<'de, D: serde::Deserializer<'de>>(input: D) -> Result<jiff::Timestamp, D::Error> {
    String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
}

/// A message that can be a row.
#[derive(Debug)]
pub struct Row {
    /// Hash of the event id.
    pub id: u64,
    /// Version of the row.
    pub version: i64,
    /// When its sender says it was sent.
    pub sent_secs: i64,
    /// One text per declared column of the table.
    pub texts: Vec<Option<String>>,
}

/// What a message is.
#[derive(Debug)]
pub enum Read {
    /// A row, real or marked as a drill.
    Row(Row),
    /// Left out by rule: Test, System, Draft.
    Excluded,
    /// Refused.
    Refused(Message),
}

/// Reads a message for a table.
#[must_use]
pub fn read(site: &Site, table: &Table, payload: &[u8]) -> Read {
    let refused = |error: &dyn std::fmt::Display| {
        let error = error.to_string().lines().next().unwrap_or_default().to_owned();
        Read::Refused(Message::new("problem.message_shape").with("error", error))
    };
    if payload.len() > MOST_BYTES {
        return refused(&format!("{} bytes", payload.len()));
    }
    let mut envelope: Envelope = match serde_json::from_slice(payload) {
        Ok(envelope) => envelope,
        Err(err) => {
            // What serde says may quote the content, which may be anything: only kind and place are told.
            let kind = format!("{:?}", err.classify()).to_lowercase();
            return refused(&format!("{kind} at {}:{}", err.line(), err.column()));
        }
    };
    if envelope.id.is_empty() || envelope.id.len() > 128 {
        return refused(&"id");
    }
    match envelope.status {
        Status::Actual => {}
        Status::Exercise => {
            let Some(column) = exercise_column(site, table) else {
                return Read::Refused(Message::new("problem.message_exercise").with("table", &table.id));
            };
            envelope.row.insert(column.to_owned(), Value::from(1));
        }
        Status::System | Status::Test | Status::Draft => return Read::Excluded,
    }
    if let (Some(severity), Some(column)) = (envelope.severity, severity_column(site, table)) {
        let number = match severity {
            Severity::Minor => Some(1),
            Severity::Moderate => Some(2),
            Severity::Severe => Some(3),
            Severity::Extreme => Some(4),
            Severity::Unknown => None,
        };
        envelope.row.insert(column.to_owned(), number.map_or(Value::Null, Value::from));
    }
    let words = [
        ("urgency", envelope.urgency.map(|u| format!("{u:?}"))),
        ("certainty", envelope.certainty.map(|c| format!("{c:?}"))),
    ];
    for (name, word) in words {
        if let (Some(word), Some(_)) = (word, table.column(name)) {
            envelope.row.insert(name.to_owned(), Value::String(word));
        }
    }
    if let Some(name) = envelope.row.keys().find(|name| table.column(name).is_none()) {
        return Read::Refused(
            Message::new("problem.undeclared_key")
                .with("table", &table.id)
                .with("column", name.chars().take(40).collect::<String>()),
        );
    }
    let mut texts = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        texts.push(match envelope.row.get(&column.id) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Bool(truth)) => Some(if *truth { "1" } else { "0" }.to_owned()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Array(_) | Value::Object(_)) => return refused(&column.id),
        });
    }
    Read::Row(Row {
        id: stable_hash(&[envelope.id.as_bytes()]),
        version: envelope.version.unwrap_or_else(|| envelope.sent.as_millisecond()),
        sent_secs: envelope.sent.as_second(),
        texts,
    })
}

/// The column that marks drills.
fn exercise_column<'a>(site: &'a Site, table: &'a Table) -> Option<&'a str> {
    let events = site.meta.events.as_ref().filter(|e| e.table == table.id)?;
    table.column(&events.exercise).map(|c| c.id.as_str())
}

fn severity_column<'a>(site: &'a Site, table: &'a Table) -> Option<&'a str> {
    let events = site.meta.events.as_ref().filter(|e| e.table == table.id)?;
    table.column(&events.severity).map(|c| c.id.as_str())
}
