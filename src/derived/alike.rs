//! Which earlier spans are like a span: the same hours of the same weekdays, a holiday beside earlier holidays, a day of rest
//! that is worked beside working days. Owns the comparison of days; counts nothing, and knows no area.
//!
//! A span is cut at midnight, and each of its pieces has earlier pieces of its own, the nearest first; the first of all
//! pieces together are one earlier span, the second another. Where no day is unlike the others these are the whole spans
//! of earlier weeks.

use std::ops::Range;

use super::silence::{LEAST_HISTORY, Span};
use crate::site::calendar::{Calendar, DayKind};
use crate::snapshot::Day;

/// So far back an earlier holiday is looked for, in days: the same holiday of last year, wherever the moon puts it.
pub const FARTHEST_DAYS: i64 = 400;

/// What the days of some steps are.
#[derive(Clone, Copy)]
pub struct Days<'a> {
    /// Days unlike the others.
    pub calendar: &'a Calendar,
    /// Steps of a day: 24 hours, or one.
    pub per_day: i64,
    /// The day of a step.
    pub day_of: &'a dyn Fn(i64) -> Day,
}

/// A span with what it is set beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The span.
    pub now: Range<i64>,
    /// Earlier spans like it, the nearest first; each as ranges that are counted together.
    pub earlier: Vec<Vec<Range<i64>>>,
    /// Where a day of the span is unlike the others and has too few like it: the same span of earlier weeks, like it or
    /// not. They judge nothing.
    pub unlike: Option<Vec<Range<i64>>>,
    /// Whether it is looked at only where no shorter one could be.
    pub is_last_resort: bool,
}

/// Steps of one day.
struct Piece {
    day: Day,
    steps: Range<i64>,
}

/// The spans to look at before a step, each with those like it that begin at another step or after it.
#[must_use]
pub fn looks(spans: &[Span], begin: i64, end: i64, days: Days<'_>) -> Vec<Look> {
    spans.iter().map(|span| look(*span, begin, end, days)).collect()
}

fn look(span: Span, begin: i64, end: i64, days: Days<'_>) -> Look {
    let now = end - span.steps..end;
    let pieces = days.pieces(now.clone());
    let most = usize::try_from(span.earlier).unwrap_or(0);
    let lists: Vec<Vec<Range<i64>>> = pieces
        .iter()
        .map(|piece| {
            let (turn, turns) = days.turn(piece, &pieces);
            let all = days.like(piece, span, begin, now.start, turns);
            all.into_iter().skip(turn).step_by(turns).take(most).collect()
        })
        .collect();
    let many = lists.iter().map(Vec::len).min().unwrap_or(0);
    let earlier: Vec<Vec<Range<i64>>> =
        (0..many).map(|at| joined(lists.iter().filter_map(|list| list.get(at).cloned()).collect())).collect();
    let is_unlike = pieces.iter().any(|piece| days.calendar.at(piece.day).is_some());
    let weeks = || (1..=span.earlier).map(|back| shifted(&now, back * span.apart));
    let unlike = (is_unlike && many < LEAST_HISTORY)
        .then(|| weeks().filter(|steps| steps.start >= begin).collect::<Vec<Range<i64>>>());
    Look { now, earlier, unlike, is_last_resort: span.is_last_resort }
}

const fn shifted(steps: &Range<i64>, back: i64) -> Range<i64> {
    steps.start - back..steps.end - back
}

/// Ranges in their order, those that touch as one.
fn joined(mut ranges: Vec<Range<i64>>) -> Vec<Range<i64>> {
    ranges.sort_by_key(|range| range.start);
    let mut out: Vec<Range<i64>> = Vec::new();
    for range in ranges {
        match out.last_mut().filter(|last| last.end == range.start) {
            Some(last) => last.end = range.end,
            None => out.push(range),
        }
    }
    out
}

impl Days<'_> {
    fn pieces(&self, steps: Range<i64>) -> Vec<Piece> {
        let mut out: Vec<Piece> = Vec::new();
        for step in steps {
            let day = (self.day_of)(step);
            match out.last_mut().filter(|piece| piece.day == day) {
                Some(piece) => piece.steps.end = step + 1,
                None => out.push(Piece { day, steps: step..step + 1 }),
            }
        }
        out
    }

    fn kind(&self, day: Day) -> Option<DayKind> {
        self.calendar.at(day).map(|span| span.kind)
    }

    /// Which of how many pieces of the same kind and hours one is, so that each takes other earlier days: those of plain
    /// days stand apart by themselves.
    fn turn(&self, piece: &Piece, all: &[Piece]) -> (usize, usize) {
        let kind = self.kind(piece.day);
        let hours =
            |piece: &Piece| (piece.steps.start.rem_euclid(self.per_day), piece.steps.end - piece.steps.start);
        let is_same = |other: &&Piece| self.kind(other.day) == kind && hours(other) == hours(piece);
        if kind.is_none() {
            return (0, 1);
        }
        let turns = all.iter().filter(is_same).count();
        (all.iter().filter(is_same).take_while(|other| other.day < piece.day).count(), turns.max(1))
    }

    /// Earlier pieces like one that are over before the span begins, the nearest first.
    fn like(&self, piece: &Piece, span: Span, begin: i64, before: i64, turns: usize) -> Vec<Range<i64>> {
        let is_in = |steps: &Range<i64>| steps.start >= begin && steps.end <= before;
        match self.kind(piece.day) {
            // Twice as far back as there are earlier spans, so that holidays among them cost none.
            None => (1..=span.earlier * 2)
                .map(|back| shifted(&piece.steps, back * span.apart))
                .filter(|steps| is_in(steps) && self.kind((self.day_of)(steps.start)).is_none())
                .collect(),
            Some(DayKind::WorkingDay) => (1..=span.earlier * 7)
                .map(|back| (piece.day - Day::try_from(back).unwrap_or(0), back))
                .filter(|(day, _)| self.kind(*day).is_none() && !self.calendar.is_rest_day(*day))
                .map(|(_, back)| shifted(&piece.steps, back * self.per_day))
                .filter(is_in)
                .collect(),
            Some(DayKind::Holiday) => {
                let name = |day: Day| self.calendar.at(day).map(|span| &span.name);
                // Days of the same run say nothing of it: what has been silent since its first day would be expected.
                let all: Vec<(Day, Range<i64>)> = (1..=FARTHEST_DAYS)
                    .map(|back| (piece.day - Day::try_from(back).unwrap_or(0), back))
                    .skip_while(|(day, _)| self.calendar.is_holiday(*day))
                    .filter(|(day, _)| self.calendar.is_holiday(*day))
                    .map(|(day, back)| (day, shifted(&piece.steps, back * self.per_day)))
                    .filter(|(_, steps)| is_in(steps))
                    .collect();
                let is_same = |(day, _): &&(Day, Range<i64>)| name(*day) == name(piece.day);
                let is_enough = all.iter().filter(is_same).count() >= LEAST_HISTORY * turns;
                let taken = all.iter().filter(|one| !is_enough || is_same(one));
                taken.map(|(_, steps)| steps.clone()).collect()
            }
        }
    }
}
