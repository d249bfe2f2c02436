//! What stands for which object events in a view: each one singly while they are few, counted hexagons where they are
//! many. Owns that choice, in places on the ground; how it looks is `events`'.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::lens::{World, world};
use super::sheet::Sheet;
use crate::density::grid::{self, CELL_PIXELS, Cell, FINEST, Window};
use crate::density::{CellSum, EventPoint, Phases};
use crate::site::areas::AreaId;
use crate::snapshot::{EventPhase, Events};

/// More events than this are counted together.
const MOST_SINGLE: u64 = 400;
/// Beyond this share of events that would touch another, they are counted together as well.
const MOST_CROWDED: f64 = 0.6;
/// Fewer never are a crowd.
const LEAST_CROWD: u64 = 40;
/// Cells with one event show that event while there are at most this many.
const MOST_LONE: usize = 150;
/// Least width of a cell on the screen, in sizes of the smallest type: a number fits into it.
const CELL_SIZES: f64 = 3.3;

/// One event on the map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Single {
    /// Its key.
    pub id: Arc<str>,
    /// Kind code.
    pub kind: Arc<str>,
    /// Severity, 1 to 4.
    pub severity: u8,
    /// Open or done.
    pub phase: EventPhase,
    /// A drill.
    pub exercise: bool,
    /// When it began.
    pub opened_secs: i64,
    /// Where.
    pub at: World,
}

/// What is shown of object events.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// Level of the cells.
    pub level: u8,
    /// Cells that stand for events.
    pub cells: Vec<CellSum>,
    /// Events that stand for themselves.
    pub singles: Vec<Single>,
    /// The greatest count of a cell.
    pub most: u64,
    /// Events in the window.
    pub total: u64,
}

/// The cells of a view, and the level that they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    /// The level.
    pub level: u8,
    /// Whole tiles of cells around what is seen.
    pub window: Window,
}

impl Reach {
    /// For a view. Cells are as wide on a wall as its type asks for.
    pub(super) fn of(sheet: &Sheet<'_>) -> Self {
        let least = f64::from(sheet.theme().sizes.small) * CELL_SIZES;
        let coarsest = *sheet.view.snapshot.events.cells.levels().start();
        let level = (sheet.lens.zoom - (least / CELL_PIXELS).log2()).floor();
        let level = level.clamp(f64::from(coarsest), f64::from(FINEST)) as u8;
        let seen = sheet.lens.extent(0.0);
        Self { level, window: Window::covering(level, seen.min, seen.max) }
    }

    /// Whether its cells are of the same level and hold all of another's.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.level == other.level
            && self.window.holds(other.window.from)
            && self.window.holds(other.window.to)
    }
}

impl Crowd {
    /// Chooses for a view.
    pub(super) fn of(sheet: &Sheet<'_>, reach: &Reach) -> Self {
        let events = &sheet.view.snapshot.events;
        let cells = &events.cells;
        let mask = cells.mask(&sheet.view.state.filter);
        let mut found = Vec::new();
        cells.cells(reach.level, &reach.window, &mask, &mut found);
        let total = found.iter().map(|c| c.count).sum();
        let mut out = Self { level: reach.level, total, singles: drills(sheet, reach), ..Self::default() };
        let all = |cells: &[CellSum]| cells.iter().map(|c| c.cell).collect::<Vec<Cell>>();
        if total <= MOST_SINGLE {
            let singles = singles(sheet, reach, &all(&found));
            if total <= LEAST_CROWD || !is_crowded(reach.level, &singles) {
                out.singles.extend(singles);
                return out;
            }
        }
        // A cell that holds one event shows that event, at its true place.
        let (lone, many): (Vec<CellSum>, Vec<CellSum>) = found.into_iter().partition(|c| c.count == 1);
        if lone.len() <= MOST_LONE {
            out.singles.extend(singles(sheet, reach, &all(&lone)));
            out.cells = many;
        } else {
            out.cells = many;
            out.cells.extend(lone);
        }
        out.most = out.cells.iter().map(|c| c.count).max().unwrap_or(0);
        out
    }

    /// How many events are counted in cells.
    pub(super) fn counted(&self) -> u64 {
        self.cells.iter().map(|c| c.count).sum()
    }
}

