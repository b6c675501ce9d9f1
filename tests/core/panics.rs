//! Panics stay where they are. A caller's waker runs on the thread of the socket that
//! answers it, on a lent arbiter in the middle of that actor's work: so one that panics is a
//! panic of the actor. On the driver's own arbiters answers are handed out apart.

use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use actix_mongo::Kind;
use actix_mongo::topology::{Criteria, ReadMode, ReadPreference};
use bson::doc;
use test_support::{Gate, Hello, Rule, ScriptedServer};

use crate::support::arbiter::LentArbiter;
use crate::support::waker::panicking;
use crate::support::{Command, SOON, command, connect, insert, run_on, soon, story};

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
        let arbiter = LentArbiter::start();
        let client = connect(&[&server], |options| {
            options.pool.max_size = 1;
            options.lent_arbiters = arbiter.handles();
        });
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
        let arbiter = LentArbiter::start();
        let client = connect(&[&server], |options| {
            options.pool.max_size = 1;
            options.pool.pipeline_depth = 2;
            options.lent_arbiters = arbiter.handles();
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
        let arbiter = LentArbiter::start();
        let client = connect(&[&server], |options| {
            options.pool.max_size = 1;
            options.lent_arbiters = arbiter.handles();
        });
        client.ping().await;
        let lease = client.lease().await.expect("the socket is idle");
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").once().after(&gate));
        let mut first = pin!(run_on(&lease, doc! { "buildInfo": 1 }));
        assert!(first.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        let second = run_on(&lease, doc! { "buildInfo": 1 });
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        gate.open();
        let failure = soon(second).await.unwrap().expect_err("its socket is gone");
        assert_eq!(failure.error.kind(), Kind::AutoReconnect);
        assert!(!failure.error.may_have_run(), "its turn had not come");
        client.ping().await;
    });
}

/// A caller's waker runs on the control thread where the supervisor or the timer wakes it.
#[test]
fn a_panic_in_the_supervisor_ends_the_connection_and_answers_all() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        server.rule(Rule::on("buildInfo").never_answer());
        let in_flight = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        let waiting = client.start(command(doc! { "ping": 1 })).await;
        let mut nowhere = pin!(client.run(for_a_secondary()));
        assert!(nowhere.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        // The next picture that is published wakes it.
        server.set_hello(Hello::primary("rs").with("tags", doc! { "a": "b" }));
        let error = soon(waiting).await.unwrap().expect_err("nobody opens sockets any more");
        assert_eq!(error.kind(), Kind::Closed, "{error:?}");
        assert!(!error.may_have_run());
        let error = soon(in_flight).await.unwrap().expect_err("its socket ended");
        assert!(error.may_have_run(), "{error:?}");
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("it is over");
        assert_eq!(error.kind(), Kind::Closed, "{error:?}");
        soon(nowhere).await.expect_err("it is over");
        soon(client.leave()).await;
    });
}

#[test]
fn a_panic_in_the_timer_ends_the_connection_too() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        server.rule(Rule::on("buildInfo").never_answer());
        let in_flight = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        let waiting = client.start(command(doc! { "ping": 1 })).await;
        let short = for_a_secondary().within(Duration::from_millis(50));
        let mut nowhere = pin!(client.run(short));
        assert!(nowhere.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        let error = soon(waiting).await.unwrap().expect_err("nothing would end its wait");
        // The end of its pool, or that of the socket that was to be opened for it.
        assert!(matches!(error.kind(), Kind::Closed | Kind::Internal), "{error:?}");
        assert!(!error.may_have_run());
        assert!(soon(in_flight).await.unwrap().expect_err("its socket ended").may_have_run());
        soon(nowhere).await.expect_err("no secondary");
        soon(client.leave()).await;
    });
}

/// There is none.
fn for_a_secondary() -> Command {
    let target = Criteria::Read(ReadPreference::new(ReadMode::Secondary));
    command(doc! { "ping": 1 }).plan(|plan| plan.target = target)
}

#[test]
fn a_caller_whose_waker_panics_costs_nobody_else_anything() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let mut call = pin!(client.run(command(doc! { "buildInfo": 1 })));
        assert!(call.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        let waiting = client.start(command(doc! { "ping": 1 })).await;
        gate.open();
        soon(waiting).await.unwrap().expect("by the same socket");
        soon(call).await.expect("its answer is there");
        assert_eq!(server.log().used_connections().len(), 1);
    });
}
