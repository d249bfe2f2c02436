//! What arrived, on disk before it is acknowledged. Owns the files of the state folder: numbered segments of checked
//! records, a base that older segments were folded into. Never holds a row that the door refused.
//!
//! A record is `length, CRC-32, payload` (both 4 bytes, little-endian). A segment opens with a mark and its number.
//! A group of records is one write and one `fdatasync`: what is acknowledged survives a killed program and a power
//! cut. A tail that was torn by either is cut at the next start; it was never acknowledged.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

const MARK: &[u8; 8] = b"ONEMAPJ1";
const HEAD_BYTES: u64 = 16;
/// A segment is closed when it is larger than this.
const SEGMENT_BYTES: u64 = 64 << 20;
/// No record is larger; a length beyond it is a torn or damaged place.
const RECORD_BYTES: u32 = 256 << 20;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Segments older than this are folded.
    pub keep_secs: u64,
    /// The same where all files together are larger.
    pub most_bytes: u64,
    /// Size that closes a segment.
    pub segment_bytes: u64,
}

impl Limits {
    /// From days and megabytes.
    #[must_use]
    pub const fn new(keep_days: u32, most_megabytes: u64) -> Self {
        let most_bytes = most_megabytes.saturating_mul(1 << 20);
        let quarter = most_bytes / 4;
        Self {
            keep_secs: keep_days as u64 * 86_400,
            most_bytes,
            segment_bytes: if quarter < SEGMENT_BYTES { quarter } else { SEGMENT_BYTES },
        }
    }
}

/// The open journal; one program at a time holds a folder.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    limits: Limits,
    file: File,
    number: u64,
    length: u64,
    /// Whether a segment was begun since it was last asked.
    began: bool,
    /// Held as long as the journal is open.
    _lock: File,
}

/// What opening found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Whole records.
    pub records: u64,
    /// Bytes of a torn tail that were cut.
    pub cut: u64,
    /// Bytes in the middle that could not be read and were passed over.
    pub damaged: u64,
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another program holds the folder.
    #[error("another program holds {0}")]
    Held(PathBuf),
    /// The machine's answer.
    #[error("{0}")]
    Io(#[from] io::Error),
}

pub(super) fn segment(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.log"))
}

pub(super) fn base(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("base-{number:08}.log"))
}

/// Numbers of the bases and of the segments of a folder, each in order.
pub(super) fn numbers(dir: &Path) -> io::Result<(Vec<u64>, Vec<u64>)> {
    let (mut bases, mut segments) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let Some(stem) = name.to_str().and_then(|n| n.strip_suffix(".log")) else { continue };
        match stem.strip_prefix("base-") {
            Some(number) => bases.extend(number.parse::<u64>()),
            None => segments.extend(stem.parse::<u64>()),
        }
    }
    bases.sort_unstable();
    segments.sort_unstable();
    Ok((bases, segments))
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

fn read_records(path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<(u64, u64)> {
    records(&File::open(path)?, each)
}

/// Reads the records of a file in order; returns the bytes up to the last whole one, and of the file.
pub(super) fn records(mut file: &File, each: &mut dyn FnMut(&[u8])) -> io::Result<(u64, u64)> {
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    let mut input = BufReader::with_capacity(1 << 20, file);
    let mut good = 0;
    let mut head = [0u8; HEAD_BYTES as usize];
    if !filled(&mut input, &mut head)? || !head.starts_with(MARK) {
        return Ok((0, size));
    }
    good += HEAD_BYTES;
    let mut frame = [0u8; 8];
    let mut payload = Vec::new();
    while filled(&mut input, &mut frame)? {
        let [l0, l1, l2, l3, c0, c1, c2, c3] = frame;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
        if length > RECORD_BYTES || u64::from(length) > size.saturating_sub(good + 8) {
            break;
        }
        payload.resize(length as usize, 0);
        if !filled(&mut input, &mut payload)? || crc32fast::hash(&payload) != checksum {
            break;
        }
        each(&payload);
        good += 8 + u64::from(length);
    }
    Ok((good, size))
}

/// Fills a buffer; false where the input ends before.
fn filled(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(err) => Err(err),
    }
}

fn begin_segment(dir: &Path, number: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(segment(dir, number))?;
    write_head(&mut file, number)?;
    file.sync_data()?;
    sync_dir(dir)?;
    Ok(file)
}

fn write_head(file: &mut File, number: u64) -> io::Result<()> {
    let mut head = MARK.to_vec();
    head.extend(number.to_le_bytes());
    file.write_all(&head)
}

fn frame(out: &mut Vec<u8>, payload: &[u8]) {
    out.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(crc32fast::hash(payload).to_le_bytes());
    out.extend(payload);
}

