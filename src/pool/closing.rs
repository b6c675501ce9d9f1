//! The end of a pool, before [`Pool::close`]: those who wait are sent away, those in flight
//! get their time, and what the connection itself has to say still goes out.

use std::sync::Arc;

use super::{Entry, Opening, Pool, Slot};
use crate::error::Error;

impl Pool {
    /// Refuses all but the connection's own last words from now on, and takes out everybody
    /// else who waits; they fail with [`closed_error`](Self::closed_error). What is in
    /// flight goes on, and idle sockets stay. A pool that is paused closes at once.
    pub fn refuse(&self, cause: Error) -> Vec<Entry> {
        let (failed, _before) = self.lock().refuse(Arc::new(cause));
        failed
    }

    /// Ready once nothing is in use of a pool that refuses, or is closed.
    pub async fn until_quiet(&self) {
        loop {
            // Made before the look: whoever tells between the two is heard.
            let told = self.quiet.notified();
            if self.lock().is_quiet() {
                return;
            }
            told.await;
        }
    }

    /// Takes out all sockets that are in use; abort them.
    pub fn interrupt(&self) -> Vec<Arc<Slot>> {
        self.lock().interrupt()
    }

    /// Counts a socket no more, whether it is being opened or in use: nothing is to be
    /// expected of it. It retires as soon as it asks for anything.
    pub fn forsake(&self, opening: Opening) {
        let mut state = self.lock();
        let handle = state.forsake(opening);
        let quiet = state.is_quiet();
        drop(state);
        drop(handle);
        self.tell_if(quiet);
    }

    /// Without the lock: it wakes.
    pub(super) fn tell_if(&self, quiet: bool) {
        if quiet {
            self.quiet.notify_waiters();
        }
    }
}
