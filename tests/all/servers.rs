//! Real servers on loopback for the tests: each with a port and a folder of its own, stopped when dropped; and a
//! proxy that can be cut. Where a server is not installed a test says so and does nothing, unless
//! ONEMAP_NEED_SERVERS is set, as `scripts/test` does.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// A free port.
pub(crate) fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn absent(what: &str) -> bool {
    assert!(std::env::var_os("ONEMAP_NEED_SERVERS").is_none(), "{what} is not installed");
    eprintln!("{what} is not installed: not tested");
    true
}

fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(folders.iter().cloned()).map(|d| d.join(name)).find(|p| p.is_file())
}

fn wait_for_port(host: &str, port: u16) {
    let began = Instant::now();
    while TcpStream::connect((host, port)).is_err() {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &mut Child, name: &str) {
    Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
}

/// A certificate authority and a server certificate for `localhost`, made by openssl; none where that is not there.
pub(crate) struct Certificates {
    pub(crate) dir: tempfile::TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Option<Self> {
        let openssl = find("openssl", &[]).or_else(|| {
            absent("openssl");
            None
        })?;
        let dir = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let done = Command::new(&openssl).args(arguments).current_dir(dir.path()).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        let ca = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "9",
        ];
        for name in ["ca", "other"] {
            let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
            run(&[&ca[..], &["-keyout", &key, "-out", &pem, "-subj", "/CN=test authority"]].concat());
        }
        let request = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        run(&[&request[..], &["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"]]
            .concat());
        std::fs::write(dir.path().join("ext"), "subjectAltName=DNS:localhost\n").unwrap();
        run(&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-out",
            "server.pem",
            "-days",
            "9",
            "-extfile",
            "ext",
        ]);
        Some(Self { dir })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// Another machine as far as the network goes: a namespace with two cables to it, of which one can be pulled.
pub(crate) struct Namespace {
    name: String,
    /// Its address over the cable that can be pulled.
    pub(crate) wire: String,
    /// Its address over the other one.
    pub(crate) side: String,
}

impl Namespace {
    /// None where we are not root: said, and passed over. Root where the test script set everything up must be able to.
    pub(crate) fn start() -> Option<Self> {
        if !is_root() || find("ip", &["/usr/sbin".into(), "/sbin".into()]).is_none() {
            assert!(std::env::var_os("ONEMAP_NEED_SERVERS").is_none() || !is_root(), "ip is not installed");
            eprintln!("NOT TESTED: only root, with iproute2, makes a network to cut");
            return None;
        }
        let id = std::process::id();
        let name = format!("onemap{id}");
        run_ip(&["netns", "add", &name]);
        // Of any two runs at once the process ids differ, and so do these.
        let address =
            |cable: u32, end: u32| format!("10.{}.{}.{}", 128 + id / 256 % 128, id % 256, cable * 4 + end);
        let namespace = Self { wire: address(0, 2), side: address(1, 2), name };
        run_ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
        for (cable, end) in [(0, "w"), (1, "s")] {
            let (here, there) = (format!("om{id}{end}"), namespace.end(end));
            run_ip(&["link", "add", &here, "type", "veth", "peer", "name", &there, "netns", &namespace.name]);
            run_ip(&["addr", "add", &format!("{}/30", address(cable, 1)), "dev", &here]);
            run_ip(&["link", "set", &here, "up"]);
            let inside = format!("{}/30", address(cable, 2));
            run_ip(&["-n", &namespace.name, "addr", "add", &inside, "dev", &there]);
            run_ip(&["-n", &namespace.name, "link", "set", &there, "up"]);
        }
        Some(namespace)
    }

    fn end(&self, end: &str) -> String {
        format!("{}{end}", self.name)
    }

    /// Pulls the cable at the far end: neither side is told, packets are just gone.
    pub(crate) fn cut(&self) {
        run_ip(&["-n", &self.name, "link", "set", &self.end("w"), "down"]);
    }

    pub(crate) fn mend(&self) {
        run_ip(&["-n", &self.name, "link", "set", &self.end("w"), "up"]);
    }

    /// A program that runs there.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its ends of the cables go with it, and ours with them.
        run_ip(&["netns", "del", &self.name]);
    }
}

