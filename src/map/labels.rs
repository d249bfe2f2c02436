//! Names, figures and badges on the map. Owns what is worth a label in a view; which areas are named is `names`', placing
//! labels apart is `placement`'s.

use std::collections::HashMap;

use egui::emath::Rot2;
use egui::{Color32, Painter, Pos2, Rect, Stroke, StrokeKind, Vec2, vec2};

use super::anchored::{MarkInker, Size};
use super::base::BaseMaps;
use super::events::{EventsLayer, Mark, What};
use super::lens::{Lens, World, degrees};
use super::lettering::{Lettering, Letters};
use super::names;
use super::placement::{Ground, Stand, Wish, place};
use super::scope::Scope;
use super::sheet::{Dress, Sheet, Type, around};
use super::silence;
use crate::panels::pen::whole;
use crate::site::areas::AreaId;
use crate::site::text::Lang;
use crate::snapshot::IndicatorIx;
use crate::theme::Theme;
use crate::tiles::schema::Kind;

/// From how far in stations are named.
const STATION_NAMES_FROM: f64 = 1.1;

/// What a label is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum About {
    /// An area: name and figure.
    Area(AreaId),
    /// Events of an area without a place.
    Badge(AreaId),
    /// What is silent in an area.
    Silence(AreaId),
    /// A transit station, by its place in the list.
    Station(usize),
    /// Something of the base map.
    Base,
}

/// One placed label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    /// What it is about.
    pub about: About,
    /// Where it is.
    pub rect: Rect,
    /// Turned by so much around its middle, in radians clockwise.
    turn: f32,
    /// Where a line from it ends, where it does not stand where it belongs.
    line_to: Option<World>,
    lines: Lines,
}

/// What is written below each other.
pub(super) type Lines = Vec<(String, Type)>;

/// What labels say depends on this.
type Key = (Dress, Scope, u64, IndicatorIx, Lang, u64);
/// Where they stand depends on this besides: on the way they keep their places.
type Around = ([Rect; 3], [u64; 2]);

/// What labels have to do with besides areas.
pub(super) struct Others<'a> {
    /// Marks of events with a place, badges of those without.
    pub events: &'a EventsLayer,
    /// The base map and its names.
    pub base: &'a BaseMaps,
}

/// While the map moves, labels ride along until it has moved by this share of its side, or zoomed by so many levels; so
/// much more than is seen is labelled then.
const RIDE: f32 = 0.12;
const RIDE_LEVELS: f64 = 0.3;

/// The layer.
#[derive(Debug, Default)]
pub(super) struct Labels {
    placed: Vec<Label>,
    /// Which of its places each has, so that it stays there.
    stands: HashMap<About, Stand>,
    /// Badges in view that found no room.
    without_room: usize,
    /// What they were placed for, and in which view.
    made_for: Option<(Key, Around, Lens)>,
    /// Counts how often they were placed anew.
    placings: u64,
    /// Whether they let one frame pass before they are.
    waits: bool,
    letters: Letters<u64>,
}

impl Labels {
    /// Places the labels of this frame, apart from each other and, where possible, from marks.
    pub(super) fn prepare(
        &mut self,
        painter: &Painter,
        sheet: &Sheet<'_>,
        others: &Others<'_>,
        taken: &[Rect; 3],
        lettering: &mut Lettering,
    ) {
        let key = (
            sheet.dress(),
            sheet.scope.clone(),
            sheet.view.snapshot.revision,
            sheet.view.state.indicator,
            sheet.view.lang(),
            silence::key(sheet.view),
        );
        let around = (*taken, [others.base.arrived(), others.events.chosen()]);
        let stays = |(made_for, among, at): &(Key, Around, Lens)| {
            let is_there = *at == sheet.lens && *among == around;
            *made_for == key && (is_there || (sheet.moving && rides(at, &sheet.lens)))
        };
        if self.made_for.as_ref().is_some_and(stays) {
            return;
        }
        // A frame that chose its marks anew has done enough: labels that stand where they should follow in the next one.
        let may_wait = |(made_for, _, at): &(Key, Around, Lens)| {
            let told = |key: &Key| (key.0, key.1.clone(), key.3, key.4);
            told(made_for) == told(&key) && (*at == sheet.lens || (sheet.moving && rides(at, &sheet.lens)))
        };
        self.waits = !self.waits && others.events.is_new() && self.made_for.as_ref().is_some_and(may_wait);
        if self.waits {
            painter.ctx().request_repaint();
            return;
        }
        // The middle stays, so that marks are where they are.
        let more = if sheet.moving { sheet.lens.rect.size() * RIDE } else { Vec2::ZERO };
        let lens = Lens { rect: sheet.lens.rect.expand2(more), ..sheet.lens };
        let sheet = Sheet { lens, ..*sheet };
        (self.placed, self.without_room) =
            arrange(&sheet, others, taken, &mut self.stands, &mut (painter, lettering));
        self.placings += 1;
        self.made_for = Some((key, around, lens));
    }

