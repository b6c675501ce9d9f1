//! Whether both drivers did the same work, from what the server saw of them. Plain sums and
//! comparisons; `client` feeds it after each run.

use std::collections::BTreeMap;

use crate::canned::counters::Seen;
use crate::cases::{Group, Operation};
use crate::cli::DriverKind;

#[derive(Debug)]
pub struct Ledger {
    /// Whose work is the measure
    right: DriverKind,
    work: BTreeMap<(Operation, DriverKind), Work>,
    /// Of runs with callers enough to use every socket: fewest and most that were opened
    pools: BTreeMap<(u32, DriverKind), (u64, u64)>,
}

/// Sums over runs.
#[derive(Debug, Default)]
struct Work {
    runs: u64,
    operations: u64,
    session: u64,
    cluster_time: u64,
    txn_number: u64,
    bytes: u64,
    rejected: u64,
    server_nanos: u64,
}

impl Ledger {
    pub fn new(right: DriverKind) -> Self {
        Self { right, work: BTreeMap::new(), pools: BTreeMap::new() }
    }

    pub fn add(&mut self, group: &Group, driver: DriverKind, seen: &Seen) {
        let work = self.work.entry((group.operation, driver)).or_default();
        work.runs += 1;
        work.operations += seen.operations;
        work.session += seen.with_session;
        work.cluster_time += seen.with_cluster_time;
        work.txn_number += seen.with_txn_number;
        work.bytes += seen.operation_bytes;
        work.rejected += seen.unknown + seen.refused;
        work.server_nanos += seen.cpu_nanos;
        if group.callers >= group.sockets {
            let pool = self.pools.entry((group.sockets, driver));
            let (fewest, most) = pool.or_insert((u64::MAX, 0));
            *fewest = seen.accepted.min(*fewest);
            *most = seen.accepted.max(*most);
        }
    }

    /// Everything that makes the ratios unfair, a sentence each.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for ((operation, driver), work) in &self.work {
            let who = format!("{operation} of {}", driver.name());
            for (what, count) in [("lsid", work.session), ("$clusterTime", work.cluster_time)] {
                let first = FIRST_REQUESTS * work.runs;
                if work.share(count + first) < 1.0 - TOLERANCE {
                    complaints.push(format!("{who}: {:.1}% with {what}", 100.0 * work.share(count)));
                }
            }
            if work.rejected > 0 {
                complaints.push(format!("{who}: {} requests that the server rejected", work.rejected));
            }
            if let Some(other) = self.work.get(&(*operation, self.right)) {
                let (own, other) = (work.share(work.txn_number), other.share(other.txn_number));
                if (own - other).abs() > TOLERANCE {
                    let (own, other, right) = (100.0 * own, 100.0 * other, self.right.name());
                    complaints.push(format!("{who}: {own:.1}% with txnNumber, {right} {other:.1}%"));
                }
            }
        }
        complaints
    }

    pub fn print(&self) {
        if self.work.is_empty() {
            return;
        }
        println!("\nWhat the server saw (its own processor time in the last column):");
        println!(
            "{:<24} {:<9} {:>10} {:>8} {:>13} {:>10} {:>10} {:>11}",
            "op", "driver", "requests", "lsid", "$clusterTime", "txnNumber", "bytes/req", "server/req"
        );
        for ((operation, driver), work) in &self.work {
            println!(
                "{:<24} {:<9} {:>10} {:>7.2}% {:>12.2}% {:>9.2}% {:>10.0} {:>8.2} µs",
                operation,
                driver.name(),
                work.operations,
                100.0 * work.share(work.session),
                100.0 * work.share(work.cluster_time),
                100.0 * work.share(work.txn_number),
                work.share(work.bytes),
                work.share(work.server_nanos) / 1e3,
            );
        }
        println!("Sockets opened in a run, those of monitors included:");
        for ((sockets, driver), (fewest, most)) in &self.pools {
            println!("pool of {sockets:>3} {:<9} {fewest} to {most}", driver.name());
        }
    }
}

impl Work {
    fn share(&self, count: u64) -> f64 {
        count as f64 / self.operations.max(1) as f64
    }
}

/// In each run these may come before the cluster's time is known.
const FIRST_REQUESTS: u64 = 2;
const TOLERANCE: f64 = 0.005;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::HostKind;

    fn seen(txn_number: u64) -> Seen {
        Seen {
            operations: 1000,
            with_session: 1000,
            with_cluster_time: 999,
            with_txn_number: txn_number,
            ..Seen::default()
        }
    }

    fn group() -> Group {
        let (operation, host) = (Operation::Insert, HostKind::Tokio);
        Group { operation, host, callers: 64, sockets: 10, depths: vec![1] }
    }

    #[test]
    fn equal_work_is_not_complained_of() {
        let mut ledger = Ledger::new(DriverKind::Official);
        ledger.add(&group(), DriverKind::Ours, &seen(1000));
        ledger.add(&group(), DriverKind::Official, &seen(1000));
        assert_eq!(ledger.complaints(), Vec::<String>::new());
    }

    #[test]
    fn missing_sessions_retries_and_rejected_requests_are_named() {
        let mut ledger = Ledger::new(DriverKind::Official);
        let lazy = Seen { with_session: 400, unknown: 2, ..seen(0) };
        ledger.add(&group(), DriverKind::Ours, &lazy);
        ledger.add(&group(), DriverKind::Official, &seen(1000));
        assert_eq!(
            ledger.complaints(),
            [
                "insert of ours: 40.0% with lsid",
                "insert of ours: 2 requests that the server rejected",
                "insert of ours: 0.0% with txnNumber, official 100.0%",
            ]
        );
    }
}
