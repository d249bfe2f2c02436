//! Rows of the event table, column by column. Owns what a row says of its event: its place, its severity, whether it is
//! open, of which kind it is; decides nothing about what is shown.

use crate::density::Collected;
use crate::moment::{GRAVE, Span};
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};
use crate::site::datasets::ARRIVED_COLUMN;
use crate::site::meta::EventsMeta;
use crate::snapshot::{EpochSecs, EventPhase, EventView};
use crate::store::column::{Chunk, Column};

/// A severity as CAP has it, 1 to 4.
pub(super) fn grade(severity: Option<i64>) -> u8 {
    u8::try_from(severity.unwrap_or(1)).unwrap_or(1).clamp(1, 4)
}

/// Place of a kind among the kinds of objects; behind them for what concerns persons.
pub(super) fn kind_of(meta: &EventsMeta, kind: Option<&str>) -> usize {
    let objects = &meta.object_kinds;
    objects.iter().position(|object| Some(object.as_str()) == kind).unwrap_or(objects.len())
}

/// The columns of a chunk.
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
    pub(super) arrived: Option<&'a Column>,
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
    pub(super) fn new(site: &'a Site, chunk: &'a Chunk) -> Option<Self> {
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

    /// Place of the row's kind among the kinds of objects; behind them for what concerns persons.
    pub(super) fn kind_place(&self, site: &Site, row: usize) -> usize {
        let code = self.kind.texts().and_then(|t| t.codes.get(row)).filter(|_| self.kind.has(row));
        let object = code.and_then(|code| self.objects.get(*code as usize).copied().flatten());
        let others = site.meta.events.as_ref().map_or(0, |meta| meta.object_kinds.len());
        object.map_or(others, usize::from)
    }

    /// Notes the place of an object event that is no drill, in an area that the site has.
    pub(super) fn collect(&self, row: usize, opened: EpochSecs, out: &mut Collected) {
        if !self.is_placed(row) {
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

    /// Whether the site has its area: else the event is shown and counted nowhere.
    pub(super) fn is_placed(&self, row: usize) -> bool {
        let area = self.area.texts().and_then(|t| t.codes.get(row)).filter(|_| self.area.has(row));
        area.is_some_and(|code| self.known.get(*code as usize) == Some(&true))
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
    pub(super) fn span(&self, row: usize, opened_secs: EpochSecs) -> Option<Span> {
        let severity = self.grade(row);
        if severity < GRAVE {
            return None;
        }
        let closed_secs = self.closed(row, opened_secs);
        let (kind, id) = (self.kind.text(row)?.into(), self.id.text(row)?.into());
        Some(Span { opened_secs, closed_secs, severity, kind, id })
    }

    /// When the event was finished, as the row says, else when that reached us; none while it is open.
    pub(super) fn closed(&self, row: usize, opened: EpochSecs) -> Option<EpochSecs> {
        let end = || self.closed.int(row).unwrap_or_else(|| self.changed(row, opened)).max(opened);
        (!self.is_open(row)).then(end)
    }

    /// When the row last changed: its arrival, else its closing, else its opening.
    pub(super) fn changed(&self, row: usize, opened: EpochSecs) -> EpochSecs {
        self.arrived.and_then(|a| a.int(row)).or_else(|| self.closed.int(row)).unwrap_or(opened)
    }

    pub(super) fn event(&self, site: &Site, row: usize, changed_secs: EpochSecs) -> Option<EventView> {
        let area: AreaId = site.areas.find(self.area.text(row)?)?;
        let opened_secs = self.opened.int(row)?;
        Some(EventView {
            id: self.id.text(row)?.into(),
            area,
            kind: self.kind.text(row)?.into(),
            severity: self.grade(row),
            status: self.status.text(row)?.into(),
            phase: if self.is_open(row) { EventPhase::Open } else { EventPhase::Done },
            organisation: self.organisation.text(row).map(Into::into),
            opened_secs,
            due_secs: self.due.int(row),
            changed_secs,
            closed_secs: self.closed(row, opened_secs),
            place: self.place(row),
            exercise: !self.is_real(row),
        })
    }
}
