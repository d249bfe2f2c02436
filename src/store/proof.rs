//! What a site's data files hold, as one hash: the proof that a cube kept from an earlier start is theirs. Times and
//! sizes prove nothing here, since they can stay while the content changes. Reads bytes; knows no rows.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::site::Site;
use crate::workers::{share_out, threads};

use super::read;

/// BLAKE3 of some content.
pub(crate) type Hash = [u8; 32];

/// Bytes that are read at once.
const STRETCH: usize = 256 * 1024;

/// Hash over the names and contents of all files of all tables. None where one cannot be read.
pub(crate) fn of_data(site: &Site) -> Option<Hash> {
    let mut files: Vec<(PathBuf, u64)> = site
        .tables()
        .flat_map(|(_, table)| read::parts(site, "data", &table.id))
        .map(|path| std::fs::metadata(&path).map(|meta| (path, meta.len())))
        .collect::<Result<_, _>>()
        .ok()?;
    // The largest first, so that the threads end together.
    files.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let begin = || (vec![0; STRETCH], Vec::new());
    let shares = share_out(threads(), &files, begin, |(stretch, own), (path, _)| {
        own.push(of_file(path, stretch).map(|hash| (path.as_path(), hash)));
    });
    let found = shares.into_iter().flat_map(|(_, own)| own);
    let mut found: Vec<(&Path, Hash)> = found.collect::<Option<_>>()?;
    found.sort_unstable();
    let mut all = blake3::Hasher::new();
    for (path, hash) in found {
        let name = site.relative(path).as_os_str().as_encoded_bytes();
        all.update(&(name.len() as u64).to_le_bytes()).update(name).update(&hash);
    }
    Some(all.finalize().into())
}

fn of_file(path: &Path, stretch: &mut [u8]) -> Option<Hash> {
    let mut file = File::open(path).ok()?;
    let mut hasher = blake3::Hasher::new();
    loop {
        match file.read(stretch).ok()? {
            0 => return Some(hasher.finalize().into()),
            read => hasher.update(stretch.get(..read)?),
        };
    }
}
