//! Events of commands (command logging and monitoring specification).

use std::sync::Arc;
use std::time::Duration;

use bson::RawDocumentBuf;
use bson::oid::ObjectId;

use crate::error::Error;
use crate::topology::ServerAddress;

/// Makes the three events, which have most of their fields in common.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident { $($(#[$own_doc:meta])* $own:ident: $type:ty,)* })*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$own_doc])* pub $own: $type,)*
            /// The command's name.
            pub command_name: Arc<str>,
            /// The database that it runs on.
            pub database_name: Arc<str>,
            /// The message's number. Unique among the requests of one connection in a pool, and
            /// the same in the event of the end.
            pub request_id: i32,
            /// The same for all commands of one call: attempts, and parts of a bulk write.
            pub operation_id: i64,
            /// The server.
            pub address: ServerAddress,
            /// The connection in its pool, as in the events of pools.
            pub connection_id: u64,
            /// What the server calls this connection, if it says so.
            pub server_connection_id: Option<i64>,
            /// The service behind a load balancer.
            pub service_id: Option<ObjectId>,
        })*
    };
}

commands! {
    /// See [`Event::CommandStarted`](super::Event::CommandStarted).
    CommandStarted {
        /// The whole command as it is sent, document sequences included as arrays. Empty if it
        /// may tell a secret.
        command: RawDocumentBuf,
    }
    /// See [`Event::CommandSucceeded`](super::Event::CommandSucceeded).
    CommandSucceeded {
        /// From the moment it was ready to be written until its reply was read.
        duration: Duration,
        /// The reply; `{ok: 1}` for a write without an answer. Empty if it may tell a secret.
        reply: RawDocumentBuf,
    }
    /// See [`Event::CommandFailed`](super::Event::CommandFailed).
    CommandFailed {
        /// From the moment it was ready to be written until it failed.
        duration: Duration,
        /// Why. A server's error to a command that may tell a secret has its code, the code's
        /// name and its labels only.
        failure: Error,
    }
}
