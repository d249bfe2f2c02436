//! A watched folder: files of offices in their encodings, forms and headers; complete ones only, each once.

use std::time::Duration;

use polars::prelude::*;

use crate::common::Made;
use crate::feeds::{ONE, site};
use crate::wall::Wall;

pub(crate) fn made() -> Made {
    let made = site(ONE);
    std::fs::create_dir_all(made.path().join("inbox")).unwrap();
    // What a person calls the columns.
    let datasets = std::fs::read_to_string(made.path().join("datasets.toml")).unwrap();
    let named = [
        ("id", "编号"),
        ("area", "所属片区"),
        ("n", "数量"),
        ("ts", "受理时间"),
        ("kind", "类别"),
        ("mark", "日期"),
        ("ratio", "占比"),
        ("ok", "是否办结"),
    ];
    let datasets = named.iter().fold(datasets, |text, (id, zh)| {
        text.replace(
            &format!("zh = \"{id}\", en = \"{id}\" }},"),
            &format!("zh = \"{zh}\", en = \"{id}\" }},"),
        )
    });
    made.write("datasets.toml", &datasets);
    for lang in ["zh", "en"] {
        let file = format!("messages/{lang}.toml");
        let text = std::fs::read_to_string(made.path().join(&file)).unwrap();
        made.write(&file, &text.replace("a = \"a\"", "a = \"噪声\""));
    }
    made
}

pub(crate) fn put(made: &Made, name: &str, bytes: &[u8]) {
    std::fs::write(made.path().join("inbox").join(name), bytes).unwrap();
}

const OFFICE: &str = "编号,所属片区,数量,受理时间,类别,日期,占比,是否办结\n\
    k1,R1A1,１２,2026年11月23日 10时31分,噪声,2025年9月8日,0.5,是\n\
    k2,Ｒ１Ａ２,\"1,234\",2026/11/23 10:31,a,20250908,,否\n\
    k3,R1A1,7,46349.4375,噪声,45908,,\n";

#[test]
fn files_of_offices_are_read_in_every_encoding() {
    let made = made();
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let sum = 12 + 1234 + 7;
    let other = |text: &str, to: &str| {
        text.replace("k1", &format!("{to}1"))
            .replace("k2", &format!("{to}2"))
            .replace("k3", &format!("{to}3"))
    };
    let gbk = encoding_rs::GBK.encode(&other(OFFICE, "g")).0.into_owned();
    put(&made, "job.csv", OFFICE.as_bytes());
    put(&made, "job-gbk.csv", &gbk);
    put(&made, "job_bom.CSV", format!("\u{feff}{}", other(OFFICE, "b").replace('\n', "\r\n")).as_bytes());
    put(&made, "job-four.csv", &encoding_rs::GB18030.encode(&other(OFFICE, "𠮷")).0);
    // Not ours, or not yet: other names, parts, hidden files.
    for name in ["jobless.csv", "other.csv", "job.csv.part", ".job.csv", "job.doc"] {
        put(&made, name, OFFICE.replace('k', "z").as_bytes());
    }
    wall.wait("four files", 12, sum * 4);
    wall.wait_live();
    crate::feeds::wait_for("twelve rows in the state", || wall.feed().rows == 12);
    assert_eq!(wall.feed().refused, 0);
    // Replaced: the same rows with other values; once.
    put(&made, "job.csv", OFFICE.replace(",7,", ",8,").as_bytes());
    wall.wait("the replaced file", 12, sum * 4 + 1);
    drop(wall);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(wall.counted(), (12, sum * 4 + 1));
    assert_eq!(wall.feed().rows, 0, "files that were read were read again");
}

#[test]
fn bad_rows_cost_themselves_and_a_bad_column_the_file() {
    crate::feeds::listen();
    let made = made();
    let mut wall = Wall::start(&made);
    let rows = "r1,R1A1,1,1795334400,a,,,\nr2,R9,1,1795334400,a,,,\nr3,R1A1,x,1795334400,a,,,\nr4,R1A1,1,tomorrow,a,,,\nr5,R1A1\n\
        r6,R1A1,1,1795334400,zz,,,\nr7,R1A1,1,1795334400,a,2025-02-30,,\n13800138000,R1A1,1,1795334400,a,,,\nr9,R1A1,1,1795334400,a,,,\n";
    put(&made, "job-1.csv", format!("id,area,n,ts,kind,mark,ratio,ok\n{rows}").as_bytes());
    wall.wait("two good rows", 2, 2);
    wall.wait_live();
    assert_eq!(wall.feed().refused, 7);
    // Each is told by file, line and column, and what one holds that speaks of a person is not.
    let heard = crate::feeds::heard();
    for place in ["3:area", "4:n", "5:ts", "6:1", "7:kind", "8:mark", "9:id"] {
        assert!(heard.contains(&format!("one/job-1.csv:{place}: ")), "{place} is not told: {heard}");
    }
    assert!(!heard.contains("13800138000"));
    // A column that speaks of a person, and one that nobody declared: no row of these comes in.
    for (name, header) in [("job-2.csv", "手机号"), ("job-3.csv", "备注")] {
        put(
            &made,
            name,
            format!("id,area,n,ts,kind,mark,ratio,ok,{header}\nq,R1A1,1,1795334400,a,,,,x\n").as_bytes(),
        );
    }
    crate::feeds::wait_for("both refused", || wall.feed().refused >= 9);
    assert_eq!(wall.counted(), (2, 2));
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(made.path().join("state")).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(!bytes.windows(11).any(|w| w == b"13800138000"));
}

