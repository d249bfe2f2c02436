//! The engine against an evaluator that is slow and obviously right: it goes over all rows for every figure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use onemap::privacy::shown::Shown;
use onemap::site::areas::AreaId;
use proptest::prelude::*;

use crate::common::{self, AREAS, Declared, Line, Made, Recipe, close, day, figures, shown};

/// One row of any of the tables; a table of days uses `ts` for the first second of the day.
#[derive(Clone, Debug)]
struct Row {
    area: &'static str,
    ts: i64,
    due: Option<i64>,
    kind: &'static str,
    n: Option<i64>,
    x: Option<f64>,
    flag: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stamp {
    Day,
    Month,
    Instant,
}

#[derive(Debug)]
struct Table {
    id: &'static str,
    stamp: Stamp,
    exact: bool,
    zero: bool,
    csv: bool,
    rows: Vec<Row>,
}

const TABLES: &[(&str, Stamp, bool, bool, bool)] = &[
    ("day_zero", Stamp::Day, false, true, true),
    ("day_gap", Stamp::Day, false, false, false),
    ("month_zero", Stamp::Month, false, true, false),
    ("month_gap", Stamp::Month, false, false, true),
    ("instant", Stamp::Instant, false, true, false),
    ("exact", Stamp::Month, true, false, true),
];

/// What a row adds, by the words of the catalogue.
enum Aggregate {
    Sum(fn(&Row) -> Option<f64>),
    Kinds,
    Median(fn(&Row) -> Option<f64>),
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
const fn real(n: i64) -> f64 {
    n as f64
}

const AGGREGATES: &[(&str, Aggregate)] = &[
    ("sum(n)", Aggregate::Sum(|r| r.n.map(real))),
    ("count(*)", Aggregate::Sum(|_| Some(1.0))),
    (
        "sum(x)-sum(n)",
        Aggregate::Sum(|r| match (r.x, r.n) {
            (None, None) => None,
            (x, n) => Some(x.unwrap_or(0.0) - n.map_or(0.0, real)),
        }),
    ),
    (
        "sum(CASE WHEN n>2 THEN 1 ELSE 0 END)",
        Aggregate::Sum(|r| Some(if r.n.is_some_and(|n| n > 2) { 1.0 } else { 0.0 })),
    ),
    (
        "sum(CASE WHEN kind='a' THEN n WHEN kind='b' THEN 2*n END)",
        Aggregate::Sum(|r| match r.kind {
            "a" => r.n.map(real),
            "b" => r.n.map(|n| 2.0 * real(n)),
            _ => None,
        }),
    ),
    ("sum(n*2+1)", Aggregate::Sum(|r| r.n.map(|n| real(2 * n + 1)))),
    ("sum(x/4)", Aggregate::Sum(|r| r.x.map(|x| x / 4.0))),
    ("sum(n/4)", Aggregate::Sum(|r| r.n.map(|n| real(n) / 4.0))),
    ("sum(flag)", Aggregate::Sum(|r| Some(f64::from(u8::from(r.flag))))),
    ("count(*)-sum(n)", Aggregate::Sum(|r| Some(1.0 - r.n.map_or(0.0, real)))),
    ("count(DISTINCT kind)", Aggregate::Kinds),
    ("median(x)", Aggregate::Median(|r| r.x)),
    ("median(n*1.5)", Aggregate::Median(|r| r.n.map(|n| real(n) * 1.5))),
];

/// SQL's three values: true, false, unknown.
type Truth = Option<bool>;

const FILTERS: &[(&str, fn(&Row) -> Truth)] =
    &[
        ("", |_| Some(true)),
        ("kind='a'", |r| Some(r.kind == "a")),
        ("kind IN ('a','b') AND n>1", |r| {
            if matches!(r.kind, "a" | "b") { r.n.map(|n| n > 1) } else { Some(false) }
        }),
        ("n IS NOT NULL", |r| Some(r.n.is_some())),
        ("x IS NULL", |r| Some(r.x.is_none())),
        ("NOT kind='c'", |r| Some(r.kind != "c")),
        ("NOT n>1", |r| r.n.map(|n| n <= 1)),
        ("kind='a' OR n>=3", |r| if r.kind == "a" { Some(true) } else { r.n.map(|n| n >= 3) }),
        ("n<>2", |r| r.n.map(|n| n != 2)),
        ("flag=1 AND (kind<>'b' OR x>1.5)", |r| {
            if r.flag { if r.kind == "b" { r.x.map(|x| x > 1.5) } else { Some(true) } } else { Some(false) }
        }),
        ("n IN (0, 1, 4)", |r| r.n.map(|n| matches!(n, 0 | 1 | 4))),
        ("kind='nobody'", |_| Some(false)),
    ];

/// Filters with the instant asked for; only tables of instants take them.
const CUTOFFS: &[(&str, fn(&Row, i64) -> bool)] = &[
    ("ts<=:now - 86400", |r, now| r.ts <= now - 86_400),
    ("ts<:now-7200 AND kind='a'", |r, now| r.ts < now - 7200 && r.kind == "a"),
    (":now - 3600>=ts AND NOT kind='c'", |r, now| r.ts <= now - 3600 && r.kind != "c"),
];

const WINDOWS: &[&str] = &[
    "day",
    "month",
    "year to date",
    "trailing 1 days",
    "trailing 7 days",
    "trailing 30 days",
    "trailing 1 months",
    "trailing 3 months",
    "trailing 12 months",
    "cumulative",
    "cumulative since 2024-01-15",
    "latest day",
    "latest month",
    "now",
];
const HOURS: &[&str] = &["trailing 24 h", "trailing 6 h", "trailing 30 h"];

/// One side of a figure as picked by the test.
#[derive(Clone, Debug)]
struct Side {
    table: usize,
    aggregate: usize,
    filter: usize,
    cutoff: Option<usize>,
    window: &'static str,
    by_due: bool,
}

struct Naive<'a> {
    zone: TimeZone,
    tables: &'a [Table],
}

fn first_of_month(date: Date) -> Date {
    date.first_of_month()
}

fn month_of(date: Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}

impl Naive<'_> {
    fn date(&self, secs: i64) -> Date {
        Timestamp::from_second(secs).unwrap().to_zoned(self.zone.clone()).date()
    }

