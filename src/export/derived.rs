//! Derived figures for other programs and for a terminal: an object an indicator in JSON, further columns in CSV, a second
//! table for people. Owns the forms and the words of machines; every number comes from what the gate let through.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::derived::change::Change;
use crate::derived::completeness::Of;
use crate::derived::control::{Chart, Method, NoChart, Rule};
use crate::derived::funnel::Place;
use crate::derived::kind::Kind;
use crate::derived::{Derived, words};
use crate::privacy::shown::Shown;
use crate::site::Site;
use crate::site::catalogue::Indicator;
use crate::site::civil::date_of;
use crate::site::text::{Lang, Messages};
use crate::snapshot::SourceState;

use super::table::{aligned, thousands};
use super::{Subject, field, figure, number, plain, shown_number, told};

/// Derived figures of all indicators at the subject's area, in catalogue order.
#[derive(Clone, Copy)]
pub struct All<'a> {
    /// The figures they belong to.
    pub subject: &'a Subject<'a>,
    /// One per indicator.
    pub derived: &'a [Derived],
    /// States of the tables, for the names of what is late.
    pub sources: &'a [SourceState],
}

/// Further columns of the CSV, behind those of the contract.
const COLUMNS: &str = "kind,year_against,year_difference,year_percent,period_against,period_difference,period_percent,\
target_gap,control_method,control_center,control_low,control_high,control_signal,funnel_outside,days_in,days_expected,\
areas_in,areas_expected,inputs_on_time,inputs";

/// The CSV of the contract with a column for each derived figure behind its own.
#[must_use]
pub fn csv(all: &All<'_>) -> String {
    let plain_csv = super::csv(all.subject);
    let mut lines = plain_csv.lines();
    let mut out = format!("{},{COLUMNS}\n", lines.next().unwrap_or_default());
    for (line, derived) in lines.zip(all.derived) {
        let chart = derived.trend.chart.as_ref().ok();
        let limits = chart.and_then(Chart::last_limits);
        let number = |value: Option<f64>| value.map(plain).unwrap_or_default();
        let mut fields = vec![kind(derived.nature.kind).to_owned()];
        for change in [derived.year, derived.period] {
            fields.push(date_of(change.against).to_string());
            fields.extend([mark(change.difference), mark(change.percent)]);
        }
        fields.push(derived.gap.map(mark).unwrap_or_default());
        fields.push(chart.map_or_else(String::new, |c| method(c.method).to_owned()));
        fields.extend([
            number(chart.map(|c| c.center)),
            number(limits.map(|l| l.0)),
            number(limits.map(|l| l.1)),
            chart.and_then(Chart::present).map_or_else(String::new, |s| signal(s.rule, s.up).to_owned()),
            derived.funnel.as_ref().map(|f| f.outside().to_string()).unwrap_or_default(),
        ]);
        let complete = &derived.completeness;
        for of in [complete.steps, complete.areas, complete.inputs] {
            fields.push(of.map(|of| of.present.to_string()).unwrap_or_default());
            fields.push(of.map(|of| of.expected.to_string()).unwrap_or_default());
        }
        let fields: Vec<String> = fields.iter().map(|f| field(f)).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{line},{}", fields.join(","));
    }
    out
}

/// A figure in one field, with the sign of a coarse one.
fn mark(shown: Shown) -> String {
    let sign = shown.told().map(|t| t.sign().to_string()).unwrap_or_default();
    sign + &figure(shown)
}

fn shown_json(shown: Shown) -> Value {
    json!({ "value": shown_number(shown), "shown": figure(shown), "told": told(shown).0, "step": told(shown).1 })
}

/// What is derived of one indicator.
#[must_use]
pub fn json(site: &Site, derived: &Derived, sources: &[SourceState]) -> Value {
    let code = |area| site.areas.get(area).code.as_str();
    let change = |change: &Change| {
        json!({
            "against": date_of(change.against).to_string(),
            "before": shown_json(change.before),
            "difference": shown_json(change.difference),
            "percent": shown_json(change.percent),
        })
    };
    let control = match &derived.trend.chart {
        Ok(chart) => json!({
            "method": method(chart.method),
            "center": number(chart.center),
            "low": chart.last_limits().map(|l| number(l.0)),
            "high": chart.last_limits().map(|l| number(l.1)),
            "dispersion": number(chart.dispersion),
            "learnt_from": chart.learnt_from,
            "is_holiday": chart.is_holiday,
            "signal": chart.present().map(|s| json!({ "rule": signal(s.rule, s.up), "run": s.run })),
        }),
        Err(why) => json!({ "none": no_chart(*why) }),
    };
    let contribution = derived.contribution.as_ref().map(|found| {
        let parts: Vec<Value> = found
            .parts
            .iter()
            .map(|part| {
                json!({
                    "area_code": code(part.area),
                    "within": number(part.within),
                    "mix": number(part.mix),
                    "total": number(part.total()),
                })
            })
            .collect();
        json!({
            "method": if found.is_split { "kitagawa" } else { "additive" },
            "change": number(found.change),
            "parts": parts,
            "rest": number(found.rest),
            "areas_not_shown": found.apart.len(),
        })
    });
    let funnel = derived.funnel.as_ref().map(|funnel| {
        let areas: Vec<Value> = funnel
            .spots
            .iter()
            .map(|spot| {
                json!({
                    "area_code": code(spot.area),
                    "base": number(spot.base),
                    "value": number(spot.value),
                    "place": place(spot.place),
                })
            })
            .collect();
        json!({
            "law": if funnel.kind == Kind::Share { "binomial" } else { "poisson" },
            "center": number(funnel.center),
            "dispersion": number(funnel.dispersion),
            "areas": areas,
            "areas_left_out": funnel.left_out,
        })
    });
    let of = |of: Option<Of>| of.map(|of| json!({ "in": of.present, "expected": of.expected }));
    let complete = &derived.completeness;
    let late: Vec<&str> =
        complete.late.iter().filter_map(|at| Some(sources.get(*at)?.name.as_str())).collect();
    json!({
        "kind": kind(derived.nature.kind),
        "year_on_year": change(&derived.year),
        "period_on_period": change(&derived.period),
        "target_gap": derived.gap.map(shown_json),
        "control": control,
        "contribution": contribution,
        "funnel": funnel,
        "completeness": {
            if complete.is_monthly { "months" } else { "days" }: of(complete.steps),
            "areas": of(complete.areas),
            "inputs_on_time": of(complete.inputs),
            "late": late,
        },
    })
}

