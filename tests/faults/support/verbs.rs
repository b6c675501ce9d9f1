//! Everything that a user may call and then drop.

use std::future::poll_fn;
use std::pin::Pin;

use actix_mongo::bson::doc;
use actix_mongo::{Connection, Cursor, Result, WriteModel};
use futures_core::Stream;

use super::{collection, database, soon};

/// A call, begun by its first poll.
pub type Call = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A call that sends one command.
pub struct Verb {
    /// As users write it.
    pub name: &'static str,
    /// Its command.
    pub command: &'static str,
    /// Makes it; a cursor's verbs find one that has more on the server.
    pub prepare: fn(&Connection) -> Call,
}

impl Verb {
    const fn new(name: &'static str, command: &'static str, prepare: fn(&Connection) -> Call) -> Self {
        Self { name, command, prepare }
    }
}

pub const RUN_COMMAND: Verb =
    Verb::new("run_command", "endSessions", |it| ready(database(it).run_command(doc! { "endSessions": [] })));
pub const INSERT_ONE: Verb =
    Verb::new("insert_one", "insert", |it| ready(collection(it).insert_one(doc! { "a": 1 })));
pub const INSERT_MANY: Verb = Verb::new("insert_many", "insert", |it| {
    ready(collection(it).insert_many([doc! { "a": 1 }, doc! { "a": 2 }]))
});
/// All of one kind: they share a command.
pub const BULK_WRITE: Verb = Verb::new("bulk_write", "update", |it| {
    let raise = |id| WriteModel::update_one(doc! { "_id": id }, doc! { "$inc": { "b": 1 } });
    ready(collection(it).bulk_write([raise(1), raise(2)]))
});
/// Of a connection, which has its results in a cursor.
pub const CONNECTION_BULK_WRITE: Verb = Verb::new("connection.bulk_write", "bulkWrite", |it| {
    let insert = || ("d.c", WriteModel::insert_one(doc! { "a": 1 }));
    ready(it.bulk_write([insert(), insert()]).verbose_results(true))
});
pub const FIND: Verb = Verb::new("find", "find", |it| ready(collection(it).find(doc! {}).batch_size(2)));
pub const FIND_ONE: Verb = Verb::new("find_one", "find", |it| ready(collection(it).find_one(doc! {})));
pub const UPDATE_ONE: Verb = Verb::new("update_one", "update", |it| {
    ready(collection(it).update_one(doc! {}, doc! { "$set": { "b": 1 } }))
});
pub const DELETE_ONE: Verb =
    Verb::new("delete_one", "delete", |it| ready(collection(it).delete_one(doc! { "a": 1 })));
pub const AGGREGATE: Verb = Verb::new("aggregate", "aggregate", |it| {
    ready(collection(it).aggregate([doc! { "$match": {} }]).batch_size(2))
});
pub const CURSOR_TRY_NEXT: Verb = Verb::new("cursor.try_next", "getMore", |it| {
    let mut cursor = open_cursor(it);
    Box::pin(async move { cursor.try_next().await.map(|_| ()) })
});
pub const CURSOR_NEXT_BATCH: Verb = Verb::new("cursor.next_batch", "getMore", |it| {
    let mut cursor = open_cursor(it);
    Box::pin(async move { cursor.next_batch().await.map(|_| ()) })
});

pub const CURSOR_STREAM: Verb = Verb::new("cursor as a stream", "getMore", |it| {
    let mut cursor = open_cursor(it);
    Box::pin(
        async move { poll_fn(|task| Pin::new(&mut cursor).poll_next(task)).await.transpose().map(|_| ()) },
    )
});
/// The rest comes in one batch.
pub const CURSOR_COLLECT_ALL: Verb = Verb::new("cursor.collect_all", "getMore", |it| {
    let cursor = soon(collection(it).find(doc! {}).batch_size(8)).unwrap();
    Box::pin(async move { cursor.collect_all().await.map(|all| assert!(all.len() >= 9)) })
});
pub const DATABASE_AGGREGATE: Verb = Verb::new("database.aggregate", "aggregate", |it| {
    let documents = [doc! { "a": 1 }, doc! { "a": 2 }, doc! { "a": 3 }];
    ready(database(it).aggregate([doc! { "$documents": documents.to_vec() }]).batch_size(2))
});

fn ready<T: 'static>(call: impl IntoFuture<Output = Result<T>, IntoFuture: Send + 'static>) -> Call {
    let call = call.into_future();
    Box::pin(async move { call.await.map(|_| ()) })
}

/// A cursor whose first batch was read.
fn open_cursor(connection: &Connection) -> Cursor {
    let mut cursor = soon(collection(connection).find(doc! {}).batch_size(2)).unwrap();
    for _ in 0..2 {
        soon(cursor.try_next()).unwrap().expect("a document of the first batch");
    }
    cursor
}
