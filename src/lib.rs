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
modules!(command, pool, session, topology, wire);

pub use bson;
pub use error::{Error, Kind, Result, WriteConcernError, WriteError, WriteFailure, label};
