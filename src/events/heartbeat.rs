//! The events of one server's checks: each that began ends, also if its monitor does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bson::RawDocument;

use super::emitter::Emitter;
use super::kinds::EventKinds;
use super::topology::{ServerHeartbeatFailed, ServerHeartbeatStarted, ServerHeartbeatSucceeded, TopologyId};
use crate::error::Error;
use crate::topology::ServerAddress;

/// Shared by a monitor, which tells of its checks, and the supervisor, which ends them.
#[derive(Debug)]
pub struct Heartbeat {
    events: Emitter,
    topology_id: TopologyId,
    address: ServerAddress,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when a check is under way, and whether it is an awaited one.
    check: Option<(Instant, bool)>,
    /// Connections that were made so far, the present one included.
    connections: u64,
    /// What the server calls the present one.
    server_connection_id: Option<i64>,
    /// Nothing is told any more.
    over: bool,
}

impl Heartbeat {
    /// The checks of this server.
    pub fn new(events: Emitter, topology_id: TopologyId, address: ServerAddress) -> Self {
        Self { events, topology_id, address, state: Mutex::default() }
    }

    /// The next check makes a connection.
    pub fn connecting(&self) {
        let mut state = self.lock();
        state.connections += 1;
        state.server_connection_id = None;
    }

    /// It is made, and the server calls it this.
    pub fn connected(&self, server_connection_id: Option<i64>) {
        self.lock().server_connection_id = server_connection_id;
    }

    /// A check begins.
    pub fn started(&self, awaited: bool) {
        if !self.events.is_on(EventKinds::TOPOLOGY) {
            return;
        }
        let mut state = self.lock();
        if !state.over {
            state.check = Some((Instant::now(), awaited));
            self.events.emit(|| ServerHeartbeatStarted {
                topology_id: self.topology_id,
                address: self.address.clone(),
                connection_id: state.connections,
                server_connection_id: state.server_connection_id,
                awaited,
            });
        }
    }

    /// It succeeded, and took so long, if that was measured.
    pub fn succeeded(&self, rtt: Option<Duration>, reply: &RawDocument) {
        let mut state = self.lock();
        if let Some((since, awaited)) = state.check.take() {
            self.events.emit(|| ServerHeartbeatSucceeded {
                topology_id: self.topology_id,
                address: self.address.clone(),
                connection_id: state.connections,
                server_connection_id: state.server_connection_id,
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
                topology_id: self.topology_id,
                address: self.address.clone(),
                connection_id: state.connections,
                server_connection_id: state.server_connection_id,
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
