//! `onemap snapshot`: the screen as a PNG, without a display.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ArgMatches;

use crate::command::Command;
use crate::drawn::Drawn;
use crate::engine::{Depth, Engine, Start, ToKeep};
use crate::headless::{Headless, HeadlessError, Painter, write_png};
use crate::moment::{FIRST_PAST_REVISION, Moment};
use crate::panels::Health;
use crate::runtime::Publisher;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::problem::nearest;
use crate::site::text::{Lang, Message};
use crate::snapshot::{Clock, IndicatorIx, Snapshot};
use crate::sources::replay::{Replay, whole};
use crate::sources::{SourceEvent, debrief};
use crate::stage::{Seen, Stage};
use crate::state::Mode;

use super::{Exit, Failure, audited, audited_shape, compute, run, site_dir, start, write_err};

/// What a picture shows.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Layout.
    pub mode: Mode,
    /// Language.
    pub lang: Lang,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Scene, where another than the home scene.
    pub scene: Option<usize>,
    /// Area, where another than the top.
    pub area: AreaId,
    /// Indicator, where another than the scene's.
    pub indicator: Option<IndicatorIx>,
    /// What is opened over the screen.
    pub open: Option<Command>,
    /// Drawn shape.
    pub drawn: Option<Arc<Drawn>>,
    /// Who falls silent.
    pub silence: bool,
    /// Another time than the present.
    pub moment: Option<Moment>,
}

/// How long a picture waits for the tiles of its base map.
const TILE_PATIENCE: Duration = Duration::from_secs(20);

/// Makes the picture.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let size = size(args)?;
    let at_text = args.get_one::<String>("at").map_or("10:31", String::as_str);
    let seconds =
        seconds(at_text).ok_or_else(|| Failure::usage(Message::new("cli.bad_time").with("text", at_text)))?;
    let Start { engine, to_keep } = start(&site_dir(args.get_one::<PathBuf>("site")), lang, Depth::Needed)?;
    let site = Arc::clone(engine.site());
    let mode =
        if args.get_one::<String>("mode").is_some_and(|m| m == "desk") { Mode::Desk } else { Mode::Wall };
    let lang = if args.get_one::<String>("lang").is_some() { lang } else { Lang::Zh };
    let shot = Shot {
        mode,
        lang,
        size,
        scene: run::scene(&site, args.get_one::<String>("scene"))?,
        area: compute::area(&site, args.get_one::<String>("area"))?,
        indicator: args.get_one::<String>("indicator").map(|id| indicator(&site, id)).transpose()?,
        open: args.get_one::<String>("open").map(|what| match what.as_str() {
            "funnel" => Command::ToggleFunnel,
            _ => Command::ToggleDetails,
        }),
        drawn: compute::shape(args)?.map(Arc::new),
        silence: args.get_flag("silence"),
        moment: moment(&site, args)?,
    };
    if let Some(moment) = shot.moment {
        compute::asked_day(&engine, Some(site.zone.day_of(moment.at_secs)))?;
    }
    let snapshot = snapshot_at(engine, seconds);
    let other = shot.moment.map(|moment| snapshot.at(moment, FIRST_PAST_REVISION)).transpose();
    let other = other.map_err(super::broken)?;
    let fallback = PathBuf::from("onemap.png");
    let out = args.get_one::<PathBuf>("out").unwrap_or(&fallback);
    let scene = shot.scene.and_then(|s| site.scenes.get(s)).map_or(site.meta.home_scene.as_str(), |s| &s.id);
    let time = shot.moment.map_or_else(|| at_text.to_owned(), |moment| site.zone.iso(moment.at_secs));
    let rest = format!("scene={scene} at={time}");
    match &shot.drawn {
        Some(shape) => audited_shape(&site, lang, "snapshot", shape, &rest)?,
        None => audited(&site, lang, "snapshot", shot.area, &rest)?,
    }
    shoot(&site, &Screens { shown: other.as_ref().unwrap_or(&snapshot), live: &snapshot }, &shot, out)
        .map_err(|err| failure(&err, out))?;
    write_err(&site.messages(lang).fill("cli.wrote", &[("path", &out.display().to_string())]));
    to_keep.into_iter().for_each(ToKeep::write);
    Ok(Exit::Done)
}

pub(super) fn failure(err: &HeadlessError, out: &Path) -> Failure {
    match err {
        HeadlessError::NoDevice(_) | HeadlessError::Device(_) => {
            Failure::new(Exit::Machine, Message::new("cli.no_gpu").with("error", err))
        }
        HeadlessError::File(_) => {
            let message = Message::new("cli.write_failed").with("path", out.display()).with("error", err);
            Failure::new(Exit::Machine, message)
        }
    }
}

/// The indicator of a code.
fn indicator(site: &Site, id: &str) -> Result<IndicatorIx, Failure> {
    site.indicator_index(id).ok_or_else(|| {
        let hint = nearest(id, site.indicators.iter().map(|row| row.id.as_str())).unwrap_or("—");
        Failure::usage(Message::new("cli.bad_indicator").with("text", id).with("nearest", hint))
    })
}

