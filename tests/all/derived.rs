//! Derived figures in the workbook and in SDMX-CSV, read back: each is the one that was worked out, hidden ones are
//! hidden, coarse ones bear their sign, and every number has its method beside it.

use calamine::{Data, Reader as _, Xlsx};
use onemap::derived::{Derived, Origin, Vantage, words};
use onemap::drawn::{Atlas, Drawn};
use onemap::export::{self, Subject, derived::All};
use onemap::privacy::shown::Shown;
use onemap::site::areas::AreaId;
use onemap::site::text::Lang;
use onemap::snapshot::{Back, Figures, SeriesSource as _, SourceState};

use crate::common::{Ran, Sheet, cell, day, figures, program, sample, sample_dir, tiny};

const DAY: &str = "2026-11-23";

fn derived_at(protected: &Figures, sources: &[SourceState], area: AreaId) -> Vec<Derived> {
    let engine = sample();
    let site = engine.site();
    let at_secs = engine.end_of(day(DAY)).secs;
    let origin = Origin { vantage: Vantage { site, source: engine, sources, at_secs }, figures: protected };
    (0..site.indicators.len()).map(|indicator| origin.derived(indicator, area).unwrap()).collect()
}

fn is_near(cell: &Data, value: f64) -> bool {
    matches!(cell, Data::Float(found) if crate::common::close(*found, value))
}

