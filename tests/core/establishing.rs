//! Connections that can't be made.

use std::time::{Duration, Instant};

use actix_mongo::topology::{ServerAddress, ServerKind};
use actix_mongo::{Kind, label};
use bson::doc;
use test_support::scripted::Accept;
use test_support::{Hello, Rule, ScriptedServer};

use crate::support::{SOON, address, command, connect, connect_to, find, soon, story};

/// Handshakes of sockets for operations: connection 1 is the monitor's.
fn handshake() -> Rule {
    Rule::on("isMaster").when(|it| it.connection > 1)
}

#[test]
fn a_failed_attempt_fails_the_oldest_call_and_the_others_get_their_turn() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_connecting = 1);
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        server.rule(handshake().times(3).close());
        let mut calls = Vec::new();
        for number in 0..5 {
            calls.push(client.start(command(doc! { "ping": 1, "number": number })).await);
        }
        let mut failed = Vec::new();
        for call in calls {
            failed.push(soon(call).await.unwrap().err());
        }
        for error in &failed[..3] {
            let error = error.as_ref().expect("one attempt, one failed call");
            assert_eq!(error.kind(), Kind::ConnectionFailure, "{error:?}");
            assert!(
                error.has_label(label::SYSTEM_OVERLOADED) && error.has_label(label::RETRYABLE),
                "{error:?}"
            );
            assert!(!error.may_have_run() && error.is_network() && error.is_retryable());
            assert!(error.to_string().contains("closed the connection"), "{error}");
        }
        assert!(failed[3..].iter().all(Option::is_none), "{failed:?}");
        assert_eq!(server.log().count("ping"), 2);
        assert_eq!(client.stats().generation, 0, "an overloaded server's pool is not cleared");
        assert_eq!(client.times_lost(), 0);
    });
}

#[test]
fn a_read_whose_attempt_failed_gets_another_one() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        server.rule(handshake().once().close());
        soon(client.run(find())).await.expect("the second attempt");
        assert_eq!(server.log().count("find"), 1);
    });
}

#[test]
fn a_handshake_without_an_answer_ends_at_the_connect_timeout() {
    story(async {
        let server = ScriptedServer::start();
        let client =
            connect(&[&server], |options| options.connect_timeout = Some(Duration::from_millis(300)));
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        server.rule(handshake().once().never_answer());
        let began = Instant::now();
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("no handshake");
        assert_eq!(error.kind(), Kind::ConnectionFailure, "{error:?}");
        assert!(error.has_label(label::SYSTEM_OVERLOADED), "{error:?}");
        assert!(
            error.to_string().contains("did not answer the hello within connectTimeoutMS (300 ms)"),
            "{error}"
        );
        assert!(began.elapsed() >= Duration::from_millis(300));
        client.ping().await;
        assert_eq!(client.stats().generation, 0);
    });
}

#[test]
fn a_port_that_refuses_further_connections_clears_nothing() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let lease = client.lease().await.expect("a socket is idle");
        server.accept(Accept::Refuse);
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("refused");
        assert_eq!(error.kind(), Kind::ConnectionFailure, "{error:?}");
        assert!(error.has_label(label::SYSTEM_OVERLOADED) && error.has_label(label::RETRYABLE), "{error:?}");
        drop(lease);
        client.ping().await;
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
        assert_eq!(server.log().used_connections().len(), 1, "the established socket is still used");
    });
}

/// It is there, and refuses: nothing that overload would explain.
#[test]
fn a_handshake_that_is_answered_with_an_error_clears_the_pool() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        server.rule(handshake().once().fail(8000, "AtlasError"));
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("refused");
        assert!(error.labels().is_empty(), "{error:?}");
        client.settle().await;
        assert_eq!((client.stats().generation, client.times_lost()), (1, 1));
        client.ping().await;
    });
}

#[test]
fn a_socket_that_breaks_in_use_is_no_sign_of_overload() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        server.rule(Rule::on("ping").once().close());
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("it broke");
        assert!(error.labels().is_empty(), "{error:?}");
        client.settle().await;
        assert_eq!((client.stats().generation, client.times_lost()), (1, 1));
    });
}

#[test]
fn a_refused_port_is_named_when_selection_gives_up() {
    story(async {
        let server = ScriptedServer::builder().accept(Accept::Refuse).start();
        let limit = Duration::from_millis(300);
        let client = connect(&[&server], |options| options.dispatch.server_selection_timeout = limit);
        let began = Instant::now();
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("nobody listens");
        let took = began.elapsed();
        assert!(took >= limit && took < limit + Duration::from_secs(1), "{took:?}");
        assert_eq!(error.kind(), Kind::ServerSelection, "{error:?}");
        assert!(!error.may_have_run());
        let text = error.to_string();
        assert!(text.contains(&server.address().to_string()), "{text}");
        assert!(text.to_lowercase().contains("refused"), "{text}");
        // It comes up, and the same client works.
        server.accept(Accept::Serve);
        soon(async { while client.run(command(doc! { "ping": 1 })).await.is_err() {} }).await;
    });
}

#[test]
fn a_name_without_an_address_is_named_when_selection_gives_up() {
    story(async {
        // No resolver takes a label this long, so none is asked.
        let name = "x".repeat(64);
        let client = connect_to(vec![ServerAddress::new(&name, 27017)], |options| {
            options.dispatch.server_selection_timeout = Duration::from_millis(300);
        });
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("no such host");
        assert_eq!(error.kind(), Kind::ServerSelection, "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&name) && text.contains("could not be looked up"), "{text}");
    });
}

#[test]
fn a_server_that_is_too_old_is_refused_with_both_versions() {
    story(async {
        let server = ScriptedServer::builder().hello(Hello::standalone().with("maxWireVersion", 7)).start();
        let client = connect(&[&server], |_| {});
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("too old");
        let text = error.to_string();
        assert!(
            text.contains("reports wire version 7") && text.contains("at least 8 (MongoDB 4.2)"),
            "{text}"
        );
        assert!(!error.may_have_run());
        let log = server.log();
        assert_eq!(log.count("ping"), 0);
    });
}

#[test]
fn a_call_that_waits_for_a_server_goes_on_when_it_comes() {
    story(async {
        let server = ScriptedServer::builder().accept(Accept::Refuse).start();
        let client = connect(&[&server], |_| {});
        let call = client.start(command(doc! { "ping": 1 })).await;
        // The first check has failed for sure once this one has given up.
        let early = client.run(command(doc! { "ping": 1 }).within(Duration::from_millis(100)));
        assert_eq!(soon(early).await.expect_err("nobody listens").kind(), Kind::Timeout);
        server.accept(Accept::Serve);
        soon(call).await.unwrap().expect("it waited for this");
        server.until(|log| log.count("ping") == 1, SOON).await;
    });
}
