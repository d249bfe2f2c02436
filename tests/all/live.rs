//! Live changes: whatever arrives in whatever order, the figures equal those of a fresh build over the final rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use onemap::density::grid::{Cell, Window};
use onemap::density::{EventFilter, Phases};
use onemap::engine::{Batch, Engine};
use onemap::moment::{FIRST_PAST_REVISION, Known, Moment};
use onemap::privacy::shown::Shown;
use onemap::runtime::Publisher;
use onemap::site::Site;
use onemap::site::areas::AreaId;
use onemap::snapshot::{Clock, Day, EpochSecs, EventView, Events, Figures};
use onemap::sources::SourceEvent;
use onemap::sources::replay::Replay;
use onemap::store::admit;
use polars::prelude::*;
use proptest::prelude::*;

use crate::common::{
    AREAS, Declared, EVENTS_TABLE, Line, Made, Recipe, area, close, day, figures, sample, seen, shown,
};

/// A row of the event table and, with less in it, of the table of days.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    area: &'static str,
    kind: &'static str,
    n: i64,
    state: &'static str,
    ts: EpochSecs,
    due: EpochSecs,
    done: Option<EpochSecs>,
    drill: bool,
}

const BEGIN: &str = "2024-03-20";
const DAYS: i64 = 20;
const ZONE: &str = "Europe/Lisbon";

fn recipe_lines() -> String {
    let windows = [
        "day",
        "month",
        "trailing 7 days",
        "trailing 3 months",
        "cumulative",
        "latest day",
        "now",
        "trailing 24 h",
    ];
    let mut lines = Vec::new();
    for window in windows {
        for (expr, filter) in [
            ("count(*)", ""),
            ("sum(n)", "state='new'"),
            ("sum(CASE WHEN done_ts<=due_ts THEN 1 ELSE 0 END)", "drill=0"),
            ("median(n)", ""),
            ("count(DISTINCT kind)", "drill=0"),
        ] {
            lines.push(Line::new(&format!("i{}", lines.len()), "job", expr, filter, window));
        }
        lines.push(Line::new(&format!("i{}", lines.len()), "job", "count(*)", "ts<=:now - 7200", window));
        let ratio = Line {
            denominator: Some(("job".to_owned(), "count(*)".to_owned(), "done_ts IS NOT NULL".to_owned())),
            time_column: Some("due_ts".to_owned()),
            ..Line::new(&format!("i{}", lines.len()), "job", "sum(n)", "kind<>'c'", window)
        };
        lines.push(ratio);
        if window != "trailing 24 h" {
            for table in ["tally", "report"] {
                lines.push(Line::new(&format!("i{}", lines.len()), table, "sum(n)", "", window));
                lines.push(Line::new(
                    &format!("i{}", lines.len()),
                    table,
                    "count(DISTINCT kind)",
                    "n>2",
                    window,
                ));
            }
        }
    }
    lines.iter().map(Line::toml).collect()
}

fn make() -> Made {
    let days = |id, absent_row| {
        Declared {
            id,
            refresh: "hourly",
            time_column: "d",
            rollup: "sum",
            absent_row,
            extra: "",
            columns: &["id:text", "area:area", "kind:text:kind", "n:int", "d:date"],
        }
        .toml()
    };
    let made = Made::new(&Recipe {
        zone: ZONE,
        datasets: &format!("{}{}{}", EVENTS_TABLE.toml(), days("tally", "zero"), days("report", "gap")),
        indicators: &recipe_lines(),
        home: "i0",
        events: true,
    });
    let text = std::fs::read_to_string(made.path().join("site.toml")).unwrap();
    let marker = "open_statuses = [\"new\"]\n";
    made.write("site.toml", &text.replace(marker, &format!("{marker}object_kinds = [\"a\", \"b\"]\n")));
    made
}

impl Row {
    /// Events of objects have a place, most of them.
    fn place(&self) -> Option<[f64; 2]> {
        let step = 0.000_4 * (self.n as f64);
        (self.kind != "c" && self.n > 0).then_some([0.011 + step, 0.001 + step])
    }
}

