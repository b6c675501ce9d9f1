//! Sockets that take less than a command was written for.

use actix_mongo::Kind;
use bson::doc;
use test_support::{Hello, Rule, ScriptedServer};

use crate::support::{address, command, connect, insert, soon, story};
use actix_mongo::topology::ServerKind;

/// A hello of a server that takes batches of this size at most.
fn hello_with_batches(server: &ScriptedServer, most: i32) -> bson::Document {
    let name = server.address().to_string();
    doc! {
        "ok": 1, "ismaster": true, "helloOk": true, "minWireVersion": 0, "maxWireVersion": 25,
        "setName": "rs", "setVersion": 1, "hosts": [&name], "me": &name,
        "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": most,
        "logicalSessionTimeoutMinutes": 30,
    }
}

#[test]
fn a_command_is_written_anew_for_a_socket_that_takes_less() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        let less = hello_with_batches(&server, 7);
        server.rule(Rule::on("isMaster").when(|it| it.connection > 2).reply(less.clone()));
        server.rule(Rule::on("isMaster").on_connection(2).reply(less));
        let ping = command(doc! { "ping": 1 });
        let written = ping.written_for.clone();
        soon(client.run(ping)).await.expect("written anew");
        let batches: Vec<usize> = written.lock().unwrap().iter().map(|limits| limits.max_batch).collect();
        assert!(batches == [100_000, 7] || batches == [7], "{batches:?}");
        assert_eq!(server.log().count("ping"), 1);
    });
}

#[test]
fn a_second_attempt_that_is_written_anew_is_still_the_same_write() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        let first = server.log().used_connections()[0];
        server.rule(Rule::on("insert").once().reset());
        // Monitors have had their handshakes; those that come now belong to sockets, or to
        // the monitor that looks again, which asks with the same words.
        let less = hello_with_batches(&server, 7);
        server.rule(Rule::on("isMaster").when(move |it| it.connection > first + 1).reply(less));
        let insert = insert();
        let written = insert.written_for.clone();
        soon(client.run(insert)).await.expect("the second attempt");
        let log = server.log();
        let attempts: Vec<_> = log.commands_named("insert").collect();
        assert_eq!(attempts.len(), 2);
        for key in ["lsid", "txnNumber"] {
            assert_eq!(attempts[0].body.get(key), attempts[1].body.get(key), "{key}");
        }
        let batches: Vec<usize> = written.lock().unwrap().iter().map(|limits| limits.max_batch).collect();
        assert_eq!(batches.last(), Some(&7), "{batches:?}");
    });
}

#[test]
fn what_is_larger_than_the_server_takes_is_refused_here() {
    story(async {
        let hello = Hello::standalone().with("maxMessageSizeBytes", 2000).with("maxBsonObjectSize", 1000);
        let server = ScriptedServer::builder().hello(hello).start();
        let client = connect(&[&server], |_| {});
        let large = command(doc! { "ping": 1, "filler": "x".repeat(3000) });
        let error = soon(client.run(large)).await.expect_err("too large");
        assert_eq!(error.kind(), Kind::TooLarge, "{error:?}");
        assert!(!error.may_have_run());
        client.ping().await;
        assert_eq!(server.log().count("ping"), 1);
    });
}
