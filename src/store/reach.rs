//! Which pieces of a table can have keys in common, told by the least and the greatest value of the first key column.
//! Owns that question; reads nothing, and in doubt says that they can.

use std::cmp::Ordering;

use super::column::Texts;
use super::pages::Bound;

/// What a piece of a table must look at to know whether a later piece replaces its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overlaps {
    /// A later piece reaches over this one: its keys have to be known first.
    pub(crate) replaced: bool,
    /// This piece reaches over an earlier one: its keys are noted first.
    pub(crate) replaces: bool,
    /// Values of the first key column that this piece shares with a neighbour: their rows are looked at last.
    pub(crate) edges: Vec<Bound>,
}

/// Which values of the first key column a piece can have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// The least and the greatest, as the file tells; without them a piece reaches over everything.
    plain: Option<(Bound, Bound)>,
    /// Of texts, the least and the greatest where shorter ones come first. Ids that are counted up rise in this order
    /// also where they get longer by a digit. No file tells it: all texts were looked at.
    by_length: Option<(Vec<u8>, Vec<u8>)>,
}

/// Which values two pieces can have in common.
enum Common<'a, T> {
    None,
    One(&'a T),
    Many,
}

impl Reach {
    /// As a file tells.
    pub(crate) const fn new(plain: Option<(Bound, Bound)>) -> Self {
        Self { plain, by_length: None }
    }

    /// Learns from a look at all texts of the piece.
    pub(crate) fn learn(&mut self, texts: &Texts) {
        let least = texts.all_bytes().min_by(|a, b| shorter_first(a, b));
        let greatest = texts.all_bytes().max_by(|a, b| shorter_first(a, b));
        self.by_length = least.zip(greatest).map(|(least, greatest)| (least.to_vec(), greatest.to_vec()));
    }

    /// Whether a look at all texts can tell two pieces apart that the files do not.
    fn may_be_told_apart(&self, other: &Self) -> bool {
        let texts = |reach: &Self| match &reach.plain {
            Some((Bound::Text(low), Bound::Text(high))) => Some((low.len(), high.len())),
            _ => None,
        };
        let differ = |(a, b): ((usize, usize), (usize, usize))| a.0 != a.1 || b.0 != b.1 || a.0 != b.0;
        matches!(common(self.plain.as_ref(), other.plain.as_ref(), Ord::cmp), Common::Many)
            && texts(self).zip(texts(other)).is_some_and(differ)
    }
}

fn shorter_first(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The values between those of both pieces, in one order of values.
fn common<'a, T>(
    a: Option<&'a (T, T)>,
    b: Option<&'a (T, T)>,
    order: impl Fn(&T, &T) -> Ordering,
) -> Common<'a, T> {
    let (Some(a), Some(b)) = (a, b) else { return Common::Many };
    let from = if order(&a.0, &b.0).is_ge() { &a.0 } else { &b.0 };
    let to = if order(&a.1, &b.1).is_le() { &a.1 } else { &b.1 };
    match order(from, to) {
        Ordering::Greater => Common::None,
        Ordering::Equal => Common::One(from),
        Ordering::Less => Common::Many,
    }
}

/// Every piece beside every later one.
fn pairs<T>(pieces: &[T]) -> impl Iterator<Item = ((usize, &T), (usize, &T))> {
    pieces.iter().enumerate().flat_map(move |(place, later)| {
        pieces.iter().enumerate().take(place).map(move |earlier| (earlier, (place, later)))
    })
}

