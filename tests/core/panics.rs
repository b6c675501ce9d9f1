//! Panics stay where they are. A caller's waker runs on the thread of the socket that
//! answers it, so one that panics is a panic in the middle of that actor.

use std::pin::pin;
use std::task::Context;

use actix_mongo::Kind;
use bson::doc;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::waker::panicking;
use crate::support::{SOON, command, connect, insert, run_on, soon, story};

#[test]
fn a_command_that_panics_while_it_is_written_costs_nothing() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let call = client.start(command(doc! { "ping": 1 }).encode_panics()).await;
        assert!(call.await.expect_err("it panicked").is_panic());
        assert_eq!(client.pool().operations(), 0);
        client.ping().await;
        assert_eq!(server.log().used_connections().len(), 1);
    });
}

#[test]
fn a_panic_in_a_socket_costs_that_socket_and_those_who_wait_are_served() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let mut call = pin!(client.run(command(doc! { "buildInfo": 1 })));
        assert!(call.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        let waiting = [
            client.start(command(doc! { "ping": 1 })).await,
            client.start(command(doc! { "ping": 1 })).await,
        ];
        gate.open();
        for call in waiting {
            soon(call).await.unwrap().expect("by a new socket");
        }
        soon(call).await.expect("its answer was there before");
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
        assert_eq!((client.stats().total, client.stats().in_flight), (1, 0));
    });
}

#[test]
fn a_write_in_flight_on_a_socket_that_panics_is_sent_once_more_as_the_same_write() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| {
            options.pool.max_size = 1;
            options.pool.pipeline_depth = 2;
        });
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let mut call = pin!(client.run(command(doc! { "buildInfo": 1 })));
        assert!(call.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        server.rule(Rule::on("insert").once().never_answer());
        let write = client.start(insert()).await;
        server.until(|log| log.count("insert") == 1, SOON).await;
        gate.open();
        soon(write).await.unwrap().expect("the second attempt");
        let log = server.log();
        let attempts: Vec<_> = log.commands_named("insert").collect();
        assert_eq!(attempts.len(), 2);
        for key in ["lsid", "txnNumber"] {
            assert_eq!(attempts[0].body.get(key), attempts[1].body.get(key), "{key}");
        }
    });
}

#[test]
fn a_lease_on_a_socket_that_panics_fails_and_frees_its_place() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        let lease = client.lease().await.expect("the socket is idle");
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").once().after(&gate));
        let mut first = pin!(run_on(&lease, doc! { "buildInfo": 1 }));
        assert!(first.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        let second = run_on(&lease, doc! { "buildInfo": 1 });
        server.until(|log| log.count("buildInfo") == 2, SOON).await;
        gate.open();
        let failure = soon(second).await.unwrap().expect_err("its socket is gone");
        assert_eq!(failure.error.kind(), Kind::AutoReconnect);
        assert!(failure.error.may_have_run());
        client.ping().await;
    });
}
