//! What a [`Gateway`](crate::Gateway) can be asked: a message for each verb, with the verb's
//! name and result.
//!
//! A message encodes its arguments when it is made, on the thread of whoever makes it; a
//! value that can't be encoded, or panics at that, is the answer's error. Each has
//!
//! - `with`, for the verb's options: `Find::new("hotel", "rooms", filter).with(|find|
//!   find.limit(3))`. The closure runs when the gateway takes the message, on the gateway's
//!   thread.
//! - `timeout` and `deadline`: the time for the whole, which begins with the message and not
//!   with the call. The sooner one counts, and a timeout among the options set by `with` only
//!   if it is sooner still, so one of zero lifts nothing. Without either, the connection's
//!   timeout, or that of the options, counts from when the gateway takes the message. What comes too late is a
//!   [`Kind::Timeout`](crate::Kind::Timeout) that
//!   [has not run](crate::Error::may_have_run).
//! - `session`: the [session](crate::ClientSession) it runs in, which holds the connection
//!   alive as long as the message exists.
//!
//! The answer is what the verb's future gives. While the requester waits the call goes on;
//! dropping the `Request` drops the call, which then is taken back or read to its end as any
//! other. What was sent by `do_send` runs to its end, and its errors go to the log (target
//! `actix_mongo::gateway`, level debug).

mod admin;
mod common;
mod make;
mod reads;
mod writes;

pub use self::admin::{
    CreateCollection, CreateIndex, CreateIndexes, CreateSearchIndexes, Disconnect, DropCollection,
    DropDatabase, DropIndex, DropIndexes, DropSearchIndex, ListCollectionNames, ListCollections,
    ListDatabaseNames, ListDatabases, ListIndexNames, ListIndexes, ListSearchIndexes, Modify, Rename,
    RunCommand, RunCursorCommand, ServerInfo, UpdateSearchIndex,
};
pub use self::common::Ask;
pub use self::reads::{
    Aggregate, AggregateAll, CountDocuments, Distinct, EstimatedDocumentCount, Find, FindAll, FindOne,
};
pub use self::writes::{
    BulkWrite, BulkWriteAcross, DeleteMany, DeleteOne, FindOneAndDelete, FindOneAndReplace, FindOneAndUpdate,
    InsertMany, InsertOne, ReplaceOne, UpdateMany, UpdateOne,
};
pub use super::room::Load;

/// Tells how much is under way; the one message that is never refused.
#[derive(Clone, Copy, Debug)]
pub struct ShowLoad;

impl actix::Message for ShowLoad {
    type Result = Load;
}

/// The connection has closed. From the gateway's own watch.
#[derive(Debug)]
pub(super) struct Ended;

impl actix::Message for Ended {
    type Result = ();
}
