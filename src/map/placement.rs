//! Where labels go: the most important first, each at the first free place near its anchor, none over another. Owns
//! the rule; knows nothing of what is written.

use egui::{Pos2, Rect, Vec2, vec2};

use crate::panels::pen::whole;

/// A label that wants a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wish {
    /// Where it belongs.
    pub anchor: Pos2,
    /// How big it is: the dearest form first, then shorter ones.
    pub sizes: Vec<Vec2>,
    /// How far it may move from its anchor, in its own sizes.
    pub reach: f32,
    /// Other places for its middle, beyond that reach.
    pub spots: Vec<Pos2>,
    /// What it may cover at the most, in the costs of marks; one that would cover more is left out.
    pub most: f32,
    /// Where it stood before: it stays until another place is clearly better.
    pub was: Option<Stand>,
}

/// Which form of a label stands at which of its places, whatever the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    /// The form, from the dearest on.
    pub form: usize,
    /// The step from its anchor, then the spots.
    pub step: usize,
}

/// A label that found a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    /// Where it is.
    pub rect: Rect,
    /// Which of its forms and places that is.
    pub stand: Stand,
}

/// What lies there already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    /// What no label covers.
    pub taken: &'a [Rect],
    /// What a label should not cover if it can help it, with what covering it costs.
    pub soft: &'a [(Rect, f32)],
    /// Labels stand inside.
    pub bounds: Rect,
    /// Between labels and what is taken.
    pub gap: f32,
}

/// Steps to try from the anchor, in tenths of the label's size: near ones first.
const STEPS: [i8; 7] = [0, -3, 3, -6, 6, -9, 9];
/// What moving a label by its whole reach costs, counted in covered marks.
const MOVING_COSTS: f32 = 1.5;
/// What moving it to a spot costs, for each of its own lengths on the way, and at the most.
const SPOT_COSTS: f32 = 1.0;
const MOST_SPOT_COSTS: f32 = 1.5;
/// What each shorter form costs.
const FORM_COSTS: f32 = 0.7;
/// What staying saves.
const STAYING_SAVES: f32 = 1.0;

impl Wish {
    /// A label of one form that may cover what it must.
    pub(super) const fn plain(anchor: Pos2, size: Vec<Vec2>, reach: f32) -> Self {
        Self { anchor, sizes: size, reach, spots: Vec::new(), most: f32::INFINITY, was: None }
    }

    /// Every place of every form with what standing there costs, were there nothing to cover.
    fn places(&self) -> impl Iterator<Item = (f32, Placed)> {
        self.sizes.iter().enumerate().flat_map(move |(form, size)| {
            let steps =
                STEPS.iter().flat_map(|y| STEPS.iter().map(|x| vec2(f32::from(*x), f32::from(*y)) * 0.1));
            let steps =
                steps.map(|off| (self.anchor + off * *size * self.reach, off.length() * MOVING_COSTS));
            let spots = self.spots.iter().map(|spot| {
                let far = (*spot - self.anchor).length() / size.max_elem();
                (*spot, (far * SPOT_COSTS).min(MOST_SPOT_COSTS))
            });
            steps.chain(spots).enumerate().map(move |(step, (middle, moving))| {
                let stand = Stand { form, step };
                let saves = if self.was == Some(stand) { STAYING_SAVES } else { 0.0 };
                let shorter = FORM_COSTS * whole(form);
                (moving + shorter - saves, Placed { rect: Rect::from_center_size(middle, *size), stand })
            })
        })
    }

    /// All that any of its places covers.
    fn around(&self) -> Rect {
        let size = self.sizes.iter().fold(Vec2::ZERO, |most, size| most.max(*size));
        let near = Rect::from_center_size(self.anchor, size + size * self.reach * 2.0);
        self.spots.iter().fold(near, |all, spot| all.union(Rect::from_center_size(*spot, size)))
    }
}

