//! The event stream: open events and latest changes. Owns what a screen may show of an event; counts nothing that an
//! indicator counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::density::{Collected, Pyramid, grid};
use crate::moment::{Span, Timeline};
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};
use crate::site::datasets::ARRIVED_COLUMN;
use crate::site::meta::EventsMeta;
use crate::snapshot::{Day, EpochSecs, EventPhase, EventView, Events};
use crate::store::column::{Chunk, Column};

use super::book::{EventBook, Segment};
use super::open::OpenEvents;

/// Open events, latest changes, and the places of all object events.
#[derive(Debug, Clone, Default)]
pub struct EventLog {
    open: OpenEvents,
    recent: VecDeque<EventView>,
    /// Real events opened per day.
    opened: BTreeMap<Day, u64>,
    /// Object events as loaded, until somebody asks for a picture.
    collected: Option<Collected>,
    pyramid: Pyramid,
    timeline: Arc<Timeline>,
    book: EventBook,
}

/// Where a row stands in its table: piece, then row. Of two changes at one instant the later row is the newer.
pub(super) type RowOrder = (usize, usize);

/// The stream while it loads, piece by piece.
#[derive(Debug, Default)]
pub(super) struct EventTally {
    open: Vec<(RowOrder, EventView)>,
    opened: BTreeMap<Day, u64>,
    newest: Vec<(EpochSecs, RowOrder, EventView)>,
    collected: Collected,
    timeline: Timeline,
    book: Vec<(usize, Segment)>,
}

impl EventTally {
    /// Takes in the rows of a piece.
    pub(super) fn add(&mut self, site: &Site, piece: usize, chunk: &Chunk, gone: Option<&[bool]>) {
        let Some(columns) = Columns::new(site, chunk) else {
            return;
        };
        let mut segment = Segment::default();
        segment.take_in(site, chunk, &columns, gone);
        self.book.push((piece, segment));
        let mut newest: Vec<(EpochSecs, usize)> = Vec::with_capacity(chunk.rows);
        // Events come in order of time as a rule: the count of a day is kept until it is over.
        let mut day = (Day::MIN, 0, EpochSecs::MIN, EpochSecs::MIN);
        let is_gone = |row: usize| gone.is_some_and(|gone| gone.get(row) == Some(&true));
        for row in (0..chunk.rows).filter(|row| !is_gone(*row)) {
            let Some(opened) = columns.opened.int(row) else {
                continue;
            };
            if columns.is_real(row) {
                if !(day.2..=day.3).contains(&opened) {
                    *self.opened.entry(day.0).or_default() += day.1;
                    let at = site.zone.day_of(opened);
                    day = (at, 0, site.zone.start_of(at), site.zone.end_of(at));
                }
                day.1 += 1;
                self.timeline.add(opened, columns.grade(row), 1);
                self.timeline.spans.extend(columns.span(row, opened));
            }
            let changed = columns.changed(row, opened);
            newest.push((changed, row));
            columns.collect(row, opened, &mut self.collected);
            if columns.is_open(row)
                && let Some(event) = columns.event(site, row, changed)
            {
                self.open.push(((piece, row), event));
            }
        }
        *self.opened.entry(day.0).or_default() += day.1;
        let keep = Events::RECENT.min(newest.len());
        if keep > 0 {
            newest.select_nth_unstable_by(keep - 1, |a, b| b.cmp(a));
            newest.truncate(keep);
        }
        let views =
            newest.iter().filter_map(|(at, row)| Some((*at, (piece, *row), columns.event(site, *row, *at)?)));
        self.newest.extend(views);
        self.keep_newest();
    }

    fn keep_newest(&mut self) {
        self.newest.sort_by_key(|(changed, order, _)| Reverse((*changed, *order)));
        self.newest.truncate(Events::RECENT);
    }

    /// Adds what another thread took in.
    pub(super) fn merge(&mut self, other: Self) {
        self.open.extend(other.open);
        for (day, count) in other.opened {
            *self.opened.entry(day).or_default() += count;
        }
        self.timeline.merge(&other.timeline);
        self.book.extend(other.book);
        self.newest.extend(other.newest);
        self.collected.append(other.collected);
        self.keep_newest();
    }

    /// The stream as it was loaded.
    pub(super) fn finish(mut self, site: &Site) -> EventLog {
        self.open.sort_by_key(|(order, _)| *order);
        let mut open = OpenEvents::default();
        self.open.into_iter().for_each(|(_, event)| open.insert(site, event));
        self.book.sort_by_key(|(piece, _)| *piece);
        self.timeline.spans.sort_by_key(|span| span.opened_secs);
        EventLog {
            timeline: Arc::new(self.timeline),
            book: EventBook::new(self.book.into_iter().map(|(_, segment)| segment).collect()),
            open,
            recent: self.newest.into_iter().map(|(_, _, event)| event).collect(),
            opened: self.opened,
            collected: Some(self.collected),
            pyramid: Pyramid::default(),
        }
    }
}

