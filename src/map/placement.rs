//! Where labels go: the most important first, each at the first free place near its anchor, none over another. Owns
//! the rule; knows nothing of what is written.

use egui::{Pos2, Rect, Vec2, vec2};

/// A label that wants a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// Where it belongs.
    pub anchor: Pos2,
    /// How big it is.
    pub size: Vec2,
    /// How far it may move from its anchor, in its own sizes.
    pub reach: f32,
}

/// Places to try, in own sizes from the anchor, nearest first.
const TRIES: [Vec2; 13] = [
    vec2(0.0, 0.0),
    vec2(0.0, -0.35),
    vec2(0.0, 0.35),
    vec2(-0.35, 0.0),
    vec2(0.35, 0.0),
    vec2(0.0, -0.75),
    vec2(0.0, 0.75),
    vec2(-0.6, -0.4),
    vec2(0.6, -0.4),
    vec2(-0.6, 0.4),
    vec2(0.6, 0.4),
    vec2(-0.9, 0.0),
    vec2(0.9, 0.0),
];

/// Places wishes in their order; those without room get none. `soft` are marks that a label should not cover if it
/// can help it.
#[must_use]
pub fn place(wishes: &[Wish], taken: &[Rect], soft: &[Pos2], bounds: Rect, gap: f32) -> Vec<Option<Rect>> {
    let mut taken = taken.to_vec();
    let mut out = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let mut best: Option<(usize, Rect)> = None;
        for off in TRIES {
            let rect = Rect::from_center_size(wish.anchor + off * wish.size * wish.reach, wish.size);
            let padded = rect.expand(gap);
            let is_free = bounds.contains_rect(rect) && !taken.iter().any(|t| overlap(padded, *t));
            if !is_free {
                continue;
            }
            let covered = soft.iter().filter(|p| padded.contains(**p)).count();
            if best.is_none_or(|(least, _)| covered < least) {
                best = Some((covered, rect));
            }
            if covered == 0 {
                break;
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
        let placed = place(&[wish, wish], &[], &[], bounds, 1.0);
        assert_eq!(placed[0].map(|r| r.center()), Some(wish.anchor));
        assert!(placed[1].is_some_and(|r| r.center() != wish.anchor));
    }

    #[test]
    fn a_label_steps_aside_for_a_mark() {
        let wish = Wish { anchor: pos2(100.0, 100.0), size: vec2(40.0, 20.0), reach: 1.0 };
        let bounds = Rect::from_min_size(Pos2::ZERO, vec2(200.0, 200.0));
        let mark = pos2(100.0, 105.0);
        let placed = place(&[wish], &[], &[mark], bounds, 1.0);
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
            let placed: Vec<Rect> = place(&wishes, &blocked, &[], bounds, 2.0).into_iter().flatten().collect();
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
