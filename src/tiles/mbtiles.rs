//! MBTiles archives (specification 1.3): tiles in an SQLite database. Owns opening it for reading only and the limits
//! of what a question to it may cost, so that a broken or hostile file is told and never trusted; never writes, neither
//! into the file nor beside it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Row};
use serde_json::{Map, Value};

use super::address::Address;
use super::archive::gunzip;
use super::{Content, Info, MOST_TILE, TileError, picture};

/// What an SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Bytes of its header.
const HEADER: usize = 100;
/// Lines of the table of metadata that are read.
const MOST_LINES: i64 = 1_000;
/// Steps of the database's machine between two looks at what a question has cost.
const STEPS: i32 = 100_000;
/// Such stretches that one question may take: about a second. A tile found by an index takes none of them.
const MOST_STRETCHES: u32 = 300;

/// An open database of tiles.
#[derive(Debug)]
pub struct Database {
    rows: Connection,
    /// Stretches of steps that the question being asked has taken.
    stretches: Arc<AtomicU32>,
    /// What the archive says about itself.
    pub info: Info,
}

impl Database {
    /// Opens a database and reads its metadata.
    ///
    /// # Errors
    /// The file is not there, is no database, holds no tiles, or holds some that are not read.
    pub fn open(path: &Path) -> Result<Self, TileError> {
        let is_cut = is_cut(path)?;
        let rows = connect(path)?;
        let stretches = Arc::new(AtomicU32::new(0));
        let mut database = Self { rows, stretches, info: Info { is_cut, ..Info::default() } };
        database.bound().map_err(|err| database.failed(&err))?;
        database.read_metadata()?;
        Ok(database)
    }

    /// What a question may do and cost.
    fn bound(&mut self) -> rusqlite::Result<()> {
        // Views and triggers of a file from elsewhere call nothing but what only computes.
        self.rows.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        self.rows.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        self.rows.pragma_update(None, "cell_size_check", true)?;
        self.rows.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_TILE as i32)?;
        let stretches = Arc::clone(&self.stretches);
        let is_over = move || stretches.fetch_add(1, Ordering::Relaxed) >= MOST_STRETCHES;
        self.rows.progress_handler(STEPS, Some(is_over))
    }

    fn read_metadata(&mut self) -> Result<(), TileError> {
        // A database without tiles is no MBTiles, whatever else it holds.
        self.rows.prepare("SELECT tile_data FROM tiles").map_err(|err| match self.failed(&err) {
            TileError::Corrupt => TileError::NoArchive("MBTiles"),
            other => other,
        })?;
        // What an archive says about itself is worth having; a tile is drawn without it.
        let told = self.metadata().unwrap_or_default();
        let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
        let zoom = |name: &str| text(name).trim().parse::<u8>().ok();
        let zooms = zoom("minzoom").zip(zoom("maxzoom"));
        let (least, most) = zooms.map_or_else(|| self.zooms(), Ok)?;
        let format = match text("format") {
            "" => self.first_format()?,
            told => content(told).ok_or_else(|| TileError::Unsupported(told.to_owned()))?,
        };
        self.info.content = format;
        (self.info.min_zoom, self.info.max_zoom) = (least, most.min(Address::DEEPEST));
        if self.info.min_zoom > self.info.max_zoom {
            return Err(TileError::Corrupt);
        }
        self.info.bounds = bounds(text("bounds"));
        self.info.tell(&Value::Object(told));
        Ok(())
    }

    /// Lines of the metadata, their values as texts; `schematic` as the truth that [`Info`] expects.
    fn metadata(&self) -> rusqlite::Result<Map<String, Value>> {
        self.stretches.store(0, Ordering::Relaxed);
        let mut question = self.rows.prepare("SELECT name, value FROM metadata LIMIT ?1")?;
        let mut lines = question.query([MOST_LINES])?;
        let mut told = Map::new();
        while let Some(line) = lines.next()? {
            let (name, value) = (word(line, 0)?, word(line, 1)?);
            let value = if name == "schematic" { Value::Bool(value == "true") } else { Value::String(value) };
            told.insert(name, value);
        }
        Ok(told)
    }

    /// Lowest and deepest zoom of the tiles that are there, where the metadata does not say.
    fn zooms(&self) -> Result<(u8, u8), TileError> {
        // Two questions: the index answers each from one end.
        const ENDS: &str = "SELECT (SELECT min(zoom_level) FROM tiles), (SELECT max(zoom_level) FROM tiles)";
        self.stretches.store(0, Ordering::Relaxed);
        let ends = self.rows.query_row(ENDS, [], |row| Ok((row.get(0)?, row.get(1)?)));
        let (least, most): (Option<u8>, Option<u8>) = ends.map_err(|err| self.failed(&err))?;
        Ok((least.unwrap_or(0), most.unwrap_or(0)))
    }

    /// What the first tile holds, where the metadata does not say.
    fn first_format(&self) -> Result<Content, TileError> {
        self.stretches.store(0, Ordering::Relaxed);
        let first = self.rows.query_row("SELECT tile_data FROM tiles LIMIT 1", [], blob);
        match first {
            Ok(bytes) if picture::format(&bytes).is_some() => Ok(Content::Raster),
            Ok(_) | Err(Error::QueryReturnedNoRows) => Ok(Content::Vector),
            Err(err) => Err(self.failed(&err)),
        }
    }

    /// The bytes of a tile, unpacked; none where the archive holds no such tile.
    ///
    /// # Errors
    /// The file is cut off or damaged where the tile lies, what is there is no tile, or it was not found in time.
    pub fn tile(&mut self, address: Address) -> Result<Option<Vec<u8>>, TileError> {
        const ONE: &str =
            "SELECT tile_data FROM tiles WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3";
        let Address { z, x, y } = address;
        // Rows are counted from the south.
        let Some(row) = ((1_u64 << z) - 1).checked_sub(u64::from(y)).filter(|_| z <= Address::DEEPEST) else {
            return Ok(None);
        };
        self.stretches.store(0, Ordering::Relaxed);
        match self.rows.query_row(ONE, [i64::from(z), i64::from(x), row as i64], blob) {
            Ok(bytes) if bytes.starts_with(&[0x1f, 0x8b]) => gunzip(&bytes, MOST_TILE).map(Some),
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::QueryReturnedNoRows) => Ok(None),
            Err(err) => Err(self.failed(&err)),
        }
    }

    fn failed(&self, error: &Error) -> TileError {
        match error {
            Error::SqliteFailure(told, _) => match told.code {
                ErrorCode::NotADatabase => TileError::NoArchive("MBTiles"),
                ErrorCode::OperationInterrupted => TileError::Unindexed,
                ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                    TileError::Unreadable(error.to_string())
                }
                _ if self.info.is_cut => TileError::Truncated,
                _ => TileError::Corrupt,
            },
            _ if self.info.is_cut => TileError::Truncated,
            _ => TileError::Corrupt,
        }
    }
}

