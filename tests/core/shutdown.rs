//! The end of a connection.

use std::time::{Duration, Instant};

use actix_mongo::Kind;
use actix_mongo::topology::ServerKind;
use bson::doc;
use test_support::scripted::{Accept, End};
use test_support::{Gate, Rule, ScriptedServer, poll_until};

use crate::support::{Client, SOON, address, command, connect, namespace, open_sockets, soon, story};

/// Far less than a heartbeat or a connect timeout.
const QUICK: Duration = Duration::from_secs(2);

async fn ends_quickly(client: Client) {
    let began = Instant::now();
    soon(client.leave()).await;
    assert!(began.elapsed() < QUICK, "ended after {:?}", began.elapsed());
}

#[test]
fn with_the_last_handle_all_sockets_and_threads_end() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        open_sockets(&client, &server, 3).await;
        // The monitor waits in a streamed hello, the second one has measured.
        server.until(|log| log.commands.iter().any(|it| it.body.contains_key("maxAwaitTimeMS")), SOON).await;
        let other = client.clone();
        drop(client);
        other.ping().await;
        ends_quickly(other).await;
        server.until(|log| log.open_connections() == 0, SOON).await;
        let log = server.log();
        assert!(log.connections.iter().all(|it| it.end != Some(End::ByServer)), "{:?}", log.connections);
        assert!(log.protocol_errors.is_empty(), "{:?}", log.protocol_errors);
    });
}

#[test]
fn a_call_keeps_the_connection_alive() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        let ended = client.leave();
        gate.open();
        soon(call).await.unwrap().expect("served");
        soon(ended).await;
    });
}

#[test]
fn a_connection_that_never_found_its_server_ends_as_quickly() {
    for accept in [Accept::Refuse, Accept::Silent, Accept::Close] {
        story(async {
            let server = ScriptedServer::builder().accept(accept).start();
            let client = connect(&[&server], |_| {});
            let call = client.run(command(doc! { "ping": 1 }).within(Duration::from_millis(50)));
            assert_eq!(soon(call).await.expect_err("no server").kind(), Kind::Timeout, "{accept:?}");
            ends_quickly(client).await;
        });
    }
}

#[test]
fn a_connection_that_was_never_used_ends() {
    story(async {
        let server = ScriptedServer::start();
        ends_quickly(connect(&[&server], |_| {})).await;
    });
}

#[test]
fn sockets_that_are_being_opened_do_not_hold_up_the_end() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        server.rule(Rule::on("isMaster").never_answer());
        let call = client.start(command(doc! { "ping": 1 })).await;
        server.until(|log| log.count("isMaster") == 2, SOON).await;
        call.abort();
        assert!(call.await.expect_err("aborted").is_cancelled());
        ends_quickly(client).await;
    });
}

/// One socket, busy with a call that is answered when the gate opens, and two that wait.
#[test]
fn closing_fails_those_who_wait_and_leaves_those_in_flight_their_grace() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let in_flight = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        let waiting = [
            client.start(command(doc! { "ping": 1 })).await,
            client.start(command(doc! { "ping": 1 })).await,
        ];
        client.close(SOON);
        for call in waiting {
            let error = soon(call).await.unwrap().expect_err("closed");
            assert_eq!(error.kind(), Kind::Closed, "{error:?}");
            assert!(!error.may_have_run());
        }
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("closed");
        assert_eq!(error.kind(), Kind::Closed, "{error:?}");
        assert!(!in_flight.is_finished());
        gate.open();
        soon(in_flight).await.unwrap().expect("within its grace");
        soon(client.leave()).await;
        assert_eq!(server.log().count("ping"), 1);
    });
}

#[test]
fn a_call_that_outlasts_the_grace_fails() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("buildInfo").never_answer());
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        let (began, grace) = (Instant::now(), Duration::from_millis(300));
        client.close(grace);
        let error = soon(call).await.unwrap().expect_err("closed");
        assert_eq!(error.kind(), Kind::Closed, "{error:?}");
        assert!(error.may_have_run());
        assert!(began.elapsed() >= grace && began.elapsed() < QUICK, "{:?}", began.elapsed());
        soon(client.leave()).await;
    });
}

