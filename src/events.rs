//! What happens in a connection, told to those who asked for it: its commands, its pools, its
//! sockets and what is known of its servers.
//!
//! Listeners are given to the [`Builder`](crate::Builder): closures by
//! [`on_event`](crate::Builder::on_event), actors by
//! [`event_recipient`](crate::Builder::event_recipient); with
//! [`on_events`](crate::Builder::on_events) and
//! [`events_recipient`](crate::Builder::events_recipient) they get some
//! [kinds](EventKinds) only, and the others cost nothing. Actors may begin later, too, by
//! [`Connection::subscribe`](crate::Connection::subscribe), and stop. Each has a backlog of its own; a
//! listener that is slower than what happens loses the oldest, which is counted, and holds
//! up nobody, not even if it blocks for good: each closure has a thread of the connection to
//! itself, and all actors together have one.
//!
//! ```no_run
//! use actix_mongo::events::Event;
//!
//! # async fn example() -> actix_mongo::Result<()> {
//! let connection = actix_mongo::Connection::builder()
//!     .uri("mongodb://localhost:27017")?
//!     .on_event(|event| match event {
//!         Event::PoolCleared(cleared) => println!("the pool of {} was cleared", cleared.address),
//!         Event::ServerHeartbeatFailed(failed) => println!("{}: {}", failed.address, failed.error),
//!         _ => {}
//!     })
//!     .connect()
//!     .await?;
//! # Ok(()) }
//! ```
//!
//! The events of a pool, and those of the topology, come in the order in which it happened.
//! Where an error is the cause, what the driver concludes from it comes first: a pool is
//! cleared, and then the connection that met the error is closed.
//!
//! Each command that started has exactly one end, a success or a failure, also if its caller
//! goes, its socket breaks, or something panics. Passwords and the like are not told: commands
//! that carry them are told as an empty document, and so are their replies; of a server's error
//! to such a command its code, the code's name and its labels are left.
//!
//! The same things are told to [`tracing`], see [`Builder`](crate::Builder#logs).

mod backlog;
mod changes;
mod command;
mod command_watch;
mod delivery;
mod emitter;
mod heartbeat;
mod kinds;
mod log;
mod pool;
mod sensitive;
mod subscription;
#[cfg(test)]
mod tests;
mod topology;

pub use changes::{changed, closing, opening};
pub use command::{CommandFailed, CommandStarted, CommandSucceeded};
pub use command_watch::{CommandTeller, CommandWatch};
pub use delivery::{Ear, Listener, listen};
pub use emitter::{Emitter, Ending};
pub use heartbeat::Heartbeat;
pub use kinds::EventKinds;
pub use log::{Logs, SelectionWatch};
pub use pool::{
    CheckOutFailedReason, ConnectionCheckOutFailed, ConnectionCheckOutStarted, ConnectionCheckedIn,
    ConnectionCheckedOut, ConnectionClosed, ConnectionClosedReason, ConnectionCreated, ConnectionReady,
    PoolCleared, PoolClosed, PoolCreated, PoolReady, PoolSettings,
};
pub use subscription::Subscription;
pub use topology::{
    ServerClosed, ServerDescription, ServerDescriptionChanged, ServerHeartbeatFailed, ServerHeartbeatStarted,
    ServerHeartbeatSucceeded, ServerOpening, TopologyClosed, TopologyDescription, TopologyDescriptionChanged,
    TopologyId, TopologyOpening,
};

/// An event, and what kind it is of.
pub trait Happened: Into<Event> {
    /// The one kind.
    const KIND: EventKinds;
}

/// Makes the enum of all events, and each of them an [`Event`].
macro_rules! events {
    ($($kind:ident { $($(#[$doc:meta])* $name:ident,)* })*) => {
        /// Something that happened. The names are those of the specifications.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Event {
            $($($(#[$doc])* $name($name),)*)*
        }

        $($(impl From<$name> for Event {
            fn from(event: $name) -> Self {
                Self::$name(event)
            }
        }

        impl Happened for $name {
            const KIND: EventKinds = EventKinds::$kind;
        })*)*

        impl Event {
            /// The one kind that it is of.
            pub fn kind(&self) -> EventKinds {
                match self {
                    $($(Self::$name(_) => EventKinds::$kind,)*)*
                }
            }
        }
    };
}

events! {
    COMMANDS {
        /// A command is about to be sent.
        CommandStarted,
        /// A command was answered with success.
        CommandSucceeded,
        /// A command was answered with an error, or not at all.
        CommandFailed,
    }
    POOLS {
        /// A server has a pool; it takes no call yet.
        PoolCreated,
        /// A pool takes calls from now on.
        PoolReady,
        /// A pool gave up its connections, and takes no calls until it is ready.
        PoolCleared,
        /// A pool is closed for good.
        PoolClosed,
        /// A connection is about to be established.
        ConnectionCreated,
        /// A connection was established.
        ConnectionReady,
        /// A connection is no longer part of its pool.
        ConnectionClosed,
        /// A call asks for a connection.
        ConnectionCheckOutStarted,
        /// A call got no connection.
        ConnectionCheckOutFailed,
        /// A call got a connection.
        ConnectionCheckedOut,
        /// A call gave its connection back.
        ConnectionCheckedIn,
    }
    TOPOLOGY {
        /// The deployment is looked at from now on; before all other events of the topology.
        TopologyOpening,
        /// The picture of the deployment changed.
        TopologyDescriptionChanged,
        /// The deployment is no longer looked at; after all other events of the topology.
        TopologyClosed,
        /// A server joined the picture.
        ServerOpening,
        /// What is known of a server changed.
        ServerDescriptionChanged,
        /// A server left the picture.
        ServerClosed,
        /// A check of a server began.
        ServerHeartbeatStarted,
        /// A check of a server succeeded.
        ServerHeartbeatSucceeded,
        /// A check of a server failed.
        ServerHeartbeatFailed,
    }
}

impl actix::Message for Event {
    type Result = ();
}
