//! Owns `gov_centre`, `grid_staff_month` and `campus_month`: institutions and workforce, counted.
//! Never lists a grid worker, a pupil or a guard.

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::math::pow;
use super::rng::allocate;
use super::world::World;
use super::write::{On, TableSummary, row, table};

/// `[governance]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GovernanceSpec {
    /// Further nodes besides the centres of district, subdistricts and communities.
    nodes: i64,
    /// Month of the history, as a share, by which all centres were set up.
    all_by: f64,
    nodes_operational: f64,
    /// Share of grids with a worker at average quality.
    staffed: f64,
    workers_per_grid: f64,
    buildings_per_head: f64,
    schools: i64,
    school_standard: f64,
}

row! {
    /// gov_centre
    CentreRow {
        centre_id: String, stat_month: On, area_code: &'a str, level_code: &'a str, operational: i64,
        resident_dept_cnt: i64, rotating_dept_cnt: i64, window_cnt: i64,
    }
}
row! {
    /// grid_staff_month
    StaffRow { stat_month: On, area_code: &'a str, grid_cnt: i64, staffed_grid_cnt: i64, grid_worker_cnt: i64, building_head_cnt: i64 }
}
row! {
    /// campus_month
    CampusRow {
        stat_month: On, area_code: &'a str, school_cnt: i64, std_school_cnt: i64, escort_post_cnt: i64,
        hazard_cnt: i64, hazard_fixed_cnt: i64, law_class_cnt: i64,
    }
}

/// Writes the three tables.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.governance;
    Ok(vec![
        table(data, "gov_centre", centres(world, spec))?,
        table(data, "grid_staff_month", staff(world, spec))?,
        table(data, "campus_month", campus(world, spec))?,
    ])
}

/// A centre: its area, level, departments (resident, rotating) and windows.
type Centre<'a> = (&'a str, &'static str, [i64; 3]);

fn centres<'a>(world: &'a World, spec: &GovernanceSpec) -> Vec<CentreRow<'a>> {
    let mut stream = world.stream("gov_centre");
    let mut all: Vec<Centre<'a>> = vec![(&world.areas.root, "district", [12, 15, 18])];
    all.extend(world.areas.subdistricts.iter().map(|code| (code.as_str(), "subdistrict", [7, 9, 9])));
    all.extend(world.areas.communities.iter().map(|c| (c.code.as_str(), "community", [3, 5, 4])));
    let weights: Vec<f64> =
        world.areas.communities.iter().map(|c| pow(c.spec.population as f64, 0.7)).collect();
    for (community, nodes) in world.areas.communities.iter().zip(allocate(spec.nodes, &weights)) {
        all.extend((0..nodes).map(|_| (community.code.as_str(), "node", [1, 3, 2])));
    }
    let since: Vec<f64> = all
        .iter()
        .map(|(_, level, _)| if *level == "node" { stream.unit() } else { stream.unit() * 0.5 })
        .collect();
    let troubled: Vec<bool> =
        all.iter().map(|(_, level, _)| *level == "node" && !stream.chance(spec.nodes_operational)).collect();
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for (index, (area_code, level, sizes)) in all.iter().enumerate() {
            let there = since.get(index).is_none_or(|since| since * spec.all_by <= month.progress);
            if !there {
                continue;
            }
            let running = !troubled.get(index).copied().unwrap_or(false) || stream.chance(0.3);
            rows.push(CentreRow {
                centre_id: format!("GC{:03}", index + 1),
                stat_month: On(month.number),
                area_code,
                level_code: level,
                operational: i64::from(running),
                resident_dept_cnt: sizes[0],
                rotating_dept_cnt: sizes[1],
                window_cnt: sizes[2],
            });
        }
    }
    rows
}

fn staff<'a>(world: &'a World, spec: &GovernanceSpec) -> Vec<StaffRow<'a>> {
    let mut stream = world.stream("grid_staff_month");
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        for (index, community) in world.areas.communities.iter().enumerate() {
            let grid_cnt = community.grids.len() as i64;
            let gap = (1.0 - spec.staffed) * world.failure(index) * (2.2 - 1.2 * month.progress);
            let staffed = grid_cnt - stream.binomial(grid_cnt, gap.min(0.4));
            let buildings: usize = community
                .grids
                .iter()
                .filter_map(|grid| world.town.buildings_of.get(*grid))
                .map(Vec::len)
                .sum();
            rows.push(StaffRow {
                stat_month: On(month.number),
                area_code: &community.code,
                grid_cnt,
                staffed_grid_cnt: staffed,
                grid_worker_cnt: (staffed as f64 * spec.workers_per_grid).round() as i64,
                building_head_cnt: (buildings as f64 / spec.buildings_per_head).round() as i64,
            });
        }
    }
    rows
}

fn campus<'a>(world: &'a World, spec: &GovernanceSpec) -> Vec<CampusRow<'a>> {
    let mut stream = world.stream("campus_month");
    let weights: Vec<f64> = world.areas.communities.iter().map(|c| c.spec.population as f64).collect();
    let schools = allocate(spec.schools, &weights);
    let mut rows = Vec::new();
    for month in world.calendar.months() {
        let term = !matches!(month.month, 2 | 7 | 8);
        for (index, (community, school_cnt)) in world.areas.communities.iter().zip(&schools).enumerate() {
            if *school_cnt == 0 {
                continue;
            }
            let gap = (1.0 - spec.school_standard) * world.failure(index) * (2.5 - 1.5 * month.progress);
            let hazard_cnt = stream.poisson(0.5 * *school_cnt as f64 * world.failure(index));
            rows.push(CampusRow {
                stat_month: On(month.number),
                area_code: &community.code,
                school_cnt: *school_cnt,
                std_school_cnt: school_cnt - stream.binomial(*school_cnt, gap.min(0.5)),
                escort_post_cnt: school_cnt * 2,
                hazard_cnt,
                hazard_fixed_cnt: hazard_cnt - stream.binomial(hazard_cnt, 0.06),
                law_class_cnt: if term { stream.poisson(0.6 * *school_cnt as f64) } else { 0 },
            });
        }
    }
    rows
}
