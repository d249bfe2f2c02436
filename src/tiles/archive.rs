//! PMTiles 3 archives from a local file: header, directories, tiles, metadata. Owns reading with a limit on everything,
//! so that a broken or half-downloaded file is told and never trusted; keeps the file open and holds few directories.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::address::Address;
use super::wire::Reader;
use super::{Content, Info, MOST_TILE, TileError};

/// Bytes of the header.
const HEADER: usize = 127;
/// The largest directory or metadata that is read, packed and unpacked.
const MOST_DIRECTORY: u64 = 16 << 20;
/// Leaf directories that stay in memory.
const LEAVES: usize = 16;
/// How deep directories may lie in each other.
const MOST_DEPTH: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    number: u64,
    run: u64,
    length: u64,
    offset: u64,
}

/// How parts of an archive are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
}

/// A part of the file.
#[derive(Debug, Clone, Copy)]
struct Span {
    offset: u64,
    length: u64,
}

/// An open archive.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    file: File,
    size: u64,
    leaves_at: Span,
    tiles_at: Span,
    directories: Packing,
    tiles: Packing,
    root: Vec<Entry>,
    leaves: Vec<(u64, Vec<Entry>)>,
    /// What the archive says about itself.
    pub info: Info,
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn packing(code: u8) -> Result<Packing, TileError> {
    match code {
        1 => Ok(Packing::Plain),
        2 => Ok(Packing::Gzip),
        3 => Err(TileError::Unsupported("brotli".to_owned())),
        4 => Err(TileError::Unsupported("zstd".to_owned())),
        _ => Err(TileError::Corrupt),
    }
}

impl Archive {
    /// Opens an archive and reads its header, first directory and metadata.
    ///
    /// # Errors
    /// The file is not there, is no archive, is too short for its own first directory, or is packed in a way that is
    /// not read.
    pub fn open(path: &Path) -> Result<Self, TileError> {
        let file = File::open(path).map_err(|err| match err.kind() {
            std::io::ErrorKind::NotFound => TileError::Missing,
            _ => TileError::Unreadable(err.to_string()),
        })?;
        let size = file.metadata().map_err(|err| TileError::Unreadable(err.to_string()))?.len();
        let mut archive = Self {
            path: path.to_owned(),
            file,
            size,
            leaves_at: Span { offset: 0, length: 0 },
            tiles_at: Span { offset: 0, length: 0 },
            directories: Packing::Plain,
            tiles: Packing::Plain,
            root: Vec::new(),
            leaves: Vec::new(),
            info: Info::default(),
        };
        archive.read_header()?;
        Ok(archive)
    }

