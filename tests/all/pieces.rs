//! Tables in pieces: row groups and parts in any order and with any repeated key give the figures of one plain file
//! with the last row of each key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;

use onemap::privacy::shown::Shown;
use polars::prelude::*;
use proptest::prelude::*;

use crate::common::{self, AREAS, Declared, Line, Made, Recipe, close, day, figures, shown};

#[derive(Clone, Debug)]
struct Row {
    day: i32,
    key: u16,
    area: usize,
    kind: Option<usize>,
    n: Option<i64>,
    x: Option<f64>,
    flag: bool,
}

const KINDS: [&str; 3] = ["a", "b", "c"];

fn made() -> Made {
    let table = Declared {
        id: "t",
        refresh: "daily",
        time_column: "d",
        rollup: "sum",
        absent_row: "zero",
        extra: "",
        columns: &[
            "d:date",
            "id:text",
            "area:area",
            "kind:text:kind?",
            "n:int?",
            "x:float?",
            "flag:bool",
            "note:text?",
            "m:int?",
        ],
    };
    let datasets = table.toml().replace("key = [\"id\"]", "key = [\"d\", \"id\"]");
    let lines: String = [
        ("count(*)", "", "cumulative"),
        ("sum(n)", "kind='a' OR x>2", "trailing 7 days"),
        ("sum(x)", "flag=1", "cumulative"),
        ("count(DISTINCT kind)", "", "cumulative"),
        ("median(x)", "n IS NOT NULL", "trailing 30 days"),
        ("count(*)", "kind IS NULL", "now"),
    ]
    .iter()
    .enumerate()
    .map(|(i, (expr, filter, window))| Line::new(&format!("i{i}"), "t", expr, filter, window).toml())
    .collect();
    Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &datasets,
        indicators: &lines,
        home: "i0",
        events: false,
    })
}

