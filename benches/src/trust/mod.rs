//! What trust and compression cost, beside the official driver, on real servers: the time to
//! the first operation, a hundred cold sockets, and throughput, over each server that is named
//! (plain, TLS, users) and with each compressor.
//!
//! As in a comparison, each figure comes from a process of its own, both drivers run right
//! after each other, the first one changing from round to round, and a row is the median of
//! the rounds and of their ratios.

pub mod moment;
mod rows;

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bson::{Document, doc};
use mongodb::Client;
use tokio::runtime::Builder;

use self::moment::{HELD, MomentArguments};
use self::rows::{Row, What, rows};
use crate::cases::HostKind;
use crate::child::{options, run_one, this_program};
use crate::cli::{ComparisonArguments, ConnectArguments, DriverKind, RunArguments};
use crate::comparison::{Plan, default_out, plan};
use crate::load::Measured;
use crate::machine;
use crate::report::{self, Case, Names, Pair};
use crate::target::{Real, Target};

/// A server, and what it is called in rows.
#[derive(Debug, Clone)]
pub struct NamedServer {
    name: String,
    uri: String,
}

#[derive(Debug, clap::Args)]
pub struct TrustArguments {
    #[command(flatten)]
    pub comparison: ComparisonArguments,
    /// A server of its own for each mode (`cargo xtask bench trust` starts them): `plain`, which
    /// compressors are tried on, and others such as `tls`. Their databases `bench` are dropped
    #[arg(long = "server", value_name = "NAME=URI", value_parser = named, required = true)]
    pub servers: Vec<NamedServer>,
}

const NAMES: Names = Names { left: "ours", right: "official" };

pub fn run(arguments: &TrustArguments) -> Result<()> {
    let comparison = &arguments.comparison;
    let rows = rows(&arguments.servers, comparison.only.as_deref());
    if rows.is_empty() {
        bail!("no row has {:?} in its name", comparison.only.as_deref().unwrap_or_default());
    }
    for server in &arguments.servers {
        Real::fill(&server.uri, None)?;
    }
    let plan = plan(comparison);
    println!("{}", machine::describe());
    println!(
        "{} rows, {} rounds; in rows of `first` and `cold` everything is of one connection",
        rows.len(),
        plan.rounds
    );
    let mut cases: Vec<Case> =
        rows.iter().map(|row| Case { name: row.name.clone(), rounds: Vec::new() }).collect();
    let mut failures = Vec::new();
    let started = Instant::now();
    for round in 0..plan.rounds {
        for (row, case) in rows.iter().zip(&mut cases) {
            match pair(row, &plan, round % 2 == 1, comparison.self_check) {
                Ok(pair) => case.rounds.push(pair),
                Err(error) => failures.push(format!("{}: {error:#}", row.name)),
            }
        }
        println!("round {} of {} done after {:.0?}", round + 1, plan.rounds, started.elapsed());
    }
    let out = comparison.out.clone().unwrap_or_else(|| default_out("trust", comparison));
    report::print(NAMES, &cases);
    report::write(&out, NAMES, &cases)?;
    println!("\nwritten: {}", out.display());
    for failure in &failures {
        println!("FAILED: {failure}");
    }
    if failures.is_empty() { Ok(()) } else { bail!("{} runs failed", failures.len()) }
}

fn pair(row: &Row, plan: &Plan, right_first: bool, self_check: bool) -> Result<Pair> {
    let ours = if self_check { DriverKind::Official } else { DriverKind::Ours };
    if right_first {
        let right = one(row, plan, DriverKind::Official)?;
        return Ok(Pair { left: one(row, plan, ours)?, right });
    }
    let left = one(row, plan, ours)?;
    Ok(Pair { left, right: one(row, plan, DriverKind::Official)? })
}

fn one(row: &Row, plan: &Plan, driver: DriverKind) -> Result<Measured> {
    let (sockets, callers) = row.what.size();
    let connect = ConnectArguments {
        driver,
        host: HostKind::Tokio,
        sockets,
        min_sockets: 0,
        depth: 1,
        uri: Target::with_defaults(&row.uri),
    };
    let outcome = match row.what {
        What::Throughput(op) => {
            let (seconds, warm_up) = (plan.seconds, plan.warm_up);
            run_one(&this_program()?, &RunArguments { connect, op, callers, seconds, warm_up })
        }
        What::Moment(moment) => {
            let _held = moment.holds().then(|| Held::start(&row.uri)).transpose()?;
            moment_of(&MomentArguments { connect, moment })
        }
    };
    outcome.with_context(|| driver.name().to_owned())
}

/// One process, which limits its own time.
fn moment_of(arguments: &MomentArguments) -> Result<Measured> {
    let mut command = Command::new(this_program()?);
    command.arg("run-moment").args(options(&arguments.connect));
    command.arg(format!("--moment={}", arguments.moment.name()));
    let output = command.output().context("starting a run")?;
    if !output.status.success() {
        bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    let line = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&line).with_context(|| format!("instead of figures: {line:?}"))
}

/// Finds of a server take long, so that each of many at once needs a socket of its own.
struct Held {
    uri: String,
}

impl Held {
    fn start(uri: &str) -> Result<Self> {
        let data = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": HELD.as_millis() as i64 };
        ask(uri, doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data })?;
        Ok(Self { uri: uri.to_owned() })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A server that is gone is what the next run says.
        let _ = ask(&self.uri, doc! { "configureFailPoint": "failCommand", "mode": "off" });
    }
}

fn ask(uri: &str, command: Document) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = Client::with_uri_str(uri).await?;
        client.database("admin").run_command(command).await?;
        client.shutdown().immediate(true).await;
        Ok(())
    })
}

fn named(text: &str) -> Result<NamedServer, String> {
    let (name, uri) = text.split_once('=').ok_or("it must be NAME=URI")?;
    Ok(NamedServer { name: name.to_owned(), uri: uri.to_owned() })
}
