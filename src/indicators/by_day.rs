//! Something per civil day, found by arithmetic; and a span of instants as whole days and parts of days. Owns both; does
//! not know what is kept.

use crate::site::civil::CivilZone;
use crate::snapshot::{Day, EpochSecs};

use super::packed::{Packer, Unpacker};

/// The door refuses days before 1970 and after 2099; what lies outside all the same is the first or the last day.
const FIRST_DAY: Day = 0;
const LAST_DAY: Day = u16::MAX as Day;

/// Something per civil day. Days without it cost a few bytes.
#[derive(Debug, Clone)]
pub(crate) struct ByDay<T> {
    start: Day,
    items: Vec<T>,
}

impl<T> Default for ByDay<T> {
    fn default() -> Self {
        Self { start: 0, items: Vec::new() }
    }
}

impl<T: Default> ByDay<T> {
    /// What is kept of a day, made where there is nothing yet.
    pub(crate) fn reach(&mut self, day: Day) -> Option<&mut T> {
        let day = day.clamp(FIRST_DAY, LAST_DAY);
        if self.items.is_empty() {
            self.start = day;
        }
        let early = usize::try_from(self.start - day).unwrap_or(0);
        if early > 0 {
            self.items.splice(0..0, std::iter::repeat_with(T::default).take(early));
            self.start = day;
        }
        let place = usize::try_from(day - self.start).unwrap_or(0);
        if place >= self.items.len() {
            self.items.resize_with(place + 1, T::default);
        }
        self.items.get_mut(place)
    }

    /// Adds what another list has of each day.
    pub(crate) fn extend(&mut self, more: Self, join: impl Fn(&mut T, T)) {
        if self.items.is_empty() {
            *self = more;
            return;
        }
        for (day, item) in (more.start..).zip(more.items) {
            if let Some(known) = self.reach(day) {
                join(known, item);
            }
        }
    }

    /// What is kept of the days from one to another, both included.
    pub(crate) fn between(&self, from: Day, to: Day) -> &[T] {
        let limit = self.items.len();
        let place = |day: i64| usize::try_from(day - i64::from(self.start)).unwrap_or(0).min(limit);
        let (low, high) = (place(from.into()), place(i64::from(to) + 1));
        self.items.get(low..high.max(low)).unwrap_or(&[])
    }

    /// The first and the last day there is; none where there is nothing.
    pub(crate) fn bounds(&self) -> Option<(Day, Day)> {
        let more = Day::try_from(self.items.len()).ok()?.checked_sub(1).filter(|more| *more >= 0)?;
        Some((self.start, self.start + more))
    }

    /// All days there are, in order.
    pub(crate) fn days(&self) -> impl Iterator<Item = (Day, &T)> {
        (self.start..).zip(&self.items)
    }

    /// The same for each day.
    pub(crate) fn map<U>(self, turn: impl FnMut(T) -> U) -> ByDay<U> {
        ByDay { start: self.start, items: self.items.into_iter().map(turn).collect() }
    }
}

impl<T> ByDay<T> {
    /// Writes the days; `pack` writes what is kept of one.
    pub(crate) fn pack(&self, out: &mut Packer, mut pack: impl FnMut(&T, &mut Packer)) {
        out.signed(self.start.into());
        out.number(self.items.len() as u64);
        self.items.iter().for_each(|item| pack(item, out));
    }

    /// Reads days.
    pub(crate) fn unpack<'a>(
        from: &mut Unpacker<'a>,
        mut unpack: impl FnMut(&mut Unpacker<'a>) -> Option<T>,
    ) -> Option<Self> {
        let start = Day::try_from(from.signed()?).ok()?;
        let items = from.length()?;
        let last = start.checked_add(i32::try_from(items).ok()?)?;
        let fits = FIRST_DAY <= start && last <= LAST_DAY + 1;
        let items = (0..items).map(|_| unpack(from)).collect::<Option<_>>()?;
        fits.then_some(Self { start, items })
    }
}

/// Where an instant lies: its day and the seconds since that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Its civil day.
    pub(crate) day: Day,
    /// Seconds since the day began.
    pub(crate) secs: u32,
}

/// Part of a day: from one second to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartOfDay {
    /// The day.
    pub(crate) day: Day,
    /// Its first second.
    pub(crate) from: u32,
    /// Its last second.
    pub(crate) to: u32,
}

/// A span of instants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// First and last of the days that lie in it as wholes; none where the first is after the last.
    pub(crate) days: (Day, Day),
    /// What it has of the days at its ends.
    pub(crate) parts: Vec<PartOfDay>,
    /// It reaches to the end of time, and holds rows without an instant too.
    pub(crate) undated: bool,
}

impl Span {
    /// From one instant to another, both included.
    pub(crate) fn new(zone: &CivilZone, from: EpochSecs, to: EpochSecs) -> Self {
        let mut out = Self { days: (Day::MIN, Day::MAX), parts: Vec::new(), undated: to == EpochSecs::MAX };
        if from > to {
            out.days = (0, -1);
            return out;
        }
        let into = |secs: EpochSecs, day: Day| u32::try_from(secs - zone.start_of(day)).unwrap_or(0);
        let first = (from > EpochSecs::MIN).then(|| zone.day_of(from));
        let last = (to < EpochSecs::MAX).then(|| zone.day_of(to));
        let cut_first = first.filter(|day| zone.start_of(*day) < from);
        let cut_last = last.filter(|day| zone.end_of(*day) > to);
        match (cut_first, cut_last) {
            (Some(day), Some(same)) if day == same => {
                out.parts.push(PartOfDay { day, from: into(from, day), to: into(to, day) });
                out.days = (0, -1);
                return out;
            }
            _ => {}
        }
        if let Some(first) = first {
            out.days.0 = first;
        }
        if let Some(last) = last {
            out.days.1 = last;
        }
        if let Some(day) = cut_first {
            // Up to the end of the day, or to the end of the span where that is the end of the day too.
            out.parts.push(PartOfDay { day, from: into(from, day), to: u32::MAX });
            out.days.0 = day + 1;
        }
        if let Some(day) = cut_last {
            out.parts.push(PartOfDay { day, from: 0, to: into(to, day) });
            out.days.1 = day - 1;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every instant of a span is in one of its days or parts, and no other is; also where clocks change.
        #[test]
        fn spans_hold_their_instants(
            zone in prop::sample::select(vec!["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"]),
            // Around a change of clocks in Europe.
            from in 1_743_200_000i64..1_743_500_000,
            length in -10i64..300_000,
            probe in 1_743_100_000i64..1_743_900_000,
        ) {
            let zone = CivilZone::new(zone).unwrap();
            let span = Span::new(&zone, from, from + length);
            let day = zone.day_of(probe);
            let secs = u32::try_from(probe - zone.start_of(day)).unwrap();
            let found = usize::from((span.days.0..=span.days.1).contains(&day))
                + span.parts.iter().filter(|p| p.day == day && (p.from..=p.to).contains(&secs)).count();
            prop_assert_eq!(found, usize::from((from..=from + length).contains(&probe)));
        }

        #[test]
        fn days_are_kept_apart(adds in prop::collection::vec((0i32..60, 0u8..9), 0..80), from in -5i32..70, length in -3i32..70) {
            let mut kept: ByDay<Vec<u8>> = ByDay::default();
            adds.iter().for_each(|(day, value)| kept.reach(*day).unwrap().push(*value));
            let mut found: Vec<u8> = kept.between(from, from + length).concat();
            let mut expected: Vec<u8> =
                adds.iter().filter(|(day, _)| (from..=from + length).contains(day)).map(|(_, value)| *value).collect();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
