//! What no server would take is refused at once, and nothing of it is sent.

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Error, Kind};
use test_support::{Hello, ScriptedServer};

use crate::support::{
    Story, assert_error, assert_says, assert_sound, at_once, collection, connect, database, ping, soon,
};

at_both_depths! {
    a_document_over_the_limit,
    names_that_no_server_takes,
    connection_strings_that_can_not_be_read,
}

fn large(bytes: usize) -> Document {
    doc! { "_id": 1, "filler": "x".repeat(bytes) }
}

fn a_document_over_the_limit(depth: u32) {
    let _story = Story::begin();
    let hello = Hello::standalone().with("maxBsonObjectSize", 1000).with("maxMessageSizeBytes", 40_000);
    let server = ScriptedServer::builder().hello(hello).start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    // The pool knows the limits of its server from the first socket on.
    soon(ping(&connection)).unwrap();
    let things = collection(&connection);
    // Each of these names the document's size, or the message's, and the limit.
    let errors: [(Error, &str); 4] = [
        (at_once(things.insert_one(large(1000))).unwrap_err(), "1000"),
        (at_once(things.insert_many([large(10), large(1000)])).unwrap_err(), "1000"),
        (at_once(things.update_one(doc! {}, doc! { "$set": large(50_000) })).unwrap_err(), "40000"),
        (
            at_once(database(&connection).run_command(doc! { "ping": 1, "filler": large(50_000) }))
                .unwrap_err(),
            "40000",
        ),
    ];
    for (error, limit) in errors {
        assert_error(&error, Kind::TooLarge, &[]);
        assert_says(&error, &["bytes", limit]);
    }
    soon(things.insert_one(large(900))).expect("within the limit");
    assert_sound(&connection, &server);
    assert_eq!(server.log().names(), ["ping", "insert", "ping"]);
}

fn names_that_no_server_takes(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder);
    let long = "x".repeat(64);
    for name in ["", "a b", "a.b", "$x", "a/b", "a\\b", "a\"b", "a\0b", &long] {
        let error = connection.database(name).unwrap_err();
        assert_error(&error, Kind::InvalidName, &[]);
    }
    for name in ["", "a..b", ".a", "a.", "$cmd", "a$b", "a\0b", &"x".repeat(255)] {
        let error = database(&connection).collection(name).unwrap_err();
        assert_error(&error, Kind::InvalidName, &[]);
    }
    assert_sound(&connection, &server);
}

/// The depth has no part in this: no connection comes to be.
fn connection_strings_that_can_not_be_read(_depth: u32) {
    let _story = Story::begin();
    for uri in [
        "",
        "mongodb:",
        "mongodb://",
        "http://a",
        "mongodb://a:0",
        "mongodb://a:70000",
        "mongodb://a,,b",
        "mongodb://%zz",
    ] {
        assert_error(&at_once(Connection::connect(uri)).unwrap_err(), Kind::InvalidUri, &[]);
    }
    assert_error(
        &at_once(Connection::connect("mongodb://a/?proxyHost=b")).unwrap_err(),
        Kind::Unsupported,
        &[],
    );
    let contradiction = Connection::builder().min_pool_size(5).max_pool_size(2).connect();
    assert_error(&at_once(contradiction).unwrap_err(), Kind::InvalidArgument, &[]);
}
