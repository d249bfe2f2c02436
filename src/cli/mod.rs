//! The command line: its words, its language, its exit codes. One file per subcommand. Data goes to stdout, progress
//! and messages to stderr.

mod args;
mod bench;
pub mod check;
pub mod compute;
mod generate;
mod losses;
mod progress;
mod run;
mod secret;
pub mod snapshot;
mod sql;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::audit::{Deed, Log};
use crate::drawn::Drawn;
use crate::engine::{self, Depth, Engine, Start};
use crate::export;
use crate::memory;
use crate::site::areas::AreaId;
use crate::site::problem::Problem;
use crate::site::text::{Lang, Message, Messages};
use crate::site::{self, Site, SiteError};
use crate::snapshot::EpochSecs;
use crate::sources::debrief;
use crate::store::quarantine;

pub use args::{command, language};

/// How a run ended; the numbers are a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// The data or the site is at fault.
    Data,
    /// Wrong usage.
    Usage,
    /// The machine lacks something.
    Machine,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Data => 1,
            Exit::Usage => 2,
            Exit::Machine => 3,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    /// How the run ends.
    pub exit: Exit,
    /// What to tell.
    pub message: Message,
    /// Findings to list before it.
    pub problems: Vec<Problem>,
}

impl Failure {
    /// A failure without findings.
    #[must_use]
    pub const fn new(exit: Exit, message: Message) -> Self {
        Self { exit, message, problems: Vec::new() }
    }

    fn usage(message: Message) -> Self {
        Self::new(Exit::Usage, message)
    }
}

/// Runs the program with arguments (the first is its name).
#[must_use]
pub fn main(arguments: &[std::ffi::OsString], began: std::time::Instant) -> ExitCode {
    let lang = language(arguments);
    let text = Messages::built_in(lang);
    let matches = match command(&text).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(err) if !err.use_stderr() => {
            write_out(&err.render().to_string());
            return Exit::Done.into();
        }
        Err(err) => {
            write_err(&text.say(&args::usage_problem(&err)));
            write_err(text.get("cli.see_help"));
            return Exit::Usage.into();
        }
    };
    let result = args::dispatch(&matches, lang, began);
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            for problem in &failure.problems {
                write_err(&problem.line(&text));
            }
            write_err(&text.say(&failure.message));
            failure.exit.into()
        }
    }
}

/// Writes data to stdout; a closed pipe (`| head`) is no failure.
#[expect(clippy::let_underscore_must_use, reason = "nobody is left to tell")]
pub(crate) fn write_out(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Writes a line to stderr.
#[expect(clippy::let_underscore_must_use, reason = "nobody is left to tell")]
pub(crate) fn write_err(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The folder to open: the one named, else the sample site beside the program or above it.
#[must_use]
pub fn site_dir(named: Option<&PathBuf>) -> PathBuf {
    const SAMPLE: &str = "sample-data/pingshan";
    if let Some(named) = named {
        return named.clone();
    }
    let here = PathBuf::from(SAMPLE);
    if here.is_dir() {
        return here;
    }
    let program = std::env::current_exe().unwrap_or_default();
    let beside = program.ancestors().map(|a| a.join(SAMPLE)).find(|p| p.is_dir());
    beside
        .or_else(|| Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE)).filter(|p| p.is_dir()))
        .unwrap_or(here)
}

/// Opens a site.
///
/// # Errors
/// What is wrong with the folder, with exit code 1.
pub fn open(dir: &Path) -> Result<(Arc<Site>, Vec<Problem>), Failure> {
    match site::load(dir) {
        Ok((mut site, problems)) => {
            site.state = quarantine::state_folder(&site);
            Ok((Arc::new(site), problems))
        }
        Err(SiteError::NoFolder(dir)) => Err(no_site(&dir)),
        Err(SiteError::NotASite(dir)) => {
            Err(Failure::new(Exit::Data, Message::new("cli.not_a_site").with("dir", dir.display())))
        }
        Err(SiteError::Broken(problems)) => Err(broken(problems)),
    }
}

fn no_site(dir: &Path) -> Failure {
    Failure::new(Exit::Data, Message::new("cli.no_site").with("dir", dir.display()))
}

fn broken(problems: Vec<Problem>) -> Failure {
    let errors = problems.iter().filter(|p| p.severity == site::problem::Severity::Error).count();
    Failure { exit: Exit::Data, message: Message::new("cli.broken_site").with("count", errors), problems }
}

/// Notes that figures of an area leave the program. Where that cannot be noted, those of the finest level stay inside,
/// and the others leave with a warning: a machine without a place for its log can still compute.
fn audited(site: &Site, lang: Lang, what: &'static str, area: AreaId, rest: &str) -> Result<(), Failure> {
    let area = site.areas.get(area);
    noted(site, lang, what, area.level >= site.figure_level(), &format!("area={}", area.code), rest)
}

/// The same for a drawn shape: it can be as small as the finest area.
fn audited_shape(
    site: &Site,
    lang: Lang,
    what: &'static str,
    shape: &Drawn,
    rest: &str,
) -> Result<(), Failure> {
    noted(site, lang, what, true, &format!("area={} {}", export::DRAWN, shape.log_words()), rest)
}

fn noted(
    site: &Site,
    lang: Lang,
    what: &'static str,
    is_finest: bool,
    area: &str,
    rest: &str,
) -> Result<(), Failure> {
    let depth = if is_finest { " finest" } else { "" };
    let filter = format!("{area}{depth} {rest}");
    let Err(err) = Log::of(site).and_then(|log| log.note(&Deed { what, filter })) else { return Ok(()) };
    if is_finest {
        return Err(Failure::new(Exit::Machine, Message::new("cli.audit_failed").with("error", err)));
    }
    write_err(&site.messages(lang).say(&Message::new("cli.audit_skipped").with("error", err)));
    Ok(())
}

/// Opens a site and measures its data, with a progress bar where a person watches.
///
/// # Errors
/// What is wrong with the site.
pub fn measure(dir: &Path, lang: Lang, depth: Depth) -> Result<Engine, Failure> {
    measured(dir, lang, depth, false).map(|start| start.engine)
}

/// The same, from the cube that an earlier run kept where there is one.
///
/// # Errors
/// What is wrong with the site.
fn start(dir: &Path, lang: Lang, depth: Depth) -> Result<Start, Failure> {
    measured(dir, lang, depth, true)
}

fn measured(dir: &Path, lang: Lang, depth: Depth, uses_kept: bool) -> Result<Start, Failure> {
    if depth != Depth::Needed {
        memory::small_pages();
    }
    let (site, problems) = open(dir)?;
    // What came live is known too; `check` is about the files.
    let live = debrief::late_rows(&site).filter(|_| depth != Depth::Everything);
    let depth = if live.is_some() { Depth::Needed } else { depth };
    let bar = progress::Bar::new(site.messages(lang).get("cli.loading"));
    let step = |done, of| bar.step(done, of);
    let started = if uses_kept {
        engine::start(site, depth, &step)
    } else {
        engine::build(site, depth, &step).map(|engine| Start { engine, to_keep: None })
    };
    let mut started = started.map_err(broken)?;
    bar.finish();
    let engine = &mut started.engine;
    if let Some(live) = live {
        live(EpochSecs::MAX).and_then(|arrived| engine.take_in(arrived)).map_err(broken)?;
    }
    engine.problems.splice(0..0, problems);
    Ok(started)
}
