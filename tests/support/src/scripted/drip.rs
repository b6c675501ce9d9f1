//! A tap on a reply: its bytes leave one by one, as many as a test lets through.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Closed at first. Clones are the same tap.
#[derive(Clone, Debug, Default)]
pub struct Drip(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the test when a byte has left.
    left: Condvar,
    /// Wakes the server when one may leave.
    may: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Bytes that may leave, of all replies together.
    allowed: usize,
    /// Bytes that left.
    sent: usize,
    /// Replies that left as a whole.
    ended: usize,
    /// Everything may leave.
    open: bool,
}

impl Drip {
    /// A closed tap.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets so many more bytes through, and blocks this thread until they have left, or
    /// the end of a reply has. Whether bytes of a reply are still held back.
    ///
    /// # Panics
    /// If they have not left within the time.
    #[track_caller]
    pub fn let_through(&self, bytes: usize, within: Duration) -> bool {
        let end = Instant::now() + within;
        let mut state = self.lock();
        state.allowed = state.sent + bytes;
        let (allowed, ended) = (state.allowed, state.ended);
        self.0.may.notify_waiters();
        while state.sent < allowed && state.ended == ended {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited {within:?} in vain for {bytes} bytes to leave: {state:?}");
            let woken = self.0.left.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.ended == ended
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.lock().open = true;
        self.0.may.notify_waiters();
    }

    /// Waits until the next byte may leave.
    pub(super) async fn next(&self) {
        loop {
            // Registered before the look, so that no change between the two is missed.
            let mut notified = std::pin::pin!(self.0.may.notified());
            notified.as_mut().enable();
            let state = *self.lock();
            if state.open || state.sent < state.allowed {
                return;
            }
            notified.await;
        }
    }

    /// A byte has left; `last` is whether it was the last of its reply.
    pub(super) fn sent(&self, last: bool) {
        let mut state = self.lock();
        state.sent += 1;
        state.ended += usize::from(last);
        self.0.left.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics under it but a test that has waited in vain.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
