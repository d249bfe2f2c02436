//! What the map promises whatever there is to show: areas without cracks or overlaps, and frames that cost what the screen
//! can show.

use egui::{Pos2, Rect, pos2, vec2};

use super::MapPanel;
use super::choropleth;
use super::fixture::{self, Dice, Stage};
use super::geometry::Geometry;
use super::lens::{Lens, degrees, world};
use super::scope::{Legend, Scope};
use super::sheet::Sheet;
use crate::density::{Collected, EventFilter, Phases, Pyramid};
use crate::headless::Headless;
use crate::memory::counting;
use crate::panels::Commands;
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};
use crate::snapshot::EventPhase;
use crate::state::MapRequest;

/// How many of the areas below a parent hold a point.
fn holders(site: &Site, parent: AreaId, at: LonLat) -> usize {
    site.areas.get(parent).children.iter().filter(|c| site.areas.get(**c).contains(at)).count()
}

/// Every point belongs to one area of each level, also on a border and a hair beside it.
#[test]
fn areas_are_parted_without_gap_or_overlap() {
    let mut dice = Dice::new();
    let sites = [Some(fixture::tiny()), fixture::sample(1920.0, 1080.0, 10, 1)];
    for stage in sites.into_iter().flatten() {
        let site = &stage.site;
        let mut asked = 0;
        for (parent, area) in site.areas.iter().filter(|(_, area)| !area.children.is_empty()) {
            for child in &area.children {
                for ring in site.areas.get(*child).polygons.iter().flatten() {
                    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                        let t = [0.0, 0.5, dice.roll()][asked % 3];
                        let hair = [0.0, 1e-13, -1e-13, 1e-9, -1e-9, 1e-6, -1e-6][asked % 7];
                        let at = [a[0] + (b[0] - a[0]) * t + hair, a[1] + (b[1] - a[1]) * t - hair];
                        let wanted = usize::from(area.contains(at));
                        assert_eq!(holders(site, parent, at), wanted, "{} at {at:?}", area.code);
                        if let Some(found) = site.areas.at(at).filter(|_| wanted == 1) {
                            let path = site.areas.path(found);
                            assert!(path.iter().all(|id| site.areas.get(*id).contains(at)));
                        }
                        asked += 1;
                    }
                }
            }
        }
        assert!(asked >= 16, "{asked}");
    }
}

/// The triangles of a mesh by bands of the screen, to find those that cover a point.
struct Bands {
    triangles: Vec<[Pos2; 3]>,
    bands: Vec<Vec<usize>>,
    high: f32,
}

impl Bands {
    fn new(mesh: &egui::Mesh, rect: Rect, bands: usize) -> Self {
        let at = |i: u32| mesh.vertices[i as usize].pos;
        let triangles: Vec<[Pos2; 3]> =
            mesh.indices.chunks_exact(3).map(|t| [at(t[0]), at(t[1]), at(t[2])]).collect();
        let high = rect.height() / bands as f32;
        let mut out = vec![Vec::new(); bands];
        for (i, t) in triangles.iter().enumerate() {
            let top = t.iter().map(|p| p.y).fold(f32::INFINITY, f32::min);
            let bottom = t.iter().map(|p| p.y).fold(f32::NEG_INFINITY, f32::max);
            let band = |y: f32| ((y / high).floor().max(0.0) as usize).min(bands - 1);
            (band(top)..=band(bottom)).for_each(|b| out[b].push(i));
        }
        Self { triangles, bands: out, high }
    }

    /// Whether a triangle covers a point, its edges with it, as exactly as its corners are.
    fn covers(&self, at: Pos2) -> bool {
        let band = ((at.y / self.high).floor().max(0.0) as usize).min(self.bands.len() - 1);
        self.bands[band].iter().any(|i| {
            let t = self.triangles[*i];
            let side = |a: Pos2, b: Pos2| {
                let ([ax, ay], [bx, by]) = ([a.x, a.y].map(f64::from), [b.x, b.y].map(f64::from));
                (bx - ax) * (f64::from(at.y) - ay) - (by - ay) * (f64::from(at.x) - ax)
            };
            let sides = [side(t[0], t[1]), side(t[1], t[2]), side(t[2], t[0])];
            sides.iter().all(|s| *s >= 0.0) || sides.iter().all(|s| *s <= 0.0)
        })
    }
}

