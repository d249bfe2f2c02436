//! Medians: the numbers of one measure by day, in order per area, and by blocks of days for long spans. Owns the exact
//! choice of the middle among many ordered lists; a change costs the lists of its day.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::snapshot::Day;
use crate::workers::{each, threads};

use super::by_day::{ByDay, Moment, PartOfDay, Span};
use super::cube::{RollUp, median};
use super::packed::{Packer, Unpacker};
use super::pressed::Pressed;
use super::rows::{self, Loading, Row, change};

/// A block holds as many blocks of the level below, the lowest as many days.
const FACTOR: Day = 8;
/// Levels of blocks above the days.
const LEVELS: u32 = 2;

/// Numbers in order per area, of all areas that rows add up to, or of some.
#[derive(Debug, Clone, Default)]
struct Sorted {
    /// The first area.
    first: usize,
    /// Where the numbers of each area end.
    ends: Vec<u32>,
    values: Vec<f64>,
}

impl Sorted {
    fn new(areas: Range<usize>, roll_up: &RollUp, rows: impl Iterator<Item = Row>) -> Self {
        // Put in order once; the areas take theirs in that order.
        let mut rows: Vec<(f64, u32)> = rows.map(|row| (row.value, row.area)).collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut ends = vec![0u32; areas.len()];
        let place = |area: usize| area.checked_sub(areas.start);
        for area in rows.iter().flat_map(|(_, area)| roll_up.of(*area)) {
            if let Some(end) = place(area).and_then(|place| ends.get_mut(place)) {
                *end += 1;
            }
        }
        let mut all = 0;
        for end in &mut ends {
            let own = *end;
            // For now where the area begins; each of its numbers moves it on.
            *end = all;
            all += own;
        }
        let mut values = vec![0.0; all as usize];
        for (value, area) in rows {
            for area in roll_up.of(area) {
                let Some(end) = place(area).and_then(|place| ends.get_mut(place)) else { continue };
                if let Some(slot) = values.get_mut(*end as usize) {
                    *slot = value;
                    *end += 1;
                }
            }
        }
        Self { first: areas.start, ends, values }
    }

    /// What several hold together.
    fn together(areas: usize, parts: &[&Self]) -> Self {
        let mut values = Vec::with_capacity(parts.iter().map(|part| part.values.len()).sum());
        let mut ends = Vec::with_capacity(areas);
        for area in 0..areas {
            let from = values.len();
            parts.iter().for_each(|part| values.extend_from_slice(part.of(area)));
            // This sort goes along with what is in order already.
            values.get_mut(from..).unwrap_or_default().sort_by(f64::total_cmp);
            ends.push(u32::try_from(values.len()).unwrap_or(u32::MAX));
        }
        Self { first: 0, ends, values }
    }

    fn of(&self, area: usize) -> &[f64] {
        let Some(place) = area.checked_sub(self.first) else { return &[] };
        let from = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let to = self.ends.get(place).copied().unwrap_or(from);
        self.values.get(from as usize..to as usize).unwrap_or(&[])
    }
}

/// A day: its rows, and its lists once they are asked for.
#[derive(Debug, Clone, Default)]
struct OneDay {
    rows: Pressed<Row>,
    sorted: OnceLock<Sorted>,
}

/// The numbers of one measure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spread {
    days: ByDay<Arc<OneDay>>,
    /// Blocks by number, the smallest first.
    blocks: [ByDay<Arc<OnceLock<Sorted>>>; LEVELS as usize],
    /// Rows without an instant: only in the present state.
    undated: Vec<Row>,
}

impl Spread {
    /// Of loaded rows.
    pub(crate) fn new(loaded: Loading) -> Self {
        let (days, undated) = loaded.finish(|rows| Arc::new(OneDay { rows, sorted: OnceLock::new() }));
        Self::of_days(days, undated)
    }

    /// Writes the numbers.
    pub(crate) fn pack(&self, out: &mut Packer) {
        self.days.pack(out, |day, out| day.rows.pack(out, rows::pack));
        rows::pack(&self.undated, out);
    }

