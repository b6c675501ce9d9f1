//! One step of the state machine: a copy of the description to work on, and the rules
//! for every kind of topology but the replica set.

use std::sync::Arc;

use super::address::ServerAddress;
use super::description::{TopologyDescription, TopologyKind};
use super::outcome::PoolAction;
use super::server::{ServerDescription, ServerKind};

/// The next description while it is made, and what must be done once it stands.
#[derive(Debug)]
pub(super) struct Update {
    pub next: TopologyDescription,
    pub pool: Option<PoolAction>,
    pub check_now: Option<ServerAddress>,
    pub recheck: Option<ServerAddress>,
    pub cancel_check: Option<ServerAddress>,
}

impl Update {
    pub fn of(current: &TopologyDescription) -> Self {
        Self { next: current.clone(), pool: None, check_now: None, recheck: None, cancel_check: None }
    }

    /// Puts a new description of a member in place and draws all conclusions from it.
    /// `seeds` is how many servers the user named.
    pub fn place(&mut self, server: ServerDescription, seeds: usize) {
        use TopologyKind::{
            LoadBalanced, ReplicaSetNoPrimary, ReplicaSetWithPrimary, Sharded, Single, Unknown,
        };
        match (self.next.kind, server.kind) {
            (Single | LoadBalanced, _) => self.put(server),
            (_, ServerKind::Unknown | ServerKind::LoadBalancer) => self.keep(server),
            (Unknown, ServerKind::Standalone) => {
                // Among several seeds a standalone is a member taken out for maintenance,
                // not what the user wants to talk to.
                if seeds == 1 && self.next.servers.len() == 1 {
                    self.next.kind = Single;
                    self.put(server);
                } else {
                    self.remove(&server.address);
                }
            }
            (Unknown, ServerKind::Mongos) => {
                self.next.kind = Sharded;
                self.put(server);
            }
            (Sharded, ServerKind::Mongos) => self.put(server),
            (Sharded, _) => self.remove(&server.address),
            (_, ServerKind::RsGhost) => self.keep(server),
            (_, ServerKind::Standalone | ServerKind::Mongos) => {
                self.remove(&server.address);
                self.check_primary();
            }
            (_, ServerKind::RsPrimary) => self.update_from_primary(server),
            (Unknown | ReplicaSetNoPrimary, _) => {
                self.next.kind = ReplicaSetNoPrimary;
                self.update_without_primary(server);
            }
            (ReplicaSetWithPrimary, _) => self.update_with_primary_from_member(server),
        }
    }

    /// Keeps a server that says nothing of the set; it may have been the primary.
    fn keep(&mut self, server: ServerDescription) {
        self.put(server);
        if self.next.kind.is_replica_set() {
            self.check_primary();
        }
    }

    /// Takes over the description, and nothing else.
    pub fn put(&mut self, server: ServerDescription) {
        self.next.servers.insert(server.address.clone(), Arc::new(server));
    }

    /// Adds a server of which nothing is known, unless it is there.
    pub fn add(&mut self, address: &ServerAddress) {
        let servers = &mut self.next.servers;
        if !servers.contains_key(address) {
            servers.insert(address.clone(), Arc::new(ServerDescription::unknown(address.clone())));
        }
    }

    /// Drops a server.
    pub fn remove(&mut self, address: &ServerAddress) {
        self.next.servers.remove(address);
    }

    /// The kind of a replica set follows from whether a primary is there.
    pub fn check_primary(&mut self) {
        self.next.kind = match self.next.primary() {
            Some(_) => TopologyKind::ReplicaSetWithPrimary,
            None => TopologyKind::ReplicaSetNoPrimary,
        };
    }
}
