//! `server`: one for use by hand.

use crate::process::{self, Failure};
use std::process::ExitCode;
use std::time::Duration;
use test_support::real_server::{Options, RealServer};

/// Between two looks whether the server still lives.
const LOOK: Duration = Duration::from_secs(1);

/// What the server is to be.
#[derive(clap::Args)]
pub struct Arguments {
    /// Ask for a user: admin, password secret
    #[arg(long)]
    auth: bool,
    /// No replica set
    #[arg(long)]
    standalone: bool,
    /// More arguments for the server, after `--`
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Prints the URI on standard output, all else on standard error, and waits for
/// Ctrl-C.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut options = Options::new().binary(process::installed_server()?);
    if arguments.auth {
        options = options.auth();
    }
    if arguments.standalone {
        options = options.standalone();
    }
    for argument in arguments.arguments {
        options = options.argument(argument);
    }
    let server = RealServer::start(options)?;
    println!("{}", server.uri());
    eprintln!("process {}", server.pid());
    eprintln!("folder  {}", server.folder().display());
    eprintln!("Ctrl-C stops it and removes the folder.");
    while !process::wait_for_interrupt(LOOK) {
        if server.has_died() {
            return Err(Failure::Because("the server has died".into()));
        }
    }
    server.stop();
    eprintln!("Stopped.");
    Ok(ExitCode::SUCCESS)
}
