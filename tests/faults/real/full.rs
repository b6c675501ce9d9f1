//! No room, and no time.

use std::time::Duration;

use actix_mongo::Kind;
use actix_mongo::bson::doc;
use test_support::FaultProxy;
use test_support::fault_proxy::Traffic;

use super::Real;
use crate::support::{
    Is, Pending, Story, assert_error, assert_says, at_once, collection, ends_at, ping, soon, stats,
};

at_both_depths! {
    one_more_request_than_the_queue_takes,
    before_the_write_nothing_is_sent_and_no_socket_is_lost,
    after_the_write_the_socket_is_closed_and_nothing_is_cleared,
    a_command_that_takes_longer_than_it_may,
}

const LIMIT: Duration = Duration::from_millis(200);

fn one_more_request_than_the_queue_takes(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    let connection = real.connect(depth, 1, |builder| builder.max_queued_requests(20));
    let held = real.hold(&connection, depth);
    let mut waiting: Vec<_> = (0..20).map(|_| Pending::begin(ping(&connection))).collect();
    assert_error(&at_once(ping(&connection)).unwrap_err(), Kind::QueueFull, &[]);
    drop(waiting.remove(7));
    waiting.push(Pending::begin(ping(&connection)));
    assert_error(&at_once(ping(&connection)).unwrap_err(), Kind::QueueFull, &[]);
    real.proxy.pass();
    for call in held.into_iter().chain(waiting) {
        call.end().expect("its turn came");
    }
    real.assert_sound(&connection);
    assert_eq!(real.proxy.accepted(), 2);
}

fn before_the_write_nothing_is_sent_and_no_socket_is_lost(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, 1, |builder| builder);
    let held = real.hold(&connection, depth);
    let things = collection(&connection);
    let errors = [
        ends_at(LIMIT, ping(&connection).timeout(LIMIT)).unwrap_err(),
        ends_at(LIMIT, things.insert_one(doc! { "_id": 99 }).timeout(LIMIT)).unwrap_err(),
        ends_at(LIMIT, things.find_one(doc! {}).timeout(LIMIT)).unwrap_err(),
    ];
    for error in errors {
        assert_error(&error, Kind::Timeout, &[Is::Timeout]);
        assert_says(&error, &["while it waited for a socket", "its pool is ready: 1 sockets"]);
    }
    real.proxy.pass();
    for call in held {
        call.end().expect("it was only slow");
    }
    real.assert_sound(&connection);
    assert_eq!((real.count(doc! { "_id": 99 }), real.proxy.accepted()), (0, 2));
}

/// Its reply is held back.
fn after_the_write_the_socket_is_closed_and_nothing_is_cleared(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, 1, |builder| builder);
    let things = collection(&connection);
    for bytes in [0, 25] {
        real.proxy.down(Traffic::UpTo(real.down() + bytes));
        let error = ends_at(LIMIT, things.find(doc! {}).batch_size(2).timeout(LIMIT)).unwrap_err();
        assert_error(&error, Kind::Timeout, &[Is::Timeout, Is::MayHaveRun]);
        real.proxy.pass();
        // The cursor that it opened is the server's to close, with the socket.
        soon(ping(&connection)).expect("by another socket");
    }
    assert_eq!(stats(&connection).generation, 0);
    assert_eq!(real.proxy.accepted(), 1 + 3);
}

/// The server takes its time, and is told by the call how much it has.
fn a_command_that_takes_longer_than_it_may(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, 1, |builder| builder);
    let blocked = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 1000 };
    real.run(
        doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": blocked, "$db": "admin" },
    );
    let error = ends_at(LIMIT, collection(&connection).find_one(doc! {}).timeout(LIMIT)).unwrap_err();
    assert_error(&error, Kind::Timeout, &[Is::Timeout, Is::MayHaveRun]);
    real.assert_sound(&connection);
    assert_eq!(stats(&connection).generation, 0);
}