fn frame(rows: &[Row]) -> DataFrame {
    let days: Vec<i32> = rows.iter().map(|r| day("2026-03-01") + r.day).collect();
    let columns = vec![
        Column::new("d".into(), days).cast(&DataType::Date).unwrap(),
        Column::new("id".into(), rows.iter().map(|r| format!("k{}", r.key)).collect::<Vec<_>>()),
        Column::new("area".into(), rows.iter().map(|r| AREAS[r.area]).collect::<Vec<_>>()),
        Column::new("kind".into(), rows.iter().map(|r| r.kind.map(|k| KINDS[k])).collect::<Vec<_>>()),
        Column::new("n".into(), rows.iter().map(|r| r.n).collect::<Vec<_>>()),
        Column::new("x".into(), rows.iter().map(|r| r.x).collect::<Vec<_>>()),
        Column::new("flag".into(), rows.iter().map(|r| r.flag).collect::<Vec<_>>()),
        // Of these nothing is counted; the door looks at them all the same.
        Column::new("note".into(), rows.iter().map(|r| note(r.key)).collect::<Vec<_>>()),
        Column::new("m".into(), rows.iter().map(|r| r.n.filter(|_| r.key % 2 == 1)).collect::<Vec<_>>()),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

fn note(key: u16) -> Option<String> {
    (!key.is_multiple_of(3)).then(|| format!("n-{key}"))
}

fn text(rows: impl Iterator<Item = Row>) -> String {
    let mut text = "d,id,area,kind,n,x,flag,note,m\n".to_owned();
    let opt = |v: Option<String>| v.unwrap_or_default();
    for r in rows {
        let date = onemap::site::civil::date_of(day("2026-03-01") + r.day);
        let (n, x) = (opt(r.n.map(|n| n.to_string())), opt(r.x.map(|x| x.to_string())));
        let kind = r.kind.map_or("", |k| KINDS[k]);
        let (note, m) = (note(r.key).unwrap_or_default(), if r.key % 2 == 1 { n.as_str() } else { "" });
        let (key, area, flag) = (r.key, AREAS[r.area], u8::from(r.flag));
        let _ = writeln!(text, "{date},k{key},{area},{kind},{n},{x},{flag},{note},{m}");
    }
    text
}

fn row() -> impl Strategy<Value = Row> {
    (
        0i32..12,
        0u16..25,
        0..AREAS.len(),
        prop::option::of(0usize..3),
        prop::option::of(0i64..6),
        prop::option::of(0u8..20),
        any::<bool>(),
    )
        .prop_map(|(day, key, area, kind, n, x, flag)| Row {
            day,
            key,
            area,
            kind,
            n,
            x: x.map(|x| f64::from(x) / 4.0),
            flag,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_equal_one_plain_file(
        parts in prop::collection::vec((prop::collection::vec(row(), 1..60), any::<bool>(), any::<bool>()), 1..4),
        group in 1usize..40,
        packed in any::<bool>(),
    ) {
        let (pieces, plain) = (made(), made());
        let mut last: BTreeMap<(i32, u16), Row> = BTreeMap::new();
        std::fs::create_dir_all(pieces.path().join("data/t")).unwrap();
        for (number, (rows, by_day, statistics)) in parts.iter().enumerate() {
            let mut rows = rows.clone();
            // Sorted files have row groups that touch at a day, others reach over each other.
            if *by_day {
                rows.sort_by_key(|r| r.day);
            }
            for row in &rows {
                last.insert((row.day, row.key), row.clone());
            }
            let file = File::create(pieces.path().join(format!("data/t/{number:03}.parquet"))).unwrap();
            let statistics = if *statistics { StatisticsOptions::default() } else { StatisticsOptions::empty() };
            ParquetWriter::new(file)
                .with_compression(if packed { ParquetCompression::Zstd(None) } else { ParquetCompression::Uncompressed })
                .with_row_group_size(Some(group))
                .with_statistics(statistics)
                .finish(&mut frame(&rows))
                .unwrap();
        }
        plain.write("data/t.csv", &text(last.into_values()));
        let (a, b) = (pieces.build(), plain.build());
        prop_assert!(b.problems.is_empty());
        prop_assert_eq!(a.rows(), b.rows());
        for on in ["2026-03-01", "2026-03-05", "2026-03-12", "2026-04-02"] {
            let (one, two) = (figures(&a, day(on)), figures(&b, day(on)));
            for i in 0..6 {
                for code in AREAS.iter().filter(|a| a.len() <= 4) {
                    let at = common::area(&a, code);
                    let id = format!("i{i}");
                    let pair = (shown(&a, &one, &id, at), shown(&b, &two, &id, at));
                    let same = match pair {
                        (Shown::Value(x), Shown::Value(y)) => close(x, y),
                        (x, y) => x == y,
                    };
                    prop_assert!(same, "{} at {} on {}: {:?}", id, code, on, pair);
                }
            }
        }
    }
}

/// A file that ends too early or says nonsense is told; nothing stops.
#[test]
fn a_broken_file_is_told_and_nothing_stops() {
    let rows: Vec<Row> = (0..200)
        .map(|i| Row { day: i / 20, key: i as u16, area: 1, kind: Some(0), n: Some(1), x: None, flag: true })
        .collect();
    let made = made();
    let path = made.path().join("data/t.parquet");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    ParquetWriter::new(File::create(&path).unwrap())
        .with_row_group_size(Some(50))
        .finish(&mut frame(&rows))
        .unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let engine = made.build();
    assert_eq!(engine.rows(), 0);
    assert!(engine.problems.iter().any(|p| p.file.ends_with("t.parquet")), "{:?}", engine.problems);
}

/// The same rows as row groups and as texts: one bad value in a later row group refuses what it refuses as texts.
#[test]
fn a_bad_value_in_a_later_row_group_is_refused_as_in_a_file_of_texts() {
    let plain: Vec<Row> = (0..200)
        .map(|i| Row { day: i / 20, key: i as u16, area: 1, kind: Some(0), n: Some(1), x: None, flag: true })
        .collect();
    let with = |column: &str, value: &str, kept: u64| {
        let mut whole = frame(&plain);
        let texts = whole.column(column).unwrap().cast(&DataType::String).unwrap();
        let texts: Vec<Option<String>> = texts
            .str()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(row, text)| if row == 160 { Some(value.to_owned()) } else { text.map(str::to_owned) })
            .collect();
        let kind = whole.column(column).unwrap().dtype().clone();
        whole.with_column(Column::new(column.into(), texts).strict_cast(&kind).unwrap()).unwrap();
        let (pieces, texts) = (made(), made());
        for made in [&pieces, &texts] {
            // Another file of the table stays what it was.
            made.write("data/t/000.csv", "d,id,area,kind,n,x,flag,note,m\n2026-03-01,other,R1A1,a,7,,1,,\n");
        }
        let file = File::create(pieces.path().join("data/t/001.parquet")).unwrap();
        ParquetWriter::new(file).with_row_group_size(Some(50)).finish(&mut whole).unwrap();
        let file = File::create(texts.path().join("data/t/001.csv")).unwrap();
        let flags = whole.column("flag").unwrap().cast(&DataType::Int64).unwrap();
        whole.with_column(flags).unwrap();
        CsvWriter::new(file).finish(&mut whole).unwrap();
        let (a, b) = (pieces.build(), texts.build());
        let told = |engine: &onemap::engine::Engine, header: usize| -> Vec<_> {
            let of_file = engine.problems.iter().filter(|p| p.file.to_string_lossy().contains("001"));
            of_file.map(|p| (p.row.map(|row| row - header), p.column.clone(), p.severity)).collect()
        };
        assert_eq!(told(&a, 0), told(&b, 1), "{column}");
        assert!(told(&a, 0).iter().any(|(row, ..)| *row == Some(161)), "{:?}", a.problems);
        let state = |engine: &onemap::engine::Engine| {
            let source = &engine.sources(i64::from(day("2026-04-01")) * 86_400)[0];
            (source.rows, source.refused, source.held.is_some(), source.late)
        };
        assert_eq!(state(&a), state(&b), "{column}");
        assert_eq!(a.rows(), kept, "{column}");
    };
    // A content that may not come in refuses the file; an unknown code costs its row.
    with("id", "13800138000", 1);
    with("n", "13800138000", 1);
    with("note", "13800138000", 1);
    with("m", "13800138000", 1);
    with("kind", "q", 200);
}
