//! What the supervisor can be asked. What sockets and monitors tell it lives with them.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::error::Result;
use crate::topology::ServerAddress;

/// Entries wait in this server's queue and sockets may be opened.
#[derive(Debug)]
pub struct Grow {
    /// Whose pool.
    pub server: ServerAddress,
}

impl actix::Message for Grow {
    type Result = ();
}

/// No server suits: check all of them soon. Sent by callers that wait.
#[derive(Debug)]
pub struct CheckNow;

impl actix::Message for CheckNow {
    type Result = ();
}

/// Do these servers answer at this moment? Each is asked by its monitor. Sent by callers who
/// check whether the connection is ready.
#[derive(Debug)]
pub struct Ask {
    /// Which.
    pub servers: Vec<ServerAddress>,
    /// When nobody waits for the answers any more.
    pub until: Instant,
    /// Has room for an answer of each. Dropped once no more will come.
    pub answer: mpsc::Sender<Result<()>>,
}

impl actix::Message for Ask {
    type Result = ();
}

/// Answers once everything that sockets told before is applied, with the snapshot
/// version that a retry must select from.
#[derive(Debug)]
pub struct Settle;

impl actix::Message for Settle {
    type Result = u64;
}

/// A caller on another thread gave up without a word from its socket: find out which of
/// the lent arbiters are blocked, and take their sockets out of the pools.
#[derive(Debug)]
pub struct Overdue;

impl actix::Message for Overdue {
    type Result = ();
}

/// The end begins: pools refuse, queued calls fail at once, and monitors stop. Answers when
/// no call is in flight any more, those that outlast the grace having been broken off. Only
/// the connection's own last words are served after it.
#[derive(Debug)]
pub struct Quiesce {
    /// For calls in flight.
    pub grace: Duration,
}

impl actix::Message for Quiesce {
    type Result = ();
}

/// Start something that runs user code, on the arbiter that the connection has for such.
pub struct Host {
    /// Called there.
    pub start: Box<dyn FnOnce() + Send>,
}

impl actix::Message for Host {
    type Result = ();
}

/// All is said: close every socket and let the threads end.
#[derive(Debug)]
pub struct Shutdown;

impl actix::Message for Shutdown {
    type Result = ();
}