#[test]
fn other_forms_are_read() {
    let made = made();
    let mut wall = Wall::start(&made);
    put(
        &made,
        "job.ndjson",
        b"{\"id\":\"n1\",\"area\":\"R1A1\",\"n\":1,\"ts\":1795334400,\"kind\":\"a\"}\nnot json\n{\"id\":\"n2\",\"area\":\"R1A1\",\"n\":2,\"ts\":\"2026-11-23T10:31:00+08:00\",\"kind\":\"a\"}\n",
    );
    put(
        &made,
        "job.geojson",
        br#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":{"id":"f1","area":"R1A1","n":4,"ts":1795334400,"kind":"a"}}]}"#,
    );
    let mut frame = crate::feeds::rows(&[("p1".to_owned(), 8), ("p2".to_owned(), 16)]);
    ParquetWriter::new(std::fs::File::create(made.path().join("inbox/job.parquet")).unwrap())
        .finish(&mut frame)
        .unwrap();
    wall.wait("three forms", 5, 31);
    wall.wait_live();
    assert_eq!(wall.feed().refused, 1);
    put(&made, "job.xlsx", &workbook());
    wall.wait("a workbook", 7, 31 + 32 + 64);
}

/// More rows than one piece holds, a bad one behind the first piece: it is told by its own row.
#[test]
fn a_long_parquet_file_comes_in_pieces_with_its_rows() {
    crate::feeds::listen();
    let made = made();
    let mut wall = Wall::start(&made);
    let area = |n: usize| if n == 24_000 { "R9" } else { "R1A1" };
    let mut frame = crate::feeds::rows(&(0..25_000).map(|n| (format!("p{n}"), 1)).collect::<Vec<_>>());
    let areas: Vec<&str> = (0..25_000).map(area).collect();
    frame.with_column(Column::new("area".into(), areas)).unwrap();
    ParquetWriter::new(std::fs::File::create(made.path().join("inbox/job-long.parquet")).unwrap())
        .finish(&mut frame)
        .unwrap();
    wall.wait("all but one", 24_999, 24_999);
    wall.wait_live();
    assert_eq!(wall.feed().refused, 1);
    let heard = crate::feeds::heard();
    assert!(heard.contains("one/job-long.parquet:24001:area: "), "{heard}");
}

/// A minimal workbook: headers and two rows, with a serial date, a number and a truth.
fn workbook() -> Vec<u8> {
    include_bytes!("../files/job.xlsx").to_vec()
}

#[test]
fn a_file_that_grows_is_waited_for() {
    let made = made();
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let path = made.path().join("inbox/job-slow.csv");
    std::fs::write(&path, "id,area,n,ts,kind,mark,ratio,ok\n").unwrap();
    for n in 0..12 {
        use std::io::Write as _;
        std::thread::sleep(Duration::from_millis(100));
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        writeln!(file, "s{n},R1A1,1,1795334400,a,,,").unwrap();
        assert_eq!(wall.counted(), (0, 0), "read before it was complete");
    }
    wall.wait("the complete file", 12, 12);
    // Moved into place at once, as a careful program does.
    let part = made.path().join("inbox/.part");
    std::fs::write(&part, "id,area,n,ts,kind\nm1,R1A1,1,1795334400,a\n").unwrap();
    std::fs::rename(&part, made.path().join("inbox/job-moved.csv")).unwrap();
    wall.wait("the moved file", 13, 13);
}

#[test]
fn a_folder_that_is_not_there_is_told_and_tried_again() {
    let made = made();
    std::fs::remove_dir(made.path().join("inbox")).unwrap();
    let mut wall = Wall::start(&made);
    wall.wait_failed();
    std::fs::create_dir(made.path().join("inbox")).unwrap();
    wall.wait_live();
}

