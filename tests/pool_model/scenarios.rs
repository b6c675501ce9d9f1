//! The sizes that are explored.

use std::time::Duration;

use actix_mongo::pool::{PoolOptions, Purpose};

use crate::explorer::explore;
use crate::small::Small;
use crate::subject::Fault;
use crate::world::Scenario;

/// Options as small as they get.
pub fn options() -> PoolOptions {
    PoolOptions {
        max_size: 1,
        max_connecting: 1,
        max_queued_requests: 2,
        max_queued_bytes: 100,
        max_parked: Some(10),
        ..PoolOptions::default()
    }
}

/// What may happen to a pool with these options and entries.
pub fn scenario(options: PoolOptions, entries: Vec<Small>) -> Scenario {
    Scenario { options, entries, ticks: 0, opens: 2, clears: 1, closes: 1, refuses: 0, renewals: 0 }
}

/// Two sockets, two at a time.
pub fn two() -> PoolOptions {
    PoolOptions { max_size: 2, max_connecting: 2, ..options() }
}

/// Two requests in flight on a socket.
pub fn deep(options: PoolOptions) -> PoolOptions {
    PoolOptions { pipeline_depth: 2, ..options }
}

const LEASE: Small = Small::lease(Purpose::Request);

fn holds(scenario: &Scenario) {
    match explore(scenario, Fault::None) {
        Ok(seen) => {
            println!("{} states, {} steps", seen.states, seen.steps);
            assert!(seen.states > 1000, "hardly anything happened: {seen:?}");
        }
        Err(what) => panic!("{what}\nin {scenario:?}"),
    }
}

/// A scenario that takes minutes, for those who ask for it.
fn holds_if_long(scenario: &Scenario) {
    if std::env::var_os("ACTIX_MONGO_LONG").is_some_and(|value| value == "1") {
        holds(scenario);
    } else {
        println!("skipped: ACTIX_MONGO_LONG is not 1");
    }
}

#[test]
fn one_socket() {
    let entries = vec![Small::PLAIN, Small::exclusive(), LEASE];
    holds(&scenario(options(), entries));
}

#[test]
fn two_sockets() {
    let entries = vec![Small::PLAIN, Small::PLAIN, LEASE];
    holds(&scenario(two(), entries));
}

#[test]
fn two_sockets_one_at_a_time_with_a_minimum() {
    let options = PoolOptions { max_connecting: 1, min_size: 1, ..two() };
    holds(&scenario(options, vec![Small::PLAIN, LEASE]));
}

#[test]
fn waits_that_end() {
    holds(&deadlines(0));
}

#[test]
fn long_waits_that_end_by_a_clear() {
    holds_if_long(&deadlines(1));
}

fn deadlines(clears: u8) -> Scenario {
    let entries = vec![Small::PLAIN.until(2), Small::PLAIN.until(1), LEASE.until(1)];
    Scenario { ticks: 2, opens: 1, clears, closes: 0, ..scenario(options(), entries) }
}

#[test]
fn sockets_that_perish() {
    let options = PoolOptions { max_idle: Some(Duration::from_secs(1)), min_size: 1, ..two() };
    holds(&Scenario {
        ticks: 2,
        opens: 3,
        clears: 0,
        closes: 0,
        ..scenario(options, vec![Small::PLAIN, Small::PLAIN])
    });
}

#[test]
fn parked_leases() {
    let options = PoolOptions { max_parked: Some(1), ..options() };
    let parked = Small::lease(Purpose::Parked);
    holds(&Scenario { opens: 1, closes: 0, ..scenario(options, vec![parked, Small::PLAIN, parked]) });
}

#[test]
fn bytes_that_wait() {
    let options = PoolOptions { max_queued_requests: 3, max_queued_bytes: 3, ..options() };
    let entries = [1, 2, 1].map(Small::of_bytes);
    holds(&Scenario { opens: 1, closes: 0, ..scenario(options, entries.to_vec()) });
}

#[test]
fn two_in_flight_on_one_socket() {
    let entries = vec![Small::PLAIN, Small::PLAIN, Small::exclusive(), Small::PLAIN];
    holds(&Scenario { opens: 1, clears: 0, closes: 0, ..scenario(deep(options()), entries) });
}

#[test]
fn two_in_flight_with_leases_and_clears() {
    let entries = vec![Small::PLAIN, Small::PLAIN, LEASE];
    holds(&scenario(deep(options()), entries));
}

#[test]
fn two_in_flight_on_two_sockets() {
    let entries = vec![Small::PLAIN, Small::PLAIN, Small::exclusive()];
    holds(&Scenario { clears: 0, ..scenario(deep(two()), entries) });
}

#[test]
fn long_two_clears_on_two_sockets() {
    let entries = vec![Small::PLAIN, Small::PLAIN, LEASE];
    holds_if_long(&Scenario { opens: 3, clears: 2, ..scenario(two(), entries) });
}

#[test]
fn long_five_entries_in_a_deep_pool() {
    let plain = Small::PLAIN;
    let entries = vec![plain, plain, plain, Small::exclusive(), LEASE];
    holds_if_long(&Scenario { opens: 2, clears: 0, closes: 0, ..scenario(deep(two()), entries) });
}

/// The end in its two steps: ordinary entries are sent away, last words are served.
pub fn ending(options: PoolOptions, entries: Vec<Small>) -> Scenario {
    Scenario { clears: 0, refuses: 1, ..scenario(options, entries) }
}

#[test]
fn an_end_with_last_words() {
    holds(&ending(options(), vec![Small::PLAIN, Small::last(), LEASE]));
}

#[test]
fn an_end_with_two_sockets_and_a_minimum() {
    let options = PoolOptions { min_size: 1, ..two() };
    holds(&ending(options, vec![Small::PLAIN, Small::last(), Small::last()]));
}

#[test]
fn an_end_in_the_midst_of_clears() {
    holds(&Scenario { clears: 1, ..ending(options(), vec![Small::PLAIN, Small::last()]) });
}

#[test]
fn an_end_with_two_in_flight_on_one_socket() {
    let entries = vec![Small::PLAIN, Small::exclusive(), Small::last()];
    holds(&Scenario { opens: 1, ..ending(deep(options()), entries) });
}

/// All sockets anew, in the midst of everything.
pub fn renewing(options: PoolOptions, entries: Vec<Small>) -> Scenario {
    Scenario { opens: 3, clears: 0, closes: 0, renewals: 1, ..scenario(options, entries) }
}

#[test]
fn a_renewal_of_two_sockets() {
    holds(&renewing(two(), vec![Small::PLAIN, Small::PLAIN, LEASE]));
}

#[test]
fn a_renewal_of_a_shared_socket() {
    holds(&renewing(deep(options()), vec![Small::PLAIN, Small::exclusive(), LEASE]));
}

#[test]
fn a_renewal_with_a_minimum_a_clear_and_an_end() {
    let options = PoolOptions { min_size: 1, ..two() };
    let entries = vec![Small::PLAIN, Small::last()];
    holds(&Scenario { opens: 2, clears: 1, refuses: 1, ..renewing(options, entries) });
}
