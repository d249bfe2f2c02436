//! Whether figures are on time, from a dataset's promise to every export, and what a live source in trouble does to it.

use onemap::engine::Engine;
use onemap::export::{self, Subject};
use onemap::moment::{FIRST_PAST_REVISION, Known, Moment};
use onemap::runtime::Publisher;
use onemap::site::areas::AreaId;
use onemap::site::text::{Bilingual, Lang};
use onemap::snapshot::{Clock, FeedPhase, FeedState, Status};

use crate::common::{Declared, Line, Made, Ran, Recipe, Sheet, day, figures, program};

const DAY: &str = "2026-11-23";
/// 15:00 of that day on the site's clock: three hours after the only row.
const DUE: i64 = 1_795_417_200;

fn table(id: &str) -> String {
    let columns = &["id:text", "area:area", "n:int", "ts:time"];
    let declared = Declared {
        id,
        refresh: "live",
        time_column: "ts",
        rollup: "sum",
        absent_row: "zero",
        extra: "",
        columns,
    };
    declared.toml()
}

/// Table `here` has one row of noon, table `gone` has no file.
fn made() -> Made {
    let both = Line {
        denominator: Some(("gone".into(), "count(*)".into(), String::new())),
        ..Line::new("both", "here", "count(*)", "", "cumulative")
    };
    let lines = [Line::new("one", "here", "sum(n)", "", "cumulative"), both];
    let indicators: String = lines.iter().map(Line::toml).collect();
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &[table("here"), table("gone")].concat(),
        indicators: &indicators,
        home: "one",
        events: false,
    });
    let noon = DUE - 3 * 3600;
    made.write("data/here.csv", &format!("id,area,n,ts,arrived_ts\nx,R1A1,7,{noon},{noon}\n"));
    made
}

fn exported(engine: &Engine, of: &str) -> [String; 4] {
    let (figures, as_of) = (figures(engine, day(of)), day(of));
    let subject = Subject { site: engine.site(), figures: &figures, area: AreaId::ROOT, drawn: None, as_of };
    [
        export::csv(&subject),
        export::json(&subject, None),
        export::sdmx(&subject),
        export::table(&subject, Lang::En),
    ]
}

#[test]
fn a_late_figure_is_late_in_every_export() {
    let engine = made().build();
    let [csv, json, sdmx, table] = exported(&engine, DAY);
    // The columns of the contract, in its words.
    assert_eq!(csv.lines().nth(1).unwrap(), "one,R1,2026-11-23,7,n,7,,,late,2026-11-23T12:00:00+08:00");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let fresh = |i: usize| &json["indicators"][i]["freshness"];
    assert_eq!(fresh(0)["expected_by"], "2026-11-23T15:00:00+08:00");
    assert_eq!(fresh(0)["late_seconds"], 9 * 3600 - 1);
    assert_eq!(fresh(0)["words"]["en"], "expected by 15:00, 8 h late");
    assert_eq!(fresh(0)["words"]["zh"], "应于 15:00 前更新，已迟 8 小时");
    let counts =
        |i: usize| ["sources", "sources_late", "sources_missing"].map(|k| fresh(i)[k].as_u64().unwrap());
    assert_eq!((counts(0), counts(1)), ([1, 1, 0], [2, 1, 1]));
    let words = "expected by 15:00, 8 h late, 1 of 2 sources late, 1 of 2 sources missing";
    assert_eq!(fresh(1)["words"]["en"], words);
    let line = |text: &str, id: &str| text.lines().find(|l| l.contains(id)).unwrap().to_owned();
    assert!(
        line(&sdmx, ",one,")
            .ends_with(",P,F,expected_by=2026-11-23T15:00:00+08:00;late_seconds=32399;sources_late=1/1")
    );
    assert!(line(&sdmx, ",both,").ends_with("sources_late=1/2;sources_missing=1/2"));
    assert!(line(&table, " one ").ends_with("expected by 15:00, 8 h late"), "{table}");
    assert!(line(&table, " both ").ends_with(words), "{table}");
}

/// The workbook says it too, in the words of the screen; of what is on time, when the next news is expected.
#[test]
fn a_workbook_says_which_figures_are_late_and_since_when() {
    let engine = made().build();
    let site = engine.site();
    let words = |of: &str, lang| {
        let (figures, as_of) = (figures(&engine, day(of)), day(of));
        let subject = Subject { site, figures: &figures, area: AreaId::ROOT, drawn: None, as_of };
        let sources = engine.sources(engine.end_of(as_of).secs);
        let bytes = export::xlsx(&subject, &sources, lang).unwrap();
        let text = site.messages(lang);
        let sheet = Sheet::of(&bytes, text, "xlsx.sheet_figures");
        let column = sheet.column(text.get("xlsx.freshness"));
        sheet.rows().iter().map(|row| row[column].to_string()).collect::<Vec<_>>()
    };
    let both = "expected by 15:00, 8 h late, 1 of 2 sources late, 1 of 2 sources missing";
    assert_eq!(words(DAY, Lang::En), ["expected by 15:00, 8 h late", both]);
    let both = "应于 15:00 前更新，已迟 8 小时，2 个来源中 1 个迟到，2 个来源中 1 个缺失";
    assert_eq!(words(DAY, Lang::Zh), ["应于 15:00 前更新，已迟 8 小时", both]);
}

