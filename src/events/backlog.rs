//! What one listener has not been told yet. Bounded: the oldest goes first.
//!
//! Who tells it sleeps when there is nothing to tell, and waking it costs more than making an
//! event does. So it is woken once for many: after the last event it dozes for a moment before it
//! sleeps, and what comes meanwhile waits for the end of the moment, unless it is much, or
//! somebody waits for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::kinds::EventKinds;
use super::log::Selection;
use super::{Event, Happened};

/// How long an event may wait for others. Tokio's timer knows nothing shorter.
const DOZE: Duration = Duration::from_millis(1);

/// How many events are enough to be woken for, and how many are taken out at a time; less where
/// there is little room, so that few are on their way besides those in the backlog.
const MANY: (usize, usize) = (256, 32);

/// One thing to be told.
#[derive(Clone, Debug)]
pub enum Item {
    /// Of interest to listeners.
    Event(Event),
    /// Of interest to logs.
    Selection(Selection),
    /// Dropped once all that came before was told.
    Flush(Arc<oneshot::Sender<()>>),
}

impl<E: Happened> From<E> for Item {
    fn from(event: E) -> Self {
        Self::Event(event.into())
    }
}

/// What all listeners of one connection count together.
#[derive(Debug, Default)]
pub struct Counts {
    /// Listeners that still listen, by the kind of event. This is the flag that every emitter
    /// looks at first.
    listening: [AtomicUsize; EventKinds::PLACES],
    /// Events that a listener was too slow for.
    pub dropped: AtomicU64,
}

impl Counts {
    /// Whether anybody wants events of this one kind.
    pub fn wants(&self, kind: EventKinds) -> bool {
        self.listening.get(kind.place()).is_some_and(|count| count.load(Relaxed) > 0)
    }

    /// Calls `change` with the count of each of these kinds.
    fn each(&self, kinds: EventKinds, change: impl Fn(&AtomicUsize)) {
        kinds.places().filter_map(|place| self.listening.get(place)).for_each(change);
    }
}

/// See the module. Filled by whoever emits, emptied by the delivery.
#[derive(Debug)]
pub struct Backlog {
    /// What it takes.
    kinds: EventKinds,
    capacity: usize,
    kept: Mutex<Kept>,
    wake: Notify,
    lost: AtomicU64,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Item>,
    /// Nothing comes any more.
    ended: bool,
    /// Nobody listens any more.
    left: bool,
    teller: Teller,
}

/// What who tells the listener is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Teller {
    /// It tells, or will look here before it sleeps.
    #[default]
    Awake,
    /// It will look here in a moment.
    Dozing,
    /// It looks here when it is woken.
    Asleep,
}

impl Backlog {
    /// An empty backlog of a listener that counts from now on.
    pub fn new(kinds: EventKinds, capacity: usize, counts: Arc<Counts>) -> Self {
        counts.each(kinds, |count| {
            count.fetch_add(1, Relaxed);
        });
        let (kept, wake, lost) = (Mutex::default(), Notify::new(), AtomicU64::new(0));
        Self { kinds, capacity: capacity.max(1), kept, wake, lost, counts }
    }

    /// Whether it takes events of this kind.
    pub fn takes(&self, kind: EventKinds) -> bool {
        self.kinds.contains(kind)
    }

    /// Adds an event, in place of the oldest if there is no room.
    pub fn push(&self, event: Item) {
        let mut kept = self.lock();
        if kept.ended || kept.left {
            return;
        }
        let oldest = if kept.events.len() == self.capacity { kept.events.pop_front() } else { None };
        let wakes = match kept.teller {
            Teller::Awake => false,
            Teller::Dozing => {
                kept.events.len() >= MANY.0.min(self.capacity / 4) || matches!(event, Item::Flush(_))
            }
            Teller::Asleep => true,
        };
        if wakes {
            kept.teller = Teller::Awake;
        }
        kept.events.push_back(event);
        drop(kept);
        if oldest.is_some_and(|oldest| !matches!(oldest, Item::Flush(_))) {
            self.lost_one();
        }
        if wakes {
            self.wake.notify_one();
        }
    }

    /// Adds the oldest events to `some`, once there are any. False after the end. For one caller
    /// at a time, in a runtime with a timer.
    pub async fn next(&self, some: &mut VecDeque<Item>) -> bool {
        let mut has_dozed = false;
        loop {
            {
                let mut kept = self.lock();
                if !kept.events.is_empty() {
                    let count = MANY.1.min(self.capacity / 8).clamp(1, kept.events.len());
                    some.extend(kept.events.drain(..count));
                    kept.teller = Teller::Awake;
                    return true;
                }
                if kept.ended || kept.left {
                    return false;
                }
                kept.teller = if has_dozed { Teller::Asleep } else { Teller::Dozing };
            }
            // A wake-up that comes before the wait is kept for it; one too many does no harm.
            if has_dozed {
                self.wake.notified().await;
                has_dozed = false;
            } else {
                has_dozed = timeout(DOZE, self.wake.notified()).await.is_err();
            }
        }
    }

    /// Nothing is added from now on; what is there is still to be told.
    pub fn end(&self) {
        self.lock().ended = true;
        self.wake.notify_one();
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Whether the listener is gone.
    pub fn has_left(&self) -> bool {
        self.lock().left
    }

    /// How many events did not reach this listener because it was too slow.
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// The listener is gone, or wants no more.
    pub fn leave(&self) {
        let mut kept = self.lock();
        if !std::mem::replace(&mut kept.left, true) {
            let rest = std::mem::take(&mut kept.events);
            drop(kept);
            drop(rest);
            self.counts.each(self.kinds, |count| {
                count.fetch_sub(1, Relaxed);
            });
            // Who tells it has nothing to wait for.
            self.wake.notify_one();
        }
    }

    /// An event was lost on its way.
    pub fn lost_one(&self) {
        self.lost.fetch_add(1, Relaxed);
        self.counts.dropped.fetch_add(1, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
