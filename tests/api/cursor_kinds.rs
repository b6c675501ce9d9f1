//! Cursors that have a limit, a tail, a timeout or a stream, on a scripted server.

use std::time::Duration;

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{Builder, Collection, Connection, CursorType, Kind, PoolStats, TimeoutMode};
use test_support::scripted::CommandRecord;
use test_support::wire::{EXHAUST_ALLOWED, MORE_TO_COME};
use test_support::{DropAfter, Gate, Rule, ScriptedServer, block_on, poll_until};

use crate::support::SOON;

/// A cursor of the server's.
pub const ID: i64 = 77;

pub struct Scene {
    pub server: ScriptedServer,
    pub connection: Connection,
}

/// A server, and a client with so many sockets at most.
pub fn scene(sockets: u32) -> Scene {
    scene_with(sockets, |builder| builder)
}

pub fn scene_with(sockets: u32, change: impl FnOnce(Builder) -> Builder) -> Scene {
    let server = ScriptedServer::start();
    let builder = Connection::builder().uri(server.uri()).unwrap().max_pool_size(sockets);
    let connection = block_on(change(builder).connect()).unwrap();
    Scene { server, connection }
}

impl Scene {
    pub fn things(&self) -> Collection {
        self.connection.database("d").unwrap().collection("c").unwrap()
    }

    pub fn ping(&self) {
        let ping = self.connection.database("d").unwrap().run_command(doc! { "ping": 1 });
        block_on(ping.into_future()).unwrap();
    }

    pub fn pool(&self) -> PoolStats {
        self.connection.state().servers[0].pool.clone().expect("it has a pool")
    }

    /// What the commands of this name said.
    pub fn bodies(&self, name: &str) -> Vec<Document> {
        self.server.log().commands_named(name).map(|command| command.body.clone()).collect()
    }

    pub fn wait_for_kill(&self) {
        let killed = |it: &CommandRecord| it.body.get_array("cursors").ok() == Some(&vec![Bson::Int64(ID)]);
        self.server.wait_for(|log| log.commands_named("killCursors").any(killed), SOON);
    }
}

pub fn documents(ids: &[i32]) -> Vec<Document> {
    ids.iter().map(|id| doc! { "_id": *id }).collect()
}

pub fn first(id: i64, ids: &[i32]) -> Document {
    doc! { "cursor": { "id": id, "ns": "d.c", "firstBatch": documents(ids) }, "ok": 1 }
}

pub fn next(id: i64, ids: &[i32]) -> Document {
    doc! { "cursor": { "id": id, "ns": "d.c", "nextBatch": documents(ids) }, "ok": 1 }
}

#[test]
fn a_limit_holds_over_all_batches_and_leaves_no_cursor_open() {
    let scene = scene(1);
    scene.server.rule(Rule::on("find").reply(first(ID, &[1, 2, 3])));
    // As servers from 5.0 on do: the limit is reached, and the cursor open.
    scene.server.rule(Rule::on("getMore").reply(next(ID, &[4])));
    let cursor = block_on(scene.things().find(doc! {}).limit(4).batch_size(3).into_future()).unwrap();
    assert_eq!(block_on(cursor.collect_all()).unwrap(), documents(&[1, 2, 3, 4]));
    scene.wait_for_kill();
    let asked = scene.bodies("getMore");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].get_i32("batchSize").ok(), Some(1));
}

#[test]
fn a_batch_as_large_as_the_limit_is_asked_for_with_one_more() {
    let scene = scene(1);
    let size = |limit, batch| {
        let find = scene.things().find(doc! {}).limit(limit).batch_size(batch);
        drop(block_on(find.into_future()).unwrap());
        scene.bodies("find").pop().unwrap().get_i32("batchSize").ok()
    };
    assert_eq!(size(4, 4), Some(5));
    assert_eq!(size(4, 3), Some(3));
    assert_eq!(size(-4, 2), None, "all four come in one batch");
}

#[test]
fn only_an_awaiting_cursor_tells_the_server_how_long_to_wait() {
    for (kind, told) in [(CursorType::Tailable, false), (CursorType::TailableAwait, true)] {
        let scene = scene(1);
        scene.server.rule(Rule::on("find").reply(first(ID, &[])));
        scene.server.rule(Rule::on("getMore").once().reply(next(0, &[])));
        let find = scene.things().find(doc! {}).cursor_type(kind).max_await_time(Duration::from_millis(70));
        let mut cursor = block_on(find.into_future()).unwrap();
        assert_eq!(block_on(cursor.try_next()).unwrap(), None);
        assert_eq!(scene.bodies("getMore").pop().unwrap().contains_key("maxTimeMS"), told, "{kind:?}");
    }
}

