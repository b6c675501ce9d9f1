//! The command line. Read by `main`; `child` writes the hidden subcommands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cases::{HostKind, Operation};

#[derive(Debug, Parser)]
#[command(about = "actix-mongo measured beside the official driver")]
pub struct Cli {
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Both drivers against a server with canned replies
    Client(ClientArguments),
    /// The server: prints its port, stops when its standard input ends
    #[command(hide = true)]
    CannedServer,
    /// One driver, one case, one window; prints one line of JSON
    #[command(hide = true)]
    RunOne(RunArguments),
}

#[derive(Debug, Args)]
pub struct ClientArguments {
    /// Fewer and shorter rounds: for a first look, not for a decision
    #[arg(long)]
    pub quick: bool,
    /// Only cases whose name (such as `find/arbiter/64x10/depth1`) contains this
    #[arg(long, value_name = "SUBSTRING")]
    pub only: Option<String>,
    /// How many times each case is run [default: 5; quick: 3]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: Option<u32>,
    /// The measured window of each run [default: 1.4; quick: 0.3]
    #[arg(long, value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// The official driver on both sides: the ratios then show the noise of the machine
    #[arg(long)]
    pub self_check: bool,
    /// The file of results [default: target/bench/client.jsonl]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    #[arg(long)]
    pub driver: DriverKind,
    #[arg(long)]
    pub host: HostKind,
    #[arg(long)]
    pub op: Operation,
    #[arg(long)]
    pub callers: u32,
    #[arg(long)]
    pub sockets: u32,
    #[arg(long)]
    pub depth: u32,
    #[arg(long, value_parser = seconds)]
    pub seconds: Duration,
    #[arg(long, value_parser = seconds)]
    pub warm_up: Duration,
    #[arg(long)]
    pub uri: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum DriverKind {
    Ours,
    Official,
}

impl DriverKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Official => "official",
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if !(0.001..=3600.0).contains(&seconds) {
        return Err("must lie between 0.001 and 3600".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}
