//! What was known when, of rows that came live: the journal against the rows that had arrived, at the command line and
//! in the window, while a program runs and after it was killed, and what a fold leaves of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onemap::engine::{Engine, build_then};
use onemap::moment::Moment;
use onemap::privacy::shown::Shown;
use onemap::site::Site;
use onemap::site::areas::AreaId;
use onemap::sources::debrief::late_rows;
use onemap::sources::supervise::{self, Feeds};
use onemap::sources::tap::{Tap, Trouble};
use onemap::sources::{Parcel, known};
use proptest::prelude::*;

use crate::common::{Made, Ran, day, figures, program, shown};
use crate::feeds::{self, DAY, ONE, acknowledged, counted, passed, puppet, until_stopped, wait_for};
use crate::wall::Wall;

/// 18:00 of the day of all rows, on the site's clock.
const FIRST: i64 = 1_795_334_400 + 18 * 3600;

/// What came at an instant: keys and numbers.
type Came = (i64, Vec<(String, i64)>);

fn file(rows: &BTreeMap<String, (i64, i64)>) -> String {
    let mut out = "id,area,n,ts,kind,mark,ratio,ok,arrived_ts\n".to_owned();
    for (id, (n, arrived)) in rows {
        let _ = writeln!(out, "{id},R1A1,{n},1795334400,a,,,,{arrived}");
    }
    out
}

fn of_file() -> BTreeMap<String, (i64, i64)> {
    BTreeMap::from([("base".to_owned(), (1_000_000, FIRST - 3600))])
}

/// A site whose file says when its one row arrived.
fn made(sources: &str) -> Made {
    let made = feeds::site(sources);
    made.write("data/job.csv", &file(&of_file()));
    made
}

/// The newest version of each row that had arrived by an instant.
fn by(came: &[Came], instant: i64) -> BTreeMap<String, (i64, i64)> {
    let mut rows = of_file();
    for (at, list) in came.iter().filter(|(at, _)| *at <= instant) {
        rows.extend(list.iter().map(|(key, n)| (key.clone(), (*n, *at))));
    }
    rows
}

fn wanted(came: &[Came], instant: i64) -> (u64, i64) {
    let rows = by(came, instant);
    (rows.len() as u64 - 1, rows.values().map(|(n, _)| n).sum::<i64>() - 1_000_000)
}

fn parcel(tap: &mut Tap, at: i64, list: &[(String, i64)], number: u64) -> Parcel {
    let ids =
        (0..list.len() as u64).map(|row| known::stable_hash(&[&number.to_le_bytes(), &row.to_le_bytes()]));
    Parcel { ids: ids.collect(), arrived_secs: at, ..Parcel::now("job", passed(tap, list)) }
}

/// Lets a source bring rows at their instants, until all are in the journal.
fn bring(site: &Arc<Site>, came: &[Came], first: usize, until: impl Fn() -> bool) {
    let restored = supervise::restore(site, &supervise::state_dir(site), &mut |_| {}).unwrap();
    let (out, inbox) = crossbeam_channel::bounded(64);
    let own: Vec<Came> = came[first..].to_vec();
    let all = own.len() as u64;
    let (done, is_done) = crossbeam_channel::bounded::<()>(1);
    let source = puppet(site, "one", move |tap, run| {
        if run == 0 {
            for (number, (at, list)) in (first as u64..).zip(&own) {
                let parcel = parcel(tap, *at, list, number);
                tap.send(parcel)?;
            }
            while tap.durable() < all {
                if tap.stop().wait(Duration::from_millis(1)) {
                    return Err(Trouble::Stopped);
                }
            }
            done.try_send(()).unwrap();
        }
        until_stopped(tap)
    });
    let feeds = Feeds::start(site, restored, vec![source], out).unwrap();
    wait_for("all rows in the journal", || {
        while inbox.try_recv().is_ok() {}
        is_done.try_recv().is_ok()
    });
    wait_for("the end", until);
    drop(feeds);
}

fn known_at(site: &Arc<Site>, instant: i64) -> Engine {
    build_then(Arc::clone(site), instant, late_rows(site).as_ref()).unwrap()
}

