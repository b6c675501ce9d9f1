//! All of a pool's logic, as plain data: it knows neither clock nor lock nor I/O.
//!
//! [`Pool`](super::Pool) keeps one behind its mutex and delegates to it; the stepped model
//! of the tests explores it with small entries. Nothing is dropped in here: what leaves is
//! returned, or put into a [`Swept`] that the caller drops once it has let go of the lock.

mod endings;
mod growth;

use std::time::Instant;

use super::answers::{Claim, Next, Opening, Swept, Ticket};
use super::lease::Purpose;
use super::options::PoolOptions;
use super::queue::{Queue, Waiting};
use super::refusal::{Mode, Refusal};
use super::service::{Origin, Services};
use super::slot::SlotId;
use super::slots::{Record, Slots};

/// Entries (`E`), slots that are reached by `H`, and why the pool does not serve (`C`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State<E, H, C> {
    options: PoolOptions,
    mode: Mode<C>,
    generation: u64,
    queue: Queue<E>,
    slots: Slots<H>,
    /// Those behind a load balancer.
    services: Services,
    /// Openings that were granted and are neither opened nor failed, of any generation.
    pending: Vec<Opening>,
    /// The id given last.
    last_slot: u64,
    /// The supervisor was told to grow, and has not asked since.
    told: bool,
    /// The latest attempt failed: until the server is found well again, sockets are opened
    /// for those who wait alone. Each failure costs one of them, so that comes to an end;
    /// attempts for the minimum size never would.
    discouraged: bool,
}

impl<E: Waiting, H: Clone, C: Clone> State<E, H, C> {
    /// A paused, empty pool.
    pub fn new(options: PoolOptions) -> Self {
        Self {
            options: options.normal(),
            mode: Mode::Paused(None),
            generation: 0,
            queue: Queue::default(),
            slots: Slots::default(),
            services: Services::default(),
            pending: Vec::new(),
            last_slot: 0,
            told: false,
            discouraged: false,
        }
    }

    /// See [`Pool::claim`](super::Pool::claim). The idle slots that had perished go into
    /// `swept` and must be told to retire. `now` is read only if idle slots expire.
    pub fn claim(
        &mut self,
        entry: E,
        now: Option<Instant>,
        swept: &mut Swept<E, H>,
    ) -> Claim<E, H, Refusal<C>> {
        self.claim_near(entry, now, None, swept)
    }

    /// The same, with some slots preferred to others, if so asked.
    pub fn claim_near(
        &mut self,
        entry: E,
        now: Option<Instant>,
        near: Option<&dyn Fn(&H) -> bool>,
        swept: &mut Swept<E, H>,
    ) -> Claim<E, H, Refusal<C>> {
        match &self.mode {
            Mode::Ready => {}
            Mode::Closing(_) if entry.is_last() => {}
            Mode::Paused(cause) => return Claim::Refused(entry, Refusal::Paused(cause.clone())),
            Mode::Closing(cause) | Mode::Closed(cause) => {
                return Claim::Refused(entry, Refusal::Closed(cause.clone()));
            }
        }
        let purpose = entry.purpose();
        if purpose == Some(Purpose::Parked) {
            let parked = self.parked() + self.queue.parked();
            if parked >= self.options.parked_bound() {
                return Claim::Refused(entry, Refusal::Parked { parked });
            }
        }
        if self.queue.is_empty() {
            if let (Some(now), Some(max_idle)) = (now, self.options.max_idle) {
                self.slots.pop_perished(now, max_idle, &mut swept.slots);
            }
            if let Some(at) = self.vacancy(entry.is_exclusive(), near) {
                let handle = self.slots.assign(at, entry.is_exclusive(), purpose);
                return Claim::Taken(handle.clone(), entry);
            }
        }
        let (queued, bytes, wanted) = (self.queue.len(), self.queue.bytes(), entry.bytes());
        if queued >= self.options.max_queued_requests
            || wanted > self.options.max_queued_bytes.saturating_sub(bytes)
        {
            return Claim::Refused(entry, Refusal::QueueFull { queued, bytes, wanted });
        }
        let (ticket, arm) = self.queue.push(entry);
        let grow = !self.told && self.wants_socket();
        self.told |= grow;
        Claim::Queued { ticket, arm, grow }
    }

    /// See [`Pool::cancel`](super::Pool::cancel).
    pub fn cancel(&mut self, ticket: Ticket) -> Option<E> {
        self.queue.remove(ticket)
    }

