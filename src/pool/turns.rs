//! The line in front of a socket that is held for a request: its calls come from any task,
//! and go out one at a time, in the order in which they came.
//!
//! A socket with more than one command in flight would do for the order, but not for the
//! rest: a call that runs out of time behind another one would cost it the socket, and when
//! that breaks nobody could say which of them may have run. So a call waits here until the
//! one before was answered. Whoever answers gives the next its turn, so nobody waits for a
//! caller that does not poll. Used by [`Lease`](super::Lease) alone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::answers::Ticket;
use super::entry::Entry;
use super::lease::Lease;
use super::run::Run;
use super::slot::{Slot, SlotControl};

/// See the module. Who waits in it does not keep the socket: that is what the lease is for.
#[derive(Debug)]
pub struct Turns {
    slot: Arc<Slot>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Those who hold the socket: the request, and what its replies left open. With the last of
    /// them it goes back, behind what was sent before.
    leases: usize,
    /// It has gone back.
    ended: bool,
    /// One is with the socket.
    busy: bool,
    /// Somebody hands out turns, on this thread further up or on another one.
    serving: bool,
    waiting: VecDeque<(Ticket, Box<Run>)>,
    last: u64,
    /// What those who wait hold.
    bytes: usize,
}

/// What became of a request that came to the line.
#[derive(Debug)]
pub enum Entered {
    /// It went to the socket.
    Sent,
    /// It waits for those before it.
    Queued(Ticket),
    /// As many wait, or as many bytes, as may.
    Full {
        /// It.
        run: Box<Run>,
        /// How many wait.
        queued: usize,
    },
    /// Nobody holds the socket any more.
    Over(Box<Run>),
}

/// How many may wait, and how many bytes they may hold.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Requests.
    pub requests: usize,
    /// Bytes of these.
    pub bytes: usize,
}

/// A request's time on the socket; the next one's begins when it is dropped.
#[derive(Debug)]
pub struct Turn(Arc<Turns>);

impl State {
    /// Whether it goes back now. Once alone: a second word might end somebody else's lease.
    fn ends(&mut self) -> bool {
        let quiet = self.leases == 0 && !self.busy && self.waiting.is_empty();
        quiet && !std::mem::replace(&mut self.ended, true)
    }
}

impl Turns {
    /// The line of a socket that the pool counts as held.
    pub fn new(slot: Arc<Slot>) -> Arc<Self> {
        let (waiting, last, bytes) = (VecDeque::new(), 0, 0);
        let state = State { leases: 1, ended: false, busy: false, serving: false, waiting, last, bytes };
        Arc::new(Self { slot, state: Mutex::new(state) })
    }

    /// Goes to the socket, or to the end of the line.
    pub fn enter(self: &Arc<Self>, run: Box<Run>, room: Room) -> Entered {
        let mut state = self.lock();
        if state.leases == 0 {
            return Entered::Over(run);
        }
        if !state.busy && state.waiting.is_empty() {
            state.busy = true;
            drop(state);
            self.submit(run);
            return Entered::Sent;
        }
        let (queued, wanted) = (state.waiting.len(), run.frame.len());
        if queued >= room.requests || wanted > room.bytes.saturating_sub(state.bytes) {
            return Entered::Full { run, queued };
        }
        state.last += 1;
        state.bytes += wanted;
        let ticket = Ticket(state.last);
        state.waiting.push_back((ticket, run));
        Entered::Queued(ticket)
    }

    /// Takes one out that still waits.
    pub fn cancel(&self, ticket: Ticket) -> Option<Box<Run>> {
        let mut state = self.lock();
        let at = state.waiting.binary_search_by_key(&ticket, |place| place.0).ok()?;
        let (_, run) = state.waiting.remove(at)?;
        state.bytes -= run.frame.len();
        Some(run)
    }

    /// One of those who hold the socket lets go. After the last of them it goes back when those
    /// in line had their turns.
    pub fn leave(&self) {
        let mut state = self.lock();
        state.leases -= 1;
        let ends = state.ends();
        drop(state);
        if ends {
            self.slot.control(SlotControl::EndLease);
        }
    }

    /// The one at the socket is done. On a socket that is gone each that is submitted is
    /// answered at once, and so comes here again: it finds this loop at work and leaves the
    /// rest to it, or the stack would have to hold the whole line.
    fn next(self: &Arc<Self>) {
        let mut state = self.lock();
        state.busy = false;
        if state.serving {
            return;
        }
        state.serving = true;
        while !state.busy
            && let Some((_, run)) = state.waiting.pop_front()
        {
            state.bytes -= run.frame.len();
            state.busy = true;
            drop(state);
            // A waker of the caller's that panics must not cost the others their turns.
            if catch_unwind(AssertUnwindSafe(|| self.submit(run))).is_err() {
                tracing::error!(target: "actix_mongo::connection", "a caller's waker panicked");
            }
            state = self.lock();
        }
        state.serving = false;
        let ends = state.ends();
        drop(state);
        if ends {
            self.slot.control(SlotControl::EndLease);
        }
    }

    fn submit(self: &Arc<Self>, mut run: Box<Run>) {
        run.turn = Some(Turn(self.clone()));
        self.slot.submit(Entry::Run(run));
    }

    /// The state holds after a panic too: nothing under the lock runs foreign code.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// One more lease of the socket, for what its reply leaves open. As long as it is its turn
    /// the socket has not gone back, though all others may have let go.
    pub fn share(&self) -> Lease {
        self.0.lock().leases += 1;
        Lease::in_line(self.0.slot.clone(), self.0.clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.next();
    }
}
