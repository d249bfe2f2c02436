//! What was known when: rows that arrived later are left out, and an earlier version of a row counts again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use onemap::engine;
use onemap::privacy::shown::{Shown, Told};
use onemap::site::areas::AreaId;
use proptest::prelude::*;

use crate::common::{self, AREAS, Declared, Line, Made, Recipe, close, day, figures, known_then, shown};

/// Key, area, day of the stamp, number, days until it arrived.
type Row = (u8, usize, i32, i64, i32);

fn declared(extra: &str) -> String {
    let table = |id| Declared {
        id,
        refresh: "daily",
        time_column: "d",
        rollup: "sum",
        absent_row: "zero",
        extra,
        columns: &["id:text", "area:area", "d:date", "n:int"],
    };
    format!("{}{}", table("late").toml(), table("plain").toml())
}

fn made(extra: &str, windows: &[&str], parts: &[Vec<Row>]) -> Made {
    let lines: String = windows
        .iter()
        .enumerate()
        .map(|(i, window)| Line::new(&format!("i{i}"), "late", "sum(n)", "", window).toml())
        .chain([Line::new("plain", "plain", "sum(n)", "", "cumulative").toml()])
        .collect();
    let datasets = declared(extra);
    let recipe =
        Recipe { zone: "Asia/Shanghai", datasets: &datasets, indicators: &lines, home: "i0", events: false };
    let made = Made::new(&recipe);
    for (number, rows) in parts.iter().enumerate() {
        let mut text = "id,area,d,n,arrived_ts\n".to_owned();
        for (key, area, on, n, arrived) in rows {
            let date = onemap::site::civil::date_of(day("2026-03-01") + on);
            let _ = writeln!(text, "k{key},{},{date},{n},{}", AREAS[*area], arrival(*on + *arrived));
        }
        made.write(&format!("data/late/{number:03}.csv"), &text);
    }
    made.write("data/plain.csv", "id,area,d,n\n1,R1A1,2026-03-02,50\n");
    made
}

/// Noon of a day, in Shanghai.
fn arrival(on: i32) -> i64 {
    i64::from(day("2026-03-01") + on) * 86_400 + 4 * 3600
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equals_the_rows_that_had_arrived(
        parts in prop::collection::vec(
            prop::collection::vec((0u8..12, 0..AREAS.len(), 0i32..20, 1i64..9, 0i32..12), 1..25),
            1..4,
        ),
        known in -1i32..31,
        as_of in 0i32..25,
    ) {
        let made = made("", &["cumulative", "trailing 7 days", "now"], &parts);
        let site = made.load().unwrap();
        let instant = i64::from(day("2026-03-01") + known + 1) * 86_400 - 8 * 3600 - 1;
        let engine = engine::build_known_at(site, instant, &|_, _| {}).unwrap();
        let mut last: BTreeMap<u8, Row> = BTreeMap::new();
        for row in parts.iter().flatten().filter(|row| arrival(row.2 + row.4) <= instant) {
            last.insert(row.0, *row);
        }
        let got = figures(&engine, day("2026-03-01") + as_of);
        let newest = last.values().map(|r| r.2).filter(|d| *d <= as_of).max();
        for code in ["R1", "R1A1", "R1A3"] {
            let sum = |from: i32, to: i32| -> i64 {
                let inside = |r: &&Row| AREAS[r.1].starts_with(code) && (from..=to).contains(&r.2);
                last.values().filter(inside).map(|r| r.3).sum()
            };
            for (id, expected) in [
                ("i0", newest.map(|to| sum(i32::MIN, to))),
                ("i1", newest.map(|to| sum(to - 6, to))),
            ] {
                let value = shown(&engine, &got, id, common::area(&engine, code));
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let same = match (value, expected) {
                    (Shown::Value(a), Some(b)) => close(a, b as f64),
                    (Shown::Missing, None) => true,
                    _ => false,
                };
                prop_assert!(same, "{id} at {code}: {value:?} instead of {expected:?}");
            }
        }
    }
}

#[test]
fn a_table_without_arrivals_cannot_answer_and_says_so() {
    let made = made("", &["cumulative"], &[vec![(1, 1, 0, 5, 0)]]);
    let site = made.load().unwrap();
    let engine = engine::build_known_at(site, arrival(10), &|_, _| {}).unwrap();
    let at = day("2026-03-09");
    assert_eq!(shown(&engine, &figures(&engine, at), "i0", AreaId::ROOT), Shown::Value(5.0));
    assert_eq!(shown(&engine, &figures(&engine, at), "plain", AreaId::ROOT), Shown::Missing);
    let told = common::lines(engine.site(), &engine.problems);
    assert!(told.iter().any(|l| l.contains("plain") && l.contains("arrived_ts")), "{told:?}");
    assert!(!told.iter().any(|l| l.contains("table late")), "{told:?}");
}

/// Three people arrived in between: neither picture alone is small, their difference is.
#[test]
fn two_pictures_never_differ_by_a_small_number_of_people() {
    let rows = vec![(1, 1, 0, 40, 0), (2, 1, 0, 3, 5), (3, 2, 0, 60, 0)];
    let made = made("suppress_below = 10", &["now"], &[rows]);
    let site = made.load().unwrap();
    let now = made.build();
    let at = day("2026-03-09");
    let (ward, other) = (common::area(&now, "R1A1"), common::area(&now, "R1A2"));
    let known = |instant: i64| {
        let then = engine::build_known_at(site.clone(), instant, &|_, _| {}).unwrap();
        let alone = shown(&then, &figures(&then, at), "i0", ward);
        let both = known_then(&now, &then, at);
        (alone, [ward, other, AreaId::ROOT].map(|area| shown(&then, &both, "i0", area)))
    };
    assert_eq!(shown(&now, &figures(&now, at), "i0", ward), Shown::Value(43.0));
    let (alone, both) = known(arrival(2));
    assert_eq!(alone, Shown::Value(40.0));
    // Told as "at least", a threshold or more below what is known now, and up to that; the whole as the sum.
    let steps = |(value, step)| Shown::Coarse { value, step, told: Told::AtLeast };
    assert_eq!(both, [(30.0, 20.0), (50.0, 20.0), (80.0, 30.0)].map(steps));
    // When all had arrived, nothing differs.
    let (_, both) = known(arrival(9));
    assert_eq!(both, [43.0, 60.0, 103.0].map(Shown::Value));
}
