//! What the scripted server says about itself.

use bson::{Bson, Document, doc, oid::ObjectId};
use std::net::SocketAddr;

/// A reply to the handshake. The address of the server, the topology version
/// and the connection's number are filled in when it is sent.
#[derive(Clone, Debug)]
pub struct Hello {
    set_name: Option<String>,
    /// `None`: the server alone.
    hosts: Option<Vec<String>>,
    streaming: bool,
    /// Fields that are put over the computed ones; `None` removes one.
    overrides: Vec<(String, Option<Bson>)>,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Standalone,
    Primary,
    Secondary,
    Mongos,
}

impl Hello {
    /// A server of its own; it has no topology version, so it does not stream.
    pub fn standalone() -> Self {
        Self { set_name: None, hosts: None, streaming: false, overrides: Vec::new(), role: Role::Standalone }
    }

    /// The primary of a replica set that it is the only member of.
    pub fn primary(set_name: &str) -> Self {
        Self {
            set_name: Some(set_name.to_owned()),
            streaming: true,
            role: Role::Primary,
            ..Self::standalone()
        }
    }

    /// A secondary; without [`Hello::hosts`] the only member.
    pub fn secondary(set_name: &str) -> Self {
        Self { role: Role::Secondary, ..Self::primary(set_name) }
    }

    /// A router of a sharded cluster.
    pub fn mongos() -> Self {
        Self { streaming: true, role: Role::Mongos, ..Self::standalone() }
    }

    /// The members of the set, in place of the server alone.
    pub fn hosts<S: Into<String>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// Whether a topology version is sent, and with it streaming offered.
    pub fn streaming(mut self, streaming: bool) -> Self {
        self.streaming = streaming;
        self
    }

    /// Puts a field over the ordinary one.
    pub fn with(mut self, key: &str, value: impl Into<Bson>) -> Self {
        self.overrides.push((key.to_owned(), Some(value.into())));
        self
    }

    /// Leaves a field out.
    pub fn without(mut self, key: &str) -> Self {
        self.overrides.push((key.to_owned(), None));
        self
    }

    /// Offers no sessions.
    pub fn without_sessions(self) -> Self {
        self.without("logicalSessionTimeoutMinutes")
    }

    /// Whether other replies carry a cluster time.
    pub(super) fn has_cluster_time(&self) -> bool {
        self.role != Role::Standalone
    }

    /// The topology version with this counter, if one is sent.
    pub(super) fn topology_version(&self, process: ObjectId, counter: i64) -> Option<Document> {
        self.streaming.then(|| doc! { "processId": process, "counter": counter })
    }

    /// The reply. `modern` is whether the question was `hello`.
    pub(super) fn to_document(
        &self,
        address: SocketAddr,
        connection: usize,
        version: Option<Document>,
        modern: bool,
    ) -> Document {
        let primary_name = if modern { "isWritablePrimary" } else { "ismaster" };
        let address = address.to_string();
        let mut reply = doc! { "helloOk": true };
        reply.insert(primary_name, self.role != Role::Secondary);
        if self.role == Role::Mongos {
            reply.insert("msg", "isdbgrid");
        }
        if let Some(set_name) = &self.set_name {
            let hosts = self.hosts.clone().unwrap_or_else(|| vec![address.clone()]);
            reply.insert("setName", set_name);
            reply.insert("setVersion", 1);
            reply.insert("secondary", self.role == Role::Secondary);
            reply.insert("hosts", hosts);
            reply.insert("me", &address);
            if self.role == Role::Primary {
                reply.insert("primary", &address);
                reply.insert("electionId", ObjectId::from_bytes([1; 12]));
            }
            let written = bson::DateTime::from_millis(1_700_000_000_000);
            reply.insert(
                "lastWrite",
                doc! { "opTime": { "ts": bson::Timestamp { time: 1, increment: 1 }, "t": 1_i64 },
                "lastWriteDate": written },
            );
        }
        reply.extend(doc! {
            "maxBsonObjectSize": 16 * 1024 * 1024,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
            "localTime": bson::DateTime::now(),
            "logicalSessionTimeoutMinutes": 30,
            "connectionId": i64::try_from(connection).expect("few connections"),
            "minWireVersion": 0,
            "maxWireVersion": 25,
            "readOnly": false,
        });
        if let Some(version) = version {
            reply.insert("topologyVersion", version);
        }
        reply.insert("ok", 1.0);
        for (key, value) in &self.overrides {
            match value {
                Some(value) => reply.insert(key, value.clone()),
                None => reply.remove(key),
            };
        }
        reply
    }
}
