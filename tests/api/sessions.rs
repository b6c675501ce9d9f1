//! Sessions and repeated attempts against the real server.

use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{ClientSession, Collection, Connection, Error, ReadConcern, WriteConcern, label};
use test_support::real_server::Options;
use test_support::{RealServer, block_on};

use crate::support::{Fixture, fixture, fixture_alone};

fn start(fixture: &Fixture) -> ClientSession {
    fixture.connection.start_session().start().unwrap()
}

#[test]
fn a_causally_consistent_session_reads_what_it_wrote() {
    let fixture = fixture();
    let things = fixture.things().with_read_concern(ReadConcern::majority());
    let things = things.with_write_concern(WriteConcern::majority());
    let session = start(&fixture);
    block_on(session.scope(async {
        things.insert_one(doc! { "_id": 1 }).await.unwrap();
        let written = session.operation_time().expect("the server tells its times");
        things.update_one(doc! { "_id": 1 }, doc! { "$set": { "a": 1 } }).await.unwrap();
        assert!(session.operation_time() > Some(written));
        assert_eq!(things.find_one(doc! {}).await.unwrap(), Some(doc! { "_id": 1, "a": 1 }));
    }));
    assert!(session.cluster_time().is_some());
}

#[test]
fn a_duplicate_key_tells_the_session_its_time() {
    let fixture = fixture();
    let (things, session) = (fixture.numbers(1), start(&fixture));
    let error = block_on(things.insert_one(doc! { "_id": 0 }).session(&session).into_future()).unwrap_err();
    assert!(error.is_duplicate_key());
    assert!(session.operation_time().is_some());
}

#[test]
fn many_tasks_share_one_session() {
    let fixture = fixture();
    let session = start(&fixture);
    let things = fixture.things().bound_to(&session);
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let things = things.clone();
            std::thread::spawn(move || {
                for m in 0..10 {
                    block_on(things.insert_one(doc! { "_id": n * 10 + m }).into_future()).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let cursor = block_on(things.find(doc! {}).batch_size(7).into_future()).unwrap();
    assert_eq!(block_on(cursor.collect_all()).unwrap().len(), 80);
}

/// Snapshot sessions, by what this server does of them.
#[test]
fn a_snapshot_session_reads_and_does_not_write() {
    let fixture = fixture();
    let things = fixture.numbers(3);
    let session = fixture.connection.start_session().snapshot(true).start().unwrap();
    let cursor = block_on(things.find(doc! {}).session(&session).into_future()).unwrap();
    assert_eq!(block_on(cursor.collect_all()).unwrap().len(), 3);
    block_on(things.insert_one(doc! { "_id": 9 }).session(&session).into_future())
        .expect_err("the server refuses writes at a point in time");
}

/// Retryable reads, prose test 1; retryable writes, prose test 2.
#[test]
fn calls_that_a_cleared_pool_sends_away_are_repeated() {
    let server = RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
    let builder = Connection::builder().uri(server.uri()).unwrap().max_pool_size(1);
    let connection = block_on(builder.connect()).unwrap();
    let things: Collection = connection.database("d").unwrap().collection("things").unwrap();
    for command in ["find", "insert"] {
        let data = doc! {
            "failCommands": [command], "errorCode": 91, "blockConnection": true, "blockTimeMS": 300,
            "errorLabels": [label::RETRYABLE_WRITE],
        };
        let fail = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": data };
        block_on(connection.database("admin").unwrap().run_command(fail).into_future()).unwrap();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let things = things.clone();
                std::thread::spawn(move || match command {
                    "find" => block_on(things.find_one(doc! {}).into_future()).map(drop),
                    _ => block_on(things.insert_one(doc! {}).into_future()).map(drop),
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap().unwrap_or_else(|error| panic!("{command}: {error}"));
        }
    }
}

/// Client back-pressure, prose test 3.
#[test]
fn overload_errors_are_repeated_twice() {
    let fixture = fixture_alone();
    let data = doc! {
        "failCommands": ["find"], "errorCode": 462,
        "errorLabels": [label::SYSTEM_OVERLOADED, label::RETRYABLE],
    };
    let find = || -> Result<_, Error> { block_on(fixture.things().find_one(doc! {}).into_future()) };
    fixture.fail(doc! { "times": 2 }, data.clone());
    find().expect("the third attempt");
    fixture.fail(doc! { "times": 3 }, data);
    let began = Instant::now();
    let error = find().expect_err("all three failed");
    assert!(error.has_label(label::SYSTEM_OVERLOADED) && error.has_label(label::RETRYABLE));
    assert!(began.elapsed() < Duration::from_secs(5), "two waits of less than a second together");
    find().expect("the fail point is used up");
}

/// The batch under way stays with its cursor, and must not stay in the session's line.
#[test]
fn a_cursor_whose_caller_was_dropped_holds_up_nobody() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(6);
    let session = fixture.connection.start_session().start().unwrap();
    let mut cursor = block_on(numbers.find(doc! {}).batch_size(2).session(&session).into_future()).unwrap();
    for _ in 0..2 {
        block_on(cursor.try_next()).unwrap().unwrap();
    }
    fixture
        .fail("alwaysOn", doc! { "failCommands": ["getMore"], "blockConnection": true, "blockTimeMS": 100 });
    assert!(block_on(test_support::DropAfter::new(1, cursor.try_next())).is_none());
    let insert = numbers.insert_one(doc! { "_id": 7 }).session(&session).timeout(Duration::from_secs(10));
    block_on(insert.into_future()).unwrap();
    assert!(block_on(cursor.try_next()).unwrap().is_some(), "no document is lost");
}

#[test]
fn a_timeout_of_months_is_no_error_of_the_server() {
    let fixture = fixture();
    let numbers = fixture.numbers(1);
    for timeout in [Duration::from_secs(60 * 60 * 24 * 365), Duration::MAX] {
        assert!(block_on(numbers.find_one(doc! {}).timeout(timeout).into_future()).unwrap().is_some());
    }
}
