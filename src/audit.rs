//! Who took figures out or looked at the finest level: one line each, in a local file that only grows, each line
//! bound to the one before by SHA-256. Owns the file's form, its place and its checking; never holds a figure.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Sender, bounded};
use sha2::{Digest as _, Sha256};

use crate::site::Site;
use crate::site::text::Message;

/// Names the folder that a program's state goes into.
const STATE_VARIABLE: &str = "XDG_STATE_HOME";

const LOG: &str = "audit.log";
const END: &str = "audit.end";
/// What the first line follows.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Between a line's content and its own hash.
const SEAL: &str = ",\"hash\":\"";
/// A filter is cut behind this many characters, so that a line stays a line.
const LONGEST: usize = 400;

/// What is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// `compute`, `snapshot` or `drill`.
    pub what: &'static str,
    /// Which figures: area, day, indicator, format.
    pub filter: String,
}

/// The log of one site.
#[derive(Debug, Clone)]
pub struct Log {
    dir: PathBuf,
}

/// The last line that was written, kept beside the log.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    count: u64,
    hash: String,
}

/// What checking a log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A line does not match its own hash, or is no line of this log.
    Edited(usize),
    /// A line does not follow the one before: lines were removed, moved or put in.
    Order(usize),
    /// Lines at the end are gone: how many the log has, how many were written.
    Cut(u64, u64),
    /// The note of the last line is gone, so that a cut end cannot be seen.
    NoEnd,
}

impl Finding {
    /// The finding in words.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Edited(line) => Message::new("cli.audit_edited").with("line", line),
            Self::Order(line) => Message::new("cli.audit_order").with("line", line),
            Self::Cut(has, of) => Message::new("cli.audit_cut").with("has", has).with("of", of),
            Self::NoEnd => Message::new("cli.audit_no_end"),
        }
    }
}

impl Log {
    /// The log of a site, in the folder of the program's state for it.
    ///
    /// # Errors
    /// The machine names no such folder.
    pub fn of(site: &Site) -> io::Result<Self> {
        let dir = site.state.clone();
        dir.map(Self::in_dir).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, STATE_VARIABLE))
    }

    /// The log in a folder.
    #[must_use]
    pub const fn in_dir(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.join(LOG)
    }

    /// Adds a line and waits until it is on the disk. Other processes wait in turn, so the chain does not fork.
    ///
    /// # Errors
    /// The folder or file cannot be made or written.
    pub fn note(&self, deed: &Deed) -> io::Result<()> {
        make_dir(&self.dir)?;
        let mut file = open(&self.path())?;
        file.lock()?;
        let last = last_line(&mut file)?;
        let mut end = self.end()?;
        let followed = match (&end, &last) {
            // The process ended between writing the line and noting it: the line is good and one ahead.
            (Some(end), Some(line)) if line.previous == end.hash && line.count == end.count + 1 => true,
            (None, Some(_)) => true,
            // Where the log does not end as noted, the next line follows the note, not the log: else a cut end would
            // be healed by the next line.
            _ => false,
        };
        if followed {
            let is_noted = end.is_some();
            end = last.map(|line| End { count: line.count, hash: line.hash });
            if !is_noted {
                let resumed = Deed { what: "resumed", filter: "audit.end was missing".to_owned() };
                end = Some(self.append(&mut file, end.as_ref(), &resumed)?);
            }
        }
        self.append(&mut file, end.as_ref(), deed)?;
        // The lock goes with the file.
        Ok(())
    }

    fn append(&self, file: &mut File, end: Option<&End>, deed: &Deed) -> io::Result<End> {
        let count = end.map_or(0, |e| e.count) + 1;
        let previous = end.map_or(NOTHING, |e| e.hash.as_str());
        let filter: String = deed.filter.chars().take(LONGEST).collect();
        let content = serde_json::json!({
            "n": count,
            "time": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "user": user(),
            "what": deed.what,
            "filter": filter,
            "previous": previous,
        })
        .to_string();
        let content = content.trim_end_matches('}');
        let hash = digest(content);
        let mut line = format!("{content}{SEAL}{hash}\"}}\n");
        if !ends_in_newline(file)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes())?;
        file.sync_data()?;
        let end = End { count, hash };
        self.keep_end(&end)?;
        Ok(end)
    }

    fn end(&self) -> io::Result<Option<End>> {
        let text = match std::fs::read_to_string(self.dir.join(END)) {
            Ok(text) => text,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(err) => return Err(err),
        };
        let read = text.trim().split_once(' ');
        Ok(read.and_then(|(count, hash)| Some(End { count: count.parse().ok()?, hash: hash.to_owned() })))
    }

    /// Written beside and moved into place, so that it is never half a note.
    fn keep_end(&self, end: &End) -> io::Result<()> {
        let beside = self.dir.join("audit.end.new");
        std::fs::write(&beside, format!("{} {}\n", end.count, end.hash))?;
        std::fs::rename(beside, self.dir.join(END))
    }

    /// Checks every line; gives the number of lines and what is wrong. No log is no finding.
    ///
    /// # Errors
    /// A file is there and cannot be read.
    pub fn verify(&self) -> io::Result<(u64, Vec<Finding>)> {
        let (text, end) = match File::open(self.path()) {
            Ok(mut file) => {
                // While a line is being written, the log and the note differ.
                file.lock_shared()?;
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                (String::from_utf8_lossy(&bytes).into_owned(), self.end()?)
            }
            Err(err) if err.kind() == io::ErrorKind::NotFound => (String::new(), self.end()?),
            Err(err) => return Err(err),
        };
        Ok(checked(&text, end.as_ref()))
    }
}

