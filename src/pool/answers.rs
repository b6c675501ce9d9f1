//! What the pool answers to those who ask it. The type parameters are the real ones
//! everywhere but in the stepped model of the tests.

use std::sync::Arc;
use std::time::Instant;

use super::entry::Entry;
use super::slot::{Slot, SlotId};
use crate::error::Error;

/// What became of an entry that wanted a socket.
#[derive(Debug)]
pub enum Claim<E = Entry, H = Arc<Slot>, R = Error> {
    /// This slot is the caller's: submit the entry to it, or, for a lease, keep it.
    Taken(H, E),
    /// It waits.
    Queued {
        /// Takes it out again.
        ticket: Ticket,
        /// Somebody must call [`Pool::expire`](super::Pool::expire) at this time; `None` if
        /// that is arranged.
        arm: Option<Instant>,
        /// The supervisor must be told that entries wait and sockets may be opened. Set
        /// for the first that waits, and not again before the supervisor has called
        /// [`Pool::begin_open`](super::Pool::begin_open).
        grow: bool,
    },
    /// It can't wait: the pool is paused or closed, or the queue is full.
    Refused(E, R),
}

/// An entry's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a socket that has room does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<E = Entry> {
    /// Take this at once.
    Run(E),
    /// Nothing for it now: the slot is idle, or goes on with what it has in flight.
    Idle,
    /// Close: the generation is stale, or the pool closed, and nothing is in flight any
    /// more. The slot has left the pool.
    Retire,
}

/// Leave to open one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opening {
    /// The slot that it will take. The ids of a pool are 1, 2, 3, and so on.
    pub id: SlotId,
    /// The generation it belongs to.
    pub generation: u64,
}

/// What a clear, or a close, took out of the pool.
#[derive(Debug)]
pub struct Cleared<E = Entry, H = Arc<Slot>> {
    /// Entries that waited; they fail with the cause.
    pub failed: Vec<E>,
    /// Idle sockets: retire them.
    pub idle: Vec<H>,
    /// Sockets in use, if the clear interrupts: abort them.
    pub interrupted: Vec<H>,
    /// The new generation.
    pub generation: u64,
    /// Whether the pool served until now; a clear of a paused pool is no event.
    pub was_ready: bool,
}

impl<E, H> Cleared<E, H> {
    /// Nothing, because the pool was closed already.
    pub(super) fn nothing(generation: u64) -> Self {
        Self { failed: Vec::new(), idle: Vec::new(), interrupted: Vec::new(), generation, was_ready: false }
    }
}

/// What was met on the way and is of no more use: abandoned entries, and the pool's own
/// handles of slots that left. To be dropped without the lock.
#[derive(Debug)]
pub struct Swept<E, H> {
    /// Entries whose caller has gone.
    pub entries: Vec<E>,
    /// Handles of slots that are no longer in the pool.
    pub slots: Vec<H>,
}

impl<E, H> Default for Swept<E, H> {
    fn default() -> Self {
        Self { entries: Vec::new(), slots: Vec::new() }
    }
}
