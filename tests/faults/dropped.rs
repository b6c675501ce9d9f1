//! Every verb, dropped at its first poll, its second, and so on until it ends by itself.
//!
//! The pool is full, so the call waits; then it is written; then the server sends the reply
//! byte by byte, and the call is polled again after every few. Whatever the moment at which
//! it goes, all sockets are idle afterwards, none was lost and none was opened, and the
//! server has no cursor open.

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Result};
use test_support::{Drip, DropAfter, Gate, Rule, ScriptedServer};

use crate::support::verbs::{self, Call, Verb};
use crate::support::{Pending, SOON, Step, Story, assert_at_rest, build_info, connect, stats, step_by_step};

at_both_depths! {
    run_command, insert_one, insert_many, find, find_one, update_one, delete_one, aggregate,
    cursor_try_next, cursor_next_batch, cursor_stream, cursor_collect_all, database_aggregate,
    bulk_write, connection_bulk_write,
}

const SOCKETS: u32 = 2;
/// Bytes of the reply between two polls.
const BYTES: usize = 16;

/// Visits all polls of a verb. It is prepared while the pool has room.
fn visit(depth: u32, verb: &Verb) {
    let _story = Story::begin();
    let documents = (0..9).map(|number| doc! { "_id": number });
    let server = ScriptedServer::builder().documents(documents).start();
    let connection =
        connect(&server, depth, |builder| builder.max_pool_size(SOCKETS).max_connecting(SOCKETS));
    let mut polls = 0;
    loop {
        let call: Call = (verb.prepare)(&connection);
        let (gate, drip) = (Gate::new(), Drip::new());
        let holders = fill(&connection, &server, depth, &gate);
        server.rule(Rule::on(verb.command).drip(&drip));
        let before = server.log().count(verb.command);
        let (mut progress, mut over) = (0, false);
        let outcome = step_by_step(DropAfter::new(polls, call), || {
            progress += 1;
            match progress {
                1 => assert_eq!(stats(&connection).queued, 1, "the pool is full"),
                2 => {
                    gate.open();
                    server.wait_for(|log| log.count(verb.command) == before + 1, SOON);
                }
                _ => over = over || !drip.let_through(BYTES, SOON),
            }
            if over { Step::Wait } else { Step::Poll }
        });
        gate.open();
        drip.open();
        for holder in holders {
            holder.end().expect("it was only slow");
        }
        if verb.command == "getMore" && outcome.is_none() {
            // A cursor that was dropped before it knew of its end is killed all the same, a
            // little later: among the next holders that would be one too many.
            server.wait_for(|log| log.count("killCursors") == polls + 1, SOON);
        }
        assert_at_rest(&connection, &server);
        assert_eq!(server.log().connections.len(), 3, "none lost, none opened");
        assert_eq!(stats(&connection).total, 2);
        match outcome {
            None => polls += 1,
            Some(result) => break result.expect("nobody dropped it"),
        }
    }
    println!("{} at depth {depth}: {polls} polls", verb.name);
    assert!(polls >= 5, "{} was dropped in {polls} places only", verb.name);
}

/// Takes all the room there is in the pool, until the gate opens.
fn fill(
    connection: &Connection,
    server: &ScriptedServer,
    depth: u32,
    gate: &Gate,
) -> Vec<Pending<Result<Document>>> {
    server.clear_rules();
    server.rule(Rule::on("buildInfo").after(gate));
    let before = server.log().count("buildInfo");
    let calls: Vec<_> = (0..SOCKETS * depth).map(|_| Pending::begin(build_info(connection))).collect();
    server.wait_for(|log| log.count("buildInfo") == before + calls.len(), SOON);
    calls
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
