//! The cube that is kept between starts: the same figures as without it, and no trust in a file that is not whole, not
//! of this data or not of this program.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use onemap::engine::{self, Depth, Engine, Start};
use onemap::privacy::shown::Shown;
use onemap::runtime::{Runtime, Update};
use onemap::site::{self, Site};
use onemap::snapshot::{Day, Figures};
use proptest::prelude::*;

use crate::common::{self, AREAS, Declared, Line, Made, Recipe, day, figures, sample_dir};

/// A site whose program remembers in a folder.
fn opened(dir: &Path, state: &Path) -> Arc<Site> {
    let (mut site, _) = site::load(dir).unwrap();
    site.state = Some(state.to_owned());
    Arc::new(site)
}

fn start(dir: &Path, state: &Path) -> Start {
    start_to(dir, state, Depth::Figures)
}

fn start_to(dir: &Path, state: &Path, depth: Depth) -> Start {
    engine::start(opened(dir, state), depth, &|_, _| {}).unwrap()
}

/// An engine of a kept cube, as a window starts with: the rows that changes replace come from the files.
pub(crate) fn warm(dir: &Path) -> Engine {
    let state = tempfile::tempdir().unwrap();
    start_to(dir, state.path(), Depth::Needed).to_keep.unwrap().write();
    let warm = start_to(dir, state.path(), Depth::Needed);
    assert!(warm.to_keep.is_none(), "the kept cube was not used");
    warm.engine
}

/// Starts once from the files and once from what that kept.
fn cold_and_warm(dir: &Path, state: &Path) -> (Engine, Engine) {
    let cold = start(dir, state);
    cold.to_keep.unwrap().write();
    let warm = start(dir, state);
    assert!(warm.to_keep.is_none(), "the kept cube was not used");
    (cold.engine, warm.engine)
}