    fn start(&self, date: Date) -> i64 {
        date.to_zoned(self.zone.clone()).unwrap().timestamp().as_second()
    }

    /// The last day that any table has reached.
    fn present(&self) -> Option<Date> {
        self.tables
            .iter()
            .flat_map(|t| {
                t.rows.iter().map(|r| match t.stamp {
                    Stamp::Month => self.date(r.ts).last_of_month(),
                    _ => self.date(r.ts),
                })
            })
            .max()
    }

    /// First and last day of a window that ends on a day.
    fn days(window: &str, end: Date) -> (Option<Date>, Date) {
        let words: Vec<&str> = window.split(' ').collect();
        let from = match words.as_slice() {
            ["day"] | ["latest", "day"] => Some(end),
            ["month"] | ["latest", "month"] => Some(end.first_of_month()),
            ["year", ..] => Some(end.first_of_year()),
            ["trailing", n, "days"] => Some(end - (n.parse::<i64>().unwrap() - 1).days()),
            ["trailing", n, "months"] => {
                Some(end.checked_sub(n.parse::<i64>().unwrap().months()).unwrap() + 1.day())
            }
            ["cumulative", "since", date] => Some(date.parse().unwrap()),
            _ => None,
        };
        (from, end)
    }

    /// The same in whole months, for tables that know no days.
    fn months(window: &str, end: i32) -> (Option<i32>, i32) {
        let words: Vec<&str> = window.split(' ').collect();
        let from = match words.as_slice() {
            ["day" | "month"] | ["latest", _] => Some(end),
            ["year", ..] => Some(end - end.rem_euclid(12)),
            ["trailing", n, "days"] => Some(end - (n.parse::<i32>().unwrap() + 30) / 31 + 1),
            ["trailing", n, "months"] => Some(end - n.parse::<i32>().unwrap() + 1),
            ["cumulative", "since", date] => Some(month_of(date.parse().unwrap())),
            _ => None,
        };
        (from, end)
    }