#[test]
fn the_workbook_and_sdmx_hold_what_was_derived() {
    let engine = sample();
    let site = engine.site();
    let protected = figures(engine, day(DAY));
    let sources = engine.sources(engine.end_of(day(DAY)).secs);
    let text = site.messages(Lang::En);
    let (mut hidden, mut coarse, mut parts, mut spots) = (0, 0, 0, 0);
    for code in ["440310", "440310001"] {
        let area = site.areas.find(code).unwrap();
        let derived = derived_at(&protected, &sources, area);
        let subject = Subject { site, figures: &protected, area, drawn: None, as_of: day(DAY) };
        let all = All { subject: &subject, derived: &derived, sources: &sources };

        let bytes = export::xlsx_derived(&all, Lang::En).unwrap();
        let [figures_sheet, areas_sheet] =
            ["derived.sheet.name", "derived.sheet.areas_name"].map(|name| Sheet::of(&bytes, text, name));
        for sheet in [&figures_sheet, &areas_sheet] {
            assert_eq!(sheet.all[1][0], *text.get("cli.sample_mark"));
        }
        let cell_of = |sheet: &Sheet, row: &[Data], key: &str| {
            row[sheet.column(text.get(&format!("derived.sheet.{key}")))].clone()
        };
        let of = |row: &[Data], key: &str| cell_of(&figures_sheet, row, key);
        let area_of = |row: &[Data], key: &str| cell_of(&areas_sheet, row, key);
        let (rows, area_rows) = (figures_sheet.rows(), areas_sheet.rows());
        assert_eq!(rows.len(), site.indicators.len());

        let sdmx = export::sdmx_derived(&all);
        let mut lines = sdmx.lines();
        let head: Vec<&str> = lines.next().unwrap().split(',').collect();
        let column = |name: &str| head.iter().position(|h| *h == name).unwrap();
        let plain = export::sdmx(&subject);
        assert!(head.join(",").starts_with(plain.lines().next().unwrap()));
        // The contract's rows first, as they are without derived figures.
        for line in plain.lines().skip(1) {
            assert_eq!(lines.next(), Some(format!("{line},,,").as_str()));
        }
        let observed: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
        assert!(observed.iter().all(|r| r.len() == head.len() && r[0] == "ONEMAP:DERIVED(1.0)"));
        assert!(observed.iter().all(|r| r[column("COMMENT_OBS")].ends_with("sample data")));
        let found = |id: &str, derivation: &str, area: &str| {
            let mut rows = observed.iter().filter(|r| {
                r[column("INDICATOR")] == id
                    && r[column("DERIVATION")] == derivation
                    && r[column("COUNTERPART_AREA")] == area
            });
            let row = rows.next();
            assert!(rows.next().is_none(), "{id} {derivation} {area} twice");
            row
        };
        let value = |row: &[&str]| row[column("OBS_VALUE")].parse::<f64>().unwrap();

        for ((row, own), cells) in site.indicators.iter().zip(&derived).zip(rows) {
            assert_eq!(cells.last().unwrap().to_string(), row.id);
            for (sheet, observation, shown) in [
                ("year_difference", "YEAR_DIFFERENCE", Some(own.year.difference)),
                ("year_percent", "YEAR_PERCENT", Some(own.year.percent)),
                ("period_difference", "PERIOD_DIFFERENCE", Some(own.period.difference)),
                ("period_percent", "PERIOD_PERCENT", Some(own.period.percent)),
                ("gap", "TARGET_GAP", own.gap),
            ] {
                let told = found(&row.id, observation, "");
                let Some(shown) = shown else {
                    assert!(told.is_none() && of(cells, sheet) == Data::Empty, "{}", row.id);
                    continue;
                };
                let told = told.unwrap();
                let (obs, conf) = (told[column("OBS_STATUS")], told[column("CONF_STATUS")]);
                assert!(!told[column("METHOD")].is_empty());
                match shown {
                    Shown::Missing | Shown::TooFine | Shown::Unread => {
                        assert!(
                            matches!(of(cells, sheet), Data::String(_)),
                            "{}: a gap has its word",
                            row.id
                        );
                        assert_eq!((told[column("OBS_VALUE")], obs, conf), ("", "M", "F"));
                        continue;
                    }
                    Shown::Suppressed { .. } => {
                        hidden += 1;
                        assert_eq!((told[column("OBS_VALUE")], obs, conf), ("", "Q", "D"));
                    }
                    Shown::Coarse { .. } => {
                        coarse += 1;
                        assert_eq!(told[column("OBS_VALUE")], export::figure(shown));
                        assert!(matches!(obs, "E" | "P") && conf == "F");
                        assert!(told[column("COMMENT_OBS")].contains("told="));
                    }
                    Shown::Value(_) => assert_eq!(told[column("OBS_VALUE")], export::figure(shown)),
                }
                assert_eq!(of(cells, sheet), cell(shown), "{} {sheet}", row.id);
            }
            if let Ok(chart) = &own.trend.chart {
                assert_eq!(of(cells, "control_method").to_string(), words::method(text, chart.method));
                assert!(is_near(&of(cells, "control_center"), chart.center));
                let told = found(&row.id, "CONTROL_CENTER", "").unwrap();
                assert!(crate::common::close(value(told), chart.center));
                if let Some((low, high)) = chart.last_limits() {
                    assert!(
                        is_near(&of(cells, "control_low"), low) && is_near(&of(cells, "control_high"), high)
                    );
                    assert!(crate::common::close(value(found(&row.id, "CONTROL_LOW", "").unwrap()), low));
                    assert!(crate::common::close(value(found(&row.id, "CONTROL_HIGH", "").unwrap()), high));
                }
            } else {
                let told = found(&row.id, "CONTROL_CENTER", "").unwrap();
                assert!(
                    told[column("COMMENT_OBS")].starts_with("none=") && told[column("OBS_VALUE")].is_empty()
                );
            }
            assert_eq!(of(cells, "control_says").to_string(), words::trend(text, &own.trend).1);
            let inside: Vec<&Vec<Data>> =
                area_rows.iter().filter(|r| r.last().unwrap().to_string() == row.id).collect();
            let line_of = |code: &str| inside.iter().find(|r| area_of(r, "area_code") == *code);
            if let Some(made) = &own.contribution {
                assert_eq!(
                    of(cells, "contribution_method").to_string(),
                    words::contribution_method(text, made)
                );
                // What stands in the sheet of areas sums to the change, rest and all.
                let sum: f64 = inside
                    .iter()
                    .filter_map(|r| if let Data::Float(v) = area_of(r, "total") { Some(v) } else { None })
                    .sum();
                assert!((sum - made.change).abs() <= 1e-9 * (1.0 + made.change.abs()), "{}", row.id);
                assert!(is_near(&of(cells, "contribution_change"), made.change));
                let rest = found(&row.id, "CONTRIBUTION_REST", "").unwrap();
                let mut observed = value(rest);
                for part in &made.parts {
                    parts += 1;
                    let code = &site.areas.get(part.area).code;
                    observed += value(found(&row.id, "CONTRIBUTION", code).unwrap());
                    assert!(is_near(&area_of(line_of(code).unwrap(), "total"), part.total()), "{}", row.id);
                }
                let change = value(found(&row.id, "CONTRIBUTION_CHANGE", "").unwrap());
                assert!((observed - change).abs() <= 1e-9 * (1.0 + change.abs()), "{}", row.id);
            } else {
                assert!(found(&row.id, "CONTRIBUTION_CHANGE", "").is_none());
            }
            for spot in own.funnel.iter().flat_map(|f| &f.spots) {
                spots += 1;
                let code = &site.areas.get(spot.area).code;
                let line = line_of(code).unwrap();
                assert!(is_near(&area_of(line, "value"), spot.value));
                assert_eq!(area_of(line, "place").to_string(), words::place(text, spot.place));
                let told = found(&row.id, "FUNNEL_VALUE", code).unwrap();
                assert!(crate::common::close(value(told), spot.value));
                assert!(told[column("METHOD")].starts_with("funnel_"));
            }
        }
        // An area that is in neither comparison is named nowhere: its figure may not be shown exactly.
        assert!(
            area_rows
                .iter()
                .all(|r| !matches!((area_of(r, "total"), area_of(r, "value")), (Data::Empty, Data::Empty)))
        );
    }
    assert!(coarse > 20 && parts > 50 && spots > 30, "{coarse} {parts} {spots}");
    assert!(hidden > 0, "no hidden difference was met");
}

