//! The method of silences against counts that are made up with a known chance, and published numbers.

use proptest::prelude::*;

use super::alike::{Days, Look, looks};
use super::silence::{
    BY_DAY, BY_HOUR, Counted, LEAST_EXPECTED, Seen, State, Verdict, greatest_chance, judge,
};
use crate::site::calendar::{Calendar, DayKind, DaySpan};
use crate::site::text::Bilingual;
use crate::snapshot::Day;

/// Hours of half a year and a little more.
const HOURS: i64 = 200 * 24;

/// Numbers that look random and never change.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64) / ((1_u64 << 53) as f64)
    }

    /// A Poisson count (Knuth).
    fn count(&mut self, mean: f64) -> u32 {
        let (least, mut product, mut count) = ((-mean).exp(), self.roll(), 0);
        while product > least {
            product *= self.roll();
            count += 1;
        }
        count
    }
}

/// Days of hours in UTC.
fn by_hour(calendar: &Calendar) -> Days<'_> {
    Days { calendar, per_day: 24, day_of: &|hour| Day::try_from(hour.div_euclid(24)).unwrap() }
}

/// Days as they are.
fn by_day(calendar: &Calendar) -> Days<'_> {
    Days { calendar, per_day: 1, day_of: &|day| Day::try_from(day).unwrap() }
}

/// Judges a list of hours, at the end of it.
fn verdict(hours: &[u32], begin: i64) -> Verdict {
    let count = |range: std::ops::Range<i64>| {
        let at = |hour: i64| usize::try_from(hour.clamp(0, hours.len() as i64)).unwrap();
        Counted::Exact(hours[at(range.start)..at(range.end)].iter().map(|c| f64::from(*c)).sum())
    };
    let looks = looks(BY_HOUR, begin, hours.len() as i64, by_hour(&Calendar::default()));
    judge(&looks, LEAST_EXPECTED, count)
}

/// The same number every so many hours.
fn every(step: i64) -> Vec<u32> {
    (0..HOURS).map(|hour| u32::from(hour % step == 0)).collect()
}

fn quiet_for(mut hours: Vec<u32>, quiet: usize) -> Vec<u32> {
    let from = hours.len() - quiet;
    hours[from..].fill(0);
    hours
}

#[test]
fn what_is_silent_zero_rare_young_or_usual() {
    type Check = Box<dyn Fn(&Verdict) -> bool>;
    let few = |steps: i64, expected: f64| {
        move |verdict: &Verdict| {
            let Verdict::Few(Seen { steps: of, seen, expected: mean, chance }) = *verdict else {
                return false;
            };
            of == steps && seen == 0.0 && (mean - expected).abs() < 1e-9 && chance < 1e-4
        }
    };
    let is = |wanted: State| move |verdict: &Verdict| *verdict == Verdict::Is(wanted);
    let cases: Vec<(&str, Vec<u32>, i64, Check)> = vec![
        ("one an hour, none for a day", quiet_for(every(1), 24), 0, Box::new(few(24, 24.0))),
        ("one an hour, none for three hours", quiet_for(every(1), 3), 0, Box::new(is(State::Usual))),
        ("one in ten hours, none for a week", quiet_for(every(12), 168), 0, Box::new(few(168, 14.0))),
        ("one a day, none for two weeks", quiet_for(every(24), 336), 0, Box::new(few(336, 14.0))),
        ("one a week, none for four weeks", quiet_for(every(168), 672), 0, Box::new(is(State::Rare))),
        ("never any", vec![0; HOURS as usize], 0, Box::new(is(State::Zero))),
        ("one an hour", every(1), 0, Box::new(is(State::Usual))),
        ("three weeks old", quiet_for(every(1), 24), HOURS - 3 * 168, Box::new(is(State::Young))),
    ];
    for (what, hours, begin, check) in cases {
        let found = verdict(&hours, begin);
        assert!(check(&found), "{what}: {found:?}");
    }
}

/// Offices that rest on two days of seven are not silent on these.
#[test]
fn a_day_of_rest_is_no_silence() {
    let works = |hour: i64| (hour / 24) % 7 < 5 && (8..18).contains(&(hour % 24));
    for end in HOURS - 168..HOURS {
        let hours: Vec<u32> = (0..end).map(|hour| if works(hour) { 3 } else { 0 }).collect();
        assert_eq!(verdict(&hours, 0), Verdict::Is(State::Usual), "up to hour {end}");
    }
}

