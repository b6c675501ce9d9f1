//! A place in the pool, taken by one established socket.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use actix::Recipient;

use super::entry::Entry;
use super::life::Life;
use super::service::{Origin, Service};
use crate::error::Error;

/// Names a place in one pool; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u64);

/// What a pool, a lease or the supervisor tells a socket.
#[derive(Debug)]
pub enum SlotControl {
    /// Its lease ended.
    EndLease,
    /// What it reported to the supervisor is applied: its oldest report of a changed state.
    Applied,
    /// Close as soon as nothing is in flight.
    Retire,
    /// Close now; what is in flight fails with this.
    Abort(Error),
}

impl actix::Message for SlotControl {
    type Result = ();
}

/// An established socket, as the pool sees it.
#[derive(Debug)]
pub struct Slot {
    /// Its name in the pool.
    pub id: SlotId,
    /// The pool's generation when the socket was opened.
    pub generation: u64,
    /// The service behind a load balancer that it leads to.
    service: Option<Service>,
    opened: Instant,
    /// The thread that its socket lives on.
    home: ThreadId,
    /// Microseconds after `opened`, at least 1, at which its present request was taken; 0
    /// while there is none. Written by the socket, read by `state()`; nothing is ordered
    /// by it.
    busy: AtomicU64,
    /// Its socket has ended. Set before the pool hears of it, under whose lock it is ordered.
    over: AtomicBool,
    entries: Recipient<Entry>,
    control: Recipient<SlotControl>,
    life: Life,
}

impl Slot {
    /// A slot whose socket listens at these, and lives on this thread.
    pub fn new(
        id: SlotId,
        generation: u64,
        entries: Recipient<Entry>,
        control: Recipient<SlotControl>,
    ) -> Self {
        let (opened, home, life) = (Instant::now(), thread::current().id(), Life::default());
        let (service, busy, over) = (None, AtomicU64::new(0), AtomicBool::new(false));
        Self { id, generation, service, opened, home, busy, over, entries, control, life }
    }

    /// The same, with the connection's life as listeners are told of it.
    pub fn with_life(self, life: Life) -> Self {
        Self { life, ..self }
    }

    /// The same, of a socket that leads to this service behind a load balancer.
    pub fn with_service(self, service: Option<Service>) -> Self {
        Self { service, ..self }
    }

    /// The generations that its socket belongs to.
    pub fn origin(&self) -> Origin {
        Origin { generation: self.generation, service: self.service }
    }

    /// The connection's life.
    pub fn life(&self) -> &Life {
        &self.life
    }

    /// Whether its socket lives on this thread.
    pub fn lives_on(&self, thread: ThreadId) -> bool {
        self.home == thread
    }

    /// Sends an entry. If the socket is gone the entry is dropped, and answers by that.
    pub fn submit(&self, entry: Entry) {
        self.entries.do_send(entry);
    }

    /// Whether its socket's actor still takes entries. It does not where the pool no longer
    /// counts its socket, though its mailbox may outlast that by a moment.
    pub fn is_connected(&self) -> bool {
        !self.over.load(Relaxed) && self.entries.connected()
    }

    /// Notes that its socket has ended.
    pub fn mark_over(&self) {
        self.over.store(true, Relaxed);
    }

    /// Notes that a request was taken while none was in flight.
    pub fn mark_busy(&self, now: Instant) {
        let after = now.saturating_duration_since(self.opened).as_micros();
        self.busy.store(u64::try_from(after).unwrap_or(u64::MAX).max(1), Relaxed);
    }

    /// Notes that nothing is in flight any more.
    pub fn mark_quiet(&self) {
        self.busy.store(0, Relaxed);
    }

    /// For how long the oldest request in flight has been so.
    pub fn busy_for(&self, now: Instant) -> Option<Duration> {
        let since = Some(self.busy.load(Relaxed)).filter(|since| *since != 0)?;
        Some(now.saturating_duration_since(self.opened + Duration::from_micros(since)))
    }

    /// How long ago it was established.
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.opened)
    }

    /// Sends an order.
    pub fn control(&self, order: SlotControl) {
        self.control.do_send(order);
    }
}
