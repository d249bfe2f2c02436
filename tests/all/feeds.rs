//! Live sources from their thread to the engine: the journal under a killed program, failures that stay their own,
//! states that are shown. A source of the tests stands in for a server.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use onemap::engine::Engine;
use onemap::site::Site;
use onemap::site::feeds::FeedMeta;
use onemap::snapshot::FeedPhase;
use onemap::sources::supervise::{self, Feeds};
use onemap::sources::tap::{Source, Tap, Trouble};
use onemap::sources::{Cursor, Parcel, SourceEvent, Waiting};
use polars::prelude::*;

use crate::common::{Declared, Line, Made, Recipe, day, figures, shown};

const JOB: Declared<'_> = Declared {
    id: "job",
    refresh: "live",
    time_column: "ts",
    rollup: "sum",
    absent_row: "zero",
    extra: "",
    columns: &[
        "id:text",
        "area:area",
        "n:int",
        "ts:time",
        "kind:text:kind",
        "mark:date?",
        "ratio:float?",
        "ok:bool?",
    ],
};
pub(crate) const DAY: &str = "2026-11-23";

/// A site that counts and sums the rows of one table, with a `sources.toml`.
pub(crate) fn site(sources: &str) -> Made {
    let lines = [
        Line::new("rows", "job", "count(*)", "", "cumulative"),
        Line::new("sum", "job", "sum(n)", "", "cumulative"),
    ];
    let indicators: String = lines.iter().map(Line::toml).collect::<String>().replace(", where = \"\"", "");
    let recipe = Recipe {
        zone: "Asia/Shanghai",
        datasets: &JOB.toml(),
        indicators: &indicators,
        home: "rows",
        events: false,
    };
    let made = Made::new(&recipe);
    made.write("sources.toml", sources);
    made.write("data/job.csv", "id,area,n,ts,kind,mark,ratio,ok\nbase,R1A1,1000000,1795334400,a,,,\n");
    made
}

pub(crate) const ONE: &str = r#"format = 1
[journal]
folder = "state"
[[source]]
id = "one"
name = { zh = "甲", en = "One" }
[source.folder]
path = "inbox"
tables = ["job"]
quiet_seconds = 0.3
"#;

/// Rows of the table: `(id, n)`.
pub(crate) fn rows(list: &[(String, i64)]) -> DataFrame {
    let ts: Vec<i64> = list.iter().map(|_| 1_795_334_400).collect();
    df!(
        "id" => list.iter().map(|r| r.0.clone()).collect::<Vec<_>>(),
        "area" => list.iter().map(|_| "R1A1").collect::<Vec<_>>(),
        "n" => list.iter().map(|r| r.1).collect::<Vec<_>>(),
        "ts" => ts,
        "kind" => list.iter().map(|_| "a").collect::<Vec<_>>(),
        "mark" => list.iter().map(|_| None::<i32>).collect::<Vec<_>>(),
        "ratio" => list.iter().map(|_| None::<f64>).collect::<Vec<_>>(),
        "ok" => list.iter().map(|_| None::<bool>).collect::<Vec<_>>()
    )
    .unwrap()
    .lazy()
    .with_column(col("mark").cast(DataType::Date))
    .collect()
    .unwrap()
}

/// Rows and sum of what an engine counts, without the row of the file.
pub(crate) fn counted(engine: &Engine) -> (u64, i64) {
    let figures = figures(engine, day(DAY));
    let value = |id| shown(engine, &figures, id, onemap::site::areas::AreaId::ROOT).exact().unwrap();
    (value("rows") as u64 - 1, value("sum") as i64 - 1_000_000)
}

/// The engine with what the journal of the site holds.
pub(crate) fn restored(made: &Made) -> (Engine, supervise::Restored) {
    let mut engine = made.build();
    let site = Arc::clone(engine.site());
    let mut waiting = Waiting::default();
    let restored = supervise::restore(&site, &supervise::state_dir(&site), &mut |parcel| {
        if let Some(batch) = waiting.add(parcel) {
            assert!(engine.apply(&batch).is_empty());
        }
    })
    .unwrap();
    for batch in waiting.rest() {
        assert!(engine.apply(&batch).is_empty());
    }
    (engine, restored)
}

