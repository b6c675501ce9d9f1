//! The events of one server's checks: each that began ends, also if its monitor does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bson::RawDocument;

use super::emitter::Emitter;
use super::topology::{ServerHeartbeatFailed, ServerHeartbeatStarted, ServerHeartbeatSucceeded};
use crate::error::Error;
use crate::topology::ServerAddress;

/// Shared by a monitor, which tells of its checks, and the supervisor, which ends them.
#[derive(Debug)]
pub struct Heartbeat {
    events: Emitter,
    address: ServerAddress,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when a check is under way, and whether it is an awaited one.
    check: Option<(Instant, bool)>,
    /// Nothing is told any more.
    over: bool,
}

impl Heartbeat {
    /// The checks of this server.
    pub fn new(events: Emitter, address: ServerAddress) -> Self {
        Self { events, address, state: Mutex::default() }
    }

    /// A check begins.
    pub fn started(&self, awaited: bool) {
        if !self.events.is_on() {
            return;
        }
        let mut state = self.lock();
        if !state.over {
            state.check = Some((Instant::now(), awaited));
            self.events.emit(|| ServerHeartbeatStarted { address: self.address.clone(), awaited });
        }
    }

    /// It succeeded, and took so long, if that was measured.
    pub fn succeeded(&self, rtt: Option<Duration>, reply: &RawDocument) {
        if let Some((since, awaited)) = self.lock().check.take() {
            self.events.emit(|| ServerHeartbeatSucceeded {
                address: self.address.clone(),
                awaited,
                duration: rtt.unwrap_or_else(|| since.elapsed()),
                reply: reply.to_owned(),
            });
        }
    }

    /// It failed.
    pub fn failed(&self, error: &Error) {
        self.fail(&mut self.lock(), error);
    }

    /// There are no more checks; the one under way, if any, failed.
    pub fn end(&self, error: &Error) {
        let mut state = self.lock();
        state.over = true;
        self.fail(&mut state, error);
    }

    fn fail(&self, state: &mut State, error: &Error) {
        if let Some((since, awaited)) = state.check.take() {
            self.events.emit(|| ServerHeartbeatFailed {
                address: self.address.clone(),
                awaited,
                duration: since.elapsed(),
                error: error.clone(),
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
