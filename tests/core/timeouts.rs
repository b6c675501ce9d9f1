//! One timeout for the whole operation, and what it costs.

use std::time::{Duration, Instant};

use actix_mongo::Kind;
use actix_mongo::topology::ServerKind;
use bson::doc;
use test_support::scripted::End;
use test_support::{Rule, ScriptedServer};

use crate::support::{SOON, address, command, connect, find, soon, story};

#[test]
fn a_reply_that_does_not_come_in_time_costs_its_socket_and_nothing_else() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("ping").once().never_answer());
        let limit = Duration::from_millis(150);
        let began = Instant::now();
        let call = client.run(command(doc! { "ping": 1 }).within(limit));
        let error = soon(call).await.expect_err("nothing comes");
        let took = began.elapsed();
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
        assert!(error.may_have_run());
        assert!(error.is_timeout() && !error.is_network());
        assert_eq!(error.server(), Some(server.address().to_string().as_str()));
        assert!(took >= limit && took < limit + Duration::from_secs(1), "{took:?}");

        let used = server.log().used_connections()[0];
        server.until(|log| log.connections[used - 1].end == Some(End::ByClient), SOON).await;
        client.ping().await;
        let log = server.log();
        assert_ne!(log.commands_named("ping").last().unwrap().connection, used);
        assert_eq!(client.stats().generation, 0, "the pool was not cleared");
        assert_eq!(client.times_lost(), 0);
        client.until_kind(&address(&server), ServerKind::Standalone).await;
    });
}

#[test]
fn the_timeout_covers_the_wait_for_a_server() {
    story(async {
        let server = ScriptedServer::builder().accept(test_support::scripted::Accept::Silent).start();
        let client = connect(&[&server], |_| {});
        let limit = Duration::from_millis(150);
        let began = Instant::now();
        let error = soon(client.run(command(doc! { "ping": 1 }).within(limit))).await.expect_err("no server");
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
        assert!(!error.may_have_run());
        assert!(began.elapsed() >= limit && began.elapsed() < limit + Duration::from_secs(1));
    });
}

#[test]
fn the_timeout_of_the_connection_holds_where_a_call_has_none() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.scope.timeout = Some(Duration::from_millis(150)));
        server.rule(Rule::on("buildInfo").never_answer());
        let error = soon(client.run(command(doc! { "buildInfo": 1 }))).await.expect_err("nothing comes");
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
    });
}

/// `waitQueueTimeoutMS` limits the wait for a socket, not what came before it.
#[test]
fn the_wait_for_a_server_does_not_count_as_waiting_for_a_socket() {
    story(async {
        let server = ScriptedServer::start();
        server.rule(Rule::on("isMaster").once().delay(Duration::from_millis(600)));
        let client = connect(&[&server], |options| {
            options.dispatch.wait_queue_timeout = Some(Duration::from_millis(400))
        });
        client.ping().await;
    });
}

/// Each selection has its own time, however long the attempt before it took.
#[test]
fn a_second_attempt_has_time_of_its_own_to_find_a_server() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let limit = Duration::from_millis(1500);
        let client = connect(&[&server], |options| options.dispatch.server_selection_timeout = limit);
        server.rule(Rule::on("find").once().delay(limit).reset());
        soon(client.run(find())).await.expect("the second attempt");
        assert_eq!(server.log().count("find"), 2);
    });
}