    fn read_header(&mut self) -> Result<(), TileError> {
        if self.size < HEADER as u64 {
            return Err(if self.size == 0 { TileError::Truncated } else { TileError::NoArchive("PMTiles") });
        }
        let header = self.read(Span { offset: 0, length: HEADER as u64 }, MOST_DIRECTORY)?;
        if header.get(..7) != Some(b"PMTiles") {
            return Err(TileError::NoArchive("PMTiles"));
        }
        let byte = |at: usize| header.get(at).copied().unwrap_or_default();
        if byte(7) != 3 {
            return Err(TileError::Unsupported(format!("PMTiles {}", byte(7))));
        }
        let span = |at: usize| -> Result<Span, TileError> {
            let (offset, length) = (number(&header, at), number(&header, at + 8));
            let (offset, length) = (offset.ok_or(TileError::Corrupt)?, length.ok_or(TileError::Corrupt)?);
            offset.checked_add(length).ok_or(TileError::Corrupt)?;
            Ok(Span { offset, length })
        };
        let (root, metadata) = (span(8)?, span(24)?);
        self.leaves_at = span(40)?;
        self.tiles_at = span(56)?;
        self.directories = packing(byte(97))?;
        self.tiles = packing(byte(98))?;
        self.info.content = match byte(99) {
            1 => Content::Vector,
            2..=4 => Content::Raster,
            _ => return Err(TileError::Unsupported(format!("tile type {}", byte(99)))),
        };
        (self.info.min_zoom, self.info.max_zoom) = (byte(100), byte(101).min(Address::DEEPEST));
        if self.info.min_zoom > self.info.max_zoom {
            return Err(TileError::Corrupt);
        }
        let degrees = |at: usize| {
            let bytes = header.get(at..at + 4).and_then(|b| b.try_into().ok()).unwrap_or_default();
            f64::from(i32::from_le_bytes(bytes)) / 1e7
        };
        self.info.bounds = Some([degrees(102), degrees(106), degrees(110), degrees(114)]);
        self.root = self.directory(root)?;
        // What an archive says about itself is worth having; a tile is drawn without it.
        if let Ok(bytes) =
            self.read(metadata, MOST_DIRECTORY).and_then(|b| unpack(self.directories, b, MOST_DIRECTORY))
            && let Ok(value) = serde_json::from_slice::<serde_json::Value>(&bytes)
        {
            self.info.tell(&value);
        }
        let end = [self.leaves_at, self.tiles_at].map(|s| s.offset.saturating_add(s.length));
        self.info.is_cut = end.into_iter().any(|end| end > self.size);
        Ok(())
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(&mut self, span: Span, most: u64) -> Result<Vec<u8>, TileError> {
        if span.length > most {
            return Err(TileError::Corrupt);
        }
        if span.offset.checked_add(span.length).is_none_or(|end| end > self.size) {
            return Err(TileError::Truncated);
        }
        let failed = |err: std::io::Error| match err.kind() {
            // The file became shorter after it was opened.
            std::io::ErrorKind::UnexpectedEof => TileError::Truncated,
            _ => TileError::Unreadable(err.to_string()),
        };
        let mut bytes = vec![0; usize::try_from(span.length).map_err(|_| TileError::Corrupt)?];
        self.file.seek(SeekFrom::Start(span.offset)).map_err(failed)?;
        self.file.read_exact(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    fn directory(&mut self, span: Span) -> Result<Vec<Entry>, TileError> {
        let bytes = self.read(span, MOST_DIRECTORY)?;
        entries(&unpack(self.directories, bytes, MOST_DIRECTORY)?).ok_or(TileError::Corrupt)
    }

    /// The bytes of a tile, unpacked; none where the archive holds no such tile.
    ///
    /// # Errors
    /// The file is cut off before the tile, or what is there is no tile.
    pub fn tile(&mut self, address: Address) -> Result<Option<Vec<u8>>, TileError> {
        let number = address.number();
        let mut entry = find(&self.root, number);
        for _ in 0..MOST_DEPTH {
            match entry {
                None => return Ok(None),
                Some(found) if found.run > 0 => {
                    let offset = self.tiles_at.offset.checked_add(found.offset).ok_or(TileError::Corrupt)?;
                    let bytes = self.read(Span { offset, length: found.length }, MOST_TILE)?;
                    return unpack(self.tiles, bytes, MOST_TILE).map(Some);
                }
                Some(found) => entry = find(self.leaf(found)?, number),
            }
        }
        Err(TileError::Corrupt)
    }

    fn leaf(&mut self, entry: Entry) -> Result<&[Entry], TileError> {
        let at = if let Some(at) = self.leaves.iter().position(|(offset, _)| *offset == entry.offset) {
            at
        } else {
            let offset = self.leaves_at.offset.checked_add(entry.offset).ok_or(TileError::Corrupt)?;
            let entries = self.directory(Span { offset, length: entry.length })?;
            if self.leaves.len() >= LEAVES {
                self.leaves.remove(0);
            }
            self.leaves.push((entry.offset, entries));
            self.leaves.len() - 1
        };
        self.leaves.get(at).map(|(_, entries)| entries.as_slice()).ok_or(TileError::Corrupt)
    }
}

/// The last entry that does not begin after a tile, if its run reaches it or it leads to a leaf.
fn find(entries: &[Entry], number: u64) -> Option<Entry> {
    let after = entries.partition_point(|e| e.number <= number);
    let entry = entries.get(after.checked_sub(1)?)?;
    (entry.run == 0 || number - entry.number < entry.run).then_some(*entry)
}

/// The entries of a directory: numbers as steps, then runs, lengths and offsets.
fn entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut reader = Reader::new(bytes);
    let count = usize::try_from(reader.varint().ok()?).ok()?;
    // An entry has four varints: more entries than bytes are a lie.
    if count > bytes.len() {
        return None;
    }
    let mut out = Vec::with_capacity(count);
    let mut number = 0_u64;
    for _ in 0..count {
        number = number.checked_add(reader.varint().ok()?)?;
        out.push(Entry { number, run: 0, length: 0, offset: 0 });
    }
    for entry in &mut out {
        entry.run = reader.varint().ok()?;
    }
    for entry in &mut out {
        entry.length = reader.varint().ok()?;
    }
    let mut next = 0_u64;
    for entry in &mut out {
        let value = reader.varint().ok()?;
        // 0 means: right behind the one before.
        entry.offset = if value == 0 { next } else { value - 1 };
        next = entry.offset.checked_add(entry.length)?;
    }
    Some(out)
}

/// Unpacks at most `most` bytes.
fn unpack(packing: Packing, bytes: Vec<u8>, most: u64) -> Result<Vec<u8>, TileError> {
    match packing {
        Packing::Plain => Ok(bytes),
        Packing::Gzip => gunzip(&bytes, most),
    }
}

/// Unpacks gzip.
///
/// # Errors
/// The bytes are no gzip, or would become more than `most`.
pub(super) fn gunzip(bytes: &[u8], most: u64) -> Result<Vec<u8>, TileError> {
    let mut out = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(most + 1);
    reader.read_to_end(&mut out).map_err(|_| TileError::Corrupt)?;
    if out.len() as u64 > most { Err(TileError::Corrupt) } else { Ok(out) }
}
