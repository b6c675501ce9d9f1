//! What listeners are told of calls, errors and the end.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use actix_mongo::connection::ConnectionOptions;
use actix_mongo::events::{CheckOutFailedReason, ConnectionClosedReason, Ear, Event, EventKinds, Listener};
use actix_mongo::topology::ServerKind;
use actix_mongo::{Error, MonitoringMode, label};
use bson::doc;
use test_support::{Gate, Rule, ScriptedServer, poll_until};

use crate::support::{Client, SOON, address, command, connect, soon, story};

/// A client of this server, and what it tells.
fn listening(server: &ScriptedServer, change: impl FnOnce(&mut ConnectionOptions)) -> (Client, Events) {
    let (sender, events) = channel();
    let listener = move |event| drop(sender.send(event));
    let client = connect(&[server], |options| {
        options.listeners = vec![Listener {
            kinds: EventKinds::POOLS | EventKinds::TOPOLOGY,
            ear: Ear::Closure(std::sync::Arc::new(listener)),
        }];
        options.monitoring = MonitoringMode::Poll;
        options.data_arbiters = 1;
        change(options);
    });
    (client, Events(events))
}

/// The same, whose one connection was used, and what it tells from then on.
async fn used(change: impl FnOnce(&mut ConnectionOptions)) -> (ScriptedServer, Client, Events) {
    let server = ScriptedServer::start();
    let (client, events) = listening(&server, change);
    client.ping().await;
    events.up_to("1 in");
    (server, client, events)
}

/// A ping that fails by this rule, which costs the connection: its error, and that all follows
/// from it in this order, of which the last is this.
async fn told_of_failure(rule: Rule, last: &str) -> Error {
    let (server, client, events) = used(|_| {}).await;
    server.rule(rule);
    let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("it fails");
    let expected =
        ["asked", "1 out", "server is Unknown", "topology is Single", "pool cleared", "1 in", last];
    assert_eq!(events.up_to(last), expected);
    error
}

struct Events(Receiver<Event>);

impl Events {
    /// Short names of the events up to the first with this one.
    fn up_to(&self, last: &str) -> Vec<String> {
        let mut names = Vec::new();
        while names.last().is_none_or(|name| name != last) {
            let event = self.0.recv_timeout(SOON).unwrap_or_else(|_| panic!("no {last} after {names:?}"));
            names.extend(name(&event));
        }
        names
    }

    /// Those until nobody is left who could emit any.
    fn rest(self) -> Vec<String> {
        self.0.iter().filter_map(|event| name(&event)).collect()
    }
}

