//! Readers of what others write, on thousands of broken inputs: good files with bits turned, parts cut, doubled or
//! put together, numbers and brackets grown. A panic or a memory without bound is a failure; the input is then kept.
//!
//! The quick suite gives every reader a fifth of a second, the full one ten seconds (or `ONEMAP_FUZZ_SECS`), with
//! another seed each time, which is printed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use onemap::sources::journal::{Journal, Limits};
use onemap::sources::{Cursor, Parcel, codec, envelope, sheet};
use onemap::tiles::address::Address;
use onemap::tiles::archive::Archive;
use onemap::tiles::mbtiles::Database;
use onemap::tiles::mvt;

use crate::common::{root, tiny, tiny_dir};

/// No reader may need more for inputs as small as these.
const MOST_MIB: u64 = 512;
/// Inputs do not grow beyond this.
const MOST_BYTES: usize = 1 << 20;

/// xorshift64* (Vigna 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() >> 11) as usize % most.max(1)
    }
}

/// Bytes that readers stumble over.
const HARD: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
    b"\"",
    b"\"\"",
    b",",
    b"\n",
    b"\r\n",
    b"{",
    b"[",
    b"]",
    b"}",
    b"null",
    b"1e400",
    b"-0",
    b"99999999999999999999",
    b"NaN",
    b"\\ud800",
    b"\xef\xbb\xbf",
    b"\xfe\xff",
    b"\x81\x30\x81\x30",
    "\u{1f600}".as_bytes(),
    "\u{ff11}\u{ff12}".as_bytes(),
];

/// One to six changes of a good input.
fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut out = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(out.len() + 1);
        let most = 1 + random.below(4096);
        let until = at + random.below((out.len() - at + 1).min(most));
        match random.below(9) {
            0 => out.truncate(at),
            1 => drop(out.drain(at..until)),
            2 => {
                let part = out[at..until].to_vec();
                for _ in 0..=random.below(40) {
                    out.splice(at..at, part.iter().copied());
                    if out.len() > MOST_BYTES {
                        break;
                    }
                }
            }
            3 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                out.truncate(at);
                out.extend_from_slice(&other[from..]);
            }
            4 | 5 => {
                let hard = HARD[random.below(HARD.len())];
                let until = if random.below(2) == 0 { at } else { (at + hard.len()).min(out.len()) };
                out.splice(at..until, hard.iter().copied());
            }
            6 => {
                let bracket = [b'[', b'{', b'"', b'9'][random.below(4)];
                let many = random.below(3000);
                out.splice(at..at, std::iter::repeat_n(bracket, many));
            }
            _ if out.is_empty() => {}
            7 => {
                let at = random.below(out.len());
                out[at] ^= 1 << random.below(8);
            }
            _ => {
                let at = random.below(out.len());
                out[at] = random.next() as u8;
            }
        }
    }
    out.truncate(MOST_BYTES);
    out
}

/// Keeps the input that brought a reader down.
struct Held<'a> {
    target: &'static str,
    seed: u64,
    number: u64,
    input: &'a [u8],
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let path = std::env::temp_dir().join(format!("onemap-fuzz-{}-{}", self.target, self.seed));
            drop(std::fs::write(&path, self.input));
            eprintln!("{}: seed {}, input {} is in {}", self.target, self.seed, self.number, path.display());
        }
    }
}

/// Most memory that this process has held, in MiB; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:")?.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

fn fuzz(target: &'static str, full: bool, corpus: &[Vec<u8>], read: &mut dyn FnMut(&[u8])) {
    // What is not broken is read, or nothing is tried here.
    corpus.iter().for_each(|good| read(good));
    let (time, seed) = if full {
        let secs = std::env::var("ONEMAP_FUZZ_SECS").ok().and_then(|s| s.parse().ok()).unwrap_or(10.0);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        (Duration::from_secs_f64(secs), now.as_nanos() as u64 | 1)
    } else {
        (Duration::from_millis(200), 0x9e37_79b9_7f4a_7c15)
    };
    let mut random = Random(seed);
    let (before, began) = (peak_mib(), Instant::now());
    let mut number = 0;
    while began.elapsed() < time {
        let input = mutated(&mut random, corpus);
        let held = Held { target, seed, number, input: &input };
        let one = Instant::now();
        read(&input);
        assert!(one.elapsed() < Duration::from_secs(20), "{target}: one input took {:?}", one.elapsed());
        drop(held);
        number += 1;
    }
    let grown = peak_mib().saturating_sub(before);
    assert!(grown < MOST_MIB, "{target}: {grown} MiB");
    eprintln!("{target}: seed {seed}, {number} inputs, {grown} MiB more at most");
}

