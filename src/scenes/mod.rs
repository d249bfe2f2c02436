//! The whole screen: which panels where, on the wall and on the desk. Owns what panels remember between frames and the
//! order of painting; figures, choices and the clock come in with the view.

pub mod desk;
mod letters;
pub mod overlays;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_time;
pub mod wall;
pub mod zones;

use std::sync::Arc;
use std::time::Duration;

use egui::{Context, Rect, Ui};

use crate::fonts;
use crate::keys;
use crate::map::MapPanel;
use crate::panels::area_table::AreaTable;
use crate::panels::event_card::EventCard;
use crate::panels::event_stream::EventStream;
use crate::panels::indicator_list::IndicatorList;
use crate::panels::palette::Palette;
use crate::panels::play::PlayClock;
use crate::panels::rotation::RotationClock;
use crate::panels::series_cache::SeriesCache;
use crate::panels::{Commands, View};
use crate::site::Site;
use crate::theme::{self, Sizes};
use letters::Letters;

/// What the panels of the screen remember between frames.
pub struct Screen {
    map: MapPanel,
    memory: Memory,
    letters: Letters,
    dressed: Option<(bool, Sizes)>,
    scene: usize,
    entered_at: f64,
}

/// What the panels beside the map remember.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) series: SeriesCache,
    pub(crate) stream: EventStream,
    pub(crate) event: EventCard,
    pub(crate) rotation: RotationClock,
    pub(crate) play: PlayClock,
    pub(crate) palette: Palette,
    pub(crate) list: IndicatorList,
    pub(crate) table: AreaTable,
}

/// How long the columns take to come in with a new scene, in seconds.
const FADE_SECS: f64 = 0.25;

impl Screen {
    /// A screen for a site; gives the context its fonts.
    #[must_use]
    pub fn new(ctx: &Context, site: &Site) -> Self {
        fonts::install(ctx);
        Self {
            map: MapPanel::new(ctx, site),
            memory: Memory::default(),
            letters: Letters::default(),
            dressed: None,
            scene: usize::MAX,
            entered_at: f64::NEG_INFINITY,
        }
    }

    /// The series that panels ask for.
    pub(crate) const fn series(&mut self) -> &mut SeriesCache {
        &mut self.memory.series
    }

    /// Whether every tile of the base map that is to be seen is there, or known not to come.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.map.is_settled()
    }

    /// Reads the keys, paints everything and pushes what the user asks for. Call once a frame with the whole window.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, commands: &mut Commands) {
        self.dress(ui, view);
        let ctx = ui.ctx().clone();
        keys::handle(&ctx, view, commands);
        let time = ui.input(|i| i.time);
        self.memory.rotation.tick(time, view, commands);
        if let Some(soon) = self.memory.play.tick(time, view, commands) {
            ctx.request_repaint_after(soon);
        }
        let screen = ui.max_rect();
        // The wall writes sources along its foot.
        self.map.credits = !view.state.mode.is_wall();
        if view.state.mode.is_wall() {
            let opacity = self.fade(time, view, &ctx);
            wall::wall_ui(ui, screen, view, &mut self.map, &mut self.memory, opacity, commands);
        } else {
            desk::desk_ui(ui, screen, view, &mut self.map, &mut self.memory, commands);
        }
        overlays::overlays_ui(ui, screen, view, &mut self.memory, commands);
        self.letters.draw_some(&ctx, view);
        wake_for_clock(&ctx, view);
    }

    fn dress(&mut self, ui: &mut Ui, view: &View<'_>) {
        let wanted = (view.theme.dark, view.theme.sizes);
        if self.dressed != Some(wanted) {
            self.dressed = Some(wanted);
            let style = Arc::new(theme::egui_style(view.theme));
            ui.ctx().set_theme(if view.theme.dark { egui::Theme::Dark } else { egui::Theme::Light });
            ui.ctx().set_global_style(Arc::clone(&style));
            ui.set_style(style);
        }
    }

    /// How much of the new scene is in: the columns come in quietly, the map stays.
    fn fade(&mut self, time: f64, view: &View<'_>, ctx: &Context) -> f32 {
        if self.scene != view.state.scene {
            // The first scene is simply there.
            self.entered_at = if self.scene == usize::MAX { f64::NEG_INFINITY } else { time };
            self.scene = view.state.scene;
        }
        let t = ((time - self.entered_at) / FADE_SECS).clamp(0.0, 1.0);
        if t < 1.0 {
            ctx.request_repaint();
        }
        #[expect(clippy::cast_possible_truncation, reason = "an opacity")]
        let eased = (t * t * (3.0 - 2.0 * t)) as f32;
        eased
    }
}

/// Asks for the next frame when the clock shows another second, and not before.
fn wake_for_clock(ctx: &Context, view: &View<'_>) {
    let speed = if view.state.paused { 1.0 } else { f64::from(view.state.speed.max(1)) };
    let speed = if view.site.meta.sample.is_some() { speed } else { 1.0 };
    let left = (1.0 - view.live_secs.rem_euclid(1.0)) / speed;
    // At a fast replay the seconds fly; four frames a second are enough to see that they do.
    ctx.request_repaint_after(Duration::from_secs_f64(left.clamp(0.25, 1.0)));
}

/// A rectangle on whole points, so that hairlines and type stay sharp.
pub(crate) fn snapped(rect: Rect) -> Rect {
    Rect::from_min_max(rect.min.round(), rect.max.round())
}
