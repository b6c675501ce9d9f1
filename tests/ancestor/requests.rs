//! `start_request`, `end_request`: calls that share one socket, in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::messages::RunCommand;
use actix_mongo::{
    Collection, Connection, CursorType, Kind, PoolStats, ReadMode, ReadPreference, Request, WriteConcern,
};
use test_support::real_server::Options;
use test_support::{RealServer, block_on, poll_until};

use crate::support::{Fixture, SOON, fixture, fixture_alone, uri};

fn start(connection: &Connection) -> Request {
    block_on(connection.start_request().into_future()).unwrap()
}

/// The fixture's database through this handle.
fn things(handle: &Connection, fixture: &Fixture) -> Collection {
    handle.database(fixture.database.name()).unwrap().collection("things").unwrap()
}

/// The client's end of the socket that a command comes over, as the server sees it.
fn socket(handle: &Connection) -> String {
    let admin = handle.database("admin").unwrap();
    let reply = block_on(admin.run_command(doc! { "whatsmyuri": 1 }).into_future()).unwrap();
    reply.get_str("you").unwrap().to_owned()
}

/// A connection of this many sockets at most to the server that tests share.
fn small(sockets: u32) -> Connection {
    block_on(Connection::builder().uri(uri()).unwrap().max_pool_size(sockets).connect()).unwrap()
}

fn pool(connection: &Connection) -> PoolStats {
    connection.state().servers[0].pool.clone().expect("it has a pool")
}

#[track_caller]
fn assert_at_rest(connection: &Connection) {
    poll_until(SOON, "all sockets to be idle", || {
        let pool = pool(connection);
        pool.leased == 0 && pool.queued == 0 && pool.idle == pool.total
    });
}

/// Writes that nobody waits for, each followed by a read, while others use the connection as
/// well. How many rounds of so many saw their write; ends with the first that did not.
fn rounds_in_order(handle: &Connection, fixture: &Fixture, rounds: i32) -> i32 {
    let things = things(handle, fixture);
    let unanswered = things.with_write_concern(WriteConcern::nodes(0));
    for round in 0..rounds {
        block_on(unanswered.insert_one(doc! { "_id": round }).into_future()).unwrap();
        let found = block_on(things.find_one(doc! { "_id": round }).into_future()).unwrap();
        if found.is_none() {
            return round;
        }
    }
    rounds
}

#[test]
fn an_unacknowledged_write_and_the_read_after_it_see_each_other() {
    let fixture = fixture_alone();
    // Inserts dawdle: who reads over another socket is ahead of them.
    let dawdle = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 5 };
    fixture.fail("alwaysOn", dawdle);
    let busy = AtomicBool::new(true);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let others = fixture.database.collection("others").unwrap();
                while busy.load(Ordering::Relaxed) {
                    let _: Option<Document> = block_on(others.find_one(doc! {}).into_future()).unwrap();
                }
            });
        }
        let _stop = Stop(&busy);
        let request = start(&fixture.connection);
        assert_eq!(rounds_in_order(&request, &fixture, 150), 150);
        request.end_request();
        block_on(fixture.things().delete_many(doc! {}).into_future()).unwrap();
        let without = rounds_in_order(&fixture.connection, &fixture, 1000);
        assert!(without < 1000, "without a request the order holds as well: this shows nothing");
    });
}

/// Ends the load, also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[test]
fn all_calls_of_a_request_come_over_one_socket_and_nobody_elses_do() {
    let fixture = fixture();
    let request = start(&fixture.connection);
    assert!(request.in_request() && !fixture.connection.in_request());
    let mine = socket(&request);
    for _ in 0..20 {
        assert_ne!(socket(&fixture.connection), mine);
        assert_eq!(socket(&request), mine);
    }
    // Whatever is derived from it belongs to it; also from another task.
    let derived = request.with_timeout(Duration::from_secs(10)).with_document_type::<Document>();
    assert!(derived.in_request());
    assert_eq!(thread::spawn(move || socket(&derived)).join().unwrap(), mine);
    let secondary = request.with_read_preference(ReadPreference::new(ReadMode::SecondaryPreferred));
    assert_eq!(socket(&secondary), mine);
    let session = request.start_session().start().unwrap();
    assert_eq!(socket(&request.bound_to(&session)), mine);
    let outside = fixture.connection.start_session().start().unwrap();
    assert_eq!(socket(&request.bound_to(&outside)), mine);
    let other = start(&request);
    assert_ne!(socket(&other), mine, "a request of its own");
    assert_eq!(pool(&fixture.connection).by_requests, 2);
    let server = fixture.connection.state().servers[0].address.clone();
    assert_eq!(request.server(), server);
    request.end_request();
    assert!(other.in_request());
    drop(other);
    assert_at_rest(&fixture.connection);
}

#[test]
fn an_actor_made_through_a_request_is_outside_of_it() {
    let connection = small(2);
    let request = start(&connection);
    let mine = socket(&request);
    let actor = request.start_actor();
    let reply = block_on(actor.send(RunCommand::new("admin", doc! { "whatsmyuri": 1 }))).unwrap().unwrap();
    assert_ne!(reply.get_str("you").unwrap(), mine);
}