#[test]
fn those_who_wait_for_a_server_are_told_of_the_end() {
    story(async {
        let server = ScriptedServer::builder().accept(Accept::Refuse).start();
        let client = connect(&[&server], |_| {});
        let call = client.start(command(doc! { "ping": 1 })).await;
        client.close(Duration::ZERO);
        let error = soon(call).await.unwrap().expect_err("closed");
        assert_eq!(error.kind(), Kind::Closed, "{error:?}");
        soon(client.leave()).await;
    });
}

#[test]
fn an_unanswered_last_word_does_not_hold_up_the_end_for_long() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("endSessions").never_answer());
        let began = Instant::now();
        soon(client.leave()).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(server.log().count("endSessions"), 1);
    });
}

#[test]
fn handles_that_are_dropped_after_a_close_do_not_cut_its_last_words_short() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        open_sockets(&client, &server, 2).await;
        server.rule(Rule::on("killCursors").once().delay(Duration::from_millis(300)));
        for collection in ["one", "two"] {
            client.core().retire_cursor(address(&server), namespace(collection), 7);
        }
        client.close(SOON);
        soon(client.leave()).await;
        let log = server.log();
        assert_eq!((log.count("killCursors"), log.count("endSessions")), (2, 1));
    });
}

#[test]
fn what_happens_during_the_grace_does_not_undo_the_end() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("buildInfo").never_answer());
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        client.close(SOON);
        let mut snapshots = client.core().snapshots.clone();
        soon(snapshots.wait_for(|picture| picture.closed.is_some())).await.unwrap();
        server.reset_all();
        assert!(soon(call).await.unwrap().expect_err("reset").may_have_run());
        client.settle().await;
        assert!(snapshots.borrow().closed.is_some());
        soon(client.leave()).await;
    });
}

/// All sockets are busy, and there is something left to say.
#[test]
fn the_last_words_come_after_those_in_flight_and_hold_up_nobody_who_waits() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 2);
        open_sockets(&client, &server, 2).await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let busy = [
            client.start(command(doc! { "buildInfo": 1 })).await,
            client.start(command(doc! { "buildInfo": 1 })).await,
        ];
        server.until(|log| log.count("buildInfo") == 4, SOON).await;
        let waiting = client.start(command(doc! { "ping": 1 })).await;
        client.core().retire_cursor(address(&server), namespace("c"), 7);
        let began = Instant::now();
        client.close(SOON);
        let error = soon(waiting).await.unwrap().expect_err("closed");
        assert_eq!(error.kind(), Kind::Closed, "{error:?}");
        assert!(began.elapsed() < Duration::from_millis(500), "told after {:?}", began.elapsed());
        gate.open();
        for call in busy {
            soon(call).await.unwrap().expect("within its grace");
        }
        soon(client.leave()).await;
        let log = server.log();
        let said: Vec<&str> = log.commands.iter().map(|it| it.name.as_str()).collect();
        let said: Vec<&str> =
            said.into_iter().filter(|it| ["ping", "killCursors", "endSessions"].contains(it)).collect();
        assert_eq!(said, ["killCursors", "endSessions"]);
        assert_eq!(log.used_connections().len(), 2, "the sockets that were there served for it");
    });
}

#[test]
fn a_kill_that_waits_for_a_socket_when_the_grace_runs_out_is_not_lost() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        server.rule(Rule::on("buildInfo").never_answer());
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        client.core().retire_cursor(address(&server), namespace("c"), 7);
        poll_until(SOON, "the kill to wait for a socket", || client.stats().queued == 1);
        client.close(Duration::from_millis(50));
        assert_eq!(soon(call).await.unwrap().expect_err("closed").kind(), Kind::Closed);
        ends_quickly(client).await;
        assert_eq!(server.log().count("killCursors"), 1);
    });
}

#[test]
fn calls_that_outlast_the_grace_do_not_silence_the_last_words() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        server.rule(Rule::on("buildInfo").never_answer());
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        client.core().retire_cursor(address(&server), namespace("c"), 7);
        client.close(Duration::from_millis(100));
        assert_eq!(soon(call).await.unwrap().expect_err("closed").kind(), Kind::Closed);
        ends_quickly(client).await;
        assert_eq!(server.log().count("killCursors"), 1);
    });
}
