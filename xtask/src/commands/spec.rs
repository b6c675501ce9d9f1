//! `spec`: the official cases.

use crate::process::{self, Failure, Outcome};
use crate::servers::Servers;
use serde_json::Value;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use test_support::real_server::installed;

/// The variable that names a checkout of the specifications.
pub const CORPUS: &str = "MONGODB_SPECIFICATIONS";

/// Options that every connection of the cases gets besides its own.
const OPTIONS_VARIABLE: &str = "ACTIX_MONGO_TEST_OPTIONS";

/// Which cases.
#[derive(clap::Args)]
pub struct Arguments {
    /// Options for all connections of unified cases, as in a connection string: `compressors=zstd`
    #[arg(long, value_name = "NAME=VALUE[&...]")]
    with: Option<String>,
    /// Directories of the checkout; all if none is named
    directories: Vec<String>,
}

/// Runs the cases and passes their exit code on.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    check_corpus().map_err(Failure::Because)?;
    let servers = installed().map(Servers::start).transpose()?;
    if servers.is_none() {
        eprintln!("The real server is not installed (`cargo xtask test` does it).");
    }
    let outcome = run_cases(&arguments.directories, |cases| {
        if let Some(servers) = &servers {
            servers.tell(cases);
        }
        if let Some(options) = &arguments.with {
            cases.env(OPTIONS_VARIABLE, options);
        }
    })?;
    Ok(outcome.exit_code())
}

/// Builds the cases and runs them without cargo, which would have the last word
/// if one fails; that belongs to the line with the counts.
pub fn run_cases(directories: &[String], prepare: impl FnOnce(&mut Command)) -> Result<Outcome, Failure> {
    let mut build = process::cargo(&["test", "-p", "actix-mongo", "--all-features"]);
    build.args(["--test", "spec", "--no-run", "--message-format", "json-render-diagnostics"]);
    let (outcome, messages) = process::read(build)?;
    if !outcome.is_success() {
        return Ok(outcome);
    }
    let Some((binary, folder)) = built(&messages) else {
        return Err(Failure::Because("cargo does not say where it built the cases".into()));
    };
    let mut cases = Command::new(binary);
    // Where cargo would run it.
    cases.args(directories).current_dir(folder);
    prepare(&mut cases);
    process::run(cases)
}

/// The binary of the cases and the folder of its package, by cargo's messages.
fn built(messages: &str) -> Option<(PathBuf, PathBuf)> {
    messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        if message["target"]["name"] != "spec" || message["target"]["kind"][0] != "test" {
            return None;
        }
        let manifest = Path::new(message["manifest_path"].as_str()?);
        Some((message["executable"].as_str()?.into(), manifest.parent()?.to_owned()))
    })
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
