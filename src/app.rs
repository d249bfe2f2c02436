//! The window: receives snapshots, paints, passes commands on. Owns the frame loop; never waits for a thread, a file
//! or a socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Align2, FontId, ViewportCommand};

use crate::audit::{Deed, Log, Writer};
use crate::command::Command;
use crate::drawn::Drawn;
use crate::panels::Health;
use crate::past::Shelf;
use crate::runtime::{Runtime, Update};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::problem::Problem;
use crate::site::text::Lang;
use crate::snapshot::Snapshot;
use crate::sources::SourceControl;
use crate::stage::{Seen, Stage};
use crate::state::Mode;

/// How the window opens.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Layout.
    pub mode: Mode,
    /// Language.
    pub lang: Lang,
    /// Scene to begin with.
    pub scene: Option<usize>,
    /// When the process began, for the log line of the first complete frame.
    pub began: Instant,
}

/// The window's content.
#[derive(Debug)]
pub struct App {
    stage: Stage,
    runtime: Runtime,
    snapshot: Option<Arc<Snapshot>>,
    shelf: Shelf,
    progress: Option<(usize, usize)>,
    failed: Vec<Problem>,
    health: Health,
    /// Until the first complete frame.
    began: Option<Instant>,
    /// Whether a frame with figures was painted.
    has_figures: bool,
    fullscreen: bool,
    audit: Writer,
    /// Area that was followed last, so that each drill is noted once.
    followed: AreaId,
    /// Shape that was noted last.
    drawn: Option<Arc<Drawn>>,
}

impl App {
    /// A window's content over running threads.
    #[must_use]
    pub fn new(ctx: &egui::Context, site: Arc<Site>, runtime: Runtime, opening: &Opening) -> Self {
        let audit_log = Log::of(&site);
        let mut stage = Stage::new(ctx, site, opening.mode, opening.lang);
        if let Some(scene) = opening.scene {
            stage.state.apply(&Command::SelectScene(scene), &Arc::clone(&stage.site));
        }
        Self {
            stage,
            runtime,
            snapshot: None,
            shelf: Shelf::default(),
            progress: None,
            failed: Vec::new(),
            health: Health::default(),
            began: Some(opening.began),
            has_figures: false,
            audit: Writer::start(audit_log),
            followed: AreaId::ROOT,
            drawn: None,
            fullscreen: false,
        }
    }

    fn receive(&mut self) {
        for update in self.runtime.poll() {
            match update {
                Update::Snapshot(snapshot) => {
                    self.health.changes = snapshot.live.changes;
                    self.health.latency_millis = snapshot.live.latency_millis;
                    self.health.memory_mib = snapshot.live.resident_mib;
                    self.health.queue = snapshot.live.queue;
                    if self.snapshot.is_none() {
                        self.runtime.tell(SourceControl::Speed(self.stage.state.speed));
                    }
                    self.stage.offer(snapshot);
                }
                Update::Progress(done, of) => self.progress = Some((done, of)),
                Update::Failed(problems) => self.failed = problems,
            }
        }
        for answer in self.runtime.past().poll() {
            self.shelf.take(answer);
        }
    }

    /// Asks for the picture of the time cursor and for those that come next, where they are not here.
    fn wish(&mut self, ctx: &egui::Context, live: &Arc<Snapshot>) {
        const SOON: Duration = Duration::from_millis(50);
        let time = &self.stage.state.time;
        let Some(wish) = self.shelf.wanted(time, &self.stage.site.zone, live) else { return };
        self.shelf.note(&wish);
        if !self.runtime.past().wish(wish) {
            // Too many wait: said again a little later.
            self.shelf.forget_wish();
            ctx.request_repaint_after(SOON);
        }
    }

