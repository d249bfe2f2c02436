//! The second site, from another place: its figures, all of them, against a file whose numbers were found by another
//! program (tests/snapshots/tiny.py). `UPDATE=1` writes the file anew; look at the difference before you commit it.

use std::fmt::Write as _;

use onemap::engine::Engine;
use onemap::export::figure;
use onemap::runtime::Publisher;
use onemap::snapshot::Clock;

use crate::common::{day, figures, root, tiny};

const DAYS: &[&str] = &["2026-10-01", "2026-10-25", "2026-10-31", "2026-11-10", "2026-11-23"];

fn present(engine: &Engine) -> String {
    onemap::site::civil::date_of(engine.present_day()).to_string()
}

fn all_figures(engine: &Engine) -> String {
    let mut out = "as_of,area_code,id,value,numerator,denominator\n".to_owned();
    let site = engine.site();
    let today = present(engine);
    let mut days: Vec<&str> = DAYS.to_vec();
    if !days.contains(&today.as_str()) {
        days.push(&today);
    }
    for as_of in days {
        let at = engine.end_of(day(as_of));
        let figures = figures(engine, day(as_of));
        let clock = Clock { data_secs: at.secs as f64, since: std::time::Instant::now(), speed: 0.0 };
        let snapshot = Publisher::new(engine.clone(), clock).snapshot();
        for (id, area) in site.areas.iter() {
            for (i, row) in site.indicators.iter().enumerate() {
                let reading = figures.reading(i, id);
                let _ = writeln!(
                    out,
                    "{as_of},{},{},{},{},{}",
                    area.code,
                    row.id,
                    figure(reading.value),
                    figure(reading.numerator),
                    figure(reading.denominator)
                );
            }
            for (b, row) in site.breakdowns.iter().enumerate() {
                for cell in snapshot.slices(b, id) {
                    let _ = writeln!(
                        out,
                        "{as_of},{},{}/{},{},,",
                        area.code,
                        row.id,
                        cell.codes.join("+"),
                        figure(cell.value)
                    );
                }
            }
        }
    }
    out
}

#[test]
fn the_tiny_site_computes_what_it_should() {
    let path = root().join("tests/snapshots/tiny.csv");
    let computed = all_figures(tiny());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &computed).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    let different: Vec<String> = expected
        .lines()
        .zip(computed.lines())
        .filter(|(a, b)| a != b)
        .map(|(a, b)| format!("expected {a}\ncomputed {b}"))
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(expected.lines().count(), computed.lines().count());
}

#[test]
fn the_program_has_no_second_sample() {
    // Another number of levels, another zone, no sample mark, no replay.
    let site = tiny().site();
    assert_eq!((site.meta.levels.len(), site.indicators.len(), site.areas.len()), (2, 7, 5));
    assert!(site.meta.sample.is_none());
    assert!(onemap::sources::replay::Replay::open(site, 0).is_none());
    assert_eq!(tiny().problems.len(), 0);
}
