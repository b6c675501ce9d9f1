//! How large a pool may be, and how long anything in it may wait.

use std::time::Duration;

/// The options of one pool. All of a connection's pools share the same.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Most sockets, established or being so (`maxPoolSize`, default 100, 0 is no limit).
    pub max_size: usize,
    /// Sockets kept open while idle (`minPoolSize`, default 0).
    pub min_size: usize,
    /// Sockets opened at one time (`maxConnecting`, default 2).
    pub max_connecting: usize,
    /// How long a socket may be idle before it is closed (`maxIdleTimeMS`, default none).
    pub max_idle: Option<Duration>,
    /// Most entries that may wait (default 10,000).
    pub max_queued_requests: usize,
    /// Most bytes that waiting entries may hold (default 256 MiB).
    pub max_queued_bytes: usize,
    /// Requests in flight on one socket (default 1).
    pub pipeline_depth: usize,
    /// Sockets that leases of [`Purpose::Parked`](super::Purpose::Parked) may hold
    /// (default: half of `max_size`, at least 1).
    pub max_parked: Option<usize>,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_size: 100,
            min_size: 0,
            max_connecting: 2,
            max_idle: None,
            max_queued_requests: 10_000,
            max_queued_bytes: 256 * 1024 * 1024,
            pipeline_depth: 1,
            max_parked: None,
        }
    }
}
