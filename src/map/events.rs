//! Object events on the map: symbols while they are few, hexagons with counts where they are many. Owns how they look,
//! how one level passes into the next, and finding what is under the pointer.

use std::borrow::Cow;
use std::sync::Arc;

use egui::{Painter, Pos2, Shape, Stroke};

use super::anchored::{self, Anchored, MarkInker, Marks, Size};
use super::crowd::{Badge, Crowd, Reach, Single, badges};
use super::kept::Kept;
use super::kinds::Kinds;
use super::lens::{Lens, world};
use super::lettering::{Lettering, Letters};
use super::letters::Scribe;
use super::piles::{CLOSE, piles};
use super::sheet::{Dress, Sheet};
use super::stamps::{IN_CELL, Look, Stamps};
use super::symbol::{self, Symbol};
use crate::density::grid;
use crate::density::{CellSum, EventFilter};
use crate::panels::hexagon::{self, fullness};
use crate::panels::legend::DensityScale;
use crate::panels::{event_filter, format};
use crate::site::text::Lang;
use crate::snapshot::EventPhase;

/// How long an event counts as new, in seconds of data time, and how many are marked as new at once.
const NEW_SECS: i64 = 300;
const MOST_NEW: usize = 5;
/// How long one level takes to pass into the next, in seconds.
const FADE_SECS: f64 = 0.2;
/// From how far in symbols say what kind they are, in zoom levels from the view of the whole, and for how many.
const KINDS_FROM: f64 = 2.0;
const MOST_KINDS: usize = 160;

/// How many vertices a mark has: two pictures.
const CORNERS: usize = 8;

/// What a mark stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// One event.
    Single(Single),
    /// The events of a cell of a level.
    Cell(u8, CellSum),
}

/// One mark on the screen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// Where.
    pub at: Pos2,
    /// Worst severity in it.
    pub severity: u8,
    /// How far from its middle it answers the pointer.
    pub reach: f32,
    /// What it stands for.
    pub what: What,
}

type Seen = (u64, EventFilter, Reach);
type Key = (u64, Dress, Option<Arc<str>>, bool, u64);

/// A level that passes into the next one.
#[derive(Debug)]
struct Fading {
    crowd: Crowd,
    mesh: Anchored<Key>,
    key: Key,
    began: f64,
}

/// The layer.
#[derive(Debug, Default)]
pub(super) struct EventsLayer {
    seen: Option<Seen>,
    crowd: Crowd,
    /// Counts how often the crowd was chosen anew.
    chosen: u64,
    /// Whether it was in this frame, and more frames follow.
    is_new: bool,
    /// The level before, while it passes into this one.
    fading: Option<Fading>,
    marks: Kept<(u64, Lens, Dress), Vec<Mark>>,
    mesh: Anchored<Key>,
    letters: Letters<(u64, Dress, Lang, bool)>,
    badges: Kept<(u64, EventFilter), (Vec<Badge>, usize)>,
    stamps: Stamps,
}

impl EventsLayer {
    /// Works out marks and badges for this frame.
    pub(super) fn prepare(&mut self, sheet: &Sheet<'_>, time: f64, animate: bool) {
        let revision = sheet.view.snapshot.revision;
        let filter = &sheet.view.state.filter;
        let reach = Reach::of(sheet);
        let serves = |held: &Reach| *held == reach || (sheet.moving && held.covers(&reach));
        let is_same =
            self.seen.as_ref().is_some_and(|(r, f, held)| *r == revision && f == filter && serves(held));
        self.is_new = animate && !is_same;
        if !is_same {
            // On the way for as much as its marks are drawn for, at rest for what is seen and no more.
            let around = Sheet { lens: anchored::wide(&sheet.lens), ..*sheet };
            let reach = if sheet.moving { Reach::of(&around) } else { reach };
            let key = self.key(sheet);
            let crowd = std::mem::replace(&mut self.crowd, Crowd::of(sheet, &reach));
            let passes =
                crowd.level != self.crowd.level || crowd.cells.is_empty() != self.crowd.cells.is_empty();
            if animate && passes && self.seen.is_some() {
                let mesh = std::mem::take(&mut self.mesh);
                self.fading = Some(Fading { crowd, mesh, key, began: time });
            }
            self.chosen += 1;
            self.seen = Some((revision, filter.clone(), reach));
        }
        if !animate || self.fading.as_ref().is_some_and(|fading| time - fading.began >= FADE_SECS) {
            self.fading = None;
        }
        let crowd = &self.crowd;
        self.marks.get((self.chosen, sheet.lens, sheet.dress()), || marks(sheet, crowd));
        self.badges.get((revision, filter.clone()), || badges(sheet));
    }