fn date_of(ts: EpochSecs) -> String {
    let zone = jiff::tz::TimeZone::get(ZONE).unwrap();
    jiff::Timestamp::from_second(ts).unwrap().to_zoned(zone).date().to_string()
}

fn write(made: &Made, table: &str, rows: &BTreeMap<String, Row>) {
    let mut text = String::new();
    if table == "job" {
        let _ = writeln!(text, "id,area,kind,n,state,ts,due_ts,done_ts,drill,lng,lat");
        for (id, r) in rows {
            let done = r.done.map(|d| d.to_string()).unwrap_or_default();
            let place = r.place().map_or_else(|| ",".to_owned(), |[x, y]| format!("{x},{y}"));
            let _ = writeln!(
                text,
                "{id},{},{},{},{},{},{},{done},{},{place}",
                r.area,
                r.kind,
                r.n,
                r.state,
                r.ts,
                r.due,
                u8::from(r.drill)
            );
        }
    } else {
        let _ = writeln!(text, "id,area,kind,n,d");
        for (id, r) in rows {
            let _ = writeln!(text, "{id},{},{},{},{}", r.area, r.kind, r.n, date_of(r.ts));
        }
    }
    made.write(&format!("data/{table}.csv"), &text);
}

fn batch(engine: &Engine, table: &str, rows: &[(String, Row)]) -> Batch {
    let ids: Vec<&str> = rows.iter().map(|r| r.0.as_str()).collect();
    let areas: Vec<&str> = rows.iter().map(|r| r.1.area).collect();
    let kinds: Vec<&str> = rows.iter().map(|r| r.1.kind).collect();
    let n: Vec<i64> = rows.iter().map(|r| r.1.n).collect();
    let columns = if table == "job" {
        let axis = |i: usize| rows.iter().map(|r| Some(r.1.place()?[i])).collect::<Vec<Option<f64>>>();
        vec![
            Column::new("id".into(), ids),
            Column::new("area".into(), areas),
            Column::new("kind".into(), kinds),
            Column::new("n".into(), n),
            Column::new("state".into(), rows.iter().map(|r| r.1.state).collect::<Vec<_>>()),
            Column::new("ts".into(), rows.iter().map(|r| r.1.ts).collect::<Vec<_>>()),
            Column::new("due_ts".into(), rows.iter().map(|r| r.1.due).collect::<Vec<_>>()),
            Column::new("done_ts".into(), rows.iter().map(|r| r.1.done).collect::<Vec<_>>()),
            Column::new("drill".into(), rows.iter().map(|r| i64::from(r.1.drill)).collect::<Vec<_>>()),
            Column::new("lng".into(), axis(0)),
            Column::new("lat".into(), axis(1)),
        ]
    } else {
        let days: Vec<i32> = rows.iter().map(|r| day(&date_of(r.1.ts))).collect();
        vec![
            Column::new("id".into(), ids),
            Column::new("area".into(), areas),
            Column::new("kind".into(), kinds),
            Column::new("n".into(), n),
            Column::new("d".into(), days).cast(&DataType::Date).unwrap(),
        ]
    };
    // Batches arrive when the last of their rows happened or later; time of arrival moves no figure here.
    let site = engine.site();
    let frame = DataFrame::new(rows.len(), columns).unwrap();
    let part = admit(site, site.table(table).unwrap(), frame, Path::new("live"));
    assert!(part.problems.is_empty(), "{:?}", part.problems);
    Batch { table: table.to_owned(), rows: part.frame, arrived_secs: 0, received: Instant::now() }
}

