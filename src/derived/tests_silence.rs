//! The method of silences against counts that are made up with a known chance, and published numbers.

use proptest::prelude::*;

use super::silence::{
    BY_DAY, BY_HOUR, Counted, LEAST_EXPECTED, Seen, State, Verdict, greatest_chance, judge,
};

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

/// Judges a list of hours, at the end of it.
fn verdict(hours: &[u32], begin: i64) -> Verdict {
    let count = |range: std::ops::Range<i64>| {
        let at = |hour: i64| usize::try_from(hour.clamp(0, hours.len() as i64)).unwrap();
        Counted::Exact(hours[at(range.start)..at(range.end)].iter().map(|c| f64::from(*c)).sum())
    };
    judge(BY_HOUR, begin, hours.len() as i64, LEAST_EXPECTED, count)
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
        judge(BY_DAY, 0, 100, LEAST_EXPECTED, count)
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
