//! Lets one action happen: asks the pool, has the ledger judge the answer, and notes what
//! those around the pool owe it from then on.

use actix_mongo::pool::{Claim, Next, Purpose, SlotId};

use crate::ledger::{Mode, Verdict, must};
use crate::small::{Small, set_gone};
use crate::subject::Sweep;
use crate::world::{Action, Scenario, World};

impl World {
    pub fn step(&mut self, action: Action, scenario: &Scenario) -> Verdict {
        set_gone(self.gone);
        match action {
            Action::Claim(name) => self.claim(Small { name, ..scenario.entries[usize::from(name)] }),
            Action::Cancel(name) => self.cancel(name),
            Action::Abandon(name) => {
                self.gone |= 1 << name;
                set_gone(self.gone);
                Ok(())
            }
            Action::Release(id) => self.release(id),
            Action::Hold(id) => {
                self.subject.logic.hold(id, Purpose::Cursor);
                self.ledger.hold(id, Purpose::Cursor);
                self.peer(id, |peer| {
                    peer.requests -= 1;
                    peer.lease = true;
                });
                Ok(())
            }
            Action::More => self.more(),
            Action::Closed(id) => {
                let known = self.ledger.sockets.contains_key(&id);
                let handle = self.subject.logic.closed(id);
                must!(handle == known.then_some(id), "closed gives {handle:?}");
                self.ledger.remove(id);
                self.peers.remove(&id);
                self.will_look = true;
                Ok(())
            }
            Action::BeginOpen => {
                let opening = self.subject.begin_open();
                self.told = false;
                self.will_look = opening.is_some();
                self.opens += u8::from(opening.is_some());
                self.ledger.begin_open(opening)
            }
            Action::Opened(at) => self.opened(at),
            Action::OpenFailed(at) => {
                let opening = self.ledger.pending[at];
                let mut swept = Sweep::default();
                let failed = self.subject.logic.open_failed(opening, &mut swept);
                self.will_look = true;
                self.will_ask = self.shared();
                self.ledger.swept(&swept, self.gone)?;
                self.is_alive(failed)?;
                self.ledger.open_failed(opening, failed)
            }
            Action::Ready => {
                let cause = match self.ledger.mode {
                    Mode::Paused(cause) => cause,
                    _ => None,
                };
                let (open, ended) = self.subject.logic.ready();
                must!(ended == cause, "ready ends {ended:?}, not {cause:?}");
                if matches!(self.ledger.mode, Mode::Paused(_)) {
                    self.ledger.mode = Mode::Ready;
                }
                self.ledger.discouraged = false;
                let wanted = self.ledger.wants_socket();
                must!(open == wanted, "ready says {open}");
                self.will_look |= open;
                Ok(())
            }
            Action::Clear { interrupt } => {
                self.clears += 1;
                let cleared = self.subject.clear(self.clears, interrupt);
                let mode = Mode::Paused(Some(self.clears));
                self.leave(&cleared.idle);
                self.ledger.cleared(&cleared, mode, interrupt)
            }
            Action::Refuse => {
                self.refuses += 1;
                let sent_away = self.subject.refuse(self.refuses);
                self.will_ask |= self.shared();
                self.ledger.refused(self.refuses, &sent_away)
            }
            Action::Interrupt => {
                let interrupted = self.subject.logic.interrupt();
                self.leave(&interrupted);
                self.ledger.interrupted(&interrupted)
            }
            Action::Close => {
                self.closes += 1;
                let (closed, _) = self.subject.logic.close(self.closes);
                let mode = Mode::Closed(self.closes);
                self.leave(&closed.idle);
                self.ledger.cleared(&closed, mode, false)
            }
            Action::Renew => {
                self.renewals += 1;
                let (cleared, opening) = self.subject.renew();
                self.leave(&cleared.idle);
                // Whoever asked for it looks.
                self.will_look = true;
                self.ledger.renewed(&cleared, &opening)
            }
            Action::Expire => self.expire(),
            Action::IdleExpired => {
                let time = crate::small::at(self.now);
                let expired = self.subject.logic.idle_expired(time);
                self.leave(&expired);
                self.ledger.idle_expired(self.now, &expired)
            }
            Action::Tick => {
                self.now += 1;
                Ok(())
            }
        }
    }

    fn claim(&mut self, entry: Small) -> Verdict {
        self.claimed |= entry.bit();
        let mut swept = Sweep::default();
        let claim = self.subject.claim(entry, self.now, &mut swept);
        must!(swept.entries.is_empty(), "a claim sweeps nobody");
        self.leave(&swept.slots);
        self.ledger.claim(entry, self.now, &claim, &swept.slots)?;
        match claim {
            Claim::Taken(id, entry) => self.runs(id, entry),
            Claim::Queued { ticket, arm, grow } => {
                self.tickets.insert(entry.name, ticket);
                let alarm = arm.map(crate::small::tick);
                must!(alarm.is_none() || alarm == entry.deadline, "alarm at {alarm:?}");
                self.alarms |= alarm.map_or(0, |tick| 1 << tick);
                if grow {
                    must!(!self.told, "the supervisor was told twice");
                    must!(self.ledger.wants_socket(), "told to grow, and it may not");
                    self.told = true;
                    self.will_look = true;
                }
            }
            Claim::Refused(..) => {}
        }
        Ok(())
    }

