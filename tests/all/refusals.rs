//! Every refusal of the door, each with a made-up file, in every format; and that nothing of what was refused is found
//! again anywhere. The contents are made up and only have the form of an identity.

use std::collections::BTreeMap;
use std::path::Path;

use onemap::privacy::shown::Shown;
use onemap::site::areas::AreaId;
use onemap::site::problem::Problem;
use onemap::site::text::{Lang, Messages};
use onemap::store::admit;
use polars::prelude::*;
use proptest::prelude::*;

use crate::common::{
    Declared, EVENTS_TABLE, Line, Made, Ran, Recipe, day, figures, lines, program, sample, shown, tiny,
};

const DAY: &str = "2026-11-23";

/// A table with every kind of text: a key, an area, codes and a free one.
fn made(extra: &str, more: &[&str]) -> Made {
    let mut columns = vec!["id:text", "area:area", "d:date", "kind:text:kind", "n:int", "note:text?"];
    columns.extend(more);
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
    Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &table.toml(),
        indicators: &line.toml(),
        home: "total",
        events: false,
    })
}

/// A made-up site, not about people, whose `note` takes sentences.
fn plain() -> Made {
    made("", &[])
}

fn csv_field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn frame(id: &str, area: &str, kind: &str, note: &str) -> DataFrame {
    let columns = vec![
        Column::new("id".into(), ["good", id]),
        Column::new("area".into(), ["R1A1", area]),
        Column::new("d".into(), vec![day(DAY); 2]).cast(&DataType::Date).unwrap(),
        Column::new("kind".into(), ["a", kind]),
        Column::new("n".into(), [40i64, 7]),
        Column::new("note".into(), [None, Some(note)]),
    ];
    DataFrame::new(2, columns).unwrap()
}

fn write(made: &Made, format: &str, [id, area, kind, note]: [&str; 4]) -> String {
    for old in ["csv", "ndjson", "parquet"] {
        drop(std::fs::remove_file(made.path().join(format!("data/visits.{old}"))));
    }
    let name = format!("data/visits.{format}");
    match format {
        "csv" => {
            let [id, area, kind, note] = [id, area, kind, note].map(csv_field);
            let text =
                format!("id,area,d,kind,n,note\ngood,R1A1,{DAY},a,40,\n{id},{area},{DAY},{kind},7,{note}\n");
            made.write(&name, &text);
        }
        "ndjson" => {
            let good = serde_json::json!({"id":"good","area":"R1A1","d":DAY,"kind":"a","n":40,"note":null});
            let bad = serde_json::json!({"id":id,"area":area,"d":DAY,"kind":kind,"n":7,"note":note});
            made.write(&name, &format!("{good}\n{bad}\n"));
        }
        _ => {
            let mut frame = frame(id, area, kind, note);
            let file = std::fs::File::create(made.path().join(&name)).unwrap();
            ParquetWriter::new(file).finish(&mut frame).unwrap();
        }
    }
    name
}

/// One content for each rule, with a word of its message.
const CONTENTS: &[(&str, &str)] = &[
    ("见11010519491231002X号", "identity number"),
    ("110105 19491231 002X", "identity number"),
    ("１１０１０５１９４９１２３１００２Ｘ", "identity number"),
    ("110105491231002", "identity number"),
    ("13800138000", "mobile number"),
    ("+86 138-0013-8000", "mobile number"),
    ("１３８００１３８０００", "mobile number"),
    ("电话 0755-84622222", "landline"),
    ("someone@example.org", "e-mail"),
    ("停着粤B·12345一辆", "number plate"),
    ("粤BD12345", "number plate"),
    ("wxid_madeup123", "messenger account"),
    ("微信号: madeup_88", "messenger account"),
    ("vx：madeup88", "messenger account"),
    ("联系人：王小明", "personal name"),
    ("name: Zhang Sanfeng", "personal name"),
    ("信访件", "petition"),
    ("petitioner", "petition"),
    ("政治面貌不明", "political"),
    ("party member", "political"),
    ("宗教场所", "religious"),
    ("维吾尔族", "ethnic"),
    ("刑满释放人员", "category of persons"),
    ("治安维稳", "public-order stability"),
    ("党纪政纪", "discipline"),
    ("组织人事", "personnel"),
    ("统一战线", "united front"),
    ("党建群团", "party building"),
];

