//! How a pool comes to its sockets: whether one is wanted, the leave to open it, and how
//! that turned out.

use std::time::Instant;

use super::State;
use crate::pool::answers::{Next, Opening, Swept};
use crate::pool::queue::Waiting;
use crate::pool::refusal::Mode;
use crate::pool::service::Service;
use crate::pool::slot::SlotId;

impl<E: Waiting, H: Clone, C: Clone> State<E, H, C> {
    /// See [`Pool::ready`](crate::pool::Pool::ready). The cause of the pause that ends comes
    /// back with the answer.
    pub fn ready(&mut self) -> (bool, Option<C>) {
        let mut ended = None;
        if let Mode::Paused(cause) = &mut self.mode {
            ended = cause.take();
            self.mode = Mode::Ready;
        }
        self.discouraged = false;
        (self.wants_socket(), ended)
    }

    /// See [`Pool::begin_open`](crate::pool::Pool::begin_open).
    pub fn begin_open(&mut self) -> Option<Opening> {
        // It asked; whoever queues from now on must tell it again.
        self.told = false;
        if !self.wants_socket() {
            return None;
        }
        self.last_slot += 1;
        let opening = Opening { id: SlotId(self.last_slot), generation: self.generation };
        self.pending.push(opening);
        Some(opening)
    }

    /// See [`Pool::opened`](crate::pool::Pool::opened).
    pub fn opened(
        &mut self,
        opening: Opening,
        service: Option<Service>,
        handle: &H,
        now: Option<Instant>,
        swept: &mut Swept<E, H>,
    ) -> Next<E> {
        let cleared = |it: Service| it.generation != self.services.generation(it.id);
        let cleared = service.is_some_and(cleared);
        if !self.settle(opening) || !self.serves(opening.generation) || cleared {
            return Next::Retire;
        }
        self.discouraged = false;
        let at = self.slots.insert(opening.id, opening.generation, handle.clone());
        match self.next_for(at, swept) {
            Some(entry) => Next::Run(entry),
            None => {
                self.slots.rest(at, now);
                Next::Idle
            }
        }
    }

    /// See [`Pool::open_failed`](crate::pool::Pool::open_failed).
    pub fn open_failed(&mut self, opening: Opening, swept: &mut Swept<E, H>) -> Option<E> {
        // An attempt of an earlier generation failed for nobody who waits now.
        if !self.settle(opening) || !self.serves(opening.generation) {
            return None;
        }
        self.discouraged = true;
        self.live_front(swept)?;
        self.queue.pop()
    }

    /// See [`Pool::forsake`](crate::pool::Pool::forsake).
    pub fn forsake(&mut self, opening: Opening) -> Option<H> {
        self.settle(opening);
        self.slots.remove(opening.id)
    }

    /// Sockets that are being opened, of any generation.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether a socket should be opened now.
    pub(super) fn wants_socket(&self) -> bool {
        let options = &self.options;
        let total = self.slots.total() + self.pending.len();
        if !self.serves(self.generation)
            || self.pending.len() >= options.max_connecting
            || (options.max_size != 0 && total >= options.max_size)
        {
            return false;
        }
        // What was begun before a clear will serve nobody.
        let fresh = |opening: &&Opening| opening.generation == self.generation;
        let coming = self.pending.iter().filter(fresh).count();
        let keeps_minimum = matches!(self.mode, Mode::Ready) && !self.discouraged;
        self.queue.len() > coming || (keeps_minimum && total < options.min_size)
    }

    /// The opening is no longer pending. False if it was not.
    fn settle(&mut self, opening: Opening) -> bool {
        let at = self.pending.iter().position(|p| *p == opening);
        at.map(|at| self.pending.swap_remove(at)).is_some()
    }
}
