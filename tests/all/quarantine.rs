//! A refused delivery: recorded without its content, the last good copy stands in and every figure of it is late. All
//! of it by the real program and its folder of memory.

use std::path::Path;

use crate::common::{Declared, Line, Made, Ran, Recipe, program};

const DAY: &str = "2026-11-23";
const SECRET: &str = "13800138000";

fn made() -> Made {
    let table = Declared {
        id: "visits",
        refresh: "as_needed",
        time_column: "d",
        rollup: "sum",
        absent_row: "gap",
        extra: "",
        columns: &["id:text", "area:area", "d:date", "n:int", "note:text?"],
    };
    let line = Line::new("total", "visits", "sum(n)", "", "cumulative");
    Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &table.toml(),
        indicators: &line.toml(),
        home: "total",
        events: false,
    })
}

fn rows(n: u32, note: &str) -> String {
    format!("id,area,d,n,note\nx,R1A1,{DAY},{n},{note}\ny,R1A2,{DAY},bad,\n")
}

fn run(made: &Made, state: &Path, arguments: &[&str]) -> (i32, String, String) {
    let site = ["--lang", "en", "--site", made.path().to_str().unwrap()];
    let mut program = program();
    let ran =
        Ran::of(program.args(arguments).args(site).env("XDG_STATE_HOME", state).env("RUST_LOG", "info"));
    (ran.code, ran.out, ran.err)
}

/// Value and status of the one indicator.
fn figure(made: &Made, state: &Path) -> (String, String) {
    let (code, out, err) = run(made, state, &["compute", "--format", "csv"]);
    assert_eq!(code, 0, "{err}");
    let fields: Vec<&str> = out.lines().nth(1).unwrap().split(',').collect();
    (fields[3].to_owned(), fields[8].to_owned())
}

fn files(dir: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().map(Result::unwrap) {
        if entry.path().is_dir() {
            out.extend(files(&entry.path()));
        } else {
            let name = entry.path().display().to_string();
            // Who took figures out is another matter.
            out.extend((!name.contains("/audit.")).then_some(name));
        }
    }
    out.sort();
    out
}

#[test]
fn the_last_good_copy_stands_in_for_a_refused_file() {
    let (made, state) = (made(), tempfile::tempdir().unwrap());
    made.write("data/visits.csv", &rows(40, ""));
    let (code, _, err) = run(&made, state.path(), &["check"]);
    assert_eq!(code, 0, "{err}");
    let kept = files(state.path());
    assert!(kept.len() == 1 && kept[0].contains("/good/visits/visits.csv."), "{kept:?}");
    // Nothing changed: nothing is written again.
    let written = std::fs::metadata(&kept[0]).unwrap().modified().unwrap();
    run(&made, state.path(), &["check"]);
    assert_eq!(std::fs::metadata(&kept[0]).unwrap().modified().unwrap(), written);
    assert_eq!(figure(&made, state.path()), ("40".to_owned(), "current".to_owned()));

    // A delivery with a person's number in it.
    let before = files(state.path());
    let bad = rows(99, SECRET);
    made.write("data/visits.csv", &bad);
    assert_eq!(figure(&made, state.path()), ("40".to_owned(), "late".to_owned()));
    let (code, out, err) = run(&made, state.path(), &["check"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("data/visits.csv:2:note: error: note holds a mobile number"), "{err}");
    assert!(err.contains("visits: refused at the door; figures from the copy of 20"), "{err}");
    assert!(!(out + &err).contains(SECRET));
    let (_, table, _) = run(&made, state.path(), &["compute"]);
    assert!(
        table.contains("late") && table.contains("refused at the door; figures from the copy of"),
        "{table}"
    );
    // The site's file stays as it came; the copy stays; no counts are kept for the next start; the refusal is on
    // record, once.
    assert_eq!(std::fs::read_to_string(made.path().join("data/visits.csv")).unwrap(), bad);
    let kept = files(state.path());
    let more: Vec<&String> = kept.iter().filter(|file| !before.contains(file)).collect();
    assert_eq!(kept.len(), before.len() + 1, "{kept:?}");
    assert!(more.iter().all(|file| file.ends_with("quarantine/refused.ndjson")), "{more:?}");
    let record =
        std::fs::read_to_string(kept.iter().find(|f| f.ends_with("quarantine/refused.ndjson")).unwrap())
            .unwrap();
    assert_eq!(record.lines().count(), 1, "{record}");
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["file"], "data/visits.csv");
    assert_eq!(record["rules"], serde_json::json!(["mobile_number"]));
    assert!(record["refused"].as_str().unwrap().starts_with("20"));

    // A good delivery again: its figures, on time, and a new copy in place of the old one.
    made.write("data/visits.csv", &rows(51, "ok"));
    assert_eq!(run(&made, state.path(), &["check"]).0, 0);
    assert_eq!(figure(&made, state.path()), ("51".to_owned(), "current".to_owned()));
    assert_eq!(files(state.path()).iter().filter(|f| f.contains("/good/")).count(), 1);
    // A table that is gone takes its copy with it.
    std::fs::remove_file(made.path().join("data/visits.csv")).unwrap();
    run(&made, state.path(), &["check"]);
    assert_eq!(files(state.path()).iter().filter(|f| f.contains("/good/")).count(), 0);
}

#[test]
fn without_a_copy_there_is_a_gap() {
    let (made, state) = (made(), tempfile::tempdir().unwrap());
    made.write("data/visits.csv", &rows(99, SECRET));
    assert_eq!(figure(&made, state.path()), (String::new(), "missing".to_owned()));
    let (code, _, err) = run(&made, state.path(), &["check"]);
    assert_eq!(code, 1);
    assert!(err.contains("there is no copy to use"), "{err}");
    // What was refused is never kept.
    assert!(files(state.path()).iter().all(|f| !f.contains("/good/")));
}

#[test]
fn of_several_parts_the_others_stand() {
    let (made, state) = (made(), tempfile::tempdir().unwrap());
    made.write("data/visits/2026-10.csv", &rows(40, ""));
    made.write("data/visits/2026-11.csv", &format!("id,area,d,n,note\nz,R1A1,{DAY},7,{SECRET}\n"));
    assert_eq!(figure(&made, state.path()), ("40".to_owned(), "late".to_owned()));
    let (_, table, _) = run(&made, state.path(), &["compute"]);
    assert!(table.contains("figures from the other parts"), "{table}");
}

#[test]
fn a_copy_that_is_no_longer_what_it_was_is_not_used() {
    let (made, state) = (made(), tempfile::tempdir().unwrap());
    made.write("data/visits.csv", &rows(40, ""));
    run(&made, state.path(), &["check"]);
    let copy = files(state.path()).remove(0);
    std::fs::write(&copy, "PAR1 cut off").unwrap();
    made.write("data/visits.csv", &rows(99, SECRET));
    assert_eq!(figure(&made, state.path()), (String::new(), "missing".to_owned()));
}

#[test]
fn a_place_that_cannot_be_written_to_stops_nothing() {
    let made = made();
    let state = tempfile::NamedTempFile::new().unwrap();
    // A file where the folder should be.
    made.write("data/visits.csv", &rows(40, ""));
    let (code, _, err) = run(&made, state.path(), &["check"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("cannot keep copies of good data"), "{err}");
    made.write("data/visits.csv", &rows(40, SECRET));
    let (code, _, err) = run(&made, state.path(), &["check"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("cannot record a refused part"), "{err}");
}