fn row() -> impl Strategy<Value = Row> {
    (
        0..=AREAS.len(),
        0usize..3,
        0i64..6,
        any::<bool>(),
        0..DAYS * 86_400,
        0i64..200_000,
        prop::option::of(0i64..300_000),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(area, kind, n, open, second, due, done, drill)| {
            let begin =
                jiff::civil::Date::to_zoned(BEGIN.parse().unwrap(), jiff::tz::TimeZone::get(ZONE).unwrap());
            let ts = begin.unwrap().timestamp().as_second() + second;
            Row {
                // One code is in no list of areas: such a row is kept and counts nowhere.
                area: AREAS.get(area).copied().unwrap_or("R1A9"),
                kind: ["a", "b", "c"][kind],
                n,
                state: if open { "new" } else { "done" },
                ts,
                due: ts + due,
                done: done.filter(|_| !open).map(|d| ts + d),
                drill,
            }
        })
}

/// The last row never changes: it says how far the data reaches.
fn pinned() -> Row {
    let zone = jiff::tz::TimeZone::get(ZONE).unwrap();
    let begin: jiff::civil::Date = BEGIN.parse().unwrap();
    let end = begin.to_zoned(zone).unwrap().timestamp().as_second() + DAYS * 86_400;
    Row { area: "R1A1", kind: "a", n: 1, state: "done", ts: end, due: end, done: Some(end), drill: false }
}

fn same(a: Shown, b: Shown) -> bool {
    match (a, b) {
        (Shown::Value(a), Shown::Value(b)) => close(a, b),
        _ => a == b,
    }
}

fn differences(live: &Engine, fresh: &Engine, as_of: Day) -> Vec<String> {
    let (one, other) = (figures(live, as_of), figures(fresh, as_of));
    let mut out = Vec::new();
    for (i, row) in live.site().indicators.iter().enumerate() {
        for code in AREAS.iter().filter(|c| c.len() <= 4) {
            let id = area(live, code);
            let (a, b) = (one.reading(i, id), other.reading(i, id));
            if !same(a.value, b.value)
                || !same(a.numerator, b.numerator)
                || !same(a.denominator, b.denominator)
                || !same(a.previous, b.previous)
            {
                let what =
                    format!("{:?} over {} where {:?}", row.numerator.expr, row.window, row.numerator.filter);
                out.push(format!(
                    "{} {what} ({}) at {code} on {as_of}: live {a:?}, fresh {b:?}",
                    row.id, row.numerator.table
                ));
            }
        }
    }
    // One wrong cell shows in many figures.
    out.truncate(4);
    out
}

/// What is told of events, less when each change reached us.
type Stream = (Vec<EventView>, u64, Vec<String>, Vec<u64>);

/// What the stream shows.
fn stream(engine: &Engine, day: Day) -> Stream {
    let mut events = engine.events.clone();
    events.advance(engine.site(), engine.end_of(day).secs);
    told(engine.site(), &events.view(engine.site(), day))
}

fn still(secs: EpochSecs) -> Clock {
    Clock { data_secs: secs as f64, since: Instant::now(), speed: 0.0 }
}

/// What pictures of other days show of the stream.
fn streams_of_other_days(engine: &Engine, days: [Day; 2]) -> [Stream; 2] {
    let last = engine.end_of(days[1]).secs;
    let live = Publisher::new(engine.clone(), still(last)).snapshot();
    days.map(|day| {
        let moment = Moment::new(engine.end_of(day).secs, Known::Now);
        told(engine.site(), &live.at(moment, FIRST_PAST_REVISION).unwrap().events)
    })
}

