//! The door: what may not come in does not, whatever the site says, and the refusal never repeats the content.

use std::path::Path;

use onemap::engine::{self, Depth, Engine};
use onemap::privacy::shown::Shown;
use onemap::site::areas::AreaId;
use onemap::site::problem::Severity;
use polars::prelude::*;

use crate::common::{Declared, Line, Made, Ran, Recipe, day, figures, lines, program, sample_dir, shown};

const DAY: &str = "2026-11-23";

fn made() -> Made {
    let table = Declared {
        id: "visits",
        refresh: "daily",
        time_column: "d",
        rollup: "sum",
        absent_row: "zero",
        extra: "",
        columns: &["id:text", "area:area", "d:date", "kind:text:kind", "n:int", "note:text?"],
    };
    let line = Line::new("total", "visits", "sum(n)", "kind IS NOT NULL AND note IS NULL OR n>=0", "day");
    Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &table.toml(),
        indicators: &line.toml(),
        home: "total",
        events: false,
    })
}

fn told(engine: &Engine) -> Vec<String> {
    lines(engine.site(), &engine.problems)
}

fn total(engine: &Engine) -> Shown {
    shown(engine, &figures(engine, day(DAY)), "total", AreaId::ROOT)
}

/// One good row, so that a refusal of another one is seen to cost that row alone.
fn with_rows(rows: &str) -> Engine {
    let made = made();
    made.write("data/visits.csv", &format!("id,area,d,kind,n,note\ngood,R1A1,{DAY},a,40,\n{rows}"));
    made.build()
}

/// The one finding about one bad row: told with place and rule, the row is not counted.
fn refused(row: &str, place: &str, parts: &[&str], content: &str) {
    let engine = with_rows(&format!("{row}\n"));
    let told = told(&engine);
    assert_eq!(told.len(), 1, "{row}: {told:?}");
    assert!(told[0].starts_with(place), "{row}: {}", told[0]);
    for part in parts {
        assert!(told[0].contains(part), "{row}: {} lacks {part:?}", told[0]);
    }
    assert!(content.is_empty() || !told[0].contains(content), "the content was told: {}", told[0]);
    assert_eq!(total(&engine), Shown::Value(40.0), "{row}");
    assert_eq!(engine.sources(0)[0].refused, 1, "{row}");
}

/// The finding about a content that is never accepted: told with place and rule, and nothing of the file is used.
fn quarantined(row: &str, place: &str, parts: &[&str], content: &str) {
    let engine = with_rows(&format!("{row}\n"));
    let told = told(&engine);
    assert!(!told.is_empty() && told[0].starts_with(place), "{row}: {told:?}");
    for part in parts {
        assert!(told[0].contains(part), "{row}: {} lacks {part:?}", told[0]);
    }
    assert!(!format!("{told:?} {engine:?}").contains(content), "the content was told: {told:?}");
    assert_eq!(total(&engine), Shown::Missing, "{row}");
    assert_eq!((engine.sources(0)[0].rows, engine.sources(0)[0].refused), (0, 2), "{row}");
}

#[test]
fn identities_in_a_text_are_refused_and_not_repeated() {
    // Made-up values that only have the form of an identity.
    for (content, rule) in [
        ("11010519491231002X", "identity number"),
        ("see 11010519491231002x", "identity number"),
        ("13800138000", "mobile number"),
        ("tel 19912345678 please", "mobile number"),
        ("someone@example.org", "e-mail address"),
        ("粤B·12345", "number plate"),
        ("粤BD12345", "number plate"),
    ] {
        quarantined(
            &format!("x,R1A1,{DAY},a,7,{content}"),
            "data/visits.csv:3:note: error:",
            &[rule, "note", "refused"],
            content,
        );
        // Also where the text is a key or a code.
        let engine = with_rows(&format!("{content},R1A1,{DAY},a,7,\n"));
        assert!(
            told(&engine)[0].contains(rule) && !told(&engine)[0].contains(content),
            "{:?}",
            told(&engine)
        );
        assert_eq!(total(&engine), Shown::Missing);
    }
}

