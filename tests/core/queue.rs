//! Who waits for a socket: in order, within bounds, and not for ever.

use std::time::{Duration, Instant};

use actix_mongo::connection::ConnectionOptions;
use actix_mongo::{Error, Kind};
use bson::doc;
use test_support::{Gate, Rule, ScriptedServer};
use tokio::task::JoinHandle;

use crate::support::{Client, SOON, command, connect, soon, story};

/// A server, a client with a pool of one socket, and that socket busy until the gate opens.
struct Busy {
    server: ScriptedServer,
    client: Client,
    gate: Gate,
    holder: JoinHandle<actix_mongo::Result<bson::Document>>,
}

async fn busy(change: impl FnOnce(&mut ConnectionOptions)) -> Busy {
    let (server, gate) = (ScriptedServer::start(), Gate::new());
    server.rule(Rule::on("buildInfo").once().after(&gate));
    let client = connect(&[&server], |options| {
        options.pool.max_size = 1;
        change(options);
    });
    client.ping().await;
    let holder = client.start(command(doc! { "buildInfo": 1 })).await;
    server.until(|log| log.count("buildInfo") == 1, SOON).await;
    Busy { server, client, gate, holder }
}

impl Busy {
    async fn free(self) -> (ScriptedServer, Client) {
        self.gate.open();
        soon(self.holder).await.unwrap().expect("it was only slow");
        (self.server, self.client)
    }
}

fn numbered(number: i32) -> crate::support::Command {
    command(doc! { "ping": 1, "number": number })
}

#[track_caller]
fn assert_unsent(error: &Error, kind: Kind) {
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(!error.may_have_run(), "{error:?}");
}

#[test]
fn calls_are_served_in_the_order_in_which_they_came() {
    story(async {
        let busy = busy(|_| {}).await;
        let mut calls = Vec::new();
        for number in 0..50 {
            calls.push(busy.client.start(numbered(number)).await);
        }
        assert_eq!(busy.client.stats().queued, 50);
        let (server, _client) = busy.free().await;
        for call in calls {
            soon(call).await.unwrap().expect("served");
        }
        let log = server.log();
        let order: Vec<i32> =
            log.commands_named("ping").skip(1).map(|it| it.body.get_i32("number").unwrap()).collect();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn one_more_than_the_queue_takes_is_refused_at_once() {
    story(async {
        let busy = busy(|options| options.pool.max_queued_requests = 2).await;
        let first = busy.client.start(numbered(1)).await;
        let second = busy.client.start(numbered(2)).await;
        let error = soon(busy.client.run(numbered(3))).await.expect_err("the queue is full");
        assert_unsent(&error, Kind::QueueFull);
        assert!(error.to_string().contains("max_queued_requests"), "{error}");

        // A call that is dropped frees its place at once.
        first.abort();
        assert!(first.await.expect_err("aborted").is_cancelled());
        assert_eq!(busy.client.stats().queued, 1);
        let fourth = busy.client.start(numbered(4)).await;
        assert_eq!(busy.client.stats().queued, 2);

        let (server, _client) = busy.free().await;
        soon(second).await.unwrap().expect("served");
        soon(fourth).await.unwrap().expect("served");
        let log = server.log();
        let numbers: Vec<i32> =
            log.commands_named("ping").filter_map(|it| it.body.get_i32("number").ok()).collect();
        assert_eq!(numbers, [2, 4]);
    });
}

#[test]
fn the_bytes_that_wait_are_bounded() {
    story(async {
        let busy = busy(|options| options.pool.max_queued_bytes = 1500).await;
        let large = || command(doc! { "ping": 1, "filler": "x".repeat(900) });
        let waiting = busy.client.start(large()).await;
        let held = busy.client.stats().queued_bytes;
        assert!((900..1500).contains(&held), "{held}");
        let error = soon(busy.client.run(large())).await.expect_err("too many bytes wait");
        assert_unsent(&error, Kind::QueueFull);
        assert!(error.to_string().contains("max_queued_bytes"), "{error}");
        let small = busy.client.start(numbered(1)).await;

        waiting.abort();
        assert!(waiting.await.expect_err("aborted").is_cancelled());
        let again = busy.client.start(large()).await;
        let (server, client) = busy.free().await;
        soon(small).await.unwrap().expect("served");
        soon(again).await.unwrap().expect("served");
        assert_eq!(client.stats().queued_bytes, 0);
        assert_eq!(server.log().count("ping"), 3);
    });
}

const LIMIT: Duration = Duration::from_millis(150);

#[track_caller]
fn assert_near(began: Instant) {
    let took = began.elapsed();
    assert!(took >= LIMIT, "came early, after {took:?}");
    assert!(took < LIMIT + Duration::from_secs(1), "came late, after {took:?}");
}

#[test]
fn a_wait_ends_at_wait_queue_timeout() {
    story(async {
        let busy = busy(|options| options.dispatch.wait_queue_timeout = Some(LIMIT)).await;
        let began = Instant::now();
        let error = soon(busy.client.run(numbered(1))).await.expect_err("no socket comes free");
        assert_near(began);
        assert_unsent(&error, Kind::WaitQueueTimeout);
        assert!(error.is_timeout());
        assert_eq!(busy.client.stats().queued, 0);
        let (server, client) = busy.free().await;
        client.ping().await;
        assert_eq!(server.log().count("ping"), 2, "nothing of it was sent");
    });
}

#[test]
fn a_wait_ends_at_the_operations_own_timeout() {
    story(async {
        let busy = busy(|_| {}).await;
        let began = Instant::now();
        let error = soon(busy.client.run(numbered(1).within(LIMIT))).await.expect_err("no socket comes free");
        assert_near(began);
        assert_unsent(&error, Kind::Timeout);
        assert!(error.to_string().contains("waited for a socket"), "{error}");
        assert_eq!(busy.client.stats().queued, 0);
        let (server, client) = busy.free().await;
        client.ping().await;
        assert_eq!(server.log().count("ping"), 2, "nothing of it was sent");
    });
}

#[test]
fn each_wait_has_its_own_end() {
    story(async {
        let busy = busy(|_| {}).await;
        let began = Instant::now();
        // The one that came last must end first.
        let late = busy.client.start(numbered(1).within(3 * LIMIT)).await;
        let soon_over = busy.client.start(numbered(2).within(LIMIT)).await;
        let error = soon(soon_over).await.unwrap().expect_err("no socket comes free");
        assert_near(began);
        assert_unsent(&error, Kind::Timeout);
        assert!(!late.is_finished());
        let error = soon(late).await.unwrap().expect_err("no socket comes free");
        assert_unsent(&error, Kind::Timeout);
        assert!(began.elapsed() >= 3 * LIMIT);
    });
}
