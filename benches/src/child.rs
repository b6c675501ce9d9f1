//! The processes: the canned server, and one per run. All are this binary; none outlives it for
//! long: the server ends with its standard input, a run with its window or at the latest here.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::canned::counters::Seen;
use crate::cli::RunArguments;
use crate::load::Measured;

pub struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    pub fn start() -> Result<Self> {
        let mut child = this_binary()?
            .arg("canned-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the canned server")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the canned server has no output")?;
        let mut server = Self { child, input, output: BufReader::new(output), port: 0 };
        server.port = server.line()?.parse().context("the canned server's port")?;
        Ok(server)
    }

    /// For both drivers: what both do by default is said aloud, and a server that is gone is an
    /// error of the driver before it is one of the bench.
    pub fn uri(&self) -> String {
        let options = "retryReads=true&retryWrites=true&serverSelectionTimeoutMS=10000";
        format!("mongodb://127.0.0.1:{}/?{options}", self.port)
    }

    pub fn seen(&mut self) -> Result<Seen> {
        let input = self.input.as_mut().context("the canned server has no input")?;
        input.write_all(b"counters\n").context("asking the canned server")?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("the canned server has ended: {}", self.child.wait()?);
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.input = None;
        // It ends by itself now; killed or gone already, there is nothing left to do about it.
        let _ = self.child.wait();
    }
}

/// Runs one child to its end and reads its line. What it wrote to standard error is the error.
pub fn run_one(run: &RunArguments) -> Result<Measured> {
    let mut child = this_binary()?
        .arg("run-one")
        .args(arguments(run))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting a run")?;
    let output = read_all(child.stdout.take());
    let complaints = read_all(child.stderr.take());
    let limit = run.seconds + run.warm_up + GRACE;
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
    serde_json::from_str(&output).with_context(|| format!("instead of figures: {output:?}"))
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
    [
        ("driver", run.driver.name().to_owned()),
        ("host", run.host.name().to_owned()),
        ("op", run.op.name().to_owned()),
        ("callers", run.callers.to_string()),
        ("sockets", run.sockets.to_string()),
        ("depth", run.depth.to_string()),
        ("seconds", run.seconds.as_secs_f64().to_string()),
        ("warm-up", run.warm_up.as_secs_f64().to_string()),
        ("uri", run.uri.clone()),
    ]
    .into_iter()
    .map(|(name, value)| format!("--{name}={value}"))
    .collect()
}

fn this_binary() -> Result<Command> {
    let path = std::env::current_exe().context("finding this program")?;
    Ok(Command::new(path))
}

/// Beyond its window: connecting, warming up and coming to an end, each of which the child
/// limits by itself and can say more about.
const GRACE: Duration = Duration::from_secs(65);
