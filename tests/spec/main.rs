//! Runs the official cases of the driver specifications.
//!
//! `MONGODB_SPECIFICATIONS` names a checkout of mongodb/specifications, whole or part:
//! a folder with a `source` folder in it. Arguments, if any, are folders or files below
//! `source` to keep to. The table goes to the screen, the details to
//! `target/spec/summary.json`.
//!
//! A case is made by its family (`family.rs` says which files belong to which), skipped
//! by one mechanism (`skip.rs`, `defects.rs`), run under a time limit (`runner.rs`) and
//! counted (`tally.rs`) and told (`report.rs`).

mod auth;
mod bson_corpus;
mod bson_vector;
mod case;
mod cmap;
mod concerns;
mod connection_string;
mod corpus;
mod defects;
mod family;
mod in_window;
mod json;
mod max_staleness;
mod monitoring;
mod pending;
mod report;
mod rtt;
mod runner;
mod sdam;
mod seed_lists;
mod selection;
mod skip;
mod tally;
mod unified;
mod uri;
mod uri_options;

use std::process::ExitCode;

use case::Context;
use report::Report;

fn main() -> ExitCode {
    match run() {
        Ok(report) => {
            // The last line is a promise to whoever reads this with a program.
            println!("{}", report.closing_line());
            if report.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(sentence) => {
            eprintln!("spec: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Report, String> {
    let filters = arguments(std::env::args().skip(1))?;
    let source = corpus::source_folder(std::env::var_os("MONGODB_SPECIFICATIONS"))?;
    let files = corpus::files(&source, &filters)?;
    let cases = files.iter().flat_map(family::cases_of).collect();
    let context = Context { source, ..Context::default() };
    let report = Report::new(runner::run_all(cases, &context, defects::DEFECTS));
    report.print();
    let summary = report.write_summary()?;
    println!("details: {}", summary.display());
    if report.run() == 0 {
        eprintln!("spec: not one case was run");
    }
    Ok(report)
}

/// The folders to keep to. Flags that `cargo test` hands to every test program, and that
/// mean nothing here, are passed over.
fn arguments(given: impl Iterator<Item = String>) -> Result<Vec<String>, String> {
    let harmless = ["--nocapture", "--no-capture", "--quiet", "-q", "--show-output"];
    given
        .filter(|argument| !harmless.contains(&argument.as_str()))
        .map(|argument| match argument.starts_with('-') {
            true => Err(format!("unknown option {argument}; arguments are folders below source/")),
            false => Ok(argument),
        })
        .collect()
}
