//! Runs examples, and says what they did.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use test_support::real_server::Options;
use test_support::{RealServer, poll_until};

/// A server for one test.
pub fn server() -> RealServer {
    RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"))
}

/// The connection string of a server that tests share, for as long as the program runs.
pub fn shared_uri() -> String {
    static SHARED: OnceLock<Mutex<RealServer>> = OnceLock::new();
    let shared = || SHARED.get_or_init(|| Mutex::new(server())).lock().unwrap().uri();
    std::env::var("ACTIX_MONGO_TEST_URI").unwrap_or_else(|_| shared())
}

/// An example that is about to run.
pub struct Example {
    command: Command,
}

/// What a run left.
pub struct Ended {
    pub success: bool,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A process that is killed when dropped.
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Example {
    pub fn new(name: &str) -> Self {
        let mut command = Command::new(program(name));
        command.env_remove("MONGODB_URI").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command }
    }

    /// The server it is to use.
    pub fn uri(self, uri: &str) -> Self {
        self.env("MONGODB_URI", uri)
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn arguments<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run_within(mut self, limit: Duration) -> Ended {
        let mut child = self.command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let running = Running { child, stdout: Some(read_aside(stdout)), stderr: Some(read_aside(stderr)) };
        running.end_within(limit)
    }

    /// Starts it, for a test that reads what it prints while it runs: its standard output is
    /// the caller's, line by line.
    pub fn start(mut self) -> (Running, std::process::ChildStdout) {
        let mut child = self.command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        (Running { child, stdout: None, stderr: Some(read_aside(stderr)) }, stdout)
    }

    /// The same, for a test that reads the errors.
    pub fn start_with_errors(mut self) -> (Running, ChildStderr) {
        let mut child = self.command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        (Running { child, stdout: Some(read_aside(stdout)), stderr: None }, stderr)
    }
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end_within(mut self, limit: Duration) -> Ended {
        let mut status = None;
        poll_until(limit, "the example to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let read =
            |thread: Option<JoinHandle<String>>| thread.map(|it| it.join().unwrap()).unwrap_or_default();
        let (stdout, stderr) = (read(self.stdout.take()), read(self.stderr.take()));
        let status = status.unwrap();
        Ended { success: status.success(), code: status.code(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr, .. } = self;
        write!(f, "it ended with {code:?} and printed\n{stdout}\nand as errors\n{stderr}")
    }
}

/// Cargo puts examples beside the folder of the tests.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().with_file_name("examples").join(name);
    assert!(
        path.exists(),
        "{} is not built; `cargo build --all-features --examples` does it",
        path.display()
    );
    path
}

fn read_aside(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        from.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    })
}
