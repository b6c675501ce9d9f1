//! The comparison: every case once per round, both drivers right after each other, the first one
//! changing from round to round.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cases::{Group, groups};
use crate::child::{Server, run_one};
use crate::cli::{ClientArguments, DriverKind, RunArguments};
use crate::equality::Ledger;
use crate::load::Measured;
use crate::machine::{self, Usage};
use crate::report::{self, Case, Pair};

/// How long and how often.
struct Plan {
    rounds: u32,
    seconds: Duration,
    warm_up: Duration,
}

struct Bench {
    plan: Plan,
    server: Server,
    /// Who sits on the left side: ours, or in a self-check the official driver once more
    left: DriverKind,
    ledger: Ledger,
    failures: Vec<String>,
}

pub fn run(arguments: &ClientArguments) -> Result<()> {
    let left = left_side(arguments)?;
    let groups = chosen(arguments);
    if groups.is_empty() {
        bail!("no case has {:?} in its name", arguments.only.as_deref().unwrap_or_default());
    }
    let plan = plan(arguments);
    announce(&plan, &groups);
    let server = Server::start()?;
    let mut bench = Bench { plan, server, left, ledger: Ledger::default(), failures: Vec::new() };
    let cases = bench.measure(&groups)?;

    let out = arguments.out.clone().unwrap_or_else(|| default_out(arguments));
    report::print(&cases, if arguments.self_check { "official" } else { "ours" });
    bench.ledger.print();
    report::write(&out, &cases)?;
    println!("\nwritten: {}", out.display());
    let complaints = bench.ledger.complaints();
    for complaint in &complaints {
        println!("UNEQUAL WORK: {complaint}");
    }
    for failure in &bench.failures {
        println!("FAILED: {failure}");
    }
    if !complaints.is_empty() || !bench.failures.is_empty() {
        bail!("{} runs failed, {} complaints", bench.failures.len(), complaints.len());
    }
    Ok(())
}

impl Bench {
    fn measure(&mut self, groups: &[Group]) -> Result<Vec<Case>> {
        let started = Instant::now();
        let mut cases: Vec<Vec<Case>> = groups.iter().map(empty_cases).collect();
        for round in 0..self.plan.rounds {
            let before = self.usage(started)?;
            for (group, cases) in groups.iter().zip(&mut cases) {
                self.round(round, group, cases)?;
            }
            let others = match (before, self.usage(started)?) {
                (Some(before), Some(after)) => foreign(after - before),
                _ => "what others used is not known here".to_owned(),
            };
            let (round, rounds) = (round + 1, self.plan.rounds);
            println!("round {round} of {rounds} done after {:.0?}; {others}", started.elapsed());
        }
        Ok(cases.into_iter().flatten().collect())
    }

    fn usage(&mut self, since: Instant) -> Result<Option<Usage>> {
        let server = Duration::from_nanos(self.server.seen()?.cpu_nanos);
        Ok(Usage::now(since, server))
    }

    /// The official driver runs once, ours once per depth.
    fn round(&mut self, round: u32, group: &Group, cases: &mut [Case]) -> Result<()> {
        let official_first = round % 2 == 1;
        let mut official = None;
        if official_first {
            official = self.one(group, DriverKind::Official, 1)?;
        }
        let mut ours = Vec::new();
        for &depth in &group.depths {
            ours.push(self.one(group, self.left, depth)?);
        }
        if !official_first {
            official = self.one(group, DriverKind::Official, 1)?;
        }
        for (case, ours) in cases.iter_mut().zip(ours) {
            if let (Some(ours), Some(official)) = (ours, official.clone()) {
                case.rounds.push(Pair { ours, official });
            }
        }
        Ok(())
    }

