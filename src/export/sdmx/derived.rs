//! Derived figures as rows of SDMX-CSV, in a structure of their own beside the rows of the contract. Owns the code list
//! `DERIVATION` (docs/methods.md) and which method stands beside which row.

use std::fmt::Write as _;

use crate::derived::Derived;
use crate::derived::change::Change;
use crate::derived::kind::Kind;
use crate::export::derived::{All, method, no_chart, place, signal};
use crate::export::{field, plain};
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::site::civil::date_of;
use crate::snapshot::{Reading, Status};

use super::{COLUMNS, Observation, line, observations};

/// Columns of the derived structure behind those of the contract; empty in the contract's rows.
const FURTHER: &str = "DERIVATION,COUNTERPART_AREA,METHOD";

/// The contract's rows, then for each indicator a row for each figure derived of it.
#[must_use]
pub fn sdmx_derived(all: &All<'_>) -> String {
    let mut out = format!("{COLUMNS},{FURTHER}\n");
    for line in observations(all.subject) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{line},,,");
    }
    for ((row, reading), derived) in all.subject.rows().zip(all.derived) {
        let mut rows = Rows { all, row, reading, out: &mut out };
        rows.changes(derived);
        rows.control(derived);
        rows.contribution(derived);
        rows.funnel(derived);
        rows.completeness(derived);
    }
    out
}

/// The rows of one indicator.
struct Rows<'a> {
    all: &'a All<'a>,
    row: &'a Indicator,
    reading: Reading,
    out: &'a mut String,
}

impl Rows<'_> {
    fn row(
        &mut self,
        derivation: &str,
        area: Option<AreaId>,
        method: &str,
        value: Shown,
        unit: &str,
        note: &str,
    ) {
        let is_provisional = matches!(self.reading.status, Status::Late | Status::Partial);
        let obs_status = match value {
            Shown::Suppressed { .. } => "Q",
            Shown::Missing | Shown::TooFine | Shown::Unread => "M",
            _ if is_provisional => "P",
            Shown::Coarse { .. } => "E",
            Shown::Value(_) => "A",
        };
        let observation = Observation { flow: "ONEMAP:DERIVED(1.0)", value, unit, obs_status, note };
        let line = line(self.all.subject, self.row, observation);
        let site = self.all.subject.site;
        let area = area.map_or("", |area| site.areas.get(area).code.as_str());
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{line},{derivation},{},{method}", field(area));
    }

    /// A number on the figure's scale.
    fn exact(&mut self, derivation: &str, area: Option<AreaId>, method: &str, value: f64, note: &str) {
        let unit = self.row.unit.clone();
        self.row(derivation, area, method, Shown::Value(value), &unit, note);
    }

    /// Unit of a difference: that of two percentages is no percentage.
    fn unit_of_difference(&self) -> String {
        if self.row.unit == "%" { "percentage_points".to_owned() } else { self.row.unit.clone() }
    }

    fn changes(&mut self, derived: &Derived) {
        let unit = self.unit_of_difference();
        let mut change = |difference: &str, percent: &str, change: &Change| {
            let against = format!("against={}", date_of(change.against));
            self.row(difference, None, "difference", change.difference, &unit, &against);
            self.row(percent, None, "percent_of_before", change.percent, "%", &against);
        };
        change("YEAR_DIFFERENCE", "YEAR_PERCENT", &derived.year);
        change("PERIOD_DIFFERENCE", "PERIOD_PERCENT", &derived.period);
        if let Some(gap) = derived.gap {
            self.row("TARGET_GAP", None, "better_is_positive", gap, &unit, "");
        }
    }

    fn control(&mut self, derived: &Derived) {
        match &derived.trend.chart {
            Ok(chart) => {
                let name = method(chart.method);
                let mut note =
                    format!("dispersion={};learnt_from={}", plain(chart.dispersion), chart.learnt_from);
                if let Some(sign) = chart.present() {
                    let _ = write!(note, ";signal={};run={}", signal(sign.rule, sign.up), sign.run);
                }
                if chart.is_holiday {
                    note.push_str(";not_judged=holiday");
                }
                self.exact("CONTROL_CENTER", None, name, chart.center, &note);
                if let Some((low, high)) = chart.last_limits() {
                    self.exact("CONTROL_LOW", None, name, low, "");
                    self.exact("CONTROL_HIGH", None, name, high, "");
                }
            }
            Err(why) => {
                let (unit, note) = (self.row.unit.clone(), format!("none={}", no_chart(*why)));
                self.row("CONTROL_CENTER", None, "", Shown::Missing, &unit, &note);
            }
        }
    }

    fn contribution(&mut self, derived: &Derived) {
        let Some(found) = &derived.contribution else { return };
        let name = if found.is_split { "kitagawa" } else { "additive" };
        let unit = self.unit_of_difference();
        let note = format!("areas_not_shown={}", found.apart.len());
        self.row("CONTRIBUTION_CHANGE", None, name, Shown::Value(found.change), &unit, &note);
        for part in &found.parts {
            let note = format!("within={};mix={}", plain(part.within), plain(part.mix));
            let note = if found.is_split { note } else { String::new() };
            self.row("CONTRIBUTION", Some(part.area), name, Shown::Value(part.total()), &unit, &note);
        }
        self.row("CONTRIBUTION_REST", None, name, Shown::Value(found.rest), &unit, "");
    }

    fn funnel(&mut self, derived: &Derived) {
        let Some(funnel) = &derived.funnel else { return };
        let name = if funnel.kind == Kind::Share { "funnel_binomial" } else { "funnel_poisson" };
        let note = format!("dispersion={};areas_left_out={}", plain(funnel.dispersion), funnel.left_out);
        self.exact("FUNNEL_CENTER", None, name, funnel.center, &note);
        for spot in &funnel.spots {
            let note = format!("base={};place={}", plain(spot.base), place(spot.place));
            self.exact("FUNNEL_VALUE", Some(spot.area), name, spot.value, &note);
        }
    }

    fn completeness(&mut self, derived: &Derived) {
        let complete = &derived.completeness;
        let steps = if complete.is_monthly { "COMPLETE_MONTHS" } else { "COMPLETE_DAYS" };
        let all = [
            (steps, complete.steps),
            ("COMPLETE_AREAS", complete.areas),
            ("COMPLETE_INPUTS", complete.inputs),
        ];
        for (derivation, of) in all {
            let Some(of) = of else { continue };
            #[expect(clippy::cast_precision_loss, reason = "a few thousand days at most")]
            let present = Shown::Value(of.present as f64);
            self.row(derivation, None, "in_of_expected", present, "", &format!("expected={}", of.expected));
        }
    }
}
