//! `bench`: the measurements of the workspace member `benches`.

use crate::process::{self, Failure};
use crate::trusted::Trusted;
use std::ffi::OsString;
use std::process::ExitCode;
use test_support::real_server::{Options, RealServer};

/// The program that wants a server; it is given one.
const ON_A_SERVER: &str = "server";
/// The one that wants a server for each mode.
const ON_TRUSTED_SERVERS: &str = "trust";

/// What is measured.
#[derive(clap::Args)]
pub struct Arguments {
    /// The program: client, server, trust, events, builds, instructions or footprint
    #[arg(default_value = "client")]
    program: String,
    /// Fewer and shorter rounds
    #[arg(long)]
    quick: bool,
    /// More arguments for the program; `-- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs it and passes its exit code on.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut bench = process::cargo(&["run", "--release", "-p", "actix-mongo-benches", "--"]);
    bench.arg(&arguments.program);
    // Stopped when dropped, after the program has ended.
    let mut server = None;
    if arguments.program == ON_A_SERVER {
        let binary = process::installed_server()?;
        let started = RealServer::start(Options::new().binary(binary))?;
        eprintln!("Started a server at {}", started.uri());
        bench.args(["--uri", &started.uri(), "--server-pid", &started.pid().to_string()]);
        server = Some(started);
    }
    let mut trusted = None;
    if arguments.program == ON_TRUSTED_SERVERS {
        let servers = trusted.insert(Trusted::start(&process::installed_server()?)?);
        bench.args(servers.arguments());
    }
    if arguments.quick {
        bench.arg("--quick");
    }
    // Cargo's own separator may have been written, or not.
    bench.args(arguments.arguments.iter().filter(|argument| *argument != "--"));
    let outcome = process::run(bench)?;
    if let Some(server) = server {
        server.stop();
    }
    drop(trusted);
    Ok(outcome.exit_code())
}
