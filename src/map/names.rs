//! Names of areas on the map: which areas are named in a view, in which forms, and where a name would be taken for that of
//! another area. Owns those choices; placing is `placement`'s.

use egui::{Pos2, Rect, vec2};

use super::labels::{About, Lines, Wanted, Writer, size_of};
use super::lens::{degrees, polar};
use super::placement::Wish;
use super::sheet::{Sheet, Type};
use crate::panels::pen::whole;
use crate::panels::words;
use crate::privacy::shown::Shown;
use crate::site::areas::AreaId;

/// From how far in finer areas are named, in zoom levels from the view of the whole.
pub(super) const FINER_FROM: f64 = 0.9;

/// How far a name may move from its anchor wherever that is, in its own sizes.
const REACH: f32 = 0.5;

/// What a name may cover at the most: one event that is more than minor, or a few minor ones; of a finer area one minor one.
const MOST_COVERED: [f32; 2] = [2.4, 1.2];

/// What it costs that the middle or an end of a name is not on its area.
const ASTRAY_COSTS: f32 = 0.2;
/// What it costs more that none of them is: a line may have to lead there.
const AWAY_COSTS: f32 = 0.6;
/// How long that line may be, in heights of letters.
const LONGEST_LINE: f32 = 2.0;

/// The names of a view, the most important first.
pub(super) fn wanted(sheet: &Sheet<'_>, writer: &mut Writer<'_>) -> Vec<Wanted> {
    let mut out = Vec::new();
    for (area, is_major) in named(sheet) {
        let Some(solid) = sheet.geometry.area(area) else {
            continue;
        };
        let mut forms = forms(sheet, area, is_major);
        // A finer area must have room for its name.
        let room = solid.extent.map_or(0.0, |e| sheet.lens.rect_of(&e).width());
        forms.retain(|lines| is_major || room > size_of(writer, lines).x * 0.8);
        if forms.is_empty() {
            continue;
        }
        let sizes = forms.iter().map(|lines| size_of(writer, lines)).collect();
        let anchor = sheet.lens.to_screen(solid.label);
        let [major, finer] = MOST_COVERED;
        // A name leaves the view with its anchor: it would hop after whoever pans.
        let spots = solid.spots.iter().filter(|_| sheet.lens.rect.contains(anchor));
        let spots = spots.map(|spot| sheet.lens.to_screen(*spot));
        let wish = Wish {
            spots: if is_major { spots.chain(beside(sheet, anchor)).collect() } else { spots.collect() },
            most: if is_major { major } else { finer },
            ..Wish::plain(anchor, sizes, REACH)
        };
        out.push((About::Area(area), forms, wish));
    }
    out
}

/// How far from its anchor a name may stand that finds no room on its area, in heights of its letters; in so many
/// directions.
const BESIDE: [f32; 4] = [4.0, 6.0, 8.0, 10.0];
const DIRECTIONS: u8 = 16;

/// Places around an anchor, wider than high as names are.
fn beside(sheet: &Sheet<'_>, anchor: Pos2) -> impl Iterator<Item = Pos2> {
    let unit = sheet.theme().sizes.heading;
    let around = move |i: u8| polar(unit, f32::from(i) * std::f32::consts::TAU / f32::from(DIRECTIONS));
    BESIDE
        .into_iter()
        .flat_map(move |far| (0..DIRECTIONS).map(move |i| anchor + around(i) * vec2(far, far * 0.6)))
}

/// Where on its area a line from a name that stands beside ends: the nearest of the places for names.
fn foot(sheet: &Sheet<'_>, area: AreaId, rect: Rect) -> Option<Pos2> {
    let solid = sheet.geometry.area(area)?;
    let places = solid.spots.iter().chain([&solid.label]).map(|place| sheet.lens.to_screen(*place));
    places.min_by(|a, b| rect.distance_to_pos(*a).total_cmp(&rect.distance_to_pos(*b)))
}

/// Where a line has to lead from a name that stands beside its area.
pub(super) fn line_to(sheet: &Sheet<'_>, area: AreaId, rect: Rect) -> Option<Pos2> {
    let is_inside = |at: Pos2| sheet.view.site.areas.get(area).contains(degrees(sheet.lens.to_world(at)));
    let is_away = [0.15, 0.5, 0.85].iter().all(|share| !is_inside(rect.lerp_inside(vec2(*share, 0.5))));
    foot(sheet, area, rect).filter(|foot| is_away && rect.distance_to_pos(*foot) > 0.0)
}

/// Which area a part of a name stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Own,
    Other,
    None,
}

/// What it costs that the name of an area stands there; nothing where it would be taken for that of another one.
pub(super) fn astray(sheet: &Sheet<'_>, area: AreaId, rect: Rect) -> Option<f32> {
    let areas = &sheet.view.site.areas;
    let on = |share: f32| {
        let at = degrees(sheet.lens.to_world(rect.lerp_inside(vec2(share, 0.5))));
        if areas.get(area).contains(at) {
            On::Own
        } else if areas.get(AreaId::ROOT).contains(at) {
            On::Other
        } else {
            On::None
        }
    };
    let middle = on(0.5);
    if middle == On::Other {
        return None;
    }
    let ends = [on(0.15), on(0.85)];
    // Outside all areas a name belongs to the one that it touches.
    if middle == On::None && ends.contains(&On::Other) {
        return None;
    }
    let away = ends.into_iter().chain([middle]).filter(|on| *on != On::Own).count();
    // A long line would lead over others.
    let longest = sheet.theme().sizes.heading * LONGEST_LINE;
    if away == 3 && rect.distance_to_pos(foot(sheet, area, rect)?) > longest {
        return None;
    }
    Some(whole(away) * ASTRAY_COSTS + if away == 3 { AWAY_COSTS } else { 0.0 })
}

/// Areas worth a name, the most important first; the second value is true for the coarse ones.
fn named(sheet: &Sheet<'_>) -> Vec<(AreaId, bool)> {
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
    } else if sheet.zoom_from_home() >= FINER_FROM {
        let finer = areas.level(2).filter(|id| in_sight(*id) && !out.iter().any(|(o, _)| o == id));
        let finer: Vec<_> = finer.map(|id| (id, false)).collect();
        out.extend(finer);
    }
    out
}

/// What is written of an area: name and figure, the name without the word for its level, and that name alone.
fn forms(sheet: &Sheet<'_>, area: AreaId, is_major: bool) -> Vec<Lines> {
    let full = lines(sheet, area, is_major);
    let mut out = vec![full.clone()];
    let short = words::short_name(sheet.view, area);
    let stem = |mut lines: Lines| {
        if let Some((name, _)) = lines.first_mut() {
            short.clone_into(name);
        }
        lines
    };
    if short != sheet.name(area) {
        out.push(stem(full.clone()));
    }
    if full.len() > 1 {
        out.push(stem(full.into_iter().take(1).collect()));
    }
    out
}

fn lines(sheet: &Sheet<'_>, area: AreaId, is_major: bool) -> Lines {
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
