//! A day as it was known earlier, beside the same day as it is known now. Owns how much of the earlier picture may be told:
//! rows that arrived in between are few, and two figures that differ by few give them away.
//!
//! Where nothing of figures that hang together differs, they are told as they are. Else counts are told as "at least", a
//! threshold or more below what is known now and in steps of the threshold, whatever time is asked for, and nothing else is
//! said of them. Then nothing that is told excludes that all rows were there already, so the counts of now are no better
//! known by it; and what arrived between any two times may be up to a threshold at any one area.

use crate::site::Site;
use crate::site::catalogue::Indicator;
use crate::snapshot::{Figures, Reading, Slice, Status};

use super::figures::{rate_of_told, scaled};
use super::gate::{Gate, LEAST_BASE, Owner, Side};
use super::shown::{Shown, Told, Why};

/// Figures as they were known then, without what the figures as known now would give away.
pub(crate) fn known_then(site: &Site, gate: &Gate, mut then: Figures, now: &Figures) -> Figures {
    let mut changed = vec![Changed::default(); gate.count()];
    for (i, (then, now)) in then.readings.iter().zip(&now.readings).enumerate() {
        for (then, now) in then.iter().zip(now) {
            let pairs = [
                (then.numerator, now.numerator),
                (then.denominator, now.denominator),
                (then.value, now.value),
                (then.previous, now.previous),
            ];
            note(&mut changed, gate.group_of(Owner::Indicator(i)), &pairs);
        }
    }
    for (b, (then, now)) in then.slices.iter().zip(&now.slices).enumerate() {
        for (then, now) in then.iter().flatten().zip(now.iter().flatten()) {
            note(&mut changed, gate.group_of(Owner::Cell(b, 0)), &[(then.value, now.value)]);
        }
    }
    let is_changed = |owner| {
        let of = gate.group_of(owner).and_then(|group| changed.get(group));
        of.is_some_and(|of: &Changed| of.differs && of.is_reported)
    };
    for (i, (row, readings)) in site.indicators.iter().zip(&mut then.readings).enumerate() {
        let owner = Owner::Indicator(i);
        let Some((numerator, denominator)) = gate.sides(owner).filter(|_| is_changed(owner)) else {
            continue;
        };
        for (then, now) in readings.iter_mut().zip(now.readings.get(i).into_iter().flatten()) {
            say_less(row, then, now, numerator, denominator);
        }
    }
    for (b, (row, areas)) in site.breakdowns.iter().zip(&mut then.slices).enumerate() {
        let owner = Owner::Cell(b, 0);
        let Some((numerator, denominator)) = gate.sides(owner).filter(|_| is_changed(owner)) else {
            continue;
        };
        let cells = areas.iter_mut().zip(now.slices.get(b).into_iter().flatten());
        for (then, now) in cells.flat_map(|(then, now)| then.iter_mut().zip(now)) {
            let then: &mut Slice = then;
            then.value = match denominator {
                None => on_scale(row, then.value, now.value, numerator),
                Some(_) => hidden(then.value, numerator.below),
            };
        }
    }
    then
}

/// What is known of a group of figures in two pictures.
#[derive(Debug, Clone, Copy, Default)]
struct Changed {
    differs: bool,
    /// Anything was known then at all.
    is_reported: bool,
}

fn note(groups: &mut [Changed], group: Option<usize>, pairs: &[(Shown, Shown)]) {
    let Some(of) = group.and_then(|group| groups.get_mut(group)) else { return };
    of.differs |= pairs.iter().any(|(then, now)| then != now);
    of.is_reported |= pairs.iter().any(|(then, _)| !matches!(then, Shown::Missing | Shown::TooFine));
}

/// Tells of a reading of then what may be told beside now's.
fn say_less(row: &Indicator, then: &mut Reading, now: &Reading, numerator: Side, denominator: Option<Side>) {
    let Some(base) = denominator else {
        then.value = on_scale(row, then.value, now.value, numerator);
        then.numerator = at_least(then.numerator, now.numerator, numerator);
        then.previous = on_scale(row, then.previous, now.previous, numerator);
        settle(then);
        return;
    };
    then.numerator = at_least(then.numerator, now.numerator, numerator);
    then.denominator = at_least(then.denominator, now.denominator, base);
    let told = then.numerator.told_value().zip(then.denominator.told_value());
    let is_share = numerator.is_count && told.is_some_and(|(count, base)| count <= base);
    let is_worth_telling = told.is_some_and(|(_, base)| base >= LEAST_BASE);
    let sides = [then.numerator, then.denominator];
    let rate = rate_of_told(row.scale, sides, numerator.is_count, is_share).filter(|_| is_worth_telling);
    let unless_missing = |then: Shown, now: Shown| {
        let is_missing = then == Shown::Missing && now == Shown::Missing;
        if is_missing { then } else { hidden(then, numerator.below) }
    };
    then.value = rate.unwrap_or_else(|| unless_missing(then.value, now.value));
    then.previous = unless_missing(then.previous, now.previous);
    settle(then);
}