fn kept_file(state: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> =
        fs::read_dir(state.join("cube")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Everything that is shown of some days, series and comparisons with it, by what is compared exactly.
fn told(engine: &Engine, days: &[Day]) -> Vec<(Figures, String)> {
    use onemap::snapshot::SeriesSource as _;
    days.iter()
        .map(|day| {
            let secs = engine.end_of(*day).secs;
            let root = onemap::site::areas::AreaId::ROOT;
            let series = (0..engine.site().indicators.len()).map(|i| engine.series(i, &[root], secs, 6));
            (figures(engine, *day), format!("{:?}", series.collect::<Vec<_>>()))
        })
        .collect()
}

fn same(cold: &Engine, warm: &Engine, days: &[Day]) {
    assert_eq!(warm.rows(), cold.rows());
    assert_eq!(warm.present_day(), cold.present_day());
    assert_eq!(warm.problems, cold.problems);
    let secs = cold.end_of(days[0]).secs;
    assert_eq!(format!("{:?}", warm.sources(secs)), format!("{:?}", cold.sources(secs)));
    // Sums over sets are in any order.
    let (warm_sums, cold_sums) = (warm.mixed_sums(), cold.mixed_sums());
    assert_eq!(warm_sums.len(), cold_sums.len());
    for (warm, cold) in warm_sums.iter().zip(&cold_sums) {
        assert!(warm.figure == cold.figure && common::close(warm.sum, cold.sum), "{warm:?} {cold:?}");
    }
    for ((warm, cold), day) in told(warm, days).iter().zip(told(cold, days)).zip(days) {
        assert_eq!(format!("{:?}", warm.0), format!("{:?}", cold.0), "day {day}");
        assert_eq!(warm.1, cold.1, "day {day}");
    }
}

#[test]
fn the_sample_is_the_same() {
    let state = tempfile::tempdir().unwrap();
    let (cold, warm) = cold_and_warm(&sample_dir(), state.path());
    let last = cold.present_day();
    let days = [last, last - 1, last - 40, last - 400];
    same(&cold, &warm, &days);
    same(&cold, &by_days(&sample_dir(), state.path()), &days);
}

/// An engine that keeps no row within its day.
fn by_days(dir: &Path, state: &Path) -> Engine {
    engine::build(opened(dir, state), Depth::Days, &|_, _| {}).unwrap()
}

const ZONE: &str = "Europe/Lisbon";

/// A site with every form of the cube: present state, days, months, instants, medians, different values.
fn make(rows: &[(usize, i64, i64, usize)]) -> Made {
    make_in(ZONE, rows)
}

fn make_in(zone: &'static str, rows: &[(usize, i64, i64, usize)]) -> Made {
    let stamped = |id, time_column, rollup, time| {
        Declared {
            id,
            refresh: "daily",
            time_column,
            rollup,
            absent_row: "gap",
            extra: "",
            columns: &["id:text", "area:area", "kind:text:kind", "n:int", "x:float?", time],
        }
        .toml()
    };
    let datasets = [
        stamped("happened", "ts", "sum", "ts:time"),
        stamped("daily", "d", "sum", "d:date"),
        stamped("monthly", "d", "exact", "d:month"),
    ];
    let mut lines = Vec::new();
    for (table, windows) in [
        ("happened", &["day", "trailing 24 h", "trailing 7 days", "cumulative", "now"][..]),
        ("daily", &["latest day", "trailing 30 days", "now"][..]),
        ("monthly", &["latest month", "trailing 3 months"][..]),
    ] {
        for window in windows {
            for expr in ["count(*)", "sum(n)", "sum(x/3)", "median(x)", "count(DISTINCT kind)"] {
                lines.push(Line::new(&format!("i{}", lines.len()), table, expr, "n<>2", window));
            }
        }
    }
    let made = Made::new(&Recipe {
        zone,
        datasets: &datasets.concat(),
        indicators: &lines.iter().map(Line::toml).collect::<String>(),
        home: "i0",
        events: false,
    });
    for (table, column) in [("happened", "ts"), ("daily", "d"), ("monthly", "d")] {
        let mut text = format!("id,area,kind,n,x,{column}\n");
        for (number, (area, secs, n, kind)) in rows.iter().enumerate() {
            let date = jiff::Timestamp::from_second(*secs).unwrap().to_string();
            let time = match table {
                "happened" => secs.to_string(),
                "daily" => date[..10].to_owned(),
                _ => date[..7].to_owned(),
            };
            let (area, kind) = (AREAS[*area], ["a", "b", "c"][*kind]);
            let x = if n % 5 == 0 { String::new() } else { format!("{}.5", n * 3) };
            text.push_str(&format!("k{number},{area},{kind},{n},{x},{time}\n"));
        }
        made.write(&format!("data/{table}.csv"), &text);
    }
    made
}

fn some_rows() -> Vec<(usize, i64, i64, usize)> {
    let first = 1_711_000_000;
    (0..60).map(|n| (n as usize % AREAS.len(), first + n * 40_000, n % 7, n as usize % 3)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the data, a start from the kept cube shows what a start from the files shows.
    #[test]
    fn random_sites_are_the_same(
        rows in prop::collection::vec((0..AREAS.len(), 1_711_000_000i64..1_716_000_000, -4i64..9, 0usize..3), 0..80),
        back in 0i32..60,
    ) {
        let made = make(&rows);
        let state = tempfile::tempdir().unwrap();
        let (cold, warm) = cold_and_warm(made.path(), state.path());
        let last = day("2024-05-18");
        same(&cold, &warm, &[last, last - back]);
    }

    /// What keeps no row within its day says the same of the ends of days, also where clocks change and a day is not 24
    /// hours. Of other instants it says nothing where it would have to know such a row, and the same where not.
    #[test]
    fn random_sites_are_the_same_by_days(
        rows in prop::collection::vec((0..AREAS.len(), 1_711_000_000i64..1_716_000_000, -4i64..9, 0usize..3), 1..80),
        back in 0i32..60,
        zone in prop::sample::select(vec![ZONE, "Asia/Shanghai", "America/Phoenix"]),
        early in 1i64..80_000,
    ) {
        let made = make_in(zone, &rows);
        let state = tempfile::tempdir().unwrap();
        let cold = start(made.path(), state.path()).engine;
        let days = by_days(made.path(), state.path());
        let last = day("2024-05-18");
        same(&cold, &days, &[last, last - back]);
        let at = cold.at(cold.end_of(last - back).secs - early);
        let values = |engine: &Engine| -> Vec<Shown> {
            let figures = engine.figures(at, &engine.sources(at.secs));
            let of = |i| (0..AREAS.len() as u32).map(move |area| (i, onemap::site::areas::AreaId(area)));
            let all = (0..engine.site().indicators.len()).flat_map(of);
            all.map(|(i, area)| figures.reading(i, area).value).collect()
        };
        let (known, told) = (values(&cold), values(&days));
        let mut wrong = told.iter().zip(&known).filter(|(told, known)| **told != Shown::Missing && told != known);
        prop_assert!(wrong.next().is_none());
    }
}

/// Whether the next start uses what is kept; a wrong cube would also show wrong figures.
fn is_used(made: &Made, state: &Path) -> bool {
    let start = start(made.path(), state);
    let plain = engine::build(opened(made.path(), state), Depth::Figures, &|_, _| {}).unwrap();
    same(&plain, &start.engine, &[day("2024-04-17")]);
    start.to_keep.is_none()
}

#[test]
fn what_is_damaged_is_not_used() {
    let (made, state) = (make(&some_rows()), tempfile::tempdir().unwrap());
    cold_and_warm(made.path(), state.path());
    let file = kept_file(state.path());
    let whole = fs::read(&file).unwrap();
    let mut spoilt = Vec::new();
    // A bit in the mark, the key, the table of sections and the sections; a cut; nothing; something else.
    for at in [3, 20, 60, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        spoilt.push(bytes);
    }
    spoilt.extend([whole[..whole.len() / 2].to_vec(), Vec::new(), b"not a cube".to_vec()]);
    for bytes in spoilt {
        fs::write(&file, &bytes).unwrap();
        assert!(!is_used(&made, state.path()));
    }
    fs::write(&file, &whole).unwrap();
    assert!(is_used(&made, state.path()));
    // A file half written beside its place is nobody's, and one that cannot be read is no error.
    fs::rename(&file, file.with_extension("1.part")).unwrap();
    assert!(!is_used(&made, state.path()));
    fs::create_dir(&file).unwrap();
    assert!(!is_used(&made, state.path()));
}

/// The cube of other data or other definitions is not used, also where size and time of a file stay as they were.
#[test]
fn what_is_of_something_else_is_not_used() {
    let (made, state) = (make(&some_rows()), tempfile::tempdir().unwrap());
    cold_and_warm(made.path(), state.path());
    assert!(is_used(&made, state.path()));
    let path = made.path().join("data/happened.csv");
    let text = fs::read_to_string(&path).unwrap();
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let other = text.replacen(",b,", ",c,", 1);
    assert_eq!(other.len(), text.len());
    fs::write(&path, &other).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert!(!is_used(&made, state.path()));
    fs::write(&path, &text).unwrap();
    assert!(is_used(&made, state.path()));
    // One more part; the same content under another name.
    made.write("data/daily/2024.csv", "id,area,kind,n,x,d\nq1,R1A1,a,1,1.5,2024-04-01\n");
    assert!(!is_used(&made, state.path()));
    fs::remove_dir_all(made.path().join("data/daily")).unwrap();
    for (file, from, to) in [
        ("catalogue.toml", "n<>2", "n<>3"),
        ("messages/zh.toml", "c = \"c\"", "c = \"C\""),
        ("site.toml", ZONE, "UTC"),
    ] {
        let text = fs::read_to_string(made.path().join(file)).unwrap();
        made.write(file, &text.replace(from, to));
        assert!(!is_used(&made, state.path()), "{file}");
        made.write(file, &text);
    }
    assert!(is_used(&made, state.path()));
}

/// What the door refuses stands beside the proof: nothing is kept then. Rows that are left out are told again.
#[test]
fn what_is_wrong_is_told_again() {
    let (made, state) = (make(&some_rows()), tempfile::tempdir().unwrap());
    let path = "data/happened.csv";
    let text = fs::read_to_string(made.path().join(path)).unwrap();
    made.write(path, &text.replacen("k3,", "k3,NOWHERE", 1).replacen(",b,", ",unknown,", 1));
    let (cold, warm) = cold_and_warm(made.path(), state.path());
    assert!(!cold.problems.is_empty());
    assert_eq!(common::lines(warm.site(), &warm.problems), common::lines(cold.site(), &cold.problems));
    made.write(path, &text.replace("k5,", "13800138000,"));
    let refused = start(made.path(), state.path());
    assert!(
        refused.engine.problems.iter().any(|p| p.message.key.contains("held")),
        "{:?}",
        refused.engine.problems
    );
    assert!(refused.to_keep.is_none());
}

/// Data that changes while it is read is not kept: the cube may be of neither state.
#[test]
fn what_changed_meanwhile_is_not_kept() {
    let (made, state) = (make(&some_rows()), tempfile::tempdir().unwrap());
    let cold = start(made.path(), state.path());
    let path = made.path().join("data/daily.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen(",a,", ",b,", 1)).unwrap();
    cold.to_keep.unwrap().write();
    assert!(!state.path().join("cube").exists());
}

/// Two programs that start together keep one whole file.
#[test]
fn two_at_once() {
    let (made, state) = (make(&some_rows()), tempfile::tempdir().unwrap());
    std::thread::scope(|scope| {
        for number in 0..2 {
            let run = || start(made.path(), state.path()).to_keep.into_iter().for_each(engine::ToKeep::write);
            std::thread::Builder::new().name(format!("start-{number}")).spawn_scoped(scope, run).unwrap();
        }
    });
    kept_file(state.path());
    assert!(is_used(&made, state.path()));
}

/// The program itself: the second run says the same, a run that is told not to keeps nothing.
#[test]
fn compute_says_the_same_again() {
    let made = make(&some_rows());
    let state = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let mut program = common::program();
        program.env("XDG_STATE_HOME", state.path()).env("RUST_LOG", "onemap=info");
        program.args(["compute", "--lang", "en", "--as-of", "2024-04-17", "--format", "csv", "--site"]);
        let ran = common::Ran::of(program.arg(made.path()).args(more));
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran
    };
    let plain = run(&["--no-cache"]);
    assert!(!plain.err.contains("kept"), "{}", plain.err);
    let cold = run(&[]);
    assert!(cold.err.contains("no kept cube") && cold.err.contains("cube kept"), "{}", cold.err);
    let warm = run(&[]);
    assert!(warm.err.contains("kept cube read"), "{}", warm.err);
    assert_eq!((&cold.out, &warm.out), (&plain.out, &plain.out));
}

/// A window keeps the cube once its first picture is out, and the next window starts from it.
#[test]
fn a_window_keeps_it_for_the_next() {
    const PATIENCE: Duration = Duration::from_mins(2);
    let (made, state) = (make(&some_rows()), tempfile::tempdir().unwrap());
    let picture = || {
        let runtime = Runtime::start(opened(made.path(), state.path()), Arc::new(|| {})).unwrap();
        loop {
            match runtime.wait(PATIENCE) {
                Some(Update::Snapshot(snapshot)) => {
                    let site = opened(made.path(), state.path());
                    let of = |i| site.areas.iter().map(move |(area, _)| (i, area));
                    let all = (0..site.indicators.len()).flat_map(of);
                    return all.map(|(i, area)| snapshot.reading(i, area).value).collect::<Vec<_>>();
                }
                Some(Update::Progress(..)) => {}
                other => panic!("no picture: {other:?}"),
            }
        }
    };
    let first = picture();
    let began = Instant::now();
    while start(made.path(), state.path()).to_keep.is_some() {
        assert!(began.elapsed() < PATIENCE, "no cube was kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(picture(), first);
}

/// Figures of what a live source feeds wait for the whole picture; what it brought while that was made is in it.
#[test]
fn a_window_shows_the_kept_cube_first_and_then_what_came_live() {
    const PATIENCE: Duration = Duration::from_mins(2);
    let (made, state) = (crate::feeds_folder::made(), tempfile::tempdir().unwrap());
    let header = "编号,所属片区,数量,受理时间,类别\n";
    let until = |rows: f64| {
        let site = opened(made.path(), state.path());
        let indicator = site.indicator_index("rows").unwrap();
        let runtime = Runtime::start(site, Arc::new(|| {})).unwrap();
        let mut pictures = Vec::new();
        let began = Instant::now();
        loop {
            match runtime.wait(PATIENCE) {
                Some(Update::Snapshot(snapshot)) => {
                    let root = onemap::site::areas::AreaId::ROOT;
                    let value = snapshot.reading(indicator, root).value;
                    pictures.push((snapshot.revision, snapshot.is_whole, value, snapshot.feeds.len()));
                    if value == Shown::Value(rows) {
                        return pictures;
                    }
                }
                Some(Update::Progress(..)) => {}
                other => panic!("no picture: {other:?}"),
            }
            assert!(began.elapsed() < PATIENCE, "{pictures:?}");
        }
    };
    crate::feeds_folder::put(&made, "job.csv", format!("{header}k1,R1A1,5,2026-11-23 10:31,a\n").as_bytes());
    let cold = until(2.0);
    assert!(cold.iter().all(|(_, is_whole, ..)| *is_whole), "no cube was kept: {cold:?}");
    let began = Instant::now();
    while start(made.path(), state.path()).to_keep.is_some() {
        assert!(began.elapsed() < PATIENCE, "no cube was kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    crate::feeds_folder::put(
        &made,
        "job-2.csv",
        format!("{header}k2,R1A2,6,2026-11-23 10:32,a\n").as_bytes(),
    );
    let warm = until(3.0);
    assert_eq!(warm[0], (1, false, Shown::Unread, 1), "{warm:?}");
    assert!(warm[1..].iter().all(|(_, is_whole, value, _)| *is_whole && *value != Shown::Unread), "{warm:?}");
    assert!(warm.windows(2).all(|pair| pair[0].0 < pair[1].0), "{warm:?}");
}
