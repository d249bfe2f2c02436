//! The screen together with the user's choices: one frame from a snapshot to shapes, then the commands it caused.
//! The same for a window, a picture and a measurement. Owns the choices; asks no clock and no thread.

use std::sync::Arc;

use egui::{Rect, Ui};

use crate::ahead::Ahead;
use crate::command::Command;
use crate::drawn::work::Drawings;
use crate::panels::{Health, View};
use crate::quiet::Listener;
use crate::scenes::Screen;
use crate::site::Site;
use crate::site::text::Lang;
use crate::snapshot::Snapshot;
use crate::state::{AppState, Mode};
use crate::theme::{Sizes, Theme};

/// A screen with its choices.
pub struct Stage {
    /// The site.
    pub site: Arc<Site>,
    /// The choices.
    pub state: AppState,
    screen: Screen,
    drawings: Drawings,
    listener: Listener,
    ahead: Ahead,
    theme: Theme,
}

/// What a frame is painted from.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What is shown: the present, or a picture of another time.
    pub shown: &'a Snapshot,
    /// The present.
    pub live: &'a Snapshot,
    /// Clock of the present.
    pub live_secs: f64,
    /// Whether no picture of the moment that is asked for could be made.
    pub past_failed: bool,
}

impl<'a> Seen<'a> {
    /// The present.
    #[must_use]
    pub const fn live(live: &'a Snapshot, live_secs: f64) -> Self {
        Self { shown: live, live, live_secs, past_failed: false }
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Stage {
    /// A screen for a site; gives the context its fonts.
    #[must_use]
    pub fn new(ctx: &egui::Context, site: Arc<Site>, mode: Mode, lang: Lang) -> Self {
        let state = AppState::new(&site, mode, lang);
        let screen = Screen::new(ctx, &site);
        Self {
            state,
            screen,
            drawings: Drawings::default(),
            listener: Listener::default(),
            ahead: Ahead::default(),
            theme: Theme::dark(Sizes::for_desk()),
            site,
        }
    }

    /// Takes a newer picture of the present. It is shown once what this screen asks of it is worked out.
    pub fn offer(&mut self, snapshot: Arc<Snapshot>) {
        self.ahead.offer(snapshot);
    }

    /// Once a frame, before it is painted: the picture of the present to paint from now on, where it is another one.
    pub fn turn(&mut self, ctx: &egui::Context) -> Option<Arc<Snapshot>> {
        let next = self.ahead.turn(&self.site, self.screen.series(), self.state.time.is_live());
        if self.ahead.is_pending() {
            ctx.request_repaint();
        }
        next
    }

    /// Paints one frame of the present; see [`Stage::frame_of`].
    pub fn frame(&mut self, ui: &mut Ui, live: &Snapshot, now_secs: f64, health: Health) -> Vec<Command> {
        self.frame_of(ui, &Seen::live(live, now_secs), health)
    }

    /// Paints one frame and applies what it asks for; the commands come back for the ones that concern threads and
    /// the window.
    pub fn frame_of(&mut self, ui: &mut Ui, seen: &Seen<'_>, health: Health) -> Vec<Command> {
        let snapshot = seen.shown;
        #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
        let now_secs = if snapshot.is_live() { seen.live_secs } else { snapshot.now_secs as f64 };
        self.dress(ui.max_rect(), ui.ctx().pixels_per_point());
        let mut commands = Vec::new();
        self.drawings.prepare(&self.site, self.state.drawn.as_ref(), snapshot);
        self.listener.prepare(&self.site, snapshot);
        let view = View {
            site: &self.site,
            snapshot,
            drawn: self.drawings.figures(self.state.drawn.as_ref()),
            silences: self.listener.silences(snapshot),
            cover: self.drawings.cover(self.state.drawn.as_ref()),
            state: &self.state,
            text: self.site.messages(self.state.lang),
            theme: &self.theme,
            now_secs,
            live: seen.live,
            live_secs: seen.live_secs,
            past_failed: seen.past_failed,
            health,
        };
        self.screen.ui(ui, &view, &mut commands);
        // The map has seen the request of the frame before; a new one may come from this frame's commands.
        self.state.map_request = None;
        let was_live = self.state.time.is_live();
        for command in &commands {
            self.state.apply(command, &self.site);
            if let Command::SelectEvent(Some(id)) = command {
                self.follow_event(snapshot, id);
            }
        }
        if was_live && !self.state.time.is_live() {
            self.state.time.changes_when_left = seen.live.live.changes;
        }
        if !commands.is_empty()
            || self.drawings.is_pending(self.state.drawn.as_ref())
            || self.listener.is_pending()
        {
            ui.ctx().request_repaint();
        }
        commands
    }

    /// Whether every tile of the base map that is to be seen is there, or known not to come, and so are the figures of a
    /// drawn shape and the silences.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.screen.is_settled()
            && !self.drawings.is_pending(self.state.drawn.as_ref())
            && !self.listener.is_pending()
    }

    /// An event that is chosen takes map, figures and trend to its area, down to the level that figures have.
    fn follow_event(&mut self, snapshot: &Snapshot, id: &str) {
        let mut known = snapshot.events.open.iter().map(|e| &**e).chain(snapshot.events.recent.iter());
        if let Some(event) = known.find(|event| &*event.id == id) {
            let area = self.site.areas.ancestor(event.area, self.site.figure_level());
            self.state.apply(&Command::SelectArea(area), &self.site);
        }
    }

    /// Tokens that fit the mode and the size of the window.
    fn dress(&mut self, rect: Rect, pixels_per_point: f32) {
        let sizes = if self.state.mode.is_wall() {
            Sizes::for_wall(rect.width(), rect.height(), pixels_per_point, self.site.meta.room)
        } else {
            Sizes::for_desk()
        };
        let dark = self.state.mode.is_wall();
        if self.theme.sizes != sizes || self.theme.dark != dark {
            self.theme = if dark { Theme::dark(sizes) } else { Theme::light(sizes) };
        }
    }
}