    /// The placed labels, where they are while the map rests.
    #[must_use]
    pub(super) fn placed(&self) -> &[Label] {
        &self.placed
    }

    /// Whether they are those of this picture.
    #[must_use]
    pub(super) const fn is_settled(&self) -> bool {
        !self.waits
    }

    /// What found no room, in words.
    #[must_use]
    pub(super) fn note(&self, sheet: &Sheet<'_>) -> Option<String> {
        let words = || sheet.view.text.fill("map.no_room", &[("n", &self.without_room.to_string())]);
        (self.without_room > 0).then(words)
    }

    /// How often they were placed.
    #[cfg(test)]
    pub(super) const fn placings(&self) -> u64 {
        self.placings
    }

    /// What they are about and where they are in a view.
    #[cfg(test)]
    pub(super) fn seen(&self, lens: &Lens) -> Vec<(About, Rect)> {
        let Some((_, _, made)) = &self.made_for else { return Vec::new() };
        self.placed.iter().map(|label| (label.about, label.on(lens, made))).collect()
    }

    /// Paints them.
    pub(super) fn paint(&mut self, painter: &Painter, sheet: &Sheet<'_>, lettering: &mut Lettering) {
        let Self { placed, made_for: Some((_, _, made)), placings, letters, .. } = self else { return };
        let theme = sheet.theme();
        for label in &*placed {
            let rect = label.on(&sheet.lens, made);
            if !rect.intersects(sheet.lens.rect) {
                continue;
            }
            match label.about {
                About::Silence(area) => {
                    // The whole needs none.
                    let solid = sheet.geometry.area(area).filter(|_| area != AreaId::ROOT);
                    if let Some(at) = solid.map(|solid| sheet.lens.to_screen(solid.label)) {
                        leader(painter, sheet, at, rect, theme.silence);
                    }
                }
                _ => {
                    if let Some(at) = label.line_to {
                        leader(painter, sheet, sheet.lens.to_screen(at), rect, theme.muted);
                    }
                }
            }
            if matches!(label.about, About::Badge(_) | About::Silence(_)) {
                let radius = theme.sizes.small * 0.3;
                painter.rect_filled(rect, radius, Theme::plate(theme.surface));
                let rim = label.lines.first().map_or(theme.muted, |(_, kind)| kind.color);
                let stroke = Stroke::new(theme.sizes.hairline, rim.gamma_multiply(0.6));
                painter.rect_stroke(rect, radius, stroke, StrokeKind::Inside);
            }
            if matches!(label.about, About::Area(_)) && !theme.dark {
                // Dark letters over the deep end of the ramp need a ground of their own.
                let plate = rect.expand2(vec2(theme.sizes.step * 0.5, 0.0));
                painter.rect_filled(plate, theme.sizes.step * 0.5, Theme::plate(theme.surface));
            }
        }
        letters.paint(painter, sheet, (*placings, 1.0), lettering, |sheet, lettering| {
            let mut marks = MarkInker::new(sheet.lens.pixels_per_point);
            for label in placed {
                label.write(sheet, made, &mut marks, &mut (painter, lettering));
                // Moved by as many whole pixels as its rectangle.
                let from = label.rect.center();
                marks.set_down(made.to_world(from), Size::Letters(-from.to_vec2()));
            }
            marks.finish()
        });
    }
}

