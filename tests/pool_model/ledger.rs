//! The reference: a plain book of who is where, that judges every answer of the pool.
//!
//! It shares no code with the pool and decides nothing by itself: it says whether an
//! answer was legal, and writes it down. What the pool should have done and did not is
//! found by the audit in `world.rs`.

mod endings;

use std::collections::BTreeMap;

use actix_mongo::pool::logic::Refusal;
use actix_mongo::pool::{Claim, Next, Opening, PoolOptions, Purpose, SlotId, Ticket};

use crate::small::Small;
use crate::subject::Sweep;

/// Legal, or what was not.
pub type Verdict = Result<(), String>;

/// `Err` with the sentence unless it holds.
macro_rules! must {
    ($holds:expr, $($sentence:tt)*) => {
        if !$holds {
            return Err(format!($($sentence)*));
        }
    };
}
pub(crate) use must;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    Paused(Option<u8>),
    Ready,
    Closing(u8),
    Closed(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Socket {
    pub generation: u64,
    pub load: usize,
    pub exclusive: bool,
    pub held: Option<Purpose>,
    pub idle_since: u8,
}

impl Socket {
    pub fn is_free(&self) -> bool {
        self.load == 0 && self.held.is_none()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ledger {
    pub options: PoolOptions,
    /// In ticks; the options' own `max_idle`.
    max_idle: Option<u8>,
    pub mode: Mode,
    pub generation: u64,
    pub waiting: Vec<Small>,
    pub sockets: BTreeMap<SlotId, Socket>,
    /// Free ones, the one that came free last at the end.
    pub idle: Vec<SlotId>,
    pub pending: Vec<Opening>,
    /// An attempt failed, and nothing has gone well since.
    pub discouraged: bool,
    last_id: u64,
    last_ticket: Option<Ticket>,
}

impl Ledger {
    pub fn new(options: PoolOptions) -> Self {
        Self {
            max_idle: options.max_idle.map(|max_idle| max_idle.as_secs() as u8),
            options,
            mode: Mode::Paused(None),
            generation: 0,
            waiting: Vec::new(),
            sockets: BTreeMap::new(),
            idle: Vec::new(),
            pending: Vec::new(),
            discouraged: false,
            last_id: 0,
            last_ticket: None,
        }
    }

    /// A socket should be opened.
    pub fn wants_socket(&self) -> bool {
        let total = self.sockets.len() + self.pending.len();
        let of_now = |p: &&Opening| p.generation == self.generation;
        let coming = self.pending.iter().filter(of_now).count();
        let keeps_minimum = self.mode == Mode::Ready && !self.discouraged;
        self.serves()
            && total < self.options.max_size
            && self.pending.len() < self.options.max_connecting
            && (coming < self.waiting.len() || (keeps_minimum && total < self.options.min_size))
    }

    /// Whether it serves those who wait.
    fn serves(&self) -> bool {
        matches!(self.mode, Mode::Ready | Mode::Closing(_))
    }

    /// Whether it takes this entry in.
    fn takes(&self, entry: Small) -> bool {
        self.mode == Mode::Ready || (entry.last && self.serves())
    }

    /// It ends, and nothing is in use.
    pub fn is_quiet(&self) -> bool {
        matches!(self.mode, Mode::Closing(_) | Mode::Closed(_)) && self.sockets.values().all(Socket::is_free)
    }

    /// Whether the socket could take this entry.
    pub fn could_serve(&self, id: SlotId, entry: Small) -> bool {
        let socket = &self.sockets[&id];
        let alone = entry.exclusive || entry.purpose.is_some();
        self.serves()
            && socket.generation == self.generation
            && socket.held.is_none()
            && !socket.exclusive
            && socket.load < if alone { 1 } else { self.options.pipeline_depth }
    }

    pub fn claim(
        &mut self,
        entry: Small,
        now: u8,
        claim: &Claim<Small, SlotId, Refusal<u8>>,
        perished: &[SlotId],
    ) -> Verdict {
        for id in perished {
            must!(self.waiting.is_empty(), "looked for idle sockets though some wait");
            must!(self.has_perished(*id, now), "{id:?} has not perished");
            self.remove(*id);
        }
        let parked = self.parked();
        let refused_parked =
            entry.purpose == Some(Purpose::Parked) && parked >= self.options.max_parked.unwrap_or(usize::MAX);
        let (queued, bytes) = (self.waiting.len(), self.bytes());
        let server = self.server_for(entry);
        match claim {
            Claim::Refused(back, refusal) => {
                must!(*back == entry, "another entry came back");
                let expected = match self.mode {
                    Mode::Paused(cause) => Refusal::Paused(cause),
                    Mode::Closing(cause) if !entry.last => Refusal::Closed(cause),
                    Mode::Closed(cause) => Refusal::Closed(cause),
                    _ if refused_parked => Refusal::Parked { parked },
                    _ => {
                        must!(server.is_none(), "refused though {server:?} is free");
                        must!(!self.has_queue_room(entry), "refused though the queue has room");
                        let wanted = entry.bytes;
                        Refusal::QueueFull { queued, bytes, wanted }
                    }
                };
                must!(*refusal == expected, "refused by {refusal:?}, not {expected:?}");
            }
            Claim::Taken(id, back) => {
                must!(*back == entry, "another entry came back");
                must!(!refused_parked, "parks one too many");
                must!(server == Some(*id), "took {id:?}, not {server:?}");
                must!(!self.has_perished(*id, now), "{id:?} has perished");
                self.assign(*id, entry)?;
            }
            Claim::Queued { ticket, .. } => {
                must!(self.takes(entry), "waits for a pool that does not serve");
                must!(!refused_parked, "parks one too many");
                must!(server.is_none(), "waits though {server:?} is free");
                must!(self.has_queue_room(entry), "the queue is too long");
                must!(Some(*ticket) > self.last_ticket, "tickets run backwards");
                self.last_ticket = Some(*ticket);
                self.waiting.push(entry);
            }
        }
        Ok(())
    }

    pub fn release(&mut self, id: SlotId, now: u8, next: &Next<Small>) -> Verdict {
        let Some(socket) = self.sockets.get_mut(&id) else {
            must!(*next == Next::Retire, "{id:?} left the pool and goes on");
            return Ok(());
        };
        if socket.load > 0 {
            socket.load -= 1;
        } else {
            socket.held = None;
        }
        socket.exclusive = false;
        let free = socket.is_free();
        let generation = socket.generation;
        let serves = self.serves() && generation == self.generation;
        match next {
            Next::Retire => {
                must!(free && !serves, "{id:?} retires without a reason");
                self.remove(id);
            }
            Next::Run(entry) => self.give_oldest(id, *entry)?,
            Next::Idle => {
                must!(!free || serves, "{id:?} is stale and goes on");
                if free {
                    self.rest(id, now);
                }
            }
        }
        Ok(())
    }

    /// A lease takes the socket over from its request.
    pub fn hold(&mut self, id: SlotId, purpose: Purpose) {
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.load -= 1;
            socket.exclusive = false;
            socket.held = Some(purpose);
        }
    }

    /// The oldest entry goes to this socket.
    pub fn give_oldest(&mut self, id: SlotId, entry: Small) -> Verdict {
        let oldest = self.waiting.first().copied();
        must!(oldest == Some(entry), "{entry:?} was given out, {oldest:?} is the oldest");
        self.waiting.remove(0);
        self.assign(id, entry)
    }

    pub fn begin_open(&mut self, opening: Option<Opening>) -> Verdict {
        let Some(opening) = opening else {
            must!(!self.wants_socket(), "a socket is wanted and was not granted");
            return Ok(());
        };
        must!(self.wants_socket(), "a socket was granted that is not wanted or not allowed");
        must!(opening.id.0 == self.last_id + 1, "ids are not given in order");
        must!(opening.generation == self.generation, "opens for another generation");
        self.last_id += 1;
        self.pending.push(opening);
        Ok(())
    }

    pub fn opened(&mut self, opening: Opening, now: u8, next: &Next<Small>) -> Verdict {
        self.pending.retain(|pending| *pending != opening);
        let serves = self.serves() && opening.generation == self.generation;
        must!(serves == (*next != Next::Retire), "opened answers {next:?}");
        if !serves {
            return Ok(());
        }
        self.discouraged = false;
        let socket =
            Socket { generation: opening.generation, load: 0, exclusive: false, held: None, idle_since: now };
        self.sockets.insert(opening.id, socket);
        match next {
            Next::Run(entry) => self.give_oldest(opening.id, *entry),
            _ => {
                self.rest(opening.id, now);
                Ok(())
            }
        }
    }

    pub fn open_failed(&mut self, opening: Opening, failed: Option<Small>) -> Verdict {
        self.pending.retain(|pending| *pending != opening);
        let concerns = self.serves() && opening.generation == self.generation;
        self.discouraged |= concerns;
        let oldest = self.waiting.first().copied().filter(|_| concerns);
        must!(failed == oldest, "fails {failed:?}, the oldest is {oldest:?}");
        if oldest.is_some() {
            self.waiting.remove(0);
        }
        Ok(())
    }

    /// Entries that were met on the way must have stood in front, and be abandoned.
    pub fn swept(&mut self, swept: &Sweep, gone: u8) -> Verdict {
        for entry in &swept.entries {
            must!(entry.bit() & gone != 0, "{entry:?} was swept, and somebody waits for it");
            self.leaves(*entry)?;
        }
        Ok(())
    }

    /// The entry leaves the queue, from wherever it stood.
    pub fn leaves(&mut self, entry: Small) -> Verdict {
        let at = self.waiting.iter().position(|waiting| *waiting == entry);
        let at = at.ok_or_else(|| format!("{entry:?} left, and was not there"))?;
        self.waiting.remove(at);
        Ok(())
    }

    pub fn remove(&mut self, id: SlotId) {
        self.sockets.remove(&id);
        self.idle.retain(|idle| *idle != id);
    }

    pub fn bytes(&self) -> usize {
        self.waiting.iter().map(|entry| entry.bytes).sum()
    }

    pub fn waiting_to_park(&self) -> usize {
        let parks = |entry: &&Small| entry.purpose == Some(Purpose::Parked);
        self.waiting.iter().filter(parks).count()
    }

    fn parked(&self) -> usize {
        let held = |socket: &&Socket| socket.held == Some(Purpose::Parked);
        self.waiting_to_park() + self.sockets.values().filter(held).count()
    }

    /// Who must take an entry that comes now: nobody while others wait; the idle socket
    /// used last, else the least loaded.
    fn server_for(&self, entry: Small) -> Option<SlotId> {
        if !self.waiting.is_empty() || !self.takes(entry) {
            return None;
        }
        let could = |id: &SlotId| self.could_serve(*id, entry);
        let busy = || self.sockets.keys().copied().filter(could);
        let idle = self.idle.last().copied();
        idle.or_else(|| busy().min_by_key(|id| self.sockets[id].load))
    }

    fn has_queue_room(&self, entry: Small) -> bool {
        self.waiting.len() < self.options.max_queued_requests
            && self.bytes() + entry.bytes <= self.options.max_queued_bytes
    }

    fn has_perished(&self, id: SlotId, now: u8) -> bool {
        let Some(max_idle) = self.max_idle else {
            return false;
        };
        let idle = self.idle.contains(&id);
        idle && now - self.sockets[&id].idle_since >= max_idle
    }

    fn assign(&mut self, id: SlotId, entry: Small) -> Verdict {
        must!(self.sockets.contains_key(&id), "{id:?} is not in the pool");
        must!(self.could_serve(id, entry), "{id:?} can't take {entry:?}");
        self.idle.retain(|idle| *idle != id);
        let socket = self.sockets.get_mut(&id).expect("looked up above");
        match entry.purpose {
            Some(purpose) => socket.held = Some(purpose),
            None => {
                socket.load += 1;
                socket.exclusive = entry.exclusive;
            }
        }
        Ok(())
    }

    fn rest(&mut self, id: SlotId, now: u8) {
        self.idle.push(id);
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.idle_since = now;
        }
    }
}
