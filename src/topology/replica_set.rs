//! What a replica set member's hello means for the rest of the set. The three routines
//! are those of the discovery specification.

use std::fmt;
use std::time::Instant;

use bson::oid::ObjectId;

use super::hello::HelloReply;
use super::server::{ServerDescription, ServerKind};
use super::update::Update;
use crate::error::{Error, Kind};

/// From this version on (MongoDB 6.0) elections are ordered by election id first.
const ELECTION_ID_FIRST: i32 = 17;

impl Update {
    /// A secondary, arbiter or other member spoke while no primary is known: it may add
    /// members, not remove any but itself (`updateRSWithoutPrimary`).
    pub(super) fn update_without_primary(&mut self, server: ServerDescription) {
        let Some(hello) = server.hello.clone() else {
            return;
        };
        if !self.is_our_set(&hello) {
            return self.remove(&server.address);
        }
        for member in hello.members() {
            self.add(member);
        }
        if is_misnamed(&server, &hello) {
            return self.remove(&server.address);
        }
        self.put(server);
    }

    /// A member other than the primary spoke while a primary is known
    /// (`updateRSWithPrimaryFromMember`).
    pub(super) fn update_with_primary_from_member(&mut self, server: ServerDescription) {
        let Some(hello) = server.hello.clone() else {
            return;
        };
        if !self.is_our_set(&hello) || is_misnamed(&server, &hello) {
            self.remove(&server.address);
        } else {
            // It may be the one that was the primary.
            self.put(server);
        }
        self.check_primary();
    }

    /// A primary spoke: unless it is an old one, its list of members is the set
    /// (`updateRSFromPrimary`).
    pub(super) fn update_from_primary(&mut self, server: ServerDescription) {
        let Some(hello) = server.hello.clone() else {
            return;
        };
        if !self.is_our_set(&hello) {
            self.remove(&server.address);
            return self.check_primary();
        }
        let said = Election { id: hello.election_id, set_version: hello.set_version };
        if let Err(youngest) = self.accept_election(said, hello.max_wire_version) {
            let sentence = format!(
                "primary marked stale due to electionId/setVersion mismatch, {said} is stale compared to {youngest}"
            );
            self.invalidate(&server, sentence, server.last_update);
            return self.check_primary();
        }
        let old = self.next.servers.values().filter(|other| other.kind == ServerKind::RsPrimary);
        let old: Vec<_> = old.filter(|other| other.address != server.address).cloned().collect();
        for other in old {
            let sentence = "primary marked stale due to discovery of newer primary".to_owned();
            self.invalidate(&other, sentence, server.last_update);
            self.check_now = Some(other.address.clone());
        }
        self.put(server);
        for member in hello.members() {
            self.add(member);
        }
        self.next.servers.retain(|address, _| hello.names(address));
        if self.check_now.as_ref().is_some_and(|address| !hello.names(address)) {
            self.check_now = None;
        }
        self.check_primary();
    }

    /// Whether the reply is of the set we look at; the first reply decides which that is,
    /// if the user did not.
    fn is_our_set(&mut self, hello: &HelloReply) -> bool {
        if self.next.set_name.is_none() {
            self.next.set_name.clone_from(&hello.set_name);
        }
        self.next.set_name == hello.set_name
    }

    /// Records the election if it is not older than the youngest seen; else returns that.
    fn accept_election(&mut self, said: Election, max_wire_version: i32) -> Result<(), Election> {
        let next = &mut self.next;
        let youngest = Election { id: next.max_election_id, set_version: next.max_set_version };
        if max_wire_version >= ELECTION_ID_FIRST {
            if (said.id, said.set_version) < (youngest.id, youngest.set_version) {
                return Err(youngest);
            }
            next.max_election_id = said.id;
            next.max_set_version = said.set_version;
            return Ok(());
        }
        if said.set_version.is_some() && said.id.is_some() {
            let known = youngest.set_version.is_some() && youngest.id.is_some();
            if known && (youngest.set_version, youngest.id) > (said.set_version, said.id) {
                return Err(youngest);
            }
            next.max_election_id = said.id;
        }
        next.max_set_version = next.max_set_version.max(said.set_version);
        Ok(())
    }

    /// Puts an unknown server in the place of a primary that is none any more.
    fn invalidate(&mut self, server: &ServerDescription, sentence: String, now: Option<Instant>) {
        let address = server.address.clone();
        let error = Error::new(Kind::ServerSelection, sentence).with_server(&address);
        self.put(ServerDescription {
            error: Some(error),
            last_update: now,
            ..ServerDescription::unknown(address)
        });
    }
}

/// Whether the set's configuration has another name for the server than we use.
fn is_misnamed(server: &ServerDescription, hello: &HelloReply) -> bool {
    hello.me.as_ref().is_some_and(|me| *me != server.address)
}

/// What orders primaries.
#[derive(Clone, Copy, Debug)]
struct Election {
    id: Option<ObjectId>,
    set_version: Option<i64>,
}

impl fmt::Display for Election {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "(electionId {id}, ")?,
            None => f.write_str("(electionId null, ")?,
        }
        match self.set_version {
            Some(version) => write!(f, "setVersion {version})"),
            None => f.write_str("setVersion null)"),
        }
    }
}