    /// Passes on what concerns threads and the window.
    fn carry_out(&mut self, ctx: &egui::Context, commands: &[Command]) {
        for command in commands {
            match command {
                Command::SetSpeed(speed) => self.runtime.tell(SourceControl::Speed(*speed)),
                Command::TogglePause => self.runtime.tell(SourceControl::Pause(self.stage.state.paused)),
                Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
                _ => {}
            }
        }
        if self.fullscreen != self.stage.state.fullscreen {
            self.fullscreen = self.stage.state.fullscreen;
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.fullscreen));
        }
    }

    /// Notes an area at the finest level of figures when it is chosen.
    fn note_drill(&mut self) {
        let (site, state) = (&self.stage.site, &self.stage.state);
        if self.followed == state.area {
            return;
        }
        self.followed = state.area;
        let area = site.areas.get(state.area);
        if area.level >= site.figure_level() {
            let indicator = site.indicators.get(state.indicator).map_or("", |row| &row.id);
            let filter = format!("area={} indicator={indicator}", area.code);
            self.audit.tell(Deed { what: "drill", filter });
        }
    }

    /// Notes a shape when it is drawn: it can be smaller than any area.
    fn note_shape(&mut self) {
        let state = &self.stage.state;
        if self.drawn == state.drawn {
            return;
        }
        self.drawn.clone_from(&state.drawn);
        if let Some(drawn) = &state.drawn {
            let filter = format!("area={} {}", crate::export::DRAWN, drawn.log_words());
            self.audit.tell(Deed { what: "drill", filter });
        }
    }

    /// Says over everything that drills are not noted.
    fn unnoted_ui(&self, ui: &egui::Ui) {
        let sizes = crate::theme::Sizes::for_desk();
        let tokens = crate::theme::Theme::dark(sizes);
        let words = self.stage.site.messages(self.stage.state.lang).get("panel.audit.failed");
        let at = ui.max_rect().center_bottom();
        let font = FontId::proportional(sizes.body);
        let painter = ui.painter();
        let galley = painter.layout_no_wrap(words.to_owned(), font, tokens.warn);
        let place = Align2::CENTER_BOTTOM.anchor_size(at, galley.size());
        painter.rect_filled(place.expand(sizes.step), 0.0, tokens.ground);
        painter.galley(place.min, galley, tokens.warn);
    }

    /// Before the first snapshot: what is being done, or why nothing can be shown.
    fn waiting_ui(&self, ui: &mut egui::Ui) {
        let text = self.stage.site.messages(self.stage.state.lang);
        let tokens = crate::theme::Theme::dark(crate::theme::Sizes::for_desk());
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, tokens.ground);
        let mut lines = vec![self.stage.site.meta.title.get(self.stage.state.lang).to_owned()];
        if self.failed.is_empty() {
            let (done, of) = self.progress.unwrap_or((0, 0));
            lines.push(format!("{} {done}/{of}", text.get("cli.loading")));
        } else {
            lines.push(text.fill("cli.broken_site", &[("count", &self.failed.len().to_string())]));
            lines.extend(self.failed.iter().take(12).map(|p| p.line(text)));
        }
        for (i, line) in lines.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a dozen lines")]
            let at = rect.center() + egui::vec2(0.0, 28.0 * i as f32);
            let color = if i == 0 { tokens.text } else { tokens.muted };
            ui.painter().text(at, Align2::CENTER_CENTER, line, FontId::proportional(18.0), color);
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, _ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.receive();
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.snapshot = self.stage.turn(ui.ctx()).or_else(|| self.snapshot.take());
        let Some(snapshot) = self.snapshot.clone() else {
            self.waiting_ui(ui);
            return;
        };
        if let Some(secs) = frame.info().cpu_usage {
            self.health.frame_millis = secs * 1000.0;
        }
        let shown = self.shelf.shown(&self.stage.state.time, &snapshot);
        let seen = Seen {
            shown: &shown,
            live: &snapshot,
            live_secs: snapshot.clock.now(),
            past_failed: self.shelf.has_failed(&self.stage.state.time),
        };
        let commands = self.stage.frame_of(ui, &seen, self.health);
        self.wish(ui.ctx(), &snapshot);
        self.carry_out(ui.ctx(), &commands);
        self.note_drill();
        self.note_shape();
        if self.audit.has_failed() {
            self.unnoted_ui(ui);
        }
        if let Some(began) = self.began.take_if(|_| snapshot.is_whole) {
            log::info!("first complete frame {} ms after start", began.elapsed().as_millis());
        } else if let Some(began) = self.began.filter(|_| !self.has_figures) {
            log::info!("first frame with figures {} ms after start", began.elapsed().as_millis());
        }
        self.has_figures = true;
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// No display, or no graphics device.
pub fn open(site: Arc<Site>, opening: Opening) -> eframe::Result {
    // The threads start first: they read data while the graphics device wakes up.
    let ctx = egui::Context::default();
    let waker = ctx.clone();
    let runtime = Runtime::start(Arc::clone(&site), Arc::new(move || waker.request_repaint()))
        .map_err(|err| eframe::Error::AppCreation(Box::new(err)))?;
    let title = format!("{} {}", site.meta.title.get(opening.lang), site.meta.subtitle.get(opening.lang));
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title(title)
            .with_app_id("onemap")
            .with_inner_size([1920.0, 1080.0])
            .with_min_inner_size([960.0, 540.0]),
        system_font_fallback: false,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native_ext(
        "onemap",
        options,
        Some(ctx),
        Box::new(move |creation| {
            if let Some(state) = &creation.wgpu_render_state {
                crate::canvas::lend(&creation.egui_ctx, state);
                crate::soft::install(&creation.egui_ctx, state);
            }
            Ok(Box::new(App::new(&creation.egui_ctx, site, runtime, &opening)))
        }),
    )
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use eframe::App as _;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::panels::format;

    /// The program as the window runs it, over the threads of the tiny site.
    struct Window {
        site: Arc<Site>,
        app: Option<App>,
        frame: eframe::Frame,
    }

    fn window(state: PathBuf) -> Harness<'static, Window> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/tiny");
        let mut site = crate::site::load(&dir).unwrap().0;
        site.state = Some(state);
        let window = Window { site: Arc::new(site), app: None, frame: eframe::Frame::_new_kittest() };
        Harness::builder().with_size(egui::vec2(1920.0, 1080.0)).build_ui_state(
            |ui, window: &mut Window| {
                let ctx = ui.ctx().clone();
                let site = Arc::clone(&window.site);
                let app = window.app.get_or_insert_with(|| {
                    let runtime = Runtime::start(Arc::clone(&site), Arc::new(|| {})).unwrap();
                    let opening =
                        Opening { mode: Mode::Desk, lang: Lang::En, scene: None, began: Instant::now() };
                    App::new(&ctx, site, runtime, &opening)
                });
                app.logic(&ctx, &mut window.frame);
                app.ui(ui, &mut window.frame);
            },
            window,
        )
    }

    /// Frames until something holds.
    fn run_until(harness: &mut Harness<'static, Window>, what: &str, holds: impl Fn(&App) -> bool) {
        let began = Instant::now();
        while !harness.state().app.as_ref().is_some_and(&holds) {
            assert!(began.elapsed() < Duration::from_mins(1), "{what}");
            harness.step();
        }
    }

    #[test]
    fn a_drill_to_the_finest_level_is_noted_once_and_others_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("tiny");
        let log = Log::in_dir(state.clone());
        let mut harness = window(state);
        run_until(&mut harness, "no figures", |app| app.snapshot.is_some());
        let lines = || std::fs::read_to_string(log.path()).map_or(0, |text| text.lines().count());
        // The row of an area in the table, pressed as a hand would.
        let choose = |harness: &mut Harness<'static, Window>, code: &str| {
            let app = harness.state().app.as_ref().unwrap();
            let (site, state) = (&app.stage.site, &app.stage.state);
            let area = site.areas.find(code).unwrap();
            let reading = app.snapshot.as_ref().unwrap().reading(state.indicator, area);
            let row = &site.indicators[state.indicator];
            let figure = format::shown(reading.value, row.decimals, &row.unit, site.messages(Lang::En));
            let label = format!("{} {figure}", site.areas.get(area).name.en);
            // Behind the figure its name says how it stands beside the others.
            harness.query_all_by_label_contains(&label).next().unwrap().click();
            run_until(harness, "the area is not chosen", |app| app.stage.state.area == area);
        };
        choose(&mut harness, "VC0102");
        run_until(&mut harness, "the drill is not noted", |_| lines() == 1);
        choose(&mut harness, "VC01");
        choose(&mut harness, "VC0103");
        run_until(&mut harness, "the second drill is not noted", |_| lines() == 2);
        harness.run_steps(5);
        let text = std::fs::read_to_string(log.path()).unwrap();
        for (line, area) in text.lines().zip(["VC0102", "VC0103"]) {
            assert!(line.contains("\"what\":\"drill\"") && line.contains(&format!("area={area} ")), "{line}");
        }
        assert_eq!(log.verify().unwrap(), (2, Vec::new()), "the whole is no drill: {text}");
        assert!(!harness.state().app.as_ref().unwrap().audit.has_failed());
    }

    #[test]
    fn a_drill_that_cannot_be_noted_is_told_on_the_screen() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("taken");
        std::fs::write(&state, "a file stands where the folder should").unwrap();
        let mut harness = window(state);
        run_until(&mut harness, "no figures", |app| app.snapshot.is_some());
        let area = harness.state().site.areas.find("VC0101").unwrap();
        let site = Arc::clone(&harness.state().site);
        let app = harness.state_mut().app.as_mut().unwrap();
        app.stage.state.apply(&Command::SelectArea(area), &site);
        run_until(&mut harness, "the failure is not seen", |app| app.audit.has_failed());
    }
}