#[test]
fn a_tailable_cursor_goes_on_behind_an_empty_batch() {
    let scene = scene(1);
    scene.server.rule(Rule::on("find").reply(first(ID, &[1])));
    scene.server.rule(Rule::on("getMore").times(3).reply(next(ID, &[])));
    scene.server.rule(Rule::on("getMore").once().reply(next(ID, &[2])));
    scene.server.rule(Rule::on("getMore").once().reply(next(0, &[])));
    let find = scene.things().find(doc! {}).cursor_type(CursorType::Tailable);
    let mut cursor = block_on(find.into_future()).unwrap();
    let find = scene.bodies("find").pop().unwrap();
    assert_eq!((find.get_bool("tailable").ok(), find.contains_key("awaitData")), (Some(true), false));
    block_on(async {
        assert_eq!(cursor.next_if_any().await.unwrap(), Some(doc! { "_id": 1 }));
        assert_eq!(scene.bodies("getMore").len(), 0);
        // Each asks once, and does not wait.
        for asked in 1..=2 {
            assert_eq!(cursor.next_if_any().await.unwrap(), None);
            assert_eq!(scene.bodies("getMore").len(), asked);
            assert!(cursor.is_open());
        }
        // This one waits: the third getMore brings nothing, either.
        assert_eq!(cursor.try_next().await.unwrap(), Some(doc! { "_id": 2 }));
        assert_eq!(scene.bodies("getMore").len(), 4);
        assert_eq!(cursor.try_next().await.unwrap(), None);
        assert!(!cursor.is_open());
    });
    for more in scene.bodies("getMore") {
        assert!(!more.contains_key("maxTimeMS"), "{more}");
    }
    assert_eq!(scene.pool().parked, 0, "it parks no socket");
}

#[test]
fn an_awaiting_cursor_has_a_socket_to_itself_and_tells_how_long_the_server_waits() {
    let scene = scene(4);
    scene.server.rule(Rule::on("find").reply(first(ID, &[1])));
    let gate = Gate::new();
    scene.server.rule(Rule::on("getMore").once().after(&gate).reply(next(ID, &[2])));
    let find = || {
        let find = scene.things().find(doc! {}).cursor_type(CursorType::TailableAwait);
        find.max_await_time(Duration::from_millis(250)).batch_size(1).into_future()
    };
    let mut cursor = block_on(find()).unwrap();
    let sent = scene.bodies("find").pop().unwrap();
    assert_eq!((sent.get_bool("tailable").ok(), sent.get_bool("awaitData").ok()), (Some(true), Some(true)));
    assert_eq!(scene.pool().parked, 1);
    block_on(async {
        assert_eq!(cursor.try_next().await.unwrap(), Some(doc! { "_id": 1 }));
        // Dropped, and taken up again: nothing is lost by that.
        assert!(DropAfter::new(1, Box::pin(cursor.try_next())).await.is_none());
    });
    scene.server.wait_for(|log| log.count("getMore") == 1, SOON);
    // The others have theirs.
    scene.ping();
    let second = block_on(find()).unwrap();
    let refused = block_on(find()).unwrap_err();
    assert_eq!(refused.kind(), Kind::QueueFull);
    assert!(refused.message().contains("max_parked"), "{refused}");
    scene.ping();
    gate.open();
    assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": 2 }));
    let log = scene.server.log();
    let more = log.commands_named("getMore").next().unwrap();
    assert_eq!(
        (more.body.get_i64("maxTimeMS").ok(), more.body.get_i32("batchSize").ok()),
        (Some(250), Some(1))
    );
    let find = log.commands_named("find").next().unwrap();
    assert_eq!(more.connection, find.connection);
    drop((cursor, second));
    scene.wait_for_kill();
    poll_until(SOON, "the sockets to be given back", || scene.pool().parked == 0);
}

#[test]
fn a_socket_is_not_kept_for_a_cursor_that_did_not_open() {
    let scene = scene(2);
    scene.server.rule(Rule::on("find").once().reply(first(0, &[])));
    scene.server.rule(Rule::on("find").once().fail(13, "Unauthorized"));
    scene.server.rule(Rule::on("find").once().reset());
    let find = || scene.things().find(doc! {}).cursor_type(CursorType::TailableAwait).into_future();
    let closed = block_on(find()).unwrap();
    poll_until(SOON, "the socket to be given back", || scene.pool().parked == 0);
    drop(closed);
    assert_eq!(block_on(find()).unwrap_err().code(), Some(13));
    poll_until(SOON, "the socket to be given back", || scene.pool().parked == 0);
    // Reset, and tried again over another one.
    drop(block_on(find()).unwrap());
    poll_until(SOON, "the socket to be given back", || scene.pool().parked == 0);
}

