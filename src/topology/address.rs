//! Where a server listens.

use std::fmt;
use std::sync::Arc;

/// A server's address, as the deployment names it.
///
/// Host names are kept in lower case, so that addresses can be compared
/// (server discovery specification, "hostnames MUST be normalized to lower-case").
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

    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`. `None` if it is none of these.
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
        (!host.is_empty()).then(|| Self::new(host, port))
    }

    /// The host name or IP address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