#[test]
fn a_request_counts_towards_the_pool_and_whoever_finds_no_socket_waits() {
    let connection = small(2);
    let (one, two) = (start(&connection), start(&connection));
    assert_ne!(socket(&one), socket(&two));
    let third = connection.start_request().timeout(Duration::from_millis(50));
    let error = block_on(third.into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    assert!(error.to_string().starts_with("start_request"), "{error}");
    let hasty = connection.with_timeout(Duration::from_millis(50));
    assert_eq!(block_on(hasty.start_request().into_future()).unwrap_err().kind(), Kind::Timeout);
    let waiting = thread::spawn({
        let connection = connection.clone();
        move || start(&connection)
    });
    poll_until(SOON, "the third to wait", || pool(&connection).queued == 1);
    drop(one);
    let third = waiting.join().unwrap();
    assert_ne!(socket(&third), socket(&two));
    third.end_request();
    two.end_request();
    assert_at_rest(&connection);
    assert_eq!(pool(&connection).total, 2);
}

#[test]
fn cursors_of_a_request_live_on_its_socket() {
    let fixture = fixture_alone();
    fixture.numbers(100);
    let uri = format!("mongodb://{}/", fixture.connection.state().servers[0].address);
    let connection = block_on(Connection::builder().uri(uri).unwrap().max_pool_size(1).connect()).unwrap();
    let request = start(&connection);
    let numbers = things(&request, &fixture);
    // There is no other socket that a batch, or a kill, could come over.
    let cursor = block_on(numbers.find(doc! {}).batch_size(7).into_future()).unwrap();
    assert_eq!(block_on(cursor.collect_all()).unwrap().len(), 100);
    let stream = block_on(numbers.find(doc! {}).batch_size(7).exhaust(true).into_future()).unwrap();
    assert_eq!(block_on(stream.collect_all()).unwrap().len(), 100);
    let mut dropped = block_on(numbers.find(doc! {}).batch_size(7).into_future()).unwrap();
    block_on(dropped.try_next()).unwrap();
    assert_eq!(fixture.open_cursors(), 1);
    drop(dropped);
    fixture.wait_for_kills();
    assert_eq!(pool(&connection).by_requests, 1);
    let outlives = block_on(numbers.find(doc! {}).batch_size(7).into_future()).unwrap();
    request.end_request();
    assert_eq!(block_on(outlives.collect_all()).unwrap().len(), 100);
    assert_eq!(
        block_on(numbers.count_documents(doc! {}).into_future()).unwrap_err().kind(),
        Kind::InvalidArgument
    );
    assert_at_rest(&connection);
}

#[test]
fn a_tailable_cursor_shares_the_socket_with_the_writes_that_it_waits_for() {
    let fixture = fixture();
    let name = fixture.database.name();
    let connection = small(1);
    let request = start(&connection);
    let database = request.database(name).unwrap();
    let make = doc! { "create": "capped", "capped": true, "size": 65_536 };
    block_on(database.run_command(make).into_future()).unwrap();
    let capped = database.collection("capped").unwrap();
    block_on(capped.insert_one(doc! { "_id": 0 }).into_future()).unwrap();
    let tail = capped.find(doc! {}).cursor_type(CursorType::TailableAwait);
    let mut cursor = block_on(tail.max_await_time(Duration::from_millis(20)).into_future()).unwrap();
    for id in 0..5 {
        assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": id }));
        assert_eq!(block_on(cursor.next_if_any()).unwrap(), None);
        block_on(capped.insert_one(doc! { "_id": id + 1 }).into_future()).unwrap();
    }
    assert_eq!(pool(&connection).parked, 0);
}

#[test]
fn a_server_that_restarts_ends_what_the_request_promised_until_it_is_pinned_again() {
    let mut server = RealServer::start(Options::new()).unwrap();
    let connection = block_on(Connection::connect(server.uri())).unwrap();
    let request = start(&connection);
    let things = request.database("d").unwrap().collection("things").unwrap();
    block_on(things.insert_one(doc! { "_id": 1 }).into_future()).unwrap();
    let before = socket(&request);
    server.kill().unwrap();
    server.restart().unwrap();
    // The connection heals by itself, the request does not.
    let outside = connection.database("d").unwrap().collection("things").unwrap();
    poll_until(SOON, "a primary", || block_on(outside.find_one(doc! {}).into_future()).is_ok());
    for _ in 0..2 {
        let error = block_on(things.find_one(doc! { "_id": 1 }).into_future()).unwrap_err();
        assert_eq!(error.kind(), Kind::AutoReconnect, "{error}");
    }
    block_on(request.repin()).unwrap();
    assert_ne!(socket(&request), before);
    block_on(things.find_one(doc! { "_id": 1 }).into_future()).unwrap();
}

#[test]
fn disconnect_leaves_the_socket_of_a_request_until_that_ends() {
    let connection = small(3);
    let request = start(&connection);
    let mine = socket(&request);
    assert_ne!(socket(&connection), mine);
    block_on(connection.disconnect().into_future()).unwrap();
    assert_eq!(socket(&request), mine);
    drop(request);
    poll_until(SOON, "the socket to be closed", || pool(&connection).total == 0);
    assert_ne!(socket(&connection), mine);
}

#[test]
fn a_server_that_steps_down_refuses_writes_and_keeps_the_socket() {
    let fixture = fixture_alone();
    let request = start(&fixture.connection);
    let mine = socket(&request);
    let things = things(&request, &fixture);
    let refused = doc! { "failCommands": ["insert"], "errorCode": 10107, "closeConnection": false };
    fixture.fail(doc! { "times": 1 }, refused);
    let error = block_on(things.insert_one(doc! { "_id": 1 }).into_future()).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(10107), 1), "{error}");
    assert!(request.lost().is_none());
    block_on(things.insert_one(doc! { "_id": 1 }).into_future()).unwrap();
    assert_eq!(socket(&request), mine);
}