fn checked(text: &str, end: Option<&End>) -> (u64, Vec<Finding>) {
    let (mut findings, mut count) = (Vec::new(), 0u64);
    // What the next line must follow; none behind a line that cannot be trusted to tell.
    let mut before = End { count: 0, hash: NOTHING.to_owned() };
    let mut noted_at = None;
    for (number, text) in text.lines().enumerate() {
        count += 1;
        let Some(line) = Line::read(text) else {
            findings.push(Finding::Edited(number + 1));
            continue;
        };
        if !line.is_whole {
            findings.push(Finding::Edited(number + 1));
        }
        if line.previous != before.hash || line.count != before.count + 1 {
            findings.push(Finding::Order(number + 1));
        }
        before = End { count: line.count, hash: line.hash };
        if Some(&before) == end {
            noted_at = Some(number);
        }
    }
    let lines = text.lines().count();
    match end {
        None if lines > 0 => findings.push(Finding::NoEnd),
        // One line ahead of its note: the process ended between the two.
        Some(end) if noted_at.is_none_or(|at| at + 2 < lines) => {
            findings.push(Finding::Cut(before.count, end.count));
        }
        _ => {}
    }
    (count, findings)
}

/// A line as it was read.
#[derive(Debug)]
struct Line {
    count: u64,
    previous: String,
    hash: String,
    /// Its content has its hash.
    is_whole: bool,
}

impl Line {
    fn read(text: &str) -> Option<Self> {
        let (content, _) = text.rsplit_once(SEAL)?;
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let word = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let hash = word("hash")?;
        // The whole text, so that nothing can stand behind the hash.
        let is_whole = text == format!("{content}{SEAL}{}\"}}", digest(content));
        Some(Self { count: value.get("n")?.as_u64()?, previous: word("previous")?, hash, is_whole })
    }
}

fn digest(content: &str) -> String {
    Sha256::digest(content.as_bytes()).iter().fold(String::with_capacity(64), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(dir)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// The last line, where it can be read.
fn last_line(file: &mut File) -> io::Result<Option<Line>> {
    // A line is at most the filter, escaped, and some hundred bytes.
    const TAIL: u64 = 16 * 1024;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next_back().and_then(Line::read))
}

fn ends_in_newline(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0u8];
    file.read_exact(&mut byte)?;
    Ok(byte == *b"\n")
}

/// The user the process runs as: number and name. The number comes from the kernel where it can; a variable can be set
/// by anyone.
fn user() -> String {
    #[cfg(unix)]
    if let Ok(process) = std::fs::metadata("/proc/self") {
        use std::os::unix::fs::MetadataExt as _;
        let uid = process.uid().to_string();
        let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = known.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == uid).then(|| name.to_owned())
        });
        return format!("{uid} {}", name.unwrap_or_default()).trim_end().to_owned();
    }
    std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default()
}

/// Writes from a thread of its own, so that a window never waits for a disk.
#[derive(Debug, Clone)]
pub struct Writer {
    deeds: Option<Sender<Deed>>,
    failed: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread. It ends when the last writer is dropped.
    #[must_use]
    pub fn start(log: io::Result<Log>) -> Self {
        let failed = Arc::new(AtomicBool::new(false));
        let (sender, inbox) = bounded::<Deed>(64);
        let told = Arc::clone(&failed);
        let work = move |log: Log| {
            for deed in inbox {
                if let Err(err) = log.note(&deed) {
                    log::error!("audit log {}: {err}", log.path().display());
                    told.store(true, Ordering::Relaxed);
                }
            }
        };
        let started = log.and_then(|log| {
            std::thread::Builder::new().name("audit".to_owned()).spawn(move || work(log)).map(|_| ())
        });
        failed.fetch_or(started.is_err(), Ordering::Relaxed);
        Self { deeds: started.is_ok().then_some(sender), failed }
    }

    /// Hands a deed over. A full inbox counts as a failure: nothing is left out in silence.
    pub fn tell(&self, deed: Deed) {
        let taken = self.deeds.as_ref().is_some_and(|deeds| deeds.try_send(deed).is_ok());
        if !taken {
            self.failed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a line could not be written since the start.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}
