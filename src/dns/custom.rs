//! What an application's own resolver has to answer.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

/// What comes of a question to a [`CustomResolver`].
pub type Answer<T> = Pin<Box<dyn Future<Output = io::Result<Vec<T>>> + Send>>;

/// Looks names up in place of the system; see [`Resolver::custom`](super::Resolver::custom).
///
/// The futures run on threads of the connection, inside a tokio runtime. They must not block,
/// and may be dropped at any time: there is a limit (`connectTimeoutMS`) to how long they are
/// waited for. A panic costs the attempt that asked.
///
/// A name of which nothing is known is an empty list, or an error. Nothing is kept of an answer:
/// each socket that is opened asks anew, so a resolver that takes its time should keep them.
pub trait CustomResolver: fmt::Debug + Send + Sync + 'static {
    /// The addresses of a host, in the order in which they should be tried; families of
    /// addresses are made to alternate. Literal IP addresses are not asked for.
    fn addresses(&self, host: &str) -> Answer<IpAddr>;

    /// The SRV records of a name (`_mongodb._tcp.cluster.example.com`).
    fn srv(&self, name: &str) -> Answer<SrvRecord>;

    /// The TXT records of a name, each with its character strings put one after the other.
    fn txt(&self, name: &str) -> Answer<Vec<u8>>;
}

/// One SRV record. Its priority and weight do not count (initial DNS seed list
/// specification, "Querying DNS").
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SrvRecord {
    /// The host, with or without a dot at its end.
    pub target: String,
    /// Its port.
    pub port: u16,
    /// How long the record may be kept.
    pub ttl: Duration,
}

impl SrvRecord {
    /// A record that names this host and port.
    pub fn new(target: impl Into<String>, port: u16, ttl: Duration) -> Self {
        Self { target: target.into(), port, ttl }
    }
}
