//! Passwords of sources in real key rings: the kernel's, and a real Secret Service where one is installed.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use onemap::site::feeds::{KeyringMeta, SecretMeta};
use onemap::snapshot::FeedPhase;
use onemap::sources::secret;

use crate::common::{Made, Ran, lines, program};
use crate::feeds::{site, wait_for};
use crate::feeds_postgres::{declared, prepared};
use crate::servers::{Database, PASSWORD, PASSWORD_ENV};
use crate::wall::Wall;

fn in_ring(port: u16, account: &str) -> String {
    let place = format!("password_keyring = {{ service = \"onemap-test\", account = \"{account}\" }}");
    declared(port, "127.0.0.1", "").replace(&format!("password_env = \"{PASSWORD_ENV}\""), &place)
}

/// The command with a text on its standard input.
fn secret(made: &Made, words: &[&str], input: &str, bus: &str) -> Ran {
    let mut command = program();
    command.args(["secret", "--lang", "en", "--site"]).arg(made.path()).args(words);
    command.env("DBUS_SESSION_BUS_ADDRESS", bus);
    let file = made.path().join("input");
    std::fs::write(&file, input).unwrap();
    command.stdin(std::fs::File::open(&file).unwrap());
    let ran = Ran::of(&mut command);
    std::fs::remove_file(&file).unwrap();
    assert!(!format!("{}{}", ran.out, ran.err).contains(PASSWORD.repeat(2).as_str()));
    ran
}

/// An address where nobody listens.
const NO_BUS: &str = "unix:path=/nonexistent/bus";

#[test]
fn the_kernel_keeps_a_password_and_a_source_finds_it() {
    let Some(database) = Database::start(None) else { return };
    let account = format!("account-{}", std::process::id());
    let made = site(&in_ring(database.port, &account));
    prepared(&database, &made);
    let ran = secret(&made, &["set", "one", "--kernel"], &format!("{PASSWORD}\n"), NO_BUS);
    if ran.code == 3 {
        eprintln!("NOT TESTED: the kernel's key ring is closed to us here: {}", ran.err);
        return;
    }
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let there = secret(&made, &["check", "one", "--kernel"], "", NO_BUS);
    assert_eq!(there.code, 0, "{}", there.err);
    assert!(there.out.contains("has the password"), "{}", there.out);
    let mut wall = Wall::start(&made);
    wall.wait_live();
    drop(wall);
    // Another one in its place is the only one there is.
    assert_eq!(secret(&made, &["set", "one", "--kernel"], "other", NO_BUS).code, 0);
    let mut wall = Wall::start(&made);
    wall.wait_failed();
    drop(wall);
    let gone = secret(&made, &["remove", "one", "--kernel"], "", NO_BUS);
    assert_eq!(gone.code, 0, "{}", gone.err);
    let absent = secret(&made, &["check", "one", "--kernel"], "", NO_BUS);
    assert_eq!(absent.code, 1, "{}", absent.out);
    assert!(absent.out.contains("no password"), "{}", absent.out);
    let mut wall = Wall::start(&made);
    wait_for(
        "a word about the key ring",
        || matches!(wall.feed().phase, FeedPhase::Failed { reason, .. } if reason.key == "status.feed.ring_empty"),
    );
}

#[test]
fn what_is_no_password_is_refused() {
    let made = site(&in_ring(1, "nobody"));
    for input in ["", "\n", "two\nlines\n", &"x".repeat(4097)] {
        let ran = secret(&made, &["set", "one", "--kernel"], input, NO_BUS);
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("one line of 1 to 4096 bytes"), "{}", ran.err);
    }
    let unknown = secret(&made, &["set", "on", "--kernel"], "x", NO_BUS);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("no source on") && unknown.err.contains("one"), "{}", unknown.err);
    let no_ring = secret(&made, &["set", "one"], "x", NO_BUS);
    assert_eq!(no_ring.code, 3);
    assert!(no_ring.err.contains("Secret Service: cannot be used"), "{}", no_ring.err);
    let made = site(&declared(1, "127.0.0.1", ""));
    let elsewhere = secret(&made, &["check", "one"], "", NO_BUS);
    assert_eq!(elsewhere.code, 2);
    assert!(elsewhere.err.contains("password_keyring"), "{}", elsewhere.err);
}

