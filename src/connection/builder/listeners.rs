//! Who is told of what happens in a connection.

use std::sync::Arc;

use actix::Recipient;

use super::Builder;
use crate::events::{Ear, Event, EventKinds, Listener};

impl<D> Builder<D> {
    /// Has a closure called with each [event](crate::events) of commands, pools and servers. May be
    /// called several times, for several listeners. (default: none)
    ///
    /// Each closure costs a thread, which the connection runs for it alone. So it may take its
    /// time and even block, and no other listener waits for that; a slow one loses the oldest
    /// events that wait for it, see [`event_backlog`](Self::event_backlog). One that panics
    /// gets the next event all the same. An event may wait a millisecond or two for others, so
    /// that the thread is not woken for each; [`flush_events`](crate::Connection::flush_events)
    /// waits for none. The last events may come after
    /// [`close`](crate::Connection::close) is ready.
    pub fn on_event(self, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.on_events(EventKinds::ALL, listener)
    }

    /// The same for some kinds of events only. What nobody wants costs nothing.
    pub fn on_events(self, kinds: EventKinds, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.listener(Listener { kinds, ear: Ear::Closure(Arc::new(listener)) })
    }

    /// Has each [event](crate::events) of commands, pools and servers sent to an actor. May be called
    /// several times, for several listeners. (default: none)
    ///
    /// An event is sent only while there is room in the actor's mailbox; what does not fit
    /// waits in the listener's [backlog](Self::event_backlog). Once the actor has stopped,
    /// nothing is kept for it. All actors of a connection that listen cost it one thread
    /// together.
    pub fn event_recipient(self, listener: Recipient<Event>) -> Self {
        self.events_recipient(EventKinds::ALL, listener)
    }

    /// The same for some kinds of events only. What nobody wants costs nothing.
    pub fn events_recipient(self, kinds: EventKinds, listener: Recipient<Event>) -> Self {
        self.listener(Listener { kinds, ear: Ear::Recipient(listener) })
    }

    /// How many events may wait for one listener. Default 4096; at least 1. What is above
    /// takes the place of the oldest, and counts in
    /// [`dropped_events`](crate::Connection::dropped_events).
    pub fn event_backlog(self, events: usize) -> Self {
        self.set(move |options| options.event_backlog = events)
    }

    /// How many bytes of a document, as extended JSON, a log message shows. The rest is left
    /// out, and `...` stands for it. Default 1000, or what the environment variable
    /// `MONGODB_LOG_MAX_DOCUMENT_LENGTH` says, if it is a number. This option wins over the
    /// variable; whoever wants it the other way round reads the variable first:
    ///
    /// ```
    /// # let builder = actix_mongo::Connection::builder();
    /// let set = std::env::var("MONGODB_LOG_MAX_DOCUMENT_LENGTH").ok().and_then(|text| text.parse().ok());
    /// let builder = builder.log_max_document_length(set.unwrap_or(200));
    /// ```
    pub fn log_max_document_length(self, bytes: usize) -> Self {
        self.set(move |options| options.log_max_document_length = Some(bytes))
    }

    fn listener(self, listener: Listener) -> Self {
        self.set(move |options| options.listeners.push(listener.clone()))
    }
}
