//! Attempts that are repeated, by what a server sees of them. The numbers are those of the
//! prose tests of retryable reads, retryable writes and client back-pressure.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_mongo::dispatch::{CommandKind, Jitter, Via};
use actix_mongo::pool::Purpose;
use actix_mongo::topology::ServerKind;
use actix_mongo::{Connection, Kind, label};
use bson::{Bson, Document, doc};
use test_support::{Gate, Hello, Rule, ScriptedServer};

use crate::support::{Client, Command, SOON, address, command, connect, find, insert, soon, story};

const OVERLOAD: [&str; 2] = [label::SYSTEM_OVERLOADED, label::RETRYABLE];

fn failure(code: i32, labels: &[&str]) -> Document {
    doc! { "ok": 0, "code": code, "errmsg": "no", "errorLabels": labels }
}

fn overloaded() -> Document {
    failure(462, &OVERLOAD)
}

/// Answers the first command of this name with the first of these, and so on; the last one
/// answers all that follow.
fn answer_in_turn(server: &ScriptedServer, name: &str, replies: Vec<Document>) {
    let next = AtomicUsize::new(0);
    server.rule(Rule::on(name).reply_with(move |_| {
        let index = next.fetch_add(1, Ordering::Relaxed).min(replies.len() - 1);
        replies[index].clone()
    }));
}

/// How long an insert takes whose server is overloaded for good.
async fn overloaded_insert(jitter: fn() -> f64, reply: Document) -> Duration {
    let server = ScriptedServer::start_primary("rs");
    let client = connect(&[&server], |options| options.dispatch.jitter = Jitter::new(jitter));
    client.ping().await;
    server.rule(Rule::on("insert").reply(reply));
    let began = Instant::now();
    soon(client.run(insert())).await.expect_err("it is overloaded");
    assert_eq!(server.log().count("insert"), 3);
    began.elapsed()
}

#[test]
fn back_pressure_1_and_5_repeats_wait_longer_each_time() {
    story(async {
        let at_once = overloaded_insert(|| 0.0, overloaded()).await;
        let waits = overloaded_insert(|| 1.0, overloaded()).await;
        let sum = Duration::from_millis(600);
        assert!(waits >= sum && waits < sum + at_once + sum, "{waits:?} and {at_once:?}");

        let mut reply = overloaded();
        reply.insert("baseBackoffMS", 50);
        let shorter = overloaded_insert(|| 1.0, reply).await;
        assert!(shorter >= sum / 2 && shorter < waits, "{shorter:?} and {waits:?}");
    });
}

#[test]
fn back_pressure_3_and_4_overload_errors_are_repeated_twice_or_as_often_as_set() {
    story(async {
        for (most, attempts) in [(None, 3), (Some(1), 2), (Some(0), 1), (Some(5), 6)] {
            let server = ScriptedServer::start_primary("rs");
            let client = connect(&[&server], |options| {
                let default = options.dispatch.max_adaptive_retries;
                options.dispatch.max_adaptive_retries = most.unwrap_or(default);
            });
            server.rule(Rule::on("find").reply(overloaded()));
            let error = soon(client.run(find())).await.expect_err("it is overloaded");
            assert!(OVERLOAD.iter().all(|label| error.has_label(label)), "{error:?}");
            assert!(error.is_retryable() && !error.may_have_run());
            assert_eq!(server.log().count("find"), attempts);
        }
    });
}

#[test]
fn commands_of_all_kinds_are_repeated_for_overload() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.set_documents((0..3).map(|n| doc! { "_id": n }));
        let connection = soon(Connection::connect(server.uri())).await.unwrap();
        let database = connection.database("d").unwrap();
        let things = database.collection("c").unwrap();
        for name in ["ping", "getMore", "update"] {
            server.rule(Rule::on(name).once().reply(overloaded()));
        }
        soon(database.run_command(doc! { "ping": 1 }).into_future()).await.unwrap();
        let cursor = soon(things.find(doc! {}).batch_size(2).into_future()).await.unwrap();
        assert_eq!(soon(cursor.collect_all()).await.unwrap().len(), 3);
        soon(things.update_many(doc! {}, doc! { "$set": { "a": 1 } }).into_future()).await.unwrap();
        let log = server.log();
        for name in ["ping", "getMore", "update"] {
            let ids: Vec<_> = log.commands_named(name).map(|it| it.body.get("lsid").cloned()).collect();
            assert_eq!(ids.len(), 2, "{name}");
            assert!(ids[0].is_some() && ids[0] == ids[1], "{name}: in one session");
        }
    });
}

#[test]
fn who_wants_no_repeats_gets_none() {
    story(async {
        for (reads, writes, expected) in [(false, true, [1, 3, 1]), (true, false, [3, 1, 1])] {
            let server = ScriptedServer::start_primary("rs");
            let client = connect(&[&server], |options| {
                options.dispatch.retry_reads = reads;
                options.dispatch.retry_writes = writes;
            });
            for name in ["find", "insert", "ping"] {
                server.rule(Rule::on(name).reply(overloaded()));
            }
            let ping = command(doc! { "ping": 1 }).plan(|plan| plan.kind = CommandKind::Any);
            for call in [find(), insert(), ping] {
                soon(client.run(call)).await.expect_err("it is overloaded");
            }
            let log = server.log();
            assert_eq!(["find", "insert", "ping"].map(|name| log.count(name)), expected);
        }
    });
}

