//! `disconnect`: every socket closes, and the next use opens others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Connection, CursorType, Kind, PoolStats};
use test_support::real_server::Options;
use test_support::{RealServer, block_on, poll_until};

use crate::support::{Fixture, SOON, fixture, fixture_alone};

fn disconnect(connection: &Connection) {
    block_on(connection.disconnect().into_future()).unwrap();
}

fn pool(connection: &Connection) -> PoolStats {
    connection.state().servers[0].pool.clone().expect("it lives")
}

/// Another connection to the same server, with this many sockets in its pool.
fn busy(fixture: &Fixture, sockets: usize) -> Connection {
    let address = fixture.connection.state().servers[0].address.clone();
    let connection = block_on(Connection::connect(format!("mongodb://{address}"))).unwrap();
    let block = doc! { "failCommands": ["count"], "blockConnection": true, "blockTimeMS": 300 };
    fixture.fail(doc! { "times": sockets as i32 }, block);
    let things = connection.database(fixture.database.name()).unwrap().collection("things").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..sockets {
            scope.spawn(|| block_on(things.estimated_document_count().into_future()).unwrap());
        }
    });
    poll_until(SOON, "all to be idle", || pool(&connection).idle == sockets);
    connection
}

#[test]
fn the_server_sees_the_sockets_go_and_others_come() {
    let fixture = fixture_alone();
    let here = || fixture.status(&["connections", "current"]);
    let connection = busy(&fixture, 5);
    let before = here();
    for _ in 0..2 {
        disconnect(&connection);
        assert_eq!((pool(&connection).total, pool(&connection).state), (0, "ready"));
    }
    poll_until(SOON, "the sockets to be gone", || here() <= before - 5);
    for round in 1..=3 {
        let things = connection.database("d").unwrap().collection("things").unwrap();
        block_on(things.insert_one(doc! { "round": round }).into_future()).unwrap();
        assert_eq!(pool(&connection).total, 1);
        disconnect(&connection);
    }
    // Both servers' state and the handle are what they were.
    assert!(connection.state().closed.is_none());
}

/// Callers on eight threads, while the sockets are closed under them time and again.
#[test]
fn no_call_is_lost_to_it() {
    const CALLERS: usize = 8;
    const CALLS: usize = 60;
    const ROUNDS: usize = 40;
    let fixture = fixture_alone();
    let connection = &fixture.connection;
    let things = fixture.things();
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (things, done) = (&things, &done);
            scope.spawn(move || {
                for call in 0..CALLS {
                    let number = (caller * CALLS + call) as i64;
                    block_on(things.insert_one(doc! { "n": number }).into_future()).unwrap();
                    let found = block_on(things.find_one(doc! { "n": number }).into_future()).unwrap();
                    assert!(found.is_some());
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Spread over the whole of the load.
        for round in 0..ROUNDS {
            let reached = || done.load(Ordering::Relaxed) >= round * CALLERS * CALLS / ROUNDS;
            poll_until(6 * SOON, "the load to go on", reached);
            disconnect(connection);
        }
    });
    let count = block_on(things.count_documents(doc! {}).into_future()).unwrap();
    assert_eq!(count, (CALLERS * CALLS) as u64, "each was done, and none twice");
    let state = connection.state();
    assert!(state.servers[0].error.is_none(), "{state}");
    assert_eq!(pool(connection).generation, ROUNDS as u64);
}

#[test]
fn cursors_and_sessions_go_on() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(100);
    let connection = &fixture.connection;
    let capped = fixture.database.collection("capped").unwrap();
    let session = connection.start_session().start().unwrap();
    block_on(async {
        let mut cursor = numbers.find(doc! {}).batch_size(10).session(&session).await.unwrap();
        let mut seen = 0;
        while let Some(batch) = cursor.next_batch().await.unwrap() {
            seen += batch.iter().count();
            connection.disconnect().await.unwrap();
        }
        assert_eq!(seen, 100, "the cursor is the server's, and any socket leads to it");

        fixture.database.create_collection("capped").capped(true).size(1 << 16).await.unwrap();
        capped.insert_one(doc! { "_id": 0 }).await.unwrap();
        let mut cursor = capped.find(doc! {}).cursor_type(CursorType::TailableAwait).await.unwrap();
        assert_eq!(cursor.try_next().await.unwrap(), Some(doc! { "_id": 0 }));
        connection.disconnect().await.unwrap();
        capped.insert_one(doc! { "_id": 1 }).await.unwrap();
        assert_eq!(cursor.try_next().await.unwrap(), Some(doc! { "_id": 1 }), "over its own socket");
    });
    fixture.wait_for_kills();
}

#[test]
fn it_is_well_while_the_server_is_away() {
    let mut server = RealServer::start(Options::new().argument("--sync-on-commit")).unwrap();
    let connection = block_on(Connection::connect(server.uri())).unwrap();
    let things = connection.database("d").unwrap().collection("things").unwrap();
    block_on(things.insert_one(doc! { "_id": 1 }).into_future()).unwrap();
    server.kill().unwrap();
    disconnect(&connection);
    disconnect(&connection);
    server.restart().unwrap();
    disconnect(&connection);
    let found = block_on(things.find_one(doc! {}).timeout(SOON).into_future()).unwrap();
    assert_eq!(found, Some(doc! { "_id": 1 }));
}

#[test]
fn a_closed_connection_has_nothing_to_disconnect() {
    let connection = {
        let fixture = fixture();
        fixture.connection.with_timeout(Duration::from_secs(5))
    };
    block_on(connection.close(SOON));
    let error = block_on(connection.disconnect().into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Closed);
    assert!(error.to_string().starts_with("disconnect: "), "{error}");
}
