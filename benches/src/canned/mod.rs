//! A server that knows its answers beforehand: a replica-set primary to both drivers, so that
//! they do all their work, and as cheap as a socket allows, so that they have the machine.
//!
//! A process of its own; `child::Server` starts it and asks for its counters over its pipes.

mod connection;
pub mod counters;
mod replies;
mod request;
mod scans;
pub mod server;