#[test]
fn every_rule_refuses_the_file_in_every_format_and_column() {
    let made = plain();
    for (content, rule) in CONTENTS {
        for format in ["csv", "ndjson", "parquet"] {
            for (column, row) in [
                ("note", ["x", "R1A1", "a", content]),
                ("id", [content, "R1A1", "a", "-"]),
                ("kind", ["x", "R1A1", content, "-"]),
                ("area", ["x", content, "a", "-"]),
            ] {
                let file = write(&made, format, row);
                let engine = made.build();
                let told = lines(engine.site(), &engine.problems);
                let place = format!("{file}:{}:{column}: error:", if format == "csv" { 3 } else { 2 });
                assert!(
                    told.iter().any(|l| l.starts_with(&place) && l.contains(rule)),
                    "{content} in {column} of {format}: {told:?}"
                );
                let shown = shown(&engine, &figures(&engine, day(DAY)), "total", AreaId::ROOT);
                assert_eq!(
                    shown,
                    Shown::Missing,
                    "{content} in {column} of {format}: a row of the file counts"
                );
                let all = format!("{told:?} {:?}", engine.problems);
                assert!(!all.contains(content), "{content} was told by {format}");
            }
        }
    }
}

#[test]
fn a_live_batch_passes_the_same_door() {
    let made = plain();
    write(&made, "csv", ["x", "R1A1", "a", "-"]);
    let engine = made.build();
    let site = engine.site();
    let table = site.table("visits").unwrap();
    let good = admit(site, table, frame("x", "R1A1", "a", "-"), Path::new("live/visits"));
    assert_eq!((good.frame.height(), good.broken.len()), (2, 0), "{:?}", good.problems);
    for (content, rule) in CONTENTS {
        let part = admit(site, table, frame("x", "R1A1", "a", content), Path::new("live/visits"));
        let told = lines(site, &part.problems);
        assert_eq!(part.frame.height(), 0, "{content}");
        assert!(
            told.iter().any(|l| l.starts_with("live/visits:2:note: error:") && l.contains(rule)),
            "{told:?}"
        );
        assert!(!format!("{part:?} {told:?}").contains(content), "{content}");
    }
    // A column that nobody declared, one that lacks, and one of another type refuse the batch as well.
    let mut more = frame("x", "R1A1", "a", "-");
    more.with_column(Column::new("phone".into(), ["1", "2"])).unwrap();
    let less = frame("x", "R1A1", "a", "-").drop("n").unwrap();
    let mut other = frame("x", "R1A1", "a", "-");
    other.with_column(Column::new("n".into(), ["one", "two"])).unwrap();
    for (rows, part) in [(more, "speaks of a person"), (less, "lacks column n"), (other, "has type")] {
        let refused = admit(site, table, rows, Path::new("live/visits"));
        assert_eq!(refused.frame.height(), 0);
        assert!(lines(site, &refused.problems)[0].contains(part), "{:?}", refused.problems);
    }
}

