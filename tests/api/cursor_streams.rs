//! What listeners and sessions get of the batches that a server sends by itself.

use std::sync::{Arc, Mutex};

use actix_mongo::bson::{Bson, Document, Timestamp, doc};
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::{ClientSession, Cursor, Kind};
use test_support::{DropAfter, Rule, block_on, poll_until};

use crate::cursor_kinds::{ID, Scene, first, next, scene, scene_with};
use crate::support::SOON;

/// A scene whose server opens a cursor with one document, and then sends these.
fn streaming(batches: Vec<Document>) -> Scene {
    let scene = scene(2);
    stream(&scene, batches);
    scene
}

fn stream(scene: &Scene, batches: Vec<Document>) {
    scene.server.rule(Rule::on("find").once().reply(first(ID, &[0])));
    scene.server.rule(Rule::on("getMore").once().reply_stream(batches));
}

/// The server says that there will be more after each of these, and then sends nothing.
fn stalled(scene: &Scene) {
    scene.server.rule(Rule::on("find").once().reply(first(ID, &[0])));
    scene.server.rule(Rule::on("getMore").once().reply(next(ID, &[1])).more_to_come());
}

fn open(scene: &Scene, session: Option<&ClientSession>) -> Cursor {
    let find = scene.things().find(doc! {}).exhaust(true);
    let find = match session {
        Some(session) => find.session(session),
        None => find,
    };
    block_on(find.into_future()).unwrap()
}

#[track_caller]
fn read(cursor: &mut Cursor, ids: impl IntoIterator<Item = i32>) {
    for id in ids {
        assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": id }));
    }
}

fn cursor_namespace(scene: &Scene) -> String {
    let find = scene.bodies("find").pop().unwrap();
    format!("{}.{}", find.get_str("$db").unwrap(), find.get_str("find").unwrap())
}

fn lsid(scene: &Scene, name: &str) -> Bson {
    scene.bodies(name).pop().unwrap().get("lsid").unwrap().clone()
}

/// What was told of a getMore: its ids, and with its beginning what it said.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Started { request: i32, operation: i64, command: Document },
    Succeeded { request: i32, operation: i64 },
    Failed { request: i32, operation: i64 },
}

fn watched() -> (Scene, Arc<Mutex<Vec<Told>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let scene = scene_with(2, |builder| {
        builder.on_events(EventKinds::COMMANDS, move |event| {
            let told = match event {
                Event::CommandStarted(it) if &*it.command_name == "getMore" => Told::Started {
                    request: it.request_id,
                    operation: it.operation_id,
                    command: Document::try_from(it.command.as_ref()).unwrap(),
                },
                Event::CommandSucceeded(it) if &*it.command_name == "getMore" => {
                    Told::Succeeded { request: it.request_id, operation: it.operation_id }
                }
                Event::CommandFailed(it) if &*it.command_name == "getMore" => {
                    Told::Failed { request: it.request_id, operation: it.operation_id }
                }
                _ => return,
            };
            heard.lock().unwrap().push(told);
        })
    });
    (scene, told)
}

/// Waits until so much was told.
fn heard(told: &Mutex<Vec<Told>>, count: usize) -> Vec<Told> {
    poll_until(SOON, "the events", || told.lock().unwrap().len() >= count);
    told.lock().unwrap().clone()
}

/// Server monitoring specification, where it says how drivers tell of exhaust cursors.
#[test]
fn each_reply_of_a_stream_is_told_as_that_of_a_get_more() {
    let (scene, told) = watched();
    let error = doc! { "ok": 0, "code": 43, "codeName": "CursorNotFound", "errmsg": "gone" };
    stream(&scene, vec![next(ID, &[1]), next(ID, &[2]), error]);
    let mut cursor = open(&scene, None);
    read(&mut cursor, 0..=2);
    let error = block_on(cursor.try_next()).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(43), 1));
    assert_eq!(error.namespace(), Some(&*cursor_namespace(&scene)));
    let told = heard(&told, 6);
    let Told::Started { command: sent, operation: call, .. } = &told[0] else { panic!("{told:?}") };
    assert_eq!(sent.get_i64("getMore").ok(), Some(ID));
    let mut requests = Vec::new();
    for (index, pair) in told.chunks(2).enumerate() {
        let Told::Started { request, operation, command } = &pair[0] else { panic!("{told:?}") };
        assert_eq!((command, operation), (sent, call));
        requests.push(*request);
        let (request, operation) = (*request, *operation);
        let end = match index {
            2 => Told::Failed { request, operation },
            _ => Told::Succeeded { request, operation },
        };
        assert_eq!(pair[1], end);
    }
    requests.dedup();
    assert_eq!((requests.len(), told.len()), (3, 6));
    assert_eq!(scene.bodies("getMore").len(), 1, "only one was sent");
}

