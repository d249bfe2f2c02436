//! A network between two machines that is really cut: a server in a namespace of its own, at the end of a cable that is
//! pulled while a stream runs. Neither side is told; packets are just gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::feeds::{site, wait_for};
use crate::feeds_mqtt::{self, many, publish_to};
use crate::feeds_postgres::{self, prepared, upsert};
use crate::servers::{Broker, Database, Namespace};
use crate::wall::Wall;

const STEP: i64 = 25;
const ALL: i64 = 2000;

fn sum(until: i64) -> i64 {
    (0..until).sum()
}

/// Sends rows in steps until all are sent; `cut` pulls the cable in their middle, twice.
fn stream(namespace: &Namespace, wall: &mut Wall, send: impl Fn(i64, i64) + Send + Sync) {
    let allowed = AtomicI64::new(ALL / 4);
    std::thread::scope(|scope| {
        let (send, allowed) = (&send, &allowed);
        let sender = scope.spawn(move || {
            for from in (0..ALL).step_by(STEP as usize) {
                // Not all of it before the cable is pulled, however slow this machine is.
                while from >= allowed.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                send(from, from + STEP);
            }
        });
        for round in 1..=2 {
            wait_for("rows before the cut", || wall.counted().0 as i64 > (round - 1) * ALL / 2 + 4 * STEP);
            namespace.cut();
            allowed.store(round * ALL / 2, Ordering::SeqCst);
            wall.wait_failed();
            // What was sent meanwhile is at the server and cannot be here.
            let (rows, counted) = wall.counted();
            let most = (round * ALL / 2 - ALL / 4) as u64;
            assert!(rows <= most && counted == sum(rows as i64), "{rows} {counted}");
            namespace.mend();
            wall.wait("what was sent meanwhile", (round * ALL / 2) as u64, sum(round * ALL / 2));
            wall.wait_live();
            allowed.store(round * ALL / 2 + ALL / 4, Ordering::SeqCst);
        }
        sender.join().unwrap();
    });
    wall.wait("all of it", ALL as u64, sum(ALL));
    let feed = wall.feed();
    assert_eq!((feed.rows, feed.refused), (ALL as u64, 0), "{feed:?}");
}

#[test]
fn a_pulled_cable_to_a_broker_loses_and_doubles_nothing() {
    let Some(namespace) = Namespace::start().map(Arc::new) else { return };
    let Some(broker) = Broker::start_in(&namespace) else { return };
    let made = site(&feeds_mqtt::declared(broker.port, &namespace.wire, "keep_alive_seconds = 5"));
    let mut wall = Wall::start(&made);
    wall.wait_live();
    stream(&namespace, &mut wall, |from, until| publish_to(&namespace.side, broker.port, &many(from, until)));
    // The broker has kept nothing, the journal all.
    drop(wall);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    assert_eq!(wall.counted(), (ALL as u64, sum(ALL)));
    assert_eq!(wall.feed().rows + wall.feed().repeated, 0);
}

#[test]
fn a_pulled_cable_to_a_database_loses_and_doubles_nothing() {
    let Some(namespace) = Namespace::start().map(Arc::new) else { return };
    let Some(database) = Database::start_in(&namespace) else { return };
    let made = site(&feeds_postgres::declared(database.port, &namespace.wire, ""));
    prepared(&database, &made);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    stream(&namespace, &mut wall, |from, until| {
        database.sql("district", &upsert((from..until).map(|n| (n, n))));
    });
}
