//! Silences of a made-up site: planted ones are found, and told apart from true zeros, from hidden counts and from data
//! that is late; live batches find what a fresh build finds.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use onemap::derived::silence::State;
use onemap::derived::watch::{Silences, Subject};
use onemap::engine::{Batch, Engine};
use onemap::runtime::Publisher;
use onemap::snapshot::{Clock, EpochSecs};
use onemap::store::admit;
use polars::prelude::*;

use crate::common::{Declared, EVENTS_TABLE, Line, Made, Ran, Recipe, area, day, program};

/// Rows end at the end of this day, Shanghai time.
const LAST: &str = "2026-06-30";
const DAYS: i64 = 120;
const HOUR: i64 = 3600;

/// An event: key, area, kind, instant.
type Event = (String, &'static str, &'static str, EpochSecs);

fn end() -> EpochSecs {
    (i64::from(day(LAST)) + 1) * 86_400 - 8 * HOUR
}

/// Every half hour a report of kind `a` from two areas, of `c` (which is about persons) from one. `R1A1` has sent nothing
/// for three days, `R1A3` never sent anything, and of `b` there is one a week.
fn events(quiet_hours: i64) -> Vec<Event> {
    let mut out = Vec::new();
    let mut add = |area: &'static str, kind: &'static str, step: i64, until: EpochSecs| {
        let first = end() - DAYS * 86_400;
        for (number, ts) in (first..until).step_by(usize::try_from(step).unwrap()).enumerate() {
            out.push((format!("{area}{kind}{number}"), area, kind, ts));
        }
    };
    add("R1A101", "a", HOUR / 2, end() - quiet_hours * HOUR);
    add("R1A102", "c", HOUR / 2, end() - quiet_hours * HOUR);
    add("R1A2", "a", HOUR / 2, end());
    add("R1A4", "b", 7 * 86_400, end());
    out
}

/// Counts of persons by the day: thirty in one area but for the last day, forty in another; of another kind, a few.
fn persons() -> String {
    let mut text = "id,area,kind,d\n".to_owned();
    for back in 0..DAYS {
        let date = onemap::site::civil::date_of(day(LAST) - i32::try_from(back).unwrap());
        for n in 0..if back == 0 { 0 } else { 30 } {
            let _ = writeln!(text, "x{back}n{n},R1A1,a,{date}");
        }
        for n in 0..3 {
            let _ = writeln!(text, "y{back}n{n},R1A2,b,{date}");
        }
        for n in 0..40 {
            let _ = writeln!(text, "z{back}n{n},R1A3,a,{date}");
        }
    }
    text
}

fn made(events: &[Event]) -> Made {
    let people = Declared {
        id: "people",
        refresh: "live",
        time_column: "d",
        rollup: "sum",
        absent_row: "zero",
        extra: "suppress_below = 5",
        columns: &["id:text", "area:area", "kind:text:kind", "d:date"],
    };
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &format!("{}{}", EVENTS_TABLE.toml(), people.toml()),
        indicators: &[
            Line::new("heard", "people", "count(*)", "kind='a'", "day").toml(),
            Line::new("few", "people", "count(*)", "kind='b'", "day").toml(),
            Line::new("jobs", "job", "count(*)", "", "cumulative").toml(),
        ]
        .concat(),
        home: "jobs",
        events: true,
    });
    let text = std::fs::read_to_string(made.path().join("site.toml")).unwrap();
    let marker = "open_statuses = [\"new\"]\n";
    made.write("site.toml", &text.replace(marker, &format!("{marker}object_kinds = [\"a\", \"b\"]\n")));
    made.write("data/people.csv", &persons());
    let mut rows = "id,area,kind,n,state,ts,due_ts,done_ts,drill,lng,lat\n".to_owned();
    for (id, area, kind, ts) in events {
        let place = if *kind == "c" { "," } else { "0.011,0.001" };
        let _ = writeln!(rows, "{id},{area},{kind},1,done,{ts},{ts},{ts},0,{place}");
    }
    made.write("data/job.csv", &rows);
    made
}

fn told(engine: &Engine, silences: &Silences) -> Vec<(String, Subject)> {
    let code = |silence: &onemap::derived::watch::Silence| {
        (engine.site().areas.get(silence.area).code.clone(), silence.subject)
    };
    silences.whole().map(code).collect()
}