    fn cancel(&mut self, name: u8) -> Verdict {
        let waiting = self.ledger.waiting.iter().copied();
        let expected = waiting.into_iter().find(|entry| entry.name == name);
        let entry = self.subject.cancel(self.tickets[&name]);
        must!(entry == expected, "cancel gives {entry:?}, not {expected:?}");
        if let Some(entry) = entry {
            self.will_ask = self.shared();
            self.ledger.leaves(entry)?;
        }
        Ok(())
    }

    fn expire(&mut self) -> Verdict {
        let (expired, next) = self.subject.expire(self.now);
        for entry in &expired {
            let over = entry.deadline.is_some_and(|deadline| deadline <= self.now);
            must!(over, "{entry:?} expired at {}", self.now);
            self.ledger.leaves(*entry)?;
        }
        let deadlines = self.ledger.waiting.iter().filter_map(|entry| entry.deadline);
        let earliest = deadlines.min();
        // None, if an alarm is set already: the audit looks for it.
        must!(next.is_none() || next == earliest, "wakes at {next:?}, not {earliest:?}");
        must!(next.is_none_or(|next| next > self.now), "{next:?} has passed");
        // The alarms that are due have been heard.
        self.alarms &= !((1 << (self.now + 1)) - 1);
        self.alarms |= next.map_or(0, |tick| 1 << tick);
        self.will_ask |= self.shared() && !expired.is_empty();
        Ok(())
    }

    fn release(&mut self, id: SlotId) -> Verdict {
        self.peer(id, |peer| match peer.requests {
            0 => peer.lease = false,
            _ => peer.requests -= 1,
        });
        let mut swept = Sweep::default();
        let next = self.subject.release(id, self.now, &mut swept);
        self.ledger.swept(&swept, self.gone)?;
        must!(swept.slots.len() <= 1, "swept {:?}", swept.slots);
        self.ledger.release(id, self.now, &next)?;
        self.follow(id, next)
    }

    fn opened(&mut self, at: usize) -> Verdict {
        let opening = self.ledger.pending[at];
        let mut swept = Sweep::default();
        let next = self.subject.opened(opening, self.now, &mut swept);
        self.ledger.swept(&swept, self.gone)?;
        self.ledger.opened(opening, self.now, &next)?;
        self.peers.insert(opening.id, Default::default());
        self.will_look = true;
        self.follow(opening.id, next)
    }

    fn more(&mut self) -> Verdict {
        let mut swept = Sweep::default();
        let more = self.subject.more(&mut swept);
        self.ledger.swept(&swept, self.gone)?;
        match more {
            None => self.will_ask = false,
            Some((id, entry)) => {
                self.is_alive(Some(entry))?;
                self.ledger.give_oldest(id, entry)?;
                self.runs(id, entry);
            }
        }
        Ok(())
    }

    /// What the socket does with the pool's answer.
    fn follow(&mut self, id: SlotId, next: Next<Small>) -> Verdict {
        self.will_ask = self.shared();
        match next {
            Next::Run(entry) => {
                self.is_alive(Some(entry))?;
                self.runs(id, entry);
            }
            Next::Idle => {}
            Next::Retire => self.leave(&[id]),
        }
        Ok(())
    }

    /// Entries whose caller is gone are passed over.
    fn is_alive(&self, entry: Option<Small>) -> Verdict {
        let gone = entry.is_some_and(|entry| entry.bit() & self.gone != 0);
        must!(!gone, "nobody waits for {entry:?}, and it was given out");
        Ok(())
    }

    fn runs(&mut self, id: SlotId, entry: Small) {
        self.peer(id, |peer| match entry.purpose {
            Some(_) => peer.lease = true,
            None => peer.requests += 1,
        });
    }

    /// Somebody told these to retire.
    fn leave(&mut self, ids: &[SlotId]) {
        for id in ids {
            self.peer(*id, |peer| peer.closing = true);
        }
    }

    /// A socket that died may still be in use by the pool, until it is told.
    fn peer(&mut self, id: SlotId, change: impl FnOnce(&mut crate::world::Peer)) {
        if let Some(peer) = self.peers.get_mut(&id) {
            change(peer);
        }
    }

    fn shared(&self) -> bool {
        self.ledger.options.pipeline_depth > 1
    }
}
