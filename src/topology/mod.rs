//! What the deployment looks like, and which server an operation goes to. A state
//! machine without I/O, clock or actors.

pub mod address;
pub mod description;
pub mod error_class;
pub mod hello;
pub mod limits;
pub mod machine;
pub mod outcome;
pub mod read_preference;
mod replica_set;
pub mod rtt;
pub mod selection;
pub mod server;
pub mod settings;
mod staleness;
mod update;
pub mod version;

pub use address::ServerAddress;
pub use description::{MAX_WIRE_VERSION, MIN_WIRE_VERSION, TopologyDescription, TopologyKind};
pub use error_class::{CommandFailure, StateChange};
pub use hello::{HelloReply, TagSet};
pub use limits::Limits;
pub use machine::Topology;
pub use outcome::{ApplicationError, Change, CheckFailure, Failure, Ignored, Outcome, Phase, PoolAction};
pub use read_preference::{ReadMode, ReadPreference};
pub use rtt::Rtt;
pub use selection::Criteria;
pub use server::{ServerDescription, ServerKind};
pub use settings::TopologySettings;
pub use version::TopologyVersion;

#[cfg(test)]
mod tests;
