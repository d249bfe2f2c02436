//! A table in pieces that are read one by one: row groups of Parquet files, whole files, or the table as a whole. Owns
//! the choice of the reader: pages straight to columns where a piece is clean, else the general reader, which tells
//! what is wrong. A file that may not be used is used in no piece of it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::privacy::groups;
use crate::site::Site;
use crate::site::datasets::{ARRIVED_COLUMN, Table};
use crate::site::problem::Problem;
use crate::snapshot::{EpochSecs, Held};

use super::admit::{Part, check_names, wanted};
use super::clean::{Found, how, look, look_at, may_be_placed, says_fine};
use super::column::{Chunk, Column};
use super::pages::{Bound, Footer, How, PagesFile, Wanted};
use super::reach::{Overlaps, Reach, overlaps, worth_a_look};
use super::sieve::RisingKeys;
use super::{quarantine, read, whole};

pub(crate) use super::pages::Scratch;

/// One file of a table.
struct File {
    path: PathBuf,
    pages: Option<PagesFile>,
    /// Columns that it has and that are counted.
    counted: Vec<String>,
    /// Those and the others that the door looks at.
    looked_at: Vec<Wanted>,
    /// Whether its rows say when they arrived.
    arrival: bool,
    /// Whether it has to be read as a whole, or its last good copy in its place.
    set_aside: bool,
}

/// Columns of a table that are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    /// All that have to pass the door.
    pub(crate) asked: Vec<String>,
    /// Of those, the ones that have to be there afterwards.
    pub(crate) counted: Vec<String>,
}

impl Columns {
    /// The columns that have to pass the door.
    pub(crate) fn asked(&self) -> Vec<&str> {
        self.asked.iter().map(String::as_str).collect()
    }
}

/// What a piece is made of.
enum Of {
    /// Rows of a row group: file, row group, its first row.
    Group(usize, usize, usize),
    /// A file.
    File(usize),
    /// All files.
    Table,
}

/// One piece.
pub(crate) struct Piece {
    of: Of,
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
    /// Which keys each can have.
    reaches: Vec<Reach>,
    known_at: Option<EpochSecs>,
}

/// Rows of a piece that may be used.
#[derive(Clone, Default)]
pub(crate) struct Taken {
    /// The rows.
    pub(crate) chunk: Chunk,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
    /// Rows left out.
    pub(crate) refused: u64,
    /// Rows that gave way to later ones of the same key.
    pub(crate) repeated: u64,
    /// What stands in for files that were refused.
    pub(crate) held: Option<Held>,
    /// Where the rows came without their keys, which rise from row to row: the rows with keys that were wanted, and the
    /// hashes of these.
    pub(crate) rising: Option<Vec<(u32, u64)>>,
    /// Files that have to be read as a whole: nothing that was taken of them counts.
    pub(crate) set_aside: Vec<PathBuf>,
}

impl Taken {
    pub(super) fn add_findings(&mut self, problems: Vec<Problem>, refused: u64, held: Option<Held>) {
        self.problems.extend(problems);
        self.refused += refused;
        self.held = self.held.max(held);
    }

    fn of(part: Part, columns: &[&str]) -> Self {
        let mut out = Self::default();
        out.add_findings(part.problems, part.refused, part.held);
        out.chunk = Chunk::from_frame(part.frame.frame(), columns).unwrap_or_default();
        out
    }

    fn set_aside(path: &Path) -> Self {
        Self { set_aside: vec![path.to_owned()], ..Self::default() }
    }
}

impl Pieces {
    /// Opens the files of a table. Files that were set aside before are read as wholes.
    pub(crate) fn open(
        site: &Site,
        table: &Table,
        columns: &Columns,
        known_at: Option<EpochSecs>,
        set_aside: &HashSet<PathBuf>,
    ) -> Self {
        let mut out = Self { files: Vec::new(), list: Vec::new(), reaches: Vec::new(), known_at };
        let has_time_floor = groups::has_time_floor(site, table);
        for path in read::parts(site, "data", &table.id) {
            let index = out.files.len();
            let mut file = File::open(site, table, path, columns);
            file.set_aside = set_aside.contains(&file.path);
            match file.pages.as_ref().filter(|_| !has_time_floor && !file.set_aside) {
                Some(pages) => {
                    let mut first = 0;
                    for (group, rows) in pages.groups().enumerate() {
                        if rows > 0 {
                            out.list.push(Piece::new(Of::Group(index, group, first), rows));
                            let bounds = table.key.first().and_then(|key| pages.bounds(group, key));
                            out.reaches.push(Reach::new(bounds));
                        }
                        first += rows;
                    }
                }
                None if has_time_floor => {}
                None => {
                    out.list.push(Piece::new(Of::File(index), 0));
                    out.reaches.push(Reach::default());
                }
            }
            out.files.push(file);
        }
        if has_time_floor && !out.files.is_empty() {
            out.list.push(Piece::new(Of::Table, 0));
            out.reaches.push(Reach::default());
        }
        out.set_overlaps();
        out
    }

    fn set_overlaps(&mut self) {
        for (piece, overlaps) in self.list.iter_mut().zip(overlaps(&self.reaches)) {
            piece.overlaps = overlaps;
        }
    }