/// Half as many over a week are told, though no day of it is remarkable.
#[test]
fn a_slow_loss_is_seen_over_a_longer_span() {
    let hours: Vec<u32> =
        (0..HOURS).map(|h| u32::from(h % if h < HOURS - 168 { 2 } else { 5 } == 0)).collect();
    let found = verdict(&hours, 0);
    assert!(matches!(found, Verdict::Few(Seen { steps: 168, seen: 33.0, expected: 84.0, .. })), "{found:?}");
}

#[test]
fn hidden_and_missing_days_are_no_silence() {
    // Thirty a day; what `odd` says of the day before yesterday, nothing yesterday.
    let at = |odd: Counted, today: Counted| {
        let day = move |day: i64| match day {
            99 => today,
            95 => odd,
            _ => Counted::Exact(30.0),
        };
        let count = |days: std::ops::Range<i64>| {
            days.map(day).fold(Counted::Exact(0.0), |sum, one| match (sum, one) {
                (Counted::Exact(a), Counted::Exact(b)) => Counted::Exact(a + b),
                (Counted::Hidden, _) | (_, Counted::Hidden) => Counted::Hidden,
                _ => Counted::Missing,
            })
        };
        judge(&looks(BY_DAY, 0, 100, by_day(&Calendar::default())), LEAST_EXPECTED, count)
    };
    let (usual, none) = (Counted::Exact(30.0), Counted::Exact(0.0));
    assert!(matches!(at(usual, none), Verdict::Few(Seen { steps: 1, seen: 0.0, expected: 30.0, .. })));
    assert!(
        matches!(at(Counted::Hidden, none), Verdict::Few(Seen { steps: 1, .. })),
        "the day alone is seen"
    );
    assert_eq!(at(usual, usual), Verdict::Is(State::Usual));
    assert_eq!(at(usual, Counted::Hidden), Verdict::Is(State::Hidden));
    assert_eq!(at(usual, Counted::Missing), Verdict::Is(State::Late));
}

/// The example of the paper: 15 chances, of which the first four are findings.
#[test]
fn findings_are_those_of_benjamini_and_hochberg() {
    let chances = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
        0.6528, 0.7590, 1.0,
    ];
    assert_eq!(greatest_chance(&chances, 15), Some(0.0095));
    assert_eq!(greatest_chance(&chances, 15_000), None);
    assert_eq!(greatest_chance(&[], 0), None);
}

/// Where nothing is silent, nearly nothing is told: a thousand looks at 60 things that report by chance.
#[test]
fn chance_alone_is_hardly_ever_told() {
    let mut dice = Dice(7);
    let all: Vec<Vec<u32>> = (0..60)
        .map(|i| {
            let mean = [0.03, 0.1, 0.5, 2.0][i % 4];
            (0..HOURS).map(|hour| dice.count(mean * if hour % 24 < 12 { 1.5 } else { 0.5 })).collect()
        })
        .collect();
    let mut told = 0;
    for look in 0..1000 {
        let end = usize::try_from(HOURS).unwrap() - look;
        let verdicts: Vec<Verdict> = all.iter().map(|hours| verdict(&hours[..end], 0)).collect();
        let few: Vec<f64> = verdicts
            .iter()
            .filter_map(|v| if let Verdict::Few(s) = v { Some(s.chance) } else { None })
            .collect();
        let usual = verdicts.iter().filter(|v| **v == Verdict::Is(State::Usual)).count();
        told += usize::from(greatest_chance(&few, few.len() + usual).is_some());
    }
    assert!(told <= 50, "{told} looks of 1000 told of a silence that is not there");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever reports often enough is found once it has been silent for as long as twice the least would take.
    #[test]
    fn a_planted_silence_is_found(seed in any::<u64>(), mean in 0.2_f64..4.0) {
        let mut dice = Dice(seed);
        let hours: Vec<u32> = (0..HOURS).map(|_| dice.count(mean)).collect();
        // The next span that is looked at has to be over.
        let wanted = 2.0 * LEAST_EXPECTED / mean;
        let quiet = [6, 24, 72, 168].into_iter().find(|span| f64::from(*span) >= wanted).unwrap();
        let Verdict::Few(seen) = verdict(&quiet_for(hours, quiet as usize), 0) else {
            return Err(TestCaseError::fail("not seen"));
        };
        prop_assert!(seen.seen < seen.expected / 2.0);
        prop_assert!(greatest_chance(&[seen.chance], 300).is_some(), "{seen:?}");
    }

    /// More reported is never more silent.
    #[test]
    fn more_is_never_less_likely_silent(seed in any::<u64>(), at in 0_usize..168) {
        let mut dice = Dice(seed);
        let hours: Vec<u32> = (0..HOURS).map(|_| dice.count(0.3)).collect();
        let hours = quiet_for(hours, 168);
        let mut more = hours.clone();
        let place = more.len() - 1 - at;
        more[place] += 5;
        let chance = |verdict| if let Verdict::Few(seen) = verdict { seen.chance } else { 1.0 };
        prop_assert!(chance(verdict(&hours, 0)) <= chance(verdict(&more, 0)));
    }
}

