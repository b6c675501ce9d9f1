//! The processes: the canned server, and one per run. All are this binary; none outlives it for
//! long: the server ends with its standard input, a run with its window or at the latest here.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::canned::counters::Seen;
use crate::cli::{ConnectArguments, CountArguments, RunArguments};
use crate::load::Measured;

/// A child that answers each line with a line, and ends with its standard input.
pub struct Partner {
    what: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Partner {
    fn start(what: &'static str, arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut child = Command::new(this_program()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {what}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().with_context(|| format!("{what} has no output"))?;
        Ok(Self { what, child, input, output: BufReader::new(output) })
    }

    /// A driver with idle sockets, see `idle`.
    pub fn idle(connect: &ConnectArguments) -> Result<Self> {
        Self::start(
            "a process with idle sockets",
            ["run-idle".to_owned()].into_iter().chain(options(connect)),
        )
    }

    pub fn ask(&mut self, question: &str) -> Result<String> {
        let input = self.input.as_mut().with_context(|| format!("{} has no input", self.what))?;
        writeln!(input, "{question}").with_context(|| format!("asking {}", self.what))?;
        self.line()
    }

    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("{} has ended: {}", self.what, self.child.wait()?);
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.input = None;
        // It ends by itself now; killed or gone already, there is nothing left to do about it.
        let _ = self.child.wait();
    }
}

/// The canned server.
pub struct Server {
    partner: Partner,
    port: u16,
}

impl Server {
    pub fn start() -> Result<Self> {
        let mut partner = Partner::start("the canned server", ["canned-server".to_owned()])?;
        let port = partner.line()?.parse().context("the canned server's port")?;
        Ok(Self { partner, port })
    }

    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/", self.port)
    }

    pub fn seen(&mut self) -> Result<Seen> {
        Ok(serde_json::from_str(&self.partner.ask("counters")?)?)
    }
}

/// Runs one child to its end and reads its line. What it wrote to standard error is the error.
pub fn run_one(program: &Path, run: &RunArguments) -> Result<Measured> {
    let mut command = Command::new(program);
    command.arg("run-one").args(arguments(run));
    let output = outcome(command, run.seconds + run.warm_up + GRACE)?.output;
    serde_json::from_str(&output).with_context(|| format!("instead of figures: {output:?}"))
}

/// How many instructions of its own one child took, as valgrind counts them: all threads, and
/// nothing of the kernel.
pub fn count_one(program: &Path, count: &CountArguments) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command.args([
        "--tool=cachegrind",
        "--cache-sim=no",
        "--branch-sim=no",
        "--cachegrind-out-file=/dev/null",
    ]);
    command.arg(program).arg("run-count").args(options(&count.connect));
    command.args([format!("--op={}", count.op), format!("--operations={}", count.operations)]);
    let complaints = outcome(command, COUNTING)?.complaints;
    instructions(&complaints).with_context(|| format!("valgrind gave no count: {complaints}"))
}

/// From valgrind's last words.
fn instructions(words: &str) -> Option<u64> {
    let count = words.lines().find_map(|line| line.split_once("refs:"))?.1;
    count.trim().replace(',', "").parse().ok()
}

/// What a child wrote that succeeded.
struct Outcome {
    output: String,
    complaints: String,
}

fn outcome(mut command: Command, limit: Duration) -> Result<Outcome> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    let output = read_all(child.stdout.take());
    let complaints = read_all(child.stderr.take());
    // Its output ends when the child does.
    let Ok(output) = output.recv_timeout(limit) else {
        child.kill()?;
        child.wait()?;
        bail!("killed, for it had not ended after {limit:?}");
    };
    let status = child.wait()?;
    let complaints = complaints.recv_timeout(GRACE).unwrap_or_default();
    if !status.success() {
        bail!("{status}: {}", complaints.trim());
    }
    Ok(Outcome { output, complaints })
}

/// A thread of its own, so that no full pipe can block the child.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could be read until then is the best there is.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody waits any more when the child was killed.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn arguments(run: &RunArguments) -> Vec<String> {
    let mut arguments = options(&run.connect);
    arguments.extend([
        format!("--op={}", run.op),
        format!("--callers={}", run.callers),
        format!("--seconds={}", run.seconds.as_secs_f64()),
        format!("--warm-up={}", run.warm_up.as_secs_f64()),
    ]);
    arguments
}

pub fn options(connect: &ConnectArguments) -> Vec<String> {
    vec![
        format!("--driver={}", connect.driver.name()),
        format!("--host={}", connect.host.name()),
        format!("--sockets={}", connect.sockets),
        format!("--min-sockets={}", connect.min_sockets),
        format!("--depth={}", connect.depth),
        format!("--uri={}", connect.uri),
    ]
}

pub fn this_program() -> Result<PathBuf> {
    std::env::current_exe().context("finding this program")
}

/// Beyond its window: connecting, warming up and coming to an end, each of which the child
/// limits by itself and can say more about.
const GRACE: Duration = Duration::from_secs(65);
/// Valgrind takes some fifty times as long as the processor alone.
const COUNTING: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_from_valgrinds_last_words() {
        let words = "==7== Cachegrind, a cache and branch-prediction profiler\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(instructions(words), Some(1_234_567));
        assert_eq!(instructions("valgrind: /nowhere: No such file or directory"), None);
    }
}