impl EventLog {
    /// Columns that the stream reads.
    #[must_use]
    pub fn columns(meta: &EventsMeta) -> [&str; 12] {
        [
            &meta.id,
            &meta.area,
            &meta.kind,
            &meta.severity,
            &meta.status,
            &meta.opened,
            &meta.due,
            &meta.closed,
            &meta.organisation,
            &meta.longitude,
            &meta.latitude,
            &meta.exercise,
        ]
    }

    /// Whether a table is the event stream.
    pub(super) fn follows(site: &Site, table: &str) -> bool {
        site.meta.events.as_ref().is_some_and(|e| e.table == table)
    }

    /// Takes in changed rows; `old` are the rows they replace, as they were.
    pub(super) fn change(&mut self, site: &Site, old: &Chunk, rows: &Chunk, arrived: EpochSecs) {
        let Some(columns) = Columns::new(site, rows) else {
            return;
        };
        self.replace_places(site, old, &columns, rows, arrived);
        self.forget(site, old, &columns, rows.rows);
        let mut segment = Segment::default();
        segment.take_in(site, rows, &columns, None);
        self.book.change(segment);
        let timeline = Arc::make_mut(&mut self.timeline);
        for row in 0..rows.rows {
            let Some(opened) = columns.opened.int(row) else {
                continue;
            };
            if columns.is_real(row) {
                *self.opened.entry(site.zone.day_of(opened)).or_default() += 1;
                timeline.add(opened, columns.grade(row), 1);
                if let Some(span) = columns.span(row, opened) {
                    let at = timeline.spans.partition_point(|other| other.opened_secs <= opened);
                    timeline.spans.insert(at, span);
                }
            }
            let changed = columns.arrived.and_then(|a| a.int(row)).unwrap_or(arrived);
            let Some(event) = columns.event(site, row, changed) else {
                continue;
            };
            if event.phase == EventPhase::Open {
                self.open.insert(site, event.clone());
            }
            self.recent.push_front(event);
        }
        self.recent.truncate(Events::RECENT);
    }

