//! What a loading thread does with a piece of a table: read, leave out replaced rows, count. Owns which of several
//! rows with one key counts, and brings the threads' shares together; does not say which rows a later piece replaces.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::indicators::cube::Calendar;
use crate::indicators::within::Within;
use crate::site::datasets::ARRIVED_COLUMN;
use crate::site::problem::Problem;
use crate::snapshot::{Day, EpochSecs, Held};
use crate::store::column::Chunk;
use crate::store::index::PieceKeys;
use crate::store::keys::{Bound, Hashes, climbs, hashes, on_edge, repeated};
use crate::store::narrow::NarrowRows;
use crate::store::pieces::{Columns, Pieces, Scratch, Taken};

use super::MeasureData;
use super::build::needed_columns;
use super::depth::Depth;
use super::events::{EventLog, EventTally};
use super::live::LiveRows;
use super::noted::{Noted, Share};
use super::pass::Pass;
use super::places::Room;
use super::tally::{Cells, Tally};

/// One table while it loads.
#[expect(clippy::struct_excessive_bools, reason = "independent traits of a table")]
pub(super) struct Loading<'a> {
    pub(super) dataset: usize,
    pub(super) pass: Pass<'a>,
    pub(super) pieces: Pieces,
    /// Whether it is to be loaded now.
    pub(super) is_due: bool,
    /// Columns that are read, and those of them that are counted.
    pub(super) columns: Columns,
    /// Columns that are kept of live rows; none where rows are not kept.
    kept: Option<Vec<String>>,
    events: bool,
    texture: bool,
    /// Rows that arrived later are left out.
    pub(super) known_at: Option<EpochSecs>,
    /// What came live for it cannot be said of that instant.
    pub(super) is_untold: bool,
    /// Whether rows are counted; they were already where the cube was kept.
    counts: bool,
    /// Whether nothing but which rows are replaced is asked of the keys.
    keys_pass: bool,
}

impl<'a> Loading<'a> {
    pub(super) fn new(
        dataset: usize,
        pass: Pass<'a>,
        pieces: Pieces,
        columns: Columns,
        live: bool,
        depth: Depth,
        known_at: Option<EpochSecs>,
    ) -> Self {
        let follows = EventLog::follows(pass.site, &pass.table.id);
        let kept = live.then(|| {
            let mut kept = needed_columns(pass.table, &pass.measures);
            if let Some(meta) = pass.site.meta.events.as_ref().filter(|_| follows) {
                let columns = [&meta.opened, &meta.exercise, &meta.severity, &meta.longitude, &meta.latitude];
                kept.extend(columns.into_iter().chain([&meta.area, &meta.kind]).cloned());
            }
            kept.sort();
            kept.dedup();
            kept
        });
        let shown = depth.keeps_rows();
        let texture = shown && pass.site.layers.texture_tables.contains(&pass.table.id);
        let events = shown && follows;
        let (is_due, is_untold, counts) = (true, false, true);
        let is_counted = |key: &String| needed_columns(pass.table, &pass.measures).contains(key);
        let keys_pass = !depth.keeps_rows() && known_at.is_none() && !pass.table.key.iter().any(is_counted);
        Self {
            dataset,
            pass,
            pieces,
            is_due,
            columns,
            kept,
            events,
            texture,
            known_at,
            is_untold,
            counts,
            keys_pass,
        }
    }

    /// The same without counting: events, points and rows that live changes replace, where a table has any of them.
    pub(super) const fn rows_only(mut self) -> Self {
        self.is_due = self.kept.is_some() || self.events || self.texture;
        self.counts = false;
        self
    }

    /// What the files say of the bounds of each time column.
    fn bounds(&self) -> Vec<Option<(i64, i64)>> {
        if !self.counts {
            return Vec::new();
        }
        self.pass.times.iter().map(|name| self.pieces.hinted_bounds(name)).collect()
    }

    /// Whether it is asked what was known when, and a file of the table or what came live for it does not say.
    pub(super) fn cannot_answer(&self) -> bool {
        self.is_untold || (self.known_at.is_some() && self.pieces.lacks_arrival())
    }
}

/// One table, loaded.
pub(super) struct Loaded {
    pub(super) rows: u64,
    pub(super) refused: u64,
    pub(super) repeated: u64,
    pub(super) unknown_areas: u64,
    /// A measure's column was missing.
    pub(super) missing: bool,
    pub(super) presence: Calendar,
    pub(super) newest_secs: Option<EpochSecs>,
    pub(super) measures: Vec<(usize, MeasureData)>,
    pub(super) within: Vec<Within>,
    pub(super) problems: Vec<Problem>,
    pub(super) events: Option<EventLog>,
    pub(super) texture: Vec<[f64; 2]>,
    pub(super) live: Option<LiveRows>,
    pub(super) held: Option<Held>,
    /// Files that have to be read as wholes. Where there are any, nothing else of this counts.
    pub(super) set_aside: HashSet<PathBuf>,
}