    fn side(&self, side: &Side, area: &str, as_of: Date) -> Option<f64> {
        let table = &self.tables[side.table];
        let now = self.start(as_of + 1.day()) - 1;
        let time = |r: &Row| if side.by_due { r.due } else { Some(r.ts) };
        let (first, last) = (table.rows.iter().map(|r| r.ts).min(), table.rows.iter().map(|r| r.ts).max());
        // Inside the window, and whether the table has reached the window at all.
        let (inside, reached): (Vec<&Row>, bool) = if side.window == "now" {
            if table.rows.is_empty() || as_of < self.present()? {
                return None;
            }
            (table.rows.iter().collect(), true)
        } else if table.stamp == Stamp::Instant {
            let hours = side.window.strip_prefix("trailing ").and_then(|w| w.strip_suffix(" h"));
            let (from, from_day) = if let Some(hours) = hours {
                let hours: i64 = hours.parse().unwrap();
                (Some(now - hours * 3600 + 1), Some(as_of - ((hours + 23) / 24 - 1).days()))
            } else {
                let from = Self::days(side.window, as_of).0;
                (from.map(|d| self.start(d)), from)
            };
            let inside = table
                .rows
                .iter()
                .filter(|r| time(r).is_some_and(|t| t <= now && from.is_none_or(|from| t >= from)))
                .collect();
            // Just after midnight nothing has happened yet: one day of grace.
            let reached = first.is_some_and(|f| self.date(f) <= as_of)
                && last.is_some_and(|l| from_day.is_none_or(|d| d <= self.date(l) + 1.day()));
            (inside, reached)
        } else {
            let newest = table.rows.iter().map(|r| self.date(r.ts)).filter(|d| *d <= as_of).max()?;
            let inside = table
                .rows
                .iter()
                .filter(|r| {
                    let date = self.date(r.ts);
                    if table.stamp == Stamp::Month {
                        let (from, to) = Self::months(side.window, month_of(newest));
                        from.is_none_or(|f| month_of(date) >= f) && month_of(date) <= to
                    } else {
                        let (from, to) = Self::days(side.window, newest);
                        from.is_none_or(|f| date >= f) && date <= to
                    }
                })
                .collect();
            // A window such as `since` may begin after the newest row.
            let reached = last.is_some_and(|l| match table.stamp {
                Stamp::Month => Self::months(side.window, month_of(newest))
                    .0
                    .is_none_or(|f| f <= month_of(self.date(l)) + 1),
                _ => Self::days(side.window, newest).0.is_none_or(|f| f <= self.date(l) + 1.day()),
            });
            (inside, reached)
        };
        let counted: Vec<&Row> = inside
            .into_iter()
            .filter(|r| if table.exact { r.area == area } else { r.area.starts_with(area) })
            .filter(|r| match side.cutoff {
                Some(cutoff) => CUTOFFS[cutoff].1(r, now),
                None => FILTERS[side.filter].1(r) == Some(true),
            })
            .collect();
        let nothing = || (table.zero && reached).then_some(0.0);
        match &AGGREGATES[side.aggregate].1 {
            Aggregate::Sum(value) => {
                let values: Vec<f64> = counted.iter().filter_map(|r| value(r)).collect();
                if values.is_empty() { nothing() } else { Some(values.iter().sum()) }
            }
            Aggregate::Kinds => {
                let kinds: BTreeSet<&str> = counted.iter().map(|r| r.kind).collect();
                if kinds.is_empty() {
                    nothing()
                } else {
                    Some(f64::from(u32::try_from(kinds.len()).unwrap()))
                }
            }
            Aggregate::Median(value) => {
                let mut values: Vec<f64> = counted.iter().filter_map(|r| value(r)).collect();
                values.sort_by(f64::total_cmp);
                let middle = values.len() / 2;
                if values.is_empty() {
                    None
                } else if values.len() % 2 == 1 {
                    Some(values[middle])
                } else {
                    Some(f64::midpoint(values[middle - 1], values[middle]))
                }
            }
        }
    }
}

