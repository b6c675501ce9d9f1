//! A pool behind a load balancer: its sockets lead to several services.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use actix_mongo::connection::ConnectionOptions;
use actix_mongo::events::{ConnectionClosedReason, Ear, Event, EventKinds, Listener};
use actix_mongo::{Kind, label};
use bson::oid::ObjectId;
use bson::{Document, doc};
use test_support::scripted::{CommandRecord, End};
use test_support::{Gate, Rule, ScriptedServer, poll_until};

use crate::support::{Client, SOON, command, connect, insert, open_sockets, soon, story};

const SERVICES: [ObjectId; 2] = [ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12])];

/// Connections 1, 3, 5 and so on lead to the first service, the others to the second.
pub fn service_of(connection: usize) -> ObjectId {
    SERVICES[(connection + 1) % 2]
}

fn hello(service: Option<ObjectId>) -> Document {
    let mut hello = doc! {
        "ok": 1, "isWritablePrimary": true, "msg": "isdbgrid", "minWireVersion": 0, "maxWireVersion": 25,
        "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
    };
    hello.extend(service.map(|id| ("serviceId".to_owned(), id.into())));
    hello
}

pub fn balancer() -> ScriptedServer {
    let server = ScriptedServer::start();
    server.rule(Rule::on("hello").reply_with(|it| hello(Some(service_of(it.connection)))));
    server
}

fn behind(
    balancer: &ScriptedServer,
    change: impl FnOnce(&mut ConnectionOptions),
) -> (Client, Receiver<Event>) {
    let (sender, events) = channel();
    let listener = move |event| drop(sender.send(event));
    let client = connect(&[balancer], |options| {
        options.topology.load_balanced = true;
        options.listeners = vec![Listener {
            kinds: EventKinds::POOLS | EventKinds::TOPOLOGY,
            ear: Ear::Closure(Arc::new(listener)),
        }];
        change(options);
    });
    (client, events)
}

/// All clears that were told of until the end, by service; and the connections that left.
fn losses(events: Receiver<Event>) -> (Vec<Option<ObjectId>>, Vec<(u64, ConnectionClosedReason)>) {
    let (mut clears, mut closed) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::PoolCleared(event) => {
                assert!(!event.interrupt_in_use_connections);
                clears.push(event.service_id);
            }
            Event::ConnectionClosed(event) if event.reason != ConnectionClosedReason::PoolClosed => {
                closed.push((event.connection_id, event.reason));
            }
            _ => {}
        }
    }
    (clears, closed)
}

fn on_connection(number: usize) -> impl Fn(&CommandRecord) -> bool + Send + Sync + 'static {
    move |it| it.connection == number
}

#[test]
fn an_error_of_one_service_costs_the_sockets_to_it_alone() {
    story(async {
        let server = balancer();
        let (client, events) = behind(&server, |options| options.pool.max_size = 3);
        let mut sockets = open_sockets(&client, &server, 3).await;
        // The one that was used last is used next; its service has one or two of the three.
        let broken = *sockets.last().unwrap();
        server.rule(Rule::on("ping").when(on_connection(broken)).once().close());
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("it broke");
        assert_eq!(error.kind(), Kind::AutoReconnect, "{error:?}");
        client.settle().await;
        sockets.retain(|number| service_of(*number) != service_of(broken));
        let stats = client.stats();
        assert_eq!((stats.state, stats.generation, stats.total), ("ready", 0, sockets.len()));
        client.ping().await;
        let log = server.log();
        assert!(sockets.contains(&log.commands_named("ping").last().unwrap().connection));
        assert_eq!(log.count("hello"), 3, "and nothing was asked again");
        client.leave().await;
        let (clears, closed) = losses(events);
        assert_eq!(clears, [Some(service_of(broken))]);
        assert_eq!(closed.len(), 3 - sockets.len());
        assert!(closed.iter().any(|(_, reason)| *reason == ConnectionClosedReason::Error));
    });
}

/// Both sockets to the service break at one time; the second error is of the generation that
/// the first one ended, although no socket of it is left.
#[test]
fn errors_of_one_generation_clear_the_service_once() {
    story(async {
        let server = ScriptedServer::start();
        server.rule(Rule::on("hello").reply(hello(Some(SERVICES[0]))));
        let (client, events) = behind(&server, |options| options.pool.max_size = 2);
        open_sockets(&client, &server, 2).await;
        let gate = Gate::new();
        server.rule(Rule::on("ping").after(&gate).close());
        let calls = [
            client.start(command(doc! { "ping": 1 })).await,
            client.start(command(doc! { "ping": 1 })).await,
        ];
        server.until(|log| log.count("ping") == 2, SOON).await;
        gate.open();
        for call in calls {
            soon(call).await.unwrap().expect_err("it broke");
        }
        client.settle().await;
        assert!(client.stats().services.is_empty(), "{:?}", client.stats());
        client.leave().await;
        assert_eq!(losses(events).0, [Some(SERVICES[0])]);
    });
}

