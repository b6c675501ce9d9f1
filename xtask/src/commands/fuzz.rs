//! The fuzz targets of `tests/fuzz`, each for a short time. Needs cargo-fuzz and a nightly
//! toolchain; without them `tests/mutations` is what runs.

use crate::process::Failure;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the package of the targets is.
const FOLDER: &str = "tests/fuzz";
/// Seconds for each target.
const TIME: u32 = 20;
/// Bytes of the longest input; the targets' own limits are below it.
const LONGEST: u32 = 8192;

/// Why they can't run here, if they can't, and what would help.
pub fn check() -> Result<(), String> {
    if !succeeds(nightly("rustc")) {
        return Err("there is no nightly toolchain (`rustup toolchain install nightly`)".to_owned());
    }
    if !succeeds(cargo_fuzz()) {
        return Err("cargo-fuzz is not installed (`cargo install cargo-fuzz --locked`)".to_owned());
    }
    Ok(())
}

fn succeeds(mut command: Command) -> bool {
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A step for each target. What they find beyond the seeds goes to the folder `target`.
pub fn steps() -> Result<Vec<(String, Command)>, Failure> {
    let mut steps = Vec::new();
    for name in targets()? {
        let found = format!("target/fuzz/{name}");
        fs::create_dir_all(&found).map_err(|error| Failure::Because(format!("{found}: {error}")))?;
        let mut command = cargo_fuzz();
        command.args(["run", "--fuzz-dir", FOLDER, &name]);
        command.args([&found, &format!("{FOLDER}/corpus/{name}"), "--"]);
        command.args([format!("-max_total_time={TIME}"), format!("-max_len={LONGEST}")]);
        steps.push((format!("fuzz {name}"), command));
    }
    Ok(steps)
}

fn cargo_fuzz() -> Command {
    let mut command = nightly("cargo");
    command.arg("fuzz");
    command
}

fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    command
}

fn targets() -> Result<Vec<String>, Failure> {
    let folder = Path::new(FOLDER).join("corpus");
    let failed = |error| Failure::Because(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