/// A picked figure: one side or two.
#[derive(Clone, Debug)]
struct Figure {
    numerator: Side,
    denominator: Option<Side>,
    scale: f64,
}

impl Figure {
    fn value(&self, naive: &Naive<'_>, area: &str, as_of: Date) -> Option<f64> {
        let numerator = naive.side(&self.numerator, area, as_of)?;
        match &self.denominator {
            None => Some(self.scale * numerator),
            Some(side) => {
                let base = naive.side(side, area, as_of)?;
                (base != 0.0).then(|| self.scale * numerator / base)
            }
        }
    }

    fn line(&self, number: usize) -> Line {
        let side = |s: &Side| {
            let filter = s.cutoff.map_or(FILTERS[s.filter].0, |c| CUTOFFS[c].0);
            (TABLES[s.table].0.to_owned(), AGGREGATES[s.aggregate].0.to_owned(), filter.to_owned())
        };
        Line {
            numerator: side(&self.numerator),
            denominator: self.denominator.as_ref().map(side),
            denominator_window: self.denominator.as_ref().map(|d| d.window.to_owned()),
            time_column: self.numerator.by_due.then(|| "due_ts".to_owned()),
            scale: self.scale,
            ..Line::new(&format!("i{number}"), "", "", "", self.numerator.window)
        }
    }
}

fn stamp_column(stamp: Stamp) -> (&'static str, &'static str) {
    match stamp {
        Stamp::Day => ("d", "date"),
        Stamp::Month => ("m", "month"),
        Stamp::Instant => ("ts", "time"),
    }
}

fn declarations() -> String {
    TABLES
        .iter()
        .map(|(id, stamp, exact, zero, _)| {
            let (name, kind) = stamp_column(*stamp);
            let stamp_declared = format!("{name}:{kind}");
            let mut columns = vec![
                "id:text",
                "area:area",
                stamp_declared.as_str(),
                "kind:text:kind",
                "n:int?",
                "x:float?",
                "flag:bool",
            ];
            if *stamp == Stamp::Instant {
                columns.push("due_ts:time?");
            }
            Declared {
                id,
                refresh: "daily",
                time_column: name,
                rollup: if *exact { "exact" } else { "sum" },
                absent_row: if *zero { "zero" } else { "gap" },
                extra: "",
                columns: &columns,
            }
            .toml()
        })
        .collect()
}

impl Table {
    fn file(&self, zone: &TimeZone) -> (String, String) {
        let (stamp_name, _) = stamp_column(self.stamp);
        let stamp = |r: &Row| {
            let date = Timestamp::from_second(r.ts).unwrap().to_zoned(zone.clone()).date();
            match self.stamp {
                Stamp::Day => date.to_string(),
                // Both ways of writing a month are in use.
                Stamp::Month if r.flag => date.to_string().get(..7).unwrap().to_owned(),
                Stamp::Month => first_of_month(date).to_string(),
                Stamp::Instant if r.flag => r.ts.to_string(),
                Stamp::Instant => Timestamp::from_second(r.ts).unwrap().to_string(),
            }
        };
        let mut out = String::new();
        if self.csv {
            let _ = writeln!(out, "id,area,{stamp_name},kind,n,x,flag");
            for (i, r) in self.rows.iter().enumerate() {
                let (n, x) = (
                    r.n.map(|n| n.to_string()).unwrap_or_default(),
                    r.x.map(|x| x.to_string()).unwrap_or_default(),
                );
                let _ = writeln!(out, "k{i},{},{},{},{n},{x},{}", r.area, stamp(r), r.kind, r.flag);
            }
            return (format!("data/{}.csv", self.id), out);
        }
        for (i, r) in self.rows.iter().enumerate() {
            let mut object = serde_json::json!({
                "id": format!("k{i}"), "area": r.area, "kind": r.kind, "n": r.n, "x": r.x, "flag": r.flag,
            });
            object[stamp_name] = stamp(r).into();
            if self.stamp == Stamp::Instant {
                object["due_ts"] = r.due.into();
            }
            let _ = writeln!(out, "{object}");
        }
        (format!("data/{}.ndjson", self.id), out)
    }
}