fn cracks(stage: &Stage, zoom: f64) -> (usize, usize) {
    let geometry = Geometry::new(&stage.site);
    let view = stage.view();
    let rect = Rect::from_min_size(Pos2::ZERO, vec2(1920.0, 1080.0));
    let home = {
        let [w, h] = geometry.root.size();
        (1500.0 / w).min(900.0 / h).log2()
    };
    let scope = Scope::new(&view, zoom);
    let legend = Legend::new(&view, scope.level);
    let center = if zoom < 1.5 {
        geometry.root.center()
    } else {
        // A place where three areas meet tells most.
        geometry.borders[1].first().map_or(geometry.root.center(), |line| line.points[0])
    };
    let lens = Lens::new(rect, center, home + zoom, 1.0);
    let sheet = Sheet {
        view: &view,
        lens,
        geometry: &geometry,
        scope: &scope,
        legend: &legend,
        clear: rect,
        home_zoom: home,
        moving: false,
        over_picture: false,
    };
    let mesh = choropleth::fills(&sheet);
    let bands = Bands::new(&mesh, rect, 270);
    let (mut asked, mut open) = (0, 0);
    let lines: Vec<_> = geometry.borders.iter().skip(1).flatten().collect();
    for line in lines {
        for pair in line.points.windows(2) {
            let (a, b) = (lens.to_screen(pair[0]), lens.to_screen(pair[1]));
            if !rect.intersects(Rect::from_two_pos(a, b)) {
                continue;
            }
            for i in 0..5 {
                // The middles of pixels that the border runs through, which a crack would leave without colour.
                let on = a.lerp(b, (i as f32 + 0.5) / 5.0);
                for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
                    let at = pos2(on.x.floor() + 0.5 + dx, on.y.floor() + 0.5 + dy);
                    if !rect.contains(at) || asked > 12_000 {
                        continue;
                    }
                    if !stage.site.areas.get(AreaId::ROOT).contains(degrees(lens.to_world(at))) {
                        continue;
                    }
                    asked += 1;
                    open += usize::from(!bands.covers(at));
                }
            }
        }
    }
    (asked, open)
}

#[test]
fn no_cracks_open_between_neighbours_at_any_zoom() {
    let sites = [Some(fixture::tiny()), fixture::sample(1920.0, 1080.0, 10, 1)];
    for stage in sites.into_iter().flatten() {
        let mut all = 0;
        for zoom in [-1.0, 0.0, 0.37, 1.0, 2.2, 3.6, 5.0] {
            let (asked, open) = cracks(&stage, zoom);
            assert_eq!(open, 0, "of {asked} pixels on borders, {zoom} levels from the whole");
            all += asked;
        }
        assert!(all > 200, "{all}");
    }
}

/// A map with so many events, all of them looked at.
pub(super) fn crowded(events: usize) -> Stage {
    let mut stage = fixture::tiny();
    let mut dice = Dice::new();
    let bounds = stage.site.areas.get(AreaId::ROOT).bounds;
    let mut all = Collected::default();
    for i in 0..events {
        let at = [
            bounds.west + dice.roll() * (bounds.east - bounds.west),
            bounds.south + dice.roll() * (bounds.north - bounds.south),
        ];
        let phase = if i % 50 == 0 { EventPhase::Open } else { EventPhase::Done };
        all.push(&format!("n{i}"), at, (i % 3) as u16, (i % 4) as u8 + 1, phase, 0);
    }
    let kinds = &stage.site.meta.events.as_ref().expect("events").object_kinds;
    stage.snapshot.events.cells = Pyramid::new(kinds, 8, &all, 1_000_000_000).cells().clone();
    stage.state.filter = EventFilter { phases: Phases::All, ..EventFilter::default() };
    stage
}

/// What a moving frame asks the allocator for: how often, and how many bytes, the middle of some frames.
fn asked_by_a_frame(stage: Stage) -> (u64, u64) {
    let mut headless = Headless::new(1280, 800);
    let mut map: Option<MapPanel> = None;
    let mut stage = stage;
    let mut asked: Vec<(u64, u64)> = Vec::new();
    for frame in 0..60 {
        stage.state.map_request = (frame % 15 == 5).then_some(MapRequest::Pan(0.05, 0.02));
        let before = counting::asked();
        let mut out = headless.frame(1.0 / 60.0, Vec::new(), |ui| {
            let map = map.get_or_insert_with(|| {
                crate::fonts::install(ui.ctx());
                MapPanel::new(ui.ctx(), &stage.site)
            });
            // Fonts arrive with the next pass.
            if ui.ctx().cumulative_frame_nr() > 0 {
                let mut commands: Commands = Vec::new();
                let clear = ui.max_rect();
                map.ui(ui, clear, &stage.view(), &mut commands);
            }
        });
        out.textures_delta.clear();
        let after = counting::asked();
        if frame >= 20 {
            asked.push((after.0 - before.0, after.1 - before.1));
        }
    }
    asked.sort_unstable();
    asked[asked.len() / 2]
}

fn compare(few: usize, many: usize) {
    let (few, many) = (asked_by_a_frame(crowded(few)), asked_by_a_frame(crowded(many)));
    println!("a frame asks {few:?} and {many:?} times and bytes");
    assert!(many.0 as f64 <= few.0 as f64 * 1.3 + 50.0, "{few:?}, {many:?} times and bytes");
    assert!(many.1 as f64 <= few.1 as f64 * 1.3 + 65_536.0, "{few:?}, {many:?} times and bytes");
}

#[test]
fn a_frame_asks_for_no_more_memory_with_more_events() {
    compare(4000, 40_000);
}

#[test]
#[ignore = "slow: a million events"]
fn a_frame_asks_for_no_more_memory_with_a_million_events() {
    compare(100_000, 1_000_000);
}

#[test]
fn the_world_of_the_cells_is_that_of_the_map() {
    for at in [[114.37, 22.69], [-9.1, 38.7], [0.0, -45.0]] {
        let ours = crate::density::grid::Spot::of(at).expect("a place").world();
        let theirs = world(at);
        assert!((ours[0] - theirs[0]).hypot(ours[1] - theirs[1]) < 1e-6, "{ours:?} and {theirs:?}");
    }
}