fn written(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn messages(full: bool) {
    let site = tiny().site();
    let table = site.table("street_job").unwrap();
    let good = |row: &str| {
        format!(
            r#"{{"id":"a#1","sent":"2026-11-24T10:31:00+08:00","status":"Actual","version":3,"severity":"Severe","urgency":"Past","certainty":"Likely","row":{row}}}"#
        )
    };
    let corpus = [
        good(r#"{"job_no":"J1","area_code":"x","grade":2,"opened":"2026-11-24T10:31:00+08:00"}"#)
            .into_bytes(),
        good(r#"{"job_no":"\u4e00","lon":1.5e0,"lat":-0.0,"is_drill":true,"n":null}"#).into_bytes(),
    ];
    fuzz("messages", full, &corpus, &mut |bytes| drop(envelope::read(site, table, bytes)));
}

fn sheets(full: bool) {
    let dir = tempfile::tempdir().unwrap();
    let csv = "编号,名称,日期\r\nA1,\"碧岭,社区\",2025年9月8日\r\nA2,\"说\"\"好\"\"\n两行\",45908\r\n";
    let forms: [(&str, Vec<Vec<u8>>); 4] = [
        (
            "csv",
            vec![
                csv.as_bytes().to_vec(),
                encoding_rs::GB18030.encode(csv).0.into_owned(),
                [&[0xff, 0xfe][..], &csv.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat(),
                b"a;b\tc\n1;2\t3\n".to_vec(),
            ],
        ),
        ("ndjson", vec![b"{\"a\":1,\"b\":\"x\"}\n{\"b\":[1,{}],\"c\":null}\n".to_vec()]),
        (
            "geojson",
            vec![br#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":1},"geometry":{"type":"Point","coordinates":[1,2]}}]}"#.to_vec()],
        ),
        ("xlsx", vec![std::fs::read(root().join("tests/files/job.xlsx")).unwrap()]),
    ];
    for (form, corpus) in &forms {
        let target = ["csv", "ndjson", "geojson", "xlsx"].into_iter().find(|t| t == form).unwrap();
        fuzz(target, full, corpus, &mut |bytes| {
            let path = written(dir.path(), "file", bytes);
            let mut take = |rows: sheet::Rows| {
                assert_eq!(rows.cells.len(), rows.lines.len());
                assert!(rows.cells.iter().all(|row| row.len() == rows.headers.len()));
                true
            };
            drop(sheet::read(&path, form, &mut take));
        });
    }
}

fn journals(full: bool) {
    let rows = |n: usize| {
        let list: Vec<(String, i64)> = (0..n).map(|i| (format!("k{i}"), i as i64)).collect();
        crate::feeds::rows(&list)
    };
    let record = |n: usize| {
        let cursor = Some(Cursor { name: "job".into(), value: n.to_string() });
        let (ids, versions) = ((0..n as u64).collect(), (0..n as i64).collect());
        codec::encode("one", &Parcel { ids, versions, cursor, ..Parcel::now("job", rows(n)) })
    };
    let records: Vec<Vec<u8>> = [0, 1, 3, 40].map(record).to_vec();
    fuzz("records", full, &records, &mut |bytes| drop(codec::decode(bytes)));
    let limits = Limits::new(1, 64);
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), limits, &mut |_| {}).unwrap();
    journal.append(&records).unwrap();
    drop(journal);
    let segment = dir.path().join("00000001.log");
    let good = vec![std::fs::read(&segment).unwrap()];
    fuzz("segments", full, &good, &mut |bytes| {
        std::fs::write(&segment, bytes).unwrap();
        let opened = Journal::open(dir.path(), limits, &mut |record| drop(codec::decode(record)));
        assert!(opened.is_ok(), "{:?}", opened.err());
    });
}

fn areas(full: bool) {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "site.toml",
        "datasets.toml",
        "catalogue.toml",
        "scenes.toml",
        "messages/zh.toml",
        "messages/en.toml",
    ] {
        let to = dir.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(tiny_dir().join(name), to).unwrap();
    }
    let corpus = vec![std::fs::read(tiny_dir().join("areas.geojson")).unwrap()];
    fuzz("areas", full, &corpus, &mut |bytes| {
        written(dir.path(), "areas.geojson", bytes);
        drop(onemap::site::load(dir.path()));
    });
}

fn tiles(full: bool) {
    let dir = tempfile::tempdir().unwrap();
    let corpus = vec![std::fs::read(root().join("tests/tiles/florence.pmtiles")).unwrap()];
    let mut good = Archive::open(&written(dir.path(), "good.pmtiles", &corpus[0])).unwrap();
    // One that is there, and one that is not.
    let places = [Address { z: 14, x: 8705, y: 5973 }, Address { z: 3, x: 0, y: 0 }];
    let tiles: Vec<Vec<u8>> = places.iter().filter_map(|place| good.tile(*place).unwrap()).collect();
    assert_eq!(tiles.len(), 1);
    fuzz("archives", full, &corpus, &mut |bytes| {
        let Ok(mut archive) = Archive::open(&written(dir.path(), "t.pmtiles", bytes)) else { return };
        places.iter().for_each(|place| drop(archive.tile(*place)));
    });
    let corpus = vec![std::fs::read(root().join("tests/tiles/florence.mbtiles")).unwrap()];
    fuzz("databases of tiles", full, &corpus, &mut |bytes| {
        let Ok(mut database) = Database::open(&written(dir.path(), "t.mbtiles", bytes)) else { return };
        places.iter().for_each(|place| drop(database.tile(*place)));
    });
    let read = |bytes: &[u8]| {
        for layer in mvt::layers(bytes).unwrap_or_default() {
            for feature in layer.features() {
                drop(feature.parts());
            }
        }
    };
    fuzz("vector tiles", full, &tiles, &mut |bytes| read(bytes));
}

macro_rules! both {
    ($($reader:ident, $quick:ident, $full:ident;)*) => {$(
        #[test]
        fn $quick() {
            $reader(false);
        }

        #[test]
        #[ignore = "tens of seconds of broken inputs"]
        fn $full() {
            $reader(true);
        }
    )*};
}

both! {
    messages, broken_messages_are_read_or_refused, many_broken_messages_are_read_or_refused;
    sheets, broken_sheets_are_read_or_refused, many_broken_sheets_are_read_or_refused;
    journals, broken_journals_are_read_or_refused, many_broken_journals_are_read_or_refused;
    areas, broken_areas_are_read_or_refused, many_broken_areas_are_read_or_refused;
    tiles, broken_tiles_are_read_or_refused, many_broken_tiles_are_read_or_refused;
}
