//! What a server says of itself: the reply to `hello`. Made by monitors and by each
//! socket's handshake. Never fails for a field that is missing or of another type.

use std::collections::{BTreeMap, BTreeSet};

use bson::oid::ObjectId;
use bson::{DateTime, RawBsonRef, RawDocument};

use super::address::ServerAddress;
use super::server::ServerKind;
use super::version::TopologyVersion;
use crate::error::{Error, Kind, Result};

/// Tags of a replica set member, or those a read asks for.
pub type TagSet = BTreeMap<String, String>;

/// A parsed reply to `hello` or legacy hello. A field the server left out, or sent with
/// a type it never has, is at its default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelloReply {
    /// The command succeeded; if not, only the error fields say anything.
    pub ok: bool,
    /// The server's sentence when it refused.
    pub error_message: Option<String>,
    /// The server's code when it refused.
    pub code: Option<i32>,
    /// The code's name.
    pub code_name: Option<String>,
    /// The server knows `hello` by this name.
    pub hello_ok: bool,
    /// It takes writes (`isWritablePrimary`, or `ismaster` where that is missing).
    pub is_writable_primary: bool,
    /// A replica set secondary.
    pub secondary: bool,
    /// A member without data.
    pub arbiter_only: bool,
    /// A member that clients should not read from.
    pub hidden: bool,
    /// A member that has no configuration (yet, or any more).
    pub is_replica_set: bool,
    /// `"isdbgrid"` for a mongos.
    pub msg: Option<String>,
    /// The replica set's name.
    pub set_name: Option<String>,
    /// The version of the set's configuration.
    pub set_version: Option<i64>,
    /// The election that made this member primary.
    pub election_id: Option<ObjectId>,
    /// The members that may become primary, as this server has it.
    pub hosts: BTreeSet<ServerAddress>,
    /// The members that can't become primary.
    pub passives: BTreeSet<ServerAddress>,
    /// The arbiters.
    pub arbiters: BTreeSet<ServerAddress>,
    /// Whom this server holds for the primary.
    pub primary: Option<ServerAddress>,
    /// The name that the set's configuration has for this server.
    pub me: Option<ServerAddress>,
    /// The member's tags.
    pub tags: TagSet,
    /// The primary's wall clock at the last write this server knows of.
    pub last_write_date: Option<DateTime>,
    /// The largest document it stores.
    pub max_bson_object_size: Option<i32>,
    /// The largest message it takes.
    pub max_message_size_bytes: Option<i32>,
    /// The most writes it takes in one command.
    pub max_write_batch_size: Option<i32>,
    /// The oldest protocol it speaks.
    pub min_wire_version: i32,
    /// The newest protocol it speaks.
    pub max_wire_version: i32,
    /// How long it keeps an unused session; missing if it has none.
    pub logical_session_timeout_minutes: Option<i32>,
    /// How fresh this reply is.
    pub topology_version: Option<TopologyVersion>,
    /// The service behind a load balancer.
    pub service_id: Option<ObjectId>,
    /// The server's number for this socket.
    pub connection_id: Option<i64>,
    /// The compressors it shares with us, in its order.
    pub compression: Vec<String>,
    /// It serves query analysis only.
    pub is_cryptd: bool,
    /// It refuses writes by configuration.
    pub read_only: bool,
}

