//! One state of everything: the pool, the book about it, and those around the pool
//! (callers, sockets, supervisor, timer) with what each of them still owes it.

use std::collections::BTreeMap;

use actix_mongo::pool::{PoolOptions, SlotId, Ticket};

use crate::ledger::{Ledger, Verdict, must};
use crate::small::Small;
use crate::subject::{Fault, Subject};

/// What a world starts with, and how much may happen in it.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub options: PoolOptions,
    /// Each is claimed once at most, in any order.
    pub entries: Vec<Small>,
    /// The latest time.
    pub ticks: u8,
    /// How many sockets may be granted.
    pub opens: u8,
    pub clears: u8,
    pub closes: u8,
    /// The first step of the end.
    pub refuses: u8,
    pub renewals: u8,
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A caller claims.
    Claim(u8),
    /// A caller takes its entry back.
    Cancel(u8),
    /// A caller is gone, and has not cancelled yet.
    Abandon(u8),
    /// A socket finished a request, or its lease ended.
    Release(SlotId),
    /// A socket keeps itself for a cursor.
    Hold(SlotId),
    /// Whoever made room asks whether more can be given out.
    More,
    /// An established socket died, or has closed as it was told.
    Closed(SlotId),
    /// The supervisor looks.
    BeginOpen,
    Opened(usize),
    OpenFailed(usize),
    Ready,
    Clear {
        interrupt: bool,
    },
    /// The end begins.
    Refuse,
    /// Its grace is over.
    Interrupt,
    Close,
    /// All sockets anew.
    Renew,
    /// The timer wakes the queue.
    Expire,
    IdleExpired,
    /// Time passes.
    Tick,
}

/// A living socket, as it sees itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Requests that it will release.
    pub requests: u8,
    /// It has a lease that will end.
    pub lease: bool,
    /// It was told to close, and will.
    pub closing: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub subject: Subject,
    pub ledger: Ledger,
    pub now: u8,
    /// Entries that were claimed.
    pub claimed: u8,
    /// Entries whose callers are gone.
    pub gone: u8,
    pub tickets: BTreeMap<u8, Ticket>,
    pub peers: BTreeMap<SlotId, Peer>,
    /// Times at which the timer will wake the queue.
    pub alarms: u8,
    /// The supervisor was told to grow, and has not looked since.
    pub told: bool,
    /// The supervisor will look.
    pub will_look: bool,
    /// Somebody will ask for more.
    pub will_ask: bool,
    pub opens: u8,
    pub clears: u8,
    pub closes: u8,
    pub refuses: u8,
    pub renewals: u8,
}

impl World {
    pub fn new(scenario: &Scenario, fault: Fault) -> Self {
        Self {
            subject: Subject::new(scenario.options.clone(), fault),
            ledger: Ledger::new(scenario.options.clone()),
            now: 0,
            claimed: 0,
            gone: 0,
            tickets: BTreeMap::new(),
            peers: BTreeMap::new(),
            alarms: 0,
            told: false,
            will_look: false,
            will_ask: false,
            opens: 0,
            clears: 0,
            closes: 0,
            refuses: 0,
            renewals: 0,
        }
    }

    /// All that can happen now.
    pub fn actions(&self, scenario: &Scenario) -> Vec<Action> {
        let mut actions = vec![Action::Ready, Action::Expire];
        let names = 0..scenario.entries.len() as u8;
        let unclaimed = names.filter(|name| self.claimed & (1 << name) == 0);
        actions.extend(unclaimed.map(Action::Claim));
        actions.extend(self.tickets.keys().copied().map(Action::Cancel));
        let there = self.ledger.waiting.iter();
        let there = there.filter(|entry| self.gone & entry.bit() == 0);
        actions.extend(there.map(|entry| Action::Abandon(entry.name)));
        for (id, peer) in &self.peers {
            if peer.requests > 0 && !peer.lease {
                actions.push(Action::Hold(*id));
            }
            if peer.requests > 0 || peer.lease {
                actions.push(Action::Release(*id));
            }
            actions.push(Action::Closed(*id));
        }
        if self.will_ask {
            actions.push(Action::More);
        }
        if self.opens < scenario.opens {
            actions.push(Action::BeginOpen);
        }
        for at in 0..self.ledger.pending.len() {
            actions.extend([Action::Opened(at), Action::OpenFailed(at)]);
        }
        if self.clears < scenario.clears {
            actions.push(Action::Clear { interrupt: false });
            actions.push(Action::Clear { interrupt: true });
        }
        if self.refuses < scenario.refuses {
            actions.push(Action::Refuse);
        }
        if self.refuses > 0 {
            actions.push(Action::Interrupt);
        }
        if self.closes < scenario.closes {
            actions.push(Action::Close);
        }
        if self.renewals < scenario.renewals {
            actions.push(Action::Renew);
        }
        if self.now < scenario.ticks {
            actions.push(Action::Tick);
        }
        if scenario.options.max_idle.is_some() {
            actions.push(Action::IdleExpired);
        }
        actions
    }

