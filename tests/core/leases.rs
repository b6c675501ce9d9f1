//! Sockets held by one caller.

use actix_mongo::Kind;
use bson::{Document, doc};
use test_support::scripted::End;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{Client, SOON, command, connect, open_sockets, run_on, send_on, soon, story};

fn one_socket(server: &ScriptedServer) -> Client {
    connect(&[server], |options| options.pool.max_size = 1)
}

#[test]
fn a_held_socket_is_nobody_elses() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        let sockets = open_sockets(&client, &server, 2).await;
        let lease = client.lease().await.expect("a socket is idle");
        assert_eq!(client.stats().by_requests, 1);
        for _ in 0..5 {
            client.ping().await;
        }
        for number in 0..5 {
            let reply = soon(run_on(&lease, doc! { "ping": 1, "number": number })).await.unwrap();
            assert!(reply.expect("served").clean);
        }
        let log = server.log();
        let places: Vec<usize> = log.commands_named("ping").map(|it| it.connection).collect();
        assert_eq!(places[..5], [sockets[0]; 5]);
        assert_eq!(places[5..], [sockets[1]; 5], "the lease took the socket on top");
        drop(lease);
        test_support::poll_until(SOON, "the socket to be given back", || client.stats().idle == 2);
    });
}

#[test]
fn requests_on_a_lease_are_in_order() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        client.ping().await;
        let lease = client.lease().await.expect("the socket is idle");
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").once().after(&gate));
        let answers: Vec<_> =
            (0..20).map(|number| run_on(&lease, doc! { "buildInfo": 1, "number": number })).collect();
        gate.open();
        for answer in answers {
            soon(answer).await.unwrap().expect("served");
        }
        let log = server.log();
        let order: Vec<i32> =
            log.commands_named("buildInfo").map(|it| it.body.get_i32("number").unwrap()).collect();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn those_who_wait_get_the_socket_when_the_lease_ends() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        client.ping().await;
        let lease = client.lease().await.expect("the socket is idle");
        let mut calls = Vec::new();
        for _ in 0..3 {
            calls.push(client.start(command(doc! { "buildInfo": 1 })).await);
        }
        soon(run_on(&lease, doc! { "ping": 1 })).await.unwrap().expect("served");
        assert_eq!((client.stats().queued, server.log().count("buildInfo")), (3, 0));
        drop(lease);
        for call in calls {
            soon(call).await.unwrap().expect("its turn has come");
        }
        assert_eq!(client.stats().leased, 0);
        assert_eq!(server.log().used_connections().len(), 1);
    });
}

#[test]
fn a_lease_that_is_dropped_with_a_request_in_flight_ends_with_its_reply() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        client.ping().await;
        let lease = client.lease().await.expect("the socket is idle");
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").once().after(&gate));
        let answer = run_on(&lease, doc! { "buildInfo": 1 });
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        drop(lease);
        let next = client.start(command(doc! { "ping": 1, "number": 1 })).await;
        gate.open();
        assert!(soon(answer).await.unwrap().expect("the reply still comes").clean);
        soon(next).await.unwrap().expect("its turn");
        let log = server.log();
        assert_eq!(log.names(), ["ping", "buildInfo", "ping"]);
        assert_eq!(log.used_connections().len(), 1);
    });
}

/// The lease is over before the socket has written what was sent on it.
#[test]
fn a_lease_that_is_dropped_with_an_unanswered_request_unwritten_ends_all_the_same() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        client.ping().await;
        for number in 1..=50 {
            let lease = client.lease().await.expect("the socket was given back");
            let written = send_on(&lease, doc! { "buildInfo": 1 });
            drop(lease);
            soon(written).await.unwrap().expect("written");
            client.ping().await;
            assert_eq!(server.log().count("buildInfo"), number);
        }
        assert_eq!(server.log().used_connections().len(), 1);
    });
}

#[test]
fn a_lease_that_nobody_took_gives_its_socket_back() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").once().after(&gate));
        let holder = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        let asker = client.clone();
        let task = tokio::spawn(async move { asker.lease().await.map(drop) });
        tokio::task::yield_now().await;
        assert_eq!(client.stats().queued, 1);
        task.abort();
        assert!(task.await.expect_err("aborted").is_cancelled());
        gate.open();
        soon(holder).await.unwrap().expect("served");
        client.ping().await;
        assert_eq!(client.stats().leased, 0);
    });
}

#[test]
fn a_lease_whose_socket_broke_says_so() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        client.ping().await;
        let lease = client.lease().await.expect("the socket is idle");
        server.rule(Rule::on("buildInfo").once().reset());
        let failure = soon(run_on(&lease, doc! { "buildInfo": 1 })).await.unwrap().expect_err("reset");
        assert_eq!(failure.error.kind(), Kind::AutoReconnect);
        assert!(failure.error.may_have_run());
        let failure = soon(run_on(&lease, doc! { "buildInfo": 1 })).await.unwrap().expect_err("it is gone");
        assert!(!failure.error.may_have_run(), "{:?}", failure.error);
        drop(lease);
        // A command would wait for this by itself.
        client.settle().await;
        client.ping().await;
        assert_eq!(client.stats().leased, 0);
    });
}

#[test]
fn a_lease_outlives_a_clear_and_is_closed_when_it_ends() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        open_sockets(&client, &server, 2).await;
        let lease = client.lease().await.expect("a socket is idle");
        server.rule(Rule::on("ping").once().reset());
        soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("reset");
        let answer =
            soon(run_on(&lease, doc! { "aggregate": "c", "pipeline": [], "cursor": Document::new() }));
        assert!(answer.await.unwrap().expect("the held socket is sound").clean);
        let held = server.log().commands_named("aggregate").next().unwrap().connection;
        drop(lease);
        server.until(|log| log.connections[held - 1].end == Some(End::ByClient), SOON).await;
    });
}