fn run_ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).output().unwrap();
    assert!(done.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A mosquitto.
pub(crate) struct Broker {
    program: PathBuf,
    dir: tempfile::TempDir,
    pub(crate) port: u16,
    child: Option<Child>,
    namespace: Option<Arc<Namespace>>,
}

impl Broker {
    pub(crate) fn start(tls: Option<&Certificates>) -> Option<Self> {
        Self::launch(tls, None)
    }

    /// On the machine at the other end of a cable.
    pub(crate) fn start_in(namespace: &Arc<Namespace>) -> Option<Self> {
        Self::launch(None, Some(Arc::clone(namespace)))
    }

    fn launch(tls: Option<&Certificates>, namespace: Option<Arc<Namespace>>) -> Option<Self> {
        let program = find("mosquitto", &["/usr/sbin".into(), "/usr/local/sbin".into()]).or_else(|| {
            absent("mosquitto");
            None
        })?;
        let dir = tempfile::tempdir().unwrap();
        let port = port();
        let protect = tls.map_or_else(String::new, |c| {
            let (pem, key) = (c.path("server.pem"), c.path("server.key"));
            format!("certfile {}\nkeyfile {}\n", pem.display(), key.display())
        });
        let user = if is_root() { "user root\n" } else { "" };
        let listen = if namespace.is_some() { "0.0.0.0" } else { "127.0.0.1" };
        let conf = format!(
            "listener {port} {listen}\n{protect}allow_anonymous true\npersistence true\npersistence_location {}/\nmax_inflight_messages 0\nmax_queued_messages 0\nlog_type error\n{user}",
            dir.path().display()
        );
        std::fs::write(dir.path().join("conf"), conf).unwrap();
        let mut broker = Self { program, dir, port, child: None, namespace };
        broker.up();
        Some(broker)
    }

    pub(crate) fn up(&mut self) {
        let conf = self.dir.path().join("conf");
        let there = self.namespace.as_ref();
        let mut command = there.map_or_else(|| Command::new(&self.program), |n| n.command(&self.program));
        self.child = Some(command.arg("-c").arg(conf).stderr(Stdio::null()).spawn().unwrap());
        wait_for_port(there.map_or("127.0.0.1", |n| &n.side), self.port);
    }

    /// Stops it as a machine does that is shut down: what it holds is written.
    pub(crate) fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(&mut child, "-TERM");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.down();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

/// A PostgreSQL with a database `district`, an owner `owner` and a password for everyone.
pub(crate) struct Database {
    programs: PathBuf,
    dir: tempfile::TempDir,
    pub(crate) port: u16,
    child: Option<Child>,
    namespace: Option<Arc<Namespace>>,
    /// The library that bends its clock, and how far.
    clock: Option<(PathBuf, &'static str)>,
}

/// In a variable that every test has, since secrets come from the environment only.
pub(crate) const PASSWORD: &str = env!("CARGO_PKG_NAME");
pub(crate) const PASSWORD_ENV: &str = "CARGO_PKG_NAME";

fn bent_clock() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok).map(|e| e.path());
    folders.map(|f| f.join("faketime/libfaketime.so.1")).find(|p| p.is_file())
}

impl Database {
    pub(crate) fn start(tls: Option<&Certificates>) -> Option<Self> {
        Self::launch(tls, None, None)
    }

    /// On the machine at the other end of a cable.
    pub(crate) fn start_in(namespace: &Arc<Namespace>) -> Option<Self> {
        Self::launch(None, Some(Arc::clone(namespace)), None)
    }

    /// With a clock that is off, as faketime is told: `+10m`. None where nothing can bend one.
    pub(crate) fn start_at(clock: &'static str) -> Option<Self> {
        let bent = bent_clock().or_else(|| {
            absent("libfaketime");
            None
        })?;
        Self::launch(None, None, Some((bent, clock)))
    }

    fn launch(
        tls: Option<&Certificates>,
        namespace: Option<Arc<Namespace>>,
        clock: Option<(PathBuf, &'static str)>,
    ) -> Option<Self> {
        let installed =
            std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().filter_map(Result::ok);
        let mut folders: Vec<PathBuf> = installed.map(|e| e.path().join("bin")).collect();
        folders.sort();
        folders.reverse();
        // All of one version: where initdb is, the others are.
        let programs = folders.into_iter().find(|f| f.join("initdb").is_file()).or_else(|| {
            absent("postgresql");
            None
        })?;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("password"), PASSWORD).unwrap();
        if is_root() {
            // The server refuses to run as root.
            Command::new("chown").args(["-R", "65534:65534"]).arg(dir.path()).status().unwrap();
        }
        let mut database = Self { programs, dir, port: port(), child: None, namespace, clock };
        let data = database.data();
        let done = database
            .command("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", "owner", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--pwfile"])
            .arg(database.dir.path().join("password"))
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let listen = if database.namespace.is_some() { "*" } else { "127.0.0.1" };
        let mut conf = format!(
            "port = {}\nlisten_addresses = '{listen}'\nunix_socket_directories = ''\nfsync = off\nmax_connections = 20\nlog_min_messages = fatal\n",
            database.port
        );
        if let Some(certificates) = tls {
            for name in ["server.pem", "server.key"] {
                std::fs::copy(certificates.path(name), data.join(name)).unwrap();
                if is_root() {
                    Command::new("chown").arg("65534:65534").arg(data.join(name)).status().unwrap();
                }
                Command::new("chmod").arg("600").arg(data.join(name)).status().unwrap();
            }
            conf.push_str("ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n");
        }
        let append = |name: &str, text: &str| {
            let mut file = std::fs::OpenOptions::new().append(true).open(data.join(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("postgresql.conf", &conf);
        if database.namespace.is_some() {
            append("pg_hba.conf", "host all all 10.0.0.0/8 scram-sha-256\n");
        }
        database.up();
        database.sql("postgres", "CREATE DATABASE district");
        Some(database)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// One of the server's programs, as the user that the server runs as.
    pub(crate) fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = Command::new(&program);
        if let Some(namespace) = &self.namespace {
            // The namespace is entered as root.
            command = namespace.command(Path::new("setpriv"));
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        } else if let Some((library, off)) = &self.clock
            && name == "postgres"
        {
            command.env("LD_PRELOAD", library).env("FAKETIME", off).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        #[cfg(unix)]
        if is_root() && self.namespace.is_none() {
            std::os::unix::process::CommandExt::uid(&mut command, 65534);
            std::os::unix::process::CommandExt::gid(&mut command, 65534);
        }
        command.current_dir(self.dir.path()).env("PGPASSWORD", PASSWORD);
        command
    }

    pub(crate) fn up(&mut self) {
        let data = self.data();
        let child = self.command("postgres").arg("-D").arg(data).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        let began = Instant::now();
        while !self.psql("postgres", "owner", "SELECT 1").status.success() {
            assert!(began.elapsed() < Duration::from_mins(1), "the database does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends all connections and the server.
    pub(crate) fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(&mut child, "-INT");
        }
    }

    fn psql(&self, database: &str, user: &str, sql: &str) -> std::process::Output {
        let mut child = self
            .command("psql")
            .args(["-h", "127.0.0.1", "-U", user, "-d", database, "-qAtX", "-v", "ON_ERROR_STOP=1", "-p"])
            .arg(self.port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A server that is not there makes psql go before it has read anything.
        drop(child.stdin.take().unwrap().write_all(sql.as_bytes()));
        child.wait_with_output().unwrap()
    }

    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let done = self.psql(database, "owner", sql);
        assert!(done.status.success(), "{sql}\n{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// What the reader's role is told.
    pub(crate) fn refused(&self, sql: &str) -> String {
        let done = self.psql("district", "onemap_reader", sql);
        assert!(!done.status.success(), "{sql} was allowed");
        String::from_utf8(done.stderr).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(&mut child, "-QUIT");
        }
    }
}

/// A way to a server that can be cut: closed at once, or open and silent.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    mode: Arc<AtomicU8>,
}

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const SILENT: u8 = 2;

impl Proxy {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), mode: Arc::default() };
        let mode = Arc::clone(&proxy.mode);
        let carry = move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                if mode.load(Ordering::SeqCst) == CLOSED {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let mode = Arc::clone(&mode);
                    let name = "proxy".to_owned();
                    std::thread::Builder::new().name(name).spawn(move || pass(from, to, &mode)).unwrap();
                }
            }
        };
        std::thread::Builder::new().name("proxy".to_owned()).spawn(carry).unwrap();
        proxy
    }

    pub(crate) fn open(&self) {
        self.mode.store(OPEN, Ordering::SeqCst);
    }

    pub(crate) fn close(&self) {
        self.mode.store(CLOSED, Ordering::SeqCst);
    }

    pub(crate) fn silence(&self) {
        self.mode.store(SILENT, Ordering::SeqCst);
    }
}

/// Passes bytes on; one that was silent once stays so, as a cut cable does for the connections over it.
fn pass(mut from: TcpStream, mut to: TcpStream, mode: &AtomicU8) {
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut buffer = [0; 16 << 10];
    let mut silent = false;
    loop {
        let now = mode.load(Ordering::SeqCst);
        silent |= now == SILENT;
        if now == CLOSED {
            drop((from.shutdown(std::net::Shutdown::Both), to.shutdown(std::net::Shutdown::Both)));
            return;
        }
        match from.read(&mut buffer) {
            Ok(0) => {
                drop(to.shutdown(std::net::Shutdown::Write));
                return;
            }
            Ok(read) if !silent => {
                if to.write_all(&buffer[..read]).is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(err)
                if matches!(err.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}

/// A path inside TOML.
pub(crate) fn toml_path(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}