/// A row before it is placed in a table: area, second of the span, offset to its due time, kind, n, x, flag.
type Seed = (usize, u32, Option<i32>, usize, Option<i64>, Option<u8>, bool, bool);

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    prop::collection::vec(
        (
            // The last area stays empty.
            0..AREAS.len() - 2,
            0u32..150 * 86_400,
            prop::option::of(-200_000i32..900_000),
            0usize..3,
            prop::option::weighted(0.8, 0i64..6),
            prop::option::weighted(0.8, 0u8..16),
            any::<bool>(),
            prop::bool::weighted(0.2),
        ),
        0..28,
    )
}

fn sides() -> impl Strategy<Value = Side> {
    (
        0..TABLES.len(),
        0..AGGREGATES.len(),
        0..FILTERS.len(),
        prop::option::weighted(0.3, 0..CUTOFFS.len()),
        0..WINDOWS.len() + HOURS.len(),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(table, aggregate, filter, cutoff, window, by_due)| {
            let instant = TABLES[table].1 == Stamp::Instant;
            let cutoff = cutoff.filter(|_| instant);
            let window = match WINDOWS.get(window) {
                Some(window) => window,
                None if instant => HOURS[window - WINDOWS.len()],
                None => "month",
            };
            Side { table, aggregate, filter, cutoff, window, by_due: by_due && instant && cutoff.is_none() }
        })
}

fn figure_picks() -> impl Strategy<Value = Vec<Figure>> {
    let figure =
        (sides(), prop::option::weighted(0.4, sides()), prop::sample::select(vec![1.0, 100.0, 10_000.0]))
            .prop_map(|(numerator, denominator, scale)| {
                // The time column of a row goes for both sides where they are of one table.
                let denominator = denominator.map(|d| Side {
                    by_due: numerator.by_due && d.table == numerator.table,
                    cutoff: d.cutoff.filter(|_| !(numerator.by_due && d.table == numerator.table)),
                    ..d
                });
                Figure { numerator, denominator, scale }
            });
    prop::collection::vec(figure, 24..40)
}

fn place(seeds: &[Seed], begin: Date, zone: &TimeZone, table: usize) -> Table {
    let (id, stamp, exact, zero, csv) = TABLES[table];
    let start = |d: Date| d.to_zoned(zone.clone()).unwrap().timestamp().as_second();
    let rows = seeds
        .iter()
        .map(|(area, second, due, kind, n, x, flag, at_midnight)| {
            let exact_second = start(begin) + i64::from(*second);
            let date = Timestamp::from_second(exact_second).unwrap().to_zoned(zone.clone()).date();
            let ts = match stamp {
                Stamp::Month => start(first_of_month(date)),
                Stamp::Day => start(date),
                // The first and the last second of a day are where mistakes sit.
                Stamp::Instant if *at_midnight => start(date) - i64::from(*flag),
                Stamp::Instant => exact_second,
            };
            Row {
                area: AREAS[*area],
                ts,
                due: due.map(|d| ts + i64::from(d)),
                kind: ["a", "b", "c"][*kind],
                n: *n,
                x: x.map(|x| f64::from(x) / 4.0),
                flag: *flag,
            }
        })
        .collect();
    Table { id, stamp, exact, zero, csv, rows }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_equals_the_naive_evaluator(
        rows in prop::collection::vec(seeds(), TABLES.len()),
        picks in figure_picks(),
        lisbon in any::<bool>(),
        spring in any::<bool>(),
        more_days in prop::collection::vec(-10i32..175, 3),
    ) {
        let zone_name = if lisbon { "Europe/Lisbon" } else { "Asia/Shanghai" };
        let zone = TimeZone::get(zone_name).unwrap();
        // Year's end, leap day and the clock change of March, or the clock change of October and year's end.
        let (begin, fixed): (Date, &[&str]) = if spring {
            ("2023-11-15".parse().unwrap(), &["2023-12-31", "2024-01-01", "2024-02-29", "2024-03-31"])
        } else {
            ("2024-09-20".parse().unwrap(), &["2024-10-27", "2024-12-31", "2025-01-01"])
        };
        let tables: Vec<Table> = rows.iter().enumerate().map(|(t, seeds)| place(seeds, begin, &zone, t)).collect();
        let lines: String = picks.iter().enumerate().map(|(i, f)| f.line(i).toml()).collect();
        let made = Made::new(&Recipe { zone: zone_name, datasets: &declarations(), indicators: &lines, home: "i0", events: false });
        for table in &tables {
            let (name, text) = table.file(&zone);
            // A file without rows has no columns in NDJSON; then there is no file.
            if !table.rows.is_empty() {
                made.write(&name, &text);
            }
        }
        let engine = made.build();
        let refused: Vec<String> = common::lines(engine.site(), &engine.problems).into_iter().filter(|l| !l.contains("no data file")).collect();
        prop_assert!(refused.is_empty(), "{:?}", refused);
        let naive = Naive { zone, tables: &tables };
        let begin_day = day(&begin.to_string());
        let as_of = fixed.iter().map(|d| day(d)).chain(more_days.iter().map(|d| begin_day + d));
        for as_of in as_of {
            let date = onemap::site::civil::date_of(as_of);
            let figures = figures(&engine, as_of);
            for (i, figure) in picks.iter().enumerate() {
                for code in AREAS.iter().filter(|a| a.len() <= 4) {
                    let got = shown(&engine, &figures, &format!("i{i}"), common::area(&engine, code));
                    let expected = figure.value(&naive, code, date);
                    let same = match (got, expected) {
                        (Shown::Value(a), Some(b)) => close(a, b),
                        (Shown::Missing, None) => true,
                        _ => false,
                    };
                    prop_assert!(same, "{} at {} on {}: engine {:?}, naive {:?}\n{:?}", i, code, date, got, expected, figure);
                }
            }
        }
    }
}

