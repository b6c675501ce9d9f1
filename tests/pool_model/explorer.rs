//! Lets everything happen that can, in every order.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use crate::subject::Fault;
use crate::world::{Action, Scenario, World};

/// How much was seen.
#[derive(Debug)]
pub struct Seen {
    pub states: usize,
    pub steps: usize,
}

/// Steps through every sequence of actions that the scenario's bounds allow. Two
/// sequences that lead to equal worlds (pool, ledger and surroundings) have equal
/// futures, so these are explored once. The error names the sequence that went wrong.
pub fn explore(scenario: &Scenario, fault: Fault) -> Result<Seen, String> {
    let mut explorer = Explorer {
        scenario,
        // Worlds by their hashes: at a million of them, the chance that two different
        // ones are taken for equal is below one in ten million.
        visited: HashSet::new(),
        trace: Vec::new(),
        steps: 0,
    };
    let outcome = explorer.visit(&World::new(scenario, fault));
    outcome.map_err(|sentence| format!("{sentence}, after {:?}", explorer.trace))?;
    Ok(Seen { states: explorer.visited.len(), steps: explorer.steps })
}

struct Explorer<'a> {
    scenario: &'a Scenario,
    visited: HashSet<u64>,
    trace: Vec<Action>,
    steps: usize,
}

impl Explorer<'_> {
    fn visit(&mut self, world: &World) -> Result<(), String> {
        for action in world.actions(self.scenario) {
            self.trace.push(action);
            self.steps += 1;
            let mut next = world.clone();
            next.step(action, self.scenario)?;
            let mut hasher = Folding(0);
            next.hash(&mut hasher);
            if self.visited.insert(hasher.finish()) {
                next.audit()?;
                self.visit(&next)?;
            }
            self.trace.pop();
        }
        Ok(())
    }
}

/// Multiplies what it is fed into 128 bits and folds them. The standard hasher takes most
/// of the time in a build without optimization.
struct Folding(u64);

impl Folding {
    fn feed(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value ^ 0x9e37_79b9_7f4a_7c15) * 0xd129_42d5_4f6b_9e31;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for Folding {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.feed(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.feed(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.feed(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.feed(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.feed(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.feed(value as u64);
    }
}
