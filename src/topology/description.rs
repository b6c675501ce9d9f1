//! What is known of the whole deployment, at one moment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bson::oid::ObjectId;

use super::address::ServerAddress;
use super::server::{ServerDescription, ServerKind};

/// The oldest wire version this driver speaks.
pub const MIN_WIRE_VERSION: i32 = 8;

/// The server release that brought [`MIN_WIRE_VERSION`].
const MIN_SERVER_VERSION: &str = "4.2";

/// The newest wire version this driver speaks. A newer server still serves it, as long
/// as that server's oldest version is not above this.
pub const MAX_WIRE_VERSION: i32 = 29;

/// What kind of deployment it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TopologyKind {
    /// Not found out yet.
    #[default]
    Unknown,
    /// One server, spoken to directly whatever it is.
    Single,
    /// A replica set of which no primary is known.
    ReplicaSetNoPrimary,
    /// A replica set and its primary.
    ReplicaSetWithPrimary,
    /// One or more mongos.
    Sharded,
    /// One load balancer.
    LoadBalanced,
}

impl TopologyKind {
    /// A replica set, with or without a primary.
    pub fn is_replica_set(self) -> bool {
        matches!(self, Self::ReplicaSetNoPrimary | Self::ReplicaSetWithPrimary)
    }
}

impl fmt::Display for TopologyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The client's view of the deployment. Never changed once published.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopologyDescription {
    /// What kind of deployment it is.
    pub kind: TopologyKind,
    /// The servers, in the order of their addresses.
    pub servers: BTreeMap<ServerAddress, Arc<ServerDescription>>,
    /// The replica set's name, given or found.
    pub set_name: Option<String>,
    /// With `max_election_id`, the youngest primary seen so far.
    pub max_set_version: Option<i64>,
    /// With `max_set_version`, the youngest primary seen so far.
    pub max_election_id: Option<ObjectId>,
    /// Why no operation can run: a server speaks no protocol that this driver does.
    pub compatibility_error: Option<String>,
    /// The least session timeout of all servers with data; `None` if one has no sessions.
    pub logical_session_timeout_minutes: Option<i32>,
}

impl TopologyDescription {
    /// A description of these servers, with what follows from them.
    pub fn new(kind: TopologyKind, servers: impl IntoIterator<Item = ServerDescription>) -> Self {
        let servers = servers.into_iter().map(|s| (s.address.clone(), Arc::new(s))).collect();
        let mut description = Self { kind, servers, ..Self::default() };
        description.derive();
        description
    }

    /// Whether this driver and every known server share a protocol.
    pub fn compatible(&self) -> bool {
        self.compatibility_error.is_none()
    }

    /// The replica set's primary.
    pub fn primary(&self) -> Option<&Arc<ServerDescription>> {
        self.servers.values().find(|server| server.kind == ServerKind::RsPrimary)
    }

    /// Whether the deployment has sessions.
    pub fn supports_sessions(&self) -> bool {
        self.kind == TopologyKind::LoadBalanced || self.logical_session_timeout_minutes.is_some()
    }

    /// Sets what follows from the servers: compatibility and session timeout.
    pub(super) fn derive(&mut self) {
        self.compatibility_error = match self.kind {
            TopologyKind::LoadBalanced => None,
            _ => self.servers.values().find_map(|server| incompatibility(server)),
        };
        let mut data_bearing = self.servers.values().filter(|server| server.kind.is_data_bearing());
        self.logical_session_timeout_minutes = data_bearing
            .try_fold(None::<i32>, |least, server| {
                let minutes = server.logical_session_timeout_minutes()?;
                Some(Some(least.map_or(minutes, |least| least.min(minutes))))
            })
            .flatten();
    }
}

fn incompatibility(server: &ServerDescription) -> Option<String> {
    let address = &server.address;
    let (min, max) = (server.min_wire_version(), server.max_wire_version());
    if !server.is_available() {
        None
    } else if min > MAX_WIRE_VERSION {
        Some(format!(
            "Server at {address} requires wire version {min}, but this version of actix-mongo only supports \
             up to {MAX_WIRE_VERSION}."
        ))
    } else if max < MIN_WIRE_VERSION {
        Some(format!(
            "Server at {address} reports wire version {max}, but this version of actix-mongo requires at least \
             {MIN_WIRE_VERSION} (MongoDB {MIN_SERVER_VERSION})."
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bson::rawdoc;

    use super::super::hello::HelloReply;
    use super::*;

    fn server(port: u16, min: i32, max: i32, minutes: Option<i32>) -> ServerDescription {
        let mut document =
            rawdoc! { "ok": 1, "msg": "isdbgrid", "minWireVersion": min, "maxWireVersion": max };
        if let Some(minutes) = minutes {
            document.append(bson::raw::cstr!("logicalSessionTimeoutMinutes"), minutes);
        }
        let unknown = ServerDescription::unknown(ServerAddress::new("h", port));
        ServerDescription::from_hello(
            &unknown,
            HelloReply::parse(&document).unwrap().into(),
            None,
            Instant::now(),
        )
    }

    #[test]
    fn the_sentences_name_server_and_versions() {
        let error = |server| TopologyDescription::new(TopologyKind::Sharded, [server]).compatibility_error;
        assert_eq!(error(server(1, 8, 8, None)), None);
        assert_eq!(
            error(server(1, 0, 7, None)).unwrap(),
            "Server at h:1 reports wire version 7, but this version of actix-mongo requires at least 8 (MongoDB 4.2)."
        );
        assert_eq!(
            error(server(1, 30, 31, None)).unwrap(),
            "Server at h:1 requires wire version 30, but this version of actix-mongo only supports up to 29."
        );
    }

    #[test]
    fn the_session_timeout_is_the_least_and_lost_if_one_has_none() {
        let timeout = |servers: Vec<_>| {
            TopologyDescription::new(TopologyKind::Sharded, servers).logical_session_timeout_minutes
        };
        let unknown = ServerDescription::unknown(ServerAddress::new("h", 9));
        assert_eq!(timeout(vec![]), None);
        assert_eq!(timeout(vec![server(1, 0, 9, Some(30)), unknown, server(2, 0, 9, Some(10))]), Some(10));
        assert_eq!(timeout(vec![server(1, 0, 9, Some(30)), server(2, 0, 9, None)]), None);
    }
}