impl HelloReply {
    /// Reads a reply, in one pass. It fails only if the document is not BSON.
    pub fn parse(document: &RawDocument) -> Result<Self> {
        let mut reply = Self::default();
        let mut legacy_primary = false;
        let mut writable_primary = None;
        for element in document {
            let (key, value) = element.map_err(|e| {
                Error::new(Kind::Protocol, "the reply to hello is not valid BSON").with_source(e)
            })?;
            match key.as_str() {
                "ok" => reply.ok = truth(value),
                "errmsg" => reply.error_message = text(value),
                "code" => reply.code = small(value),
                "codeName" => reply.code_name = text(value),
                "helloOk" => reply.hello_ok = truth(value),
                "isWritablePrimary" => writable_primary = Some(truth(value)),
                "ismaster" => legacy_primary = truth(value),
                "secondary" => reply.secondary = truth(value),
                "arbiterOnly" => reply.arbiter_only = truth(value),
                "hidden" => reply.hidden = truth(value),
                "isreplicaset" => reply.is_replica_set = truth(value),
                "msg" => reply.msg = text(value),
                "setName" => reply.set_name = text(value),
                "setVersion" => reply.set_version = integer(value),
                "electionId" => reply.election_id = value.as_object_id(),
                "hosts" => reply.hosts = addresses(value),
                "passives" => reply.passives = addresses(value),
                "arbiters" => reply.arbiters = addresses(value),
                "primary" => reply.primary = address(value),
                "me" => reply.me = address(value),
                "tags" => reply.tags = tags(value),
                "lastWrite" => {
                    let document = value.as_document();
                    reply.last_write_date = document.and_then(|d| d.get_datetime("lastWriteDate").ok());
                }
                "maxBsonObjectSize" => reply.max_bson_object_size = small(value),
                "maxMessageSizeBytes" => reply.max_message_size_bytes = small(value),
                "maxWriteBatchSize" => reply.max_write_batch_size = small(value),
                "minWireVersion" => reply.min_wire_version = small(value).unwrap_or_default(),
                "maxWireVersion" => reply.max_wire_version = small(value).unwrap_or_default(),
                "logicalSessionTimeoutMinutes" => reply.logical_session_timeout_minutes = small(value),
                "topologyVersion" => {
                    reply.topology_version = value.as_document().and_then(TopologyVersion::parse);
                }
                "serviceId" => reply.service_id = value.as_object_id(),
                "connectionId" => reply.connection_id = integer(value),
                "compression" => reply.compression = strings(value).map(str::to_owned).collect(),
                "iscryptd" => reply.is_cryptd = truth(value),
                "readOnly" => reply.read_only = truth(value),
                _ => {}
            }
        }
        reply.is_writable_primary = writable_primary.unwrap_or(legacy_primary);
        Ok(reply)
    }

    /// What kind of server answers so.
    pub fn kind(&self) -> ServerKind {
        if !self.ok {
            ServerKind::Unknown
        } else if self.is_replica_set {
            ServerKind::RsGhost
        } else if self.msg.as_deref() == Some("isdbgrid") {
            ServerKind::Mongos
        } else if self.set_name.is_none() {
            ServerKind::Standalone
        } else if self.hidden {
            ServerKind::RsOther
        } else if self.is_writable_primary {
            ServerKind::RsPrimary
        } else if self.secondary {
            ServerKind::RsSecondary
        } else if self.arbiter_only {
            ServerKind::RsArbiter
        } else {
            ServerKind::RsOther
        }
    }

    /// All members that this server names: hosts, passives and arbiters.
    pub fn members(&self) -> impl Iterator<Item = &ServerAddress> {
        self.hosts.iter().chain(&self.passives).chain(&self.arbiters)
    }

    /// Whether this server names that member.
    pub fn names(&self, address: &ServerAddress) -> bool {
        self.hosts.contains(address) || self.passives.contains(address) || self.arbiters.contains(address)
    }

    /// Takes the server's own words out of a refusal, where they might be a secret's.
    pub fn hide_words(&mut self) {
        if !self.ok {
            self.error_message = Some(HIDDEN.to_owned());
            self.code_name = None;
        }
    }

    /// The error of a reply that is not `ok`.
    pub fn refusal(&self) -> Error {
        let sentence = self.error_message.as_deref().unwrap_or("no reason given");
        let error = Error::new(Kind::Command, format!("the server refused the handshake: {sentence}"));
        match self.code {
            Some(code) => error.with_code(code, self.code_name.clone()),
            None => error,
        }
    }
}

/// In place of what it says.
const HIDDEN: &str = "its words are not repeated, since it is sent the password";

/// A whole number, however the server chose to send it.
pub(super) fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        RawBsonRef::Double(number) if number.is_finite() => Some(number as i64),
        _ => None,
    }
}

/// A boolean, or a number that is not zero.
pub(super) fn truth(value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Boolean(value) => value,
        RawBsonRef::Double(number) => number != 0.0,
        other => integer(other).is_some_and(|number| number != 0),
    }
}

/// A number that fits 32 bits.
pub(super) fn small(value: RawBsonRef<'_>) -> Option<i32> {
    integer(value).and_then(|number| number.try_into().ok())
}

fn text(value: RawBsonRef<'_>) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn address(value: RawBsonRef<'_>) -> Option<ServerAddress> {
    value.as_str().and_then(ServerAddress::parse)
}

