//! The pool's logic, as it is or with a fault put in.

use actix_mongo::pool::logic::{Mode, Refusal, State, Swept};
use actix_mongo::pool::{Claim, Cleared, Next, Opening, PoolOptions, SlotId, Ticket};

use crate::small::{Small, at, tick};

/// Slots are reached by their ids, causes are numbered.
pub type Logic = State<Small, SlotId, u8>;
pub type Sweep = Swept<Small, SlotId>;

/// A deliberate defect, to see that the explorer finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    None,
    /// The supervisor is never told to grow.
    LosesGrow,
    /// Nobody is asked to wake the queue.
    LosesAlarm,
    /// A slot becomes idle though somebody waits.
    LosesWakeUp,
    /// What an exclusive entry held up stays held up.
    LosesMore,
    /// A cancelled entry is not handed out.
    LosesEntry,
    /// An expired entry is handed out twice.
    GivesTwice,
    /// One socket more than allowed.
    GrantsTooMany,
    /// The entry that came last is served first.
    Overtakes,
    /// A socket of an earlier generation goes on.
    KeepsStale,
    /// A clear forgets who waited.
    ClearKeepsWaiting,
    /// A pool that closes forgets those whom it sends away.
    RefuseKeepsWaiting,
    /// A pool that closes takes everybody in.
    TakesWhileClosing,
    /// And it loses the last words that wait.
    RefuseLosesLast,
    /// A pool that begins anew fails who waits.
    RenewFailsWaiting,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    pub logic: Logic,
    fault: Fault,
    /// Who waits in vain ([`Fault::LosesWakeUp`]).
    stuck: Vec<Small>,
}

impl Subject {
    pub fn new(options: PoolOptions, fault: Fault) -> Self {
        Self { logic: State::new(options), fault, stuck: Vec::new() }
    }

    /// Who waits, oldest first.
    pub fn waiting(&self) -> Vec<Small> {
        let mut waiting = self.stuck.clone();
        waiting.extend(self.logic.queue().clone().drain());
        waiting
    }

    pub fn claim(&mut self, entry: Small, now: u8, swept: &mut Sweep) -> Claim<Small, SlotId, Refusal<u8>> {
        let closing = matches!(self.logic.mode(), Mode::Closing(_));
        let disguised = Small { last: true, ..entry };
        let disguise = self.fault == Fault::TakesWhileClosing && closing;
        let mut claim = self.logic.claim(if disguise { disguised } else { entry }, Some(at(now)), swept);
        if let Claim::Taken(_, back) | Claim::Refused(back, _) = &mut claim {
            *back = entry;
        }
        if let Claim::Queued { arm, grow, .. } = &mut claim {
            *grow &= self.fault != Fault::LosesGrow;
            *arm = arm.filter(|_| self.fault != Fault::LosesAlarm);
        }
        claim
    }

    pub fn cancel(&mut self, ticket: Ticket) -> Option<Small> {
        let entry = self.logic.cancel(ticket);
        entry.filter(|_| self.fault != Fault::LosesEntry)
    }

    pub fn expire(&mut self, now: u8) -> (Vec<Small>, Option<u8>) {
        let (mut expired, next) = self.logic.expire(at(now));
        if self.fault == Fault::GivesTwice {
            expired.extend_from_within(..);
        }
        (expired, next.map(tick))
    }

    pub fn release(&mut self, id: SlotId, now: u8, swept: &mut Sweep) -> Next<Small> {
        let known = self.logic.slots().iter().any(|slot| slot.id == id);
        if self.fault == Fault::LosesWakeUp && known {
            while let Some(ticket) = self.oldest() {
                self.stuck.extend(self.logic.cancel(ticket));
            }
        }
        match (self.logic.release(id, Some(at(now)), swept), self.fault) {
            (Next::Retire, Fault::KeepsStale) => Next::Idle,
            (Next::Run(first), Fault::Overtakes) => {
                let second = self.oldest().and_then(|ticket| self.logic.cancel(ticket));
                if second.is_some() {
                    let mut unused = Sweep::default();
                    let _ = self.logic.claim(first, Some(at(now)), &mut unused);
                }
                Next::Run(second.unwrap_or(first))
            }
            (next, _) => next,
        }
    }

    pub fn more(&mut self, swept: &mut Sweep) -> Option<(SlotId, Small)> {
        match self.fault {
            Fault::LosesMore => None,
            _ => self.logic.more(swept),
        }
    }

    pub fn begin_open(&mut self) -> Option<Opening> {
        let opening = self.logic.begin_open();
        if self.fault == Fault::GrantsTooMany && opening.is_none() {
            let id = SlotId(100);
            let generation = self.logic.generation();
            return Some(Opening { id, generation });
        }
        opening
    }

    pub fn opened(&mut self, opening: Opening, now: u8, swept: &mut Sweep) -> Next<Small> {
        self.logic.opened(opening, None, &opening.id, Some(at(now)), swept)
    }

    pub fn clear(&mut self, cause: u8, interrupt: bool) -> Cleared<Small, SlotId> {
        let (mut cleared, _) = self.logic.clear(cause, interrupt);
        if self.fault == Fault::ClearKeepsWaiting {
            self.stuck.append(&mut cleared.failed);
        }
        cleared
    }

    pub fn renew(&mut self) -> (Cleared<Small, SlotId>, Vec<SlotId>) {
        let (mut cleared, opening) = self.logic.renew();
        if self.fault == Fault::RenewFailsWaiting && !self.waiting().is_empty() {
            let again = self.logic.clear(0, false);
            self.logic.ready();
            cleared.failed = again.0.failed;
        }
        (cleared, opening)
    }

    pub fn refuse(&mut self, cause: u8) -> Vec<Small> {
        let (mut sent_away, _) = self.logic.refuse(cause);
        if self.fault == Fault::RefuseKeepsWaiting {
            self.stuck.append(&mut sent_away);
        }
        if self.fault == Fault::RefuseLosesLast {
            while let Some(ticket) = self.oldest() {
                self.logic.cancel(ticket);
            }
        }
        sent_away
    }

    fn oldest(&self) -> Option<Ticket> {
        let known = 0..16;
        let mut copy = self.logic.clone();
        known.map(Ticket).find(|ticket| copy.cancel(*ticket).is_some())
    }
}
