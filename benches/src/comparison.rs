//! A comparison: every case once per round, both sides right after each other, the first one
//! changing from round to round.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cases::{Group, Suite};
use crate::child::{Server, run_one, this_program};
use crate::cli::{
    BuildsArguments, ComparisonArguments, ConnectArguments, DriverKind, RunArguments, ServerArguments,
};
use crate::equality::Ledger;
use crate::load::Measured;
use crate::machine::{self, Usage};
use crate::report::{self, Case, Names, Pair};
use crate::target::{Real, Target};

/// Who is measured.
#[derive(Debug, Clone)]
struct Side {
    driver: DriverKind,
    program: PathBuf,
}

/// How long and how often.
pub struct Plan {
    pub rounds: u32,
    pub seconds: Duration,
    pub warm_up: Duration,
}

struct Bench {
    plan: Plan,
    target: Target,
    left: Side,
    right: Side,
    ledger: Ledger,
    failures: Vec<String>,
}

/// Ours beside the official driver, on canned replies.
pub fn client(arguments: &ComparisonArguments) -> Result<()> {
    let sides = (Side::here(DriverKind::Ours)?, Side::here(DriverKind::Official)?);
    let names = Names { left: "ours", right: "official" };
    run("client", Suite::Client, arguments, names, sides, canned)
}

/// The same on a real server.
pub fn server(arguments: &ServerArguments) -> Result<()> {
    let sides = (Side::here(DriverKind::Ours)?, Side::here(DriverKind::Official)?);
    let names = Names { left: "ours", right: "official" };
    let target = || Ok(Target::Real(Real::fill(&arguments.uri, arguments.server_pid)?));
    run("server", Suite::Server, &arguments.comparison, names, sides, target)
}

/// Ours with a listener beside ours.
pub fn events(arguments: &ComparisonArguments) -> Result<()> {
    let sides = (Side::here(DriverKind::Listened)?, Side::here(DriverKind::Ours)?);
    let names = Names { left: "listened", right: "silent" };
    run("events", Suite::Events, arguments, names, sides, canned)
}

/// Ours beside ours of another build.
pub fn builds(arguments: &BuildsArguments) -> Result<()> {
    let other = Side { driver: DriverKind::Ours, program: arguments.other.clone() };
    let sides = (Side::here(DriverKind::Ours)?, other);
    let names = Names { left: "this", right: "other" };
    run("builds", Suite::Builds, &arguments.comparison, names, sides, canned)
}

fn run(
    name: &str,
    suite: Suite,
    arguments: &ComparisonArguments,
    names: Names,
    (left, right): (Side, Side),
    target: impl FnOnce() -> Result<Target>,
) -> Result<()> {
    let left = if arguments.self_check { right.clone() } else { left };
    if cfg!(not(feature = "ours")) && [&left, &right].iter().any(|side| side.driver != DriverKind::Official) {
        bail!("built without the feature `ours`: only a --self-check of the official driver can be run");
    }
    let groups = chosen(suite, arguments, right.driver);
    if groups.is_empty() {
        bail!("no case has {:?} in its name", arguments.only.as_deref().unwrap_or_default());
    }
    let plan = plan(arguments);
    announce(&plan, &groups);
    let (target, ledger) = (target()?, Ledger::new(right.driver));
    let mut bench = Bench { plan, target, left, right, ledger, failures: Vec::new() };
    let cases = bench.measure(&groups)?;

    let out = arguments.out.clone().unwrap_or_else(|| default_out(name, arguments));
    report::print(names, &cases);
    bench.ledger.print();
    report::write(&out, names, &cases)?;
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

impl Side {
    fn here(driver: DriverKind) -> Result<Self> {
        Ok(Self { driver, program: this_program()? })
    }
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
        Ok(Usage::now(since, self.target.cpu()?))
    }

    /// The right side runs once, the left one once per depth. Only the official driver, which
    /// has no depth, ever stands on the right of more than one.
    fn round(&mut self, round: u32, group: &Group, cases: &mut [Case]) -> Result<()> {
        let right_first = round % 2 == 1;
        let right_depth = group.depths.first().copied().unwrap_or(1);
        let (left_side, right_side) = (self.left.clone(), self.right.clone());
        let mut right = None;
        if right_first {
            right = self.one(group, &right_side, right_depth)?;
        }
        let mut lefts = Vec::new();
        for &depth in &group.depths {
            lefts.push(self.one(group, &left_side, depth)?);
        }
        if !right_first {
            right = self.one(group, &right_side, right_depth)?;
        }
        for (case, left) in cases.iter_mut().zip(lefts) {
            if let (Some(left), Some(right)) = (left, right.clone()) {
                case.rounds.push(Pair { left, right });
            }
        }
        Ok(())
    }

    /// A run that fails is kept as a failure and the bench goes on; only a server that is gone
    /// ends it.
    fn one(&mut self, group: &Group, side: &Side, depth: u32) -> Result<Option<Measured>> {
        self.target.prepare(group.operation)?;
        let before = self.target.seen()?;
        let connect = ConnectArguments {
            driver: side.driver,
            host: group.host,
            sockets: group.sockets,
            min_sockets: 0,
            depth,
            uri: self.target.uri(),
        };
        let run = RunArguments {
            connect,
            op: group.operation,
            callers: group.callers,
            seconds: self.plan.seconds,
            warm_up: self.plan.warm_up,
        };
        let outcome = run_one(&side.program, &run);
        let after = self.target.seen()?;
        match outcome {
            Ok(measured) => {
                if let (Some(before), Some(after)) = (before, after) {
                    self.ledger.add(group, side.driver, &(after - before));
                }
                Ok(Some(measured))
            }
            Err(error) => {
                let failure = format!("{} {}: {error:#}", side.driver.name(), group.case(depth));
                eprintln!("{failure}");
                self.failures.push(failure);
                Ok(None)
            }
        }
    }
}

fn canned() -> Result<Target> {
    Ok(Target::Canned(Server::start()?))
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

/// In a self-check of the official driver there is nothing that a depth could change.
fn chosen(suite: Suite, arguments: &ComparisonArguments, right: DriverKind) -> Vec<Group> {
    let mut groups = suite.groups(arguments.only.as_deref());
    if arguments.self_check && right == DriverKind::Official {
        groups.iter_mut().for_each(|group| group.depths.retain(|depth| *depth == 1));
        groups.retain(|group| !group.depths.is_empty());
    }
    groups
}

pub fn plan(arguments: &ComparisonArguments) -> Plan {
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
pub fn default_out(name: &str, arguments: &ComparisonArguments) -> PathBuf {
    let check = if arguments.self_check { "-self-check" } else { "" };
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    benches.parent().unwrap_or(benches).join("target/bench").join(format!("{name}{check}.jsonl"))
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
