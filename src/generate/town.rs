//! Owns the town: where its buildings and components stand, and which buildings are let.
//! Never knows who lives or works in them.
#![expect(clippy::indexing_slicing, reason = "places come from the length of the list itself")]

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Scale;
use super::areas::Areas;
use super::calendar::Calendar;
use super::math::sin_cos_turns;
use super::plane::{Micro, Point};
use super::rng::{Stream, Wheel, allocate};
use super::template::{Volume, Weighted};

/// `[town]` of generate.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TownSpec {
    pub(super) buildings: Volume,
    pub(super) components: Volume,
    /// Published: buildings let, and their rooms.
    pub(super) rental_buildings: i64,
    pub(super) rental_rooms: i64,
    /// Distance between buildings along and across a street; width of a street; buildings between streets.
    pub(super) spacing_m: [f64; 2],
    pub(super) street_m: f64,
    pub(super) between_streets: [i64; 2],
    /// Further centres per community, and how far they lie from its point, in metres.
    pub(super) clusters: usize,
    pub(super) reach_m: f64,
    /// 1: every block around a centre is built on before the next; more: gaps between blocks.
    pub(super) looseness: f64,
    /// Share of the lots of a block that are built on.
    pub(super) lots_built: f64,
    /// Share of addresses of standard form, and of components in good condition, at average quality.
    pub(super) address_standard: f64,
    pub(super) component_good: f64,
    pub(super) iot_online: f64,
    pub(super) usage: Vec<UsageSpec>,
    pub(super) component: Vec<ComponentSpec>,
    /// Yearly grading: shares of grades 1 to 5 at average quality.
    pub(super) grades: [f64; 5],
    pub(super) rental_classes: Vec<Weighted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageSpec {
    pub(super) code: String,
    pub(super) weight: f64,
    pub(super) floors: [i64; 2],
    pub(super) rooms_per_floor: [i64; 2],
    pub(super) floor_m2: [f64; 2],
    /// How likely it is let, relative to other uses.
    pub(super) let_weight: f64,
    /// Class when let; none: drawn from `rental_classes`.
    pub(super) rental_class: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComponentSpec {
    pub(super) code: String,
    pub(super) weight: f64,
    pub(super) org: String,
    pub(super) iot: bool,
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
    pub(super) kind: usize,
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
    /// When the last weekly updates came, the latest first.
    pub(super) last_weeks: Vec<i64>,
    /// Streets between the blocks, as straight pieces.
    pub(super) streets: Vec<[Point; 2]>,
    /// Per building: half its sides along its two axes.
    pub(super) footprints: Vec<[Point; 2]>,
}

impl Town {
    /// Places buildings in clusters of streets around the communities' centres, and components along the streets.
    pub(super) fn build(
        spec: &TownSpec,
        areas: &Areas,
        calendar: &Calendar,
        scale: Scale,
        seed: u64,
    ) -> Self {
        let mut stream = Stream::new(seed, "town");
        let wanted = match scale {
            Scale::Times(times) if times < 1.0 => spec.buildings.1,
            _ => scale.of(spec.buildings),
        };
        let share = |population: i64| super::math::pow(population as f64, 0.85);
        let counts = allocate(
            wanted as i64,
            &areas.communities.iter().map(|c| share(c.spec.population)).collect::<Vec<_>>(),
        );
        // More buildings on the same ground stand closer.
        let tight = (wanted / spec.buildings.0.max(1.0)).max(1.0).sqrt();
        let mut buildings = Vec::new();
        let mut buildings_of = vec![Vec::new(); areas.grids.len()];
        let (mut streets, mut footprints) = (Vec::new(), Vec::new());
        for (community, count) in counts.into_iter().enumerate() {
            let builder = Builder { spec, areas, community, tight };
            let mut blocks = Blocks::default();
            for (grid, micro) in builder.place(count as usize, &mut stream, &mut blocks) {
                footprints.push(blocks.footprint(buildings.len()));
                if let Some(list) = buildings_of.get_mut(grid) {
                    list.push(buildings.len());
                    buildings.push(Spot { grid, micro, number: list.len() });
                }
            }
            let is_home = |p: Point| {
                let home = areas.communities.get(community);
                areas.grid_at(p).is_some_and(|grid| home.is_some_and(|c| c.grids.contains(&grid)))
            };
            blocks.streets(&mut streets, is_home);
        }
        let (components, components_of) = components(spec, areas, &buildings, scale, &mut stream);
        let busy = |grid: &usize| buildings_of.get(*grid).map_or(0.0, |list| list.len() as f64) + 4.0 * tight;
        let cells = areas.communities.iter().map(|c| Wheel::new(c.grids.iter().map(busy))).collect();
        let history = calendar.history();
        let last_weeks = history.iter().rev().step_by(7).take(60).map(|day| day.start + 10_800).collect();
        Self { buildings, components, buildings_of, components_of, cells, last_weeks, streets, footprints }
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

/// Places one community's buildings: blocks of one street grid, filled around the community's centres.
struct Builder<'a> {
    spec: &'a TownSpec,
    areas: &'a Areas,
    community: usize,
    tight: f64,
}

impl Builder<'_> {
    /// Up to `count` places, each in a cell of the community and none on another.
    fn place(&self, count: usize, stream: &mut Stream, blocks: &mut Blocks) -> Vec<(usize, Micro)> {
        let Some(home) = self.areas.communities.get(self.community) else {
            return Vec::new();
        };
        let [along, across] = self.spec.spacing_m.map(|spacing| spacing / self.tight);
        let street = self.spec.street_m / self.tight;
        let lots = self.spec.between_streets.map(|every| every.max(1) as f64);
        let block = (lots[0] * along + street, lots[1] * across + street);
        let (sin, cos) = sin_cos_turns(stream.range(-0.125, 0.125));
        *blocks = Blocks {
            at: home.at,
            turn: (sin, cos),
            side: block,
            lot: (along, across),
            built: BTreeSet::new(),
        };
        // Centres of the community, the first at its point; the ground each takes when filled gives its spread.
        let mut centres = vec![(0.0, 0.0, 1.6)];
        for _ in 0..if home.spec.hills { 2 } else { self.spec.clusters } {
            let reach = self.spec.reach_m * if home.spec.hills { 1.6 } else { 1.0 };
            centres.push((reach * stream.normal(), reach * stream.normal(), stream.range(0.4, 1.3)));
        }
        for station in &self.areas.stations {
            if self.areas.grid_at(*station).is_some_and(|grid| home.grids.contains(&grid)) {
                let (x, y) = (station.x - home.at.x, station.y - home.at.y);
                centres.push((x * cos + y * sin, y * cos - x * sin, 1.0));
            }
        }
        let wheel = Wheel::new(centres.iter().map(|centre| centre.2));
        let ground = block.0 * block.1 / (lots[0] * lots[1]) * count as f64;
        let mut spread = self.spec.looseness * (ground / std::f64::consts::PI / centres.len() as f64).sqrt();
        let mut taken: BTreeSet<(i64, i64)> = BTreeSet::new();
        let mut places = Vec::with_capacity(count);
        let mut misses = 0;
        while places.len() < count && spread < 20_000.0 {
            let (x, y, weight) = centres.get(wheel.spin(stream)).copied().unwrap_or_default();
            let (x, y) =
                (x + spread * weight.sqrt() * stream.normal(), y + spread * weight.sqrt() * stream.normal());
            let corner = ((x / block.0).floor(), (y / block.1).floor());
            let before = places.len();
            if taken.insert((corner.0 as i64, corner.1 as i64)) {
                for lot in 0..(lots[0] * lots[1]) as usize {
                    let (i, j) = (lot as f64 % lots[0], (lot as f64 / lots[0]).floor());
                    let free = !stream.chance(self.spec.lots_built);
                    let x = corner.0 * block.0
                        + street / 2.0
                        + (i + 0.5) * along
                        + stream.range(-1.5, 1.5) / self.tight;
                    let y = corner.1 * block.1
                        + street / 2.0
                        + (j + 0.5) * across
                        + stream.range(-1.5, 1.5) / self.tight;
                    if free || places.len() >= count {
                        continue;
                    }
                    let at = Point { x: home.at.x + x * cos - y * sin, y: home.at.y + x * sin + y * cos };
                    let micro = self.areas.plane.micro(at);
                    let grid = self.areas.grid_at(self.areas.plane.unmicro(micro));
                    if let Some(grid) = grid.filter(|grid| home.grids.contains(grid)) {
                        places.push((grid, micro));
                        blocks.built.insert((corner.0 as i64, corner.1 as i64));
                    }
                }
            }
            // Centres widen as they fill, so that a place is always found.
            misses = if places.len() > before { 0 } else { misses + 1 };
            if misses > 40 {
                spread *= 1.06;
                misses = 0;
            }
        }
        places
    }
}

/// The blocks of one community: what the base map draws of them.
#[derive(Default)]
struct Blocks {
    at: Point,
    turn: (f64, f64),
    side: (f64, f64),
    lot: (f64, f64),
    built: BTreeSet<(i64, i64)>,
}

impl Blocks {
    fn turned(&self, x: f64, y: f64) -> Point {
        let (sin, cos) = self.turn;
        Point { x: x * cos - y * sin, y: x * sin + y * cos }
    }

    /// Half the sides of a building: houses are not all alike, and take no chance from the tables for it.
    fn footprint(&self, number: usize) -> [Point; 2] {
        let share = |step: usize| 0.30 + 0.02 * ((number * 7 + step) % 8) as f64;
        [self.turned(self.lot.0 * share(0), 0.0), self.turned(0.0, self.lot.1 * share(3))]
    }

    fn place(&self, x: f64, y: f64) -> Point {
        let p = self.turned(x * self.side.0, y * self.side.1);
        Point { x: self.at.x + p.x, y: self.at.y + p.y }
    }

    /// Adds the streets around the built blocks, where they are in their own community; neighbouring pieces are joined.
    fn streets(&self, out: &mut Vec<[Point; 2]>, is_home: impl Fn(Point) -> bool) {
        // (across the way, along the way) of every piece, for both directions.
        let (mut level, mut upright) = (BTreeSet::new(), BTreeSet::new());
        for (i, j) in &self.built {
            level.extend([(*j, *i), (j + 1, *i)]);
            upright.extend([(*i, *j), (i + 1, *j)]);
        }
        for (mut pieces, is_level) in [(level, true), (upright, false)] {
            pieces.retain(|(at, step)| {
                let (at, middle) = (*at as f64, *step as f64 + 0.5);
                is_home(if is_level { self.place(middle, at) } else { self.place(at, middle) })
            });
            let mut run: Option<(i64, i64, i64)> = None;
            for (line, step) in pieces.into_iter().map(Some).chain([None]).map(|p| p.unwrap_or((i64::MAX, 0)))
            {
                run = match run {
                    Some((at, from, to)) if at == line && to == step => Some((at, from, step + 1)),
                    last => {
                        if let Some((at, from, to)) = last {
                            out.push([from, to].map(|end| {
                                let (x, y) = if is_level { (end, at) } else { (at, end) };
                                self.place(x as f64, y as f64)
                            }));
                        }
                        Some((line, step, step + 1))
                    }
                };
            }
        }
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