impl Label {
    /// Where it is in a view.
    fn on(&self, lens: &Lens, made: &Lens) -> Rect {
        let center = lens.to_screen(made.to_world(self.rect.center()));
        let by = lens.snap((center - self.rect.center()).to_pos2());
        self.rect.translate(by.to_vec2())
    }

    /// Its lines.
    #[cfg(test)]
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(words, _)| words.as_str())
    }

    /// Its letters in a view.
    fn write(&self, sheet: &Sheet<'_>, made: &Lens, marks: &mut MarkInker, writer: &mut Writer<'_>) {
        let edge = sheet.theme().ground.gamma_multiply(0.92);
        let rect = self.on(&sheet.lens, made);
        let turned = Rot2::from_angle(self.turn);
        let mut y = rect.top();
        for (words, kind) in &self.lines {
            let text = writer.1.text(writer.0, words, *kind);
            let size = text.size();
            if matches!(self.about, About::Badge(_) | About::Silence(_)) {
                marks.ink.write(&text, rect.center() - size * 0.5, 0.0, kind.color);
                continue;
            }
            let at = if self.turn.abs() > 0.0 {
                rect.center() - turned * (size * 0.5)
            } else {
                Pos2::new(rect.center().x - size.x * 0.5, y)
            };
            for (off, color) in around(*kind, edge) {
                marks.ink.write(&text, at + off, self.turn, color);
            }
            y += size.y;
        }
    }
}

/// Who lays out words.
pub(super) type Writer<'a> = (&'a Painter, &'a mut Lettering);

/// Whether labels placed in one view serve in another on the way.
fn rides(at: &Lens, lens: &Lens) -> bool {
    let moved = lens.to_screen(at.center) - lens.rect.center();
    let most = lens.rect.size() * RIDE;
    at.is_around_the_middle_of(lens)
        && (at.zoom - lens.zoom).abs() <= RIDE_LEVELS
        && moved.x.abs() <= most.x
        && moved.y.abs() <= most.y
}

/// From a label that found no room in its area to where the area is.
fn leader(painter: &Painter, sheet: &Sheet<'_>, at: Pos2, rect: Rect, color: Color32) {
    if !rect.contains(at) {
        let (theme, hair) = (sheet.theme(), sheet.hairline());
        let from = at.clamp(rect.min, rect.max);
        painter.line_segment([from, at], Stroke::new(hair * 3.0, theme.ground.gamma_multiply(0.7)));
        painter.line_segment([from, at], Stroke::new(hair, color));
        painter.circle_filled(at, hair * 3.0, color);
    }
}

/// What covering a number costs: more than any label may.
const NUMBER_COSTS: f32 = 8.0;
/// What covering an event costs, by whether it is more than minor.
const MARK_COSTS: [f32; 2] = [0.8, 1.5];

