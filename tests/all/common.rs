//! What the tests share: the two sites, and small sites written into a temporary folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use calamine::{Data, Reader as _, Xlsx};
use onemap::engine::{self, Depth, Engine};
use onemap::export;
use onemap::privacy::shown::{ScalePoint, Shown};
use onemap::site::areas::AreaId;
use onemap::site::civil::parse_day;
use onemap::site::problem::Problem;
use onemap::site::text::Messages;
use onemap::site::{self, Site, SiteError};
use onemap::snapshot::{Day, Figures};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program as tests run it: its state stays out of the state folder of whoever runs them.
pub(crate) fn program() -> std::process::Command {
    static STATE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_onemap"));
    program.env("XDG_STATE_HOME", STATE.path());
    program
}

/// What a run of the program came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Runs a command to its end.
    pub(crate) fn of(program: &mut std::process::Command) -> Self {
        let out = program.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: out.status.code().unwrap_or(-1), out: text(out.stdout), err: text(out.stderr) }
    }
}

pub(crate) fn sample_dir() -> PathBuf {
    root().join("sample-data/pingshan")
}

pub(crate) fn tiny_dir() -> PathBuf {
    root().join("tests/sites/tiny")
}

pub(crate) fn day(text: &str) -> Day {
    parse_day(text).unwrap_or_else(|| panic!("not a date: {text}"))
}

fn open(dir: &Path) -> Arc<Site> {
    let (site, problems) = site::load(dir).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(site)
}

pub(crate) fn measured(site: Arc<Site>) -> Engine {
    engine::build(site, Depth::Needed, &|_, _| {}).unwrap()
}

/// The sample site at its anchor, built once for all tests.
pub(crate) fn sample() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| measured(open(&sample_dir())))
}

/// The second site, from another place of the world.
pub(crate) fn tiny() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| measured(open(&tiny_dir())))
}

/// The same site with the people rule taken out of its definitions: the truth that must not be told.
pub(crate) fn unprotected(engine: &Engine) -> Engine {
    let mut site = Site::clone(engine.site());
    for row in site.indicators.iter_mut().chain(&mut site.breakdowns) {
        row.suppress_below = 0;
        row.people = onemap::site::catalogue::People::None;
    }
    for table in site.datasets.iter_mut().flat_map(|dataset| &mut dataset.tables) {
        table.suppress_below = 0;
    }
    measured(Arc::new(site))
}

pub(crate) fn figures(engine: &Engine, day: Day) -> Figures {
    let at = engine.end_of(day);
    engine.figures(at, &engine.sources(at.secs))
}

/// What an engine of an earlier knowledge may tell of a day beside one of now.
pub(crate) fn known_then(now: &Engine, then: &Engine, day: Day) -> Figures {
    let at = now.end_of(day);
    now.known_then(then, at, &then.sources(at.secs))
}

pub(crate) fn area(engine: &Engine, code: &str) -> AreaId {
    engine.site().areas.find(code).unwrap_or_else(|| panic!("no area {code}"))
}

pub(crate) fn shown(engine: &Engine, figures: &Figures, id: &str, area: AreaId) -> Shown {
    let index = engine.site().indicator_index(id).unwrap_or_else(|| panic!("no indicator {id}"));
    figures.reading(index, area).value
}

/// The number that is shown, exact or coarse.
pub(crate) fn seen(shown: Shown) -> Option<f64> {
    shown.point().map(ScalePoint::on_axis)
}

pub(crate) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// A sheet of a workbook, read back.
pub(crate) struct Sheet {
    /// All rows.
    pub(crate) all: Vec<Vec<Data>>,
    /// The row that ends with the heading of the id.
    head: Option<usize>,
}

impl Sheet {
    /// Of the name that a message gives it.
    pub(crate) fn of(workbook: &[u8], text: &Messages, name: &str) -> Self {
        let mut book = Xlsx::new(std::io::Cursor::new(workbook)).unwrap();
        let range = book.worksheet_range(text.get(name)).unwrap();
        let all: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
        let head = all.iter().position(|row| *row.last().unwrap() == *text.get("xlsx.id"));
        Self { all, head }
    }

    /// The rows below the head, as far as their last cell holds something.
    pub(crate) fn rows(&self) -> &[Vec<Data>] {
        let below = &self.all[self.head.unwrap() + 1..];
        let is_end = |row: &Vec<Data>| row.last().unwrap().to_string().is_empty();
        &below[..below.iter().position(is_end).unwrap_or(below.len())]
    }

    /// The column of a heading.
    pub(crate) fn column(&self, heading: &str) -> usize {
        self.all[self.head.unwrap()]
            .iter()
            .position(|cell| *cell == *heading)
            .unwrap_or_else(|| panic!("no {heading}"))
    }
}

