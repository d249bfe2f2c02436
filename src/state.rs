//! What the user has chosen. Owns every choice and the one place where a command changes it; knows no window and
//! no worker.

use std::sync::Arc;

use crate::command::Command;
use crate::density::EventFilter;
use crate::drawn::{self, Drawn};
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};
use crate::site::datum::Datum;
use crate::site::text::Lang;
use crate::snapshot::IndicatorIx;
use crate::time::TimeView;

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
    /// Shape whose figures stand in the area's stead.
    pub drawn: Option<Arc<Drawn>>,
    /// How colours are cut into classes.
    pub classing: Classing,
    /// What the pointer does on the map.
    pub tool: Tool,
    /// Datum that places are told in.
    pub datum: Datum,
    /// Radius of the next circle, in metres.
    pub radius_meters: f64,
    /// Event whose details are open.
    pub event: Option<Arc<str>>,
    /// Which events are looked at.
    pub filter: EventFilter,
    /// Where one looks in time.
    pub time: TimeView,
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
    /// Who falls silent, on the map and as a list.
    pub silence_open: bool,
    /// Funnel plot of the indicator.
    pub funnel_open: bool,
    /// Whether the legend over the map is in the other form than the one that fits its room.
    pub legend_turned: bool,
    /// Strip about the program itself.
    pub health_open: bool,
    /// Full screen.
    pub fullscreen: bool,
    /// The user wants to leave.
    pub quitting: bool,
}

/// How the map's colours are cut into classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Classing {
    /// Steps around the target, where there is one; else as many areas in each class.
    #[default]
    Target,
    /// About as many areas in each class.
    Quantile,
    /// Where the values have gaps.
    Natural,
    /// Steps of one size.
    Equal,
}

impl Classing {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Target => Self::Quantile,
            Self::Quantile => Self::Natural,
            Self::Natural => Self::Equal,
            Self::Equal => Self::Target,
        }
    }
}

/// What the pointer does on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tool {
    /// Moves the map and chooses areas.
    #[default]
    Hand,
    /// Draws a line around a shape: by dragging, or corner by corner.
    Lasso,
    /// Draws a circle from its middle outwards.
    Radius,
    /// Measures along places, and what they go around.
    Measure,
}

