//! `spec`: the official cases.

use crate::process::{self, Failure};
use crate::servers::Servers;
use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};
use test_support::real_server::installed;

/// The variable that names a checkout of the specifications.
pub const CORPUS: &str = "MONGODB_SPECIFICATIONS";

/// Which cases.
#[derive(clap::Args)]
pub struct Arguments {
    /// Directories of the checkout; all if none is named
    directories: Vec<String>,
}

/// Runs the cases and passes their exit code on.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    check_corpus().map_err(Failure::Because)?;
    let servers = installed().map(Servers::start).transpose()?;
    let mut cases = command(&arguments.directories);
    match &servers {
        Some(servers) => servers.tell(&mut cases),
        None => eprintln!("The real server is not installed (`cargo xtask test` does it)."),
    }
    Ok(process::run(cases)?.exit_code())
}

/// The command that runs the cases.
pub fn command(directories: &[String]) -> Command {
    let mut command = process::cargo(&["test", "-p", "actix-mongo"]);
    command.args(["--features", "unstable-internals", "--test", "spec", "--"]).args(directories);
    command
}

/// Says what is wrong with the corpus, if anything.
pub fn check_corpus() -> Result<(), String> {
    match env::var_os(CORPUS).filter(|it| !it.is_empty()) {
        None => Err(format!(
            "{CORPUS} is not set: it must name a checkout of \
             https://github.com/mongodb/specifications"
        )),
        Some(corpus) if !Path::new(&corpus).is_dir() => {
            Err(format!("{CORPUS} names {}, which is not a folder", corpus.display()))
        }
        Some(_) => Ok(()),
    }
}
