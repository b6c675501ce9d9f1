//! What the deployment looks like, and which server an operation goes to. A state
//! machine without I/O, clock or actors.

pub mod address;

pub use address::ServerAddress;
