//! What happens to a part that the door refuses: it is recorded, and the last good copy of it stands in. Owns the
//! folder of the program's memory of a site; never holds a refused content, and never changes a file of the site.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use polars::prelude::{DataFrame, ParquetWriter};

use crate::privacy::door;
use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Table};
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::snapshot::Held;

use super::admit::Part;
use super::read;

/// Folder where the program remembers what happened to a site: `$XDG_STATE_HOME/onemap/ID-HASH` (else
/// `~/.local/state`), `%LOCALAPPDATA%\onemap\…` on Windows. The hash is of the site's path, since two copies of a site
/// have one id. None where the machine names no home.
#[must_use]
pub fn state_folder(site: &Site) -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = named("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| if cfg!(windows) { named("LOCALAPPDATA") } else { None })
        .or_else(|| named("HOME").map(|home| home.join(".local").join("state")))?;
    let place = site.dir.canonicalize().unwrap_or_else(|_| site.dir.clone());
    let id: String =
        site.meta.id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    Some(base.join("onemap").join(format!("{id}-{:08x}", hash(place.as_os_str().as_encoded_bytes()))))
}

/// FNV-1a, 32 bits: the same on every machine and in every version.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Reads one part of a table. A part that is refused is recorded, and its last good copy is read in its place.
#[must_use]
pub fn read_part(site: &Site, table: &Table, path: &Path, columns: &[&str]) -> Part {
    let mut part = read::read(site, table, path, columns);
    if part.broken.is_empty() {
        return part;
    }
    record(site, table, path, &part);
    let copy = copies(site, table, path).into_iter().filter_map(|(stamp, copy)| {
        let read = read::read_as(site, table, &copy, &copy, columns);
        read.broken.is_empty().then_some((stamp, read))
    });
    let told = name_of(site, path);
    let held = match copy.max_by_key(|(stamp, _)| stamp.nanos) {
        Some((stamp, good)) => {
            part.frame = good.frame;
            Held::Copy(i64::try_from(stamp.nanos / 1_000_000_000).unwrap_or(0))
        }
        None => Held::Nothing,
    };
    if site.state.is_some() {
        part.problems.push(Problem::warning(told, held_message(site, &table.id, held)));
    }
    part.held = Some(held);
    part
}

/// What is told of a table (or dataset) of which something was refused.
#[must_use]
pub fn held_message(site: &Site, name: &str, held: Held) -> Message {
    let message = match held {
        Held::Parts => Message::new("problem.held_parts"),
        Held::Copy(secs) => {
            let date = crate::site::civil::date_of(site.zone.day_of(secs));
            Message::new("problem.held_copy").with("date", date)
        }
        Held::Nothing => Message::new("problem.held_nothing"),
    };
    message.with("table", name)
}

/// Size and time of a file: while both stay, so did its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    nanos: u128,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        let nanos = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        Some(Self { size: meta.len(), nanos })
    }
}

/// Name of a part below the site's folder; a name that itself breaks a rule is not repeated.
#[must_use]
pub fn name_of(site: &Site, path: &Path) -> PathBuf {
    let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let shown = site.relative(path);
    if door::broken_rules(&name, &|_| false).is_empty() {
        return shown.to_owned();
    }
    shown.with_file_name(Path::new("#").with_extension(path.extension().unwrap_or_default()))
}

/// Writes down that a part was refused: when, which file, which rules. Once for each version of a file.
fn record(site: &Site, table: &Table, path: &Path, part: &Part) {
    const MOST: usize = 1_000;
    let Some(state) = &site.state else { return };
    let stamp = Stamp::of(path);
    let line = serde_json::json!({
        "table": table.id,
        "file": name_of(site, path).to_string_lossy().replace('\\', "/"),
        "bytes": stamp.map_or(0, |s| s.size),
        "modified": stamp.and_then(|s| i64::try_from(s.nanos / 1_000_000_000).ok()).map(|secs| site.zone.iso(secs)),
        "rules": part.broken,
    });
    let file = state.join("quarantine").join("refused.ndjson");
    let mut lines: Vec<serde_json::Value> = fs::read_to_string(&file)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let same = |old: &serde_json::Value| {
        line.as_object().is_some_and(|line| line.iter().all(|(key, value)| old.get(key) == Some(value)))
    };
    if lines.iter().any(same) {
        return;
    }
    let mut line = line;
    if let Some(line) = line.as_object_mut() {
        let now = site.zone.iso(jiff::Timestamp::now().as_second());
        line.insert("refused".to_owned(), now.into());
    }
    lines.push(line);
    let first = lines.len().saturating_sub(MOST);
    let text: String = lines.iter().skip(first).map(|line| format!("{line}\n")).collect();
    if let Err(err) = write_whole(&file, |out| out.write_all(text.as_bytes())) {
        log::warn!("cannot record a refused part: {}", err.kind());
    }
}

