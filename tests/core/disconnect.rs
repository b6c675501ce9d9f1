//! All sockets anew, while the connection goes on.

use actix_mongo::Kind;
use actix_mongo::topology::{Criteria, ReadMode, ReadPreference, ServerKind};
use bson::doc;
use test_support::scripted::{Accept, End};
use test_support::{DropAfter, Gate, Hello, Rule, ScriptedServer, poll_until};

use crate::support::{Client, SOON, address, command, connect, find, open_sockets, run_on, soon, story};

impl Client {
    async fn disconnect(&self) {
        soon(self.core().disconnect(None)).await.expect("the connection lives");
    }
}

async fn until_closed(server: &ScriptedServer, number: usize) {
    server.until(|log| log.connections[number - 1].end == Some(End::ByClient), SOON).await;
}

#[test]
fn idle_sockets_close_and_the_next_use_opens_another() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        let sockets = open_sockets(&client, &server, 3).await;
        for round in 1..=3 {
            client.disconnect().await;
            let stats = client.stats();
            assert_eq!((stats.total, stats.pending, stats.generation), (0, 0, round));
            assert_eq!(stats.state, "ready");
            client.ping().await;
            assert_eq!(client.stats().total, 1);
        }
        for number in sockets {
            until_closed(&server, number).await;
        }
        let told: Vec<String> = client.core().history.entries().into_iter().map(|it| it.what).collect();
        assert!(told.contains(&"disconnect closed 3 sockets".to_owned()), "{told:?}");
        let log = server.log();
        let pings: Vec<usize> = log.commands_named("ping").map(|it| it.connection).collect();
        assert!(pings.is_sorted_by(|a, b| a < b), "each on a new one: {pings:?}");
        assert_eq!(client.times_lost(), 0);
    });
}

#[test]
fn a_call_in_flight_comes_to_its_end_and_one_that_waits_gets_a_new_socket() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let in_flight = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        let waiting = client.start(command(doc! { "ping": 1, "number": 2 })).await;
        client.disconnect().await;
        assert_eq!((client.stats().queued, client.stats().in_flight), (1, 1));
        gate.open();
        soon(in_flight).await.unwrap().expect("it was not interrupted");
        soon(waiting).await.unwrap().expect("it kept its place");
        let log = server.log();
        let (old, new) = (log.commands_named("buildInfo").next(), log.commands_named("ping").last());
        let (old, new) = (old.unwrap().connection, new.unwrap().connection);
        assert_ne!(old, new);
        until_closed(&server, old).await;
        assert_eq!((client.stats().total, client.stats().generation), (1, 1));
    });
}

#[test]
fn requests_that_share_a_socket_all_come_to_their_end() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| {
            options.pool.max_size = 1;
            options.pool.pipeline_depth = 3;
        });
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").once().after(&gate));
        let mut calls = Vec::new();
        for number in 0..5 {
            calls.push(client.start(command(doc! { "buildInfo": 1, "number": number })).await);
        }
        poll_until(SOON, "three to be in flight", || client.stats().in_flight == 3);
        client.disconnect().await;
        gate.open();
        for call in calls {
            soon(call).await.unwrap().expect("served");
        }
        assert_eq!(server.log().count("buildInfo"), 5, "none was sent twice");
    });
}

/// The one that waits is not failed with the attempt that was made for it.
#[test]
fn what_is_being_opened_is_given_up() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_connecting = 1);
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        server.rule(Rule::on("isMaster").when(|it| it.connection > 1).once().never_answer());
        let call = client.start(command(doc! { "ping": 1 })).await;
        server.until(|log| log.count("isMaster") == 2, SOON).await;
        client.disconnect().await;
        soon(call).await.unwrap().expect("by the next attempt");
        let given_up = server.log().commands_named("isMaster").nth(1).unwrap().connection;
        until_closed(&server, given_up).await;
        assert_eq!((client.stats().total, client.stats().pending), (1, 0));
        assert_eq!(client.times_lost(), 0, "the attempt says nothing of the server");
    });
}

