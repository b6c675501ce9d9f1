//! A run of scans: one caller, whole scans one after the other. The window opens before a scan
//! and closes after one, so that every document in it has been paid for in it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cases::Scan;
use crate::cli::RunArguments;
use crate::cpu::process_time;
use crate::driver::Driver;
use crate::host::Host;
use crate::load::{Measured, PATIENCE, summarize};
use crate::things::DOCUMENTS;

pub fn measure<D: Driver>(host: &Host, driver: D, scan: Scan, run: &RunArguments) -> Result<Measured> {
    let (warm_up, seconds) = (run.warm_up, run.seconds);
    let limit = warm_up + seconds + PATIENCE;
    host.wait_for(limit, async move {
        scans(&driver, scan, warm_up).await.context("while warming up")?;
        let (cpu_before, opened) = (process_time(), Instant::now());
        let samples = scans(&driver, scan, seconds).await?;
        let (cpu, length) = (process_time() - cpu_before, opened.elapsed());
        summarize(cpu, length, DOCUMENTS.unsigned_abs(), samples)
    })
}

/// Whole scans until that much time has passed, at least one. How long each took, in nanoseconds.
async fn scans<D: Driver>(driver: &D, scan: Scan, time: Duration) -> Result<Vec<u64>> {
    let (begun, mut samples) = (Instant::now(), Vec::new());
    while samples.is_empty() || begun.elapsed() < time {
        let started = Instant::now();
        driver.scan(scan).await?.check()?;
        samples.push(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(samples)
}
