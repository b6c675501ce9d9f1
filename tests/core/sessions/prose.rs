use actix_mongo::bson::Timestamp;
use actix_mongo::{Connection, Kind};
use bson::{Bson, Document, doc};
use test_support::{Hello, Rule, ScriptedServer};

use super::{connect, database, id_of, latest, lsid, sent, start, tell_times, things};
use crate::support::{SOON, soon, story};

#[test]
fn prose_1_snapshot_and_causal_consistency_exclude_each_other() {
    story(async {
        let connection = connect(&ScriptedServer::start_primary("rs")).await;
        let both = connection.start_session().snapshot(true).causal_consistency(true).start();
        assert_eq!(both.unwrap_err().kind(), Kind::InvalidArgument);
        let plain = start(&connection);
        assert!(plain.causal_consistency() && !plain.snapshot());
        let snapshot = connection.start_session().snapshot(true).start().unwrap();
        assert!(snapshot.snapshot() && !snapshot.causal_consistency());
    });
}

#[test]
fn prose_2_the_pool_is_last_in_first_out() {
    story(async {
        let connection = connect(&ScriptedServer::start_primary("rs")).await;
        let (a, b) = (start(&connection), start(&connection));
        let (id_a, id_b) = (a.id(), b.id());
        assert_ne!(id_a, id_b);
        a.end();
        // The last handle's drop ends it as well.
        drop(b);
        let (first, second) = (start(&connection), start(&connection));
        assert_eq!((first.id(), second.id()), (id_b, id_a));
        a.end();
        assert_eq!(connection.state().idle_sessions, 0, "it was given back once");
    });
}

#[test]
fn prose_3_commands_carry_the_cluster_time_of_the_reply_before() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        tell_times(&server);
        let (database, things) = (database(&connection), things(&connection));
        for n in 0..8 {
            match n / 2 {
                0 => drop(soon(database.run_command(doc! { "ping": 1 }).into_future()).await.unwrap()),
                1 => drop(soon(things.aggregate([doc! {}]).into_future()).await.unwrap()),
                2 => drop(soon(things.find(doc! {}).into_future()).await.unwrap()),
                _ => drop(soon(things.insert_one(doc! {}).into_future()).await.unwrap()),
            }
            let time = latest(&server).body.get_document("$clusterTime").ok().cloned();
            assert_eq!(time, (n > 0).then(|| doc! { "clusterTime": super::at(n) }));
        }
    });
}

/// All verbs that there are, once in the session and once in one of their own.
#[test]
fn prose_4_an_explicit_session_is_sent_and_else_an_implicit_one() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let (database, things) = (database(&connection), things(&connection));
        let session = start(&connection);
        macro_rules! both {
            ($($call:expr),+ $(,)?) => {$(
                soon($call.session(&session).into_future()).await.expect("in the session");
                assert_eq!(lsid(&latest(&server).body), id_of(&session), "{}", stringify!($call));
                soon($call.into_future()).await.expect("in none");
                assert_ne!(lsid(&latest(&server).body), id_of(&session), "{}", stringify!($call));
            )+};
        }
        both!(
            things.insert_one(doc! { "_id": 1 }),
            things.insert_many([doc! { "_id": 1 }]),
            things.find(doc! {}),
            things.find_one(doc! {}),
            things.update_one(doc! {}, doc! { "$set": { "a": 1 } }),
            things.delete_one(doc! {}),
            things.aggregate([doc! { "$match": {} }]),
            database.aggregate([doc! { "$documents": [] }]),
            database.run_command(doc! { "ping": 1 }),
        );
    });
}

#[test]
fn prose_5_a_session_of_another_connection_is_refused() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let (connection, other) = (connect(&server).await, connect(&server).await);
        let session = start(&other);
        let call = things(&connection).insert_one(doc! {}).session(&session);
        let error = soon(call.into_future()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(error.to_string().contains("another connection"), "{error}");
        let bound = things(&connection.bound_to(&session));
        assert_eq!(soon(bound.find_one(doc! {}).into_future()).await.unwrap_err().kind(), error.kind());
        assert_eq!(server.log().names(), Vec::<&str>::new());
    });
}