/// Records of residents' appeals in both shapes: only what is on the program's list is read.
#[test]
fn appeals_come_in_without_text_and_without_five_kinds() {
    let declared = format!(
        "{ONE}[source.folder.appeals]\ncolumns = {{ id = \"id\", area = \"area\", category = \"kind\", opened = \"ts\", closed = \"mark\" }}\nfixed = {{ n = \"1\" }}\n"
    );
    let made = made();
    made.write("sources.toml", &declared);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let secret = "王某某反映楼上噪声";
    let header = "REC_ID,CREATE_TIME,ARCHIVE_TIME,COMMUNITY_ID,COMMUNITY_NAME,EVENT_TYPE_NAME,SUB_TYPE_NAME,OCCUR_PLACE,ADDRESS,TAGS";
    let record = |id: &str, kind: &str, sub: &str, code: &str, name: &str| {
        format!("{id},2026/11/23 10:31,2026-11-23,{code},{name},{kind},{sub},{secret},幸福路1号,\n")
    };
    let mut text = format!("{header}\n");
    text.push_str(&record("a1", "噪声", "", "R1A1", "R1A1"));
    text.push_str(&record("a2", "噪声", "", "", "R1A2"));
    text.push_str(&record("a3", "噪声", "", "R1A3", ""));
    for (n, kind) in ["治安维稳", "党纪政纪", "组织人事", "统一战线", "党建群团"].iter().enumerate()
    {
        text.push_str(&record(&format!("x{n}"), kind, "", "R1A1", ""));
        text.push_str(&record(&format!("y{n}"), "噪声", kind, "R1A1", ""));
    }
    // A kind that is on no list, an area that contradicts its name, one that is not there.
    text.push_str(&record("b1", "不明", "", "R1A1", ""));
    text.push_str(&record("b2", "噪声", "", "R1A1", "R1A2"));
    text.push_str(&record("b3", "噪声", "", "R9", ""));
    put(&made, "job-2026.csv", &encoding_rs::GBK.encode(&text).0);
    wall.wait("three records", 3, 3);
    crate::feeds::wait_for("all counted", || wall.feed().excluded == 10 && wall.feed().refused == 3);
    assert_eq!(wall.feed().dropped, 16 * 2, "two texts in each of sixteen records");
    // A point becomes the area around it and goes no further.
    put(
        &made,
        "job-311.json",
        r#"[{"service_request_id":"s1","status":"closed","service_code":"a","requested_datetime":"2026-11-23T10:31:00+08:00",
            "updated_datetime":"2026-11-24T09:00:00+08:00","lat":0.005,"long":0.0123456,"description":"王某某反映楼上噪声","address":"幸福路1号"},
           {"service_request_id":"s2","status":"open","service_name":"治安维稳","requested_datetime":"2026-11-23T10:31:00+08:00","lat":0.005,"long":0.015}]"#
            .as_bytes(),
    );
    wall.wait("one more", 4, 4);
    crate::feeds::wait_for("the excluded one", || wall.feed().excluded == 11);
    let county = wall.count_at("R1A1");
    assert_eq!(county, 3, "the row of the file, a1 and s1");
    drop(wall);
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(made.path().join("state")).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for text in [secret, "幸福路", "治安维稳", "0.0123456"] {
        assert!(!bytes.windows(text.len()).any(|w| w == text.as_bytes()), "{text} is in the journal");
    }
}

#[test]
fn an_identity_number_costs_its_row_and_is_nowhere() {
    use crate::feeds::{IDENTITY, assert_nowhere, listen};
    listen();
    let made = made();
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let rows: String = (0..100)
        .map(|n| if n == 33 { IDENTITY.to_owned() } else { format!("c{n}") })
        .map(|id| format!("{id},R1A1,1,1795334400,a,,,\n"))
        .collect();
    put(&made, "job-1.csv", format!("id,area,n,ts,kind,mark,ratio,ok\n{rows}").as_bytes());
    let id = |n: usize| if n == 70 { IDENTITY.to_owned() } else { format!("p{n}") };
    let mut frame = crate::feeds::rows(&(0..100).map(|n| (id(n), 1)).collect::<Vec<_>>());
    ParquetWriter::new(std::fs::File::create(made.path().join("inbox/job-2.parquet")).unwrap())
        .finish(&mut frame)
        .unwrap();
    wall.wait("the good ones", 198, 198);
    crate::feeds::wait_for("both refused", || (wall.feed().rows, wall.feed().refused) == (198, 2));
    // A file whose name says it, and a header that does.
    put(&made, &format!("job-{IDENTITY}.csv"), b"id,area,n,ts,kind\nq1,R1A1,1,1795334400,a\n");
    let header = format!("id,area,n,ts,kind,{IDENTITY}\nq2,R1A1,1,1795334400,a,\n");
    put(&made, "job-3.csv", header.as_bytes());
    crate::feeds::wait_for("four refused", || wall.feed().refused == 4);
    assert_eq!(wall.counted(), (198, 198));
    drop(wall);
    assert_nowhere(&made, IDENTITY);
}
