//! A TCP proxy in front of any server, whose faults are switched while it runs.
//!
//! It knows nothing of messages; to err on a certain command use
//! [`crate::scripted`]. A switch holds for open connections at once, and it is in
//! force when the switching call returns: no byte that arrives later gets the old
//! treatment.

mod pipe;
mod proxy;

pub use proxy::{FaultProxy, Traffic};

#[cfg(test)]
mod tests;
