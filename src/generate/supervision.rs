//! Owns `case_flow_day` and `case_review_month`: how cases pass between organs and what spot checks found, counted.
//! Never holds a case file or a party.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{Day, IsoDate, Month};
use super::rng::{Stream, Wheel};
use super::template::Weighted;
use super::world::World;
use super::write::{On, TableSummary, row, table};

/// `[supervision]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SupervisionSpec {
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

/// Writes both tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.supervision;
    Ok(vec![
        table(data, "case_flow_day", flows(world, spec))?,
        table(data, "case_review_month", case_reviews(world, spec))?,
    ])
}

fn flows<'a>(world: &'a World, spec: &'a SupervisionSpec) -> Vec<FlowRow<'a>> {
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
            let online_cnt =
                case_cnt - stream.binomial(case_cnt, (1.0 - spec.online) * (3.0 - 0.4 * day.age).max(1.0));
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

fn case_reviews<'a>(world: &'a World, spec: &'a SupervisionSpec) -> Vec<CaseReviewRow<'a>> {
    let mut stream = world.stream("case_review_month");
    let months: Vec<Month> = world
        .calendar
        .long_months()
        .into_iter()
        .filter(|month| month.number >= spec.reviews_since.number())
        .collect();
    // Spot checks are held at quarters' ends.
    let weights: Vec<f64> = months
        .iter()
        .flat_map(|month| {
            spec.organs
                .iter()
                .map(|organ| if month.ends_quarter() { organ.1 } else { 0.0 })
                .collect::<Vec<f64>>()
        })
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
    }
}
