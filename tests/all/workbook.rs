//! The workbook is read back: every figure of the CSV is in it, exact ones as numbers, marked ones as text.

use calamine::Data;
use onemap::export::{self, Subject};
use onemap::privacy::shown::Shown;
use onemap::site::text::Lang;

use crate::common::{Ran, Sheet, cell, day, figures, program, sample, sample_dir};

fn run(arguments: &[&str]) -> Ran {
    Ran::of(program().args(arguments).env_remove("RUST_LOG"))
}

#[test]
fn the_workbook_holds_the_figures_of_the_csv() {
    let engine = sample();
    let site = engine.site();
    let day = day("2026-11-23");
    let protected = figures(engine, day);
    let sources = engine.sources(engine.end_of(day).secs);
    let (mut exact, mut coarse, mut hidden) = (0, 0, 0);
    for area in ["440310", "440310001", "440310001001"].map(|code| site.areas.find(code).unwrap()) {
        let subject = Subject { site, figures: &protected, area, drawn: None, as_of: day };
        for lang in [Lang::Zh, Lang::En] {
            let text = site.messages(lang);
            let bytes = export::xlsx(&subject, &sources, lang).unwrap();
            assert_eq!(
                bytes,
                export::xlsx(&subject, &sources, lang).unwrap(),
                "the same figures, the same file"
            );
            let keys = ["figures", "method", "marks", "sources"];
            let sheets = keys.map(|key| Sheet::of(&bytes, text, &format!("xlsx.sheet_{key}")));
            let [found, methods, marks, _] = &sheets;
            assert_eq!(found.rows().len(), site.indicators.len());
            for ((i, row), cells) in site.indicators.iter().enumerate().zip(found.rows()) {
                let reading = protected.reading(i, area);
                assert_eq!(cells[16], Data::String(row.id.clone()));
                match reading.value {
                    Shown::Value(_) => exact += 1,
                    Shown::Coarse { step, told, .. } => {
                        coarse += 1;
                        assert_eq!(cells[5], Data::String(told.sign().to_string()));
                        assert_eq!(
                            cells[6],
                            Data::Float(export::figure(reading.value).parse().unwrap()),
                            "{}",
                            row.id
                        );
                        assert!(matches!(cells[7], Data::Float(s) if (s - step).abs() < 1e-9));
                    }
                    Shown::Suppressed { .. } => hidden += 1,
                    Shown::Missing | Shown::TooFine | Shown::Unread => {
                        assert!(matches!(cells[3], Data::String(_)), "{}: a gap has its word", row.id);
                        continue;
                    }
                }
                assert_eq!(cells[3], cell(reading.value), "{}", row.id);
                if reading.numerator.is_seen() || reading.numerator.is_suppressed() {
                    assert_eq!(cells[8], cell(reading.numerator), "{}", row.id);
                }
            }
            // Each indicator has its method; every mark its meaning; the demonstration data are marked.
            assert_eq!(methods.rows().len(), site.indicators.len());
            assert!(sheets.iter().all(|sheet| sheet.all[1][0] == *text.get("cli.sample_mark")));
            let signs: Vec<String> = marks.all.iter().map(|row| row[0].to_string()).collect();
            for sign in ["<5", "<10", "*", "≥", "≈"] {
                assert!(signs.iter().any(|s| s == sign), "{sign} is not explained: {signs:?}");
            }
        }
    }
    assert!(exact > 100 && coarse > 20 && hidden > 0, "{exact} {coarse} {hidden}");
}

#[test]
fn a_file_is_written_where_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let site = sample_dir();
    let site = site.to_str().unwrap();
    let book = dir.path().join("figures.xlsx");
    let common = ["compute", "--lang", "en", "--site", site, "--format"];
    let computed = |format: &str, out: &std::path::Path| {
        run(&[common.as_slice(), &[format, "--out", out.to_str().unwrap()]].concat())
    };
    let ran = computed("xlsx", &book);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(std::fs::read(&book).unwrap().starts_with(b"PK"));
    let ran = run(&[common.as_slice(), &["xlsx"]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "a workbook needs a file");
    assert!(ran.err.contains("--out"), "{}", ran.err);
    let nowhere = dir.path().join("none/figures.csv");
    let ran = computed("csv", &nowhere);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
}
