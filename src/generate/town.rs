//! Owns the town: where its buildings and components stand, and which buildings are let.
//! Never knows who lives or works in them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::areas::Areas;
use super::calendar::Calendar;
use super::math::sin_cos_turns;
use super::plane::{Micro, Point};
use super::rng::{Stream, Wheel, allocate};
use super::template::{Volume, Weighted};
use super::world::World;
use super::write::{On, TableSummary, row, table};
use super::{GenerateError, Scale};

/// `[town]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TownSpec {
    buildings: Volume,
    components: Volume,
    /// Published: buildings let, and their rooms.
    rental_buildings: i64,
    rental_rooms: i64,
    /// Distance between buildings along and across a street; width of a street; buildings between streets.
    spacing_m: [f64; 2],
    street_m: f64,
    between_streets: [i64; 2],
    /// Spread of a cluster of buildings, in metres, and further clusters per community.
    spread_m: f64,
    clusters: usize,
    /// Share of addresses of standard form, and of components in good condition, at average quality.
    address_standard: f64,
    component_good: f64,
    iot_online: f64,
    usage: Vec<UsageSpec>,
    component: Vec<ComponentSpec>,
    /// Yearly grading: shares of grades 1 to 5 at average quality.
    grades: [f64; 5],
    rental_classes: Vec<Weighted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageSpec {
    code: String,
    weight: f64,
    floors: [i64; 2],
    rooms_per_floor: [i64; 2],
    floor_m2: [f64; 2],
    /// How likely it is let, relative to other uses.
    let_weight: f64,
    /// Class when let; none: drawn from `rental_classes`.
    rental_class: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentSpec {
    code: String,
    weight: f64,
    org: String,
    iot: bool,
}

impl TownSpec {
    /// Class of a component.
    pub(super) fn class_of(&self, component: &Component) -> &str {
        self.component.get(component.kind).map_or("", |kind| kind.code.as_str())
    }
}

/// A building's place; its details are drawn when the table is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) grid: usize,
    pub(super) micro: Micro,
    /// Number of the building within its cell, from 1.
    pub(super) number: usize,
}

/// A component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    pub(super) grid: usize,
    pub(super) micro: Micro,
    kind: usize,
    /// Number of the component in the site, from 1.
    pub(super) number: usize,
}

/// The town.
pub(super) struct Town {
    pub(super) buildings: Vec<Spot>,
    pub(super) components: Vec<Component>,
    /// Per cell: its buildings and components.
    pub(super) buildings_of: Vec<Vec<usize>>,
    pub(super) components_of: Vec<Vec<usize>>,
    /// Per community: its cells by how much happens there.
    cells: Vec<Wheel>,
    last_weeks: Vec<i64>,
}

impl Town {
    /// Places buildings in clusters of streets around the communities' centres, and components along the streets.
    pub(super) fn build(spec: &TownSpec, areas: &Areas, calendar: &Calendar, scale: Scale, seed: u64) -> Self {
        let mut stream = Stream::new(seed, "town");
        let wanted = match scale {
            Scale::Times(times) if times < 1.0 => spec.buildings.1,
            _ => scale.of(spec.buildings),
        };
        let share = |population: i64| super::math::pow(population as f64, 0.85);
        let counts = allocate(wanted as i64, &areas.communities.iter().map(|c| share(c.spec.population)).collect::<Vec<_>>());
        // More buildings on the same ground stand closer.
        let tight = (wanted / spec.buildings.0.max(1.0)).max(1.0).sqrt();
        let mut buildings = Vec::new();
        let mut buildings_of = vec![Vec::new(); areas.grids.len()];
        let mut taken = BTreeSet::new();
        for (community, count) in counts.into_iter().enumerate() {
            let mut builder = Builder { spec, areas, community, tight, taken: &mut taken };
            for (grid, micro) in builder.place(count as usize, &mut stream) {
                if let Some(list) = buildings_of.get_mut(grid) {
                    list.push(buildings.len());
                    buildings.push(Spot { grid, micro, number: list.len() });
                }
            }
        }
        let (components, components_of) = components(spec, areas, &buildings, scale, &mut stream);
        let busy = |grid: &usize| buildings_of.get(*grid).map_or(0.0, |list| list.len() as f64) + 4.0 * tight;
        let cells = areas.communities.iter().map(|c| Wheel::new(c.grids.iter().map(busy))).collect();
        let history = calendar.history();
        let last_weeks = history.iter().rev().step_by(7).take(60).map(|day| day.start + 10_800).collect();
        Self { buildings, components, buildings_of, components_of, cells, last_weeks }
    }