    /// The marks on the screen.
    #[must_use]
    pub(super) fn marks(&self) -> &[Mark] {
        self.marks.last()
    }

    /// The marks of a view; on the way it is wider than the screen.
    #[must_use]
    pub(super) fn marks_in(&self, sheet: &Sheet<'_>) -> Cow<'_, [Mark]> {
        if sheet.moving { Cow::Owned(marks(sheet, &self.crowd)) } else { Cow::Borrowed(self.marks()) }
    }

    /// Changes when what is marked was chosen anew.
    #[must_use]
    pub(super) const fn chosen(&self) -> u64 {
        self.chosen
    }

    /// Whether what is marked was chosen anew in this frame, and more frames follow.
    #[must_use]
    pub(super) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// How often the looks of marks were drawn.
    #[cfg(test)]
    pub(super) const fn looks(&self) -> u64 {
        self.stamps.number()
    }

    /// Whether symbols carry the letters of their kinds.
    #[must_use]
    pub(super) fn says_kinds(&self, sheet: &Sheet<'_>) -> bool {
        says_kinds(sheet, &self.crowd)
    }

    /// The badges.
    #[must_use]
    pub(super) fn badges(&self) -> &[Badge] {
        &self.badges.last().0
    }

    /// Whether something is on its way.
    #[must_use]
    pub(super) const fn is_moving(&self) -> bool {
        self.fading.is_some()
    }

    /// What the hexagons of a view count; none where events stand singly.
    #[must_use]
    pub(super) fn density(&self, lens: &Lens) -> Option<DensityScale> {
        let across = grid::radius(self.crowd.level) * 3.0_f64.sqrt() * lens.scale / lens.points_per_meter();
        (!self.crowd.cells.is_empty())
            .then_some(DensityScale { most: self.crowd.most, across_meters: across })
    }

    /// What is left out or counted together, and what is looked at, in words.
    #[must_use]
    pub(super) fn notes(&self, sheet: &Sheet<'_>) -> Vec<String> {
        let text = sheet.view.text;
        let mut out = Vec::new();
        if !sheet.view.snapshot.is_whole {
            out.push(text.get("panel.events.reading").to_owned());
        }
        if !sheet.view.state.filter.is_default() {
            out.push(event_filter::words(sheet.view));
        }
        let counted = self.crowd.counted();
        if counted > 0 {
            let single = format::count(self.crowd.total.saturating_sub(counted));
            let n = format::count(self.crowd.total);
            out.push(text.fill("map.clustered", &[("n", &n), ("single", &single)]));
        }
        let few = self.badges.last().1;
        if few > 0 {
            out.push(text.fill("map.few_left_out", &[("n", &format::count(few as u64))]));
        }
        out
    }

    /// What the marks of the crowd depend on besides the view.
    fn key(&self, sheet: &Sheet<'_>) -> Key {
        let says_kinds = says_kinds(sheet, &self.crowd);
        (self.chosen, sheet.dress(), sheet.view.state.event.clone(), says_kinds, self.stamps.number())
    }

    /// Paints hexagons, symbols, counts and the letters of drills and kinds.
    pub(super) fn paint(
        &mut self,
        painter: &Painter,
        sheet: &Sheet<'_>,
        time: f64,
        lettering: &mut Lettering,
    ) {
        self.stamps.prepare(painter.ctx(), sheet, radius(&sheet.lens, &self.crowd));
        let opacity = self.fading.as_ref().map_or(1.0, |fading| ((time - fading.began) / FADE_SECS) as f32);
        if let Some(Fading { crowd, mesh, key, .. }) = &mut self.fading {
            key.4 = self.stamps.number();
            let make = |sheet: &Sheet<'_>| draw(sheet, crowd, &self.stamps);
            painter.add(Shape::Mesh(mesh.get(sheet, key.clone(), 1.0 - opacity, make)));
        }
        let (key, crowd, stamps) = (self.key(sheet), &self.crowd, &self.stamps);
        let says_kinds = key.3;
        let make = |sheet: &Sheet<'_>| draw(sheet, crowd, stamps);
        let mesh = self.mesh.get(sheet, key, opacity, make);
        painter.add(Shape::Mesh(mesh));
        let key = (self.chosen, sheet.dress(), sheet.view.lang(), says_kinds);
        self.letters.paint(painter, sheet, (key, opacity), lettering, |sheet, lettering| {
            let mut scribe = Scribe::new(painter, sheet, lettering);
            let kinds = says_kinds.then(|| Kinds::of(sheet.view));
            let marks = marks(sheet, crowd);
            for mark in &marks {
                scribe.write(mark, crowd, kinds.as_ref());
            }
            // From far they cannot be told apart, and a hexagon or a card counts them.
            let near: &[Mark] = if says_kinds { &marks } else { &[] };
            for (mark, count) in piles(near, sheet.theme().sizes.small * CLOSE) {
                scribe.pile(mark, count);
            }
            scribe.finish()
        });
    }

    /// The mark at a point of the screen: the worst of those within reach, then the nearest.
    #[must_use]
    pub(super) fn at(&self, at: Pos2) -> Option<&Mark> {
        let is_cell = |m: &Mark| matches!(m.what, What::Cell(..));
        let near = self.marks().iter().filter(|m| (m.at - at).length() <= m.reach);
        near.min_by(|a, b| {
            let order = is_cell(a).cmp(&is_cell(b)).then(b.severity.cmp(&a.severity));
            order.then((a.at - at).length().total_cmp(&(b.at - at).length()))
        })
    }
}

fn says_kinds(sheet: &Sheet<'_>, crowd: &Crowd) -> bool {
    sheet.zoom_from_home() >= KINDS_FROM && crowd.singles.len() <= MOST_KINDS
}

fn marks(sheet: &Sheet<'_>, crowd: &Crowd) -> Vec<Mark> {
    let theme = sheet.theme();
    let seen = sheet.lens.rect.expand(theme.sizes.small * 2.0);
    let near = if says_kinds(sheet, crowd) { symbol::NEAR } else { 1.0 };
    let cells = crowd.cells.iter().map(|sum| Mark {
        at: sheet.lens.to_screen(grid::middle(crowd.level, sum.cell)),
        severity: sum.worst_open,
        reach: cell_radius(&sheet.lens, crowd, sum) * 0.9,
        what: What::Cell(crowd.level, *sum),
    });
    let singles = crowd.singles.iter().map(|single| Mark {
        at: sheet.lens.to_screen(single.at),
        severity: single.severity,
        reach: symbol::radius(theme, single.severity).max(theme.sizes.small * 0.4) * 1.25 * near,
        what: What::Single(single.clone()),
    });
    let mut out: Vec<Mark> = cells.chain(singles).filter(|mark| seen.contains(mark.at)).collect();
    // The gravest last, so that it lies on top.
    out.sort_by_key(|m| m.severity);
    out
}

/// From the middle of a cell to its corners, in points.
fn radius(lens: &Lens, crowd: &Crowd) -> f32 {
    (grid::radius(crowd.level) * lens.scale) as f32
}

fn cell_radius(lens: &Lens, crowd: &Crowd, sum: &CellSum) -> f32 {
    radius(lens, crowd) * hexagon::share(fullness(sum.count, crowd.most))
}

fn draw(sheet: &Sheet<'_>, crowd: &Crowd, stamps: &Stamps) -> Marks {
    let lens = &sheet.lens;
    let theme = sheet.theme();
    let hair = sheet.hairline();
    let mut marks = MarkInker::with(stamps.inker(lens.pixels_per_point));
    let whole = radius(lens, crowd);
    // The crowd is of whole tiles of cells, of which half may lie outside.
    let seen = lens.rect.expand(whole);
    marks.ink.make_room((crowd.cells.len() + crowd.singles.len()) * CORNERS);
    // The mark of the worst event stands above its number, by whole pixels, so that both move as one.
    let above = lens.snap(Pos2::new(0.0, theme.sizes.small * 0.62)).to_vec2();
    for sum in &crowd.cells {
        let place = grid::middle(crowd.level, sum.cell);
        let at = lens.to_screen(place);
        if !seen.contains(at) {
            continue;
        }
        let severity = (sum.open > 0).then_some(sum.worst_open);
        let hexagon = Look::Hexagon(hexagon::step(sum.count, crowd.most), severity);
        stamps.set(hexagon, theme, whole, at, &mut marks.ink);
        marks.set_down(place, Size::Ground);
        let mark = severity.map_or(Look::Tick, |severity| {
            Look::Symbol(Symbol { grown: IN_CELL, ..Symbol::plain(Pos2::ZERO, severity) })
        });
        stamps.set(mark, theme, whole, lens.snap(at) - above, &mut marks.ink);
        marks.set_down(place, Size::Screen);
    }
    if crowd.cells.is_empty() {
        new_rings(sheet, &mut marks);
    }
    let near = if says_kinds(sheet, crowd) { symbol::NEAR } else { 1.0 };
    let seen = lens.rect.expand(theme.sizes.small * 3.0);
    let singles = crowd.singles.iter().map(|single| (lens.to_screen(single.at), single));
    let mut singles: Vec<(Pos2, &Single)> = singles.filter(|(at, _)| seen.contains(*at)).collect();
    singles.sort_by_key(|(_, single)| single.severity);
    for (at, single) in singles {
        let chosen = sheet.view.state.event.as_ref() == Some(&single.id);
        if chosen {
            let r = symbol::radius(theme, single.severity) * 2.2 * near;
            marks.ink.add(Shape::circle_stroke(at, r, Stroke::new(hair * 2.0, theme.text)));
        }
        let symbol = Symbol {
            at: Pos2::ZERO,
            severity: single.severity,
            grown: if chosen { 1.25 * near } else { near },
            hollow: single.exercise,
            done: single.phase == EventPhase::Done,
            even: near > 1.0,
        };
        stamps.set(Look::Symbol(symbol), theme, whole, at, &mut marks.ink);
        marks.set_down(single.at, Size::Screen);
    }
    marks.finish()
}

/// Quiet rings around what opened a moment ago.
fn new_rings(sheet: &Sheet<'_>, marks: &mut MarkInker) {
    let now = sheet.view.snapshot.now_secs;
    let filter = &sheet.view.state.filter;
    let open = &sheet.view.snapshot.events.open;
    let new = open.newest_first().take_while(|e| now - e.opened_secs <= NEW_SECS);
    let placed = new.filter_map(|e| Some((e, e.place?))).filter(|(e, _)| filter.takes(e, now));
    for (event, place) in placed.take(MOST_NEW) {
        let place = world(place);
        let at = sheet.lens.to_screen(place);
        let rings = symbol::new_rings(sheet.theme(), at, event.severity.clamp(1, 4));
        rings.into_iter().for_each(|s| marks.ink.add(s));
        marks.set_down(place, Size::Screen);
    }
}
