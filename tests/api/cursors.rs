//! Cursors: all documents, once each, and none left behind on the server.

use std::future::poll_fn;
use std::pin::Pin;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Collection, Cursor, Kind};
use test_support::{DropAfter, block_on};

use crate::support::{SOON, fixture, fixture_alone};

fn open(numbers: &Collection, batch_size: u32) -> Cursor {
    let sorted = numbers.find(doc! {}).sort(doc! { "_id": 1 });
    block_on(sorted.batch_size(batch_size).into_future()).unwrap()
}

fn id(document: &Document) -> i32 {
    document.get_i32("_id").unwrap()
}

/// Has a command answered late.
fn dawdle(command: &str) -> Document {
    doc! { "failCommands": [command], "blockConnection": true, "blockTimeMS": 50 }
}

#[test]
fn a_query_is_read_over_many_batches() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1000);
    let before = fixture.status(&["opcounters", "getmore"]);
    let mut cursor = open(&numbers, 10);
    block_on(async {
        for expected in 0..1000 {
            assert_eq!(id(&cursor.try_next().await.unwrap().unwrap()), expected);
        }
        assert_eq!(cursor.try_next().await.unwrap(), None);
        assert_eq!(cursor.try_next().await.unwrap(), None);
    });
    assert_eq!(cursor.id(), 0);
    let after = fixture.status(&["opcounters", "getmore"]);
    assert!((99..=100).contains(&(after - before)), "{before} getMores before, {after} after");
}

#[test]
fn batches_are_handed_out_whole() {
    let fixture = fixture();
    let numbers = fixture.numbers(25);
    let mut cursor = open(&numbers, 10);
    block_on(async {
        assert_eq!(id(&cursor.try_next().await.unwrap().unwrap()), 0);
        let mut sizes = Vec::new();
        let mut next = 1;
        while let Some(batch) = cursor.next_batch().await.unwrap() {
            for document in batch.iter() {
                assert_eq!(document.unwrap().get_i32("_id").unwrap(), next);
                next += 1;
            }
            sizes.push(batch.iter().count());
        }
        // What was taken before is not in the first.
        assert_eq!((sizes, next), (vec![9, 10, 5], 25));
    });
}

#[test]
fn a_cursor_is_a_stream() {
    use futures_core::Stream;
    let fixture = fixture();
    let numbers = fixture.numbers(250);
    let mut cursor = open(&numbers, 100);
    let mut count = 0;
    while let Some(document) = block_on(poll_fn(|task| Pin::new(&mut cursor).poll_next(task))) {
        assert_eq!(id(&document.unwrap()), count);
        count += 1;
    }
    assert_eq!(count, 250);
}

#[test]
fn the_first_batch_may_be_empty_and_limits_hold_over_batches() {
    let fixture = fixture();
    let numbers = fixture.numbers(50);
    block_on(async {
        let all = open(&numbers, 0).collect_all().await.unwrap();
        assert_eq!(all.len(), 50);
        let some = numbers.find(doc! {}).batch_size(7).limit(20).await.unwrap().collect_all().await.unwrap();
        assert_eq!(some.len(), 20);
        let none = numbers.find(doc! { "n": -1 }).await.unwrap();
        assert_eq!(none.id(), 0);
        assert!(none.collect_all().await.unwrap().is_empty());
        let pipeline =
            numbers.aggregate([doc! { "$match": {} }]).batch_size(3).comment("slowly").await.unwrap();
        assert_ne!(pipeline.id(), 0);
        assert_eq!(pipeline.collect_all().await.unwrap().len(), 50);
    });
}

#[test]
fn dropped_cursors_are_killed_in_few_messages() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(200);
    let messages = || fixture.status(&["metrics", "commands", "killCursors", "total"]);
    let before = messages();
    let cursors: Vec<Cursor> = (0..50).map(|_| open(&numbers, 2)).collect();
    assert_eq!(fixture.open_cursors(), 50);
    drop(cursors);
    fixture.wait_for_kills();
    let sent = messages() - before;
    assert!((1..=3).contains(&sent), "50 kills in {sent} messages");
}

#[test]
fn cursors_that_are_dropped_while_a_socket_breaks_are_killed_all_the_same() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(30);
    let cursors: Vec<Cursor> = (0..5).map(|_| open(&numbers, 2)).collect();
    let breaks = doc! { "failCommands": ["count"], "closeConnection": true };
    fixture.fail(doc! { "times": 1 }, breaks);
    drop(cursors);
    assert_eq!(block_on(numbers.estimated_document_count().into_future()).unwrap(), 30);
    fixture.wait_for_kills();
}

#[test]
fn a_query_that_is_dropped_at_any_await_leaves_no_cursor() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(100);
    // So that no reply is there before the first poll.
    fixture.fail("alwaysOn", dawdle("find"));
    for polls in 0.. {
        let query = numbers.find(doc! {}).batch_size(2).into_future();
        if block_on(DropAfter::new(polls, query)).is_some() {
            assert!(polls > 1, "the query was never dropped half-way");
            break;
        }
    }
    fixture.wait_for_kills();
    fixture.fail("off", doc! {});
    // The connection is as good as before.
    assert_eq!(block_on(open(&numbers, 50).collect_all()).unwrap().len(), 100);
}

