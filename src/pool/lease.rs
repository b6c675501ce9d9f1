//! A socket held by one caller, until dropped; and the wish for one.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::check_out::CheckOut;
use super::entry::Entry;
use super::run::{Run, lost};
use super::slot::{Slot, SlotControl, SlotId};
use super::turns::{Room, Turns};
use crate::error::Error;

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
    /// A message so large that its caller compresses it, for as long as that runs.
    Large,
}

/// A held socket. Requests run on it in the order in which they are submitted; those of a
/// [`Purpose::Request`] one at a time. Dropping it gives the socket back once what is in
/// flight was answered.
#[derive(Debug)]
pub struct Lease {
    slot: Arc<Slot>,
    purpose: Purpose,
    /// Who waits for whom, where several tasks use it.
    turns: Option<Arc<Turns>>,
}

impl Lease {
    /// The lease of a slot that the pool counts as held.
    pub fn new(slot: Arc<Slot>, purpose: Purpose) -> Self {
        let turns = (purpose == Purpose::Request).then(|| Turns::new(slot.clone()));
        Self { slot, purpose, turns }
    }

    /// A further one of the same request.
    pub(super) fn in_line(slot: Arc<Slot>, turns: Arc<Turns>) -> Self {
        Self { slot, purpose: Purpose::Request, turns: Some(turns) }
    }

    /// What it is held for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Its socket's name in the pool.
    pub fn slot(&self) -> SlotId {
        self.slot.id
    }

    /// The pool generation of its socket.
    pub fn generation(&self) -> u64 {
        self.slot.generation
    }

    /// Whether its socket is still there. It may have ended a moment ago.
    pub fn is_connected(&self) -> bool {
        self.slot.is_connected()
    }

    /// Runs a request on this socket, after those that came before it.
    pub fn submit(&self, run: Box<Run>) {
        let Some(turns) = &self.turns else { return self.slot.submit(Entry::Run(run)) };
        let room = Room { requests: usize::MAX, bytes: usize::MAX };
        // With so much room, and the lease at hand, it is never sent away.
        let _ = turns.enter(run, room);
    }

    /// The line of those who share it, for a [`Purpose::Request`].
    pub fn turns(&self) -> Option<&Arc<Turns>> {
        self.turns.as_ref()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match &self.turns {
            Some(turns) => turns.leave(),
            None => self.slot.control(SlotControl::EndLease),
        }
    }
}

/// The wish for a socket of one's own.
#[derive(Debug)]
pub struct LeaseRequest {
    /// What for; leases are counted by this.
    pub purpose: Purpose,
    /// When the operation's own timeout runs out.
    pub deadline: Option<Instant>,
    /// When its wait in the queue ends, if earlier.
    pub wait_deadline: Option<Instant>,
    /// For listeners, if there are any: from the claim until a socket takes it.
    pub check_out: Option<Box<CheckOut>>,
    /// What the caller holds meanwhile, in bytes.
    pub bytes: usize,
    reply: Option<oneshot::Sender<Result<Lease, Error>>>,
}

impl LeaseRequest {
    /// A request for a lease, and where it will arrive.
    pub fn new(purpose: Purpose) -> (Box<Self>, oneshot::Receiver<Result<Lease, Error>>) {
        let (reply, answer) = oneshot::channel();
        let (deadline, wait_deadline, check_out, bytes) = (None, None, None, 0);
        (Box::new(Self { purpose, deadline, wait_deadline, check_out, bytes, reply: Some(reply) }), answer)
    }

    /// Nobody waits for the lease any more.
    pub fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Answers. A lease that nobody takes is dropped, and so returned.
    #[allow(clippy::boxed_local, reason = "it arrives in its box, as `Run` does")]
    pub fn answer(mut self: Box<Self>, outcome: Result<Lease, Error>) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(outcome);
        }
    }
}

impl Drop for LeaseRequest {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(Err(lost()));
        }
    }
}