fn told(site: &Site, view: &Events) -> Stream {
    // Every object event with its place and what it is counted as, found from the coarsest cells down.
    let filter = EventFilter { phases: Phases::All, ..EventFilter::default() };
    let (mask, level) = (view.cells.mask(&filter), *view.cells.levels().start());
    let (mut cells, mut points) = (Vec::new(), Vec::new());
    view.cells.cells(level, &Window::covering(level, [0.0; 2], [256.0; 2]), &mask, &mut cells);
    let cells: Vec<Cell> = cells.iter().map(|sum| sum.cell).collect();
    view.cells.points(level, &cells, &mask, &mut points);
    assert_eq!(points.len() as u64, view.cells.total(&mask).count);
    let mut places: Vec<String> = points.iter().map(|point| format!("{point:?}")).collect();
    places.sort();
    let mut open: Vec<EventView> =
        view.open.iter().map(|e| EventView { changed_secs: 0, ..EventView::clone(e) }).collect();
    open.sort_by(|a, b| a.id.cmp(&b.id));
    // Object events by area, kind and quarter of a day, around the days of the rows.
    let begin = i64::from(crate::common::day(BEGIN)) * 24 - 48;
    let mut reported = Vec::new();
    for id in AREAS.iter().filter(|c| c.len() <= 4).filter_map(|code| site.areas.find(code)) {
        for (kind, quarter) in
            [Some(0), Some(1), None].into_iter().flat_map(|k| (0..100).map(move |q| (k, q)))
        {
            let from = begin + quarter * 6;
            reported.push(view.reports.count(id, kind, from..from + 6));
        }
    }
    reported.extend(site.areas.iter().map(|(id, _)| view.open_in(id)));
    (open, view.opened_today, places, reported)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_batches_equals_a_fresh_build(
        base in prop::collection::vec((0usize..3, 0u8..14, row()), 0..30),
        batches in prop::collection::vec((0usize..3, prop::collection::vec((0u8..20, row()), 1..6)), 1..9),
        twice in any::<bool>(),
        is_warm in any::<bool>(),
    ) {
        const TABLES: [&str; 3] = ["job", "tally", "report"];
        let made = make();
        let mut now: [BTreeMap<String, Row>; 3] = Default::default();
        for rows in &mut now {
            rows.insert("pinned".to_owned(), pinned());
        }
        for (table, key, row) in base {
            now[table].insert(format!("k{key}"), row);
        }
        for (table, rows) in TABLES.iter().zip(&now) {
            write(&made, table, rows);
        }
        let mut live = if is_warm { crate::kept::warm(made.path()) } else { made.build() };
        let told = crate::common::lines(live.site(), &live.problems);
        live.move_on(live.end_of(day(BEGIN)).secs);
        prop_assert!(told.iter().all(|l| l.contains("an area code that is not in areas.geojson")), "{:?}", told);
        for (table, rows) in batches {
            // A key may come twice in one batch: the later row counts.
            let rows: Vec<(String, Row)> = rows.into_iter().map(|(key, row)| (format!("k{key}"), row)).collect();
            let sent = batch(&live, TABLES[table], &rows);
            let last: BTreeMap<&str, &Row> = rows.iter().map(|(key, row)| (key.as_str(), row)).collect();
            let nowhere = last.values().filter(|row| !AREAS.contains(&row.area)).count();
            let counted = if nowhere == 1 { "1 row".to_owned() } else { format!("{nowhere} rows") };
            let wanted = (nowhere > 0).then(|| format!("table {}: {counted} with an area code", TABLES[table]));
            for _ in 0..=usize::from(twice) {
                let problems = live.apply(&sent);
                let problems = crate::common::lines(live.site(), &problems);
                let is_told = problems.iter().zip(&wanted).all(|(line, wanted)| line.contains(wanted));
                prop_assert!(problems.len() == usize::from(nowhere > 0) && is_told, "{:?}", problems);
            }
            now[table].extend(rows);
        }
        for (table, rows) in TABLES.iter().zip(&now) {
            write(&made, table, rows);
        }
        let fresh = made.build();
        prop_assert_eq!(live.rows(), fresh.rows());
        let refused = |engine: &Engine| -> Vec<u64> {
            engine.sources(engine.end_of(day(BEGIN)).secs).iter().map(|source| source.refused).collect()
        };
        prop_assert_eq!(refused(&live), refused(&fresh));
        let days = [day(BEGIN) + 7, day(BEGIN) + 20];
        prop_assert_eq!(streams_of_other_days(&live, days), streams_of_other_days(&fresh, days));
        for offset in [-2, 0, 7, 11, 12, 18, 20, 21] {
            let as_of = day(BEGIN) + offset;
            let different = differences(&live, &fresh, as_of);
            prop_assert!(different.is_empty(), "{}", different.join("\n"));
            prop_assert_eq!(stream(&live, as_of), stream(&fresh, as_of));
        }
    }
}

