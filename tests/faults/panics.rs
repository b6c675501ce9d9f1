//! Panics in the actors. A caller's waker runs on the thread of whoever answers the call,
//! so one that panics is a panic in the middle of a handler: of a socket (on a lent arbiter
//! with a reply, on the driver's own with an error), of the supervisor and of the timer. No
//! caller's waker is ever called by a monitor or by the manager of cursors, so this can't
//! reach those two.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Connection, Error, Kind, Result};
use test_support::wire::Message;
use test_support::{Gate, Hello, Rule, ScriptedServer};

use crate::support::{
    Is, LentArbiter, Pending, SOON, Story, assert_error, assert_sound, build_info, collection, connect,
    database, ping, soon, stats,
};

at_both_depths! {
    a_panic_in_a_socket_with_requests_queued_written_and_half_read,
    a_panic_in_a_socket_that_fails_what_it_has_in_flight,
    a_waker_that_panics_on_an_arbiter_of_the_drivers_own_costs_nobody_anything,
    a_panic_in_the_supervisor_as_it_publishes,
    a_panic_in_the_supervisor_as_it_fails_the_oldest_call,
    a_panic_in_the_timer,
}

fn panicking() -> Waker {
    struct Panic;
    impl Wake for Panic {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics, as the story wants it");
        }
    }
    Waker::from(Arc::new(Panic))
}

type Call = Pending<Result<bson::Document>>;

use actix_mongo::bson;

/// Calls on a pool of one socket: as many as it has room for, and then some.
struct Scene {
    connection: Connection,
    server: ScriptedServer,
    written: Vec<Call>,
    queued: Vec<Call>,
}

const QUEUED: usize = 3;

/// `room` more calls are written, none of which is answered; others wait.
fn scene(connection: Connection, server: ScriptedServer, room: u32) -> Scene {
    server.rule(Rule::on("create").never_answer());
    let create = || database(&connection).run_command(doc! { "create": "c" });
    let written: Vec<_> = (0..room).map(|_| Pending::begin(create())).collect();
    server.wait_for(|log| log.count("create") == written.len(), SOON);
    let queued: Vec<_> = (0..QUEUED).map(|_| Pending::begin(ping(&connection))).collect();
    assert_eq!(stats(&connection).queued, QUEUED);
    Scene { connection, server, written, queued }
}

/// The call with the waker that panics has its answer; what is behind it on the socket may
/// have run; what waits is served by another socket.
fn a_panic_in_a_socket_with_requests_queued_written_and_half_read(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let arbiter = LentArbiter::start();
    let lent = arbiter.handles();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1).lend_arbiters(lent));
    soon(ping(&connection)).unwrap();
    let gate = Gate::new();
    // The second request of its socket, and in the same bytes half of the third's reply.
    let whole = Message::new(doc! { "ok": 1.0, "number": 2 }).to_bytes(7, 2);
    let half = &Message::new(doc! { "ok": 1.0 }).to_bytes(8, 3)[..25];
    server.rule(Rule::on("buildInfo").once().after(&gate).raw([&whole, half].concat()));
    let first = Pending::begin_with(build_info(&connection), &panicking());
    server.wait_for(|log| log.count("buildInfo") == 1, SOON);
    let Scene { connection, server, written, queued } = scene(connection, server, depth - 1);
    gate.open();
    for call in queued {
        call.end().expect("by another socket");
    }
    for call in written {
        assert_error(&call.end().unwrap_err(), Kind::AutoReconnect, &[Is::Network, Is::MayHaveRun]);
    }
    assert_eq!(first.end().expect("its answer was there").get_i32("number").unwrap(), 2);
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, 0);
}

/// The first request runs out of time, which costs the socket; telling its caller panics.
fn a_panic_in_a_socket_that_fails_what_it_has_in_flight(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    soon(ping(&connection)).unwrap();
    server.rule(Rule::on("buildInfo").once().never_answer());
    let first = build_info(&connection).timeout(Duration::from_millis(200));
    let first = Pending::begin_with(first, &panicking());
    server.wait_for(|log| log.count("buildInfo") == 1, SOON);
    let Scene { connection, server, written, queued } = scene(connection, server, depth - 1);
    assert_error(&first.end().unwrap_err(), Kind::Timeout, &[Is::Timeout, Is::MayHaveRun]);
    for call in queued {
        call.end().expect("by another socket");
    }
    for call in written {
        assert_error(&call.end().unwrap_err(), Kind::AutoReconnect, &[Is::Network, Is::MayHaveRun]);
    }
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, 0);
}

