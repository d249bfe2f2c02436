//! Measurements of this machine: frames, start, live. Owns what is measured and how it is told; changes nothing.

mod crowd;
mod frames;

pub use frames::{Load, frames};

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Batch, Depth, Engine};
use crate::headless::{Headless, HeadlessError, Painter};
use crate::indicators::window::Window;
use crate::memory::{self, GiveBack};
use crate::panels::Health;
use crate::runtime::{Publisher, Runtime, Update};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::text::Lang;
use crate::snapshot::Clock;
use crate::sources::SourceEvent;
use crate::sources::replay::{Replay, whole};
use crate::stage::Stage;
use crate::state::Mode;

/// One measured quantity over its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What, with its unit: `frame_wall_millis`.
    pub name: &'static str,
    /// Sorted values.
    pub values: Vec<f64>,
}

impl Measured {
    /// Sorts and keeps values.
    #[must_use]
    pub fn new(name: &'static str, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { name, values }
    }

    /// The mean; no number where there are no values.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// The value below which a share (0 to 1) of the values lies.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.values.len().saturating_sub(1) as f64;
        self.values.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

/// What a measurement found, with its circumstances.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Circumstances: name and value.
    pub context: Vec<(&'static str, String)>,
    /// Figures.
    pub figures: Vec<Measured>,
}

impl Report {
    /// A table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.context {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{name}: {value}");
        }
        let _ = writeln!(
            out,
            "{:<28}{:>6}{:>10}{:>10}{:>10}{:>10}",
            "figure", "n", "min", "median", "p99", "max"
        );
        for f in &self.figures {
            let (n, q) = (f.values.len(), |s| f.quantile(s));
            let _ = writeln!(
                out,
                "{:<28}{n:>6}{:>10.2}{:>10.2}{:>10.2}{:>10.2}",
                f.name,
                q(0.0),
                q(0.5),
                q(0.99),
                q(1.0)
            );
        }
        out
    }

    /// JSON for programs.
    #[must_use]
    pub fn json(&self) -> String {
        let figures: serde_json::Map<String, serde_json::Value> = self
            .figures
            .iter()
            .map(|f| {
                let value = serde_json::json!({
                    "n": f.values.len(), "min": f.quantile(0.0), "median": f.quantile(0.5),
                    "p99": f.quantile(0.99), "max": f.quantile(1.0), "mean": f.mean(),
                });
                (f.name.to_owned(), value)
            })
            .collect();
        let context: serde_json::Map<String, serde_json::Value> =
            self.context.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        let mut text =
            serde_json::to_string_pretty(&serde_json::json!({ "context": context, "figures": figures }))
                .unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Circumstances that every report carries.
#[must_use]
pub fn machine() -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = info
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned()));
    vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("cores", cores.to_string()),
        ("cpu", cpu.unwrap_or_else(|| std::env::consts::ARCH.to_owned())),
        ("os", std::env::consts::OS.to_owned()),
    ]
}

/// Resident memory of this process, in MiB; 0 where the system does not tell.
#[must_use]
pub fn resident_mib() -> f32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:")?.trim().trim_end_matches(" kB").parse::<f32>().ok());
    kib.map_or(0.0, |kib| kib / 1024.0)
}

