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
modules!(actors, command, connection, dispatch, establish, pool, runtime, session, topology, wire);

pub use bson;
pub use error::{Error, Kind, Result, WriteConcernError, WriteError, WriteFailure, label};
