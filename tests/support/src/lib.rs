//! Servers, real and scripted, and the small tools that tests of actix-mongo
//! lean on.
//!
//! - [`scripted`]: a server in this process that answers as a test tells it
//! - [`real_server`]: the real server, installed once, one process per test
//! - [`dns`]: a name server with the records, and the manners, that a test gives it
//! - [`fault_proxy`]: a TCP proxy whose faults are switched while it runs
//! - [`wire`]: messages, coded apart from the library so as to check it
//! - [`packed`]: the same, compressed
//! - [`cancel`]: futures dropped after so many polls
//! - [`executor`]: futures run on a plain thread
//! - [`memory`]: whether bytes stand anywhere in this process
//! - [`poll`]: the one way to wait for something that sends no event
//! - `unix_relay`: a Unix domain socket in front of a server
//!
//! Nothing here uses the library itself, so a mistake in the library cannot
//! hide behind the same mistake on this side.

pub mod cancel;
pub mod dns;
pub mod executor;
pub mod fault_proxy;
#[cfg(target_os = "linux")]
pub mod memory;
pub mod packed;
pub mod poll;
pub mod real_server;
pub mod scripted;
#[cfg(unix)]
mod unix_relay;
pub mod wire;

pub use cancel::{DropAfter, count_polls};
pub use dns::{DnsServer, Manner, Zone};
pub use executor::block_on;
pub use fault_proxy::FaultProxy;
pub use poll::poll_until;
pub use real_server::RealServer;
pub use scripted::{Action, Drip, Gate, Hello, Rule, ScriptedServer};
#[cfg(unix)]
pub use unix_relay::unix_relay;