#[test]
fn identities_in_ndjson_are_refused() {
    let made = made();
    made.write(
        "data/visits.ndjson",
        &format!(
            "{{\"id\":\"good\",\"area\":\"R1A1\",\"d\":\"{DAY}\",\"kind\":\"a\",\"n\":40,\"note\":null}}\n{{\"id\":\"x\",\"area\":\"R1A1\",\"d\":\"{DAY}\",\"kind\":\"a\",\"n\":7,\"note\":\"13800138000\"}}\n"
        ),
    );
    let engine = made.build();
    let told = told(&engine);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("data/visits.ndjson:2:note: error:") && told[0].contains("mobile number"),
        "{told:?}"
    );
    assert!(!told[0].contains("13800138000"));
    assert_eq!(total(&engine), Shown::Missing);
}

fn parquet(path: &Path, columns: Vec<Column>) {
    let mut frame = DataFrame::new(columns[0].len(), columns).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    ParquetWriter::new(std::fs::File::create(path).unwrap()).finish(&mut frame).unwrap();
}

fn three_rows(kinds: [&str; 3], notes: [Option<&str>; 3]) -> Vec<Column> {
    let days = vec![day(DAY); 3];
    vec![
        Column::new("id".into(), ["good", "x", "y"]),
        Column::new("area".into(), ["R1A1", "R1A1", "R1A2"]),
        Column::new("d".into(), days).cast(&DataType::Date).unwrap(),
        Column::new("kind".into(), kinds),
        Column::new("n".into(), [40i64, 7, 8]),
        Column::new("note".into(), notes),
    ]
}

#[test]
fn parquet_passes_the_same_door() {
    let made = made();
    let path = made.path().join("data/visits.parquet");
    parquet(&path, three_rows(["a", "zebra", "a"], [None, None, Some("13800138000")]));
    let engine = made.build();
    let told = lines(engine.site(), &engine.problems);
    assert_eq!(total(&engine), Shown::Missing, "{told:?}");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("data/visits.parquet:3:note: error:"), "{told:?}");
    assert!(told[0].contains("mobile number") && !told[0].contains("13800138000"), "{told:?}");
    assert_eq!(engine.sources(0)[0].refused, 3);
    // Without it, a code that is in no list costs its row alone.
    parquet(&path, three_rows(["a", "zebra", "a"], [None; 3]));
    let engine = made.build();
    let told = lines(engine.site(), &engine.problems);
    assert_eq!(total(&engine), Shown::Value(48.0), "{told:?}");
    assert!(
        told.len() == 1
            && told[0].starts_with("data/visits.parquet:2:kind:")
            && told[0].contains("not in list kind"),
        "{told:?}"
    );
    assert!(!told[0].contains("zebra"), "{told:?}");
    // A column of the wrong type, and one that nobody declared, refuse the whole file.
    let mut wrong = three_rows(["a"; 3], [None; 3]);
    wrong[4] = Column::new("n".into(), ["forty", "7", "8"]);
    parquet(&path, wrong);
    let engine = made.build();
    assert!(
        lines(engine.site(), &engine.problems)[0].contains("column n of table visits has type"),
        "{:?}",
        engine.problems
    );
    let mut more = three_rows(["a"; 3], [None; 3]);
    more.push(Column::new("phone".into(), ["1", "2", "3"]));
    parquet(&path, more);
    let engine = made.build();
    assert!(
        lines(engine.site(), &engine.problems)[0].contains("column phone of table visits speaks of a person"),
        "{:?}",
        engine.problems
    );
    assert_eq!(total(&engine), Shown::Missing);
}

#[test]
fn an_undeclared_column_refuses_the_file() {
    for (name, part) in [
        ("kinds", "does not declare column kinds"),
        ("kinds", "nearest declared column is kind"),
        ("person_name", "speaks of a person"),
        ("Reporter_Phone", "speaks of a person"),
        ("身份证号", "speaks of a person"),
        ("xinfang_id", "speaks of a person"),
    ] {
        let made = made();
        made.write("data/visits.csv", &format!("id,area,d,kind,n,note,{name}\ngood,R1A1,{DAY},a,40,,1\n"));
        let engine = made.build();
        let told = told(&engine);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("data/visits.csv: error:") && told[0].contains(part), "{told:?}");
        assert_eq!(total(&engine), Shown::Missing, "{name}");
        assert_eq!(engine.problems[0].severity, Severity::Error);
    }
}

