//! `onemap bench`: measures this machine; honest figures, with their context.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::ArgMatches;

use crate::bench::{self, Measured, Report};
use crate::engine::Depth;
use crate::memory;
use crate::site::text::{Lang, Message};

use super::{Exit, Failure, measure, open, site_dir, snapshot, write_out};

/// Set in the process that `bench start` starts and times.
const CHILD: &str = "ONEMAP_BENCH_START_CHILD";
/// That process works out all figures.
const FIGURES: &str = "figures";
/// That process draws the first frame.
const FRAME: &str = "frame";

/// Measures and prints.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let dir = site_dir(args.get_one::<PathBuf>("site"));
    let size = snapshot::size(args)?;
    let report = match args.get_one::<String>("what").map(String::as_str) {
        Some("frames") => {
            let load = bench::Load {
                events: args.get_one::<usize>("events").copied(),
                frames: args.get_one::<usize>("frames").copied(),
                places: args.get_one::<PathBuf>("places").cloned(),
            };
            let engine = measure(&dir, lang, Depth::Needed)?;
            bench::frames(engine, size, &load).map_err(|err| snapshot::failure(&err, &dir))?
        }
        Some("days") => bench::days(measure(&dir, lang, Depth::Needed)?),
        Some("batch") => {
            let engine = measure(&dir, lang, Depth::Needed)?;
            let events = engine.site().meta.events.as_ref().map(|events| events.table.clone());
            let table = args.get_one::<String>("table").cloned().or(events).unwrap_or_default();
            bench::batch(engine, &table)
        }
        Some("live") => bench::live(measure(&dir, lang, Depth::Needed)?),
        Some(what @ ("cube" | "cells")) => {
            memory::small_pages();
            let (site, _) = open(&dir)?;
            let text = if what == "cube" { bench::cube(&site) } else { bench::cells(&site) };
            write_out(&text.map_err(super::broken)?);
            return Ok(Exit::Done);
        }
        Some("compute") => {
            memory::small_pages();
            let (site, _) = open(&dir)?;
            bench::compute(&site, 7).map_err(super::broken)?
        }
        _ => match std::env::var(CHILD) {
            Ok(what) if what == FIGURES => {
                let begun = super::start(&dir, lang, Depth::Figures)?;
                bench::figures(&begun.engine);
                write_out(&format!("{:.0}\n", bench::resident_mib()));
                return Ok(Exit::Done);
            }
            Ok(_) => {
                let (site, _) = open(&dir)?;
                let parts = bench::first_frame(&site, size).map_err(|err| snapshot::failure(&err, &dir))?;
                let words: Vec<String> = parts.iter().map(|part| format!("{part:.1}")).collect();
                write_out(&format!("{}\n", words.join(" ")));
                return Ok(Exit::Done);
            }
            Err(_) => start(&dir, size)?,
        },
    };
    let json = args.get_one::<String>("format").is_some_and(|f| f == "json");
    write_out(&if json { report.json() } else { report.table() });
    Ok(Exit::Done)
}

/// Starts this program several times and waits for all figures, and for its first complete frame: with an empty folder
/// of state (cold), and with what an earlier run kept (warm).
fn start(dir: &Path, size: (u32, u32)) -> Result<Report, Failure> {
    let state = std::env::temp_dir().join(format!("onemap-bench-{}", std::process::id()));
    let figures = starts(dir, size, &state);
    drop(std::fs::remove_dir_all(&state));
    let mut context = bench::machine();
    context.push(("size", format!("{}x{}", size.0, size.1)));
    context
        .push(("measured", "process start to its end, disk warm, frames drawn without a window".to_owned()));
    figures.map(|figures| Report { context, figures })
}

fn starts(dir: &Path, size: (u32, u32), state: &Path) -> Result<Vec<Measured>, Failure> {
    const RUNS: usize = 7;
    let kept = state.join("warm");
    // What the warm runs find.
    child(dir, size, &kept, None)?;
    let mut out = Vec::new();
    for (what, parts) in [(FIGURES, &["figures_warm_mib"][..]), (FRAME, &bench::FIRST_FRAME[..])] {
        let (mut cold_took, mut warm_took) = (Vec::new(), Vec::new());
        let mut told: Vec<Vec<f64>> = vec![Vec::new(); parts.len()];
        // The first run warms the disk cache and is not counted.
        for run in 0..=RUNS {
            let (cold, _) = child(dir, size, &state.join(format!("{what}-{run}")), Some(what))?;
            let (warm, says) = child(dir, size, &kept, Some(what))?;
            if run > 0 {
                cold_took.push(cold);
                warm_took.push(warm);
                told.iter_mut().zip(says).for_each(|(values, value)| values.push(value));
            }
        }
        let names = if what == FIGURES {
            ["figures_cold_millis", "figures_warm_millis"]
        } else {
            ["first_frame_cold_millis", "first_frame_warm_millis"]
        };
        let whole = names.into_iter().zip([cold_took, warm_took]);
        let all = whole.chain(parts.iter().copied().zip(told));
        out.extend(all.map(|(name, values)| Measured::new(name, values)));
    }
    Ok(out)
}

/// One run of this program with a folder of state: milliseconds, and the numbers that it says of itself. Without a word
/// of what to do it computes, and keeps its cube.
fn child(dir: &Path, size: (u32, u32), state: &Path, what: Option<&str>) -> Result<(f64, Vec<f64>), Failure> {
    let failed = |err: &dyn std::fmt::Display| {
        Failure::new(Exit::Machine, Message::new("cli.bench_failed").with("error", err))
    };
    let program = std::env::current_exe().map_err(|err| failed(&err))?;
    let mut command = Command::new(&program);
    command.env("NODEVICE_SELECT", "1").env("XDG_STATE_HOME", state);
    match what {
        Some(what) => {
            let size = format!("{}x{}", size.0, size.1);
            command.args(["bench", "start", "--size", &size]).env(CHILD, what);
        }
        None => drop(command.arg("compute")),
    }
    let since = Instant::now();
    let output =
        command.arg("--site").arg(dir).stderr(Stdio::inherit()).output().map_err(|err| failed(&err))?;
    let took = since.elapsed().as_secs_f64() * 1000.0;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    let says = String::from_utf8_lossy(&output.stdout);
    Ok((took, says.split_whitespace().map(|word| word.parse().unwrap_or(f64::NAN)).collect()))
}
