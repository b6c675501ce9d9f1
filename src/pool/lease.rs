//! A socket held by one caller, until dropped.

use std::sync::Arc;

use super::entry::{Entry, Run};
use super::slot::{Slot, SlotControl};

/// What a socket is held for; leases are counted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A caller's `start_request`.
    Request,
    /// A transaction pinned by a load balancer.
    Transaction,
    /// A cursor pinned by a load balancer.
    Cursor,
    /// A tailable or awaitData cursor, or an exhaust stream: may park the socket for long.
    Parked,
}

/// A held socket. Requests run on it in the order in which they are submitted. Dropping
/// it gives the socket back once what is in flight was answered.
#[derive(Debug)]
pub struct Lease {
    slot: Arc<Slot>,
    purpose: Purpose,
}

impl Lease {
    /// The lease of a slot that the pool counts as held.
    pub fn new(slot: Arc<Slot>, purpose: Purpose) -> Self {
        Self { slot, purpose }
    }

    /// What it is held for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The pool generation of its socket.
    pub fn generation(&self) -> u64 {
        self.slot.generation
    }

    /// Runs a request on this socket.
    pub fn submit(&self, run: Box<Run>) {
        self.slot.submit(Entry::Run(run));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.slot.control(SlotControl::EndLease);
    }
}