/// A calendar of spans given by their first and last day, kind and name; day 2 and 3 of each week are days of rest (a
/// Saturday and a Sunday, as day 0 was a Thursday).
fn calendar(spans: &[(Day, Day, DayKind, &str)]) -> Calendar {
    let span = |(first, last, kind, name): &(Day, Day, DayKind, &str)| DaySpan {
        kind: *kind,
        name: Bilingual { zh: (*name).to_owned(), en: (*name).to_owned() },
        first: *first,
        last: *last,
        source: Bilingual::default(),
    };
    Calendar::new(spans.iter().map(span).collect(), [false, false, false, false, false, true, true])
}

/// The first look by the day at the end of a day.
fn first_look(day: i64, calendar: &Calendar) -> Look {
    looks(BY_DAY, 0, day + 1, by_day(calendar)).remove(0)
}

/// First days of the earlier spans, how long ago.
fn ago(look: &Look) -> Vec<i64> {
    look.earlier.iter().map(|ranges| look.now.start - ranges[0].start).collect()
}

/// Days of a year and a half from day 0. The feast of `A` is day 35 to 40 and 400 to 405, `B` 372 to 374; day 380, which is
/// one of rest, is worked.
#[test]
fn a_day_is_set_beside_days_like_it() {
    use DayKind::{Holiday, WorkingDay};
    let calendar = calendar(&[
        (35, 40, Holiday, "A"),
        (372, 374, Holiday, "B"),
        (380, 380, WorkingDay, "worked"),
        (400, 405, Holiday, "A"),
        (406, 407, Holiday, "C"),
    ]);
    assert!(calendar.is_rest_day(380) && !calendar.is_rest_day(382));
    for (what, day, expected) in [
        ("a plain day: its weekday, holidays left out", 386, vec![7, 21, 28, 35, 42, 49, 56, 63]),
        ("the weekday of the worked one: it is left out too", 387, vec![21, 28, 35, 42, 49, 56, 63, 70]),
        ("a worked day of rest: the working days before it", 380, vec![1, 2, 3, 4, 5, 9, 10, 11]),
        ("a feast: the same one a year ago, none of its own days", 403, vec![363, 364, 365, 366, 367, 368]),
        (
            "a feast next to another: not the days that run into it",
            407,
            vec![33, 34, 35, 367, 368, 369, 370, 371],
        ),
        ("the first feast of all", 38, vec![]),
    ] {
        let look = first_look(day, &calendar);
        assert_eq!(ago(&look), expected, "{what}");
        assert_eq!(look.unlike.is_some(), expected.is_empty(), "{what}");
    }
    // A week with feast days in it: plain days beside plain days, each feast day beside other ones of last year.
    let week = looks(BY_DAY, 0, 403, by_day(&calendar)).remove(1);
    assert_eq!(week.now, 396..403);
    assert_eq!(
        week.unlike,
        Some((1..=8).map(|back| 396 - back * 7..403 - back * 7).collect()),
        "nine earlier holidays are three for each of three days"
    );
    let week = looks(BY_DAY, 0, 401, by_day(&calendar)).remove(1);
    assert_eq!(week.earlier.len(), 6);
    assert_eq!(week.earlier[0], [40..41, 387..393], "day 400 beside the last day of the feast a year ago");
}

/// Thirty reports an hour on plain days, six on holidays, of which some of last autumn are known.
fn reports(day: Day, calendar: &Calendar) -> u32 {
    if calendar.is_holiday(day) { 6 } else { 30 }
}