#[test]
fn a_held_socket_closes_when_it_is_given_back() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let lease = client.lease().await.expect("the socket is idle");
        client.disconnect().await;
        for _ in 0..3 {
            let reply = soon(run_on(&lease, doc! { "buildInfo": 1 })).await.unwrap();
            assert!(reply.expect("it is its own still").clean);
        }
        let held = server.log().commands_named("buildInfo").next().unwrap().connection;
        drop(lease);
        until_closed(&server, held).await;
        client.ping().await;
    });
}

#[test]
fn the_least_number_of_sockets_is_opened_again() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.min_size = 2);
        let filled = || client.stats().idle == 2;
        client.ping().await;
        poll_until(SOON, "the least number", filled);
        let before = server.log().connections.len();
        client.disconnect().await;
        poll_until(SOON, "the least number again", filled);
        assert_eq!(server.log().connections.len(), before + 2);
        assert_eq!(client.stats().generation, 1);
    });
}

#[test]
fn the_sockets_of_all_servers_close() {
    story(async {
        let (primary, secondary) = (ScriptedServer::start(), ScriptedServer::start());
        let hosts = [primary.address().to_string(), secondary.address().to_string()];
        primary.set_hello(Hello::primary("rs").hosts(hosts.clone()));
        secondary.set_hello(Hello::secondary("rs").hosts(hosts));
        let client = connect(&[&primary], |options| options.topology.replica_set = Some("rs".to_owned()));
        client.until_kind(&address(&secondary), ServerKind::RsSecondary).await;
        let from = |mode| {
            let target = Criteria::Read(ReadPreference::new(mode));
            client.run(find().plan(|plan| plan.target = target))
        };
        for mode in [ReadMode::Primary, ReadMode::Secondary] {
            soon(from(mode)).await.expect("served");
        }
        client.disconnect().await;
        let pools: Vec<_> = client.core().snapshots.borrow().pools.values().cloned().collect();
        let left: Vec<_> = pools.iter().map(|pool| (pool.stats().total, pool.stats().generation)).collect();
        assert_eq!(left, [(0, 1), (0, 1)]);
        for server in [&primary, &secondary] {
            let used = server.log().used_connections();
            until_closed(server, used[0]).await;
        }
        for mode in [ReadMode::Primary, ReadMode::Secondary] {
            soon(from(mode)).await.expect("served by a new socket");
        }
    });
}

#[test]
fn of_a_server_that_can_not_be_reached_there_is_nothing_to_close() {
    for accept in [Accept::Refuse, Accept::Silent] {
        story(async {
            let server = ScriptedServer::builder().accept(accept).start();
            let client = connect(&[&server], |_| {});
            let call = client.start(command(doc! { "ping": 1 })).await;
            client.disconnect().await;
            assert_eq!((client.stats().state, client.stats().total), ("paused", 0));
            server.accept(Accept::Serve);
            server.close_all();
            soon(call).await.unwrap().expect("it waited on, and the server has come");
        });
    }
}

#[test]
fn a_connection_that_was_closed_says_so() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        client.close(SOON);
        let error = soon(client.core().disconnect(None)).await.expect_err("closed");
        assert_eq!((error.kind(), error.may_have_run()), (Kind::Closed, false));
        soon(client.leave()).await;
    });
}

#[test]
fn it_begins_when_it_is_polled_and_goes_on_though_it_is_dropped() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let core = client.core().clone();
        drop(core.disconnect(None));
        client.settle().await;
        assert_eq!(client.stats().generation, 0);
        let disconnect = Box::pin(async move { core.disconnect(None).await });
        soon(DropAfter::new(1, disconnect)).await;
        until_closed(&server, server.log().used_connections()[0]).await;
        assert_eq!(client.stats().generation, 1);
    });
}
