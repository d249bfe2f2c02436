//! Object events on the map: symbols while they are few, hexagons with counts where they are many. Owns how they look,
//! how one level passes into the next, and finding what is under the pointer.

use std::sync::Arc;

use egui::{Color32, Painter, Pos2, Shape, Stroke, vec2};

use super::anchored::{self, Anchored, MarkInker, Marks, Size};
use super::crowd::{Badge, Crowd, Reach, Single, badges};
use super::kept::Kept;
use super::lens::{Lens, world};
use super::lettering::{Lettering, Letters};
use super::letters::Scribe;
use super::sheet::{Dress, Sheet};
use super::symbol::{self, Stamps, Symbol};
use crate::density::grid;
use crate::density::{CellSum, EventFilter};
use crate::panels::hexagon::{self, fullness};
use crate::panels::legend::DensityScale;
use crate::panels::{alarm_strip, event_filter, format};
use crate::site::text::Lang;
use crate::snapshot::EventPhase;
use crate::theme::Theme;

/// How long an event counts as new, in seconds of data time, and how many are marked as new at once.
const NEW_SECS: i64 = 300;
const MOST_NEW: usize = 5;
/// How long one level takes to pass into the next, in seconds.
const FADE_SECS: f64 = 0.2;
/// From how far in symbols say what kind they are, in zoom levels from the view of the whole, and for how many.
const KINDS_FROM: f64 = 2.0;
const MOST_KINDS: usize = 160;

/// About how many vertices a mark has.
const CORNERS: usize = 100;

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
type Key = (u64, Dress, Option<Arc<str>>, bool);

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
    /// The level before, while it passes into this one.
    fading: Option<Fading>,
    marks: Kept<(u64, Lens, Dress), Vec<Mark>>,
    mesh: Anchored<Key>,
    letters: Letters<(u64, Dress, Lang, bool)>,
    badges: Kept<(u64, EventFilter), (Vec<Badge>, usize)>,
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

    /// The marks of a view that is wider than the screen.
    #[must_use]
    pub(super) fn marks_in(&self, sheet: &Sheet<'_>) -> Vec<Mark> {
        marks(sheet, &self.crowd)
    }

    /// Changes when what is marked was chosen anew.
    #[must_use]
    pub(super) const fn chosen(&self) -> u64 {
        self.chosen
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
        (self.chosen, sheet.dress(), sheet.view.state.event.clone(), says_kinds)
    }

    /// Paints hexagons, symbols, counts and the letters of drills and kinds.
    pub(super) fn paint(
        &mut self,
        painter: &Painter,
        sheet: &Sheet<'_>,
        time: f64,
        lettering: &mut Lettering,
    ) {
        let opacity = self.fading.as_ref().map_or(1.0, |fading| ((time - fading.began) / FADE_SECS) as f32);
        if let Some(Fading { crowd, mesh, key, .. }) = &mut self.fading {
            let make = |sheet: &Sheet<'_>| draw(sheet, crowd);
            painter.add(Shape::Mesh(mesh.get(sheet, key.clone(), 1.0 - opacity, make)));
        }
        let (key, crowd) = (self.key(sheet), &self.crowd);
        let says_kinds = key.3;
        let make = |sheet: &Sheet<'_>| draw(sheet, crowd);
        let mesh = self.mesh.get(sheet, key, opacity, make);
        painter.add(Shape::Mesh(mesh));
        let key = (self.chosen, sheet.dress(), sheet.view.lang(), says_kinds);
        self.letters.paint(painter, sheet, (key, opacity), lettering, |sheet, lettering| {
            let mut scribe = Scribe::new(painter, sheet, lettering);
            let kinds = alarm_strip::kind_list(sheet.view);
            for mark in marks(sheet, crowd) {
                scribe.write(&mark, crowd.most, says_kinds.then_some(kinds.as_str()));
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

fn cell_radius(lens: &Lens, crowd: &Crowd, sum: &CellSum) -> f32 {
    let whole = (grid::radius(crowd.level) * lens.scale) as f32;
    whole * hexagon::share(fullness(sum.count, crowd.most))
}

fn cell_color(theme: &Theme, sum: &CellSum) -> Color32 {
    if sum.open > 0 { theme.severity(sum.worst_open) } else { theme.muted }
}

fn draw(sheet: &Sheet<'_>, crowd: &Crowd) -> Marks {
    let lens = &sheet.lens;
    let theme = sheet.theme();
    let hair = sheet.hairline();
    let mut marks = MarkInker::new(lens.pixels_per_point);
    let mut stamps = Stamps::new(theme, lens.pixels_per_point);
    // The crowd is of whole tiles of cells, of which half may lie outside.
    let seen = lens.rect.expand((grid::radius(crowd.level) * lens.scale) as f32);
    let at = |sum: &CellSum| lens.to_screen(grid::middle(crowd.level, sum.cell));
    let cells: Vec<(Pos2, &CellSum)> =
        crowd.cells.iter().map(|sum| (at(sum), sum)).filter(|(at, _)| seen.contains(*at)).collect();
    marks.ink.make_room((cells.len() + crowd.singles.len()) * CORNERS);
    for (center, sum) in cells {
        let full = fullness(sum.count, crowd.most);
        let color = cell_color(theme, sum);
        let radius = cell_radius(lens, crowd, sum);
        let fill = hexagon::fill(theme, color, full).gamma_multiply(0.8);
        let place = grid::middle(crowd.level, sum.cell);
        marks.ink.add(Shape::convex_polygon(
            hexagon::corners(center, radius),
            fill,
            Stroke::new(hair * hexagon::edge(full), color),
        ));
        marks.set_down(place, Size::Ground);
        let at = mark_place(center, theme);
        if sum.open > 0 {
            let mark = Symbol { grown: 0.7, ..Symbol::plain(at, sum.worst_open) };
            stamps.set(&mark, &mut marks.ink);
        } else {
            symbol::tick(theme, at, theme.sizes.small * 0.3).into_iter().for_each(|s| marks.ink.add(s));
        }
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
            at,
            severity: single.severity,
            grown: if chosen { 1.25 * near } else { near },
            hollow: single.exercise,
            done: single.phase == EventPhase::Done,
            even: near > 1.0,
        };
        stamps.set(&symbol, &mut marks.ink);
        marks.set_down(single.at, Size::Screen);
    }
    marks.finish()
}

/// Where the mark of the worst event stands in a cell: above its number.
fn mark_place(center: Pos2, theme: &Theme) -> Pos2 {
    center - vec2(0.0, theme.sizes.small * 0.62)
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
