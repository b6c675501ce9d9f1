//! Where a copy reads from: this connection, another one, or one that is made for the copy.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use crate::auth::Credential;
use crate::connection::{Builder, Connection, Target};
use crate::dispatch::Handle;
use crate::error::{Error, Kind, Result};
use crate::topology::{ServerAddress, TopologyDescription, TopologyKind};

/// Another host that [`CopyDatabase::from_host`](super::CopyDatabase::from_host) copies from:
/// a text as [`Target`] tells (a host name or address with or without a port, a connection
/// string), a `Target` itself, a [`Builder`] with all its options, or a [`Connection`] that there
/// is already.
#[derive(Clone, Debug)]
pub struct CopySource(Result<Origin>);

#[derive(Clone, Debug)]
enum Origin {
    /// Connects for the copy alone.
    New(Box<Builder>),
    Present(Handle),
}

impl From<&str> for CopySource {
    fn from(host: &str) -> Self {
        Target::new(host).into()
    }
}

impl From<Target> for CopySource {
    fn from(target: Target) -> Self {
        let checked = target.checked(ServerAddress::DEFAULT_PORT);
        Self(checked.map(|_| Origin::New(Box::new(Builder::default().to(target)))))
    }
}

impl From<&String> for CopySource {
    fn from(host: &String) -> Self {
        host.as_str().into()
    }
}

impl From<String> for CopySource {
    fn from(host: String) -> Self {
        host.as_str().into()
    }
}

impl From<Builder> for CopySource {
    fn from(builder: Builder) -> Self {
        Self(Ok(Origin::New(Box::new(builder))))
    }
}

impl<D> From<&Connection<D>> for CopySource {
    fn from(connection: &Connection<D>) -> Self {
        Self(Ok(Origin::Present(connection.handle.clone())))
    }
}

impl<D> From<Connection<D>> for CopySource {
    fn from(connection: Connection<D>) -> Self {
        (&connection).into()
    }
}

impl CopySource {
    /// The same, that connects as this user. Fails for a connection that there is already: it
    /// has its user.
    pub(super) fn with_credential(self, credential: Option<Credential>) -> Result<Self> {
        match (self.0?, credential) {
            (Origin::New(builder), Some(credential)) => Ok(builder.credential(credential).into()),
            (Origin::Present(_), Some(_)) => Err(Error::new(
                Kind::InvalidArgument,
                "`credential` goes with a host to connect to; a connection that there is already has its user",
            )),
            (origin, None) => Ok(Self(Ok(origin))),
        }
    }

    /// A handle on the source, made if it has to be. `target` is for the clock.
    pub(super) async fn open(self, target: &Handle, deadline: Option<Instant>) -> Result<Handle> {
        let builder = match self.0? {
            Origin::Present(handle) => return Ok(handle),
            Origin::New(builder) => builder,
        };
        let connecting = builder.connect();
        let connection = match deadline {
            None => connecting.await?,
            Some(until) => target.core().within(until, connecting, late).await??,
        };
        Ok(connection.handle)
    }
}

fn late() -> Error {
    Error::new(Kind::Timeout, "the copy's timeout ran out before its source was connected")
}

/// Whether both handles lead to the same servers, as far as both have found out about them.
/// Routers of one cluster know nothing of each other: they are `None`.
pub fn is_same(one: &Handle, other: &Handle) -> Option<bool> {
    if Arc::ptr_eq(one.core(), other.core()) {
        return Some(true);
    }
    let picture = |handle: &Handle| handle.core().snapshots.borrow().topology.clone();
    overlap(&picture(one), &picture(other))
}

fn overlap(one: &TopologyDescription, other: &TopologyDescription) -> Option<bool> {
    let processes = |picture: &TopologyDescription| -> Vec<_> {
        let versions = picture.servers.values().filter_map(|server| server.topology_version);
        versions.map(|version| version.process_id).collect()
    };
    let theirs = processes(other);
    if processes(one).iter().any(|process| theirs.contains(process)) {
        return Some(true);
    }
    let routed = |kind| matches!(kind, TopologyKind::Sharded | TopologyKind::LoadBalanced);
    if routed(one.kind) && routed(other.kind) {
        return None;
    }
    // Servers that tell of no process (below 4.4) are known by where they are.
    let nameless = |picture: &'_ TopologyDescription, address: &ServerAddress| {
        let server = picture.servers.get(address);
        server.is_some_and(|server| server.hello.is_some() && server.topology_version.is_none())
    };
    if one.servers.keys().any(|address| nameless(one, address) && nameless(other, address)) {
        return Some(true);
    }
    // Two direct connections to different members of one set have no server in common, and a
    // member that is not known (yet) tells of no process. Where all are known, the processes tell.
    let direct = one.kind == TopologyKind::Single && other.kind == TopologyKind::Single;
    let untold = |picture: &TopologyDescription| {
        picture.servers.values().any(|server| server.topology_version.is_none())
    };
    let in_doubt = direct || untold(one) || untold(other);
    Some(in_doubt && sets(one).any(|set| sets(other).any(|theirs| set == theirs)))
}

