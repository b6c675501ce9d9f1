//! The arguments.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Puts load on a server, and reports how long it takes to answer.
///
/// The server is the one of MONGODB_URI, by default mongodb://localhost:27017.
#[derive(Clone, Debug, Parser)]
#[command(name = "load_test")]
pub struct Options {
    /// Sockets to the server (the connection's max_pool_size)
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sockets: u32,
    /// Tasks that call, each one operation at a time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub callers: u32,
    /// How long, in seconds
    #[arg(long, default_value = "5", value_parser = seconds)]
    pub seconds: Duration,
    /// How many operations of a hundred are reads; the others are inserts
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u8).range(..=100))]
    pub reads: u8,
    /// Size of a document, in bytes
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(64..=16_000_000))]
    pub size: u32,
    /// Operations that are due each second. Latency then counts from when an operation is due,
    /// not from when a caller was free for it (so nothing is left out while the server hangs).
    /// Without it, callers go as fast as they can
    #[arg(long, value_parser = rate)]
    pub rate: Option<f64>,
    /// Where the chart goes
    #[arg(long, default_value_os_t = std::env::temp_dir().join("load_test.svg"))]
    pub chart: PathBuf,
    /// Leaves the database there
    #[arg(long)]
    pub keep: bool,
}

impl Options {
    /// The time between two rows of the record: enough of them for a smooth line, none too
    /// short to say anything.
    pub fn interval(&self) -> Duration {
        (self.seconds / 80).clamp(Duration::from_millis(50), Duration::from_secs(1))
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sockets, callers, reads, size, .. } = self;
        write!(f, "{callers} callers on {sockets} sockets, {reads} % reads, documents of {size} bytes, ")?;
        match self.rate {
            Some(rate) => write!(f, "{rate} operations due each second, ")?,
            None => write!(f, "as fast as it goes, ")?,
        }
        write!(f, "{} s", self.seconds.as_secs_f64())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number")?;
    match seconds {
        0.1..=86_400.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("must be from 0.1 to 86400".into()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number")?;
    match rate {
        0.1..=10_000_000.0 => Ok(rate),
        _ => Err("must be from 0.1 to 10000000".into()),
    }
}