    /// Draws a cell of a community, by how much happens there.
    pub(super) fn cell(&self, areas: &Areas, community: usize, stream: &mut Stream) -> usize {
        let drawn = self.cells.get(community).map_or(0, |wheel| wheel.spin(stream));
        areas.communities.get(community).and_then(|c| c.grids.get(drawn)).copied().unwrap_or(0)
    }

    /// Code of a building: its cell and its number there.
    pub(super) fn building_code(&self, areas: &Areas, index: usize) -> String {
        match self.buildings.get(index).and_then(|spot| areas.grids.get(spot.grid).map(|grid| (spot, grid))) {
            Some((spot, grid)) => format!("{}{:04}", grid.code, spot.number),
            None => String::new(),
        }
    }
}

/// Places one community's buildings.
struct Builder<'a> {
    spec: &'a TownSpec,
    areas: &'a Areas,
    community: usize,
    tight: f64,
    taken: &'a mut BTreeSet<(i64, i64)>,
}

impl Builder<'_> {
    /// Up to `count` places, each in a cell of the community and none on another.
    fn place(&mut self, count: usize, stream: &mut Stream) -> Vec<(usize, Micro)> {
        let Some(home) = self.areas.communities.get(self.community) else { return Vec::new() };
        let mut clusters = vec![(home.at, stream.range(-0.06, 0.06), 1.6)];
        let further = if home.spec.hills { 1 } else { self.spec.clusters };
        for _ in 0..further {
            let reach = self.spec.spread_m * 3.0;
            let at = Point { x: home.at.x + reach * stream.normal() * 0.7, y: home.at.y + reach * stream.normal() * 0.7 };
            clusters.push((at, stream.range(-0.125, 0.125), stream.range(0.5, 1.2)));
        }
        let wheel = Wheel::new(clusters.iter().map(|cluster| cluster.2));
        let room = if home.spec.hills { 0.55 } else { 1.0 };
        let mut places = Vec::with_capacity(count);
        // Clusters widen as they fill, so that a place is always found.
        let mut spread = self.spec.spread_m * room * (count as f64 / (1400.0 * self.tight * self.tight)).sqrt().max(0.25);
        let mut misses = 0;
        while places.len() < count && spread < 20_000.0 {
            let (centre, angle, weight) = clusters[wheel.spin(stream)];
            let at = self.lattice(centre, angle, spread * weight.sqrt(), stream);
            let micro = self.areas.plane.micro(at);
            let key = ((at.x * self.tight / 13.0).floor() as i64, (at.y * self.tight / 13.0).floor() as i64);
            let grid = self.areas.grid_at(self.areas.plane.unmicro(micro));
            let here = grid.filter(|grid| self.areas.grids.get(*grid).is_some_and(|g| g.community == self.community));
            match here {
                Some(grid) if self.taken.insert(key) => {
                    places.push((grid, micro));
                    misses = 0;
                }
                _ => misses += 1,
            }
            if misses > 60 {
                spread *= 1.08;
                misses = 0;
            }
        }
        places
    }

    /// A lot of the street grid around a centre.
    fn lattice(&self, centre: Point, angle: f64, spread: f64, stream: &mut Stream) -> Point {
        let [along, across] = self.spec.spacing_m.map(|spacing| spacing / self.tight);
        let street = self.spec.street_m / self.tight;
        let (i, j) = ((stream.normal() * spread / along).round(), (stream.normal() * spread / across).round());
        let [every_i, every_j] = self.spec.between_streets.map(|every| every.max(1) as f64);
        let x = i * along + (i / every_i).floor() * street;
        let y = j * across + (j / every_j).floor() * street;
        let (sin, cos) = sin_cos_turns(angle);
        Point { x: centre.x + x * cos - y * sin, y: centre.y + x * sin + y * cos }
    }
}