fn settle(then: &mut Reading) {
    then.interval = None;
    then.status = match then.value {
        Shown::Suppressed { .. } => Status::Suppressed,
        Shown::Coarse { .. } if then.status == Status::Current => Status::Coarse,
        _ => then.status,
    };
}

/// A figure that is a count, on the scale of its row.
fn on_scale(row: &Indicator, then: Shown, now: Shown, side: Side) -> Shown {
    if row.scale == 0.0 {
        return hidden(then, side.below);
    }
    let count = |shown| scaled(shown, 1.0 / row.scale);
    scaled(at_least(count(then), count(now), side), row.scale)
}

/// Hidden, where it is shown at such a level at all.
fn hidden(then: Shown, below: u32) -> Shown {
    if then == Shown::TooFine { then } else { Shown::Suppressed { below, why: Why::Secondary } }
}

/// What may be told of a count of then: at least so many, in steps.
fn at_least(then: Shown, now: Shown, side: Side) -> Shown {
    let step = f64::from(side.below);
    if then == Shown::TooFine
        || side.below == 0
        || then == now && matches!(then, Shown::Value(0.0) | Shown::Missing)
    {
        return then;
    }
    let least = |shown| match shown {
        Shown::Value(value) | Shown::Coarse { value, told: Told::AtLeast, .. } => Some(value),
        Shown::Coarse { value, step, told: Told::About } => Some(value - step / 2.0),
        _ => None,
    };
    let (Some(known), Some(most)) = (least(then), least(now)) else { return hidden(then, side.below) };
    // What goes up in steps stays where it is.
    let is_in_steps = |shown: Shown| shown.told() == Some(Told::AtLeast);
    if !side.is_count {
        let both = is_in_steps(then) && is_in_steps(now);
        return if both && known <= most { then } else { hidden(then, side.below) };
    }
    let most = if is_in_steps(now) { most } else { most - step };
    let told = (known.min(most) / step).floor() * step;
    if told < step {
        hidden(then, side.below)
    } else {
        Shown::Coarse { value: told, step, told: Told::AtLeast }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_told_of_then_is_close_to_now() {
        let side = Side { below: 10, is_count: true };
        let mark = Shown::Suppressed { below: 10, why: Why::Primary };
        let star = Shown::Suppressed { below: 10, why: Why::Secondary };
        let steps = |value| Shown::Coarse { value, step: 10.0, told: Told::AtLeast };
        let value = Shown::Value;
        for (then, now, told) in [
            (value(40.0), value(43.0), steps(30.0)),
            (value(40.0), value(40.0), steps(30.0)),
            (value(43.0), value(40.0), steps(30.0)),
            (value(40.0), value(60.0), steps(40.0)),
            (value(12.0), value(60.0), steps(10.0)),
            (value(12.0), value(14.0), star),
            (value(0.0), value(0.0), value(0.0)),
            (value(0.0), value(60.0), star),
            (steps(40.0), steps(50.0), steps(40.0)),
            (steps(50.0), steps(40.0), steps(40.0)),
            (value(40.0), mark, star),
            (mark, value(40.0), star),
            (mark, mark, star),
            (Shown::Missing, value(40.0), star),
            (Shown::Missing, Shown::Missing, Shown::Missing),
            (Shown::TooFine, Shown::TooFine, Shown::TooFine),
        ] {
            assert_eq!(at_least(then, now, side), told, "{then:?} then, {now:?} now");
        }
        let free = Side { below: 0, is_count: true };
        assert_eq!(at_least(value(40.0), value(43.0), free), value(40.0));
        let amount = Side { below: 10, is_count: false };
        assert_eq!(at_least(value(40.0), value(400.0), amount), star);
        assert_eq!(at_least(steps(40.0), steps(50.0), amount), steps(40.0));
        assert_eq!(at_least(steps(50.0), steps(40.0), amount), star);
    }
}
