//! Every event of the stream with its start and its end, so that the stream can be told as of any instant. Owns how
//! they are kept: columns in segments that are shared and never change; a changed event lies in a later segment.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

use crate::density::{Collected, Reports, Sorter};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::snapshot::{EpochSecs, EventPhase, EventView, Events};
use crate::store::column::{Chunk, Column, Texts};

use super::event_rows::Columns;
use super::events::{pyramid, told};
use super::open::OpenEvents;
use super::slim::{Ids, Instants, Places};

/// An end that has not come.
const NEVER: EpochSecs = EpochSecs::MAX;

/// Events that ended at most this long before an instant are on its map beside those that were open.
const MAPPED_SECS: EpochSecs = 30 * 86_400;

/// Code of a word that is not there.
const NO_WORD: u16 = u16::MAX;

/// All events of the stream. Cloning copies a list of pointers.
#[derive(Debug, Clone, Default)]
pub(super) struct EventBook {
    /// As loaded, then as changed, older first.
    segments: Vec<Arc<Segment>>,
    /// How many of them are as loaded.
    loaded: usize,
}

/// Some events, column by column.
#[derive(Debug, Clone, Default)]
pub(super) struct Segment {
    opened: Instants,
    closed: Instants,
    due: Instants,
    area: Vec<AreaId>,
    kind: Vec<u16>,
    status: Vec<u16>,
    organisation: Vec<u16>,
    severity: Vec<u8>,
    exercise: Vec<bool>,
    place: Places,
    ids: Ids,
    /// Keys of events that changed to what can be shown nowhere, such as an area that the site does not have.
    nowhere: HashSet<Box<str>>,
    words: Vec<Arc<str>>,
}

impl Segment {
    /// Takes the rows of a chunk that are not gone.
    pub(super) fn take_in(
        &mut self,
        site: &Site,
        chunk: &Chunk,
        columns: &Columns<'_>,
        gone: Option<&[bool]>,
    ) {
        // Texts are looked up once per value of the chunk's lists.
        let areas: Vec<Option<AreaId>> = values(columns.area).map(|code| site.areas.find(code)).collect();
        let kinds: Vec<u16> = values(columns.kind).map(|word| self.word(word)).collect();
        let states: Vec<u16> = values(columns.status).map(|word| self.word(word)).collect();
        let organisations: Vec<u16> = values(columns.organisation).map(|word| self.word(word)).collect();
        for row in (0..chunk.rows).filter(|row| gone.and_then(|gone| gone.get(*row)) != Some(&true)) {
            let (Some(opened), Some(id)) = (columns.opened.int(row), columns.id.text(row)) else { continue };
            let (Some(area), Some(kind), Some(status)) = (
                of_row(columns.area, &areas, row).flatten(),
                of_row(columns.kind, &kinds, row),
                of_row(columns.status, &states, row),
            ) else {
                continue;
            };
            let closed = columns.closed(row, opened).unwrap_or(NEVER);
            self.opened.push(opened);
            self.closed.push(closed);
            self.due.push(columns.due.int(row).unwrap_or(NEVER));
            self.area.push(area);
            self.kind.push(kind);
            self.status.push(status);
            self.organisation.push(of_row(columns.organisation, &organisations, row).unwrap_or(NO_WORD));
            self.severity.push(columns.grade(row));
            self.exercise.push(!columns.is_real(row));
            self.place.push(columns.place(row));
            self.ids.push(id);
        }
    }

    /// Place of a word in the list of words: kinds, states and organisations are few.
    fn word(&mut self, word: &str) -> u16 {
        let at = self.words.iter().position(|known| &**known == word).unwrap_or_else(|| {
            self.words.push(word.into());
            self.words.len() - 1
        });
        u16::try_from(at).unwrap_or(NO_WORD)
    }

    fn len(&self) -> usize {
        self.opened.len()
    }

