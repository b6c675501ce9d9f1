//! A MongoDB client whose runtime is made of actix actors.

#![cfg_attr(
    not(feature = "unstable-internals"),
    allow(dead_code, unused_imports, reason = "some parts are reached by the project's own tests only")
)]

mod error;
mod race;

// The feature opens these to the project's own tests; the attributes keep them out of the
// documentation. Spelled out, and not by a macro, so that rustfmt finds the files.
#[cfg(not(feature = "unstable-internals"))]
mod actors;
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
mod establish;
#[cfg(not(feature = "unstable-internals"))]
mod pool;
#[cfg(not(feature = "unstable-internals"))]
mod runtime;
#[cfg(not(feature = "unstable-internals"))]
mod session;
#[cfg(not(feature = "unstable-internals"))]
mod topology;
#[cfg(not(feature = "unstable-internals"))]
mod wire;

#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod actors;
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
pub mod topology;
#[cfg(feature = "unstable-internals")]
#[doc(hidden)]
pub mod wire;

pub use actors::monitor::MonitoringMode;
pub use actors::snapshot::Happening;
pub use bson;
pub use collection::{Collection, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult};
pub use connection::{Builder, Connection, ServerState, State};
pub use cursor::{Batch, Cursor};
pub use database::Database;
pub use pool::{Limits, PoolStats, Purpose, SlotId, SlotInfo};
pub use topology::{ServerAddress, ServerKind, TopologyKind};

/// The builders that verbs return. They are awaited where they are made, so their names
/// are seldom needed.
pub mod operations {
    pub use crate::collection::{
        Aggregate, DeleteOne, Find, FindOne, InsertMany, InsertOne, Running, UpdateOne,
    };
    pub use crate::cursor::Documents;
    pub use crate::database::RunCommand;
}

pub use error::{Error, Kind, Result, WriteConcernError, WriteError, WriteFailure, label};
