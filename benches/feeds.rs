//! What the live sources can take, with a real PostgreSQL and a real mosquitto on loopback:
//! `cargo bench --bench feeds -- [mqtt|postgres|file|outage|district]… [seconds]`. Prints one line per figure; loses or doubles
//! nothing or says so and fails.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
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

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use onemap::headless::Headless;
use onemap::panels::Health;
use onemap::site::text::Lang;
use onemap::snapshot::Snapshot;
use onemap::sources::sql;
use onemap::stage::Stage;
use onemap::state::Mode;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};

use servers::{Broker, Database, PASSWORD, PASSWORD_ENV, Proxy};
use wall::Wall;

/// Different rows; each event is a new version of one.
const KEYS: u64 = 20_000;
const RATE: u64 = 10_000;

fn main() {
    env_logger::init();
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let secs = words.iter().find_map(|w| w.parse().ok()).unwrap_or(60);
    let named = words.iter().any(|w| w.parse::<u64>().is_err());
    circumstances();
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
    if wants("district") {
        district(secs);
    }
}

/// A thread that sends.
fn named<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    std::thread::Builder::new().name("sender".to_owned()).spawn(work).unwrap()
}

/// What the machine is doing meanwhile: a disk that takes long for a few rows delays every event by up to twice that.
fn circumstances() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut file = tempfile::tempfile().unwrap();
    let mut millis: Vec<f32> = (0..200)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&vec![0; 20_000]).unwrap();
            file.sync_data().unwrap();
            let took = began.elapsed();
            std::thread::sleep(Duration::from_millis(5));
            took.as_secs_f32() * 1000.0
        })
        .collect();
    println!("load {}; the disk takes 20 kB in {}", load.trim(), quantiles(&mut millis));
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

/// A new version of one of the rows of the made-up table.
fn job(event: u64) -> String {
    let (key, n, sent) = (event % KEYS, event / KEYS, jiff::Timestamp::now());
    format!(
        r#"{{"id":"e{event}","sent":"{sent}","version":{n},"status":"Actual","row":{{"id":"k{key}","area":"R1A1","n":{n},"ts":1795334400,"kind":"a"}}}}"#
    )
}

