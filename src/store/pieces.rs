//! A table in pieces that are read one by one: row groups of Parquet files, or whole files of texts. Owns the choice
//! of the reader: pages straight to columns where a piece is clean, else the general reader, which tells what is wrong.

use std::path::{Path, PathBuf};

use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Table};
use crate::site::problem::Problem;

use super::clean::is_clean;
use super::column::Chunk;
use super::keys::{Overlaps, overlaps};
use super::pages::{Bound, PagesFile};
use super::read;

pub(crate) use super::pages::Scratch;

/// One file of a table.
struct File {
    path: PathBuf,
    pages: Option<PagesFile>,
    /// Columns asked for that it has.
    columns: Vec<String>,
    /// Whether its rows say when they arrived.
    arrival: bool,
}

/// One piece.
pub(crate) struct Piece {
    file: usize,
    /// Row group and its first row; none for a whole file.
    group: Option<(usize, usize)>,
    /// How much work it is, about.
    pub(crate) rows: usize,
    /// How it reaches over other pieces.
    pub(crate) overlaps: Overlaps,
}

/// A table's files, opened, and its pieces in the order in which later rows replace earlier ones.
pub(crate) struct Pieces {
    files: Vec<File>,
    /// The pieces.
    pub(crate) list: Vec<Piece>,
    /// What is wrong with a file as a whole.
    pub(crate) problems: Vec<Problem>,
}

/// Rows that may be used.
#[derive(Default)]
pub(crate) struct Admitted {
    /// The rows.
    pub(crate) chunk: Chunk,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
    /// Rows left out.
    pub(crate) refused: u64,
}

impl Pieces {
    /// Opens the files of a table.
    pub(crate) fn open(site: &Site, table: &Table, columns: &[&str]) -> Self {
        let mut out = Self { files: Vec::new(), list: Vec::new(), problems: Vec::new() };
        let mut bounds: Vec<Option<(Bound, Bound)>> = Vec::new();
        for path in read::parts(site, "data", &table.id) {
            let pages = if path.extension().is_some_and(|e| e == "parquet") {
                PagesFile::open(&path).ok()
            } else {
                None
            };
            let index = out.files.len();
            let names = pages.as_ref().and_then(PagesFile::names);
            let Some((pages, names)) = pages.zip(names) else {
                out.list.push(Piece { file: index, group: None, rows: 0, overlaps: Overlaps::default() });
                bounds.push(None);
                let arrival = read::first_text(&path).contains(ARRIVED_COLUMN);
                out.files.push(File { path, pages: None, columns: Vec::new(), arrival });
                continue;
            };
            if let Err(message) = read::check_names(table, &names) {
                out.problems.push(Problem::error(site.relative(&path), message));
                continue;
            }
            let has = |c: &&&str| **c != ARRIVED_COLUMN || names.iter().any(|n| n == **c);
            let columns = columns.iter().filter(has).map(|c| (*c).to_owned()).collect();
            let mut first = 0;
            for (group, rows) in pages.groups().enumerate() {
                if rows > 0 {
                    let overlaps = Overlaps::default();
                    out.list.push(Piece { file: index, group: Some((group, first)), rows, overlaps });
                    bounds.push(table.key.first().and_then(|key| pages.bounds(group, key)));
                }
                first += rows;
            }
            let arrival = names.iter().any(|n| n == ARRIVED_COLUMN);
            out.files.push(File { path, pages: Some(pages), columns, arrival });
        }
        for (piece, overlaps) in out.list.iter_mut().zip(overlaps(&bounds)) {
            piece.overlaps = overlaps;
        }
        out
    }

    /// How many files there are.
    pub(crate) const fn files(&self) -> usize {
        self.files.len()
    }

    /// Whether a file does not say when its rows arrived. Files of texts are asked by their first line.
    pub(crate) fn lacks_arrival(&self) -> bool {
        self.files.iter().any(|file| !file.arrival)
    }

    /// Reads a piece and leaves out what may not come in.
    pub(crate) fn read(
        &self,
        site: &Site,
        table: &Table,
        piece: &Piece,
        columns: &[&str],
        scratch: &mut Scratch,
    ) -> Admitted {
        let Some(file) = self.files.get(piece.file) else {
            return Admitted::default();
        };
        if let (Some(pages), Some((group, _))) = (&file.pages, piece.group) {
            let names: Vec<&str> = file.columns.iter().map(String::as_str).collect();
            if let Ok(chunk) = pages.read(&file.path, table, group, &names, scratch)
                && is_clean(site, table, &chunk)
            {
                return Admitted { chunk, ..Admitted::default() };
            }
        }
        let rows = piece.group.map(|(_, first)| (first, piece.rows));
        general(site, table, &file.path, columns, rows)
    }
}

fn general(
    site: &Site,
    table: &Table,
    path: &Path,
    columns: &[&str],
    rows: Option<(usize, usize)>,
) -> Admitted {
    let part = read::read_rows(site, table, path, columns, rows);
    let chunk = Chunk::from_frame(&part.frame, columns).unwrap_or_default();
    Admitted { chunk, problems: part.problems, refused: part.refused }
}
