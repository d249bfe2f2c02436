//! A database of the tests, a real PostgreSQL: catching up, following, restarts, cuts, rows that commit late.

use std::fmt::Write as _;
use std::time::Duration;

use onemap::snapshot::FeedPhase;
use onemap::sources::sql;

use crate::common::Made;
use crate::feeds::site;
use crate::servers::{Certificates, Database, PASSWORD, PASSWORD_ENV, Proxy, toml_path};
use crate::wall::Wall;

pub(crate) fn declared(port: u16, host: &str, more: &str) -> String {
    format!(
        "format = 1\n[journal]\nfolder = \"state\"\n[[source]]\nid = \"one\"\nname = {{ zh = \"甲\", en = \"One\" }}\n\
         [source.postgres]\nhost = \"{host}\"\nport = {port}\ndatabase = \"district\"\ntables = [\"job\"]\n\
         password_env = \"{PASSWORD_ENV}\"\nstatement_seconds = 1\npoll_seconds = 1\npage_rows = 400\n{more}"
    )
}

fn made(port: u16) -> Made {
    site(&declared(port, "127.0.0.1", ""))
}

/// Tables and role as `onemap sql` makes them; twice, since that must do no harm.
pub(crate) fn prepared(database: &Database, made: &Made) {
    let site = made.load().unwrap();
    let text = sql::schema(&site, "onemap", "onemap_reader", &[]);
    database.sql("district", &text);
    database.sql("district", &text);
    database.sql("district", &format!("ALTER ROLE onemap_reader PASSWORD '{PASSWORD}'"));
}

/// A server with nothing in it, its site, and a wall that follows it; none where there is no server to be had.
fn followed() -> Option<(Database, Made, Wall)> {
    let database = Database::start(None)?;
    let made = made(database.port);
    prepared(&database, &made);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    Some((database, made, wall))
}

pub(crate) fn upsert(rows: impl Iterator<Item = (i64, i64)>) -> String {
    let mut out = "INSERT INTO onemap.job (id, area, n, ts, kind) VALUES ".to_owned();
    for (i, (key, n)) in rows.enumerate() {
        let _ = write!(out, "{}('k{key}', 'R1A1', {n}, 1795334400, 'a')", if i == 0 { "" } else { ", " });
    }
    out + " ON CONFLICT (id) DO UPDATE SET n = excluded.n;\n"
}

#[test]
fn history_is_caught_up_with_and_changes_follow() {
    let Some(database) = Database::start(None) else { return };
    let made = made(database.port);
    prepared(&database, &made);
    database.sql("district", &upsert((0..3000).map(|n| (n, n))));
    // Refused at the door: an area that is not there, a number that calls a person.
    database.sql(
        "district",
        "INSERT INTO onemap.job (id, area, n, ts, kind) VALUES ('x1', 'R8', 1, 1795334400, 'a'), ('13800138000', 'R1A1', 1, 1795334400, 'a')",
    );
    let mut wall = Wall::start(&made);
    wall.wait("history", 3000, (0..3000).sum());
    wall.wait_live();
    assert_eq!(wall.feed().refused, 2);
    database.sql("district", &upsert((0..10).map(|n| (n, n + 100))));
    wall.wait("changes", 3000, (0..3000).sum::<i64>() + 1000);
    drop(wall);
    database.sql("district", &upsert((3000..3100).map(|n| (n, 1))));
    let mut wall = Wall::start(&made);
    wall.wait("what came while we were away", 3100, (0..3000).sum::<i64>() + 1100);
    wall.wait_live();
    let feed = wall.feed();
    // From the cursor on, not from the beginning.
    assert_eq!((feed.rows, feed.repeated, feed.refused), (100, 0, 0), "{feed:?}");
}

#[test]
fn the_role_can_read_and_nothing_else() {
    let Some(database) = Database::start(None) else { return };
    let made = made(database.port);
    prepared(&database, &made);
    database.sql("district", "CREATE TABLE onemap.other (x int); CREATE TABLE public.mine (x int)");
    for (statement, answer) in [
        ("DELETE FROM onemap.job", "read-only"),
        ("SET default_transaction_read_only = off; UPDATE onemap.job SET n = 1", "permission denied"),
        ("SELECT * FROM onemap.other", "permission denied"),
        ("SELECT * FROM public.mine", "permission denied"),
        ("CREATE TABLE onemap.new (x int)", "read-only"),
        ("SET default_transaction_read_only = off; CREATE TABLE onemap.new (x int)", "permission denied"),
        ("SELECT nextval('onemap.onemap_change')", "permission denied"),
    ] {
        let told = database.refused(statement);
        assert!(told.contains(answer), "{statement}: {told}");
    }
}

#[test]
fn rows_that_commit_late_are_not_passed_over() {
    let Some((database, _made, mut wall)) = followed() else { return };
    std::thread::scope(|scope| {
        // Begins first, gets the lower numbers, and commits last.
        let late = scope.spawn(|| {
            let text = format!("BEGIN; {} SELECT pg_sleep(2.5); COMMIT;", upsert((0..5).map(|n| (n, 1))));
            database.sql("district", &text)
        });
        std::thread::sleep(Duration::from_millis(500));
        database.sql("district", &upsert((10..20).map(|n| (n, 1))));
        std::thread::sleep(Duration::from_millis(500));
        database.sql("district", &upsert((20..30).map(|n| (n, 1))));
        late.join().unwrap();
    });
    wall.wait("all three transactions", 25, 25);
}

