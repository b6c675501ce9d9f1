//! `test`: everything that can be tested, on servers started for it.

use super::{fuzz, spec};
use crate::process::{self, Failure, Outcome};
use crate::servers::Servers;
use serde_json::Value;
use std::fmt::Display;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Tells the tests to run heavy scenarios in full.
const LONG: &str = "ACTIX_MONGO_LONG";

/// Holds calls to their deadlines within 50 ms, so nothing else runs at the same time: a step
/// of its own.
const PUNCTUAL: &str = "faults";

/// Features of the library, and the tests that hold whichever of them are on.
const FEATURES: [&str; 6] = ["actix-web", "dns-resolver", "rustls-tls", "snappy", "zlib", "zstd"];
const WHICHEVER: &str = "features";

/// How much.
#[derive(clap::Args)]
pub struct Arguments {
    /// Heavy scenarios in full
    #[arg(long)]
    long: bool,
}

/// Runs step after step, also after a failed one, and sums up.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let servers = Servers::start(process::installed_server()?)?;
    let mut report = Report::default();
    let prepare = |command: &mut Command| {
        servers.tell(command);
        if arguments.long {
            command.env(LONG, "1");
        }
    };
    let mut steps = steps(arguments.long)?;
    if arguments.long {
        match fuzz::check() {
            Ok(()) => steps.extend(fuzz::steps()?.into_iter().map(|(name, it)| (name, Work::Command(it)))),
            Err(reason) => report.skip("fuzz targets", reason),
        }
    }
    for (name, work) in steps {
        eprintln!("\n==> {name}");
        let start = Instant::now();
        let outcome = match work {
            Work::Command(mut command) => {
                prepare(&mut command);
                process::run(command)?
            }
            Work::Cases => spec::run_cases(&[], prepare)?,
            Work::CasesOver(connections) => {
                let directories = spec::Connections::directories();
                spec::run_cases(&directories, |cases| {
                    prepare(cases);
                    connections.tell(cases);
                })?
            }
        };
        if outcome == Outcome::Interrupted {
            return Ok(outcome.exit_code());
        }
        report.add(name, outcome.is_success(), start.elapsed());
    }
    if let Err(reason) = spec::check_corpus() {
        report.skip("official cases", reason);
    }
    eprint!("\n{}", report.table());
    println!("{}", report.summary());
    Ok(match report.failed() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// What a step does.
enum Work {
    Command(Command),
    /// The official cases.
    Cases,
    /// Some of them, over connections of another kind.
    CasesOver(spec::Connections),
}

fn steps(long: bool) -> Result<Vec<(String, Work)>, Failure> {
    let library = |arguments: &[&str]| {
        let mut command = process::cargo(&["test", "-p", "actix-mongo"]);
        command.args(arguments);
        Work::Command(command)
    };
    let mut steps = vec![
        ("unit".into(), library(&["--lib", "--no-default-features"])),
        ("unit, all features".into(), library(&["--lib", "--all-features"])),
        ("doctests".into(), library(&["--doc", "--all-features"])),
    ];
    // The test program `examples` runs them.
    let examples = process::cargo(&["build", "-p", "actix-mongo", "--all-features", "--examples"]);
    steps.push(("examples are built".into(), Work::Command(examples)));
    let metadata = metadata()?;
    let names = targets(&metadata, "test");
    let (punctual, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name == PUNCTUAL);
    for (what, names) in [("integration", others), ("punctual", punctual)] {
        if names.is_empty() {
            continue;
        }
        let targets = names.iter().flat_map(|name| ["--test", name]);
        // All of them, though one fails.
        let arguments: Vec<_> = ["--all-features", "--no-fail-fast"].into_iter().chain(targets).collect();
        steps.push((format!("{what} ({})", names.join(", ")), library(&arguments)));
    }
    if long {
        for feature in FEATURES {
            let test = library(&["--no-default-features", "--features", feature, "--test", WHICHEVER]);
            steps.push((format!("feature {feature} alone"), test));
        }
    }
    for package in ["actix-mongo-test-support", "xtask"] {
        let test = ["test", "--no-fail-fast", "-p", package];
        steps.push((package.into(), Work::Command(process::cargo(&test))));
    }
    if spec::check_corpus().is_ok() {
        if long {
            // Before all cases: the last ones leave their summary.
            let kinds = spec::Connections::kinds();
            steps
                .extend(kinds.map(|(name, kind)| (format!("official cases: {name}"), Work::CasesOver(kind))));
        }
        steps.push(("official cases".into(), Work::Cases));
    }
    Ok(steps)
}

/// What cargo says of the workspace's packages.
fn metadata() -> Result<Value, Failure> {
    let failed = |error: &dyn Display| Failure::Because(format!("cargo metadata: {error}"));
    let command = process::cargo(&["metadata", "--no-deps", "--format-version", "1"]).output();
    let output = command.map_err(|error| failed(&error))?;
    serde_json::from_slice(&output.stdout).map_err(|error| failed(&error))
}

/// The names of the library's targets of a kind, but of the official cases,
/// which have a step of their own.
fn targets(metadata: &Value, kind: &str) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut names: Vec<_> = list(&metadata["packages"])
        .iter()
        .filter(|package| package["name"] == "actix-mongo")
        .flat_map(|package| list(&package["targets"]))
        .filter(|target| target["kind"][0] == kind && target["name"] != "spec")
        .filter_map(|target| Some(target["name"].as_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

#[derive(Default)]
struct Report {
    /// Name, whether it passed, how long it took.
    ran: Vec<(String, bool, Duration)>,
    /// Name and reason.
    skipped: Vec<(String, String)>,
}

impl Report {
    fn add(&mut self, name: String, passed: bool, took: Duration) {
        self.ran.push((name, passed, took));
    }

    fn skip(&mut self, name: &str, reason: String) {
        self.skipped.push((name.to_owned(), reason));
    }

    fn failed(&self) -> usize {
        self.ran.iter().filter(|(_, passed, _)| !passed).count()
    }

    fn table(&self) -> String {
        let ran = self.ran.iter().map(|(name, passed, took)| {
            let result = if *passed { "passed" } else { "FAILED" };
            format!("{result}  {:>6.1} s  {name}\n", took.as_secs_f64())
        });
        let skipped =
            self.skipped.iter().map(|(name, reason)| format!("SKIPPED            {name}: {reason}\n"));
        ran.chain(skipped).collect()
    }

    fn summary(&self) -> String {
        let failed = self.failed();
        let passed = self.ran.len() - failed;
        let mut line =
            format!("test: {passed} steps passed, {failed} failed, {} skipped", self.skipped.len());
        let failed = self.ran.iter().filter(|(_, passed, _)| !passed);
        let failed: Vec<_> = failed.map(|(name, ..)| name.as_str()).collect();
        if !failed.is_empty() {
            line += &format!(" (failed: {})", failed.join("; "));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets_are_those_of_the_library_by_kind() {
        let target = |name: &str, kind: &str| json!({ "name": name, "kind": [kind] });
        let metadata = json!({ "packages": [
            { "name": "xtask", "targets": [target("other", "test"), target("other", "example")] },
            { "name": "actix-mongo", "targets": [
                target("actix_mongo", "lib"), target("spec", "test"), target("core", "test"),
                target("quickstart", "example"), target("api", "test"), target("another", "example"),
            ] },
        ] });
        assert_eq!(targets(&metadata, "test"), ["api", "core"]);
        assert_eq!(targets(&Value::Null, "test"), Vec::<String>::new());
    }

    #[test]
    fn the_summary_names_what_failed_and_what_did_not_run() {
        let mut report = Report::default();
        report.add("unit".into(), true, Duration::from_millis(1500));
        assert_eq!(report.summary(), "test: 1 steps passed, 0 failed, 0 skipped");
        report.add("doctests".into(), false, Duration::ZERO);
        report.skip("official cases", "no corpus".into());
        assert_eq!(report.summary(), "test: 1 steps passed, 1 failed, 1 skipped (failed: doctests)");
        assert_eq!(
            report.table(),
            "passed     1.5 s  unit\nFAILED     0.0 s  doctests\n\
             SKIPPED            official cases: no corpus\n"
        );
        assert_eq!(report.failed(), 1);
    }
}