/// What a thread counted of one table.
struct Part {
    tally: Tally,
    events: EventTally,
    /// By piece.
    problems: Vec<(usize, Vec<Problem>)>,
    texture: Vec<(usize, Vec<[f64; 2]>)>,
    live: Vec<(usize, NarrowRows, PieceKeys)>,
    /// Rows whose key a neighbouring piece could have too.
    edges: Vec<(usize, Chunk, Vec<u64>)>,
    refused: u64,
    repeated: u64,
    held: Option<Held>,
    set_aside: HashSet<PathBuf>,
}

impl Part {
    fn new(loading: &Loading<'_>) -> Self {
        Self {
            tally: Tally::new(&loading.pass, &loading.bounds()),
            events: EventTally::default(),
            problems: Vec::new(),
            texture: Vec::new(),
            live: Vec::new(),
            edges: Vec::new(),
            refused: 0,
            repeated: 0,
            held: None,
            set_aside: HashSet::new(),
        }
    }

    /// Counts rows, except those that are gone.
    fn take_in(
        &mut self,
        loading: &Loading<'_>,
        piece: usize,
        chunk: &mut Chunk,
        (keys, gone): (Option<Vec<u64>>, Option<&[bool]>),
        newest_day: Day,
        room: &mut Room,
    ) {
        if loading.counts {
            self.tally.add(&loading.pass, chunk, gone, newest_day, room);
        }
        if loading.events {
            self.events.add(loading.pass.site, piece, chunk, gone);
        }
        let is_gone = |row: usize| gone.is_some_and(|gone| gone.get(row) == Some(&true));
        if loading.texture {
            let points = points(chunk).filter(|(row, _)| !is_gone(*row)).map(|(_, point)| point);
            self.texture.push((piece, points.collect()));
        }
        if let Some(kept) = &loading.kept {
            let hashes = keys.unwrap_or_else(|| hashes(loading.pass.table, chunk));
            let gone = (0..chunk.rows).filter(|row| is_gone(*row)).filter_map(|row| row.try_into().ok());
            let keys = PieceKeys { gone: gone.collect(), hashes };
            self.live.push((piece, NarrowRows::of(chunk, kept), keys));
        }
    }

    fn merge(&mut self, other: Self) {
        self.tally.merge(other.tally);
        self.events.merge(other.events);
        self.problems.extend(other.problems);
        self.texture.extend(other.texture);
        self.live.extend(other.live);
        self.edges.extend(other.edges);
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.held = self.held.max(other.held);
        self.set_aside.extend(other.set_aside);
    }
}

/// A thread that loads.
pub(super) struct Worker<'w, 'a> {
    loading: &'w [Loading<'a>],
    newest_day: Day,
    scratch: Scratch,
    room: Room,
    parts: Vec<Option<Part>>,
    loaded: Vec<(usize, Loaded)>,
    share: Share,
}