    fn size(&self) -> usize {
        self.len() + self.nowhere.len()
    }

    /// Keys of all its events, those that are nowhere too: in earlier segments these are as they no longer are.
    fn note_keys(&self, keys: &mut HashSet<Box<str>>) {
        self.ids.each(|id| {
            keys.insert(id.into());
        });
        keys.extend(self.nowhere.iter().cloned());
    }

    /// The event as it stood at an instant. What state an open one was in then is not noted: it had been taken in.
    fn view(&self, row: usize, at: EpochSecs, taken_in: Option<&Arc<str>>) -> Option<EventView> {
        let word = |codes: &[u16]| self.words.get(usize::from(*codes.get(row)?)).map(Arc::clone);
        let (opened, closed) = (self.opened.get(row)?, self.closed.get(row)?);
        let is_open = closed > at;
        let was_closed_later = is_open && closed != NEVER;
        let status = if was_closed_later { taken_in.map(Arc::clone) } else { None };
        Some(EventView {
            id: self.ids.get(row).into(),
            area: *self.area.get(row)?,
            kind: word(&self.kind)?,
            severity: *self.severity.get(row)?,
            status: status.or_else(|| word(&self.status))?,
            phase: if is_open { EventPhase::Open } else { EventPhase::Done },
            organisation: word(&self.organisation),
            opened_secs: opened,
            due_secs: self.due.get(row).filter(|due| *due != NEVER),
            changed_secs: if is_open { opened } else { closed },
            closed_secs: (!is_open).then_some(closed),
            place: self.place.get(row),
            exercise: *self.exercise.get(row)?,
        })
    }

    /// Notes the place of an object event that is no drill.
    fn collect(&self, row: usize, is_open: bool, site: &Site, out: &mut Collected) {
        let kinds = site.meta.events.as_ref().map(|meta| meta.object_kinds.as_slice()).unwrap_or_default();
        let kind = self.kind.get(row).and_then(|code| self.words.get(usize::from(*code)));
        let kind = kind.and_then(|word| kinds.iter().position(|kind| **kind == **word));
        let place = self.place.get(row);
        let (Some(kind), Some(place), Some(false)) = (kind, place, self.exercise.get(row)) else { return };
        let (Some(severity), Some(opened)) = (self.severity.get(row), self.opened.get(row)) else { return };
        let phase = if is_open { EventPhase::Open } else { EventPhase::Done };
        out.push(
            &self.ids.get(row),
            place,
            u16::try_from(kind).unwrap_or(u16::MAX),
            *severity,
            phase,
            opened,
        );
    }

    /// Puts down its object events that have a place and are no drill.
    fn put(&self, site: &Site, out: &mut Sorter) {
        let objects = site.meta.events.as_ref().map(|meta| meta.object_kinds.as_slice()).unwrap_or_default();
        let place = |word: &Arc<str>| objects.iter().position(|kind| **kind == **word);
        let kinds: Vec<Option<u16>> =
            self.words.iter().map(|word| place(word).and_then(|at| at.try_into().ok())).collect();
        let times = self.opened.iter().zip(self.closed.iter());
        let rest = self.kind.iter().zip(&self.severity).zip(&self.exercise);
        let mut rows = times.zip(rest).enumerate();
        self.ids.each(|id| {
            let Some((row, ((opened, closed), ((kind, severity), exercise)))) = rows.next() else { return };
            let kind = kinds.get(usize::from(*kind)).copied().flatten();
            if let (Some(kind), Some(place), false) = (kind, self.place.get(row), *exercise) {
                let phase = if closed == NEVER { EventPhase::Open } else { EventPhase::Done };
                out.put(id, place, kind, *severity, phase, opened);
            }
        });
    }

