//! What happens once in a connection's life: one driver, one process, one figure.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;

use crate::cli::{ConnectArguments, DriverKind};
use crate::cpu::process_time;
use crate::driver::Driver;
use crate::driver::official::Official;
use crate::host::Host;
use crate::load::{Measured, PATIENCE};

#[derive(Debug, Clone, clap::Args)]
pub struct MomentArguments {
    #[command(flatten)]
    pub connect: ConnectArguments,
    #[arg(long)]
    pub moment: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Moment {
    /// From nothing to the answer to a first ping
    First,
    /// From one socket to as many as the pool may have, each with a find on it
    Cold,
}

impl Moment {
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Cold => "cold",
        }
    }

    /// Whether the server must take its time for finds.
    pub fn holds(self) -> bool {
        self == Self::Cold
    }
}

/// How long a server holds each find back. Longer than it takes to open all sockets, or the
/// first of them would be used twice; it is not counted.
pub const HELD: Duration = Duration::from_secs(3);

pub fn run(arguments: &MomentArguments) -> Result<()> {
    let measured = match arguments.connect.driver {
        DriverKind::Official => measure::<Official>(arguments)?,
        #[cfg(feature = "ours")]
        _ => measure::<crate::driver::ours::Ours>(arguments)?,
        #[cfg(not(feature = "ours"))]
        _ => bail!("built without the feature `ours`"),
    };
    println!("{}", serde_json::to_string(&measured)?);
    std::process::exit(0);
}

fn measure<D: Driver>(arguments: &MomentArguments) -> Result<Measured> {
    let connect = arguments.connect.clone();
    let sockets = connect.sockets;
    let host = Host::start(connect.host)?;
    let (cpu, started) = (process_time(), Instant::now());
    let driver = host.wait_for(PATIENCE, async move { D::connect(&connect).await }).context("connecting")?;
    if arguments.moment == Moment::First {
        return Ok(figure(process_time() - cpu, started.elapsed()));
    }
    let (cpu, started) = (process_time(), Instant::now());
    let (sender, answers) = mpsc::channel();
    for id in 0..sockets {
        let (driver, sender) = (driver.clone(), sender.clone());
        host.spawn(async move {
            // The receiver waits for all, or has given up.
            let _ = sender.send(driver.find(id.into()).await);
        })?;
    }
    for _ in 0..sockets {
        answers.recv_timeout(HELD + PATIENCE).map_err(|_| anyhow!("callers never came back"))??;
    }
    let opening = started.elapsed().saturating_sub(HELD);
    if opening.is_zero() || opening >= HELD {
        bail!(
            "opening took {opening:?}, and finds are held for {HELD:?}: sockets were used twice, or not held"
        );
    }
    Ok(figure(process_time() - cpu, opening))
}

fn figure(cpu: Duration, elapsed: Duration) -> Measured {
    let micros = elapsed.as_secs_f64() * 1e6;
    Measured {
        operations: 1,
        seconds: elapsed.as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6,
        throughput: 1.0 / elapsed.as_secs_f64(),
        p50: micros,
        p99: micros,
    }
}