impl<'w, 'a> Worker<'w, 'a> {
    pub(super) fn new(loading: &'w [Loading<'a>], newest_day: Day) -> Self {
        let due = loading.iter().filter(|loading| loading.is_due);
        let most_rows = due.flat_map(|loading| &loading.pieces.list).map(|piece| piece.rows).max();
        Self {
            loading,
            newest_day,
            scratch: Scratch::with_room(most_rows.unwrap_or(0)),
            room: Room::default(),
            parts: loading.iter().map(|_| None).collect(),
            loaded: Vec::new(),
            share: Share::default(),
        }
    }

    /// `rising`: as in [`Pieces::read`].
    fn read(&mut self, loading: &Loading<'_>, piece: usize, rising: Option<&[Bound]>) -> Taken {
        let columns = loading.columns.asked();
        let Some(piece) = loading.pieces.list.get(piece) else {
            return Taken::default();
        };
        if loading.cannot_answer() {
            return Taken::default();
        }
        let (site, table) = (loading.pass.site, loading.pass.table);
        let mut taken = loading.pieces.read(site, table, piece, &columns, (rising, &mut self.scratch));
        if let Some(instant) = loading.known_at {
            taken.chunk = known_by(&taken.chunk, instant);
        }
        taken
    }

    /// Notes the keys of a piece that replaces rows of earlier pieces.
    pub(super) fn note_keys(&mut self, table: usize, piece: usize) {
        let Some(loading) = self.loading.get(table) else { return };
        let taken = self.read(loading, piece, None);
        self.share.note(loading.pass.table, (table, piece), taken);
    }

    pub(super) fn into_noted(self) -> Share {
        self.share
    }

    /// Counts a piece.
    pub(super) fn count(&mut self, table: usize, piece: usize, noted: &Noted) {
        let Some(loading) = self.loading.get(table) else { return };
        let taken = noted.kept(table, piece).cloned();
        let rising = wanted_keys(loading, table, piece, noted);
        let mut taken = taken.unwrap_or_else(|| self.read(loading, piece, rising));
        let mut part = self.parts.get_mut(table).and_then(Option::take).unwrap_or_else(|| Part::new(loading));
        part.refused += taken.refused;
        part.repeated += taken.repeated;
        part.held = part.held.max(taken.held);
        part.set_aside.extend(taken.set_aside.drain(..));
        if !taken.problems.is_empty() {
            part.problems.push((piece, std::mem::take(&mut taken.problems)));
        }
        self.count_rows(loading, table, piece, &mut taken, noted, &mut part);
        self.scratch.take_back(taken.chunk);
        if let Some(slot) = self.parts.get_mut(table) {
            *slot = Some(part);
        }
    }

    fn count_rows(
        &mut self,
        loading: &Loading<'_>,
        table: usize,
        piece: usize,
        taken: &mut Taken,
        noted: &Noted,
        part: &mut Part,
    ) {
        let chunk = &mut taken.chunk;
        let declared = loading.pass.table;
        let Some(overlaps) = loading.pieces.list.get(piece).map(|p| &p.overlaps) else { return };
        let mut keys: Option<Vec<u64>> = None;
        let (mut again, mut edge, mut replaced) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(rising) = &taken.rising {
            replaced = noted.later((table, piece), rising);
        } else {
            let climbs = climbs(declared, chunk);
            again = repeated(declared, chunk, climbs, &mut keys);
            if !overlaps.edges.is_empty() {
                edge = on_edge(declared, chunk, &overlaps.edges);
            }
            if overlaps.replaced {
                replaced = noted.replaced(declared, (table, piece), chunk, climbs);
            }
        }
        if again.is_empty() && edge.is_empty() && replaced.is_empty() {
            part.take_in(loading, piece, chunk, (keys, None), self.newest_day, &mut self.room);
            return;
        }
        let mut gone = vec![false; chunk.rows];
        for row in again.into_iter().chain(replaced) {
            if let Some(gone) = gone.get_mut(row as usize) {
                *gone = true;
            }
        }
        part.repeated += gone.iter().filter(|gone| **gone).count() as u64;
        let aside: Vec<u32> = (0..chunk.rows)
            .filter(|row| edge.get(*row) == Some(&true) && gone.get(*row) == Some(&false))
            .map(|row| u32::try_from(row).unwrap_or(u32::MAX))
            .collect();
        if !aside.is_empty() {
            let keys = keys.get_or_insert_with(|| hashes(declared, chunk));
            let keys = aside.iter().filter_map(|row| keys.get(*row as usize).copied()).collect();
            part.edges.push((piece, chunk.take(&aside), keys));
            // They are counted at the end, when it is known which of them stay.
            gone.iter_mut().zip(&edge).for_each(|(gone, edge)| *gone |= *edge);
        }
        part.take_in(loading, piece, chunk, (keys, Some(&gone)), self.newest_day, &mut self.room);
    }

    /// Whether this thread counts a table whose pieces it was not at before.
    pub(super) fn is_new_to(&self, table: usize) -> bool {
        self.parts.get(table).is_some_and(Option::is_none)
    }

    /// Brings a table to its end that this thread alone counted: its cells make room for those of the next.
    pub(super) fn finish(&mut self, table: usize) {
        let part = self.parts.get_mut(table).and_then(Option::take);
        if let Some((loading, part)) = self.loading.get(table).zip(part) {
            self.loaded.push((table, finish_table(loading, part, self.newest_day)));
        }
    }

    pub(super) fn into_parts(self) -> Parts {
        Parts { open: self.parts, loaded: self.loaded }
    }
}

/// The keys that are looked for while a piece is read; none where all of its keys are needed.
fn wanted_keys<'n>(
    loading: &Loading<'_>,
    table: usize,
    piece: usize,
    noted: &'n Noted,
) -> Option<&'n [Bound]> {
    let pieces = &loading.pieces;
    let piece = pieces.list.get(piece).filter(|_| loading.keys_pass)?;
    let may_rise = pieces.may_rise(loading.pass.site, loading.pass.table, piece);
    let firsts = if piece.overlaps.replaced { noted.firsts(table) } else { Some(&[][..]) };
    firsts.filter(|_| may_rise)
}

