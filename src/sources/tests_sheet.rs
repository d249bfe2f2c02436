//! Files of offices taken apart: encodings, lines that are no rows, chunks, and what is told of a file that is none.

use encoding_rs::GB18030;
use proptest::prelude::*;

use super::sheet::{BLOCK, MOST_ROW_BYTES, Rows, read};
use crate::site::text::{Lang, Message, Messages};

fn read_all(name: &str, bytes: &[u8]) -> Result<Vec<Rows>, Message> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut all = Vec::new();
    read(&path, name.rsplit('.').next().unwrap(), &mut |rows| {
        all.push(rows);
        true
    })?;
    Ok(all)
}

#[test]
fn csv_in_four_encodings_is_the_same() {
    let text = "编号,名称,备注\r\nA1,\"碧岭,社区\",\"说\"\"好\"\"\n两行\"\r\nA2,龙田𠮷,\r\n";
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let variants = [
        text.as_bytes().to_vec(),
        ["\u{feff}", text].concat().into_bytes(),
        GB18030.encode(text).0.into_owned(),
        utf16,
    ];
    for bytes in variants {
        let all = read_all("x.csv", &bytes).unwrap();
        let [rows] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(rows.headers, ["编号", "名称", "备注"]);
        assert_eq!(rows.cells[0][1].as_deref(), Some("碧岭,社区"));
        assert_eq!(rows.cells[0][2].as_deref(), Some("说\"好\"\n两行"));
        assert_eq!(rows.cells[1], [Some("A2".to_owned()), Some("龙田𠮷".to_owned()), None]);
        assert_eq!(rows.lines, [2, 4]);
    }
    let gbk = encoding_rs::GBK.encode("编号,名称\nA1,坑梓\n").0.into_owned();
    assert_eq!(read_all("x.csv", &gbk).unwrap()[0].cells[0][1].as_deref(), Some("坑梓"));
}

#[test]
fn a_ragged_line_costs_that_line() {
    let all = read_all("x.csv", b"a,b\n1,2\n1,2,3\n4\n5,6").unwrap();
    assert_eq!(all[0].cells.len(), 2);
    assert_eq!(all[0].bad.iter().map(|b| b.0).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(all[0].lines, [2, 5]);
}

/// What is wrong is told by its place and with what to do, in both languages, and never by what stands there.
#[test]
fn what_is_wrong_with_a_file_is_told() {
    let wide: String = (0..300).map(|n| format!("\"secret{n}\":1,")).collect();
    let lines = [
        ("x.csv", "a,b\n1,secret,3\n".to_owned(), (2, "problem.file_cells")),
        ("x.ndjson", "{\"a\":1}\nsecret\n".to_owned(), (2, "problem.file_json_line")),
        ("x.ndjson", format!("{{{}}}\n", wide.trim_end_matches(',')), (1, "problem.file_columns")),
        ("x.json", "[{\"a\":1},\"secret\"]".to_owned(), (2, "problem.file_item")),
        ("x.geojson", "{\"features\":[{\"secret\":1}]}".to_owned(), (1, "problem.file_feature")),
    ];
    let mut told = Vec::new();
    for (name, text, (line, key)) in lines {
        let all = read_all(name, text.as_bytes()).unwrap();
        let [(at, message)] = all[0].bad.as_slice() else { panic!("{name}: {:?}", all[0].bad) };
        assert_eq!((*at, message.key), (line, key), "{name}");
        told.push(message.clone());
    }
    let long = "s".repeat(MOST_ROW_BYTES + BLOCK + 1);
    for (name, text, key) in [
        ("x.csv", long.as_str(), "problem.file_long_line"),
        ("x.ndjson", long.as_str(), "problem.file_long_line"),
        ("x.json", "{\"a\":1}", "problem.file_no_list"),
        ("x.geojson", "{\"secret\":1}", "problem.file_no_features"),
        ("x.xlsx", "secret", "problem.file_workbook"),
        ("x.json", "{secret", "problem.unreadable"),
    ] {
        let message = read_all(name, text.as_bytes()).unwrap_err();
        assert_eq!(message.key, key, "{name}");
        told.push(message);
    }
    for text in [Lang::Zh, Lang::En].map(Messages::built_in) {
        for message in &told {
            let words = text.say(message);
            assert!(text.find(message.key).is_some() && !words.contains(['{', '}']), "{words}");
            assert!(!words.contains("secret"), "{words}");
        }
    }
}

#[test]
fn a_long_file_comes_in_chunks_with_its_lines() {
    let mut text = "n,t\n".to_owned();
    for n in 0..50_001 {
        text.push_str(&format!("{n},坪山\n"));
    }
    let all = read_all("x.csv", text.as_bytes()).unwrap();
    assert_eq!(all.iter().map(|r| r.cells.len()).collect::<Vec<_>>(), [20_000, 20_000, 10_001]);
    let numbers: Vec<usize> = all.iter().flat_map(|r| &r.lines).copied().collect();
    assert_eq!(numbers, (2..=50_002).collect::<Vec<_>>());
    let values = all.iter().flat_map(|r| &r.cells).enumerate();
    assert!(values.into_iter().all(|(n, c)| c[0].as_deref() == Some(n.to_string().as_str())));
}

proptest! {
    #[test]
    fn any_cells_survive_quoting(cells in prop::collection::vec(prop::collection::vec("[^\r]{0,8}", 2..4), 1..8)) {
        let width = cells[0].len();
        let cells: Vec<_> = cells.into_iter().filter(|c| c.len() == width).collect();
        let line = |c: &Vec<String>| {
            c.iter().map(|t| format!("\"{}\"", t.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
        };
        let header: Vec<String> = (0..width).map(|i| format!("h{i}")).collect();
        let text = std::iter::once(&header).chain(&cells).map(line).collect::<Vec<_>>().join("\n");
        let all = read_all("x.csv", text.as_bytes()).unwrap();
        let read: Vec<Vec<String>> = all[0].cells.iter()
            .map(|c| c.iter().map(|t| t.clone().unwrap_or_default()).collect()).collect();
        let expected: Vec<Vec<String>> =
            cells.into_iter().filter(|c| c.iter().any(|t| !t.trim().is_empty())).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for name in ["x.csv", "x.ndjson", "x.geojson", "x.xlsx"] {
            drop(read_all(name, &bytes));
        }
    }
}