fn arrange(
    sheet: &Sheet<'_>,
    others: &Others<'_>,
    taken: &[Rect],
    stands: &mut HashMap<About, Stand>,
    writer: &mut Writer<'_>,
) -> (Vec<Label>, usize) {
    let small = sheet.theme().sizes.small;
    let mut wanted = names::wanted(sheet, writer);
    for (area, silences) in silence::areas(sheet.view) {
        let Some(solid) = sheet.geometry.area(area) else { continue };
        let kind = Type { size: small, bold: true, color: sheet.theme().silence };
        let lines = vec![(silence::label(sheet.view, &silences), kind)];
        let size = size_of(writer, &lines) + vec2(small, small * 0.4);
        let anchor = sheet.lens.to_screen(solid.label);
        wanted.push((About::Silence(area), vec![lines], Wish::plain(anchor, vec![size], 3.0)));
    }
    let all = sheet.scope.chosen == AreaId::ROOT;
    for badge in others.events.badges().iter().filter(|b| all || sheet.scope.holds(sheet.view, b.area)) {
        let Some(solid) = sheet.geometry.area(badge.area) else {
            continue;
        };
        // Only a grave one calls out in its colour; the card tells the rest.
        let grave = badge.severity >= 3;
        let color = if grave { sheet.theme().severity(badge.severity) } else { sheet.theme().muted };
        let kind = Type { size: small * 0.88, bold: grave, color };
        let words = badge.count.to_string();
        let text = size_of(writer, &[(words.clone(), kind)]);
        let size = vec2((text.x + small * 0.6).max(small * 1.3), small * 1.3);
        let anchor = sheet.lens.to_screen(solid.label);
        let about = About::Badge(badge.area);
        let wish = Wish { most: NUMBER_COSTS * 0.9, ..Wish::plain(anchor, vec![size], 4.0) };
        wanted.push((about, vec![vec![(words, kind)]], wish));
    }
    wanted.extend(stations(sheet, writer));
    let wishes =
        wanted.iter().map(|(about, _, wish)| Wish { was: stands.get(about).copied(), ..wish.clone() });
    let wishes: Vec<Wish> = wishes.collect();
    let marks = others.events.marks_in(sheet);
    // A grave event is never covered; others are, where there is no better place.
    let mut taken = taken.to_vec();
    taken.extend(marks.iter().filter(|m| is_grave(m)).map(|m| extent(m, small)));
    let soft = marks.iter().filter(|m| !is_grave(m)).map(|m| {
        let [minor, more] = MARK_COSTS;
        let cost = if m.severity > 1 { more } else { minor };
        (extent(m, small), if matches!(m.what, What::Cell(..)) { NUMBER_COSTS } else { cost })
    });
    let soft: Vec<(Rect, f32)> = soft.collect();
    let ground = Ground { taken: &taken, soft: &soft, bounds: sheet.lens.rect.shrink(2.0), gap: small * 0.2 };
    let placed = place(&wishes, &ground, |number, at| {
        let about = wanted.get(number).map(|(about, ..)| *about);
        if let Some(About::Area(area)) = about { names::astray(sheet, area, at) } else { Some(0.0) }
    });
    stands.clear();
    let mut labels: Vec<Label> = Vec::new();
    let mut without_room = 0;
    for ((about, forms, wish), placed) in wanted.into_iter().zip(placed) {
        let Some(placed) = placed else {
            let is_seen = sheet.clear.contains(wish.anchor);
            without_room += usize::from(is_seen && matches!(about, About::Badge(_)));
            continue;
        };
        stands.insert(about, placed.stand);
        let Some(lines) = forms.into_iter().nth(placed.stand.form) else { continue };
        let line_to = match about {
            About::Area(area) => names::line_to(sheet, area, placed.rect).map(|at| sheet.lens.to_world(at)),
            _ => None,
        };
        labels.push(Label { about, rect: placed.rect, turn: 0.0, line_to, lines });
    }
    taken.extend(labels.iter().map(|l| l.rect));
    taken.extend(marks.iter().map(|m| Rect::from_center_size(m.at, Vec2::splat(small * 0.8))));
    labels.extend(base_names(sheet, others.base, taken, writer));
    (labels, without_room)
}

fn is_grave(mark: &Mark) -> bool {
    mark.severity >= 3 && matches!(mark.what, What::Single(_))
}

/// What of a mark is to be seen: of a hexagon its number with the mark above it.
fn extent(mark: &Mark, small: f32) -> Rect {
    match &mark.what {
        What::Single(_) if mark.severity >= 4 => {
            Rect::from_center_size(mark.at, Vec2::splat(mark.reach * 3.0))
        }
        What::Single(_) => Rect::from_center_size(mark.at, Vec2::splat(mark.reach * 2.0)),
        What::Cell(_, sum) => {
            let digits = whole(sum.count.to_string().len().min(5));
            Rect::from_center_size(mark.at, vec2(digits * 0.65 + 0.9, 2.2) * small)
        }
    }
}

/// What a label is about, its lines form by form, and its wish.
pub(super) type Wanted = (About, Vec<Lines>, Wish);

/// Station names beside their rings, once there is room for them.
fn stations(sheet: &Sheet<'_>, writer: &mut Writer<'_>) -> Vec<Wanted> {
    if sheet.zoom_from_home() < STATION_NAMES_FROM {
        return Vec::new();
    }
    let small = sheet.theme().sizes.small;
    let kind = Type { size: small, bold: false, color: sheet.theme().muted };
    let stations = sheet.geometry.stations.iter().enumerate();
    stations
        .filter_map(|(i, (name, place))| {
            let at = sheet.lens.to_screen(*place);
            if !sheet.lens.rect.contains(at) {
                return None;
            }
            let lines = vec![(sheet.view.say(name).to_owned(), kind)];
            let size = size_of(writer, &lines);
            let anchor = at + vec2(size.x * 0.5 + small * 0.5, 0.0);
            Some((About::Station(i), vec![lines], Wish { most: 1.0, ..Wish::plain(anchor, vec![size], 0.3) }))
        })
        .collect()
}