/// What a thread counted.
pub(super) struct Parts {
    /// Tables that another thread counted too.
    open: Vec<Option<Part>>,
    /// Those it counted alone.
    loaded: Vec<(usize, Loaded)>,
}

/// Brings the threads' shares together, table by table.
pub(super) fn finish(loading: &[Loading<'_>], parts: Vec<Parts>, newest_day: Day) -> Vec<Loaded> {
    let mut tables: Vec<Option<Part>> = loading.iter().map(|_| None).collect();
    let mut loaded: HashMap<usize, Loaded> = HashMap::new();
    for share in parts {
        for (table, part) in tables.iter_mut().zip(share.open) {
            match (table, part) {
                (Some(table), Some(part)) => table.merge(part),
                (table, Some(part)) => *table = Some(part),
                (_, None) => {}
            }
        }
        loaded.extend(share.loaded);
    }
    let open = |(table, (loading, part)): (usize, (&Loading<'_>, Option<Part>))| {
        let unfinished = || finish_table(loading, part.unwrap_or_else(|| Part::new(loading)), newest_day);
        loaded.remove(&table).unwrap_or_else(unfinished)
    };
    loading.iter().zip(tables).enumerate().map(open).collect()
}

fn finish_table(loading: &Loading<'_>, mut part: Part, newest_day: Day) -> Loaded {
    // Of rows on the edge of two pieces the later piece's counts.
    let mut edges = std::mem::take(&mut part.edges);
    edges.sort_by_key(|(piece, ..)| std::cmp::Reverse(*piece));
    let mut seen = Hashes::default();
    let mut room = Room::default();
    for (piece, chunk, keys) in edges {
        let stay: Vec<u32> = (0..chunk.rows)
            .filter(|row| keys.get(*row).is_some_and(|key| seen.insert(*key)))
            .map(|row| u32::try_from(row).unwrap_or(u32::MAX))
            .collect();
        part.repeated += (chunk.rows - stay.len()) as u64;
        let keys = stay.iter().filter_map(|row| keys.get(*row as usize).copied()).collect();
        part.take_in(loading, piece, &mut chunk.take(&stay), (Some(keys), None), newest_day, &mut room);
    }
    part.problems.sort_by_key(|(piece, _)| *piece);
    part.texture.sort_by_key(|(piece, _)| *piece);
    part.live.sort_by_key(|(piece, ..)| *piece);
    let (rows, unknown_areas, missing) = (part.tally.rows, part.tally.unknown_areas, part.tally.missing);
    let Cells { presence, newest_secs, measures, within } = part.tally.finish(&loading.pass);
    let live = loading.kept.as_ref().map(|kept| {
        let pieces = part.live.into_iter().map(|(_, rows, keys)| (rows, keys)).collect();
        LiveRows::new(loading.columns.asked.clone(), kept.clone(), pieces)
    });
    // A refused part without a copy leaves what the other parts tell.
    let held = part.held.map(|held| if held == Held::Nothing && rows > 0 { Held::Parts } else { held });
    Loaded {
        rows,
        refused: part.refused,
        repeated: part.repeated,
        unknown_areas,
        missing,
        presence,
        newest_secs,
        measures,
        within,
        problems: part.problems.into_iter().flat_map(|(_, problems)| problems).collect(),
        events: loading.events.then(|| part.events.finish(loading.pass.site)),
        texture: part.texture.into_iter().flat_map(|(_, points)| points).collect(),
        live,
        held,
        set_aside: part.set_aside,
    }
}

/// The rows that had arrived at an instant. A row without a time of arrival is not known to have been there.
fn known_by(chunk: &Chunk, instant: EpochSecs) -> Chunk {
    let arrived = chunk.column(ARRIVED_COLUMN);
    let known = |row: &usize| arrived.and_then(|a| a.int(*row)).is_some_and(|secs| secs <= instant);
    let rows: Vec<u32> =
        (0..chunk.rows).filter(known).map(|row| u32::try_from(row).unwrap_or(u32::MAX)).collect();
    chunk.take(&rows)
}

fn points(chunk: &Chunk) -> impl Iterator<Item = (usize, [f64; 2])> + '_ {
    let columns = chunk.column("lng").zip(chunk.column("lat"));
    (0..chunk.rows).filter_map(move |row| {
        let (lng, lat) = columns?;
        Some((row, [lng.float(row)?, lat.float(row)?]))
    })
}
