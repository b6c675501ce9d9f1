//! Actors that listen to a connection while it is under way.

use actix::Recipient;

use super::Connection;
use super::launch::no_thread;
use crate::dispatch::closed;
use crate::error::Result;
use crate::events::{Event, EventKinds, Subscription};

impl<D> Connection<D> {
    /// Has an actor told of [events](crate::events) of these kinds from now on, until it stops,
    /// the connection ends, or the [`Subscription`] is dropped.
    ///
    /// As for [`Builder::event_recipient`](crate::Builder::event_recipient), an event is sent only while there is room in the
    /// actor's mailbox; up to `backlog` events (at least 1) wait for that, and what is above
    /// takes the place of the oldest, and [counts](Subscription::dropped_events). The actor is
    /// not told how things stand: [`state`](Self::state) is, and what happens after this call
    /// is told.
    ///
    /// Fails with [`Kind::Closed`](crate::Kind::Closed) once the connection has ended, and with
    /// [`Kind::ConnectionFailure`](crate::Kind::ConnectionFailure) if the thread that tells actors can't be started.
    ///
    /// ```no_run
    /// use actix::{Actor, AsyncContext, Context, Handler};
    /// use actix_mongo::Connection;
    /// use actix_mongo::events::{Event, EventKinds, Subscription};
    ///
    /// struct Watchman {
    ///     connection: Connection,
    ///     subscription: Option<Subscription>,
    /// }
    ///
    /// impl Actor for Watchman {
    ///     type Context = Context<Self>;
    ///
    ///     fn started(&mut self, ctx: &mut Self::Context) {
    ///         let me = ctx.address().recipient();
    ///         self.subscription = self.connection.subscribe(EventKinds::TOPOLOGY, me, 100).ok();
    ///     }
    /// }
    ///
    /// impl Handler<Event> for Watchman {
    ///     type Result = ();
    ///
    ///     fn handle(&mut self, event: Event, _: &mut Self::Context) {
    ///         if let Event::ServerDescriptionChanged(change) = event {
    ///             println!("{} is now {:?}", change.address, change.new_description.kind());
    ///         }
    ///     }
    /// }
    /// ```
    pub fn subscribe(
        &self,
        kinds: EventKinds,
        listener: Recipient<Event>,
        backlog: usize,
    ) -> Result<Subscription> {
        let subscription = self.handle.core().listeners.subscribe(kinds, listener, backlog);
        subscription.map_err(no_thread)?.ok_or_else(closed)
    }
}
