//! Every verb, dropped at its first poll, its second, and so on until it ends by itself.
//!
//! The pool is full, so the call waits; then it is written; then the server sends the reply
//! byte by byte, and the call is polled again after every few. Whatever the moment at which
//! it goes, all sockets are idle afterwards, none was lost and none was opened, and the
//! server has no cursor open.

use std::pin::Pin;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Cursor, Result};
use test_support::{Drip, DropAfter, Gate, Rule, ScriptedServer};

use crate::support::{
    Pending, SOON, Step, Story, assert_at_rest, build_info, collection, connect, database, soon, stats,
    step_by_step,
};

at_both_depths! {
    run_command, insert_one, insert_many, find, find_one, update_one, delete_one, aggregate,
    cursor_try_next, cursor_next_batch,
}

const SOCKETS: u32 = 2;
/// Bytes of the reply between two polls.
const BYTES: usize = 16;

type Call = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Visits all polls of a verb whose command has this name. `prepare` is called while the
/// pool has room.
fn visit<T>(
    depth: u32,
    verb: &str,
    command: &str,
    prepare: impl Fn(&Connection) -> T,
    call: impl Fn(T) -> Call,
) {
    let _story = Story::begin();
    let documents = (0..9).map(|number| doc! { "_id": number });
    let server = ScriptedServer::builder().documents(documents).start();
    let connection =
        connect(&server, depth, |builder| builder.max_pool_size(SOCKETS).max_connecting(SOCKETS));
    let mut polls = 0;
    loop {
        let prepared = prepare(&connection);
        let (gate, drip) = (Gate::new(), Drip::new());
        let holders = fill(&connection, &server, depth, &gate);
        server.rule(Rule::on(command).drip(&drip));
        let before = server.log().count(command);
        let (mut progress, mut over) = (0, false);
        let outcome = step_by_step(DropAfter::new(polls, call(prepared)), || {
            progress += 1;
            match progress {
                1 => assert_eq!(stats(&connection).queued, 1, "the pool is full"),
                2 => {
                    gate.open();
                    server.wait_for(|log| log.count(command) == before + 1, SOON);
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
        assert_at_rest(&connection, &server);
        assert_eq!(server.log().connections.len(), 3, "none lost, none opened");
        assert_eq!(stats(&connection).total, 2);
        match outcome {
            None => polls += 1,
            Some(result) => break result.expect("nobody dropped it"),
        }
    }
    println!("{verb} at depth {depth}: {polls} polls");
    assert!(polls >= 5, "{verb} was dropped in {polls} places only");
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

fn ready<T: 'static>(call: impl IntoFuture<Output = Result<T>, IntoFuture: Send + 'static>) -> Call {
    let call = call.into_future();
    Box::pin(async move { call.await.map(|_| ()) })
}

fn run_command(depth: u32) {
    let create = |it| ready(database(&it).run_command(doc! { "create": "c" }));
    visit(depth, "run_command", "create", Connection::clone, create);
}

fn insert_one(depth: u32) {
    let insert = |it| ready(collection(&it).insert_one(doc! { "_id": 1 }));
    visit(depth, "insert_one", "insert", Connection::clone, insert);
}

fn insert_many(depth: u32) {
    let insert = |it| ready(collection(&it).insert_many([doc! { "_id": 1 }, doc! { "_id": 2 }]));
    visit(depth, "insert_many", "insert", Connection::clone, insert);
}

fn find(depth: u32) {
    visit(depth, "find", "find", Connection::clone, |it| ready(collection(&it).find(doc! {}).batch_size(2)));
}

fn find_one(depth: u32) {
    visit(depth, "find_one", "find", Connection::clone, |it| ready(collection(&it).find_one(doc! {})));
}

fn update_one(depth: u32) {
    let update = |it| ready(collection(&it).update_one(doc! {}, doc! { "$set": { "a": 1 } }));
    visit(depth, "update_one", "update", Connection::clone, update);
}

fn delete_one(depth: u32) {
    visit(depth, "delete_one", "delete", Connection::clone, |it| ready(collection(&it).delete_one(doc! {})));
}

fn aggregate(depth: u32) {
    let pipeline = [doc! { "$match": {} }];
    let aggregate = move |it| ready(collection(&it).aggregate(pipeline.clone()).batch_size(2));
    visit(depth, "aggregate", "aggregate", Connection::clone, aggregate);
}

/// A cursor whose first batch was read.
fn open_cursor(connection: &Connection) -> Cursor {
    let mut cursor = soon(collection(connection).find(doc! {}).batch_size(2)).unwrap();
    for _ in 0..2 {
        soon(cursor.try_next()).unwrap().expect("a document of the first batch");
    }
    cursor
}

fn cursor_try_next(depth: u32) {
    visit(depth, "cursor.try_next", "getMore", open_cursor, |mut cursor| {
        Box::pin(async move { cursor.try_next().await.map(|_| ()) })
    });
}

fn cursor_next_batch(depth: u32) {
    visit(depth, "cursor.next_batch", "getMore", open_cursor, |mut cursor| {
        Box::pin(async move { cursor.next_batch().await.map(|_| ()) })
    });
}
