//! `onemap check`: everything that is wrong with a site, as `file:row:column`, and what would be hidden.

use std::path::PathBuf;

use clap::ArgMatches;

use crate::audit::Log;
use crate::engine::Depth;
use crate::privacy::shown::{Shown, Why};
use crate::site::Site;
use crate::site::problem::Severity;
use crate::site::text::{Lang, Message, Messages};
use crate::store::doctor;
use crate::store::quarantine;
use crate::tiles::examine;

use super::{Exit, Failure, measure, site_dir, write_err, write_out};

/// Checks and tells.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let engine = measure(&site_dir(args.get_one::<PathBuf>("site")), lang, Depth::Everything)?;
    let site = engine.site();
    let text = site.messages(lang);
    let mut problems = engine.problems.clone();
    problems.extend(doctor::examine(site));
    problems.extend(examine::examine(site));
    for problem in &problems {
        write_err(&problem.line(text));
    }
    let count = |severity| problems.iter().filter(|p| p.severity == severity).count();
    let errors = count(Severity::Error);
    let at = engine.end_of(engine.present_day());
    let figures = engine.figures(at, &engine.sources(at.secs));
    let (mut cells, mut primary, mut secondary) = (0u64, 0u64, 0u64);
    let indicators = figures.readings.iter().flatten().map(|reading| reading.value);
    let breakdowns = figures.slices.iter().flatten().flatten().map(|slice| slice.value);
    for shown in indicators.chain(breakdowns) {
        match shown {
            Shown::Value(_) | Shown::Coarse { .. } => cells += 1,
            Shown::Suppressed { why, .. } => {
                cells += 1;
                match why {
                    Why::Primary => primary += 1,
                    Why::Secondary => secondary += 1,
                }
            }
            Shown::Missing | Shown::TooFine => {}
        }
    }
    let hidden = primary + secondary;
    let tenths = (hidden * 1000).checked_div(cells).unwrap_or(0);
    let lines = [
        Message::new("cli.checked")
            .with("errors", errors)
            .with("warnings", count(Severity::Warning))
            .with("tables", engine.tables.len())
            .with("rows", engine.rows())
            .with("indicators", site.indicators.len())
            .with("areas", site.areas.len()),
        Message::new("cli.suppressed")
            .with("hidden", hidden)
            .with("cells", cells)
            .with("share", format!("{}.{}", tenths / 10, tenths % 10))
            .with("primary", primary)
            .with("secondary", secondary),
    ];
    for line in &lines {
        write_out(&format!("{}\n", text.say(line)));
    }
    // Checking reads everything anyway: what passed is kept for the day a delivery does not.
    quarantine::keep(site, &|| true);
    let tampered = audit(site, text);
    Ok(if errors > 0 || tampered { Exit::Data } else { Exit::Done })
}

/// Checks the audit log and tells; whether it cannot be relied on.
fn audit(site: &Site, text: &Messages) -> bool {
    /// More findings than this say nothing new.
    const MOST: usize = 20;
    let log = match Log::of(site) {
        Ok(log) => log,
        Err(err) => {
            write_err(&text.say(&Message::new("cli.audit_unread").with("error", err)));
            return true;
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
            write_out(&format!("{}\n", text.say(&said)));
            !findings.is_empty()
        }
        Err(err) => {
            write_err(&text.say(&Message::new("cli.audit_unread").with("error", err)));
            true
        }
    }
}
