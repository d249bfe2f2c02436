//! `onemap check`: everything that is wrong with a site, as `file:row:column`, and what protection hides of which figure.

use std::path::PathBuf;

use clap::ArgMatches;

use crate::audit::Log;
use crate::engine::Depth;
use crate::site::Site;
use crate::site::problem::Severity;
use crate::site::text::{Lang, Message, Messages};
use crate::store::doctor;
use crate::store::quarantine;
use crate::tiles::examine;

use super::losses::Losses;
use super::{Exit, Failure, measure, site_dir, write_err, write_out};

/// Checks and tells.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let engine = measure(&site_dir(args.get_one::<PathBuf>("site")), lang, Depth::Everything)?;
    let site = engine.site();
    let text = site.messages(lang);
    let mut problems = engine.problems.clone();
    problems.extend(engine.unbalanced());
    problems.extend(site.calendar.ended_before(engine.present_day()));
    problems.extend(doctor::examine(site));
    problems.extend(examine::examine(site));
    for problem in &problems {
        write_err(&problem.line(text));
    }
    let count = |severity| problems.iter().filter(|p| p.severity == severity).count();
    let errors = count(Severity::Error);
    let at = engine.end_of(engine.present_day());
    let figures = engine.figures(at, &engine.sources(at.secs));
    let checked = Message::new("cli.checked")
        .with("errors", errors)
        .with("warnings", count(Severity::Warning))
        .with("tables", engine.tables.len())
        .with("rows", engine.rows())
        .with("indicators", site.indicators.len())
        .with("areas", site.areas.len());
    let losses = Losses::of(site, &figures);
    // For another program there is the table and nothing else.
    let is_for_people = match args.get_one::<String>("format").map(String::as_str) {
        Some("csv") => {
            write_out(&losses.csv());
            false
        }
        Some("json") => {
            write_out(&losses.json());
            false
        }
        _ => {
            write_out(&format!("{}\n{}", text.say(&checked), losses.table(text, lang, args.get_flag("all"))));
            true
        }
    };
    // Checking reads everything anyway: what passed is kept for the day a delivery does not.
    quarantine::keep(site, &|| true);
    let tampered = audit(site, text, is_for_people);
    Ok(if errors > 0 || tampered { Exit::Data } else { Exit::Done })
}

/// Checks the audit log and tells; whether it was tampered with. A program that reads the output is told in the exit code.
fn audit(site: &Site, text: &Messages, is_for_people: bool) -> bool {
    /// More findings than this say nothing new.
    const MOST: usize = 20;
    let log = match Log::of(site) {
        Ok(log) => log,
        Err(err) => {
            write_err(&text.say(&Message::new("cli.audit_unread").with("error", err)));
            return false;
        }
    };
    match log.verify() {
        Ok((lines, findings)) => {
            for finding in findings.iter().take(MOST) {
                write_err(&text.say(&finding.message()));
            }
            let said = Message::new("cli.audit")
                .with("lines", lines)
                .with("findings", findings.len())
                .with("path", log.path().display());
            if is_for_people {
                write_out(&format!("{}\n", text.say(&said)));
            }
            !findings.is_empty()
        }
        // A log that is not there for this machine is no fault of the site's.
        Err(err) => {
            write_err(&text.say(&Message::new("cli.audit_unread").with("error", err)));
            false
        }
    }
}