/// `None` for checks: when they come is up to time.
fn name(event: &Event) -> Option<String> {
    Some(match event {
        Event::ServerHeartbeatStarted(_)
        | Event::ServerHeartbeatSucceeded(_)
        | Event::ServerHeartbeatFailed(_) => return None,
        Event::TopologyOpening(_) => "topology opening".into(),
        Event::TopologyClosed(_) => "topology closed".into(),
        Event::ServerOpening(_) => "server opening".into(),
        Event::ServerClosed(_) => "server closed".into(),
        Event::TopologyDescriptionChanged(event) => format!("topology is {}", event.new_description.kind()),
        Event::ServerDescriptionChanged(event) => format!("server is {}", event.new_description.kind()),
        Event::PoolCreated(_) => "pool created".into(),
        Event::PoolReady(_) => "pool ready".into(),
        Event::PoolCleared(_) => "pool cleared".into(),
        Event::PoolClosed(_) => "pool closed".into(),
        Event::ConnectionCreated(event) => format!("{} created", event.connection_id),
        Event::ConnectionReady(event) => format!("{} ready", event.connection_id),
        Event::ConnectionCheckedOut(event) => format!("{} out", event.connection_id),
        Event::ConnectionCheckedIn(event) => format!("{} in", event.connection_id),
        Event::ConnectionCheckOutStarted(_) => "asked".into(),
        Event::ConnectionCheckOutFailed(event) => match event.reason {
            CheckOutFailedReason::Timeout => "too late".into(),
            CheckOutFailedReason::PoolClosed => "closed for good".into(),
            _ => "refused".into(),
        },
        Event::ConnectionClosed(event) => format!(
            "{} closed: {}",
            event.connection_id,
            match event.reason {
                ConnectionClosedReason::Error => "error",
                ConnectionClosedReason::Stale => "stale",
                ConnectionClosedReason::Idle => "idle",
                _ => "pool closed",
            }
        ),
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_life_from_opening_to_closed() {
    story(async {
        let server = ScriptedServer::start();
        let (client, events) = listening(&server, |_| {});
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        client.ping().await;
        client.ping().await;
        client.leave().await;
        let told = events.rest();
        let expected = [
            "topology opening",
            "topology is Unknown",
            "server opening",
            "pool created",
            "pool ready",
            "server is Standalone",
            "topology is Single",
            "asked",
            "1 created",
            "1 ready",
            "1 out",
            "1 in",
            "asked",
            "1 out",
            "1 in",
        ];
        assert_eq!(told[..expected.len()], expected);
        // Before it goes, it ends its sessions by one more command.
        let end = [
            "1 closed: pool closed",
            "pool closed",
            "server closed",
            "topology is Unknown",
            "topology closed",
        ];
        assert_eq!(told[told.len() - end.len()..], end);
    });
}

#[test]
fn what_follows_from_an_error_comes_before_the_end_of_its_connection() {
    story(async {
        told_of_failure(Rule::on("ping").once().close(), "1 closed: error").await;
    });
}

/// The same for an error that the server answers with: it says that it shuts down.
#[test]
fn what_follows_from_a_changed_state_comes_before_the_connection_is_checked_in() {
    story(async {
        let rule = Rule::on("ping").once().fail(91, "ShutdownInProgress");
        assert_eq!(told_of_failure(rule, "1 closed: stale").await.code(), Some(91));
    });
}

/// Its last words, and the end of the stream right behind them.
#[test]
fn the_same_holds_where_the_server_closes_the_connection_at_once() {
    story(async {
        let (server, client, events) = used(|options| options.pool.max_size = 1).await;
        for connection in 1..=4 {
            server.rule(Rule::on("ping").once().fail(91, "ShutdownInProgress").then_close());
            let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("it shuts down");
            assert_eq!(error.code(), Some(91), "{error:?}");
            let mut told = events.up_to(&format!("{connection} closed: stale"));
            // A check that succeeds meanwhile may make the pool ready again.
            told.retain(|name| name == "pool cleared" || name.starts_with(&connection.to_string()));
            let [out, back, closed] = ["out", "in", "closed: stale"].map(|it| format!("{connection} {it}"));
            let expected = [out, "pool cleared".into(), back, closed];
            assert_eq!(told[told.len() - 4..], expected, "{told:?}");
            client.ping().await;
            events.up_to(&format!("{} in", connection + 1));
        }
    });
}

/// A request that shares the socket is answered meanwhile; each connection is checked in once
/// for each request.
#[test]
fn a_changed_state_holds_up_no_other_request_of_the_socket() {
    story(async {
        let one_for_two = |options: &mut ConnectionOptions| {
            options.pool.max_size = 1;
            options.pool.pipeline_depth = 2;
        };
        let (server, client, events) = used(one_for_two).await;
        let gate = Gate::new();
        server.rule(Rule::on("ping").once().after(&gate).fail(10107, "NotWritablePrimary"));
        let refused = client.start(command(doc! { "ping": 1 })).await;
        let served = client.start(command(doc! { "buildInfo": 1 })).await;
        poll_until(SOON, "both to be in flight", || client.stats().in_flight == 2);
        gate.open();
        assert_eq!(soon(refused).await.unwrap().expect_err("refused").code(), Some(10107));
        soon(served).await.unwrap().expect("served");
        client.ping().await;
        assert_eq!((client.stats().generation, client.stats().total), (0, 1));
        client.leave().await;
        let rest = events.rest();
        let count = |name: &str| rest.iter().filter(|told| *told == name).count();
        assert_eq!((count("1 out"), count("1 in")), (4, 4), "{rest:?}");
    });
}

/// An error that only says that the server is overloaded is no reason to close anything.
#[test]
fn a_connection_whose_request_was_refused_for_overload_is_checked_in_as_any_other() {
    story(async {
        let (server, client, events) = used(|_| {}).await;
        let overload = doc! {
            "ok": 0, "code": 462, "codeName": "IngressRequestRateLimitExceeded",
            "errmsg": "Rate limiter 'ingressRequestRateLimiter' rate exceeded",
            "errorLabels": [label::SYSTEM_OVERLOADED, label::RETRYABLE],
        };
        server.rule(Rule::on("ping").once().reply(overload));
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("refused");
        assert!(error.has_label(label::SYSTEM_OVERLOADED) && error.has_label(label::RETRYABLE), "{error:?}");
        client.ping().await;
        client.leave().await;
        let rest = events.rest();
        assert_eq!(rest[..6], ["asked", "1 out", "1 in", "asked", "1 out", "1 in"], "{rest:?}");
        assert!(!rest.iter().any(|told| told == "pool cleared" || told == "server is Unknown"));
    });
}

/// A clear and a ready at once. The one that waits meanwhile is not told of a failure.
#[test]
fn a_disconnect_is_a_clear_and_a_ready() {
    story(async {
        let (server, client, events) = used(|options| options.pool.max_size = 2).await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let calls = [
            client.start(command(doc! { "buildInfo": 1 })).await,
            client.start(command(doc! { "buildInfo": 1 })).await,
        ];
        events.up_to("2 out");
        let waiting = client.start(command(doc! { "buildInfo": 1 })).await;
        events.up_to("asked");
        soon(client.core().disconnect(None)).await.expect("the connection lives");
        assert_eq!(events.up_to("pool ready"), ["pool cleared", "pool ready"]);
        gate.open();
        for call in calls.into_iter().chain([waiting]) {
            soon(call).await.unwrap().expect("served");
        }
        client.leave().await;
        let rest = events.rest();
        let count = |name: &str| rest.iter().filter(|told| *told == name).count();
        assert_eq!((count("1 closed: stale"), count("2 closed: stale")), (1, 1), "{rest:?}");
        assert_eq!(count("refused"), 0, "{rest:?}");
    });
}

#[test]
fn idle_connections_leave_between_the_two() {
    story(async {
        let (_server, client, events) = used(|options| options.pool.min_size = 1).await;
        soon(client.core().disconnect(None)).await.expect("the connection lives");
        let expected = ["pool cleared", "1 closed: stale", "pool ready", "2 created", "2 ready"];
        assert_eq!(events.up_to("2 ready"), expected);
    });
}

#[test]
fn a_call_that_waits_too_long_is_told_of() {
    story(async {
        let (_server, client, events) = used(|options| options.pool.max_size = 1).await;
        let lease = client.lease().await.expect("it is idle");
        let late = command(doc! { "ping": 1 }).within(Duration::from_millis(50));
        soon(client.run(late)).await.expect_err("nothing came free");
        drop(lease);
        assert_eq!(events.up_to("1 in"), ["asked", "1 out", "asked", "too late", "1 in"]);
    });
}

#[test]
fn every_check_that_starts_ends() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let (client, events) = listening(&server, |options| options.monitoring = MonitoringMode::Stream);
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        client.leave().await;
        let (mut open, mut ended) = (0, 0);
        for event in events.0.iter() {
            match event {
                Event::ServerHeartbeatStarted(_) => open += 1,
                Event::ServerHeartbeatSucceeded(event) => {
                    assert!(event.awaited || event.reply.get_str("setName").is_ok_and(|name| name == "rs"));
                    open -= 1;
                    ended += 1;
                }
                Event::ServerHeartbeatFailed(_) => {
                    open -= 1;
                    ended += 1;
                }
                Event::TopologyClosed(_) => assert_eq!(open, 0, "the end comes last"),
                _ => {}
            }
            assert!((0..=1).contains(&open));
        }
        assert_eq!(open, 0);
        assert!(ended >= 2, "the handshake, and the awaited hello that was given up");
    });
}
