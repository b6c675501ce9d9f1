//! Listeners that come while the connection is under way.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use actix::Recipient;

use super::Event;
use super::backlog::Backlog;
use super::emitter::{Emitter, Hub};
use super::kinds::EventKinds;

/// An actor that listens to a connection's [events](crate::events); see
/// [`Connection::subscribe`](crate::Connection::subscribe). Dropping it ends that: what waits
/// for the actor then is not told, but for a few events that may be on their way. It does not
/// keep the connection alive.
#[must_use = "the subscription ends when it is dropped; `detach` has it last as long as the actor"]
pub struct Subscription {
    backlog: Arc<Backlog>,
    /// `None` once it is detached.
    hub: Option<Weak<Hub>>,
}

impl Subscription {
    /// Has the actor listen until it stops, or the connection ends.
    pub fn detach(mut self) {
        self.hub = None;
    }

    /// Whether there may be more to tell: the actor listens still, and the connection has not
    /// ended. That an actor has stopped is found with the next event for it.
    pub fn is_active(&self) -> bool {
        !self.backlog.has_left() && !self.backlog.has_ended()
    }

    /// How many events did not reach this actor because it was too slow.
    pub fn dropped_events(&self) -> u64 {
        self.backlog.lost()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("active", &self.is_active())
            .field("dropped_events", &self.dropped_events())
            .finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.take() {
            match hub.upgrade() {
                Some(hub) => hub.forget(&self.backlog),
                None => self.backlog.leave(),
            }
        }
    }
}

impl Emitter {
    /// Has an actor told of events of these kinds from now on, of which so many may wait for it.
    /// `None` once nothing is told any more; fails if there can be no thread for it.
    pub fn subscribe(
        &self,
        kinds: EventKinds,
        actor: Recipient<Event>,
        backlog: usize,
    ) -> io::Result<Option<Subscription>> {
        let Some((backlog, hub)) = self.enter(kinds, backlog) else { return Ok(None) };
        let subscription = Subscription { backlog: backlog.clone(), hub: Some(Arc::downgrade(&hub)) };
        // If not, dropping the subscription takes the backlog out.
        Ok(self.tell_actor(backlog, actor)?.then_some(subscription))
    }
}
