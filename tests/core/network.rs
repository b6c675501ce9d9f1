//! Sockets that break while they are in use.

use actix_mongo::Kind;
use bson::doc;
use test_support::scripted::End;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{SOON, command, connect, find, open_sockets, soon, story};

#[test]
fn a_reset_within_a_reply_clears_the_pool_until_the_server_is_found_again() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        let sockets = open_sockets(&client, &server, 3).await;
        assert_eq!(client.stats().idle, 3);
        server.rule(Rule::on("ping").once().cut_after(20).then_reset());
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("reset");
        assert_eq!(error.kind(), Kind::AutoReconnect, "{error:?}");
        assert!(error.may_have_run() && error.is_network());
        assert_eq!(error.server(), Some(server.address().to_string().as_str()));

        let log = server.log();
        let broken = log.commands_named("ping").next().unwrap().connection;
        for number in sockets.into_iter().filter(|it| *it != broken) {
            server.until(|log| log.connections[number - 1].end == Some(End::ByClient), SOON).await;
        }
        // The next regular check is seconds away: a caller that waits has it done sooner.
        client.ping().await;
        assert_eq!(client.stats().generation, 1);
        assert_eq!(client.times_lost(), 1);
        assert_eq!(server.log().count("ping"), 2, "only the caller sent it again");
    });
}

#[test]
fn neighbours_in_flight_are_left_alone_by_a_clear() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        open_sockets(&client, &server, 2).await;
        let gate = Gate::new();
        server.rule(Rule::on("find").after(&gate));
        let slow = client.start(find()).await;
        server.until(|log| log.count("find") == 1, SOON).await;
        server.rule(Rule::on("ping").once().reset());
        soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("reset");
        gate.open();
        soon(slow).await.unwrap().expect("its own socket is sound");
        assert_eq!(server.log().count("find"), 1);
        // Its socket belongs to the generation before.
        let old = server.log().commands_named("find").next().unwrap().connection;
        server.until(|log| log.connections[old - 1].end == Some(End::ByClient), SOON).await;
    });
}

#[test]
fn a_read_is_sent_once_more_and_other_commands_are_not() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("find").once().cut_after(30).then_reset());
        soon(client.run(find())).await.expect("the second attempt");
        assert_eq!(server.log().count("find"), 2);

        server.rule(Rule::on("aggregate").once().reset());
        let aggregate = command(doc! { "aggregate": "c", "pipeline": [], "cursor": {} });
        let error = soon(client.run(aggregate)).await.expect_err("not repeated");
        assert_eq!(error.kind(), Kind::AutoReconnect);
        assert!(error.may_have_run());
        assert_eq!(server.log().count("aggregate"), 1);
    });
}

#[test]
fn a_read_that_fails_twice_fails() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        server.rule(Rule::on("find").reset());
        let error = soon(client.run(find())).await.expect_err("both attempts were reset");
        assert_eq!(error.kind(), Kind::AutoReconnect, "{error:?}");
        assert_eq!(server.log().count("find"), 2);
    });
}

#[test]
fn reads_are_not_repeated_if_the_connection_says_so() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.dispatch.retry_reads = false);
        server.rule(Rule::on("find").reset());
        soon(client.run(find())).await.expect_err("reset");
        assert_eq!(server.log().count("find"), 1);
    });
}

#[test]
fn an_error_is_retryable_where_the_driver_would_have_tried_again() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("find").reset());
        let error = soon(client.run(find())).await.expect_err("both attempts broke");
        assert!(error.is_retryable() && error.may_have_run(), "{error:?}");
        server.rule(Rule::on("ping").once().reset());
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("it broke");
        assert!(!error.is_retryable(), "{error:?}");
    });
}