#[test]
fn silences_are_told_apart_from_zeros_hidden_counts_and_late_data() {
    let made = made(&events(72));
    let engine = made.build();
    let at = end() - 1;
    let silences = engine.silences(at);
    // All that R1A1 sent were events of kind `a`, from the block R1A101; the persons of `c` are not watched.
    let of = |code: &str, subject| (code.to_owned(), subject);
    assert_eq!(told(&engine, &silences), [of("R1A1", Subject::Events), of("R1A1", Subject::Indicator(0))]);
    let found = silences.at(area(&engine, "R1A1")).find(|s| s.subject == Subject::Kind(0)).unwrap();
    assert!(found.is_part, "all kinds together are silent");
    assert_eq!((found.seen.seen, found.since_secs), (0.0, end() - 72 * HOUR));
    let state = |code: &str, state: State| silences.tally(area(&engine, code)).of(state);
    // Kinds `a`, `b`, all kinds; persons of both kinds.
    assert_eq!((state("R1A1", State::Silent), state("R1A1", State::Zero)), (3, 2));
    assert_eq!((state("R1A2", State::Usual), state("R1A2", State::Hidden)), (2, 1));
    assert_eq!((state("R1A3", State::Zero), state("R1A3", State::Usual)), (4, 1));
    assert_eq!((state("R1A4", State::Rare), state("R1A4", State::Zero)), (2, 3));
    assert_eq!(silences.all.of(State::Late), 0);
    // Nothing came for three hours: the stream is late, and that an area is quiet says nothing.
    let silences = engine.silences(end() + 4 * HOUR);
    assert!(!told(&engine, &silences).iter().any(|(_, subject)| *subject == Subject::Events));
    let tally = silences.tally(area(&engine, "R1A1"));
    assert_eq!((tally.of(State::Late), tally.of(State::Silent)), (5, 0));
}

fn batch(engine: &Engine, rows: &[Event]) -> Batch {
    let same = |value: &'static str| vec![value; rows.len()];
    let axis = |at: f64| rows.iter().map(|row| (row.2 != "c").then_some(at)).collect::<Vec<Option<f64>>>();
    let instants = || rows.iter().map(|row| row.3).collect::<Vec<EpochSecs>>();
    let columns = vec![
        Column::new("id".into(), rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>()),
        Column::new("area".into(), rows.iter().map(|row| row.1).collect::<Vec<_>>()),
        Column::new("kind".into(), rows.iter().map(|row| row.2).collect::<Vec<_>>()),
        Column::new("n".into(), vec![1_i64; rows.len()]),
        Column::new("state".into(), same("done")),
        Column::new("ts".into(), instants()),
        Column::new("due_ts".into(), instants()),
        Column::new("done_ts".into(), instants()),
        Column::new("drill".into(), vec![0_i64; rows.len()]),
        Column::new("lng".into(), axis(0.011)),
        Column::new("lat".into(), axis(0.001)),
    ];
    let site = engine.site();
    let frame = DataFrame::new(rows.len(), columns).unwrap();
    let part = admit(site, site.table("job").unwrap(), frame, Path::new("live"));
    assert!(part.problems.is_empty(), "{:?}", part.problems);
    Batch { table: "job".to_owned(), rows: part.frame, arrived_secs: end() - 1, received: Instant::now() }
}

/// What is missing comes late, area by area: a silence ends, and what is found is what a fresh build finds.
#[test]
fn late_rows_end_a_silence() {
    let engine = made(&events(72)).build();
    let clock = Clock { data_secs: (end() - 1) as f64, since: Instant::now(), speed: 0.0 };
    let mut publisher = Publisher::new(engine, clock);
    let before = publisher.snapshot();
    let site = std::sync::Arc::clone(publisher.engine().site());
    let silent = told(publisher.engine(), &before.silences(&site));
    assert!(silent.contains(&("R1A1".to_owned(), Subject::Events)), "{silent:?}");
    let all = events(0);
    let late: Vec<Event> = all.iter().filter(|row| row.3 >= end() - 72 * HOUR).cloned().collect();
    for rows in late.chunks(50) {
        let sent = batch(publisher.engine(), rows);
        publisher.take(onemap::sources::SourceEvent::Batch(sent));
    }
    let after = publisher.snapshot().silences(&site);
    assert_eq!(after, made(&all).build().silences(end() - 1));
    let silent = told(publisher.engine(), &after);
    assert!(!silent.iter().any(|(_, subject)| *subject == Subject::Events), "{silent:?}");
    assert_ne!(before.silences(&site), after, "what was shown before stands");
}

