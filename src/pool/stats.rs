//! What a pool looks like at one moment.

use super::limits::Limits;

/// Counts of one pool, taken together under its lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// `"paused"`, `"ready"` or `"closed"`.
    pub state: &'static str,
    /// How often the pool was cleared.
    pub generation: u64,
    /// Established sockets.
    pub total: usize,
    /// Established sockets with nothing to do.
    pub idle: usize,
    /// Sockets being established.
    pub pending: usize,
    /// Sockets held by leases, of every purpose.
    pub leased: usize,
    /// Of these, parked by awaitData, tailable and exhaust cursors.
    pub parked: usize,
    /// Requests in flight.
    pub in_flight: usize,
    /// Entries that wait.
    pub queued: usize,
    /// Bytes that waiting entries hold.
    pub queued_bytes: usize,
    /// What the handshakes of this generation found.
    pub limits: Limits,
}
