//! The test plan of the causal consistency specification, by its numbers, and the cluster
//! time that sessions send.

use actix_mongo::ReadConcern;
use bson::{Bson, Document, doc};
use test_support::ScriptedServer;

use super::{at, connect, database, latest, start, tell_times, things};
use crate::support::{soon, story};

fn read_concern(server: &ScriptedServer) -> Option<Document> {
    latest(server).body.get_document("readConcern").ok().cloned()
}

/// Tests 1, 2, 3, 4 and 8.
#[test]
fn reads_come_after_what_the_session_saw() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        tell_times(&server);
        let (things, session) = (things(&connection), start(&connection));
        assert_eq!((session.operation_time(), session.cluster_time()), (None, None));
        soon(things.find_one(doc! {}).session(&session).into_future()).await.unwrap();
        assert_eq!(read_concern(&server), None);
        assert_eq!(session.operation_time(), Some(at(1)));
        assert!(session.cluster_time().is_some());

        let find = things.find(doc! {}).session(&session).into_future();
        soon(find).await.unwrap();
        assert_eq!(read_concern(&server), Some(doc! { "afterClusterTime": at(1) }));
        soon(things.aggregate([doc! {}]).session(&session).into_future()).await.unwrap();
        assert_eq!(read_concern(&server), Some(doc! { "afterClusterTime": at(2) }));
        // An error tells the time as well.
        let fails = database(&connection).run_command(doc! { "explode": 1 }).session(&session);
        soon(fails.into_future()).await.unwrap_err();
        assert_eq!(read_concern(&server), None, "a command as the caller wrote it");
        assert_eq!(session.operation_time(), Some(at(4)));
    });
}

/// Test 5, and writes as the present text asks for.
#[test]
fn writes_come_after_it_too_and_reads_after_them() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        tell_times(&server);
        let session = start(&connection);
        // The level of the handle is no matter of writes.
        let things = things(&connection).with_read_concern(ReadConcern::majority());
        let insert = || things.insert_one(doc! {}).session(&session).into_future();
        soon(insert()).await.unwrap();
        assert_eq!(read_concern(&server), None);
        soon(insert()).await.unwrap();
        assert_eq!(read_concern(&server), Some(doc! { "afterClusterTime": at(1) }));
        soon(things.find_one(doc! {}).session(&session).into_future()).await.unwrap();
        let merged = doc! { "level": "majority", "afterClusterTime": at(2) };
        assert_eq!(read_concern(&server), Some(merged), "test 9");
    });
}

/// Run command specification, "ReadConcern and WriteConcern": nobody looks for it, and it is
/// left as it is.
#[test]
fn a_commands_own_read_concern_is_sent_as_it_stands() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        tell_times(&server);
        let session = start(&connection);
        soon(things(&connection).find_one(doc! {}).session(&session).into_future()).await.unwrap();
        let concerns = doc! { "readConcern": { "level": "local" }, "writeConcern": { "w": 1 } };
        let mut command = doc! { "aggregate": "c", "pipeline": [], "cursor": {} };
        command.extend(concerns.clone());
        let database = database(&connection).with_read_concern(ReadConcern::majority());
        soon(database.run_command(&command).session(&session).into_future()).await.unwrap();
        let sent = latest(&server);
        let of_the_callers = sent.body.clone().into_iter().filter(|(key, _)| concerns.contains_key(key));
        assert_eq!(of_the_callers.collect::<Document>(), concerns);
        // Nor is there a second one, which a document would not show.
        let mut without = command.clone();
        without.remove("readConcern");
        soon(database.run_command(&without).session(&session).into_future()).await.unwrap();
        let concern = bson::serialize_to_vec(&doc! { "readConcern": { "level": "local" } }).unwrap();
        assert_eq!(sent.length - latest(&server).length, concern.len() - 5);
    });
}

/// Test 6; and no implicit session is causally consistent.
#[test]
fn without_it_no_time_is_named() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        tell_times(&server);
        let things = things(&connection);
        let session = connection.start_session().causal_consistency(false).start().unwrap();
        for _ in 0..2 {
            soon(things.find_one(doc! {}).session(&session).into_future()).await.unwrap();
            assert_eq!(read_concern(&server), None);
            soon(things.find_one(doc! {}).into_future()).await.unwrap();
            assert_eq!(read_concern(&server), None);
        }
        assert!(session.operation_time().is_some());
    });
}

/// Tests 7 and 11.
#[test]
fn a_server_that_stands_alone_is_told_no_times() {
    story(async {
        let server = ScriptedServer::start();
        let connection = connect(&server).await;
        let (things, session) = (things(&connection), start(&connection));
        session.advance_operation_time(at(9));
        soon(things.find_one(doc! {}).session(&session).into_future()).await.unwrap();
        assert_eq!(read_concern(&server), None);
        assert!(!latest(&server).body.contains_key("$clusterTime"));
    });
}

#[test]
fn a_session_goes_on_where_another_one_was() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let (connection, other) = (connect(&server).await, connect(&server).await);
        let session = start(&connection);
        // Far ahead of what the server itself says.
        let (then, later) = (at(u32::MAX - 1), at(u32::MAX));
        session.advance_operation_time(then);
        session.advance_cluster_time(bson::rawdoc! { "clusterTime": later });
        let sent_time = || latest(&server).body.get("$clusterTime").cloned();
        let things = things(&connection);
        soon(things.find_one(doc! {}).session(&session).into_future()).await.unwrap();
        assert_eq!(read_concern(&server), Some(doc! { "afterClusterTime": then }));
        let ahead = Some(Bson::Document(doc! { "clusterTime": later }));
        assert_eq!(sent_time(), ahead);
        // Nobody but the session believes it.
        soon(things.find_one(doc! {}).into_future()).await.unwrap();
        assert_ne!(sent_time(), ahead);
        soon(super::things(&other).find_one(doc! {}).into_future()).await.unwrap();
        assert_ne!(sent_time(), ahead);
        assert_eq!(session.cluster_time().unwrap().get_timestamp("clusterTime").unwrap(), later);
    });
}