/// Whether the file is shorter than its header says, or a part of it still lies in another file beside it.
fn is_cut(path: &Path) -> Result<bool, TileError> {
    let unreadable = |err: std::io::Error| match err.kind() {
        std::io::ErrorKind::NotFound => TileError::Missing,
        _ => TileError::Unreadable(err.to_string()),
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut header = Vec::with_capacity(HEADER);
    file.by_ref().take(HEADER as u64).read_to_end(&mut header).map_err(unreadable)?;
    if !header.starts_with(MAGIC.get(..header.len().min(MAGIC.len())).unwrap_or_default()) {
        return Err(TileError::NoArchive("MBTiles"));
    }
    if header.len() < HEADER {
        return Err(TileError::Truncated);
    }
    let number =
        |at: usize| header.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    // The size of a page in the upper half of the word at 16, where 1 means 65,536.
    let page = match number(16) >> 16 {
        1 => 65_536,
        other => u64::from(other),
    };
    // The count of pages holds if it was written with the last change.
    let is_told = number(24) == number(92);
    let is_short = is_told && u64::from(number(28)) * page > size;
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        std::fs::metadata(PathBuf::from(name)).is_ok_and(|m| m.len() > 0)
    };
    Ok(is_short || beside("-wal") || beside("-journal"))
}

/// Opens the file as one that nobody changes: nothing is locked, and nothing is made beside it.
fn connect(path: &Path) -> Result<Connection, TileError> {
    let unreadable = |text: String| TileError::Unreadable(text);
    let whole = std::path::absolute(path).map_err(|err| unreadable(err.to_string()))?;
    let mut url =
        reqwest::Url::from_file_path(&whole).map_err(|()| unreadable(whole.display().to_string()))?;
    url.set_query(Some("immutable=1"));
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(url.as_str(), flags).map_err(|err| unreadable(err.to_string()))
}

/// A value as a text; numbers too are written so by some programs.
fn word(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    })
}

fn blob(row: &Row<'_>) -> rusqlite::Result<Vec<u8>> {
    row.get(0)
}

/// What tiles of a format hold, for those that are read.
fn content(format: &str) -> Option<Content> {
    match format {
        "pbf" | "mvt" | "application/vnd.mapbox-vector-tile" => Some(Content::Vector),
        "png" | "jpg" | "jpeg" | "webp" | "image/png" | "image/jpeg" | "image/webp" => Some(Content::Raster),
        _ => None,
    }
}

/// West, south, east, north.
fn bounds(text: &str) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = text.split(',').map_while(|n| n.trim().parse().ok()).collect();
    numbers.try_into().ok().filter(|all: &[f64; 4]| all.iter().all(|n| n.is_finite()))
}
