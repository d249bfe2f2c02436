//! The event stream: open events and latest changes. Owns what a screen may show of an event; counts nothing that an
//! indicator counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::density::{Collected, EventCells, Old, Pyramid, Reports, Sorter, grid};
use crate::moment::{GRAVE, Span, Timeline};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::meta::EventsMeta;
use crate::snapshot::{Day, EpochSecs, EventPhase, EventView, Events};
use crate::store::column::Chunk;

use super::book::{EventBook, Segment};
use super::event_rows::{Columns, grade, kind_of};
use super::open::{Listed, OpenEvents, shown_areas};

/// Open events, latest changes, and the places of all object events.
#[derive(Debug, Clone, Default)]
pub struct EventLog {
    open: OpenEvents,
    recent: VecDeque<EventView>,
    /// Real events opened per day.
    opened: BTreeMap<Day, u64>,
    /// From the book, once somebody asks for a picture.
    pyramid: Option<Pyramid>,
    timeline: Arc<Timeline>,
    book: EventBook,
    /// From the book, once somebody asks for a picture.
    reports: Option<Arc<Reports>>,
}

/// Where a row stands in its table: piece, then row. Of two changes at one instant the later row is the newer.
pub(super) type RowOrder = (usize, usize);

/// The stream while it loads, piece by piece.
#[derive(Debug, Default)]
pub(super) struct EventTally {
    open: Vec<(RowOrder, EventView)>,
    opened: BTreeMap<Day, u64>,
    newest: Vec<(EpochSecs, RowOrder, EventView)>,
    timeline: Timeline,
    spans: Vec<Span>,
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
            if columns.is_real(row) && columns.is_placed(row) {
                if !(day.2..=day.3).contains(&opened) {
                    *self.opened.entry(day.0).or_default() += day.1;
                    let at = site.zone.day_of(opened);
                    day = (at, 0, site.zone.start_of(at), site.zone.end_of(at));
                }
                day.1 += 1;
                self.timeline.add(opened, columns.kind_place(site, row), columns.grade(row), 1);
                self.spans.extend(columns.span(row, opened));
            }
            let changed = columns.changed(row, opened);
            newest.push((changed, row));
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
        self.spans.extend(other.spans);
        self.book.extend(other.book);
        self.newest.extend(other.newest);
        self.keep_newest();
    }

    /// The stream as it was loaded.
    pub(super) fn finish(mut self, site: &Site) -> EventLog {
        self.open.sort_by_key(|(order, _)| *order);
        let mut open = OpenEvents::default();
        self.open.into_iter().for_each(|(_, event)| open.insert(site, event));
        self.book.sort_by_key(|(piece, _)| *piece);
        EventLog {
            timeline: Arc::new(self.timeline.with_spans(self.spans)),
            book: EventBook::new(self.book.into_iter().map(|(_, segment)| segment).collect()),
            open,
            recent: self.newest.into_iter().map(|(_, _, event)| event).collect(),
            opened: self.opened,
            pyramid: None,
            reports: None,
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
        if let Some(reports) = self.reports.as_mut().map(Arc::make_mut) {
            take_back(site, old, reports);
            segment.report(site, reports, 1, |_| true);
        }
        self.book.change(segment, (0..rows.rows).filter_map(|row| columns.id.text(row)));
        let timeline = Arc::make_mut(&mut self.timeline);
        for row in 0..rows.rows {
            let Some(opened) = columns.opened.int(row) else {
                continue;
            };
            if columns.is_real(row) && columns.is_placed(row) {
                *self.opened.entry(site.zone.day_of(opened)).or_default() += 1;
                timeline.add(opened, columns.kind_place(site, row), columns.grade(row), 1);
                if let Some(span) = columns.span(row, opened) {
                    timeline.insert_span(span);
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
        let severity = old.column(&meta.severity);
        let was = |row: usize| grade(severity.and_then(|s| s.int(row)));
        let (Some(opened), exercise) = (old.column(&meta.opened), old.column(&meta.exercise)) else {
            return;
        };
        let (kinds, areas) = (old.column(&meta.kind), old.column(&meta.area));
        let is_placed = |row| areas.and_then(|a| a.text(row)).is_some_and(|a| site.areas.find(a).is_some());
        for row in 0..old.rows {
            let real = exercise.and_then(|e| e.int(row)).unwrap_or(0) == 0;
            let Some(opened) = opened.int(row).filter(|_| real && is_placed(row)) else { continue };
            let kind = kind_of(meta, kinds.and_then(|k| k.text(row)));
            timeline.add(opened, kind, was(row), -1);
            // Only a grave event has a span, and most have none.
            if was(row) >= GRAVE {
                timeline.remove_spans(opened, |id| ids.contains(id));
            }
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
        let [lon, lat, opened] = [&meta.longitude, &meta.latitude, &meta.opened].map(|name| old.column(name));
        let was = |row| Some(([lon?.float(row)?, lat?.float(row)?], opened?.int(row)?));
        let old: Vec<Old> = (0..old.rows).filter_map(was).collect();
        let ids: HashSet<&str> = (0..rows.rows).filter_map(|row| columns.id.text(row)).collect();
        self.exchange(site, &old, &ids, &added, arrived);
    }

    /// Object events take the place of others: by the keys, and where and since when these stood. For a measurement, and
    /// for what a batch brings.
    pub(crate) fn exchange(
        &mut self,
        site: &Site,
        old: &[Old],
        ids: &HashSet<&str>,
        added: &Collected,
        now_secs: EpochSecs,
    ) {
        self.age(site, now_secs).change(old, ids, added);
    }

    /// Puts made-up events in the place of the site's own: for a measurement.
    pub(crate) fn measure_with(
        &mut self,
        site: &Site,
        open: Vec<EventView>,
        all: &Collected,
        timeline: Timeline,
        now_secs: EpochSecs,
    ) {
        self.timeline = Arc::new(timeline);
        self.open = OpenEvents::default();
        open.into_iter().for_each(|event| self.open.insert(site, event));
        self.pyramid = Some(pyramid(site, all, now_secs));
    }

    /// Puts open events beside those that are listed, and takes others out: for a measurement.
    pub(crate) fn listed_change(&mut self, site: &Site, gone: &[EventView], come: Vec<EventView>) {
        let Some(meta) = &site.meta.events else { return };
        let timeline = Arc::make_mut(&mut self.timeline);
        for event in gone {
            self.open.remove(site, &event.id);
            timeline.add(event.opened_secs, kind_of(meta, Some(&event.kind)), event.severity, -1);
            timeline.remove_spans(event.opened_secs, |id| *id == *event.id);
        }
        for event in come {
            timeline.add(event.opened_secs, kind_of(meta, Some(&event.kind)), event.severity, 1);
            Span::of(&event).into_iter().for_each(|span| timeline.insert_span(span));
            if event.phase == EventPhase::Open {
                self.open.insert(site, event.clone());
            }
            self.recent.push_front(event);
        }
        self.recent.truncate(Events::RECENT);
    }

    /// Moves events on to an instant: to the class of age that they are in, and what is kept by the hour.
    pub fn advance(&mut self, site: &Site, now_secs: EpochSecs) {
        self.age(site, now_secs);
        match &mut self.reports {
            Some(reports) => Arc::make_mut(reports).advance(now_secs),
            None => self.reports = Some(Arc::new(self.book.reports(site, now_secs))),
        }
    }

    fn age(&mut self, site: &Site, now_secs: EpochSecs) -> &mut Pyramid {
        // The book is as it was loaded: whatever changes it asks for this first.
        let pyramid = self.pyramid.get_or_insert_with(|| {
            let (kinds, coarsest) = levels(site);
            let fill = |part, sorter: &mut Sorter| self.book.put(site, part, sorter);
            Pyramid::of(kinds, coarsest, self.book.loaded(), fill, now_secs)
        });
        pyramid.advance(now_secs);
        pyramid
    }

    /// What the screen shows on a day.
    #[must_use]
    pub fn view(&mut self, site: &Site, day: Day) -> Events {
        let recent = self.recent.iter().cloned().collect();
        let cells = self.pyramid.as_ref().map(|pyramid| pyramid.cells().clone()).unwrap_or_default();
        Events {
            opened_today: self.opened.get(&day).copied().unwrap_or(0),
            timeline: Arc::clone(&self.timeline),
            reports: self.reports.clone().unwrap_or_default(),
            ..told(site, &mut self.open, recent, cells)
        }
    }

    /// Every event with its start and its end.
    pub(super) fn book(&self) -> EventBook {
        self.book.clone()
    }
}

/// Takes rows that are about to be replaced out of what is reported. Their keys are not kept.
fn take_back(site: &Site, old: &Chunk, reports: &mut Reports) {
    let Some(meta) = &site.meta.events else { return };
    let columns = [&meta.area, &meta.kind, &meta.opened, &meta.exercise].map(|name| old.column(name));
    let [Some(area), Some(kind), Some(opened), exercise] = columns else { return };
    for row in (0..old.rows).filter(|row| exercise.and_then(|e| e.int(*row)).unwrap_or(0) == 0) {
        let area = area.text(row).and_then(|code| site.areas.find(code));
        if let (Some(area), Some(opened)) = (area, opened.int(row)) {
            reports.add(&site.areas, area, kind_of(meta, kind.text(row)), opened, -1);
        }
    }
}

/// Events as a screen may show them: those that concern persons at no finer area than where enough stand.
pub(super) fn told(
    site: &Site,
    all: &mut OpenEvents,
    mut recent: Vec<EventView>,
    cells: EventCells,
) -> Events {
    let areas = shown_areas(site, &recent);
    recent.iter_mut().zip(areas).for_each(|(event, area)| event.area = area);
    let Listed { events, in_areas } = all.listed(site);
    Events {
        open_total: all.len(),
        open_by_severity: all.by_severity(),
        open_in: in_areas,
        cells,
        open: events,
        recent: recent.into(),
        ..Events::default()
    }
}

/// The kinds of objects, and the first level that a map can ask for.
fn levels(site: &Site) -> (&[String], u8) {
    let kinds = site.meta.events.as_ref().map(|e| e.object_kinds.as_slice()).unwrap_or_default();
    let bounds = site.areas.get(AreaId::ROOT).bounds;
    (kinds, grid::coarsest((bounds.east - bounds.west) / 360.0 * 256.0))
}

/// Object events as counted cells.
pub(super) fn pyramid(site: &Site, collected: &Collected, now_secs: EpochSecs) -> Pyramid {
    let (kinds, coarsest) = levels(site);
    Pyramid::new(kinds, coarsest, collected, now_secs)
}
