//! What a program learns from an error.

use std::error::Error as _;
use std::pin::Pin;
use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{Connection, Error, Kind, Result, WriteConcern, label};
use serde::{Serialize, Serializer};
use test_support::block_on;
use test_support::poll::poll_until;

use crate::support::{fixture, fixture_alone};

#[test]
fn a_duplicate_key_is_told_with_its_document() {
    let fixture = fixture();
    let numbers = fixture.numbers(1);
    let error = block_on(numbers.insert_one(doc! { "_id": 0 }).into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(11000)));
    assert!(error.is_duplicate_key() && !error.is_network() && !error.is_timeout() && !error.may_have_run());
    let failure = error.write_failure().unwrap();
    assert_eq!((failure.write_errors[0].index, failure.completed), (0, 0));
    assert!(error.server_response().is_some());
    assert!(error.to_string().starts_with("insert: "), "{error}");
}

#[test]
fn an_error_names_the_call_and_where_it_ended() {
    let fixture = fixture();
    let numbers = fixture.numbers(1);
    let namespace = format!("{}.{}", numbers.database_name(), numbers.name());
    let error = block_on(numbers.find(doc! { "$nothing": 1 }).into_future()).unwrap_err();
    assert_eq!((error.namespace(), error.attempts()), (Some(namespace.as_str()), 1));
    let sentence = error.to_string();
    assert!(sentence.starts_with("find: ") && sentence.ends_with(&format!(", {namespace}]")), "{sentence}");
    let error = block_on(fixture.database.run_command(doc! { "nothing": 1 }).into_future()).unwrap_err();
    assert_eq!(error.namespace(), Some(fixture.database.name()));
    let documents = [doc! { "_id": 0 }, doc! { "_id": 7 }];
    let error = block_on(numbers.insert_many(documents).into_future()).unwrap_err();
    assert_eq!((error.namespace(), error.attempts()), (Some(namespace.as_str()), 1));
}

#[test]
fn an_error_tells_how_often_the_call_was_tried() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    fixture.fail("alwaysOn", doc! { "failCommands": ["find"], "errorCode": 91 });
    let error = block_on(numbers.find(doc! {}).into_future()).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(91), 2), "{error}");
    assert!(error.to_string().ends_with("2 attempts]"), "{error}");
}

#[test]
fn a_connection_whose_writes_ask_for_no_answer_gets_none() {
    let fixture = fixture();
    let things = fixture.things();
    let silent = things.with_write_concern(WriteConcern::nodes(0));
    assert!(!block_on(silent.insert_one(doc! { "_id": 1 }).into_future()).unwrap().is_acknowledged());
    let arrived = || block_on(things.find_one(doc! { "_id": 1 }).into_future()).unwrap().is_some();
    poll_until(Duration::from_secs(5), "the document is there", arrived);
}

#[test]
fn bad_names_are_told_before_anything_is_sent() {
    let fixture = fixture();
    for name in ["", "a b", "a.b", "$x"] {
        assert_eq!(fixture.connection.database(name).unwrap_err().kind(), Kind::InvalidName, "{name:?}");
    }
    for name in ["", "a..b", ".a", "a.", "$cmd"] {
        assert_eq!(fixture.database.collection(name).unwrap_err().kind(), Kind::InvalidName, "{name:?}");
    }
    assert_eq!(fixture.database.collection("a.b").unwrap().name(), "a.b");
}

#[test]
fn a_value_that_can_not_be_encoded_is_the_futures_error() {
    struct Sulky;
    impl Serialize for Sulky {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }
    let fixture = fixture();
    let things = fixture.things();
    let sulky = fixture.database.collection_of::<Sulky>("things").unwrap();
    block_on(async {
        let errors = [
            things.find(Sulky).await.unwrap_err(),
            things.find_one(doc! {}).sort(Sulky).await.unwrap_err(),
            things.update_one(doc! {}, Sulky).await.unwrap_err(),
            things.delete_one(Sulky).await.unwrap_err(),
            things.aggregate([Sulky]).await.unwrap_err(),
            sulky.insert_one(Sulky).await.unwrap_err(),
            sulky.insert_many([Sulky]).await.unwrap_err(),
            fixture.database.run_command(Sulky).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), Kind::Encode);
            assert!(error.to_string().contains("not today"), "{error}");
            assert!(error.source().is_some());
        }
    });
}