#[test]
fn a_password_file_is_refused_with_what_to_do() {
    let env = format!("password_env = \"{PASSWORD_ENV}\"");
    for (written, told) in [
        ("password_file = \"p\"", "run onemap secret set one"),
        (&*format!("{env}\npassword_keyring = {{ service = \"a\", account = \"b\" }}"), "not both"),
        ("password_keyring = { service = \"a\", account = \"\" }", "must have names"),
    ] {
        let made = site(&declared(1, "127.0.0.1", "").replace(&env, written));
        let problems = made.load().unwrap_err();
        let site = site(&declared(1, "127.0.0.1", "")).load().unwrap();
        let text = lines(&site, &problems).join("\n");
        assert!(text.contains(told) && text.contains("sources.toml:"), "{text}");
    }
}

/// A D-Bus of its own with gnome-keyring on it, its ring opened with a password or left locked.
struct Desktop {
    dir: tempfile::TempDir,
    children: Vec<Child>,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for mut child in self.children.drain(..).rev() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

impl Desktop {
    /// None where this machine has no such service: said, and passed over. It brings a desktop's libraries, so the
    /// test script does not install it.
    fn start() -> Option<Self> {
        if !is_installed("gnome-keyring-daemon") || !is_installed("dbus-daemon") {
            eprintln!(
                "NOT TESTED: gnome-keyring or dbus-daemon is not installed: no Secret Service was asked"
            );
            return None;
        }
        let mut desktop = Self { dir: tempfile::tempdir().unwrap(), children: Vec::new() };
        // A bus that starts no service by itself: else whoever asks before ours is there gets another one, in this
        // user's home.
        let config = desktop.dir.path().join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>{}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy></busconfig>",
            desktop.bus()
        );
        std::fs::write(&config, text).unwrap();
        let config = format!("--config-file={}", config.display());
        let child = Command::new("dbus-daemon").args([config.as_str(), "--nofork"]).spawn();
        desktop.children.push(child.unwrap());
        let socket = desktop.dir.path().join("bus");
        wait_for("a bus", || socket.exists());
        Some(desktop)
    }

    fn bus(&self) -> String {
        format!("unix:path={}", self.dir.path().join("bus").display())
    }

    /// The service; its ring is opened with a password, or stays locked without one.
    fn ring(&mut self, password: Option<&str>) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(password.map(|_| "--unlock"));
        for name in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, self.dir.path());
        }
        command.env("DBUS_SESSION_BUS_ADDRESS", self.bus()).env_remove("DISPLAY");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.unwrap_or_default().as_bytes()).unwrap();
        self.children.push(child);
    }

    fn end_ring(&mut self) {
        let mut child = self.children.pop().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Reads a password as a source does; does nothing unless it is started by the test below, which cannot change the
/// environment of its own process.
#[test]
fn child_that_asks_a_ring() {
    if std::env::var_os("ONEMAP_TEST_CHILD").is_none() {
        return;
    }
    let place = KeyringMeta { service: "onemap-test".to_owned(), account: "desktop".to_owned() };
    let meta = SecretMeta { env: None, keyring: Some(&place) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(secret::read(&meta, "one")).unwrap().as_deref(), Some("pass word"));
}

#[test]
fn a_secret_service_keeps_a_password_and_a_locked_one_says_so() {
    let Some(mut desktop) = Desktop::start() else { return };
    let made = site(&in_ring(1, "desktop"));
    let bus = desktop.bus();
    let ask = |words: &[&str], input: &str| secret(&made, words, input, &bus);
    desktop.ring(Some("login"));
    wait_for("a ring that takes a password", || ask(&["set", "one"], "first").code == 0);
    assert_eq!(ask(&["set", "one"], "pass word\n").code, 0);
    let there = ask(&["check", "one"], "");
    assert_eq!(there.code, 0, "{}", there.err);
    assert!(there.out.contains("Secret Service: has the password"), "{}", there.out);
    let child = |dir: &Path| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "secrets::child_that_asks_a_ring"]).env("ONEMAP_TEST_CHILD", dir);
        Ran::of(child.env("DBUS_SESSION_BUS_ADDRESS", &bus))
    };
    let ran = child(made.path());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    // The same ring after a start of the machine, before anybody logged in.
    desktop.end_ring();
    desktop.ring(None);
    wait_for("a locked ring", || ask(&["check", "one"], "").err.contains("is locked"));
    let ran = child(made.path());
    assert_ne!(ran.code, 0);
    assert!(ran.out.contains("status.feed.ring_locked"), "{}", ran.out);
    desktop.end_ring();
    desktop.ring(Some("login"));
    wait_for("an open ring", || ask(&["remove", "one"], "").code == 0);
    assert_eq!(ask(&["check", "one"], "").code, 1);
}