#[test]
fn a_holiday_is_no_silence() {
    use DayKind::{Holiday, WorkingDay};
    let with = |earlier: bool| {
        let mut spans = vec![(180, 186, Holiday, "spring"), (177, 177, WorkingDay, "worked")];
        spans.extend(earlier.then_some((140, 144, Holiday, "autumn")));
        calendar(&spans)
    };
    let hours = |calendar: &Calendar, until: Day, quiet_from: Day| -> Vec<u32> {
        let hour = |hour: i32| {
            let day = hour / 24;
            if day >= quiet_from { 0 } else { reports(day, calendar) }
        };
        (0..until * 24).map(hour).collect()
    };
    let verdict = |real: &Calendar, known: &Calendar, until: Day, quiet_from: Day| {
        let hours = hours(real, until, quiet_from);
        let count = |range: std::ops::Range<i64>| {
            let at = |hour: i64| usize::try_from(hour).unwrap();
            Counted::Exact(hours[at(range.start)..at(range.end)].iter().map(|c| f64::from(*c)).sum())
        };
        let looks = looks(BY_HOUR, 0, hours.len() as i64, by_hour(known));
        judge(&looks, LEAST_EXPECTED, count)
    };
    let (plain, once, twice) = (Calendar::default(), with(false), with(true));
    let never = Day::MAX;
    let is_few = |verdict: &Verdict| matches!(verdict, Verdict::Few(seen) if seen.chance < 1e-4);
    assert!(is_few(&verdict(&once, &plain, 181, never)), "without a calendar a holiday looks like silence");
    assert_eq!(verdict(&once, &once, 182, never), Verdict::Is(State::Holiday), "the first one is not judged");
    assert_eq!(verdict(&twice, &twice, 182, never), Verdict::Is(State::Usual), "as the one before");
    assert_eq!(verdict(&twice, &twice, 187, never), Verdict::Is(State::Usual), "on its last day");
    assert_eq!(verdict(&twice, &twice, 188, never), Verdict::Is(State::Usual), "on the day after");
    assert!(is_few(&verdict(&twice, &twice, 182, 180)), "less than on other holidays");
    assert!(is_few(&verdict(&twice, &twice, 187, 180)), "still, on its last day");
    assert!(is_few(&verdict(&once, &once, 178, 177)), "a day of rest that is worked is a working day");
    let none = |_: std::ops::Range<i64>| Counted::Exact(0.0);
    let looks = |known| looks(BY_HOUR, 0, 182 * 24, by_hour(known));
    assert_eq!(judge(&looks(&once), LEAST_EXPECTED, none), Verdict::Is(State::Zero), "a true zero");
    let hidden = |_: std::ops::Range<i64>| Counted::Hidden;
    assert_eq!(judge(&looks(&once), LEAST_EXPECTED, hidden), Verdict::Is(State::Hidden));
    let one =
        |range: std::ops::Range<i64>| Counted::Exact(if range.end - range.start > 24 { 1.0 } else { 0.0 });
    assert_eq!(judge(&looks(&once), LEAST_EXPECTED, one), Verdict::Is(State::Rare), "too rare on any day");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the calendar: what a span is set beside is over before it, as long as it, and made of days like its own.
    #[test]
    fn like_is_set_beside_like(
        gaps in proptest::collection::vec((4..60_i32, 1..9_i32, any::<bool>()), 1..20),
        end in 600_i64 * 24..700 * 24,
    ) {
        let mut spans = Vec::new();
        let mut day = 0;
        for (gap, long, is_odd) in gaps {
            day += gap;
            // A day of rest that is worked, now and then; else a feast of one of two names.
            if is_odd && (day + 5) % 7 < 2 {
                spans.push((day, day, DayKind::WorkingDay, "worked"));
                day += 1;
            } else {
                spans.push((day, day + long - 1, DayKind::Holiday, if is_odd { "A" } else { "B" }));
                day += long;
            }
        }
        let calendar = calendar(&spans);
        let day_of = |hour: i64| Day::try_from(hour.div_euclid(24)).unwrap();
        let class = |hour: i64| {
            let day = day_of(hour);
            match calendar.at(day).map(|span| span.kind) {
                Some(DayKind::Holiday) => "holiday",
                Some(DayKind::WorkingDay) => "work",
                None if calendar.is_rest_day(day) => "rest",
                None => "work",
            }
        };
        // How many hours of each kind, at each hour of the day.
        let sorted = |ranges: &[std::ops::Range<i64>]| {
            let mut all: Vec<(&str, i64)> =
                ranges.iter().cloned().flatten().map(|hour| (class(hour), hour.rem_euclid(24))).collect();
            all.sort_unstable();
            all
        };
        for look in looks(BY_HOUR, 0, end, by_hour(&calendar)) {
            let now = sorted(std::slice::from_ref(&look.now));
            for earlier in &look.earlier {
                prop_assert!(earlier.iter().all(|range| range.end <= look.now.start && range.start >= 0));
                prop_assert_eq!(&sorted(earlier), &now);
            }
            prop_assert!(look.earlier.len() <= 8 && (look.unlike.is_none() || look.earlier.len() < 4));
        }
    }
}
