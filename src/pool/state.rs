//! All of a pool's logic, as plain data: it knows neither clock nor lock nor I/O.
//!
//! [`Pool`](super::Pool) keeps one behind its mutex and delegates to it; the stepped model
//! of the tests explores it with small entries. Nothing is dropped in here: what leaves is
//! returned, or put into a [`Swept`] that the caller drops once it has let go of the lock.

use std::time::Instant;

use super::answers::{Claim, Cleared, Next, Opening, Swept, Ticket};
use super::lease::Purpose;
use super::options::PoolOptions;
use super::queue::{Queue, Waiting};
use super::refusal::{Mode, Refusal};
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
        if !self.serves(record.generation) {
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

    /// See [`Pool::ready`](super::Pool::ready). The cause of the pause that ends comes
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

    /// See [`Pool::begin_open`](super::Pool::begin_open).
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

    /// See [`Pool::opened`](super::Pool::opened).
    pub fn opened(
        &mut self,
        opening: Opening,
        handle: &H,
        now: Option<Instant>,
        swept: &mut Swept<E, H>,
    ) -> Next<E> {
        if !self.settle(opening) || !self.serves(opening.generation) {
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

    /// See [`Pool::open_failed`](super::Pool::open_failed).
    pub fn open_failed(&mut self, opening: Opening, swept: &mut Swept<E, H>) -> Option<E> {
        // An attempt of an earlier generation failed for nobody who waits now.
        if !self.settle(opening) || !self.serves(opening.generation) {
            return None;
        }
        self.discouraged = true;
        self.live_front(swept)?;
        self.queue.pop()
    }

    /// See [`Pool::closed`](super::Pool::closed).
    pub fn closed(&mut self, id: SlotId) -> Option<H> {
        self.slots.remove(id)
    }

    /// See [`Pool::clear`](super::Pool::clear). The mode that ends comes back with it.
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

    /// See [`Pool::refuse`](super::Pool::refuse). The mode that ends comes back with those
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

    /// See [`Pool::interrupt`](super::Pool::interrupt).
    pub fn interrupt(&mut self) -> Vec<H> {
        self.slots.drain_busy()
    }

    /// See [`Pool::forsake`](super::Pool::forsake).
    pub fn forsake(&mut self, opening: Opening) -> Option<H> {
        self.settle(opening);
        self.slots.remove(opening.id)
    }

    /// See [`Pool::close`](super::Pool::close).
    pub fn close(&mut self, cause: C) -> (Cleared<E, H>, Mode<C>) {
        if matches!(self.mode, Mode::Closed(_)) {
            return (Cleared::nothing(self.generation), Mode::Closed(cause));
        }
        let before = std::mem::replace(&mut self.mode, Mode::Closed(cause));
        let cleared = self.empty_out(&before, false);
        (cleared, before)
    }

    /// See [`Pool::idle_expired`](super::Pool::idle_expired).
    pub fn idle_expired(&mut self, now: Instant) -> Vec<H> {
        match self.options.max_idle {
            Some(max_idle) => self.slots.expired(now, max_idle),
            None => Vec::new(),
        }
    }

    /// The present generation.
    pub fn generation(&self) -> u64 {
        self.generation
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

    /// Sockets that are being opened, of any generation.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    fn serves(&self, generation: u64) -> bool {
        generation == self.generation && matches!(self.mode, Mode::Ready | Mode::Closing(_))
    }

    fn parked(&self) -> usize {
        let parked = |r: &&Record<H>| r.held == Some(Purpose::Parked);
        self.slots.records().iter().filter(parked).count()
    }

    /// Whether a socket should be opened now.
    fn wants_socket(&self) -> bool {
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

    /// The opening is no longer pending. False if it was not.
    fn settle(&mut self, opening: Opening) -> bool {
        let at = self.pending.iter().position(|p| *p == opening);
        at.map(|at| self.pending.swap_remove(at)).is_some()
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
