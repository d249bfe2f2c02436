//! Events whose symbols lie over each other: how many, and which one a press shows next. Owns what counts as one pile; marks
//! and their order are `events`'.

use std::sync::Arc;

use egui::Pos2;

use super::events::{Mark, What};

/// Symbols closer to each other than this lie on one pile, in sizes of the smallest type.
pub(super) const CLOSE: f32 = 0.4;

/// The mark on top of each pile and how many events it holds. Marks come with the topmost last.
pub(super) fn piles(marks: &[Mark], close: f32) -> Vec<(&Mark, usize)> {
    let singles = marks.iter().enumerate().filter(|(_, mark)| matches!(mark.what, What::Single(_)));
    let mut by_place: Vec<(usize, &Mark)> = singles.collect();
    by_place.sort_by(|(_, a), (_, b)| a.at.x.total_cmp(&b.at.x));
    let mut taken = vec![false; marks.len()];
    let mut out = Vec::new();
    for (place, (first, mark)) in by_place.iter().enumerate() {
        let (mut top, mut count) = (*first, 0);
        // What lies further right than that is further away.
        let near = by_place.iter().skip(place).take_while(|(_, other)| other.at.x - mark.at.x < close);
        for (order, _) in near.filter(|(_, other)| (other.at - mark.at).length() < close) {
            let Some(flag) = taken.get_mut(*order).filter(|flag| !**flag) else { continue };
            *flag = true;
            top = top.max(*order);
            count += 1;
        }
        if let Some(top) = marks.get(top).filter(|_| count > 1) {
            out.push((top, count));
        }
    }
    out
}

/// What a press finds where several events lie.
#[derive(Debug, PartialEq)]
pub(super) struct Pressed<'a> {
    /// The one that is told of: the chosen one where it is among them, else the topmost.
    pub shown: &'a Mark,
    /// The one that a press shows.
    pub next: Arc<str>,
    /// How many they are.
    pub count: usize,
}

/// Of the events within reach of a point, worst and nearest first; nothing where there are not several.
pub(super) fn pressed<'a>(marks: &'a [Mark], at: Pos2, chosen: Option<&Arc<str>>) -> Option<Pressed<'a>> {
    let within = marks.iter().filter(|mark| (mark.at - at).length() <= mark.reach);
    let of = |mark: &'a Mark| match &mark.what {
        What::Single(single) => Some((mark, &single.id)),
        What::Cell(..) => None,
    };
    let mut found: Vec<(&Mark, &Arc<str>)> = within.filter_map(of).collect();
    if found.len() < 2 {
        return None;
    }
    let far = |mark: &Mark| (mark.at - at).length();
    found.sort_by(|(a, first), (b, second)| {
        b.severity.cmp(&a.severity).then(far(a).total_cmp(&far(b))).then(first.cmp(second))
    });
    let place = found.iter().position(|(_, id)| Some(*id) == chosen);
    let (shown, _) = found.get(place.unwrap_or(0))?;
    let (_, next) = found.get(place.map_or(0, |place| (place + 1) % found.len()))?;
    Some(Pressed { shown, next: Arc::clone(next), count: found.len() })
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::super::crowd::Single;
    use super::*;
    use crate::snapshot::EventPhase;

    fn mark(id: &str, severity: u8, x: f32) -> Mark {
        let single = Single {
            id: id.into(),
            kind: "kind".into(),
            severity,
            phase: EventPhase::Open,
            exercise: false,
            opened_secs: 0,
            at: [0.0; 2],
        };
        Mark { at: pos2(x, 50.0), severity, reach: 8.0, what: What::Single(single) }
    }

    #[test]
    fn symbols_over_each_other_are_counted_on_the_topmost() {
        let marks = [
            mark("a", 1, 10.0),
            mark("b", 1, 40.0),
            mark("c", 1, 12.0),
            mark("d", 3, 10.0),
            mark("e", 3, 90.0),
        ];
        let found: Vec<(&Mark, usize)> = piles(&marks, 5.0);
        assert_eq!(found, [(&marks[3], 3)]);
        assert!(piles(&marks, 1.0).iter().all(|(_, count)| *count == 2));
    }

    #[test]
    fn presses_go_through_all_that_lie_there() {
        let marks = [mark("a", 1, 10.0), mark("b", 1, 11.0), mark("c", 3, 12.0), mark("d", 1, 60.0)];
        let at = pos2(10.0, 50.0);
        let mut chosen: Option<Arc<str>> = None;
        let mut seen = Vec::new();
        for _ in 0..4 {
            let pressed = pressed(&marks, at, chosen.as_ref()).expect("several");
            assert_eq!(pressed.count, 3);
            seen.push(pressed.next.to_string());
            chosen = Some(pressed.next);
        }
        // The gravest first, and round again.
        assert_eq!(seen, ["c", "a", "b", "c"]);
        assert!(pressed(&marks, pos2(60.0, 50.0), None).is_none(), "one alone is no pile");
        // An event that lies elsewhere changes nothing.
        let elsewhere: Arc<str> = "d".into();
        assert_eq!(pressed(&marks, at, Some(&elsewhere)).map(|p| p.next), Some("c".into()));
    }
}
