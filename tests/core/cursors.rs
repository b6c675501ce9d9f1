//! Cursors that were dropped are killed, in few commands.

use std::collections::BTreeMap;

use actix_mongo::label;
use bson::{Bson, Document, doc};
use test_support::scripted::Log;
use test_support::{Gate, Rule, ScriptedServer, poll_until};

use crate::support::{Client, SOON, address, command, connect, find, namespace, soon, story};

/// All ids that were killed, by collection.
fn killed(log: &Log) -> BTreeMap<String, Vec<i64>> {
    let mut ids: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for command in log.commands_named("killCursors") {
        assert_eq!(command.database, "d");
        assert!(!command.body.contains_key("lsid"));
        let of = ids.entry(command.body.get_str("killCursors").unwrap().to_owned()).or_default();
        of.extend(command.body.get_array("cursors").unwrap().iter().filter_map(Bson::as_i64));
    }
    ids
}

#[test]
fn fifty_cursors_of_two_collections_are_killed_in_few_commands() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let (one, two) = (namespace("one"), namespace("two"));
        for id in 1..=50 {
            let of = if id % 2 == 0 { &one } else { &two };
            client.core().retire_cursor(address(&server), of.clone(), id);
        }
        // They are told from one thread within less than their age; a slow machine may
        // need a second flush.
        server.until(|log| killed(log).values().map(Vec::len).sum::<usize>() == 50, SOON).await;
        let expected = BTreeMap::from([
            ("one".to_owned(), (1..=50).filter(|id| id % 2 == 0).collect::<Vec<i64>>()),
            ("two".to_owned(), (1..=50).filter(|id| id % 2 == 1).collect()),
        ]);
        assert_eq!(killed(&server.log()), expected);
        let commands = server.log().count("killCursors");
        assert!((2..=4).contains(&commands), "{commands} commands");
    });
}

#[test]
fn a_full_batch_does_not_wait() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        for id in 1..=640 {
            client.core().retire_cursor(address(&server), namespace("c"), id);
        }
        server.until(|log| killed(log).values().map(Vec::len).sum::<usize>() == 640, SOON).await;
        let mut ids = killed(&server.log()).remove("c").unwrap();
        ids.sort_unstable();
        assert_eq!(ids, (1..=640).collect::<Vec<i64>>());
        let commands = server.log().count("killCursors");
        assert!((10..=20).contains(&commands), "{commands} commands");
    });
}

#[test]
fn a_kill_that_fails_is_nobodys_error() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("killCursors").fail(13, "Unauthorized"));
        client.core().retire_cursor(address(&server), namespace("c"), 7);
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        client.ping().await;
        assert_eq!(server.log().count("killCursors"), 1);
    });
}

/// After so many clears: who waits has the server looked for before its next regular check.
async fn found_again(client: &Client, clears: u64) {
    poll_until(SOON, "the pool to be cleared", || client.stats().generation >= clears);
    soon(client.run(find())).await.expect("a read is tried twice");
}

#[test]
fn a_kill_whose_socket_breaks_is_tried_again() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("killCursors").once().reset());
        client.core().retire_cursor(address(&server), namespace("c"), 7);
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        found_again(&client, 1).await;
        server.until(|log| log.count("killCursors") == 2, SOON).await;
        assert_eq!(killed(&server.log())["c"], [7, 7]);
    });
}

#[test]
fn a_kill_in_a_pool_that_is_cleared_arrives_later() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").once().after(&gate).reset());
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        for id in [7, 8] {
            client.core().retire_cursor(address(&server), namespace("c"), id);
        }
        poll_until(SOON, "the kill to wait for a socket", || client.stats().queued == 1);
        gate.open();
        assert!(soon(call).await.unwrap().expect_err("reset").is_network());
        assert_eq!(server.log().count("killCursors"), 0);
        client.ping().await;
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        assert_eq!(killed(&server.log())["c"], [7, 8]);
    });
}

#[test]
fn what_a_broken_socket_left_unkilled_is_killed_at_the_end_at_the_latest() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("killCursors").times(3).reset());
        client.core().retire_cursor(address(&server), namespace("c"), 7);
        for tried in 1..=3 {
            server.until(|log| log.count("killCursors") == tried, SOON).await;
            found_again(&client, tried as u64).await;
        }
        soon(client.leave()).await;
        assert_eq!(server.log().count("killCursors"), 4);
    });
}

fn overloaded() -> Document {
    let labels = [label::SYSTEM_OVERLOADED, label::RETRYABLE];
    doc! { "ok": 0, "code": 462, "errmsg": "no", "errorLabels": labels }
}

/// Client back-pressure: all commands of the driver's are repeated, but for those that make
/// and watch connections; and no more often than others are.
#[test]
fn a_server_that_has_too_much_to_do_is_asked_again_to_kill() {
    story(async {
        for (refused, asked) in [(2, 3), (9, 3)] {
            let server = ScriptedServer::start();
            let client = connect(&[&server], |_| {});
            client.ping().await;
            server.rule(Rule::on("killCursors").times(refused).reply(overloaded()));
            client.core().retire_cursor(address(&server), namespace("c"), 7);
            server.until(|log| log.count("killCursors") == asked, SOON).await;
            // The last words come behind all kills.
            soon(client.leave()).await;
            let log = server.log();
            assert_eq!(log.count("killCursors"), asked);
            assert!(killed(&log)["c"].iter().all(|id| *id == 7));
        }
    });
}

#[test]
fn a_server_that_has_too_much_to_do_is_asked_again_to_end_sessions() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("endSessions").once().reply(overloaded()));
        soon(client.leave()).await;
        assert_eq!(server.log().count("endSessions"), 2);
    });
}

#[test]
fn who_wants_no_repeats_has_kills_and_ends_tried_once() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.dispatch.retry_reads = false);
        client.ping().await;
        for name in ["killCursors", "endSessions"] {
            server.rule(Rule::on(name).reply(overloaded()));
        }
        client.core().retire_cursor(address(&server), namespace("c"), 7);
        soon(client.leave()).await;
        let log = server.log();
        assert_eq!((log.count("killCursors"), log.count("endSessions")), (1, 1));
    });
}

#[test]
fn cursors_and_sessions_end_with_the_connection() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        crate::support::open_sockets(&client, &server, 3).await;
        let log = server.log();
        let mut used: Vec<String> =
            log.commands_named("buildInfo").map(|it| it.body["lsid"].to_string()).collect();
        for id in 1..=3 {
            client.core().retire_cursor(address(&server), namespace("c"), id);
        }
        soon(client.leave()).await;
        let log = server.log();
        assert_eq!(killed(&server.log())["c"], [1, 2, 3]);
        assert_eq!(log.names()[3..], ["killCursors", "endSessions"]);
        let end = log.commands_named("endSessions").next().unwrap();
        assert_eq!(end.database, "admin");
        assert!(!end.body.contains_key("lsid"));
        let mut ended: Vec<String> =
            end.body.get_array("endSessions").unwrap().iter().map(ToString::to_string).collect();
        used.sort();
        ended.sort();
        assert_eq!(ended, used);
    });
}
