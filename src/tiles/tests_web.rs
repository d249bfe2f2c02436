//! A tile server that answers, is down, is slow with the truth, or talks nonsense; the store on disk.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::TileError;
use super::address::Address;
use super::web::{Cache, Web};
use crate::site::datum::Datum;
use crate::site::meta::{BaseMapKind, BaseMapMeta};

const HERE: Address = Address { z: 5, x: 3, y: 7 };

fn meta(url: &str) -> BaseMapMeta {
    BaseMapMeta {
        id: "web".to_owned(),
        kind: BaseMapKind::Xyz,
        path: None,
        url: Some(url.to_owned()),
        subdomains: vec!["a".to_owned(), "b".to_owned()],
        token_env: Some("ONEMAP_TEST_TOKEN_THAT_IS_NOT_SET".to_owned()),
        attribution: None,
        min_zoom: None,
        max_zoom: None,
        datum: Datum::Cgcs2000,
        cache_mib: Some(1),
    }
}

fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[1, 2, 3]).unwrap();
    bytes
}

/// A server that gives one answer to every request and keeps the first line of each.
struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
    lines: crossbeam_channel::Receiver<String>,
}

fn server(answer: Vec<u8>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (out, lines) = crossbeam_channel::bounded(64);
    let work = move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            count.fetch_add(1, Ordering::SeqCst);
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            let _ = out.try_send(text.lines().next().unwrap_or_default().to_owned());
            let _ = stream.write_all(&answer);
        }
    };
    std::thread::Builder::new().name("test tile server".to_owned()).spawn(work).unwrap();
    Server { url, asked, lines }
}

fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn client(url: &str, cache: &Path) -> Web {
    Web::with_cache(&meta(url), None, Some(cache), 0, 1).unwrap()
}

#[test]
fn a_tile_is_asked_for_once_and_then_read_from_disk() {
    let server = server(answer("200 OK", "image/png", &png()));
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/{{s}}/{{z}}/{{x}}/{{y}}/{{-y}}.png", server.url);
    let mut web = client(&url, dir.path());
    assert_eq!(web.tile(HERE), Ok(Some(png())));
    assert_eq!(web.tile(HERE), Ok(Some(png())));
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
    assert_eq!(server.lines.recv().unwrap(), "GET /a/5/3/7/24.png HTTP/1.1");
    // Another run, with the server gone, still has it.
    drop(web);
    assert_eq!(client(&url, dir.path()).tile(HERE), Ok(Some(png())));
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn nonsense_is_told_and_not_stored() {
    let cases = [
        (
            answer("200 OK", "text/html; charset=utf-8", b"<html>log in</html>"),
            TileError::Answer("text/html".to_owned()),
        ),
        (answer("403 Forbidden", "text/plain", b"no"), TileError::Answer("HTTP 403".to_owned())),
    ];
    for (said, wanted) in cases {
        let server = server(said);
        let dir = tempfile::tempdir().unwrap();
        let mut web = client(&format!("{}/{{z}}/{{x}}/{{y}}", server.url), dir.path());
        assert_eq!(web.tile(HERE), Err(wanted));
        let stored = std::fs::read_dir(dir.path().join("tiles")).unwrap().flatten();
        let files: usize = stored.map(|d| std::fs::read_dir(d.path()).unwrap().count()).sum();
        assert_eq!(files, 0);
    }
    let none = server(answer("404 Not Found", "text/plain", b""));
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(client(&format!("{}/{{z}}/{{x}}/{{y}}", none.url), dir.path()).tile(HERE), Ok(None));
}

#[test]
fn a_server_that_is_down_is_left_alone_for_a_while() {
    let server = server(answer("503 Service Unavailable", "text/plain", b""));
    let dir = tempfile::tempdir().unwrap();
    let mut web = client(&format!("{}/{{z}}/{{x}}/{{y}}", server.url), dir.path());
    for _ in 0..5 {
        assert!(matches!(web.tile(HERE), Err(TileError::Down(_))));
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
    // Nobody listens at all.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut web = client(&format!("http://{gone}/{{z}}/{{x}}/{{y}}"), dir.path());
    assert!(matches!(web.tile(HERE), Err(TileError::Down(_))));
}

#[test]
fn the_token_is_in_no_message_and_no_file() {
    let token = "s3cret-t0ken";
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let url = format!("http://{gone}/{{z}}/{{x}}/{{y}}?tk={{token}}");
    let mut web = Web::with_cache(&meta(&url), Some(token.to_owned()), Some(dir.path()), 0, 1).unwrap();
    let error = web.tile(HERE).unwrap_err();
    assert!(!format!("{error} {error:?} {web:?}").contains(token));
    let server = server(answer("200 OK", "image/png", &png()));
    let url = format!("{}/{{z}}/{{x}}/{{y}}?tk={{token}}", server.url);
    let mut web = Web::with_cache(&meta(&url), Some(token.to_owned()), Some(dir.path()), 0, 1).unwrap();
    assert_eq!(web.tile(HERE), Ok(Some(png())));
    assert!(server.lines.recv().unwrap().contains(token), "the server gets it");
    for folder in std::fs::read_dir(dir.path().join("tiles")).unwrap().flatten() {
        assert!(!folder.path().display().to_string().contains(token));
        for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
            assert!(!file.path().display().to_string().contains(token));
        }
    }
    // Without the variable nothing is asked.
    assert_eq!(Web::open(&meta(&url), 0, 1).unwrap_err(), TileError::NoToken);
}

#[test]
fn the_store_on_disk_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let mut cache = Cache::open(dir.path(), "t", 0, 10_000).unwrap();
    for x in 0..50 {
        cache.put(Address { z: 9, x, y: 0 }, &[7; 900]);
        assert!(cache.held() <= 10_000);
    }
    assert!(
        cache.get(Address { z: 9, x: 49, y: 0 }).is_some()
            && cache.get(Address { z: 9, x: 0, y: 0 }).is_none()
    );
    // A second run counts what is there.
    let again = Cache::open(dir.path(), "t", 0, 10_000).unwrap();
    assert_eq!(again.held(), cache.held());
    let mut small = Cache::open(dir.path(), "t", 0, 2_000).unwrap();
    assert!(small.held() <= 2_000);
    small.put(Address { z: 1, x: 0, y: 0 }, &[1; 5_000]);
    assert!(small.held() <= 2_000);
}
