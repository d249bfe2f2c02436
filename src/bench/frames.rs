//! How long frames take: the processor's time for one frame of the wall while the map moves, figures change and events
//! arrive, and frames per second with the drawing. Owns the course of the measurement.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::crowd::Crowd;
use super::{Measured, Report, machine, millis, resident_mib};
use crate::command::Command;
use crate::density::{EventFilter, Phases};
use crate::engine::Engine;
use crate::headless::{Headless, HeadlessError, Painter};
use crate::panels::Health;
use crate::runtime::Publisher;
use crate::site::text::Lang;
use crate::snapshot::{Clock, Snapshot};
use crate::soft::Soft;
use crate::sources::SourceEvent;
use crate::sources::replay::{Replay, whole};
use crate::stage::Stage;
use crate::state::Mode;

/// What is measured.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// Made-up events in the place of the site's own; none for the site's own.
    pub events: Option<usize>,
    /// How many frames; a whole course and more unless told otherwise.
    pub frames: Option<usize>,
    /// Where the places of made-up events are written, as pairs of 64-bit numbers.
    pub places: Option<PathBuf>,
}

/// Frames that are measured, after some that lay out every text and fill the glyph atlas: start, not steady state.
const FRAMES: usize = 960;
const WARM: usize = 60;
/// Frames of a second, and of a snapshot in it.
const PER_SECOND: usize = 60;
const PER_SNAPSHOT: usize = 12;
/// Events that arrive in a second.
const ARRIVE: usize = 1000;
/// What is ours of a frame, by what the map does.
const KINDS: [&str; 5] = [
    "still_own_cpu_millis",
    "pan_own_cpu_millis",
    "zoom_own_cpu_millis",
    "scene_own_cpu_millis",
    "snapshot_frame_own_cpu_millis",
];
/// What the window's thread does for a frame, one after the other: from input to shapes and from these to triangles, which
/// together are what is the same on every machine, and handing over to the device, which may be a program.
const STEPS: [&str; 3] = ["shapes_cpu_millis", "triangles_cpu_millis", "device_cpu_millis"];
/// The same frames as they appear, by what the map does: from the beginning of one until the device is done with it.
const DRAWN: [&str; 4] =
    ["still_drawn_millis", "pan_drawn_millis", "zoom_drawn_millis", "scene_drawn_millis"];

/// The place of moving aside in both lists.
const PAN: usize = 1;

/// Frames of one move of the camera: a wish that comes sooner would begin the move again.
const PER_MOVE: usize = 15;

/// What the map does in a frame: by turns it stands, moves aside, goes closer and away, and the scene changes.
fn course(number: usize) -> (usize, Option<Command>) {
    let begins = number.is_multiple_of(PER_MOVE);
    match number % 240 {
        0..30 => (0, None),
        30..120 => {
            let step = if number % 480 < 240 { 0.08 } else { -0.08 };
            (PAN, begins.then_some(Command::PanMap(step, step * 0.5)))
        }
        120..165 => (2, begins.then_some(Command::ZoomMap(0.8))),
        165..210 => (2, begins.then_some(Command::ZoomMap(-0.8))),
        // Scenes stay for half a minute in life; the map goes back to the whole.
        210 => (3, Some(Command::RotateScene)),
        225 => (3, Some(Command::FitMap)),
        _ => (3, None),
    }
}

/// Processor time of this thread, in milliseconds; the steady clock's where the system does not tell.
#[cfg(unix)]
fn cpu_millis() -> f64 {
    clock_millis(rustix::time::ClockId::ThreadCPUTime)
}

/// The same of all threads, those of a software renderer with them.
#[cfg(unix)]
fn all_cpu_millis() -> f64 {
    clock_millis(rustix::time::ClockId::ProcessCPUTime)
}

#[cfg(unix)]
fn clock_millis(clock: rustix::time::ClockId) -> f64 {
    let at = rustix::time::clock_gettime(clock);
    at.tv_sec as f64 * 1e3 + at.tv_nsec as f64 / 1e6
}

#[cfg(not(unix))]
fn cpu_millis() -> f64 {
    use std::sync::LazyLock;
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    millis(*BEGAN)
}

#[cfg(not(unix))]
fn all_cpu_millis() -> f64 {
    cpu_millis()
}

/// Snapshots as a window would get them while events arrive.
struct Feed {
    publisher: Publisher,
    crowd: Option<Crowd>,
    replay: Option<Replay>,
    now_secs: f64,
}

