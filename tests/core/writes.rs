//! Writes that are sent once more, and what errors of the server's state do.

use std::time::{Duration, Instant};

use actix_mongo::topology::ServerKind;
use actix_mongo::{Kind, MonitoringMode, label};
use bson::{Bson, doc, oid::ObjectId};
use test_support::scripted::CommandRecord;
use test_support::{Hello, Rule, ScriptedServer};

use crate::support::{SOON, address, connect, insert, soon, story};

/// What makes two attempts the same write for a server.
fn identity(command: &CommandRecord) -> (Bson, Bson) {
    let field = |key| command.body.get(key).unwrap_or_else(|| panic!("{key} in {}", command.body)).clone();
    (field("lsid"), field("txnNumber"))
}

fn assert_one_write_in_two_attempts(server: &ScriptedServer) {
    let log = server.log();
    let attempts: Vec<_> = log.commands_named("insert").map(identity).collect();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0], attempts[1]);
}

#[test]
fn a_write_whose_socket_broke_is_sent_once_more_as_the_same_write() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        server.rule(Rule::on("insert").once().cut_after(17).then_reset());
        soon(client.run(insert())).await.expect("the second attempt");
        assert_one_write_in_two_attempts(&server);
        assert_eq!(client.stats().generation, 1);

        // The session met a network error, and is not used again.
        soon(client.run(insert())).await.expect("a write");
        let log = server.log();
        let all: Vec<_> = log.commands_named("insert").map(identity).collect();
        assert_ne!(all[2].0, all[0].0);
        assert_eq!(all[2].1, Bson::Int64(1));
    });
}

#[test]
fn numbers_count_up_within_a_session() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        for _ in 0..3 {
            soon(client.run(insert())).await.expect("a write");
        }
        let log = server.log();
        let all: Vec<_> = log.commands_named("insert").map(identity).collect();
        assert!(all.iter().all(|it| it.0 == all[0].0), "one session");
        let numbers: Vec<_> = all.into_iter().map(|it| it.1).collect();
        assert_eq!(numbers, [Bson::Int64(1), Bson::Int64(2), Bson::Int64(3)]);
    });
}

#[test]
fn a_write_that_fails_twice_tells_that_it_may_have_run() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        server.rule(Rule::on("insert").reset());
        let error = soon(client.run(insert())).await.expect_err("both were reset");
        assert_eq!(error.kind(), Kind::AutoReconnect, "{error:?}");
        assert!(error.may_have_run() && error.has_label(label::RETRYABLE_WRITE));
        assert_one_write_in_two_attempts(&server);
    });
}

#[test]
fn a_second_attempt_that_may_have_run_is_not_hidden_behind_a_first_that_did_not() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.monitoring = MonitoringMode::Poll);
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        // The first attempt gets no socket, the second no reply.
        server.rule(Rule::on("isMaster").when(|it| it.connection > 1).once().close());
        server.rule(Rule::on("insert").never_answer());
        let call = client.run(insert().within(Duration::from_millis(500)));
        let error = soon(call).await.expect_err("no reply");
        server.until(|log| log.count("insert") == 1, SOON).await;
        assert!(error.may_have_run(), "{error:?}");
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
    });
}

/// The server was started anew, without its set, and the monitor does not know yet.
#[test]
fn a_write_that_was_sent_without_a_number_has_no_second_attempt() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.monitoring = MonitoringMode::Poll);
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        let alone = doc! {
            "ok": 1, "ismaster": true, "minWireVersion": 0, "maxWireVersion": 25,
            "logicalSessionTimeoutMinutes": 30,
        };
        server.rule(Rule::on("isMaster").when(|it| it.connection > 1).reply(alone));
        server.rule(Rule::on("insert").close());
        let error = soon(client.run(insert())).await.expect_err("the socket broke");
        assert!(error.may_have_run(), "{error:?}");
        let log = server.log();
        assert_eq!(log.count("insert"), 1);
        assert!(!log.commands_named("insert").next().unwrap().body.contains_key("txnNumber"));
    });
}

#[test]
fn a_standalone_gets_no_numbers_and_no_second_attempt() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        server.rule(Rule::on("insert").reset());
        soon(client.run(insert())).await.expect_err("reset");
        let log = server.log();
        assert_eq!(log.count("insert"), 1);
        let insert = log.commands_named("insert").next().unwrap();
        assert!(!insert.body.contains_key("txnNumber") && insert.body.contains_key("lsid"));
    });
}

/// An error of the server's state, fresher than anything known.
fn state_error(code: i32, name: &str) -> bson::Document {
    doc! {
        "ok": 0.0, "code": code, "codeName": name, "errmsg": name,
        "errorLabels": [label::RETRYABLE_WRITE],
        "topologyVersion": { "processId": ObjectId::new(), "counter": 7_i64 },
    }
}

#[test]
fn a_server_that_is_no_longer_primary_keeps_its_sockets() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("insert").once().reply(state_error(10107, "NotWritablePrimary")));
        let write = client.start(insert()).await;
        client.until_lost().await;
        assert!(!write.is_finished());
        assert_eq!(client.stats().generation, 0);
        // It is elected again, and its stream of hellos says so.
        server.set_hello(Hello::primary("rs"));
        soon(write).await.unwrap().expect("the second attempt");
        assert_one_write_in_two_attempts(&server);
        assert_eq!(client.stats().generation, 0);
        assert_eq!(server.log().used_connections().len(), 1);
    });
}

/// A streaming server pushes a hello when its state changes. One that reports a change
/// without the count that would say which pushes nothing; waiting for its next hello would
/// cost the retry a whole heartbeat.
#[test]
fn a_change_without_a_version_has_the_server_looked_at_anew() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let mut error = state_error(10107, "NotWritablePrimary");
        error.remove("topologyVersion");
        server.rule(Rule::on("insert").once().reply(error));
        let started = Instant::now();
        soon(client.run(insert())).await.expect("the second attempt");
        assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());
        assert_one_write_in_two_attempts(&server);
    });
}

#[test]
fn a_server_that_shuts_down_loses_its_sockets() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("insert").once().reply(state_error(91, "ShutdownInProgress")));
        let write = client.start(insert()).await;
        client.until_lost().await;
        server.set_hello(Hello::primary("rs"));
        soon(write).await.unwrap().expect("the second attempt");
        assert_one_write_in_two_attempts(&server);
        assert_eq!(client.stats().generation, 1);
        let log = server.log();
        let places: Vec<_> = log.commands_named("insert").map(|it| it.connection).collect();
        assert_ne!(places[0], places[1]);
        server.until(|log| log.connections[places[0] - 1].end.is_some(), SOON).await;
    });
}

#[test]
fn an_error_that_is_staler_than_what_is_known_changes_nothing() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let version = {
            let snapshot = client.core().snapshots.borrow().clone();
            let known = snapshot.topology.primary().expect("known").topology_version.expect("it streams");
            doc! { "processId": known.process_id, "counter": known.counter }
        };
        let mut stale = state_error(10107, "NotWritablePrimary");
        stale.insert("topologyVersion", version);
        server.rule(Rule::on("insert").once().reply(stale));
        soon(client.run(insert())).await.expect("the second attempt, at once");
        assert_one_write_in_two_attempts(&server);
        assert_eq!(client.times_lost(), 0);
    });
}
