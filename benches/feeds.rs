//! What the live sources can take, with a real PostgreSQL and a real mosquitto on loopback:
//! `cargo bench --bench feeds -- [mqtt|postgres|file|outage]… [seconds]`. Prints one line per figure; loses or doubles
//! nothing or says so and fails.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement stops at the first surprise"
)]
#![expect(dead_code, unused_imports, reason = "shares the tests' servers and sites, not all of each")]

#[path = "../tests/all/common.rs"]
mod common;
#[path = "../tests/all/feeds.rs"]
mod feeds;
#[path = "../tests/all/servers.rs"]
mod servers;
#[path = "../tests/all/wall.rs"]
mod wall;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use onemap::sources::sql;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};

use servers::{Broker, Database, PASSWORD, PASSWORD_ENV};
use wall::Wall;

/// Different rows; each event is a new version of one.
const KEYS: u64 = 20_000;
const RATE: u64 = 10_000;

fn main() {
    env_logger::init();
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let secs = words.iter().find_map(|w| w.parse().ok()).unwrap_or(60);
    let named = words.iter().any(|w| w.parse::<u64>().is_err());
    let wants = |name: &str| !named || words.iter().any(|w| w == name);
    if wants("mqtt") {
        mqtt(secs);
    }
    if wants("postgres") {
        postgres(secs);
    }
    if wants("file") {
        file();
    }
    if wants("outage") {
        outage();
    }
}

/// What is to be shown after so many events.
fn wanted(events: u64) -> (u64, i64) {
    let sum = (0..KEYS.min(events)).map(|key| ((events - 1 - key) / KEYS) as i64).sum();
    (KEYS.min(events), sum)
}

fn source(body: &str, folder: &str) -> String {
    format!(
        "format = 1\n[journal]\nfolder = \"{folder}\"\n[[source]]\nid = \"one\"\nname = {{ zh = \"甲\", en = \"One\" }}\n{body}"
    )
}

fn mqtt_site(port: u16) -> common::Made {
    let body = format!(
        "[source.mqtt]\nhost = \"127.0.0.1\"\nport = {port}\nclient_id = \"wall\"\n[[source.mqtt.topic]]\nfilter = \"job\"\ntable = \"job\"\n"
    );
    feeds::site(&source(&body, "state"))
}

fn postgres_site(port: u16) -> common::Made {
    let body = format!(
        "[source.postgres]\nhost = \"127.0.0.1\"\nport = {port}\ndatabase = \"district\"\ntables = [\"job\"]\npassword_env = \"{PASSWORD_ENV}\"\n"
    );
    feeds::site(&source(&body, "state"))
}

/// Publishes events at a rate, or as fast as the broker takes them.
fn publish(port: u16, events: u64, rate: Option<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut options = MqttOptions::new("publisher", "127.0.0.1", port);
        options.set_clean_start(true);
        let (client, mut link) = AsyncClient::new(options, 2000);
        let began = Instant::now();
        let (mut next, mut taken) = (0, 0);
        while taken < events {
            let allowed = rate.map_or(events, |rate| (began.elapsed().as_secs_f64() * rate as f64) as u64).min(events);
            while next < allowed && next < taken + 1000 {
                let (key, n) = (next % KEYS, next / KEYS);
                let sent = jiff::Timestamp::now();
                let text = format!(
                    r#"{{"id":"e{next}","sent":"{sent}","version":{n},"status":"Actual","row":{{"id":"k{key}","area":"R1A1","n":{n},"ts":1795334400,"kind":"a"}}}}"#
                );
                if client.try_publish("job", QoS::AtLeastOnce, false, text).is_err() {
                    break;
                }
                next += 1;
            }
            match tokio::time::timeout(Duration::from_millis(2), link.poll()).await {
                Ok(Ok(Event::Incoming(Packet::PubAck(_)))) => taken += 1,
                Ok(Ok(_)) | Err(_) => {}
                Ok(Err(err)) => panic!("publisher: {err}"),
            }
        }
    });
}

