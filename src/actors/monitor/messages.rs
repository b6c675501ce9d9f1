//! What a monitor can be asked, and what it tells the supervisor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::topology::{CheckFailure, HelloReply, ServerAddress};

/// What the supervisor asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Check as soon as 500 ms have passed since the last check. Passed over while a
    /// check is under way.
    CheckNow,
    /// Begin the next check at once.
    Recheck,
    /// Give up the check under way, close its socket, and wait for the next turn.
    Cancel,
    /// End.
    Stop,
}

impl actix::Message for Order {
    type Result = ();
}

/// Does the server answer at this moment? The supervisor passes it on for callers who ask;
/// dropped without an answer by a monitor that ends.
#[derive(Debug)]
pub struct Probe {
    /// When nobody waits for the answer any more.
    pub until: Instant,
    /// Has room for this answer.
    pub answer: mpsc::Sender<Result<()>>,
}

impl actix::Message for Probe {
    type Result = ();
}

/// What a monitor saw.
#[derive(Debug)]
pub struct Observed {
    /// Of which server.
    pub server: ServerAddress,
    /// Which monitor, where one has followed another.
    pub epoch: u64,
    /// What.
    pub what: Seen,
}

impl actix::Message for Observed {
    type Result = ();
}

/// See [`Observed`].
#[derive(Debug)]
pub enum Seen {
    /// The server answered.
    Hello {
        /// Its answer.
        reply: Arc<HelloReply>,
        /// How long that took, where it says something of the network.
        rtt: Option<Duration>,
    },
    /// The second socket measured a round trip.
    RoundTrip(Duration),
    /// The check failed.
    Failed {
        /// In what way.
        failure: CheckFailure,
        /// Why.
        error: Error,
    },
    /// The monitor itself is gone without having been stopped (a panic).
    Died,
}