pub(crate) fn meta(site: &Site) -> FeedMeta {
    site.feeds.sources[0].clone()
}

/// A server that sends numbered rows and forgets those that were acknowledged, as a broker does. What was not
/// acknowledged comes again, and a few that were, too. Every other event is a row of its own, which nothing replaces,
/// so that any that is lost is missed; the others are new versions of few rows, for folding and sifting.
struct Server {
    from: u64,
    until: u64,
    acknowledged: PathBuf,
}

const KEYS: u64 = 700;

/// Key and version of an event; the version is the row's value.
fn event(number: u64) -> (String, i64) {
    if number.is_multiple_of(2) {
        (format!("u{number}"), 1)
    } else {
        (format!("k{}", number % KEYS), number as i64)
    }
}

fn wanted(until: u64) -> BTreeMap<String, i64> {
    (0..until).map(event).collect()
}

impl Source for Server {
    fn run(&mut self, tap: &mut Tap) -> Result<(), Trouble> {
        tap.live();
        let mut file =
            std::fs::OpenOptions::new().append(true).create(true).open(&self.acknowledged).unwrap();
        let mut waiting: Vec<(u64, u64)> = Vec::new();
        let mut next = self.from;
        loop {
            if next < self.until {
                let end = (next + 1 + next % 7).min(self.until);
                let list: Vec<(String, i64)> = (next..end).map(event).collect();
                let admitted =
                    tap.admit_typed(&tap.site().table("job").unwrap().clone(), rows(&list), Path::new("t"));
                assert_eq!(admitted.refused, 0, "{:?}", admitted.problems);
                let parcel = Parcel {
                    ids: (next..end).map(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1).collect(),
                    versions: (next..end).map(|k| event(k).1).collect(),
                    cursor: Some(Cursor { name: "job".into(), value: end.to_string() }),
                    ..Parcel::now("job", admitted.rows)
                };
                waiting.push((tap.send(parcel)?, end));
                next = end;
            }
            if tap.stop().wait(Duration::from_millis(1)) {
                return Err(Trouble::Stopped);
            }
            let durable = tap.durable();
            let done = waiting.iter().take_while(|(number, _)| *number <= durable).count();
            if let Some((_, end)) = waiting.drain(..done).next_back() {
                // One line, one write: what stands here was acknowledged.
                file.write_all(format!("{end}\n").as_bytes()).unwrap();
            }
        }
    }
}

pub(crate) fn acknowledged(path: &Path) -> u64 {
    let Ok(file) = std::fs::File::open(path) else { return 0 };
    std::io::BufReader::new(file).lines().filter_map(|l| l.unwrap().parse().ok()).max().unwrap_or(0)
}

/// The program that is killed; does nothing unless it is started by the test below.
#[test]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var("ONEMAP_TEST_CHILD") else { return };
    let until: u64 = std::env::var("ONEMAP_TEST_UNTIL").unwrap().parse().unwrap();
    let (site, _) = onemap::site::load(Path::new(&dir)).unwrap();
    let site = Arc::new(site);
    let log = Path::new(&dir).join("acknowledged");
    let restored = supervise::restore(&site, &supervise::state_dir(&site), &mut |_| {}).unwrap();
    // As a broker whose last acknowledgements were lost on the way: some come again.
    let from = acknowledged(&log).saturating_sub(40);
    let server = Server { from, until, acknowledged: log };
    let (out, inbox) = crossbeam_channel::bounded(64);
    let list: Vec<(FeedMeta, Box<dyn Source>)> = vec![(meta(&site), Box::new(server))];
    let _feeds = Feeds::start(&site, restored, list, out).unwrap();
    while inbox.recv().is_ok() {}
}