/// Without `--derived` nothing of it is in any form.
#[test]
fn derived_rows_come_only_when_asked_for() {
    let dir = sample_dir();
    let out = tempfile::tempdir().unwrap();
    let common = ["compute", "--lang", "en", "--site", dir.to_str().unwrap(), "--format"];
    let run =
        |more: &[&str]| Ran::of(program().args([common.as_slice(), more].concat()).env_remove("RUST_LOG"));
    let sheets = |more: &[&str]| {
        let path = out.path().join("book.xlsx");
        let ran = run(&[["xlsx", "--out", path.to_str().unwrap()].as_slice(), more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        Xlsx::new(std::io::Cursor::new(std::fs::read(&path).unwrap())).unwrap().sheet_names()
    };
    let (plain, with) = (sheets(&[]), sheets(&["--derived"]));
    assert_eq!(with.strip_prefix(plain.as_slice()).map(<[String]>::len), Some(2), "{plain:?} {with:?}");
}

/// The same figures make the same file, also at a site of another shape and in the other language.
#[test]
fn the_sheets_of_another_site() {
    let engine = tiny();
    let site = engine.site();
    let day = engine.present_day();
    let at_secs = engine.end_of(day).secs;
    let sources = engine.sources(at_secs);
    let protected = figures(engine, day);
    let vantage = Vantage { site, source: engine, sources: &sources, at_secs };
    let origin = Origin { vantage, figures: &protected };
    let derived: Vec<Derived> =
        (0..site.indicators.len()).map(|i| origin.derived(i, AreaId::ROOT).unwrap()).collect();
    let subject = Subject { site, figures: &protected, area: AreaId::ROOT, drawn: None, as_of: day };
    let all = All { subject: &subject, derived: &derived, sources: &sources };
    for lang in [Lang::Zh, Lang::En] {
        let text = site.messages(lang);
        let bytes = export::xlsx_derived(&all, lang).unwrap();
        assert_eq!(bytes, export::xlsx_derived(&all, lang).unwrap());
        for name in ["derived.sheet.name", "derived.sheet.areas_name"] {
            let sheet = Sheet::of(&bytes, text, name);
            let ids = sheet.rows().iter().map(|row| row.last().unwrap().to_string());
            let known = ids.filter(|id| site.indicators.iter().any(|i| i.id == *id)).count();
            assert!(known > 0 && known == sheet.rows().len(), "{name}");
        }
    }
}

/// A shape that is an area has the area's changes and series; one of several has their sum where all may be shown, and
/// nothing exact where any may not.
#[test]
fn a_shape_is_compared_with_its_own_past() {
    let engine = sample();
    let site = engine.site();
    let protected = figures(engine, day(DAY));
    let at_secs = engine.end_of(day(DAY)).secs;
    let sources = engine.sources(at_secs);
    let vantage = Vantage { site, source: engine, sources: &sources, at_secs };
    let origin = Origin { vantage, figures: &protected };
    let atlas = Atlas::new(site, &engine.texture);
    let areas: Vec<AreaId> = site.areas.level(1).collect();
    let cover = |of: &[AreaId]| atlas.cover(&Drawn::Areas(of.to_vec()));
    let (one, two) = (cover(&areas[..1]), cover(&areas[..2]));
    let (mut same, mut sums, mut kept) = (0, 0, 0);
    for (i, row) in site.indicators.iter().enumerate() {
        let own = origin.derived(i, areas[0]).unwrap();
        let shape = origin.derived_of_shape(i, &one).unwrap();
        if own.trend.series.points.iter().any(|p| p.value != Shown::TooFine) {
            same += 1;
            // An area that is hidden as a whole may be told by its parts; else a shape that is an area is the area.
            let seen = |d: &Derived| d.trend.series.points.iter().all(|p| p.value.is_seen());
            if seen(&own) {
                assert_eq!((shape.year, shape.period), (own.year, own.period), "{}", row.id);
                assert_eq!(shape.trend, own.trend, "{}", row.id);
            }
        }
        assert!(shape.contribution.is_none() && shape.funnel.is_none());
        let both = origin.derived_of_shape(i, &two).unwrap();
        let past = engine.past(i, at_secs, Back::Year);
        let sides = |area: AreaId| (protected.reading(i, area), past.at(area));
        let [a, b] = [sides(areas[0]), sides(areas[1])];
        let values = [a.0.value, b.0.value, a.1.value, b.1.value];
        let exact: Vec<f64> = values.iter().filter_map(|v| v.exact()).collect();
        match exact.as_slice() {
            [now, other, before, other_before] if row.denominator.is_none() => {
                // What does not add up has no sum.
                let Shown::Value(difference) = both.year.difference else { continue };
                sums += 1;
                assert!(crate::common::close(difference, now + other - before - other_before), "{}", row.id);
            }
            _ if values.iter().any(|v| v.is_suppressed()) && row.denominator.is_none() => {
                kept += 1;
                assert!(!matches!(both.year.difference, Shown::Value(_)), "{} tells too much", row.id);
            }
            _ => {}
        }
    }
    assert!(same > 30 && sums > 10 && kept > 0, "{same} {sums} {kept}");
}

#[test]
fn the_command_line_derives_for_a_shape() {
    let site = sample().site();
    let area = site.areas.get(site.areas.level(1).next().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shape.geojson");
    std::fs::write(
        &file,
        serde_json::json!({
            "type": "Feature",
            "properties": {},
            "geometry": { "type": "MultiPolygon", "coordinates": area.polygons },
        })
        .to_string(),
    )
    .unwrap();
    let sample = sample_dir();
    let run = |more: &[&str]| {
        let common = ["compute", "--lang", "en", "--derived", "--site", sample.to_str().unwrap()];
        let ran = Ran::of(program().args([common.as_slice(), more].concat()).env_remove("RUST_LOG"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    let shape = ["--shape", file.to_str().unwrap(), "--datum", "CGCS2000"];
    let drawn = run(&[shape.as_slice(), &["--format", "sdmx"]].concat());
    let own = run(&["--area", &area.code, "--format", "sdmx"]);
    let of = |text: &str, code: &str, derivation: &str| -> Vec<String> {
        let wanted = |l: &&str| l.contains(&format!(",{derivation},")) && !l.contains(",M,");
        text.lines().filter(wanted).map(|l| l.replace(&format!(",{code},"), ",AREA,")).collect()
    };
    for derivation in ["YEAR_DIFFERENCE", "PERIOD_PERCENT"] {
        let (drawn, own) = (of(&drawn, "drawn", derivation), of(&own, &area.code, derivation));
        let equal = own.iter().filter(|line| drawn.contains(line)).count();
        assert!(own.len() > 20 && equal * 10 >= own.len() * 9, "{derivation}: {equal} of {}", own.len());
    }
    assert!(of(&drawn, "drawn", "CONTRIBUTION_CHANGE").is_empty());
}
