//! `examples/message_passing.rs`.

use actix_mongo::bson::doc;
use test_support::block_on;

use crate::reading::{LONG, assert_clean, connection, database, fails_without_server, figures, line};
use crate::support::{Ended, Example, server};

const DATABASE: &str = "actix_mongo_message_passing";

/// What it says of lines: read, written, malformed.
fn lines(ended: &Ended) -> [u64; 3] {
    let text = line(ended, "Ingested");
    let (lines, rest) = text.split_once(" lines in ").unwrap();
    let (_, counts) = rest.split_once(": ").unwrap();
    match (figures(lines).as_slice(), figures(counts).as_slice()) {
        (&[lines], &[written, malformed]) => [lines, written, malformed],
        other => panic!("{other:?}: {ended}"),
    }
}

#[test]
fn each_line_is_written_or_counted_as_malformed() {
    let server = server();
    let ended = Example::new("message_passing").uri(&server.uri()).arguments(["--keep"]).run_within(LONG);
    assert!(ended.success, "{ended}");
    let [all, written, malformed] = lines(&ended);
    assert_eq!((all, malformed), (20_000, 400), "{ended}");
    assert_eq!(written + malformed, all, "{ended}");

    let readings = database(&server, DATABASE).collection("readings").unwrap();
    let count = |filter| block_on(readings.count_documents(filter).into_future()).unwrap();
    assert_eq!(count(doc! {}), written);
    assert_eq!(count(doc! { "celsius": { "$lt": 0 }, "frost": false }), 0);
    assert_eq!(count(doc! { "at": { "$type": "date" }, "sensor": { "$gte": 0, "$lt": 97 } }), written);
    assert_eq!(figures(line(&ended, "The collection has")), [written]);
    let [batches, on_their_way, allowed] = figures(line(&ended, "batches; at most"))[..] else {
        panic!("{ended}")
    };
    assert_eq!((batches, allowed), (200, 16), "{ended}");
    assert!((1..=allowed).contains(&on_their_way), "{ended}");
}

#[test]
fn a_slow_server_makes_the_gateway_busy_and_the_source_wait() {
    let server = server();
    let data = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 20 };
    let fail = doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data };
    let admin = connection(&server).database("admin").unwrap();
    block_on(admin.run_command(fail).into_future()).unwrap();
    let ended = Example::new("message_passing").uri(&server.uri()).run_within(LONG);
    assert!(ended.success, "{ended}");
    let [_, on_their_way, allowed] = figures(line(&ended, "batches; at most"))[..] else { panic!("{ended}") };
    assert_eq!(on_their_way, allowed, "{ended}");
    assert!(figures(line(&ended, "stood still"))[0] > 0, "{ended}");
    let [requests, busy] = figures(line(&ended, "Busy"))[..] else { panic!("{ended}") };
    assert!(requests == 4 && busy > 0, "{ended}");
    assert_clean(&server);
}

#[test]
fn a_refused_batch_is_an_error() {
    let server = server();
    let data = doc! { "failCommands": ["insert"], "errorCode": 13 };
    let fail = doc! { "configureFailPoint": "failCommand", "mode": { "skip": 20 }, "data": data };
    let admin = connection(&server).database("admin").unwrap();
    block_on(admin.run_command(fail).into_future()).unwrap();
    let ended = Example::new("message_passing").uri(&server.uri()).run_within(LONG);
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stderr.starts_with("error: insert: ") && ended.stderr.contains("code 13"), "{ended}");
}

#[test]
fn without_a_server_it_says_so_and_fails() {
    fails_without_server("message_passing");
}