/// What the map is asked to do once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MapRequest {
    /// Fit to an area.
    Fit(AreaId),
    /// Zoom by levels.
    Zoom(f64),
    /// Bring a place to the middle and zoom by levels.
    ZoomAt(LonLat, f64),
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
            drawn: None,
            classing: Classing::default(),
            tool: Tool::Hand,
            datum: Datum::Wgs84,
            radius_meters: 500.0,
            event: None,
            filter: EventFilter::default(),
            time: TimeView::default(),
            speed: 10,
            paused: false,
            map_request: None,
            help_open: false,
            palette_open: false,
            details_open: false,
            silence_open: false,
            funnel_open: false,
            legend_turned: false,
            health_open: false,
            fullscreen: false,
            quitting: false,
        }
    }

    /// Changes the choices as one command asks.
    pub fn apply(&mut self, command: &Command, site: &Site) {
        match command {
            Command::SelectArea(area) => {
                self.drawn = None;
                self.area = *area;
                self.map_request = Some(MapRequest::Fit(*area));
            }
            Command::SelectParentArea => {
                self.drawn = None;
                if let Some(parent) = site.areas.get(self.area).parent {
                    self.area = parent;
                    self.map_request = Some(MapRequest::Fit(parent));
                }
            }
            Command::PickArea(area) => self.pick(*area, site),
            Command::Draw(drawn) => {
                self.drawn.clone_from(drawn);
                self.tool = Tool::Hand;
            }
            Command::UseTool(tool) => self.tool = if self.tool == *tool { Tool::Hand } else { *tool },
            Command::StepDatum => self.datum = self.datum.next(),
            Command::StepClassing => self.classing = self.classing.next(),
            Command::SetRadius(meters) => self.set_radius(*meters),
            Command::SelectIndicator(indicator) => self.indicator = *indicator,
            Command::StepIndicator(by) => {
                self.indicator = step(self.indicator, *by, site.indicators.len());
            }
            Command::SelectEvent(event) => self.event.clone_from(event),
            Command::FilterEvents(filter) => self.filter = filter.clone(),
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
            Command::LookAt(at) => {
                self.time.look_at(*at);
                self.time.playing = false;
            }
            Command::PlayFrom(at) => {
                self.time.look_at(*at);
                self.time.playing = true;
            }
            // The present moves by itself.
            Command::TogglePlay => self.time.playing = !self.time.playing && !self.time.is_live(),
            Command::ReturnToLive => self.time.return_to_live(),
            Command::ToggleKnown => {
                // Of the present both are the same.
                if !self.time.is_live() {
                    self.time.known = self.time.known.other();
                }
            }
            Command::SetTimeWidth(secs) => self.time.width_secs = (*secs).max(1),
            Command::SetPlaySpeed(speed) => self.time.speed = (*speed).max(1),
            Command::StackTime => self.time.by_kind = !self.time.by_kind,
            Command::ZoomTime(by) => self.time.zoom_by(*by),
            Command::FitMap => self.map_request = Some(MapRequest::Fit(self.area)),
            Command::ZoomMap(levels) => self.map_request = Some(MapRequest::Zoom(*levels)),
            Command::ZoomMapAt(at, levels) => self.map_request = Some(MapRequest::ZoomAt(*at, *levels)),
            Command::PanMap(x, y) => self.map_request = Some(MapRequest::Pan(*x, *y)),
            Command::ToggleHelp => self.help_open = !self.help_open,
            Command::TogglePalette => self.palette_open = !self.palette_open,
            Command::ToggleDetails => self.details_open = !self.details_open,
            Command::ToggleSilences => self.silence_open = !self.silence_open,
            Command::ToggleFunnel => self.funnel_open = !self.funnel_open,
            Command::ToggleLegend => self.legend_turned = !self.legend_turned,
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

    /// One area more or less. The first is picked beside the chosen area, where that does not hold it.
    fn pick(&mut self, area: AreaId, site: &Site) {
        let picked = match self.drawn.as_deref() {
            Some(Drawn::Areas(picked)) => picked.clone(),
            _ if self.area != AreaId::ROOT => vec![self.area],
            _ => Vec::new(),
        };
        let picked = Drawn::with_toggled(&picked, &site.areas, area);
        self.drawn = (!picked.is_empty()).then(|| Arc::new(Drawn::Areas(picked)));
    }

    fn set_radius(&mut self, meters: f64) {
        let (least, most) = drawn::RADIUS_METERS;
        self.radius_meters = meters.clamp(least, most);
        if let Some(Drawn::Circle { center, .. }) = self.drawn.as_deref() {
            self.drawn = Some(Arc::new(Drawn::Circle { center: *center, meters: self.radius_meters }));
        }
    }

    fn enter_scene(&mut self, scene: usize, site: &Site) {
        if scene < site.scenes.len() {
            self.scene = scene;
            self.indicator = indicator_of(scene, site).unwrap_or(self.indicator);
        }
    }

    /// The indicator of the scene that comes next by itself.
    #[must_use]
    pub fn indicator_of_next_scene(&self, site: &Site) -> Option<IndicatorIx> {
        indicator_of(step(self.scene, 1, site.scenes.len()), site)
    }

    fn dismiss(&mut self) {
        if self.palette_open {
            self.palette_open = false;
        } else if self.help_open {
            self.help_open = false;
        } else if self.funnel_open {
            self.funnel_open = false;
        } else if self.tool != Tool::Hand {
            self.tool = Tool::Hand;
        } else if self.event.is_some() {
            self.event = None;
        } else if self.details_open {
            self.details_open = false;
        } else if self.silence_open {
            self.silence_open = false;
        } else if self.drawn.is_some() {
            self.drawn = None;
        } else if self.area != AreaId::ROOT {
            self.area = AreaId::ROOT;
            self.map_request = Some(MapRequest::Fit(AreaId::ROOT));
        } else {
            self.time.return_to_live();
        }
    }
}

/// The indicator that the map shows when a scene is entered.
fn indicator_of(scene: usize, site: &Site) -> Option<IndicatorIx> {
    site.indicator_index(&site.scenes.get(scene)?.map_indicator)
}

fn step(at: usize, by: i32, len: usize) -> usize {
    let len = i64::try_from(len).unwrap_or(1).max(1);
    let to = (i64::try_from(at).unwrap_or(0) + i64::from(by)).rem_euclid(len);
    usize::try_from(to).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Known;

    #[test]
    fn commands_move_the_time_cursor() {
        let site = crate::panels::fixture::site();
        let mut state = AppState::new(&site, Mode::Wall, Lang::Zh);
        for (command, at, known, playing) in [
            (Command::ToggleKnown, None, Known::Now, false),
            (Command::TogglePlay, None, Known::Now, false),
            (Command::LookAt(500), Some(500), Known::Now, false),
            (Command::ToggleKnown, Some(500), Known::Then, false),
            (Command::TogglePlay, Some(500), Known::Then, true),
            (Command::PlayFrom(600), Some(600), Known::Then, true),
            (Command::LookAt(700), Some(700), Known::Then, false),
            (Command::PlayFrom(600), Some(600), Known::Then, true),
            (Command::ReturnToLive, None, Known::Now, false),
        ] {
            state.apply(&command, &site);
            assert_eq!(
                (state.time.at_secs, state.time.known, state.time.playing),
                (at, known, playing),
                "{command:?}"
            );
        }
        state.apply(&Command::LookAt(500), &site);
        state.apply(&Command::SelectArea(AreaId(1)), &site);
        state.apply(&Command::Dismiss, &site);
        assert_eq!((state.area, state.time.at_secs), (AreaId::ROOT, Some(500)), "first back to the whole");
        state.apply(&Command::Dismiss, &site);
        assert!(state.time.is_live(), "then back to the present");
    }
}
