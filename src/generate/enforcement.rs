//! Owns enf_visit_day, enf_review_month, case_flow_day and case_review_month: enforcement and its supervision, counted.
//! Never names an enterprise visited, an officer, or a party to a case.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{Day, IsoDate, Month};
use super::math::ln;
use super::rng::{Stream, Wheel, allocate};
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
    stage: Vec<StageSpec>,
    online: f64,
    flow_minutes: f64,
    overdue: f64,
    reviews_since: IsoDate,
    /// Published: files spot-checked since then.
    sampled: i64,
    qualified: f64,
    complaints_per_month: f64,
    organs: Vec<Weighted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageSpec {
    code: String,
    /// Cases since the first day of the history; a published number for legal aid.
    total: i64,
    growth: f64,
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
row! {
    /// case_flow_day
    FlowRow { stat_date: On, area_code: &'a str, stage: &'a str, case_cnt: i64, online_cnt: i64, flow_min_sum: f64, overdue_cnt: i64 }
}
row! {
    /// case_review_month
    CaseReviewRow {
        stat_month: On, area_code: &'a str, org_code: &'a str, sampled_cnt: i64, qualified_cnt: i64, issue_cnt: i64,
        rectified_cnt: i64, complaint_due_cnt: i64, complaint_ontime_cnt: i64,
    }
}

/// Writes the four tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.enforcement;
    Ok(vec![
        visits(world, spec, data)?,
        table(data, "enf_review_month", reviews(world, spec))?,
        table(data, "case_flow_day", flows(world, spec))?,
        table(data, "case_review_month", case_reviews(world, spec))?,
    ])
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
    let homes = Wheel::new(world.areas.communities.iter().map(|c| c.spec.population as f64 * c.spec.industry));
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
                let key = (day, homes.spin(&mut stream), departments.spin(&mut stream), kinds.spin(&mut stream));
                all.push(Visit { key, unscanned: false });
            }
        }
        let middle = days.get((span.start + span.end) / 2).or(days.last());
        let scanned = (scan_share(world, spec, middle, span.end >= days.len()) * all.len() as f64).round() as usize;
        unscan(world, &mut all, scanned, &mut stream);
        for row in count(world, spec, days, &all, &mut stream) {
            let old = span.end + 60 < days.len();
            if old && row.scanned_cnt > 0 && corrections.len() < spec.correction_rows && stream.chance(0.004) {
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
    let Some(day) = day.filter(|day| day.number >= spec.scan_since.number()) else { return 0.0 };
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
fn count<'a>(world: &'a World, spec: &'a EnforcementSpec, days: &[Day], visits: &[Visit], stream: &mut Stream) -> Vec<VisitRow<'a>> {
    let mut counts: BTreeMap<(usize, usize, usize, usize), (i64, i64)> = BTreeMap::new();
    for visit in visits {
        let count = counts.entry(visit.key).or_default();
        count.0 += 1;
        count.1 += i64::from(!visit.unscanned);
    }
    let mut rows = Vec::with_capacity(counts.len());
    for ((day, community, department, kind), (visit_cnt, scanned_cnt)) in counts {
        let (Some(day), Some(department), Some(kind)) = (days.get(day), spec.departments.get(department), spec.visit_types.get(kind)) else { continue };
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

fn flows<'a>(world: &'a World, spec: &'a EnforcementSpec) -> Vec<FlowRow<'a>> {
    let mut stream = world.stream("case_flow_day");
    let days = world.calendar.history();
    let mut rows = Vec::new();
    for stage in &spec.stage {
        let weight = |day: &Day, stream: &mut Stream| {
            let busy = if day.working { 1.0 } else { 0.04 };
            busy * (1.0 + stage.growth * day.age).max(0.05) * stream.lognormal(1.0, 0.5)
        };
        let weights: Vec<f64> = days.iter().map(|day| weight(day, &mut stream)).collect();
        for (day, case_cnt) in days.iter().zip(even(stage.total, &weights, &mut stream)) {
            let online_cnt = case_cnt - stream.binomial(case_cnt, (1.0 - spec.online) * (3.0 - 0.4 * day.age).max(1.0));
            let minutes = spec.flow_minutes * (1.6 - 0.12 * day.age).max(1.0) * stream.range(0.85, 1.15);
            rows.push(FlowRow {
                stat_date: On(day.number),
                area_code: &world.areas.root,
                stage: &stage.code,
                case_cnt,
                online_cnt,
                flow_min_sum: (case_cnt as f64 * minutes * 10.0).round() / 10.0,
                overdue_cnt: stream.poisson(spec.overdue * (1.8 - 0.16 * day.age).max(0.2)),
            });
        }
    }
    rows.sort_by_key(|row| row.stat_date);
    rows
}

/// Splits a total over days by chance: each day's share of what is left, so that small totals are spread, too.
fn even(total: i64, weights: &[f64], stream: &mut Stream) -> Vec<i64> {
    let mut counts = vec![0i64; weights.len()];
    let wheel = Wheel::new(weights.iter().copied());
    for _ in 0..total {
        if let Some(count) = counts.get_mut(wheel.spin(stream)) {
            *count += 1;
        }
    }
    counts
}

fn case_reviews<'a>(world: &'a World, spec: &'a EnforcementSpec) -> Vec<CaseReviewRow<'a>> {
    let mut stream = world.stream("case_review_month");
    let months: Vec<Month> = world.calendar.long_months().into_iter().filter(|month| month.number >= spec.reviews_since.number()).collect();
    // Spot checks are held at quarters' ends.
    let weights: Vec<f64> = months
        .iter()
        .flat_map(|month| spec.organs.iter().map(|organ| if month.ends_quarter() { organ.1 } else { 0.0 }).collect::<Vec<f64>>())
        .map(|weight| weight * stream.range(0.7, 1.3))
        .collect();
    let sampled = even(spec.sampled, &weights, &mut stream);
    let cells = months.iter().flat_map(|month| spec.organs.iter().map(move |organ| (month, organ)));
    let mut rows = Vec::new();
    for ((month, organ), sampled_cnt) in cells.zip(sampled) {
        let faulty = stream.binomial(sampled_cnt, 1.0 - spec.qualified);
        let issue_cnt = faulty + stream.binomial(sampled_cnt, 0.25);
        let complaint_due_cnt = stream.poisson(spec.complaints_per_month * organ.1);
        rows.push(CaseReviewRow {
            stat_month: On(month.number),
            area_code: &world.areas.root,
            org_code: &organ.0,
            sampled_cnt,
            qualified_cnt: sampled_cnt - faulty,
            issue_cnt,
            rectified_cnt: issue_cnt,
            complaint_due_cnt,
            complaint_ontime_cnt: complaint_due_cnt - stream.binomial(complaint_due_cnt, 0.01),
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreading_keeps_the_total() {
        let mut stream = Stream::new(4, "even");
        let counts = even(190, &[1.0, 0.0, 2.0, 3.0], &mut stream);
        assert_eq!(counts.iter().sum::<i64>(), 190);
        assert_eq!(counts.get(1), Some(&0));
        assert_eq!(allocate(10, &[1.0, 1.0]), [5, 5]);
    }
}