impl Journal {
    /// Opens or creates the journal of a folder and gives every record in it, oldest first.
    ///
    /// # Errors
    /// The folder is held by another program, or cannot be read or written.
    pub fn open(
        dir: &Path,
        limits: Limits,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(Self, Found), JournalError> {
        std::fs::create_dir_all(dir)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(JournalError::Held(dir.to_owned())),
            Err(std::fs::TryLockError::Error(err)) => return Err(err.into()),
        }
        let (bases, mut segments) = numbers(dir)?;
        // What a fold left behind when it was cut off: a base replaces everything up to its number.
        let newest = bases.last().copied();
        for old in bases.iter().filter(|b| Some(**b) != newest) {
            std::fs::remove_file(base(dir, *old))?;
        }
        for old in segments.iter().filter(|s| newest.is_some_and(|b| **s <= b)) {
            std::fs::remove_file(segment(dir, *old))?;
        }
        segments.retain(|s| newest.is_none_or(|b| *s > b));
        let mut found = Found::default();
        let mut records = 0;
        let mut count = |payload: &[u8]| {
            records += 1;
            each(payload);
        };
        if let Some(newest) = newest {
            let (good, size) = read_records(&base(dir, newest), &mut count)?;
            found.damaged += size - good;
        }
        let mut tail = 0;
        for (place, number) in segments.iter().enumerate() {
            let (good, size) = read_records(&segment(dir, *number), &mut count)?;
            if place + 1 == segments.len() {
                found.cut = size - good;
                tail = good;
            } else {
                found.damaged += size - good;
            }
        }
        found.records = records;
        let (number, file, length) = match segments.last().copied() {
            Some(number) if tail >= HEAD_BYTES => {
                let mut file = OpenOptions::new().write(true).open(segment(dir, number))?;
                file.set_len(tail)?;
                file.seek(SeekFrom::Start(tail))?;
                file.sync_data()?;
                (number, file, tail)
            }
            last => {
                // A segment whose head was torn holds nothing; it is begun anew.
                let number = last.unwrap_or_else(|| newest.unwrap_or(0) + 1);
                (number, begin_segment(dir, number)?, HEAD_BYTES)
            }
        };
        Ok((Self { dir: dir.to_owned(), limits, file, number, length, began: true, _lock: lock }, found))
    }

    /// Writes records as one group and returns when they are on disk; on an error none of them is, and the same group
    /// may be tried again.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn append(&mut self, payloads: &[Vec<u8>]) -> io::Result<()> {
        if self.length >= self.limits.segment_bytes.max(HEAD_BYTES + 1) {
            self.file = begin_segment(&self.dir, self.number + 1)?;
            self.number += 1;
            self.length = HEAD_BYTES;
            self.began = true;
        }
        let mut bytes = Vec::with_capacity(payloads.iter().map(|p| p.len() + 8).sum());
        payloads.iter().for_each(|payload| frame(&mut bytes, payload));
        match self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(err) => {
                self.file.set_len(self.length)?;
                self.file.seek(SeekFrom::Start(self.length))?;
                Err(err)
            }
        }
    }

    /// A disk that takes nothing, for tests.
    #[cfg(test)]
    pub(super) fn write_to(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }

    /// Whether a segment was begun since the last call: the time to ask for a fold.
    pub const fn began_segment(&mut self) -> bool {
        std::mem::replace(&mut self.began, false)
    }

    /// The fold that is due, if any; it may run on another thread while this journal is written on.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn fold_due(&self) -> io::Result<Option<Fold>> {
        let (bases, mut segments) = numbers(&self.dir)?;
        segments.retain(|s| *s < self.number);
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |m| m.len());
        let closed: u64 = segments.iter().map(|s| size(segment(&self.dir, *s))).sum();
        let folded: u64 = bases.iter().map(|b| size(base(&self.dir, *b))).sum();
        let is_old = |number: &u64| {
            let changed = std::fs::metadata(segment(&self.dir, *number)).and_then(|m| m.modified());
            changed.is_ok_and(|t| t.elapsed().is_ok_and(|e| e.as_secs() > self.limits.keep_secs))
        };
        // Folding again pays only when there is about as much to fold as was folded already.
        let too_large = closed + folded + self.length > self.limits.most_bytes && closed >= folded / 2;
        let old = segments.iter().copied().take_while(is_old).last();
        let until = if too_large { segments.last().copied() } else { old };
        Ok(until.map(|until| Fold { dir: self.dir.clone(), base: bases.last().copied(), until, segments }))
    }
}

/// What to do with one record of a fold: nothing is kept of it, or these bytes.
pub type Rewrite<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Option<Vec<u8>>;

/// Older segments that are to become one base.
#[derive(Debug)]
pub struct Fold {
    dir: PathBuf,
    base: Option<u64>,
    until: u64,
    segments: Vec<u64>,
}