    /// The pieces of which [`Pieces::keys`] can tell more than their files do, by their places.
    pub(crate) fn unclear(&self) -> Vec<usize> {
        let rows: Vec<usize> = self.list.iter().map(|piece| piece.rows).collect();
        worth_a_look(&self.reaches, &rows)
    }

    /// What can be told of a piece's keys by a look at the first column of them all.
    pub(crate) fn keys(&self, table: &Table, place: usize, scratch: &mut Scratch) -> Option<Reach> {
        let Of::Group(file, group, _) = self.list.get(place)?.of else { return None };
        let file = self.files.get(file)?;
        let name = table.key.first()?;
        let wanted = [Wanted { name: name.clone(), how: How::Values }];
        let mut reach = self.reaches.get(place)?.clone();
        let learn = |_: &str, column: &Column, _: usize| {
            if let Some(texts) = column.texts() {
                reach.learn(texts);
            }
        };
        file.pages.as_ref()?.read(&file.path, table, group, &wanted, (None, scratch), learn).ok()?;
        Some(reach)
    }

    /// Learns what was told of pieces' keys.
    pub(crate) fn learn(&mut self, told: Vec<(usize, Reach)>) {
        for (place, reach) in told {
            if let Some(known) = self.reaches.get_mut(place) {
                *known = reach;
            }
        }
        self.set_overlaps();
    }

    /// How many files there are.
    pub(crate) const fn files(&self) -> usize {
        self.files.len()
    }

    /// Whether a file does not say when its rows arrived. Files of texts are asked by their first line.
    pub(crate) fn lacks_arrival(&self) -> bool {
        self.files.iter().any(|file| !file.arrival)
    }

    /// Least and greatest stored value of a column over all pieces, where every file speaks of it. What files say of
    /// themselves is a hint only.
    pub(crate) fn hinted_bounds(&self, column: &str) -> Option<(i64, i64)> {
        let mut all: Option<(i64, i64)> = None;
        for piece in &self.list {
            let Of::Group(file, group, _) = piece.of else { return None };
            let bounds = self.files.get(file)?.pages.as_ref()?.bounds(group, column)?;
            let (Bound::Int(low), Bound::Int(high)) = bounds else { return None };
            all = Some(all.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
        }
        all
    }

    /// Whether the keys of a piece can be looked at while they are read, without keeping them: of one column of short texts,
    /// none of which a neighbour shares.
    pub(crate) fn may_rise(&self, site: &Site, table: &Table, piece: &Piece) -> bool {
        let (Of::Group(file, group, _), [key]) = (&piece.of, table.key.as_slice()) else { return false };
        let pages = self.files.get(*file).and_then(|file| file.pages.as_ref());
        let bounds = pages.and_then(|pages| pages.bounds(*group, key));
        piece.overlaps.edges.is_empty()
            && matches!(how(site, table, key), How::Sifted(_))
            && bounds.is_some_and(|(low, high)| RisingKeys::may_hold(&low) && RisingKeys::may_hold(&high))
    }

    /// Reads a piece and leaves out what may not come in. `rising`: keys that are wanted, in order, where
    /// [`Pieces::may_rise`]; if the keys of the piece rise, its rows then come without them ([`Taken::rising`]).
    pub(crate) fn read(
        &self,
        site: &Site,
        table: &Table,
        piece: &Piece,
        columns: &[&str],
        (rising, scratch): (Option<&[Bound]>, &mut Scratch),
    ) -> Taken {
        match piece.of {
            Of::Group(file, group, first) => self
                .files
                .get(file)
                .map(|file| file.rows(site, table, group, (first, piece.rows), columns, (rising, scratch))),
            Of::File(file) => self.files.get(file).map(|file| match file.part(site, table, columns) {
                Some(part) => Taken::of(part, columns),
                None => Taken::set_aside(&file.path),
            }),
            Of::Table => {
                let parts: Vec<(&File, Option<Part>)> =
                    self.files.iter().map(|file| (file, file.part(site, table, columns))).collect();
                let broken = parts.iter().filter(|(_, part)| part.is_none());
                let broken: Vec<PathBuf> = broken.map(|(file, _)| file.path.clone()).collect();
                Some(if broken.is_empty() {
                    let parts = parts.into_iter().filter_map(|(_, part)| part);
                    whole::whole(site, table, columns, self.known_at, parts)
                } else {
                    Taken { set_aside: broken, ..Taken::default() }
                })
            }
        }
        .unwrap_or_default()
    }
}

impl Piece {
    fn new(of: Of, rows: usize) -> Self {
        Self { of, rows, overlaps: Overlaps::default() }
    }
}

/// A row group that was read, and what is known of it.
struct Looked {
    chunk: Chunk,
    found: Found,
    /// It has to be known in which rows the texts of sifted columns stand.
    is_placed: bool,
    /// The key columns came with their rows.
    keys_are_there: bool,
}

impl File {
    /// Row groups are looked at only where name and columns of the file are fine; else the file is read as a whole.
    fn open(site: &Site, table: &Table, path: PathBuf, columns: &Columns) -> Self {
        let is_parquet = path.extension().is_some_and(|e| e == "parquet");
        let footer = if is_parquet { Footer::open(&path).ok() } else { None };
        let names = footer.as_ref().and_then(Footer::names);
        let Some((footer, names)) = footer.zip(names) else {
            let arrival = read::first_text(&path).contains(ARRIVED_COLUMN);
            let (counted, looked_at) = Default::default();
            return Self { path, pages: None, counted, looked_at, arrival, set_aside: false };
        };
        let arrival = names.iter().any(|n| n == ARRIVED_COLUMN);
        let is_fine = quarantine::name_of(site, &path) == site.relative(&path)
            && check_names(site, table, &names).is_ok();
        let counted: Vec<String> = columns.counted.iter().filter(|c| names.contains(c)).cloned().collect();
        let looked_at = read::looked_at(table, &names, &wanted(&names, &columns.asked())).into_iter();
        let looked_at = looked_at.map(|name| {
            let how = if counted.contains(&name) { How::Rows } else { how(site, table, &name) };
            Wanted { name, how }
        });
        let looked_at: Vec<Wanted> = looked_at.collect();
        let pages = is_fine.then(|| footer.columns(looked_at.iter().map(|wanted| wanted.name.as_str())));
        Self { path, pages, counted, looked_at, arrival, set_aside: false }
    }