#[test]
fn prose_6_an_ended_session_takes_no_operation() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.set_documents((0..4).map(|n| doc! { "_id": n }));
        let connection = connect(&server).await;
        let (things, session) = (things(&connection), start(&connection));
        let find = things.find(doc! {}).batch_size(2).session(&session);
        let mut cursor = soon(find.into_future()).await.unwrap();
        session.clone().end();
        session.end();
        assert!(session.has_ended());
        let error = soon(things.insert_one(doc! {}).session(&session).into_future()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(error.to_string().contains("has ended"), "{error}");
        // Its cursors as well, once they need it.
        for n in 0..2 {
            assert_eq!(soon(cursor.try_next()).await.unwrap(), Some(doc! { "_id": n }));
        }
        assert_eq!(soon(cursor.try_next()).await.unwrap_err().kind(), Kind::InvalidArgument);
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        assert_eq!(server.log().count("getMore"), 0);
        // Another connection's session goes on.
        let next = start(&connection);
        soon(things.insert_one(doc! {}).session(&next).into_future()).await.unwrap();
        assert_eq!((next.id(), lsid(&latest(&server).body)), (session.id(), id_of(&next)));
    });
}

#[test]
fn prose_8_and_9_an_exhausted_cursor_returns_its_implicit_session_at_once() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.set_documents((0..5).map(|n| doc! { "_id": n }));
        let connection = connect(&server).await;
        let things = things(&connection);
        let mut whole = soon(things.find(doc! {}).into_future()).await.unwrap();
        soon(whole.try_next()).await.unwrap();
        assert_eq!(connection.state().idle_sessions, 1);

        let mut parts = soon(things.find(doc! {}).batch_size(3).into_future()).await.unwrap();
        assert_eq!(connection.state().idle_sessions, 0);
        for _ in 0..4 {
            soon(parts.try_next()).await.unwrap().expect("a document");
        }
        assert_eq!(connection.state().idle_sessions, 1);
        assert!(soon(parts.try_next()).await.unwrap().is_some());
    });
}

#[test]
fn prose_11_find_and_get_more_send_the_same_session() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.set_documents((0..3).map(|n| doc! { "_id": n }));
        let connection = connect(&server).await;
        let session = start(&connection);
        let find = || things(&connection).find(doc! {}).batch_size(2);
        for find in [find(), find().session(&session)] {
            let cursor = soon(find.into_future()).await.unwrap();
            assert_eq!(soon(cursor.collect_all()).await.unwrap().len(), 3);
            assert_eq!(lsid(&latest(&server).body), lsid(sent(&server, "find").last().unwrap()));
        }
        assert_eq!(latest(&server).name, "getMore");
        assert_eq!(lsid(&latest(&server).body), id_of(&session));
    });
}

#[test]
fn prose_14_implicit_sessions_are_taken_with_the_socket() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let builder = Connection::builder().uri(server.uri()).unwrap().max_pool_size(1);
        let things = things(&soon(builder.connect()).await.unwrap());
        let calls: Vec<_> =
            (0..8).map(|n| tokio::spawn(things.insert_one(doc! { "_id": n }).into_future())).collect();
        for call in calls {
            soon(call).await.unwrap().unwrap();
        }
        let inserts = sent(&server, "insert");
        assert_eq!(inserts.len(), 8);
        assert!(inserts.iter().all(|insert| lsid(insert) == lsid(&inserts[0])), "one session for all");
    });
}

