//! One pool per server: who may use which socket, and who waits.
//!
//! Callers (dispatch), sockets and the supervisor all call it directly; it is not an
//! actor. It is plain data ([`State`]) behind one mutex that is held for a few
//! instructions; nothing is sent, answered, dropped or encoded under it. (Where somebody
//! listens, a pool's own events go into the listeners' backlogs under it, so that they come
//! in the order of what they tell; see `told.rs`.)

mod answers;
mod check_out;
mod closing;
mod entry;
mod lease;
mod life;
mod limits;
mod options;
mod queue;
mod refusal;
mod renewal;
mod run;
mod sealing;
mod service;
mod slot;
mod slots;
mod state;
mod stats;
#[cfg(test)]
mod tests;
mod told;
mod turns;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub use answers::{Claim, Cleared, Next, Opening, Ticket};
pub use check_out::CheckOut;
pub use entry::Entry;
pub use lease::{Lease, LeaseRequest, Purpose};
pub use life::Life;
pub use options::PoolOptions;
pub use renewal::Renewed;
pub use run::{Answer, Failure, Follow, Namespace, Outcome, Run, SessionUse};
pub use sealing::{Surroundings, out_of_time};
pub use service::{Origin, Service, ServiceInfo};
pub use slot::{Slot, SlotControl, SlotId};
pub use stats::{PoolStats, SlotInfo};
pub use turns::{Entered, Room, Turns};

use crate::error::Error;
use crate::events::{ConnectionClosedReason, Emitter};
pub use crate::topology::Limits;
use crate::topology::ServerAddress;
use answers::Swept;
use limits::SharedLimits;
use refusal::Mode;
use state::State;

/// The logic itself, for those who step it without a lock.
#[cfg(feature = "unstable-internals")]
pub mod logic {
    pub use super::answers::Swept;
    pub use super::queue::{Queue, Waiting};
    pub use super::refusal::{Mode, Refusal};
    pub use super::service::Services;
    pub use super::slots::{Record, Slots};
    pub use super::state::State;
}

/// The pool of one server.
#[derive(Debug)]
pub struct Pool {
    address: ServerAddress,
    options: PoolOptions,
    state: Mutex<State<Entry, Arc<Slot>, Arc<Error>>>,
    /// Written by `opened` and `set_limits`, read by every operation before it encodes.
    limits: SharedLimits,
    /// In nanoseconds. Written by the supervisor, read by sockets for `maxTimeMS`.
    min_rtt: AtomicU64,
    /// Told when the last request in flight is done, once the pool closes.
    quiet: Notify,
    /// Counts [`OperationGuard`]s; a hint for server selection, so nothing is ordered by it.
    operations: AtomicUsize,
    events: Emitter,
}

impl Pool {
    /// A paused, empty pool.
    pub fn new(address: ServerAddress, options: PoolOptions) -> Self {
        let options = options.normal();
        Self {
            address,
            state: Mutex::new(State::new(options.clone())),
            options,
            limits: SharedLimits::new(Limits::default()),
            min_rtt: AtomicU64::new(0),
            quiet: Notify::new(),
            operations: AtomicUsize::new(0),
            events: Emitter::default(),
        }
    }

    /// The server's address.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// What it was made with.
    pub fn options(&self) -> &PoolOptions {
        &self.options
    }

    /// A caller wants a socket for `entry`: if the pool does not serve, it is refused; if
    /// a slot is idle and nobody waits, it takes that; else it waits.
    ///
    /// Idle sockets that turn out to have been so for too long leave the pool and are
    /// told to retire. `now` is asked only where idle sockets expire.
    pub fn claim(&self, mut entry: Entry, now: impl FnOnce() -> Instant) -> Claim {
        let now = self.options.max_idle.map(|_| now());
        let mut swept = Swept::default();
        self.tell_check_out(&mut entry);
        let claim = if self.options.lent {
            let here = thread::current().id();
            let near = |slot: &Arc<Slot>| slot.lives_on(here);
            self.lock().claim_near(entry, now, Some(&near), &mut swept)
        } else {
            self.lock().claim(entry, now, &mut swept)
        };
        told::tell_all(&swept.slots, ConnectionClosedReason::Idle);
        for slot in swept.slots {
            slot.control(SlotControl::Retire);
        }
        match claim {
            Claim::Taken(slot, entry) => Claim::Taken(slot, entry),
            Claim::Queued { ticket, arm, grow } => Claim::Queued { ticket, arm, grow },
            Claim::Refused(entry, refusal) => {
                let error = refusal::refused(&refusal, &self.address, &self.options);
                Claim::Refused(entry, error)
            }
        }
    }

