//! Owns `psych_service_snap`, `psych_provider_month` and `psych_outreach_month`: services given, as cumulative margins.
//! Never crosses a service with a group, and never tells a crisis below the district.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::Month;
use super::people::over_subdistricts;
use super::rng::{Stream, allocate};
use super::suppress::hidden;
use super::template::Weighted;
use super::world::World;
use super::write::{On, TableSummary, row, table};

/// `[psych]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PsychSpec {
    /// An increment below this is held back until it reaches it.
    hold_below: i64,
    snapshot: Vec<SnapshotSpec>,
    /// Departments and their institutions in the last month; the share there at the start; counsellors each.
    departments: Vec<Weighted>,
    institutions_at_start: f64,
    counsellors: f64,
    outreach: Vec<OutreachSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotSpec {
    program: String,
    kind: String,
    code: String,
    /// Published or proposed: reached by the last snapshot.
    total: i64,
    /// Share of the cases that succeeded.
    success: f64,
    /// Never shown below the district.
    #[serde(default)]
    district_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutreachSpec {
    venue: String,
    sessions: i64,
    person_times: i64,
    views: i64,
    /// Told for the district as a whole.
    #[serde(default)]
    district_only: bool,
}

row! {
    /// psych_service_snap
    SnapRow {
        stat_month: On, area_code: &'a str, program: &'a str, dim_kind: &'a str, dim_code: &'a str,
        person_times_cum: Option<i64>, success_cum: Option<i64>, suppressed: bool,
    }
}
row! {
    /// psych_provider_month
    ProviderRow { stat_month: On, area_code: &'a str, dept_code: &'a str, institution_cnt: i64, counsellor_cnt: i64 }
}
row! {
    /// psych_outreach_month
    OutreachRow { stat_month: On, area_code: &'a str, venue: &'a str, session_cnt: i64, person_times: i64, view_cnt: i64 }
}

/// Writes the three tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.psych;
    Ok(vec![
        table(data, "psych_service_snap", snapshots(world, spec))?,
        table(data, "psych_provider_month", providers(world, spec))?,
        table(data, "psych_outreach_month", outreach(world, spec))?,
    ])
}

/// Totals at every quarter's end: growing to `total`, in steps never smaller than allowed.
fn growth(total: i64, quarters: usize, hold_below: i64, stream: &mut Stream) -> Vec<i64> {
    let mut weights: Vec<f64> =
        (0..quarters).map(|q| 0.6 + 0.8 * q as f64 / quarters.max(1) as f64 + 0.2 * stream.unit()).collect();
    if let Some(first) = weights.first_mut() {
        // What had been done before the first snapshot.
        *first *= 3.0;
    }
    let mut true_total = 0;
    let mut shown = 0;
    allocate(total, &weights)
        .into_iter()
        .map(|step| {
            true_total += step;
            // Held back while the step is small; the last one waits, too, if the rest would be too small.
            let rest = total - true_total;
            if true_total - shown >= hold_below && (rest == 0 || rest >= hold_below) {
                shown = true_total;
            }
            shown
        })
        .collect()
}

fn snapshots<'a>(world: &'a World, spec: &'a PsychSpec) -> Vec<SnapRow<'a>> {
    let mut stream = world.stream("psych_service_snap");
    let quarters: Vec<Month> = world.calendar.months().into_iter().filter(Month::ends_quarter).collect();
    let mut rows = Vec::new();
    for item in &spec.snapshot {
        let district = growth(item.total, quarters.len(), spec.hold_below, &mut stream);
        let shares = over_subdistricts(world, item.total, &mut stream);
        let parts: Vec<Vec<i64>> =
            shares.iter().map(|share| growth(*share, quarters.len(), spec.hold_below, &mut stream)).collect();
        let snap = |month: &Month, area_code: &'a str, count: i64, hide: bool| SnapRow {
            stat_month: On(month.number),
            area_code,
            program: &item.program,
            dim_kind: &item.kind,
            dim_code: &item.code,
            person_times_cum: (!hide).then_some(count),
            success_cum: (!hide).then_some((count as f64 * item.success).round() as i64),
            suppressed: hide,
        };
        for (quarter, month) in quarters.iter().enumerate() {
            let count = district.get(quarter).copied().unwrap_or(0);
            rows.push(snap(
                month,
                &world.areas.root,
                count,
                (1..world.spec.people.suppress_below).contains(&count),
            ));
            if item.district_only {
                continue;
            }
            let counts: Vec<i64> = parts.iter().map(|part| part.get(quarter).copied().unwrap_or(0)).collect();
            for ((area_code, count), hide) in world
                .areas
                .subdistricts
                .iter()
                .zip(&counts)
                .zip(hidden(&counts, world.spec.people.suppress_below))
            {
                rows.push(snap(month, area_code, *count, hide));
            }
        }
    }
    rows.sort_by_key(|row| (row.stat_month, row.area_code));
    rows
}

