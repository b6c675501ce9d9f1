//! Sessions whose reads see one point in time (snapshot sessions specification).

use actix_mongo::{ClientSession, Connection, Kind, ReadConcern};
use bson::{Document, doc};
use test_support::{Hello, Rule, ScriptedServer};

use super::{at, connect, database, latest, tell_times, things};
use crate::support::{soon, story};

fn start(connection: &Connection) -> ClientSession {
    connection.start_session().snapshot(true).start().unwrap()
}

fn read_concern(server: &ScriptedServer) -> Document {
    latest(server).body.get_document("readConcern").cloned().unwrap_or_default()
}

#[test]
fn the_first_read_fixes_the_time_of_all() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let reply = doc! {
            "ok": 1, "operationTime": at(9),
            "cursor": { "id": 0_i64, "ns": "d.c", "firstBatch": [], "atClusterTime": at(7) },
        };
        server.rule(Rule::on("find").reply(reply));
        let session = start(&connection);
        let things = things(&connection).bound_to(&session).with_read_concern(ReadConcern::local());
        soon(things.find_one(doc! {}).into_future()).await.unwrap();
        assert_eq!(read_concern(&server), doc! { "level": "snapshot" });
        assert_eq!(session.snapshot_time(), Some(at(7)));
        let fixed = doc! { "level": "snapshot", "atClusterTime": at(7) };
        soon(things.find_one(doc! {}).into_future()).await.unwrap();
        assert_eq!(read_concern(&server), fixed);
        // All commands, so that the server refuses what it can't do.
        soon(things.insert_one(doc! {}).into_future()).await.unwrap();
        assert_eq!(read_concern(&server), fixed);
        let ping = || database(&connection).run_command(doc! { "ping": 1 }).session(&session);
        soon(ping().into_future()).await.unwrap();
        assert_eq!(read_concern(&server), fixed);
    });
}

#[test]
fn replies_without_a_cursor_tell_the_time_as_well() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        server.rule(Rule::on("distinct").reply(doc! { "ok": 1, "values": [], "atClusterTime": at(3) }));
        let session = start(&connection);
        let distinct = database(&connection).run_command(doc! { "distinct": "c", "key": "k" });
        soon(distinct.session(&session).into_future()).await.unwrap();
        assert_eq!(session.snapshot_time(), Some(at(3)));
    });
}

#[test]
fn further_batches_name_no_time() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.set_documents((0..3).map(|n| doc! { "_id": n }));
        let connection = connect(&server).await;
        let session = connection.start_session().snapshot(true).snapshot_time(at(4)).start().unwrap();
        let find = things(&connection).find(doc! {}).batch_size(2).session(&session);
        let cursor = soon(find.into_future()).await.unwrap();
        assert_eq!(read_concern(&server), doc! { "level": "snapshot", "atClusterTime": at(4) });
        soon(cursor.collect_all()).await.unwrap();
        assert_eq!((latest(&server).name.as_str(), read_concern(&server)), ("getMore", Document::new()));
    });
}

#[test]
fn a_session_without_it_has_no_snapshot_time() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        tell_times(&server);
        let session = super::start(&connection);
        soon(things(&connection).find_one(doc! {}).session(&session).into_future()).await.unwrap();
        assert_eq!(session.snapshot_time(), None);
    });
}

#[test]
fn old_servers_are_refused_at_once() {
    story(async {
        let hello = Hello::primary("rs").with("maxWireVersion", 12);
        let server = ScriptedServer::builder().hello(hello).start();
        let connection = connect(&server).await;
        let find = things(&connection).find_one(doc! {}).session(&start(&connection));
        let error = soon(find.into_future()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(error.to_string().contains("Snapshot reads require MongoDB 5.0 or later"), "{error}");
        assert!(server.log().names().is_empty());
    });
}
