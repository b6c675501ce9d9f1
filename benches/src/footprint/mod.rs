//! What depending on a driver costs before it does anything: crates, a clean build, and memory
//! for each socket that waits for work.

mod memory;
mod subject;

use anyhow::{Result, bail};

use self::subject::{Built, Subject, subjects};
use crate::cli::{FootprintArguments, Part};
use crate::machine;
use crate::statistics::{median, spread};

pub fn run(arguments: &FootprintArguments) -> Result<()> {
    println!("{}", machine::describe());
    let wanted = |part| arguments.part.is_none_or(|only| only == part);
    let kept =
        |subject: &Subject| arguments.only.as_ref().is_none_or(|text| subject.name.contains(text.as_str()));
    if wanted(Part::Crates) || wanted(Part::Build) {
        let subjects: Vec<_> = subjects().into_iter().filter(kept).collect();
        if subjects.is_empty() {
            bail!("no subject has {:?} in its name", arguments.only.as_deref().unwrap_or_default());
        }
        let rounds = if wanted(Part::Build) { arguments.rounds } else { 0 };
        dependencies(&subjects, rounds)?;
    }
    if wanted(Part::Memory) {
        memory::run(arguments.rounds, arguments.sockets)?;
    }
    Ok(())
}

/// Crates, and build times if there are rounds. Each round builds every subject once.
fn dependencies(subjects: &[Subject], rounds: u32) -> Result<()> {
    let mut rows = Vec::new();
    for subject in subjects {
        subject.write()?;
        rows.push((subject, subject.crates()?, Vec::new()));
    }
    for round in 0..rounds {
        for at in 0..rows.len() {
            // Two that are the same are built once.
            let twin = rows[..at].iter().position(|row| row.1.compiled == rows[at].1.compiled);
            let times = match twin {
                Some(twin) => rows[twin].2[round as usize],
                None => {
                    let Built { time, processor } = rows[at].0.build()?;
                    let name = rows[at].0.name;
                    println!("round {}: {name}: {time:.1?}, processor {processor:.1?}", round + 1);
                    (time.as_secs_f64(), processor.as_secs_f64())
                }
            };
            rows[at].2.push(times);
        }
    }
    println!("\n| depends on | crates | clean release build, -j2 | its processor time |");
    println!("|---|---|---|---|");
    for (subject, crates, times) in rows {
        let (time, processor): (Vec<_>, Vec<_>) = times.into_iter().unzip();
        println!("| {} | {} | {} | {} |", subject.name, crates.names, cell(&time), cell(&processor));
    }
    Ok(())
}

fn cell(seconds: &[f64]) -> String {
    match (median(seconds), spread(seconds)) {
        (Some(time), Some(spread)) => format!("{time:.1} s ±{:.0}%", 100.0 * spread),
        _ => "not measured".to_owned(),
    }
}
