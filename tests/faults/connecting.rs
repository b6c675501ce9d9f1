//! Servers that can't be reached, or say nothing sensible when they are.

use std::error::Error as _;
use std::time::Duration;

use actix_mongo::{Connection, Error, Kind, label};
use test_support::scripted::Accept;
use test_support::{Rule, ScriptedServer, poll_until};

use crate::support::{
    Is, MONITOR, Pending, SOON, Story, assert_at_rest, assert_error, assert_says, assert_sound, builder,
    connect, ends_at, ping, soon, stats,
};

const LIMIT: Duration = Duration::from_millis(300);

at_both_depths! {
    an_unknown_host,
    a_refused_port,
    a_server_that_takes_connections_and_is_silent,
    a_server_that_closes_every_connection_at_once,
    a_server_that_closes_every_connection_during_hello,
    a_server_whose_pool_sockets_are_closed_during_hello_always,
    a_server_whose_pool_sockets_get_no_hello,
}

/// Nobody can be found: a call fails at the selection timeout, or at its own, and connecting
/// fails as well; each says what is wrong with the server.
fn nowhere(uri: &str, depth: u32, says: &[&str]) {
    let builder = || Connection::builder().uri(uri).unwrap().pipeline_depth(depth);
    let limited = || builder().server_selection_timeout(LIMIT).connect_timeout(LIMIT / 3);
    let connection = limited().connect_lazy().unwrap();
    let check = |error: &Error, kind: Kind| {
        assert_error(error, kind, &[Is::Timeout]);
        assert_says(error, says);
        assert_says(error, &["The topology is", " s (", "pool of ", ": paused, 0 sockets, 0 waiting"]);
    };
    check(&ends_at(LIMIT, ping(&connection)).unwrap_err(), Kind::ServerSelection);
    check(&ends_at(LIMIT / 2, ping(&connection).timeout(LIMIT / 2)).unwrap_err(), Kind::Timeout);
    soon(connection.close(Duration::ZERO));

    let error = ends_at(LIMIT, limited().connect()).unwrap_err();
    assert_error(&error, Kind::ConnectionFailure, &[Is::Network]);
    assert_says(&error, says);
    let source = error.source().unwrap().downcast_ref::<Error>().unwrap();
    check(source, Kind::ServerSelection);
}

fn an_unknown_host(depth: u32) {
    let _story = Story::begin();
    // No resolver takes a label this long, so none is asked.
    let name = "x".repeat(64);
    nowhere(&format!("mongodb://{name}/"), depth, &[&name, "could not be looked up"]);
}

fn a_refused_port(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::builder().accept(Accept::Refuse).start();
    nowhere(&server.uri(), depth, &[&server.address().to_string(), "refused"]);
}

fn a_server_that_takes_connections_and_is_silent(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::builder().accept(Accept::Silent).start();
    let says = "did not answer the hello within connectTimeoutMS (100 ms)";
    nowhere(&server.uri(), depth, &[&server.address().to_string(), says]);
}

fn a_server_that_closes_every_connection_at_once(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::builder().accept(Accept::Close).start();
    nowhere(&server.uri(), depth, &[&server.address().to_string()]);
}

fn a_server_that_closes_every_connection_during_hello(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::builder().rule(Rule::on("isMaster").close()).start();
    nowhere(&server.uri(), depth, &[&server.address().to_string(), "closed the connection"]);
}

/// The monitor is served and the pool is not. Each attempt fails exactly the oldest call;
/// when none waits, none is made. Calls that are repeated would ask for more.
fn a_server_whose_pool_sockets_are_closed_during_hello_always(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_connecting(1).max_adaptive_retries(0));
    server.rule(Rule::on("isMaster").when(|it| it.connection > MONITOR).close());
    // More than there can be in flight on one socket.
    let calls: Vec<_> = (0..20).map(|_| Pending::begin(ping(&connection))).collect();
    for call in calls {
        let error = call.end().unwrap_err();
        assert_error(&error, Kind::ConnectionFailure, &[Is::Network, Is::Retryable]);
        assert!(error.has_label(label::SYSTEM_OVERLOADED), "{error:?}");
        assert_eq!(error.server(), Some(server.address().to_string().as_str()));
    }
    assert_at_rest(&connection, &server);
    assert_eq!(server.log().connections.len(), 1 + 20, "one attempt for each call");
    assert_error(
        &soon(ping(&connection)).unwrap_err(),
        Kind::ConnectionFailure,
        &[Is::Network, Is::Retryable],
    );
    assert_eq!(server.log().connections.len(), 1 + 21, "nobody else asked for one");
    assert_eq!(stats(&connection).generation, 0);
    server.clear_rules();
    assert_sound(&connection, &server);
}

fn a_server_whose_pool_sockets_get_no_hello(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let builder = builder(&server, depth).connect_timeout(LIMIT).max_connecting(1);
    let connection = soon(builder.max_adaptive_retries(0).connect()).unwrap();
    server.rule(Rule::on("isMaster").when(|it| it.connection > MONITOR).never_answer());
    let error = ends_at(LIMIT, ping(&connection)).unwrap_err();
    assert_error(&error, Kind::ConnectionFailure, &[Is::Network, Is::Retryable]);
    assert_says(&error, &["did not answer the hello within connectTimeoutMS (300 ms)"]);
    // A call's own timeout does not wait for the attempt.
    let error = ends_at(LIMIT / 2, ping(&connection).timeout(LIMIT / 2)).unwrap_err();
    assert_error(&error, Kind::Timeout, &[Is::Timeout]);
    server.clear_rules();
    // The attempt that is under way ends first, and is told of: else it fails whoever waits,
    // and that would be the next call.
    poll_until(SOON, "the end of the attempt", || stats(&connection).pending == 0);
    assert_sound(&connection, &server);
}