#[test]
fn a_missing_column_refuses_the_file() {
    let made = made();
    made.write("data/visits.csv", &format!("id,area,d,kind,note\ngood,R1A1,{DAY},a,\n"));
    let told = told(&made.build());
    assert_eq!(told, ["data/visits.csv: error: table visits lacks column n"]);
}

#[test]
fn bad_values_cost_their_row_and_are_placed() {
    refused(&format!("x,R1A1,{DAY},d,7,"), "data/visits.csv:3:kind: warning:", &["not in list kind"], "");
    refused(
        &format!("x,R1A1,{DAY},a,seven,"),
        "data/visits.csv:3:n: warning:",
        &["not of type int"],
        "seven",
    );
    refused(&format!("x,R1A1,{DAY},a,,"), "data/visits.csv:3:n: warning:", &["must not be empty"], "");
    refused("x,R1A1,2026-13-01,a,7,", "data/visits.csv:3:d: warning:", &["not of type date"], "2026-13-01");
    refused("x,R1A1,2026-02-29,a,7,", "data/visits.csv:3:d: warning:", &["not of type date"], "2026-02-29");
}

#[test]
fn unknown_areas_are_counted() {
    let engine = with_rows(&format!("x,R1A9,{DAY},a,7,\ny,Q9,{DAY},a,7,\n"));
    assert_eq!(
        told(&engine),
        [
            "data/visits: warning: table visits: 2 rows with an area code that is not in areas.geojson were left out"
        ]
    );
    assert_eq!(total(&engine), Shown::Value(40.0));
    assert_eq!(engine.sources(0)[0].refused, 2);
}

#[test]
fn findings_of_one_file_are_bounded() {
    let rows: String = (0..500).map(|i| format!("x{i},R1A1,{DAY},a,none,\n")).collect();
    let engine = with_rows(&rows);
    assert!(engine.problems.len() <= 25, "{}", engine.problems.len());
    assert_eq!(engine.sources(0)[0].refused, 500);
    assert_eq!(total(&engine), Shown::Value(40.0));
}

#[test]
fn broken_files_are_told_and_nothing_crashes() {
    for (file, text) in [
        ("visits.csv", "\u{0}\u{1}\u{2}"),
        ("visits.csv", ""),
        ("visits.parquet", "PAR1 not really"),
        ("visits.ndjson", "{\"id\":\n"),
        ("visits.ndjson", "[1,2,3]\n"),
    ] {
        let made = made();
        made.write(&format!("data/{file}"), text);
        let engine = made.build();
        let told = told(&engine);
        assert!(
            !told.is_empty() && told[0].starts_with(&format!("data/{file}")),
            "{file} {text:?}: {told:?}"
        );
        assert_eq!(total(&engine), Shown::Missing);
    }
}

#[test]
fn a_site_cannot_declare_a_forbidden_column() {
    for (column, extra) in [
        ("person_name:text", ""),
        ("contact_phone:text", ""),
        ("licence_plate:text", ""),
        ("petition_no:text", ""),
        ("risk_score:float", ""),
        ("party_member:bool", ""),
        ("当事人:text", ""),
        // A table that counts people has no points.
        ("lng:float?", "suppress_below = 10"),
        ("latitude:float?", "suppress_below = 5"),
    ] {
        let columns = ["id:text", "area:area", "d:date", "n:int", column];
        let table = Declared {
            id: "visits",
            refresh: "daily",
            time_column: "d",
            rollup: "sum",
            absent_row: "zero",
            extra,
            columns: &columns,
        };
        let line = Line::new("total", "visits", "sum(n)", "", "day");
        let made = Made::new(&Recipe {
            zone: "Asia/Shanghai",
            datasets: &table.toml(),
            indicators: &line.toml(),
            home: "total",
            events: false,
        });
        let arguments = ["check", "--lang", "en", "--site", made.path().to_str().unwrap()];
        let Ran { code, err, .. } = Ran::of(program().args(arguments));
        assert_eq!(code, 1, "{column}: {err}");
        let name = column.split(':').next().unwrap();
        let line = err.lines().find(|l| l.starts_with("datasets.toml:")).unwrap_or_else(|| panic!("{err}"));
        assert!(line.contains(name) && line.contains("never accepted"), "{err}");
        let row: usize = line.split(':').nth(1).unwrap().parse().unwrap();
        let text = std::fs::read_to_string(made.path().join("datasets.toml")).unwrap();
        assert!(text.lines().nth(row - 1).unwrap().contains(name), "{line} points elsewhere");
    }
}

