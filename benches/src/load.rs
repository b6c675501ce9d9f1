//! One run in a process of its own: one driver, one case, closed-loop callers, one window.
//!
//! The main thread opens and closes the window; callers look at its state once per operation and
//! keep the latencies of what ended inside. Any error ends the run as failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::cases::Operation;
use crate::cli::{DriverKind, RunArguments};
use crate::cpu::process_time;
use crate::driver::Driver;
use crate::driver::official::Official;
use crate::host::Host;
use crate::scan;
use crate::statistics::percentile;
use crate::things::document;

/// What a run found out; one line of JSON between child and parent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Or documents
    pub operations: u64,
    /// Length of the window in seconds
    pub seconds: f64,
    /// Microseconds of processor time, user and system, per operation, which is a document in a
    /// scan
    pub cpu: f64,
    /// Operations or documents per second
    pub throughput: f64,
    /// Microseconds of a call, or of a whole scan
    pub p50: f64,
    /// Microseconds
    pub p99: f64,
}

pub fn run_and_print(run: &RunArguments) -> Result<()> {
    let measured = match run.connect.driver {
        DriverKind::Official => measure::<Official>(run)?,
        #[cfg(feature = "ours")]
        _ => measure::<crate::driver::ours::Ours>(run)?,
        #[cfg(not(feature = "ours"))]
        _ => bail!("built without the feature `ours`"),
    };
    println!("{}", serde_json::to_string(&measured)?);
    // Neither driver's farewell is measured, so nobody waits for it.
    std::process::exit(0);
}

fn measure<D: Driver>(run: &RunArguments) -> Result<Measured> {
    let host = Host::start(run.connect.host)?;
    let arguments = run.connect.clone();
    let connect = async move { D::connect(&arguments).await };
    let driver = host.wait_for(PATIENCE, connect).context("connecting")?;
    if let Operation::Scan(scan) = run.op {
        return scan::measure(&host, driver, scan, run);
    }
    let window = Arc::new(Window::default());
    let (sender, reports) = mpsc::channel();
    for number in 0..run.callers {
        let call = caller(driver.clone(), run.op, number, Arc::clone(&window));
        let sender = sender.clone();
        host.spawn(async move {
            // The receiver waits for every caller, or the run has failed already.
            let _ = sender.send(call.await);
        })?;
    }
    drop(sender);
    let first_answers = warm_up(run, &window, &reports)?;
    // A queue of thousands needs a window as long as one trip through it.
    let length = run.seconds.max(first_answers);

    let (cpu_before, opened) = (process_time(), Instant::now());
    window.state.store(OPEN, Ordering::Relaxed);
    thread::sleep(length);
    window.state.store(CLOSED, Ordering::Relaxed);
    let (cpu, length) = (process_time() - cpu_before, opened.elapsed());

    summarize(cpu, length, 1, collect(run.callers, &reports)?)
}

/// Until the time is over and every caller has had an answer, so that a queue of 10,000 is in
/// its steady state. Gives the time it took until they had.
fn warm_up(run: &RunArguments, window: &Window, reports: &Receiver<Report>) -> Result<Duration> {
    let started = Instant::now();
    let mut first_answers = None;
    while first_answers.is_none() || started.elapsed() < run.warm_up {
        match reports.try_recv() {
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => bail!("all callers are gone"),
            Ok(Err(error)) => return Err(error.context("while warming up")),
            Ok(Ok(_)) => bail!("a caller ended before it was told to"),
        }
        let warm = window.warm.load(Ordering::Relaxed);
        if first_answers.is_none() && warm == run.callers {
            first_answers = Some(started.elapsed());
        }
        if started.elapsed() > PATIENCE {
            bail!("{warm} of {} callers had an answer within {PATIENCE:?}", run.callers);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(first_answers.unwrap_or_default())
}

fn collect(callers: u32, reports: &Receiver<Report>) -> Result<Vec<u64>> {
    let mut samples = Vec::new();
    for number in 0..callers {
        let report = reports
            .recv_timeout(PATIENCE)
            .map_err(|_| anyhow!("{} of {callers} callers never came back", callers - number))?;
        samples.extend(report?);
    }
    Ok(samples)
}

/// `each`: how many operations a sample stands for.
pub fn summarize(cpu: Duration, length: Duration, each: u64, mut samples: Vec<u64>) -> Result<Measured> {
    let operations = samples.len() as u64 * each;
    let mut micros = |share| {
        let nanos = percentile(&mut samples, share).context("no operation ended in the window")?;
        anyhow::Ok(nanos as f64 / 1e3)
    };
    Ok(Measured {
        operations,
        seconds: length.as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / operations as f64,
        throughput: operations as f64 / length.as_secs_f64(),
        p50: micros(0.5)?,
        p99: micros(0.99)?,
    })
}

/// The latencies, in nanoseconds, of what ended inside the window: every one of them is kept, so
/// percentiles are exact and recording is one push.
type Report = Result<Vec<u64>>;

async fn caller<D: Driver>(driver: D, operation: Operation, number: u32, window: Arc<Window>) -> Report {
    let document = document();
    let mut samples = Vec::with_capacity(64);
    let mut is_warm = false;
    let mut started = Instant::now();
    for id in i64::from(number).. {
        driver.one(operation, id, &document).await?;
        let ended = Instant::now();
        match window.state.load(Ordering::Relaxed) {
            OPEN => {
                let nanos = ended.duration_since(started).as_nanos();
                samples.push(u64::try_from(nanos).unwrap_or(u64::MAX));
            }
            CLOSED => break,
            _ if is_warm => {}
            _ => {
                is_warm = true;
                window.warm.fetch_add(1, Ordering::Relaxed);
            }
        }
        started = ended;
    }
    Ok(samples)
}

/// Written by the main thread (`state`) and by each caller once (`warm`). Nothing else hangs on
/// the order of these, and an operation more or less at the edges is all that could differ.
#[derive(Default)]
struct Window {
    state: AtomicU8,
    warm: AtomicU32,
}

const OPEN: u8 = 1;
const CLOSED: u8 = 2;
/// For everything that should take a moment: longer than any queue, shorter than `child` waits.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_two_seconds_becomes_figures_per_operation() {
        let samples = (1..=1000).map(|micros| micros * 1000).collect();
        let measured = summarize(Duration::from_millis(500), Duration::from_secs(2), 1, samples).unwrap();
        assert_eq!(measured.operations, 1000);
        assert_eq!(measured.cpu, 500.0);
        assert_eq!(measured.throughput, 500.0);
        assert_eq!((measured.p50, measured.p99), (500.0, 990.0));
    }

    #[test]
    fn an_empty_window_is_an_error_and_not_a_zero() {
        let nothing = summarize(Duration::ZERO, Duration::from_secs(1), 1, Vec::new());
        assert!(nothing.is_err());
    }
}
