//! How a pool loses its sockets and those who wait: a clear, the end in its two steps, and
//! sockets that were idle for too long. And how it loses its sockets alone: by being renewed.

use std::time::Instant;

use bson::oid::ObjectId;

use super::State;
use crate::pool::answers::Cleared;
use crate::pool::queue::Waiting;
use crate::pool::refusal::Mode;
use crate::pool::slot::SlotId;

impl<E: Waiting, H: Clone, C: Clone> State<E, H, C> {
    /// See [`Pool::clear`](crate::pool::Pool::clear). The mode that ends comes back with it.
    pub fn clear(&mut self, cause: C, interrupt: bool) -> (Cleared<E, H>, Mode<C>) {
        if matches!(self.mode, Mode::Closing(_) | Mode::Closed(_)) {
            // The cause goes back, to be dropped without the lock.
            return (Cleared::nothing(self.generation), Mode::Closed(cause));
        }
        self.generation += 1;
        let before = std::mem::replace(&mut self.mode, Mode::Paused(Some(cause)));
        let cleared = self.empty_out(&before, interrupt);
        (cleared, before)
    }

    /// See [`Pool::renew`](crate::pool::Pool::renew). With the openings that will serve nobody.
    pub fn renew(&mut self) -> (Cleared<E, H>, Vec<SlotId>) {
        let mut cleared = Cleared::nothing(self.generation);
        match self.mode {
            Mode::Closing(_) | Mode::Closed(_) => return (cleared, Vec::new()),
            // What is being opened belongs to an earlier generation already.
            Mode::Paused(_) => {}
            Mode::Ready => {
                self.generation += 1;
                // An error on a socket of before must not clear what comes after it.
                self.services.renew();
                self.discouraged = false;
                let (generation, idle) = (self.generation, self.slots.drain_idle());
                cleared = Cleared { generation, was_ready: true, idle, ..cleared };
            }
        }
        (cleared, self.pending.iter().map(|opening| opening.id).collect())
    }

    /// See [`Pool::clear_service`](crate::pool::Pool::clear_service). `leads` says which
    /// slots lead to that service.
    pub fn clear_service(&mut self, id: ObjectId, leads: impl Fn(&H) -> bool) -> Cleared<E, H> {
        let mut cleared = Cleared::nothing(self.services.generation(id));
        if matches!(self.mode, Mode::Ready)
            && let Some(generation) = self.services.clear(id)
        {
            cleared = Cleared { generation, was_ready: true, idle: self.slots.outdate(leads), ..cleared };
        }
        cleared
    }

    /// See [`Pool::refuse`](crate::pool::Pool::refuse). The mode that ends comes back with those
    /// who waited.
    pub fn refuse(&mut self, cause: C) -> (Vec<E>, Mode<C>) {
        let next = match &self.mode {
            Mode::Ready => Mode::Closing(cause),
            Mode::Paused(_) => Mode::Closed(cause),
            // The cause goes back, to be dropped without the lock.
            Mode::Closing(_) | Mode::Closed(_) => return (Vec::new(), Mode::Closed(cause)),
        };
        let before = std::mem::replace(&mut self.mode, next);
        (self.queue.drain_ordinary(), before)
    }

    /// The pool closes or is closed, and no slot is in use.
    pub fn is_quiet(&self) -> bool {
        matches!(self.mode, Mode::Closing(_) | Mode::Closed(_)) && self.slots.idle() == self.slots.total()
    }

    /// See [`Pool::interrupt`](crate::pool::Pool::interrupt).
    pub fn interrupt(&mut self) -> Vec<H> {
        self.slots.drain_busy()
    }

    /// See [`Pool::close`](crate::pool::Pool::close).
    pub fn close(&mut self, cause: C) -> (Cleared<E, H>, Mode<C>) {
        if matches!(self.mode, Mode::Closed(_)) {
            return (Cleared::nothing(self.generation), Mode::Closed(cause));
        }
        let before = std::mem::replace(&mut self.mode, Mode::Closed(cause));
        let cleared = self.empty_out(&before, false);
        (cleared, before)
    }

    /// See [`Pool::idle_expired`](crate::pool::Pool::idle_expired).
    pub fn idle_expired(&mut self, now: Instant) -> Vec<H> {
        match self.options.max_idle {
            Some(max_idle) => self.slots.expired(now, max_idle),
            None => Vec::new(),
        }
    }

    fn empty_out(&mut self, before: &Mode<C>, interrupt: bool) -> Cleared<E, H> {
        Cleared {
            failed: self.queue.drain(),
            idle: self.slots.drain_idle(),
            interrupted: if interrupt { self.slots.drain() } else { Vec::new() },
            generation: self.generation,
            was_ready: matches!(before, Mode::Ready | Mode::Closing(_)),
        }
    }
}
