//! A socket's place in the pool, given back however the socket ends.

use std::sync::Arc;

use actix::WeakRecipient;

use super::messages::{SocketEvent, What};
use crate::error::{Error, Kind};
use crate::pool::{Pool, Slot};

/// Held by an established socket. Dropped with it, be it by its end, by a panic in one
/// of its handlers or by the end of its arbiter, it frees the slot and tells the
/// supervisor, who then looks whether a new socket is wanted.
#[derive(Debug)]
pub struct SlotGuard {
    pool: Arc<Pool>,
    slot: Arc<Slot>,
    events: WeakRecipient<SocketEvent>,
    /// What the supervisor is told: `None` while the socket lives, so that an end that
    /// nobody announced is told as what it is.
    cause: Option<Option<Error>>,
}

impl SlotGuard {
    /// The guard of a slot that the pool knows, or is about to.
    pub fn new(pool: Arc<Pool>, slot: Arc<Slot>, events: WeakRecipient<SocketEvent>) -> Self {
        Self { pool, slot, events, cause: None }
    }

    /// The slot, to give away.
    pub fn slot(&self) -> Arc<Slot> {
        self.slot.clone()
    }

    /// The slot, to look at.
    pub fn slot_ref(&self) -> &Slot {
        &self.slot
    }

    /// An orderly end, with the error that an operation saw, if one did.
    pub fn close(mut self, error: Option<Error>) {
        self.cause = Some(error);
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        self.pool.closed(self.slot.id);
        let error = self.cause.take().unwrap_or_else(|| Some(died()));
        let what = What::Closed { id: self.slot.id, generation: self.slot.generation, error };
        if let Some(supervisor) = self.events.upgrade() {
            supervisor.do_send(SocketEvent { server: self.pool.address().clone(), what });
        }
    }
}

/// The actor panicked or its arbiter stopped. Not a network error: it says nothing of
/// the server.
fn died() -> Error {
    Error::new(Kind::Internal, "a socket's actor ended without a word (a panic, or its arbiter was stopped)")
}
