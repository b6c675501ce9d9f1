//! The established sockets of one pool: what each is doing, and which are idle.
//!
//! Used by [`State`](super::state::State) alone. Knows no queue and no clock; a handle that is
//! removed is handed out, never dropped here.

use std::time::{Duration, Instant};

use super::lease::Purpose;
use super::slot::SlotId;

/// One established socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record<H> {
    /// Its name.
    pub id: SlotId,
    /// The generation it was opened in.
    pub generation: u64,
    /// How to reach it.
    pub handle: H,
    /// Requests that it was given by the pool and has not released.
    pub in_flight: usize,
    /// The one request in flight wants to be alone.
    pub exclusive: bool,
    /// Its service behind a load balancer was cleared: it gets nothing new.
    pub stale: bool,
    /// A lease has it; what runs on the lease is not counted here.
    pub held: Option<Purpose>,
    /// Since when it is idle; known only if idle sockets expire.
    pub idle_since: Option<Instant>,
}

impl<H> Record<H> {
    /// Nothing in flight, and not held.
    pub fn is_free(&self) -> bool {
        self.in_flight == 0 && self.held.is_none()
    }

    /// Whether one more entry may go there.
    fn has_room(&self, exclusive: bool, depth: usize) -> bool {
        if exclusive {
            return self.is_free() && !self.stale;
        }
        !self.stale && self.held.is_none() && !self.exclusive && self.in_flight < depth
    }
}

/// All established sockets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slots<H> {
    /// Sorted by id. A search takes a handful of steps, and needs no hashing.
    records: Vec<Record<H>>,
    /// The free ones, the one used last on top.
    idle: Vec<SlotId>,
}

impl<H> Default for Slots<H> {
    fn default() -> Self {
        Self { records: Vec::new(), idle: Vec::new() }
    }
}

impl<H: Clone> Slots<H> {
    /// Established sockets.
    pub fn total(&self) -> usize {
        self.records.len()
    }

    /// Sockets with nothing to do.
    pub fn idle(&self) -> usize {
        self.idle.len()
    }

    /// What each is doing, by id.
    pub fn records(&self) -> &[Record<H>] {
        &self.records
    }

    /// Where the slot stands, until one is inserted or removed.
    pub fn find(&self, id: SlotId) -> Option<usize> {
        self.records.binary_search_by_key(&id, |r| r.id).ok()
    }

    /// A new slot, that neither does anything nor is idle yet.
    pub fn insert(&mut self, id: SlotId, generation: u64, handle: H) -> usize {
        let record = Record {
            id,
            generation,
            handle,
            in_flight: 0,
            exclusive: false,
            stale: false,
            held: None,
            idle_since: None,
        };
        let at = self.records.partition_point(|r| r.id < id);
        self.records.insert(at, record);
        at
    }

    /// The idle slot that was used last.
    pub fn pop_idle(&mut self) -> Option<usize> {
        let id = self.idle.pop()?;
        self.find(id)
    }

    /// The same, but of the `near` ones, if one of them is idle. Looks at each.
    pub fn pop_idle_near(&mut self, near: impl Fn(&H) -> bool) -> Option<usize> {
        let is_near = |id: &SlotId| self.find(*id).is_some_and(|at| near(&self.records[at].handle));
        match self.idle.iter().rposition(is_near) {
            Some(place) => {
                let id = self.idle.remove(place);
                self.find(id)
            }
            None => self.pop_idle(),
        }
    }

    /// Takes the idle slots off the top that are idle for `max_idle` and longer. What is
    /// idle below a fresh one waits for [`expired`](Self::expired).
    pub fn pop_perished(&mut self, now: Instant, max_idle: Duration, out: &mut Vec<H>) {
        while let Some(at) = self.idle.last().and_then(|id| self.find(*id)) {
            if !is_perished(self.records[at].idle_since, now, max_idle) {
                break;
            }
            self.idle.pop();
            out.push(self.records.remove(at).handle);
        }
    }

