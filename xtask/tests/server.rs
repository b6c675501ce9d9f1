//! A server started by `cargo xtask` never outlives it.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;
use test_support::poll_until;
use test_support::real_server::installed;
use test_support::scripted::Client;

/// The guard needs half a second, an overworked machine more.
const SOON: Duration = Duration::from_secs(20);

/// A running `xtask server`.
struct Server {
    xtask: Child,
    address: SocketAddr,
    pid: String,
    folder: PathBuf,
    /// Kept open: it still has a word to say when it stops.
    _stderr: Lines<BufReader<ChildStderr>>,
}

impl Server {
    /// Starts it, or says aloud that the test is skipped.
    fn start(arguments: &[&str]) -> Option<Self> {
        if installed().is_none() {
            eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
            return None;
        }
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("server")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("xtask starts");
        let mut uri = BufReader::new(xtask.stdout.take().expect("piped")).lines();
        let uri = uri.next().expect("a line").expect("readable");
        let address = uri.trim_start_matches("mongodb://").trim_end_matches('/');
        let mut lines = BufReader::new(xtask.stderr.take().expect("piped")).lines();
        let mut value = |key: &str| {
            let line = lines.next().expect("a line").expect("readable");
            line.strip_prefix(key).expect(key).trim().to_owned()
        };
        Some(Self {
            address: address.parse().expect("an address"),
            pid: value("process"),
            folder: value("folder").into(),
            _stderr: lines,
            xtask,
        })
    }

    /// Panics unless the server answers.
    fn ping(&self) {
        let ping = bson::doc! { "ping": 1, "$db": "admin" };
        let reply = Client::connect(self.address).run(ping);
        assert_eq!(reply.expect("a reply").get_f64("ok").ok(), Some(1.0));
    }

    fn signal(&mut self, name: &str) -> ExitStatus {
        let pid = self.xtask.id().to_string();
        let told = Command::new("kill").args([name, &pid]).status();
        assert!(told.expect("there is a kill").success());
        self.xtask.wait().expect("it ends")
    }

    fn is_gone(&self) -> bool {
        let alive = Command::new("kill").args(["-0", &self.pid]).stderr(Stdio::null()).status();
        !self.folder.exists()
            && !alive.expect("there is a kill").success()
            && TcpStream::connect(self.address).is_err()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, unless the test failed on the way.
        let _ = self.xtask.kill();
        let _ = self.xtask.wait();
    }
}

#[test]
fn an_interrupt_stops_the_server_before_the_command_ends() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let Some(mut server) = Server::start(&[]) else {
            return;
        };
        server.ping();
        assert!(server.folder.join("store").is_dir());
        assert!(server.signal(signal).success(), "{signal}");
        assert!(server.is_gone(), "{signal}");
    }
}

#[test]
fn a_kill_stops_the_server_too() {
    let Some(mut server) = Server::start(&["--standalone"]) else {
        return;
    };
    server.ping();
    assert!(!server.signal("-KILL").success());
    poll_until(SOON, "the guard's work", || server.is_gone());
}

#[test]
fn a_kill_stops_a_frozen_server() {
    let Some(mut server) = Server::start(&[]) else {
        return;
    };
    let stop = Command::new("kill").args(["-STOP", &server.pid]).status();
    assert!(stop.expect("there is a kill").success());
    server.signal("-KILL");
    poll_until(SOON, "the guard's work", || server.is_gone());
}

#[test]
fn one_of_two_servers_stops_alone() {
    let Some(mut first) = Server::start(&[]) else {
        return;
    };
    let second = Server::start(&[]).expect("installed");
    assert_ne!(first.address, second.address);
    first.signal("-KILL");
    poll_until(SOON, "the guard's work", || first.is_gone());
    second.ping();
}

/// What a terminal does on Ctrl-C: the signal goes to the whole group.
#[test]
fn ctrl_c_in_a_terminal_reaches_the_group_and_still_cleans_up() {
    use std::os::unix::process::CommandExt;
    if installed().is_none() {
        eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
        return;
    }
    let before = tempfile::tempdir().expect("a folder");
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("server")
        .env("TMPDIR", before.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("xtask starts");
    let mut output = BufReader::new(xtask.stdout.take().expect("piped"));
    output.read_line(&mut String::new()).expect("the URI");
    let stores = || fs::read_dir(before.path()).expect("readable").count();
    assert_eq!(stores(), 1);
    let group = format!("-{}", xtask.id());
    let told = Command::new("kill").args(["-INT", "--", &group]).status();
    assert!(told.expect("there is a kill").success());
    assert!(xtask.wait().expect("it ends").success());
    assert_eq!(stores(), 0);
}
