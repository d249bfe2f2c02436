//! Owns `enf_visit_day` and `enf_review_month`: visits to enterprises and reviewed decisions, counted.
//! Never names an enterprise visited or an officer.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{Day, IsoDate};
use super::math::ln;
use super::rng::{Stream, Wheel};
use super::template::{Volume, Weighted};
use super::world::World;
use super::write::{On, Sink, TableSummary, row, table};

/// `[enforcement]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnforcementSpec {
    /// Visits on a working day.
    visits: Volume,
    departments: Vec<Weighted>,
    visit_types: Vec<Weighted>,
    /// Scanning began here, reached half of `scanned` at once and all of it a year before the end.
    scan_since: IsoDate,
    /// Published: share of visits registered by scan in the last thirty days.
    scanned: f64,
    rated: f64,
    satisfied: f64,
    complaints: f64,
    correction_rows: usize,
    penalties_per_month: f64,
    lenient: f64,
    reviews_per_month: f64,
    upheld: f64,
}

row! {
    /// enf_visit_day
    VisitRow {
        stat_date: On, area_code: &'a str, dept_code: &'a str, visit_type: &'a str, visit_cnt: i64, scanned_cnt: i64,
        rated_cnt: i64, satisfied_cnt: i64, complaint_cnt: i64,
    }
}
row! {
    /// enf_review_month
    ReviewRow {
        stat_month: On, area_code: &'a str, dept_code: &'a str, penalty_cnt: i64, lenient_cnt: i64, review_closed_cnt: i64, review_upheld_cnt: i64,
    }
}
/// Writes both tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.enforcement;
    Ok(vec![visits(world, spec, data)?, table(data, "enf_review_month", reviews(world, spec))?])
}

/// A visit while it is counted: day, community, department, type; and whether it was not scanned.
struct Visit {
    key: (usize, usize, usize, usize),
    unscanned: bool,
}

fn visits(world: &World, spec: &EnforcementSpec, data: &Path) -> Result<TableSummary, GenerateError> {
    let mut stream = world.stream("enf_visit_day");
    let mut sink = Sink::new(data, "enf_visit_day")?;
    let mut corrections: Vec<VisitRow<'_>> = Vec::new();
    let days = world.calendar.history();
    let per_day = world.rows(spec.visits);
    let homes =
        Wheel::new(world.areas.communities.iter().map(|c| c.spec.population as f64 * c.spec.industry));
    let departments = Wheel::new(spec.departments.iter().map(|d| d.1));
    let kinds = Wheel::new(spec.visit_types.iter().map(|kind| kind.1));
    // Spans of thirty days, counted back from the last day: each gets its exact share of scans.
    let first = days.len() % 30;
    let spans = std::iter::once(0..first).chain((first..days.len()).step_by(30).map(|from| from..from + 30));
    for span in spans {
        let mut all: Vec<Visit> = Vec::new();
        for day in span.clone() {
            let Some(today) = days.get(day) else { continue };
            let mean = if today.working { per_day } else { per_day * 0.06 };
            for _ in 0..stream.poisson(mean) {
                let key =
                    (day, homes.spin(&mut stream), departments.spin(&mut stream), kinds.spin(&mut stream));
                all.push(Visit { key, unscanned: false });
            }
        }
        let middle = days.get(usize::midpoint(span.start, span.end)).or(days.last());
        let scanned =
            (scan_share(world, spec, middle, span.end >= days.len()) * all.len() as f64).round() as usize;
        unscan(world, &mut all, scanned, &mut stream);
        for row in count(world, spec, days, &all, &mut stream) {
            let old = span.end + 60 < days.len();
            if old && row.scanned_cnt > 0 && corrections.len() < spec.correction_rows && stream.chance(0.004)
            {
                let mut first = row.clone();
                first.scanned_cnt -= 1;
                sink.push(first)?;
                corrections.push(row);
            } else {
                sink.push(row)?;
            }
        }
    }
    sink.close(corrections)
}

/// Share of visits registered by scan around a day.
fn scan_share(world: &World, spec: &EnforcementSpec, day: Option<&Day>, last: bool) -> f64 {
    let Some(day) = day.filter(|day| day.number >= spec.scan_since.number()) else {
        return 0.0;
    };
    let whole = f64::from(world.calendar.anchor().number - 365 - spec.scan_since.number()).max(1.0);
    let passed = (f64::from(day.number - spec.scan_since.number()) / whole).min(1.0);
    if last { spec.scanned } else { spec.scanned * (0.5 + 0.5 * passed) }
}

/// Marks all but `scanned` visits as not scanned, sooner where services are worse.
fn unscan(world: &World, visits: &mut [Visit], scanned: usize, stream: &mut Stream) {
    let mut clocks: Vec<(f64, usize)> = visits
        .iter()
        .enumerate()
        .map(|(index, visit)| (-ln(stream.unit().max(1e-12)) / world.failure(visit.key.1), index))
        .collect();
    clocks.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (_, index) in clocks.into_iter().take(visits.len().saturating_sub(scanned)) {
        if let Some(visit) = visits.get_mut(index) {
            visit.unscanned = true;
        }
    }
}

/// Counts visits per day, community, department and type.
fn count<'a>(
    world: &'a World,
    spec: &'a EnforcementSpec,
    days: &[Day],
    visits: &[Visit],
    stream: &mut Stream,
) -> Vec<VisitRow<'a>> {
    let mut counts: BTreeMap<(usize, usize, usize, usize), (i64, i64)> = BTreeMap::new();
    for visit in visits {
        let count = counts.entry(visit.key).or_default();
        count.0 += 1;
        count.1 += i64::from(!visit.unscanned);
    }
    let mut rows = Vec::with_capacity(counts.len());
    for ((day, community, department, kind), (visit_cnt, scanned_cnt)) in counts {
        let (Some(day), Some(department), Some(kind)) =
            (days.get(day), spec.departments.get(department), spec.visit_types.get(kind))
        else {
            continue;
        };
        let rated_cnt = stream.binomial(visit_cnt, spec.rated);
        let unhappy = (1.0 - spec.satisfied) * world.failure(community);
        rows.push(VisitRow {
            stat_date: On(day.number),
            area_code: world.community_code(community),
            dept_code: &department.0,
            visit_type: &kind.0,
            visit_cnt,
            scanned_cnt,
            rated_cnt,
            satisfied_cnt: rated_cnt - stream.binomial(rated_cnt, unhappy.min(0.5)),
            complaint_cnt: stream.binomial(visit_cnt, spec.complaints),
        });
    }
    rows
}

fn reviews<'a>(world: &'a World, spec: &'a EnforcementSpec) -> Vec<ReviewRow<'a>> {
    let mut stream = world.stream("enf_review_month");
    let all: f64 = spec.departments.iter().map(|department| department.1).sum();
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for department in &spec.departments {
            let share = department.1 / all.max(1e-9);
            let penalty_cnt = stream.poisson(spec.penalties_per_month * share);
            let review_closed_cnt = stream.poisson(spec.reviews_per_month * share);
            rows.push(ReviewRow {
                stat_month: On(month.number),
                area_code: &world.areas.root,
                dept_code: &department.0,
                penalty_cnt,
                lenient_cnt: stream.binomial(penalty_cnt, spec.lenient * (0.6 + 0.4 * month.progress)),
                review_closed_cnt,
                review_upheld_cnt: stream.binomial(review_closed_cnt, spec.upheld),
            });
        }
    }
    rows
}
