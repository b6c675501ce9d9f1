//! A panic in the handler of each actor, wherever it lives, with requests that wait, that are
//! written, and one whose reply was read to its half. The actors panic on request, which
//! needs the feature `unstable-internals`; what can be reached without it is in `panics`.

use std::time::Duration;

use actix_mongo::actors::cursor_manager::CursorManagerActor;
use actix_mongo::actors::monitor::Monitor;
use actix_mongo::actors::provoke::provoke;
use actix_mongo::actors::socket::Socket;
use actix_mongo::actors::supervisor::Supervisor;
use actix_mongo::actors::timer::Timer;
use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Cursor, Kind, Result};
use test_support::{Drip, Gate, Rule, ScriptedServer};

use crate::support::{
    Is, MONITOR, Pending, SOON, Story, assert_error, assert_sound, build_info, collection, connect, database,
    ping, soon, stats,
};

at_both_depths! {
    a_panic_in_a_socket,
    a_panic_in_a_socket_that_is_being_opened,
    a_panic_in_a_monitor,
    a_panic_in_the_supervisor,
    a_panic_in_the_timer,
    a_panic_in_the_manager_of_cursors,
    a_panic_in_the_manager_of_cursors_as_the_connection_ends,
}

type Call = Pending<Result<Document>>;

const QUEUED: usize = 3;
/// A header and the first bytes of the body.
const HALF: usize = 25;

/// A pool of one socket, which has as much in flight as it may, and calls behind it.
struct Scene {
    connection: Connection,
    server: ScriptedServer,
    /// Of its reply the first bytes were read.
    half: Call,
    drip: Drip,
    written: Vec<Call>,
    gate: Gate,
    queued: Vec<Call>,
    /// Has more on the server.
    cursor: Cursor,
}

fn scene(depth: u32) -> Scene {
    let documents = (0..9).map(|number| doc! { "_id": number });
    let server = ScriptedServer::builder().documents(documents).start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    let mut cursor = soon(collection(&connection).find(doc! {}).batch_size(2)).unwrap();
    for _ in 0..2 {
        soon(cursor.try_next()).unwrap().expect("a document of the first batch");
    }
    let (begin, drip, gate) = (Gate::new(), Drip::new(), Gate::new());
    server.rule(Rule::on("buildInfo").once().after(&begin).drip(&drip));
    server.rule(Rule::on("create").after(&gate));
    let half = Pending::begin(build_info(&connection));
    server.wait_for(|log| log.count("buildInfo") == 1, SOON);
    let create = || database(&connection).run_command(doc! { "create": "c" });
    let written: Vec<_> = (1..depth).map(|_| Pending::begin(create())).collect();
    server.wait_for(|log| log.count("create") == written.len(), SOON);
    let queued: Vec<_> = (0..QUEUED).map(|_| Pending::begin(ping(&connection))).collect();
    let seen = stats(&connection);
    assert_eq!((seen.in_flight, seen.queued), (written.len() + 1, QUEUED));
    begin.open();
    assert!(drip.let_through(HALF, SOON), "there is more of it");
    Scene { connection, server, half, drip, written, gate, queued, cursor }
}

impl Scene {
    /// It is over for the connection, and for nobody else.
    fn ends(self) {
        let Self { connection, server, half, drip, written, gate, queued, mut cursor } = self;
        for call in written.into_iter().chain([half]) {
            let error = call.end().unwrap_err();
            assert!(error.may_have_run() && !error.is_timeout(), "{error:?}");
            assert!(matches!(error.kind(), Kind::AutoReconnect | Kind::Closed), "{error:?}");
        }
        for call in queued {
            let error = call.end().unwrap_err();
            assert!(!error.may_have_run() && !error.is_timeout(), "{error:?}");
            assert!(matches!(error.kind(), Kind::Closed | Kind::Internal), "{error:?}");
        }
        // Its end is waited for: else there may be one more picture to select from.
        soon(connection.close(Duration::ZERO));
        assert_error(&soon(cursor.try_next()).unwrap_err(), Kind::Closed, &[]);
        drop(cursor);
        assert_error(&soon(ping(&connection)).unwrap_err(), Kind::Closed, &[]);
        drop(connection);
        drip.open();
        gate.open();
        server.wait_for(|log| log.open_connections() == 0, SOON);
    }
}

