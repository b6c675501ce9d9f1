//! Sockets are opened few at a time, up to the limit, and the one used last is used first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use actix_mongo::MonitoringMode;
use actix_mongo::topology::{Criteria, ReadMode, ReadPreference, ServerKind};
use bson::doc;
use test_support::scripted::End;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{SOON, address, command, connect, open_sockets, soon, story};

#[test]
fn twenty_calls_open_two_sockets_at_a_time_and_no_more_than_the_limit() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| {
            options.pool.max_size = 5;
            options.pool.max_connecting = 2;
        });
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        // Each handshake waits for its own gate; connection 1 is the monitor's.
        let (arrived, let_through, most) = (counter(), counter(), counter());
        let gates: Vec<Gate> = (2..=6).map(|_| Gate::new()).collect();
        for (number, gate) in (2..).zip(&gates) {
            let (arrived, let_through, most) = (arrived.clone(), let_through.clone(), most.clone());
            let count = move |_: &_| {
                let waiting = arrived.fetch_add(1, SeqCst) + 1 - let_through.load(SeqCst);
                most.fetch_max(waiting, SeqCst);
                true
            };
            server.rule(Rule::on("isMaster").on_connection(number).when(count).after(gate));
        }
        // Each ping keeps its socket, so that every call wants another one.
        let busy = Gate::new();
        server.rule(Rule::on("ping").after(&busy));
        let mut calls = Vec::new();
        for _ in 0..20 {
            calls.push(client.start(command(doc! { "ping": 1 })).await);
        }
        for (number, gate) in (2..).zip(&gates) {
            // Before one is let through, the one that may wait beside it has come.
            let beside = (number + 1).min(6);
            server.until(|log| log.commands.iter().any(|it| it.connection == beside), SOON).await;
            let_through.fetch_add(1, SeqCst);
            gate.open();
        }
        server.until(|log| log.count("ping") == 5, SOON).await;
        assert_eq!(most.load(SeqCst), 2, "handshakes at one time");
        let stats = client.stats();
        assert_eq!((stats.total, stats.pending, stats.queued), (5, 0, 15));

        busy.open();
        for call in calls {
            soon(call).await.unwrap().expect("served in its turn");
        }
        let log = server.log();
        assert_eq!(log.count("ping"), 20);
        assert_eq!(log.connections.len(), 6, "five sockets and the monitor's");
    });
}

#[test]
fn a_hundred_calls_in_sequence_need_one_socket() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        for _ in 0..100 {
            client.ping().await;
        }
        let log = server.log();
        assert_eq!(log.count("ping"), 100);
        assert_eq!(log.used_connections().len(), 1);
    });
}

#[test]
fn the_socket_used_last_is_used_first() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        let busy = Gate::new();
        client.ping().await;
        server.rule(Rule::on("ping").times(3).after(&busy));
        let mut calls = Vec::new();
        for _ in 0..3 {
            calls.push(client.start(command(doc! { "ping": 1 })).await);
        }
        server.until(|log| log.count("ping") == 4, SOON).await;
        busy.open();
        for call in calls {
            soon(call).await.unwrap().expect("served");
        }
        assert_eq!(client.stats().idle, 3);
        for _ in 0..10 {
            client.ping().await;
        }
        let log = server.log();
        let last: Vec<usize> = log.commands_named("ping").skip(4).map(|it| it.connection).collect();
        assert_eq!(last.len(), 10);
        assert!(last.iter().all(|it| *it == last[0]), "{last:?}");
    });
}

#[test]
fn a_least_number_of_sockets_is_opened_before_anybody_asks() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.min_size = 3);
        server.until(|log| log.count("isMaster") == 4, SOON).await;
        client.ping().await;
        assert_eq!(client.stats().total + client.stats().pending, 3);
        assert_eq!(server.log().connections.len(), 4);
    });
}

#[test]
fn sockets_that_are_idle_for_too_long_are_closed() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_idle = Some(Duration::from_millis(100)));
        let sockets = open_sockets(&client, &server, 3).await;
        for number in sockets {
            server.until(|log| log.connections[number - 1].end == Some(End::ByClient), SOON).await;
        }
        assert_eq!(client.stats().total, 0);
        client.ping().await;
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
    });
}

#[test]
fn a_least_number_of_sockets_is_not_opened_over_and_over_where_it_fails() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        // Connection 1 is the monitor's, and well.
        server.rule(Rule::on("isMaster").when(|it| it.connection > 1).close());
        let client = connect(&[&server], |options| {
            options.pool.min_size = 2;
            options.monitoring = MonitoringMode::Poll;
        });
        server.until(|log| log.count("isMaster") >= 3, SOON).await;
        // A call that finds no server takes as long as it may.
        let nowhere = Criteria::Read(ReadPreference::new(ReadMode::Secondary));
        let call = command(doc! { "ping": 1 }).plan(|plan| plan.target = nowhere);
        soon(client.run(call.within(Duration::from_millis(300)))).await.expect_err("no secondary");
        let attempts = server.log().connections.len() - 1;
        assert!(attempts < 10, "{attempts} attempts");
    });
}

fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}
