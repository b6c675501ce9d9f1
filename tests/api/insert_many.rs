//! Many documents: how they are split, and what an error says of them.

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{Collection, Kind};
use test_support::block_on;

use crate::support::{fixture, fixture_alone, whole};

fn count(things: &Collection) -> i64 {
    block_on(async {
        let mut counted = things.aggregate([doc! { "$count": "n" }]).await.unwrap();
        let counted = counted.try_next().await.unwrap();
        counted.map_or(0, |document| whole(document.get("n")))
    })
}

#[test]
fn ids_come_back_in_the_order_of_the_documents() {
    let fixture = fixture();
    let things = fixture.things();
    let documents = [doc! { "_id": 7 }, doc! { "n": 1 }, doc! { "_id": "x" }];
    let result = block_on(things.insert_many(&documents).into_future()).unwrap();
    assert_eq!((&result.inserted_ids[0], &result.inserted_ids[2]), (&Bson::Int32(7), &Bson::from("x")));
    let made = block_on(things.find_one(doc! { "n": 1 }).into_future()).unwrap().unwrap();
    assert_eq!(made.get("_id"), Some(&result.inserted_ids[1]));
}

#[test]
fn more_documents_than_one_message_takes_are_split() {
    let fixture = fixture_alone();
    let things = fixture.things();
    let before = fixture.status(&["metrics", "commands", "insert", "total"]);
    let documents = (0..120_000).map(|n| doc! { "_id": n });
    let result = block_on(things.insert_many(documents).into_future()).unwrap();
    assert_eq!(result.inserted_ids.len(), 120_000);
    assert_eq!(fixture.status(&["metrics", "commands", "insert", "total"]) - before, 2);
    assert_eq!(count(&things), 120_000);

    // The index of a refused document is that of the caller's list, also in a later message.
    let documents = (0..120_000).map(|n| doc! { "_id": if n == 110_000 { 5 } else { 200_000 + n } });
    let error = block_on(things.insert_many(documents).into_future()).unwrap_err();
    assert!(error.is_duplicate_key());
    let failure = error.write_failure().unwrap();
    assert_eq!((failure.write_errors.len(), failure.write_errors[0].index), (1, 110_000));
    assert_eq!(failure.completed, 110_000);
    assert_eq!(count(&things), 230_000);
}

#[test]
fn documents_that_fill_messages_are_split_by_size() {
    let fixture = fixture_alone();
    let things = fixture.things();
    let before = fixture.status(&["metrics", "commands", "insert", "total"]);
    let documents = (0..7).map(|n| doc! { "_id": n, "text": "x".repeat(10_000_000) });
    block_on(things.insert_many(documents).into_future()).unwrap();
    assert_eq!(fixture.status(&["metrics", "commands", "insert", "total"]) - before, 2);
    assert_eq!(count(&things), 7);
}

#[test]
fn in_order_the_first_refusal_ends_it() {
    let fixture = fixture();
    let things = fixture.numbers(3);
    let documents: Vec<Document> = [10, 1, 11, 2, 12].into_iter().map(|n| doc! { "_id": n }).collect();
    let error = block_on(things.insert_many(&documents).into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(11000)));
    let failure = error.write_failure().unwrap();
    assert_eq!((failure.write_errors.len(), failure.write_errors[0].index, failure.completed), (1, 1, 1));
    assert_eq!(count(&things), 4);
}

#[test]
fn without_order_all_others_are_inserted() {
    let fixture = fixture();
    let things = fixture.numbers(3);
    let documents = (0..105_000).map(|n| doc! { "_id": if n == 1 || n == 104_999 { 2 } else { 1000 + n } });
    let error = block_on(things.insert_many(documents).ordered(false).into_future()).unwrap_err();
    assert!(error.is_duplicate_key());
    assert!(error.to_string().contains("and 1 more refused"), "{error}");
    let failure = error.write_failure().unwrap();
    let indexes: Vec<usize> = failure.write_errors.iter().map(|refused| refused.index).collect();
    assert_eq!((indexes, failure.completed), (vec![1, 104_999], 104_998));
    assert_eq!(count(&things), 3 + 104_998);
}

#[test]
fn a_document_that_is_too_large_is_named_and_nothing_is_sent() {
    let fixture = fixture();
    let things = fixture.things();
    let large = || doc! { "text": "x".repeat(16 * 1024 * 1024) };
    let error = block_on(things.insert_many([doc! {}, large(), doc! {}]).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.to_string().contains("document 1"), "{error}");
    assert!(!error.may_have_run());
    let error = block_on(things.insert_one(large()).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert_eq!(count(&things), 0);
}

#[test]
fn a_list_of_nothing_is_refused() {
    let fixture = fixture();
    let error = block_on(fixture.things().insert_many([] as [Document; 0]).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
}

#[test]
fn a_broken_socket_tells_what_was_done_before() {
    let fixture = fixture_alone();
    let things = fixture.things();
    fixture.fail(doc! { "skip": 1 }, doc! { "failCommands": ["insert"], "closeConnection": true });
    let documents = (0..100_010).map(|n| doc! { "_id": n });
    let error = block_on(things.insert_many(documents).into_future()).unwrap_err();
    fixture.fail("off", doc! {});
    assert_eq!(error.kind(), Kind::AutoReconnect);
    assert!(error.is_network() && error.may_have_run());
    assert_eq!(error.write_failure().unwrap().completed, 100_000);
}
