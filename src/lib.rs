//! A MongoDB client whose runtime is made of actix actors.
//!
//! ```no_run
//! use actix_mongo::Connection;
//! use actix_mongo::bson::doc;
//!
//! async fn tour() -> actix_mongo::Result<()> {
//!     let connection = Connection::connect("mongodb://localhost:27017").await?;
//!     let rooms = connection.database("hotel")?.collection("rooms")?;
//!
//!     rooms.insert_one(doc! { "_id": 7, "beds": 2 }).await?;
//!     rooms.update_one(doc! { "_id": 7 }, doc! { "$inc": { "beds": 1 } }).await?;
//!
//!     let mut cursor = rooms.find(doc! { "beds": { "$gt": 2 } }).sort(doc! { "_id": 1 }).await?;
//!     while let Some(room) = cursor.try_next().await? {
//!         println!("{room}");
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # The picture
//!
//! A [`Connection`] is a handle, and so are each [`Database`] and [`Collection`] made from
//! it: cheap to clone, `Send` and `Sync`, and good for any thread and any runtime, or none.
//! Behind it are threads of its own, on which actors run: one for each socket, one for each
//! server that is watched, and a supervisor that knows the deployment and publishes a
//! picture of it. A call reads that picture, takes an idle socket out of its server's pool,
//! sends it one message, and gets one back; it asks nobody in between. Documents are
//! encoded and decoded on the caller's own thread.
//!
//! # What to rely on
//!
//! - **Arguments are encoded when a call is made**, so its future borrows nothing and can
//!   be spawned. A value that can't be encoded is the future's error.
//! - **A future does nothing before it is polled, and may be dropped at any time.** What it
//!   waited for is taken back or read to its end: neither a socket nor a server's cursor is
//!   lost by it.
//! - **One timeout covers a call as a whole**, from finding a server to a second attempt:
//!   [`Builder::timeout`], [`Connection::with_timeout`] and each call's own `timeout`; the
//!   innermost wins.
//! - **A failed read or write is tried once more** where the cause may pass and the server
//!   sees to it that a write is done once; with a timeout, as often as it allows. Commands
//!   of all kinds are tried up to twice more, after a wait, where a server refused them
//!   because it is overloaded ([`Builder::max_adaptive_retries`]). After an error
//!   [`Error::may_have_run`] tells whether it can have had an effect.
//! - **Waiting is bounded.** Where a server is too slow, calls queue, up to a count and a
//!   number of bytes; what is above fails at once ([`Kind::QueueFull`]).
//! - **The last handle that is dropped ends the connection** in the background;
//!   [`Connection::close`] ends it and waits.
//! - **Everything can be seen.** [`Connection::state`] prints servers, pools, sockets and
//!   the latest changes, and asks nobody for it.
//!
//! What a connection string asks for and this build does not have (some authentication
//! mechanisms) is refused by name.
//!
//! # Features
//!
//! | Feature | Default | What for |
//! |---|---|---|
//! | `dns-resolver` | yes | `mongodb+srv://`, and [`Resolver::name_servers`]. Without it hosts are found by the system, or by a [`CustomResolver`] |
//! | `rustls-tls` | yes | encrypted sockets ([`TlsOptions`]); without it, a connection string that asks for TLS is refused |
//! | `chrono`, `jiff` | no | dates of these libraries in documents: [`dates`] |
//! | `snappy`, `zlib`, `zstd` | no | [`Compressor`]s for what travels to and from servers: [`Builder::compressors`] |
//! | `actix-web` | no | for applications of actix-web: answers for errors, health checks and an end in good order, in the module `web` |

#![cfg_attr(
    not(feature = "unstable-internals"),
    allow(dead_code, unused_imports, reason = "some parts are reached by the project's own tests only")
)]

mod cursor_policy;
pub mod dates;
mod errands;
mod error;
pub mod events;
#[cfg(doctest)]
mod guide;
mod race;

