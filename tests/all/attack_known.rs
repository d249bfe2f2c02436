//! The attacker who also asks what was known earlier: sets the figures of one day as they are known now beside those of
//! the same day as they were known at two times before, and works out how many arrived in between.

use std::fmt::Write as _;
use std::sync::Arc;

use onemap::engine::{self, Depth};
use onemap::site::civil::date_of;
use onemap::snapshot::Day;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng as _;

use crate::attack::{BLOCKS, Case, Dice, Form, Read, Span, attack_all, figure, targets};
use crate::common::{AREAS, Declared, Made, Recipe, day, figures};
use crate::simplex::Known;

/// Times at which rows arrived: a batch each.
const TIMES: usize = 3;
const NOON: i64 = 4 * 3600;

fn noon(of: Day) -> i64 {
    i64::from(of) * 86_400 + NOON
}

/// A made-up site whose counts grew as rows arrived late, and the truth at each time, one after the other.
fn case(seed: u64) -> (Case, Vec<f64>, Made) {
    let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
    let below = dice.pick(&[5u32, 10]);
    let by_day = dice.chance(50);
    let (window, span) = match (by_day, dice.chance(50)) {
        (true, true) => ("latest day", Span::Latest),
        (false, true) => ("latest month", Span::Latest),
        (_, false) => ("cumulative", Span::All),
    };
    let stamps = 1 + dice.below(2) as usize;
    let days: Vec<Day> = (0..stamps)
        .map(|s| if by_day { day("2026-08-01") + s as Day } else { day(&format!("2026-{:02}-01", 7 + s)) })
        .collect();
    let is_share = dice.chance(50);
    let published = dice.chance(30);
    let threshold = format!("suppress_below = {below}\n");
    let form = |column: usize| Form { column, minus: None, kind: None, span };
    let mut made_of = vec![figure("count", "sum(n)", &threshold, window, form(0), published, "")];
    if is_share {
        let mut rate = figure("rate", "sum(n)", &threshold, window, form(0), published, "");
        rate.line.denominator = Some(("t".to_owned(), "sum(d)".to_owned(), String::new()));
        rate.line.scale = 100.0;
        rate.scale = 100.0;
        rate.denominator = Some(form(1));
        made_of.push(rate);
    }
    let extra = format!("suppress_below = {below}");
    let table = Declared {
        id: "t",
        refresh: "monthly",
        time_column: "m",
        rollup: "sum",
        absent_row: "zero",
        extra: &extra,
        columns: &["id:text", "area:area", if by_day { "m:date" } else { "m:month" }, "n:int", "d:int"],
    };
    let finest = dice.pick(&["ward", "block"]);
    let lines: String = made_of
        .iter()
        .map(|f| f.line.toml().replace("finest_area = \"ward\"", &format!("finest_area = \"{finest}\"")))
        .collect();
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &table.toml(),
        indicators: &lines,
        home: "count",
        events: false,
    });
    let mut parts = vec!["id,area,m,n,d,arrived_ts\n".to_owned(); TIMES];
    let mut truth = vec![Vec::new(); TIMES];
    // Few or many cells change, by few or many.
    let (changes, few) = (dice.pick(&[5, 20, 50]), dice.pick(&[50, 90]));
    for block in BLOCKS {
        for stamp in &days {
            let mut count = |empty| match () {
                () if dice.chance(empty) => 0,
                () if dice.chance(few) => 1 + dice.below(u64::from(below) + 1),
                () => dice.below(60),
            };
            let (mut n, mut rest) = (count(30), count(30));
            for (time, (part, truth)) in parts.iter_mut().zip(&mut truth).enumerate() {
                if time > 0 {
                    n += count(100 - changes);
                    rest += count(100 - changes);
                }
                let d = n + rest;
                truth.push(n as f64);
                truth.extend(is_share.then_some(d as f64));
                let (code, date) = (AREAS[block], date_of(*stamp));
                let _ = writeln!(part, "{code}{date},{code},{date},{n},{d},{}", noon(arrival(time)));
            }
        }
    }
    for (time, part) in parts.iter().enumerate() {
        made.write(&format!("data/t/{time:03}.csv"), part);
    }
    let site = made.load().unwrap_or_else(|p| panic!("{p:?}"));
    let engine = engine::build(Arc::clone(&site), Depth::Needed, &|_, _| {}).unwrap();
    assert!(engine.problems.is_empty(), "{:?}", engine.problems);
    let case = Case {
        engine,
        days,
        kinds: 1,
        columns: 1 + usize::from(is_share),
        is_share,
        truth: truth[TIMES - 1].clone(),
        amounts: None,
        figures: made_of,
        below,
        text: parts.concat(),
    };
    (case, truth.concat(), made)
}