fn is_missing(engine: &Engine) -> bool {
    let figures = figures(engine, day(DAY));
    ["rows", "sum"].iter().all(|id| shown(engine, &figures, id, AreaId::ROOT) == Shown::Missing)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_journal_tells_what_had_arrived(
        steps in prop::collection::vec((0i64..40, prop::collection::vec((0u8..9, 1i64..100), 1..6)), 1..14),
        cut in 0usize..14,
    ) {
        let made = made(ONE);
        let site = made.load().unwrap();
        let mut at = FIRST;
        let came: Vec<Came> = steps
            .into_iter()
            .map(|(lapse, rows)| {
                at += lapse;
                (at, rows.into_iter().map(|(key, n)| (format!("k{key}"), n)).collect())
            })
            .collect();
        // In two lives of the program.
        let cut = cut.min(came.len());
        bring(&site, &came[..cut], 0, || true);
        bring(&site, &came, cut, || true);
        let instants = came.iter().flat_map(|(at, _)| [at - 1, *at]).chain([FIRST - 1, at + 1000]);
        for instant in instants {
            let engine = known_at(&site, instant);
            prop_assert_eq!(counted(&engine), wanted(&came, instant), "at {}", instant - FIRST);
        }
        prop_assert!(is_missing(&known_at(&site, FIRST - 7200)), "before the file's own row arrived");
    }
}

fn three() -> Vec<Came> {
    let rows = |list: &[(&str, i64)]| list.iter().map(|(key, n)| ((*key).to_owned(), *n)).collect();
    vec![
        (FIRST, rows(&[("k1", 5), ("k2", 7)])),
        (FIRST + 600, rows(&[("k1", 6)])),
        (FIRST + 1200, rows(&[("k3", 1), ("k2", 9)])),
    ]
}

const INSTANTS: [i64; 6] = [FIRST - 1, FIRST, FIRST + 599, FIRST + 600, FIRST + 1199, FIRST + 1200];

fn computed(dir: &Path, known_at: Option<i64>) -> Ran {
    let mut command = program();
    command.args(["compute", "--lang", "en", "--format", "csv", "--as-of", DAY, "--site"]).arg(dir);
    if let Some(secs) = known_at {
        command.args(["--known-at", &jiff::Timestamp::from_second(secs).unwrap().to_string()]);
    }
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran
}

/// The figures of the lines, without when their inputs were new (a file knows only what its rows say) and whether that
/// was on time (as of the instant it was known at, for a fresh build as of the day's end).
fn values(ran: &Ran) -> Vec<String> {
    ran.out.lines().map(|line| line.rsplitn(3, ',').last().unwrap().to_owned()).collect()
}

#[test]
fn the_command_line_and_the_window_tell_it_as_a_fresh_build_would() {
    let made = made(ONE);
    let site = made.load().unwrap();
    let came = three();
    bring(&site, &came, 0, || true);
    let fresh = |instant: Option<i64>| {
        let other = made_of(&by(&came, instant.unwrap_or(i64::MAX)));
        values(&computed(other.path(), instant))
    };
    let check = || {
        for instant in INSTANTS {
            let told = values(&computed(made.path(), Some(instant)));
            assert_eq!(told, fresh(Some(instant)), "{}", instant - FIRST);
        }
        // Without a word about the time all of it is known.
        assert_eq!(values(&computed(made.path(), None)), fresh(None));
    };
    check();
    // The journal is held and written by a running program.
    let mut wall = Wall::start(&made);
    wall.wait("what came before", 3, 16);
    check();
    let at_secs = site.zone.end_of(day(DAY));
    for instant in INSTANTS {
        let picture = wall.known_at(Moment { at_secs, known_at_secs: Some(instant) });
        let value = |id| {
            let index = site.indicator_index(id).unwrap();
            picture.reading(index, AreaId::ROOT).value.exact().unwrap() as i64
        };
        let (rows, sum) = wanted(&came, instant);
        assert_eq!((value("rows"), value("sum")), (rows as i64 + 1, sum + 1_000_000), "{}", instant - FIRST);
        assert!(picture.past.as_ref().unwrap().silent.is_empty());
    }
}

fn made_of(rows: &BTreeMap<String, (i64, i64)>) -> Made {
    let made = feeds::site("format = 1\n");
    made.write("data/job.csv", &file(rows));
    made
}

#[test]
fn a_table_whose_file_tells_no_arrivals_stays_missing_whatever_came_live() {
    let made = feeds::site(ONE);
    let site = made.load().unwrap();
    bring(&site, &three(), 0, || true);
    let engine = known_at(&site, FIRST + 5000);
    assert!(is_missing(&engine));
    assert_eq!(counted(&feeds::restored(&made).0), (3, 16));
}