/// Those that were in flight may have run; those that wait are served by another socket.
fn a_panic_in_a_socket(depth: u32) {
    let _story = Story::begin();
    let Scene { connection, server, half, drip, written, gate, queued, cursor } = scene(depth);
    assert_eq!(provoke::<Socket>(), 1);
    for call in queued {
        call.end().expect("by another socket");
    }
    for call in written.into_iter().chain([half]) {
        assert_error(&call.end().unwrap_err(), Kind::AutoReconnect, &[Is::Network, Is::MayHaveRun]);
    }
    drip.open();
    gate.open();
    drop(cursor);
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, 0, "it says nothing of the server");
    assert_eq!(server.log().used_connections().len(), 2);
}

/// It is one attempt that failed: the oldest call fails with it, and the others have their
/// turn.
fn a_panic_in_a_socket_that_is_being_opened(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1).max_connecting(1));
    let gate = Gate::new();
    server.rule(Rule::on("isMaster").when(|it| it.connection > MONITOR).once().after(&gate));
    let oldest = Pending::begin(ping(&connection));
    let others: Vec<_> = (0..QUEUED).map(|_| Pending::begin(ping(&connection))).collect();
    server.wait_for(|log| log.count("isMaster") >= 2, SOON);
    assert_eq!(provoke::<Socket>(), 1);
    let error = oldest.end().unwrap_err();
    assert_error(&error, Kind::Internal, &[]);
    for call in others {
        call.end().expect("by another socket");
    }
    gate.open();
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, 0, "it says nothing of the server");
}

/// Nobody feels it; half a second later the server is watched again.
fn a_panic_in_a_monitor(depth: u32) {
    let _story = Story::begin();
    let Scene { connection, server, half, drip, written, gate, queued, cursor } = scene(depth);
    assert_eq!(provoke::<Monitor>(), 1);
    server.wait_for(|log| log.connections[MONITOR - 1].end.is_some(), SOON);
    // The second monitor's; the pool's socket was before it.
    server.wait_for(|log| log.connections.len() == 3 && log.count("isMaster") == 3, SOON);
    drip.open();
    gate.open();
    for call in queued.into_iter().chain(written).chain([half]) {
        call.end().expect("it was only slow");
    }
    drop(cursor);
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, 0);
    let recent = connection.state().recent;
    assert!(recent.iter().any(|it| it.what.contains("its monitor ended unexpectedly")), "{recent:?}");
    assert_eq!(server.log().used_connections().len(), 1);
}

fn a_panic_in_the_supervisor(depth: u32) {
    let _story = Story::begin();
    let scene = scene(depth);
    assert_eq!(provoke::<Supervisor>(), 1);
    scene.ends();
}

fn a_panic_in_the_timer(depth: u32) {
    let _story = Story::begin();
    let scene = scene(depth);
    assert_eq!(provoke::<Timer>(), 1);
    scene.ends();
}

fn a_panic_in_the_manager_of_cursors(depth: u32) {
    let _story = Story::begin();
    let scene = scene(depth);
    assert_eq!(provoke::<CursorManagerActor>(), 1);
    scene.ends();
}

/// It panics while calls in flight have their grace: nobody would end the connection any
/// more, were it not for the panic itself.
fn a_panic_in_the_manager_of_cursors_as_the_connection_ends(depth: u32) {
    let _story = Story::begin();
    let Scene { connection, server, half, drip, written, gate, queued, cursor } = scene(depth);
    let closing = Pending::begin(connection.close(SOON));
    for call in queued {
        assert_error(&call.end().unwrap_err(), Kind::Closed, &[]);
    }
    assert_eq!(provoke::<CursorManagerActor>(), 1);
    for call in written.into_iter().chain([half]) {
        let error = call.end().unwrap_err();
        assert!(error.may_have_run() && !error.is_timeout(), "{error:?}");
        assert!(matches!(error.kind(), Kind::AutoReconnect | Kind::Closed), "{error:?}");
    }
    closing.end();
    drop((cursor, connection));
    drip.open();
    gate.open();
    server.wait_for(|log| log.open_connections() == 0, SOON);
}
