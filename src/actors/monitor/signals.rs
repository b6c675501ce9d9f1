//! How the monitor's handlers reach the check that is under way, or the pause between two.

use std::cell::Cell;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::race::{Either, race};

/// Shared by the actor and its two futures, all on one thread.
#[derive(Debug, Default)]
pub struct Signals {
    wake: Notify,
    cancel: Notify,
    streams: Notify,
    /// Set by handlers while the monitor pauses.
    wanted: Cell<Option<Wanted>>,
    checking: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Soon,
    AtOnce,
}

impl Signals {
    /// Passed over while a check is under way.
    pub fn check_now(&self) {
        if !self.checking.get() && self.wanted.get().is_none() {
            self.wanted.set(Some(Wanted::Soon));
            self.wake.notify_one();
        }
    }

    /// Holds also if the pause is only about to begin.
    pub fn recheck(&self) {
        self.wanted.set(Some(Wanted::AtOnce));
        self.wake.notify_one();
    }

    /// Only the check under way is meant. It counts as over from now on: whoever asks for
    /// a check after this, even before the future is polled again, wants another one.
    pub fn cancel(&self) {
        if self.checking.replace(false) {
            self.cancel.notify_one();
        }
    }

    /// Runs a check. `None` if it was cancelled.
    pub async fn unless_cancelled<T>(&self, check: impl Future<Output = T>) -> Option<T> {
        self.wanted.set(None);
        self.checking.set(true);
        // A cancellation that came together with the end of the check before was for that one.
        pin!(self.cancel.notified()).enable();
        let outcome = race(pin!(check), pin!(self.cancel.notified())).await;
        self.checking.set(false);
        match outcome {
            Either::Left(result) => Some(result),
            Either::Right(()) => None,
        }
    }

    /// Waits for the next turn: `heartbeat` after `since`, or `least` after it if a check
    /// is asked for, or at once if told so.
    pub async fn pause(&self, since: Instant, heartbeat: Duration, least: Duration) {
        loop {
            let until = match self.wanted.get() {
                Some(Wanted::AtOnce) => return,
                Some(Wanted::Soon) => since + least,
                None => since + heartbeat,
            };
            let sleep = pin!(tokio::time::sleep_until(until.into()));
            if let Either::Left(()) = race(sleep, pin!(self.wake.notified())).await {
                return;
            }
        }
    }

    /// Hellos are streamed from now on.
    pub fn streaming(&self) {
        self.streams.notify_one();
    }

    /// Waits for that.
    pub async fn until_streaming(&self) {
        self.streams.notified().await;
    }
}