fn killed(times: usize) {
    let until = 400_000;
    // Small segments and a low bound: folds happen all the time.
    let made = site(&ONE.replace("folder = \"state\"", "folder = \"state\"\nmost_megabytes = 1"));
    let log = made.path().join("acknowledged");
    let mut random = 0x1234_5678_u64;
    let (mut last, mut moved) = (0, 0);
    for round in 0..times {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "feeds::child_that_is_killed", "--nocapture"])
            .env("ONEMAP_TEST_CHILD", made.path())
            .env("ONEMAP_TEST_UNTIL", until.to_string())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let patience = Duration::from_millis(40 + (random >> 33) % 160);
        let began = Instant::now();
        // Half of the kills wait until something was acknowledged in this round, the others may fall into the start.
        while began.elapsed() < patience
            || (round % 2 == 0 && acknowledged(&log) == last && began.elapsed() < Duration::from_secs(20))
        {
            std::thread::sleep(Duration::from_millis(3));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = acknowledged(&log);
        assert!(kept >= last);
        moved += u64::from(kept > last);
        last = kept;
        if round % 10 == 9 || round + 1 == times {
            check(&made, last);
        }
    }
    assert!(moved * 3 >= times as u64, "only {moved} of {times} rounds got anything done");
}

/// Everything that was acknowledged is there, once, in its newest version; what is there beyond it is a beginning of
/// what the server sent afterwards. The engine counts just that.
fn check(made: &Made, acknowledged: u64) {
    let site = made.load().unwrap();
    let mut found: BTreeMap<String, i64> = BTreeMap::new();
    let held = supervise::restore(&site, &supervise::state_dir(&site), &mut |parcel| {
        let ids = parcel.rows.frame().column("id").unwrap().str().unwrap().clone();
        let values = parcel.rows.frame().column("n").unwrap().i64().unwrap().clone();
        found.extend(ids.iter().zip(values.iter()).map(|(id, n)| (id.unwrap().to_owned(), n.unwrap())));
    })
    .unwrap();
    drop(held);
    let last_key = found.iter().filter(|(id, _)| id.starts_with('k')).map(|(_, n)| *n as u64 + 1).max();
    let last_row =
        found.keys().filter_map(|id| id.strip_prefix('u')?.parse::<u64>().ok()).map(|n| n + 1).max();
    let until = last_key.max(last_row).unwrap_or(0);
    assert!(until >= acknowledged, "{acknowledged} were acknowledged, {until} are there");
    let wanted = wanted(until);
    let lost: Vec<_> = wanted.iter().filter(|(id, n)| found.get(*id) != Some(n)).take(5).collect();
    assert!(
        lost.is_empty() && found.len() == wanted.len(),
        "of {until} events these are not there: {lost:?}"
    );
    let (engine, _held) = restored(made);
    assert_eq!(counted(&engine), (wanted.len() as u64, wanted.values().sum::<i64>()));
}

#[test]
fn a_killed_program_loses_nothing_and_counts_nothing_twice() {
    killed(10);
}

#[test]
#[ignore = "minutes: two hundred starts"]
fn two_hundred_kills_lose_nothing_and_count_nothing_twice() {
    killed(200);
}

/// A source that does as it is told.
struct Puppet {
    runs: Arc<AtomicU64>,
    act: Box<dyn FnMut(&mut Tap, u64) -> Result<(), Trouble> + Send>,
}

impl Source for Puppet {
    fn run(&mut self, tap: &mut Tap) -> Result<(), Trouble> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst);
        (self.act)(tap, run)
    }
}

pub(crate) fn puppet(
    site: &Site,
    id: &str,
    act: impl FnMut(&mut Tap, u64) -> Result<(), Trouble> + Send + 'static,
) -> (FeedMeta, Box<dyn Source>) {
    let meta = FeedMeta { id: id.to_owned(), ..meta(site) };
    (meta, Box::new(Puppet { runs: Arc::default(), act: Box::new(act) }))
}

pub(crate) fn until_stopped(tap: &mut Tap) -> Result<(), Trouble> {
    while !tap.stop().wait(Duration::from_millis(5)) {}
    Err(Trouble::Stopped)
}

