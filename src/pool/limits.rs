//! What the handshake of a socket found out.

use std::time::Duration;

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
    /// Whether a frame that was written for `assumed` may go to a server with these.
    pub fn allow(&self, assumed: &Self) -> bool {
        self.max_document >= assumed.max_document
            && self.max_message >= assumed.max_message
            && self.max_batch >= assumed.max_batch
    }
}