/// A fold keeps the newest version of each row: of an instant before it the journal says that it cannot tell, and is
/// never wrong.
#[test]
fn a_fold_makes_the_journal_say_from_when_on_it_can_tell() {
    let made = made(&ONE.replace("folder = \"state\"", "folder = \"state\"\nmost_megabytes = 1"));
    let site = made.load().unwrap();
    let came: Vec<Came> = (0..160)
        .map(|step| {
            let rows = (0..400).map(|row| (format!("k{}", (step * 400 + row) % 900), step * 400 + row));
            (FIRST + step * 60, rows.collect())
        })
        .collect();
    // Over three megabytes: however few writes a busy machine makes of it, a segment begins when a fold is long due.
    let state = made.path().join("state");
    let has_base = || {
        let names = std::fs::read_dir(&state).unwrap().map(|e| e.unwrap().file_name());
        names.filter_map(|n| n.into_string().ok()).any(|n| n.starts_with("base-"))
    };
    bring(&site, &came, 0, has_base);
    let (mut told, mut untold) = (0, 0);
    for (at, _) in came.iter().step_by(16).chain(came.last()) {
        let engine = known_at(&site, *at);
        if is_missing(&engine) {
            untold += 1;
            let lines = crate::common::lines(&site, &engine.problems);
            assert!(lines.iter().any(|l| l.contains("table job only from 2026-11-23T")), "{lines:?}");
            assert_eq!(told, 0, "what can be told stays so");
        } else {
            told += 1;
            assert_eq!(counted(&engine), wanted(&came, *at));
        }
    }
    assert!(told > 0 && untold > 0, "{told} {untold}");
    let ran = computed(made.path(), Some(FIRST));
    assert!(
        ran.err.contains("keeps every version") && ran.out.contains(",missing,"),
        "{}{}",
        ran.err,
        ran.out
    );
    // The window marks the table as one that cannot tell.
    let mut wall = Wall::start(&made);
    let (rows, sum) = wanted(&came, i64::MAX);
    wall.wait("all of it", rows, sum);
    let at_secs = site.zone.end_of(day(DAY));
    let picture = wall.known_at(Moment { at_secs, known_at_secs: Some(FIRST) });
    assert_eq!(picture.past.as_ref().unwrap().silent.len(), 1);
    assert_eq!(picture.reading(0, AreaId::ROOT).value, Shown::Missing);
}

/// The program that is killed: one row a second of made-up time. Does nothing unless it is started by the test below.
#[test]
fn child_that_is_killed_while_rows_arrive() {
    let Ok(dir) = std::env::var("ONEMAP_TEST_CHILD") else { return };
    let (site, _) = onemap::site::load(Path::new(&dir)).unwrap();
    let site = Arc::new(site);
    let log = Path::new(&dir).join("acknowledged");
    let restored = supervise::restore(&site, &supervise::state_dir(&site), &mut |_| {}).unwrap();
    let mut next = acknowledged(&log).saturating_sub(20);
    let source = puppet(&site, "one", move |tap, _| {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&log).unwrap();
        let first = next;
        loop {
            let list = [(format!("u{next}"), next as i64)];
            let parcel = parcel(tap, FIRST + next as i64, &list, next);
            tap.send(parcel)?;
            next += 1;
            let durable = tap.durable();
            if durable > 0 {
                file.write_all(format!("{}\n", first + durable).as_bytes()).unwrap();
            }
        }
    });
    let (out, inbox) = crossbeam_channel::bounded(64);
    let _feeds = Feeds::start(&site, restored, vec![source], out).unwrap();
    while inbox.recv().is_ok() {}
}

#[test]
fn a_killed_program_leaves_a_journal_that_tells_what_had_arrived() {
    let made = made(ONE);
    let site = made.load().unwrap();
    let log = made.path().join("acknowledged");
    for round in 1..=4 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "debrief::child_that_is_killed_while_rows_arrive", "--nocapture"])
            .env("ONEMAP_TEST_CHILD", made.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let before = acknowledged(&log);
        let began = Instant::now();
        while acknowledged(&log) < before + 30 {
            assert!(began.elapsed() < Duration::from_mins(1), "nothing is acknowledged");
            std::thread::sleep(Duration::from_millis(3));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = acknowledged(&log) as i64;
        for rows in [0, 1, kept / 2, kept - 31, kept] {
            let engine = known_at(&site, FIRST + rows - 1);
            assert_eq!(counted(&engine), (rows as u64, (0..rows).sum()), "round {round}, {rows} of {kept}");
        }
    }
}
