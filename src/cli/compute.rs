//! `onemap compute`: all indicators of one area to stdout.

use std::path::PathBuf;

use clap::ArgMatches;

use crate::engine::Depth;
use crate::export::{self, Subject};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::civil::{date_of, parse_day};
use crate::site::problem::nearest;
use crate::site::text::{Lang, Message};
use crate::store::quarantine::held_message;

use super::{Exit, Failure, audited, measure, site_dir, write_err, write_out};

/// Computes and prints.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let day = args
        .get_one::<String>("as-of")
        .map(|text| {
            parse_day(text).ok_or_else(|| Failure::usage(Message::new("cli.bad_date").with("text", text)))
        })
        .transpose()?;
    let engine = measure(&site_dir(args.get_one::<PathBuf>("site")), lang, Depth::Needed)?;
    let site = engine.site();
    let area = area(site, args.get_one::<String>("area"))?;
    let text = site.messages(lang);
    for problem in &engine.problems {
        write_err(&problem.line(text));
    }
    let day = day.unwrap_or_else(|| engine.present_day());
    let at = engine.end_of(day);
    let sources = engine.sources(at.secs);
    let figures = engine.figures(at, &sources);
    let subject = Subject { site, figures: &figures, area, as_of: day };
    let out = match args.get_one::<String>("format").map(String::as_str) {
        Some("csv") => export::csv(&subject),
        Some("json") => export::json(&subject),
        Some("sdmx") => export::sdmx(&subject),
        _ => export::table(&subject, lang),
    };
    let named = &site.areas.get(area).code;
    let format = args.get_one::<String>("format").map_or("table", String::as_str);
    let depth = if site.areas.get(area).level >= site.figure_level() { " finest" } else { "" };
    let filter = format!("area={named}{depth} day={} format={format}", date_of(day));
    audited(site, "compute", filter)?;
    write_out(&out);
    if args.get_one::<String>("format").is_none_or(|format| format == "table") {
        for source in &sources {
            if let Some(held) = source.held {
                write_out(&format!("{}\n", text.say(&held_message(site, &source.name, held))));
            }
        }
    }
    Ok(Exit::Done)
}

/// The area of a code; the top area where none is named.
pub(super) fn area(site: &Site, code: Option<&String>) -> Result<AreaId, Failure> {
    let Some(code) = code else { return Ok(AreaId::ROOT) };
    site.areas.find(code).ok_or_else(|| {
        let hint = nearest(code, site.areas.iter().map(|(_, a)| a.code.as_str())).unwrap_or("—");
        Failure::usage(Message::new("cli.bad_area").with("text", code).with("nearest", hint))
    })
}