fn strings(value: RawBsonRef<'_>) -> impl Iterator<Item = &str> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| item.ok()).filter_map(|item| item.as_str())
}

fn addresses(value: RawBsonRef<'_>) -> BTreeSet<ServerAddress> {
    strings(value).filter_map(ServerAddress::parse).collect()
}

fn tags(value: RawBsonRef<'_>) -> TagSet {
    let items = value.as_document().into_iter().flatten();
    items
        .filter_map(|item| item.ok())
        .filter_map(|(key, value)| Some((key.as_str().to_owned(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    #[test]
    fn fields_of_the_wrong_type_are_left_out() {
        let reply = HelloReply::parse(&rawdoc! {
            "ok": 1.0, "setName": 4, "hosts": ["A:1", 3, "not an:address"], "me": true,
            "maxWireVersion": i64::MAX, "tags": { "dc": "ny", "n": 1 }, "lastWrite": "never",
            "topologyVersion": { "counter": 1 },
        })
        .unwrap();
        assert_eq!(reply.kind(), ServerKind::Standalone);
        assert_eq!(reply.hosts, BTreeSet::from([ServerAddress::new("a", 1)]));
        assert_eq!((reply.me, reply.max_wire_version, reply.last_write_date), (None, 0, None));
        assert_eq!(reply.tags, TagSet::from([("dc".to_owned(), "ny".to_owned())]));
        assert_eq!(reply.topology_version, None);
    }

    #[test]
    fn the_present_name_of_a_field_wins_over_the_legacy_one() {
        let parse = |document: &RawDocumentBuf| HelloReply::parse(document).unwrap().is_writable_primary;
        assert!(parse(&rawdoc! { "ismaster": true }));
        assert!(!parse(&rawdoc! { "ismaster": true, "isWritablePrimary": false }));
        assert!(!parse(&rawdoc! { "isWritablePrimary": false, "ismaster": true }));
    }

    #[test]
    fn a_broken_document_is_an_error_and_no_panic() {
        let mut bytes = rawdoc! { "ok": 1, "setName": "rs" }.into_bytes();
        let text = bytes.len() - 8;
        bytes[text] = 0xff;
        let broken = RawDocument::from_bytes(&bytes).unwrap();
        assert_eq!(HelloReply::parse(broken).unwrap_err().kind(), Kind::Protocol);
    }

    #[test]
    fn kinds() {
        let kind = |document: &RawDocumentBuf| HelloReply::parse(document).unwrap().kind();
        assert_eq!(kind(&rawdoc! { "ok": 0, "setName": "rs", "secondary": true }), ServerKind::Unknown);
        assert_eq!(kind(&rawdoc! { "ok": 1, "isreplicaset": true, "setName": "rs" }), ServerKind::RsGhost);
        assert_eq!(kind(&rawdoc! { "ok": 1, "msg": "isdbgrid" }), ServerKind::Mongos);
        assert_eq!(
            kind(&rawdoc! { "ok": 1, "setName": "rs", "hidden": true, "secondary": true }),
            ServerKind::RsOther
        );
        assert_eq!(kind(&rawdoc! { "ok": 1, "setName": "rs", "arbiterOnly": true }), ServerKind::RsArbiter);
        assert_eq!(kind(&rawdoc! { "ok": 1, "setName": "rs" }), ServerKind::RsOther);
    }

    #[test]
    fn a_refusal_keeps_sentence_and_code() {
        let reply = HelloReply::parse(
            &rawdoc! { "ok": 0, "errmsg": "go away", "code": 13, "codeName": "Unauthorized" },
        );
        let error = reply.unwrap().refusal();
        assert_eq!(error.code(), Some(13));
        assert!(error.to_string().contains("go away"), "{error}");
    }

    #[test]
    fn hidden_words_are_in_no_part_of_a_refusal() {
        let mut reply = HelloReply::parse(
            &rawdoc! { "ok": 0, "errmsg": "not hunter2", "code": 18, "codeName": "hunter2" },
        )
        .unwrap();
        reply.hide_words();
        let error = reply.refusal();
        assert_eq!((error.code(), error.code_name()), (Some(18), None));
        assert!(!format!("{reply:?} {error:?} {error}").contains("hunter2"), "{error:?}");
    }
}