fn arrival(time: usize) -> Day {
    day("2026-09-01") + 10 * time as Day
}

fn attack(seed: u64) -> (usize, Vec<String>) {
    let (case, truth, made) = case(seed);
    let unknowns = case.truth.len();
    let mut read = Read::default();
    for time in 0..TIMES {
        read.share(&case, time * unknowns);
        // Rows were added and none was taken away.
        for place in (0..unknowns).filter(|_| time > 0) {
            let (now, then) = (time * unknowns + place, (time - 1) * unknowns + place);
            let terms = vec![(now, 1.0), (then, -1.0)];
            read.before.push(Known { terms, low: 0.0, high: f64::INFINITY });
        }
    }
    for time in 0..TIMES {
        let is_now = time + 1 == TIMES;
        let then = (!is_now).then(|| {
            let site = made.load().unwrap_or_else(|p| panic!("{p:?}"));
            engine::build_known_at(site, noon(arrival(time)) + NOON, &|_, _| {}).unwrap()
        });
        for (at, stamp) in case.days.iter().enumerate() {
            let now = figures(&case.engine, *stamp);
            let shown = match &then {
                Some(then) => case.engine.known_then(figures(then, *stamp), &now),
                None => now,
            };
            read.look(&case, at, &shown, None, time * unknowns, is_now);
        }
    }
    let (now, earlier) = read.knowledge(&truth);
    let (mut looked, mut found) = (0, Vec::new());
    let wide = f64::from(case.below) - 2.0;
    for (form, area, at) in targets(&case) {
        let terms = case.terms(form, area, at);
        let placed = |time: usize, sign: f64| -> Vec<(usize, f64)> {
            terms.iter().map(|(place, factor)| (time * unknowns + place, sign * factor)).collect()
        };
        // The count at each time, and what arrived between two times.
        let mut asked: Vec<(String, Vec<(usize, f64)>)> = Vec::new();
        for time in 0..TIMES {
            asked.push((format!("known at {time}"), placed(time, 1.0)));
            for before in 0..time {
                let between = [placed(time, 1.0), placed(before, -1.0)].concat();
                asked.push((format!("arrived between {before} and {time}"), between));
            }
        }
        for (what, terms) in asked {
            let value: f64 = terms.iter().map(|(place, factor)| truth[*place] * factor).sum();
            if value <= 0.0 || value >= f64::from(case.below) || case.is_nearly_all(form, at) {
                continue;
            }
            let (up_before, down_before) = earlier.range(&terms);
            if up_before + value < f64::from(case.below) {
                // Everyone knows already that it is small: the published total is.
                continue;
            }
            looked += 1;
            let (up, down) = now.range(&terms);
            if up + down < wide.min(up_before + down_before) - 1e-5 {
                let code = AREAS[area.index()];
                found.push(format!(
                    "seed {seed}: {form:?} at {code} on stamp {at}, {what}: {value} is known to be from {} to {}",
                    value - down,
                    value + up
                ));
            }
        }
    }
    (looked, found)
}

#[test]
fn no_late_arrival_is_worked_out_in_40_tables() {
    attack_all(0..40, 300, attack);
}

#[test]
#[ignore = "minutes: part of the full suite"]
fn no_late_arrival_is_worked_out_in_1_000_tables() {
    attack_all(40..1040, 300, attack);
}
