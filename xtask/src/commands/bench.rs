//! `bench`: the measurements of the workspace member `benches`.

use crate::process::{self, Failure};
use std::process::ExitCode;

/// What is measured.
#[derive(clap::Args)]
pub struct Arguments {
    /// The program
    #[arg(default_value = "client")]
    program: String,
    /// Fewer and shorter rounds
    #[arg(long)]
    quick: bool,
    /// More arguments for the program, after `--`
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs it and passes its exit code on.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut bench = process::cargo(&["run", "--release", "-p", "actix-mongo-benches", "--"]);
    bench.arg(arguments.program);
    if arguments.quick {
        bench.arg("--quick");
    }
    bench.args(arguments.arguments);
    Ok(process::run(bench)?.exit_code())
}
