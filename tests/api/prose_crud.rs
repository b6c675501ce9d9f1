//! The tests of the CRUD specification that it tells in prose, by their numbers.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::{Connection, Kind, Verbosity};
use test_support::block_on;

use crate::support::{SOON, fixture, fixture_alone, uri};

/// A connection, and the events of its commands.
fn watched() -> (Connection, Receiver<Event>) {
    let (teller, told) = channel();
    let builder = Connection::builder().uri(uri()).unwrap().on_events(EventKinds::COMMANDS, move |event| {
        // Told in vain once the test has seen enough.
        let _ = teller.send(event);
    });
    (block_on(builder.connect()).unwrap(), told)
}

/// What comes next of what `pick` picks.
fn next(told: &Receiver<Event>, pick: impl Fn(&Event) -> Option<Document>) -> Document {
    loop {
        let event = told.recv_timeout(SOON).expect("the event was told");
        if let Some(picked) = pick(&event) {
            return picked;
        }
    }
}

#[test]
fn test_1_the_details_of_a_write_concern_error_are_kept() {
    let fixture = fixture_alone();
    let details = doc! { "writeConcern": { "w": 2, "wtimeout": 0, "provenance": "clientSupplied" } };
    let error = doc! {
        "code": 100, "codeName": "UnsatisfiableWriteConcern", "errmsg": "Not enough data-bearing nodes",
        "errInfo": details.clone(),
    };
    fixture.fail(doc! { "times": 1 }, doc! { "failCommands": ["insert"], "writeConcernError": error });
    let error = block_on(fixture.things().insert_one(doc! { "x": 1 }).into_future()).unwrap_err();
    let concern = error.write_failure().unwrap().write_concern_error.clone().unwrap();
    assert_eq!((error.kind(), concern.code), (Kind::Write, 100));
    assert_eq!(Document::try_from(concern.details.unwrap()).unwrap(), details);
}

#[test]
fn test_2_the_details_of_a_write_error_are_kept() {
    let fixture = fixture();
    let create = doc! { "create": "things", "validator": { "x": { "$type": "string" } } };
    block_on(fixture.database.run_command(create).into_future()).unwrap();
    let (connection, told) = watched();
    let things = connection.database(fixture.database.name()).unwrap().collection("things").unwrap();
    let error = block_on(things.insert_one(doc! { "x": 1 }).into_future()).unwrap_err();
    let refused = error.write_failure().unwrap().write_errors[0].clone();
    assert_eq!((refused.index, refused.code), (0, 121));
    let details = Document::try_from(refused.details.unwrap()).unwrap();
    let reply = next(&told, |event| match event {
        Event::CommandSucceeded(event) if &*event.command_name == "insert" => {
            Some(Document::try_from(event.reply.clone()).unwrap())
        }
        _ => None,
    });
    let entry = reply.get_array("writeErrors").unwrap()[0].as_document().unwrap();
    assert_eq!(entry.get_document("errInfo").unwrap(), &details);
}

#[test]
fn test_14_an_explanation_takes_a_time_limit() {
    let (connection, told) = watched();
    let collection = connection.database("explain-test").unwrap().collection("collection").unwrap();
    let find = collection.find(doc! { "name": "john doe" });
    let limit = Duration::from_millis(2000);
    block_on(find.explain(Verbosity::QueryPlanner).max_time(limit).into_future()).unwrap();
    let pipeline = collection.aggregate([doc! { "$match": { "name": "john doe" } }]);
    block_on(pipeline.explain(Verbosity::QueryPlanner).max_time(limit).into_future()).unwrap();
    for _ in 0..2 {
        let command = next(&told, |event| match event {
            Event::CommandStarted(event) if &*event.command_name == "explain" => {
                Some(Document::try_from(event.command.clone()).unwrap())
            }
            _ => None,
        });
        assert_eq!(command.get("maxTimeMS").unwrap(), &2000_i64.into(), "{command}");
    }
}

#[test]
fn test_16_made_ids_come_first() {
    let fixture = fixture();
    let (connection, told) = watched();
    let things = connection.database(fixture.database.name()).unwrap().collection("things").unwrap();
    block_on(async {
        things.insert_one(doc! { "x": 1 }).await.unwrap();
        things.insert_many([doc! { "x": 1 }, doc! { "x": 2 }]).await.unwrap();
    });
    for count in [1, 2] {
        let command = next(&told, |event| match event {
            Event::CommandStarted(event) if &*event.command_name == "insert" => {
                Some(Document::try_from(event.command.clone()).unwrap())
            }
            _ => None,
        });
        let documents = command.get_array("documents").unwrap();
        assert_eq!(documents.len(), count);
        for document in documents {
            let first = document.as_document().unwrap().keys().next();
            assert_eq!(first.map(String::as_str), Some("_id"), "{document}");
        }
    }
}