#[test]
fn exact_places_do_not_come_into_tables_about_people() {
    let people = || made("suppress_below = 5", &["p:float?", "q:float?"]);
    let row = |note: &str, p: &str, q: &str| {
        format!("id,area,d,kind,n,note,p,q\ngood,R1A1,{DAY},a,40,,,\nx,R1A1,{DAY},a,70,{note},{p},{q}\n")
    };
    let declared = |made: &Made| {
        // A sentence has no place in such a table: the declaration is made short enough for codes.
        let file = made.path().join("datasets.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(
            &file,
            text.replace("id = \"note\", type = \"text\",", "id = \"note\", type = \"text\", max_len = 30,"),
        )
        .unwrap();
    };
    let told_of = |text: &str| {
        let made = people();
        declared(&made);
        made.write("data/visits.csv", text);
        let engine = made.build();
        lines(engine.site(), &engine.problems)
    };
    let told = told_of(&row("\"114.35123,22.70912\"", "", ""));
    assert!(
        told[0].starts_with("data/visits.csv:3:note: error:") && told[0].contains("exact coordinates"),
        "{told:?}"
    );
    // The top area of the made-up site is a hundredth of a degree wide, from 0, 0.
    let told = told_of(&row("", "0.00423", "0.00512"));
    assert!(
        told[0].starts_with("data/visits.csv:3:p: error:") && told[0].contains("exact coordinates"),
        "{told:?}"
    );
    assert!(told_of(&row("", "12.5", "3.25")).is_empty());
    // A pair with two decimals, where it can only be a point of the site; and two columns of numbers kept as texts.
    let told = told_of(&row("\"0.05,0.01\"", "", "").replace("0.05,0.01", "E 0.01，N 0.01"));
    assert!(
        told.iter().any(|l| l.contains(":3:note: error:") && l.contains("exact coordinates")),
        "{told:?}"
    );
    for note in ["\"80.05,40.01\"", "0.05", "\"1,2\"", "12.50"] {
        assert!(told_of(&row(note, "", "")).is_empty(), "{note}");
    }
    let texts = made("suppress_below = 5", &["p:text?", "q:text?"]);
    let file = texts.path().join("datasets.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("type = \"text\", nullable = true,", "type = \"text\", nullable = true, max_len = 30,"),
    )
    .unwrap();
    for (p, q, is_refused) in
        [("0.00423", "0.00512", true), ("0.5", "0.25", false), ("A1.0", "0.00512", false)]
    {
        texts.write("data/visits.csv", &row("", p, q));
        let engine = texts.build();
        let told = lines(engine.site(), &engine.problems);
        assert_eq!(told.iter().any(|l| l.contains("exact coordinates")), is_refused, "{p} {q}: {told:?}");
    }
    // Where things are counted, a place is no secret.
    let made = made("", &["p:float?", "q:float?"]);
    made.write("data/visits.csv", &row("", "0.00423", "0.00512"));
    assert!(made.build().problems.is_empty());
}

/// Names with no word beside them that would say so. Made up.
const NAMES: [&str; 6] = ["王小明", "李秀英", "张伟", "欧阳志强", "Chen Xiaoming", "刘洋"];
/// Words that begin like a name: places, matters, things.
const WORDS: [&str; 9] =
    ["马峦", "石井", "田头", "龙田", "高新区", "路灯", "Main Road", "Tap Water", "安全检查"];

#[test]
fn a_column_of_names_is_refused_whatever_it_is_called() {
    let made = plain();
    let file = |notes: &[&str]| {
        let rows: String =
            notes.iter().enumerate().map(|(n, note)| format!("k{n},R1A1,{DAY},a,{n},{note}\n")).collect();
        format!("id,area,d,kind,n,note\n{rows}")
    };
    let told_of = |notes: &[&str]| {
        made.write("data/visits.csv", &file(notes));
        let engine = made.build();
        lines(engine.site(), &engine.problems)
    };
    let told = told_of(&NAMES);
    assert_eq!(told.len(), NAMES.len(), "{told:?}");
    assert!(told[0].starts_with("data/visits.csv:2:note: error:") && told[0].contains("personal name"));
    assert!(NAMES.iter().all(|name| told.iter().all(|l| !l.contains(name))), "{told:?}");
    // Most of the different texts are names, some are not; gaps do not count.
    let mixed = [NAMES.as_slice(), &["无", "路灯", "", "", ""]].concat();
    assert_eq!(told_of(&mixed).len(), NAMES.len());
    assert!(told_of(&WORDS).is_empty(), "{:?}", told_of(&WORDS));
    // A few among many: words look like that, too.
    assert!(told_of(&[&NAMES[..2], WORDS.as_slice()].concat()).is_empty());
    // The quick reader of Parquet asks the same.
    std::fs::remove_file(made.path().join("data/visits.csv")).unwrap();
    for (notes, refused) in [(NAMES.as_slice(), NAMES.len()), (&WORDS, 0)] {
        let column = |of: &dyn Fn(usize) -> String| (0..notes.len()).map(of).collect::<Vec<String>>();
        let mut rows = DataFrame::new(
            notes.len(),
            vec![
                Column::new("id".into(), column(&|n| format!("k{n}"))),
                Column::new("area".into(), column(&|_| "R1A1".to_owned())),
                Column::new("d".into(), vec![day(DAY); notes.len()]).cast(&DataType::Date).unwrap(),
                Column::new("kind".into(), column(&|_| "a".to_owned())),
                Column::new("n".into(), vec![7i64; notes.len()]),
                Column::new("note".into(), notes),
            ],
        )
        .unwrap();
        let file = std::fs::File::create(made.path().join("data/visits.parquet")).unwrap();
        ParquetWriter::new(file).finish(&mut rows).unwrap();
        let engine = made.build();
        assert_eq!(lines(engine.site(), &engine.problems).len(), refused);
    }
}