/// A table for a terminal: one row an indicator.
#[must_use]
pub fn table(all: &All<'_>, lang: Lang) -> String {
    let site = all.subject.site;
    let text = site.messages(lang);
    let head = [
        "cli.table_indicator",
        "derived.label.year",
        "derived.label.period",
        "derived.label.gap",
        "derived.label.control",
        "derived.label.funnel",
        "derived.label.completeness",
    ];
    let mut rows: Vec<Vec<String>> =
        vec![std::iter::once("#").chain(head.map(|key| text.get(key))).map(str::to_owned).collect()];
    for (number, (row, derived)) in site.indicators.iter().zip(all.derived).enumerate() {
        let outside = derived.funnel.as_ref().map(|funnel| match funnel.outside() {
            0 => text.get("derived.funnel.none_outside").to_owned(),
            n => text.fill("derived.funnel.outside", &[("n", &n.to_string())]),
        });
        rows.push(vec![
            (number + 1).to_string(),
            row.name.get(lang).to_owned(),
            change_words(text, row, &derived.year),
            change_words(text, row, &derived.period),
            derived.gap.map(|gap| signed(text, gap, row.decimals)).unwrap_or_default(),
            words::trend(text, &derived.trend).1,
            outside.unwrap_or_default(),
            words::completeness(site, text, all.sources, &derived.completeness),
        ]);
    }
    format!("\n{}\n", aligned(&rows, |column| matches!(column, 0 | 2..=4)).join("\n"))
}

/// The difference of a share, the per cent of anything else.
fn change_words(text: &Messages, row: &Indicator, change: &Change) -> String {
    if row.unit == "%" {
        let difference = signed(text, change.difference, row.decimals.max(1));
        return match change.difference {
            Shown::Value(_) | Shown::Coarse { .. } => format!("{difference} {}", text.get("derived.points")),
            _ => difference,
        };
    }
    let percent = signed(text, change.percent, 1);
    match change.percent {
        Shown::Value(_) | Shown::Coarse { .. } => format!("{percent}%"),
        _ => percent,
    }
}

/// A figure with its sign; what prints as zero has none.
fn signed(text: &Messages, shown: Shown, decimals: usize) -> String {
    let (told, value) = match shown {
        Shown::Value(value) => (None, value),
        Shown::Coarse { value, told, .. } => (Some(told.sign()), value),
        Shown::Suppressed { .. } => return figure(shown),
        Shown::Missing | Shown::TooFine | Shown::Unread => return text.get("derived.none").to_owned(),
    };
    let size = thousands(value.abs(), decimals);
    let is_zero = size.bytes().all(|b| matches!(b, b'0' | b'.'));
    let sign = match value {
        _ if is_zero => "",
        v if v > 0.0 => "+",
        _ => "-",
    };
    format!("{}{sign}{size}", told.map_or_else(String::new, String::from))
}

pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Count => "count",
        Kind::Rate => "rate",
        Kind::Share => "share",
        Kind::Amount => "amount",
    }
}

pub(super) const fn method(method: Method) -> &'static str {
    match method {
        Method::C => "c",
        Method::U => "u",
        Method::LaneyU => "laney_u",
        Method::P => "p",
        Method::LaneyP => "laney_p",
        Method::Individuals => "xmr",
    }
}

pub(super) const fn no_chart(why: NoChart) -> &'static str {
    match why {
        NoChart::FewPoints => "few_points",
        NoChart::Overlap => "spans_overlap",
        NoChart::Constant => "constant",
        NoChart::Coarse => "coarse",
    }
}

pub(super) const fn signal(rule: Rule, up: bool) -> &'static str {
    match (rule, up) {
        (Rule::Beyond, true) => "above_limits",
        (Rule::Beyond, false) => "below_limits",
        (Rule::OneSide, true) => "run_above_mean",
        (Rule::OneSide, false) => "run_below_mean",
        (Rule::Drift, true) => "rising",
        (Rule::Drift, false) => "falling",
    }
}

pub(super) const fn place(place: Place) -> &'static str {
    match place {
        Place::Inside => "inside",
        Place::Outside95 { up: true } => "above_95",
        Place::Outside95 { up: false } => "below_95",
        Place::Outside998 { up: true } => "above_99_8",
        Place::Outside998 { up: false } => "below_99_8",
    }
}