#[test]
fn where_nobody_listens_connect_says_why() {
    let quick = Connection::builder().server_selection_timeout(Duration::from_millis(200));
    // Port 1 of the own machine: refused at once.
    let error = block_on(quick.uri("mongodb://127.0.0.1:1").unwrap().connect()).unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionFailure);
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    let source = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(source.kind(), Kind::ServerSelection);
    let lazy = Connection::connect_lazy("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100").unwrap();
    let error =
        block_on(lazy.database("x").unwrap().run_command(doc! { "ping": 1 }).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::ServerSelection);
}

#[test]
fn what_may_pass_is_tried_once_more() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    let fail = |command: &str, times: i32| {
        fixture.fail(
            doc! { "times": times },
            doc! { "failCommands": [command], "errorCode": 6, "errorLabels": [label::RETRYABLE_WRITE] },
        );
    };
    block_on(async {
        fail("find", 1);
        assert!(numbers.find_one(doc! {}).await.unwrap().is_some());
        fail("insert", 1);
        numbers.insert_one(doc! { "_id": 5 }).await.unwrap();
        fail("update", 1);
        assert_eq!(
            numbers.update_one(doc! { "_id": 5 }, doc! { "$inc": { "n": 1 } }).await.unwrap().matched_count,
            1
        );
        fail("delete", 1);
        assert_eq!(numbers.delete_one(doc! { "_id": 5 }).await.unwrap().deleted_count, 1);
        fail("find", 2);
        let error = numbers.find_one(doc! {}).await.unwrap_err();
        assert_eq!(error.code(), Some(6));
        assert!(error.is_retryable());
    });
}

#[test]
fn a_broken_socket_is_retried_and_the_write_done_once() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    fixture.fail(doc! { "times": 1 }, doc! { "failCommands": ["update"], "closeConnection": true });
    let begin = Instant::now();
    let updated =
        block_on(numbers.update_one(doc! { "_id": 0 }, doc! { "$inc": { "n": 1 } }).into_future()).unwrap();
    assert_eq!(updated.modified_count, 1);
    // The server is looked at again at once, not with the next heartbeat.
    assert!(begin.elapsed() < Duration::from_secs(5), "it took {:?}", begin.elapsed());
    let found = block_on(numbers.find_one(doc! {}).into_future()).unwrap();
    assert_eq!(found, Some(doc! { "_id": 0, "n": 1 }));
}

#[test]
fn no_error_says_a_word_twice() {
    let fixture = fixture();
    let things = fixture.things();
    let (wrong, none) = (doc! { "a": 1 }, doc! {});
    let calls: [Pin<Box<dyn Future<Output = Error>>>; 5] = [
        failed(things.update_one(doc! {}, &wrong)),
        failed(things.update_many(doc! {}, 5)),
        failed(things.replace_one(doc! {}, doc! { "$set": {} })),
        failed(things.find_one_and_update(doc! {}, &none)),
        failed(things.create_index(none.clone())),
    ];
    let sentences = calls.map(|call| block_on(call).to_string());
    let begin = [
        "update: an update's keys are operators",
        "update: an update is a document",
        "update: a replacement is a whole document",
        "findAndModify: an update needs at least one operator",
        "createIndexes: an index needs a key",
    ];
    for (sentence, begin) in sentences.iter().zip(begin) {
        assert!(sentence.starts_with(begin), "{sentence}");
    }
}

fn failed<T>(
    call: impl IntoFuture<Output = Result<T>, IntoFuture: 'static>,
) -> Pin<Box<dyn Future<Output = Error>>> {
    let call = call.into_future();
    Box::pin(async { call.await.map(drop).unwrap_err() })
}