/// It begins before the reply is there, and ends also if that never comes.
#[test]
fn a_reply_of_a_stream_that_does_not_come_has_failed() {
    let (scene, told) = watched();
    stalled(&scene);
    let mut cursor = open(&scene, None);
    read(&mut cursor, 0..=1);
    assert!(block_on(DropAfter::new(1, cursor.try_next())).is_none());
    let before = heard(&told, 3);
    let Told::Started { request, operation, .. } = before[2] else { panic!("{before:?}") };
    drop(cursor);
    assert_eq!(heard(&told, 4)[3..], [Told::Failed { request, operation }]);
}

#[test]
fn a_session_hears_the_times_of_all_replies() {
    let at = |time| Timestamp { time, increment: 1 };
    let timed = |mut reply: Document, time| {
        reply.insert("operationTime", at(time));
        reply.insert("$clusterTime", doc! { "clusterTime": at(time) });
        reply
    };
    let scene = streaming(vec![
        timed(next(ID, &[1]), 5),
        timed(next(ID, &[2]), 6),
        timed(doc! { "ok": 0, "code": 43, "errmsg": "gone" }, 7),
    ]);
    let session = scene.connection.start_session().start().unwrap();
    let mut cursor = open(&scene, Some(&session));
    read(&mut cursor, [0]);
    for time in 5..=6 {
        read(&mut cursor, [i32::try_from(time).unwrap() - 4]);
        assert_eq!(session.operation_time(), Some(at(time)));
        let known = session.cluster_time().unwrap();
        assert_eq!(known.get_timestamp("clusterTime").ok(), Some(at(time)));
    }
    block_on(cursor.try_next()).unwrap_err();
    assert_eq!(session.operation_time(), Some(at(7)));
}

#[test]
fn a_session_that_ends_under_a_stream_is_nobody_elses() {
    let scene = scene(2);
    stalled(&scene);
    let session = scene.connection.start_session().start().unwrap();
    let mut cursor = open(&scene, Some(&session));
    read(&mut cursor, 0..=1);
    session.end();
    assert_eq!(scene.connection.state().idle_sessions, 0);
    let error = block_on(cursor.try_next()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error:?}");
    scene.wait_for_kill();
    drop((cursor, session));
    assert_eq!(scene.connection.state().idle_sessions, 0, "the server may still work in it");
    scene.ping();
    assert_ne!(lsid(&scene, "ping"), lsid(&scene, "find"));
}

#[test]
fn a_session_whose_stream_is_over_goes_back() {
    let scene = streaming(vec![next(ID, &[1]), next(0, &[2])]);
    let session = scene.connection.start_session().start().unwrap();
    let mut cursor = open(&scene, Some(&session));
    read(&mut cursor, 0..=2);
    session.end();
    assert_eq!(scene.connection.state().idle_sessions, 1);
    assert_eq!(block_on(cursor.try_next()).unwrap(), None);
}

/// It is the cursor's own, and the stream may go on for a while when the cursor is dropped.
#[test]
fn the_session_of_a_stream_that_is_dropped_is_not_used_again() {
    for polls in 0..=1 {
        let scene = scene(2);
        stalled(&scene);
        let mut cursor = open(&scene, None);
        read(&mut cursor, 0..=1);
        assert!(block_on(DropAfter::new(polls, cursor.try_next())).is_none());
        drop(cursor);
        scene.wait_for_kill();
        poll_until(SOON, "the socket to be given up", || scene.pool().parked == 0);
        scene.ping();
        assert_ne!(lsid(&scene, "ping"), lsid(&scene, "find"), "dropped at poll {polls}");
    }
}
