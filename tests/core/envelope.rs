//! What is added to a command when its socket is taken.

use std::time::Duration;

use actix_mongo::dispatch::SessionPlan;
use actix_mongo::wire::frame::MORE_TO_COME;
use bson::{Bson, Document, Timestamp, doc};
use test_support::{Gate, Hello, Rule, ScriptedServer};

use crate::support::{SOON, command, connect, soon, story};

#[test]
fn every_command_has_a_database_and_a_session() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        for _ in 0..3 {
            client.ping().await;
        }
        let log = server.log();
        let commands: Vec<_> = log.commands_named("ping").collect();
        for command in &commands {
            assert_eq!(command.database, "d");
            let lsid = command.body.get_document("lsid").expect("a session");
            let Some(Bson::Binary(id)) = lsid.get("id") else { panic!("{lsid}") };
            assert_eq!((id.bytes.len(), lsid.len()), (16, 1));
            assert!(!command.body.contains_key("txnNumber"));
            assert!(!command.body.contains_key("maxTimeMS"), "no timeout was set");
        }
        let sessions: Vec<_> = commands.iter().map(|it| it.body.get("lsid")).collect();
        assert!(sessions.iter().all(|it| *it == sessions[0]), "calls in sequence share one");
    });
}

#[test]
fn calls_at_one_time_have_sessions_of_their_own() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        let gate = Gate::new();
        server.rule(Rule::on("ping").after(&gate));
        let calls = [
            client.start(command(doc! { "ping": 1 })).await,
            client.start(command(doc! { "ping": 1 })).await,
        ];
        server.until(|log| log.count("ping") == 2, SOON).await;
        gate.open();
        for call in calls {
            soon(call).await.unwrap().expect("served");
        }
        let log = server.log();
        let sessions: Vec<_> = log.commands_named("ping").map(|it| it.body.get("lsid").unwrap()).collect();
        assert_ne!(sessions[0], sessions[1]);
        assert_eq!(client.core().sessions.len(), 2);
    });
}

#[test]
fn a_server_without_sessions_gets_none() {
    story(async {
        let server = ScriptedServer::builder().hello(Hello::standalone().without_sessions()).start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        assert!(!server.log().commands_named("ping").next().unwrap().body.contains_key("lsid"));
    });
}

#[test]
fn an_unacknowledged_command_has_no_session_and_gets_no_reply() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        let write = command(doc! { "insert": "c", "documents": [{}], "writeConcern": { "w": 0 } })
            .flags(MORE_TO_COME)
            .plan(|plan| plan.session = SessionPlan::None);
        let reply = soon(client.run(write)).await.expect("written is done");
        assert_eq!(reply, Document::new());
        client.ping().await;
        let log = server.log();
        let insert = log.commands_named("insert").next().unwrap();
        assert!(!insert.body.contains_key("lsid"), "{}", insert.body);
        assert_eq!(log.used_connections().len(), 1, "and the socket stays in step");
    });
}

fn time(seconds: u32, increment: u32) -> Document {
    doc! { "clusterTime": Timestamp { time: seconds, increment }, "signature": { "keyId": 5_i64 } }
}

#[test]
fn the_session_of_a_request_without_a_reply_goes_back_when_it_is_written() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        for _ in 0..3 {
            // The driver's own unacknowledged writes have no session; this one is asked to.
            let write = command(doc! { "insert": "c", "documents": [{ "_id": 1 }] }).flags(MORE_TO_COME);
            soon(client.run(write)).await.expect("written");
            assert_eq!(client.core().sessions.len(), 1);
        }
    });
}

#[test]
fn the_newest_cluster_time_is_sent_back() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        for sent in [time(10, 2), time(10, 1), time(9, 7), time(10, 3)] {
            server.rule(Rule::on("ping").once().reply(doc! { "ok": 1, "$clusterTime": sent }));
            client.ping().await;
        }
        client.ping().await;
        let log = server.log();
        let times: Vec<_> =
            log.commands_named("ping").map(|it| it.body.get_document("$clusterTime").ok().cloned()).collect();
        let newest = [None, None, Some(time(10, 2)), Some(time(10, 2)), Some(time(10, 2)), Some(time(10, 3))];
        assert_eq!(times, newest);
    });
}

#[test]
fn errors_carry_cluster_times_too() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        let failed = doc! { "ok": 0, "code": 2, "errmsg": "no", "$clusterTime": time(4, 4) };
        server.rule(Rule::on("ping").once().reply(failed));
        soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("BadValue");
        client.ping().await;
        let log = server.log();
        assert_eq!(
            log.commands_named("ping").last().unwrap().body.get_document("$clusterTime").unwrap(),
            &time(4, 4)
        );
    });
}

fn max_time(command: &test_support::scripted::CommandRecord) -> Option<i64> {
    command.body.get("maxTimeMS").map(|it| it.as_i64().expect("a long"))
}

#[test]
fn max_time_is_what_is_left_of_the_timeout() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.pool.max_size = 1);
        client.ping().await;
        soon(client.run(command(doc! { "ping": 1 }).within(Duration::from_secs(5)))).await.expect("served");
        // One that waits has less left when its turn comes.
        server.rule(Rule::on("buildInfo").delay(Duration::from_millis(200)));
        let holder = client.start(command(doc! { "buildInfo": 1 })).await;
        soon(client.run(command(doc! { "ping": 1 }).within(Duration::from_secs(5)))).await.expect("served");
        soon(holder).await.unwrap().expect("served");
        let quiet =
            command(doc! { "ping": 1 }).within(Duration::from_secs(5)).plan(|plan| plan.max_time = false);
        soon(client.run(quiet)).await.expect("served");
        let log = server.log();
        let times: Vec<_> = log.commands_named("ping").map(max_time).collect();
        assert_eq!(times[0], None);
        assert!(times[1].is_some_and(|it| it > 4000 && it <= 5000), "{times:?}");
        assert!(times[2].is_some_and(|it| it > 3000 && it <= 4850), "{times:?}");
        assert_eq!(times[3], None);
    });
}

#[test]
fn the_round_trip_is_taken_off_and_what_can_not_succeed_is_not_sent() {
    story(async {
        let server = ScriptedServer::start();
        // The hello's round trip is the server's least.
        server.rule(Rule::on("isMaster").once().delay(Duration::from_millis(300)));
        let client = connect(&[&server], |_| {});
        client.ping().await;
        assert!(client.pool().min_rtt() >= Duration::from_millis(300) || client.pool().min_rtt().is_zero());
        soon(client.run(command(doc! { "ping": 1 }).within(Duration::from_secs(5)))).await.expect("served");
        let rtt = i64::try_from(client.pool().min_rtt().as_millis()).unwrap();
        let log = server.log();
        let sent = max_time(log.commands_named("ping").last().unwrap()).unwrap();
        assert!(sent <= 5000 - rtt, "{sent} with a round trip of {rtt}");
    });
}
