//! A MongoDB client whose runtime is made of actix actors.

macro_rules! modules {
    ($($name:ident),* $(,)?) => { $(
        #[cfg(feature = "unstable-internals")]
        #[doc(hidden)]
        pub mod $name;
        #[cfg(not(feature = "unstable-internals"))]
        #[allow(dead_code, reason = "what only the project's own tests use")]
        mod $name;
    )* };
}

mod error;
mod race;
modules!(
    actors, collection, command, connection, cursor, database, dispatch, establish, pool, runtime, session,
    topology, wire,
);

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