    /// A run that fails is kept as a failure and the bench goes on; only a server that is gone
    /// ends it.
    fn one(&mut self, group: &Group, driver: DriverKind, depth: u32) -> Result<Option<Measured>> {
        let before = self.server.seen()?;
        let outcome = run_one(&RunArguments {
            driver,
            host: group.host,
            op: group.operation,
            callers: group.callers,
            sockets: group.sockets,
            depth,
            seconds: self.plan.seconds,
            warm_up: self.plan.warm_up,
            uri: self.server.uri(),
        });
        let seen = self.server.seen()? - before;
        match outcome {
            Ok(measured) => {
                self.ledger.add(group, driver, &seen);
                Ok(Some(measured))
            }
            Err(error) => {
                let failure = format!("{} {}: {error:#}", driver.name(), group.case(depth));
                eprintln!("{failure}");
                self.failures.push(failure);
                Ok(None)
            }
        }
    }
}

fn foreign(usage: Usage) -> String {
    let (others, stolen) = usage.foreign();
    let warning = if others + stolen > QUIET { " (TOO MUCH: do not trust this round)" } else { "" };
    format!("other processes {:.0}% of the machine, stolen {:.0}%{warning}", 100.0 * others, 100.0 * stolen)
}

fn empty_cases(group: &Group) -> Vec<Case> {
    let case = |depth: &u32| Case { name: group.case(*depth), rounds: Vec::new() };
    group.depths.iter().map(case).collect()
}

fn left_side(arguments: &ClientArguments) -> Result<DriverKind> {
    if arguments.self_check {
        return Ok(DriverKind::Official);
    }
    if cfg!(not(feature = "ours")) {
        bail!("built without the feature `ours`: only --self-check can be run");
    }
    Ok(DriverKind::Ours)
}

/// In a self-check there is nothing that a depth could change.
fn chosen(arguments: &ClientArguments) -> Vec<Group> {
    let mut groups = groups(arguments.only.as_deref());
    if arguments.self_check {
        groups.iter_mut().for_each(|group| group.depths.retain(|depth| *depth == 1));
        groups.retain(|group| !group.depths.is_empty());
    }
    groups
}

fn plan(arguments: &ClientArguments) -> Plan {
    let (rounds, seconds, warm_up) = if arguments.quick { QUICK } else { FULL };
    Plan {
        rounds: arguments.rounds.unwrap_or(rounds),
        seconds: arguments.seconds.unwrap_or_else(|| Duration::from_millis(seconds)),
        warm_up: Duration::from_millis(warm_up),
    }
}

fn announce(plan: &Plan, groups: &[Group]) {
    let cases: usize = groups.iter().map(|group| group.depths.len()).sum();
    let runs = |group: &Group| (group.depths.len() as u32 + 1) * plan.rounds;
    let estimate: Duration = groups.iter().map(|group| duration(plan, group) * runs(group)).sum();
    let runs: u32 = groups.iter().map(runs).sum();
    let minutes = estimate.as_secs_f64() / 60.0;
    println!("{}", machine::describe());
    println!(
        "{cases} cases, {} rounds, {runs} runs of {:?} after {:?}: about {minutes:.1} minutes",
        plan.rounds, plan.seconds, plan.warm_up
    );
}

/// The workspace's own `target`, wherever this was built.
fn default_out(arguments: &ClientArguments) -> PathBuf {
    let name = if arguments.self_check { "client-self-check.jsonl" } else { "client.jsonl" };
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    benches.parent().unwrap_or(benches).join("target/bench").join(name)
}

/// Of one run, as `load` goes about it.
fn duration(plan: &Plan, group: &Group) -> Duration {
    let queue = TURN * group.callers;
    plan.warm_up.max(queue) + plan.seconds.max(queue) + queue + AROUND
}

/// Rounds, milliseconds measured, milliseconds before that.
const FULL: (u32, u64, u64) = (5, 1400, 250);
const QUICK: (u32, u64, u64) = (3, 300, 100);
/// What an operation takes when thousands wait, for the estimate.
const TURN: Duration = Duration::from_micros(45);
/// What a run takes beside its window: process, connection, the last answers.
const AROUND: Duration = Duration::from_millis(20);
/// The share of the machine that others may have before a round is called disturbed.
const QUIET: f64 = 0.05;