fn providers<'a>(world: &'a World, spec: &'a PsychSpec) -> Vec<ProviderRow<'a>> {
    let mut stream = world.stream("psych_provider_month");
    let places: Vec<(usize, Vec<f64>)> = (0..spec.departments.len())
        .map(|d| {
            (
                d,
                (0..world.areas.subdistricts.len())
                    .map(|s| world.population_of_subdistrict(s) as f64 * stream.range(0.5, 1.5))
                    .collect(),
            )
        })
        .collect();
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        let grown = (month.progress / 0.85).min(1.0);
        for (d, weights) in &places {
            let Some(department) = spec.departments.get(*d) else {
                continue;
            };
            let now = (department.1
                * (spec.institutions_at_start + (1.0 - spec.institutions_at_start) * grown))
                .round()
                .max(1.0) as i64;
            for (area_code, institution_cnt) in world.areas.subdistricts.iter().zip(allocate(now, weights)) {
                if institution_cnt > 0 {
                    rows.push(ProviderRow {
                        stat_month: On(month.number),
                        area_code,
                        dept_code: &department.0,
                        institution_cnt,
                        counsellor_cnt: (institution_cnt as f64 * spec.counsellors).round() as i64,
                    });
                }
            }
        }
    }
    rows
}

fn outreach<'a>(world: &'a World, spec: &'a PsychSpec) -> Vec<OutreachRow<'a>> {
    let mut stream = world.stream("psych_outreach_month");
    let months = world.calendar.months();
    let mut rows = Vec::new();
    for venue in &spec.outreach {
        let areas: Vec<&str> = if venue.district_only {
            vec![&world.areas.root]
        } else {
            world.areas.subdistricts.iter().map(String::as_str).collect()
        };
        let cells: Vec<(&Month, &str)> =
            months.iter().flat_map(|month| areas.iter().map(move |area| (month, *area))).collect();
        let weights: Vec<f64> = cells.iter().map(|_| stream.lognormal(1.0, 0.5)).collect();
        let sessions = allocate(venue.sessions, &weights);
        // People and views follow the sessions; a venue without sessions spreads evenly.
        let by: Vec<f64> = if venue.sessions > 0 {
            sessions.iter().map(|n| *n as f64 * stream.range(0.6, 1.4)).collect()
        } else {
            weights
        };
        let people = allocate(venue.person_times, &by);
        let views = allocate(venue.views, &by);
        for ((((month, area_code), session_cnt), person_times), view_cnt) in
            cells.into_iter().zip(sessions).zip(people).zip(views)
        {
            if session_cnt + person_times + view_cnt > 0 {
                rows.push(OutreachRow {
                    stat_month: On(month.number),
                    area_code,
                    venue: &venue.venue,
                    session_cnt,
                    person_times,
                    view_cnt,
                });
            }
        }
    }
    rows.sort_by_key(|row| (row.stat_month, row.area_code));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_steps_are_held_back() {
        let mut stream = Stream::new(1, "growth");
        for total in [5, 62, 400, 2640] {
            let steps = growth(total, 20, 10, &mut stream);
            let mut before = 0;
            for step in &steps {
                assert!(*step == before || *step - before >= 10, "{total}: {steps:?}");
                before = *step;
            }
            assert!(total < 10 || before == total, "{total}: {steps:?}");
        }
    }
}
