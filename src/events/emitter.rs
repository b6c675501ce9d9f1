//! Where events go in: held by pools, sockets, monitors and the supervisor.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::Event;
use super::backlog::{Backlog, Counts};

/// Takes events for all listeners of one connection. Without listeners nothing is made or
/// kept: one flag is read. It never waits, and runs nobody's code; so it may be called under
/// a lock, where the order of two events hangs on that.
#[derive(Clone, Debug, Default)]
pub struct Emitter(Option<Arc<Hub>>);

#[derive(Debug)]
struct Hub {
    counts: Arc<Counts>,
    backlogs: Vec<Arc<Backlog>>,
}

impl Emitter {
    /// An emitter to these.
    pub(super) fn new(counts: Arc<Counts>, backlogs: Vec<Arc<Backlog>>) -> Self {
        Self(Some(Arc::new(Hub { counts, backlogs })))
    }

    /// Whether anybody listens.
    pub fn is_on(&self) -> bool {
        self.0.as_ref().is_some_and(|hub| hub.counts.listening.load(Relaxed) > 0)
    }

    /// Tells all listeners, if there are any.
    pub fn emit<E: Into<Event>>(&self, make: impl FnOnce() -> E) {
        let Some(hub) = self.0.as_ref().filter(|_| self.is_on()) else { return };
        let event = make().into();
        if let Some((last, others)) = hub.backlogs.split_last() {
            others.iter().for_each(|backlog| backlog.push(event.clone()));
            last.push(event);
        }
    }

    /// How many events did not reach a listener because it was too slow.
    pub fn dropped(&self) -> u64 {
        self.0.as_ref().map_or(0, |hub| hub.counts.dropped.load(Relaxed))
    }

    /// What ends it, when dropped.
    pub fn ending(&self) -> Ending {
        Ending(self.clone())
    }

    fn end(&self) {
        self.0.iter().flat_map(|hub| &hub.backlogs).for_each(|backlog| backlog.end());
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.backlogs.iter().for_each(|backlog| backlog.end());
    }
}

/// Dropped when nothing happens in the connection any more: listeners are told what is left,
/// and their thread ends, though handles of the connection may still be around.
#[derive(Debug)]
pub struct Ending(Emitter);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}
