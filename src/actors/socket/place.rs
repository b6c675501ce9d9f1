//! A socket's place in the pool, given back however the socket ends.

use std::sync::Arc;

use actix::WeakRecipient;

use super::messages::{SocketEvent, What};
use crate::error::{Error, Kind};
use crate::establish::EstablishError;
use crate::pool::{Opening, Pool, Slot};

/// Held by a socket from the leave to open it. Dropped with it, be it by its end, by a
/// panic in one of its handlers or by the end of its arbiter, it frees the place and
/// tells the supervisor, who then looks whether a new socket is wanted.
#[derive(Debug)]
pub struct Place {
    pool: Arc<Pool>,
    opening: Opening,
    events: WeakRecipient<SocketEvent>,
    /// Once established.
    slot: Option<Arc<Slot>>,
    /// Its end was told: dropping it is no news.
    over: bool,
}

impl Place {
    /// The place that this leave promises.
    pub fn new(pool: Arc<Pool>, opening: Opening, events: WeakRecipient<SocketEvent>) -> Self {
        Self { pool, opening, events, slot: None, over: false }
    }

    /// The socket is established.
    pub fn take(&mut self, slot: Arc<Slot>) {
        self.slot = Some(slot);
        self.tell(What::Opened(self.opening.id));
    }

    /// The slot, once there is one and until the end.
    pub fn slot(&self) -> Option<&Arc<Slot>> {
        self.slot.as_ref().filter(|_| !self.over)
    }

    /// Neither established nor given up.
    pub fn is_pending(&self) -> bool {
        self.slot.is_none() && !self.over
    }

    /// The socket could not be established.
    pub fn fail(&mut self, failed: EstablishError) {
        if self.is_pending() {
            self.over = true;
            let EstablishError { phase, timed_out, error } = failed;
            self.tell(What::Failed { opening: self.opening, phase, timed_out, error });
        }
    }

    /// The end of an established socket, with the error that an operation saw, if one did.
    pub fn close(&mut self, error: Option<Error>) {
        if let Some(slot) = self.slot().cloned() {
            self.over = true;
            slot.mark_over();
            self.pool.closed(slot.id);
            self.tell(What::Closed { id: slot.id, origin: slot.origin(), error });
        }
    }

    fn tell(&self, what: What) {
        if let Some(supervisor) = self.events.upgrade() {
            supervisor.do_send(SocketEvent { pool: self.pool.clone(), what });
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.fail(EstablishError::of(died()));
        self.close(Some(died()));
    }
}

/// The actor panicked or its arbiter stopped. Not a network error: it says nothing of
/// the server.
fn died() -> Error {
    Error::new(Kind::Internal, "a socket's actor ended without a word (a panic, or its arbiter was stopped)")
}
