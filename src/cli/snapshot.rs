//! `onemap snapshot`: the screen as a PNG, without a display.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ArgMatches;

use crate::command::Command;
use crate::drawn::Drawn;
use crate::engine::{Depth, Engine};
use crate::headless::{Headless, HeadlessError, Painter, write_png};
use crate::panels::Health;
use crate::runtime::Publisher;
use crate::site::areas::AreaId;
use crate::site::text::{Lang, Message};
use crate::snapshot::{Clock, Snapshot};
use crate::sources::SourceEvent;
use crate::sources::replay::{Replay, whole};
use crate::stage::Stage;
use crate::state::Mode;

use super::{Exit, Failure, audited, audited_shape, compute, measure, run, site_dir, write_err};

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
    /// Drawn shape.
    pub drawn: Option<Arc<Drawn>>,
}

/// How long a picture waits for the tiles of its base map.
const TILE_PATIENCE: Duration = Duration::from_secs(20);

/// Makes the picture.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let size = size(args)?;
    let at_text = args.get_one::<String>("at").map_or("10:31", String::as_str);
    let seconds =
        seconds(at_text).ok_or_else(|| Failure::usage(Message::new("cli.bad_time").with("text", at_text)))?;
    let engine = measure(&site_dir(args.get_one::<PathBuf>("site")), lang, Depth::Needed)?;
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
        drawn: compute::shape(args)?.map(Arc::new),
    };
    let snapshot = snapshot_at(engine, seconds);
    let fallback = PathBuf::from("onemap.png");
    let out = args.get_one::<PathBuf>("out").unwrap_or(&fallback);
    let scene = shot.scene.and_then(|s| site.scenes.get(s)).map_or(site.meta.home_scene.as_str(), |s| &s.id);
    let rest = format!("scene={scene} at={at_text}");
    match &shot.drawn {
        Some(shape) => audited_shape(&site, lang, "snapshot", shape, &rest)?,
        None => audited(&site, lang, "snapshot", shot.area, &rest)?,
    }
    shoot(&site, &snapshot, &shot, out).map_err(|err| failure(&err, out))?;
    write_err(&site.messages(lang).fill("cli.wrote", &[("path", &out.display().to_string())]));
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

/// The picture of a time of day: a sample's replay up to then, else the end of the newest day.
#[must_use]
pub fn snapshot_at(engine: Engine, seconds_of_day: i64) -> Snapshot {
    let site = Arc::clone(engine.site());
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
    let newest = engine.end_of(engine.present_day()).secs as f64;
    let still = |data_secs| Clock { data_secs, since: Instant::now(), speed: 0.0 };
    match Replay::open(&site, seconds_of_day) {
        None => Publisher::new(engine, still(newest)).snapshot(),
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

/// Paints until nothing moves, then draws.
///
/// # Errors
/// No device, or the file could not be written.
pub fn shoot(
    site: &Arc<crate::site::Site>,
    snapshot: &Snapshot,
    shot: &Shot,
    out: &Path,
) -> Result<(), HeadlessError> {
    let painter = Painter::new()?;
    let (width, height) = shot.size;
    let mut headless = Headless::new(width, height);
    let mut stage = Stage::new(&headless.ctx, Arc::clone(site), shot.mode, shot.lang);
    if let Some(scene) = shot.scene {
        stage.state.apply(&Command::SelectScene(scene), site);
    }
    if shot.area != AreaId::ROOT {
        stage.state.apply(&Command::SelectArea(shot.area), site);
    }
    stage.state.drawn.clone_from(&shot.drawn);
    stage.state.rotating = shot.mode.is_wall();
    let now = snapshot.clock.now();
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
            stage.frame(ui, snapshot, now, Health::default());
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
