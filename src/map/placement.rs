//! Where labels go: the most important first, each at the first free place near its anchor, none over another. Owns
//! the rule; knows nothing of what is written.

use egui::{Pos2, Rect, Vec2, vec2};

/// A label that wants a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wish {
    /// Where it belongs.
    pub anchor: Pos2,
    /// How big it is.
    pub size: Vec2,
    /// How far it may move from its anchor, in its own sizes.
    pub reach: f32,
}

/// Steps to try from the anchor, in tenths of the label's size: near ones first.
const STEPS: [i8; 7] = [0, -3, 3, -6, 6, -9, 9];
/// What moving a label by its whole size costs, counted in covered marks.
const MOVING_COSTS: f32 = 1.5;

/// Places wishes in their order; those without room get none. `soft` are marks that a label should not cover if it
/// can help it, with what covering it costs, kept `soft_gap` away from its letters.
#[must_use]
pub(super) fn place(
    wishes: &[Wish],
    taken: &[Rect],
    soft: &[(Pos2, f32)],
    bounds: Rect,
    gap: f32,
    soft_gap: f32,
) -> Vec<Option<Rect>> {
    let mut taken = taken.to_vec();
    let mut out = Vec::with_capacity(wishes.len());
    // What lies near one wish, which is little of all there is.
    let (mut near, mut near_taken): (Vec<(Pos2, f32)>, Vec<Rect>) = (Vec::new(), Vec::new());
    for wish in wishes {
        let reach = wish.size * wish.reach;
        let around = Rect::from_center_size(wish.anchor, wish.size + reach * 2.0).expand(soft_gap);
        near.clear();
        near.extend(soft.iter().filter(|(p, _)| around.contains(*p)));
        let around = Rect::from_center_size(wish.anchor, wish.size + reach * 2.0).expand(gap);
        near_taken.clear();
        near_taken.extend(taken.iter().filter(|t| overlap(around, **t)));
        let mut best: Option<(f32, Rect)> = None;
        for off in STEPS.iter().flat_map(|y| STEPS.iter().map(|x| vec2(f32::from(*x), f32::from(*y)) * 0.1)) {
            let rect = Rect::from_center_size(wish.anchor + off * reach, wish.size);
            let moving = off.length() * MOVING_COSTS;
            if best.is_some_and(|(least, _)| moving >= least) || !bounds.contains_rect(rect) {
                continue;
            }
            let padded = rect.expand(gap);
            if near_taken.iter().any(|t| overlap(padded, *t)) {
                continue;
            }
            let reached = rect.expand(soft_gap);
            let covered: f32 = near.iter().filter(|(p, _)| reached.contains(*p)).map(|(_, cost)| cost).sum();
            let cost = moving + covered;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, rect));
            }
        }
        let rect = best.map(|(_, rect)| rect);
        taken.extend(rect);
        out.push(rect);
    }
    out
}

/// Whether two rectangles share more than an edge.
fn overlap(a: Rect, b: Rect) -> bool {
    a.left() < b.right() && b.left() < a.right() && a.top() < b.bottom() && b.top() < a.bottom()
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;
    use proptest::prelude::*;

    #[test]
    fn the_first_wish_gets_its_anchor_and_the_second_moves() {
        let wish = Wish { anchor: pos2(100.0, 100.0), size: vec2(40.0, 20.0), reach: 1.5 };
        let bounds = Rect::from_min_size(Pos2::ZERO, vec2(200.0, 200.0));
        let placed = place(&[wish, wish], &[], &[], bounds, 1.0, 1.0);
        assert_eq!(placed[0].map(|r| r.center()), Some(wish.anchor));
        assert!(placed[1].is_some_and(|r| r.center() != wish.anchor));
    }

    #[test]
    fn a_label_steps_aside_for_a_mark() {
        let wish = Wish { anchor: pos2(100.0, 100.0), size: vec2(40.0, 20.0), reach: 1.0 };
        let bounds = Rect::from_min_size(Pos2::ZERO, vec2(200.0, 200.0));
        let mark = pos2(100.0, 105.0);
        let placed = place(&[wish], &[], &[(mark, 1.0)], bounds, 1.0, 1.0);
        assert!(placed[0].is_some_and(|r| !r.contains(mark)));
    }

    proptest! {
        #[test]
        fn labels_never_overlap(wishes in proptest::collection::vec((0.0_f32..900.0, 0.0_f32..600.0, 5.0_f32..160.0, 5.0_f32..40.0), 0..60)) {
            let wishes: Vec<Wish> = wishes
                .into_iter()
                .map(|(x, y, w, h)| Wish { anchor: pos2(x, y), size: vec2(w, h), reach: 1.0 })
                .collect();
            let bounds = Rect::from_min_size(Pos2::ZERO, vec2(900.0, 600.0));
            let blocked = [Rect::from_min_size(pos2(300.0, 200.0), vec2(100.0, 100.0))];
            let placed: Vec<Rect> = place(&wishes, &blocked, &[], bounds, 2.0, 2.0).into_iter().flatten().collect();
            for (i, a) in placed.iter().enumerate() {
                prop_assert!(bounds.contains_rect(*a));
                prop_assert!(!overlap(*a, blocked[0]));
                for b in placed.iter().skip(i + 1) {
                    prop_assert!(!overlap(*a, *b), "{a:?} over {b:?}");
                }
            }
        }
    }
}