/// A correction of an event that closed long ago, below the stream's memory, opens nothing today and counts nothing twice.
#[test]
fn a_late_correction_is_no_new_event() {
    let made = make();
    let mut rows = BTreeMap::new();
    let end = pinned().ts;
    for i in 0..600i64 {
        // The first one is the oldest and the longest closed.
        let ts = end - 3600 + i;
        rows.insert(format!("k{i:03}"), Row { ts, due: ts, done: Some(ts + 1), ..pinned() });
    }
    write(&made, "job", &rows);
    let mut live = made.build();
    let site = std::sync::Arc::clone(live.site());
    let today = site.zone.day_of(end - 3600);
    let before = live.events.view(&site, today);
    assert_eq!(before.opened_today, 600);
    let mut corrected = rows["k000"].clone();
    corrected.n = 3;
    let sent = batch(&live, "job", &[("k000".to_owned(), corrected.clone())]);
    live.apply(&sent);
    assert_eq!(live.events.view(&site, today).opened_today, 600, "a known event was counted again");
    // The same event turns out to be a drill, and another one to have begun a day earlier.
    corrected.drill = true;
    let mut earlier = rows["k001"].clone();
    earlier.ts -= 86_400;
    let sent = batch(&live, "job", &[("k000".to_owned(), corrected), ("k001".to_owned(), earlier)]);
    live.apply(&sent);
    assert_eq!(live.events.view(&site, today).opened_today, 598);
    assert_eq!(live.events.view(&site, today - 1).opened_today, 1);
}

/// A correction that puts an event where no area is known takes the event away: from the present, from other days and
/// from the figures, and it is told.
#[test]
fn an_event_that_is_corrected_to_an_unknown_area_is_shown_nowhere() {
    let made = make();
    let event = Row { state: "new", done: None, ts: pinned().ts - 86_400 * 3, ..pinned() };
    let key = || "k1".to_owned();
    write(&made, "job", &BTreeMap::from([("pinned".to_owned(), pinned()), (key(), event.clone())]));
    let mut live = made.build();
    let (before, today) = (day(&date_of(event.ts)), day(&date_of(pinned().ts)));
    // Open today, opened on its day; the same by a picture of its day.
    let open = |engine: &Engine| {
        let [then, _] = streams_of_other_days(engine, [before, today]);
        [(stream(engine, today).0.len(), stream(engine, before).1), (then.0.len(), then.1)]
    };
    let total = |engine: &Engine| -> Vec<(Shown, Shown)> { readings(engine, &figures(engine, today)) };
    live.move_on(live.end_of(today).secs);
    assert_eq!(open(&live), [(1, 1), (1, 1)]);
    let with = total(&live);

    let nowhere = Row { area: "R1A9", ..event.clone() };
    let sent = batch(&live, "job", &[(key(), nowhere.clone())]);
    let told = live.apply(&sent);
    let told = crate::common::lines(live.site(), &told);
    assert_eq!(
        told,
        ["live/job: warning: table job: 1 row with an area code that is not in areas.geojson was left out"]
    );
    assert_eq!(open(&live), [(0, 0), (0, 0)]);
    write(&made, "job", &BTreeMap::from([("pinned".to_owned(), pinned()), (key(), nowhere)]));
    let fresh = made.build();
    assert_eq!(total(&live), total(&fresh));
    assert_ne!(total(&live), with);

    // Where the next correction names an area of the site, it is back.
    let sent = batch(&live, "job", &[(key(), event)]);
    assert!(live.apply(&sent).is_empty());
    assert_eq!((open(&live), total(&live)), ([(1, 1), (1, 1)], with));
}