    /// Counts its object events that are no drill in their areas, or takes them back; those that `takes` says.
    pub(super) fn report(&self, site: &Site, out: &mut Reports, by: i32, takes: impl Fn(usize) -> bool) {
        let objects = site.meta.events.as_ref().map(|meta| meta.object_kinds.as_slice()).unwrap_or_default();
        let place = |word: &Arc<str>| objects.iter().position(|kind| **kind == **word);
        let kinds: Vec<Option<usize>> = self.words.iter().map(place).collect();
        let rows = self.opened.iter().zip(&self.area).zip(self.kind.iter().zip(&self.exercise)).enumerate();
        for (row, ((opened, area), (kind, exercise))) in rows {
            if let Some(kind) = kinds.get(usize::from(*kind)).copied().flatten().filter(|_| !exercise)
                && takes(row)
            {
                out.add(&site.areas, *area, kind, opened, by);
            }
        }
    }

    /// The events of two segments; of those with one key, the newer segment's.
    fn merged(older: &Self, newer: &Self) -> Self {
        let mut again = HashSet::new();
        newer.note_keys(&mut again);
        let nowhere = older.nowhere.union(&newer.nowhere).cloned().collect();
        let mut out = Self { nowhere, ..Self::default() };
        for row in (0..older.len()).filter(|row| !again.contains(&*older.ids.get(*row))) {
            out.copy(older, row);
        }
        (0..newer.len()).for_each(|row| out.copy(newer, row));
        out
    }

    fn copy(&mut self, from: &Self, row: usize) {
        fn one<T: Copy>(to: &mut Vec<T>, from: &[T], row: usize) {
            to.extend(from.get(row).copied());
        }
        let word = |out: &mut Self, codes: &[u16]| {
            let word = codes.get(row).and_then(|code| from.words.get(usize::from(*code)));
            word.map_or(NO_WORD, |word| out.word(word))
        };
        let (kind, status) = (word(self, &from.kind), word(self, &from.status));
        let organisation = word(self, &from.organisation);
        self.kind.push(kind);
        self.status.push(status);
        self.organisation.push(organisation);
        for (to, from) in
            [(&mut self.opened, &from.opened), (&mut self.closed, &from.closed), (&mut self.due, &from.due)]
        {
            from.get(row).into_iter().for_each(|at| to.push(at));
        }
        one(&mut self.area, &from.area, row);
        one(&mut self.severity, &from.severity, row);
        one(&mut self.exercise, &from.exercise, row);
        self.place.push(from.place.get(row));
        self.ids.push(&from.ids.get(row));
    }
}

/// Values of a column's list of texts.
fn values(column: &Column) -> impl Iterator<Item = &str> {
    column.texts().into_iter().flat_map(Texts::values)
}

/// What a row's text was turned into.
fn of_row<T: Copy>(column: &Column, values: &[T], row: usize) -> Option<T> {
    let code = column.texts()?.codes.get(row).filter(|_| column.has(row))?;
    values.get(*code as usize).copied()
}

impl EventBook {
    /// A book of what was loaded.
    pub(super) fn new(segments: Vec<Segment>) -> Self {
        let segments: Vec<Arc<Segment>> = segments.into_iter().map(Arc::new).collect();
        Self { loaded: segments.len(), segments }
    }

    /// How many segments were loaded, and how many events are in them.
    pub(super) fn loaded(&self) -> (usize, usize) {
        (self.loaded, self.segments.iter().take(self.loaded).map(|segment| segment.len()).sum())
    }

    /// Puts down the object events of a loaded segment that have a place and are no drill, before anything changed.
    pub(super) fn put(&self, site: &Site, part: usize, out: &mut Sorter) {
        if let Some(segment) = self.segments.get(part) {
            segment.put(site, out);
        }
    }