/// Watches a wall until it shows what it must; latencies of its snapshots, in milliseconds, and how long it took.
fn watch(wall: &mut Wall, events: u64, limit: Duration, done: impl Fn() -> bool) -> (Vec<f32>, Duration) {
    let began = Instant::now();
    let (mut latencies, mut revision) = (Vec::new(), 0);
    loop {
        let snapshot = wall.snapshot();
        if snapshot.revision != revision {
            revision = snapshot.revision;
            latencies.push(snapshot.live.latency_millis);
        }
        if done() && wall.counted() == wanted(events) {
            return (latencies, began.elapsed());
        }
        let (shown, feed) = (wall.counted(), wall.feed());
        assert!(
            began.elapsed() < limit,
            "lost or doubled: {shown:?} instead of {:?}; {feed:?}",
            wanted(events)
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn tell(what: &str, events: u64, mut latencies: Vec<f32>, took: Duration, wall: &mut Wall) {
    latencies.sort_by(f32::total_cmp);
    let at = |share: f64| {
        latencies.get(((latencies.len() - 1) as f64 * share) as usize).copied().unwrap_or(f32::NAN)
    };
    let feed = wall.feed();
    println!(
        "{what}: {events} events in {:.1} s, {:.0}/s; arrival to snapshot p50 {:.0} ms, p99 {:.0} ms, max {:.0} ms over {} snapshots; taken {}, repeated {}, refused {}; resident {:.0} MiB",
        took.as_secs_f32(),
        events as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        latencies.len(),
        feed.rows,
        feed.repeated,
        feed.refused,
        onemap::bench::resident_mib()
    );
}

fn mqtt(secs: u64) {
    let Some(broker) = Broker::start(None) else { return };
    let made = mqtt_site(broker.port);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let (events, port) = (RATE * secs, broker.port);
    let sender = std::thread::spawn(move || publish(port, events, Some(RATE)));
    let limit = Duration::from_secs(secs * 4 + 60);
    let (latencies, took) = watch(&mut wall, events, limit, || sender.is_finished());
    tell("mqtt, steady", events, latencies, took, &mut wall);
}

fn upsert(from: u64, until: u64) -> String {
    let mut out = "INSERT INTO onemap.job (id, area, n, ts, kind) VALUES ".to_owned();
    for event in from..until {
        let comma = if event == from { "" } else { "," };
        let _ = write!(out, "{comma}('k{}','R1A1',{},1795334400,'a')", event % KEYS, event / KEYS);
    }
    out + " ON CONFLICT (id) DO UPDATE SET n = excluded.n;\n"
}

/// A connection that takes statements as they are written to it.
fn stream(database: &Database) -> Child {
    database
        .command("psql")
        .args(["-h", "127.0.0.1", "-U", "owner", "-d", "district", "-qAtX", "-v", "ON_ERROR_STOP=1", "-p"])
        .arg(database.port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn prepared(database: &Database, made: &common::Made) {
    let site = made.load().unwrap();
    database.sql("district", &sql::schema(&site, "onemap", "onemap_reader", &[]));
    database.sql("district", &format!("ALTER ROLE onemap_reader PASSWORD '{PASSWORD}'"));
}

fn postgres(secs: u64) {
    let Some(database) = Database::start(None) else { return };
    let made = postgres_site(database.port);
    prepared(&database, &made);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let events = RATE * secs;
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let (began, step) = (Instant::now(), RATE / 20);
            let mut input = stream(&database);
            for from in (0..events).step_by(step as usize) {
                let due = Duration::from_secs_f64(from as f64 / RATE as f64);
                std::thread::sleep(due.saturating_sub(began.elapsed()));
                input.stdin.as_mut().unwrap().write_all(upsert(from, from + step).as_bytes()).unwrap();
            }
            drop(input.stdin.take());
            assert!(input.wait().unwrap().success());
        });
        let limit = Duration::from_secs(secs * 4 + 60);
        let (latencies, took) = watch(&mut wall, events, limit, || sender.is_finished());
        tell("postgres, steady", events, latencies, took, &mut wall);
    });
}

fn file() {
    let made = feeds::site(&source(
        "[source.folder]\npath = \"inbox\"\ntables = [\"job\"]\nquiet_seconds = 0.1\n",
        "state",
    ));
    std::fs::create_dir_all(made.path().join("inbox")).unwrap();
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let events = 1_000_000;
    let mut text = "id,area,n,ts,kind,mark,ratio,ok\n".to_owned();
    for event in 0..events {
        let _ = writeln!(text, "k{},R1A1,{},1795334400,a,2026-11-23,0.5,1", event % KEYS, event / KEYS);
    }
    std::fs::write(made.path().join("part"), text).unwrap();
    std::fs::rename(made.path().join("part"), made.path().join("inbox/job.csv")).unwrap();
    feeds::wait_for("the file", || !wall.is_live());
    let (latencies, took) = watch(&mut wall, events, Duration::from_secs(300), || true);
    tell("file, burst", events, latencies, took, &mut wall);
}

/// Ten minutes at 1,000 events a second while the wall was away.
fn outage() {
    let events = 600_000;
    if let Some(broker) = Broker::start(None) {
        let made = mqtt_site(broker.port);
        let mut wall = Wall::start(&made);
        wall.wait_live();
        drop(wall);
        publish(broker.port, events, None);
        let began = Instant::now();
        let mut wall = Wall::start(&made);
        let (latencies, _) = watch(&mut wall, events, Duration::from_secs(300), || true);
        tell("mqtt, after an outage", events, latencies, began.elapsed(), &mut wall);
    }
    if let Some(database) = Database::start(None) {
        let made = postgres_site(database.port);
        prepared(&database, &made);
        let mut wall = Wall::start(&made);
        wall.wait_live();
        drop(wall);
        for from in (0..events).step_by(10_000) {
            database.sql("district", &upsert(from, from + 10_000));
        }
        let began = Instant::now();
        let mut wall = Wall::start(&made);
        let (latencies, _) = watch(&mut wall, events, Duration::from_secs(300), || true);
        tell(
            "postgres, after an outage (its 20,000 newest versions)",
            events,
            latencies,
            began.elapsed(),
            &mut wall,
        );
    }
}
