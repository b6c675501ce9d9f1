//! What one listener has not been told yet. Bounded: the oldest goes first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::kinds::EventKinds;
use super::log::Selection;
use super::{Event, Happened};

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
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Item>,
    /// Nothing comes any more.
    ended: bool,
    /// Nobody listens any more.
    left: bool,
}

impl Backlog {
    /// An empty backlog of a listener that counts from now on.
    pub fn new(kinds: EventKinds, capacity: usize, counts: Arc<Counts>) -> Self {
        counts.each(kinds, |count| {
            count.fetch_add(1, Relaxed);
        });
        Self { kinds, capacity: capacity.max(1), kept: Mutex::default(), wake: Notify::new(), counts }
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
        kept.events.push_back(event);
        drop(kept);
        if oldest.is_some_and(|oldest| !matches!(oldest, Item::Flush(_))) {
            self.lost_one();
        }
        self.wake.notify_one();
    }

    /// The oldest event, once there is one. `None` after the end.
    pub async fn next(&self) -> Option<Item> {
        loop {
            {
                let mut kept = self.lock();
                if let Some(event) = kept.events.pop_front() {
                    return Some(event);
                }
                if kept.ended {
                    return None;
                }
            }
            self.wake.notified().await;
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

    /// The listener is gone.
    pub fn leave(&self) {
        let mut kept = self.lock();
        if !std::mem::replace(&mut kept.left, true) {
            let rest = std::mem::take(&mut kept.events);
            drop(kept);
            drop(rest);
            self.counts.each(self.kinds, |count| {
                count.fetch_sub(1, Relaxed);
            });
        }
    }

    /// An event was lost on its way.
    pub fn lost_one(&self) {
        self.counts.dropped.fetch_add(1, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