#[test]
fn prose_18_and_19_on_a_server_without_sessions_an_explicit_one_is_an_error() {
    story(async {
        let server = ScriptedServer::builder().hello(Hello::standalone().without_sessions()).start();
        let connection = connect(&server).await;
        let (things, session) = (things(&connection), start(&connection));
        soon(things.find_one(doc! {}).into_future()).await.unwrap();
        soon(things.insert_one(doc! {}).into_future()).await.unwrap();
        let commands = [sent(&server, "find"), sent(&server, "insert")].concat();
        assert!(commands.len() == 2 && commands.iter().all(|command| !command.contains_key("lsid")));

        let read = soon(things.find_one(doc! {}).session(&session).into_future()).await.unwrap_err();
        let write = soon(things.insert_one(doc! {}).session(&session).into_future()).await.unwrap_err();
        for error in [read, write] {
            assert_eq!(error.kind(), Kind::Unsupported);
            assert!(error.to_string().contains("does not support sessions"), "{error}");
            assert!(!error.may_have_run());
        }
        assert_eq!(server.log().names().len(), 2);
    });
}

#[test]
fn prose_20_checks_of_the_monitor_carry_no_cluster_time() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        tell_times(&server);
        let database = database(&connection);
        soon(database.run_command(doc! { "ping": 1 }).into_future()).await.unwrap();
        let checks =
            |log: &test_support::scripted::Log| log.commands.iter().filter(|it| it.is_hello()).count();
        let before = checks(&server.log());
        // Its sockets go, so there are new handshakes and a new check.
        server.close_all();
        server.until(|log| checks(log) >= before + 2, SOON).await;
        let log = server.log();
        assert!(log.commands.iter().all(|it| !it.is_hello() || !it.body.contains_key("$clusterTime")));
    });
}

#[test]
fn prose_21_to_23_a_snapshot_time_belongs_to_a_snapshot() {
    story(async {
        let connection = connect(&ScriptedServer::start_primary("rs")).await;
        let time = Timestamp { time: 1, increment: 0 };
        let error = connection.start_session().snapshot_time(time).start().unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert_eq!(start(&connection).snapshot_time(), None);
        let given = connection.start_session().snapshot(true).snapshot_time(time).start().unwrap();
        assert_eq!(given.snapshot_time(), Some(time));
    });
}

#[test]
fn sessions_that_were_given_back_are_ended_with_the_connection() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let session = start(&connection);
        soon(things(&connection).find_one(doc! {}).session(&session).into_future()).await.unwrap();
        session.end();
        soon(connection.close(SOON)).await;
        assert_eq!(sent(&server, "endSessions")[0].get_array("endSessions").unwrap(), &[id_of(&session)]);
    });
}

#[test]
fn a_session_that_met_a_network_error_is_used_on_and_not_given_back() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let (things, session) = (things(&connection), start(&connection));
        server.rule(Rule::on("insert").once().reset());
        for number in [1_i64, 2] {
            soon(things.insert_one(doc! {}).session(&session).into_future()).await.unwrap();
            assert_eq!(latest(&server).body.get("txnNumber"), Some(&Bson::Int64(number)));
        }
        let inserts = sent(&server, "insert");
        assert_eq!(inserts.len(), 3);
        let identity = |it: &Document| (lsid(it), it.get("txnNumber").cloned());
        assert_eq!(identity(&inserts[0]), identity(&inserts[1]), "the same write");
        assert_eq!(identity(&inserts[2]), (id_of(&session), Some(Bson::Int64(2))));
        assert!(session.is_dirty());
        session.end();
        assert_eq!(connection.state().idle_sessions, 0);
    });
}

#[test]
fn unacknowledged_writes_take_no_session() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let session = start(&connection);
        let insert =
            || things(&connection).insert_one(doc! {}).write_concern(actix_mongo::WriteConcern::nodes(0));
        let error = soon(insert().session(&session).into_future()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        soon(insert().into_future()).await.unwrap();
        soon(session.scope(insert().into_future())).await.unwrap();
        server.until(|log| log.count("insert") == 2, SOON).await;
        assert!(sent(&server, "insert").iter().all(|it| !it.contains_key("lsid")));
    });
}