impl Feed {
    fn new(engine: Engine, load: &Load) -> std::io::Result<(Self, f64)> {
        let site = Arc::clone(engine.site());
        let mut engine = engine;
        let mut replay = Replay::open(&site, 10 * 3600);
        let begin = engine.end_of(engine.present_day()).secs as f64;
        let now_secs = replay.as_ref().map_or(begin, |r| r.clock().data_secs);
        let crowd = load.events.map(|events| {
            let mut crowd = Crowd::new(&engine, whole(now_secs));
            crowd.fill(&mut engine, events, load.places.as_deref()).map(|()| crowd)
        });
        let crowd = crowd.transpose()?;
        let began = Instant::now();
        engine.move_on(whole(now_secs));
        let built = millis(began);
        // The replay would bring events of its own; where there are made-up ones, they come instead.
        replay = replay.filter(|_| crowd.is_none());
        let clock = Clock { data_secs: now_secs, since: Instant::now(), speed: 0.0 };
        let mut publisher = Publisher::new(engine, clock);
        publisher.set_running();
        Ok((Self { publisher, crowd, replay, now_secs }, built))
    }

    fn next(&mut self) -> Snapshot {
        let step = if self.replay.is_some() { 30.0 } else { PER_SNAPSHOT as f64 / PER_SECOND as f64 };
        self.now_secs += step;
        for batch in self.replay.iter_mut().flat_map(|r| r.due(whole(self.now_secs))) {
            self.publisher.take(SourceEvent::Batch(batch));
        }
        if let Some(crowd) = &mut self.crowd {
            let changes = ARRIVE * PER_SNAPSHOT / PER_SECOND;
            crowd.happen(self.publisher.engine_mut(), changes, whole(self.now_secs));
        }
        let clock = Clock { data_secs: self.now_secs, since: Instant::now(), speed: 0.0 };
        self.publisher.take(SourceEvent::Clock(clock));
        self.publisher.snapshot()
    }
}

/// The frame's work on the wall layout, drawn where there is a graphics device.
///
/// # Errors
/// The device gave up, or the places could not be written.
pub fn frames(engine: Engine, size: (u32, u32), load: &Load) -> Result<Report, HeadlessError> {
    crate::memory::give_back(crate::memory::GiveBack::Later);
    let site = Arc::clone(engine.site());
    let (mut feed, built) = Feed::new(engine, load).map_err(|err| HeadlessError::File(err.to_string()))?;
    let mut headless = Headless::new(size.0, size.1);
    let device = Painter::as_window().ok().map(|painter| {
        painter.lend(&headless.ctx);
        headless.ctx.with_plugin(|soft: &mut Soft| soft.measure(cpu_millis));
        let target = painter.target(&headless);
        (painter, target)
    });
    let mut stage = Stage::new(&headless.ctx, Arc::clone(&site), Mode::Wall, Lang::Zh);
    stage.state.rotating = false;
    if load.events.is_some() {
        let all = EventFilter { phases: Phases::All, ..EventFilter::default() };
        stage.state.apply(&Command::FilterEvents(all), &site);
    }
    let mut snapshot = Arc::new(feed.next());
    let mut taken = Taken::default();
    for number in 0..load.frames.unwrap_or(FRAMES) + WARM {
        let (kind, command) = course(number);
        command.iter().for_each(|command| stage.state.apply(command, &site));
        if number % PER_SNAPSHOT == 0 {
            let since = Instant::now();
            stage.offer(Arc::new(feed.next()));
            taken.batches.push(millis(since));
        }
        let now = feed.now_secs + (number % PER_SNAPSHOT) as f64 / PER_SECOND as f64;
        let (since, all_began, began) = (Instant::now(), all_cpu_millis(), cpu_millis());
        let next = stage.turn(&headless.ctx);
        let is_new = next.is_some();
        snapshot = next.unwrap_or(snapshot);
        let mut output = headless.frame(1.0 / PER_SECOND as f64, Vec::new(), |ui| {
            stage.frame(ui, &snapshot, now, Health::default());
        });
        let shaped = cpu_millis();
        let shapes = std::mem::take(&mut output.shapes);
        let jobs = headless.ctx.tessellate(shapes, 1.0);
        let cut = cpu_millis();
        let mut drawing = None;
        if let Some((painter, target)) = &device {
            painter.update_textures(&mut output);
            drawing = Some((painter, painter.submit(target, &jobs)));
        }
        let submitted = cpu_millis();
        // Where the device is a program, the first step holds triangles and handing over too.
        let (triangles, device_millis) =
            headless.ctx.with_plugin(|soft: &mut Soft| soft.took()).unwrap_or_default();
        let steps = [
            shaped - began - triangles - device_millis,
            cut - shaped + triangles,
            submitted - cut + device_millis,
        ];
        let is_drawn = drawing.is_some();
        if let Some((painter, submission)) = drawing {
            painter.wait(submission)?;
        }
        if number >= WARM {
            let drawn = is_drawn.then(|| (millis(since), all_cpu_millis() - all_began));
            taken.note(steps, kind, is_new, drawn);
        }
    }
    let mut context = machine();
    context.push(("load", load_average()));
    context.push(("size", format!("{}x{}", size.0, size.1)));
    context.push(("device", device.map_or_else(|| "none".to_owned(), |(painter, _)| painter.device())));
    let cells = &snapshot.events.cells;
    let all = cells.mask(&EventFilter { phases: Phases::All, ..EventFilter::default() });
    context.push(("events_placed", cells.total(&all).count.to_string()));
    context.push(("events_open", snapshot.events.open_total.to_string()));
    context.push(("events_per_second", if load.events.is_some() { ARRIVE } else { 0 }.to_string()));
    context.push(("pyramid_build_millis", format!("{built:.0}")));
    context.push(("pyramid_mib", format!("{:.1}", cells.bytes() as f64 / f64::from(1 << 20))));
    context.push(("texture_points", snapshot.texture.len().to_string()));
    context.push(("resident_mib", format!("{:.0}", resident_mib())));
    context.extend(taken.rates());
    Ok(Report { context, figures: taken.figures() })
}

