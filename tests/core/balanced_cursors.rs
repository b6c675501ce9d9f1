//! Cursors behind a load balancer: each keeps the socket that it came over, for no other
//! leads to its server for certain.

use std::time::Duration;

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{Builder, Collection, Connection, Cursor, CursorType, Kind, PoolStats, Result};
use test_support::scripted::CommandRecord;
use test_support::wire::EXHAUST_ALLOWED;
use test_support::{Gate, Rule, ScriptedServer, poll_until};
use tokio::task::yield_now;

use crate::balanced::balancer;
use crate::support::{SOON, soon, story};

pub struct Scene {
    pub server: ScriptedServer,
    pub connection: Connection,
}

/// Five documents behind a balancer, and a client that has one socket open and idle.
pub async fn scene(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let server = balancer();
    server.set_documents(documents(1..=5));
    let builder = Connection::builder().uri(server.uri()).unwrap().load_balanced(true);
    let connection = soon(change(builder).connect()).await.unwrap();
    let scene = Scene { server, connection };
    scene.ping().await.expect("a socket");
    scene
}

fn documents(ids: impl IntoIterator<Item = i32>) -> Vec<Document> {
    ids.into_iter().map(|id| doc! { "_id": id }).collect()
}

impl Scene {
    fn things(&self) -> Collection {
        self.connection.database("d").unwrap().collection("c").unwrap()
    }

    /// A cursor that has read its first batch, of two.
    pub async fn cursor(&self) -> Cursor {
        let mut cursor = soon(self.things().find(doc! {}).batch_size(2).into_future()).await.unwrap();
        for id in 1..=2 {
            assert_eq!(soon(cursor.try_next()).await.unwrap(), Some(doc! { "_id": id }));
        }
        cursor
    }

    async fn ping(&self) -> Result<Document> {
        soon(self.connection.database("d").unwrap().run_command(doc! { "ping": 1 }).into_future()).await
    }

    pub fn pool(&self) -> PoolStats {
        self.connection.state().servers[0].pool.clone().expect("it has a pool")
    }

    /// Commands of this name, by the connection that they came over.
    pub fn places(&self, name: &str) -> Vec<usize> {
        self.server.log().commands_named(name).map(|it| it.connection).collect()
    }

    /// All sockets are back, and the server has nothing open.
    #[track_caller]
    pub fn assert_at_rest(&self) {
        let at_rest = |stats: PoolStats| stats.leased == 0 && stats.idle == stats.total;
        poll_until(SOON, "the sockets to be given back", || at_rest(self.pool()));
        assert_eq!(self.server.open_cursors(), 0);
    }
}

#[test]
fn a_cursor_keeps_the_socket_it_came_over_to_its_end() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(3)).await;
        let cursor = scene.cursor().await;
        let stats = scene.pool();
        assert_eq!((stats.by_cursors, stats.leased, stats.parked), (1, 1, 0));
        // The socket that was used last would be taken next.
        scene.ping().await.unwrap();
        assert_eq!(soon(cursor.collect_all()).await.unwrap(), documents(3..=5));
        let find = scene.places("find")[0];
        assert_eq!(scene.places("getMore"), [find; 2]);
        assert_ne!(scene.places("ping").pop(), Some(find));
        assert_eq!(scene.server.log().count("killCursors"), 0);
        scene.assert_at_rest();
    });
}

#[test]
fn all_that_opens_cursors_holds_the_socket() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let database = scene.connection.database("d").unwrap();
        let calls = [
            scene.things().aggregate([doc! { "$match": {} }]).batch_size(4).into_future(),
            database.aggregate([doc! { "$documents": [] }]).batch_size(4).into_future(),
        ];
        for call in calls {
            let cursor = soon(call).await.unwrap();
            assert_eq!(scene.pool().by_cursors, 1);
            scene.ping().await.unwrap();
            assert_eq!(soon(cursor.collect_all()).await.unwrap().len(), 5);
            scene.assert_at_rest();
        }
        let command = doc! { "find": "c", "batchSize": 4 };
        let cursor = soon(database.run_cursor_command(command).into_future()).await.unwrap();
        assert_eq!(scene.pool().by_cursors, 1);
        scene.ping().await.unwrap();
        assert_eq!(soon(cursor.collect_all()).await.unwrap().len(), 5);
        scene.assert_at_rest();
        let opened = [scene.places("aggregate"), scene.places("find")].concat();
        assert_eq!(scene.places("getMore"), opened);
    });
}

