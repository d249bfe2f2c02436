//! A map's worth of made-up figures, events and buildings, for tests, and a window with a map in it. Owns the numbers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Rect, pos2};
use egui_kittest::Harness;

use super::MapPanel;
use super::lens::Lens;
use crate::panels::{Commands, Health, View, fixture};
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};
use crate::site::text::Lang;
use crate::snapshot::{EventPhase, EventView, Events, Snapshot};
use crate::state::{AppState, Mode};
use crate::theme::{Sizes, Theme};

/// A site, a snapshot and choices that live as long as a test.
pub(super) struct Stage {
    pub site: Site,
    pub snapshot: Snapshot,
    pub state: AppState,
    pub theme: Theme,
}

/// A small generator with a fixed start.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    pub(super) fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64) / ((1_u64 << 53) as f64)
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The tiny site: two by two wards.
pub(super) fn tiny() -> Stage {
    tiny_with(12)
}

/// The same with so many events.
pub(super) fn tiny_with(events: usize) -> Stage {
    stage(&folder("tests/sites/tiny"), 1920.0, 1080.0, 200, events)
}

/// The sample site, with its real outline, where it has been generated.
pub(super) fn sample(width: f32, height: f32, buildings: usize, events: usize) -> Option<Stage> {
    let dir =
        std::env::var_os("ONEMAP_MAP_SITE").map_or_else(|| folder("sample-data/pingshan"), PathBuf::from);
    dir.join("areas.geojson").is_file().then(|| stage(&dir, width, height, buildings, events))
}

fn stage(dir: &Path, width: f32, height: f32, buildings: usize, events: usize) -> Stage {
    let site = crate::site::load(dir).expect("the site loads").0;
    let mut snapshot = fixture::snapshot(&site);
    let mut dice = Dice::new();
    snapshot.texture = points(&site, buildings, &mut dice).into();
    snapshot.events = scattered(&site, &snapshot.events, events, &mut dice);
    let state = AppState::new(&site, Mode::Wall, Lang::Zh);
    let theme = Theme::dark(Sizes::for_wall(width, height, 1.0, site.meta.room));
    Stage { site, snapshot, state, theme }
}

/// Points around the label places of the finest areas: denser in some than in others, as towns are.
fn points(site: &Site, count: usize, dice: &mut Dice) -> Vec<LonLat> {
    let root = site.areas.get(AreaId::ROOT);
    let last = site.meta.levels.len() - 1;
    let seeds: Vec<LonLat> = site.areas.level(last).map(|id| site.areas.get(id).label).collect();
    let mut out = Vec::with_capacity(count);
    while out.len() < count {
        let seed = seeds[((dice.roll() * dice.roll()) * seeds.len() as f64) as usize];
        let spread = 0.006;
        let at = [
            seed[0] + (dice.roll() + dice.roll() - 1.0) * spread,
            seed[1] + (dice.roll() + dice.roll() - 1.0) * spread,
        ];
        if root.contains(at) {
            out.push(at);
        }
    }
    out
}

fn scattered(site: &Site, like: &Events, count: usize, dice: &mut Dice) -> Events {
    let root = site.areas.get(AreaId::ROOT);
    let pattern = EventView::clone(like.open.iter().next().expect("an event"));
    let mut open = Vec::new();
    while open.len() < count {
        let at = [
            root.bounds.west + dice.roll() * (root.bounds.east - root.bounds.west),
            root.bounds.south + dice.roll() * (root.bounds.north - root.bounds.south),
        ];
        let Some(area) = site.areas.at(at) else { continue };
        let i = open.len();
        let severity = [1, 1, 2, 1, 1, 1, 2, 1, 3, 1, 1, 1][i % 12];
        let opened_secs = fixture::NOW - 4000 * (count - i) as i64 / count as i64 - 30;
        open.push(EventView {
            id: Arc::from(format!("M{i:04}").as_str()),
            area,
            severity: if i % 97 == 5 { 4 } else { severity },
            phase: EventPhase::Open,
            opened_secs,
            changed_secs: opened_secs,
            closed_secs: None,
            place: (i % 5 != 4).then_some(at),
            exercise: i % 41 == 7,
            ..pattern.clone()
        });
    }
    fixture::events_of(site, open, like.recent.to_vec())
}

impl Stage {
    pub(super) fn view(&self) -> View<'_> {
        View {
            site: &self.site,
            snapshot: &self.snapshot,
            drawn: None,
            silences: None,
            cover: None,
            state: &self.state,
            text: self.site.messages(self.state.lang),
            theme: &self.theme,
            now_secs: fixture::NOW as f64 + 0.4,
            live: &self.snapshot,
            live_secs: fixture::NOW as f64 + 0.4,
            past_failed: false,
            health: Health::default(),
        }
    }
}

/// A window with a map in it; what the map asks for is noted and carried out, as the frame loop would.
pub(super) struct Desk {
    pub stage: Stage,
    pub map: Option<MapPanel>,
    pub commands: Commands,
}

/// The window of a harness.
pub(super) const RECT: Rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(1280.0, 800.0));

impl Desk {
    pub(super) const fn new(stage: Stage) -> Self {
        Self { stage, map: None, commands: Vec::new() }
    }

    /// One frame, the map fitted into a part of the window.
    pub(super) fn frame(&mut self, ui: &mut egui::Ui, clear: Rect) {
        let map = self.map.get_or_insert_with(|| {
            crate::fonts::install(ui.ctx());
            MapPanel { animate: false, ..MapPanel::new(ui.ctx(), &self.stage.site) }
        });
        // Fonts arrive with the next pass.
        if ui.ctx().cumulative_frame_nr() == 0 {
            return;
        }
        let mut commands = Vec::new();
        map.ui(ui, clear, &self.stage.view(), &mut commands);
        self.stage.state.map_request = None;
        for command in &commands {
            self.stage.state.apply(command, &self.stage.site);
        }
        self.commands.extend(commands);
    }

    /// How places stand in a window of which the map takes all.
    pub(super) fn lens(&self, window: Rect) -> Lens {
        let map = self.map.as_ref().expect("a map");
        Lens::of(&map.camera.memory, window, [0.0; 2], 1.0)
    }
}

/// A window that runs, with the map at rest.
pub(super) fn harness(stage: Stage) -> Harness<'static, Desk> {
    let mut harness = Harness::builder().with_size(RECT.size()).build_ui_state(
        |ui, desk: &mut Desk| {
            let rect = ui.max_rect();
            desk.frame(ui, rect);
        },
        Desk::new(stage),
    );
    harness.run_steps(4);
    harness
}

/// How places stand in the window of a harness.
pub(super) fn lens(harness: &Harness<'_, Desk>) -> Lens {
    harness.state().lens(RECT)
}
