//! What the user has chosen. Owns every choice and the one place where a command changes it; knows no window and
//! no worker.

use std::sync::Arc;

use crate::command::Command;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::text::Lang;
use crate::snapshot::IndicatorIx;

/// Layout of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Command-centre wall: large, fixed zones, rotation.
    Wall,
    /// Staff workstation: dense, panes.
    Desk,
    /// The wall layout on sample data, with the replay running.
    Demo,
}

impl Mode {
    /// Whether the wall layout is used.
    #[must_use]
    pub const fn is_wall(self) -> bool {
        matches!(self, Self::Wall | Self::Demo)
    }
}

/// Every choice of the user.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a screen")]
pub struct AppState {
    /// Language.
    pub lang: Lang,
    /// Layout.
    pub mode: Mode,
    /// Index of the scene.
    pub scene: usize,
    /// Whether scenes rotate.
    pub rotating: bool,
    /// Area that everything follows.
    pub area: AreaId,
    /// Indicator that colours map and trend.
    pub indicator: IndicatorIx,
    /// Event whose details are open.
    pub event: Option<Arc<str>>,
    /// Replay speed.
    pub speed: u32,
    /// Whether the live feed stands still.
    pub paused: bool,
    /// Map request not yet carried out.
    pub map_request: Option<MapRequest>,
    /// List of keys.
    pub help_open: bool,
    /// Search palette.
    pub palette_open: bool,
    /// Details of the indicator.
    pub details_open: bool,
    /// Frame-time strip.
    pub health_open: bool,
    /// Full screen.
    pub fullscreen: bool,
    /// The user wants to leave.
    pub quitting: bool,
}

/// What the map is asked to do once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MapRequest {
    /// Fit to an area.
    Fit(AreaId),
    /// Zoom by levels.
    Zoom(f64),
    /// Pan by shares of width and height.
    Pan(f32, f32),
}

impl AppState {
    /// The choices a site opens with.
    #[must_use]
    pub fn new(site: &Site, mode: Mode, lang: Lang) -> Self {
        let scene = site.scene_index(&site.meta.home_scene).unwrap_or(0);
        let indicator = site
            .scenes
            .get(scene)
            .and_then(|s| site.indicator_index(&s.map_indicator))
            .or_else(|| site.indicator_index(&site.meta.home_indicator))
            .unwrap_or(0);
        Self {
            lang,
            mode,
            scene,
            rotating: mode.is_wall(),
            area: AreaId::ROOT,
            indicator,
            event: None,
            speed: 10,
            paused: false,
            map_request: None,
            help_open: false,
            palette_open: false,
            details_open: false,
            health_open: false,
            fullscreen: false,
            quitting: false,
        }
    }

    /// Changes the choices as one command asks.
    pub fn apply(&mut self, command: &Command, site: &Site) {
        match command {
            Command::SelectArea(area) => {
                self.area = *area;
                self.map_request = Some(MapRequest::Fit(*area));
            }
            Command::SelectParentArea => {
                if let Some(parent) = site.areas.get(self.area).parent {
                    self.area = parent;
                    self.map_request = Some(MapRequest::Fit(parent));
                }
            }
            Command::SelectIndicator(indicator) => self.indicator = *indicator,
            Command::StepIndicator(by) => {
                self.indicator = step(self.indicator, *by, site.indicators.len());
            }
            Command::SelectEvent(event) => self.event.clone_from(event),
            Command::SelectScene(scene) => {
                self.rotating = false;
                self.enter_scene(*scene, site);
            }
            Command::StepScene(by) => {
                self.rotating = false;
                self.enter_scene(step(self.scene, *by, site.scenes.len()), site);
            }
            Command::RotateScene => self.enter_scene(step(self.scene, 1, site.scenes.len()), site),
            Command::ToggleRotation => self.rotating = !self.rotating,
            Command::SetLang(lang) => self.lang = *lang,
            Command::SetSpeed(speed) => self.speed = *speed,
            Command::TogglePause => self.paused = !self.paused,
            Command::FitMap => self.map_request = Some(MapRequest::Fit(self.area)),
            Command::ZoomMap(levels) => self.map_request = Some(MapRequest::Zoom(*levels)),
            Command::PanMap(x, y) => self.map_request = Some(MapRequest::Pan(*x, *y)),
            Command::ToggleHelp => self.help_open = !self.help_open,
            Command::TogglePalette => self.palette_open = !self.palette_open,
            Command::ToggleDetails => self.details_open = !self.details_open,
            Command::ToggleHealth => self.health_open = !self.health_open,
            Command::Dismiss => self.dismiss(),
            Command::ToggleFullscreen => self.fullscreen = !self.fullscreen,
            Command::ToggleMode => {
                self.mode = if self.mode.is_wall() { Mode::Desk } else { Mode::Wall };
                self.map_request = Some(MapRequest::Fit(self.area));
            }
            Command::Quit => self.quitting = true,
        }
    }

    fn enter_scene(&mut self, scene: usize, site: &Site) {
        if let Some(entered) = site.scenes.get(scene) {
            self.scene = scene;
            if let Some(indicator) = site.indicator_index(&entered.map_indicator) {
                self.indicator = indicator;
            }
        }
    }

    fn dismiss(&mut self) {
        if self.palette_open {
            self.palette_open = false;
        } else if self.help_open {
            self.help_open = false;
        } else if self.event.is_some() {
            self.event = None;
        } else if self.details_open {
            self.details_open = false;
        } else if self.area != AreaId::ROOT {
            self.area = AreaId::ROOT;
            self.map_request = Some(MapRequest::Fit(AreaId::ROOT));
        }
    }
}

fn step(at: usize, by: i32, len: usize) -> usize {
    let len = i64::try_from(len).unwrap_or(1).max(1);
    let to = (i64::try_from(at).unwrap_or(0) + i64::from(by)).rem_euclid(len);
    usize::try_from(to).unwrap_or(0)
}
