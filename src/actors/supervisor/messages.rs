//! What the supervisor can be asked. What sockets and monitors tell it lives with them.

use std::time::Duration;

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

/// Answers once everything that sockets told before is applied, with the snapshot
/// version that a retry must select from.
#[derive(Debug)]
pub struct Settle;

impl actix::Message for Settle {
    type Result = u64;
}

/// End everything: queued calls fail at once, calls in flight have the grace.
#[derive(Debug)]
pub struct Shutdown {
    /// For calls in flight.
    pub grace: Duration,
}

impl actix::Message for Shutdown {
    type Result = ();
}
