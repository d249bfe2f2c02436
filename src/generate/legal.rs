//! Owns `court_month`, `procuratorate_month`, `legal_public_month` and `legal_product`: legal services, counted; guides, listed.
//! Never holds a case, a party or a person helped.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{IsoDate, Month};
use super::people::over_subdistricts;
use super::rng::Stream;
use super::suppress::hidden;
use super::world::World;
use super::write::{On, TableSummary, row, table};

/// `[legal]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LegalSpec {
    track: Vec<TrackSpec>,
    line: Vec<LineSpec>,
    service: Vec<ServiceSpec>,
    product: Vec<ProductSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackSpec {
    code: String,
    since: IsoDate,
    per_month: f64,
    days: f64,
    psych_support: f64,
    growth: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineSpec {
    code: String,
    filed_per_month: f64,
    suggestions_per_case: f64,
    adopted: f64,
    facilities_per_month: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceSpec {
    code: String,
    /// Served a month in the district at the end.
    per_month: f64,
    rated: f64,
    satisfied: f64,
    plans: f64,
    growth: f64,
    /// Told per subdistrict only at the end of a quarter.
    #[serde(default)]
    sensitive: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductSpec {
    kind: String,
    title: String,
    issuer: String,
    on: IsoDate,
}

row! {
    /// court_month
    CourtRow {
        stat_month: On, area_code: &'a str, track: &'a str, accepted_cnt: i64, closed_cnt: i64, days_sum: f64, psych_support_cnt: i64,
    }
}
row! {
    /// procuratorate_month
    LineRow {
        stat_month: On, area_code: &'a str, line: &'a str, filed_cnt: i64, suggestion_cnt: i64, replied_cnt: i64,
        adopted_cnt: i64, facility_checked_cnt: i64,
    }
}
row! {
    /// legal_public_month
    ServiceRow {
        stat_month: On, area_code: &'a str, service: &'a str, served_cnt: Option<i64>, plan_cnt: Option<i64>,
        rated_cnt: Option<i64>, satisfied_cnt: Option<i64>,
    }
}
row! {
    /// legal_product
    ProductRow { product_id: String, area_code: &'a str, product_type: &'a str, title_zh: &'a str, issuer: &'a str, issued_on: On }
}

/// Writes the four tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.legal;
    Ok(vec![
        table(data, "court_month", courts(world, spec))?,
        table(data, "procuratorate_month", lines(world, spec))?,
        table(data, "legal_public_month", services(world, spec))?,
        table(data, "legal_product", products(world, spec))?,
    ])
}

/// Courts and offices work less in the month of the long holiday.
fn busy(month: &Month) -> f64 {
    if month.month == 2 { 0.6 } else { 1.0 }
}

fn courts<'a>(world: &'a World, spec: &'a LegalSpec) -> Vec<CourtRow<'a>> {
    let mut stream = world.stream("court_month");
    let mut waiting = vec![0i64; spec.track.len()];
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for (track, waits) in
            spec.track.iter().zip(&mut waiting).filter(|(track, _)| track.since.number() <= month.number)
        {
            let mean = track.per_month * busy(&month) * (1.0 + track.growth * 5.0 * (month.progress - 1.0));
            let accepted_cnt = stream.poisson(mean);
            let all = *waits + accepted_cnt;
            let left = stream.binomial(all, (track.days / 31.0 / 2.0).min(0.45));
            *waits = left;
            let closed_cnt = all - left;
            let days_sum = (closed_cnt as f64 * track.days * stream.range(0.93, 1.07)).round();
            let psych_support_cnt = stream.binomial(closed_cnt, track.psych_support);
            rows.push(CourtRow {
                stat_month: On(month.number),
                area_code: &world.areas.root,
                track: &track.code,
                accepted_cnt,
                closed_cnt,
                days_sum,
                psych_support_cnt,
            });
        }
    }
    rows
}

fn lines<'a>(world: &'a World, spec: &'a LegalSpec) -> Vec<LineRow<'a>> {
    let mut stream = world.stream("procuratorate_month");
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for line in &spec.line {
            let filed_cnt = stream.poisson(line.filed_per_month * busy(&month));
            let suggestion_cnt = stream.binomial(filed_cnt, line.suggestions_per_case);
            let replied_cnt = suggestion_cnt - stream.binomial(suggestion_cnt, 0.03);
            let adopted_cnt = replied_cnt - stream.binomial(replied_cnt, 1.0 - line.adopted);
            let facility_checked_cnt = stream.poisson(line.facilities_per_month * busy(&month));
            rows.push(LineRow {
                stat_month: On(month.number),
                area_code: &world.areas.root,
                line: &line.code,
                filed_cnt,
                suggestion_cnt,
                replied_cnt,
                adopted_cnt,
                facility_checked_cnt,
            });
        }
    }
    rows
}

fn services<'a>(world: &'a World, spec: &'a LegalSpec) -> Vec<ServiceRow<'a>> {
    let mut stream = world.stream("legal_public_month");
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for service in &spec.service {
            // What depends on persons does not jump: slow growth, little noise.
            let mean = service.per_month
                * (1.0 + service.growth * 5.0 * (month.progress - 1.0))
                * if service.sensitive { 1.0 } else { busy(&month) };
            let total = (mean * stream.range(0.95, 1.05)).round() as i64;
            rows.push(service_row(&month, &world.areas.root, service, total, 1.0, false, &mut stream));
            let parts = over_subdistricts(world, total, &mut stream);
            if service.sensitive && !month.ends_quarter() {
                continue;
            }
            let hide = hidden(&parts, world.spec.people.suppress_below);
            for (s, ((area_code, served), hide)) in
                world.areas.subdistricts.iter().zip(parts).zip(hide).enumerate()
            {
                rows.push(service_row(
                    &month,
                    area_code,
                    service,
                    served,
                    world.failure_of_subdistrict(s),
                    hide,
                    &mut stream,
                ));
            }
        }
    }
    rows
}

fn service_row<'a>(
    month: &Month,
    area_code: &'a str,
    service: &'a ServiceSpec,
    served: i64,
    failure: f64,
    hide: bool,
    stream: &mut Stream,
) -> ServiceRow<'a> {
    let rated = stream.binomial(served, service.rated);
    let satisfied = rated - stream.binomial(rated, ((1.0 - service.satisfied) * failure).min(0.5));
    let plans = (served as f64 * service.plans).round() as i64;
    let shown = |value: i64| (!hide).then_some(value);
    ServiceRow {
        stat_month: On(month.number),
        area_code,
        service: &service.code,
        served_cnt: shown(served),
        plan_cnt: shown(plans),
        rated_cnt: shown(rated),
        satisfied_cnt: shown(satisfied),
    }
}

fn products<'a>(world: &'a World, spec: &'a LegalSpec) -> Vec<ProductRow<'a>> {
    let row = |(number, product): (usize, &'a ProductSpec)| ProductRow {
        product_id: format!("P{:03}", number + 1),
        area_code: &world.areas.root,
        product_type: &product.kind,
        title_zh: &product.title,
        issuer: &product.issuer,
        issued_on: On(product.on.number()),
    };
    spec.product.iter().enumerate().map(row).collect()
}
