//! What a server's hello says of the requests it takes.

use std::time::Duration;

use super::hello::HelloReply;
use super::server::ServerKind;

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
}

impl Default for Limits {
    /// What holds before any handshake: the sizes that every server of wire version 8
    /// and above grants.
    fn default() -> Self {
        Self {
            max_document: 16 * 1024 * 1024,
            max_message: 48_000_000,
            max_batch: 100_000,
            max_wire_version: 8,
            session_timeout: None,
            retryable_writes: false,
        }
    }
}

impl Limits {
    /// What a server says of itself. What it leaves out, or says absurdly, is taken to be
    /// what every server grants.
    pub fn of(hello: &HelloReply) -> Self {
        let usual = Self::default();
        let size = |announced: Option<i32>, usual: usize| {
            announced.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0).unwrap_or(usual)
        };
        let minutes = hello.logical_session_timeout_minutes.and_then(|minutes| u64::try_from(minutes).ok());
        let session_timeout = minutes.map(|minutes| Duration::from_secs(60 * minutes));
        let replicates = !matches!(hello.kind(), ServerKind::Standalone | ServerKind::Unknown);
        Self {
            max_document: size(hello.max_bson_object_size, usual.max_document),
            max_message: size(hello.max_message_size_bytes, usual.max_message),
            max_batch: size(hello.max_write_batch_size, usual.max_batch),
            max_wire_version: hello.max_wire_version,
            session_timeout,
            retryable_writes: session_timeout.is_some() && replicates,
        }
    }

    /// Whether a frame that was written for `assumed` may go to a server with these.
    pub fn allow(&self, assumed: &Self) -> bool {
        self.max_document >= assumed.max_document
            && self.max_message >= assumed.max_message
            && self.max_batch >= assumed.max_batch
    }
}
