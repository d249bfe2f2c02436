//! Stocks that go on by their flows: when and where they are told, what is wrong with a declaration, and whether the books
//! balance.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use onemap::engine::{Batch, Engine};
use onemap::privacy::shown::Shown;
use onemap::runtime::Publisher;
use onemap::site::civil::date_of;
use onemap::snapshot::{Clock, Day};
use onemap::sources::SourceEvent;
use onemap::store::admit;
use polars::prelude::*;

use crate::common::{AREAS, Declared, Line, Made, Recipe, area, day, figures, measured};

const BLOCKS: std::ops::Range<usize> = 5..11;

fn indicator(id: &str, expr: &str, window: &str, is_published: bool) -> String {
    let extra = format!("people = \"aggregate\"\nsuppress_below = 5\npublished_total = {is_published}\n");
    let line = Line { extra, ..Line::new(id, "t", expr, "", window) };
    line.toml().replace("finest_area = \"ward\"", "finest_area = \"block\"")
}

/// A site whose areas accept so many cases a day, by kinds, and whose first block closes as many as `closed` says.
fn site(flows: &str, is_stock_published: bool, closed: impl Fn(Day) -> u64) -> Made {
    let split = indicator("split", "sum(n)", "cumulative", false).replace("[[indicator]]", "[[breakdown]]");
    site_with(flows, is_stock_published, &(split + "by = [\"kind\"]\n"), closed)
}

/// The same with other figures beside accepted and open cases.
fn site_with(flows: &str, is_stock_published: bool, more: &str, closed: impl Fn(Day) -> u64) -> Made {
    let table = Declared {
        id: "t",
        refresh: "live",
        time_column: "m",
        rollup: "sum",
        absent_row: "zero",
        extra: "suppress_below = 5",
        columns: &["id:text", "area:area", "m:date", "kind:text:kind", "n:int", "o:int", "s:int", "f:float"],
    };
    let stock = "{ id = \"s\", type = \"int\", ";
    let datasets = table.toml().replace(stock, &format!("{stock}{flows}"));
    let lines = [
        indicator("accepted", "sum(n)", "cumulative", true),
        indicator("open", "sum(s)", "latest day", is_stock_published),
    ];
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &datasets,
        indicators: &(lines.concat() + more),
        home: "accepted",
        events: false,
    });
    let mut text = "id,area,m,kind,n,o,s,f\n".to_owned();
    for block in BLOCKS {
        let (code, mut open) = (AREAS[block], 40);
        for stamp in day("2026-08-01")..=day("2026-10-31") {
            let date = date_of(stamp);
            let gone = if block == BLOCKS.start { closed(stamp) } else { 0 };
            for (kind, accepted) in [("a", 3), ("b", 2), ("c", 1)] {
                let (o, s) = if kind == "a" { (gone, open + 6 - gone) } else { (0, 0) };
                let _ = writeln!(text, "{code}{date}{kind},{code},{date},{kind},{accepted},{o},{s},0.5");
            }
            open = open + 6 - gone;
        }
    }
    made.write("data/t.csv", &text);
    made
}

const FLOWS: &str = "flows = { in = \"n\", out = \"o\" }, ";

/// The open cases of an area on a day, and the day that they are told of.
fn told(made: &Made, on: &str, code: &str) -> (Shown, String) {
    let engine = measured(made.load().unwrap_or_else(|p| panic!("{p:?}")));
    assert!(engine.problems.is_empty(), "{:?}", engine.problems);
    let shown = figures(&engine, day(on));
    let open = engine.site().indicator_index("open").unwrap();
    let reading = shown.reading(open, area(&engine, code));
    let input = reading.oldest_input.map(|secs| date_of(engine.site().zone.day_of(secs)));
    (reading.value, input.map(|date| date.to_string()).unwrap_or_default())
}