/// What frames took, in milliseconds.
#[derive(Default)]
struct Taken {
    all: Vec<f64>,
    own: Vec<f64>,
    steps: [Vec<f64>; STEPS.len()],
    kinds: [Vec<f64>; KINDS.len()],
    drawn: [Vec<f64>; DRAWN.len()],
    pan_threads: Vec<f64>,
    batches: Vec<f64>,
}

impl Taken {
    fn note(&mut self, took: [f64; STEPS.len()], kind: usize, is_new: bool, drawn: Option<(f64, f64)>) {
        self.steps.iter_mut().zip(took).for_each(|(step, took)| step.push(took));
        let [shapes, triangles, device] = took;
        let own = shapes + triangles;
        self.own.push(own);
        self.all.push(own + device);
        let kinds = self.kinds.get_mut(if is_new { KINDS.len() - 1 } else { kind });
        kinds.into_iter().for_each(|k| k.push(own));
        let Some((drawn, threads)) = drawn else { return };
        self.drawn.get_mut(kind).into_iter().for_each(|k| k.push(drawn));
        if kind == PAN {
            self.pan_threads.push(threads);
        }
    }

    /// Frames a second by what the map does, the device's waiting included.
    fn rates(&self) -> [(&'static str, String); 2] {
        let rate = |values: &mut dyn Iterator<Item = &f64>| {
            let (count, sum) = values.fold((0.0, 0.0), |(count, sum), took| (count + 1.0, sum + took));
            if count > 0.0 { format!("{:.1}", count * 1e3 / sum) } else { String::new() }
        };
        let pan = self.drawn.get(PAN).into_iter().flatten();
        [
            ("frames_per_second", rate(&mut self.drawn.iter().flatten())),
            ("pan_frames_per_second", rate(&mut pan.into_iter())),
        ]
    }

    fn figures(self) -> Vec<Measured> {
        let mut out =
            vec![Measured::new("frame_cpu_millis", self.all), Measured::new("own_cpu_millis", self.own)];
        out.extend(STEPS.into_iter().zip(self.steps).map(|(name, values)| Measured::new(name, values)));
        out.extend(KINDS.into_iter().zip(self.kinds).map(|(name, values)| Measured::new(name, values)));
        out.push(Measured::new("batch_to_snapshot_millis", self.batches));
        let drawn = DRAWN.into_iter().zip(self.drawn).filter(|(_, values)| !values.is_empty());
        out.extend(drawn.map(|(name, values)| Measured::new(name, values)));
        if !self.pan_threads.is_empty() {
            out.push(Measured::new("pan_all_threads_cpu_millis", self.pan_threads));
        }
        out
    }
}

/// How busy the machine was, as it tells; empty where it does not.
fn load_average() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split_whitespace().next().unwrap_or_default().to_owned()
}
