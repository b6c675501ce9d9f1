//! What listeners for events are told by the pool itself.

use std::sync::Arc;

use bson::oid::ObjectId;

use super::answers::Cleared;
use super::entry::Entry;
use super::options::PoolOptions;
use super::refusal::Mode;
use super::{CheckOut, Life, Opening, Origin, Pool, Slot};
use crate::error::Error;
use crate::events::{
    CommandTeller, ConnectionClosedReason, Emitter, EventKinds, PoolCleared, PoolClosed, PoolCreated,
    PoolReady,
};
use crate::topology::ServerAddress;

impl Pool {
    /// A paused, empty pool that tells listeners what happens in it.
    pub fn with_events(address: ServerAddress, options: PoolOptions, events: Emitter) -> Self {
        let pool = Self { events, ..Self::new(address, options) };
        pool.events.emit(|| PoolCreated { address: pool.address.clone(), options: pool.options.settings() });
        pool
    }

    /// The life of the connection that is about to be opened; listeners hear of its start.
    pub fn life_of(&self, opening: Opening) -> Life {
        Life::created(&self.events, &self.address, opening.id)
    }

    /// Why a connection of this origin leaves the pool, if it is not for being idle.
    pub fn close_reason(&self, origin: Origin) -> ConnectionClosedReason {
        let state = self.lock();
        match state.mode() {
            Mode::Closing(_) | Mode::Closed(_) => ConnectionClosedReason::PoolClosed,
            _ if origin.generation != state.generation() || origin.number() != state.present(origin) => {
                ConnectionClosedReason::Stale
            }
            _ => ConnectionClosedReason::Error,
        }
    }

    /// Listeners hear of a connection that left with no word of its socket, or with this error.
    pub fn tell_closed(&self, life: &Life, origin: Origin, error: Option<&Error>) {
        if life.is_told() {
            life.closed(self.close_reason(origin), error);
        }
    }

    /// What a connection tells of its commands.
    pub fn command_teller(
        &self,
        opening: Opening,
        server_connection_id: Option<i64>,
        service_id: Option<ObjectId>,
    ) -> CommandTeller {
        let (events, address) = (self.events.clone(), self.address.clone());
        CommandTeller::new(events, address, opening.id.0, server_connection_id, service_id)
    }

    pub(super) fn tell_check_out(&self, entry: &mut Entry) {
        if self.events.is_on(EventKinds::POOLS) {
            *entry.check_out() = CheckOut::start(&self.events, &self.address);
        }
    }

    pub(super) fn tell_ready(&self) {
        self.events.emit(|| PoolReady { address: self.address.clone() });
    }

    pub(super) fn tell_cleared(&self, cleared: &Cleared, service_id: Option<ObjectId>, interrupt: bool) {
        if !self.events.is_on(EventKinds::POOLS) || !cleared.was_ready {
            return;
        }
        self.events.emit(|| PoolCleared {
            address: self.address.clone(),
            service_id,
            interrupt_in_use_connections: interrupt,
        });
        let interrupted = cleared.interrupted.iter();
        tell_all(cleared.idle.iter().chain(interrupted), ConnectionClosedReason::Stale);
    }

    pub(super) fn tell_pool_closed(&self, cleared: &Cleared) {
        tell_all(&cleared.idle, ConnectionClosedReason::PoolClosed);
        self.events.emit(|| PoolClosed { address: self.address.clone() });
    }
}

/// Listeners hear that these left.
pub(super) fn tell_all<'a>(slots: impl IntoIterator<Item = &'a Arc<Slot>>, reason: ConnectionClosedReason) {
    for slot in slots {
        slot.life().closed(reason, None);
    }
}