#[test]
fn what_opens_no_cursor_holds_no_socket() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(1)).await;
        let cursor = soon(scene.things().find(doc! {}).into_future()).await.unwrap();
        assert_eq!((cursor.id(), scene.pool().leased), (0, 0));
        scene.server.rule(Rule::on("find").once().fail(13, "Unauthorized"));
        soon(scene.things().find(doc! {}).into_future()).await.expect_err("refused");
        scene.ping().await.unwrap();
        drop(cursor);
        scene.assert_at_rest();
    });
}

#[test]
fn a_dropped_cursor_is_killed_over_its_socket_which_then_goes_back() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let cursor = scene.cursor().await;
        scene.ping().await.unwrap();
        let gate = Gate::new();
        scene.server.rule(Rule::on("killCursors").after(&gate));
        drop(cursor);
        scene.server.until(|log| log.count("killCursors") == 1, SOON).await;
        assert_eq!(scene.pool().by_cursors, 1, "held for the kill");
        gate.open();
        scene.assert_at_rest();
        assert_eq!(scene.places("killCursors"), scene.places("find"));
    });
}

/// The caller is gone before the reply comes, which opens the cursor.
#[test]
fn a_cursor_that_nobody_took_is_killed_over_its_socket() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let gate = Gate::new();
        scene.server.rule(Rule::on("find").after(&gate));
        let find = scene.things().find(doc! {}).batch_size(2).into_future();
        let call = tokio::spawn(find);
        scene.server.until(|log| log.count("find") == 1, SOON).await;
        // Another socket was used last when the kill comes.
        scene.ping().await.unwrap();
        call.abort();
        assert!(soon(call).await.unwrap_err().is_cancelled());
        gate.open();
        scene.server.until(|log| log.count("killCursors") == 1, SOON).await;
        scene.assert_at_rest();
        assert_eq!(scene.places("killCursors"), scene.places("find"));
    });
}

/// Dropped while a batch is on its way: the kill comes behind it, once.
#[test]
fn a_cursor_that_is_dropped_with_a_batch_under_way_is_killed_once() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let mut cursor = scene.cursor().await;
        let gate = Gate::new();
        scene.server.rule(Rule::on("getMore").after(&gate));
        let call = tokio::spawn(async move { cursor.try_next().await });
        scene.server.until(|log| log.count("getMore") == 1, SOON).await;
        call.abort();
        assert!(soon(call).await.unwrap_err().is_cancelled());
        gate.open();
        scene.assert_at_rest();
        scene.ping().await.unwrap();
        assert_eq!(scene.places("killCursors"), scene.places("find"));
    });
}

#[test]
fn after_an_error_the_socket_is_held_until_the_cursor_is_dropped() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let mut cursor = scene.cursor().await;
        scene.server.rule(Rule::on("getMore").once().fail(7, "HostNotFound"));
        assert_eq!(soon(cursor.try_next()).await.unwrap_err().code(), Some(7));
        assert!(!cursor.is_open() && soon(cursor.try_next()).await.unwrap().is_none());
        scene.ping().await.unwrap();
        assert_eq!((scene.pool().by_cursors, scene.server.log().count("killCursors")), (1, 0));
        drop(cursor);
        scene.assert_at_rest();
        assert_eq!(scene.places("killCursors"), scene.places("find"));
    });
}

#[test]
fn nothing_is_killed_over_a_broken_socket() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let mut cursor = scene.cursor().await;
        scene.server.rule(Rule::on("getMore").once().close());
        assert!(soon(cursor.try_next()).await.unwrap_err().is_network());
        drop(cursor);
        scene.ping().await.unwrap();
        soon(scene.connection.close(SOON)).await;
        assert_eq!(scene.server.log().count("killCursors"), 0);
    });
}

#[test]
fn a_kill_that_breaks_its_socket_is_not_repeated_over_another() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let cursor = scene.cursor().await;
        scene.server.rule(Rule::on("killCursors").once().close());
        drop(cursor);
        poll_until(SOON, "the socket to be given back", || scene.pool().leased == 0);
        scene.ping().await.unwrap();
        assert_eq!(scene.server.log().count("killCursors"), 1);
    });
}

