//! The callers' side of the timer: setting an alarm costs a lock, and only one that is due
//! before all others a message.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use actix::Addr;
use tokio::sync::oneshot;

use super::Timer;
use super::alarms::{Alarm, Alarms};
use super::messages::Sooner;
use crate::pool::Pool;

/// Sets alarms. Works on any thread, without a runtime of the caller's.
#[derive(Clone, Debug)]
pub struct AlarmClock {
    timer: Addr<Timer>,
    alarms: SharedAlarms,
}

impl AlarmClock {
    /// For the timer behind this address, which [has](Timer::new) the same alarms.
    pub fn new(timer: Addr<Timer>, alarms: SharedAlarms) -> Self {
        Self { timer, alarms }
    }

    /// Ready at this time; an error if the timer is gone.
    pub fn wake_at(&self, at: Instant) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        self.set(at, Alarm::Wake(wake));
        woken
    }

    /// From this time on, entries are taken out of the pool's queue whose wait is over, and
    /// answered. That goes on by itself while entries with deadlines wait.
    pub fn expire_at(&self, at: Instant, pool: &Arc<Pool>) {
        self.set(at, Alarm::Expire(Arc::downgrade(pool)));
    }

    fn set(&self, at: Instant, alarm: Alarm) {
        let sooner = self.alarms.lock().set(at, alarm);
        if sooner {
            self.timer.do_send(Sooner);
        }
    }
}

/// The alarms of one timer.
#[derive(Clone, Debug, Default)]
pub struct SharedAlarms(Arc<Mutex<Alarms>>);

impl SharedAlarms {
    /// Nothing panics under this lock, and whatever it holds is sound at every moment.
    pub(super) fn lock(&self) -> MutexGuard<'_, Alarms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with a pool whose queue has entries with later deadlines.
    pub(super) fn expire_again(&self, at: Instant, pool: Weak<Pool>) {
        // The timer itself asks, and looks at its alarms before it sleeps.
        let _ = self.lock().set(at, Alarm::Expire(pool));
    }
}