fn a_waker_that_panics_on_an_arbiter_of_the_drivers_own_costs_nobody_anything(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    soon(ping(&connection)).unwrap();
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").once().after(&gate));
    let first = Pending::begin_with(build_info(&connection), &panicking());
    let others: Vec<_> = (0..depth + 2).map(|_| Pending::begin(ping(&connection))).collect();
    gate.open();
    for call in others {
        call.end().expect("by the same socket");
    }
    first.end().expect("its answer was there");
    assert_sound(&connection, &server);
    assert_eq!(server.log().used_connections().len(), 1);
}

/// What becomes of everybody when the control thread is gone: the connection is over, and
/// the process lives.
fn assert_over(scene: Scene, room: u32) {
    let Scene { connection, server, written, queued } = scene;
    assert_eq!(written.len(), usize::try_from(room).unwrap());
    for call in queued {
        let error = call.end().unwrap_err();
        // The end of its pool, or that of the socket that was to be opened for it.
        assert!(matches!(error.kind(), Kind::Closed | Kind::Internal), "{error:?}");
        assert!(!error.may_have_run() && !error.is_timeout(), "{error:?}");
    }
    for call in written {
        let error = call.end().unwrap_err();
        assert!(error.may_have_run() && !error.is_timeout(), "{error:?}");
        assert!(matches!(error.kind(), Kind::AutoReconnect | Kind::Closed), "{error:?}");
    }
    soon(connection.close(Duration::ZERO));
    assert_error(&soon(ping(&connection)).unwrap_err(), Kind::Closed, &[]);
    drop(connection);
    server.wait_for(|log| log.open_connections() == 0, SOON);
}

/// A member of a set whose secondaries are asked for, of which there are none.
fn set_of_one(depth: u32) -> (Connection, ScriptedServer) {
    let server = ScriptedServer::start_primary("rs");
    let uri = format!("{}?readPreference=secondary", server.uri());
    let builder = Connection::builder().uri(uri).unwrap().pipeline_depth(depth).max_pool_size(1);
    let connection = soon(builder.connect()).unwrap();
    soon(ping(&connection)).unwrap();
    (connection, server)
}

fn a_panic_in_the_supervisor_as_it_publishes(depth: u32) {
    let _story = Story::begin();
    let (connection, server) = set_of_one(depth);
    let scene = scene(connection, server, depth);
    let nowhere = Pending::begin_with(collection(&scene.connection).find_one(doc! {}), &panicking());
    scene.server.set_hello(Hello::primary("rs").with("tags", doc! { "a": "b" }));
    let server = scene.server.address();
    assert_over(scene, depth);
    let error: Error = nowhere.end().unwrap_err();
    assert_error(&error, Kind::Closed, &[]);
    assert!(error.server().is_none_or(|it| it == server.to_string()));
}

fn a_panic_in_the_supervisor_as_it_fails_the_oldest_call(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1).max_connecting(1));
    let gate = Gate::new();
    server.rule(Rule::on("isMaster").when(|it| it.connection > 1).after(&gate).close());
    let first = Pending::begin_with(ping(&connection), &panicking());
    server.wait_for(|log| log.open_connections() == 2, SOON);
    let queued: Vec<_> = (0..QUEUED).map(|_| Pending::begin(ping(&connection))).collect();
    gate.open();
    assert_over(Scene { connection, server, written: Vec::new(), queued }, 0);
    let error = first.end().unwrap_err();
    assert_error(&error, Kind::ConnectionFailure, &[Is::Network, Is::Retryable]);
}

fn a_panic_in_the_timer(depth: u32) {
    let _story = Story::begin();
    let (connection, server) = set_of_one(depth);
    let scene = scene(connection, server, depth);
    let find = collection(&scene.connection).find_one(doc! {}).timeout(Duration::from_millis(50));
    let nowhere = Pending::begin_with(find, &panicking());
    assert_over(scene, depth);
    let error = nowhere.end().unwrap_err();
    assert!(matches!(error.kind(), Kind::Timeout | Kind::Closed), "{error:?}");
    assert!(!error.may_have_run());
}
