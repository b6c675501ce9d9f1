//! What a driver is to the load: connect, then three operations. Monomorphic, so that neither
//! driver pays for the other's shape.

pub mod official;
#[cfg(feature = "ours")]
pub mod ours;

use std::future::Future;

use anyhow::Result;
use bson::{DateTime, Document, doc};

use crate::cli::RunArguments;

pub trait Driver: Clone + Send + Sync + 'static {
    /// Connects, from inside the host, with `sockets` as the limit of the pool, and comes back
    /// when a first command has been answered.
    fn connect(run: &RunArguments) -> impl Future<Output = Result<Self>> + Send;

    /// One document by `_id`, decoded; an error if there is none.
    fn find(&self, id: i64) -> impl Future<Output = Result<()>> + Send;

    /// One document that has no `_id` yet.
    fn insert(&self, document: &Document) -> impl Future<Output = Result<()>> + Send;

    fn ping(&self) -> impl Future<Output = Result<()>> + Send;
}

pub const DATABASE: &str = "bench";
pub const COLLECTION: &str = "things";

/// What is inserted: about 200 bytes with the `_id` that the driver adds.
pub fn document() -> Document {
    doc! {
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "visits": 1843_i64,
        "score": 0.97,
        "active": true,
        "joined": DateTime::from_millis(1_767_225_600_000),
        "address": { "city": "London", "code": "W1" },
        "tags": ["first", "notes"],
    }
}

/// What every `find` answers with.
pub fn stored_document() -> Document {
    let mut stored = doc! { "_id": 0_i64 };
    stored.extend(document());
    stored
}
