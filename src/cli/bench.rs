//! `onemap bench`: measures this machine; honest figures, with their context.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::ArgMatches;

use crate::bench::{self, Measured, Report};
use crate::engine::Depth;
use crate::site::text::{Lang, Message};

use super::{Exit, Failure, measure, open, site_dir, snapshot, write_out};

/// Set in the process that `bench start` starts and times.
const CHILD: &str = "ONEMAP_BENCH_START_CHILD";

/// Measures and prints.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let dir = site_dir(args.get_one::<PathBuf>("site"));
    let size = snapshot::size(args)?;
    let report = match args.get_one::<String>("what").map(String::as_str) {
        Some("frames") => {
            let load = bench::Load {
                events: args.get_one::<usize>("events").copied(),
                draw: args.get_flag("draw"),
                places: args.get_one::<PathBuf>("places").cloned(),
            };
            let engine = measure(&dir, lang, Depth::Needed)?;
            bench::frames(engine, size, &load).map_err(|err| snapshot::failure(&err, &dir))?
        }
        Some("days") => bench::days(measure(&dir, lang, Depth::Needed)?),
        Some("live") => bench::live(measure(&dir, lang, Depth::Needed)?),
        Some(what @ ("cube" | "cells")) => {
            let (site, _) = open(&dir)?;
            let text = if what == "cube" { bench::cube(&site) } else { bench::cells(&site) };
            write_out(&text.map_err(super::broken)?);
            return Ok(Exit::Done);
        }
        Some("compute") => {
            let (site, _) = open(&dir)?;
            bench::compute(&site, 7).map_err(super::broken)?
        }
        _ if std::env::var_os(CHILD).is_some() => {
            let (site, _) = open(&dir)?;
            let resident_mib =
                bench::first_frame(&site, size).map_err(|err| snapshot::failure(&err, &dir))?;
            write_out(&format!("{resident_mib:.0}\n"));
            return Ok(Exit::Done);
        }
        _ => start(args, size)?,
    };
    let json = args.get_one::<String>("format").is_some_and(|f| f == "json");
    write_out(&if json { report.json() } else { report.table() });
    Ok(Exit::Done)
}

/// Starts this program several times and waits for its first complete frame.
fn start(args: &ArgMatches, size: (u32, u32)) -> Result<Report, Failure> {
    const RUNS: usize = 7;
    let failed = |err: &dyn std::fmt::Display| {
        Failure::new(Exit::Machine, Message::new("cli.bench_failed").with("error", err))
    };
    let program = std::env::current_exe().map_err(|err| failed(&err))?;
    let (mut took, mut resident) = (Vec::new(), Vec::new());
    // The first run warms the disk cache and is not counted.
    for run in 0..=RUNS {
        let since = Instant::now();
        let mut command = Command::new(&program);
        command
            .env("NODEVICE_SELECT", "1")
            .args(["bench", "start", "--size", &format!("{}x{}", size.0, size.1)])
            .env(CHILD, "1");
        if let Some(dir) = args.get_one::<PathBuf>("site") {
            command.arg("--site").arg(dir);
        }
        let output = command.stderr(Stdio::inherit()).output().map_err(|err| failed(&err))?;
        if !output.status.success() {
            return Err(failed(&output.status));
        }
        if run > 0 {
            took.push(since.elapsed().as_secs_f64() * 1000.0);
            resident.push(String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(f64::NAN));
        }
    }
    let mut context = bench::machine();
    context.push(("size", format!("{}x{}", size.0, size.1)));
    context.push((
        "measured",
        "process start to end of the first complete frame, drawn without a window, disk warm".to_owned(),
    ));
    let figures = vec![Measured::new("first_frame_millis", took), Measured::new("resident_mib", resident)];
    Ok(Report { context, figures })
}
