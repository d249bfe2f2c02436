//! A watched folder: new or replaced files become rows. Owns when a file is complete and that it is read once; looks
//! at the folder instead of asking the system to tell, since shares of other machines tell nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::{DataFrame, ParquetReader, SerReader as _};

use super::appeals::Appeals;
use super::cells::Cells;
use super::sheet::{self, CHUNK_ROWS, Rows};
use super::tap::{Source, Tap, Trouble};
use super::{Cursor, Parcel, admit};
use crate::site::Site;
use crate::site::datasets::Table;
use crate::site::feeds::FolderMeta;
use crate::site::problem::Problem;
use crate::site::text::Message;
use crate::store::{Admitted, quarantine, quiet};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// A folder to watch.
#[derive(Debug)]
pub struct Folder {
    meta: FolderMeta,
    seen: HashMap<PathBuf, Seen>,
}

/// A file as it was last seen.
#[derive(Debug, Clone)]
struct Seen {
    mark: String,
    since: Instant,
}

/// A file that is complete and was not read in this state.
#[derive(Debug)]
struct Due {
    path: PathBuf,
    name: String,
    mark: String,
    table: String,
}

impl Folder {
    /// For a declaration.
    #[must_use]
    pub fn new(meta: FolderMeta) -> Self {
        Self { meta, seen: HashMap::new() }
    }

    fn scan(&mut self, tap: &mut Tap, dir: &Path) -> Result<(Vec<Due>, usize), Trouble> {
        let failed = |err: std::io::Error| {
            let message = Message::new("status.feed.folder").with("dir", dir.display());
            Trouble::Failed(message.with("error", err))
        };
        let quiet = Duration::try_from_secs_f64(self.meta.quiet_seconds.clamp(0.0, 3600.0)).unwrap_or(LOOK);
        let (mut due, mut growing) = (Vec::new(), 0);
        let mut there = HashMap::new();
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            let Ok(entry) = entry else { continue };
            // A link may point anywhere, also out of the folder.
            let Ok(meta) = entry.metadata() else { continue };
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let Some(table) = self.table_of(&name).filter(|_| meta.is_file() && !entry.path().is_symlink())
            else {
                continue;
            };
            let changed = meta.modified().ok().and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
            let mark = format!("{}:{}", meta.len(), changed.unwrap_or_default().as_nanos());
            let before = self.seen.get(&path).filter(|seen| seen.mark == mark).cloned();
            let seen = before.unwrap_or_else(|| Seen { mark: mark.clone(), since: Instant::now() });
            if let Some(shown) = nameless(tap.site(), &path) {
                // Such a name is not kept in the journal either, so it is told once per start.
                if !self.seen.contains_key(&path) {
                    let message = Message::new("problem.file_name").with("table", &table);
                    tap.refuse(&Problem::error(PathBuf::from(tap.id()).join(shown), message));
                }
            } else if tap.cursor(&name) != Some(mark.as_str()) {
                if seen.since.elapsed() >= quiet {
                    due.push(Due { path: path.clone(), name, mark, table });
                } else {
                    growing += 1;
                }
            }
            there.insert(path, seen);
        }
        self.seen = there;
        due.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((due, growing))
    }

    /// The table of a file name: the longest one that the name begins with.
    fn table_of(&self, name: &str) -> Option<String> {
        let (stem, extension) = name.rsplit_once('.')?;
        let known =
            ["csv", "txt", "ndjson", "jsonl", "json", "parquet", "geojson", "xlsx", "xls", "xlsb", "ods"];
        if !known.contains(&extension.to_lowercase().as_str()) {
            return None;
        }
        let begins = |table: &&String| {
            stem.strip_prefix(table.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']))
        };
        self.meta.tables.iter().filter(begins).max_by_key(|t| t.len()).cloned()
    }
}

/// What stands for the name of a file whose name itself may not come in.
fn nameless(site: &Site, path: &Path) -> Option<PathBuf> {
    let shown = quarantine::name_of(site, path);
    (shown != site.relative(path)).then(|| shown.file_name().map(PathBuf::from).unwrap_or_default())
}

/// One file on its way in.
struct Reading<'a> {
    site: &'a Site,
    table: &'a Table,
    cells: Cells<'a>,
    appeals: Option<Appeals<'a>>,
    shown: PathBuf,
    trouble: Option<Trouble>,
    /// The last parcel waits: only with it the file counts as read.
    last: Option<Parcel>,
    refused_whole: bool,
}

