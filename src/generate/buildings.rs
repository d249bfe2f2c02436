//! Owns the tables building, `rental_building` and component: the town's objects, their uses, grades and states.
//! Never names an owner, a landlord or a tenant.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::path::Path;

use super::GenerateError;
use super::math::ln;
use super::rng::{Stream, Wheel, allocate};
use super::town::component_id;
use super::world::World;
use super::write::{On, TableSummary, row, table};

row! {
    /// building
    BuildingRow {
        building_code: String, area_code: &'a str, usage_type: &'a str, floor_cnt: i64, room_cnt: i64,
        floor_area_m2: f64, built_year: i64, is_rental: i64, addr_std: i64, lng: f64, lat: f64, updated_ts: i64,
    }
}
row! {
    /// rental_building
    RentalRow {
        building_code: String, area_code: &'a str, rental_class: &'a str, grade: i64, room_cnt: i64,
        hardware_score: f64, compliance_score: f64, hazard_score: f64, graded_on: On, next_review_on: On, prev_grade: i64,
    }
}
row! {
    /// component
    ComponentRow {
        component_id: String, area_code: &'a str, class_code: &'a str, owner_org: &'a str, condition_code: &'a str,
        iot_online: Option<i64>, installed_on: On, inspected_on: On, lng: f64, lat: f64, updated_ts: i64,
    }
}

/// Writes building, `rental_building` and component.
pub(super) fn write(world: &World, data: &Path) -> Result<Vec<TableSummary>, GenerateError> {
    let (buildings, rentals) = buildings(world);
    Ok(vec![
        table(data, "building", buildings)?,
        table(data, "rental_building", rentals)?,
        table(data, "component", component_rows(world))?,
    ])
}

/// Buildings in order of cell.
fn in_order(of: &[Vec<usize>]) -> impl Iterator<Item = usize> + '_ {
    of.iter().flatten().copied()
}

fn buildings(world: &World) -> (Vec<BuildingRow<'_>>, Vec<RentalRow<'_>>) {
    let spec = &world.spec.town;
    let mut stream = world.stream("building");
    let usages = Wheel::new(spec.usage.iter().map(|usage| usage.weight));
    let mut rows = Vec::with_capacity(world.town.buildings.len());
    let mut urge: Vec<(f64, usize, usize)> = Vec::new();
    for index in in_order(&world.town.buildings_of) {
        let (Some(spot), Some(usage)) =
            (world.town.buildings.get(index), spec.usage.get(usages.spin(&mut stream)))
        else {
            continue;
        };
        let Some(grid) = world.areas.grids.get(spot.grid) else {
            continue;
        };
        let floors = stream.int(usage.floors[0], usage.floors[1]);
        let rooms = floors * stream.int(usage.rooms_per_floor[0], usage.rooms_per_floor[1]);
        let floor_m2 = stream.range(usage.floor_m2[0], usage.floor_m2[1]);
        let standard = 1.0 - (1.0 - spec.address_standard) * world.failure(grid.community);
        let newer = stream.unit();
        // Races between exponential clocks give a draw without replacement in proportion to the weights.
        let kind = spec.usage.iter().position(|other| other.code == usage.code).unwrap_or(0);
        urge.push((-ln(stream.unit().max(1e-12)) / usage.let_weight.max(1e-9), rows.len(), kind));
        rows.push(BuildingRow {
            building_code: world.town.building_code(&world.areas, index),
            area_code: &grid.code,
            usage_type: &usage.code,
            floor_cnt: floors,
            room_cnt: rooms,
            floor_area_m2: (floor_m2 * floors as f64 / 10.0).round() * 10.0,
            built_year: 1984 + (41.0 * (1.0 - newer * newer * 0.8)) as i64 - i64::from(floors < 5) * 2,
            is_rental: 0,
            addr_std: i64::from(stream.chance(standard)),
            lng: spot.micro.0 as f64 / 1e6,
            lat: spot.micro.1 as f64 / 1e6,
            updated_ts: world.town.last_weeks
                [stream.below(world.town.last_weeks.len()).pow(2) / world.town.last_weeks.len().max(1)],
        });
    }
    urge.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    urge.truncate(world.scale.published(spec.rental_buildings) as usize);
    urge.sort_by_key(|let_out| let_out.1);
    let rooms = rental_rooms(world, &rows, &urge);
    let mut stream = world.stream("rental_building");
    let mut rentals = Vec::with_capacity(urge.len());
    for ((_, at, kind), rooms) in urge.into_iter().zip(rooms) {
        let Some(building) = rows.get_mut(at) else {
            continue;
        };
        building.is_rental = 1;
        building.room_cnt = building.room_cnt.max(rooms);
        let (code, area_code) = (building.building_code.clone(), building.area_code);
        rentals.push(rental(world, code, area_code, kind, rooms, &mut stream));
    }
    (rows, rentals)
}

