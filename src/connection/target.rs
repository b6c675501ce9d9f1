//! Where a connection leads: host names, addresses, sockets' paths and connection strings, one
//! or many, put together into what one connection string says.
//!
//! Made by callers through [`IntoTarget`], read by the builder. Nothing here looks up a name.

mod into;
mod merge;

use std::fmt;

pub use into::IntoTarget;

use super::uri::ConnectionString;
use super::uri::hosts::NamedHost;
use super::uri::parts::{Parts, Scheme};
use crate::error::{Error, Kind, Result};
use crate::topology::ServerAddress;

/// Where a connection leads: what [`Connection::connect`](crate::Connection::connect) and
/// [`Builder::to`](crate::Builder::to) make of what they are given.
///
/// | Given | Meaning |
/// |---|---|
/// | `"db.example"`, `"db.example:27018"` | a host name; any text without `://` is a host |
/// | `"127.0.0.1"`, `"::1"`, `"[::1]:27018"` | an IP address, IPv6 with or without brackets |
/// | `IpAddr`, `SocketAddr` and their kinds | the same |
/// | `"/tmp/mongodb-27017.sock"`, `Path` | a Unix domain socket |
/// | `"mongodb://..."`, `"mongodb+srv://..."` | a connection string |
/// | `(any of these, port)` | the port of those hosts in it that name none |
/// | an array, a `Vec` or a slice of any of these | all of them |
/// | a `Target` | what was put together by [`and`](Self::and), [`collect`](Iterator::collect), [`extend`](Extend::extend) |
///
/// # One of several
///
/// - **Hosts** are those of all, in their order. One that is named twice (with the same port) is
///   one host.
/// - **A port in a text wins** over that of a tuple, an inner tuple's over an outer one's, and
///   both over [`Builder::port`](crate::Builder::port). Without any it is 27017.
/// - **Of several connection strings** the last database counts, the last user with what that
///   string says of the password, and each option as the last string has it that gives it
///   (`tls` and `ssl` are one option, as are `journal` and `j`, `wTimeoutMS` and `wtimeout`; all
///   `readPreferenceTags` of one string are one value).
/// - **Then they are one string**, and must make sense as one: `directConnection=true` takes
///   exactly one host, and so on. `mongodb+srv://` finds its hosts by DNS, so it stands alone.
///
/// # Errors
///
/// What can't be read is the error of connecting: [`Kind::InvalidUri`] for a text and for
/// strings that contradict each other, [`Kind::InvalidArgument`] for port 0 and for an empty
/// list, [`Kind::Unsupported`] for what this build does not have. What names no server by its
/// type does not compile:
///
/// ```compile_fail
/// # let _ =
/// actix_mongo::Connection::connect_lazy(27017);
/// ```
///
/// ```
/// # fn example() -> actix_mongo::Result<()> {
/// use actix_mongo::{Connection, Target};
///
/// Connection::connect_lazy("localhost")?;
/// Connection::connect_lazy(("db.example", 27018))?;
/// Connection::connect_lazy(["a.example:27018", "mongodb://me:pw@b.example/?replicaSet=rs"])?;
/// let members = (1..=3).map(|n| format!("db{n}.example"));
/// Connection::connect_lazy(members.collect::<Target>())?;
/// let mixed = Target::new("a.example").and(("b.example", 27018)).and(std::net::Ipv4Addr::LOCALHOST);
/// Connection::connect_lazy(mixed)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "it only says where to connect to"]
pub struct Target {
    items: Vec<Item>,
}

/// One of what was given.
#[derive(Clone)]
enum Item {
    Host(NamedHost),
    String(Box<Parts>),
    Bad(Error),
}

impl Target {
    /// What `target` says.
    pub fn new(target: impl IntoTarget) -> Self {
        target.into_target()
    }

    /// This and what `more` says, as if both stood in one list.
    pub fn and(mut self, more: impl IntoTarget) -> Self {
        self.items.extend(more.into_target().items);
        self
    }

    /// A connection string and nothing else.
    pub(super) fn uri(text: &str) -> Self {
        Self::one(Parts::read(text).map(|parts| Item::String(Box::new(parts))))
    }

    /// A host and nothing else.
    pub(super) fn host(text: &str) -> Self {
        Self::one(NamedHost::read(text).map(Item::Host))
    }

    /// The servers by their addresses, if nothing but hosts is named.
    pub(super) fn seeds(&self, port: u16) -> Result<Vec<ServerAddress>> {
        Ok(self.merged(port)?.hosts.iter().map(|host| host.address().clone()).collect())
    }

    /// All of it as one connection string, whatever of it this build can do.
    pub(super) fn read(&self, port: u16) -> Result<ConnectionString> {
        ConnectionString::of_parts(&self.merged(port)?)
    }

    /// The same, if it is enough to connect with and this build can do it.
    pub(super) fn checked(&self, port: u16) -> Result<ConnectionString> {
        let parts = self.merged(port)?;
        let read = ConnectionString::of_parts(&parts)?;
        read.check_built(&parts)?;
        Ok(read)
    }

    fn one(item: Result<Item>) -> Self {
        Self { items: vec![item.unwrap_or_else(Item::Bad)] }
    }

    fn at(address: ServerAddress) -> Self {
        Self { items: vec![Item::Host(NamedHost::whole(address))] }
    }

    fn bad(sentence: impl Into<String>) -> Self {
        Self { items: vec![Item::Bad(Error::new(Kind::InvalidArgument, sentence))] }
    }

    /// With this port where none is named.
    fn by_port(mut self, port: u16) -> Self {
        if port == 0 {
            return Self::bad(PORT_0);
        }
        for item in &mut self.items {
            match item {
                Item::Host(host) => host.set_default_port(port),
                // The port of a name that is looked up is none of a server.
                Item::String(parts) if parts.scheme == Scheme::Srv => {}
                Item::String(parts) => parts.hosts.iter_mut().for_each(|host| host.set_default_port(port)),
                Item::Bad(_) => {}
            }
        }
        self
    }

    fn list(targets: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<Item> = targets.into_iter().flat_map(|target| target.items).collect();
        if items.is_empty() {
            return Self::bad("the list of servers is empty; name one at least");
        }
        Self { items }
    }
}

/// What is wrong with port 0.
pub(super) const PORT_0: &str = "port 0 is no server's; ports are numbers from 1 to 65535";

impl Default for Target {
    /// `localhost`, by [`Builder::port`](crate::Builder::port) or else 27017.
    fn default() -> Self {
        Self { items: vec![Item::Host(NamedHost::without_port("localhost"))] }
    }
}

impl<T: IntoTarget> FromIterator<T> for Target {
    /// A list. An empty one is the error of connecting.
    fn from_iter<I: IntoIterator<Item = T>>(targets: I) -> Self {
        Self::list(targets.into_iter().map(IntoTarget::into_target))
    }
}

impl<T: IntoTarget> Extend<T> for Target {
    fn extend<I: IntoIterator<Item = T>>(&mut self, targets: I) {
        self.items.extend(targets.into_iter().flat_map(|target| target.into_target().items));
    }
}

impl fmt::Debug for Target {
    /// The hosts and nothing else, for the rest may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for item in &self.items {
            match item {
                Item::Host(host) => list.entry(&host.address().to_string()),
                Item::String(parts) => {
                    list.entries(parts.hosts.iter().map(|host| host.address().to_string()))
                }
                Item::Bad(error) => list.entry(&error.kind()),
            };
        }
        list.finish()
    }
}

#[cfg(test)]
mod tests;
