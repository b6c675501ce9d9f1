//! Calls whose caller went away.

use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bson::{Bson, doc};
use test_support::scripted::{CommandRecord, End};
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{Client, Command, SOON, command, connect, find, soon, story};

fn one_socket(server: &ScriptedServer) -> Client {
    connect(&[server], |options| options.pool.max_size = 1)
}

fn lsid(command: &CommandRecord) -> bson::Document {
    command.body.get_document("lsid").expect("a session goes along").clone()
}

/// Sends a find, waits until the server has it, and drops the call.
async fn send_and_drop(client: &Client, server: &ScriptedServer, command: Command) {
    let before = server.log().count("find");
    let call = client.start(command).await;
    server.until(|log| log.count("find") == before + 1, SOON).await;
    call.abort();
    assert!(call.await.expect_err("aborted").is_cancelled());
}

#[test]
fn the_reply_of_a_dropped_call_is_read_and_its_socket_and_session_used_again() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        let gate = Gate::new();
        server.rule(Rule::on("find").after(&gate));
        send_and_drop(&client, &server, find()).await;
        let ping = tokio::spawn(client.ping());
        gate.open();
        ping.await.unwrap();
        let log = server.log();
        let (find, ping) =
            (log.commands_named("find").next().unwrap(), log.commands_named("ping").next().unwrap());
        assert_eq!(find.connection, ping.connection);
        assert_eq!(log.connections.len(), 2, "the monitor's and one more");
        assert_eq!(lsid(find), lsid(ping));
        assert_eq!(log.count("killCursors"), 0);
    });
}

#[test]
fn the_cursor_of_any_command_is_found_in_its_reply() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        let gate = Gate::new();
        let cursor = doc! { "id": 77_i64, "ns": "other.things", "firstBatch": [] };
        server.rule(Rule::on("buildInfo").once().after(&gate).reply(doc! { "ok": 1, "cursor": cursor }));
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        call.abort();
        assert!(call.await.expect_err("aborted").is_cancelled());
        gate.open();
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        let log = server.log();
        let kill = log.commands_named("killCursors").next().unwrap();
        assert_eq!((kill.database.as_str(), kill.body.get_str("killCursors").unwrap()), ("other", "things"));
        assert_eq!(kill.body.get_array("cursors").unwrap()[0].as_i64(), Some(77));
    });
}

#[test]
fn a_cursor_that_a_dropped_call_opened_is_killed_once() {
    story(async {
        let documents = (0..5).map(|number| doc! { "_id": number });
        let server = ScriptedServer::builder().documents(documents).start();
        let client = one_socket(&server);
        let gate = Gate::new();
        server.rule(Rule::on("find").after(&gate));
        send_and_drop(&client, &server, batch_of_two()).await;
        gate.open();
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        client.ping().await;
        client.ping().await;
        let log = server.log();
        assert_eq!(log.count("killCursors"), 1);
        let kill = log.commands_named("killCursors").next().unwrap();
        assert_eq!((kill.database.as_str(), kill.body.get_str("killCursors").unwrap()), ("d", "c"));
        assert_eq!(kill.body.get_array("cursors").unwrap().len(), 1);
        assert_eq!(server.open_cursors(), 0);
    });
}

fn batch_of_two() -> Command {
    let mut find = find();
    find.body_mut().insert("batchSize", 2);
    find
}

#[test]
fn a_cursor_in_an_answer_that_was_never_looked_at_is_killed() {
    story(async {
        let documents = (0..5).map(|number| doc! { "_id": number });
        let server = ScriptedServer::builder().documents(documents).start();
        let client = one_socket(&server);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("find").after(&gate));
        {
            let mut call = pin!(client.run(batch_of_two()));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            gate.open();
            // The same socket: once it has answered this one, the answer to the find is there.
            client.ping().await;
            assert_eq!(server.open_cursors(), 1);
        }
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        client.ping().await;
        assert_eq!(server.open_cursors(), 0);
        let log = server.log();
        assert_eq!(log.count("killCursors"), 1);
        // Its session went back: there is still only one.
        let sessions: Vec<_> =
            log.commands_named("ping").chain(log.commands_named("find")).map(lsid).collect();
        assert_eq!(sessions[2], *sessions.last().unwrap(), "{sessions:?}");
    });
}

#[test]
fn a_socket_whose_reply_nobody_waits_for_is_given_up_after_a_second() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        server.rule(Rule::on("find").never_answer());
        let began = Instant::now();
        send_and_drop(&client, &server, find()).await;
        let used = server.log().used_connections()[0];
        assert_eq!(server.log().connections[used - 1].end, None);
        server.until(|log| log.connections[used - 1].end == Some(End::ByClient), SOON).await;
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(990), "given up after {took:?}");
        assert!(took < Duration::from_secs(3), "given up after {took:?}");
        client.ping().await;
        assert_eq!(client.stats().generation, 0);
        assert_eq!(client.times_lost(), 0);
    });
}

#[test]
fn the_timeout_of_a_dropped_call_does_not_cost_its_socket() {
    story(async {
        let server = ScriptedServer::start();
        let client = one_socket(&server);
        client.ping().await;
        // Later than the call's timeout, and within the grace.
        server.rule(Rule::on("find").delay(Duration::from_millis(400)));
        send_and_drop(&client, &server, find().within(Duration::from_millis(200))).await;
        client.ping().await;
        assert_eq!(server.log().used_connections().len(), 1, "the reply came in time for the socket");
    });
}

/// Replies are handed out at the end of their arbiter's turn, behind the release of their
/// sockets: who waited for that alone said the last words before it was known that a reply, for
/// a caller who had gone, had left a cursor open.
#[test]
fn cursors_that_arrive_for_nobody_while_the_connection_ends_are_killed() {
    const FINDS: i64 = 20;
    for round in 0..30 {
        story(async {
            let server = ScriptedServer::start();
            let client = connect(&[&server], |options| options.pool.max_connecting = FINDS as usize);
            let gate = Gate::new();
            let opened = AtomicI64::new(0);
            server.rule(Rule::on("find").after(&gate).reply_with(move |_| {
                let id = opened.fetch_add(1, Ordering::Relaxed) + 1;
                doc! { "ok": 1, "cursor": { "id": id, "ns": "d.c", "firstBatch": [] } }
            }));
            for _ in 0..FINDS {
                send_and_drop(&client, &server, find()).await;
            }
            let ended = client.leave();
            gate.open();
            soon(ended).await;
            let log = server.log();
            let mut killed: Vec<i64> = log
                .commands_named("killCursors")
                .flat_map(|kill| kill.body.get_array("cursors").unwrap().iter().filter_map(Bson::as_i64))
                .collect();
            killed.sort_unstable();
            assert_eq!(killed, (1..=FINDS).collect::<Vec<i64>>(), "round {round}");
        });
    }
}