/// A line that rises or falls less than this is written level: it reads better, and no one sees the difference.
const LEAST_TURN: f32 = 0.03;

/// Size of the box around a turned one.
fn turned_size(size: Vec2, turn: f32) -> Vec2 {
    let (sin, cos) = (turn.sin().abs(), turn.cos().abs());
    vec2(size.x * cos + size.y * sin, size.x * sin + size.y * cos)
}

/// At most this many names of the base map in one view: the figures come first.
const MOST_BASE_NAMES: usize = 48;

/// Names of the base map where nothing of ours stands. What the site itself names is not named twice, and what the font
/// cannot write is left out.
fn base_names(
    sheet: &Sheet<'_>,
    base: &BaseMaps,
    mut taken: Vec<Rect>,
    writer: &mut Writer<'_>,
) -> Vec<Label> {
    let theme = sheet.theme();
    let lang = sheet.view.lang();
    let zoom = sheet.lens.zoom - f64::from(sheet.hairline()).log2();
    let small = theme.sizes.small;
    let own = sheet.geometry.own_names(sheet.view.site);
    let mut out: Vec<Label> = Vec::new();
    let mut written: Vec<(&str, Pos2)> = Vec::new();
    let bounds = sheet.clear.shrink(small * 0.5);
    for name in base.names() {
        if out.len() >= MOST_BASE_NAMES {
            break;
        }
        let at = sheet.lens.to_screen(name.at);
        let words = name.text(lang);
        if zoom < name.from_zoom() || words.is_empty() || !bounds.contains(at) || own.contains(words) {
            continue;
        }
        // A long road says its name again only far away.
        if written.iter().any(|(w, p)| *w == words && p.distance(at) < small * 26.0) {
            continue;
        }
        // Over our own areas the figures come first, and letters need all the contrast there is.
        let inside = sheet.view.site.areas.at(degrees(name.at)).is_some();
        if inside && name.order() > 1 && sheet.zoom_from_home() < names::FINER_FROM {
            continue;
        }
        let size = if matches!(name.kind, Kind::Place(0..=2)) { small * 1.05 } else { small * 0.92 };
        let mut kind = Type { size, bold: false, color: theme.base.place };
        let can_write = |f: &mut egui::epaint::FontsView<'_>| f.has_glyphs(&kind.font(), words);
        if !writer.1.knows(words, kind) && !writer.0.fonts_mut(can_write) {
            continue;
        }
        // Names of roads and rivers run along them; what is kept free is the box around the turned letters.
        let turn = name.along.filter(|turn| turn.abs() > LEAST_TURN).unwrap_or(0.0);
        let size = size_of(writer, &[(words.to_owned(), kind)]);
        let rect = Rect::from_center_size(at, turned_size(size, turn));
        let padded = rect.expand(small * 0.3);
        if !bounds.contains_rect(rect) || taken.iter().any(|t| t.intersects(padded)) {
            continue;
        }
        let is_place = matches!(name.kind, Kind::Place(_));
        let color = if inside {
            theme.text.gamma_multiply(0.86)
        } else if is_place || matches!(name.kind, Kind::Road(_)) {
            theme.base.place
        } else {
            theme.base.nature
        };
        kind.color = color;
        let lines = vec![(words.to_owned(), kind)];
        taken.push(rect);
        written.push((words, at));
        out.push(Label { about: About::Base, rect, turn, line_to: None, lines });
    }
    out
}

pub(super) fn size_of(writer: &mut Writer<'_>, lines: &[(String, Type)]) -> Vec2 {
    lines.iter().fold(Vec2::ZERO, |size, (words, kind)| {
        let line = writer.1.text(writer.0, words, *kind).size();
        vec2(size.x.max(line.x), size.y + line.y)
    })
}