#[test]
fn a_wait_that_exceeds_the_timeout_is_not_begun() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.dispatch.jitter = Jitter::new(|| 1.0));
        client.ping().await;
        let mut reply = overloaded();
        reply.insert("baseBackoffMS", 5_000);
        server.rule(Rule::on("find").reply(reply));
        let began = Instant::now();
        let error = soon(client.run(find().within(Duration::from_secs(5)))).await.expect_err("overloaded");
        assert_eq!((error.kind(), error.code()), (Kind::Command, Some(462)));
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        assert_eq!(server.log().count("find"), 1);
    });
}

/// The error of an insert whose attempts fail in this way, and their number.
async fn insert_that_fails(replies: Vec<Document>) -> (actix_mongo::Error, usize) {
    let server = ScriptedServer::start_primary("rs");
    let client = connect(&[&server], |_| {});
    client.ping().await;
    answer_in_turn(&server, "insert", replies);
    let error = soon(client.run(insert())).await.expect_err("all fail");
    (error, server.log().count("insert"))
}

const NOTHING_DONE: [&str; 3] = [label::SYSTEM_OVERLOADED, label::RETRYABLE, label::NO_WRITES_PERFORMED];

#[test]
fn writes_1_an_engine_without_numbers_is_explained() {
    story(async {
        let reply =
            doc! { "ok": 0, "code": 20, "errmsg": "Transaction numbers are only allowed on a replica set" };
        let (error, attempts) = insert_that_fails(vec![reply]).await;
        assert_eq!((error.code(), attempts), (Some(20), 1));
        let sentence = "This MongoDB deployment does not support retryable writes. \
                        Please add retryWrites=false to your connection string.";
        assert_eq!(error.message(), sentence);
    });
}

#[test]
fn writes_3_the_error_that_tells_of_an_attempt_is_told() {
    story(async {
        let unmet = doc! {
            "ok": 1, "n": 1, "errorLabels": [label::RETRYABLE_WRITE],
            "writeConcernError": { "code": 91, "errmsg": "no" },
        };
        let second = failure(1, &[label::RETRYABLE_WRITE, label::NO_WRITES_PERFORMED]);
        let (error, attempts) = insert_that_fails(vec![unmet, second]).await;
        assert_eq!((error.code(), error.kind(), attempts), (Some(91), Kind::Write, 2));
    });
}

#[test]
fn writes_6_of_several_errors_the_right_one_is_told() {
    story(async {
        let codes = |error: &actix_mongo::Error| error.code();
        let (error, _) = insert_that_fails(vec![failure(1, &OVERLOAD), failure(2, &OVERLOAD)]).await;
        assert_eq!(codes(&error), Some(2), "case 1");
        let (error, _) = insert_that_fails(vec![failure(1, &NOTHING_DONE), failure(2, &NOTHING_DONE)]).await;
        assert_eq!(codes(&error), Some(1), "case 2");
        let (error, _) = insert_that_fails(vec![failure(1, &OVERLOAD), failure(1, &NOTHING_DONE)]).await;
        assert_eq!(codes(&error), Some(1), "case 3");
        assert!(!error.has_label(label::NO_WRITES_PERFORMED));
        let plain = failure(2, &[label::RETRYABLE, label::RETRYABLE_WRITE]);
        let (_, attempts) = insert_that_fails(vec![failure(1, &OVERLOAD), plain.clone()]).await;
        assert_eq!(attempts, 3, "case 4");
        let (_, attempts) = insert_that_fails(vec![plain]).await;
        assert_eq!(attempts, 2, "none was an overload error");
    });
}

/// How many waits there were, asked for by who draws their length.
static WAITS: AtomicUsize = AtomicUsize::new(0);

fn counted() -> f64 {
    WAITS.fetch_add(1, Ordering::Relaxed);
    0.0
}

#[test]
fn reads_5_and_writes_6_case_5_only_overload_errors_are_waited_for() {
    story(async {
        for (name, call) in [("find", find as fn() -> Command), ("insert", insert)] {
            for (replies, waits) in [
                (vec![overloaded(), failure(91, &[label::RETRYABLE, label::RETRYABLE_WRITE])], 1),
                (vec![overloaded()], 2),
            ] {
                let server = ScriptedServer::start_primary("rs");
                let client = connect(&[&server], |options| options.dispatch.jitter = Jitter::new(counted));
                client.ping().await;
                answer_in_turn(&server, name, replies);
                WAITS.store(0, Ordering::Relaxed);
                soon(client.run(call())).await.expect_err("all fail");
                assert_eq!((server.log().count(name), WAITS.load(Ordering::Relaxed)), (3, waits), "{name}");
            }
        }
    });
}

