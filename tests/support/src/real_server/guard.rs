//! The server's guard: a shell in a process group of its own.
//!
//! It holds the reading end of a pipe whose writing end is here alone. However
//! this process ends, the pipe ends with it, and the guard stops the server and
//! removes its folder. Ctrl-C reaches neither: the terminal sends it to the
//! group of the foreground only.

use super::{Error, because};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

const SCRIPT: &str = include_str!("guard.sh");

/// A server waits this long for its port, on a machine that is busy.
const START: Duration = Duration::from_secs(60);

pub(super) struct Guard {
    shell: Child,
    /// `None` once closed.
    words: Option<ChildStdin>,
    /// Lines of the server; disconnected once it has died.
    lines: Receiver<String>,
}

/// What the server said when it started.
pub(super) struct Started {
    pub pid: u32,
    pub port: u16,
}

impl Guard {
    /// Starts the guard, which from now on answers for the folder. The server
    /// starts with [`Guard::go`].
    pub fn start(folder: &Path, command: &[OsString]) -> Result<Self, Error> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "server-guard"])
            .arg(folder)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(because("starting sh"))?;
        let words = shell.stdin.take();
        let output = shell.stdout.take().expect("standard output is piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            // Read to the end even if nobody listens: a full pipe would stop
            // the server.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Ok(Self { shell, words, lines })
    }

    /// Starts the server and waits until it listens.
    pub fn go(&mut self) -> Result<Started, Error> {
        self.say("go")?;
        let end = Instant::now() + START;
        let mut pid = None;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new("the server ended as it started"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Error::new(format!("the server did not start in {START:?}")));
                }
            };
            if let Some(number) = line.strip_prefix("pid ") {
                pid = number.parse().ok();
            } else if let Some((_, address)) = line.split_once(" listening on ") {
                let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
                return match (pid, port) {
                    (Some(pid), Some(port)) => Ok(Started { pid, port }),
                    _ => Err(Error::new(format!("the server printed: {line}"))),
                };
            }
        }
    }

    /// Sends the server a signal, by its name without `SIG`.
    pub fn signal(&mut self, name: &str) -> Result<(), Error> {
        self.say(name)
    }

    /// Waits until the server has died; whether it did in time.
    pub fn wait_for_death(&self, within: Duration) -> bool {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// Stops the server but leaves the folder to another guard.
    pub fn hand_over(mut self) -> Result<(), Error> {
        self.say("keep")?;
        self.end();
        Ok(())
    }

    fn say(&mut self, word: &str) -> Result<(), Error> {
        let words = self.words.as_mut().expect("closed only by `end`");
        writeln!(words, "{word}").map_err(because("the server's guard has gone"))
    }

    /// Stops the server, removes the folder, waits for both.
    fn end(&mut self) {
        self.words = None;
        // Fails only if it has been waited for already.
        let _ = self.shell.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end();
    }
}
