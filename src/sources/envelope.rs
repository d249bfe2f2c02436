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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    fn site() -> &'static Site {
        static SITE: OnceLock<Site> = OnceLock::new();
        SITE.get_or_init(|| {
            let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/tiny");
            crate::site::load(&dir).unwrap().0
        })
    }

    fn good() -> Map<String, Value> {
        let text = r#"{"id":"e1","sent":"2026-11-24T10:31:00+08:00","status":"Actual","row":{"job_no":"J1","ward_code":"VC0101",
            "kind":"road","grade":1,"state":"new","reported_ts":1795487460,"promised_ts":1795487460,"is_drill":0}}"#;
        serde_json::from_str(text).unwrap()
    }

    fn read_map(map: &Map<String, Value>) -> Read {
        let table = site().table("street_job").unwrap();
        read(site(), table, &serde_json::to_vec(map).unwrap())
    }

    fn cell(read: &Read, column: &str) -> Option<String> {
        let place = site().table("street_job").unwrap().columns.iter().position(|c| c.id == column).unwrap();
        let Read::Row(row) = read else { panic!("{read:?}") };
        row.texts[place].clone()
    }

    #[test]
    fn words_of_cap_become_values_of_the_row() {
        let mut map = good();
        assert_eq!(cell(&read_map(&map), "is_drill").as_deref(), Some("0"));
        for (word, grade) in [
            ("Minor", Some("1")),
            ("Moderate", Some("2")),
            ("Severe", Some("3")),
            ("Extreme", Some("4")),
            ("Unknown", None),
        ] {
            map.insert("severity".into(), word.into());
            assert_eq!(cell(&read_map(&map), "grade").as_deref(), grade, "{word}");
        }
        // A drill is one whatever its row says.
        map.insert("status".into(), "Exercise".into());
        assert_eq!(cell(&read_map(&map), "is_drill").as_deref(), Some("1"));
        for status in ["Test", "System", "Draft"] {
            map.insert("status".into(), status.into());
            assert!(matches!(read_map(&map), Read::Excluded));
        }
        for (key, value) in [
            ("status", "Real"),
            ("severity", "severe"),
            ("urgency", "Soon"),
            ("certainty", "Sure"),
            ("sent", "today"),
            ("id", ""),
        ] {
            let mut map = good();
            map.insert(key.into(), value.into());
            assert!(matches!(read_map(&map), Read::Refused(_)), "{key}");
        }
        // Where nothing says what a drill is, none comes in.
        let table = site().table("library_day").unwrap();
        map.insert("status".into(), "Exercise".into());
        assert!(matches!(read(site(), table, &serde_json::to_vec(&map).unwrap()), Read::Refused(_)));
    }

    #[test]
    fn what_is_refused_is_not_told() {
        for payload in [r#"{"id":13800138000}"#, r#"{"13800138000":1}"#, r#"{"status":"13800138000"}"#] {
            let Read::Refused(message) =
                read(site(), site().table("street_job").unwrap(), payload.as_bytes())
            else {
                panic!("{payload}");
            };
            assert!(!site().messages_en.say(&message).contains("13800138000"), "{payload}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let table = site().table("street_job").unwrap();
            prop_assert!(!matches!(read(site(), table, &bytes), Read::Row(_)));
        }

        #[test]
        fn any_change_of_a_good_message_is_read_or_refused(
            key in prop::sample::select(vec!["id", "sent", "status", "version", "severity", "urgency", "certainty", "row", "text"]),
            inner in prop::option::of(prop::sample::select(vec!["job_no", "grade", "lon", "reporter", "is_drill"])),
            value in any_json(),
        ) {
            let mut map = good();
            match inner {
                Some(inner) => drop(map["row"].as_object_mut().unwrap().insert(inner.to_owned(), value)),
                None => drop(map.insert(key.to_owned(), value)),
            }
            if let Read::Row(row) = read_map(&map) {
                prop_assert_eq!(row.texts.len(), site().table("street_job").unwrap().columns.len());
                prop_assert!(inner != Some("reporter") && (inner.is_some() || key != "text"));
            }
        }
    }
}
