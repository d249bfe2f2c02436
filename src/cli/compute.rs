//! `onemap compute`: all indicators of one area to standard output or a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ArgMatches;

use crate::derived::{Derived, Origin, Vantage};
use crate::drawn::{Atlas, Drawn, DrawnFigures};
use crate::engine::{self, Depth, Engine, Start, ToKeep};
use crate::export::derived::All;
use crate::export::silence::Quiet;
use crate::export::{self, Subject};
use crate::moment::Moment;
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::civil::{date_of, parse_day};
use crate::site::datum::Datum;
use crate::site::geojson;
use crate::site::problem::nearest;
use crate::site::text::{Lang, Message};
use crate::snapshot::{Day, EpochSecs};
use crate::sources::debrief;
use crate::store::quarantine::held_message;

use super::{Exit, Failure, audited, audited_shape, measure, site_dir, start, write_err, write_out};

/// Computes and prints.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let day = args
        .get_one::<String>("as-of")
        .map(|text| {
            parse_day(text).ok_or_else(|| Failure::usage(Message::new("cli.bad_date").with("text", text)))
        })
        .transpose()?;
    if args.get_flag("silence") {
        return silence(args, lang, day);
    }
    let format = args.get_one::<String>("format").map_or("table", String::as_str);
    let out = args.get_one::<PathBuf>("out");
    if format == "xlsx" && out.is_none() {
        return Err(Failure::usage(Message::new("cli.xlsx_needs_out")));
    }
    // Derived figures look at other days, whose hidden cells are not compared with those of another time of knowing.
    if args.get_flag("derived") && args.contains_id("known-at") {
        return Err(Failure::usage(Message::new("cli.derived_known_at")));
    }
    let dir = site_dir(args.get_one::<PathBuf>("site"));
    let Start { engine: now, to_keep } = if args.get_flag("no-cache") {
        measure(&dir, lang, Depth::Days).map(|engine| Start { engine, to_keep: None })?
    } else {
        start(&dir, lang, Depth::Figures)?
    };
    let known_at_secs =
        args.get_one::<String>("known-at").map(|text| instant(now.site(), text)).transpose()?;
    let then = known_at_secs.map(|known| {
        let site = Arc::clone(now.site());
        let rows = debrief::late_rows(&site);
        match &rows {
            Some(rows) => engine::build_then(site, known, Some(rows)),
            None => engine::build_known_at(site, known, &|_, _| {}),
        }
    });
    let then = then.transpose().map_err(super::broken)?;
    let engine = then.as_ref().unwrap_or(&now);
    let site = engine.site();
    let area = area(site, args.get_one::<String>("area"))?;
    let text = site.messages(lang);
    for problem in &engine.problems {
        write_err(&problem.line(text));
    }
    let day = asked_day(engine, day)?;
    let at = engine.end_of(day);
    let judged_secs = Moment { at_secs: at.secs, known_at_secs }.judged_secs(&site.zone);
    let sources = engine.sources(judged_secs);
    let figures = match &then {
        Some(then) => now.known_then(then, at, &sources),
        None => engine.figures(at, &sources),
    };
    let shape = shape(args)?;
    let cover = shape.as_ref().map(|shape| Atlas::new(site, &engine.texture).cover(shape));
    let drawn = cover.as_ref().map(|cover| DrawnFigures::new(site, &figures, cover));
    if drawn.as_ref().is_some_and(|d| d.areas == 0) {
        return Err(Failure::usage(Message::new("cli.shape_outside")));
    }
    let subject = Subject { site, figures: &figures, area, drawn: drawn.as_ref(), as_of: day };
    let derived: Option<Vec<Derived>> = args.get_flag("derived").then(|| {
        let vantage = Vantage { site, source: engine, sources: &sources, at_secs: at.secs };
        let origin = Origin { vantage, figures: &figures };
        let of = |indicator| match &cover {
            Some(cover) => origin.derived_of_shape(indicator, cover),
            None => origin.derived(indicator, area),
        };
        (0..site.indicators.len()).filter_map(of).collect()
    });
    let all = derived.as_ref().map(|derived| All { subject: &subject, derived, sources: &sources });
    let content = match (format, &all) {
        ("csv", None) => export::csv(&subject).into_bytes(),
        ("csv", Some(all)) => export::derived::csv(all).into_bytes(),
        ("json", all) => export::json(&subject, all.as_ref()).into_bytes(),
        ("sdmx", None) => export::sdmx(&subject).into_bytes(),
        ("sdmx", Some(all)) => export::sdmx_derived(all).into_bytes(),
        ("xlsx", all) => {
            let written = match all {
                None => export::xlsx(&subject, &sources, lang),
                Some(all) => export::xlsx_derived(all, lang),
            };
            written.map_err(|err| unwritten(out.map_or(Path::new(""), PathBuf::as_path), &err))?
        }
        (_, all) => {
            let mut table = export::table(&subject, lang);
            if let Some(all) = all {
                table.push_str(&export::derived::table(all, lang));
            }
            for source in &sources {
                if let Some(held) = source.held {
                    table.push_str(&text.say(&held_message(site, &source.name, held)));
                    table.push('\n');
                }
            }
            table.into_bytes()
        }
    };
    let rest = format!("day={} format={format}", date_of(day));
    match &shape {
        Some(shape) => audited_shape(site, lang, "compute", shape, &rest)?,
        None => audited(site, lang, "compute", area, &rest)?,
    }
    put(out, site, lang, &content)?;
    // The figures are out: what the next run saves is not waited for.
    to_keep.into_iter().for_each(ToKeep::write);
    Ok(Exit::Done)
}

