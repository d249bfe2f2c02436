//! A broker of the tests, a real mosquitto: catching up, following, restarts, cuts, duplicates, hostile messages.

use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};

use crate::common::Made;
use crate::feeds::site;
use crate::servers::{Broker, Certificates, Proxy, toml_path};
use crate::wall::Wall;

pub(crate) fn declared(port: u16, host: &str, more: &str) -> String {
    format!(
        "format = 1\n[journal]\nfolder = \"state\"\n[[source]]\nid = \"one\"\nname = {{ zh = \"甲\", en = \"One\" }}\n\
         [source.mqtt]\nhost = \"{host}\"\nport = {port}\nclient_id = \"wall\"\n{more}\n\
         [[source.mqtt.topic]]\nfilter = \"district/job/#\"\ntable = \"job\"\n"
    )
}

fn made(port: u16) -> Made {
    site(&declared(port, "127.0.0.1", ""))
}

pub(crate) fn message(id: &str, key: &str, version: i64, n: i64, status: &str) -> String {
    let sent = jiff::Timestamp::now();
    format!(
        r#"{{"id":"{id}","sent":"{sent}","version":{version},"status":"{status}","row":{{"id":"{key}","area":"R1A1","n":{n},"ts":1795334400,"kind":"a"}}}}"#
    )
}

/// Publishes and waits until the broker has taken everything; connects again until it has.
pub(crate) fn publish(port: u16, messages: &[String]) {
    publish_to("127.0.0.1", port, messages);
}

pub(crate) fn publish_to(host: &str, port: u16, messages: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut options = MqttOptions::new(format!("publisher-{port}"), host, port);
        options.set_clean_start(true);
        let (client, mut events) = AsyncClient::new(options, 64);
        let began = Instant::now();
        let (mut next, mut taken) = (0, 0);
        while taken < messages.len() {
            while next < messages.len() && next < taken + 50 {
                if client
                    .try_publish("district/job/x", QoS::AtLeastOnce, false, messages[next].clone())
                    .is_err()
                {
                    break;
                }
                next += 1;
            }
            match events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) => taken += 1,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            assert!(began.elapsed() < Duration::from_mins(1), "the broker takes nothing");
        }
        drop(client.disconnect().await);
        drop(
            tokio::time::timeout(Duration::from_millis(200), async { while events.poll().await.is_ok() {} })
                .await,
        );
    });
}

pub(crate) fn many(from: i64, until: i64) -> Vec<String> {
    (from..until).map(|n| message(&format!("m{n}"), &format!("k{n}"), 1, n, "Actual")).collect()
}

#[test]
fn what_was_sent_while_we_were_away_is_caught_up_with() {
    let Some(broker) = Broker::start(None) else { return };
    let made = made(broker.port);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    publish(broker.port, &many(0, 100));
    wall.wait("live", 100, (0..100).sum());
    drop(wall);
    publish(broker.port, &many(100, 3000));
    // The same again: ids are known, also across the start.
    publish(broker.port, &many(50, 150));
    let mut wall = Wall::start(&made);
    wall.wait("caught up", 3000, (0..3000).sum());
    wall.wait_live();
    crate::feeds::wait_for("repetitions", || wall.feed().repeated == 100);
    let feed = wall.feed();
    assert_eq!((feed.rows, feed.refused), (2900, 0), "{feed:?}");
    // Nothing is left at the broker: all of it was acknowledged.
    drop(wall);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    assert_eq!(wall.feed().rows + wall.feed().repeated, 0);
    assert_eq!(wall.counted(), (3000, (0..3000).sum()));
}

