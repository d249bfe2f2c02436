//! What goes wrong around a running program, with real servers: a disk that fills up, a cable that is pulled, an
//! engine that is slow, a clock that is off. What this machine cannot do is said and passed over.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onemap::snapshot::FeedPhase;
use onemap::sources::SourceEvent;
use onemap::sources::supervise::Feeds;

use crate::common::Made;
use crate::feeds::{counted, restored, site, wait_for};
use crate::feeds_mqtt::{self, many, message, publish};
use crate::feeds_postgres::{self, prepared, upsert};
use crate::servers::{Broker, Database, Proxy, toml_path};
use crate::wall::Wall;

/// A file system of its own, as small as told, taken away when dropped.
struct SmallDisk {
    dir: tempfile::TempDir,
}

impl SmallDisk {
    /// None where this machine lets nobody mount: said, and passed over.
    fn new(kib: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={kib}k");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        if mounted.is_ok_and(|m| m.status.success()) {
            return Some(Self { dir });
        }
        eprintln!("NOT TESTED: this machine lets us mount no small disk, so none was filled up");
        None
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let ballast = vec![0u8; 4096];
        let mut file = std::fs::File::create(self.path("ballast")).unwrap();
        while std::io::Write::write_all(&mut file, &ballast).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.dir.path()).status());
    }
}

fn on_disk(declared: &str, folder: &Path) -> Made {
    site(&declared.replace("folder = \"state\"", &format!("folder = \"{}\"", toml_path(folder))))
}

/// Waits for a source to say that the disk takes nothing.
fn wait_for_full_disk(wall: &mut Wall) {
    wait_for(
        "a word about the disk",
        || matches!(wall.feed().phase, FeedPhase::Failed { reason, .. } if reason.key == "status.feed.disk"),
    );
}

#[test]
fn a_full_disk_acknowledges_nothing_and_goes_on_when_there_is_room() {
    let (Some(disk), Some(broker)) = (SmallDisk::new(512), Broker::start(None)) else { return };
    let made = on_disk(&feeds_mqtt::declared(broker.port, "127.0.0.1", ""), &disk.path("state"));
    let mut wall = Wall::start(&made);
    wall.wait_live();
    publish(broker.port, &many(0, 50));
    wall.wait("before", 50, (0..50).sum());
    disk.fill();
    publish(broker.port, &many(50, 500));
    wait_for_full_disk(&mut wall);
    // What is on no disk is neither counted nor shown.
    let (rows, sum) = wall.counted();
    assert!(rows < 500 && sum == (0..rows as i64).sum::<i64>(), "{rows} {sum}");
    assert_eq!(wall.feed().rows, rows);
    disk.make_room();
    wall.wait("all of it", 500, (0..500).sum());
    wall.wait_live();
    // The journal has all, and in the end the broker has kept nothing: acknowledgements may be on their way when a
    // program ends, and what then comes again is known.
    drop(wall);
    wait_for("an acknowledgement of all", || {
        let mut wall = Wall::start(&made);
        wall.wait_live();
        assert_eq!(wall.counted(), (500, (0..500).sum()));
        assert_eq!(wall.feed().rows, 0);
        wall.feed().repeated == 0
    });
}

#[test]
fn a_program_that_ends_while_the_disk_is_full_gets_everything_again() {
    let (Some(disk), Some(database)) = (SmallDisk::new(512), Database::start(None)) else { return };
    let made = on_disk(&feeds_postgres::declared(database.port, "127.0.0.1", ""), &disk.path("state"));
    prepared(&database, &made);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    disk.fill();
    database.sql("district", &upsert((0..900).map(|n| (n, n))));
    wait_for_full_disk(&mut wall);
    let began = Instant::now();
    drop(wall);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "a full disk holds the program for {:?}",
        began.elapsed()
    );
    disk.make_room();
    let mut wall = Wall::start(&made);
    wall.wait("from the place that was kept", 900, (0..900).sum());
}

#[test]
#[ignore = "ten seconds: two keep-alives of five"]
fn a_pulled_cable_is_noticed_within_two_keep_alives() {
    let Some(broker) = Broker::start(None) else { return };
    let proxy = Proxy::to(broker.port);
    let made = site(&feeds_mqtt::declared(proxy.port, "127.0.0.1", "keep_alive_seconds = 5"));
    let mut wall = Wall::start(&made);
    wall.wait_live();
    publish(broker.port, &many(0, 20));
    wall.wait("before", 20, (0..20).sum());
    proxy.silence();
    let began = Instant::now();
    publish(broker.port, &many(20, 60));
    wall.wait_failed();
    let took = began.elapsed();
    // Two keep-alives, and some slack for a busy machine.
    assert!(took < Duration::from_secs(16), "noticed after {took:?}");
    proxy.open();
    wall.wait("after", 60, (0..60).sum());
    wall.wait_live();
}

