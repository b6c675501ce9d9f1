//! Where events go in: held by pools, sockets, monitors, the supervisor and callers.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use actix::Recipient;
use tokio::sync::oneshot;
use tracing::level_filters::LevelFilter;

use super::backlog::{Backlog, Counts, Item};
use super::delivery::ActorThread;
use super::kinds::EventKinds;
use super::log::{Logs, Selection};
use super::{Event, Happened};

/// Every question whether somebody listens is answered with no before it is asked: a build beside
/// which benches can see what asking costs. Nobody is told anything in it.
const SILENT: bool = cfg!(actix_mongo_silent);

/// Takes events for all listeners of one connection, and for its logs. Where nobody wants an
/// event it is not made: two numbers are read. It never waits, and runs nobody's code; so it
/// may be called under a lock, where the order of two events hangs on that.
#[derive(Clone, Debug, Default)]
pub struct Emitter(Option<Arc<Hub>>);

/// What all emitters of a connection have in common.
#[derive(Debug)]
pub(super) struct Hub {
    counts: Arc<Counts>,
    /// Written when an actor begins to listen, or stops.
    backlogs: RwLock<Vec<Arc<Backlog>>>,
    logs: Logs,
    actors: Mutex<Actors>,
}

/// Who tells actors.
#[derive(Debug)]
enum Actors {
    None,
    Some(ActorThread),
    /// Nothing is told any more.
    Ended,
}

impl Emitter {
    /// An emitter to these.
    pub(super) fn new(counts: Arc<Counts>, backlogs: Vec<Arc<Backlog>>, logs: Logs) -> Self {
        let (backlogs, actors) = (RwLock::new(backlogs), Mutex::new(Actors::None));
        Self(Some(Arc::new(Hub { counts, backlogs, logs, actors })))
    }

    /// Has an actor told what goes into this backlog. False if nothing does any more.
    pub(super) fn tell_actor(&self, backlog: Arc<Backlog>, actor: Recipient<Event>) -> io::Result<bool> {
        self.0.as_ref().map_or(Ok(false), |hub| hub.tell_actor(backlog, actor))
    }

    /// A backlog for one more listener, from now on; who takes it out, too.
    pub(super) fn enter(&self, kinds: EventKinds, capacity: usize) -> Option<(Arc<Backlog>, Arc<Hub>)> {
        let hub = self.0.as_ref()?;
        let backlog = Arc::new(Backlog::new(kinds, capacity, hub.counts.clone()));
        let mut backlogs = hub.write();
        // Those whose actors are gone.
        backlogs.retain(|backlog| !backlog.has_left());
        backlogs.push(backlog.clone());
        Some((backlog, hub.clone()))
    }

    /// Whether anybody wants events of this one kind.
    #[inline]
    pub fn is_on(&self, kind: EventKinds) -> bool {
        !SILENT && self.0.as_ref().is_some_and(|hub| hub.counts.wants(kind) || hub.logs.wants(kind))
    }

    /// Whether logs want to hear which servers are chosen.
    #[inline]
    pub fn logs_selection(&self) -> bool {
        self.is_on(EventKinds::SELECTION)
    }

    /// Whether logs might want to hear something of that: one number that is read, and no
    /// subscriber that is asked.
    #[inline]
    pub fn may_log_selection(&self) -> bool {
        !SILENT && LevelFilter::current() >= LevelFilter::INFO
    }

    /// Whether logs want to hear that a server is waited for. Asked where one is, and not
    /// before: it is a question for most subscribers, and not only a number.
    pub fn logs_waiting(&self) -> bool {
        self.is_on(EventKinds::WAITING)
    }

    /// Tells all who want it, if there are any.
    pub fn emit<E: Happened>(&self, make: impl FnOnce() -> E) {
        if self.is_on(E::KIND) {
            self.tell(E::KIND, Item::Event(make().into()));
        }
    }

    /// Tells all who want them of several events of one kind, in this order.
    pub fn emit_all(&self, kind: EventKinds, make: impl FnOnce() -> Vec<Event>) {
        if self.is_on(kind) {
            make().into_iter().for_each(|event| self.tell(kind, Item::Event(event)));
        }
    }

    /// Tells the logs of the choice of a server.
    pub(super) fn selection(&self, selection: Selection) {
        self.tell(EventKinds::SELECTION, Item::Selection(selection));
    }

    #[cold]
    fn tell(&self, kind: EventKinds, item: Item) {
        let Some(hub) = &self.0 else { return };
        let logs = hub.logs.wants(kind) || kind == EventKinds::SELECTION;
        let backlogs = hub.read();
        let mut takers = backlogs.iter().filter(|backlog| backlog.takes(kind)).peekable();
        // The last one gets it as it is: with one listener nothing is copied.
        while let Some(backlog) = takers.next() {
            if !logs && takers.peek().is_none() {
                return backlog.push(item);
            }
            backlog.push(item.clone());
        }
        if logs {
            hub.logs.push(item);
        }
    }

    /// Ready once listeners and logs were told all that happened before.
    ///
    /// Cancel safety: nothing hangs on it.
    pub async fn flush(&self) {
        let Some(hub) = &self.0 else { return };
        let (told, mut all_told) = oneshot::channel();
        let told = Arc::new(told);
        hub.read().iter().for_each(|backlog| backlog.push(Item::Flush(told.clone())));
        hub.logs.flush(Item::Flush(told));
        // Nothing is sent: the last of the backlogs drops the sender.
        let _ = (&mut all_told).await;
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
        if let Some(hub) = &self.0 {
            hub.end();
        }
    }
}

impl Hub {
    fn tell_actor(&self, backlog: Arc<Backlog>, actor: Recipient<Event>) -> io::Result<bool> {
        let mut actors = self.actors.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*actors, Actors::None) {
            *actors = Actors::Some(ActorThread::start()?);
        }
        match &*actors {
            Actors::Some(thread) => thread.tell(backlog, actor),
            Actors::None | Actors::Ended => return Ok(false),
        }
        Ok(true)
    }

    /// A listener wants no more.
    pub(super) fn forget(&self, backlog: &Arc<Backlog>) {
        backlog.leave();
        self.write().retain(|other| !Arc::ptr_eq(other, backlog));
    }

    fn end(&self) {
        *self.actors.lock().unwrap_or_else(PoisonError::into_inner) = Actors::Ended;
        self.read().iter().for_each(|backlog| backlog.end());
        self.logs.end();
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Arc<Backlog>>> {
        self.backlogs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Arc<Backlog>>> {
        self.backlogs.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.end();
    }
}

/// Dropped when nothing happens in the connection any more: listeners are told what is left,
/// and their threads end, though handles of the connection may still be around.
#[derive(Debug)]
pub struct Ending(Emitter);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}
