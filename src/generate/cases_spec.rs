//! Owns `[cases]` of generate.toml: how many events and appeals, of which kinds, and how well they are handled.
//! Never draws one.

use serde::Deserialize;

use super::calendar::IsoDate;
use super::template::{Volume, Weighted};

/// `[cases]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesSpec {
    pub(super) events: Volume,
    pub(super) appeals: Volume,
    /// Growth of the load a year, as a share.
    pub(super) growth: f64,
    pub(super) weekend: f64,
    pub(super) long_holiday: f64,
    /// Load by hour of the day.
    pub(super) hours: Vec<f64>,
    pub(super) exercise_share: f64,
    pub(super) late_share: f64,
    pub(super) cancel_share: f64,
    pub(super) correction_share: f64,
    /// Days on which the feed stood still: first and last day.
    pub(super) outages: Vec<[IsoDate; 2]>,
    /// Shares closed after their limit, in the first year and now, at average quality.
    pub(super) fail: [f64; 2],
    /// Share of severities 1 to 4.
    pub(super) severities: [f64; 4],
    pub(super) contact_late: f64,
    pub(super) dissatisfied: f64,
    pub(super) rated: f64,
    pub(super) redo: f64,
    pub(super) mediation: f64,
    pub(super) channels: Vec<Weighted>,
    /// Natures of appeals that tell of an event, and of others.
    pub(super) natures: Vec<Weighted>,
    pub(super) other_natures: Vec<Weighted>,
    pub(super) other_categories: Vec<OtherSpec>,
    pub(super) category: Vec<CategorySpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherSpec {
    pub(super) code: String,
    pub(super) weight: f64,
    pub(super) org: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategorySpec {
    pub(super) code: String,
    /// Category of an appeal telling of it.
    pub(super) appeal: String,
    pub(super) weight: f64,
    /// object: a point; place: its cell; person: its community.
    pub(super) precision: String,
    pub(super) component: Option<String>,
    pub(super) org: String,
    pub(super) median_hours: f64,
    pub(super) due_hours: f64,
    #[serde(default)]
    pub(super) rain: f64,
    #[serde(default)]
    pub(super) summer: f64,
    /// Higher: severe more often.
    #[serde(default = "one")]
    pub(super) severe: f64,
    pub(super) sources: Vec<Weighted>,
    #[serde(default)]
    pub(super) mediation: bool,
}

fn one() -> f64 {
    1.0
}
