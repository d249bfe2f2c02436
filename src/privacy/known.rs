//! Two pictures of one day, as it was known at two times. Owns the rule that what is hidden in either stays hidden in
//! the earlier one: rows that arrived in between are few, and two figures that differ by few give them away.

use crate::site::Site;
use crate::site::catalogue::{Indicator, People};
use crate::snapshot::{Figures, Reading, Slice, Status};

use super::gate::{Gate, Owner};
use super::shown::{Shown, Why};

/// Figures as they were known then, without what the figures as known now would give away. Of figures that hang
/// together all are hidden below the top area where any of them is seen in one picture only; the top area's too where
/// it is among those.
pub(crate) fn known_then(site: &Site, gate: &Gate, mut then: Figures, now: &Figures) -> Figures {
    let mut given_away: Vec<Away> = Vec::new();
    given_away.resize_with(gate.count(), Away::default);
    for (i, ((row, then), now)) in
        site.indicators.iter().zip(&mut then.readings).zip(&now.readings).enumerate()
    {
        let (mark, group) = (mark(site, row), gate.group_of(Owner::Indicator(i)));
        for (area, (then, now)) in then.iter_mut().zip(now).enumerate().filter(|_| mark > 0) {
            let away = hide_reading(then, now, mark);
            note(&mut given_away, group, area, away);
        }
    }
    for (b, ((row, then), now)) in site.breakdowns.iter().zip(&mut then.slices).zip(&now.slices).enumerate() {
        let (mark, group) = (mark(site, row), gate.group_of(Owner::Cell(b, 0)));
        for (area, (then, now)) in then.iter_mut().zip(now).enumerate().filter(|_| mark > 0) {
            for (then, now) in then.iter_mut().zip(now) {
                let value = in_both(then.value, now.value, mark);
                let away = differs(then.value, now.value) || differs(then.value, value);
                then.value = value;
                note(&mut given_away, group, area, away);
            }
        }
    }
    hide_groups(site, gate, &given_away, &mut then);
    then
}

/// Where a group of figures gives something away.
#[derive(Debug, Clone, Copy, Default)]
struct Away {
    at_top: bool,
    anywhere: bool,
}

impl Away {
    const fn hides(self, area: usize) -> bool {
        self.at_top || (self.anywhere && area > 0)
    }
}

fn note(groups: &mut [Away], group: Option<usize>, area: usize, away: bool) {
    if let Some(group) = group.and_then(|group| groups.get_mut(group)).filter(|_| away) {
        group.anywhere = true;
        group.at_top |= area == 0;
    }
}

fn hide_groups(site: &Site, gate: &Gate, given_away: &[Away], then: &mut Figures) {
    let of = |owner: Owner| gate.group_of(owner).and_then(|g| given_away.get(g).copied()).unwrap_or_default();
    for (i, (row, readings)) in site.indicators.iter().zip(&mut then.readings).enumerate() {
        let (away, mark) = (of(Owner::Indicator(i)), mark(site, row));
        let hidden = readings.iter_mut().enumerate().filter(|(area, _)| away.hides(*area));
        hidden.for_each(|(_, reading)| hide(reading, mark));
    }
    for (b, (row, areas)) in site.breakdowns.iter().zip(&mut then.slices).enumerate() {
        let (away, mark) = (of(Owner::Cell(b, 0)), mark(site, row));
        let hidden = areas.iter_mut().enumerate().filter(|(area, _)| away.hides(*area));
        let cells = hidden.flat_map(|(_, cells)| cells.iter_mut());
        cells.for_each(|cell: &mut Slice| cell.value = secondary(cell.value, mark));
    }
}

/// Counts below this are hidden; 0 where no one is counted.
fn mark(site: &Site, row: &Indicator) -> u32 {
    let tables = [Some(&row.numerator), row.denominator.as_ref()].into_iter().flatten();
    let of_tables = tables.filter_map(|side| site.table(&side.table)).map(|t| t.suppress_below).max();
    let people = if row.people == People::None { 0 } else { 1 };
    row.suppress_below.max(of_tables.unwrap_or(0)).max(people)
}

