//! Instructions per operation: exact where processor time is not. Each row is counted twice, with
//! few and with many operations; the difference has neither the start nor the end in it.

pub mod count;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cases::{HostKind, Operation};
use crate::child::{Server, count_one, this_program};
use crate::cli::{ConnectArguments, CountArguments, DriverKind, InstructionsArguments};
use crate::statistics::{median, spread};
use crate::target::Target;

/// One who is counted.
struct Side {
    name: &'static str,
    driver: DriverKind,
    program: PathBuf,
}

/// What was counted of one operation.
struct Row {
    name: String,
    driver: DriverKind,
    /// Per operation, round by round.
    counts: Vec<f64>,
}

pub fn run(arguments: &InstructionsArguments) -> Result<()> {
    let sides = sides(arguments.silent.as_deref())?;
    let target = Target::Canned(Server::start()?);
    let out = arguments.out.clone().unwrap_or_else(default_out);
    let mut lines = String::new();
    println!("instructions per operation: one caller on one arbiter, {} operations", arguments.operations);
    for operation in [Operation::Find, Operation::Insert, Operation::Ping] {
        let rows = count_all(arguments, &sides, operation, &target)?;
        let [base, ..] = rows.as_slice() else { continue };
        for row in &rows {
            lines.push_str(&row.show(base));
        }
    }
    if lines.is_empty() {
        bail!("no row has {:?} in its name", arguments.only.as_deref().unwrap_or_default());
    }
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(&out, lines).with_context(|| format!("writing {}", out.display()))?;
    println!("\nwritten: {}", out.display());
    Ok(())
}

/// The first is what the others are set against.
fn sides(silent: Option<&Path>) -> Result<Vec<Side>> {
    let here = this_program()?;
    let mut sides = Vec::new();
    if let Some(program) = silent {
        sides.push(Side { name: "silent", driver: DriverKind::Ours, program: program.to_owned() });
    }
    let all = [
        ("nobody", DriverKind::Ours),
        ("off", DriverKind::Off),
        ("info", DriverKind::Info),
        ("elsewhere", DriverKind::Elsewhere),
        ("commands", DriverKind::Commands),
        ("all", DriverKind::Listened),
        ("official", DriverKind::Official),
    ];
    sides.extend(all.map(|(name, driver)| Side { name, driver, program: here.clone() }));
    Ok(sides)
}

/// Empty if none of these rows is wanted.
fn count_all(
    arguments: &InstructionsArguments,
    sides: &[Side],
    operation: Operation,
    target: &Target,
) -> Result<Vec<Row>> {
    let name = |side: &Side| format!("{operation}/{}", side.name);
    let wanted = |side: &Side| arguments.only.as_ref().is_none_or(|only| name(side).contains(only.as_str()));
    if !sides.iter().any(wanted) {
        return Ok(Vec::new());
    }
    let chosen = sides.iter().enumerate().filter(|(place, side)| *place == 0 || wanted(side));
    let mut rows: Vec<_> = chosen
        .map(|(_, side)| (side, Row { name: name(side), driver: side.driver, counts: Vec::new() }))
        .collect();
    for _ in 0..arguments.rounds {
        for (side, row) in &mut rows {
            let count = |operations| {
                let connect = connect(side.driver, target);
                let counted =
                    count_one(&side.program, &CountArguments { connect, op: operation, operations });
                counted.with_context(|| row.name.clone())
            };
            let (few, many) = (count(FEW)?, count(FEW + arguments.operations)?);
            row.counts.push((many as f64 - few as f64) / f64::from(arguments.operations));
        }
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn connect(driver: DriverKind, target: &Target) -> ConnectArguments {
    ConnectArguments {
        driver,
        host: HostKind::Arbiter,
        sockets: 10,
        min_sockets: 0,
        depth: 1,
        uri: target.uri(),
    }
}

impl Row {
    /// On the screen; and as a line for the file.
    fn show(&self, base: &Self) -> String {
        let count = median(&self.counts).unwrap_or(f64::NAN);
        let more = count / median(&base.counts).unwrap_or(f64::NAN);
        let spread = spread(&self.counts).unwrap_or(f64::NAN);
        println!("{:<16} {count:>9.0} ±{:.2}%  x {more:.4}", self.name, 100.0 * spread);
        format!(
            r#"{{"case":{:?},"driver":{:?},"instructions":{count:.1},"spread":{spread:.5},"ratio":{more:.5},"to":{:?},"rounds":{}}}"#,
            self.name,
            self.driver.name(),
            base.name,
            self.counts.len()
        ) + "\n"
    }
}

/// The workspace's own `target`, wherever this was built.
fn default_out() -> PathBuf {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    benches.parent().unwrap_or(benches).join("target/bench/instructions.jsonl")
}

/// Enough for every socket, cache and table to be there.
const FEW: u32 = 200;