    /// Reads numbers.
    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let day = |from: &mut Unpacker<'_>| {
            Some(Arc::new(OneDay { rows: Pressed::unpack(from, rows::unpack)?, sorted: OnceLock::new() }))
        };
        let days = ByDay::unpack(from, day)?;
        Some(Self::of_days(days, rows::unpack(from)?))
    }

    fn of_days(days: ByDay<Arc<OneDay>>, undated: Vec<Row>) -> Self {
        let mut out = Self { days, undated, ..Self::default() };
        for day in out.days.bounds().into_iter().flat_map(|(first, last)| [first, last]) {
            for (level, blocks) in (1..).zip(&mut out.blocks) {
                blocks.reach(day / FACTOR.pow(level));
            }
        }
        out
    }

    /// Puts all numbers in order now, so that no question has to.
    pub(crate) fn prepare(&self, roll_up: &RollUp) {
        let Some((first, last)) = self.days.bounds() else { return };
        let size = FACTOR.pow(LEVELS);
        each(threads(), first / size..=last / size, |number| {
            self.list(LEVELS, number, roll_up);
        });
    }

    /// Adds or takes back a row.
    pub(crate) fn change(&mut self, at: Option<Moment>, area: u32, value: f64, sign: i8) {
        let Some(at) = at else {
            change(&mut self.undated, Row { secs: 0, area, value }, sign);
            return;
        };
        if let Some(day) = self.days.reach(at.day) {
            let day = Arc::make_mut(day);
            day.rows.change(Row { secs: at.secs, area, value }, sign);
            day.sorted = OnceLock::new();
        }
        for (level, blocks) in (1..).zip(&mut self.blocks) {
            if let Some(block) = blocks.reach(at.day / FACTOR.pow(level))
                && block.get().is_some()
            {
                *block = Arc::default();
            }
        }
    }

    /// The median of a span per area, for some areas.
    pub(crate) fn medians(&self, roll_up: &RollUp, span: &Span, areas: Range<usize>) -> Vec<Option<f64>> {
        let mut lists: Vec<&Sorted> = Vec::new();
        let bounds = self.days.bounds().map(|(first, last)| (first.max(span.days.0), last.min(span.days.1)));
        if let Some((mut day, last)) = bounds {
            while day <= last {
                let fits = |level: &u32| {
                    let size = FACTOR.pow(*level);
                    day % size == 0 && day + size - 1 <= last
                };
                let level = (1..=LEVELS).rev().find(fits).unwrap_or(0);
                lists.extend(self.list(level, day / FACTOR.pow(level), roll_up));
                day += FACTOR.pow(level);
            }
        }
        let cut: Vec<Sorted> = (span.parts.iter())
            .map(|part| Sorted::new(areas.clone(), roll_up, self.part(*part)))
            .chain(span.undated.then(|| Sorted::new(areas.clone(), roll_up, self.undated.iter().copied())))
            .collect();
        lists.extend(&cut);
        areas.map(|area| middle(lists.iter().map(|sorted| sorted.of(area)).collect())).collect()
    }

    /// The lists of a block, made where they are not there yet; of a day at level 0.
    fn list(&self, level: u32, number: Day, roll_up: &RollUp) -> Option<&Sorted> {
        let Some(below) = level.checked_sub(1) else {
            let day = self.days.between(number, number).first().filter(|day| !day.rows.is_empty())?;
            let sorted = || Sorted::new(0..roll_up.len(), roll_up, day.rows.rows());
            return Some(day.sorted.get_or_init(sorted));
        };
        let block = self.blocks.get(below as usize)?.between(number, number).first()?;
        Some(block.get_or_init(|| {
            let parts = number * FACTOR..(number + 1) * FACTOR;
            let parts: Vec<&Sorted> = parts.filter_map(|part| self.list(below, part, roll_up)).collect();
            Sorted::together(roll_up.len(), &parts)
        }))
    }

    fn part(&self, part: PartOfDay) -> impl Iterator<Item = Row> + Clone {
        let rows = self.days.between(part.day, part.day).iter().flat_map(|day| day.rows.rows());
        rows.filter(move |row| part.from <= row.secs && row.secs <= part.to)
    }

    /// The sum of each day's numbers, where they were counted.
    pub(crate) fn day_sums(&self) -> impl Iterator<Item = (Day, u32, f64)> + '_ {
        self.days.days().flat_map(|(day, one)| one.rows.rows().map(move |row| (day, row.area, row.value)))
    }
}