    /// Takes a waiting entry out, if it still waits. The caller drops or answers it, and
    /// then asks for [`more`](Self::more).
    pub fn cancel(&self, ticket: Ticket) -> Option<Entry> {
        self.lock().cancel(ticket)
    }

    /// Takes out all entries whose wait is over at `now`; and when to call again. The
    /// caller answers them, and then asks for [`more`](Self::more).
    pub fn expire(&self, now: Instant) -> (Vec<Entry>, Option<Instant>) {
        self.lock().expire(now)
    }

    /// A socket has finished one request, or its lease ended: one call for each. While a
    /// slot is held and requests from before are in flight, it gets nothing new until it
    /// was released for all of them and for the lease.
    ///
    /// `now` is asked only where idle sockets expire. At a `pipeline_depth` above 1, ask
    /// for [`more`](Self::more) afterwards.
    pub fn release(&self, slot: &Slot, now: impl FnOnce() -> Instant) -> Next {
        let now = self.options.max_idle.map(|_| now());
        let mut swept = Swept::default();
        let mut state = self.lock();
        let next = state.release(slot.id, now, &mut swept);
        let quiet = state.is_quiet();
        // What was swept goes after the lock.
        drop(state);
        self.tell_if(quiet);
        next
    }

    /// A waiting entry, and a slot that has room for it: submit it there. Ask until there
    /// is none, after each `release`, `opened`, `cancel` and `expire`.
    ///
    /// At a `pipeline_depth` of 1 there never is one, and no lock is taken. Above, one
    /// call can make room for several entries: an exclusive one in front held up those
    /// behind it, or an empty socket takes many.
    pub fn more(&self) -> Option<(Arc<Slot>, Entry)> {
        if self.options.pipeline_depth == 1 {
            return None;
        }
        let mut swept = Swept::default();
        self.lock().more(&mut swept)
    }

    /// Gives waiting entries to the slots that have room for them: all that
    /// [`more`](Self::more) finds.
    pub fn serve(&self) {
        while let Some((slot, entry)) = self.more() {
            slot.submit(entry);
        }
    }

    /// A socket that runs an ordinary request keeps itself for a lease (`HoldIfCursor`):
    /// in place of the release for that request.
    pub fn hold(&self, slot: &Slot, purpose: Purpose) {
        self.lock().hold(slot.id, purpose);
    }

    /// The pool takes entries from now on, unless it was closed. True if sockets should
    /// be opened.
    pub fn ready(&self) -> bool {
        let mut state = self.lock();
        let paused = matches!(state.mode(), Mode::Paused(_));
        let (open, _cause) = state.ready();
        if paused {
            self.tell_ready();
        }
        drop(state);
        open
    }

    /// Leave to open a socket, if one is wanted and allowed now. The supervisor asks until
    /// there is none: when told to grow, when `ready` says so, and after each socket that
    /// was opened, failed to, or closed.
    pub fn begin_open(&self) -> Option<Opening> {
        self.lock().begin_open()
    }

    /// The socket of an opening (same id, same generation) is established.
    pub fn opened(&self, slot: Arc<Slot>, limits: Limits, now: Instant) -> Next {
        let opening = Opening { id: slot.id, generation: slot.generation };
        let now = self.options.max_idle.map(|_| now);
        let mut swept = Swept::default();
        let mut state = self.lock();
        let next = state.opened(opening, slot.origin().service, &slot, now, &mut swept);
        if !matches!(next, Next::Retire) {
            // Under the lock, so that no later generation's limits are overwritten.
            self.limits.set(limits);
            self.limits.set_compressor(limits.compressor);
        }
        drop(state);
        next
    }

    /// The socket of `opening` could not be established. The oldest live entry, which
    /// must fail with the cause; none if the opening's generation has passed. The minimum
    /// size is restored only after the next [`ready`](Self::ready), or socket that is opened.
    pub fn open_failed(&self, opening: Opening) -> Option<Entry> {
        let mut swept = Swept::default();
        self.lock().open_failed(opening, &mut swept)
    }

    /// An established socket is gone. Nothing happens if its slot has left the pool
    /// before, as by [`Next::Retire`] or a clear.
    pub fn closed(&self, id: SlotId) {
        let mut state = self.lock();
        let handle = state.closed(id);
        let quiet = state.is_quiet();
        drop(state);
        drop(handle);
        self.tell_if(quiet);
    }