/// The sample's definitions with no data but what a test writes.
fn sample_without_data() -> Made {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.file_name() == "data" {
                continue;
            }
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).map(drop).unwrap();
            }
        }
    }
    let made = Made { dir: tempfile::tempdir().unwrap() };
    copy(&sample_dir(), made.path());
    made
}

#[test]
fn excluded_categories_and_groups_have_no_code() {
    let made = sample_without_data();
    let header = "order_id,event_id,area_code,category_code,channel,nature,opened_ts,dispatched_ts,contacted_ts,due_ts,closed_ts,status,dispose_org,redo_cnt,satisfaction,mediation_flag";
    let site = made.load().unwrap();
    let code = |list: &str| site.codes(list)[0].clone();
    let community = site.areas.iter().find(|(_, a)| a.level == 2).unwrap().1.code.clone();
    let order = |id: &str, category: &str| {
        format!(
            "{id},,{community},{category},{},{},1795370000,,,1795870000,,{},,0,,0\n",
            code("appeal_channel"),
            code("appeal_nature"),
            code("appeal_status")
        )
    };
    // The five kinds of the public list that are never collected, as a careless export might name them, one a file.
    for (category, rule) in [
        ("petition", "petition category"),
        ("united_front", "united front"),
        ("party_building", "party building"),
        ("维稳", "stability"),
        ("治安维稳", "stability"),
        ("党纪政纪", "discipline"),
        ("组织人事", "personnel"),
        ("统一战线", "united front"),
        ("党建群团", "party building"),
        ("信访", "petition category"),
    ] {
        let rows = format!("{header}\n{}{}", order("good", "transport"), order("x", category));
        made.write("data/appeal_order.csv", &rows);
        let engine = engine::build(std::sync::Arc::clone(&site), Depth::Needed, &|_, _| {}).unwrap();
        let told: Vec<String> = told(&engine).into_iter().filter(|l| !l.contains("no data file")).collect();
        assert_eq!(told.len(), 1, "{category}: {told:?}");
        assert!(told[0].starts_with("data/appeal_order.csv:3:category_code: error:"), "{told:?}");
        assert!(told[0].contains(rule), "{told:?}");
        let state = engine.sources(0).into_iter().find(|s| s.name == "appeal_order").unwrap();
        assert_eq!((state.rows, state.refused), (0, 2));
    }
    // Words that may mean something else are only unknown codes: they cost their row.
    let rows: String = ["stability", "discipline", "organisation"].iter().map(|c| order(c, c)).collect();
    made.write("data/appeal_order.csv", &format!("{header}\n{}{rows}", order("good", "transport")));
    let groups = "stat_month,area_code,group_code,person_cnt,contact_due_cnt,contact_done_cnt,aid_linked_cnt,suppressed";
    let group = |g: &str| format!("2026-10,440310,{g},120,100,99,50,false\n");
    made.write(
        "data/service_group_month.csv",
        &format!("{groups}\n{}{}", group("older_alone"), group("smokers")),
    );
    let engine = engine::build(std::sync::Arc::clone(&site), Depth::Everything, &|_, _| {}).unwrap();
    let state = |table: &str| engine.sources(0).iter().find(|s| s.name == table).map(|s| (s.rows, s.refused));
    assert_eq!(state("appeal_order"), Some((1, 3)));
    assert_eq!(state("service_group_month"), Some((1, 1)));
    let figures = figures(&engine, engine.present_day());
    let people = shown(&engine, &figures, "saf_service_group_person_cnt", AreaId::ROOT);
    assert_eq!(people.range(), Some((117.5, 122.5)), "{people:?}");
}

#[test]
fn the_sample_lists_no_category_of_the_excluded_kind() {
    let site = crate::common::sample().site();
    assert_eq!(site.codes("appeal_category").len(), 13);
    let names: Vec<&str> = site
        .codes("appeal_category")
        .iter()
        .map(|c| site.messages_zh.code_name("appeal_category", c))
        .collect();
    for part in ["维稳", "党", "组织人事", "统一战线", "统战", "信访"] {
        assert!(names.iter().all(|n| !n.contains(part)), "{part} in {names:?}");
    }
}
