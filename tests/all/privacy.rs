//! What may be shown: no hidden number leaves by any export, slice or subtraction, on either site.

use std::collections::BTreeMap;
use std::time::Instant;

use onemap::engine::Engine;
use onemap::export::{self, Subject};
use onemap::privacy::shown::{Shown, Why};
use onemap::runtime::Publisher;
use onemap::site::areas::AreaId;
use onemap::site::catalogue::{Indicator, People};
use onemap::site::text::Lang;
use onemap::snapshot::{Clock, Day, EventView, Figures, SeriesSource as _, Slice, Snapshot};

use crate::common::{Declared, Line, Made, Recipe, close, day, figures, sample, seen, tiny, unprotected};

fn sites() -> [(&'static Engine, Vec<Day>); 2] {
    [
        (sample(), vec![sample().present_day(), day("2026-06-30"), day("2024-02-29"), day("2022-01-15")]),
        (tiny(), vec![tiny().present_day(), day("2026-10-31"), day("2026-07-01")]),
    ]
}

pub(crate) fn snapshot(engine: &Engine, day: Day) -> Snapshot {
    let data_secs = engine.end_of(day).secs as f64;
    Publisher::new(engine.clone(), Clock { data_secs, since: Instant::now(), speed: 0.0 }).snapshot()
}

fn areas(engine: &Engine) -> Vec<AreaId> {
    engine.site().areas.iter().map(|(id, _)| id).collect()
}

fn exempt(row: &Indicator, area: AreaId) -> bool {
    row.published_total && area == AreaId::ROOT
}

fn is_count(row: &Indicator) -> bool {
    row.denominator.is_none()
}

#[test]
fn small_counts_are_never_shown() {
    for (engine, days) in sites() {
        for day in days {
            let figures = figures(engine, day);
            for (i, row) in engine.site().indicators.iter().enumerate().filter(|(_, r)| r.suppress_below > 0)
            {
                for area in areas(engine).into_iter().filter(|a| !exempt(row, *a)) {
                    let reading = figures.reading(i, area);
                    let least = f64::from(row.suppress_below);
                    // Sums of differences (a yearly change) may be negative: then they are no count.
                    for side in [reading.numerator, reading.denominator] {
                        let Some(count) = seen(side) else { continue };
                        assert!(
                            count <= 0.0 || count >= least,
                            "{} shows {count} at {area:?} on {day}",
                            row.id
                        );
                    }
                    if is_count(row)
                        && let Shown::Value(value) = reading.value
                    {
                        assert!(
                            value == 0.0 || value >= least * row.scale,
                            "{} shows {value} at {area:?} on {day}",
                            row.id
                        );
                    }
                    if let (Shown::Value(n), Shown::Value(base)) = (reading.numerator, reading.denominator)
                        && base > 0.0
                    {
                        assert!(base >= 10.0, "{} divides by {base} people at {area:?}", row.id);
                        let rest = base - n;
                        assert!(
                            n < 0.0
                                || rest <= 0.0
                                || rest >= least
                                || row.people == People::AggregateSensitive,
                            "{} gives {rest} away by its complement at {area:?}",
                            row.id
                        );
                    }
                }
            }
        }
    }
}

/// Cells of breakdowns, as the window gets them.
fn slices(engine: &Engine, snapshot: &Snapshot) -> Vec<(usize, AreaId, Vec<Slice>)> {
    (0..engine.site().breakdowns.len())
        .flat_map(|b| areas(engine).into_iter().map(move |a| (b, a)))
        .map(|(b, a)| (b, a, snapshot.slices(b, a).to_vec()))
        .collect()
}

#[test]
fn small_cells_of_breakdowns_are_never_shown() {
    for (engine, days) in sites() {
        for day in days {
            for (b, area, cells) in slices(engine, &snapshot(engine, day)) {
                let row = &engine.site().breakdowns[b];
                for cell in &cells {
                    if row.suppress_below == 0 || exempt(row, area) {
                        continue;
                    }
                    if let Shown::Value(value) = cell.value {
                        assert!(
                            value == 0.0 || value >= f64::from(row.suppress_below),
                            "{} {:?} shows {value} at {area:?}",
                            row.id,
                            cell.codes
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn sensitive_groups_are_never_shown_below_the_subdistrict() {
    let (engine, site) = (sample(), sample().site());
    for day in [engine.present_day(), day("2025-03-31")] {
        let snapshot = snapshot(engine, day);
        for (b, area, cells) in slices(engine, &snapshot) {
            let row = &site.breakdowns[b];
            if !matches!(row.id.as_str(), "saf_service_group_by_group" | "dat_psych_services_by_group")
                || site.areas.get(area).level < 2
            {
                continue;
            }
            for cell in
                cells.iter().filter(|c| c.codes.iter().any(|c| c == "mental_health" || c == "resettlement"))
            {
                assert!(!cell.value.is_seen(), "{} {:?} is shown at community {area:?}", row.id, cell.codes);
            }
        }
    }
    // No indicator speaks of these groups alone, but those that do stay at their floor.
    for row in site.indicators.iter().chain(&site.breakdowns) {
        let sides = [Some(&row.numerator), row.denominator.as_ref()];
        for side in sides.into_iter().flatten() {
            if ["mental_health", "'resettlement'", "resettlement_support'"]
                .iter()
                .any(|g| side.filter.contains(g))
                && !side.filter.contains("<>'resettlement_support'")
            {
                assert!(
                    site.level_index(&row.finest_area).unwrap() <= 1,
                    "{} is shown per {}",
                    row.id,
                    row.finest_area
                );
            }
            if side.filter.contains("crisis") {
                assert_eq!(row.finest_area, "district", "{}", row.id);
            }
        }
    }
}

#[test]
fn sensitive_counts_are_multiples_of_five() {
    for (engine, days) in sites() {
        let mut looked = 0;
        for day in days {
            let figures = figures(engine, day);
            for (i, row) in engine
                .site()
                .indicators
                .iter()
                .enumerate()
                .filter(|(_, r)| r.people == People::AggregateSensitive)
            {
                for area in areas(engine).into_iter().filter(|a| !exempt(row, *a)) {
                    let reading = figures.reading(i, area);
                    for side in [reading.numerator, reading.denominator] {
                        if let Some(count) = seen(side) {
                            assert!(close(count % 5.0, 0.0), "{} shows {count} at {area:?}", row.id);
                            looked += usize::from(count > 0.0);
                        }
                    }
                    if is_count(row)
                        && let Some(value) = seen(reading.value)
                    {
                        assert!(close(value % (5.0 * row.scale), 0.0), "{} shows {value}", row.id);
                    }
                }
            }
            let snapshot = snapshot(engine, day);
            for (b, area, cells) in slices(engine, &snapshot) {
                let row = &engine.site().breakdowns[b];
                if row.people == People::AggregateSensitive && !exempt(row, area) && is_count(row) {
                    assert!(
                        cells.iter().filter_map(|c| seen(c.value)).all(|v| close(v % 5.0, 0.0)),
                        "{} at {area:?}",
                        row.id
                    );
                }
            }
        }
        assert!(looked > 0, "nothing was looked at");
    }
}

#[test]
fn no_export_holds_a_hidden_number() {
    let mut hidden = 0;
    for (engine, days) in sites() {
        let truth = unprotected(engine);
        for day in days {
            let (protected, open): (Figures, Figures) = (figures(engine, day), figures(&truth, day));
            let site = engine.site();
            for area in areas(engine).into_iter().filter(|a| site.areas.get(*a).level <= site.figure_level())
            {
                let subject = Subject { site, figures: &protected, area, drawn: None, as_of: day };
                let csv = export::csv(&subject);
                let sdmx = export::sdmx(&subject);
                let json: serde_json::Value = serde_json::from_str(&export::json(&subject, None)).unwrap();
                let table = export::table(&subject, Lang::En);
                let table: Vec<&str> = table
                    .lines()
                    .filter(|l| l.trim_start().starts_with(|c: char| c.is_ascii_digit()))
                    .collect();
                for (i, row) in site.indicators.iter().enumerate() {
                    let reading = protected.reading(i, area);
                    let Shown::Suppressed { below, why } = reading.value else {
                        continue;
                    };
                    hidden += 1;
                    assert!(below > 1, "{} says it is below {below}", row.id);
                    // A rate is gone if one of its sides is: the other may be shown as a count of its own.
                    let sides = [reading.numerator, reading.denominator];
                    assert!(reading.interval.is_none());
                    assert!(row.denominator.is_some() || reading.numerator == reading.value);
                    let mark = if why == Why::Primary { format!("<{below}") } else { "*".to_owned() };
                    let [numerator, denominator] = sides.map(export::figure);
                    let line: Vec<&str> = csv.lines().nth(i + 1).unwrap().split(',').collect();
                    assert_eq!(
                        (line[0], line[3], line[5], line[6], line[8].trim_end_matches(";coarse")),
                        (
                            row.id.as_str(),
                            mark.as_str(),
                            numerator.as_str(),
                            denominator.as_str(),
                            "suppressed"
                        )
                    );
                    let line: Vec<&str> = sdmx.lines().nth(i + 1).unwrap().split(',').collect();
                    assert_eq!((line[3], line[5]), (row.id.as_str(), ""));
                    let object = &json["indicators"][i];
                    assert_eq!(object["shown"], mark.as_str());
                    for key in ["value", "interval_95"] {
                        assert!(object[key].is_null(), "{} {key}: {object}", row.id);
                    }
                    for (key, side) in ["numerator", "denominator"].into_iter().zip(sides) {
                        assert_eq!(object[key].is_null(), !side.is_seen(), "{} {key}: {object}", row.id);
                    }
                    let line = table[i];
                    assert!(line.contains(&mark), "{line}");
                    // The number itself is nowhere in the row, unless it is part of its name or date.
                    let truth = open.reading(i, area);
                    if let Some(value) = seen(truth.value) {
                        let number = format!(" {value:.*} ", row.decimals);
                        let names = format!(" {} {} ", row.name.en, i + 1);
                        assert!(!line.contains(&number) || names.contains(&number), "{line} holds{number}");
                    }
                }
            }
        }
    }
    assert!(hidden > 0, "nothing was looked at");
}

#[test]
fn series_pass_the_same_gate() {
    for (engine, _) in sites() {
        let until = engine.end_of(engine.present_day()).secs;
        for (i, row) in engine.site().indicators.iter().enumerate().filter(|(_, r)| r.suppress_below > 0) {
            for area in areas(engine)
                .into_iter()
                .filter(|a| engine.site().areas.get(*a).level <= 1 && !exempt(row, *a))
            {
                for point in engine.series(i, &[area], until, 6).remove(0).points {
                    if is_count(row)
                        && let Shown::Value(value) = point.value
                    {
                        assert!(
                            value <= 0.0 || value >= f64::from(row.suppress_below),
                            "{} shows {value}",
                            row.id
                        );
                    }
                }
            }
        }
    }
}

/// Hiding a neighbour is of no use while its own parts are shown.
#[test]
fn a_hidden_area_is_not_told_by_its_children() {
    let table = Declared {
        id: "served",
        refresh: "monthly",
        time_column: "m",
        rollup: "sum",
        absent_row: "zero",
        extra: "suppress_below = 10",
        columns: &["id:text", "area:area", "m:month", "n:int"],
    };
    let line = Line::new("count", "served", "sum(n)", "", "latest month").toml();
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &table.toml(),
        indicators: &line.replace("finest_area = \"ward\"", "finest_area = \"block\""),
        home: "count",
        events: false,
    });
    made.write("data/served.csv", "id,area,m,n\n1,R1A101,2026-10,5\n2,R1A201,2026-10,30\n3,R1A202,2026-10,40\n4,R1A301,2026-10,90\n5,R1A401,2026-10,95\n");
    let engine = made.build();
    let figures = figures(&engine, engine.present_day());
    let at = |code: &str| figures.reading(0, crate::common::area(&engine, code)).value;
    let (primary, secondary) = (
        Shown::Suppressed { below: 10, why: Why::Primary },
        Shown::Suppressed { below: 10, why: Why::Secondary },
    );
    assert_eq!(
        (at("R1"), at("R1A3"), at("R1A4")),
        (Shown::Value(260.0), Shown::Value(90.0), Shown::Value(95.0))
    );
    assert_eq!((at("R1A1"), at("R1A101")), (primary, primary));
    // 260 - 90 - 95 - 70 = 5: the ward of 70 is hidden, and one of its blocks, since 30 + 40 = 70.
    assert_eq!((at("R1A2"), at("R1A201"), at("R1A202")), (secondary, secondary, Shown::Value(40.0)));
}

/// A rate of things over people needs enough people, and says so with a number that means something.
#[test]
fn rates_over_few_people_are_hidden() {
    let table = |id, extra| {
        Declared {
            id,
            refresh: "monthly",
            time_column: "m",
            rollup: "sum",
            absent_row: "gap",
            extra,
            columns: &["id:text", "area:area", "m:month", "n:int"],
        }
        .toml()
    };
    let line = Line {
        denominator: Some(("people".to_owned(), "sum(n)".to_owned(), String::new())),
        scale: 100.0,
        ..Line::new("rate", "calls", "sum(n)", "", "latest month")
    };
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &format!("{}{}", table("calls", ""), table("people", "suppress_below = 10")),
        indicators: &line.toml(),
        home: "rate",
        events: false,
    });
    made.write("data/calls.csv", "id,area,m,n\n1,R1A1,2026-10,3\n2,R1A2,2026-10,4\n3,R1A3,2026-10,5\n");
    made.write("data/people.csv", "id,area,m,n\n1,R1A1,2026-10,6\n2,R1A2,2026-10,40\n3,R1A3,2026-10,50\n");
    let engine = made.build();
    let figures = figures(&engine, engine.present_day());
    let at = |code: &str| figures.reading(0, crate::common::area(&engine, code)).value;
    assert_eq!(at("R1A1"), Shown::Suppressed { below: 10, why: Why::Primary });
    // Its neighbour hides with it, or six people follow from the county's ninety-six.
    assert_eq!(at("R1A2"), Shown::Suppressed { below: 10, why: Why::Secondary });
    assert_eq!((at("R1A3"), at("R1")), (Shown::Value(10.0), Shown::Value(12.5)));
}

#[test]
fn few_events_that_concern_persons_are_not_placed() {
    let (engine, site) = (sample(), sample().site());
    let objects = &site.meta.events.as_ref().unwrap().object_kinds;
    let snapshot = snapshot(engine, engine.present_day());
    let open: Vec<EventView> = snapshot.events.open.iter().map(|event| EventView::clone(event)).collect();
    for events in [open, snapshot.events.recent.to_vec()] {
        let mut at: BTreeMap<AreaId, usize> = BTreeMap::new();
        for event in events.iter().filter(|event| !objects.iter().any(|kind| *kind == *event.kind)) {
            assert_eq!(event.place, None, "{}", event.id);
            *at.entry(event.area).or_default() += 1;
        }
        assert!(!at.is_empty(), "nothing was looked at");
        for (area, count) in at {
            assert!(count >= 5 || area == AreaId::ROOT, "{count} at {area:?}");
        }
    }
    assert!(
        snapshot
            .events
            .open
            .iter()
            .any(|event| event.place.is_some() && site.areas.get(event.area).level > 2),
        "objects keep their place"
    );
}
