//! How these stories are told: one at a time, with its threads and sockets counted, and
//! every error looked at from all sides.

#[path = "../../core/support/arbiter.rs"]
mod arbiter;
mod calls;
mod story;
mod time;
pub mod verbs;
mod watch;

pub use self::arbiter::LentArbiter;
pub use self::calls::{Pending, Step, step_by_step};
pub use self::story::Story;
pub use self::time::{at_once, ends_at, soon};
pub use self::watch::{Watch, judge, tell};

use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::operations::RunCommand;
use actix_mongo::{Builder, Collection, Connection, Database, Error, Kind, PoolStats};
use test_support::{ScriptedServer, poll_until};

/// Longer than anything here may take.
pub const SOON: Duration = Duration::from_secs(20);

/// A connection to this server.
pub fn connect(server: &ScriptedServer, depth: u32, change: impl FnOnce(Builder) -> Builder) -> Connection {
    let builder = builder(server, depth);
    soon(change(builder).connect()).expect("the server takes connections")
}

/// The same before it connects.
pub fn builder(server: &ScriptedServer, depth: u32) -> Builder {
    Connection::builder().uri(server.uri()).unwrap().pipeline_depth(depth)
}

pub fn database(connection: &Connection) -> Database {
    connection.database("d").unwrap()
}

pub fn collection(connection: &Connection) -> Collection {
    database(connection).collection("c").unwrap()
}

/// `ping`, which is sent once and never again.
pub fn ping(connection: &Connection) -> RunCommand<Document> {
    database(connection).run_command(doc! { "ping": 1 })
}

/// `buildInfo`, for a call that a rule is to hold up.
pub fn build_info(connection: &Connection) -> RunCommand<Document> {
    database(connection).run_command(doc! { "buildInfo": 1 })
}

/// The counts of the only server's pool.
pub fn stats(connection: &Connection) -> PoolStats {
    connection.state().servers[0].pool.clone().expect("the connection is open")
}

/// What is true of an error besides its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    Network,
    Timeout,
    Retryable,
    MayHaveRun,
}

/// The error has this kind, is all of this, and is nothing else.
#[track_caller]
pub fn assert_error(error: &Error, kind: Kind, all: &[Is]) {
    let questions = [
        (Is::Network, error.is_network()),
        (Is::Timeout, error.is_timeout()),
        (Is::Retryable, error.is_retryable()),
        (Is::MayHaveRun, error.may_have_run()),
    ];
    let is: Vec<Is> = questions.iter().filter(|(_, yes)| *yes).map(|(is, _)| *is).collect();
    assert_eq!((error.kind(), is.as_slice()), (kind, all), "{error:?}");
}

#[track_caller]
pub fn assert_says(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

/// The connection serves, all its sockets are idle, and the server has no other.
#[track_caller]
pub fn assert_sound(connection: &Connection, server: &ScriptedServer) {
    if let Err(error) = soon(ping(connection).into_future()) {
        panic!("the ping afterwards failed: {error:?}\n{}", connection.state());
    }
    assert_at_rest(connection, server);
}

/// All sockets are idle, and the server has no other but the monitor's.
#[track_caller]
pub fn assert_at_rest(connection: &Connection, server: &ScriptedServer) {
    let at_rest = || {
        let stats = stats(connection);
        let busy = (stats.in_flight, stats.queued, stats.queued_bytes, stats.pending, stats.leased);
        busy == (0, 0, 0, 0, 0)
            && stats.idle == stats.total
            && server.log().open_connections() == stats.total + 1
            && server.open_cursors() == 0
    };
    if !test_support::poll::holds_within(SOON, at_rest) {
        let open = server.log().open_connections();
        let cursors = server.open_cursors();
        panic!("not at rest; {open} sockets and {cursors} cursors on the server:\n{}", connection.state());
    }
    let errors = server.log().protocol_errors;
    assert!(errors.is_empty(), "{errors:?}");
}

/// The number of the connection that only a monitor uses.
pub const MONITOR: usize = 1;

/// Waits until the pool has so many sockets.
#[track_caller]
pub fn wait_for_sockets(connection: &Connection, count: usize) {
    poll_until(SOON, "the number of sockets", || stats(connection).total == count);
}
