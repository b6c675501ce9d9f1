//! What waits in a pool's queue and travels to a socket: a request, or the wish for a
//! socket of one's own.
//!
//! Every entry answers exactly once, also when it is dropped wherever it happens to be:
//! in the queue, in a mailbox, in flight. The answer says whether bytes may have left.

use std::time::Instant;

use super::check_out::CheckOut;
use super::lease::{LeaseRequest, Purpose};
use super::queue::Waiting;
use super::run::Run;
use crate::error::Error;

/// One item of a pool's queue, and the message that a socket takes.
#[derive(Debug)]
pub enum Entry {
    /// Send this, answer, and go on.
    Run(Box<Run>),
    /// Hand the socket over until the lease is dropped.
    Lease(Box<LeaseRequest>),
}

impl actix::Message for Entry {
    type Result = ();
}

impl Entry {
    /// Bytes that it, or the caller for it, holds while it waits.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Run(run) => run.frame.len(),
            Self::Lease(lease) => lease.bytes,
        }
    }

    /// When its wait in the queue must end.
    pub fn wait_deadline(&self) -> Option<Instant> {
        let (wait, operation) = match self {
            Self::Run(run) => (run.wait_deadline, run.deadline),
            Self::Lease(lease) => (lease.wait_deadline, lease.deadline),
        };
        match (wait, operation) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Whether it needs a socket with nothing else in flight.
    pub fn is_exclusive(&self) -> bool {
        match self {
            Self::Run(run) => run.exclusive,
            Self::Lease(_) => true,
        }
    }

    /// Nobody waits for its answer any more.
    pub fn is_abandoned(&self) -> bool {
        match self {
            Self::Run(run) => run.is_abandoned(),
            Self::Lease(lease) => lease.is_abandoned(),
        }
    }

    /// The request, if it is one.
    pub fn into_run(self) -> Option<Box<Run>> {
        match self {
            Self::Run(run) => Some(run),
            Self::Lease(_) => None,
        }
    }

    /// Where listeners for events are told what became of its wish for a socket.
    pub fn check_out(&mut self) -> &mut Option<Box<CheckOut>> {
        match self {
            Self::Run(run) => &mut run.check_out,
            Self::Lease(lease) => &mut lease.check_out,
        }
    }

    /// Answers with an error; nothing of it was sent.
    pub fn fail(mut self, error: Error) {
        if let Some(check_out) = self.check_out().take() {
            check_out.failed(&error);
        }
        match self {
            Self::Run(run) => drop(run.fail(error, None)),
            Self::Lease(lease) => lease.answer(Err(error)),
        }
    }
}

impl Waiting for Entry {
    fn bytes(&self) -> usize {
        Self::bytes(self)
    }

    fn wait_deadline(&self) -> Option<Instant> {
        Self::wait_deadline(self)
    }

    fn is_exclusive(&self) -> bool {
        Self::is_exclusive(self)
    }

    fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::Run(_) => None,
            Self::Lease(lease) => Some(lease.purpose),
        }
    }

    fn is_abandoned(&self) -> bool {
        Self::is_abandoned(self)
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Run(run) if run.last)
    }
}