/// The past by what is known now: three days earlier nothing was silent yet.
#[test]
fn a_past_time_has_its_own_silences() {
    let engine = made(&events(72)).build();
    let silences = engine.silences(end() - 80 * HOUR);
    assert!(silences.found.is_empty(), "{:?}", silences.found);
    let silences = engine.silences(end() - 48 * HOUR);
    let found = silences.at(area(&engine, "R1A1")).find(|s| s.subject == Subject::Events).unwrap();
    assert_eq!(found.since_secs, end() - 72 * HOUR);
}

#[test]
fn compute_tells_silences_in_every_form() {
    let made = made(&events(72));
    let site = made.path().to_str().unwrap();
    let run = |rest: &[&str]| {
        Ran::of(
            program()
                .args(["compute", "--silence", "--lang", "en", "--site", site, "--as-of", LAST])
                .args(rest),
        )
    };
    let csv = run(&["--format", "csv"]);
    assert_eq!(csv.code, 0, "{}", csv.err);
    let lines: Vec<&str> = csv.out.lines().collect();
    assert_eq!(lines[0], "area_code,subject,span_hours,seen,expected,chance,since");
    assert!(lines[1].starts_with("R1A1,events,"), "{}", csv.out);
    assert!(lines[2].starts_with("R1A1,heard,24,0,30,"), "{}", csv.out);
    assert_eq!(lines.len(), 3, "{}", csv.out);
    let json: serde_json::Value = serde_json::from_str(&run(&["--format", "json"]).out).unwrap();
    assert_eq!(json["silences"].as_array().unwrap().len(), 2);
    assert_eq!(json["watched"]["late"], 0);
    let table = run(&["--area", "R1A2"]);
    assert!(table.out.contains("Nothing is silent") && table.out.contains("watched"), "{}", table.out);
    for rest in [["--derived", "--format", "table"], ["--format", "sdmx", "--area"]] {
        let rest: Vec<&str> = rest.into_iter().filter(|word| *word != "--area").collect();
        assert_eq!(run(&rest).code, 2, "{rest:?}");
    }
}

/// The same site where the last three days are a holiday, the first of its kind: nothing is accused, and that is said.
#[test]
fn a_holiday_of_the_site_is_not_judged() {
    let made = made(&events(72));
    let calendar = |spans: &str| {
        let law = "[[source]]\nid = \"law\"\ntext = { zh = \"法\", en = \"Law\" }\n";
        made.write("calendar.toml", &format!("format = 1\nspans = [\n{spans}\n]\n{law}"));
    };
    let feast = |first: &str, last: &str| {
        format!(
            "  {{ kind = \"holiday\", first = \"{first}\", last = \"{last}\", zh = \"节\", en = \"Feast\", source = \"law\" }},\n"
        )
    };
    calendar(&feast("2026-06-28", "2026-06-30"));
    let engine = made.build();
    let silences = engine.silences(end() - 1);
    assert!(silences.found.is_empty(), "{:?}", silences.found);
    let state = |code: &str, state: State| silences.tally(area(&engine, code)).of(state);
    // Kind `a`, all kinds and the persons of `a` would be judged on another day; what is zero, too rare or hidden stays so.
    assert_eq!((state("R1A1", State::Holiday), state("R1A1", State::Zero)), (3, 2));
    assert_eq!((state("R1A2", State::Holiday), state("R1A2", State::Hidden)), (2, 1));
    assert_eq!((state("R1A4", State::Rare), state("R1A4", State::Zero)), (2, 3));
    // On earlier days of the same feast as much came in as ever: that is what is expected of it.
    calendar(&[feast("2026-05-01", "2026-05-05"), feast("2026-06-28", "2026-06-30")].concat());
    let engine = made.build();
    let silences = engine.silences(end() - 1);
    let of = |subject| ("R1A1".to_owned(), subject);
    assert_eq!(told(&engine, &silences), [of(Subject::Events), of(Subject::Indicator(0))]);
    // What is wrong with the file is told with its place.
    calendar(&feast("2026-06-31", "2026-06-30").replace("\"Feast\"", "\"\""));
    let site = made.path().to_str().unwrap();
    let ran = Ran::of(program().args(["check", "--lang", "en", "--site", site]));
    let told: Vec<&str> =
        ran.err.lines().chain(ran.out.lines()).filter(|l| l.starts_with("calendar.toml:")).collect();
    assert_eq!(told.len(), 2, "{} {}", ran.out, ran.err);
    assert!(told[0].starts_with("calendar.toml:3:31: error: 2026-06-31 is no date"), "{told:?}");
    assert!(told[1].starts_with("calendar.toml:3:81: error: the name in en is missing"), "{told:?}");
    assert_ne!(ran.code, 0);
}