#[test]
fn a_close_kills_cursors_that_callers_hold_over_their_sockets() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(3)).await;
        let cursors = [scene.cursor().await, scene.cursor().await];
        scene.ping().await.unwrap();
        soon(scene.connection.close(Duration::from_millis(200))).await;
        let (mut opened, mut killed) = (scene.places("find"), scene.places("killCursors"));
        opened.sort_unstable();
        killed.sort_unstable();
        assert_eq!(killed, opened);
        assert_eq!(scene.server.open_cursors(), 0);
        drop(cursors);
    });
}

/// Load balancers specification, "Connection Tracking".
#[test]
fn who_waits_in_vain_hears_what_the_sockets_are_held_for() {
    story(async {
        let wait = Duration::from_millis(50);
        let scene = scene(|builder| builder.max_pool_size(1).wait_queue_timeout(wait)).await;
        let cursor = scene.cursor().await;
        let error = scene.ping().await.unwrap_err();
        assert_eq!(error.kind(), Kind::WaitQueueTimeout);
        let sentence = "Timeout waiting for connection from the connection pool. maxPoolSize: 1, connections in use \
                        by cursors: 1, connections in use by transactions: 0, connections in use by other \
                        operations: 0";
        assert!(error.message().contains(sentence), "{error}");
        drop(cursor);
        scene.assert_at_rest();
    });
}

/// A stream leaves no room for the kill that must come over the same socket.
#[test]
fn an_exhaust_cursor_is_asked_for_each_batch() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(1)).await;
        let find = scene.things().find(doc! {}).exhaust(true).batch_size(2);
        let cursor = soon(find.into_future()).await.unwrap();
        assert_eq!((scene.pool().by_cursors, scene.pool().parked), (1, 0));
        assert_eq!(soon(cursor.collect_all()).await.unwrap(), documents(1..=5));
        let log = scene.server.log();
        assert!(log.commands_named("getMore").all(|it| it.flags & EXHAUST_ALLOWED == 0));
        assert_eq!(log.count("getMore"), 2);
        scene.assert_at_rest();
    });
}

#[test]
fn an_awaiting_cursor_that_nobody_took_is_killed_over_its_socket() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let gate = Gate::new();
        scene.server.rule(Rule::on("find").after(&gate));
        let find = scene.things().find(doc! {}).batch_size(2).cursor_type(CursorType::TailableAwait);
        let call = tokio::spawn(find.into_future());
        scene.server.until(|log| log.count("find") == 1, SOON).await;
        call.abort();
        assert!(soon(call).await.unwrap_err().is_cancelled());
        gate.open();
        scene.server.until(|log| log.count("killCursors") == 1, SOON).await;
        scene.assert_at_rest();
        assert_eq!(scene.places("killCursors"), scene.places("find"));
    });
}

/// Two on one socket would both want to hold it.
#[test]
fn requests_share_no_socket_however_deep_it_is() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(1).pipeline_depth(4)).await;
        let gate = Gate::new();
        scene.server.rule(Rule::on("find").once().after(&gate));
        let find = || tokio::spawn(scene.things().find(doc! {}).batch_size(2).into_future());
        let calls = [find(), find()];
        scene.server.until(|log| log.count("find") == 1, SOON).await;
        yield_now().await;
        assert_eq!((scene.pool().in_flight, scene.pool().queued), (1, 1));
        gate.open();
        for call in calls {
            let cursor = soon(call).await.unwrap().unwrap();
            assert_eq!(soon(cursor.collect_all()).await.unwrap(), documents(1..=5));
        }
        scene.assert_at_rest();
    });
}

/// Client back-pressure: a kill is a command as any other.
#[test]
fn a_kill_that_the_server_had_no_room_for_is_repeated_over_the_same_socket() {
    story(async {
        let scene = scene(|builder| builder.max_pool_size(2)).await;
        let overloaded = doc! {
            "ok": 0, "code": 462, "errmsg": "no", "errorLabels": ["SystemOverloadedError", "RetryableError"],
        };
        scene.server.rule(Rule::on("killCursors").times(2).reply(overloaded));
        drop(scene.cursor().await);
        scene.server.until(|log| log.count("killCursors") == 3, SOON).await;
        scene.assert_at_rest();
        assert_eq!(scene.places("killCursors"), [scene.places("find")[0]; 3]);
        let names = |it: &CommandRecord| it.body.get_array("cursors").unwrap().clone();
        let kills: Vec<Vec<Bson>> = scene.server.log().commands_named("killCursors").map(names).collect();
        assert!(kills.iter().all(|ids| *ids == kills[0]));
    });
}
