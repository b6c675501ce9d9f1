//! What is known of one server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::DateTime;

use super::address::ServerAddress;
use super::hello::HelloReply;
use super::rtt::Rtt;
use super::version::TopologyVersion;
use crate::error::Error;

/// What kind of server answers at an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServerKind {
    /// Not checked yet, or the last check failed.
    #[default]
    Unknown,
    /// A server on its own.
    Standalone,
    /// A router of a sharded cluster.
    Mongos,
    /// The replica set member that takes writes.
    RsPrimary,
    /// A member that serves reads.
    RsSecondary,
    /// A member without data.
    RsArbiter,
    /// A member that serves nobody now: hidden, starting, recovering.
    RsOther,
    /// A member without a configuration.
    RsGhost,
    /// What stands in front of the servers, and is never looked behind.
    LoadBalancer,
}

impl ServerKind {
    /// Whether application data can come from it.
    pub fn is_data_bearing(self) -> bool {
        matches!(
            self,
            Self::Standalone | Self::Mongos | Self::RsPrimary | Self::RsSecondary | Self::LoadBalancer
        )
    }
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Standalone => "Standalone",
            Self::Mongos => "Mongos",
            Self::RsPrimary => "RSPrimary",
            Self::RsSecondary => "RSSecondary",
            Self::RsArbiter => "RSArbiter",
            Self::RsOther => "RSOther",
            Self::RsGhost => "RSGhost",
            Self::LoadBalancer => "LoadBalancer",
        })
    }
}

/// The client's view of one server. Never changed in place: each outcome makes a new one.
///
/// Two descriptions are equal as the discovery specification has it: round-trip times,
/// the time of the last check and of the last write don't count.
#[derive(Clone, Debug)]
pub struct ServerDescription {
    /// Where the client connects to; the server may know itself by another name.
    pub address: ServerAddress,
    /// What the server is.
    pub kind: ServerKind,
    /// Why it is unknown, if there is a reason.
    pub error: Option<Error>,
    /// How fresh this is: of the hello, or of the error that made the server unknown.
    pub topology_version: Option<TopologyVersion>,
    /// The hello this was made of; `None` while the server is unknown.
    pub hello: Option<Arc<HelloReply>>,
    /// Round-trip times since the server was last unknown.
    pub rtt: Rtt,
    /// When this was made; `None` before the first outcome.
    pub last_update: Option<Instant>,
}

impl ServerDescription {
    /// A server of which nothing is known.
    pub fn unknown(address: ServerAddress) -> Self {
        Self {
            address,
            kind: ServerKind::Unknown,
            error: None,
            topology_version: None,
            hello: None,
            rtt: Rtt::default(),
            last_update: None,
        }
    }

    /// A server that became unknown for this reason.
    pub fn failed(
        address: ServerAddress,
        error: Error,
        version: Option<TopologyVersion>,
        now: Instant,
    ) -> Self {
        Self {
            error: Some(error),
            topology_version: version,
            last_update: Some(now),
            ..Self::unknown(address)
        }
    }

    /// A load balancer: its kind is all there is to know.
    pub fn load_balancer(address: ServerAddress) -> Self {
        Self { kind: ServerKind::LoadBalancer, ..Self::unknown(address) }
    }

    /// A server that answered. Its round-trip times go on from those of `previous`.
    pub fn from_hello(previous: &Self, reply: Arc<HelloReply>, rtt: Option<Duration>, now: Instant) -> Self {
        let mut times = previous.rtt.clone();
        if let Some(sample) = rtt {
            times.add(sample);
        }
        Self {
            address: previous.address.clone(),
            kind: reply.kind(),
            error: None,
            topology_version: reply.topology_version,
            hello: Some(reply),
            rtt: times,
            last_update: Some(now),
        }
    }

    /// Whether it is believed to answer requests.
    pub fn is_available(&self) -> bool {
        self.kind != ServerKind::Unknown
    }

    /// The replica set it says it is in.
    pub fn set_name(&self) -> Option<&str> {
        self.hello.as_ref()?.set_name.as_deref()
    }

    /// The primary's wall clock at the last write it knows of.
    pub fn last_write(&self) -> Option<DateTime> {
        self.hello.as_ref()?.last_write_date
    }

    /// How long it keeps an unused session; `None` if it has no sessions.
    pub fn logical_session_timeout_minutes(&self) -> Option<i32> {
        self.hello.as_ref()?.logical_session_timeout_minutes
    }

    /// The newest protocol it speaks; 0 if unknown.
    pub fn max_wire_version(&self) -> i32 {
        self.hello.as_ref().map_or(0, |hello| hello.max_wire_version)
    }

    /// The oldest protocol it speaks; 0 if unknown.
    pub fn min_wire_version(&self) -> i32 {
        self.hello.as_ref().map_or(0, |hello| hello.min_wire_version)
    }
}

impl PartialEq for ServerDescription {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
            && self.kind == other.kind
            && self.topology_version == other.topology_version
            && same_error(self.error.as_ref(), other.error.as_ref())
            && same_hello(self.hello.as_deref(), other.hello.as_deref())
    }
}

fn same_error(a: Option<&Error>, b: Option<&Error>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.kind() == b.kind() && a.code() == b.code() && a.message() == b.message(),
        _ => false,
    }
}

fn same_hello(a: Option<&HelloReply>, b: Option<&HelloReply>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_none() && b.is_none();
    };
    a.min_wire_version == b.min_wire_version
        && a.max_wire_version == b.max_wire_version
        && a.me == b.me
        && a.hosts == b.hosts
        && a.passives == b.passives
        && a.arbiters == b.arbiters
        && a.tags == b.tags
        && a.set_name == b.set_name
        && a.election_id == b.election_id
        && a.set_version == b.set_version
        && a.primary == b.primary
        && a.logical_session_timeout_minutes == b.logical_session_timeout_minutes
        && a.is_cryptd == b.is_cryptd
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;
    use crate::error::Kind;

    #[test]
    fn equality_is_the_specifications() {
        let now = Instant::now();
        let before = ServerDescription::unknown(ServerAddress::new("a", 1));
        let hello = |document: &RawDocumentBuf| HelloReply::parse(document).unwrap();
        let make = |reply, rtt, now| ServerDescription::from_hello(&before, Arc::new(reply), rtt, now);
        let first = make(hello(&rawdoc! { "ok": 1, "setVersion": 1 }), None, now);
        let later = hello(
            &rawdoc! { "ok": 1, "setVersion": 1, "connectionId": 7, "lastWrite": { "lastWriteDate": DateTime::MAX } },
        );
        let second = make(later, Some(Duration::from_secs(1)), now + Duration::from_secs(9));
        assert_eq!(first, second);
        assert_ne!(first, make(hello(&rawdoc! { "ok": 1, "setVersion": 2 }), None, now));
        assert_ne!(first, before);

        let failed = |text: &str| {
            let error = Error::new(Kind::AutoReconnect, text);
            ServerDescription::failed(before.address.clone(), error, None, now)
        };
        assert_ne!(failed("reset"), before);
        assert_ne!(failed("reset"), failed("refused"));
        assert_eq!(failed("reset"), failed("reset"));
    }
}
