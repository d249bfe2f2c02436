//! The event stream: open events and latest changes. Owns what a screen may show of an event; counts nothing that an
//! indicator counts.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use polars::prelude::*;

use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::datasets::ARRIVED_COLUMN;
use crate::site::meta::EventsMeta;
use crate::snapshot::{Day, EpochSecs, EventPhase, EventView, Events};

/// Open events and latest changes.
#[derive(Debug, Clone, Default)]
pub struct EventLog {
    open: HashMap<Arc<str>, EventView>,
    recent: VecDeque<EventView>,
    /// Opening times of real events, sorted; for the count of a day.
    opened: Vec<EpochSecs>,
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

    /// Reads the events of a loaded table.
    #[must_use]
    pub(super) fn from_rows(site: &Site, frame: &DataFrame) -> Self {
        let mut log = Self::default();
        let Some(columns) = Columns::new(site, frame) else {
            return log;
        };
        let mut newest: Vec<(EpochSecs, usize)> = Vec::with_capacity(frame.height());
        for row in 0..frame.height() {
            let Some(opened) = columns.opened.get(row) else {
                continue;
            };
            let is_real = columns.exercise.get(row).unwrap_or(0) == 0;
            if is_real {
                log.opened.push(opened);
            }
            let changed = columns.changed(row, opened);
            newest.push((changed, row));
            if columns.is_open(row)
                && let Some(event) = columns.event(site, row, changed)
            {
                log.open.insert(Arc::clone(&event.id), event);
            }
        }
        log.opened.sort_unstable();
        let keep = Events::RECENT.min(newest.len());
        if keep > 0 {
            newest.select_nth_unstable_by(keep - 1, |a, b| b.cmp(a));
            newest.truncate(keep);
            newest.sort_unstable_by(|a, b| b.cmp(a));
        }
        log.recent = newest.iter().filter_map(|(changed, row)| columns.event(site, *row, *changed)).collect();
        log
    }

    /// Takes in changed rows; `old` are the rows they replace, as they were.
    pub(super) fn change(&mut self, site: &Site, old: &DataFrame, frame: &DataFrame, arrived: EpochSecs) {
        let Some(columns) = Columns::new(site, frame) else {
            return;
        };
        self.forget(site, old);
        for row in 0..frame.height() {
            let Some(opened) = columns.opened.get(row) else {
                continue;
            };
            if columns.exercise.get(row).unwrap_or(0) == 0 {
                let at = self.opened.partition_point(|o| *o <= opened);
                self.opened.insert(at, opened);
            }
            let changed = columns.arrived.as_ref().and_then(|a| a.get(row)).unwrap_or(arrived);
            let Some(event) = columns.event(site, row, changed) else {
                continue;
            };
            if event.phase == EventPhase::Open {
                self.open.insert(Arc::clone(&event.id), event.clone());
            }
            self.recent.push_front(event);
        }
        self.recent.truncate(Events::RECENT);
    }

    /// Takes back rows that are about to be replaced: a correction is no new event, and one whose new area is unknown
    /// is shown nowhere.
    fn forget(&mut self, site: &Site, old: &DataFrame) {
        let Some(columns) = Columns::new(site, old) else {
            return;
        };
        for row in 0..old.height() {
            if let Some(id) = columns.id.get(row) {
                self.open.remove(id);
                self.recent.retain(|e| &*e.id != id);
            }
            let real = columns.exercise.get(row).unwrap_or(0) == 0;
            let opened = columns.opened.get(row).filter(|_| real);
            if let Some(at) = opened.and_then(|opened| self.opened.binary_search(&opened).ok()) {
                self.opened.remove(at);
            }
        }
    }

    /// What the screen shows on a day.
    #[must_use]
    pub fn view(&self, site: &Site, day: Day) -> Events {
        let mut open: Vec<EventView> = self.open.values().cloned().collect();
        open.sort_by(|a, b| (a.opened_secs, &a.id).cmp(&(b.opened_secs, &b.id)));
        let from = self.opened.partition_point(|o| *o < site.zone.start_of(day));
        let until = self.opened.partition_point(|o| *o <= site.zone.end_of(day));
        let mut recent: Vec<EventView> = self.recent.iter().cloned().collect();
        place_coarsely(site, &mut open);
        place_coarsely(site, &mut recent);
        Events { open: open.into(), recent: recent.into(), opened_today: (until - from) as u64 }
    }
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

struct Columns<'a> {
    meta: &'a EventsMeta,
    id: StringChunked,
    area: StringChunked,
    kind: StringChunked,
    status: StringChunked,
    organisation: StringChunked,
    severity: Int64Chunked,
    exercise: Int64Chunked,
    opened: Int64Chunked,
    due: Int64Chunked,
    closed: Int64Chunked,
    arrived: Option<Int64Chunked>,
    longitude: Float64Chunked,
    latitude: Float64Chunked,
}

impl<'a> Columns<'a> {
    fn new(site: &'a Site, frame: &DataFrame) -> Option<Self> {
        let meta = site.meta.events.as_ref()?;
        let text = |name: &str| frame.column(name).ok()?.str().ok().cloned();
        let int = |name: &str| frame.column(name).ok()?.cast(&DataType::Int64).ok()?.i64().ok().cloned();
        let float = |name: &str| frame.column(name).ok()?.cast(&DataType::Float64).ok()?.f64().ok().cloned();
        Some(Self {
            id: text(&meta.id)?,
            area: text(&meta.area)?,
            kind: text(&meta.kind)?,
            status: text(&meta.status)?,
            organisation: text(&meta.organisation)?,
            severity: int(&meta.severity)?,
            exercise: int(&meta.exercise)?,
            opened: int(&meta.opened)?,
            due: int(&meta.due)?,
            closed: int(&meta.closed)?,
            arrived: int(ARRIVED_COLUMN),
            longitude: float(&meta.longitude)?,
            latitude: float(&meta.latitude)?,
            meta,
        })
    }

    fn is_open(&self, row: usize) -> bool {
        self.status.get(row).is_some_and(|s| self.meta.open_statuses.iter().any(|o| o == s))
    }

    /// When the row last changed: its arrival, else its closing, else its opening.
    fn changed(&self, row: usize, opened: EpochSecs) -> EpochSecs {
        let arrived = self.arrived.as_ref().and_then(|a| a.get(row));
        arrived.or_else(|| self.closed.get(row)).unwrap_or(opened)
    }

    fn event(&self, site: &Site, row: usize, changed_secs: EpochSecs) -> Option<EventView> {
        let area: AreaId = site.areas.find(self.area.get(row)?)?;
        let place = match (self.longitude.get(row), self.latitude.get(row)) {
            (Some(lon), Some(lat)) => Some([lon, lat]),
            _ => None,
        };
        Some(EventView {
            id: self.id.get(row)?.into(),
            area,
            kind: self.kind.get(row)?.into(),
            severity: u8::try_from(self.severity.get(row).unwrap_or(1)).unwrap_or(1).clamp(1, 4),
            status: self.status.get(row)?.into(),
            phase: if self.is_open(row) { EventPhase::Open } else { EventPhase::Done },
            organisation: self.organisation.get(row).map(Into::into),
            opened_secs: self.opened.get(row)?,
            due_secs: self.due.get(row),
            changed_secs,
            place,
            exercise: self.exercise.get(row).unwrap_or(0) != 0,
        })
    }
}
