//! A file of sections that is kept between starts: where it lies, how it is written whole or not at all, and how every
//! doubt about it is noticed. Owns bytes and checksums; does not know what the sections mean.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::proof::Hash;

/// First bytes of a file. The last three digits are the version of the form.
const MARK: &[u8; 16] = b"onemap cube v001";
/// Bytes before the table of sections: mark, key, number of sections.
const HEAD: usize = 16 + 32 + 8;
/// Bytes of a section in the table: length, hash.
const ENTRY: usize = 8 + 32;
/// How many files this program began: each has a place of its own until it is whole.
static WRITTEN: AtomicU32 = AtomicU32::new(0);
const EXTENSION: &str = "cube";
/// A file larger than this is not kept.
const MOST_BYTES: usize = 2 << 30;
/// What lies beside its place for longer than this was left behind by a program that ended.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

/// Why a kept file is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Doubt {
    /// There is none of this key.
    #[error("none is kept")]
    Absent,
    /// It cannot be read.
    #[error("{0}")]
    Unread(io::ErrorKind),
    /// It is not of this form, or cut off.
    #[error("not whole")]
    NotWhole,
    /// Its bytes are not those that were written.
    #[error("damaged")]
    Damaged,
    /// It was right until days went by.
    #[error("days went by")]
    Outdated,
}

/// Sections that were read, each still to be checked.
#[derive(Debug)]
pub(crate) struct KeptFile {
    bytes: Vec<u8>,
    sections: Vec<(Range<usize>, Hash)>,
}

/// Where the file of a key lies.
pub(crate) fn place(folder: &Path, key: &Hash) -> PathBuf {
    folder.join(format!("{}.{EXTENSION}", blake3::Hash::from_bytes(*key).to_hex()))
}

impl KeptFile {
    /// Reads the file of a key.
    pub(crate) fn read(folder: &Path, key: &Hash) -> Result<Self, Doubt> {
        let mut bytes = Vec::new();
        let read = fs::File::open(place(folder, key)).and_then(|mut file| file.read_to_end(&mut bytes));
        match read {
            Ok(_) => Self::of(bytes, key),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Err(Doubt::Absent),
            Err(err) => Err(Doubt::Unread(err.kind())),
        }
    }

    fn of(bytes: Vec<u8>, key: &Hash) -> Result<Self, Doubt> {
        let head = bytes.get(..HEAD).ok_or(Doubt::NotWhole)?;
        if !head.starts_with(MARK) || head.get(16..48) != Some(key) {
            return Err(Doubt::NotWhole);
        }
        let count = head.get(48..).and_then(number).ok_or(Doubt::NotWhole)?;
        let table = count.checked_mul(ENTRY).and_then(|length| bytes.get(HEAD..HEAD.checked_add(length)?));
        let table = table.ok_or(Doubt::NotWhole)?;
        let mut at = HEAD + table.len();
        let sum = bytes.get(at..at + 32).ok_or(Doubt::NotWhole)?;
        if blake3::hash(bytes.get(..at).unwrap_or_default()).as_bytes() != sum {
            return Err(Doubt::Damaged);
        }
        at += 32;
        let mut sections = Vec::with_capacity(count);
        for entry in table.chunks_exact(ENTRY) {
            let (length, hash) = entry.split_at(8);
            let end = number(length).and_then(|length| at.checked_add(length)).ok_or(Doubt::NotWhole)?;
            sections.push((at..end, hash.try_into().map_err(|_| Doubt::NotWhole)?));
            at = end;
        }
        if at == bytes.len() { Ok(Self { bytes, sections }) } else { Err(Doubt::NotWhole) }
    }

    /// How many sections there are.
    pub(crate) const fn len(&self) -> usize {
        self.sections.len()
    }