#[test]
fn an_exhaust_cursor_is_sent_all_batches_for_one_request() {
    let scene = scene(2);
    scene.server.rule(Rule::on("find").reply(first(ID, &[0])));
    let mut batches: Vec<Document> = (1..50).map(|id| next(ID, &[id])).collect();
    batches.push(next(0, &[50]));
    scene.server.rule(Rule::on("getMore").once().reply_stream(batches));
    let cursor = block_on(scene.things().find(doc! {}).exhaust(true).into_future()).unwrap();
    let all = block_on(cursor.collect_all()).unwrap();
    assert_eq!(all, documents(&(0..=50).collect::<Vec<_>>()));
    let log = scene.server.log();
    assert_eq!((log.count("find"), log.count("getMore"), log.count("killCursors")), (1, 1, 0));
    let flags = |name| log.commands_named(name).next().unwrap().flags;
    assert_eq!((flags("find") & EXHAUST_ALLOWED, flags("getMore") & EXHAUST_ALLOWED), (0, EXHAUST_ALLOWED));
    poll_until(SOON, "the socket to be given back", || scene.pool().parked == 0);
    assert_eq!(log.used_connections().len(), 1);
    scene.ping();
}

/// The specification's server names the reply before; some name the request.
#[test]
fn replies_of_a_stream_may_all_name_the_request() {
    let scene = scene(2);
    scene.server.rule(Rule::on("find").reply(first(ID, &[0])));
    let stream = vec![next(ID, &[1]), next(ID, &[2]), next(0, &[3])];
    // The handshake was the first request of the socket, and `find` the second.
    let mut cursor = block_on(scene.things().find(doc! {}).exhaust(true).into_future()).unwrap();
    let request = scene.server.log().commands_named("find").next().unwrap().request_id + 1;
    scene.server.rule(Rule::on("getMore").once().reply_stream(stream).response_to(request));
    for id in 0..=3 {
        assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": id }));
    }
    assert_eq!(block_on(cursor.try_next()).unwrap(), None);
}

#[test]
fn a_server_without_streams_is_asked_for_each_batch() {
    let scene = scene(2);
    scene.server.set_documents(documents(&[1, 2, 3, 4, 5]));
    let find = scene.things().find(doc! {}).exhaust(true).batch_size(1);
    let cursor = block_on(find.into_future()).unwrap();
    assert_eq!(block_on(cursor.collect_all()).unwrap(), documents(&[1, 2, 3, 4, 5]));
    assert!(scene.bodies("getMore").len() >= 4);
}

#[test]
fn a_stream_that_is_dropped_is_killed_and_its_socket_goes_on() {
    let scene = scene(2);
    scene.server.rule(Rule::on("find").reply(first(ID, &[0])));
    let mut batches: Vec<Document> = (1..500).map(|id| next(ID, &[id])).collect();
    batches.push(doc! { "ok": 0, "code": 237, "codeName": "CursorKilled", "errmsg": "killed" });
    scene.server.rule(Rule::on("getMore").once().reply_stream(batches));
    let mut cursor = block_on(scene.things().find(doc! {}).exhaust(true).into_future()).unwrap();
    for id in 0..3 {
        assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": id }));
    }
    assert_eq!(scene.pool().parked, 1);
    drop(cursor);
    scene.wait_for_kill();
    let at_rest = |stats: PoolStats| stats.parked == 0 && stats.idle == stats.total;
    poll_until(SOON, "the sockets to be given back", || at_rest(scene.pool()));
    let kills = scene.bodies("killCursors");
    assert_eq!(kills.len(), 1, "once: {kills:?}");
    scene.ping();
    let log = scene.server.log();
    assert!(log.connections.iter().all(|connection| connection.end.is_none()));
}