/// Publishes events at a rate, or as fast as the broker takes them.
fn publish(port: u16, events: u64, rate: Option<u64>, text: impl Fn(u64) -> String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut options = MqttOptions::new("publisher", "127.0.0.1", port);
        options.set_clean_start(true);
        let (client, mut link) = AsyncClient::new(options, 2000);
        let began = Instant::now();
        let (mut next, mut taken) = (0, 0);
        while taken < events {
            let allowed =
                rate.map_or(events, |rate| (began.elapsed().as_secs_f64() * rate as f64) as u64).min(events);
            while next < allowed && next < taken + 1000 {
                if client.try_publish("job", QoS::AtLeastOnce, false, text(next)).is_err() {
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

/// What was seen of the snapshots that showed changes, in milliseconds.
#[derive(Default)]
struct Seen {
    reached: Vec<f32>,
    snapshot: Vec<f32>,
    pixels: Vec<f32>,
    frame: Vec<f32>,
    /// Processor time of each frame of a window that paints all the time.
    work: Vec<f32>,
    took: Duration,
}

/// The wall's picture without a window, at 1920 x 1080: layout and tessellation, the work of a frame on the processor.
/// What a graphics device adds is not in it.
struct Screen {
    headless: Headless,
    stage: Stage,
}

impl Screen {
    fn new(wall: &mut Wall) -> Self {
        let headless = Headless::new(1920, 1080);
        let mut stage = Stage::new(&headless.ctx, Arc::clone(wall.site()), Mode::Wall, Lang::Zh);
        stage.state.rotating = false;
        let mut screen = Self { headless, stage };
        // The first frames lay out every text.
        for _ in 0..20 {
            screen.paint(wall.snapshot());
        }
        screen
    }

    fn paint(&mut self, snapshot: &Snapshot) {
        let now = snapshot.clock.now();
        let stage = &mut self.stage;
        let output = self.headless.frame(1.0 / 60.0, Vec::new(), |ui| {
            stage.frame(ui, snapshot, now, Health::default());
        });
        std::hint::black_box(self.headless.ctx.tessellate(output.shapes, 1.0));
    }
}

/// Watches a wall until it shows what it must, painting every snapshot as the window does.
fn watch(wall: &mut Wall, events: u64, limit: Duration, done: impl Fn() -> bool) -> Seen {
    watch_until(wall, limit, |wall| done() && wall.counted() == wanted(events))
}

fn watch_until(wall: &mut Wall, limit: Duration, done: impl Fn(&mut Wall) -> bool) -> Seen {
    let mut screen = Screen::new(wall);
    watch_on(&mut screen, wall, limit, false, done)
}

/// `all_frames`: paints sixty times a second, as a window does in which something moves, not only what is new.
fn watch_on(
    screen: &mut Screen,
    wall: &mut Wall,
    limit: Duration,
    all_frames: bool,
    done: impl Fn(&mut Wall) -> bool,
) -> Seen {
    const FRAME: Duration = Duration::from_micros(16_667);
    let began = Instant::now();
    let (mut seen, mut revision, mut painted) = (Seen::default(), 0, Instant::now());
    loop {
        let snapshot = wall.snapshot();
        let is_new = snapshot.revision != revision;
        if is_new || (all_frames && painted.elapsed() >= FRAME) {
            revision = snapshot.revision;
            painted = Instant::now();
            let work = thread_secs();
            screen.paint(snapshot);
            if all_frames {
                seen.work.push(((thread_secs() - work) * 1000.0) as f32);
            }
            if is_new && let Some(since) = snapshot.live.oldest_change {
                seen.reached.push(snapshot.live.reached_millis);
                seen.snapshot.push(snapshot.live.latency_millis);
                seen.pixels.push(since.elapsed().as_secs_f32() * 1000.0);
                seen.frame.push(painted.elapsed().as_secs_f32() * 1000.0);
            }
        }
        if done(wall) {
            seen.took = began.elapsed();
            return seen;
        }
        assert!(began.elapsed() < limit, "lost or doubled: {:?}; {:?}", wall.counted(), wall.feed());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Processor seconds of this thread so far.
fn thread_secs() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn quantiles(values: &mut [f32]) -> String {
    values.sort_by(f32::total_cmp);
    let at = |share: f64| {
        values.get(((values.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(f32::NAN)
    };
    format!("p50 {:.0} p99 {:.0} max {:.0} ms", at(0.5), at(0.99), at(1.0))
}

/// Processor seconds of this process so far, by the first word of its threads' names.
fn processor_secs() -> BTreeMap<String, f64> {
    let mut out = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().filter_map(Result::ok) {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.split_once(')') else { continue };
        let ticks: f64 = rest.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
        let name = name.split('(').nth(1).unwrap_or_default().to_owned();
        *out.entry(name).or_insert(0.0) += ticks / 100.0;
    }
    out
}

fn tell(what: &str, events: u64, mut seen: Seen, before: &BTreeMap<String, f64>, wall: &mut Wall) {
    let feed = wall.feed();
    println!(
        "{what}: {events} events in {:.1} s, {:.0}/s; taken {}, repeated {}, refused {}; {} pictures; resident {:.0} MiB",
        seen.took.as_secs_f32(),
        events as f64 / seen.took.as_secs_f64(),
        feed.rows,
        feed.repeated,
        feed.refused,
        seen.snapshot.len(),
        onemap::bench::resident_mib()
    );
    println!("  arrival to engine   {}", quantiles(&mut seen.reached));
    println!("  arrival to snapshot {}", quantiles(&mut seen.snapshot));
    println!(
        "  arrival to pixels   {} (of it the frame: {})",
        quantiles(&mut seen.pixels),
        quantiles(&mut seen.frame)
    );
    let used: Vec<String> = processor_secs()
        .into_iter()
        .map(|(name, secs)| (secs - before.get(&name).copied().unwrap_or(0.0), name))
        .filter(|(secs, _)| *secs > 0.05)
        .map(|(secs, name)| format!("{name} {:.1}", secs * 1e6 / events as f64))
        .collect();
    println!("  processor time per event, in microseconds, by thread: {}", used.join(", "));
}

fn mqtt(secs: u64) {
    let Some(broker) = Broker::start(None) else { return };
    let made = mqtt_site(broker.port);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let (events, port) = (RATE * secs, broker.port);
    let sender = named(move || publish(port, events, Some(RATE), job));
    let limit = Duration::from_secs(secs * 4 + 60);
    let before = processor_secs();
    let seen = watch(&mut wall, events, limit, || sender.is_finished());
    tell("mqtt, steady", events, seen, &before, &mut wall);
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
        let before = processor_secs();
        let seen = watch(&mut wall, events, limit, || sender.is_finished());
        tell("postgres, steady", events, seen, &before, &mut wall);
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
    let before = processor_secs();
    let seen = watch(&mut wall, events, Duration::from_mins(5), || true);
    tell("file, burst", events, seen, &before, &mut wall);
}

/// A wall that hangs and runs while its servers cannot be reached: ten minutes at 1,000 events a second wait there.
/// From the end of the outage to the picture that shows all of it, the wait before the next try included, and every
/// frame meanwhile.
fn outage() {
    let events = OUTAGE_SECS * 1000;
    if let Some(broker) = Broker::start(None) {
        let proxy = Proxy::to(broker.port);
        let made = mqtt_site(proxy.port);
        let mut wall = Wall::start(&made);
        wall.wait_live();
        proxy.close();
        publish(broker.port, events, None, job);
        catch_up("mqtt, after an outage", events, &mut wall, &proxy);
    }
    if let Some(database) = Database::start(None) {
        let proxy = Proxy::to(database.port);
        let made = postgres_site(proxy.port);
        prepared(&database, &made);
        let mut wall = Wall::start(&made);
        wall.wait_live();
        proxy.close();
        for from in (0..events).step_by(10_000) {
            database.sql("district", &upsert(from, from + 10_000));
        }
        let what = "postgres, after an outage (its 20,000 newest versions)";
        catch_up(what, events, &mut wall, &proxy);
    }
}

const OUTAGE_SECS: u64 = 600;
/// The bars: caught up in this, and the processor's work of a frame at the 99th percentile.
const CAUGHT_UP: Duration = Duration::from_secs(15);
const FRAME_MILLIS: f32 = 33.0;

fn catch_up(what: &str, events: u64, wall: &mut Wall, proxy: &Proxy) {
    // As long away as makes the waits between tries as long as they get.
    std::thread::sleep(Duration::from_secs(20));
    wall.wait_failed();
    let mut screen = Screen::new(wall);
    let before = processor_secs();
    proxy.open();
    let began = Instant::now();
    let mut seen =
        watch_on(&mut screen, wall, Duration::from_mins(5), true, |wall| wall.counted() == wanted(events));
    seen.took = began.elapsed();
    let (took, mut work) = (seen.took, seen.work.clone());
    tell(what, events, seen, &before, wall);
    println!("  {} frames, work on the processor {}", work.len(), quantiles(&mut work));
    let p99 = work.get((work.len().max(1) - 1) * 99 / 100).copied().unwrap_or(f32::INFINITY);
    let bar = |met: bool| if met { "met" } else { "MISSED" };
    println!("  caught up in {:.1} s: bar of 15 s {}", took.as_secs_f32(), bar(took < CAUGHT_UP));
    println!("  frames: bar of 33 ms {}", bar(p99 < FRAME_MILLIS));
    assert!(took < CAUGHT_UP && p99 < FRAME_MILLIS, "{what}: a bar was missed");
}

/// The sample as a live site, its events over MQTT: all figures of a district and its whole screen.
fn district(secs: u64) {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let Some(broker) = Broker::start(None) else { return };
    let dir = tempfile::tempdir().unwrap();
    copy(&common::sample_dir(), dir.path());
    let site = std::fs::read_to_string(dir.path().join("site.toml")).unwrap();
    let (before, sample) = site.split_once("[sample]").unwrap();
    let after = sample.split_once("\n[").unwrap().1;
    std::fs::write(dir.path().join("site.toml"), format!("{before}[{after}")).unwrap();
    let body = format!(
        "[source.mqtt]\nhost = \"127.0.0.1\"\nport = {}\nclient_id = \"wall\"\n[[source.mqtt.topic]]\nfilter = \"job\"\ntable = \"event\"\n",
        broker.port
    );
    std::fs::write(dir.path().join("sources.toml"), source(&body, "state")).unwrap();
    let mut wall = Wall::open(dir.path());
    wall.wait_live();
    let areas = &wall.site().areas;
    let finest = areas.iter().map(|(_, a)| a.level).max().unwrap();
    let codes: Vec<String> = areas.level(finest).map(|id| areas.get(id).code.clone()).collect();
    let opened = jiff::Timestamp::now().as_second();
    // Each event of the stream changes its status from version to version.
    let text = move |event: u64| {
        let (key, version, sent) = (event % KEYS, event / KEYS, jiff::Timestamp::now());
        let area = &codes[key as usize % codes.len()];
        let status = ["open", "dispatched", "in_progress", "closed"][version as usize % 4];
        let closed = if status == "closed" { (opened + 60).to_string() } else { "null".to_owned() };
        format!(
            r#"{{"id":"e{event}","sent":"{sent}","version":{version},"status":"Actual","row":{{"event_id":"B{key}","area_code":"{area}","category_code":"lamp","source_code":"patrol","severity":1,"status":"{status}","opened_ts":{opened},"due_ts":{},"closed_ts":{closed},"is_exercise":0,"geo_precision":"grid"}}}}"#,
            opened + 7200
        )
    };
    let (events, port) = (RATE * secs, broker.port);
    let sender = named(move || publish(port, events, Some(RATE), text));
    let before = processor_secs();
    let limit = Duration::from_secs(secs * 4 + 60);
    let seen = watch_until(&mut wall, limit, |wall| {
        let feed = wall.feed();
        sender.is_finished() && feed.rows + feed.repeated + feed.refused == events
    });
    assert_eq!(wall.feed().rows, events, "{:?}", wall.feed());
    tell("district, steady", events, seen, &before, &mut wall);
}