/// Rooms let, adding up to the published number.
fn rental_rooms(world: &World, rows: &[BuildingRow<'_>], chosen: &[(f64, usize, usize)]) -> Vec<i64> {
    let total = world.scale.published(world.spec.town.rental_rooms);
    let weights: Vec<f64> =
        chosen.iter().map(|(_, at, _)| rows.get(*at).map_or(1.0, |row| row.room_cnt as f64)).collect();
    // One room each, the rest by size.
    allocate(total - chosen.len() as i64, &weights).into_iter().map(|rooms| rooms + 1).collect()
}

fn rental<'a>(
    world: &'a World,
    code: String,
    area_code: &'a str,
    kind: usize,
    rooms: i64,
    stream: &mut Stream,
) -> RentalRow<'a> {
    let spec = &world.spec.town;
    let community = world.areas.communities.iter().position(|c| area_code.starts_with(&c.code)).unwrap_or(0);
    let failure = world.failure(community);
    let class = spec.usage.get(kind).and_then(|usage| usage.rental_class.as_deref()).unwrap_or_else(|| {
        let drawn = Wheel::new(spec.rental_classes.iter().map(|class| class.1)).spin(stream);
        spec.rental_classes.get(drawn).map_or("", |class| class.0.as_str())
    });
    let lean = |grade: usize, share: f64| if grade >= 3 { share * failure } else { share };
    let wheel = Wheel::new(spec.grades.iter().enumerate().map(|(grade, share)| lean(grade, *share)));
    let grade = wheel.spin(stream) as i64 + 1;
    let score = |stream: &mut Stream| {
        ((96.0 - 9.0 * (grade - 1) as f64 + 5.0 * stream.normal()).clamp(20.0, 100.0) * 2.0).round() / 2.0
    };
    let anchor = world.calendar.anchor().number;
    let graded = anchor - stream.int(1, 330) as i32;
    let before = (grade + [0, 0, 0, 1, 1, -1][stream.below(6)]).clamp(1, 5);
    RentalRow {
        building_code: code,
        area_code,
        rental_class: class,
        grade,
        room_cnt: rooms,
        hardware_score: score(stream),
        compliance_score: score(stream),
        hazard_score: score(stream),
        graded_on: On(graded),
        next_review_on: On(graded + if grade >= 4 { 90 } else { 365 }),
        prev_grade: before,
    }
}

fn component_rows(world: &World) -> Vec<ComponentRow<'_>> {
    let spec = &world.spec.town;
    let mut stream = world.stream("component");
    let anchor = world.calendar.anchor().number;
    let mut rows = Vec::with_capacity(world.town.components.len());
    for index in in_order(&world.town.components_of) {
        let Some(component) = world.town.components.get(index) else {
            continue;
        };
        let (Some(grid), Some(kind)) =
            (world.areas.grids.get(component.grid), spec.component.get(component.kind))
        else {
            continue;
        };
        let bad = (1.0 - spec.component_good) * world.failure(grid.community);
        let condition =
            if stream.chance(bad) { if stream.chance(0.8) { "fault" } else { "missing" } } else { "good" };
        let online = if condition == "good" { spec.iot_online } else { 0.3 };
        rows.push(ComponentRow {
            component_id: component_id(component),
            area_code: &grid.code,
            class_code: &kind.code,
            owner_org: &kind.org,
            condition_code: condition,
            iot_online: kind.iot.then(|| i64::from(stream.chance(online))),
            installed_on: On(anchor - stream.int(200, 3600) as i32),
            inspected_on: On(anchor - stream.int(0, 89) as i32),
            lng: component.micro.0 as f64 / 1e6,
            lat: component.micro.1 as f64 / 1e6,
            updated_ts: world.town.last_weeks[stream.below(8).min(world.town.last_weeks.len() - 1)],
        });
    }
    rows
}
