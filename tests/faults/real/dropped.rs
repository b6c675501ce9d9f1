//! Every verb, dropped at its first poll, its second, and so on until it ends by itself.
//!
//! The pool of one socket is full, so the call waits; then it is written; then its reply comes in small
//! pieces, and the call is polled again after each.

use std::time::Duration;

use actix_mongo::bson::doc;
use test_support::DropAfter;
use test_support::fault_proxy::{FaultProxy, Traffic};
use test_support::poll::holds_within;

use super::Real;
use crate::support::verbs::{self, Verb};
use crate::support::{Step, Story, collection, soon, stats, step_by_step};

at_both_depths! {
    run_command, insert_one, insert_many, find, find_one, update_one, delete_one, aggregate,
    cursor_try_next, cursor_next_batch, cursor_stream, cursor_collect_all, database_aggregate,
    bulk_write, connection_bulk_write,
    the_server_tells_of_cursors_that_are_open,
}

/// Bytes that come down between two polls.
const BYTES: u64 = 32;
/// If none come for so long, there are no more. Should the machine have been asleep, the
/// call is polled fewer times.
const SILENCE: Duration = Duration::from_millis(500);

/// How often a little more is let through.
const TRIES: usize = 40;

fn visit(depth: u32, verb: &Verb) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, 1, |builder| builder);
    let length = real.length_of_a_ping(&connection);
    let mut polls = 0;
    loop {
        let call = (verb.prepare)(&connection);
        let holders = real.hold(&connection, depth);
        let (mut progress, mut over) = (0, false);
        let outcome = step_by_step(DropAfter::new(polls, call), || {
            progress += 1;
            match progress {
                // Perhaps with the kill of a cursor that came to its end by itself.
                1 => assert!(stats(&connection).queued >= 1, "the pool is full"),
                2 => {
                    // As much as the holders' replies have. A heartbeat's may come in between
                    // and take of that; then a little more is let through.
                    let mut until = real.down() + length * u64::from(depth);
                    real.proxy.down(Traffic::UpTo(until));
                    real.proxy.up(Traffic::Pass);
                    let its_turn = || stats(&connection).queued == 0;
                    let more = || {
                        until += length;
                        real.proxy.down(Traffic::UpTo(until));
                    };
                    let mut tries = std::iter::repeat_with(more).take(TRIES);
                    while !holds_within(SILENCE, its_turn) {
                        assert!(tries.next().is_some(), "waited in vain for its turn");
                    }
                }
                _ => over = over || !real.let_through(BYTES, SILENCE),
            }
            match over {
                true => {
                    real.proxy.pass();
                    Step::Wait
                }
                false => Step::Poll,
            }
        });
        real.proxy.pass();
        for holder in holders {
            holder.end().expect("it was only slow");
        }
        real.assert_at_rest(&connection);
        assert_eq!(real.proxy.accepted(), 2, "none lost, none opened");
        assert_eq!(stats(&connection).total, 1);
        match outcome {
            None => polls += 1,
            Some(result) => break result.expect("nobody dropped it"),
        }
    }
    println!("{} at depth {depth}, real server: {polls} polls", verb.name);
    assert!(polls >= 5, "{} was dropped in {polls} places only", verb.name);
}

fn run_command(depth: u32) {
    visit(depth, &verbs::RUN_COMMAND);
}

fn insert_one(depth: u32) {
    visit(depth, &verbs::INSERT_ONE);
}

fn insert_many(depth: u32) {
    visit(depth, &verbs::INSERT_MANY);
}

fn find(depth: u32) {
    visit(depth, &verbs::FIND);
}

fn find_one(depth: u32) {
    visit(depth, &verbs::FIND_ONE);
}

fn update_one(depth: u32) {
    visit(depth, &verbs::UPDATE_ONE);
}

fn delete_one(depth: u32) {
    visit(depth, &verbs::DELETE_ONE);
}

fn aggregate(depth: u32) {
    visit(depth, &verbs::AGGREGATE);
}

fn cursor_try_next(depth: u32) {
    visit(depth, &verbs::CURSOR_TRY_NEXT);
}

fn cursor_next_batch(depth: u32) {
    visit(depth, &verbs::CURSOR_NEXT_BATCH);
}

fn cursor_stream(depth: u32) {
    visit(depth, &verbs::CURSOR_STREAM);
}

fn cursor_collect_all(depth: u32) {
    visit(depth, &verbs::CURSOR_COLLECT_ALL);
}

fn database_aggregate(depth: u32) {
    visit(depth, &verbs::DATABASE_AGGREGATE);
}

fn bulk_write(depth: u32) {
    visit(depth, &verbs::BULK_WRITE);
}

fn connection_bulk_write(depth: u32) {
    visit(depth, &verbs::CONNECTION_BULK_WRITE);
}

/// Else the others would prove nothing.
fn the_server_tells_of_cursors_that_are_open(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, 1, |builder| builder);
    let cursor = soon(collection(&connection).find(doc! {}).batch_size(2)).unwrap();
    assert_eq!(real.open_cursors(), 1);
    drop(cursor);
    real.assert_at_rest(&connection);
    assert_eq!(real.open_cursors(), 0);
}
