//! `demo`: the quick start on a real server.

use crate::process::{self, Failure};
use std::env;
use std::process::ExitCode;
use test_support::real_server::{Options, RealServer};

/// The variable by which a user names a server to use instead.
const URI: &str = "MONGODB_URI";

/// None.
#[derive(clap::Args)]
pub struct Arguments {}

/// Runs the example and passes its exit code on.
pub fn run(_: Arguments) -> Result<ExitCode, Failure> {
    // Not quiet: the first build takes a while.
    let mut example = process::cargo(&["run", "-p", "actix-mongo", "--example", "quickstart"]);
    // Stopped when dropped, after the example has ended.
    let mut server = None;
    match env::var_os(URI) {
        Some(uri) => eprintln!("Using {URI} ({})", uri.display()),
        None => {
            let binary = process::installed_server()?;
            let started = RealServer::start(Options::new().binary(binary))?;
            example.env(URI, started.uri());
            eprintln!("Started a server at {}", started.uri());
            server = Some(started);
        }
    }
    let outcome = process::run(example)?;
    if let Some(server) = server {
        server.stop();
        eprintln!("Stopped the server");
    }
    Ok(outcome.exit_code())
}