impl Reading<'_> {
    /// Rows of texts through the door; false where no more are wanted.
    fn take(&mut self, tap: &mut Tap, rows: Rows) -> bool {
        let rows = match &self.appeals {
            Some(appeals) => {
                let mapped = appeals.map(&rows);
                tap.exclude(mapped.excluded);
                tap.drop_cells(mapped.dropped);
                mapped.rows
            }
            None => rows,
        };
        for (line, message) in rows.bad {
            tap.refuse(&Problem::warning(&self.shown, message).at(Some(line), None));
        }
        if rows.cells.is_empty() {
            return true;
        }
        let height = rows.cells.len();
        let mut columns: Vec<Option<Vec<Option<String>>>> = self.table.columns.iter().map(|_| None).collect();
        let mut undeclared = Vec::new();
        for (at, header) in rows.headers.iter().enumerate() {
            let values = || rows.cells.iter().map(move |row| row.get(at).and_then(Option::as_deref));
            if let Some(place) = self.cells.column(header) {
                let read = values().map(|t| t.and_then(|t| self.cells.read(place, t))).collect();
                if let Some(column) = columns.get_mut(place) {
                    *column = Some(read);
                }
            } else if !header.trim().is_empty() || values().any(|v| v.is_some()) {
                undeclared.push(header.trim().to_owned());
            }
        }
        let mut frame: Vec<polars::prelude::Column> = Vec::new();
        for (declared, values) in self.table.columns.iter().zip(columns) {
            let missing = || declared.nullable.then(|| vec![None; height]);
            if let Some(values) = values.or_else(missing) {
                frame.push(polars::prelude::Column::new(declared.id.as_str().into(), values));
            }
        }
        // A column that is not declared goes to the door like the others, which refuses it by name.
        if let Some(name) = undeclared.first() {
            frame.push(polars::prelude::Column::new(name.as_str().into(), vec![None::<String>; height]));
        }
        let Ok(frame) = DataFrame::new(height, frame) else { return true };
        // Rows are told by the line they were on, whatever the file's form.
        let admitted = admit::texts(self.site, self.table, frame, Path::new("rows"));
        self.pass(tap, admitted, &|row| rows.lines.get(row - 1).copied())
    }

    fn pass(
        &mut self,
        tap: &mut Tap,
        mut admitted: admit::Passed,
        line: &dyn Fn(usize) -> Option<usize>,
    ) -> bool {
        for problem in &mut admitted.problems {
            problem.file.clone_from(&self.shown);
            problem.row = problem.row.and_then(line);
            self.refused_whole |=
                problem.row.is_none() && problem.severity == crate::site::problem::Severity::Error;
        }
        tap.account(&admitted);
        if self.refused_whole {
            return false;
        }
        let next = Parcel::now(&self.table.id, admitted.rows);
        if let Some(before) = self.last.replace(next)
            && let Err(trouble) = tap.send(before)
        {
            self.trouble = Some(trouble);
            return false;
        }
        !tap.stop().is_given()
    }

    fn parquet(&mut self, tap: &mut Tap, path: &Path) -> Result<(), Message> {
        let broken = |kind: String| Message::new("problem.unreadable").with("error", kind);
        let mut from = 0;
        loop {
            let file = std::fs::File::open(path).map_err(|e| broken(e.kind().to_string()))?;
            let rows = ParquetReader::new(file)
                .with_slice(Some((from, CHUNK_ROWS)))
                .finish()
                .map_err(|e| broken(quiet(&e)))?;
            let height = rows.height();
            if height == 0 {
                return Ok(());
            }
            let admitted = admit::typed(self.site, self.table, rows, Path::new("rows"));
            if !self.pass(tap, admitted, &|row| Some(from + row)) || height < CHUNK_ROWS {
                return Ok(());
            }
            from += height;
        }
    }
}

fn read_file(tap: &mut Tap, site: &Site, meta: &FolderMeta, due: &Due) -> Result<(), Trouble> {
    let Some(table) = site.table(&due.table) else { return Ok(()) };
    let mut reading = Reading {
        site,
        table,
        cells: Cells::new(site, table),
        appeals: meta.appeals.as_ref().and_then(|meta| Appeals::new(site, table, meta)),
        shown: PathBuf::from(tap.id()).join(&due.name),
        trouble: None,
        last: None,
        refused_whole: false,
    };
    let extension = due.name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let read = if extension == "parquet" {
        reading.parquet(tap, &due.path)
    } else {
        sheet::read(&due.path, &extension, &mut |rows| reading.take(tap, rows))
    };
    if let Some(trouble) = reading.trouble {
        return Err(trouble);
    }
    if tap.stop().is_given() {
        return Err(Trouble::Stopped);
    }
    if let Err(message) = read {
        tap.refuse(&Problem::error(&reading.shown, message));
    }
    let last = reading.last.unwrap_or_else(|| Parcel::now(&due.table, Admitted::default()));
    let changed = std::fs::metadata(&due.path).map(|m| m.len());
    // Changed while it was read: what came is kept, and the file is read again.
    let cursor = changed
        .is_ok_and(|len| due.mark.starts_with(&format!("{len}:")))
        .then(|| Cursor { name: due.name.clone(), value: due.mark.clone() });
    tap.send(Parcel { cursor, ..last })?;
    Ok(())
}

impl Source for Folder {
    fn run(&mut self, tap: &mut Tap) -> Result<(), Trouble> {
        let site = Arc::clone(tap.site());
        let dir = site.dir.join(&self.meta.path);
        loop {
            let (due, growing) = self.scan(tap, &dir)?;
            let of = (due.len() + growing) as u64;
            for (done, file) in due.iter().enumerate() {
                tap.catching_up(done as u64, Some(of));
                let began = Instant::now();
                read_file(tap, &site, &self.meta, file)?;
                log::info!("{}: {} read in {:.1} s", tap.id(), file.name, began.elapsed().as_secs_f32());
            }
            if growing == 0 {
                tap.live();
            }
            if tap.stop().wait(LOOK) {
                return Err(Trouble::Stopped);
            }
        }
    }
}