/// The events of some cells. What is open and listed needs no search.
fn singles(sheet: &Sheet<'_>, reach: &Reach, cells: &[Cell]) -> Vec<Single> {
    let view = sheet.view;
    let events = &view.snapshot.events;
    let filter = &view.state.filter;
    let all_listed = events.open_total <= Events::MOST_LISTED as u64;
    if filter.phases == Phases::Open && all_listed {
        let wanted: HashSet<Cell> = cells.iter().copied().collect();
        let now = view.snapshot.now_secs;
        let placed = events.open.iter().filter(|e| !e.exercise && filter.takes(e, now));
        let placed = placed.filter_map(|e| Some((e, world(e.place?))));
        return placed
            .filter(|(_, at)| wanted.contains(&grid::cell(reach.level, *at)))
            .map(|(e, at)| single(e, at))
            .collect();
    }
    let mask = events.cells.mask(filter);
    let mut points: Vec<EventPoint> = Vec::new();
    events.cells.points(reach.level, cells, &mask, &mut points);
    let single = |p: EventPoint| Single {
        id: p.id,
        kind: p.kind,
        severity: p.severity,
        phase: p.phase,
        exercise: false,
        opened_secs: p.opened_secs,
        at: p.at,
    };
    points.into_iter().map(single).collect()
}

fn single(event: &crate::snapshot::EventView, at: World) -> Single {
    Single {
        id: Arc::clone(&event.id),
        kind: Arc::clone(&event.kind),
        severity: event.severity.clamp(1, 4),
        phase: event.phase,
        exercise: event.exercise,
        opened_secs: event.opened_secs,
        at,
    }
}

/// Drills that are going on: always shown singly, never counted.
fn drills(sheet: &Sheet<'_>, reach: &Reach) -> Vec<Single> {
    let view = sheet.view;
    let filter = &view.state.filter;
    let now = view.snapshot.now_secs;
    let drills = view.snapshot.events.open.drills().filter(|e| filter.takes(e, now));
    drills
        .filter_map(|e| Some((e, world(e.place?))))
        .filter(|(_, at)| reach.window.holds(grid::cell(reach.level, *at)))
        .map(|(e, at)| single(e, at))
        .collect()
}

/// Whether too many events would touch another.
fn is_crowded(level: u8, singles: &[Single]) -> bool {
    // An eighth of a cell is about half the smallest type: the size of a symbol.
    let fine = (level + 3).min(FINEST + 3);
    let mut at: HashMap<Cell, usize> = HashMap::new();
    for single in singles {
        *at.entry(grid::cell(fine, single.at)).or_default() += 1;
    }
    let touching: usize = at.values().filter(|n| **n > 1).sum();
    touching as f64 > singles.len() as f64 * MOST_CROWDED
}

/// Events of areas, drills left out: those that have no place of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Badge {
    /// The area.
    pub area: AreaId,
    /// How many.
    pub count: usize,
    /// Worst severity.
    pub severity: u8,
}

/// Fewer events than this are marked at no area while a filter narrows them: what stands at an area may be counted, its
/// parts may not.
const LEAST_FILTERED: usize = 5;

/// Badges of a view, and how many events were too few for one.
pub(super) fn badges(sheet: &Sheet<'_>) -> (Vec<Badge>, usize) {
    let areas = &sheet.view.site.areas;
    let filter = &sheet.view.state.filter;
    let now = sheet.view.snapshot.now_secs;
    let mut counts: Vec<(usize, u8)> = vec![(0, 0); areas.len()];
    let open = sheet.view.snapshot.events.open.others().filter(|e| !e.exercise);
    for event in open.filter(|e| filter.takes(e, now)) {
        if event.area.index() < areas.len()
            && let Some((count, worst)) = counts.get_mut(areas.ancestor(event.area, 2).index())
        {
            *count += 1;
            *worst = (*worst).max(event.severity.clamp(1, 4));
        }
    }
    let narrowed = filter.kind.is_some() || filter.severity > 1 || filter.age < 3;
    let marked = areas.iter().map(|(area, _)| area).zip(counts).filter(|(_, (count, _))| *count > 0);
    let (few, many): (Vec<_>, Vec<_>) =
        marked.partition(|(_, (count, _))| narrowed && *count < LEAST_FILTERED);
    let mut out: Vec<Badge> =
        many.into_iter().map(|(area, (count, severity))| Badge { area, count, severity }).collect();
    out.sort_by_key(|b| (std::cmp::Reverse(b.severity), b.area));
    (out, few.into_iter().map(|(_, (count, _))| count).sum())
}