/// Hides what may not be shown of a reading; says whether anything of it is seen in one of the pictures only.
fn hide_reading(then: &mut Reading, now: &Reading, mark: u32) -> bool {
    let numerator = in_both(then.numerator, now.numerator, mark);
    let denominator = in_both(then.denominator, now.denominator, mark);
    let value = in_both(then.value, now.value, 0);
    let previous = in_both(then.previous, now.previous, mark);
    let away = [
        (then.numerator, now.numerator, numerator),
        (then.denominator, now.denominator, denominator),
        (then.value, now.value, value),
        (then.previous, now.previous, previous),
    ]
    .into_iter()
    .any(|(then, now, both)| differs(then, now) || differs(then, both));
    if numerator.is_suppressed() || denominator.is_suppressed() || value.is_suppressed() {
        hide(then, mark);
    }
    then.previous = previous;
    away
}

/// Hidden in one and seen in the other.
fn differs(a: Shown, b: Shown) -> bool {
    a.is_seen() && b.is_suppressed() || a.is_suppressed() && b.is_seen()
}

fn hide(reading: &mut Reading, mark: u32) {
    reading.value = secondary(reading.value, mark);
    reading.numerator = secondary(reading.numerator, mark);
    reading.denominator = secondary(reading.denominator, mark);
    reading.previous = secondary(reading.previous, mark);
    reading.interval = None;
    if reading.value.is_suppressed() {
        reading.status = Status::Suppressed;
    }
}

/// A hidden value in place of a seen one; what is hidden, missing or too fine stays so.
fn secondary(shown: Shown, mark: u32) -> Shown {
    if shown.is_seen() { Shown::Suppressed { below: mark, why: Why::Secondary } } else { shown }
}

/// What may be shown of a figure of then: not where it is hidden now, nor where both differ by less than the mark.
fn in_both(then: Shown, now: Shown, mark: u32) -> Shown {
    match (then.told_value(), now.told_value()) {
        (_, None) if now.is_suppressed() && !matches!(then, Shown::TooFine) => now,
        (Some(_), None) => secondary(then, mark),
        (Some(a), Some(b)) if a.to_bits() != b.to_bits() && (a - b).abs() < f64::from(mark) => {
            secondary(then, mark)
        }
        _ => then,
    }
}

#[cfg(test)]
mod tests {
    use super::super::shown::Told;
    use super::*;

    #[test]
    fn hidden_in_either_and_small_differences_stay_hidden() {
        let hidden = Shown::Suppressed { below: 10, why: Why::Primary };
        assert_eq!(in_both(Shown::Value(40.0), hidden, 10), hidden);
        assert_eq!(in_both(hidden, Shown::Value(40.0), 10), hidden);
        assert!(in_both(Shown::Value(40.0), Shown::Value(43.0), 10).is_suppressed());
        assert_eq!(in_both(Shown::Value(40.0), Shown::Value(40.0), 10), Shown::Value(40.0));
        assert_eq!(in_both(Shown::Value(40.0), Shown::Value(60.0), 10), Shown::Value(40.0));
        assert_eq!(in_both(Shown::Missing, Shown::Value(60.0), 10), Shown::Missing);
        assert!(in_both(Shown::Value(60.0), Shown::Missing, 10).is_suppressed());
        let coarse = |value| Shown::Coarse { value, step: 5.0, told: Told::AtLeast };
        assert!(in_both(coarse(40.0), coarse(45.0), 10).is_suppressed());
        assert_eq!(in_both(coarse(40.0), coarse(40.0), 10), coarse(40.0));
        assert_eq!(in_both(coarse(40.0), hidden, 10), hidden);
    }
}