/// The moment that `--as-of` and `--known-at` ask for.
fn moment(site: &Site, args: &ArgMatches) -> Result<Option<Moment>, Failure> {
    let at = args.get_one::<String>("as-of").map(|text| compute::instant(site, text)).transpose()?;
    let known = match args.get_one::<String>("known-at").map(String::as_str) {
        Some("then") => at,
        text => text.map(|text| compute::instant(site, text)).transpose()?,
    };
    Ok(at.or(known).map(|at_secs| Moment { at_secs, known_at_secs: known }))
}

/// The picture of a time of day: a sample's replay up to then, else the end of the newest day.
#[must_use]
pub fn snapshot_at(engine: Engine, seconds_of_day: i64) -> Snapshot {
    let site = Arc::clone(engine.site());
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
    let newest = engine.end_of(engine.present_day()).secs as f64;
    let still = |data_secs| Clock { data_secs, since: Instant::now(), speed: 0.0 };
    match Replay::open(&site, seconds_of_day) {
        None => {
            let mut publisher = Publisher::new(engine, still(newest));
            if let Some(rows) = debrief::late_rows(&site) {
                publisher.set_late_rows(rows);
            }
            publisher.snapshot()
        }
        Some(mut replay) => {
            let clock = still(replay.clock().data_secs);
            let mut publisher = Publisher::new(engine, clock);
            for batch in replay.due(whole(clock.data_secs)) {
                publisher.take(SourceEvent::Batch(batch));
            }
            publisher.set_running();
            publisher.snapshot()
        }
    }
}

/// What is painted: the present, or another time seen from it.
#[derive(Debug, Clone, Copy)]
pub struct Screens<'a> {
    /// What is shown.
    pub shown: &'a Snapshot,
    /// The present.
    pub live: &'a Snapshot,
}

/// Paints until nothing moves, then draws.
///
/// # Errors
/// No device, or the file could not be written.
pub fn shoot(site: &Arc<Site>, screens: &Screens<'_>, shot: &Shot, out: &Path) -> Result<(), HeadlessError> {
    let painter = Painter::new()?;
    let (width, height) = shot.size;
    let mut headless = Headless::new(width, height);
    painter.lend(&headless.ctx);
    let mut stage = Stage::new(&headless.ctx, Arc::clone(site), shot.mode, shot.lang);
    if let Some(scene) = shot.scene {
        stage.state.apply(&Command::SelectScene(scene), site);
    }
    if shot.area != AreaId::ROOT {
        stage.state.apply(&Command::SelectArea(shot.area), site);
    }
    let asked = shot.indicator.map(Command::SelectIndicator).into_iter().chain(shot.open.clone());
    asked.for_each(|command| stage.state.apply(&command, site));
    stage.state.drawn.clone_from(&shot.drawn);
    stage.state.silence_open = shot.silence;
    if let Some(moment) = shot.moment {
        stage.state.apply(&Command::LookAt(moment.at_secs), site);
        stage.state.time.known = moment.known();
        stage.state.time.known_at_secs = moment.known_at_secs;
        stage.state.time.changes_when_left = screens.live.live.changes;
    }
    stage.state.rotating = shot.mode.is_wall() && shot.moment.is_none();
    let live_secs = screens.live.clock.now();
    let Screens { shown, live } = *screens;
    let seen = Seen { shown, live, live_secs, past_failed: false };
    let mut output = None;
    // A second apart: anything that moves has come to rest, and sizes measured in one frame are used in the next. Tiles
    // come from their threads; a server that does not answer is not waited for for ever.
    let began = Instant::now();
    let mut frames = 0;
    while frames < 4 || (!stage.is_settled() && began.elapsed() < TILE_PATIENCE) {
        let lapse = if frames < 4 { 1.0 } else { 0.01 };
        if frames >= 4 {
            std::thread::sleep(Duration::from_millis(10));
        }
        frames += 1;
        let mut frame = headless.frame(lapse, Vec::new(), |ui| {
            stage.frame_of(ui, &seen, Health::default());
        });
        painter.update_textures(&mut frame);
        output = Some(frame);
    }
    let Some(output) = output else { return Ok(()) };
    let rgba = painter.draw(&headless, &output)?;
    write_png(out, width, height, &rgba)
}

/// Width and height of `--size`.
pub(super) fn size(args: &ArgMatches) -> Result<(u32, u32), Failure> {
    let text = args.get_one::<String>("size").map_or("3840x2160", String::as_str);
    let parsed = text.split_once(['x', 'X', '×']).and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    parsed
        .filter(|(w, h)| (320..=8192).contains(w) && (240..=8192).contains(h))
        .ok_or_else(|| Failure::usage(Message::new("cli.bad_size").with("text", text)))
}

/// Seconds after midnight of `HH:MM`.
fn seconds(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 3600 + minutes * 60)
}