#[test]
fn a_source_in_trouble_makes_its_figures_late() {
    let made = made();
    let source = |id: &str, table: &str| {
        format!(
            "[[source]]\nid = \"{id}\"\nname = {{ zh = \"{id}\", en = \"{id}\" }}\n[source.folder]\npath = \"{id}\"\ntables = [\"{table}\"]\n"
        )
    };
    made.write(
        "sources.toml",
        &["format = 1\n", &source("a", "here"), &source("b", "here"), &source("c", "gone")].concat(),
    );
    let engine = made.build();
    let at = engine.at(DUE - 60);
    let feed = |id: &str, phase, away_since_secs| FeedState {
        id: id.to_owned(),
        name: Bilingual { zh: String::new(), en: String::new() },
        phase,
        since_secs: 0,
        rows: 0,
        refused: 0,
        repeated: 0,
        excluded: 0,
        dropped: 0,
        last_secs: None,
        skew_secs: None,
        away_since_secs,
    };
    let away = |secs: i64| Some(at.secs - secs);
    for (a, b, status, counts) in [
        ((FeedPhase::Live, None), (FeedPhase::Live, None), Status::Current, (2, 0, 0)),
        // Silent for longer than agreed.
        ((FeedPhase::Late, None), (FeedPhase::Live, None), Status::Late, (2, 1, 0)),
        // A short gap is made up for; a longer one is told.
        ((FeedPhase::Connecting, away(59)), (FeedPhase::Live, None), Status::Current, (2, 0, 0)),
        ((FeedPhase::Connecting, away(60)), (FeedPhase::Live, None), Status::Late, (2, 0, 1)),
        ((FeedPhase::Connecting, away(999)), (FeedPhase::Late, None), Status::Late, (2, 1, 1)),
    ] {
        let feeds = [feed("a", a.0.clone(), a.1), feed("b", b.0.clone(), b.1)];
        let mut sources = engine.sources(at.secs);
        engine.heed_feeds(&mut sources, &feeds, at.secs);
        let figures = engine.figures(at, &sources);
        let inputs = figures.inputs(0);
        assert_eq!(figures.reading(0, AreaId::ROOT).status, status, "{a:?} {b:?}");
        assert_eq!((inputs.sources, inputs.late, inputs.missing), counts, "{a:?} {b:?}");
        assert_eq!(inputs.is_late(), status == Status::Late);
        assert_eq!(inputs.expected_secs, Some(DUE));
    }
}

/// Within a day that is over, data is late if it was late at the instant asked, not at the day's end.
#[test]
fn a_moment_within_a_day_is_judged_as_of_itself() {
    let made = made();
    let engine = made.build();
    let data_secs = engine.end_of(day(DAY)).secs as f64;
    let clock = Clock { data_secs, since: std::time::Instant::now(), speed: 0.0 };
    let live = Publisher::new(engine, clock).snapshot();
    for (at_secs, status) in [(DUE - 60, Status::Current), (DUE + 60, Status::Late)] {
        for known in [Known::Now, Known::Then] {
            let picture = live.at(Moment::new(at_secs, known), FIRST_PAST_REVISION).unwrap();
            assert_eq!(picture.reading(0, AreaId::ROOT).status, status, "{known:?} at {at_secs}");
            assert_eq!(picture.freshness.sources[0].late, status == Status::Late, "{known:?} at {at_secs}");
            assert_eq!(picture.freshness.current, usize::from(status == Status::Current));
        }
    }
}

/// A sample plays its replay and nothing else: a `sources.toml` beside it is told, so that nobody waits for it.
#[test]
fn a_sample_with_sources_says_that_it_does_not_use_them() {
    let made = made();
    made.write(
        "sources.toml",
        "format = 1\n[[source]]\nid = \"a\"\nname = { zh = \"a\", en = \"a\" }\n[source.folder]\npath = \"a\"\ntables = [\"here\"]\n",
    );
    assert!(made.load().is_ok());
    let file = made.path().join("site.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[sample]\nanchor_date = \"{DAY}\"\n")).unwrap();
    let site = made.path().to_str().unwrap();
    let ran = Ran::of(program().args(["check", "--lang", "en", "--site", site]));
    let told: Vec<&str> = ran.err.lines().filter(|l| l.starts_with("sources.toml: warning: ")).collect();
    assert!(told.len() == 1 && told[0].contains("plays its replay"), "{}", ran.err);
    assert_eq!(ran.code, 0, "{}", ran.err);
}
