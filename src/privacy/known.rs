//! Two pictures of one day, as it was known at two times. Owns the rule that what is hidden in either stays hidden in
//! both: rows that arrived in between are few, and two figures that differ by few give them away.

use crate::site::Site;
use crate::site::catalogue::People;
use crate::snapshot::{Figures, Reading, Status};

use super::shown::{Shown, Why};

/// Figures as they were known then, without what the figures as known now would give away.
#[must_use]
pub fn known_then(site: &Site, mut then: Figures, now: &Figures) -> Figures {
    for ((row, then), now) in site.indicators.iter().zip(&mut then.readings).zip(&now.readings) {
        let mark = mark(site, row);
        if mark == 0 {
            continue;
        }
        for (then, now) in then.iter_mut().zip(now) {
            hide_reading(then, now, mark);
        }
    }
    for ((row, then), now) in site.breakdowns.iter().zip(&mut then.slices).zip(&now.slices) {
        let mark = mark(site, row);
        let pairs = then.iter_mut().zip(now).flat_map(|(then, now)| then.iter_mut().zip(now));
        for (then, now) in pairs.filter(|_| mark > 0) {
            then.value = in_both(then.value, now.value, mark);
        }
    }
    then
}

/// Counts below this are hidden; 0 where no one is counted.
fn mark(site: &Site, row: &crate::site::catalogue::Indicator) -> u32 {
    let tables = [Some(&row.numerator), row.denominator.as_ref()].into_iter().flatten();
    let of_tables = tables.filter_map(|side| site.table(&side.table)).map(|t| t.suppress_below).max();
    let people = if row.people == People::None { 0 } else { 1 };
    row.suppress_below.max(of_tables.unwrap_or(0)).max(people)
}

fn hide_reading(then: &mut Reading, now: &Reading, mark: u32) {
    let numerator = in_both(then.numerator, now.numerator, mark);
    let denominator = in_both(then.denominator, now.denominator, mark);
    let hidden = numerator.is_suppressed()
        || denominator.is_suppressed()
        || in_both(then.value, now.value, 0).is_suppressed();
    then.previous = in_both(then.previous, now.previous, 0);
    if hidden {
        let why = Shown::Suppressed { below: mark, why: Why::Secondary };
        (then.value, then.numerator, then.denominator) = (why, why, why);
        then.interval = None;
        then.status = Status::Suppressed;
    }
}

/// What may be shown of a figure of then: not where it is hidden now, nor where both differ by less than the mark.
fn in_both(then: Shown, now: Shown, mark: u32) -> Shown {
    match (then, now) {
        (Shown::Value(_), Shown::Suppressed { .. }) => now,
        (Shown::Value(a), Shown::Value(b))
            if a.to_bits() != b.to_bits() && (a - b).abs() < f64::from(mark) =>
        {
            Shown::Suppressed { below: mark, why: Why::Secondary }
        }
        _ => then,
    }
}

#[cfg(test)]
mod tests {
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
    }
}