/// Months of one population: a rate divides by the newest one, never by their sum.
#[test]
fn the_latest_month_divides_and_months_are_never_added() {
    let people = Declared {
        id: "people",
        refresh: "monthly",
        time_column: "m",
        rollup: "sum",
        absent_row: "gap",
        extra: "",
        columns: &["id:text", "area:area", "m:month", "n:int"],
    };
    let calls = Declared {
        id: "calls",
        refresh: "daily",
        time_column: "d",
        rollup: "sum",
        absent_row: "zero",
        extra: "",
        columns: &["id:text", "area:area", "d:date", "n:int"],
    };
    let rate = Line {
        denominator: Some(("people".to_owned(), "sum(n)".to_owned(), String::new())),
        denominator_window: Some("latest month".to_owned()),
        scale: 10_000.0,
        ..Line::new("rate", "calls", "sum(n)", "", "trailing 12 months")
    };
    let total = Line::new("people", "people", "sum(n)", "", "latest month");
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &format!("{}{}", people.toml(), calls.toml()),
        indicators: &format!("{}{}", rate.toml(), total.toml()),
        home: "rate",
        events: false,
    });
    made.write(
        "data/people.csv",
        "id,area,m,n\n1,R1A1,2026-08,1000\n2,R1A2,2026-08,3000\n3,R1A1,2026-09,1100\n4,R1A2,2026-09,2900\n5,R1A1,2026-10,1200\n6,R1A2,2026-10,2800\n",
    );
    made.write(
        "data/calls.csv",
        "id,area,d,n\n1,R1A1,2026-03-01,5\n2,R1A1,2026-10-31,7\n3,R1A2,2026-11-02,8\n4,R1A2,2025-10-01,100\n",
    );
    let engine = made.build();
    let october = figures(&engine, day("2026-11-02"));
    for (code, rate, people) in [
        ("R1A1", 10_000.0 * 12.0 / 1200.0, 1200.0),
        ("R1A2", 10_000.0 * 8.0 / 2800.0, 2800.0),
        ("R1", 10_000.0 * 20.0 / 4000.0, 4000.0),
    ] {
        let at = common::area(&engine, code);
        let value = shown(&engine, &october, "rate", at).exact().unwrap();
        assert!(close(value, rate), "{code}: {value} instead of {rate}");
        assert_eq!(shown(&engine, &october, "people", at), Shown::Value(people), "{code}");
    }
    // Before the newest month: the one before it, not a later one.
    let september = figures(&engine, day("2026-09-30"));
    assert_eq!(shown(&engine, &september, "people", AreaId::ROOT), Shown::Value(4000.0));
    assert_eq!(shown(&engine, &september, "people", common::area(&engine, "R1A1")), Shown::Value(1100.0));
    assert_eq!(shown(&engine, &figures(&engine, day("2026-07-31")), "people", AreaId::ROOT), Shown::Missing);
}