    /// See [`Pool::expire`](super::Pool::expire).
    pub fn expire(&mut self, now: Instant) -> (Vec<E>, Option<Instant>) {
        self.queue.expire(now)
    }

    /// See [`Pool::release`](super::Pool::release). `now` is kept only if idle slots expire.
    pub fn release(&mut self, id: SlotId, now: Option<Instant>, swept: &mut Swept<E, H>) -> Next<E> {
        let Some(at) = self.slots.find(id) else {
            return Next::Retire;
        };
        if !self.slots.finish_one(at) {
            return Next::Idle;
        }
        let record = &self.slots.records()[at];
        let free = record.is_free();
        if record.stale || !self.serves(record.generation) {
            if !free {
                return Next::Idle;
            }
            swept.slots.extend(self.slots.remove(id));
            return Next::Retire;
        }
        match self.next_for(at, swept) {
            Some(entry) => Next::Run(entry),
            None => {
                if free {
                    self.slots.rest(at, now);
                }
                Next::Idle
            }
        }
    }

    /// See [`Pool::more`](super::Pool::more).
    pub fn more(&mut self, swept: &mut Swept<E, H>) -> Option<(H, E)> {
        if self.options.pipeline_depth == 1 || !self.serves(self.generation) {
            return None;
        }
        let exclusive = self.live_front(swept)?.is_exclusive();
        let at = self.vacancy(exclusive, None)?;
        let entry = self.queue.pop()?;
        let handle = self.slots.assign(at, exclusive, entry.purpose());
        Some((handle.clone(), entry))
    }

    /// See [`Pool::hold`](super::Pool::hold).
    pub fn hold(&mut self, id: SlotId, purpose: Purpose) {
        if let Some(at) = self.slots.find(id) {
            self.slots.hold(at, purpose);
        }
    }

    /// See [`Pool::closed`](super::Pool::closed).
    pub fn closed(&mut self, id: SlotId) -> Option<H> {
        self.slots.remove(id)
    }

    /// The present generation.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The generation that a socket of this origin would have, were it opened now.
    pub fn present(&self, origin: Origin) -> u64 {
        origin.service_id().map_or(self.generation, |id| self.services.generation(id))
    }

    /// The services behind a load balancer.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The same, to count sockets.
    pub fn services_mut(&mut self) -> &mut Services {
        &mut self.services
    }

    /// Whether it serves.
    pub fn mode(&self) -> &Mode<C> {
        &self.mode
    }

    /// Who waits.
    pub fn queue(&self) -> &Queue<E> {
        &self.queue
    }

    /// What each established slot is doing, by id.
    pub fn slots(&self) -> &[Record<H>] {
        self.slots.records()
    }

    /// Established slots with nothing to do.
    pub fn idle(&self) -> usize {
        self.slots.idle()
    }

    fn serves(&self, generation: u64) -> bool {
        generation == self.generation && matches!(self.mode, Mode::Ready | Mode::Closing(_))
    }

    fn parked(&self) -> usize {
        let parked = |r: &&Record<H>| r.held == Some(Purpose::Parked);
        self.slots.records().iter().filter(parked).count()
    }

    /// A slot for one entry: an idle one, else (at a depth above 1) the least loaded. An
    /// idle one is off the idle list afterwards, so it must be assigned.
    fn vacancy(&mut self, exclusive: bool, near: Option<&dyn Fn(&H) -> bool>) -> Option<usize> {
        let idle = match near {
            None => self.slots.pop_idle(),
            Some(near) => self.slots.pop_idle_near(near),
        };
        if idle.is_some() || exclusive || self.options.pipeline_depth == 1 {
            return idle;
        }
        self.slots.least_loaded(self.generation, self.options.pipeline_depth)
    }

    /// The oldest entry that somebody waits for; those before it are swept.
    fn live_front(&mut self, swept: &mut Swept<E, H>) -> Option<&E> {
        while self.queue.front().is_some_and(Waiting::is_abandoned) {
            swept.entries.extend(self.queue.pop());
        }
        self.queue.front()
    }

    /// Assigns the oldest entry to this slot, if it has room for that one. An exclusive
    /// entry at the front is never overtaken: the slots empty until it fits one.
    fn next_for(&mut self, at: usize, swept: &mut Swept<E, H>) -> Option<E> {
        let exclusive = self.live_front(swept)?.is_exclusive();
        if !self.slots.has_room(at, exclusive, self.options.pipeline_depth) {
            return None;
        }
        let entry = self.queue.pop()?;
        self.slots.assign(at, exclusive, entry.purpose());
        Some(entry)
    }
}
