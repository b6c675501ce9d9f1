//! A timeout that runs out before the request is written, and after.

use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Kind, Result};
use test_support::scripted::End;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{
    Is, Pending, SOON, Story, assert_error, assert_says, assert_sound, build_info, collection, connect,
    ends_at, ping, stats,
};

const LIMIT: Duration = Duration::from_millis(200);

at_both_depths! {
    before_the_write_nothing_is_sent_and_no_socket_is_lost,
    after_the_write_the_socket_is_closed_and_nothing_is_cleared,
    in_the_middle_of_the_reply,
    the_wait_for_a_socket_has_an_end_of_its_own,
}

/// All the room of a pool of one socket is taken, until the gate opens.
fn fill(
    connection: &actix_mongo::Connection,
    server: &ScriptedServer,
    depth: u32,
) -> (Vec<Pending<Result<bson::Document>>>, Gate) {
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").after(&gate));
    let calls: Vec<_> = (0..depth).map(|_| Pending::begin(build_info(connection))).collect();
    server.wait_for(|log| log.count("buildInfo") == calls.len(), SOON);
    (calls, gate)
}

use actix_mongo::bson;

fn before_the_write_nothing_is_sent_and_no_socket_is_lost(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    let (calls, gate) = fill(&connection, &server, depth);
    let things = collection(&connection);
    let errors = [
        ends_at(LIMIT, ping(&connection).timeout(LIMIT)).unwrap_err(),
        ends_at(LIMIT, things.insert_one(doc! { "_id": 1 }).timeout(LIMIT)).unwrap_err(),
        ends_at(LIMIT, things.find_one(doc! {}).timeout(LIMIT)).unwrap_err(),
    ];
    for error in errors {
        assert_error(&error, Kind::Timeout, &[Is::Timeout]);
        assert_says(&error, &["while it waited for a socket", "its pool is ready: 1 sockets"]);
    }
    gate.open();
    for call in calls {
        call.end().expect("it was only slow");
    }
    assert_sound(&connection, &server);
    let log = server.log();
    assert_eq!((log.count("insert"), log.count("find"), log.used_connections().len()), (0, 0, 1));
}

fn after_the_write_the_socket_is_closed_and_nothing_is_cleared(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    let things = collection(&connection);
    server.rule(Rule::on("insert").never_answer());
    server.rule(Rule::on("find").never_answer());
    let errors = [
        ends_at(LIMIT, things.insert_one(doc! { "_id": 1 }).timeout(LIMIT)).unwrap_err(),
        ends_at(LIMIT, things.find_one(doc! {}).timeout(LIMIT)).unwrap_err(),
    ];
    for error in errors {
        assert_error(&error, Kind::Timeout, &[Is::Timeout, Is::MayHaveRun]);
        assert_says(&error, &["before the reply came"]);
    }
    server.wait_for(
        |log| log.used_connections().iter().all(|it| log.connections[it - 1].end == Some(End::ByClient)),
        SOON,
    );
    let log = server.log();
    assert_eq!((log.count("insert"), log.count("find")), (1, 1), "nothing was sent again");
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, 0);
}

fn in_the_middle_of_the_reply(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    server.rule(Rule::on("ping").once().cut_after(25));
    let error = ends_at(LIMIT, ping(&connection).timeout(LIMIT)).unwrap_err();
    assert_error(&error, Kind::Timeout, &[Is::Timeout, Is::MayHaveRun]);
    assert_sound(&connection, &server);
}

fn the_wait_for_a_socket_has_an_end_of_its_own(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1).wait_queue_timeout(LIMIT));
    let (calls, gate) = fill(&connection, &server, depth);
    let error = ends_at(LIMIT, ping(&connection)).unwrap_err();
    assert_error(&error, Kind::WaitQueueTimeout, &[Is::Timeout]);
    assert_says(&error, &["its pool is ready: 1 sockets", &format!("{depth} requests in flight")]);
    gate.open();
    for call in calls {
        call.end().expect("it was only slow");
    }
    assert_sound(&connection, &server);
    assert_eq!(server.log().count("ping"), 1, "nothing of the other was sent");
}
