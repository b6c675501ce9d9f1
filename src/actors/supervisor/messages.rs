//! What the supervisor can be asked. What sockets and monitors tell it lives with them.

use std::convert::Infallible;
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

/// Have new sockets in the place of all that there are: idle ones close now, those in use once
/// they are done. Nobody who waits fails. No answer: actix leaves out what nobody waits for an
/// answer to, and this is to be done even so.
#[derive(Debug)]
pub struct Disconnect {
    /// Dropped when the idle ones are gone.
    pub hold: Hold,
}

impl actix::Message for Disconnect {
    type Result = ();
}

/// Tells when sockets that were told to close are gone. Nothing is sent: each of them has a
/// [`Hold`] until then.
#[derive(Debug)]
pub struct Departure(mpsc::Receiver<Infallible>);

/// Dropped with what it stands for.
pub type Hold = mpsc::Sender<Infallible>;

impl Departure {
    /// Over when all holds are dropped.
    pub fn new() -> (Hold, Self) {
        let (hold, departure) = mpsc::channel(1);
        (hold, Self(departure))
    }

    /// Ready when it is over, also if that is because the supervisor is gone.
    ///
    /// Cancel safety: nothing hangs on it.
    pub async fn over(mut self) {
        self.0.recv().await;
    }
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