    /// Takes in changed events; `keys` are those of all that changed. Segments of like size are brought together, so
    /// that there are never many.
    pub(super) fn change<'a>(&mut self, mut segment: Segment, keys: impl Iterator<Item = &'a str>) {
        let mut shown = HashSet::new();
        segment.note_keys(&mut shown);
        let nowhere = keys.filter(|key| !shown.contains(*key)).map(Box::from).collect();
        segment.nowhere = nowhere;
        self.segments.push(Arc::new(segment));
        while let [.., older, newer] = self.segments.as_slice()
            && self.segments.len() >= self.loaded + 2
            && older.size() < newer.size() * 2
        {
            let merged = Segment::merged(older, newer);
            self.segments.truncate(self.segments.len() - 2);
            self.segments.push(Arc::new(merged));
        }
    }

    /// Object events by area, kind and hour, over the time that is kept at an instant.
    pub(super) fn reports(&self, site: &Site, at: EpochSecs) -> Reports {
        let kinds = site.meta.events.as_ref().map_or(0, |meta| meta.object_kinds.len());
        let finest = site.figure_level();
        let areas = site.areas.iter().filter(|(_, area)| area.level <= finest).count();
        let mut out = Reports::new(kinds, areas, at);
        let mut newer: HashSet<Box<str>> = HashSet::new();
        for (number, segment) in self.segments.iter().enumerate().rev() {
            // An event that was met in a later segment has changed since.
            segment
                .report(site, &mut out, 1, |row| newer.is_empty() || !newer.contains(&*segment.ids.get(row)));
            if number >= self.loaded {
                segment.note_keys(&mut newer);
            }
        }
        out
    }

    /// The stream as of an instant: what was open, and the latest changes before it.
    pub(super) fn at(&self, site: &Site, at: EpochSecs) -> Events {
        let day_start = site.zone.start_of(site.zone.day_of(at));
        let taken_in: Option<Arc<str>> =
            site.meta.events.as_ref().and_then(|meta| meta.open_statuses.first()).map(|s| s.as_str().into());
        let mut newer: HashSet<Box<str>> = HashSet::new();
        let (mut open, mut placed, mut opened_today) = (OpenEvents::default(), Collected::default(), 0);
        let mut changes: BinaryHeap<Reverse<(EpochSecs, usize, usize)>> = BinaryHeap::new();
        // Newest first: an event that was met in a later segment has changed since.
        for (number, segment) in self.segments.iter().enumerate().rev() {
            let times = segment.opened.iter().zip(segment.closed.iter()).enumerate();
            for (row, (opened, closed)) in times.filter(|(_, (opened, _))| *opened <= at) {
                let is_open = closed > at;
                let changed = if is_open { opened } else { closed };
                let is_of_today = opened >= day_start;
                // Most events ended long ago: nothing more is asked of them.
                let is_recent = changes.len() < Events::RECENT
                    || changes.peek().is_some_and(|Reverse((oldest, ..))| changed > *oldest);
                let is_mapped = closed > at - MAPPED_SECS;
                if !(is_mapped || is_of_today || is_recent) || newer.contains(&*segment.ids.get(row)) {
                    continue;
                }
                if is_mapped {
                    segment.collect(row, is_open, site, &mut placed);
                }
                if is_open && let Some(event) = segment.view(row, at, taken_in.as_ref()) {
                    open.insert(site, event);
                }
                if is_recent {
                    changes.push(Reverse((changed, number, row)));
                    if changes.len() > Events::RECENT {
                        changes.pop();
                    }
                }
                opened_today += u64::from(is_of_today && segment.exercise.get(row) == Some(&false));
            }
            if number >= self.loaded {
                segment.note_keys(&mut newer);
            }
        }
        let view = |segment: &Segment, row| segment.view(row, at, taken_in.as_ref());
        // Sorted by what is reversed: the newest first.
        let recent = changes.into_sorted_vec().into_iter();
        let recent = recent.filter_map(|Reverse((_, number, row))| view(self.segments.get(number)?, row));
        let reports = Arc::new(self.reports(site, at));
        Events {
            opened_today,
            reports,
            ..told(site, &mut open, recent.collect(), pyramid(site, &placed, at).cells().clone())
        }
    }
}