/// Two routers that both are known.
async fn routers() -> ([ScriptedServer; 2], Client) {
    let servers = [(); 2].map(|()| ScriptedServer::builder().hello(Hello::mongos()).start());
    let client = connect(&[&servers[0], &servers[1]], |options| {
        options.dispatch.local_threshold = Duration::from_secs(10);
    });
    for server in &servers {
        client.until_kind(&address(server), ServerKind::Mongos).await;
    }
    (servers, client)
}

#[test]
fn reads_2_and_writes_4_another_router_gets_the_second_attempt() {
    story(async {
        let (servers, client) = routers().await;
        for server in &servers {
            server.rule(Rule::on("find").reply(failure(6, &[])));
            server.rule(Rule::on("insert").reply(failure(6, &[label::RETRYABLE_WRITE])));
        }
        // At random, half of these would go to the same router twice.
        for round in 1..=8 {
            soon(client.run(find())).await.expect_err("both fail");
            soon(client.run(insert())).await.expect_err("both fail");
            for server in &servers {
                let log = server.log();
                assert_eq!((log.count("find"), log.count("insert")), (round, round));
            }
        }
    });
}

#[test]
fn reads_2_and_writes_5_the_only_router_gets_it_again() {
    story(async {
        let server = ScriptedServer::builder().hello(Hello::mongos()).start();
        let client = connect(&[&server], |_| {});
        server.rule(Rule::on("find").once().reply(failure(6, &[])));
        server.rule(Rule::on("insert").once().close());
        soon(client.run(find())).await.expect("the second attempt");
        soon(client.run(insert())).await.expect("the second attempt");
        assert_eq!((server.log().count("find"), server.log().count("insert")), (2, 2));
    });
}

#[test]
fn writes_that_find_a_server_without_numbers_are_not_repeated() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        // It comes back as one that knows no numbered writes.
        let (hello, known) = (Hello::primary("rs").without_sessions(), address(&server));
        server.rule(Rule::on("insert").once().close());
        server.set_hello(hello);
        let error = soon(client.run(insert())).await.expect_err("not repeated");
        assert_eq!(error.kind(), Kind::AutoReconnect, "{error:?}");
        assert!(error.may_have_run());
        client.until_kind(&known, ServerKind::RsPrimary).await;
        assert_eq!(server.log().count("insert"), 1);
    });
}

/// The socket that the first attempt held is given to another caller, so the repeat finds none:
/// its own, or the leave to hold one, is not there in time.
#[test]
fn a_repeat_that_finds_no_socket_to_hold_gives_its_session_back() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| {
            options.pool.max_size = 2;
            options.dispatch.wait_queue_timeout = Some(Duration::from_millis(100));
        });
        let gate = Gate::new();
        // After such an error it is not held on: there may be a wait before the repeat.
        server.rule(Rule::on("find").once().after(&gate).reply(overloaded()));
        let call = client.start(find().plan(|plan| plan.via = Via::Own(Purpose::Parked))).await;
        server.until(|log| log.count("find") == 1, SOON).await;
        let held = client.lease().await.expect("the other socket");
        let asker = client.clone();
        let next = tokio::spawn(async move { asker.lease().await });
        tokio::task::yield_now().await;
        assert_eq!((client.stats().leased, client.stats().queued), (2, 1));
        gate.open();
        let error = soon(call).await.unwrap().expect_err("there is no socket");
        assert!(!error.may_have_run(), "{error:?}");
        let taken = soon(next).await.unwrap().expect("the socket of the first attempt");
        let log = server.log();
        let sent: Vec<&Document> = log.commands_named("find").map(|it| &it.body).collect();
        assert_eq!(sent.len(), 1, "the repeat was not sent");
        let idle: Vec<Bson> =
            client.core().sessions.drain().into_iter().map(|id| bson::Uuid::from_bytes(id).into()).collect();
        assert_eq!(idle, [sent[0].get_document("lsid").unwrap().get("id").unwrap().clone()]);
        drop((held, taken));
    });
}

/// Somebody waits for a socket, and no other may be held for this purpose.
#[test]
fn a_repeat_holds_the_socket_of_the_attempt_before() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.pool.max_size = 2);
        let gate = Gate::new();
        server.rule(Rule::on("find").once().after(&gate).reply(failure(134, &[])));
        let call = client.start(find().plan(|plan| plan.via = Via::Own(Purpose::Parked))).await;
        server.until(|log| log.count("find") == 1, SOON).await;
        let held = client.lease().await.expect("the other socket");
        let asker = client.clone();
        let next = tokio::spawn(async move { asker.lease().await });
        tokio::task::yield_now().await;
        assert_eq!((client.stats().leased, client.stats().queued), (2, 1));
        gate.open();
        soon(call).await.unwrap().expect("the repeat");
        let log = server.log();
        let places: Vec<usize> = log.commands_named("find").map(|it| it.connection).collect();
        assert_eq!(places.len(), 2);
        assert_eq!(places[0], places[1]);
        drop((held, soon(next).await.unwrap().expect("its turn")));
    });
}
