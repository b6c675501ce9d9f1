//! A process with idle sockets. Its parent speaks to it in lines: `memory` is answered with the
//! bytes of anonymous memory that it holds, `use` once every socket has carried a few operations.

use std::fs::read_to_string;
use std::io::{BufRead, stdin};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::cli::{ConnectArguments, DriverKind};
use crate::driver::Driver;
use crate::driver::official::Official;
use crate::host::Host;
use crate::load::PATIENCE;

/// Until its standard input ends.
pub fn run(connect: &ConnectArguments) -> Result<()> {
    match connect.driver {
        DriverKind::Official => serve::<Official>(connect)?,
        #[cfg(feature = "ours")]
        _ => serve::<crate::driver::ours::Ours>(connect)?,
        #[cfg(not(feature = "ours"))]
        _ => bail!("built without the feature `ours`"),
    }
    std::process::exit(0);
}

fn serve<D: Driver>(connect: &ConnectArguments) -> Result<()> {
    let host = Host::start(connect.host)?;
    let arguments = connect.clone();
    let driver =
        host.wait_for(PATIENCE, async move { D::connect(&arguments).await }).context("connecting")?;
    println!("connected");
    for line in stdin().lock().lines() {
        match line?.as_str() {
            "memory" => println!("{}", anonymous_memory()?),
            "use" => {
                use_all(&host, &driver, connect.sockets)?;
                println!("used");
            }
            other => bail!("{other:?} is not understood"),
        }
    }
    Ok(())
}

/// More callers than sockets, all at once.
fn use_all<D: Driver>(host: &Host, driver: &D, sockets: u32) -> Result<()> {
    let (sender, ended) = std::sync::mpsc::channel();
    for id in 0..CALLERS * sockets {
        let (driver, sender) = (driver.clone(), sender.clone());
        host.spawn(async move {
            // The receiver waits for all, or has given up.
            let _ = sender.send(driver.find(id.into()).await);
        })?;
    }
    for _ in 0..CALLERS * sockets {
        ended.recv_timeout(PATIENCE).map_err(|_| anyhow!("callers never came back"))??;
    }
    // What was told to end after the last answer, ends.
    thread::sleep(SETTLED);
    Ok(())
}

/// Not the pages of the program itself, which both drivers share in this binary.
fn anonymous_memory() -> Result<u64> {
    let rollup = read_to_string("/proc/self/smaps_rollup").context("reading this process's memory")?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no anonymous memory")?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

const CALLERS: u32 = 2;
const SETTLED: Duration = Duration::from_millis(300);