#[test]
fn a_lost_notification_loses_nothing() {
    let Some((database, _made, mut wall)) = followed() else { return };
    database.sql(
        "district",
        &format!("ALTER TABLE onemap.job DISABLE TRIGGER onemap_wake; {}", upsert((0..9).map(|n| (n, 1)))),
    );
    wall.wait("rows that nobody told of", 9, 9);
}

/// A table that is locked answers nothing: the server gives the question up after its time, that is shown, and it is
/// asked again.
#[test]
fn a_question_that_takes_too_long_is_given_up() {
    let Some((database, _made, mut wall)) = followed() else { return };
    std::thread::scope(|scope| {
        let lock = "BEGIN; LOCK TABLE onemap.job; SELECT pg_sleep(4); COMMIT;";
        let locked = scope.spawn(|| database.sql("district", lock));
        let mut told = String::new();
        crate::feeds::wait_for("the time-out", || {
            if let FeedPhase::Failed { reason, .. } = wall.feed().phase {
                told = wall.site().messages_en.say(&reason);
            }
            told.contains("57014")
        });
        locked.join().unwrap();
    });
    database.sql("district", &upsert((0..5).map(|n| (n, 1))));
    wall.wait("after the lock", 5, 5);
}

#[test]
fn restarts_and_cuts_lose_and_double_nothing() {
    let Some(mut database) = Database::start(None) else { return };
    let proxy = Proxy::to(database.port);
    let made = made(proxy.port);
    prepared(&database, &made);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let mut sum = 0;
    let mut add = |database: &Database, from: i64| {
        for step in 0..5 {
            let first = from + step * 100;
            database.sql("district", &upsert((first..first + 100).map(|n| (n, n))));
        }
        sum += (from..from + 500).sum::<i64>();
        sum
    };
    add(&database, 0);
    proxy.close();
    let so_far = add(&database, 500);
    wall.wait_failed();
    proxy.open();
    wall.wait("after a cut", 1000, so_far);
    // A cable that is pulled tells nobody.
    proxy.silence();
    let so_far = add(&database, 1000);
    wall.wait_failed();
    proxy.open();
    wall.wait("after a silence", 1500, so_far);
    add(&database, 1500);
    database.down();
    wall.wait_failed();
    database.up();
    let so_far = add(&database, 2000);
    wall.wait("after a restart", 2500, so_far);
    wall.wait_live();
}

#[test]
fn a_restored_server_is_read_from_the_beginning() {
    let Some(first) = Database::start(None) else { return };
    let made = made(first.port);
    prepared(&first, &made);
    // A server that has seen many transactions.
    for _ in 0..30 {
        first.sql("district", "SELECT txid_current(); SELECT txid_current(); SELECT txid_current()");
    }
    first.sql("district", &upsert((0..10).map(|n| (n, 5))));
    let mut wall = Wall::start(&made);
    wall.wait("history", 10, 50);
    drop(wall);
    // The same rows in a new server, whose transactions count from the start.
    let Some(second) = Database::start(None) else { return };
    prepared(&second, &made);
    second.sql(
        "district",
        &format!("SELECT setval('onemap.onemap_change', 1000); {}", upsert((0..12).map(|n| (n, 5)))),
    );
    made.write("sources.toml", &declared(second.port, "127.0.0.1", ""));
    let mut wall = Wall::start(&made);
    wall.wait("all of it", 12, 60);
}

#[test]
fn a_protected_server_is_verified() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(database) = Database::start(Some(&certificates)) else { return };
    let tls = |ca: &str| format!("tls = {{ authorities = \"{}\" }}\n", toml_path(&certificates.path(ca)));
    let made = site(&declared(database.port, "localhost", &tls("ca.pem")));
    prepared(&database, &made);
    database.sql("district", &upsert((0..3).map(|n| (n, 1))));
    let mut good = Wall::start(&made);
    good.wait("rows over TLS", 3, 3);
    drop(good);
    for (host, ca) in [("localhost", "other.pem"), ("127.0.0.1", "ca.pem")] {
        let mut wall = Wall::start(&site(&declared(database.port, host, &tls(ca))));
        wall.wait_failed();
        assert_eq!(wall.feed().rows, 0);
    }
}

#[test]
fn an_identity_number_costs_its_row_and_is_nowhere() {
    use crate::feeds::{IDENTITY, assert_nowhere, listen};
    listen();
    let Some(database) = Database::start(None) else { return };
    let made = made(database.port);
    prepared(&database, &made);
    let hostile = format!(
        "INSERT INTO onemap.job (id, area, n, ts, kind) VALUES ('{IDENTITY}', 'R1A1', 1000, 1795334400, 'a');"
    );
    let statements = [upsert((0..150).map(|n| (n, 1))), hostile, upsert((150..300).map(|n| (n, 1)))];
    database.sql("district", &statements.concat());
    let mut wall = Wall::start(&made);
    wall.wait("the good ones", 300, 300);
    wall.wait_live();
    assert_eq!((wall.feed().rows, wall.feed().refused), (300, 1));
    drop(wall);
    assert_nowhere(&made, IDENTITY);
}