#[test]
fn a_name_alone_in_a_live_row_costs_that_row() {
    let made = plain();
    let site = made.load().unwrap();
    let table = site.table("visits").unwrap();
    for (note, kept) in NAMES.iter().map(|n| (*n, false)).chain(WORDS.iter().map(|w| (*w, true))) {
        let passed =
            onemap::sources::admit::typed(&site, table, frame("x", "R1A1", "a", note), Path::new("live"));
        assert_eq!(passed.kept, [true, kept], "{note}: {:?}", lines(&site, &passed.problems));
    }
}

#[test]
fn a_live_batch_keeps_the_floor_of_time() {
    let made =
        groups("exact", 10, "people = \"groups\", ", "mental_health = \"m\"\nolder_alone = \"o\"\n").unwrap();
    let site = made.load().unwrap();
    let table = site.table("people").unwrap();
    let months = ["2026-05-01", "2026-06-01", "2026-07-01", "2026-07-01"];
    let rows = DataFrame::new(
        4,
        vec![
            Column::new("area".into(), ["R1"; 4]),
            Column::new("m".into(), months.map(day).to_vec()).cast(&DataType::Date).unwrap(),
            Column::new("who".into(), ["mental_health", "mental_health", "mental_health", "older_alone"]),
            Column::new("n".into(), [40i64, 41, 42, 43]),
        ],
    )
    .unwrap();
    let passed = onemap::sources::admit::typed(&site, table, rows, Path::new("live"));
    assert_eq!(passed.kept, [false, true, false, true]);
    let told = lines(&site, &passed.problems);
    assert!(told.len() == 1 && told[0].contains("2 live rows count a quarterly group"), "{told:?}");
}

#[test]
fn a_number_in_a_coded_column_is_still_a_number() {
    let made = made("", &["grade:int:kind"]);
    made.write("data/visits.csv", &format!("id,area,d,kind,n,note,grade\nx,R1A1,{DAY},a,7,,13800138000\n"));
    let engine = made.build();
    let told = lines(engine.site(), &engine.problems);
    assert!(told[0].starts_with("data/visits.csv:2:grade: error:"), "{told:?}");
    assert!(told[0].contains("mobile number") && !told[0].contains("13800138000"), "{told:?}");
}

#[test]
fn numbers_without_a_unit_may_be_anybodys() {
    let made = plain();
    for (n, rule) in [("13800138000", "mobile number"), ("110105194912310021", "")] {
        made.write("data/visits.csv", &format!("id,area,d,kind,n,note\nx,R1A1,{DAY},a,{n},\n"));
        let engine = made.build();
        let told = lines(engine.site(), &engine.problems);
        assert_eq!(told.is_empty(), rule.is_empty(), "{n}: {told:?}");
        assert!(told.iter().all(|l| l.contains(rule) && !l.contains(n)), "{told:?}");
    }
}

/// What a declaration is refused for: the change to the table, and a word of the message.
#[test]
fn declarations_that_the_door_refuses() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("suppress_below = 5", &[], "is free text"),
        ("suppress_below = 5", &["gps:text?"], "never accepted"),
        ("suppress_below = 5", &["site_lon:float?"], "never accepted"),
        ("", &["contact_name:text?"], "never accepted"),
        ("", &["chepai:text?"], "never accepted"),
        ("", &["政治面貌:text?"], "never accepted"),
        ("", &["suppressed:bool"], "no suppress_below"),
    ];
    for (extra, more, part) in cases {
        let told: Vec<String> = match made(extra, more).load() {
            Ok(_) => Vec::new(),
            Err(problems) => said(&problems),
        };
        assert!(
            told.iter().any(|l| l.starts_with("datasets.toml:") && l.contains(part)),
            "{extra} {more:?}: {told:?}"
        );
    }
    // A list that names a category, by its code or by its name in either language, refuses the site.
    for (code, zh, en, rule) in [
        ("petition", "甲", "A", "petition"),
        ("x", "统一战线", "A", "united front"),
        ("x", "甲", "Party building", "party building"),
        ("x", "甲", "Ethnic minority", "ethnic"),
        ("x", "联系人：王小明", "A", "personal name"),
    ] {
        let made = plain();
        for (lang, name) in [("zh", zh), ("en", en)] {
            let file = made.path().join(format!("messages/{lang}.toml"));
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, format!("{text}[code.matter]\n{code} = \"{name}\"\n")).unwrap();
        }
        let told = said(&made.load().unwrap_err());
        assert!(
            told.iter().any(|l| l.starts_with("messages/")
                && l.contains(":13:")
                && l.contains("[code.matter]")
                && l.contains(rule)),
            "{code} {zh} {en}: {told:?}"
        );
        assert!(told.iter().all(|l| !l.contains("王小明")));
    }
}

