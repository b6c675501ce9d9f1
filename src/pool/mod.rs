//! One pool per server: who may use which socket, and who waits. Plain data behind one
//! mutex that is held for a few instructions; nothing is sent, answered, dropped or
//! encoded under it.

mod entry;
mod lease;
mod limits;
mod options;
mod slot;
mod stats;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use entry::{Answer, Entry, Failure, Follow, LeaseRequest, Namespace, Outcome, Run, SessionUse};
pub use lease::{Lease, Purpose};
pub use limits::Limits;
pub use options::PoolOptions;
pub use slot::{Slot, SlotControl, SlotId};
pub use stats::PoolStats;

use crate::error::Error;
use crate::topology::ServerAddress;

/// The pool of one server.
#[derive(Debug)]
pub struct Pool {
    address: ServerAddress,
}

/// What became of an entry that wanted a socket.
#[derive(Debug)]
pub enum Claim {
    /// This slot is the caller's: submit the entry to it, or, for a lease, keep it.
    Taken(Arc<Slot>, Entry),
    /// It waits.
    Queued {
        /// Takes it out again.
        ticket: Ticket,
        /// Somebody must call [`Pool::expire`] at this time; `None` if that is arranged.
        arm: Option<Instant>,
        /// The supervisor must be told that entries wait and sockets may be opened.
        grow: bool,
    },
    /// It can't wait: the pool is paused or closed, or the queue is full.
    Refused(Entry, Error),
}

/// An entry's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What a socket that has room does next.
#[derive(Debug)]
pub enum Next {
    /// Take this at once.
    Run(Entry),
    /// Nothing waits; the slot is idle (or has room again).
    Idle,
    /// Close: the generation is stale, the pool closed, or the pool has more than it may.
    Retire,
}

/// Leave to open one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The slot that it will take.
    pub id: SlotId,
    /// The generation it belongs to.
    pub generation: u64,
}

/// What a clear took out of the pool.
#[derive(Debug, Default)]
pub struct Cleared {
    /// Entries that waited; they fail with the cause.
    pub failed: Vec<Entry>,
    /// Idle sockets: retire them.
    pub idle: Vec<Arc<Slot>>,
    /// Sockets in use, if the clear interrupts: abort them.
    pub interrupted: Vec<Arc<Slot>>,
    /// The new generation.
    pub generation: u64,
}

#[allow(clippy::todo, unused_variables, reason = "the contract; the logic comes next")]
impl Pool {
    /// A paused, empty pool.
    pub fn new(address: ServerAddress, options: PoolOptions) -> Self {
        Self { address }
    }

    /// The server's address.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// A caller wants a socket for `entry` (rule 2: not ready, fail; idle and nobody
    /// waiting, take; else queue).
    pub fn claim(&self, entry: Entry) -> Claim {
        todo!()
    }

    /// Takes a waiting entry out, if it still waits. The caller drops or answers it.
    pub fn cancel(&self, ticket: Ticket) -> Option<Entry> {
        todo!()
    }

    /// Takes out all entries whose wait is over at `now`; and when to call again.
    pub fn expire(&self, now: Instant) -> (Vec<Entry>, Option<Instant>) {
        todo!()
    }

    /// A socket has finished one request (or its lease ended) and has room.
    pub fn release(&self, slot: &Slot) -> Next {
        todo!()
    }

    /// A socket that runs an ordinary request keeps itself for a lease (`HoldIfCursor`).
    pub fn hold(&self, slot: &Slot, purpose: Purpose) {
        todo!()
    }

    /// The pool takes entries from now on. True if sockets should be opened.
    pub fn ready(&self) -> bool {
        todo!()
    }

    /// Leave to open a socket, if one is wanted and allowed now.
    pub fn begin_open(&self) -> Option<Opening> {
        todo!()
    }

    /// The socket of `opening` is established.
    pub fn opened(&self, slot: Arc<Slot>, limits: Limits, now: Instant) -> Next {
        todo!()
    }

    /// The socket of `opening` could not be established. The oldest live entry, which
    /// must fail with the cause.
    pub fn open_failed(&self, opening: Opening) -> Option<Entry> {
        todo!()
    }

    /// An established socket is gone.
    pub fn closed(&self, id: SlotId) {
        todo!()
    }

    /// Starts a new generation, pauses, and takes out what waits and what is idle; and
    /// what is in use, if `interrupt`.
    pub fn clear(&self, cause: Error, interrupt: bool) -> Cleared {
        todo!()
    }

    /// Closes for good.
    pub fn close(&self, cause: Error) -> Cleared {
        todo!()
    }

    /// Takes out idle sockets that have been idle since before `now - max_idle`, down to
    /// the minimum size.
    pub fn idle_expired(&self, now: Instant) -> Vec<Arc<Slot>> {
        todo!()
    }

    /// The present generation.
    pub fn generation(&self) -> u64 {
        todo!()
    }

    /// What the present generation's handshakes found.
    pub fn limits(&self) -> Limits {
        todo!()
    }

    /// Takes over limits that a monitor's hello found.
    pub fn set_limits(&self, limits: Limits) {
        todo!()
    }

    /// Counts and limits, for `Connection::state()` and error messages.
    pub fn stats(&self) -> PoolStats {
        todo!()
    }

    /// The least round-trip time of the server, as its monitor last found it.
    pub fn min_rtt(&self) -> Duration {
        todo!()
    }

    /// Set by the supervisor.
    pub fn set_min_rtt(&self, rtt: Duration) {
        todo!()
    }

    /// Operations under way on this server, from selection to answer; server selection
    /// prefers the lower of two.
    pub fn operations(&self) -> usize {
        todo!()
    }

    /// Counts an operation until the guard is dropped.
    pub fn operation_started(self: &Arc<Self>) -> OperationGuard {
        todo!()
    }
}

/// Counts one operation in [`Pool::operations`].
#[derive(Debug)]
pub struct OperationGuard {
    _pool: Arc<Pool>,
}