/// Open cases of so many blocks at the end of a day, had none been closed.
fn open(blocks: i32, on: &str) -> f64 {
    f64::from(blocks * (40 + 6 * (day(on) - day("2026-07-31"))))
}

#[test]
fn the_top_area_is_told_of_the_last_day_that_tells_of_no_few() {
    // Three were closed on the 10th, and five more on the 12th.
    let made = site(FLOWS, false, |stamp| match stamp {
        d if d == day("2026-10-10") => 3,
        d if d == day("2026-10-12") => 5,
        _ => 0,
    });
    for (on, of, gone) in [
        ("2026-10-09", "2026-10-09", 0.0),
        ("2026-10-10", "2026-10-09", 0.0),
        ("2026-10-11", "2026-10-09", 0.0),
        ("2026-10-12", "2026-10-12", 8.0),
        // The last week of a month is passed over.
        ("2026-10-24", "2026-10-24", 8.0),
        ("2026-10-28", "2026-10-24", 8.0),
        ("2026-10-31", "2026-10-31", 8.0),
    ] {
        let expected = (Shown::Value(open(6, of) - gone), of.to_owned());
        assert_eq!(told(&made, on, "R1"), expected, "on {on}");
    }
}

#[test]
fn areas_below_are_told_of_a_months_end_and_one_level_above_the_flows() {
    // Enough are closed in every month for what is closed to go on.
    let made = site(FLOWS, false, |_| 6);
    let expected = |on: &str| Shown::Value(open(2, on) - f64::from(6 * (day(on) - day("2026-07-31"))));
    assert_eq!(told(&made, "2026-10-15", "R1A1"), (expected("2026-09-30"), "2026-09-30".to_owned()));
    assert_eq!(told(&made, "2026-10-31", "R1A1"), (expected("2026-10-31"), "2026-10-31".to_owned()));
    assert_eq!(told(&made, "2026-10-15", "R1A101").0, Shown::TooFine);
    // Without a declaration nothing is known of the rule.
    let made = site("", false, |_| 6);
    assert_eq!(told(&made, "2026-10-15", "R1A1"), (expected("2026-10-15"), "2026-10-15".to_owned()));
    assert!(matches!(told(&made, "2026-10-15", "R1A101").0, Shown::Value(_)));
}

#[test]
fn where_little_is_told_of_the_flows_the_areas_stocks_are_hidden() {
    let closed = |stamp| if stamp == day("2026-09-15") { 20 } else { 0 };
    let made = site(FLOWS, false, closed);
    assert!(matches!(told(&made, "2026-09-30", "R1A2").0, Shown::Value(_)));
    // Accepted cases of all kinds together: of an area with one block they are one number, which the stock would tell.
    let made = site_with(FLOWS, false, "", closed);
    for code in ["R1A1", "R1A2", "R1A3", "R1A4"] {
        assert!(told(&made, "2026-09-30", code).0.is_suppressed(), "{code}");
    }
    assert_eq!(told(&made, "2026-09-30", "R1").0, Shown::Value(open(6, "2026-09-30") - 20.0));
}

#[test]
fn a_published_stock_is_of_today() {
    let made = site(FLOWS, true, |stamp| if stamp == day("2026-10-10") { 3 } else { 0 });
    assert_eq!(
        told(&made, "2026-10-10", "R1"),
        (Shown::Value(open(6, "2026-10-10") - 3.0), "2026-10-10".to_owned())
    );
}

#[test]
fn a_declaration_that_cannot_be_is_told_with_its_place() {
    for (flows, column) in [
        ("flows = { in = \"m\", out = \"o\" }, ", "m"),
        ("flows = { in = \"n\", out = \"f\" }, ", "f"),
        ("accumulates = true, flows = { in = \"n\", out = \"o\" }, ", "s"),
        ("flows = { in = \"n\", out = \"x\" }, ", "x"),
    ] {
        let problems = site(flows, false, |_| 0).load().unwrap_err();
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        let said = problem.line(&onemap::site::text::Messages::built_in(onemap::site::text::Lang::En));
        assert!(said.starts_with("datasets.toml:"), "{said}");
        assert!(said.contains(&format!("column {column} ")) || said.contains(column), "{said}");
    }
}