/// What a cell of a workbook holds where a figure is shown: exact ones are numbers, marked ones text.
pub(crate) fn cell(shown: Shown) -> Data {
    let text = export::figure(shown);
    match shown {
        Shown::Value(_) => Data::Float(text.parse().unwrap()),
        Shown::Coarse { told, .. } => Data::String(format!("{}{text}", told.sign())),
        _ => Data::String(text),
    }
}

/// All findings as lines, in English.
pub(crate) fn lines(site: &Site, problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|p| p.line(&site.messages_en)).collect()
}

/// A site made up for one test.
pub(crate) struct Made {
    pub(crate) dir: tempfile::TempDir,
}

/// One area of a made-up site.
pub(crate) const AREAS: &[&str] =
    &["R1", "R1A1", "R1A2", "R1A3", "R1A4", "R1A101", "R1A102", "R1A201", "R1A202", "R1A301", "R1A401"];

const SITE: &str = r#"format = 1
id = "made"
name = { zh = "试", en = "Made" }
title = { zh = "试", en = "Made" }
subtitle = { zh = "试", en = "Made" }
time_zone = "ZONE"
datum = "WGS84"
root_area = "R1"
areas_schematic = false
home_scene = "one"
home_indicator = "HOME"

[[level]]
id = "county"
name = { zh = "县", en = "county" }
code_length = 2
[[level]]
id = "ward"
name = { zh = "片", en = "ward" }
code_length = 4
[[level]]
id = "block"
name = { zh = "格", en = "block" }
code_length = 6

[calendar]
day_due_at = "08:00"
month_due_on_day = 6

[room]
viewing_distance_meters = 4.0
pixel_pitch_millimeters = 0.9
"#;

const EVENTS: &str = r#"
[events]
table = "job"
id = "id"
area = "area"
kind = "kind"
severity = "n"
status = "state"
opened = "ts"
due = "due_ts"
closed = "done_ts"
organisation = "kind"
longitude = "lng"
latitude = "lat"
exercise = "drill"
open_statuses = ["new"]
"#;

const MESSAGES: &str = r#"format = 1
[unit]
"%" = "%"
n = "n"
[code.kind]
a = "a"
b = "b"
c = "c"
[code.state]
new = "new"
done = "done"
"#;

/// What a site of the tests is made of; everything but the tables and indicators is the same everywhere.
pub(crate) struct Recipe<'a> {
    pub(crate) zone: &'a str,
    pub(crate) datasets: &'a str,
    /// Body of `catalogue.toml` below the domain.
    pub(crate) indicators: &'a str,
    /// Id of any indicator in it.
    pub(crate) home: &'a str,
    pub(crate) events: bool,
}

impl Made {
    pub(crate) fn new(recipe: &Recipe<'_>) -> Self {
        let made = Self { dir: tempfile::tempdir().unwrap() };
        let mut site = SITE.replace("ZONE", recipe.zone).replace("HOME", recipe.home);
        if recipe.events {
            site.push_str(EVENTS);
        }
        made.write("site.toml", &site);
        made.write("areas.geojson", &areas());
        made.write("datasets.toml", &format!("format = 1\n{}", recipe.datasets));
        made.write(
            "catalogue.toml",
            &format!(
                "format = 1\n[[domain]]\nid = \"d\"\nname = {{ zh = \"域\", en = \"Domain\" }}\n{}",
                recipe.indicators
            ),
        );
        made.write(
            "scenes.toml",
            &format!(
                "format = 1\n[[scene]]\nid = \"one\"\nname = {{ zh = \"景\", en = \"Scene\" }}\nseconds = 9\nmap_indicator = \"{0}\"\nheadlines = [\"{0}\"]\n",
                recipe.home
            ),
        );
        made.write("messages/zh.toml", MESSAGES);
        made.write("messages/en.toml", MESSAGES);
        std::fs::create_dir_all(made.path().join("data")).unwrap();
        made
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn load(&self) -> Result<Arc<Site>, Vec<Problem>> {
        match site::load(self.path()) {
            Ok((site, problems)) => {
                assert!(problems.is_empty(), "{problems:?}");
                Ok(Arc::new(site))
            }
            Err(SiteError::Broken(problems)) => Err(problems),
            Err(err) => panic!("{err}"),
        }
    }

    pub(crate) fn build(&self) -> Engine {
        let site = self.load().unwrap_or_else(|p| panic!("{p:?}"));
        engine::build(site, Depth::Everything, &|_, _| {}).unwrap_or_else(|p| panic!("{p:?}"))
    }
}

/// Squares in a row: shapes play no part here.
fn areas() -> String {
    let mut features = Vec::new();
    for (i, code) in AREAS.iter().enumerate() {
        let (x0, x1) = (i as f64 * 0.01, i as f64 * 0.01 + 0.01);
        features.push(format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}","name_zh":"{code}","name_en":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[[[{x0},0],[{x1},0],[{x1},0.01],[{x0},0.01],[{x0},0]]]}}}}"#
        ));
    }
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",\n"))
}