    /// A section, if its bytes are those that were written.
    pub(crate) fn section(&self, place: usize) -> Result<&[u8], Doubt> {
        let (range, hash) = self.sections.get(place).ok_or(Doubt::NotWhole)?;
        let bytes = self.bytes.get(range.clone()).ok_or(Doubt::NotWhole)?;
        if blake3::hash(bytes).as_bytes() == hash { Ok(bytes) } else { Err(Doubt::Damaged) }
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// Writes the file of a key: beside its place, to the disk, then moved there, so that nobody meets half of it; others of
/// the folder are let go of. Gives its size in bytes.
///
/// # Errors
/// The folder or the disk does not take it.
pub(crate) fn write(folder: &Path, key: &Hash, sections: &[Vec<u8>]) -> io::Result<usize> {
    let mut head = Vec::with_capacity(HEAD + sections.len() * ENTRY + 32);
    head.extend_from_slice(MARK);
    head.extend_from_slice(key);
    head.extend_from_slice(&(sections.len() as u64).to_le_bytes());
    for section in sections {
        head.extend_from_slice(&(section.len() as u64).to_le_bytes());
        head.extend_from_slice(blake3::hash(section).as_bytes());
    }
    let sum = blake3::hash(&head);
    head.extend_from_slice(sum.as_bytes());
    let size = head.len() + sections.iter().map(Vec::len).sum::<usize>();
    if size > MOST_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    make_folder(folder)?;
    let target = place(folder, key);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let beside = target.with_extension(format!("{}-{number}.part", std::process::id()));
    let written = create(&beside)
        .and_then(|mut file| {
            file.write_all(&head)?;
            sections.iter().try_for_each(|section| file.write_all(section))?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, &target));
    if let Err(err) = written {
        drop(fs::remove_file(&beside));
        return Err(err);
    }
    forget_others(folder, &target);
    Ok(size)
}

/// Removes what other states of the data or other programs kept, and what was left behind half written.
fn forget_others(folder: &Path, keep: &Path) {
    for path in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()) {
        let is_old = || {
            let written = fs::metadata(&path).and_then(|meta| meta.modified()).ok();
            written
                .and_then(|at| SystemTime::now().duration_since(at).ok())
                .is_some_and(|age| age > LEFT_BEHIND)
        };
        let goes = match path.extension().and_then(|extension| extension.to_str()) {
            Some(EXTENSION) => path != keep,
            Some("part") => is_old(),
            _ => false,
        };
        if goes {
            drop(fs::remove_file(&path));
        }
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// A new file that only the user can read.
fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: Hash = [7; 32];

    fn read(folder: &Path) -> Result<Vec<Vec<u8>>, Doubt> {
        let kept = KeptFile::read(folder, &KEY)?;
        (0..kept.len()).map(|place| kept.section(place).map(<[u8]>::to_vec)).collect()
    }

    proptest! {
        /// What is read is what was written; one other bit, one byte less or more, and it is refused.
        #[test]
        fn whole_or_not_at_all(
            sections in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..5),
            at in any::<prop::sample::Index>(),
            bit in 0u32..8,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let folder = dir.path().join("cube");
            let size = write(&folder, &KEY, &sections).unwrap();
            prop_assert_eq!(read(&folder), Ok(sections));
            let path = place(&folder, &KEY);
            let bytes = fs::read(&path).unwrap();
            prop_assert_eq!(bytes.len(), size);
            let mut other = bytes.clone();
            other[at.index(size)] ^= 1 << bit;
            fs::write(&path, &other).unwrap();
            prop_assert!(read(&folder).is_err());
            fs::write(&path, &bytes[..at.index(size)]).unwrap();
            prop_assert!(read(&folder).is_err());
            fs::write(&path, [&bytes[..], &[0]].concat()).unwrap();
            prop_assert!(read(&folder).is_err());
        }
    }

    #[test]
    fn one_is_kept_and_only_for_the_user() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("cube");
        write(&folder, &[1; 32], &[vec![1]]).unwrap();
        fs::write(folder.join("half.part"), "half").unwrap();
        write(&folder, &KEY, &[vec![2]]).unwrap();
        let mut names: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        // Another program may be writing its half just now.
        let mut expected = vec![place(&folder, &KEY), folder.join("half.part")];
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(KeptFile::read(&folder, &[1; 32]).unwrap_err(), Doubt::Absent);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&place(&folder, &KEY)), mode(&folder)), (0o600, 0o700));
        }
    }
}
