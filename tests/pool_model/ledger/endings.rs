//! What a clear, the end and the time that passes take out of the pool.

use actix_mongo::pool::{Cleared, SlotId};

use super::{Ledger, Mode, Verdict, must};
use crate::small::Small;

impl Ledger {
    pub fn cleared(&mut self, cleared: &Cleared<Small, SlotId>, mode: Mode, interrupt: bool) -> Verdict {
        let clears = matches!(mode, Mode::Paused(_));
        if matches!(self.mode, Mode::Closed(_)) || (clears && matches!(self.mode, Mode::Closing(_))) {
            let nothing = cleared.failed.is_empty() && cleared.idle.is_empty();
            must!(nothing && cleared.interrupted.is_empty(), "a closed pool has nothing");
            must!(!cleared.was_ready, "a closed pool was not ready");
            must!(cleared.generation == self.generation, "a closed pool has no generations");
            return Ok(());
        }
        self.generation += u64::from(clears);
        must!(cleared.generation == self.generation, "generation {}", cleared.generation);
        must!(cleared.was_ready == self.serves(), "was it ready?");
        self.mode = mode;
        must!(cleared.failed == self.waiting, "fails {:?} of {:?}", cleared.failed, self.waiting);
        self.waiting.clear();
        must!(same(&cleared.idle, self.idle.iter().copied()), "idle {:?}", cleared.idle);
        for id in &cleared.idle {
            self.remove(*id);
        }
        let interrupted = self.sockets.keys().copied().filter(|_| interrupt);
        must!(same(&cleared.interrupted, interrupted), "interrupts {:?}", cleared.interrupted);
        for id in &cleared.interrupted {
            self.remove(*id);
        }
        Ok(())
    }

    /// All sockets anew, and nobody who waits fails.
    pub fn renewed(&mut self, cleared: &Cleared<Small, SlotId>, opening: &[SlotId]) -> Verdict {
        must!(cleared.failed.is_empty(), "a renewal fails {:?}", cleared.failed);
        must!(cleared.interrupted.is_empty(), "a renewal interrupts {:?}", cleared.interrupted);
        let ready = self.mode == Mode::Ready;
        self.generation += u64::from(ready);
        self.discouraged &= !ready;
        must!(cleared.generation == self.generation, "generation {}", cleared.generation);
        must!(cleared.was_ready == ready, "was it ready?");
        let idle = self.idle.iter().copied().filter(|_| ready);
        must!(same(&cleared.idle, idle), "idle {:?}", cleared.idle);
        for id in &cleared.idle {
            self.remove(*id);
        }
        let ends = matches!(self.mode, Mode::Closing(_) | Mode::Closed(_));
        let pending = self.pending.iter().map(|opening| opening.id).filter(|_| !ends);
        must!(same(opening, pending), "opening {opening:?}");
        Ok(())
    }

    /// The first step of the end: only last words are served from now on.
    pub fn refused(&mut self, cause: u8, sent_away: &[Small]) -> Verdict {
        self.mode = match self.mode {
            Mode::Ready => Mode::Closing(cause),
            Mode::Paused(_) => Mode::Closed(cause),
            ended => {
                must!(sent_away.is_empty(), "{sent_away:?} were sent away twice");
                ended
            }
        };
        let ordinary: Vec<Small> = self.waiting.extract_if(.., |entry| !entry.last).collect();
        must!(sent_away == ordinary, "sends {sent_away:?} away, not {ordinary:?}");
        Ok(())
    }

    /// What is in use is broken off.
    pub fn interrupted(&mut self, slots: &[SlotId]) -> Verdict {
        let busy = self.sockets.iter().filter(|(_, socket)| !socket.is_free()).map(|(id, _)| *id);
        must!(same(slots, busy), "interrupts {slots:?}");
        for id in slots {
            self.remove(*id);
        }
        Ok(())
    }

    pub fn idle_expired(&mut self, now: u8, expired: &[SlotId]) -> Verdict {
        let perished = self.idle.iter().copied().filter(|id| self.has_perished(*id, now));
        must!(same(expired, perished), "expired {expired:?}");
        for id in expired {
            self.remove(*id);
        }
        Ok(())
    }
}

/// The same slots, in whatever order.
fn same(given: &[SlotId], expected: impl Iterator<Item = SlotId>) -> bool {
    let mut given = given.to_vec();
    given.sort();
    let mut expected: Vec<_> = expected.collect();
    expected.sort();
    given == expected
}