    /// What must hold after every step.
    pub fn audit(&self) -> Verdict {
        self.audit_wake_ups()?;
        self.audit_bounds()?;
        self.audit_books()
    }

    /// The pool's own counts are the ledger's.
    fn audit_books(&self) -> Verdict {
        let (logic, ledger) = (&self.subject.logic, &self.ledger);
        let waiting = self.subject.waiting();
        must!(waiting == ledger.waiting, "{waiting:?} wait, not {:?}", ledger.waiting);
        let queue = logic.queue();
        let counts = (queue.len(), queue.bytes(), queue.parked());
        let expected = (waiting.len(), ledger.bytes(), ledger.waiting_to_park());
        must!(counts == expected, "the queue counts {counts:?}, not {expected:?}");
        must!(logic.pending() == ledger.pending.len(), "pending {}", logic.pending());
        must!(logic.idle() == ledger.idle.len(), "idle {}", logic.idle());
        must!(logic.is_quiet() == ledger.is_quiet(), "quiet {}", logic.is_quiet());
        must!(logic.generation() == ledger.generation, "generation {}", logic.generation());
        must!(logic.slots().len() == ledger.sockets.len(), "slots {:?}", logic.slots());
        for (slot, (id, socket)) in logic.slots().iter().zip(&ledger.sockets) {
            let found = (slot.id, slot.generation, slot.in_flight, slot.held);
            let expected = (*id, socket.generation, socket.load, socket.held);
            must!(found == expected, "slot {found:?}, not {expected:?}");
        }
        Ok(())
    }

    fn audit_bounds(&self) -> Verdict {
        let (ledger, options) = (&self.ledger, &self.ledger.options);
        let total = ledger.sockets.len() + ledger.pending.len();
        must!(total <= options.max_size, "{total} sockets");
        must!(ledger.pending.len() <= options.max_connecting, "connects too many");
        must!(ledger.waiting.len() <= options.max_queued_requests, "too many wait");
        must!(ledger.bytes() <= options.max_queued_bytes, "too many bytes wait");
        Ok(())
    }

    /// Nobody waits for what is there, for a socket that nobody will open, or beyond its
    /// time.
    fn audit_wake_ups(&self) -> Verdict {
        let ledger = &self.ledger;
        let shared = ledger.options.pipeline_depth > 1;
        if let Some(oldest) = ledger.waiting.first() {
            // A caller that is gone is about to cancel, and then to ask for more.
            let excused = shared && (self.will_ask || self.gone & oldest.bit() != 0);
            let server = ledger.sockets.keys().find(|id| ledger.could_serve(**id, *oldest));
            must!(excused || server.is_none(), "{oldest:?} waits, and {server:?} is free");
        }
        let leaving = |(id, peer): (&SlotId, &Peer)| peer.closing || !ledger.sockets.contains_key(id);
        let will_look = self.will_look || self.peers.iter().any(leaving);
        must!(will_look || !ledger.wants_socket(), "a socket is wanted, and nobody was told");
        for entry in &ledger.waiting {
            let Some(deadline) = entry.deadline else {
                continue;
            };
            let until = (1 << (deadline + 1)) - 1;
            must!(self.alarms & until != 0, "{entry:?} waits, and no alarm is set for it");
        }
        Ok(())
    }
}