#[test]
fn a_stream_that_does_not_end_costs_its_socket_alone() {
    let scene = scene(1);
    scene.server.rule(Rule::on("find").reply(first(ID, &[0])));
    // It says that more will come, and then sends nothing.
    scene.server.rule(Rule::on("getMore").reply(next(ID, &[1])).more_to_come());
    let mut cursor = block_on(scene.things().find(doc! {}).exhaust(true).into_future()).unwrap();
    for id in 0..2 {
        assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": id }));
    }
    let place = scene.server.log().commands_named("getMore").next().unwrap().connection;
    drop(cursor);
    scene.ping();
    let log = scene.server.log();
    assert!(log.connections[place - 1].end.is_some());
    assert_eq!(log.protocol_errors, Vec::<String>::new());
}

#[test]
fn a_streams_error_ends_the_cursor() {
    let scene = scene(1);
    scene.server.rule(Rule::on("find").reply(first(ID, &[0])));
    let error = doc! { "ok": 0, "code": 43, "codeName": "CursorNotFound", "errmsg": "gone" };
    scene.server.rule(Rule::on("getMore").reply_stream(vec![next(ID, &[1]), error]));
    let mut cursor = block_on(scene.things().find(doc! {}).exhaust(true).into_future()).unwrap();
    block_on(async {
        assert_eq!(cursor.try_next().await.unwrap(), Some(doc! { "_id": 0 }));
        assert_eq!(cursor.try_next().await.unwrap(), Some(doc! { "_id": 1 }));
        assert_eq!(cursor.try_next().await.unwrap_err().code(), Some(43));
        assert_eq!(cursor.try_next().await.unwrap(), None);
    });
    scene.ping();
    assert_eq!(scene.bodies("killCursors").len(), 0);
}

/// A stream that nobody allowed breaks the protocol.
#[test]
fn an_ordinary_cursor_takes_no_stream() {
    let scene = scene(1);
    scene.server.rule(Rule::on("find").reply(first(ID, &[0])));
    scene.server.rule(Rule::on("getMore").once().reply(next(ID, &[1])).flags(MORE_TO_COME));
    let cursor = block_on(scene.things().find(doc! {}).into_future()).unwrap();
    assert_eq!(block_on(cursor.collect_all()).unwrap_err().kind(), Kind::Protocol);
}

#[test]
fn what_contradicts_itself_is_never_sent() {
    let scene = scene(1);
    let find = || scene.things().find(doc! {});
    let second = Duration::from_secs(1);
    for call in [
        find().timeout_mode(TimeoutMode::Iteration),
        find().cursor_type(CursorType::Tailable).timeout(second).timeout_mode(TimeoutMode::CursorLifetime),
        find().cursor_type(CursorType::TailableAwait).timeout(second).max_await_time(second),
        find().cursor_type(CursorType::Tailable).exhaust(true),
    ] {
        let error = block_on(call.into_future()).expect_err("refused");
        assert_eq!((error.kind(), error.is_timeout()), (Kind::InvalidArgument, false));
    }
    let out = scene.things().aggregate([doc! { "$out": "x" }]).timeout(second);
    let error = block_on(out.timeout_mode(TimeoutMode::Iteration).into_future()).expect_err("refused");
    assert_eq!(error.kind(), Kind::InvalidArgument);
    assert_eq!(scene.bodies("find").len() + scene.bodies("aggregate").len(), 0);
}

/// Run command specification, "RunCursorCommand".
#[test]
fn a_command_cursor_says_its_options_with_each_further_batch_alone() {
    let scene = scene(1);
    scene.server.set_documents(documents(&[1, 2, 3]));
    let database = scene.connection.database("d").unwrap();
    let call = database
        .run_cursor_command(doc! { "find": "c", "batchSize": 1, "comment": "first" })
        .batch_size(5)
        .max_time(Duration::from_millis(300))
        .comment("further");
    let mut cursor = block_on(call.into_future()).unwrap();
    assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": 1 }));
    cursor.set_batch_size(6);
    assert_eq!(block_on(cursor.collect_all()).unwrap(), documents(&[2, 3]));
    let find = scene.bodies("find").pop().unwrap();
    assert_eq!((find.get_i32("batchSize").ok(), find.get_str("comment").ok()), (Some(1), Some("first")));
    assert!(!find.contains_key("maxTimeMS"));
    let more = scene.bodies("getMore").pop().unwrap();
    assert_eq!((more.get_i32("batchSize").ok(), more.get_str("comment").ok()), (Some(6), Some("further")));
    assert_eq!((more.get_i64("maxTimeMS").ok(), more.get_str("collection").ok()), (Some(300), Some("c")));
    assert_eq!(more.get("lsid"), find.get("lsid"));
    let none = block_on(database.run_cursor_command(doc! { "ping": 1 }).into_future());
    assert_eq!(none.unwrap_err().kind(), Kind::Protocol);
}
