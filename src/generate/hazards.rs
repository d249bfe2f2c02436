//! Owns the table hazard: dangers found at places, and whether they were removed in time.
//! Never names who is responsible.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::path::Path;

use serde::Deserialize;

use super::GenerateError;
use super::calendar::{Day, at};
use super::cases::pick;
use super::lives::{Known, split};
use super::math::exp;
use super::rng::{Stream, Wheel};
use super::template::{Volume, Weighted};
use super::world::{World, activity};
use super::write::{Sink, TableSummary, row, save};

/// `[hazards]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HazardsSpec {
    rows: Volume,
    weekend: f64,
    long_holiday: f64,
    late_share: f64,
    cancel_share: f64,
    /// Shares fixed after their limit, in the first year and now, at average quality.
    fail: [f64; 2],
    levels: [f64; 3],
    /// Days to fix, by level.
    due_days: [i64; 3],
    /// Inspections before the long holiday and in the storm season find more.
    summer: f64,
    places: Vec<Weighted>,
    class: Vec<ClassSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassSpec {
    code: String,
    weight: f64,
    #[serde(default)]
    rain: f64,
    /// Where it is found instead of the general list.
    places: Option<Vec<Weighted>>,
    /// In or at a building.
    building: bool,
}

row! {
    /// hazard
    HazardRow {
        hazard_id: String, area_code: &'a str, building_code: Option<String>, place_type: &'a str, hazard_class: &'a str,
        level: i64, found_ts: i64, due_ts: i64, fixed_ts: Option<i64>, status: &'a str, arrived_ts: i64,
    }
}

/// Writes hazard and the day after.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let spec = &world.spec.hazards;
    let mut stream = world.stream("hazard");
    let mut sink = Sink::new(data, "hazard")?;
    let mut live = Vec::new();
    let days = world.calendar.with_replay();
    let normal: f64 = spec.class.iter().map(|class| class.weight).sum();
    let weights = |day: &Day| {
        spec.class.iter().map(|class| class.weight * (1.0 + class.rain * day.rain)).collect::<Vec<f64>>()
    };
    let load = |day: &Day| {
        let busy = activity(day, spec.weekend, spec.long_holiday);
        busy * (1.0 + spec.summer * day.season) * (1.0 + 0.06 * day.age) * weights(day).iter().sum::<f64>()
            / normal.max(1e-9)
    };
    let total: f64 = days.iter().map(load).sum();
    let rows = world.rows(spec.rows);
    let mut count = 0u64;
    for day in days {
        let communities = Wheel::new(world.loads(day.age));
        let classes = Wheel::new(weights(day));
        let mut found = Vec::new();
        for _ in 0..stream.poisson(rows * load(day) / total) {
            let community = communities.spin(&mut stream);
            let class = classes.spin(&mut stream);
            found.extend(hazard(world, day, community, class, &mut stream));
        }
        found.sort_by(|a, b| (a.row.found_ts, a.row.area_code).cmp(&(b.row.found_ts, b.row.area_code)));
        for mut hazard in found {
            count += 1;
            hazard.row.hazard_id = format!("H{:02}-{count:07}", day.date.year().rem_euclid(100));
            let changes = [hazard.row.found_ts, hazard.end];
            let delay = 20 + (count % 40) as i64;
            let known = split(
                hazard.row.arrived_ts,
                &changes,
                world.calendar.end(),
                delay,
                &mut live,
                |at, arrived| hazard.at(at, arrived),
            );
            if let Known::Base(row) = known {
                sink.push(row)?;
            }
        }
    }
    live.sort_by(|a: &HazardRow, b| (a.arrived_ts, &a.hazard_id).cmp(&(b.arrived_ts, &b.hazard_id)));
    save(&data.join("replay/hazard.parquet"), &live)?;
    Ok(vec![sink.close(Vec::new())?])
}

/// A hazard, and when it is fixed or found to be none.
struct Hazard<'a> {
    row: HazardRow<'a>,
    end: i64,
    cancelled: bool,
}

impl<'a> Hazard<'a> {
    fn at(&self, at: i64, arrived: i64) -> HazardRow<'a> {
        let mut row = self.row.clone();
        row.arrived_ts = arrived;
        if self.end <= at {
            row.status = if self.cancelled { "cancelled" } else { "fixed" };
            row.fixed_ts = (!self.cancelled).then_some(self.end);
        }
        row
    }
}

fn hazard<'a>(
    world: &'a World,
    day: &Day,
    community: usize,
    class: usize,
    stream: &mut Stream,
) -> Option<Hazard<'a>> {
    let spec = &world.spec.hazards;
    let class = spec.class.get(class)?;
    let cell = world.town.cell(&world.areas, community, stream);
    let level = Wheel::new(spec.levels).spin(stream);
    let second = Wheel::new([0.2, 1.0, 1.6, 0.5, 1.2, 1.4, 0.5]).spin(stream) as i64 * 3600 * 2 + 7 * 3600;
    let found = at(day, second + stream.int(0, 7199));
    let due = found + spec.due_days[level] * 86_400;
    let [then, now] = spec.fail;
    let fail = (now + (then - now) * exp(-day.age * 0.7)) * world.failure(community);
    let limit = (due - found) as f64;
    let time = if stream.chance(fail.min(0.5)) {
        limit * 1.03 + stream.lognormal(3.0 * 86_400.0, 0.9)
    } else {
        let drawn = stream.lognormal(limit * 0.3, 0.7);
        if drawn < limit * 0.98 { drawn } else { limit * stream.range(0.5, 0.98) }
    };
    let late = if stream.chance(spec.late_share) { stream.lognormal(1.5 * 86_400.0, 0.8) } else { 0.0 };
    let buildings = world.town.buildings_of.get(cell).map_or(&[][..], Vec::as_slice);
    let building = buildings.get(stream.below(buildings.len())).filter(|_| class.building);
    let row = HazardRow {
        hazard_id: String::new(),
        area_code: &world.areas.grids.get(cell)?.code,
        building_code: building.map(|index| world.town.building_code(&world.areas, *index)),
        place_type: pick(class.places.as_deref().unwrap_or(&spec.places), stream),
        hazard_class: &class.code,
        level: level as i64 + 1,
        found_ts: found,
        due_ts: due,
        fixed_ts: None,
        status: "open",
        arrived_ts: found + stream.int(30, 1800) + late as i64,
    };
    Some(Hazard {
        row,
        end: (found + time.max(1800.0) as i64) / 60 * 60,
        cancelled: stream.chance(spec.cancel_share),
    })
}
