//! The explorer finds what is wrong: each of these pools has one defect.

use crate::explorer::explore;
use crate::scenarios::{deep, ending, options, renewing, scenario, two};
use crate::small::Small;
use crate::subject::Fault;
use crate::world::Scenario;

/// The defect is found, in these words.
fn finds(fault: Fault, words: &str, scenario: &Scenario) {
    let what = match explore(scenario, fault) {
        Ok(seen) => panic!("{fault:?} went unnoticed in {seen:?}"),
        Err(what) => what,
    };
    assert!(what.contains(words), "{fault:?} was found by another trace: {what}");
}

fn small() -> Scenario {
    scenario(options(), vec![Small::PLAIN, Small::PLAIN, Small::PLAIN])
}

fn with_deadlines() -> Scenario {
    let entries = vec![Small::PLAIN.until(1), Small::PLAIN.until(1)];
    Scenario { ticks: 1, ..scenario(two(), entries) }
}

#[test]
fn a_supervisor_that_is_not_told() {
    finds(Fault::LosesGrow, "nobody was told", &small());
}

#[test]
fn an_alarm_that_is_not_set() {
    finds(Fault::LosesAlarm, "no alarm is set", &with_deadlines());
}

#[test]
fn a_wake_up_that_is_lost() {
    finds(Fault::LosesWakeUp, "is free", &small());
}

#[test]
fn a_wake_up_that_is_lost_behind_an_exclusive_entry() {
    let entries = vec![Small::PLAIN, Small::exclusive(), Small::PLAIN];
    let quiet = Scenario { opens: 1, clears: 0, closes: 0, ..scenario(deep(options()), entries) };
    finds(Fault::LosesMore, "is free", &quiet);
}

#[test]
fn an_entry_that_is_lost() {
    finds(Fault::LosesEntry, "cancel gives None", &small());
}

#[test]
fn an_entry_that_is_given_twice() {
    finds(Fault::GivesTwice, "left, and was not there", &with_deadlines());
}

#[test]
fn a_socket_too_many() {
    finds(Fault::GrantsTooMany, "not wanted or not allowed", &small());
}

#[test]
fn an_entry_that_overtakes() {
    finds(Fault::Overtakes, "is the oldest", &small());
}

#[test]
fn a_stale_socket_that_goes_on() {
    finds(Fault::KeepsStale, "goes on", &small());
}

#[test]
fn a_clear_that_fails_nobody() {
    finds(Fault::ClearKeepsWaiting, "fails []", &small());
}

fn with_an_end() -> Scenario {
    ending(options(), vec![Small::PLAIN, Small::PLAIN, Small::last()])
}

#[test]
fn an_end_that_forgets_who_waited() {
    finds(Fault::RefuseKeepsWaiting, "sends [] away", &with_an_end());
}

#[test]
fn an_end_that_takes_everybody_in() {
    finds(Fault::TakesWhileClosing, "does not serve", &with_an_end());
}

#[test]
fn an_end_that_loses_last_words() {
    finds(Fault::RefuseLosesLast, "wait, not", &with_an_end());
}

#[test]
fn a_renewal_that_fails_who_waits() {
    let renewing = renewing(options(), vec![Small::PLAIN, Small::PLAIN]);
    finds(Fault::RenewFailsWaiting, "a renewal fails", &renewing);
}