fn groups(rollup: &str, below: u32, people: &str, codes: &str) -> Result<Made, Vec<String>> {
    let columns = ["area:area", "m:month", "who:text:who", "n:int"];
    let extra = format!("suppress_below = {below}");
    let table = Declared {
        id: "people",
        refresh: "monthly",
        time_column: "m",
        rollup,
        absent_row: "gap",
        extra: &extra,
        columns: &columns,
    };
    let toml = table
        .toml()
        .replace("people = \"other\", ", people)
        .replace("key = [\"id\"]", "key = [\"m\", \"area\", \"who\"]");
    let line = Line::new("total", "people", "sum(n)", "", "latest month");
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &toml,
        indicators: &format!("{}people = \"aggregate_sensitive\"\nsuppress_below = 10\n", line.toml()),
        home: "total",
        events: false,
    });
    for lang in ["zh", "en"] {
        let file = made.path().join(format!("messages/{lang}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}[code.who]\n{codes}")).unwrap();
    }
    match made.load() {
        Ok(_) => Ok(made),
        Err(problems) => Err(said(&problems)),
    }
}

#[test]
fn the_closed_list_binds_every_list_of_groups() {
    let codes = "mental_health = \"m\"\nolder_alone = \"o\"\n";
    let says = |result: Result<Made, Vec<String>>, part: &str| {
        let told = result.err().unwrap_or_default();
        assert!(told.iter().any(|l| l.contains(part)), "{part}: {told:?}");
    };
    assert!(groups("exact", 10, "people = \"groups\", ", codes).is_ok());
    says(groups("exact", 10, "people = \"groups\", ", "smokers = \"s\"\n"), "closed list");
    says(groups("exact", 10, "", codes), "must say people");
    says(groups("exact", 9, "people = \"groups\", ", codes), "suppress_below of at least 10");
    says(groups("sum", 10, "people = \"groups\", ", codes), "rollup = \"exact\"");
}

#[test]
fn a_quarterly_group_tells_one_count_a_quarter() {
    let codes = "mental_health = \"m\"\nolder_alone = \"o\"\n";
    for people in ["people = \"groups\", ", "people = \"other\", "] {
        let made = groups("exact", 10, people, codes).unwrap();
        let row = |m: &str, who: &str, n: u32| format!("R1,{m},{who},{n}\n");
        // March's count stands in April and May; June is a new quarter's.
        let fine: String = [("2026-03", 40), ("2026-04", 40), ("2026-05", 40), ("2026-06", 55)]
            .iter()
            .map(|(m, n)| row(m, "mental_health", *n) + &row(m, "older_alone", 100 + n * 3))
            .collect();
        let header = "area,m,who,n\n";
        made.write("data/people.csv", &format!("{header}{fine}"));
        let engine = made.build();
        assert!(engine.problems.is_empty(), "{:?}", lines(engine.site(), &engine.problems));
        let bad = fine.replace("2026-05,mental_health,40", "2026-05,mental_health,41");
        made.write("data/people.csv", &format!("{header}{bad}"));
        let engine = made.build();
        let told = lines(engine.site(), &engine.problems);
        assert!(
            told.len() == 1 && told[0].contains("1 row changes the count of a quarterly group"),
            "{told:?}"
        );
        assert_eq!((engine.sources(0)[0].rows, engine.sources(0)[0].refused), (7, 1));
    }
}