#[test]
fn drills_and_tests_are_never_counted_and_hostile_messages_cost_themselves() {
    let Some(broker) = Broker::start(None) else { return };
    let made = made(broker.port);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let good = |n: i64| message(&format!("g{n}"), &format!("g{n}"), 1, 7, "Actual");
    let mut messages = vec![good(1)];
    // Left out by rule.
    messages.extend(["Test", "System", "Draft"].map(|s| message(&format!("x{s}"), s, 1, 1000, s)));
    // Refused: this table marks no drills.
    messages.push(message("xe", "e", 1, 1000, "Exercise"));
    let hostile: Vec<String> = vec![
        String::new(),
        "null".to_owned(),
        "[".repeat(5000),
        good(90).replace("\"Actual\"", "\"actual\""),
        good(91).replace("\"area\":\"R1A1\"", "\"area\":\"R7\""),
        good(92).replace("\"n\":7", "\"n\":\"seven\""),
        good(93).replace("\"n\":7", "\"n\":1e400"),
        good(94).replace("\"n\":7", "\"n\":[7]"),
        good(95).replace("\"n\":7", "\"n\":7,\"reporter\":\"x\""),
        good(96).replace("\"kind\":\"a\"", "\"kind\":\"13800138000\""),
        good(97).replace("1795334400", "99999999999999"),
        good(98).replace("\"status\"", "\"text\":\"free\",\"status\""),
        good(99).replace("g99", &"g".repeat(70_000)),
    ];
    let refused = hostile.len() as u64 + 1;
    messages.extend(hostile);
    messages.push(good(2));
    publish(broker.port, &messages);
    wall.wait("the two good ones", 2, 14);
    crate::feeds::wait_for("all messages", || {
        let feed = wall.feed();
        (feed.rows, feed.excluded, feed.refused) == (2, 3, refused)
    });
    drop(wall);
    // None of them stays at the broker. Acknowledgements that were on their way when the program ended are sent by the next
    // one, which gets those messages again.
    let comes_again = || {
        let mut wall = Wall::start(&made);
        wall.wait_live();
        std::thread::sleep(Duration::from_millis(300));
        let feed = wall.feed();
        assert_eq!(feed.rows, 0, "{feed:?}");
        feed.excluded + feed.refused + feed.repeated > 0
    };
    assert!((0..5).any(|_| !comes_again()), "messages stay at the broker");
}

#[test]
fn a_restart_of_the_broker_and_a_cut_lose_and_double_nothing() {
    let Some(mut broker) = Broker::start(None) else { return };
    let proxy = Proxy::to(broker.port);
    let made = made(proxy.port);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let port = broker.port;
    let work = move || {
        for step in 0..60 {
            publish(port, &many(step * 50, step * 50 + 50));
        }
    };
    let sender = std::thread::Builder::new().name("sender".to_owned()).spawn(work).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    proxy.close();
    wall.wait_failed();
    std::thread::sleep(Duration::from_millis(200));
    proxy.open();
    wall.wait_live();
    broker.down();
    wall.wait_failed();
    broker.up();
    sender.join().unwrap();
    wall.wait("everything", 3000, (0..3000).sum());
    wall.wait_live();
}

#[test]
fn late_duplicates_in_any_order_leave_the_newest_version() {
    let Some(broker) = Broker::start(None) else { return };
    let made = made(broker.port);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let mut messages: Vec<String> = (0..40)
        .flat_map(|v| (0..25).map(move |k| message(&format!("k{k}v{v}"), &format!("k{k}"), v, v, "Actual")))
        .collect();
    // A fixed shuffle.
    let length = messages.len();
    for i in 0..length {
        messages.swap(i, (i * 7919 + 13) % length);
    }
    publish(broker.port, &messages);
    wall.wait("newest versions", 25, 25 * 39);
    publish(broker.port, &messages);
    crate::feeds::wait_for("all again", || {
        let feed = wall.feed();
        feed.rows + feed.repeated == 2 * length as u64
    });
    assert_eq!(wall.counted(), (25, 25 * 39));
}

#[test]
fn a_protected_broker_is_verified() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(broker) = Broker::start(Some(&certificates)) else { return };
    let tls = |ca: &str| format!("tls = {{ authorities = \"{}\" }}", toml_path(&certificates.path(ca)));
    let mut good = Wall::start(&site(&declared(broker.port, "localhost", &tls("ca.pem"))));
    good.wait_live();
    drop(good);
    // Signed by someone else, and a name that the certificate does not hold.
    for (host, ca) in [("localhost", "other.pem"), ("127.0.0.1", "ca.pem")] {
        let mut wall = Wall::start(&site(&declared(broker.port, host, &tls(ca))));
        wall.wait_failed();
        assert_eq!(wall.feed().rows, 0);
    }
}

#[test]
fn an_identity_number_costs_its_message_and_is_nowhere() {
    use crate::feeds::{IDENTITY, assert_nowhere, listen};
    listen();
    let Some(broker) = Broker::start(None) else { return };
    let made = made(broker.port);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    let good = |n: usize| message(&format!("g{n}"), &format!("g{n}"), 1, 1, "Actual");
    let mut messages: Vec<String> = (0..60).map(good).collect();
    messages.insert(20, message("h1", IDENTITY, 1, 1000, "Actual"));
    messages.insert(40, message(IDENTITY, &format!("证件{IDENTITY}"), 1, 1000, "Actual"));
    publish(broker.port, &messages);
    wall.wait("the good ones", 60, 60);
    crate::feeds::wait_for("all messages", || (wall.feed().rows, wall.feed().refused) == (60, 2));
    drop(wall);
    assert_nowhere(&made, IDENTITY);
    let mut wall = Wall::start(&made);
    wall.wait("the good ones again", 60, 60);
    assert_eq!(wall.feed().refused, 0);
}