/// Where so few numbers are left they are put together.
const FEW: usize = 48;

/// The median of sorted lists; the mean of the middle two where their count is even.
fn middle(lists: Vec<&[f64]>) -> Option<f64> {
    let count: usize = lists.iter().map(|list| list.len()).sum();
    if count <= FEW {
        return median(&mut lists.concat());
    }
    let upper = nth(lists.clone(), count / 2)?;
    if !count.is_multiple_of(2) {
        return Some(upper);
    }
    // The one before it in order: the same number again, or the greatest below it.
    let (mut below, mut lower) = (0, None::<f64>);
    for list in lists {
        let place = cut(list, list.len() / 2, |n| n.total_cmp(&upper).is_lt());
        below += place;
        if let Some(n) = place.checked_sub(1).and_then(|last| list.get(last)) {
            lower = Some(lower.map_or(*n, |known| if n.total_cmp(&known).is_gt() { *n } else { known }));
        }
    }
    let lower = if below == count / 2 { lower? } else { upper };
    Some(f64::midpoint(lower, upper))
}

/// The number that stands at a place of all lists put in order. Each step parts all lists at a number, and goes on with the
/// side that holds the place.
fn nth(mut lists: Vec<&[f64]>, mut place: usize) -> Option<f64> {
    let mut cuts: Vec<usize> = Vec::new();
    for step in 0_usize.. {
        lists.retain(|list| !list.is_empty());
        let left: usize = lists.iter().map(|list| list.len()).sum();
        if left <= FEW {
            let mut all = lists.concat();
            return (place < all.len()).then(|| *all.select_nth_unstable_by(place, f64::total_cmp).1);
        }
        // A guess that goes wrong again and again must not go on.
        let aim = if step % 3 == 2 { left / 2 } else { aside(place, left) };
        let pivot = if step % 3 == 2 { halfway(&lists, left)? } else { near(&lists, aim, left)? };
        cuts.clear();
        cuts.extend(
            lists.iter().map(|list| cut(list, list.len() * aim / left, |n| n.total_cmp(&pivot).is_lt())),
        );
        let less = cuts.iter().sum::<usize>();
        if place < less {
            for (list, cut) in lists.iter_mut().zip(&cuts) {
                *list = list.get(..*cut).unwrap_or(&[]);
            }
            continue;
        }
        for (list, at) in lists.iter().zip(&mut cuts) {
            *at = cut(list, *at, |n| n.total_cmp(&pivot).is_le());
        }
        let through = cuts.iter().sum::<usize>();
        if place < through {
            return Some(pivot);
        }
        place -= through;
        for (list, cut) in lists.iter_mut().zip(&cuts) {
            *list = list.get(*cut..).unwrap_or(&[]);
        }
    }
    None
}

/// The middle of the list in which half of all numbers are passed.
fn halfway(lists: &[&[f64]], left: usize) -> Option<f64> {
    let mut walked = 0;
    let half = lists.iter().find(|list| {
        walked += list.len();
        walked * 2 >= left
    })?;
    half.get(half.len() / 2).copied()
}

/// How many numbers at the front of a list in order are so, looked for outwards from about that many: few places of the list
/// are read then, and those that are lie side by side. Each may lie where memory was not touched lately, which takes longer
/// than all else.
fn cut(list: &[f64], about: usize, is_before: impl Fn(&f64) -> bool) -> usize {
    let holds = |at: usize| list.get(at).is_some_and(&is_before);
    let mut step = 4;
    let (low, high) = if holds(about) {
        let mut low = about + 1;
        while low + step < list.len() && holds(low + step) {
            low += step + 1;
            step *= 2;
        }
        (low, list.len().min(low + step))
    } else {
        let mut high = list.len().min(about);
        while high > step && !holds(high - step) {
            high -= step;
            step *= 2;
        }
        (high.saturating_sub(step), high)
    };
    low + list.get(low..high).unwrap_or_default().partition_point(is_before)
}

/// A place beside another one, so far from it that what parts numbers there most probably leaves little more than the wanted
/// one on its side (Floyd and Rivest, Algorithm 489, 1975).
fn aside(place: usize, left: usize) -> usize {
    let margin = left.isqrt();
    if place * 2 > left { place.saturating_sub(margin) } else { (place + margin).min(left - 1) }
}

