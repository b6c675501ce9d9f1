//! How requests begin and end, and what becomes of their cursors.

use std::time::Duration;

use actix_mongo::Kind;
use actix_mongo::bson::doc;
use test_support::{DropAfter, Gate, Rule, block_on, poll_until};

use crate::requests_scene::{Call, begin, behind_balancer, cursor, ping, run, scene};
use crate::support::SOON;

#[test]
fn a_start_that_is_dropped_at_any_poll_leaves_every_socket_idle() {
    let scene = scene(|builder| builder.max_pool_size(1));
    for polls in 0.. {
        let started = block_on(DropAfter::new(polls, scene.connection.start_request().into_future()));
        if let Some(started) = started {
            assert!(started.unwrap().in_request());
            break;
        }
        scene.assert_at_rest();
    }
    // The same where it must wait for the socket.
    let held = scene.request();
    let start = scene.connection.start_request().into_future();
    assert!(block_on(DropAfter::new(1, start)).is_none());
    assert_eq!(scene.pool().queued, 0);
    drop(held);
    scene.assert_at_rest();
}

#[test]
fn a_request_that_ends_with_a_call_under_way_gives_its_socket_back_after_that() {
    let scene = scene(|builder| builder.max_pool_size(1));
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").after(&gate));
    let mut calls: Vec<Call> = (0..2).map(|_| run(&request, doc! { "buildInfo": 1 })).collect();
    calls.iter_mut().for_each(begin);
    let derived = request.with_timeout(Duration::from_secs(5));
    request.end_request();
    assert!(!derived.in_request());
    let error = block_on(ping(&derived)).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
    let mut outside = ping(&scene.connection);
    begin(&mut outside);
    assert_eq!(scene.pool().by_requests, 1);
    gate.open();
    block_on(outside).unwrap();
    for call in calls {
        block_on(call).unwrap();
    }
    let log = scene.server.log();
    assert_eq!(log.names()[1..], ["buildInfo", "buildInfo", "ping"], "in this order");
    scene.assert_at_rest();
}

#[test]
fn once_closed_the_calls_of_a_request_say_so() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").after(&gate));
    let mut calls: Vec<Call> = (0..3).map(|_| run(&request, doc! { "buildInfo": 1 })).collect();
    calls.iter_mut().for_each(begin);
    block_on(scene.connection.close(Duration::from_millis(100)));
    let errors: Vec<_> = calls.into_iter().map(|call| block_on(call).unwrap_err()).collect();
    let ran: Vec<bool> = errors.iter().map(actix_mongo::Error::may_have_run).collect();
    assert_eq!(ran, [true, false, false]);
    let later = block_on(ping(&request)).unwrap_err();
    for error in errors.iter().chain([&later, &block_on(request.repin()).unwrap_err()]) {
        assert_eq!(error.kind(), Kind::Closed, "{error}");
        assert!(!error.to_string().contains("to go on"), "{error}");
    }
    gate.open();
}

#[test]
fn close_waits_for_a_request_no_longer_than_its_grace() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    let closing = std::thread::spawn({
        let close = scene.connection.close(Duration::from_millis(50));
        move || block_on(close)
    });
    poll_until(SOON, "the connection to close", || scene.connection.state().closed.is_some());
    assert_eq!(block_on(ping(&request)).unwrap_err().kind(), Kind::Closed);
    closing.join().unwrap();
    drop(request);

    let scene = self::scene(|builder| builder);
    let request = scene.request();
    let closing = std::thread::spawn({
        let close = scene.connection.close(Duration::from_secs(3600));
        move || block_on(close)
    });
    poll_until(SOON, "the connection to close", || scene.connection.state().closed.is_some());
    drop(request);
    closing.join().unwrap();
}

/// No other socket leads to its server for certain.
#[test]
fn behind_a_load_balancer_a_cursor_keeps_the_socket_beyond_its_request() {
    let scene = behind_balancer();
    let request = scene.request();
    let (read, dropped) = (cursor(&request), cursor(&request));
    let in_time = cursor(&request);
    drop(in_time);
    scene.server.wait_for(|log| log.count("killCursors") == 1, SOON);
    request.end_request();
    block_on(ping(&scene.connection)).unwrap();
    assert_eq!(scene.pool().by_requests, 1);
    assert_eq!(block_on(read.collect_all()).unwrap().len(), 4);
    assert_eq!(scene.pool().by_requests, 1, "the other is still open");
    drop(dropped);
    scene.server.wait_for(|log| log.count("killCursors") == 2, SOON);
    scene.assert_at_rest();
    let place = scene.places("find")[0];
    assert!(
        [scene.places("find"), scene.places("getMore"), scene.places("killCursors")]
            .concat()
            .iter()
            .all(|it| *it == place)
    );
    assert_ne!(scene.places("ping"), [place]);
}

#[test]
fn a_cursor_in_a_request_has_its_batches_and_its_kill_over_the_only_socket() {
    let scene = scene(|builder| builder.max_pool_size(1));
    scene.server.set_documents((1..=5).map(|id| doc! { "_id": id }));
    let request = scene.request();
    assert_eq!(block_on(cursor(&request).collect_all()).unwrap().len(), 4);
    let things = request.database("d").unwrap().collection("c").unwrap();
    let stream = block_on(things.find(doc! {}).batch_size(2).exhaust(true).into_future()).unwrap();
    assert_eq!(block_on(stream.collect_all()).unwrap().len(), 5);
    drop(cursor(&request));
    scene.server.wait_for(|log| log.count("killCursors") == 1, SOON);
    assert_eq!(scene.pool().by_requests, 1, "it is open all the while");
    let outlives = cursor(&request);
    drop(request);
    assert_eq!(block_on(outlives.collect_all()).unwrap().len(), 4);
    scene.assert_at_rest();
    assert_eq!(scene.server.open_cursors(), 0);
    assert_eq!(scene.server.log().used_connections().len(), 1);
}

/// Its caller is gone when the reply comes, and nobody else knows of the cursor.
#[test]
fn a_cursor_that_nobody_took_is_killed_over_the_socket_of_its_request() {
    for scene in [scene(|builder| builder.max_pool_size(1)), behind_balancer()] {
        scene.server.set_documents((1..=5).map(|id| doc! { "_id": id }));
        let request = scene.request();
        let gate = Gate::new();
        scene.server.rule(Rule::on("find").once().after(&gate));
        let things = request.database("d").unwrap().collection("c").unwrap();
        let mut find = things.find(doc! {}).batch_size(2).into_future();
        begin(&mut find);
        scene.server.wait_for(|log| log.count("find") == 1, SOON);
        drop(find);
        gate.open();
        scene.server.wait_for(|log| log.count("killCursors") == 1, SOON);
        assert_eq!(scene.places("killCursors"), scene.places("find"));
        assert_eq!(scene.pool().by_requests, 1);
        block_on(ping(&request)).unwrap();
        request.end_request();
        scene.assert_at_rest();
        assert_eq!(scene.server.open_cursors(), 0);
    }
}
