//! actix-mongo measured beside the official driver.
//!
//! `client` (also behind `cargo xtask bench client`) starts a server that answers with canned
//! replies and then, case by case and round by round, a fresh child process per driver. Server
//! and children are this same binary under hidden subcommands. How to read the figures is in
//! `docs/performance.md`.

mod canned;
mod cases;
mod child;
mod cli;
mod client;
mod cpu;
mod driver;
mod equality;
mod host;
mod load;
mod machine;
mod report;
mod statistics;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Task};

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Client(arguments) => client::run(&arguments),
        Task::CannedServer => canned::server::serve(),
        Task::RunOne(arguments) => load::run_and_print(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
