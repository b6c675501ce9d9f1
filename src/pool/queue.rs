//! Who waits, in which order: a FIFO whose members can leave from the middle.
//!
//! Used by [`State`](super::state::State) alone. Knows neither slots nor clock; never drops an
//! entry, all that leaves is handed out.

use std::collections::VecDeque;
use std::time::Instant;

use super::answers::Ticket;
use super::lease::Purpose;

/// What the pool's logic asks of an entry. The real one is [`Entry`](super::Entry); a
/// model may step the logic with something smaller.
pub trait Waiting {
    /// Bytes that it holds while it waits; must not change meanwhile.
    fn bytes(&self) -> usize;
    /// When its wait must end.
    fn wait_deadline(&self) -> Option<Instant>;
    /// Whether it needs a slot with nothing else in flight.
    fn is_exclusive(&self) -> bool;
    /// What it wants to hold the slot for, if it is a lease.
    fn purpose(&self) -> Option<Purpose>;
    /// Nobody waits for its answer any more.
    fn is_abandoned(&self) -> bool;
    /// Served also while the pool closes.
    fn is_last(&self) -> bool {
        false
    }
}

/// The queue. An entry that leaves from the middle leaves a tombstone, so that tickets
/// stay sorted and leaving costs a binary search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue<E> {
    /// Sorted by ticket; the first place is never a tombstone.
    places: VecDeque<(Ticket, Option<E>)>,
    next_ticket: u64,
    /// Places that are no tombstones.
    len: usize,
    bytes: usize,
    /// Leases of [`Purpose::Parked`] among them.
    parked: usize,
    /// The earliest deadline that somebody was asked to wake us for.
    armed: Option<Instant>,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self { places: VecDeque::new(), next_ticket: 0, len: 0, bytes: 0, parked: 0, armed: None }
    }
}

impl<E: Waiting> Queue<E> {
    /// Entries that wait, the abandoned among them included until they are met.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that the waiting entries hold.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Leases of [`Purpose::Parked`] that wait.
    pub fn parked(&self) -> usize {
        self.parked
    }

    /// Appends. The time is set if somebody must be asked to wake us then, because no
    /// earlier waking is arranged.
    pub fn push(&mut self, entry: E) -> (Ticket, Option<Instant>) {
        let deadline = entry.wait_deadline();
        let arm = deadline.filter(|new| self.armed.is_none_or(|armed| *new < armed));
        self.armed = arm.or(self.armed);

        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.len += 1;
        self.bytes += entry.bytes();
        self.parked += usize::from(is_parked(&entry));
        self.places.push_back((ticket, Some(entry)));
        (ticket, arm)
    }

    /// The oldest.
    pub fn front(&self) -> Option<&E> {
        self.places.front()?.1.as_ref()
    }

    /// Takes the oldest.
    pub fn pop(&mut self) -> Option<E> {
        let entry = self.places.pop_front()?.1?;
        self.gone(&entry);
        self.trim();
        Some(entry)
    }

    /// Takes the one with this ticket, if it still waits.
    pub fn remove(&mut self, ticket: Ticket) -> Option<E> {
        let at = self.places.binary_search_by_key(&ticket, |place| place.0).ok()?;
        let entry = self.places[at].1.take()?;
        self.gone(&entry);
        self.trim();
        Some(entry)
    }

    /// Takes all whose deadline is not after `now`. The time, if any, is when to call
    /// again; there is none if an earlier call, or a push, has asked for it already. So of
    /// all alarms that were asked for, only the latest goes on.
    pub fn expire(&mut self, now: Instant) -> (Vec<E>, Option<Instant>) {
        if self.armed.is_some_and(|armed| armed > now) {
            // No deadline is before that.
            return (Vec::new(), None);
        }
        let mut expired = Vec::new();
        let mut next: Option<Instant> = None;
        for (_, place) in &mut self.places {
            let Some(deadline) = place.as_ref().and_then(Waiting::wait_deadline) else {
                continue;
            };
            if deadline <= now {
                expired.extend(place.take());
            } else {
                next = Some(next.map_or(deadline, |earliest| earliest.min(deadline)));
            }
        }
        for entry in &expired {
            self.gone(entry);
        }
        self.trim();
        self.armed = next;
        (expired, next)
    }

    /// Takes all, oldest first.
    pub fn drain(&mut self) -> Vec<E> {
        let places = std::mem::take(&mut self.places);
        self.len = 0;
        self.bytes = 0;
        self.parked = 0;
        // `armed` stays: whoever was asked to wake us still will.
        places.into_iter().filter_map(|place| place.1).collect()
    }

