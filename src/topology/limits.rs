//! What a server's hello says of the requests it takes.

use std::time::Duration;

use super::hello::HelloReply;
use super::server::ServerKind;
use crate::wire::Compressor;

/// Sizes and abilities of one server, as its hello reply gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest document (`maxBsonObjectSize`), in bytes.
    pub max_document: usize,
    /// Largest message (`maxMessageSizeBytes`), in bytes.
    pub max_message: usize,
    /// Most writes in one command (`maxWriteBatchSize`).
    pub max_batch: usize,
    /// The newest wire protocol version it speaks.
    pub max_wire_version: i32,
    /// `logicalSessionTimeoutMinutes`; `None` if it has no sessions.
    pub session_timeout: Option<Duration>,
    /// Whether it takes `txnNumber` on writes (sessions, and not a standalone).
    pub retryable_writes: bool,
    /// What messages to it are compressed with.
    pub compressor: Option<Compressor>,
}

/// No server sends larger messages than this: a limit of our own, since what a reply may be
/// inflated to must not be the word of who sends it.
const LARGEST_MESSAGE: usize = 48_000_000;

/// Long enough for sessions that do not age.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

impl Default for Limits {
    /// What holds before any handshake: the sizes that every server of wire version 8
    /// and above grants.
    fn default() -> Self {
        Self {
            max_document: 16 * 1024 * 1024,
            max_message: LARGEST_MESSAGE,
            max_batch: 100_000,
            max_wire_version: 8,
            session_timeout: None,
            retryable_writes: false,
            compressor: None,
        }
    }
}

impl Limits {
    /// What a server says of itself. What it leaves out, or says absurdly, is taken to be
    /// what every server grants; larger messages than all servers take are not believed. What it compresses with is between it and who offered.
    pub fn of(hello: &HelloReply) -> Self {
        let usual = Self::default();
        let size = |announced: Option<i32>, usual: usize| {
            announced.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0).unwrap_or(usual)
        };
        let minutes = hello.logical_session_timeout_minutes.and_then(|minutes| u64::try_from(minutes).ok());
        let session_timeout = minutes.map(|minutes| Duration::from_secs(60 * minutes));
        Self {
            max_document: size(hello.max_bson_object_size, usual.max_document),
            max_message: size(hello.max_message_size_bytes, usual.max_message).min(LARGEST_MESSAGE),
            max_batch: size(hello.max_write_batch_size, usual.max_batch),
            max_wire_version: hello.max_wire_version,
            session_timeout,
            retryable_writes: session_timeout.is_some() && replicates(hello),
            compressor: None,
        }
    }

    /// The same of a service behind a load balancer: its sessions are always supported, and
    /// never age (load balancer specification, "Driver Sessions").
    pub fn of_service(hello: &HelloReply) -> Self {
        let (session_timeout, retryable_writes) = (Some(FOREVER), replicates(hello));
        Self { session_timeout, retryable_writes, ..Self::of(hello) }
    }

    /// What holds behind a load balancer before any handshake: only servers that take
    /// numbered writes can be there. A socket that finds it otherwise has the frame written
    /// anew.
    pub fn of_balancer() -> Self {
        let session_timeout = Some(FOREVER);
        Self { session_timeout, retryable_writes: true, max_wire_version: 13, ..Self::default() }
    }

    /// What servers of both kinds take: so a frame that is written anew, time and again for
    /// sockets to servers that differ, comes to one that all of them take.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            max_document: self.max_document.min(other.max_document),
            max_message: self.max_message.min(other.max_message),
            max_batch: self.max_batch.min(other.max_batch),
            max_wire_version: self.max_wire_version.min(other.max_wire_version),
            session_timeout: self.session_timeout.and(other.session_timeout),
            retryable_writes: self.retryable_writes && other.retryable_writes,
            compressor: self.compressor.filter(|compressor| other.compressor == Some(*compressor)),
        }
    }

    /// Whether a frame that was written for `assumed` may go to a server with these. A write
    /// may not lose its number on the way: its caller would send it twice. What it was
    /// compressed with does not count: its socket sees to that.
    pub fn allow(&self, assumed: &Self) -> bool {
        self.max_document >= assumed.max_document
            && self.max_message >= assumed.max_message
            && self.max_batch >= assumed.max_batch
            && (self.retryable_writes || !assumed.retryable_writes)
    }
}

fn replicates(hello: &HelloReply) -> bool {
    !matches!(hello.kind(), ServerKind::Standalone | ServerKind::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_take_both_allow() {
        let (usual, sessions) = (Limits::default(), Some(Duration::from_secs(1800)));
        let a = Limits { max_batch: 7, retryable_writes: true, session_timeout: sessions, ..usual };
        let b = Limits { max_document: 9, max_message: 99, max_wire_version: 25, ..usual };
        assert!(!a.allow(&b) && !b.allow(&a));
        let both = a.and(&b);
        assert!(a.allow(&both) && b.allow(&both));
        assert_eq!(both, b.and(&a));
        assert_eq!((both.session_timeout, both.max_wire_version), (None, 8));
    }

    #[test]
    fn what_two_servers_compress_with_is_what_they_have_in_common() {
        let of = |compressor| Limits { compressor, ..Limits::default() };
        let (zlib, zstd) = (of(Some(Compressor::Zlib)), of(Some(Compressor::Zstd)));
        assert_eq!(zlib.and(&zlib), zlib);
        assert_eq!(zlib.and(&zstd), of(None));
        assert_eq!(zlib.and(&of(None)), of(None));
        assert!(zlib.allow(&zstd));
    }
}
