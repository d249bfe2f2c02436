//! Names, figures and badges on the map. Owns what is worth a label in a view; placing them apart is `placement`'s.

use egui::emath::Rot2;
use egui::{Painter, Pos2, Rect, Stroke, StrokeKind, Vec2, vec2};

use super::anchored::{MarkInker, Size};
use super::base::BaseMaps;
use super::crowd::Badge;
use super::events::Mark;
use super::lens::{Lens, degrees};
use super::lettering::{Lettering, Letters};
use super::placement::{Wish, place};
use super::scope::Scope;
use super::sheet::{Dress, Sheet, Type, around};
use super::silence;
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;
use crate::site::text::Lang;
use crate::snapshot::IndicatorIx;
use crate::tiles::schema::Kind;

/// From how far in finer areas are named, in zoom levels from the view of the whole.
const FINER_NAMES_FROM: f64 = 0.9;

/// From how far in stations are named.
const STATION_NAMES_FROM: f64 = 1.1;

/// What a label is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    lines: Vec<(String, Type)>,
}

type Key = (Dress, Scope, [Rect; 2], u64, IndicatorIx, Lang, [u64; 2]);

/// What labels have to do with besides areas.
pub(super) struct Others<'a> {
    /// Events with a place.
    pub marks: &'a [Mark],
    /// Events of areas.
    pub badges: &'a [Badge],
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
    /// What they were placed for, and in which view.
    made_for: Option<(Key, Lens)>,
    /// Counts how often they were placed anew.
    placings: u64,
    letters: Letters<u64>,
}

impl Labels {
    /// Places the labels of this frame, apart from each other and, where possible, from marks.
    pub(super) fn prepare(
        &mut self,
        painter: &Painter,
        sheet: &Sheet<'_>,
        others: &Others<'_>,
        taken: &[Rect; 2],
        lettering: &mut Lettering,
    ) {
        let key = (
            sheet.dress(),
            sheet.scope.clone(),
            *taken,
            sheet.view.snapshot.revision,
            sheet.view.state.indicator,
            sheet.view.lang(),
            [others.base.arrived(), silence::key(sheet.view)],
        );
        let stays = |(made_for, at): &(Key, Lens)| {
            *made_for == key && (*at == sheet.lens || (sheet.moving && rides(at, &sheet.lens)))
        };
        if self.made_for.as_ref().is_some_and(stays) {
            return;
        }
        // The middle stays, so that marks are where they are.
        let more = if sheet.moving { sheet.lens.rect.size() * RIDE } else { Vec2::ZERO };
        let lens = Lens { rect: sheet.lens.rect.expand2(more), ..sheet.lens };
        self.placed = arrange(&Sheet { lens, ..*sheet }, others, taken, &mut (painter, lettering));
        self.placings += 1;
        self.made_for = Some((key, lens));
    }

    /// The placed labels, where they are while the map rests.
    #[must_use]
    pub(super) fn placed(&self) -> &[Label] {
        &self.placed
    }

