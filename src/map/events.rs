//! Open events on the map: symbols where a place is known, counted badges where only the area is, clusters where there
//! are too many. Owns which mark stands for which events, and finding the mark under the pointer.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Mesh, Painter, Pos2, Shape};

use super::kept::{Inker, Kept};
use super::lens::{Lens, World, world};
use super::sheet::{Dress, Sheet, Type, write};
use super::symbol::{self, Symbol};
use crate::site::areas::AreaId;
use crate::snapshot::EventView;

/// More symbols than this are counted together.
const MOST_SINGLE: usize = 400;
/// Beyond this share of symbols that touch another, they are counted together as well.
const MOST_CROWDED: f32 = 0.6;
/// How long an event counts as new, in seconds of data time, and how many are marked as new at once.
const NEW_SECS: i64 = 300;
const MOST_NEW: usize = 5;

/// One mark on the screen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// Where.
    pub at: Pos2,
    /// Worst severity in it.
    pub severity: u8,
    /// Place of the (worst) event in the list of open events.
    pub event: usize,
    /// How many events it stands for.
    pub count: usize,
    /// A drill.
    pub exercise: bool,
}

/// Events of one area that have no place of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Badge {
    /// The area.
    pub area: AreaId,
    /// How many.
    pub count: usize,
    /// Worst severity.
    pub severity: u8,
}

#[derive(Debug, Default)]
struct Drawn {
    marks: Vec<Mark>,
    mesh: Arc<Mesh>,
    clustered: usize,
}

type Key = (Lens, Dress, u64, Option<Arc<str>>);

/// The layer.
#[derive(Debug, Default)]
pub(super) struct EventsLayer {
    drawn: Kept<Key, Drawn>,
    badges: Kept<u64, Vec<Badge>>,
}

impl EventsLayer {
    /// Works out marks and badges for this frame.
    pub(super) fn prepare(&mut self, sheet: &Sheet<'_>) {
        let revision = sheet.view.snapshot.revision;
        let key = (sheet.lens, sheet.dress(), revision, sheet.view.state.event.clone());
        self.drawn.get(key, || draw(sheet));
        self.badges.get(revision, || badges(sheet));
    }

    /// The marks on the screen.
    #[must_use]
    pub(super) fn marks(&self) -> &[Mark] {
        &self.drawn.last().marks
    }

    /// The badges.
    #[must_use]
    pub(super) fn badges(&self) -> &[Badge] {
        self.badges.last()
    }

    /// How many events are shown in clusters.
    #[must_use]
    pub(super) const fn clustered(&self) -> usize {
        self.drawn.last().clustered
    }

    /// Paints symbols, counts and the letters of drills.
    pub(super) fn paint(&self, painter: &Painter, sheet: &Sheet<'_>) {
        let theme = sheet.theme();
        let drawn = self.drawn.last();
        painter.add(Shape::Mesh(Arc::clone(&drawn.mesh)));
        let kind = Type { size: theme.sizes.small * 0.92, bold: true, color: theme.text };
        for mark in &drawn.marks {
            let r = symbol::radius(theme, mark.severity);
            if mark.count > 1 {
                let at = mark.at + egui::vec2(r * 1.7, -kind.size * 0.62);
                write(painter, at, &mark.count.to_string(), kind, theme.ground);
            } else if mark.exercise {
                let at = mark.at + egui::vec2(r * 1.3, -kind.size * 1.1);
                write(painter, at, sheet.view.text.get("map.exercise_letter"), kind, theme.ground);
            }
        }
    }

    /// The mark at a point of the screen: the worst of those within reach, then the nearest.
    #[must_use]
    pub(super) fn at(&self, sheet: &Sheet<'_>, at: Pos2) -> Option<&Mark> {
        let reach =
            |m: &Mark| symbol::radius(sheet.theme(), m.severity).max(sheet.theme().sizes.small * 0.4) * 1.25;
        self.marks().iter().filter(|m| (m.at - at).length() <= reach(m)).min_by(|a, b| {
            b.severity.cmp(&a.severity).then((a.at - at).length().total_cmp(&(b.at - at).length()))
        })
    }
}

/// Where an event is drawn, if it has a place.
#[must_use]
pub(super) fn place(event: &EventView) -> Option<World> {
    event.place.map(world)
}