/// The same rows through the door.
pub(crate) fn passed(tap: &mut Tap, list: &[(String, i64)]) -> onemap::store::Admitted {
    let table = tap.site().table("job").unwrap().clone();
    let passed = tap.admit_typed(&table, rows(list), Path::new("t"));
    assert_eq!(passed.refused, 0, "{:?}", passed.problems);
    passed.rows
}

fn send(tap: &mut Tap, list: &[(String, i64)]) -> Result<u64, Trouble> {
    let rows = passed(tap, list);
    tap.send(Parcel::now("job", rows))
}

/// Waits for something that must come.
pub(crate) fn wait_for(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn threads_of_sources() -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let name = |t: std::fs::DirEntry| std::fs::read_to_string(t.path().join("comm")).unwrap_or_default();
    tasks.filter_map(Result::ok).map(name).filter(|n| n.starts_with("source-zz")).collect()
}

#[test]
fn one_source_in_trouble_leaves_the_others_alone_and_all_end_in_time() {
    let made = site(ONE);
    let (mut engine, restored) = restored(&made);
    let site = Arc::clone(engine.site());
    let (out, inbox) = crossbeam_channel::bounded(64);
    let list = vec![
        puppet(&site, "zz-panics", |_, _| panic!("broken on purpose")),
        puppet(&site, "zz-fails", |_, run| {
            Err(Trouble::Failed(onemap::site::text::Message::new("status.feed.lost").with("error", run)))
        }),
        puppet(&site, "zz-works", |tap, _| {
            tap.live();
            for n in 0..50 {
                send(tap, &[(format!("w{n}"), 1)])?;
            }
            until_stopped(tap)
        }),
        puppet(&site, "zz-sleeps", |tap, _| {
            tap.connecting();
            until_stopped(tap)
        }),
        puppet(&site, "zz-behind", |tap, _| {
            tap.catching_up(3, Some(9));
            until_stopped(tap)
        }),
    ];
    let mut feeds = Feeds::start(&site, restored, list, out).unwrap();
    let mut seen = (0, false, false, false);
    wait_for("rows and states", || {
        while let Ok(SourceEvent::Batch(batch)) = inbox.try_recv() {
            assert!(engine.apply(&batch).is_empty());
        }
        let states = feeds.states(0);
        let failed = |i: usize, key: &str| matches!(&states[i].phase, FeedPhase::Failed { reason, .. } if reason.key == key);
        seen.0 = counted(&engine).0;
        seen.1 |= failed(0, "status.feed.panic");
        seen.2 |= failed(1, "status.feed.lost");
        seen.3 |= states[2].phase == FeedPhase::Live
            && states[3].phase == FeedPhase::Connecting
            && states[4].phase == FeedPhase::CatchingUp { done: 3, of: Some(9) };
        seen == (50, true, true, true)
    });
    let states = feeds.states(0);
    let FeedPhase::Failed { reason, .. } = &states[0].phase else { panic!("{states:?}") };
    assert!(site.messages_en.say(reason).contains("broken on purpose"));
    if cfg!(target_os = "linux") {
        assert_eq!(threads_of_sources().len(), 5);
    }
    assert!(feeds.end(), "not all threads ended within two seconds");
    assert_eq!(threads_of_sources(), Vec::<String>::new());
}

#[test]
fn a_slow_engine_slows_sources_and_loses_nothing() {
    let made = site(ONE);
    let (mut engine, restored) = restored(&made);
    let site = Arc::clone(engine.site());
    let (out, inbox) = crossbeam_channel::bounded(1);
    let done = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&done);
    let list = vec![puppet(&site, "fast", move |tap, _| {
        for n in 0..500 {
            send(tap, &[(format!("f{}", n % 60), n)])?;
        }
        while tap.durable() < tap.sent() {
            if tap.stop().wait(Duration::from_millis(1)) {
                return Err(Trouble::Stopped);
            }
        }
        told.store(true, Ordering::SeqCst);
        until_stopped(tap)
    })];
    let feeds = Feeds::start(&site, restored, list, out).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(!done.load(Ordering::SeqCst) || feeds.waiting() == 0);
    let wanted: i64 = (440..500).sum();
    wait_for("all rows", || {
        if let Ok(SourceEvent::Batch(batch)) = inbox.recv_timeout(Duration::from_millis(20)) {
            assert!(engine.apply(&batch).is_empty());
        }
        counted(&engine) == (60, wanted)
    });
    drop(feeds);
    drop(inbox);
    assert_eq!(counted(&self::restored(&made).0), (60, wanted), "the next start shows another state");
}

