//! What may be shown: no hidden number leaves by any export, slice or subtraction, on either site.

use std::collections::HashMap;
use std::time::Instant;

use onemap::engine::Engine;
use onemap::export::{self, Subject};
use onemap::privacy::shown::{Shown, Why};
use onemap::runtime::Publisher;
use onemap::site::areas::AreaId;
use onemap::site::catalogue::{Indicator, People};
use onemap::site::datasets::Rollup;
use onemap::site::text::Lang;
use onemap::snapshot::{Clock, Day, Figures, SeriesSource as _, Slice, Snapshot};
use proptest::prelude::*;

use crate::common::{Declared, Line, Made, Recipe, close, day, figures, sample, tiny, unprotected};

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
                        let Shown::Value(count) = side else { continue };
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
                assert!(
                    cell.value.value().is_none(),
                    "{} {:?} is shown at community {area:?}",
                    row.id,
                    cell.codes
                );
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
        let mut seen = 0;
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
                        if let Shown::Value(count) = side {
                            assert!(close(count % 5.0, 0.0), "{} shows {count} at {area:?}", row.id);
                            seen += usize::from(count > 0.0);
                        }
                    }
                    if is_count(row)
                        && let Shown::Value(value) = reading.value
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
                        cells.iter().filter_map(|c| c.value.value()).all(|v| close(v % 5.0, 0.0)),
                        "{} at {area:?}",
                        row.id
                    );
                }
            }
        }
        assert!(seen > 0, "nothing was looked at");
    }
}

/// A hidden child alone among shown ones could be found by subtraction.
fn lone_hidden(engine: &Engine, value: &dyn Fn(AreaId) -> Shown) -> Option<AreaId> {
    engine.site().areas.iter().find_map(|(parent, area)| {
        let hidden: Vec<AreaId> =
            area.children.iter().copied().filter(|c| value(*c).is_suppressed()).collect();
        let shown = area.children.iter().filter(|c| value(**c).value().is_some_and(|v| v != 0.0)).count();
        (hidden.len() == 1 && shown > 0 && value(parent).value().is_some()).then(|| hidden[0])
    })
}

#[test]
fn no_sibling_is_hidden_alone() {
    for (engine, days) in sites() {
        for day in days {
            let snapshot = snapshot(engine, day);
            for (i, row) in engine.site().indicators.iter().enumerate() {
                let found = lone_hidden(engine, &|a| snapshot.reading(i, a).value);
                assert_eq!(found, None, "{} on {day}", row.id);
            }
            for (b, row) in engine.site().breakdowns.iter().enumerate() {
                let cells = snapshot.slices(b, AreaId::ROOT).len();
                for cell in 0..cells {
                    let found = lone_hidden(engine, &|a| {
                        snapshot.slices(b, a).get(cell).map_or(Shown::TooFine, |s| s.value)
                    });
                    assert_eq!(
                        found,
                        None,
                        "{} {:?} on {day}",
                        row.id,
                        snapshot.slices(b, AreaId::ROOT)[cell].codes
                    );
                }
                // And within one area, over the cells: their total may be shown elsewhere.
                for area in areas(engine).into_iter().filter(|a| !exempt(row, *a)) {
                    let cells = snapshot.slices(b, area);
                    let hidden = cells.iter().filter(|c| c.value.is_suppressed()).count();
                    let others = cells.iter().filter(|c| c.value.value().is_some_and(|v| v != 0.0)).count();
                    assert!(
                        hidden != 1 || others == 0,
                        "{} hides one cell alone at {area:?}: {cells:?}",
                        row.id
                    );
                }
            }
        }
    }
}

