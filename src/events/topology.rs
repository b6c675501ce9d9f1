//! Events of the deployment, its servers and their checks (server discovery and monitoring
//! specification), and what they show of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bson::RawDocumentBuf;
use bson::oid::ObjectId;

use crate::error::Error;
use crate::topology::{self, HelloReply, ServerAddress, ServerKind, TagSet, TopologyKind};

/// Tells the deployments of one process apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopologyId(u64);

impl TopologyId {
    /// One that no other deployment has.
    #[allow(clippy::new_without_default, reason = "two are never equal")]
    pub fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Relaxed) + 1)
    }

    /// It as a number.
    pub(super) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TopologyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// See [`Event::TopologyOpening`](super::Event::TopologyOpening).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopologyOpening {
    /// The deployment.
    pub topology_id: TopologyId,
}

/// See [`Event::TopologyDescriptionChanged`](super::Event::TopologyDescriptionChanged).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TopologyDescriptionChanged {
    /// The deployment.
    pub topology_id: TopologyId,
    /// Before.
    pub previous_description: TopologyDescription,
    /// From now on.
    pub new_description: TopologyDescription,
}

/// See [`Event::TopologyClosed`](super::Event::TopologyClosed).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopologyClosed {
    /// The deployment.
    pub topology_id: TopologyId,
}

/// See [`Event::ServerOpening`](super::Event::ServerOpening).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerOpening {
    /// The deployment.
    pub topology_id: TopologyId,
    /// The server.
    pub address: ServerAddress,
}

/// See [`Event::ServerDescriptionChanged`](super::Event::ServerDescriptionChanged).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerDescriptionChanged {
    /// The deployment.
    pub topology_id: TopologyId,
    /// The server.
    pub address: ServerAddress,
    /// Before.
    pub previous_description: ServerDescription,
    /// From now on.
    pub new_description: ServerDescription,
}

/// See [`Event::ServerClosed`](super::Event::ServerClosed).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerClosed {
    /// The deployment.
    pub topology_id: TopologyId,
    /// The server.
    pub address: ServerAddress,
}

/// See [`Event::ServerHeartbeatStarted`](super::Event::ServerHeartbeatStarted).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerHeartbeatStarted {
    /// The deployment.
    pub topology_id: TopologyId,
    /// The server.
    pub address: ServerAddress,
    /// The connection that it is checked over. A monitor counts its own, from 1.
    pub connection_id: u64,
    /// What the server calls this connection, once it has said so.
    pub server_connection_id: Option<i64>,
    /// Whether the server answers only once something has changed.
    pub awaited: bool,
}

/// See [`Event::ServerHeartbeatSucceeded`](super::Event::ServerHeartbeatSucceeded).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerHeartbeatSucceeded {
    /// The deployment.
    pub topology_id: TopologyId,
    /// The server.
    pub address: ServerAddress,
    /// The connection that it is checked over. A monitor counts its own, from 1.
    pub connection_id: u64,
    /// What the server calls this connection, once it has said so.
    pub server_connection_id: Option<i64>,
    /// As in the event before.
    pub awaited: bool,
    /// How long it took; says nothing of the network if `awaited`.
    pub duration: Duration,
    /// The server's answer.
    pub reply: RawDocumentBuf,
}

/// See [`Event::ServerHeartbeatFailed`](super::Event::ServerHeartbeatFailed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerHeartbeatFailed {
    /// The deployment.
    pub topology_id: TopologyId,
    /// The server.
    pub address: ServerAddress,
    /// The connection that it is checked over. A monitor counts its own, from 1.
    pub connection_id: u64,
    /// What the server calls this connection, once it has said so.
    pub server_connection_id: Option<i64>,
    /// As in the event before.
    pub awaited: bool,
    /// How long it took.
    pub duration: Duration,
    /// Why.
    pub error: Error,
}

/// What was known of a server. Two are equal as the specification has it: times don't count.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerDescription(pub(super) Arc<topology::ServerDescription>);

impl ServerDescription {
    /// Where it is connected to.
    pub fn address(&self) -> &ServerAddress {
        &self.0.address
    }

