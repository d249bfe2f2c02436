//! Patterns inside a shape: slanted lines and dots, so that a state is told without colour. Owns their geometry.

use egui::{Color32, Pos2, Shape, Stroke, Vec2, pos2, vec2};

use super::kept::Inker;
use super::lens::{Lens, World};

/// A pattern that says something about a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Close lines rising to the right: hidden for protection.
    Suppressed,
    /// Sparse dots: no figure.
    Missing,
    /// Wide lines falling to the right: later than promised.
    Late,
    /// Level lines: reports less than its history leads one to expect.
    Silent,
}

/// Draws a pattern inside rings. `step` is the distance of its lines.
pub(super) fn draw(
    inker: &mut Inker,
    lens: &Lens,
    rings: &[Vec<World>],
    pattern: Pattern,
    step: f32,
    width: f32,
    color: Color32,
) {
    let rings: Vec<Vec<Pos2>> =
        rings.iter().map(|ring| ring.iter().map(|p| lens.to_screen(*p)).collect()).collect();
    let slant = std::f32::consts::FRAC_1_SQRT_2;
    let (along, gap) = match pattern {
        Pattern::Suppressed => (vec2(slant, -slant), step),
        Pattern::Late => (vec2(slant, slant), step * 2.0),
        Pattern::Missing => (vec2(1.0, 0.0), step * 2.25),
        Pattern::Silent => (vec2(1.0, 0.0), step),
    };
    let anchor = anchor(lens, along, gap);
    let clip = lens.rect.expand(gap);
    for (row, [from, to]) in spans(&rings, along, gap, anchor) {
        if !clip.intersects(egui::Rect::from_two_pos(from, to)) {
            continue;
        }
        if pattern == Pattern::Missing {
            let shift = if row.rem_euclid(2) == 0 { 0.0 } else { gap * 0.5 };
            let mut x = anchor.x + shift + ((from.x - anchor.x - shift) / gap).ceil() * gap;
            while x < to.x {
                inker.add(Shape::circle_filled(pos2(x, from.y), width * 1.5, color));
                x += gap;
            }
        } else {
            inker.add(Shape::line_segment([from, to], Stroke::new(width, color)));
        }
    }
}

/// The corner of the world brought near by whole repeats of the pattern: it is fixed to the ground, so that it does not
/// swim while the map moves, and two views of one scale have it at the same places.
#[expect(clippy::cast_possible_truncation, reason = "less than two gaps")]
fn anchor(lens: &Lens, along: Vec2, gap: f32) -> Pos2 {
    let far = lens.center.map(|at| at * lens.scale);
    let gap = f64::from(gap);
    let off = |axis: Vec2, repeat: f64| {
        let d = far.iter().zip([axis.x, axis.y]).map(|(at, part)| at * f64::from(part)).sum::<f64>();
        axis * d.rem_euclid(repeat) as f32
    };
    lens.rect.center() - off(along, gap) - off(along.rot90(), gap * 2.0)
}

/// The parts of parallel lines that lie inside rings, by the even-odd rule, with the number of the line.
fn spans(rings: &[Vec<Pos2>], along: Vec2, gap: f32, anchor: Pos2) -> Vec<(i64, [Pos2; 2])> {
    let across = along.rot90();
    let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
    for point in rings.iter().flatten() {
        let d = across.dot(*point - anchor);
        least = least.min(d);
        most = most.max(d);
    }
    let mut out = Vec::new();
    let count = (most - least) / gap;
    if !count.is_finite() || count > 4000.0 {
        return out;
    }
    #[expect(clippy::cast_possible_truncation, reason = "line numbers of a screen")]
    let (first, last) = ((least / gap).ceil() as i64, (most / gap).floor() as i64);
    let mut cuts: Vec<f32> = Vec::new();
    for row in first..=last {
        #[expect(clippy::cast_precision_loss, reason = "line numbers of a screen")]
        let level = row as f32 * gap;
        cuts.clear();
        for ring in rings {
            let Some(mut a) = ring.last().copied() else {
                continue;
            };
            for b in ring {
                let (da, db) = (across.dot(a - anchor) - level, across.dot(*b - anchor) - level);
                if (da > 0.0) != (db > 0.0) {
                    let t = da / (da - db);
                    cuts.push(along.dot(a.lerp(*b, t) - anchor));
                }
                a = *b;
            }
        }
        cuts.sort_by(f32::total_cmp);
        let at = |s: f32| anchor + along * s + across * level;
        out.extend(cuts.chunks_exact(2).filter_map(|pair| match pair {
            [from, to] => Some((row, [at(*from), at(*to)])),
            _ => None,
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stays_on_the_ground() {
        let rect = egui::Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
        let along = vec2(std::f32::consts::FRAC_1_SQRT_2, -std::f32::consts::FRAC_1_SQRT_2);
        let here = Lens::new(rect, [209.7, 111.2], 12.3, 1.0);
        for step in [[0.001, 0.0], [0.3, -0.2], [1.7, 2.9]] {
            let there = Lens { center: [here.center[0] + step[0], here.center[1] + step[1]], ..here };
            let moved = here.to_screen(there.to_world(anchor(&there, along, 9.0)));
            let by = moved - anchor(&here, along, 9.0);
            for (axis, repeat) in [(along, 9.0), (along.rot90(), 18.0)] {
                let repeats = axis.dot(by) / repeat;
                assert!((repeats - repeats.round()).abs() < 0.02, "{step:?}: {repeats}");
            }
        }
    }

    #[test]
    fn lines_stay_inside_a_shape_with_a_hole() {
        let square = |a: f32, b: f32| vec![pos2(a, a), pos2(b, a), pos2(b, b), pos2(a, b)];
        let rings = [square(0.0, 100.0), square(40.0, 60.0)];
        let found = spans(&rings, vec2(1.0, 0.0), 10.0, pos2(-5.0, -5.0));
        assert_eq!(found.len(), 10 + 2, "ten lines, two of them cut by the hole: {found:?}");
        for (_, [from, to]) in &found {
            let middle = from.lerp(*to, 0.5);
            let in_hole = middle.x > 40.0 && middle.x < 60.0 && middle.y > 40.0 && middle.y < 60.0;
            assert!(!in_hole && from.x >= -0.01 && to.x <= 100.01);
        }
    }
}
