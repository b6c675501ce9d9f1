//! Several requests on one socket, where the option asks for it.

use std::time::Duration;

use actix_mongo::topology::ServerAddress;
use actix_mongo::{Kind, MonitoringMode};
use bson::doc;
use test_support::fault_proxy::Traffic;
use test_support::{FaultProxy, Gate, Rule, ScriptedServer};

use crate::support::{Client, Command, SOON, command, connect, connect_to, insert, soon, story};

fn deep(server: &ScriptedServer) -> Client {
    connect(&[server], |options| {
        options.pool.max_size = 1;
        options.pool.pipeline_depth = 4;
    })
}

fn numbered(number: i32) -> Command {
    command(doc! { "ping": 1, "number": number })
}

#[test]
fn four_requests_are_in_flight_and_each_gets_its_own_answer() {
    story(async {
        let server = ScriptedServer::start();
        let client = deep(&server);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("ping").once().after(&gate).reply(doc! { "ok": 1, "number": 0 }));
        server.rule(
            Rule::on("ping").reply_with(|it| doc! { "ok": 1, "number": it.body.get_i32("number").unwrap() }),
        );
        let mut calls = Vec::new();
        for number in 0..10 {
            calls.push(client.start(numbered(number)).await);
        }
        server.until(|log| log.count("ping") == 5, SOON).await;
        let stats = client.stats();
        assert_eq!((stats.in_flight, stats.queued, stats.total), (4, 6, 1));
        gate.open();
        for (number, call) in (0..).zip(calls) {
            let reply = soon(call).await.unwrap().expect("served");
            assert_eq!(reply.get_i32("number").unwrap(), number);
        }
        let log = server.log();
        assert_eq!((log.count("ping"), log.used_connections().len()), (11, 1));
    });
}

#[test]
fn each_request_in_flight_has_a_session_of_its_own() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = deep(&server);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("insert").after(&gate));
        let mut calls = Vec::new();
        for _ in 0..4 {
            calls.push(client.start(insert()).await);
        }
        server.until(|log| log.count("insert") == 4, SOON).await;
        gate.open();
        for call in calls {
            soon(call).await.unwrap().expect("served");
        }
        let log = server.log();
        let mut sessions: Vec<String> =
            log.commands_named("insert").map(|it| it.body["lsid"].to_string()).collect();
        sessions.sort();
        sessions.dedup();
        assert_eq!(sessions.len(), 4);
    });
}

#[test]
fn an_exclusive_request_waits_for_an_empty_socket_and_is_alone_on_it() {
    story(async {
        let server = ScriptedServer::start();
        let client = deep(&server);
        client.ping().await;
        let (first, alone) = (Gate::new(), Gate::new());
        server.rule(Rule::on("ping").once().after(&first));
        server.rule(Rule::on("buildInfo").after(&alone));
        let before = client.start(numbered(1)).await;
        let exclusive =
            client.start(command(doc! { "buildInfo": 1 }).plan(|plan| plan.exclusive = true)).await;
        let after = [client.start(numbered(2)).await, client.start(numbered(3)).await];
        server.until(|log| log.count("ping") == 2, SOON).await;
        assert_eq!(client.stats().queued, 3, "it is not overtaken");
        assert_eq!(server.log().count("buildInfo"), 0);
        first.open();
        soon(before).await.unwrap().expect("served");
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        assert_eq!((client.stats().in_flight, client.stats().queued), (1, 2));
        alone.open();
        soon(exclusive).await.unwrap().expect("served");
        for call in after {
            soon(call).await.unwrap().expect("served");
        }
        assert_eq!(server.log().names(), ["ping", "ping", "buildInfo", "ping", "ping"]);
    });
}

#[test]
fn a_reply_that_is_late_costs_the_neighbours_their_socket() {
    story(async {
        let server = ScriptedServer::start();
        let client = deep(&server);
        client.ping().await;
        server.rule(Rule::on("ping").once().never_answer());
        server.rule(Rule::on("ping").times(2).never_answer());
        let front = client.start(numbered(1).within(Duration::from_millis(150))).await;
        let neighbours = [client.start(numbered(2)).await, client.start(numbered(3)).await];
        let error = soon(front).await.unwrap().expect_err("nothing comes");
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
        assert!(error.may_have_run());
        for call in neighbours {
            let error = soon(call).await.unwrap().expect_err("its socket was closed");
            assert_eq!(error.kind(), Kind::AutoReconnect, "{error:?}");
            assert!(error.may_have_run() && error.is_network());
            assert!(error.to_string().contains("earlier request"), "{error}");
        }
        client.ping().await;
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
    });
}

/// The server has stopped reading in the middle of a large request, and another one waits
/// behind it on the same socket. That its time runs out is its own affair.
#[test]
fn a_request_that_is_too_late_to_be_written_fails_alone() {
    story(async {
        let server = ScriptedServer::start();
        let proxy = FaultProxy::start(server.address());
        let seed = ServerAddress::new(&proxy.address().ip().to_string(), proxy.address().port());
        let client = connect_to(vec![seed], |options| {
            options.pool.max_size = 1;
            options.pool.pipeline_depth = 4;
            options.monitoring = MonitoringMode::Poll;
        });
        client.ping().await;
        proxy.up(Traffic::Stall);
        let filler = "x".repeat(15_000_000);
        let large = client.start(command(doc! { "buildInfo": 1, "filler": filler })).await;
        let late = client.start(numbered(1).within(Duration::from_millis(150))).await;
        let patient = client.start(numbered(2)).await;
        let error = soon(late).await.unwrap().expect_err("the server reads nothing");
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
        assert!(!error.may_have_run(), "{error:?}");
        assert_eq!((client.stats().in_flight, client.stats().total), (2, 1));
        proxy.up(Traffic::Pass);
        for call in [large, patient] {
            soon(call).await.unwrap().expect("served over the same socket");
        }
        let log = server.log();
        assert_eq!((log.names(), log.used_connections().len()), (vec!["ping", "buildInfo", "ping"], 1));
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
    });
}

#[test]
fn a_dropped_call_in_the_middle_does_not_disturb_its_neighbours() {
    story(async {
        let server = ScriptedServer::start();
        let client = deep(&server);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("ping").once().after(&gate));
        let mut calls = Vec::new();
        for number in 0..4 {
            calls.push(client.start(numbered(number)).await);
        }
        server.until(|log| log.count("ping") == 5, SOON).await;
        let dropped = calls.remove(1);
        dropped.abort();
        assert!(dropped.await.expect_err("aborted").is_cancelled());
        gate.open();
        for call in calls {
            soon(call).await.unwrap().expect("served");
        }
        client.ping().await;
        assert_eq!(server.log().used_connections().len(), 1);
    });
}
