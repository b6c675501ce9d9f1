//! Where a server listens.

use std::fmt;
use std::sync::Arc;

/// A server's address, as the deployment names it.
///
/// A host and a TCP port, or the path of a Unix domain socket. Host names are kept in lower
/// case, so that addresses can be compared (server discovery specification, "hostnames MUST be
/// normalized to lower-case"); paths are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerAddress {
    host: Arc<str>,
    port: u16,
}

impl ServerAddress {
    /// The port where none is given.
    pub const DEFAULT_PORT: u16 = 27017;

    /// An address of these parts. IPv6 literals stand without brackets.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_ascii_lowercase().into(), port }
    }

    /// The Unix domain socket at this path. `None` unless the path has a `/` in it and ends with
    /// `.sock`, as the connection string specification wants it.
    pub fn unix(path: &str) -> Option<Self> {
        let is_path = path.contains('/') && path.ends_with(".sock") && !path.contains('\0');
        is_path.then(|| Self { host: path.into(), port: 0 })
    }

    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`. `None` if it is none of these; a path is
    /// none.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                match after {
                    "" => (host, None),
                    _ => (host, Some(after.strip_prefix(':')?)),
                }
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = match port {
            None => Self::DEFAULT_PORT,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|p| *p != 0)?
            }
            Some(_) => return None,
        };
        // What servers tell of each other comes here, too, and must not lead to a path.
        (!host.is_empty() && !host.contains('/')).then(|| Self::new(host, port))
    }

    /// The path, if it is a Unix domain socket.
    pub fn unix_path(&self) -> Option<&str> {
        self.host.contains('/').then_some(&*self.host)
    }

    /// The host name or IP address, or the path of a Unix domain socket.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port; 0 for a Unix domain socket, which has none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The TCP port, for logs, which leave it out where there is none.
    pub(crate) fn tcp_port(&self) -> Option<u16> {
        self.unix_path().is_none().then_some(self.port)
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.unix_path() {
            f.write_str(path)
        } else if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_host_and_keeps_its_case() {
        let socket = ServerAddress::unix("/tmp/Mongo-27017.sock").unwrap();
        assert_eq!((socket.unix_path(), socket.port()), (Some("/tmp/Mongo-27017.sock"), 0));
        assert_eq!(socket.to_string(), "/tmp/Mongo-27017.sock");
        assert_eq!(ServerAddress::unix("mongo.sock"), None);
        assert_eq!(ServerAddress::unix("/tmp/mongo"), None);
        assert_eq!(ServerAddress::parse("/tmp/mongo.sock"), None);
        assert_eq!(ServerAddress::new("A", 1).unix_path(), None);
    }
}
