//! Memory for each idle socket: the difference of two processes, one with few sockets and one
//! with many, by the difference of their sockets. The kernel's own buffers are not in it; they
//! are the same for both drivers.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cases::HostKind;
use crate::child::{Partner, Server};
use crate::cli::{ConnectArguments, DriverKind};
use crate::statistics::{median, spread};

pub fn run(rounds: u32, sockets: u32) -> Result<()> {
    raise_descriptors(u64::from(sockets) + SPARE)?;
    println!("\n| driver | bytes per socket, as opened | after use | whole process, {sockets} sockets |");
    println!("|---|---|---|---|");
    for driver in [DriverKind::Ours, DriverKind::Official] {
        let (mut opened, mut used, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (few, many) = (Held::measure(driver, FEW)?, Held::measure(driver, sockets)?);
            let more = (many.sockets - few.sockets) as f64;
            opened.push((many.opened - few.opened) / more);
            used.push((many.used - few.used) / more);
            whole.push(many.used);
        }
        let whole = median(&whole).unwrap_or_default() / f64::from(1 << 20);
        println!("| {} | {} | {} | {whole:.1} MiB |", driver.name(), cell(&opened), cell(&used));
    }
    Ok(())
}

fn cell(bytes: &[f64]) -> String {
    match (median(bytes), spread(bytes)) {
        (Some(bytes), Some(spread)) => format!("{bytes:.0} ±{:.0}%", 100.0 * spread),
        _ => "no result".to_owned(),
    }
}

/// One process at two times.
struct Held {
    /// That the server accepted, those of monitors included
    sockets: u64,
    opened: f64,
    used: f64,
}

impl Held {
    fn measure(driver: DriverKind, sockets: u32) -> Result<Self> {
        let mut server = Server::start()?;
        let (host, uri) = (HostKind::Tokio, server.uri());
        let mut process =
            Partner::idle(&ConnectArguments { driver, host, sockets, min_sockets: sockets, depth: 1, uri })?;
        process.line()?;
        wait_for_sockets(&mut server, sockets)?;
        let opened = process.ask("memory")?.parse()?;
        process.ask("use")?;
        let used = process.ask("memory")?.parse()?;
        Ok(Self { sockets: server.seen()?.accepted, opened, used })
    }
}

/// Until the pool is full, and then until no more is said.
fn wait_for_sockets(server: &mut Server, sockets: u32) -> Result<()> {
    let started = Instant::now();
    let mut last = server.seen()?;
    loop {
        thread::sleep(LOOK);
        let seen = server.seen()?;
        let quiet = (seen.accepted, seen.hellos) == (last.accepted, last.hellos);
        if quiet && seen.accepted >= u64::from(sockets) && seen.hellos >= seen.accepted {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            bail!("{} of {sockets} sockets were opened within {PATIENCE:?}", seen.accepted);
        }
        last = seen;
    }
}

/// For this process's children, each of which has one end of every socket.
fn raise_descriptors(wanted: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|maximum| maximum < wanted) {
        bail!("{wanted} file descriptors are needed, and the system allows {:?}", limit.maximum);
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit })?;
    Ok(())
}

const FEW: u32 = 10;
/// For what is not a pool's socket.
const SPARE: u64 = 100;
/// Longer than any driver waits between two sockets of a pool that it fills.
const LOOK: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(60);