/// Changes of a batch whose way to a snapshot is measured.
const BATCH: usize = 1_000;

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A batch to a new snapshot, over an hour of the replay in steps of 20 seconds.
#[must_use]
pub fn live(engine: Engine) -> Report {
    const STEPS: u32 = 180;
    let site = Arc::clone(engine.site());
    let mut context = machine();
    context.push(("rows", engine.rows().to_string()));
    let Some(mut replay) = Replay::open(&site, 9 * 3600) else {
        return Report { context, figures: Vec::new() };
    };
    let start = replay.clock().data_secs;
    let mut publisher = Publisher::new(engine, Clock { data_secs: start, since: Instant::now(), speed: 0.0 });
    for batch in replay.due(whole(start)) {
        publisher.take(SourceEvent::Batch(batch));
    }
    let mut held = publisher.snapshot();
    let (mut took, mut changes) = (Vec::new(), Vec::new());
    for step in 1..=STEPS {
        let batches = replay.due(whole(start + f64::from(step) * 20.0));
        if batches.is_empty() {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few rows")]
        changes.push(batches.iter().map(|b| b.rows.height()).sum::<usize>() as f64);
        let since = Instant::now();
        batches.into_iter().for_each(|batch| publisher.take(SourceEvent::Batch(batch)));
        // The window holds the earlier picture meanwhile, as in life.
        let next = publisher.snapshot();
        took.push(millis(since));
        held = next;
    }
    std::hint::black_box(held);
    Report {
        context,
        figures: vec![Measured::new("batch_to_snapshot_millis", took), Measured::new("changes", changes)],
    }
}

/// A whole day's changes at once to a new snapshot, day after day: a batch of some thousand rows.
#[must_use]
pub fn days(engine: Engine) -> Report {
    const DAYS: u32 = 15;
    const DAY_SECS: f64 = 86_400.0;
    let site = Arc::clone(engine.site());
    let mut context = machine();
    context.push(("rows", engine.rows().to_string()));
    let Some(mut replay) = Replay::open(&site, 0) else {
        return Report { context, figures: Vec::new() };
    };
    let start = replay.clock().data_secs;
    let mut publisher = Publisher::new(engine, Clock { data_secs: start, since: Instant::now(), speed: 0.0 });
    let mut held = publisher.snapshot();
    let (mut took, mut each, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for day in 1..=DAYS {
        let batches = replay.due(whole(start + f64::from(day) * DAY_SECS));
        let rows = batches.iter().map(|b| b.rows.height()).sum::<usize>() as f64;
        let since = Instant::now();
        batches.into_iter().for_each(|batch| publisher.take(SourceEvent::Batch(batch)));
        let next = publisher.snapshot();
        // The first batch makes the index of keys and is no measure of the others.
        if day > 1 && rows > 0.0 {
            took.push(millis(since));
            each.push(millis(since) * 1000.0 / rows);
            changes.push(rows);
        }
        held = next;
    }
    std::hint::black_box(held);
    Report {
        context,
        figures: vec![
            Measured::new("day_to_snapshot_millis", took),
            Measured::new("millis_per_1000_changes", each),
            Measured::new("changes", changes),
        ],
    }
}

/// Batches of exactly [`BATCH`] changes of one table to a new snapshot each, at most so many. The first of a day also moves on
/// by a whole day what grows older, since the replay is asked day by day; it is told apart as well.
#[must_use]
pub fn batch(engine: Engine, table: &str) -> Report {
    const DAYS: u32 = 40;
    const MOST: usize = 1_000;
    let site = Arc::clone(engine.site());
    let mut context = machine();
    context.push(("rows", engine.rows().to_string()));
    context.push(("table", table.to_owned()));
    context.push(("engine_mib", format!("{:.0}", resident_mib())));
    let Some(mut replay) = Replay::open(&site, 0) else {
        return Report { context, figures: Vec::new() };
    };
    let start = replay.clock().data_secs;
    let mut publisher = Publisher::new(engine, Clock { data_secs: start, since: Instant::now(), speed: 0.0 });
    let since = Instant::now();
    let mut held = publisher.snapshot();
    context.push(("first_picture_millis", format!("{:.0}", millis(since))));
    context.push(("first_picture_mib", format!("{:.0}", resident_mib())));
    // As while a window paints.
    memory::give_back(GiveBack::Later);
    let (mut took, mut applied, mut pictured) = (Vec::new(), Vec::new(), Vec::new());
    let (mut new_day, mut same_day) = (Vec::new(), Vec::new());
    let mut is_first = true;
    for day in 1..=DAYS {
        if took.len() >= MOST {
            break;
        }
        let due = replay.due(whole(start + f64::from(day) * 86_400.0));
        for batch in due.into_iter().filter(|batch| batch.table == table) {
            for part in 0..(batch.rows.height() / BATCH).min(MOST - took.len()) {
                let rows = batch.rows.slice(part * BATCH, BATCH);
                let event = SourceEvent::Batch(Batch { rows, ..batch.clone() });
                let since = Instant::now();
                publisher.take(event);
                let taken = millis(since);
                let next = publisher.snapshot();
                let all = millis(since);
                // The first batch makes the index of keys and is no measure of the others.
                if std::mem::take(&mut is_first) {
                    context.push(("first_batch_millis", format!("{all:.0}")));
                } else {
                    took.push(all);
                    if part == 0 { &mut new_day } else { &mut same_day }.push(all);
                    applied.push(taken);
                    pictured.push(all - taken);
                }
                held = next;
            }
        }
    }
    std::hint::black_box(held);
    Report {
        context,
        figures: vec![
            Measured::new("batch_to_snapshot_millis", took),
            Measured::new("first_of_a_day_millis", new_day),
            Measured::new("within_a_day_millis", same_day),
            Measured::new("batch_taken_in_millis", applied),
            Measured::new("snapshot_millis", pictured),
        ],
    }
}

/// Questions to one snapshot: every indicator over every window at areas of every level, one answer each; and which one took
/// longest, with what it takes when it is asked again.
fn questions(engine: &Engine) -> (Measured, String) {
    let site = Arc::clone(engine.site());
    let at = engine.end_of(engine.present_day());
    let mut areas: Vec<AreaId> = Vec::new();
    for level in 0..=site.figure_level() {
        areas.extend(site.areas.iter().find(|(_, area)| area.level == level).map(|(id, _)| id));
    }
    let windows = Window::WORDS.iter().filter_map(|word| Some((*word, Window::parse(word)?)));
    let windows: Vec<(&str, Window)> = windows.collect();
    let ask = |indicator: usize, window: Window, area: AreaId| {
        let since = Instant::now();
        std::hint::black_box(engine.question(indicator, area, window, at));
        since.elapsed().as_secs_f64() * 1e6
    };
    let mut micros = Vec::new();
    let mut longest: (f64, String, Option<(usize, Window, AreaId)>) = (0.0, String::new(), None);
    for (indicator, row) in site.indicators.iter().enumerate() {
        for (word, window) in &windows {
            for area in &areas {
                let took = ask(indicator, *window, *area);
                micros.push(took);
                if took > longest.0 {
                    let what = format!("{}, {word}, {}", row.id, site.areas.get(*area).code);
                    longest = (took, what, Some((indicator, *window, *area)));
                }
            }
        }
    }
    let again = longest.2.map_or(f64::NAN, |(indicator, window, area)| ask(indicator, window, area));
    (Measured::new("question_micros", micros), format!("{}: {:.1}, again {again:.1}", longest.1, longest.0))
}

/// Reading and measuring everything, then every figure at one instant, then single questions.
///
/// # Errors
/// The site's problems.
pub fn compute(site: &Arc<Site>, runs: usize) -> Result<Report, Vec<crate::site::problem::Problem>> {
    let (mut cold, mut instants, mut figures, mut prepared) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut rows = 0;
    let mut asked = (Measured::new("question_micros", Vec::new()), String::new());
    for _ in 0..runs {
        let build = |depth| crate::engine::build(Arc::clone(site), depth, &|_, _| {});
        let since = Instant::now();
        rows = build(Depth::Days)?.rows();
        cold.push(millis(since));
        // With every row within its day, as a window asks for figures of an instant.
        let since = Instant::now();
        let engine = build(Depth::Figures)?;
        instants.push(millis(since));
        let since = Instant::now();
        self::figures(&engine);
        figures.push(millis(since));
        let since = Instant::now();
        engine.prepare();
        prepared.push(millis(since));
        asked = questions(&engine);
    }
    let mut context = machine();
    context.push(("rows", rows.to_string()));
    context.push(("resident_mib", format!("{:.0}", resident_mib())));
    let (asked, longest) = asked;
    context.push(("longest_question_micros", longest));
    Ok(Report {
        context,
        figures: vec![
            Measured::new("files_to_cube_millis", cold),
            Measured::new("files_to_cube_with_instants_millis", instants),
            Measured::new("all_figures_millis", figures),
            Measured::new("medians_prepared_millis", prepared),
            asked,
        ],
    })
}

/// Every figure at the present day.
pub fn figures(engine: &Engine) {
    let at = engine.end_of(engine.present_day());
    std::hint::black_box(engine.figures(at, &engine.sources(at.secs)));
}

/// One cold computation in this process, as JSON: what `benches/duckdb_cube.py` sets beside another program's.
///
/// # Errors
/// The site's problems.
pub fn cube(site: &Arc<Site>) -> Result<String, Vec<crate::site::problem::Problem>> {
    let since = Instant::now();
    let engine = crate::engine::build(Arc::clone(site), Depth::Days, &|_, _| {})?;
    let took = millis(since);
    Ok(format!("{}\n", serde_json::json!({ "cube_millis": took, "rows": engine.rows() })))
}

/// The mixed sums of the cube, as JSON; none where the data is not a demonstration.
///
/// # Errors
/// The site's problems.
pub fn cells(site: &Arc<Site>) -> Result<String, Vec<crate::site::problem::Problem>> {
    let engine = crate::engine::build(Arc::clone(site), Depth::Days, &|_, _| {})?;
    let cells: Vec<serde_json::Value> = engine
        .mixed_sums()
        .iter()
        .map(|m| serde_json::json!({ "figure": m.figure, "form": m.form, "mixed": m.sum }))
        .collect();
    Ok(format!("{}\n", serde_json::json!({ "cells": cells })))
}

/// What is told of the way to the first frame with figures and to the first with events too: when each part was done, and
/// the memory it took. Without a kept cube both are one.
pub const FIRST_FRAME: [&str; 7] = [
    "warm_device_millis",
    "warm_figures_millis",
    "warm_shapes_millis",
    "warm_painted_millis",
    "warm_events_millis",
    "warm_whole_painted_millis",
    "first_frame_warm_mib",
];

/// From here to the first complete frame, drawn as a window draws it and read back, by the same threads as a window; gives
/// when the device was awake, the figures there, their frame made and painted, the events there, their frame painted, and
/// the resident memory at that moment. The measuring process starts this one, so that process start is inside.
///
/// # Errors
/// No graphics device.
pub fn first_frame(site: &Arc<Site>, size: (u32, u32)) -> Result<[f64; FIRST_FRAME.len()], HeadlessError> {
    let since = Instant::now();
    let no_thread = |err: std::io::Error| HeadlessError::Device(err.to_string());
    let runtime = Runtime::start(Arc::clone(site), Arc::new(|| {})).map_err(no_thread)?;
    let painter = Painter::as_window()?;
    // A window paints "reading data" meanwhile, which wakes the device's shaders; so does this.
    let mut waiting = Headless::new(64, 64);
    painter.lend(&waiting.ctx);
    let frame = waiting.frame(0.0, Vec::new(), |ui| {
        ui.painter().rect_filled(ui.max_rect(), 0.0, ui.visuals().panel_fill);
    });
    std::hint::black_box(painter.draw(&waiting, &frame)?);
    let device = millis(since);
    let mut headless = Headless::new(size.0, size.1);
    painter.lend(&headless.ctx);
    let mut stage = Stage::new(&headless.ctx, Arc::clone(site), Mode::Demo, Lang::Zh);
    let mut first = None;
    loop {
        let snapshot = match runtime.wait(Duration::from_mins(1)) {
            Some(Update::Snapshot(snapshot)) => snapshot,
            Some(Update::Progress(..)) => continue,
            Some(Update::Failed(_)) | None => return Err(HeadlessError::Device("no snapshot".to_owned())),
        };
        let data = millis(since);
        let mut frame = headless.frame(0.0, Vec::new(), |ui| {
            stage.frame(ui, &snapshot, snapshot.clock.now(), Health::default());
        });
        painter.update_textures(&mut frame);
        let shapes = millis(since);
        std::hint::black_box(painter.draw(&headless, &frame)?);
        let painted = millis(since);
        let [figures, made, shown] = *first.get_or_insert([data, shapes, painted]);
        if snapshot.is_whole {
            return Ok([device, figures, made, shown, data, painted, resident_mib().into()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let measured = Measured::new("x", vec![3.0, 1.0, 2.0]);
        assert_eq!((measured.quantile(0.0), measured.quantile(0.5), measured.quantile(1.0)), (1.0, 2.0, 3.0));
        assert!(Measured::new("x", Vec::new()).quantile(0.5).is_nan());
    }
}