fn readings(engine: &Engine, figures: &Figures) -> Vec<(Shown, Shown)> {
    let site = engine.site();
    (0..site.indicators.len())
        .flat_map(|i| site.areas.iter().map(move |(id, _)| (i, id)))
        .map(|(i, id)| {
            let reading = figures.reading(i, id);
            (reading.value, reading.previous)
        })
        .collect()
}

#[test]
fn a_replay_in_small_steps_equals_one_step() {
    let site = sample().site();
    let play = |steps: i64| {
        let mut engine = sample().clone();
        let mut replay = Replay::open(site, 0).unwrap();
        let start = site.zone.start_of(replay.day());
        let mut changes = 0;
        for step in 1..=steps {
            for batch in replay.due(start + step * 86_399 / steps) {
                changes += batch.rows.height();
                let problems = engine.apply(&batch);
                assert!(problems.is_empty(), "{problems:?}");
            }
        }
        (engine, changes, replay.day())
    };
    let (one, changes, today) = play(1);
    let (many, same_changes, _) = play(288);
    assert!(changes > 100, "only {changes} changes in the replayed day");
    assert_eq!(changes, same_changes);
    let (a, b) = (figures(&one, today), figures(&many, today));
    let (a, b) = (readings(&one, &a), readings(&many, &b));
    let different = a.iter().zip(&b).filter(|(a, b)| !same(a.0, b.0) || !same(a.1, b.1)).count();
    assert_eq!(different, 0, "of {} readings", a.len());
    assert_eq!(stream(&one, today), stream(&many, today));
    assert_eq!(one.rows(), many.rows());
}

/// A picture after the other remembers what the gate made of the same counts; each tells what one made from nothing does.
#[test]
fn pictures_that_follow_each_other_equal_those_made_anew() {
    let site = sample().site();
    let mut replay = Replay::open(site, 0).unwrap();
    let start = site.zone.start_of(replay.day());
    let mut publisher = Publisher::new(sample().clone(), still(start));
    let mut changed = 0;
    let mut last = String::new();
    for step in 0..=9 {
        // Into the next day, over its midnight, where most windows move.
        let now = start + step * 10_000;
        publisher.take(SourceEvent::Clock(still(now)));
        for batch in replay.due(now) {
            publisher.take(SourceEvent::Batch(batch));
        }
        let picture = publisher.snapshot();
        let engine = publisher.engine();
        let anew = engine.figures(engine.at(now), &engine.sources(now));
        let each = |of: &dyn Fn(usize, AreaId) -> String| -> String {
            let of_areas = |i| site.areas.iter().map(move |(area, _)| of(i, area));
            (0..site.indicators.len()).flat_map(of_areas).collect()
        };
        let told = each(&|i, area| format!("{:?}", picture.reading(i, area)));
        assert!(told == each(&|i, area| format!("{:?}", anew.reading(i, area))), "another picture at {now}");
        changed += usize::from(told != last);
        last = told;
    }
    assert!(changed > 8, "only {changed} of 10 pictures differ");
}

#[test]
fn the_replayed_day_is_seen() {
    let site = sample().site();
    let mut engine = sample().clone();
    let mut replay = Replay::open(site, 0).unwrap();
    let (today, end) = (replay.day(), site.zone.end_of(replay.day()));
    let before = shown(
        &engine,
        &figures(&engine, today),
        "gov_appeal_received_cnt",
        onemap::site::areas::AreaId::ROOT,
    );
    for batch in replay.due(end) {
        engine.apply(&batch);
    }
    let after = shown(
        &engine,
        &figures(&engine, today),
        "gov_appeal_received_cnt",
        onemap::site::areas::AreaId::ROOT,
    );
    assert_eq!(before, Shown::Value(0.0));
    assert!(seen(after).is_some_and(|v| v > 10.0), "{after:?}");
    let site = std::sync::Arc::clone(engine.site());
    assert!(engine.events.view(&site, today).opened_today > 0);
}
