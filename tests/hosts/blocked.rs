//! A lent arbiter that is blocked, or stopped, costs its sockets and not its callers.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Connection, Database, Result};
use test_support::scripted::Log;
use test_support::{ScriptedServer, block_on};

use crate::support::{GRACE, Lent, SOON};

const TIMEOUT: Duration = Duration::from_millis(300);
/// How much later than its timeout a call may end.
const TOLERANCE: Duration = Duration::from_millis(50);

fn builder(server: &ScriptedServer, lent: &Lent) -> Builder {
    Connection::builder().uri(server.uri()).unwrap().lend_arbiters(lent.handles())
}

fn ping(database: &Database, timeout: Duration) -> Result<Document> {
    let call = database.run_command(doc! { "ping": 1 }).timeout(timeout).into_future();
    let (done, outcome) = mpsc::channel();
    // On a thread of its own, so that a call that never ends fails its test.
    thread::spawn(move || done.send(block_on(call)));
    outcome.recv_timeout(2 * SOON).expect("the call ends")
}

/// A connection that was used for more than hellos has ended.
fn one_was_closed(log: &Log) -> bool {
    log.used_connections().iter().any(|number| log.connections[number - 1].end.is_some())
}

#[track_caller]
fn ends_by_its_timeout(database: &Database) {
    let begin = Instant::now();
    let error = ping(database, TIMEOUT).unwrap_err();
    let took = begin.elapsed();
    assert!(error.is_timeout(), "{error:?}");
    assert!(took >= TIMEOUT && took < TIMEOUT + TOLERANCE, "{took:?}: {error}");
}

#[test]
fn a_blocked_arbiter_does_not_outlast_timeouts_and_others_take_over() {
    let (lent, server) = (Lent::start(2), ScriptedServer::start());
    // The only socket there may be lives on the first.
    let connection = block_on(builder(&server, &lent).max_pool_size(1).connect()).unwrap();
    let database = connection.database("d").unwrap();
    ping(&database, SOON).unwrap();
    let blocked = lent.block(0);
    ends_by_its_timeout(&database);
    // Still blocked: the other one serves.
    ping(&database, SOON).unwrap();
    ping(&database, TIMEOUT).unwrap();
    drop(blocked);
    // What was given up is closed as soon as its arbiter runs again; it sends nothing late.
    server.wait_for(one_was_closed, SOON);
    assert_eq!(server.log().count("ping"), 3);
    block_on(connection.close(GRACE));
}

#[test]
fn sockets_that_are_never_begun_do_not_hold_up_others() {
    let (lent, server) = (Lent::start(2), ScriptedServer::start());
    let connection = block_on(builder(&server, &lent).max_connecting(1).max_pool_size(1).connect()).unwrap();
    let database = connection.database("d").unwrap();
    let _blocked = lent.block(0);
    ping(&database, SOON).unwrap();
}

#[test]
fn while_all_are_blocked_the_connection_helps_itself() {
    let (lent, server) = (Lent::start(1), ScriptedServer::start());
    let connection = block_on(builder(&server, &lent).connect()).unwrap();
    let database = connection.database("d").unwrap();
    ping(&database, SOON).unwrap();
    let _blocked = lent.block(0);
    ends_by_its_timeout(&database);
    ping(&database, SOON).unwrap();
    ping(&database, SOON).unwrap();
}

#[test]
fn a_stopped_arbiter_takes_its_sockets_and_nothing_else() {
    let (lent, server) = (Lent::start(2), ScriptedServer::start());
    let connection = block_on(builder(&server, &lent).max_pool_size(1).connect()).unwrap();
    let database = connection.database("d").unwrap();
    ping(&database, SOON).unwrap();
    assert!(lent.handles()[0].stop());
    server.wait_for(one_was_closed, SOON);
    for _ in 0..3 {
        ping(&database, SOON).unwrap();
    }
    block_on(connection.close(GRACE));
}

#[test]
fn a_connection_ends_though_an_arbiter_is_blocked() {
    let (lent, server) = (Lent::start(2), ScriptedServer::start());
    let connection = block_on(builder(&server, &lent).connect()).unwrap();
    ping(&connection.database("d").unwrap(), SOON).unwrap();
    let blocked = lent.block(0);
    let begin = Instant::now();
    block_on(connection.close(Duration::ZERO));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    drop(blocked);
    server.wait_for(|log| log.open_connections() == 0, SOON);
}

#[test]
fn a_disconnect_does_not_wait_for_a_blocked_arbiter() {
    let (lent, server) = (Lent::start(2), ScriptedServer::start());
    let connection = block_on(builder(&server, &lent).max_pool_size(1).connect()).unwrap();
    let database = connection.database("d").unwrap();
    ping(&database, SOON).unwrap();
    let blocked = lent.block(0);
    let begin = Instant::now();
    let late =
        block_on(connection.disconnect().timeout(Duration::from_millis(20)).into_future()).unwrap_err();
    assert!(late.is_timeout() && !late.may_have_run(), "{late:?}");
    // It waits for what the first one began, until that is given up.
    block_on(connection.disconnect().into_future()).unwrap();
    assert!(begin.elapsed() > Duration::from_millis(100), "{:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    ping(&database, SOON).unwrap();
    drop(blocked);
    server.wait_for(one_was_closed, SOON);
    block_on(connection.close(GRACE));
}