#[test]
fn repetitions_and_older_versions_are_left_out() {
    let made = site(ONE);
    let (mut engine, restored) = restored(&made);
    let site = Arc::clone(engine.site());
    let (out, inbox) = crossbeam_channel::bounded(64);
    let list = vec![puppet(&site, "one", |tap, _| {
        let mut send = |id: u64, key: &str, version: i64, n: i64| {
            let parcel = Parcel {
                ids: vec![id],
                versions: vec![version],
                ..Parcel::now("job", passed(tap, &[(key.to_owned(), n)]))
            };
            tap.send(parcel)
        };
        send(1, "a", 5, 10)?;
        send(1, "a", 5, 10)?; // the same message again
        send(2, "a", 4, 99)?; // an older version that was late
        send(3, "b", 1, 1)?;
        send(4, "a", 6, 20)?;
        send(3, "b", 9, 77)?; // an id that was used again is a repetition, whatever it brings
        send(5, "a", 6, 21)?; // the same moment, another message
        until_stopped(tap)
    })];
    let mut feeds = Feeds::start(&site, restored, list, out).unwrap();
    wait_for("seven rows", || {
        let states = feeds.states(0);
        states[0].rows + states[0].repeated == 7
    });
    while let Ok(SourceEvent::Batch(batch)) = inbox.recv_timeout(Duration::from_millis(300)) {
        assert!(engine.apply(&batch).is_empty());
    }
    assert_eq!(counted(&engine), (2, 22));
    assert_eq!((feeds.states(0)[0].rows, feeds.states(0)[0].repeated), (4, 3));
    drop(feeds);
    assert_eq!(counted(&self::restored(&made).0), (2, 22));
}

#[test]
fn what_the_door_refuses_is_not_in_the_journal() {
    let made = site(ONE);
    let (engine, restored) = restored(&made);
    let site = Arc::clone(engine.site());
    let (out, _inbox) = crossbeam_channel::bounded(64);
    let list = vec![puppet(&site, "one", |tap, _| {
        let table = tap.site().table("job").unwrap().clone();
        let texts = df!(
            "id" => ["good", "13800138000", "nowhere", "code", "empty"],
            "area" => [Some("R1A1"), Some("R1A1"), Some("R9"), Some("R1A1"), None],
            "n" => ["1", "1", "1", "1", "1"],
            "ts" => ["1795334400"; 5],
            "kind" => ["a", "a", "a", "z", "a"],
            "mark" => [None::<&str>; 5], "ratio" => [None::<&str>; 5], "ok" => [None::<&str>; 5]
        )
        .unwrap();
        let admitted = tap.admit_texts(&table, texts, Path::new("t"));
        assert_eq!(admitted.kept, [true, false, false, false, false]);
        tap.send(Parcel::now("job", admitted.rows))?;
        until_stopped(tap)
    })];
    let mut feeds = Feeds::start(&site, restored, list, out).unwrap();
    wait_for("the row", || feeds.states(0)[0].rows == 1);
    assert_eq!(feeds.states(0)[0].refused, 4);
    drop(feeds);
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(made.path().join("state")).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|w| w == text);
    assert!(holds(b"good"));
    for text in ["13800138000", "nowhere", "code", "empty"] {
        assert!(!holds(text.as_bytes()), "{text} is in the journal");
    }
}

/// Everything that was logged, for tests that look for what must be there or must not.
struct Ear(std::sync::Mutex<String>);

static EAR: Ear = Ear(std::sync::Mutex::new(String::new()));

impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push_str(&format!("{}\n", record.args()));
    }

    fn flush(&self) {}
}

pub(crate) fn listen() {
    drop(log::set_logger(&EAR));
    log::set_max_level(log::LevelFilter::Trace);
}

