//! The project's own commands, `cargo xtask <command>`: one file each in
//! [`commands`].

mod commands;
mod process;
mod servers;
mod trusted;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Commands of the project actix-mongo.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the quick start against MONGODB_URI, or a server started for it
    Demo(commands::demo::Arguments),
    /// Start a server for use by hand and print its URI
    Server(commands::server::Arguments),
    /// Run every test, with servers started for them
    Test(commands::test::Arguments),
    /// Run the official cases below MONGODB_SPECIFICATIONS
    Spec(commands::spec::Arguments),
    /// Check file sizes, the arrows between modules and the tables of the documentation
    Lint(commands::lint::Arguments),
    /// Measure the library beside the official driver
    Bench(commands::bench::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = process::catch_interrupts().and_then(|()| match arguments.command {
        Command::Demo(arguments) => commands::demo::run(arguments),
        Command::Server(arguments) => commands::server::run(arguments),
        Command::Test(arguments) => commands::test::run(arguments),
        Command::Spec(arguments) => commands::spec::run(arguments),
        Command::Lint(arguments) => commands::lint::run(arguments),
        Command::Bench(arguments) => commands::bench::run(arguments),
    });
    result.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        failure.exit_code()
    })
}