/// Places wishes in their order; those without room get none. `belongs` says what it costs that the label of a wish,
/// by its number, stands somewhere; nothing where it would be taken for another's.
#[must_use]
pub(super) fn place(
    wishes: &[Wish],
    ground: &Ground<'_>,
    belongs: impl Fn(usize, Rect) -> Option<f32>,
) -> Vec<Option<Placed>> {
    let Ground { soft, bounds, gap, .. } = *ground;
    let mut taken = ground.taken.to_vec();
    let mut out = Vec::with_capacity(wishes.len());
    // What lies near one wish, which is little of all there is.
    let (mut near, mut near_taken): (Vec<(Rect, f32)>, Vec<Rect>) = (Vec::new(), Vec::new());
    for (number, wish) in wishes.iter().enumerate() {
        let around = wish.around();
        near.clear();
        near.extend(soft.iter().filter(|(mark, _)| overlap(around, *mark)));
        near_taken.clear();
        near_taken.extend(taken.iter().filter(|t| overlap(around.expand(gap), **t)));
        let mut best: Option<(f32, Placed)> = None;
        // What it costs to stay is known first: most other places cost more before they are looked at.
        let is_was = |(_, placed): &(f32, Placed)| wish.was == Some(placed.stand);
        let was = wish.was.and_then(|_| wish.places().find(is_was));
        for (moving, placed) in was.into_iter().chain(wish.places()) {
            let most = best.map_or(f32::INFINITY, |(least, _)| least);
            if moving >= most || !bounds.contains_rect(placed.rect) {
                continue;
            }
            let padded = placed.rect.expand(gap);
            if near_taken.iter().any(|t| overlap(padded, *t)) {
                continue;
            }
            let covers = near.iter().filter(|(mark, _)| overlap(placed.rect, *mark));
            let covered: f32 = covers.map(|(_, cost)| cost).sum();
            // What stood there may go on a little longer than it could come.
            let may = if wish.was == Some(placed.stand) { wish.most + STAYING_SAVES } else { wish.most };
            if covered > may || moving + covered >= most {
                continue;
            }
            // Asked last: it takes longest.
            let Some(astray) = belongs(number, placed.rect) else { continue };
            let cost = moving + covered + astray;
            if cost < most {
                best = Some((cost, placed));
            }
        }
        let placed = best.map(|(_, placed)| placed);
        taken.extend(placed.map(|placed| placed.rect));
        out.push(placed);
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

    const BOUNDS: Rect = Rect::from_min_max(Pos2::ZERO, pos2(200.0, 200.0));

    const fn ground(soft: &[(Rect, f32)]) -> Ground<'_> {
        Ground { taken: &[], soft, bounds: BOUNDS, gap: 1.0 }
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is asked of places")]
    fn anywhere(_: usize, _: Rect) -> Option<f32> {
        Some(0.0)
    }

    fn middle(placed: Option<Placed>) -> Option<Pos2> {
        placed.map(|placed| placed.rect.center())
    }

    #[test]
    fn the_first_wish_gets_its_anchor_and_the_second_moves() {
        let wish = Wish::plain(pos2(100.0, 100.0), vec![vec2(40.0, 20.0)], 1.5);
        let placed = place(&[wish.clone(), wish.clone()], &ground(&[]), anywhere);
        assert_eq!(middle(placed[0]), Some(wish.anchor));
        assert!(placed[1].is_some_and(|placed| placed.rect.center() != wish.anchor));
    }

    #[test]
    fn a_label_steps_aside_for_a_mark() {
        let wish = Wish::plain(pos2(100.0, 100.0), vec![vec2(40.0, 20.0)], 1.0);
        let at = pos2(100.0, 105.0);
        let placed = place(&[wish], &ground(&[mark(at)]), anywhere);
        assert!(placed[0].is_some_and(|placed| !placed.rect.contains(at)));
    }

    fn mark(at: Pos2) -> (Rect, f32) {
        (Rect::from_center_size(at, vec2(2.0, 2.0)), 1.0)
    }

    /// Marks as close as the points of a grid, but for a free place of a size.
    fn crowded_but(free: Rect) -> Vec<(Rect, f32)> {
        let steps =
            (0..40_u8).flat_map(|y| (0..40_u8).map(move |x| pos2(f32::from(x) * 5.0, f32::from(y) * 5.0)));
        steps.filter(|at| !free.contains(*at)).map(mark).collect()
    }

    #[test]
    fn a_label_goes_to_a_free_spot_in_the_form_that_fits_or_is_left_out() {
        let free = Rect::from_center_size(pos2(150.0, 150.0), vec2(34.0, 24.0));
        let marks = crowded_but(free);
        let wish = Wish {
            spots: vec![pos2(60.0, 150.0), free.center()],
            most: 1.0,
            ..Wish::plain(pos2(60.0, 60.0), vec![vec2(60.0, 20.0), vec2(30.0, 20.0)], 0.5)
        };
        let placed = place(std::slice::from_ref(&wish), &ground(&marks), anywhere);
        assert_eq!(middle(placed[0]), Some(free.center()));
        assert_eq!(placed[0].map(|placed| placed.stand.form), Some(1));
        // Where that spot would be taken for a neighbour's there is none.
        let not_there = |_: usize, at: Rect| (at.center() != free.center()).then_some(0.0);
        assert_eq!(place(std::slice::from_ref(&wish), &ground(&marks), not_there), [None]);
    }

    #[test]
    fn a_label_stays_until_another_place_is_clearly_better() {
        let wish = Wish::plain(pos2(100.0, 100.0), vec![vec2(40.0, 20.0)], 1.0);
        let beside = |was, soft: &[(Rect, f32)]| {
            place(&[Wish { was, ..wish.clone() }], &ground(soft), anywhere)[0].expect("a place")
        };
        let moved = beside(None, &[mark(wish.anchor)]);
        assert_ne!(moved.rect.center(), wish.anchor);
        // The mark that it gave way to is gone; then another one comes where it stands now.
        assert_eq!(beside(Some(moved.stand), &[]).stand, moved.stand);
        let news = [mark(moved.rect.center()), mark(moved.rect.center())];
        assert_ne!(beside(Some(moved.stand), &news).stand, moved.stand);
    }

    proptest! {
        #[test]
        fn labels_never_overlap(wishes in proptest::collection::vec((0.0_f32..900.0, 0.0_f32..600.0, 5.0_f32..160.0, 5.0_f32..40.0), 0..60)) {
            let wishes: Vec<Wish> = wishes
                .into_iter()
                .map(|(x, y, w, h)| Wish::plain(pos2(x, y), vec![vec2(w, h), vec2(w * 0.5, h)], 1.0))
                .collect();
            let bounds = Rect::from_min_size(Pos2::ZERO, vec2(900.0, 600.0));
            let blocked = [Rect::from_min_size(pos2(300.0, 200.0), vec2(100.0, 100.0))];
            let ground = Ground { taken: &blocked, soft: &[], bounds, gap: 2.0 };
            let placed: Vec<Rect> =
                place(&wishes, &ground, anywhere).into_iter().flatten().map(|placed| placed.rect).collect();
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