#[test]
fn a_cursor_that_is_dropped_at_any_await_is_killed() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(100);
    fixture.fail("alwaysOn", dawdle("getMore"));
    for polls in 0.. {
        let mut cursor = open(&numbers, 2);
        block_on(async { cursor.next_batch().await.unwrap().unwrap().iter().count() });
        let finished = block_on(DropAfter::new(polls, async move {
            cursor.next_batch().await.unwrap();
        }));
        if finished.is_some() {
            assert!(polls > 1, "no getMore was dropped half-way");
            break;
        }
    }
    fixture.wait_for_kills();
}

#[test]
fn a_call_that_is_dropped_loses_no_document() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(15);
    fixture.fail("alwaysOn", dawdle("getMore"));
    let mut cursor = open(&numbers, 3);
    let mut seen = Vec::new();
    let mut dropped = 0;
    loop {
        match block_on(DropAfter::new(1, cursor.try_next())) {
            Some(Ok(Some(document))) => seen.push(id(&document)),
            Some(Ok(None)) => break,
            Some(Err(error)) => panic!("{error}"),
            None => dropped += 1,
        }
    }
    assert_eq!(seen, (0..15).collect::<Vec<_>>());
    assert!(dropped > 0, "no call was dropped half-way");
}

#[test]
fn close_is_the_same_as_dropping() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(10);
    let cursor = open(&numbers, 2);
    assert_eq!(fixture.open_cursors(), 1);
    cursor.close();
    fixture.wait_for_kills();
}

#[test]
fn cursors_are_killed_also_by_the_end_of_the_connection() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(10);
    let other = fixture.connection.clone();
    let cursor = open(&numbers, 2);
    // A second connection, to look from.
    let address = other.state().servers[0].address.to_string();
    let uri = format!("mongodb://{address}/?directConnection=true");
    let second = block_on(actix_mongo::Connection::connect(uri)).unwrap();
    let things = second.database(fixture.database.name()).unwrap().collection("things").unwrap();
    let left = block_on(things.find(doc! {}).batch_size(2).into_future()).unwrap();
    assert_eq!(fixture.open_cursors(), 2);
    drop((left, things, second));
    drop(cursor);
    fixture.wait_for_kills();
}

#[test]
fn cursors_that_are_held_when_the_connection_is_closed_are_killed() {
    let fixture = fixture_alone();
    fixture.numbers(10);
    let address = fixture.connection.state().servers[0].address.to_string();
    let uri = format!("mongodb://{address}/?directConnection=true");
    let second = block_on(actix_mongo::Connection::connect(uri)).unwrap();
    let things = second.database(fixture.database.name()).unwrap().collection("things").unwrap();
    let held: Vec<Cursor> = (0..20).map(|_| open(&things, 2)).collect();
    let mut read = open(&things, 4);
    block_on(async { while read.try_next().await.unwrap().is_some() {} });
    assert_eq!(fixture.open_cursors(), 20);
    block_on(second.close(SOON));
    assert_eq!(fixture.open_cursors(), 0, "close waits for the kills");
    drop(held);
}

#[test]
fn a_dropped_command_leaves_no_cursor() {
    let fixture = fixture_alone();
    fixture.numbers(10);
    fixture.fail("alwaysOn", dawdle("find"));
    for _ in 0..5 {
        let command = fixture.database.run_command(doc! { "find": "things", "batchSize": 2 });
        assert!(block_on(DropAfter::new(1, command.into_future())).is_none(), "it was to be dropped");
    }
    fixture.fail("off", dawdle("find"));
    // One that is not dropped, so that the server is known to have seen the others.
    block_on(fixture.database.run_command(doc! { "ping": 1 }).into_future()).unwrap();
    fixture.wait_for_kills();
}

#[test]
fn an_error_ends_a_cursor() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(10);
    let mut cursor = open(&numbers, 2);
    let things = [cursor.id()];
    let killed = doc! { "killCursors": "things", "cursors": things.to_vec() };
    block_on(async {
        fixture.database.run_command(killed).await.unwrap();
        assert_eq!(cursor.next_batch().await.unwrap().unwrap().iter().count(), 2);
        let error = cursor.next_batch().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Command, Some(43)));
        assert!(cursor.next_batch().await.unwrap().is_none());
    });
    fixture.fail(doc! { "times": 1 }, doc! { "failCommands": ["getMore"], "errorCode": 8000 });
    let mut cursor = open(&numbers, 2);
    block_on(async {
        assert_eq!(cursor.next_batch().await.unwrap().unwrap().iter().count(), 2);
        assert_eq!(cursor.next_batch().await.unwrap_err().code(), Some(8000));
        assert!(cursor.next_batch().await.unwrap().is_none());
        assert_eq!(cursor.id(), 0);
    });
    fixture.wait_for_kills();
}