/// What was logged so far.
pub(crate) fn heard() -> String {
    EAR.0.lock().unwrap().clone()
}

/// An identity number, with its check digit, as it may come by mistake or on purpose.
pub(crate) const IDENTITY: &str = "11010519491231002X";

/// Looks for a text in everything that is written: the log, the journal, the records of what was refused.
pub(crate) fn assert_nowhere(made: &Made, text: &str) {
    fn walk(dir: &Path, text: &[u8], files: &mut usize) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, text, files);
            } else if let Ok(bytes) = std::fs::read(&path) {
                *files += 1;
                assert!(!bytes.windows(text.len()).any(|w| w == text), "in {}", path.display());
            }
        }
    }
    let heard = heard();
    assert!(!heard.is_empty(), "nothing was logged");
    assert!(!heard.contains(text), "in the log");
    let mut files = 0;
    walk(&made.path().join("state"), text.as_bytes(), &mut files);
    assert!(files > 0, "no journal");
    if let Some(state) = made.load().ok().and_then(|site| onemap::store::quarantine::state_folder(&site)) {
        walk(&state, text.as_bytes(), &mut files);
    }
}

/// One row of a batch that must not come in costs that row, wherever in the batch it is, and as often as it is there.
#[test]
fn a_content_that_must_not_come_in_costs_its_row_only() {
    let made = site(ONE);
    let site = Arc::new(made.load().unwrap());
    let table = site.table("job").unwrap();
    for bad in [vec![0], vec![299], vec![7, 8, 150, 151, 152], (0..300).collect(), vec![]] {
        let id = |n: usize| if bad.contains(&n) { IDENTITY.to_owned() } else { format!("r{n}") };
        let list: Vec<(String, i64)> = (0..300).map(|n| (id(n), 1)).collect();
        let typed = rows(&list);
        let texts: Vec<Column> = typed.columns().iter().map(|c| c.cast(&DataType::String).unwrap()).collect();
        let texts = DataFrame::new(typed.height(), texts).unwrap();
        let wanted: Vec<bool> = (0..300).map(|n| !bad.contains(&n)).collect();
        for passed in [
            onemap::sources::admit::typed(&site, table, typed, Path::new("t")),
            onemap::sources::admit::texts(&site, table, texts, Path::new("t")),
        ] {
            assert_eq!(passed.kept, wanted);
            assert_eq!(passed.refused, bad.len() as u64);
            assert_eq!(passed.rows.height(), 300 - bad.len());
            let ids: Vec<String> = passed
                .rows
                .frame()
                .column("id")
                .map(|c| c.str().unwrap().iter().map(|t| t.unwrap().to_owned()).collect())
                .unwrap_or_default();
            assert!(ids.iter().eq(list.iter().map(|r| &r.0).filter(|id| *id != IDENTITY)));
            // Told by place and rule, at most twenty times.
            let told: Vec<usize> = passed.problems.iter().filter_map(|p| p.row).collect();
            assert_eq!(told, bad.iter().map(|n| n + 1).take(20).collect::<Vec<_>>());
            for problem in &passed.problems {
                assert!(!problem.line(&site.messages_en).contains(IDENTITY));
            }
        }
    }
}

/// What was kept is looked at by the door of today: a record that says what must not be said is left out.
#[test]
fn records_of_the_journal_pass_the_door_again() {
    use onemap::sources::codec;
    use onemap::sources::journal::{Journal, Limits};
    listen();
    let made = site(ONE);
    let site = made.load().unwrap();
    let list = [("a".to_owned(), 1), (IDENTITY.to_owned(), 1), ("c".to_owned(), 1)];
    let record = codec::encode("one", &Parcel::now("job", rows(&list)));
    let (mut journal, _) =
        Journal::open(&supervise::state_dir(&site), Limits::new(1, 64), &mut |_| {}).unwrap();
    journal.append(&[record]).unwrap();
    drop(journal);
    let (engine, restored) = restored(&made);
    assert_eq!((restored.rows, restored.refused), (2, 1));
    assert_eq!(counted(&engine), (2, 2));
}