// The feature opens these to the project's own tests; the attributes keep them out of the
// documentation. Spelled out, and not by a macro, so that rustfmt finds the files.
#[cfg(not(feature = "unstable-internals"))]
mod actors;
#[cfg(not(feature = "unstable-internals"))]
mod auth;
#[cfg(not(feature = "unstable-internals"))]
mod client_session;
#[cfg(not(feature = "unstable-internals"))]
mod collection;
#[cfg(not(feature = "unstable-internals"))]
mod command;
#[cfg(not(feature = "unstable-internals"))]
mod connection;
#[cfg(not(feature = "unstable-internals"))]
mod cursor;
#[cfg(not(feature = "unstable-internals"))]
mod database;
#[cfg(not(feature = "unstable-internals"))]
mod dispatch;
#[cfg(not(feature = "unstable-internals"))]
mod dns;
#[cfg(not(feature = "unstable-internals"))]
mod establish;
#[cfg(not(feature = "unstable-internals"))]
mod pool;
#[cfg(not(feature = "unstable-internals"))]
mod runtime;
#[cfg(not(feature = "unstable-internals"))]
mod session;
#[cfg(not(feature = "unstable-internals"))]
mod tls;
#[cfg(not(feature = "unstable-internals"))]
mod topology;
#[cfg(not(feature = "unstable-internals"))]
mod wire;

#[cfg(feature = "actix-web")]
pub mod web;

#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod actors;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod auth;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod client_session;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod collection;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod command;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod connection;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod cursor;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod database;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod dispatch;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod dns;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod establish;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod pool;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod runtime;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod session;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod tls;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod topology;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod wire;

pub use actors::gateway::{Gateway, GatewayOptions};
pub use actors::monitor::MonitoringMode;
pub use actors::snapshot::Happening;
pub use auth::{Credential, Mechanism, Secret};
pub use bson;
pub use collection::{
    Collection, DeleteResult, IndexModel, IndexSpecification, InsertManyResult, InsertOneResult,
    ReturnDocument, SearchIndexModel, UpdateResult, ValidationAction, ValidationLevel, Verbosity, WriteModel,
};
pub use command::{Acknowledgment, DriverInfo, ReadConcern, ServerApi, ServerApiVersion, WriteConcern};
pub use connection::{
    Access, Builder, Connection, CopyProgress, CopySource, CursorId, CursorManagerState, ExistingTarget,
    IntoTarget, KilledCursors, MasterSlaveBuilder, MasterSlaveConnection, Request, ServerState, State,
    Target,
};
pub use cursor::{Batch, Cursor, CursorType, Delivery, DeliveryEnd, Streamed, TimeoutMode};
pub use cursor_policy::{
    BatchCursorManager, ClosedCursor, ClosedCursors, CursorManager, ImmediateCursorManager,
};
pub use database::{
    CollectionKind, CollectionSpecification, Database, DatabaseName, DatabaseSpecification, ServerInfo,
};
pub use dispatch::{ClientSession, Spread};
pub use dns::{Answer, CustomResolver, Resolver, SrvRecord};
pub use pool::{Limits, PoolStats, Purpose, ServiceInfo, SlotId, SlotInfo};
#[cfg(feature = "rustls-tls")]
pub use rustls;
pub use tls::TlsOptions;
pub use topology::{ReadMode, ReadPreference, ServerAddress, ServerKind, TagSet, TopologyKind};
pub use wire::Compressor;

pub use actors::gateway::messages;

/// Connection strings, read: what a program can ask of one, and print of it without secrets.
pub mod connection_string {
    pub use crate::connection::uri::{
        AuthOptions, ConnectionString, Credential, Mechanism, ProxyOptions, Revealed, Scheme, Secret,
        TlsOptions, UriOptions, UserInfo,
    };
}

/// The builders that verbs return. They are awaited where they are made, so their names
/// are seldom needed.
pub mod operations {
    pub use crate::client_session::StartSession;
    pub use crate::collection::{
        Aggregate, BulkWrite, Count, CountDocuments, CreateIndex, CreateIndexes, CreateSearchIndex,
        CreateSearchIndexes, DeleteMany, DeleteOne, Distinct, DropCollection, DropIndex, DropIndexes,
        DropSearchIndex, EstimatedDocumentCount, Explain, Find, FindOne, FindOneAndDelete, FindOneAndReplace,
        FindOneAndUpdate, InsertMany, InsertOne, ListIndexNames, ListIndexes, Modify, Rename, ReplaceOne,
        Running, UpdateMany, UpdateOne, UpdateSearchIndex,
    };
    pub use crate::connection::{CopyDatabase, Copying, KillCursors, StartRequest};
    pub use crate::cursor::{Documents, SendTo};
    pub use crate::database::{
        BuildInfo, CreateCollection, Disconnect, DropDatabase, ListCollectionNames, ListCollections,
        ListDatabaseNames, ListDatabases, RunCommand, RunCursorCommand,
    };
}

pub use error::{
    AuthenticationFailure, BulkWriteFailure, BulkWriteResult, CollectionCopy, CopyReport, Error, Kind,
    OperationResult, Result, WriteConcernError, WriteError, WriteFailure, label,
};