    /// Takes back rows that are about to be replaced: a correction is no new event, and one whose new area is unknown
    /// is shown nowhere.
    fn forget(&mut self, site: &Site, old: &Chunk, columns: &Columns<'_>, rows: usize) {
        let ids: HashSet<&str> = (0..rows).filter_map(|row| columns.id.text(row)).collect();
        (0..rows).filter_map(|row| columns.id.text(row)).for_each(|id| self.open.remove(site, id));
        self.recent.retain(|event| !ids.contains(&*event.id));
        let Some(meta) = &site.meta.events else { return };
        let timeline = Arc::make_mut(&mut self.timeline);
        timeline.spans.retain(|span| !ids.contains(&*span.id));
        let (Some(opened), exercise) = (old.column(&meta.opened), old.column(&meta.exercise)) else {
            return;
        };
        let severity = old.column(&meta.severity);
        for row in 0..old.rows {
            let real = exercise.and_then(|e| e.int(row)).unwrap_or(0) == 0;
            let Some(opened) = opened.int(row).filter(|_| real) else { continue };
            timeline.add(opened, grade(severity.and_then(|s| s.int(row))), -1);
            if let Some(count) = self.opened.get_mut(&site.zone.day_of(opened)) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// Places of object events: those of the replaced rows are taken back, those of the new rows counted.
    fn replace_places(
        &mut self,
        site: &Site,
        old: &Chunk,
        columns: &Columns<'_>,
        rows: &Chunk,
        arrived: EpochSecs,
    ) {
        let mut added = Collected::default();
        for row in 0..rows.rows {
            if let Some(opened) = columns.opened.int(row) {
                columns.collect(row, opened, &mut added);
            }
        }
        let Some(meta) = &site.meta.events else { return };
        let places = match (old.column(&meta.longitude), old.column(&meta.latitude)) {
            (Some(lon), Some(lat)) => {
                (0..old.rows).filter_map(|row| Some([lon.float(row)?, lat.float(row)?])).collect()
            }
            _ => Vec::new(),
        };
        let ids: HashSet<&str> = (0..rows.rows).filter_map(|row| columns.id.text(row)).collect();
        self.exchange(site, &places, &ids, &added, arrived);
    }

    /// Object events take the place of others: by the keys, and the places that these stood at. For a measurement, and
    /// for what a batch brings.
    pub(crate) fn exchange(
        &mut self,
        site: &Site,
        places: &[LonLat],
        ids: &HashSet<&str>,
        added: &Collected,
        now_secs: EpochSecs,
    ) {
        self.advance(site, now_secs);
        self.pyramid.change(places, ids, added);
    }

    /// Puts made-up events in the place of those with a place: for a measurement.
    pub(crate) fn measure_with(&mut self, site: &Site, open: Vec<EventView>, all: Collected) {
        self.open = OpenEvents::default();
        open.into_iter().for_each(|event| self.open.insert(site, event));
        self.collected = Some(all);
    }

    /// Puts open events beside those that are listed, and takes others out: for a measurement.
    pub(crate) fn listed_change(&mut self, site: &Site, gone: &[EventView], come: Vec<EventView>) {
        gone.iter().for_each(|event| self.open.remove(site, &event.id));
        for event in come {
            if event.phase == EventPhase::Open {
                self.open.insert(site, event.clone());
            }
            self.recent.push_front(event);
        }
        self.recent.truncate(Events::RECENT);
    }

    /// Moves events on to the class of age that they are in at an instant.
    pub fn advance(&mut self, site: &Site, now_secs: EpochSecs) {
        if let Some(collected) = self.collected.take() {
            self.pyramid = pyramid(site, &collected, now_secs);
        }
        self.pyramid.advance(now_secs);
    }

    /// What the screen shows on a day.
    #[must_use]
    pub fn view(&self, site: &Site, day: Day) -> Events {
        let recent = self.recent.iter().cloned().collect();
        Events {
            opened_today: self.opened.get(&day).copied().unwrap_or(0),
            timeline: Arc::clone(&self.timeline),
            ..told(site, &self.open, recent, &self.pyramid)
        }
    }

    /// Every event with its start and its end.
    pub(super) fn book(&self) -> EventBook {
        self.book.clone()
    }
}

/// Events as a screen may show them: those that concern persons at no finer area than where enough stand.
pub(super) fn told(site: &Site, all: &OpenEvents, mut recent: Vec<EventView>, pyramid: &Pyramid) -> Events {
    let mut open = all.listed();
    open.sort_by(|a, b| (a.opened_secs, &a.id).cmp(&(b.opened_secs, &b.id)));
    place_coarsely(site, &mut open);
    place_coarsely(site, &mut recent);
    Events {
        open_total: all.len(),
        open_by_severity: all.by_severity(),
        open_in: all.in_areas(site, open.iter()),
        cells: pyramid.cells().clone(),
        open: open.into(),
        recent: recent.into(),
        ..Events::default()
    }
}

/// Object events as counted cells.
pub(super) fn pyramid(site: &Site, collected: &Collected, now_secs: EpochSecs) -> Pyramid {
    let kinds = site.meta.events.as_ref().map(|e| e.object_kinds.as_slice()).unwrap_or_default();
    let bounds = site.areas.get(AreaId::ROOT).bounds;
    let coarsest = grid::coarsest((bounds.east - bounds.west) / 360.0 * 256.0);
    Pyramid::new(kinds, coarsest, collected, now_secs)
}

/// A severity as CAP has it, 1 to 4.
fn grade(severity: Option<i64>) -> u8 {
    u8::try_from(severity.unwrap_or(1)).unwrap_or(1).clamp(1, 4)
}

/// Fewer events that concern persons than this are never shown at one area.
const LEAST_AT_AN_AREA: usize = 5;

/// Events that are not about objects can be counted by whoever looks at the map, so each stands at the finest area where
/// enough of them stand, at the top area at last.
fn place_coarsely(site: &Site, events: &mut [EventView]) {
    let objects = site.meta.events.as_ref().map(|e| e.object_kinds.as_slice()).unwrap_or_default();
    let concerns_persons = |event: &EventView| objects.iter().all(|kind| *kind != *event.kind);
    let finest = events.iter().map(|event| site.areas.get(event.area).level).max().unwrap_or(0);
    for level in (1..=finest).rev() {
        let mut at: HashMap<AreaId, usize> = HashMap::new();
        for event in events.iter().filter(|event| concerns_persons(event)) {
            *at.entry(event.area).or_default() += 1;
        }
        for event in events.iter_mut().filter(|event| concerns_persons(event)) {
            let area = site.areas.get(event.area);
            let is_few = at.get(&event.area).is_some_and(|count| *count < LEAST_AT_AN_AREA);
            if area.level == level && is_few {
                event.area = area.parent.unwrap_or(AreaId::ROOT);
            }
        }
    }
}

pub(super) struct Columns<'a> {
    pub(super) id: &'a Column,
    pub(super) area: &'a Column,
    pub(super) kind: &'a Column,
    pub(super) status: &'a Column,
    pub(super) organisation: &'a Column,
    severity: &'a Column,
    exercise: &'a Column,
    pub(super) opened: &'a Column,
    pub(super) due: &'a Column,
    pub(super) closed: &'a Column,
    arrived: Option<&'a Column>,
    longitude: &'a Column,
    latitude: &'a Column,
    /// Per value of the list of states, whether the event is open.
    open: Vec<bool>,
    /// Per value of the list of kinds, its place among the kinds of objects.
    objects: Vec<Option<u16>>,
    /// Per value of the list of areas, whether the site has it.
    known: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn new(site: &'a Site, chunk: &'a Chunk) -> Option<Self> {
        let meta = site.meta.events.as_ref()?;
        let status = chunk.column(&meta.status)?;
        let open = status.texts()?.values().map(|s| meta.open_statuses.iter().any(|o| o == s)).collect();
        let kind = chunk.column(&meta.kind)?;
        let place = |kind: &str| meta.object_kinds.iter().position(|object| object == kind);
        let objects =
            kind.texts()?.values().map(|k| place(k).and_then(|at| u16::try_from(at).ok())).collect();
        let area = chunk.column(&meta.area)?;
        let known = area.texts()?.values().map(|code| site.areas.find(code).is_some()).collect();
        Some(Self {
            id: chunk.column(&meta.id)?,
            area,
            kind,
            status,
            organisation: chunk.column(&meta.organisation)?,
            severity: chunk.column(&meta.severity)?,
            exercise: chunk.column(&meta.exercise)?,
            opened: chunk.column(&meta.opened)?,
            due: chunk.column(&meta.due)?,
            closed: chunk.column(&meta.closed)?,
            arrived: chunk.column(ARRIVED_COLUMN),
            longitude: chunk.column(&meta.longitude)?,
            latitude: chunk.column(&meta.latitude)?,
            open,
            objects,
            known,
        })
    }

    pub(super) fn is_open(&self, row: usize) -> bool {
        let code = self.status.texts().and_then(|t| t.codes.get(row)).filter(|_| self.status.has(row));
        code.is_some_and(|code| self.open.get(*code as usize) == Some(&true))
    }

    /// Notes the place of an object event that is no drill, in an area that the site has.
    fn collect(&self, row: usize, opened: EpochSecs, out: &mut Collected) {
        let area = self.area.texts().and_then(|t| t.codes.get(row)).filter(|_| self.area.has(row));
        if area.is_none_or(|code| self.known.get(*code as usize) != Some(&true)) {
            return;
        }
        let (Some(lon), Some(lat)) = (self.longitude.float(row), self.latitude.float(row)) else {
            return;
        };
        let code = self.kind.texts().and_then(|t| t.codes.get(row)).filter(|_| self.kind.has(row));
        let kind = code.and_then(|code| self.objects.get(*code as usize).copied().flatten());
        let (Some(kind), Some(id), true) = (kind, self.id.text(row), self.is_real(row)) else {
            return;
        };
        let phase = if self.is_open(row) { EventPhase::Open } else { EventPhase::Done };
        out.push(id, [lon, lat], kind, self.grade(row), phase, opened);
    }

    pub(super) fn is_real(&self, row: usize) -> bool {
        self.exercise.int(row).unwrap_or(0) == 0
    }

    pub(super) fn grade(&self, row: usize) -> u8 {
        grade(self.severity.int(row))
    }

    /// Where it is, for object events.
    pub(super) fn place(&self, row: usize) -> Option<LonLat> {
        Some([self.longitude.float(row)?, self.latitude.float(row)?])
    }

    /// A grave event from its start to its end.
    fn span(&self, row: usize, opened_secs: EpochSecs) -> Option<Span> {
        const GRAVE: u8 = 3;
        let severity = self.grade(row);
        if severity < GRAVE {
            return None;
        }
        let end = || self.closed.int(row).unwrap_or_else(|| self.changed(row, opened_secs)).max(opened_secs);
        let closed_secs = (!self.is_open(row)).then(end);
        let (kind, id) = (self.kind.text(row)?.into(), self.id.text(row)?.into());
        Some(Span { opened_secs, closed_secs, severity, kind, id })
    }

    /// When the row last changed: its arrival, else its closing, else its opening.
    pub(super) fn changed(&self, row: usize, opened: EpochSecs) -> EpochSecs {
        self.arrived.and_then(|a| a.int(row)).or_else(|| self.closed.int(row)).unwrap_or(opened)
    }

    fn event(&self, site: &Site, row: usize, changed_secs: EpochSecs) -> Option<EventView> {
        let area: AreaId = site.areas.find(self.area.text(row)?)?;
        Some(EventView {
            id: self.id.text(row)?.into(),
            area,
            kind: self.kind.text(row)?.into(),
            severity: self.grade(row),
            status: self.status.text(row)?.into(),
            phase: if self.is_open(row) { EventPhase::Open } else { EventPhase::Done },
            organisation: self.organisation.text(row).map(Into::into),
            opened_secs: self.opened.int(row)?,
            due_secs: self.due.int(row),
            changed_secs,
            place: self.place(row),
            exercise: !self.is_real(row),
        })
    }
}
