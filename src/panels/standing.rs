//! Marks of areas that stand out, beside their names, and the line that tells what the marks are. Owns their shapes;
//! which area stands out is `derived`'s.

use egui::{Align2, Rect, Stroke, Vec2, pos2, vec2};

use crate::derived::control::Rule;
use crate::derived::funnel::Place;
use crate::derived::standing::Standing;
use crate::panels::View;
use crate::panels::marks;
use crate::panels::pen::{Pen, cut_left, whole};

/// One mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Against its own past.
    Past(Rule, bool),
    /// Beside the other areas.
    Beside(Place),
}

fn of(standing: &Standing) -> impl Iterator<Item = Mark> {
    let past = standing.sign.map(|sign| Mark::Past(sign.rule, sign.up));
    past.into_iter().chain(standing.outside().map(Mark::Beside))
}

fn size(pen: Pen<'_>) -> f32 {
    pen.theme.sizes.body * 0.62
}

/// Room that the marks of some areas take beside their names; none where no area stands out.
#[must_use]
pub fn width(pen: Pen<'_>, standings: &[Standing]) -> f32 {
    let most = standings.iter().map(|standing| of(standing).count()).max().unwrap_or(0);
    if most == 0 { 0.0 } else { (size(pen) + pen.step() * 0.5) * whole(most) + pen.step() * 0.5 }
}

/// Paints the marks of one area from the left of a place.
pub fn marks_ui(pen: Pen<'_>, place: Rect, standing: &Standing) {
    let mut x = place.left() + size(pen) * 0.5;
    for mark in of(standing) {
        mark_ui(pen, pos2(x, place.center().y), mark);
        x += size(pen) + pen.step() * 0.5;
    }
}

/// As on the trend: a diamond for a value beyond its range, a square for a run on one side of the mean, an arrow for a
/// drift. Beside the other areas: a dot over or under one limit, or two.
fn mark_ui(pen: Pen<'_>, center: egui::Pos2, mark: Mark) {
    let size = size(pen);
    let color = pen.theme.warn;
    match mark {
        Mark::Past(Rule::Beyond, _) => {
            marks::diamond(pen.painter(), center, size, Stroke::new(size * 0.16, color));
        }
        Mark::Past(Rule::OneSide, _) => {
            pen.painter().rect_filled(Rect::from_center_size(center, Vec2::splat(size * 0.62)), 0.0, color);
        }
        Mark::Past(Rule::Drift, up) => {
            let way = if up { marks::Way::Up } else { marks::Way::Down };
            marks::way(pen.painter(), center, size * 0.8, way, color);
        }
        Mark::Beside(place) => {
            let (up, lines) = match place {
                Place::Outside998 { up } => (up, 2),
                Place::Outside95 { up } => (up, 1),
                Place::Inside => return,
            };
            let away = if up { -1.0 } else { 1.0 };
            let stroke = Stroke::new((size * 0.14).max(1.0), color);
            for line in 0..lines {
                let y = center.y - away * size * (0.02 + 0.26 * whole(line));
                pen.painter().hline(center.x - size * 0.5..=center.x + size * 0.5, y, stroke);
            }
            pen.painter().circle_filled(center + vec2(0.0, away * size * 0.34), size * 0.19, color);
        }
    }
}

/// What the marks of some areas are, on one line; or that none stands out. Nothing where none is judged.
pub fn legend_ui(pen: Pen<'_>, place: Rect, view: &View<'_>, standings: &[Standing]) {
    let words = legend_words(view, standings);
    if words.is_empty() {
        return;
    }
    pen.name(place, "standing legend", &words);
    pen.tip(place, "standing legend", || words.clone());
    let kinds = kinds(standings);
    if kinds.is_empty() {
        pen.text(place, Align2::LEFT_CENTER, &words, pen.note());
        return;
    }
    let mut rest = place;
    for (mark, (_, short)) in kinds {
        let word = view.text.get(short);
        if rest.width() < size(pen) + pen.step() {
            return;
        }
        let (at, after) = cut_left(rest, size(pen) + pen.step());
        mark_ui(pen, pos2(at.left() + size(pen) * 0.5, at.center().y), mark);
        let used = pen.text(after, Align2::LEFT_CENTER, word, pen.note());
        rest = after.with_min_x((used.right() + pen.step() * 1.25).min(after.right()));
    }
}

/// Whether the line says anything.
#[must_use]
pub fn has_legend(standings: &[Standing]) -> bool {
    standings.iter().any(Standing::is_judged)
}

/// The line in words.
fn legend_words(view: &View<'_>, standings: &[Standing]) -> String {
    let kinds = kinds(standings);
    if !kinds.is_empty() {
        let words: Vec<&str> = kinds.iter().map(|(_, (key, _))| view.text.get(key)).collect();
        return words.join(view.text.get("derived.complete.joint"));
    }
    if has_legend(standings) { view.text.get("derived.standing.all_usual").to_owned() } else { String::new() }
}

/// One of each kind of mark that occurs, and what it is called in full and in short.
fn kinds(standings: &[Standing]) -> Vec<(Mark, (&'static str, &'static str))> {
    let mut found: Vec<(Mark, (&'static str, &'static str))> = Vec::new();
    for mark in standings.iter().flat_map(of) {
        let key = match mark {
            Mark::Past(Rule::Beyond, _) => ("derived.standing.beyond", "derived.standing.beyond_short"),
            Mark::Past(Rule::OneSide, _) => ("derived.standing.one_side", "derived.standing.one_side_short"),
            Mark::Past(Rule::Drift, _) => ("derived.standing.drift", "derived.standing.drift_short"),
            Mark::Beside(Place::Outside998 { .. }) => {
                ("derived.standing.outside_998", "derived.standing.outside_998_short")
            }
            Mark::Beside(_) => ("derived.standing.outside_95", "derived.standing.outside_95_short"),
        };
        if found.iter().all(|(_, known)| *known != key) {
            found.push((mark, key));
        }
    }
    found
}