#[test]
fn books_that_do_not_balance_are_counted() {
    let balanced = measured(site(FLOWS, false, |_| 2).load().unwrap());
    assert_eq!(balanced.unbalanced(), Vec::new());
    let made = site(FLOWS, false, |_| 2);
    let text = std::fs::read_to_string(made.path().join("data/t.csv")).unwrap();
    // One row counts one more open: that day and the next do not balance.
    let changed = text.replace(
        "R1A2012026-09-05a,R1A201,2026-09-05,a,3,0,256,",
        "R1A2012026-09-05a,R1A201,2026-09-05,a,3,0,257,",
    );
    assert_ne!(text, changed);
    made.write("data/t.csv", &changed);
    let problems = measured(made.load().unwrap()).unbalanced();
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    let said = problem.line(&onemap::site::text::Messages::built_in(onemap::site::text::Lang::En));
    assert!(said.contains("on 2 of 546 days"), "{said}");
}

/// A row of the first block, first kind, that came live: so many accepted and closed on a day, and open at its end.
fn came(engine: &Engine, on: &str, [accepted, closed, open]: [i64; 3]) -> SourceEvent {
    let code = AREAS[BLOCKS.start];
    let columns = vec![
        Column::new("id".into(), [format!("{code}{on}a")]),
        Column::new("area".into(), [code]),
        Column::new("m".into(), [day(on)]).cast(&DataType::Date).unwrap(),
        Column::new("kind".into(), ["a"]),
        Column::new("n".into(), [accepted]),
        Column::new("o".into(), [closed]),
        Column::new("s".into(), [open]),
        Column::new("f".into(), [0.5]),
    ];
    let site = engine.site();
    let part = admit(site, site.table("t").unwrap(), DataFrame::new(1, columns).unwrap(), Path::new("live"));
    assert!(part.problems.is_empty(), "{:?}", part.problems);
    let received = Instant::now();
    SourceEvent::Batch(Batch { table: "t".to_owned(), rows: part.frame, arrived_secs: 0, received })
}

#[test]
fn a_picture_that_follows_another_sees_every_change_of_rows_of_days() {
    let engine = measured(site(FLOWS, false, |_| 6).load().unwrap());
    let end = engine.end_of(day("2026-10-20")).secs;
    let clock = |secs: i64| Clock { data_secs: secs as f64, since: Instant::now(), speed: 0.0 };
    let mut publisher = Publisher::new(engine, clock(end));
    let mut told = Vec::new();
    // Corrections of this month, of months before, and of a month's end that areas are told of; then the next day.
    for (on, counts, hour) in [
        ("2026-10-19", [40, 6, 300], 0),
        ("2026-10-20", [90, 6, 400], 1),
        ("2026-08-31", [70, 20, 77], 2),
        ("2026-09-30", [80, 30, 99], 3),
        ("2026-09-30", [80, 30, 99], 4),
        ("2026-10-21", [3, 6, 500], 26),
    ] {
        let now = end + hour * 3600;
        publisher.take(came(publisher.engine(), on, counts));
        publisher.take(SourceEvent::Clock(clock(now)));
        let picture = publisher.snapshot();
        let engine = publisher.engine();
        let anew = engine.figures(engine.at(now), &engine.sources(now));
        for (area, _) in engine.site().areas.iter() {
            for indicator in 0..engine.site().indicators.len() {
                assert_eq!(picture.reading(indicator, area), anew.reading(indicator, area), "after {on}");
            }
        }
        told.push(format!("{anew:?}"));
    }
    told.dedup();
    assert!(told.len() >= 5, "each change but the one that repeats another moves something");
}
