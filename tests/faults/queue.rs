//! A queue that is full.

use actix_mongo::Kind;
use actix_mongo::bson::doc;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{
    Pending, SOON, Story, assert_error, assert_says, assert_sound, at_once, build_info, connect, database,
    ping, stats,
};

at_both_depths!(one_more_request_than_the_queue_takes, more_bytes_than_the_queue_takes);

fn one_more_request_than_the_queue_takes(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1).max_queued_requests(20));
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").after(&gate));
    let held: Vec<_> = (0..depth).map(|_| Pending::begin(build_info(&connection))).collect();
    server.wait_for(|log| log.count("buildInfo") == held.len(), SOON);
    let mut waiting: Vec<_> = (0..20).map(|_| Pending::begin(ping(&connection))).collect();
    let error = at_once(ping(&connection)).unwrap_err();
    assert_error(&error, Kind::QueueFull, &[]);
    assert_says(
        &error,
        &["20 requests wait", "max_queued_requests", "max_pool_size 1", &server.address().to_string()],
    );
    assert_eq!(stats(&connection).queued, 20);
    // One that goes makes room for one.
    drop(waiting.remove(7));
    waiting.push(Pending::begin(ping(&connection)));
    assert_error(&at_once(ping(&connection)).unwrap_err(), Kind::QueueFull, &[]);
    gate.open();
    for call in held.into_iter().chain(waiting) {
        call.end().expect("its turn came");
    }
    assert_sound(&connection, &server);
    assert_eq!((server.log().count("ping"), server.log().used_connections().len()), (21, 1));
}

fn more_bytes_than_the_queue_takes(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1).max_queued_bytes(100_000));
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").after(&gate));
    let held: Vec<_> = (0..depth).map(|_| Pending::begin(build_info(&connection))).collect();
    server.wait_for(|log| log.count("buildInfo") == held.len(), SOON);
    let large = || database(&connection).run_command(doc! { "ping": 1, "filler": "x".repeat(60_000) });
    let waiting = Pending::begin(large());
    let error = at_once(large()).unwrap_err();
    assert_error(&error, Kind::QueueFull, &[]);
    assert_says(&error, &["max_queued_bytes (100000)"]);
    let small = Pending::begin(ping(&connection));
    gate.open();
    for call in held.into_iter().chain([waiting, small]) {
        call.end().expect("its turn came");
    }
    assert_sound(&connection, &server);
}