    /// Takes all idle slots that are idle for `max_idle` and longer.
    pub fn expired(&mut self, now: Instant, max_idle: Duration) -> Vec<H> {
        let perished: Vec<SlotId> =
            self.records.iter().filter(|r| is_perished(r.idle_since, now, max_idle)).map(|r| r.id).collect();
        let handles = perished.into_iter().filter_map(|id| self.remove(id));
        handles.collect()
    }

    /// A busy slot of this generation with room for an ordinary request: the one with least
    /// in flight. Slots of earlier generations may still be busy, and get nothing more.
    pub fn least_loaded(&self, generation: u64, depth: usize) -> Option<usize> {
        let with_room = self.records.iter().enumerate();
        with_room
            .filter(|(_, r)| r.generation == generation && r.has_room(false, depth))
            .min_by_key(|(_, r)| r.in_flight)
            .map(|(at, _)| at)
    }

    /// Whether one more entry may go to this slot.
    pub fn has_room(&self, at: usize, exclusive: bool, depth: usize) -> bool {
        self.records[at].has_room(exclusive, depth)
    }

    /// Gives the slot one entry. It must not be among the idle.
    pub fn assign(&mut self, at: usize, exclusive: bool, purpose: Option<Purpose>) -> &H {
        let record = &mut self.records[at];
        record.idle_since = None;
        match purpose {
            Some(purpose) => record.held = Some(purpose),
            None => {
                record.in_flight += 1;
                record.exclusive = exclusive;
            }
        }
        &record.handle
    }

    /// One request has finished; else, with none in flight, the lease has. False if the
    /// slot had nothing to finish.
    pub fn finish_one(&mut self, at: usize) -> bool {
        let record = &mut self.records[at];
        if record.in_flight > 0 {
            record.in_flight -= 1;
            record.exclusive = false;
            return true;
        }
        record.held.take().is_some()
    }

    /// A lease takes the slot over from the request that it runs.
    pub fn hold(&mut self, at: usize, purpose: Purpose) {
        let record = &mut self.records[at];
        if record.held.is_none() && record.in_flight > 0 {
            record.in_flight -= 1;
            record.exclusive = false;
            record.held = Some(purpose);
        }
    }

    /// The slot has nothing to do from now on.
    pub fn rest(&mut self, at: usize, now: Option<Instant>) {
        let record = &mut self.records[at];
        record.idle_since = now;
        self.idle.push(record.id);
    }

    /// Takes a slot out, whatever it does.
    pub fn remove(&mut self, id: SlotId) -> Option<H> {
        let record = self.records.remove(self.find(id)?);
        if record.is_free() {
            self.idle.retain(|idle| *idle != id);
        }
        Some(record.handle)
    }

    /// Takes all idle slots out.
    pub fn drain_idle(&mut self) -> Vec<H> {
        let idle = std::mem::take(&mut self.idle);
        idle.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Takes the idle ones of these out, and lets the others get nothing new.
    pub fn outdate(&mut self, which: impl Fn(&H) -> bool) -> Vec<H> {
        let (idle, busy): (Vec<_>, Vec<_>) =
            self.records.iter_mut().filter(|r| which(&r.handle)).partition(|r| r.is_free());
        busy.into_iter().for_each(|r| r.stale = true);
        let idle: Vec<SlotId> = idle.into_iter().map(|r| r.id).collect();
        idle.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Takes all slots out that are not idle.
    pub fn drain_busy(&mut self) -> Vec<H> {
        self.records.extract_if(.., |r| !r.is_free()).map(|r| r.handle).collect()
    }

    /// Takes all slots out.
    pub fn drain(&mut self) -> Vec<H> {
        self.idle.clear();
        let records = std::mem::take(&mut self.records);
        records.into_iter().map(|r| r.handle).collect()
    }
}

fn is_perished(idle_since: Option<Instant>, now: Instant, max_idle: Duration) -> bool {
    idle_since.is_some_and(|since| now.saturating_duration_since(since) >= max_idle)
}