/// Components stand beside buildings, on the street side.
fn components(
    spec: &TownSpec,
    areas: &Areas,
    buildings: &[Spot],
    scale: Scale,
    stream: &mut Stream,
) -> (Vec<Component>, Vec<Vec<usize>>) {
    let mut of = vec![Vec::new(); areas.grids.len()];
    let mut all = Vec::new();
    let kinds = Wheel::new(spec.component.iter().map(|kind| kind.weight));
    let wanted = scale.of(spec.components) as usize;
    let mut tries = 0;
    while all.len() < wanted && tries < wanted * 20 && !buildings.is_empty() {
        tries += 1;
        let beside = buildings[stream.below(buildings.len())];
        let near = areas.plane.unmicro(beside.micro);
        let at = Point { x: near.x + stream.range(-14.0, 14.0), y: near.y + stream.range(-14.0, 14.0) };
        let micro = areas.plane.micro(at);
        if areas.grid_at(areas.plane.unmicro(micro)) != Some(beside.grid) {
            continue;
        }
        if let Some(list) = of.get_mut(beside.grid) {
            list.push(all.len());
            all.push(Component { grid: beside.grid, micro, kind: kinds.spin(stream), number: 0 });
        }
    }
    // Numbered cell by cell, so that sorted tables compress.
    let order: Vec<usize> = of.iter().flatten().copied().collect();
    for (number, index) in order.into_iter().enumerate() {
        if let Some(component) = all.get_mut(index) {
            let component: &mut Component = component;
            component.number = number + 1;
        }
    }
    (all, of)
}

/// Identifier of a component.
pub(super) fn component_id(component: &Component) -> String {
    format!("C{:06}", component.number)
}

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

/// Writes building, rental_building and component.
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
        let (Some(spot), Some(usage)) = (world.town.buildings.get(index), spec.usage.get(usages.spin(&mut stream))) else { continue };
        let Some(grid) = world.areas.grids.get(spot.grid) else { continue };
        let floors = stream.int(usage.floors[0], usage.floors[1]);
        let rooms = floors * stream.int(usage.rooms_per_floor[0], usage.rooms_per_floor[1]);
        let floor_m2 = stream.range(usage.floor_m2[0], usage.floor_m2[1]);
        let standard = 1.0 - (1.0 - spec.address_standard) * world.failure(grid.community);
        let newer = stream.unit();
        // Races between exponential clocks give a draw without replacement in proportion to the weights.
        let kind = spec.usage.iter().position(|other| other.code == usage.code).unwrap_or(0);
        urge.push((-super::math::ln(stream.unit().max(1e-12)) / usage.let_weight.max(1e-9), rows.len(), kind));
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
            updated_ts: world.town.last_weeks[stream.below(world.town.last_weeks.len()).pow(2) / world.town.last_weeks.len().max(1)],
        });
    }
    urge.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    urge.truncate(world.scale.published(spec.rental_buildings) as usize);
    urge.sort_by_key(|let_out| let_out.1);
    let rooms = rental_rooms(world, &rows, &urge);
    let mut stream = world.stream("rental_building");
    let mut rentals = Vec::with_capacity(urge.len());
    for ((_, at, kind), rooms) in urge.into_iter().zip(rooms) {
        let Some(building) = rows.get_mut(at) else { continue };
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
    let weights: Vec<f64> = chosen.iter().map(|(_, at, _)| rows.get(*at).map_or(1.0, |row| row.room_cnt as f64)).collect();
    // One room each, the rest by size.
    allocate(total - chosen.len() as i64, &weights).into_iter().map(|rooms| rooms + 1).collect()
}

fn rental<'a>(world: &'a World, code: String, area_code: &'a str, kind: usize, rooms: i64, stream: &mut Stream) -> RentalRow<'a> {
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
    let score = |stream: &mut Stream| ((96.0 - 9.0 * (grade - 1) as f64 + 5.0 * stream.normal()).clamp(20.0, 100.0) * 2.0).round() / 2.0;
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
        let Some(component) = world.town.components.get(index) else { continue };
        let (Some(grid), Some(kind)) = (world.areas.grids.get(component.grid), spec.component.get(component.kind)) else { continue };
        let bad = (1.0 - spec.component_good) * world.failure(grid.community);
        let condition = if stream.chance(bad) { if stream.chance(0.8) { "fault" } else { "missing" } } else { "good" };
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