/// The names and members of the sets whose servers are known.
fn sets(picture: &TopologyDescription) -> impl Iterator<Item = (&String, &BTreeSet<ServerAddress>)> {
    let replies = picture.servers.values().filter_map(|server| server.hello.as_ref());
    replies.filter_map(|hello| Some((hello.set_name.as_ref()?, &hello.hosts)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bson::oid::ObjectId;

    use super::*;
    use crate::topology::{HelloReply, ServerDescription, TopologyVersion};

    fn server(address: &str, set: Option<&str>, process: u8) -> ServerDescription {
        let address = ServerAddress::parse(address).unwrap();
        let hosts = ["a:1", "b:1"].into_iter().filter_map(ServerAddress::parse).collect();
        let hello = HelloReply { set_name: set.map(Into::into), hosts, ..HelloReply::default() };
        let version = TopologyVersion { process_id: ObjectId::from_bytes([process; 12]), counter: 0 };
        ServerDescription {
            hello: Some(Arc::new(hello)),
            topology_version: Some(version),
            ..ServerDescription::unknown(address)
        }
    }

    fn single(server: ServerDescription) -> TopologyDescription {
        TopologyDescription::new(TopologyKind::Single, [server])
    }

    #[test]
    fn a_host_is_whatever_a_connection_is_made_to() {
        for (host, seen) in [
            ("db.example:27018", "db.example:27018"),
            ("::1", "[::1]:27017"),
            ("[::1]:27018", "[::1]:27018"),
            ("mongodb://db.example", "db.example:27017"),
            ("/tmp/mongodb-27017.sock", "/tmp/mongodb-27017.sock"),
        ] {
            let source = format!("{:?}", CopySource::from(host));
            assert!(source.contains(&format!("[{seen:?}]")), "{source}");
        }
        let several = format!("{:?}", CopySource::from(Target::new(["a", "b:2"])));
        assert!(several.contains(r#"["a:27017", "b:2"]"#), "{several}");
        for refused in ["mongodb://:27017", "", "me:pw@a", "fe80::1%eth0"] {
            let error = CopySource::from(refused).with_credential(None).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidUri, "{error}");
        }
    }

    #[test]
    fn one_server_by_two_names_is_the_same() {
        let (one, other) = (single(server("a:1", None, 1)), single(server("127.0.0.1:1", None, 1)));
        assert_eq!(overlap(&one, &other), Some(true));
        assert_eq!(overlap(&one, &single(server("a:1", None, 2))), Some(false));
    }

    #[test]
    fn direct_connections_to_two_members_lead_to_the_same_set() {
        let member = |address, set| single(server(address, Some(set), if address == "a:1" { 1 } else { 2 }));
        assert_eq!(overlap(&member("a:1", "rs"), &member("b:1", "rs")), Some(true));
        assert_eq!(overlap(&member("a:1", "rs"), &member("b:1", "other")), Some(false));
        let whole = TopologyDescription::new(
            TopologyKind::ReplicaSetWithPrimary,
            [server("a:1", Some("rs"), 3), server("b:1", Some("rs"), 4)],
        );
        assert_eq!(overlap(&whole, &member("b:1", "rs")), Some(false));
        let away = ServerDescription::unknown(ServerAddress::new("b", 1));
        let kind = TopologyKind::ReplicaSetWithPrimary;
        let partly = TopologyDescription::new(kind, [server("a:1", Some("rs"), 3), away]);
        assert_eq!(overlap(&partly, &member("b:1", "rs")), Some(true), "b may be the one that is away");
        assert_eq!(overlap(&partly, &member("b:1", "other")), Some(false));
    }

    #[test]
    fn servers_that_tell_of_no_process_are_known_by_their_addresses() {
        let old = |address| single(ServerDescription { topology_version: None, ..server(address, None, 1) });
        assert_eq!(overlap(&old("a:1"), &old("a:1")), Some(true));
        assert_eq!(overlap(&old("a:1"), &old("b:1")), Some(false));
    }

    #[test]
    fn of_routers_nothing_is_known() {
        let routers =
            |process| TopologyDescription::new(TopologyKind::Sharded, [server("a:1", None, process)]);
        assert_eq!(overlap(&routers(1), &routers(2)), None);
        assert_eq!(overlap(&routers(1), &routers(1)), Some(true));
        assert_eq!(overlap(&routers(1), &single(server("b:1", None, 2))), Some(false));
    }
}