/// Rows of an exact table belong to the area whose code they carry: neither to its parent nor to the figure level.
#[test]
fn exact_tables_are_read_by_code_and_never_summed() {
    let served = Declared {
        id: "served",
        refresh: "monthly",
        time_column: "m",
        rollup: "exact",
        absent_row: "gap",
        extra: "",
        columns: &["id:text", "area:area", "m:month", "n:int"],
    };
    let lines: String = ["latest month", "cumulative", "trailing 3 months", "now"]
        .iter()
        .enumerate()
        .map(|(i, window)| Line::new(&format!("i{i}"), "served", "sum(n)", "", window).toml())
        .chain([Line::new("i4", "served", "median(n)", "", "latest month").toml()])
        .collect();
    let made = Made::new(&Recipe {
        zone: "Europe/Lisbon",
        datasets: &served.toml(),
        indicators: &lines,
        home: "i0",
        events: false,
    });
    // The county's own row is no sum of the wards; the block below a ward is finer than any figure.
    made.write(
        "data/served.csv",
        "id,area,m,n\n1,R1,2026-10,90\n2,R1A1,2026-10,30\n3,R1A2,2026-10,20\n4,R1A101,2026-10,11\n5,R1A301,2026-10,12\n",
    );
    let engine = made.build();
    let october = figures(&engine, day("2026-10-31"));
    for i in 0..5 {
        for (code, expected) in [
            ("R1", Shown::Value(90.0)),
            ("R1A1", Shown::Value(30.0)),
            ("R1A2", Shown::Value(20.0)),
            ("R1A3", Shown::Missing),
        ] {
            assert_eq!(
                shown(&engine, &october, &format!("i{i}"), common::area(&engine, code)),
                expected,
                "i{i} at {code}"
            );
        }
    }
}

/// Counts whose scopes overlap in reality stay separate figures: none of the catalogue adds them or divides one total
/// by the other.
#[test]
fn overlapping_totals_are_never_nested() {
    let site = common::sample().site();
    let side = |id: &str| {
        let row = site.indicators.iter().find(|i| i.id == id).unwrap();
        (row.numerator.clone(), row.denominator.clone())
    };
    // 800 000 "of which" 1 690 000 base records: two figures from rows that exclude each other.
    let (key, none) = side("dat_key_element_record_cnt");
    let (base, also_none) = side("dat_base_record_cnt");
    assert!(none.is_none() && also_none.is_none());
    assert_ne!(key.filter, base.filter);
    let at = common::sample().present_day();
    let figures = figures(common::sample(), at);
    let value = |id: &str| shown(common::sample(), &figures, id, AreaId::ROOT).exact().unwrap();
    assert!(value("dat_base_record_cnt") > value("dat_key_element_record_cnt"));
    // Channels exclude each other in the table, screening is a column of its own: no row adds screened to accepted.
    for row in site.indicators.iter().chain(&site.breakdowns) {
        for side in [Some(&row.numerator), row.denominator.as_ref()].into_iter().flatten() {
            let nested = side.expr.contains("screened") && side.expr.contains("accepted");
            assert!(!nested, "{} adds screened and accepted disputes", row.id);
            let scopes = side.expr.contains("person_times")
                && side.filter.contains("social")
                && side.filter.contains("system");
            assert!(!scopes, "{} adds two psychological scopes", row.id);
        }
    }
    let accepted = value("gov_prelit_accepted_cnt") + value("gov_people_mediation_accepted_cnt");
    assert!(accepted < value("gov_dispute_screened_cnt"), "the funnel must narrow");
}