/// Events about persons or disputes carry an area; a point costs the row.
#[test]
fn only_events_about_objects_carry_a_point() {
    let line = Line::new("total", "job", "count(*)", "", "cumulative");
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &EVENTS_TABLE.toml(),
        indicators: &line.toml(),
        home: "total",
        events: true,
    });
    let header = "id,area,kind,n,state,ts,due_ts,done_ts,drill,lng,lat\n";
    let row = |id: &str, kind: &str, place: &str| {
        format!("{id},R1A1,{kind},1,new,1795370000,1795870000,,0,{place}\n")
    };
    let text = [
        row("o", "a", "0.011,0.001"),
        row("p", "b", "0.011,0.001"),
        row("q", "b", ","),
        row("r", "b", ",0.001"),
    ];
    made.write("data/job.csv", &format!("{header}{}", text.concat()));
    // Without a list of kinds that are objects, none is.
    for (kinds, left) in [("", 1), ("object_kinds = [\"a\"]\n", 2)] {
        let file = made.path().join("site.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let marker = "open_statuses = [\"new\"]\n";
        std::fs::write(&file, text.replace(marker, &format!("{marker}{kinds}"))).unwrap();
        let engine = made.build();
        let told = lines(engine.site(), &engine.problems);
        assert!(told.len() == 1 && told[0].contains("not about objects"), "{told:?}");
        assert_eq!(engine.sources(0)[0].rows, left, "{told:?}");
    }
}

/// Everything the program says about files with a secret in them, wherever it stands.
#[test]
fn nothing_of_a_refused_content_is_told() {
    const SECRET: &str = "13800138000";
    const NAME: &str = "王小明";
    let secret = format!("{NAME} {SECRET}");
    let header = "id,area,d,kind,n,note\n";
    let good = format!("good,R1A1,{DAY},a,40,\n");
    let files: &[(&str, String)] = &[
        ("visits.csv", format!("{header}{good}x,R1A1,{DAY},a,7,{secret}\n")),
        ("visits.csv", format!("{header}{good}x,R1A1,{DAY},a,{secret},\n")),
        ("visits.csv", format!("{header}{good}x,R1A1,{secret},a,7,\n")),
        ("visits.csv", format!("{header}{good}x,R1A1,{DAY},{secret},7,\n")),
        // No heading: the first row would be taken for names of columns.
        ("visits.csv", format!("x,R1A1,{DAY},a,7,{secret}\n")),
        ("visits.csv", format!("id,area,d,kind,n,note,{secret}\n{good}")),
        ("visits.csv", format!("{header}{good}x,R1A1,{DAY},a,7,{secret},{secret},{secret}\n")),
        ("visits.csv", format!("{header}\"{secret}\n")),
        ("visits.ndjson", format!("\"{secret}\"\n")),
        ("visits.ndjson", format!("{{\"id\":\"{secret}\"\n")),
        ("visits.ndjson", format!("{{\"{secret}\":1}}\n")),
        (
            "visits.ndjson",
            format!(
                "{{\"id\":[\"{secret}\"],\"area\":\"R1A1\",\"d\":\"{DAY}\",\"kind\":\"a\",\"n\":7,\"note\":null}}\n"
            ),
        ),
        (
            "visits.ndjson",
            format!(
                "{{\"id\":\"x\",\"area\":\"R1A1\",\"d\":\"{DAY}\",\"kind\":\"a\",\"n\":\"{secret}\",\"note\":null}}\n"
            ),
        ),
        ("visits.parquet", format!("PAR1{secret}PAR1")),
        (&format!("visits/{SECRET}.csv"), format!("{header}{good}")),
    ];
    for (name, text) in files {
        let made = plain();
        made.write(&format!("data/{name}"), text);
        let state = tempfile::tempdir().unwrap();
        let site = made.path().to_str().unwrap();
        for arguments in [
            vec!["check", "--lang", "en", "--site", site],
            vec!["check", "--lang", "zh", "--site", site],
            vec!["compute", "--site", site],
            vec!["compute", "--format", "json", "--site", site],
        ] {
            let mut program = program();
            let ran = Ran::of(
                program.args(&arguments).env("RUST_LOG", "trace").env("XDG_STATE_HOME", state.path()),
            );
            let said = ran.out + &ran.err;
            assert!(!said.contains(SECRET) && !said.contains(NAME), "{name} {arguments:?}: {said}");
            assert_eq!(ran.code, i32::from(arguments[0] == "check"), "{name} {text}: {said}");
        }
        let kept = everything_in(state.path());
        assert!(!kept.is_empty(), "{name} {text}: no record");
        for (path, bytes) in kept {
            let text = String::from_utf8_lossy(&bytes).into_owned() + &path;
            assert!(!text.contains(SECRET) && !text.contains(NAME), "{name} is in {path}");
        }
        // Nor in what a panic or a log would print of the engine.
        let engine = made.build();
        let all = format!("{engine:?} {:?}", engine.problems);
        assert!(!all.contains(SECRET) && !all.contains(NAME), "{name}");
    }
}

/// Findings of a site that cannot be opened, as lines.
fn said(problems: &[Problem]) -> Vec<String> {
    let messages = Messages::built_in(Lang::En);
    problems.iter().map(|p| p.line(&messages)).collect()
}

fn everything_in(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().map(Result::unwrap) {
        if entry.path().is_dir() {
            out.extend(everything_in(&entry.path()));
        } else {
            out.insert(entry.path().display().to_string(), std::fs::read(entry.path()).unwrap());
        }
    }
    out
}

#[test]
fn both_sites_pass_the_door_untouched() {
    for engine in [sample(), tiny()] {
        assert!(engine.problems.is_empty(), "{:?}", lines(engine.site(), &engine.problems));
        let sources = engine.sources(0);
        assert!(sources.iter().all(|s| s.refused == 0 && s.held.is_none()), "{sources:?}");
    }
}

/// An identity number with a valid check digit, of no person: the region exists nowhere.
fn identity() -> impl Strategy<Value = String> {
    (100_000u32..999_999, 1900u32..2025, 1u32..=12, 1u32..=28, 0u32..1000).prop_map(|(place, y, m, d, n)| {
        let digits = format!("{place:06}{y:04}{m:02}{d:02}{n:03}");
        let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = digits.bytes().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum();
        format!("{digits}{}", "10X98765432".as_bytes()[(sum % 11) as usize] as char)
    })
}

fn mobile() -> impl Strategy<Value = String> {
    (13_000_000_000u64..20_000_000_000).prop_map(|n| n.to_string())
}

/// The number as people write it: with spaces or hyphens, or in full-width characters.
fn written(number: &str, way: u8) -> String {
    let parts = |at: &[usize], separator: &str| {
        let mut out = String::new();
        for (i, c) in number.chars().enumerate() {
            if at.contains(&i) {
                out.push_str(separator);
            }
            out.push(c);
        }
        out
    };
    let places: &[usize] = if number.len() == 11 { &[3, 7] } else { &[6, 14] };
    match way % 5 {
        0 => number.to_owned(),
        1 => parts(places, " "),
        2 => parts(places, "-"),
        3 => number.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
        _ if number.len() == 11 => format!("+86{number}"),
        _ => parts(places, "\u{200b}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_number_of_a_person_survives(
        number in prop_oneof![identity(), mobile()],
        way in 0u8..5,
        before in "[a-zA-Z\u{4e00}-\u{9fa5}:,，。 ]{0,12}",
        after in "[a-wyzA-WYZ\u{4e00}-\u{9fa5}:,，。 ]{0,12}",
        column in 0usize..4,
    ) {
        // Behind a gap another number would be no part of this one; letters right before it hide nothing.
        let text = format!("{before}{}{after}", written(&number, way));
        let site = sample_of_plain();
        let table = site.table("visits").unwrap();
        let mut row = ["x", "R1A1", "a", "-"];
        row[column] = &text;
        let part = admit(&site, table, frame(row[0], row[1], row[2], row[3]), Path::new("live/visits"));
        prop_assert_eq!(part.frame.height(), 0, "{} came in", text);
        let told = format!("{part:?} {:?}", part.problems);
        prop_assert!(!told.contains(&number), "{}", told);
    }
}

fn sample_of_plain() -> std::sync::Arc<onemap::site::Site> {
    static SITE: std::sync::OnceLock<std::sync::Arc<onemap::site::Site>> = std::sync::OnceLock::new();
    SITE.get_or_init(|| plain().load().unwrap()).clone()
}
