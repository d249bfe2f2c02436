//! `catalogue.toml`: indicators and breakdowns as data. Owns the rows' shape; the meaning of `expr` and `window`
//! belongs to `indicators`.

use serde::Deserialize;

use super::text::Bilingual;

/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    /// Version of the file's shape; 1 today.
    pub format: u32,
    /// Domains in their order on screen.
    #[serde(rename = "domain")]
    pub domains: Vec<Domain>,
    /// The indicators, in catalogue order.
    #[serde(rename = "indicator")]
    pub indicators: Vec<Indicator>,
    /// Splits of a figure by coded columns.
    #[serde(default, rename = "breakdown")]
    pub breakdowns: Vec<Indicator>,
}

/// A group of indicators.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Name used by indicators and scenes.
    pub id: String,
    /// What a person calls it.
    pub name: Bilingual,
}

/// One side of a ratio.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Table that is aggregated.
    pub table: String,
    /// Aggregate expression.
    pub expr: String,
    /// Row filter; empty means all rows.
    #[serde(default, rename = "where")]
    pub filter: String,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither.
    Neutral,
}

/// What the figure says about people; decides its protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// Things and deeds, not people.
    #[default]
    None,
    /// Cases that involve people.
    CaseCount,
    /// Counts of people.
    Aggregate,
    /// Counts of people in a sensitive group.
    AggregateSensitive,
}

/// Target value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Comparison that must hold: `>=` or `<=`.
    #[serde(default)]
    pub op: Option<TargetOp>,
    /// Value on the indicator's scale.
    #[serde(default)]
    pub value: Option<f64>,
    /// A target that is no number (a rank).
    #[serde(default)]
    pub note: Option<Bilingual>,
    /// Who set it.
    #[serde(default)]
    pub source: Option<Bilingual>,
}

/// Comparison of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TargetOp {
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
}

impl Target {
    /// Whether a value meets the target, both as they are printed with so many decimals: a figure that reads 96.0 meets
    /// a target of 96. `None` where the target is no number.
    #[must_use]
    pub fn is_met(&self, value: f64, decimals: usize) -> Option<bool> {
        let printed = |number: f64| {
            let factor = 10f64.powi(i32::try_from(decimals).unwrap_or(0));
            (number * factor).round()
        };
        match (self.op?, self.value?) {
            (TargetOp::AtLeast, bound) => Some(printed(value) >= printed(bound)),
            (TargetOp::AtMost, bound) => Some(printed(value) <= printed(bound)),
        }
    }
}

/// One row of the catalogue. A breakdown has the same shape and names columns in `by`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Stable name.
    pub id: String,
    /// Full name.
    pub name: Bilingual,
    /// Name that fits a card; the full one where absent.
    #[serde(default)]
    pub short: Option<Bilingual>,
    /// Unit, a name in messages `[unit]`.
    pub unit: String,
    /// Domain id.
    pub domain: String,
    /// Digits after the decimal point on screen.
    #[serde(default)]
    pub decimals: usize,
    /// What is counted.
    pub numerator: Side,
    /// What it is divided by.
    #[serde(default)]
    pub denominator: Option<Side>,
    /// Factor on the quotient.
    #[serde(default = "one")]
    pub scale: f64,
    /// Column that places a numerator row in time; the table's own where absent.
    #[serde(default)]
    pub time_column: Option<String>,
    /// Natural step of the series: `day`, `month` or `stock`.
    #[serde(default)]
    pub grain: Option<String>,
    /// Span of time of the numerator.
    pub window: String,
    /// Span of time of the denominator; the numerator's where absent.
    #[serde(default)]
    pub denominator_window: Option<String>,
    /// Finest area level it is shown at.
    pub finest_area: String,
    /// Which way is good.
    pub direction: Direction,
    /// Target.
    #[serde(default)]
    pub target: Option<Target>,
    /// What it says about people.
    #[serde(default)]
    pub people: People,
    /// Counts from 1 to this minus 1 are hidden.
    #[serde(default)]
    pub suppress_below: u32,
    /// The top area's figure is published elsewhere and is never hidden.
    #[serde(default)]
    pub published_total: bool,
    /// Formula in words.
    #[serde(default)]
    pub formula: Option<Bilingual>,
    /// Ids of source facts.
    #[serde(default)]
    pub facts: Vec<String>,
    /// Coded columns a breakdown is split by; empty for an indicator.
    #[serde(default)]
    pub by: Vec<String>,
}

const fn one() -> f64 {
    1.0
}

impl Indicator {
    /// The name that fits a card.
    #[must_use]
    pub fn card_name(&self) -> &Bilingual {
        self.short.as_ref().unwrap_or(&self.name)
    }
}
