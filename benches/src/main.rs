//! actix-mongo measured beside the official driver.
//!
//! `client` (also behind `cargo xtask bench client`) starts a server that answers with canned
//! replies and then, case by case and round by round, a fresh child process per driver. `server`
//! does the same against a real one. `events` and `builds` set ours against ours. Server and
//! children are this same binary under hidden subcommands. `instructions` counts
//! what a clock is too coarse for. `footprint` measures what a driver costs that does nothing,
//! `trust` what encryption, users and compression cost. How to read the figures is in
//! `docs/performance.md`.

mod canned;
mod cases;
mod child;
mod cli;
mod comparison;
mod cpu;
mod driver;
mod equality;
mod footprint;
mod host;
mod idle;
mod instructions;
mod load;
mod machine;
mod report;
mod scan;
mod statistics;
mod target;
mod things;
mod trust;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Task};

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Client(arguments) => comparison::client(&arguments),
        Task::Server(arguments) => comparison::server(&arguments),
        Task::Events(arguments) => comparison::events(&arguments),
        Task::Builds(arguments) => comparison::builds(&arguments),
        Task::Instructions(arguments) => instructions::run(&arguments),
        Task::Footprint(arguments) => footprint::run(&arguments),
        Task::CannedServer => canned::server::serve(),
        Task::RunOne(arguments) => load::run_and_print(&arguments),
        Task::Trust(arguments) => trust::run(&arguments),
        Task::RunMoment(arguments) => trust::moment::run(&arguments),
        Task::RunCount(arguments) => instructions::count::run(&arguments),
        Task::RunIdle(arguments) => idle::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