/// The day that is asked for, else the newest one. One that has not come has no figures: all of them would be late.
pub(super) fn asked_day(engine: &Engine, day: Option<Day>) -> Result<Day, Failure> {
    let newest = engine.present_day();
    let day = day.unwrap_or(newest);
    if day > engine.today().max(newest) {
        let message = Message::new("cli.day_to_come");
        return Err(Failure::usage(message.with("day", date_of(day)).with("newest", date_of(newest))));
    }
    Ok(day)
}

/// Who falls silent, in the place of figures.
fn silence(args: &ArgMatches, lang: Lang, day: Option<Day>) -> Result<Exit, Failure> {
    let engine = measure(&site_dir(args.get_one::<PathBuf>("site")), lang, Depth::Needed)?;
    let site = engine.site();
    let area = area(site, args.get_one::<String>("area"))?;
    for problem in &engine.problems {
        write_err(&problem.line(site.messages(lang)));
    }
    let at = engine.end_of(asked_day(&engine, day)?);
    let silences = engine.silences(at.secs);
    let quiet = Quiet { site, silences: &silences, area };
    let format = args.get_one::<String>("format").map_or("table", String::as_str);
    let content = match format {
        "csv" => export::silence::csv(&quiet),
        "json" => export::silence::json(&quiet),
        "table" => export::silence::table(&quiet, lang),
        _ => return Err(Failure::usage(Message::new("cli.silence_format"))),
    };
    audited(site, lang, "compute", area, &format!("silence day={} format={format}", date_of(at.day)))?;
    put(args.get_one::<PathBuf>("out"), site, lang, content.as_bytes())?;
    Ok(Exit::Done)
}

/// Writes to a file where one is named, else to standard output.
fn put(out: Option<&PathBuf>, site: &Site, lang: Lang, content: &[u8]) -> Result<(), Failure> {
    match out {
        Some(path) => {
            std::fs::write(path, content).map_err(|err| unwritten(path, &err))?;
            write_err(&site.messages(lang).fill("cli.wrote", &[("path", &path.display().to_string())]));
        }
        None => write_out(&String::from_utf8_lossy(content)),
    }
    Ok(())
}

/// The polygon of `--shape`, where one is given.
pub(super) fn shape(args: &ArgMatches) -> Result<Option<Drawn>, Failure> {
    let Some(path) = args.get_one::<PathBuf>("shape") else { return Ok(None) };
    let usage = |message: Message| Failure::usage(message.with("path", path.display()));
    let text = std::fs::read_to_string(path)
        .map_err(|err| usage(Message::new("cli.shape_unreadable").with("error", err)))?;
    let named = args.get_one::<String>("datum");
    let declared = named.and_then(|name| Datum::ALL.into_iter().find(|datum| datum.name() == name));
    geojson::polygons(&text, declared).map(|polygons| Some(Drawn::Polygons(polygons))).map_err(usage)
}

fn unwritten(path: &Path, err: &dyn std::fmt::Display) -> Failure {
    let message = Message::new("cli.write_failed").with("path", path.display()).with("error", err);
    Failure::new(Exit::Machine, message)
}

/// An instant, or the last one of a day.
pub(super) fn instant(site: &Site, text: &str) -> Result<EpochSecs, Failure> {
    // An instant first: its date alone could be read as a day as well.
    let instant = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    let day = || parse_day(text).map(|day| site.zone.end_of(day));
    instant.or_else(day).ok_or_else(|| Failure::usage(Message::new("cli.bad_instant").with("text", text)))
}

/// The area of a code; the top area where none is named.
pub(super) fn area(site: &Site, code: Option<&String>) -> Result<AreaId, Failure> {
    let Some(code) = code else { return Ok(AreaId::ROOT) };
    site.areas.find(code).ok_or_else(|| {
        let hint = nearest(code, site.areas.iter().map(|(_, a)| a.code.as_str())).unwrap_or("—");
        Failure::usage(Message::new("cli.bad_area").with("text", code).with("nearest", hint))
    })
}
