//! The command line. Read by `main`; `child` writes the hidden subcommands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cases::{HostKind, Operation};
use crate::trust::TrustArguments;
use crate::trust::moment::MomentArguments;

#[derive(Debug, Parser)]
#[command(about = "actix-mongo measured beside the official driver")]
pub struct Cli {
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Both drivers against a server with canned replies
    Client(ComparisonArguments),
    /// Both drivers against a real server, whose database `bench` is dropped
    Server(ServerArguments),
    /// Our driver with a listener for its events, against our driver without one
    Events(ComparisonArguments),
    /// Our driver in this build, against our driver in another build
    Builds(BuildsArguments),
    /// Both drivers on real servers that ask for TLS or users, and with compression
    Trust(TrustArguments),
    /// Instructions per operation of one caller, counted by valgrind: what telling listeners takes
    Instructions(InstructionsArguments),
    /// What depending on each driver costs: build time, crates, memory per idle socket
    Footprint(FootprintArguments),
    /// The server: prints its port, stops when its standard input ends
    #[command(hide = true)]
    CannedServer,
    /// One driver, one case, one window; prints one line of JSON
    #[command(hide = true)]
    RunOne(RunArguments),
    /// One driver, one caller, so many operations and no more; to be counted from outside
    #[command(hide = true)]
    RunCount(CountArguments),
    /// One driver with sockets that have nothing to do; prints its memory for each line it reads
    #[command(hide = true)]
    RunIdle(ConnectArguments),
    /// One driver, and what happens once in its life; prints one line of JSON
    #[command(hide = true)]
    RunMoment(MomentArguments),
}

#[derive(Debug, Args)]
pub struct ComparisonArguments {
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
    /// The right side on both sides: the ratios then show the noise of the machine
    #[arg(long)]
    pub self_check: bool,
    /// The file of results [default: target/bench/SUBCOMMAND.jsonl]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ServerArguments {
    #[command(flatten)]
    pub comparison: ComparisonArguments,
    /// The server (`cargo xtask bench server` starts one and says it here)
    #[arg(long)]
    pub uri: String,
    /// Its process, if its processor time is not to count as a disturbance
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
}

#[derive(Debug, Args)]
pub struct BuildsArguments {
    #[command(flatten)]
    pub comparison: ComparisonArguments,
    /// This program, built from other sources
    #[arg(long, value_name = "PROGRAM")]
    pub other: PathBuf,
}

#[derive(Debug, Args)]
pub struct InstructionsArguments {
    /// This program, built with `--cfg actix_mongo_silent`: its row is what the others of ours
    /// are set against, instead of `nobody`
    #[arg(long, value_name = "PROGRAM")]
    pub silent: Option<PathBuf>,
    /// Only rows whose name (such as `find/nobody`) contains this, and what they are set against
    #[arg(long, value_name = "SUBSTRING")]
    pub only: Option<String>,
    /// How many times each row is counted
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// How many operations a count is divided by
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub operations: u32,
    /// The file of results [default: target/bench/instructions.jsonl]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct FootprintArguments {
    /// Only this part
    #[arg(long)]
    pub part: Option<Part>,
    /// Only subjects (such as `mongodb, default features`) whose name contains this
    #[arg(long, value_name = "SUBSTRING")]
    pub only: Option<String>,
    /// How many times each build and each process is repeated
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// How many idle sockets the larger pool has
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(20..=8000))]
    pub sockets: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// How many crates are compiled
    Crates,
    /// How long a clean build takes
    Build,
    /// What an idle socket takes
    Memory,
}

#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    #[command(flatten)]
    pub connect: ConnectArguments,
    #[arg(long)]
    pub op: Operation,
    #[arg(long)]
    pub callers: u32,
    #[arg(long, value_parser = seconds)]
    pub seconds: Duration,
    #[arg(long, value_parser = seconds)]
    pub warm_up: Duration,
}

#[derive(Debug, Clone, Args)]
pub struct CountArguments {
    #[command(flatten)]
    pub connect: ConnectArguments,
    #[arg(long)]
    pub op: Operation,
    #[arg(long)]
    pub operations: u32,
}

/// A driver and how it is set up.
#[derive(Debug, Clone, Args)]
pub struct ConnectArguments {
    #[arg(long)]
    pub driver: DriverKind,
    #[arg(long)]
    pub host: HostKind,
    /// The most that the pool may have
    #[arg(long)]
    pub sockets: u32,
    /// What the pool is to have without being asked
    #[arg(long, default_value_t = 0)]
    pub min_sockets: u32,
    #[arg(long, default_value_t = 1)]
    pub depth: u32,
    #[arg(long)]
    pub uri: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum DriverKind {
    Ours,
    /// Ours, with a closure that is told of all events
    Listened,
    /// Ours, with a closure that is told of commands
    Commands,
    /// Ours, with a subscriber for `tracing` that wants nothing
    Off,
    /// Ours, with a subscriber for `tracing` that wants `INFO` and above
    Info,
    /// Ours, with a subscriber for `tracing` that wants `DEBUG` too, and nothing of ours
    Elsewhere,
    Official,
}

impl DriverKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Listened => "listened",
            Self::Commands => "commands",
            Self::Off => "off",
            Self::Info => "info",
            Self::Elsewhere => "elsewhere",
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
