//! What is known of the deployment at this moment, read from the published picture. Nothing
//! here asks a server, an actor, or waits.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Connection;
use crate::command::{ReadConcern, WriteConcern};
use crate::topology::{
    HelloReply, Limits, ReadMode, ReadPreference, ServerAddress, ServerDescription, ServerKind,
    TopologyDescription, TopologyKind,
};

/// Properties are what was known when the question was asked: an election, or the loss of a
/// server, is seen as soon as the next check tells of it. After [`close`](Self::close) they
/// stay as they were last.
impl<D> Connection<D> {
    /// Where calls go that need a server that takes writes: `None` if no such server is known,
    /// or if there is a choice.
    ///
    /// | Deployment | Address |
    /// |---|---|
    /// | one server, or a load balancer | of that one, be it known to answer or not |
    /// | replica set | of the primary |
    /// | sharded cluster | of the router, if there is one only |
    /// | not found out yet | none |
    pub fn address(&self) -> Option<ServerAddress> {
        self.property(|topology| Some(current(topology)?.address.clone()))
    }

    /// The host of [`address`](Self::address): a name, an IP address (IPv6 without brackets), or
    /// the path of a Unix domain socket.
    pub fn host(&self) -> Option<String> {
        self.property(|topology| Some(current(topology)?.address.host().to_owned()))
    }

    /// The TCP port of [`address`](Self::address); `None` also for a Unix domain socket, which
    /// has none.
    pub fn port(&self) -> Option<u16> {
        self.property(|topology| current(topology)?.address.tcp_port())
    }

    /// All servers: those that the connection was made with, and those that discovery found, in
    /// the order of their addresses. Not those that discovery has dropped, unless the connection
    /// was made with them: [`state`](Self::state) tells which are in use, and how they are.
    pub fn nodes(&self) -> BTreeSet<ServerAddress> {
        let seeds = self.handle.core().seeds.iter().cloned();
        self.property(|topology| topology.servers.keys().cloned().chain(seeds).collect())
    }

    /// The primary of a replica set; `None` if none is known, or if it is no replica set.
    pub fn primary(&self) -> Option<ServerAddress> {
        self.property(|topology| Some(topology.primary()?.address.clone()))
    }

    /// The secondaries of a replica set that are known to answer.
    pub fn secondaries(&self) -> BTreeSet<ServerAddress> {
        self.members(ServerKind::RsSecondary)
    }

    /// The arbiters of a replica set that are known to answer.
    pub fn arbiters(&self) -> BTreeSet<ServerAddress> {
        self.members(ServerKind::RsArbiter)
    }

    /// The replica set's name, given or found.
    pub fn replica_set_name(&self) -> Option<String> {
        self.property(|topology| topology.set_name.clone())
    }

    /// Whether a server is known that takes writes. It may have gone since.
    pub fn is_primary(&self) -> bool {
        self.property(|topology| topology.servers.values().any(|server| takes_writes(server.kind)))
    }

    /// Whether the servers are routers of a sharded cluster. Behind a load balancer nobody
    /// knows: `false`.
    pub fn is_mongos(&self) -> bool {
        self.property(|topology| topology.servers.values().any(|server| server.kind == ServerKind::Mongos))
    }

    /// Whether reads through this handle may go to secondaries: its read preference is any but
    /// `primary`. (On a direct connection reads go to that server, whatever it is and whatever
    /// this says.)
    pub fn slave_okay(&self) -> bool {
        self.handle.scope().read_preference.mode() != ReadMode::Primary
    }

    /// Where reads through this handle may go.
    pub fn read_preference(&self) -> &ReadPreference {
        &self.handle.scope().read_preference
    }

    /// How current what this handle reads must be.
    pub fn read_concern(&self) -> &ReadConcern {
        &self.handle.scope().read_concern
    }

    /// How durable what this handle writes must be.
    pub fn write_concern(&self) -> &WriteConcern {
        &self.handle.scope().write_concern
    }

    /// The largest document that the server at [`address`](Self::address) stores, in bytes;
    /// `None` while it is not known to answer. On a sharded cluster of several routers: the
    /// least that one of them said. The same holds for the next three.
    pub fn max_bson_size(&self) -> Option<usize> {
        self.least(|hello| Limits::of(hello).max_document)
    }

    /// The largest message that it takes, in bytes. What it says is not believed above
    /// 48,000,000, which is what all servers say.
    pub fn max_message_size(&self) -> Option<usize> {
        self.least(|hello| Limits::of(hello).max_message)
    }

    /// The most writes that it takes in one command.
    pub fn max_write_batch_size(&self) -> Option<usize> {
        self.least(|hello| Limits::of(hello).max_batch)
    }

    /// The newest version of the wire protocol that it speaks.
    pub fn max_wire_version(&self) -> Option<i32> {
        self.least(|hello| hello.max_wire_version)
    }

    /// The oldest version of the wire protocol that it speaks; of several, the oldest that all
    /// of them speak.
    pub fn min_wire_version(&self) -> Option<i32> {
        self.property(|topology| hellos(topology).map(|hello| hello.min_wire_version).max())
    }

    fn members(&self, kind: ServerKind) -> BTreeSet<ServerAddress> {
        self.property(|topology| {
            let such = topology.servers.values().filter(|server| server.kind == kind);
            such.map(|server| server.address.clone()).collect()
        })
    }

    fn least<T: Ord>(&self, of: impl FnMut(&HelloReply) -> T) -> Option<T> {
        self.property(|topology| hellos(topology).map(of).min())
    }

    fn property<T>(&self, read: impl FnOnce(&TopologyDescription) -> T) -> T {
        read(&self.handle.core().snapshots.borrow().topology)
    }
}

fn takes_writes(kind: ServerKind) -> bool {
    use ServerKind::{LoadBalancer, Mongos, RsPrimary, Standalone};
    matches!(kind, Standalone | Mongos | RsPrimary | LoadBalancer)
}

/// The server that writes go to, if there is no choice.
fn current(topology: &TopologyDescription) -> Option<&Arc<ServerDescription>> {
    let mut servers = topology.servers.values();
    match topology.kind {
        TopologyKind::Single | TopologyKind::LoadBalanced => servers.next(),
        TopologyKind::ReplicaSetWithPrimary => topology.primary(),
        TopologyKind::Sharded => servers.next().filter(|_| servers.next().is_none()),
        TopologyKind::Unknown | TopologyKind::ReplicaSetNoPrimary => None,
    }
}

/// What the servers said of themselves that writes may go to.
fn hellos(topology: &TopologyDescription) -> impl Iterator<Item = &HelloReply> {
    let (all, only) = (topology.kind == TopologyKind::Sharded, current(topology));
    let counts =
        move |server: &&Arc<ServerDescription>| all || only.is_some_and(|only| Arc::ptr_eq(only, server));
    topology.servers.values().filter(counts).filter_map(|server| server.hello.as_deref())
}
