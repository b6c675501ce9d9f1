//! A thousand calls a second that nobody waits for.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use actix_mongo::Connection;
use actix_mongo::bson::doc;
use test_support::scripted::CommandRecord;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{
    Pending, SOON, Story, assert_at_rest, assert_sound, build_info, collection, connect, stats,
};

at_both_depths!(a_thousand_drops_a_second_lose_no_socket_and_open_none);

const SOCKETS: u32 = 4;
const A_SECOND: usize = 1000;

fn seconds() -> usize {
    // Both depths together are what the short form has.
    if std::env::var("ACTIX_MONGO_LONG").is_ok_and(|it| it == "1") { 60 } else { 5 }
}

fn a_thousand_drops_a_second_lose_no_socket_and_open_none(depth: u32) {
    let _story = Story::begin();
    let documents = (0..9).map(|number| doc! { "_id": number });
    let server = ScriptedServer::builder().documents(documents).start();
    let connection =
        connect(&server, depth, |builder| builder.max_pool_size(SOCKETS).max_connecting(SOCKETS));
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").after(&gate));
    let holders: Vec<_> = (0..SOCKETS * depth).map(|_| Pending::begin(build_info(&connection))).collect();
    server.wait_for(|log| log.count("buildInfo") == holders.len(), SOON);
    gate.open();
    holders.into_iter().for_each(|call| drop(call.end().unwrap()));
    let opened = server.log().connections.len();
    assert_eq!(opened, 1 + usize::try_from(SOCKETS).unwrap());
    let some = |it: &CommandRecord| it.order.is_multiple_of(5);
    server.rule(Rule::any().when(some).byte_by_byte());

    storm(&connection, "scripted server");
    assert_at_rest(&connection, &server);
    assert_eq!(stats(&connection).total, usize::try_from(SOCKETS).unwrap());
    assert_sound(&connection, &server);
    assert_eq!(server.log().connections.len(), opened, "none lost, none opened anew");
}

/// Begins the calls, each at its time, and drops them soon after.
pub fn storm(connection: &Connection, whose: &str) {
    let things = collection(connection);
    let began = Instant::now();
    let mut under_way = VecDeque::new();
    let count = A_SECOND * seconds();
    for number in 0..count {
        let due = began + Duration::from_millis(1) * u32::try_from(number).unwrap();
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            thread::park_timeout(left);
        }
        let call: Call = match number % 3 {
            0 => Box::pin(discard(things.find(doc! {}).batch_size(2))),
            1 => Box::pin(discard(things.insert_one(doc! { "a": number as i64 }))),
            _ => Box::pin(discard(things.find_one(doc! {}))),
        };
        // A few have their answer at once, if this thread has to wait in the middle.
        match Pending::once(call, Waker::noop()) {
            Ok(call) => under_way.push_back(call),
            Err(outcome) => outcome.expect("served"),
        }
        // Between none and nine calls later: some wait still, some are written, some answered.
        while under_way.len() > number % 10 {
            drop(under_way.pop_front());
        }
    }
    under_way.clear();
    let took = began.elapsed();
    println!("{count} calls dropped in {took:?}, {whose}");
}

type Call = Pin<Box<dyn Future<Output = actix_mongo::Result<()>> + Send>>;

async fn discard<T, C: IntoFuture<Output = actix_mongo::Result<T>>>(call: C) -> actix_mongo::Result<()> {
    call.await.map(|_| ())
}