/// What a reader can work out: from a shown parent and all but one of its children the last child, and from all
/// children their hidden parent, again and again.
fn worked_out(engine: &Engine, value: &dyn Fn(AreaId) -> Shown, level: usize) -> HashMap<AreaId, f64> {
    let mut known: HashMap<AreaId, f64> =
        areas(engine).into_iter().filter_map(|a| Some((a, value(a).value()?))).collect();
    loop {
        let before = known.len();
        for (parent, area) in
            engine.site().areas.iter().filter(|(_, a)| a.level < level && !a.children.is_empty())
        {
            let (open, sum) = area.children.iter().fold((Vec::new(), 0.0), |(mut open, sum), child| {
                if let Some(v) = known.get(child) {
                    (open, sum + v)
                } else {
                    open.push(*child);
                    (open, sum)
                }
            });
            match (known.get(&parent).copied(), open.as_slice()) {
                (None, []) => drop(known.insert(parent, sum)),
                (Some(total), [child]) => drop(known.insert(*child, total - sum)),
                _ => {}
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

/// Counts that add up over areas, with the level they are shown down to.
fn additive<'a>(
    engine: &'a Engine,
    rows: &'a [Indicator],
) -> impl Iterator<Item = (usize, &'a Indicator, usize)> {
    rows.iter().enumerate().filter_map(|(i, row)| {
        let table = engine.site().table(&row.numerator.table)?;
        let adds = !row.numerator.expr.contains("DISTINCT") && !row.numerator.expr.contains("median");
        let shown =
            engine.site().level_index(&row.finest_area)?.min(engine.site().level_index(&table.finest_area)?);
        (row.suppress_below > 0 && is_count(row) && adds && table.rollup == Rollup::Sum)
            .then_some((i, row, shown))
    })
}

#[test]
fn hidden_counts_cannot_be_worked_out_from_shown_ones() {
    for (engine, days) in sites() {
        let truth = unprotected(engine);
        for day in days {
            let (protected, open) = (snapshot(engine, day), snapshot(&truth, day));
            let site = engine.site();
            for (i, row, level) in additive(engine, &site.indicators) {
                let known = worked_out(engine, &|a| protected.reading(i, a).value, level);
                check_unknown(engine, row, &known, &|a| {
                    (protected.reading(i, a).value, open.reading(i, a).value)
                });
            }
            for (b, row, level) in additive(engine, &site.breakdowns) {
                for cell in 0..protected.slices(b, AreaId::ROOT).len() {
                    let of = |s: &Snapshot, a: AreaId| {
                        s.slices(b, a).get(cell).map_or(Shown::TooFine, |c| c.value)
                    };
                    let known = worked_out(engine, &|a| of(&protected, a), level);
                    check_unknown(engine, row, &known, &|a| (of(&protected, a), of(&open, a)));
                }
            }
        }
    }
}

fn check_unknown(
    engine: &Engine,
    row: &Indicator,
    known: &HashMap<AreaId, f64>,
    cell: &dyn Fn(AreaId) -> (Shown, Shown),
) {
    for area in areas(engine) {
        let (shown, truth) = cell(area);
        if !matches!(shown, Shown::Suppressed { why: Why::Primary, .. }) {
            continue;
        }
        if let (Some(guess), Some(truth)) = (known.get(&area), truth.value()) {
            assert!(
                !close(*guess, truth),
                "{} at {}: the hidden {truth} can be worked out",
                row.id,
                engine.site().areas.get(area).code
            );
        }
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
                let subject = Subject { site, figures: &protected, area, as_of: day };
                let csv = export::csv(&subject);
                let sdmx = export::sdmx(&subject);
                let json: serde_json::Value = serde_json::from_str(&export::json(&subject)).unwrap();
                let table = export::table(&subject, Lang::En);
                let table: Vec<&str> = table
                    .lines()
                    .filter(|l| l.trim_start().starts_with(|c: char| c.is_ascii_digit()))
                    .collect();
                for (i, row) in site.indicators.iter().enumerate() {
                    let reading = protected.reading(i, area);
                    let Shown::Suppressed { below, .. } = reading.value else {
                        continue;
                    };
                    hidden += 1;
                    assert!(below > 1, "{} says it is below {below}", row.id);
                    assert!(
                        reading.interval.is_none()
                            && reading.numerator.value().is_none()
                            && reading.denominator.value().is_none()
                    );
                    let mark = format!("<{below}");
                    let line: Vec<&str> = csv.lines().nth(i + 1).unwrap().split(',').collect();
                    assert_eq!(
                        (line[0], line[3], line[5], line[6], line[8]),
                        (row.id.as_str(), mark.as_str(), mark.as_str(), mark.as_str(), "suppressed")
                    );
                    let line: Vec<&str> = sdmx.lines().nth(i + 1).unwrap().split(',').collect();
                    assert_eq!((line[3], line[5]), (row.id.as_str(), ""));
                    let object = &json["indicators"][i];
                    assert_eq!(object["shown"], mark.as_str());
                    for key in ["value", "numerator", "denominator", "interval_95"] {
                        assert!(object[key].is_null(), "{} {key}: {object}", row.id);
                    }
                    let line = table[i];
                    assert!(line.contains(&mark), "{line}");
                    // The number itself is nowhere in the row, unless it is part of its name or date.
                    let truth = open.reading(i, area);
                    if let Some(value) = truth.value.value() {
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
                for point in engine.series(i, area, until, 6).points {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same on made-up sites, where small counts are common and sit anywhere in the tree.
    #[test]
    fn small_numbers_stay_unknown_wherever_they_sit(
        counts in prop::collection::vec((0usize..11, prop_oneof![3 => 0i64..12, 1 => 12i64..60], 0usize..3), 1..30),
        published in any::<bool>(),
        sensitive in any::<bool>(),
    ) {
        let table = Declared {
            id: "served",
            refresh: "monthly",
            time_column: "m",
            rollup: "sum",
            absent_row: "zero",
            extra: "suppress_below = 10",
            columns: &["id:text", "area:area", "m:month", "n:int", "kind:text:kind"],
        };
        let people = if sensitive { "aggregate_sensitive" } else { "aggregate" };
        let extra = format!("people = \"{people}\"\nsuppress_below = 10\npublished_total = {published}\n");
        let line = Line { extra: extra.clone(), ..Line::new("count", "served", "sum(n)", "", "latest month") };
        let by = Line { extra: format!("{extra}by = [\"kind\"]\n"), ..Line::new("by", "served", "sum(n)", "", "latest month") };
        let by = by.toml().replace("[[indicator]]", "[[breakdown]]");
        let made = Made::new(&Recipe {
            zone: "Asia/Shanghai", datasets: &table.toml(), home: "count", events: false,
            indicators: &format!("{}{by}", line.toml()).replace("finest_area = \"ward\"", "finest_area = \"block\""),
        });
        // Mostly rows of blocks, so that children make up their parent; some of a ward as a whole.
        let mut text = "id,area,m,n,kind\n".to_owned();
        for (i, (area, n, kind)) in counts.iter().enumerate() {
            let code = crate::common::AREAS[if *area == 0 { 1 } else { 5 + area % 6 }];
            text.push_str(&format!("k{i},{code},2026-10,{n},{}\n", ["a", "b", "c"][*kind]));
        }
        made.write("data/served.csv", &text);
        let engine = made.build();
        let truth = unprotected(&engine);
        let today = engine.present_day();
        let (protected, open) = (snapshot(&engine, today), snapshot(&truth, today));
        // A rounded count is not the number itself: nothing can be subtracted from it exactly.
        if !sensitive {
            let row = &engine.site().indicators[0];
            let known = worked_out(&engine, &|a| protected.reading(0, a).value, 2);
            check_unknown(&engine, row, &known, &|a| (protected.reading(0, a).value, open.reading(0, a).value));
        }
        for area in areas(&engine) {
            let true_value = open.reading(0, area).value.value().unwrap_or(0.0);
            let is_small = true_value > 0.0 && true_value < 10.0 && !(published && area == AreaId::ROOT);
            prop_assert!(!is_small || protected.reading(0, area).value.is_suppressed());
            let cells = protected.slices(0, area);
            let hidden = cells.iter().filter(|c| c.value.is_suppressed()).count();
            let others = cells.iter().filter(|c| c.value.value().is_some_and(|v| v != 0.0)).count();
            prop_assert!(hidden != 1 || others == 0 || (published && area == AreaId::ROOT), "{:?}", cells);
            for (cell, true_cell) in cells.iter().zip(open.slices(0, area)) {
                let value = true_cell.value.value().unwrap_or(0.0);
                let is_small = value > 0.0 && value < 10.0 && !(published && area == AreaId::ROOT);
                prop_assert!(!is_small || cell.value.is_suppressed(), "{:?} at {:?}", cell, area);
            }
        }
        for cell in 0..3 {
            let found = lone_hidden(&engine, &|a| protected.slices(0, a).get(cell).map_or(Shown::TooFine, |s| s.value));
            prop_assert_eq!(found, None);
        }
    }
}
