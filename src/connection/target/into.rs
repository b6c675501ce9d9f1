//! What can be turned into a target: the types, and nothing of what they mean.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Target;
use crate::topology::ServerAddress;

/// What says where a connection leads; [`Target`] has the list of it.
///
/// Implement it for a type of your own, such as a program's settings:
///
/// ```
/// use actix_mongo::{IntoTarget, Target};
///
/// struct Settings {
///     hosts: Vec<String>,
///     port: u16,
/// }
///
/// impl IntoTarget for Settings {
///     fn into_target(self) -> Target {
///         (self.hosts, self.port).into_target()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where a server is",
    note = "pass a host name, an IP address, a connection string, the path of a Unix domain socket, any of \
            these with a port as `(host, port)`, or an array, `Vec` or slice of them"
)]
pub trait IntoTarget {
    /// What it says. What can't be read is kept, and is the error of connecting.
    fn into_target(self) -> Target;
}

impl IntoTarget for Target {
    fn into_target(self) -> Target {
        self
    }
}

/// A connection string if it has `://` in it, else a host.
impl IntoTarget for &str {
    fn into_target(self) -> Target {
        if self.contains("://") { Target::uri(self) } else { Target::host(self) }
    }
}

macro_rules! texts {
    ($($text:ty),*) => {$(
        impl IntoTarget for $text {
            fn into_target(self) -> Target {
                (&*self).into_target()
            }
        }
    )*};
}

texts!(String, Box<str>, Arc<str>, Cow<'_, str>);

macro_rules! addresses {
    ($($address:ty),*) => {$(
        /// A server at this address; its port is not named.
        impl IntoTarget for $address {
            fn into_target(self) -> Target {
                Target::host(&self.to_string())
            }
        }
    )*};
}

addresses!(IpAddr, Ipv4Addr, Ipv6Addr);

impl IntoTarget for SocketAddrV4 {
    fn into_target(self) -> Target {
        (*self.ip(), self.port()).into_target()
    }
}

/// Fails with [`Kind::InvalidArgument`](crate::Kind::InvalidArgument) if it has a zone, which
/// servers can't be told by.
impl IntoTarget for SocketAddrV6 {
    fn into_target(self) -> Target {
        match self.scope_id() {
            0 => (*self.ip(), self.port()).into_target(),
            _ => Target::bad(format!("the address {self} has a zone, and a server's address can't have one")),
        }
    }
}

impl IntoTarget for SocketAddr {
    fn into_target(self) -> Target {
        match self {
            Self::V4(address) => address.into_target(),
            Self::V6(address) => address.into_target(),
        }
    }
}

/// A server as others name it.
impl IntoTarget for ServerAddress {
    fn into_target(self) -> Target {
        Target::at(self)
    }
}

/// A Unix domain socket; its path ends with `.sock` and has a `/` in it.
impl IntoTarget for &Path {
    fn into_target(self) -> Target {
        match self.to_str().and_then(ServerAddress::unix) {
            Some(address) => Target::at(address),
            None => Target::bad(format!(
                "{self:?} is no path of a Unix domain socket: those are UTF-8, have a '/' and end with .sock"
            )),
        }
    }
}

impl IntoTarget for PathBuf {
    fn into_target(self) -> Target {
        self.as_path().into_target()
    }
}

/// The port is for those hosts that name none.
impl<T: IntoTarget> IntoTarget for (T, u16) {
    fn into_target(self) -> Target {
        self.0.into_target().by_port(self.1)
    }
}

impl<T: IntoTarget, const N: usize> IntoTarget for [T; N] {
    fn into_target(self) -> Target {
        self.into_iter().collect()
    }
}

impl<T: IntoTarget> IntoTarget for Vec<T> {
    fn into_target(self) -> Target {
        self.into_iter().collect()
    }
}

impl<T: IntoTarget + Clone> IntoTarget for &[T] {
    fn into_target(self) -> Target {
        self.iter().cloned().collect()
    }
}

impl<T: IntoTarget + Clone> IntoTarget for &T {
    fn into_target(self) -> Target {
        self.clone().into_target()
    }
}