    /// Paints them.
    pub(super) fn paint(&mut self, painter: &Painter, sheet: &Sheet<'_>, lettering: &mut Lettering) {
        let Self { placed, made_for: Some((_, made)), placings, letters } = self else { return };
        let theme = sheet.theme();
        for label in &*placed {
            let rect = label.on(&sheet.lens, made);
            if !rect.intersects(sheet.lens.rect) {
                continue;
            }
            if let About::Silence(area) = label.about {
                leader(painter, sheet, area, rect);
            }
            if matches!(label.about, About::Badge(_) | About::Silence(_)) {
                let radius = theme.sizes.small * 0.3;
                painter.rect_filled(rect, radius, theme.surface.gamma_multiply(0.86));
                let rim = label.lines.first().map_or(theme.muted, |(_, kind)| kind.color);
                let stroke = Stroke::new(theme.sizes.hairline, rim.gamma_multiply(0.6));
                painter.rect_stroke(rect, radius, stroke, StrokeKind::Inside);
            }
            if matches!(label.about, About::Area(_)) && !theme.dark {
                // Dark letters over the deep end of the ramp need a ground of their own.
                let plate = rect.expand2(vec2(theme.sizes.step * 0.5, 0.0));
                painter.rect_filled(plate, theme.sizes.step * 0.5, theme.surface.gamma_multiply(0.72));
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
type Writer<'a> = (&'a Painter, &'a mut Lettering);

/// Whether labels placed in one view serve in another on the way.
fn rides(at: &Lens, lens: &Lens) -> bool {
    let moved = lens.to_screen(at.center) - lens.rect.center();
    let most = lens.rect.size() * RIDE;
    at.rect.center() == lens.rect.center()
        && (at.zoom - lens.zoom).abs() <= RIDE_LEVELS
        && moved.x.abs() <= most.x
        && moved.y.abs() <= most.y
}

/// From a label that found no room in its area to where the area is. The whole needs none.
fn leader(painter: &Painter, sheet: &Sheet<'_>, area: AreaId, rect: Rect) {
    let Some(solid) = sheet.geometry.area(area).filter(|_| area != AreaId::ROOT) else { return };
    let at = sheet.lens.to_screen(solid.label);
    if !rect.contains(at) {
        let (theme, hair) = (sheet.theme(), sheet.hairline());
        painter.line_segment([rect.center(), at], Stroke::new(hair * 3.0, theme.ground.gamma_multiply(0.7)));
        painter.line_segment([rect.center(), at], Stroke::new(hair, theme.silence));
        painter.circle_filled(at, hair * 3.0, theme.silence);
    }
}

fn arrange(sheet: &Sheet<'_>, others: &Others<'_>, taken: &[Rect], writer: &mut Writer<'_>) -> Vec<Label> {
    let Others { marks, badges, base } = others;
    let small = sheet.theme().sizes.small;
    let mut wanted: Vec<Wanted> = Vec::new();
    for (area, is_major) in named_areas(sheet) {
        let Some(solid) = sheet.geometry.area(area) else {
            continue;
        };
        let lines = area_lines(sheet, area, is_major);
        let anchor = sheet.lens.to_screen(solid.label);
        // A finer area must have room for its name; a coarse one is named in any case.
        let room = solid.extent.map_or(0.0, |e| sheet.lens.rect_of(&e).width());
        let size = size_of(writer, &lines);
        if is_major || room > size.x * 0.8 {
            wanted.push((About::Area(area), lines, Wish { anchor, size, reach: 0.5 }));
        }
    }
    for (area, silences) in silence::areas(sheet.view) {
        let Some(solid) = sheet.geometry.area(area) else { continue };
        let kind = Type { size: small, bold: true, color: sheet.theme().silence };
        let lines = vec![(silence::label(sheet.view, &silences), kind)];
        let size = size_of(writer, &lines) + vec2(small, small * 0.4);
        let anchor = sheet.lens.to_screen(solid.label);
        wanted.push((About::Silence(area), lines, Wish { anchor, size, reach: 3.0 }));
    }
    let whole = sheet.scope.chosen == AreaId::ROOT;
    for badge in badges.iter().filter(|b| whole || sheet.scope.holds(sheet.view, b.area)) {
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
        wanted.push((About::Badge(badge.area), vec![(words, kind)], Wish { anchor, size, reach: 4.0 }));
    }
    wanted.extend(stations(sheet, writer));
    let wishes: Vec<Wish> = wanted.iter().map(|(_, _, wish)| *wish).collect();
    // A grave event is never covered; others are, where there is no better place.
    let grave = marks.iter().filter(|m| m.severity >= 3);
    let mut taken = taken.to_vec();
    taken.extend(grave.map(|m| Rect::from_center_size(m.at, Vec2::splat(small * 1.2))));
    let soft: Vec<(Pos2, f32)> =
        marks.iter().map(|m| (m.at, if m.severity > 1 { 1.0 } else { 0.4 })).collect();
    let placed = place(&wishes, &taken, &soft, sheet.lens.rect.shrink(2.0), small * 0.2, small * 0.35);
    let mut labels: Vec<Label> = wanted
        .into_iter()
        .zip(placed)
        .filter_map(|((about, lines, _), rect)| rect.map(|rect| Label { about, rect, turn: 0.0, lines }))
        .collect();
    taken.extend(labels.iter().map(|l| l.rect));
    taken.extend(marks.iter().map(|m| Rect::from_center_size(m.at, Vec2::splat(small * 0.8))));
    labels.extend(base_names(sheet, base, taken, writer));
    labels
}

type Wanted = (About, Vec<(String, Type)>, Wish);

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
            Some((About::Station(i), lines, Wish { anchor, size, reach: 0.3 }))
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
        if inside && name.order() > 1 && sheet.zoom_from_home() < FINER_NAMES_FROM {
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
        out.push(Label { about: About::Base, rect, turn, lines });
    }
    out
}

/// Areas worth a name, the most important first; the second value is true for the coarse ones.
fn named_areas(sheet: &Sheet<'_>) -> Vec<(AreaId, bool)> {
    let areas = &sheet.view.site.areas;
    let seen = sheet.lens.extent(0.0);
    let in_sight =
        |id: AreaId| sheet.geometry.area(id).and_then(|a| a.extent).is_some_and(|e| e.meets(&seen));
    let chosen = sheet.scope.chosen;
    let mut out: Vec<(AreaId, bool)> = Vec::new();
    if chosen == AreaId::ROOT {
        out.extend(areas.level(1).filter(|id| in_sight(*id)).map(|id| (id, true)));
    } else {
        let children = &areas.get(chosen).children;
        if children.is_empty() || areas.get(chosen).level >= 2 {
            out.push((chosen, true));
        }
        // Grid names are long and alike; their figures are on the hover.
        let named = areas.get(chosen).level < 2;
        out.extend(children.iter().filter(|id| named && in_sight(**id)).map(|id| (*id, false)));
    }
    if chosen != AreaId::ROOT {
        // What lies around is named, and no more.
        let home = areas.ancestor(chosen, 1);
        out.extend(areas.level(1).filter(|id| *id != home && in_sight(*id)).map(|id| (id, false)));
    } else if sheet.zoom_from_home() >= FINER_NAMES_FROM {
        let finer = areas.level(2).filter(|id| in_sight(*id) && !out.iter().any(|(o, _)| o == id));
        let finer: Vec<_> = finer.map(|id| (id, false)).collect();
        out.extend(finer);
    }
    out
}

fn area_lines(sheet: &Sheet<'_>, area: AreaId, is_major: bool) -> Vec<(String, Type)> {
    let theme = sheet.theme();
    let faded = !sheet.scope.holds(sheet.view, area);
    let fade = |c: egui::Color32| {
        if faded { c.lerp_to_gamma(theme.ground, 0.45) } else { c }
    };
    let (name_size, value_size) = if is_major {
        (theme.sizes.heading, theme.sizes.body)
    } else {
        (theme.sizes.body * 0.9, theme.sizes.small)
    };
    let name = Type { size: name_size, bold: is_major, color: fade(theme.text) };
    let mut lines = vec![(sheet.name(area).to_owned(), name)];
    let reading = sheet.reading(area);
    if !faded && reading.value != Shown::TooFine {
        let ink = if reading.value.is_seen() { theme.text } else { theme.muted };
        lines.push((sheet.printed(&reading), Type { size: value_size, bold: false, color: fade(ink) }));
    }
    lines
}

fn size_of(writer: &mut Writer<'_>, lines: &[(String, Type)]) -> Vec2 {
    lines.iter().fold(Vec2::ZERO, |size, (words, kind)| {
        let line = writer.1.text(writer.0, words, *kind).size();
        vec2(size.x.max(line.x), size.y + line.y)
    })
}
