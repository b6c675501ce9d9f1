//! Handles: what they share, what they are on other threads, and how they end.

use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Collection, Connection, Cursor, Database, Kind, ServerKind, operations};
use test_support::{block_on, poll_until};

use crate::support::{SOON, fixture, fixture_alone, uri};

fn is_handle<T: Clone + Send + Sync + 'static>() {}
fn is_future<T: IntoFuture<IntoFuture: Send + 'static>>() {}

#[test]
fn handles_are_shared_and_futures_can_be_spawned() {
    // `Cell` is not `Sync`: what a handle reads does not count for the handle.
    is_handle::<Connection<std::cell::Cell<i32>>>();
    is_handle::<Database<std::cell::Cell<i32>>>();
    is_handle::<Collection<std::cell::Cell<i32>>>();
    fn is_send<T: Send + 'static>() {}
    is_send::<Cursor<std::rc::Rc<i32>>>();
    is_future::<operations::Find>();
    is_future::<operations::FindOne>();
    is_future::<operations::InsertOne>();
    is_future::<operations::InsertMany>();
    is_future::<operations::UpdateOne>();
    is_future::<operations::DeleteOne>();
    is_future::<operations::Aggregate>();
    is_future::<operations::RunCommand>();
}

#[test]
fn a_call_outlives_the_handles_it_was_made_from() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    let name = fixture.database.name().to_owned();
    let connection = block_on(Connection::connect(uri())).unwrap();
    let call = connection.database(&name).unwrap().collection("things").unwrap().find(doc! {}).into_future();
    drop((connection, numbers));
    let found = std::thread::spawn(|| block_on(async { call.await?.collect_all().await })).join().unwrap();
    assert_eq!(found.unwrap().len(), 3);
}

#[test]
fn one_handle_serves_threads_and_runtimes_at_once() {
    let fixture = fixture();
    let numbers = fixture.numbers(50);
    let find = |numbers: Collection| async move {
        for n in 0..50 {
            assert!(numbers.find_one(doc! { "_id": n }).await.unwrap().is_some());
        }
    };
    std::thread::scope(|scope| {
        let (plain, current, multi, arbiter) =
            (numbers.clone(), numbers.clone(), numbers.clone(), numbers.clone());
        scope.spawn(|| block_on(find(plain)));
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(find(current));
        });
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { tokio::spawn(find(multi)).await.unwrap() });
        });
        scope.spawn(|| actix::System::new().block_on(find(arbiter)));
    });
}

#[test]
fn close_ends_everything_for_all_who_wait() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    let connection = fixture.connection.with_timeout(Duration::from_secs(5));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| block_on(connection.close(Duration::from_secs(1))));
        }
    });
    let error = block_on(numbers.find_one(doc! {}).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Closed);
    assert!(!error.may_have_run());
    assert!(connection.state().closed.is_some());
    block_on(connection.close(Duration::from_secs(1)));
}

#[test]
fn calls_under_way_have_the_grace() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    let block = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 300 };
    fixture.fail(doc! { "times": 1 }, block);
    let call = numbers.find_one(doc! {}).into_future();
    let caller = std::thread::spawn(|| block_on(call));
    let busy = || fixture.connection.state().servers[0].pool.as_ref().is_some_and(|pool| pool.in_flight == 1);
    poll_until(SOON, "the call to be under way", busy);
    block_on(fixture.connection.close(Duration::from_secs(10)));
    assert!(caller.join().unwrap().unwrap().is_some());
}

#[test]
fn without_grace_calls_under_way_fail() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1);
    let block = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 2_000 };
    fixture.fail(doc! { "times": 1 }, block);
    let call = numbers.find_one(doc! {}).into_future();
    let caller = std::thread::spawn(|| block_on(call));
    let busy = || fixture.connection.state().servers[0].pool.as_ref().is_some_and(|pool| pool.in_flight == 1);
    poll_until(SOON, "the call to be under way", busy);
    block_on(fixture.connection.close(Duration::ZERO));
    let error = caller.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Closed, "{error:?}");
    assert!(error.may_have_run());
}

#[test]
fn the_last_handle_closes_the_sockets() {
    let fixture = fixture_alone();
    let here = || fixture.status(&["connections", "current"]);
    let address = fixture.connection.state().servers[0].address.to_string();
    let before = here();
    let open = || {
        let connection = block_on(Connection::connect(format!("mongodb://{address}"))).unwrap();
        let things = connection.database(fixture.database.name()).unwrap().collection("things").unwrap();
        block_on(things.find_one(doc! {}).into_future()).unwrap();
        things
    };
    let last_handles: Vec<Collection> = (0..5).map(|_| open()).collect();
    assert!(here() >= before + 10, "each has a monitor's socket and one for operations at least");
    drop(last_handles);
    // The one that looks may have opened a socket or two of its own meanwhile.
    poll_until(SOON, "the sockets to be closed", || here() <= before + 2);
}

#[test]
fn state_shows_servers_and_sockets() {
    let fixture = fixture();
    fixture.numbers(1);
    let state = fixture.connection.state();
    let server = &state.servers[0];
    assert!(matches!(server.kind, ServerKind::RsPrimary | ServerKind::Standalone | ServerKind::Mongos));
    assert_eq!(server.sockets.len(), server.pool.as_ref().unwrap().total);
    assert!(state.closed.is_none() && state.version > 0 && !state.recent.is_empty());
    let page = state.to_string();
    assert!(page.contains(&server.address.to_string()) && page.contains("socket 1: "), "{page}");
    let debug = format!("{:?}", fixture.connection);
    assert!(debug.contains(&server.address.to_string()), "{debug}");
}