/// Writes a file beside its place and then moves it there, so that nobody meets half a file.
fn write_whole(path: &Path, write: impl FnOnce(&mut fs::File) -> std::io::Result<()>) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&beside)
        .and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    written
}

/// Folder of a table's copies.
fn copies_of(site: &Site, table: &Table) -> Option<PathBuf> {
    Some(site.state.as_ref()?.join("good").join(&table.id))
}

/// The copies of a part: `NAME.EXT.SIZE.NANOS.parquet`.
fn copies(site: &Site, table: &Table, path: &Path) -> Vec<(Stamp, PathBuf)> {
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else { return Vec::new() };
    let Some(entries) = copies_of(site, table).and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let copy = entry.file_name().into_string().ok()?;
            let (of, stamp) = parse_name(&copy)?;
            (of == name).then(|| (stamp, entry.path()))
        })
        .collect()
}

fn parse_name(copy: &str) -> Option<(&str, Stamp)> {
    let rest = copy.strip_suffix(".parquet")?;
    let (rest, nanos) = rest.rsplit_once('.')?;
    let (name, size) = rest.rsplit_once('.')?;
    Some((name, Stamp { size: size.parse().ok()?, nanos: nanos.parse().ok()? }))
}

/// Keeps a copy of every part that passes the door and is not kept yet, and lets go of copies whose part is gone. Looks
/// only at sizes and times where nothing changed. A folder that cannot be written to costs the copies, nothing else.
/// `go_on` is asked before each part. Returns how many copies were written.
pub fn keep(site: &Site, go_on: &dyn Fn() -> bool) -> usize {
    let mut written = 0;
    for (_, table) in site.tables() {
        let Some(folder) = copies_of(site, table) else { return written };
        let parts = read::parts(site, "data", &table.id);
        for path in &parts {
            if !go_on() {
                return written;
            }
            match keep_part(site, table, &folder, path) {
                Ok(true) => written += 1,
                Ok(false) => {}
                Err(kind) => {
                    log::warn!("cannot keep copies of good data: {kind}");
                    return written;
                }
            }
        }
        forget_gone(&folder, &parts);
    }
    written
}

fn keep_part(site: &Site, table: &Table, folder: &Path, path: &Path) -> Result<bool, std::io::ErrorKind> {
    let (Some(stamp), Some(name)) = (Stamp::of(path), path.file_name().and_then(|n| n.to_str())) else {
        return Ok(false);
    };
    let kept = copies(site, table, path);
    if kept.iter().any(|(known, _)| *known == stamp) {
        return Ok(false);
    }
    let mut columns: Vec<&str> = table.columns.iter().map(|c| c.id.as_str()).collect();
    columns.push(ARRIVED_COLUMN);
    let part = read::read(site, table, path, &columns);
    // A part that changed while it was read is left to the next time.
    if !part.broken.is_empty() || Stamp::of(path) != Some(stamp) {
        return Ok(false);
    }
    let mut frame: DataFrame = part.frame.into_frame();
    let copy = folder.join(format!("{name}.{}.{}.parquet", stamp.size, stamp.nanos));
    write_whole(&copy, |file| {
        let written = ParquetWriter::new(file).finish(&mut frame);
        written.map(drop).map_err(|err| std::io::Error::other(super::quiet(&err)))
    })
    .map_err(|err| err.kind())?;
    // The new copy is there: the older ones have done their work.
    for (_, old) in kept {
        drop(fs::remove_file(old));
    }
    Ok(true)
}

fn forget_gone(folder: &Path, parts: &[PathBuf]) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let present: Vec<&str> = parts.iter().filter_map(|p| p.file_name()?.to_str()).collect();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().into_string().unwrap_or_default();
        if parse_name(&name).is_some_and(|(of, _)| !present.contains(&of)) {
            drop(fs::remove_file(entry.path()));
        }
    }
}