impl Fold {
    /// Reads all records twice: `look` sees each with its number, then `rewrite` says what stays of it. The base is
    /// in place before anything is removed. Asks between files whether it must stop.
    ///
    /// # Errors
    /// A file cannot be read or written, or it was stopped; then everything is as before.
    pub fn run(
        &self,
        stop: &dyn Fn() -> bool,
        look: &mut dyn FnMut(u64, &[u8]),
        rewrite: Rewrite<'_>,
    ) -> io::Result<()> {
        let go_on = || if stop() { Err(io::Error::from(io::ErrorKind::Interrupted)) } else { Ok(()) };
        let mut paths: Vec<PathBuf> = self.base.iter().map(|b| base(&self.dir, *b)).collect();
        paths.extend(self.segments.iter().filter(|s| **s <= self.until).map(|s| segment(&self.dir, *s)));
        let mut number = 0;
        for path in &paths {
            go_on()?;
            read_records(path, &mut |payload| {
                look(number, payload);
                number += 1;
            })?;
        }
        let part = self.dir.join("fold.part");
        let mut out = File::create(&part)?;
        write_head(&mut out, self.until)?;
        let mut number = 0;
        let mut bytes = Vec::new();
        for path in &paths {
            go_on()?;
            let mut failed = None;
            read_records(path, &mut |payload| {
                if let Some(kept) = rewrite(number, payload) {
                    frame(&mut bytes, &kept);
                }
                number += 1;
                if bytes.len() > 1 << 20 && failed.is_none() {
                    failed = out.write_all(&bytes).err();
                    bytes.clear();
                }
            })?;
            if let Some(err) = failed {
                return Err(err);
            }
        }
        out.write_all(&bytes)?;
        out.sync_all()?;
        std::fs::rename(&part, base(&self.dir, self.until))?;
        sync_dir(&self.dir)?;
        for path in paths.iter().filter(|p| **p != base(&self.dir, self.until)) {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: Limits = Limits { keep_secs: 86_400, most_bytes: 1 << 30, segment_bytes: 300 };

    fn all(dir: &Path, limits: Limits) -> (Journal, Vec<Vec<u8>>, Found) {
        let mut seen = Vec::new();
        let (journal, found) = Journal::open(dir, limits, &mut |p| seen.push(p.to_vec())).unwrap();
        (journal, seen, found)
    }

    #[test]
    fn a_folder_is_held_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let (held, ..) = all(dir.path(), SMALL);
        assert!(matches!(Journal::open(dir.path(), SMALL, &mut |_| {}), Err(JournalError::Held(_))));
        drop(held);
        drop(all(dir.path(), SMALL));
    }

    #[test]
    fn a_disk_that_is_full_loses_nothing_that_was_kept() {
        // /dev/full takes no byte; the journal must stay usable afterwards.
        if !Path::new("/dev/full").exists() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, ..) = all(dir.path(), SMALL);
        journal.append(&[b"first".to_vec()]).unwrap();
        let real = journal.write_to(OpenOptions::new().write(true).open("/dev/full").unwrap());
        assert!(journal.append(&[b"second".to_vec()]).is_err());
        journal.file = real;
        journal.append(&[b"second".to_vec()]).unwrap();
        drop(journal);
        assert_eq!(all(dir.path(), SMALL).1, [b"first".to_vec(), b"second".to_vec()]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_torn_tail_is_cut_and_the_rest_stays(
            groups in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 1..4), 1..12),
            torn in 1u64..120,
            noise in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let (mut journal, ..) = all(dir.path(), SMALL);
            for group in &groups {
                journal.append(group).unwrap();
            }
            let number = journal.number;
            drop(journal);
            let written: Vec<Vec<u8>> = groups.concat();
            prop_assert_eq!(&all(dir.path(), SMALL).1, &written);
            let path = segment(dir.path(), number);
            let size = std::fs::metadata(&path).unwrap().len();
            let left = size.saturating_sub(torn).max(HEAD_BYTES);
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(left).unwrap();
            drop(file);
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(&noise).unwrap();
            drop(file);
            let (mut journal, seen, _) = all(dir.path(), SMALL);
            prop_assert!(written.starts_with(&seen), "what is left is not a beginning");
            prop_assert!(seen.len() + 12 * 3 >= written.len());
            journal.append(&[b"after".to_vec()]).unwrap();
            drop(journal);
            let mut expected = seen;
            expected.push(b"after".to_vec());
            prop_assert_eq!(all(dir.path(), SMALL).1, expected);
        }

        #[test]
        fn a_fold_keeps_what_it_is_told_to(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 4..40),
            crash in 0usize..3,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let limits = Limits { most_bytes: 1, ..SMALL };
            let (mut journal, ..) = all(dir.path(), limits);
            for record in &records {
                journal.append(std::slice::from_ref(record)).unwrap();
            }
            let mut expected = records.clone();
            if let Some(fold) = journal.fold_due().unwrap() {
                let mut first = 0;
                fold.run(&|| false, &mut |n, _| first = n, &mut |n, p| (n % 2 == 0).then(|| p.to_vec())).unwrap();
                let mut number = 0;
                expected.retain(|_| {
                    number += 1;
                    number > first + 1 || (number - 1) % 2 == 0
                });
                // Cut off between the base and the removals, or before the base was in place.
                match crash {
                    1 => drop(begin_segment(dir.path(), fold.until).unwrap()),
                    2 => std::fs::write(dir.path().join("fold.part"), b"half").unwrap(),
                    _ => {}
                }
            }
            drop(journal);
            prop_assert_eq!(all(dir.path(), limits).1, expected);
        }
    }
}