    /// Starts a new generation, pauses, and takes out what waits and what is idle; and
    /// what is in use, if `interrupt`. On a paused pool, that still counts the generation
    /// up and replaces the cause; on a closed one it does nothing.
    ///
    /// [`cleared_error`](Self::cleared_error) is what the waiting entries fail with, and
    /// [`interrupted_error`](Self::interrupted_error) what the interrupted ones do.
    pub fn clear(&self, cause: Error, interrupt: bool) -> Cleared {
        let mut state = self.lock();
        let (cleared, _before) = state.clear(Arc::new(cause), interrupt);
        self.tell_cleared(&cleared, None, interrupt);
        drop(state);
        cleared
    }

    /// Closes for good: takes out what waits and what is idle. What is in use retires
    /// when it is released. [`refuse`](Self::refuse) is the gentler way to begin.
    pub fn close(&self, cause: Error) -> Cleared {
        let mut state = self.lock();
        let closed = matches!(state.mode(), Mode::Closed(_));
        let (cleared, _before) = state.close(Arc::new(cause));
        if !closed {
            self.tell_pool_closed(&cleared);
        }
        drop(state);
        cleared
    }

    /// Takes out all sockets that have been idle for `max_idle`; retire them. Afterwards
    /// [`begin_open`](Self::begin_open) restores the minimum size: the pooling
    /// specification exempts no socket, for one kept longer may have been cut off.
    pub fn idle_expired(&self, now: Instant) -> Vec<Arc<Slot>> {
        if self.options.max_idle.is_none() {
            return Vec::new();
        }
        let expired = self.lock().idle_expired(now);
        told::tell_all(&expired, ConnectionClosedReason::Idle);
        expired
    }

    /// The present generation.
    pub fn generation(&self) -> u64 {
        self.lock().generation()
    }

    /// What the handshakes found, of this generation or else of an earlier one.
    pub fn limits(&self) -> Limits {
        self.limits.get()
    }

    /// Takes over limits that a monitor's hello found.
    pub fn set_limits(&self, limits: Limits) {
        self.limits.set(limits);
    }

    /// Counts and limits, for `Connection::state()` and error messages.
    pub fn stats(&self) -> PoolStats {
        PoolStats::of(&self.lock(), self.limits.get())
    }

    /// What each established socket is doing, by id.
    pub fn slots(&self, now: Instant) -> Vec<SlotInfo> {
        self.lock().slots().iter().map(|record| SlotInfo::of(record, now)).collect()
    }

    /// What fails because the pool was cleared for `cause`.
    pub fn cleared_error(&self, cause: &Error) -> Error {
        refusal::cleared(cause, &self.address)
    }

    /// What fails because a clear for `cause` interrupted it.
    pub fn interrupted_error(&self, cause: &Error) -> Error {
        refusal::interrupted(cause, &self.address)
    }

    /// What fails because the pool was closed for `cause`.
    pub fn closed_error(&self, cause: &Error) -> Error {
        refusal::closed(cause, &self.address)
    }

    /// The least round-trip time of the server, as its monitor last found it.
    pub fn min_rtt(&self) -> Duration {
        Duration::from_nanos(self.min_rtt.load(Relaxed))
    }

    /// Set by the supervisor.
    pub fn set_min_rtt(&self, rtt: Duration) {
        let nanos = u64::try_from(rtt.as_nanos()).unwrap_or(u64::MAX);
        self.min_rtt.store(nanos, Relaxed);
    }

    /// Operations under way on this server, from selection to answer; server selection
    /// prefers the lower of two.
    pub fn operations(&self) -> usize {
        self.operations.load(Relaxed)
    }

    /// Counts an operation until the guard is dropped.
    pub fn operation_started(self: &Arc<Self>) -> OperationGuard {
        self.operations.fetch_add(1, Relaxed);
        OperationGuard { pool: Arc::clone(self) }
    }

    /// The state holds after a panic too: nothing in it runs foreign code halfway through
    /// a change.
    fn lock(&self) -> MutexGuard<'_, State<Entry, Arc<Slot>, Arc<Error>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one operation in [`Pool::operations`].
#[derive(Debug)]
pub struct OperationGuard {
    pool: Arc<Pool>,
}

impl Drop for OperationGuard {
    fn drop(&mut self) {
        self.pool.operations.fetch_sub(1, Relaxed);
    }
}