/// A number that stands about at a place of all: lists of one measure are much alike, so it stands in each about where it
/// stands in all.
fn near(lists: &[&[f64]], aim: usize, left: usize) -> Option<f64> {
    let at = |list: &&[f64]| Some((*list.get(list.len() * aim / left)?, list.len()));
    let mut there: Vec<(f64, usize)> = lists.iter().filter_map(at).collect();
    there.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut walked = 0;
    let middle = there.iter().find(|(_, length)| {
        walked += length;
        walked * 2 >= left
    });
    middle.map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::civil::CivilZone;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_middle_of_lists_is_that_of_all(lists in prop::collection::vec(prop::collection::vec(-900i32..3000, 0..60), 0..40), span in 1i32..4000) {
            let lists: Vec<Vec<f64>> = lists
                .into_iter()
                .map(|mut list| {
                    list.iter_mut().for_each(|n| *n %= span);
                    list.sort_unstable();
                    list.into_iter().map(|n| f64::from(n) / 2.0).collect()
                })
                .collect();
            let expected = median(&mut lists.concat());
            prop_assert_eq!(middle(lists.iter().map(Vec::as_slice).collect()), expected);
        }

        #[test]
        fn a_cut_is_found_wherever_it_is_thought_to_be(mut list in prop::collection::vec(-30i32..30, 0..200), pivot in -31i32..31, about in 0_usize..210) {
            list.sort_unstable();
            let list: Vec<f64> = list.into_iter().map(f64::from).collect();
            let is_before = |n: &f64| *n < f64::from(pivot);
            prop_assert_eq!(cut(&list, about, is_before), list.partition_point(is_before));
        }

        /// Any span, before and after changes, is the median of the rows in it.
        #[test]
        fn spans_are_medians_of_their_rows(
            rows in prop::collection::vec((0i64..90 * 86_400, 0u32..3, -20i32..20), 0..300),
            changes in prop::collection::vec((0i64..90 * 86_400, 0u32..3, -20i32..20, any::<bool>()), 0..20),
            from in -5i64..90 * 86_400,
            length in 0i64..95 * 86_400,
            whole in any::<bool>(),
            prepared in any::<bool>(),
        ) {
            let zone = CivilZone::new("UTC").unwrap();
            let moment = |secs: i64| {
                Some(Moment { day: zone.day_of(secs), secs: u32::try_from(secs.rem_euclid(86_400)).unwrap() })
            };
            let roll_up = RollUp::small();
            let mut loading = Loading::default();
            let mut kept: Vec<(i64, u32, i32)> = rows.clone();
            rows.iter().for_each(|(secs, area, n)| loading.add(moment(*secs), *area, f64::from(*n)));
            let mut spread = Spread::new(loading);
            let (mut from, mut to) = (from, from + length);
            if whole {
                (from, to) = (from.div_euclid(86_400) * 86_400, to.div_euclid(86_400) * 86_400 - 1);
            }
            let span = Span::new(&zone, from, to);
            // What was asked or prepared before a change must not be what is answered after it.
            spread.medians(&roll_up, &span, 0..3);
            if prepared {
                spread.prepare(&roll_up);
            }
            for (secs, area, n, take_back) in changes {
                let (row, sign) = match take_back.then(|| kept.pop()).flatten() {
                    Some(row) => (row, -1),
                    None => ((secs, area, n), 1),
                };
                if sign > 0 {
                    kept.push(row);
                }
                spread.change(moment(row.0), row.1, f64::from(row.2), sign);
            }
            let found = spread.medians(&roll_up, &span, 0..3);
            for area in 0..3u32 {
                let mut values: Vec<f64> = kept
                    .iter()
                    .filter(|row| (from..=to).contains(&row.0) && (area == 0 || row.1 == area))
                    .map(|row| f64::from(row.2))
                    .collect();
                let one = spread.medians(&roll_up, &span, area as usize..area as usize + 1);
                prop_assert_eq!(&one[..], &found[area as usize..][..1]);
                prop_assert_eq!(found[area as usize], median(&mut values));
            }
        }
    }
}