/// One row of a catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) numerator: (String, String, String),
    pub(crate) denominator: Option<(String, String, String)>,
    pub(crate) window: String,
    pub(crate) denominator_window: Option<String>,
    pub(crate) time_column: Option<String>,
    pub(crate) scale: f64,
    pub(crate) extra: String,
}

impl Line {
    pub(crate) fn new(id: &str, table: &str, expr: &str, filter: &str, window: &str) -> Self {
        Self {
            id: id.to_owned(),
            numerator: (table.to_owned(), expr.to_owned(), filter.to_owned()),
            denominator: None,
            window: window.to_owned(),
            denominator_window: None,
            time_column: None,
            scale: 1.0,
            extra: String::new(),
        }
    }

    pub(crate) fn toml(&self) -> String {
        let side = |(table, expr, filter): &(String, String, String)| {
            format!("{{ table = \"{table}\", expr = \"{expr}\", where = \"{filter}\" }}")
        };
        let mut out = format!(
            "\n[[indicator]]\nid = \"{}\"\nname = {{ zh = \"{0}\", en = \"{0}\" }}\nunit = \"n\"\ndomain = \"d\"\nnumerator = {}\nscale = {:?}\nwindow = \"{}\"\nfinest_area = \"ward\"\ndirection = \"neutral\"\n",
            self.id,
            side(&self.numerator),
            self.scale,
            self.window
        );
        if let Some(denominator) = &self.denominator {
            let _ = writeln!(out, "denominator = {}", side(denominator));
        }
        if let Some(window) = &self.denominator_window {
            let _ = writeln!(out, "denominator_window = \"{window}\"");
        }
        if let Some(column) = &self.time_column {
            let _ = writeln!(out, "time_column = \"{column}\"");
        }
        out.push_str(&self.extra);
        out
    }
}

/// The table that is the event stream of a made-up site with events.
pub(crate) const EVENTS_TABLE: Declared<'static> = Declared {
    id: "job",
    refresh: "live",
    time_column: "ts",
    rollup: "sum",
    absent_row: "zero",
    extra: "",
    columns: &[
        "id:text",
        "area:area",
        "kind:text:kind",
        "n:int",
        "state:text:state",
        "ts:time",
        "due_ts:time",
        "done_ts:time?",
        "drill:int",
        "lng:float?",
        "lat:float?",
    ],
};

/// A table declaration in a dataset of its own.
pub(crate) struct Declared<'a> {
    pub(crate) id: &'a str,
    pub(crate) refresh: &'a str,
    pub(crate) time_column: &'a str,
    pub(crate) rollup: &'a str,
    pub(crate) absent_row: &'a str,
    /// Further lines of the table, such as `suppress_below = 10`.
    pub(crate) extra: &'a str,
    /// `id:type` or `id:type?` (nullable) or `id:type:codes`.
    pub(crate) columns: &'a [&'a str],
}

impl Declared<'_> {
    pub(crate) fn toml(&self) -> String {
        let mut out = format!(
            "\n[[dataset]]\nid = \"ds_{0}\"\nkind = \"topic\"\nname = {{ zh = \"{0}\", en = \"{0}\" }}\nrefresh = \"{1}\"\n\n[[dataset.table]]\nid = \"{0}\"\nrow = \"a row\"\nfinest_area = \"block\"\ntime_column = \"{2}\"\nkey = [\"id\"]\nrollup = \"{3}\"\nabsent_row = \"{4}\"\n{5}\ncolumns = [\n",
            self.id, self.refresh, self.time_column, self.rollup, self.absent_row, self.extra
        );
        for column in self.columns {
            let nullable = column.ends_with('?');
            let mut parts = column.trim_end_matches('?').split(':');
            let (id, kind, codes) = (parts.next().unwrap(), parts.next().unwrap(), parts.next());
            let _ = write!(out, "  {{ id = \"{id}\", type = \"{kind}\", nullable = {nullable}, ");
            if let Some(codes) = codes {
                let people = if self.extra.contains("suppress_below") { "people = \"other\", " } else { "" };
                let _ = write!(out, "codes = \"{codes}\", {people}");
            }
            let _ = writeln!(out, "zh = \"{id}\", en = \"{id}\" }},");
        }
        out.push_str("]\n");
        out
    }
}