    /// Takes all but the [last](Waiting::is_last), oldest first.
    pub fn drain_ordinary(&mut self) -> Vec<E> {
        let ordinary = |place: &mut (Ticket, Option<E>)| place.1.take_if(|entry| !entry.is_last());
        let drained: Vec<E> = self.places.iter_mut().filter_map(ordinary).collect();
        for entry in &drained {
            self.gone(entry);
        }
        self.trim();
        drained
    }

    fn gone(&mut self, entry: &E) {
        self.len -= 1;
        self.bytes -= entry.bytes();
        self.parked -= usize::from(is_parked(entry));
    }

    /// Clears tombstones away: those in front at once, those in between once they are
    /// more than half, so that each removal pays for at most one of them.
    fn trim(&mut self) {
        while self.places.front().is_some_and(|place| place.1.is_none()) {
            self.places.pop_front();
        }
        if self.places.len() > 2 * self.len {
            self.places.retain(|place| place.1.is_some());
        }
    }
}

fn is_parked<E: Waiting>(entry: &E) -> bool {
    entry.purpose() == Some(Purpose::Parked)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its name, and its bytes as well.
    #[derive(Debug, PartialEq, Eq)]
    struct Waiter(usize);

    impl Waiting for Waiter {
        fn bytes(&self) -> usize {
            self.0
        }

        fn wait_deadline(&self) -> Option<Instant> {
            None
        }

        fn is_exclusive(&self) -> bool {
            false
        }

        fn purpose(&self) -> Option<Purpose> {
            None
        }

        fn is_abandoned(&self) -> bool {
            false
        }
    }

    /// It waits for so many seconds.
    #[derive(Debug, PartialEq, Eq)]
    struct Until(Instant);

    impl Waiting for Until {
        fn bytes(&self) -> usize {
            0
        }

        fn wait_deadline(&self) -> Option<Instant> {
            Some(self.0)
        }

        fn is_exclusive(&self) -> bool {
            false
        }

        fn purpose(&self) -> Option<Purpose> {
            None
        }

        fn is_abandoned(&self) -> bool {
            false
        }
    }

    /// Each earlier deadline asks for one alarm more; however long the queue is never empty,
    /// they do not pile up.
    #[test]
    fn alarms_do_not_multiply() {
        let start = Instant::now();
        let at = |seconds| start + std::time::Duration::from_secs(seconds);
        let (mut queue, mut alarms) = (Queue::default(), std::collections::BTreeSet::new());
        let mut number = 0;
        let mut most = 0;
        for second in 0..1000_u64 {
            while let Some((due, _)) = alarms.first().filter(|(due, _)| *due <= at(second)).copied() {
                alarms.pop_first();
                number += 1;
                alarms.extend(queue.expire(due).1.map(|at| (at, number)));
            }
            for wait in [30, 3].into_iter().filter(|_| second % 5 == 1) {
                number += 1;
                alarms.extend(queue.push(Until(at(second + wait))).1.map(|at| (at, number)));
            }
            most = most.max(alarms.len());
        }
        // One for each short wait within the longest, and not one for each that ever was.
        assert!(most < 10, "{most} alarms at one time");
        let first = queue.places.iter().filter_map(|place| place.1.as_ref()).map(|until| until.0).min();
        assert!(alarms.first().map(|alarm| alarm.0) <= first, "no alarm for the earliest deadline");
    }

    /// Against a plain list of what is there, over many random orders.
    #[test]
    fn entries_leave_from_anywhere_and_the_order_stays() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut queue, mut list) = (Queue::default(), Vec::new());
        for name in 0..10_000 {
            let (ticket, _) = queue.push(Waiter(name));
            list.push((ticket, name));
            while list.len() > random.usize(..60) {
                let at = random.usize(..list.len());
                let (ticket, name) = list.remove(at);
                let left = if at == 0 { queue.pop() } else { queue.remove(ticket) };
                assert_eq!(left, Some(Waiter(name)));
                assert_eq!(queue.remove(ticket), None);
            }
            let bytes = list.iter().map(|(_, name)| name).sum::<usize>();
            assert_eq!((queue.len(), queue.bytes()), (list.len(), bytes));
            let front = list.first().map(|(_, name)| Waiter(*name));
            assert_eq!(queue.front(), front.as_ref());
            // Tombstones never outnumber entries.
            assert!(queue.places.len() <= 2 * queue.len());
        }
        let names: Vec<_> = queue.drain().into_iter().map(|waiter| waiter.0).collect();
        assert_eq!(names, list.iter().map(|(_, name)| *name).collect::<Vec<_>>());
        assert_eq!((queue.len(), queue.bytes()), (0, 0));
    }
}
