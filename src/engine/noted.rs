//! Keys of the pieces of tables that replace rows of earlier pieces. Owns which pieces and rows those are; counts nothing.

use std::collections::HashMap;

use crate::site::datasets::Table;
use crate::store::column::Chunk;
use crate::store::keys::{Bound, ByHash, firsts, hashes, with_first};
use crate::store::pieces::{Scratch, Taken};
use crate::store::reach::Reach;
use crate::workers::{share_out, threads};

use super::load::Loading;

/// Per table, its keys with the last piece that has each. Small pieces are kept with their rows, so that they are read
/// once.
#[derive(Default)]
pub(super) struct Noted {
    keys: Vec<ByHash<u32>>,
    /// First parts of those keys, in order; none where they are too many to be looked for one by one.
    firsts: Vec<Option<Vec<Bound>>>,
    kept: HashMap<(usize, usize), Taken>,
}

/// What a thread noted.
#[derive(Default)]
pub(super) struct Share {
    keys: Vec<Keys>,
    kept: Vec<((usize, usize), Taken)>,
    kept_rows: usize,
}

/// The keys of a piece.
struct Keys {
    table: usize,
    piece: usize,
    hashes: Vec<u64>,
    firsts: Option<Vec<Bound>>,
}

/// Rows that a thread keeps from noting keys to counting; larger pieces are read twice.
const MOST_KEPT_ROWS: usize = 1 << 18;

/// Looks at the keys of pieces that seem to reach over each other by what their files tell, and may not.
pub(super) fn tell_apart(loading: &mut [Loading<'_>]) {
    let due = loading.iter().enumerate().filter(|(_, loading)| loading.is_due && !loading.cannot_answer());
    let unclear: Vec<(usize, usize)> = due
        .flat_map(|(table, loading)| loading.pieces.unclear().into_iter().map(move |piece| (table, piece)))
        .collect();
    if unclear.is_empty() {
        return;
    }
    let tables: &[Loading<'_>] = loading;
    let begin = || (Scratch::default(), Vec::new());
    let shares = share_out(threads(), unclear, begin, |(scratch, told), (table, piece)| {
        let Some(loading) = tables.get(table) else { return };
        let reach = loading.pieces.keys(loading.pass.table, piece, scratch);
        told.extend(reach.map(|reach| (table, piece, reach)));
    });
    let mut by_table: Vec<Vec<(usize, Reach)>> = vec![Vec::new(); loading.len()];
    for (table, piece, reach) in shares.into_iter().flat_map(|(_, told)| told) {
        if let Some(told) = by_table.get_mut(table) {
            told.push((piece, reach));
        }
    }
    for (loading, told) in loading.iter_mut().zip(by_table).filter(|(_, told)| !told.is_empty()) {
        loading.pieces.learn(told);
    }
}

impl Share {
    /// Notes the keys of a piece: table and piece by their places.
    pub(super) fn note(&mut self, declared: &Table, (table, piece): (usize, usize), taken: Taken) {
        let chunk = &taken.chunk;
        self.keys.push(Keys {
            table,
            piece,
            hashes: hashes(declared, chunk),
            firsts: firsts(declared, chunk),
        });
        if self.kept_rows + chunk.rows <= MOST_KEPT_ROWS {
            self.kept_rows += chunk.rows;
            self.kept.push(((table, piece), taken));
        }
    }
}

impl Noted {
    /// Brings the threads' shares together.
    pub(super) fn join(tables: usize, shares: Vec<Share>) -> Self {
        let mut out = Self {
            keys: (0..tables).map(|_| ByHash::default()).collect(),
            firsts: vec![Some(Vec::new()); tables],
            kept: HashMap::new(),
        };
        for share in shares {
            for Keys { table, piece, hashes, firsts } in share.keys {
                let (Some(known), Some(known_firsts)) = (out.keys.get_mut(table), out.firsts.get_mut(table))
                else {
                    continue;
                };
                *known_firsts = known_firsts.take().zip(firsts).map(|(known, more)| [known, more].concat());
                let piece = u32::try_from(piece).unwrap_or(u32::MAX);
                for key in hashes {
                    let last = known.entry(key).or_insert(piece);
                    *last = (*last).max(piece);
                }
            }
            out.kept.extend(share.kept);
        }
        for firsts in out.firsts.iter_mut().flatten() {
            firsts.sort_unstable();
            firsts.dedup();
        }
        out
    }

    /// A piece that was kept with its rows.
    pub(super) fn kept(&self, table: usize, piece: usize) -> Option<&Taken> {
        self.kept.get(&(table, piece))
    }

    /// First parts of the keys of a table that pieces replace, in order; none where they are too many to be looked for.
    pub(super) fn firsts(&self, table: usize) -> Option<&[Bound]> {
        self.firsts.get(table).and_then(Option::as_deref)
    }

    /// Of rows with the hashes of their keys, those that a later piece replaces.
    pub(super) fn later(&self, (table, piece): (usize, usize), rows: &[(u32, u64)]) -> Vec<u32> {
        let Some(known) = self.keys.get(table) else { return Vec::new() };
        let is_later = |key: &u64| known.get(key).is_some_and(|last| *last as usize > piece);
        rows.iter().filter(|(_, key)| is_later(key)).map(|(row, _)| *row).collect()
    }

    /// The rows of a piece that a later piece replaces. `climbs`: the first part of its keys rises from row to row.
    pub(super) fn replaced(
        &self,
        declared: &Table,
        (table, piece): (usize, usize),
        chunk: &Chunk,
        climbs: bool,
    ) -> Vec<u32> {
        let Some(known) = self.keys.get(table).filter(|known| !known.is_empty()) else { return Vec::new() };
        let is_later = |key: u64| known.get(&key).is_some_and(|last| *last as usize > piece);
        let few = self.firsts(table).and_then(|firsts| with_first(declared, chunk, climbs, firsts));
        let keys = match &few {
            Some(rows) => hashes(declared, &chunk.take(rows)),
            None => hashes(declared, chunk),
        };
        let places = (0..).zip(keys).filter(|(_, key)| is_later(*key)).map(|(place, _)| place);
        match few {
            Some(rows) => places.filter_map(|place: u32| rows.get(place as usize).copied()).collect(),
            None => places.collect(),
        }
    }
}