    /// What it is.
    pub fn kind(&self) -> ServerKind {
        self.0.kind
    }

    /// Why it is unknown, if there is a reason.
    pub fn error(&self) -> Option<&Error> {
        self.0.error.as_ref()
    }

    /// The replica set it says it is in.
    pub fn set_name(&self) -> Option<&str> {
        self.0.set_name()
    }

    /// The version of the replica set's configuration.
    pub fn set_version(&self) -> Option<i64> {
        self.hello()?.set_version
    }

    /// The election that made it primary.
    pub fn election_id(&self) -> Option<ObjectId> {
        self.hello()?.election_id
    }

    /// The members that may become primary, as this server has it.
    pub fn hosts(&self) -> impl Iterator<Item = &ServerAddress> {
        self.hello().into_iter().flat_map(|hello| &hello.hosts)
    }

    /// The members that can't become primary.
    pub fn passives(&self) -> impl Iterator<Item = &ServerAddress> {
        self.hello().into_iter().flat_map(|hello| &hello.passives)
    }

    /// The members without data.
    pub fn arbiters(&self) -> impl Iterator<Item = &ServerAddress> {
        self.hello().into_iter().flat_map(|hello| &hello.arbiters)
    }

    /// Whom it holds for the primary.
    pub fn primary(&self) -> Option<&ServerAddress> {
        self.hello()?.primary.as_ref()
    }

    /// The name that the replica set's configuration has for it.
    pub fn me(&self) -> Option<&ServerAddress> {
        self.hello()?.me.as_ref()
    }

    /// Its tags.
    pub fn tags(&self) -> Option<&TagSet> {
        Some(&self.hello()?.tags)
    }

    /// The oldest protocol it speaks; 0 if unknown.
    pub fn min_wire_version(&self) -> i32 {
        self.0.min_wire_version()
    }

    /// The newest protocol it speaks; 0 if unknown.
    pub fn max_wire_version(&self) -> i32 {
        self.0.max_wire_version()
    }

    /// How long it keeps an unused session; `None` if it has no sessions.
    pub fn logical_session_timeout_minutes(&self) -> Option<i32> {
        self.0.logical_session_timeout_minutes()
    }

    /// The average round trip, once there is one.
    pub fn round_trip_time(&self) -> Option<Duration> {
        self.0.rtt.average()
    }

    fn hello(&self) -> Option<&HelloReply> {
        self.0.hello.as_deref()
    }
}

/// What was known of the deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyDescription(pub(super) Arc<topology::TopologyDescription>);

impl TopologyDescription {
    /// What kind of deployment it is.
    pub fn kind(&self) -> TopologyKind {
        self.0.kind
    }

    /// The replica set's name, given or found.
    pub fn set_name(&self) -> Option<&str> {
        self.0.set_name.as_deref()
    }

    /// Its servers, in the order of their addresses.
    pub fn servers(&self) -> impl Iterator<Item = ServerDescription> {
        self.0.servers.values().cloned().map(ServerDescription)
    }

    /// Why no operation can run: a server speaks no protocol that this driver does.
    pub fn compatibility_error(&self) -> Option<&str> {
        self.0.compatibility_error.as_deref()
    }

    /// The least session timeout of all servers with data; `None` if one has no sessions.
    pub fn logical_session_timeout_minutes(&self) -> Option<i32> {
        self.0.logical_session_timeout_minutes
    }

    /// Whether there is a server for a read from the primary.
    pub fn has_readable_server(&self) -> bool {
        self.has_writable_server()
    }

    /// Whether there is a server that takes writes.
    pub fn has_writable_server(&self) -> bool {
        match self.0.kind {
            TopologyKind::Unknown | TopologyKind::ReplicaSetNoPrimary => false,
            TopologyKind::ReplicaSetWithPrimary | TopologyKind::LoadBalanced => true,
            TopologyKind::Single | TopologyKind::Sharded => {
                self.0.servers.values().any(|server| server.is_available())
            }
        }
    }
}
