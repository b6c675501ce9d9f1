//! The life of one connection, as listeners for events are told of it.
//!
//! Shared by the supervisor, its socket and its slot: whoever takes a connection out of the
//! pool first says why, and nothing is said of it afterwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::check_out::CheckOut;
use super::slot::SlotId;
use crate::error::Error;
use crate::events::{
    ConnectionCheckedIn, ConnectionClosed, ConnectionClosedReason, ConnectionCreated, ConnectionReady,
    Emitter, EventKinds,
};
use crate::topology::ServerAddress;

/// Empty, and free, if nobody listens.
#[derive(Clone, Debug, Default)]
pub struct Life(Option<Arc<Told>>);

#[derive(Debug)]
struct Told {
    events: Emitter,
    address: ServerAddress,
    id: SlotId,
    created: Instant,
    /// Held while an event goes out, so that no two of them change places.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// How many have checked it out; above 1 only where requests share a socket.
    checked_out: usize,
}

impl Life {
    /// A connection is about to be established.
    pub fn created(events: &Emitter, address: &ServerAddress, id: SlotId) -> Self {
        if !events.is_on(EventKinds::POOLS) {
            return Self::default();
        }
        events.emit(|| ConnectionCreated { address: address.clone(), connection_id: id.0 });
        let (events, address, state) = (events.clone(), address.clone(), Mutex::default());
        Self(Some(Arc::new(Told { events, address, id, created: Instant::now(), state })))
    }

    /// It is established.
    pub fn ready(&self) {
        self.tell(|told, state| {
            if !state.closed {
                told.events.emit(|| ConnectionReady {
                    address: told.address.clone(),
                    connection_id: told.id.0,
                    duration: told.created.elapsed(),
                });
            }
        });
    }

    /// A call got it.
    pub fn checked_out(&self, check_out: Option<Box<CheckOut>>) {
        let Some(check_out) = check_out else { return };
        self.tell(|told, state| {
            // Else its drop says that it failed.
            if !state.closed {
                state.checked_out += 1;
                check_out.succeeded(told.id);
            }
        });
    }

    /// A call gave it back.
    pub fn checked_in(&self) {
        self.tell(Told::check_in);
    }

    /// It has left the pool. Those who still had it gave it back by that. `error` is told if it
    /// is the reason.
    pub fn closed(&self, reason: ConnectionClosedReason, error: Option<&Error>) {
        self.tell(|told, state| {
            if !state.closed {
                while state.checked_out > 0 {
                    told.check_in(state);
                }
                state.closed = true;
                told.events.emit(|| ConnectionClosed {
                    address: told.address.clone(),
                    connection_id: told.id.0,
                    reason,
                    error: error.filter(|_| reason == ConnectionClosedReason::Error).cloned(),
                });
            }
        });
    }

    /// Whether anybody is told.
    pub fn is_told(&self) -> bool {
        self.0.is_some()
    }

    fn tell(&self, tell: impl FnOnce(&Told, &mut State)) {
        if let Some(told) = &self.0 {
            tell(told, &mut told.state.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Told {
    fn check_in(&self, state: &mut State) {
        if state.checked_out > 0 {
            state.checked_out -= 1;
            let connection_id = self.id.0;
            self.events.emit(|| ConnectionCheckedIn { address: self.address.clone(), connection_id });
        }
    }
}
