//! A server in this process, on a thread of its own, that answers as a test
//! tells it and records all it sees.
//!
//! Without rules it is an agreeable server with canned documents: it answers
//! handshakes (streamed and polled), `ping`, `buildInfo`, writes, `find`,
//! `aggregate`, `getMore`, `killCursors` and `endSessions`. A [`Rule`] changes
//! what some commands get; [`ScriptedServer::accept`] what new connections get;
//! [`ScriptedServer::wait_for`] waits for what the client does.
//!
//! ```
//! use bson::doc;
//! use std::time::Duration;
//! use test_support::{Rule, ScriptedServer};
//!
//! let server = ScriptedServer::start();
//! server.rule(Rule::on("insert").once().close());
//! // ... a client connects to server.uri() and inserts ...
//! # let mut client = test_support::scripted::Client::connect(server.address());
//! # let _ = client.run(doc! { "insert": "c", "$db": "d" });
//! server.wait_for(|log| log.count("insert") == 1, Duration::from_secs(5));
//! ```

mod answers;
mod client;
mod connection;
mod drip;
mod gate;
mod hello;
mod listen;
mod log;
mod replies;
mod rule;
mod server;
mod shape;
mod shared;

pub use client::{Client, Lost};
pub use drip::Drip;
pub use gate::Gate;
pub use hello::Hello;
pub use listen::Accept;
pub use log::{CommandRecord, ConnectionRecord, End, Log};
pub use rule::{Action, Rule};
pub use server::{ScriptedServer, ScriptedServerBuilder};
pub use shape::Checksum;

#[cfg(test)]
mod tests;