fn draw(sheet: &Sheet<'_>) -> Drawn {
    let theme = sheet.theme();
    let events = &sheet.view.snapshot.events.open;
    let seen = sheet.lens.rect.expand(theme.sizes.small);
    let mut marks: Vec<Mark> = events
        .iter()
        .enumerate()
        .filter_map(|(event, e)| {
            let at = sheet.lens.to_screen(place(e)?);
            let severity = e.severity.clamp(1, 4);
            seen.contains(at).then_some(Mark { at, severity, event, count: 1, exercise: e.exercise })
        })
        .collect();
    let mut clustered = 0;
    if marks.len() > MOST_SINGLE || crowded(&marks, theme.sizes.small * 0.55) {
        marks = cluster(sheet, &marks);
        clustered = marks.iter().filter(|m| m.count > 1).map(|m| m.count).sum();
    }
    // The gravest last, so that it lies on top.
    marks.sort_by_key(|m| (m.severity, m.count));
    let mut inker = Inker::new(sheet.lens.pixels_per_point);
    let now = sheet.view.snapshot.now_secs;
    let most_new = if clustered > 0 { 0 } else { MOST_NEW };
    let newest =
        events.iter().rev().filter(|e| e.place.is_some() && now - e.opened_secs <= NEW_SECS).take(most_new);
    for event in newest {
        if let Some(at) = place(event).map(|p| sheet.lens.to_screen(p)) {
            symbol::new_rings(theme, at, event.severity.clamp(1, 4)).into_iter().for_each(|s| inker.add(s));
        }
    }
    for mark in &marks {
        let event = events.get(mark.event);
        let chosen = event.is_some_and(|e| sheet.view.state.event.as_ref() == Some(&e.id));
        if chosen {
            let r = symbol::radius(theme, mark.severity) * 2.2;
            inker.add(Shape::circle_stroke(
                mark.at,
                r,
                egui::Stroke::new(sheet.hairline() * 2.0, theme.text),
            ));
        }
        let grown = if mark.count > 1 {
            1.35
        } else if chosen {
            1.25
        } else {
            1.0
        };
        let symbol =
            Symbol { at: mark.at, severity: mark.severity, grown, hollow: mark.exercise && mark.count == 1 };
        symbol.shapes(theme).into_iter().for_each(|s| inker.add(s));
    }
    Drawn { marks, mesh: inker.finish(), clustered }
}

type Cell = (i64, i64);

#[expect(clippy::cast_possible_truncation, reason = "cells of a screen")]
fn cell(lens: &Lens, at: Pos2, size: f32) -> Cell {
    // Cells are fixed to the ground: clusters do not change while the map is dragged.
    let [x, y] = lens.to_world(at);
    let side = f64::from(size) / lens.scale;
    ((x / side).floor() as i64, (y / side).floor() as i64)
}

fn crowded(marks: &[Mark], size: f32) -> bool {
    if marks.len() < 40 {
        return false;
    }
    let mut cells: HashMap<Cell, usize> = HashMap::new();
    #[expect(clippy::cast_possible_truncation, reason = "cells of a screen")]
    let cell = |at: Pos2| ((at.x / size).floor() as i64, (at.y / size).floor() as i64);
    for mark in marks {
        *cells.entry(cell(mark.at)).or_default() += 1;
    }
    let touching: usize = cells.values().filter(|n| **n > 1).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of marks")]
    let share = touching as f32 / marks.len() as f32;
    share > MOST_CROWDED
}

fn cluster(sheet: &Sheet<'_>, marks: &[Mark]) -> Vec<Mark> {
    let size = sheet.theme().sizes.small * 4.4;
    let mut cells: HashMap<Cell, Vec<&Mark>> = HashMap::new();
    for mark in marks {
        cells.entry(cell(&sheet.lens, mark.at, size)).or_default().push(mark);
    }
    cells
        .into_values()
        .filter_map(|group| {
            let worst = group.iter().max_by_key(|m| (!m.exercise, m.severity, m.event))?;
            // In the middle of its events; a single one stays at its true place.
            let sum = group.iter().fold(egui::Vec2::ZERO, |sum, m| sum + m.at.to_vec2());
            let at = (sum / crate::panels::pen::whole(group.len())).to_pos2();
            Some(Mark { at, count: group.len(), ..(*worst).clone() })
        })
        .collect()
}

fn badges(sheet: &Sheet<'_>) -> Vec<Badge> {
    let areas = &sheet.view.site.areas;
    let mut counts: HashMap<AreaId, (usize, u8)> = HashMap::new();
    for event in sheet.view.snapshot.events.open.iter().filter(|e| e.place.is_none() && !e.exercise) {
        if event.area.index() < areas.len() {
            let (count, worst) = counts.entry(areas.ancestor(event.area, 2)).or_default();
            *count += 1;
            *worst = (*worst).max(event.severity.clamp(1, 4));
        }
    }
    let mut out: Vec<Badge> =
        counts.into_iter().map(|(area, (count, severity))| Badge { area, count, severity }).collect();
    out.sort_by_key(|b| (std::cmp::Reverse(b.severity), b.area));
    out
}