#[test]
fn only_a_service_that_shuts_down_is_cleared_for_its_answer() {
    story(async {
        let server = balancer();
        let (client, events) = behind(&server, |options| options.pool.max_size = 1);
        server.rule(Rule::on("ping").once().fail(10107, "NotWritablePrimary"));
        server.rule(Rule::on("ping").once().fail(91, "ShutdownInProgress"));
        for code in [10107, 91] {
            let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("not here");
            assert_eq!(error.code(), Some(code));
        }
        client.ping().await;
        let log = server.log();
        assert_eq!(log.used_connections(), [1, 2], "the socket outlived the first answer alone");
        server.until(|log| log.connections[0].end == Some(End::ByClient), SOON).await;
        client.leave().await;
        let (clears, closed) = losses(events);
        assert_eq!(clears, [Some(SERVICES[0])]);
        assert_eq!(closed, [(1, ConnectionClosedReason::Stale)]);
    });
}

#[test]
fn a_server_that_names_no_service_is_refused() {
    story(async {
        let server = ScriptedServer::start();
        server.rule(Rule::on("hello").reply(hello(None)));
        let (client, events) = behind(&server, |_| {});
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("no balancer");
        let text = error.to_string();
        assert!(text.contains("initialize in load balancing mode"), "{text}");
        assert_eq!((error.kind(), error.is_network()), (Kind::Unsupported, false));
        client.leave().await;
        assert!(losses(events).0.is_empty());
    });
}

#[test]
fn a_handshake_that_breaks_clears_nothing() {
    story(async {
        let server = balancer();
        let (client, events) = behind(&server, |_| {});
        client.ping().await;
        let lease = client.lease().await.expect("a socket is idle");
        server.clear_rules();
        server.rule(Rule::on("hello").close());
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("no socket");
        assert!(error.has_label(label::SYSTEM_OVERLOADED) && error.has_label(label::RETRYABLE), "{error:?}");
        drop(lease);
        client.ping().await;
        client.leave().await;
        assert!(losses(events).0.is_empty());
    });
}

/// There is no monitor whose hello would tell what to write for.
#[test]
fn the_first_write_has_a_session_and_a_number() {
    story(async {
        let server = balancer();
        let (client, _events) = behind(&server, |_| {});
        let write = insert();
        let written = write.written_for.clone();
        soon(client.run(write)).await.expect("a write");
        let log = server.log();
        let body = &log.commands_named("insert").next().unwrap().body;
        assert!(body.contains_key("lsid") && body.contains_key("txnNumber"), "{body}");
        assert_eq!(written.lock().unwrap().len(), 1, "written once");
        // Sessions do not age here, though the hello says nothing of them.
        assert_eq!(client.core().sessions.len(), 1);
    });
}

#[test]
fn the_first_write_is_written_anew_where_less_is_taken() {
    story(async {
        let server = ScriptedServer::start();
        let mut less = hello(Some(SERVICES[0]));
        less.insert("maxWriteBatchSize", 7);
        server.rule(Rule::on("hello").reply(less));
        let (client, _events) = behind(&server, |_| {});
        let write = insert();
        let written = write.written_for.clone();
        soon(client.run(write)).await.expect("a write");
        let batches: Vec<usize> = written.lock().unwrap().iter().map(|limits| limits.max_batch).collect();
        assert_eq!(batches, [100_000, 7]);
        assert_eq!(server.log().count("insert"), 1);
    });
}

#[test]
fn a_least_number_of_sockets_is_opened_before_anybody_asks_and_again_after_a_failure() {
    story(async {
        let server = balancer();
        server.clear_rules();
        server.rule(Rule::on("hello").once().close());
        server.rule(Rule::on("hello").reply_with(|it| hello(Some(service_of(it.connection)))));
        let (client, _events) = behind(&server, |options| {
            options.pool.min_size = 2;
            options.pool.max_connecting = 1;
            options.dispatch.heartbeat_frequency = Duration::from_millis(500);
        });
        server.until(|log| log.count("hello") == 1, SOON).await;
        poll_until(SOON, "the least number of sockets", || {
            let stats = client.stats();
            (stats.total, stats.pending) == (2, 0)
        });
        assert_eq!(server.log().count("hello"), 3);
    });
}

/// What a socket of before tells of its service does not touch the sockets that came after.
#[test]
fn after_a_disconnect_errors_of_earlier_sockets_clear_no_service() {
    story(async {
        let server = ScriptedServer::start();
        server.rule(Rule::on("hello").reply(hello(Some(SERVICES[0]))));
        let (client, events) = behind(&server, |_| {});
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate).close());
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        soon(client.core().disconnect(None)).await.expect("the connection lives");
        client.ping().await;
        gate.open();
        soon(call).await.unwrap().expect_err("it broke");
        client.settle().await;
        assert_eq!(client.stats().total, 1, "the new one");
        client.ping().await;
        client.leave().await;
        assert_eq!(losses(events).0, [None], "the disconnect alone");
    });
}