/// The pieces whose texts have to be looked at to know more, by their places. Pieces of few rows are left out, and what
/// they reach over with them: keys of few rows are soon noted.
pub(crate) fn worth_a_look(reaches: &[Reach], rows: &[usize]) -> Vec<usize> {
    const FEW: usize = 1 << 16;
    let is_many = |place: usize| rows.get(place).is_some_and(|rows| *rows > FEW);
    let unclear =
        pairs(reaches).filter(|(earlier, later)| is_many(later.0) && earlier.1.may_be_told_apart(later.1));
    let mut places: Vec<usize> = unclear.flat_map(|(earlier, later)| [earlier.0, later.0]).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// How the pieces of a table, in their order, reach over each other.
pub(crate) fn overlaps(reaches: &[Reach]) -> Vec<Overlaps> {
    let mut out = vec![Overlaps::default(); reaches.len()];
    for ((earlier, a), (later, b)) in pairs(reaches) {
        let shared = match common(a.plain.as_ref(), b.plain.as_ref(), Ord::cmp) {
            Common::None => continue,
            Common::One(value) => Some(value.clone()),
            Common::Many => {
                match common(a.by_length.as_ref(), b.by_length.as_ref(), |a, b| shorter_first(a, b)) {
                    Common::None => continue,
                    Common::One(value) => Some(Bound::Text(value.clone())),
                    Common::Many => None,
                }
            }
        };
        for index in [earlier, later] {
            let Some(piece) = out.get_mut(index) else { continue };
            match &shared {
                Some(value) if !piece.edges.contains(value) => piece.edges.push(value.clone()),
                Some(_) => {}
                None if index == earlier => piece.replaced = true,
                None => piece.replaces = true,
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn reach(ids: &[String]) -> Reach {
        let bound = |id: Option<&String>| Bound::Text(id.unwrap().clone().into_bytes());
        Reach::new(Some((bound(ids.iter().min()), bound(ids.iter().max()))))
    }

    fn looked_at(mut reach: Reach, ids: &[String]) -> Reach {
        let mut texts = Texts::default();
        for id in ids {
            texts.add(id.as_bytes());
        }
        reach.learn(&texts);
        reach
    }

    #[test]
    fn ids_that_get_longer_by_a_digit_reach_over_nothing() {
        let ids = |from: u32, to: u32| (from..to).map(|n| format!("E24-{n:04}")).collect::<Vec<_>>();
        let pieces =
            [ids(900, 5000), ids(5000, 9500), ids(9500, 12_000), ids(12_000, 17_000), ids(17_000, 20_000)];
        let told: Vec<Reach> = pieces.iter().map(|ids| reach(ids)).collect();
        assert!(overlaps(&told).iter().all(|o| o.replaced || o.replaces));
        let many = [1 << 17; 5];
        assert_eq!(worth_a_look(&told, &many), [0, 1, 2, 3, 4]);
        // Keys of a few rows are noted.
        assert!(worth_a_look(&told, &[1 << 17, 1 << 17, 900, 900, 900]).is_empty());
        let known: Vec<Reach> =
            told.into_iter().zip(&pieces).map(|(reach, ids)| looked_at(reach, ids)).collect();
        assert_eq!(overlaps(&known), vec![Overlaps::default(); 5]);
    }

    #[test]
    fn texts_of_one_length_are_not_looked_at() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let told = [reach(&ids(&["a1", "f3"])), reach(&ids(&["b7", "c2"]))];
        assert!(worth_a_look(&told, &[1 << 17; 2]).is_empty());
        assert!(overlaps(&told)[0].replaced);
    }

    proptest! {
        /// Whatever is known of pieces, two that have an id in common reach over each other or share it as an edge.
        #[test]
        fn no_common_id_is_missed(
            pieces in prop::collection::vec(prop::collection::vec((0u32..4, 0u32..300), 1..6), 2..6),
            looks in prop::collection::vec(any::<bool>(), 6),
        ) {
            let pieces: Vec<Vec<String>> = pieces
                .into_iter()
                .map(|ids| ids.into_iter().map(|(kind, n)| format!("{kind}-{n}")).collect())
                .collect();
            let known: Vec<Reach> = pieces
                .iter()
                .zip(looks)
                .map(|(ids, looks)| if looks { looked_at(reach(ids), ids) } else { reach(ids) })
                .collect();
            let found = overlaps(&known);
            for ((earlier, a), (later, b)) in pairs(&pieces) {
                let (a, b): (HashSet<_>, HashSet<_>) = (a.iter().collect(), b.iter().collect());
                for id in a.intersection(&b) {
                    let edge = Bound::Text(id.as_bytes().to_vec());
                    let is_edge = found[earlier].edges.contains(&edge) && found[later].edges.contains(&edge);
                    prop_assert!(is_edge || (found[earlier].replaced && found[later].replaces));
                }
            }
        }
    }
}