    /// The rows of a row group.
    fn rows(
        &self,
        site: &Site,
        table: &Table,
        group: usize,
        rows: (usize, usize),
        columns: &[&str],
        (rising, scratch): (Option<&[Bound]>, &mut Scratch),
    ) -> Taken {
        let mut keys = rising.map(RisingKeys::new);
        let mut looked = self.looked_through(site, table, group, (true, keys.as_mut()), scratch);
        let rising = keys.map(|keys| keys.found(rows.1));
        let lacks_keys = rising == Some(None);
        if let Some(short) = looked.take_if(|looked| looked.is_placed || lacks_keys) {
            scratch.take_back(short.chunk);
            looked = self.looked_through(site, table, group, (!short.is_placed, None), scratch);
        }
        match looked {
            Some(Looked { found: Found::Clean, mut chunk, keys_are_there, .. }) => {
                let more = chunk.split_off(&self.counted);
                scratch.take_back(more);
                let rising = rising.flatten().filter(|_| !keys_are_there);
                if rising.is_some() {
                    table.key.iter().for_each(|key| chunk.drop_column(key));
                }
                Taken { chunk, rising, ..Taken::default() }
            }
            Some(Looked { found: Found::OfWholeFile, .. }) => Taken::set_aside(&self.path),
            Some(Looked { found: Found::Unclean, .. }) | None => {
                let part = read::read_rows(site, table, &self.path, columns, rows);
                // What refuses some rows' part refuses the file.
                if part.broken.is_empty() { Taken::of(part, columns) } else { Taken::set_aside(&self.path) }
            }
        }
    }

    /// Reads a row group and asks the quick questions. `sifts`: free texts that are not counted come without plain codes;
    /// where there are `keys`, those go through the first key column and it comes like that too.
    fn looked_through(
        &self,
        site: &Site,
        table: &Table,
        group: usize,
        (sifts, keys): (bool, Option<&mut RisingKeys<'_>>),
        scratch: &mut Scratch,
    ) -> Option<Looked> {
        let keys_are_there = keys.is_none();
        let of_key = |name: &String| !keys_are_there && table.key.first() == Some(name);
        let wanted = self.looked_at.iter().map(|Wanted { name, how: asked }| {
            let how = match if of_key(name) { how(site, table, name) } else { *asked } {
                How::Sifted(_) if !sifts => How::Rows,
                how => how,
            };
            Wanted { name: name.clone(), how }
        });
        let pages = self.pages.as_ref()?;
        let is_fine = |Wanted { name, how }: &Wanted| {
            let told = pages.numbers(group, name).filter(|_| *how == How::Values);
            told.zip(table.column(name)).is_some_and(|((bounds, missing), c)| says_fine(c, bounds, missing))
        };
        let wanted: Vec<Wanted> = wanted.filter(|wanted| !is_fine(wanted)).collect();
        let (mut found, mut is_placed) = (Found::Clean, false);
        let look_at = |name: &str, column: &Column, passed: usize| {
            is_placed |= may_be_placed(site, table, column);
            let seen =
                table.column(name).map(|declared| look_at(site, table, declared, column, Some(passed)));
            found = found.max(seen.unwrap_or(Found::Clean));
        };
        let chunk = pages.read(&self.path, table, group, &wanted, (keys, scratch), look_at).ok()?;
        Some(Looked { found: found.max(look(site, table, &chunk)), chunk, is_placed, keys_are_there })
    }

    /// The file as a whole; none where it has to be set aside first.
    fn part(&self, site: &Site, table: &Table, columns: &[&str]) -> Option<Part> {
        if self.set_aside {
            return Some(quarantine::read_part(site, table, &self.path, columns));
        }
        let part = read::read(site, table, &self.path, columns);
        part.broken.is_empty().then_some(part)
    }
}
