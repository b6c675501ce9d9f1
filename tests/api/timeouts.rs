//! The timeout on each level, and which one wins.

use std::pin::Pin;
use std::time::{Duration, Instant};

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Kind, Result, WriteModel};
use test_support::block_on;

use crate::support::{Fixture, fixture, fixture_alone};

const SHORT: Duration = Duration::from_millis(100);
const SLOW: u64 = 800;

fn slow(fixture: &Fixture, command: &str) {
    let data = doc! { "failCommands": [command], "blockConnection": true, "blockTimeMS": SLOW as i64 };
    fixture.fail("alwaysOn", data);
}

#[test]
fn the_innermost_wins() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    slow(&fixture, "find");
    block_on(async {
        let begin = Instant::now();
        let error = numbers.find_one(doc! {}).timeout(SHORT).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert!(error.may_have_run());
        assert!(begin.elapsed() < Duration::from_millis(SLOW), "it took {:?}", begin.elapsed());

        let hurried = fixture.connection.with_timeout(SHORT);
        let things = hurried.database(fixture.database.name()).unwrap().collection("things").unwrap();
        assert!(things.find_one(doc! {}).await.unwrap_err().is_timeout());
        assert!(things.find_one(doc! {}).timeout(Duration::ZERO).await.unwrap().is_some());
        assert!(things.find_one(doc! {}).timeout(Duration::MAX).await.unwrap().is_some());
        let patient = hurried.with_timeout(Duration::from_secs(30));
        let things = patient.database(fixture.database.name()).unwrap().collection("things").unwrap();
        assert!(things.find_one(doc! {}).await.unwrap().is_some());
    });
}

#[test]
fn a_call_that_ran_out_of_time_leaves_the_connection_usable() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    slow(&fixture, "insert");
    block_on(async {
        let error = numbers.insert_one(doc! { "_id": 1 }).timeout(SHORT).await.unwrap_err();
        assert!(error.is_timeout());
        let documents: Vec<Document> = (0..100_001).map(|n| doc! { "_id": 10 + n }).collect();
        let error = numbers.insert_many(&documents).timeout(SHORT).await.unwrap_err();
        assert!(error.is_timeout());
    });
    fixture.fail("off", doc! {});
    let found = block_on(numbers.find_one(doc! { "_id": 0 }).into_future()).unwrap();
    assert!(found.is_some());
}

#[test]
fn each_batch_of_a_cursor_has_the_querys_timeout() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(10);
    let mut cursor = block_on(numbers.find(doc! {}).batch_size(2).timeout(SHORT * 3).into_future()).unwrap();
    slow(&fixture, "getMore");
    block_on(async {
        assert!(cursor.next_batch().await.unwrap().is_some());
        let error = cursor.next_batch().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout);
    });
    fixture.fail("off", doc! {});
    fixture.wait_for_kills();
}

/// Awaited late, a call has all of its time.
#[test]
fn a_timeout_begins_with_the_first_poll() {
    const LIMIT: Duration = Duration::from_secs(2);
    let fixture = fixture();
    let (things, name) = (fixture.things(), fixture.things().namespace());
    let insert = |id: i32| WriteModel::insert_one(doc! { "_id": id });
    let calls: [Running<()>; 4] = [
        done(things.insert_many([doc! { "_id": 1 }]).timeout(LIMIT)),
        done(things.bulk_write([insert(2)]).timeout(LIMIT)),
        done(fixture.connection.bulk_write([(&name, insert(3))]).timeout(LIMIT)),
        done(things.insert_one(doc! { "_id": 4 }).timeout(LIMIT)),
    ];
    // So has its cursor for further batches.
    let find = things.find(doc! {}).batch_size(2).timeout(LIMIT).into_future();
    let made = Instant::now();
    while made.elapsed() <= LIMIT {
        std::thread::park_timeout(LIMIT);
    }
    for call in calls {
        block_on(call).unwrap();
    }
    let all = block_on(async { find.await?.collect_all().await }).unwrap();
    assert_eq!(all.len(), 4);
}

type Running<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// A call as a future, which is not polled yet.
fn done<T: 'static>(call: impl IntoFuture<Output = Result<T>, IntoFuture: Send + 'static>) -> Running<()> {
    let call = call.into_future();
    Box::pin(async { call.await.map(drop) })
}
