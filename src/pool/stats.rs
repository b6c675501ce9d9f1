//! What a pool looks like at one moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lease::Purpose;
use super::queue::Waiting;
use super::refusal::Mode;
use super::service::ServiceInfo;
use super::slot::{Slot, SlotId};
use super::slots::Record;
use super::state::State;
use crate::topology::Limits;

/// Counts of one pool, taken together under its lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// `"paused"`, `"ready"`, `"closing"` or `"closed"`.
    pub state: &'static str,
    /// How often the pool was cleared.
    pub generation: u64,
    /// Established sockets.
    pub total: usize,
    /// Established sockets with nothing to do.
    pub idle: usize,
    /// Sockets being established.
    pub pending: usize,
    /// Sockets held by leases, of every purpose.
    pub leased: usize,
    /// Of these, parked by awaitData, tailable and exhaust cursors.
    pub parked: usize,
    /// Of these, pinned by cursors behind a load balancer.
    pub by_cursors: usize,
    /// Of these, pinned by transactions behind a load balancer.
    pub by_transactions: usize,
    /// Of these, held by callers' own `start_request`.
    pub by_requests: usize,
    /// Requests in flight that the pool gave out; what runs on leases is not counted.
    pub in_flight: usize,
    /// Entries that wait.
    pub queued: usize,
    /// Bytes that waiting entries hold.
    pub queued_bytes: usize,
    /// The services behind a load balancer that its sockets lead to.
    pub services: Vec<ServiceInfo>,
    /// What the handshakes of this generation found.
    pub limits: Limits,
}

impl PoolStats {
    /// Counts a pool's state.
    pub(super) fn of<E: Waiting, H: Clone, C: Clone>(state: &State<E, H, C>, limits: Limits) -> Self {
        let held = |purpose| {
            let slots = state.slots().iter();
            slots.filter(|slot| slot.held == Some(purpose)).count()
        };
        Self {
            state: match state.mode() {
                Mode::Paused(_) => "paused",
                Mode::Ready => "ready",
                Mode::Closing(_) => "closing",
                Mode::Closed(_) => "closed",
            },
            generation: state.generation(),
            total: state.slots().len(),
            idle: state.idle(),
            pending: state.pending(),
            leased: state.slots().iter().filter(|slot| slot.held.is_some()).count(),
            parked: held(Purpose::Parked),
            by_cursors: held(Purpose::Cursor),
            by_transactions: held(Purpose::Transaction),
            by_requests: held(Purpose::Request),
            in_flight: state.slots().iter().map(|slot| slot.in_flight).sum(),
            queued: state.queue().len(),
            queued_bytes: state.queue().bytes(),
            services: state.services().infos().to_vec(),
            limits,
        }
    }
}

/// What the pool knows of one established socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotInfo {
    /// Its name in the pool.
    pub id: SlotId,
    /// The generation it was opened in.
    pub generation: u64,
    /// Requests in flight that the pool gave it.
    pub in_flight: usize,
    /// What it is held for, if it is.
    pub held: Option<Purpose>,
    /// Since when it is idle; recorded only where idle sockets expire.
    pub idle_since: Option<Instant>,
    /// For how long its oldest request has been in flight.
    pub busy_for: Option<Duration>,
    /// How long ago it was established.
    pub age: Duration,
}

impl SlotInfo {
    pub(super) fn of(record: &Record<Arc<Slot>>, now: Instant) -> Self {
        Self {
            busy_for: record.handle.busy_for(now),
            age: record.handle.age(now),
            id: record.id,
            generation: record.generation,
            in_flight: record.in_flight,
            held: record.held,
            idle_since: record.idle_since,
        }
    }
}