/// The engine takes one batch in thirty milliseconds while a server sends as fast as it can: what waits stays
/// bounded, nothing is lost.
fn slow_engine(made: &Made, send: impl FnOnce() + Send, rows: u64, sum: i64) {
    let (mut engine, restored) = restored(made);
    let site = Arc::clone(engine.site());
    let (out, inbox) = crossbeam_channel::bounded(1);
    let mut feeds = Feeds::start(&site, restored, onemap::sources::open(&site), out).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(send);
        let mut most = 0;
        wait_for("all rows", || {
            let began = Instant::now();
            if let Ok(SourceEvent::Batch(batch)) = inbox.recv_timeout(Duration::from_millis(200)) {
                assert!(engine.apply(&batch).is_empty());
            }
            most = most.max(feeds.waiting());
            std::thread::sleep(Duration::from_millis(30).saturating_sub(began.elapsed()));
            counted(&engine) == (rows, sum)
        });
        assert!(most <= 16, "{most} parcels waited");
    });
    let feed = feeds.states(0)[0].clone();
    assert_eq!((feed.rows, feed.refused), (rows, 0));
}

#[test]
fn a_slow_engine_slows_a_broker() {
    let Some(broker) = Broker::start(None) else { return };
    let made = site(&feeds_mqtt::declared(broker.port, "127.0.0.1", ""));
    // The session has to be there before anything is sent.
    let mut wall = Wall::start(&made);
    wall.wait_live();
    drop(wall);
    let port = broker.port;
    slow_engine(&made, move || publish(port, &many(0, 2500)), 2500, (0..2500).sum());
}

#[test]
fn a_slow_engine_slows_a_database() {
    let Some(database) = Database::start(None) else { return };
    let made = site(&feeds_postgres::declared(database.port, "127.0.0.1", ""));
    prepared(&database, &made);
    let send = || {
        for step in 0..25 {
            database.sql("district", &upsert((step * 400..step * 400 + 400).map(|n| (n, n))));
        }
    };
    slow_engine(&made, send, 10_000, (0..10_000).sum());
}

#[test]
fn a_clock_that_is_off_is_told_and_costs_no_row() {
    let Some(broker) = Broker::start(None) else { return };
    let made = site(&feeds_mqtt::declared(broker.port, "127.0.0.1", ""));
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let sent = |id: &str, off_secs: i64| {
        let now = jiff::Timestamp::now();
        let then = now + jiff::SignedDuration::from_secs(off_secs);
        let text = message(id, id, 1, 1, "Actual");
        let (head, tail) = text.split_once("\"sent\":\"").unwrap();
        format!("{head}\"sent\":\"{then}\"{}", tail.split_once('"').unwrap().1)
    };
    for (id, off, rows) in [("ahead", 300, 1), ("right", 0, 2), ("behind", -300, 3), ("right again", 0, 4)] {
        publish(broker.port, &[sent(id, off)]);
        wall.wait("the row", rows, rows as i64);
        wait_for("a word about the clock", || match wall.feed().skew_secs {
            None => off == 0,
            Some(skew) => (skew - off).abs() <= 30 && off != 0,
        });
    }
}

/// The server of a database runs behind and ahead of the machine's clock: it is told how far, its rows count, and those
/// of a server whose clock is right are not marked.
#[test]
fn a_database_whose_clock_is_off_is_told_and_costs_no_row() {
    for (clock, off) in [("+10m", Some(600)), ("-2h", Some(-7200)), ("+5s", None)] {
        let Some(database) = Database::start_at(clock) else { return };
        let made = site(&feeds_postgres::declared(database.port, "127.0.0.1", ""));
        prepared(&database, &made);
        database.sql("district", &upsert((0..20).map(|n| (n, 1))));
        let mut wall = Wall::start(&made);
        wall.wait("its rows", 20, 20);
        wall.wait_live();
        let skew = wall.feed().skew_secs;
        let near = skew.zip(off).is_some_and(|(told, off): (i64, i64)| (told - off).abs() <= 30);
        assert!(near || (skew, off) == (None, None), "{clock}: {skew:?}");
        assert_eq!(wall.feed().refused, 0);
    }
}
