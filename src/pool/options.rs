//! How large a pool may be, and how long anything in it may wait.

use std::time::Duration;

use crate::events::PoolSettings;

/// The options of one pool. All of a connection's pools share the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolOptions {
    /// Most sockets, established or being so (`maxPoolSize`, default 100, 0 is no limit).
    pub max_size: usize,
    /// Sockets kept open while idle (`minPoolSize`, default 0).
    pub min_size: usize,
    /// Sockets opened at one time (`maxConnecting`, default 2).
    pub max_connecting: usize,
    /// How long a socket may be idle before it is closed (`maxIdleTimeMS`, default none).
    pub max_idle: Option<Duration>,
    /// How long an entry may wait (`waitQueueTimeoutMS`, default none). Callers set its end in
    /// each entry; here it is only told.
    pub wait_queue_timeout: Option<Duration>,
    /// Most entries that may wait (default 10,000).
    pub max_queued_requests: usize,
    /// Most bytes that waiting entries may hold (default 256 MiB).
    pub max_queued_bytes: usize,
    /// Requests in flight on one socket (default 1).
    pub pipeline_depth: usize,
    /// Sockets that leases of [`Purpose::Parked`](super::Purpose::Parked) may hold or wait
    /// for; one more is refused at once, so that ordinary requests always find sockets
    /// that come free (default: half of `max_size`, at least 1).
    pub max_parked: Option<usize>,
    /// Sockets live on arbiters that the application lent: a caller prefers those on its
    /// own thread, and trusts none on another to end its call in time (default false).
    pub lent: bool,
    /// How hard zlib tries (`zlibCompressionLevel`, default -1, its usual level).
    pub zlib_level: i32,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_size: 100,
            min_size: 0,
            max_connecting: 2,
            max_idle: None,
            wait_queue_timeout: None,
            max_queued_requests: 10_000,
            max_queued_bytes: 256 * 1024 * 1024,
            pipeline_depth: 1,
            max_parked: None,
            lent: false,
            zlib_level: -1,
        }
    }
}

impl PoolOptions {
    /// These options with what makes no sense put right: at least one socket may be
    /// opened at a time, at least one request be in flight, and no idle time is none.
    pub(super) fn normal(mut self) -> Self {
        self.max_connecting = self.max_connecting.max(1);
        self.pipeline_depth = self.pipeline_depth.max(1);
        self.max_idle = self.max_idle.filter(|max_idle| !max_idle.is_zero());
        self
    }

    /// Those that are not at their default, as listeners for events are told.
    pub(super) fn settings(&self) -> PoolSettings {
        let default = Self::default();
        PoolSettings {
            max_pool_size: Some(self.max_size).filter(|size| *size != default.max_size),
            min_pool_size: Some(self.min_size).filter(|size| *size != default.min_size),
            max_connecting: Some(self.max_connecting).filter(|count| *count != default.max_connecting),
            max_idle_time: self.max_idle,
            wait_queue_timeout: self.wait_queue_timeout,
        }
    }

    /// How many leases of [`Purpose::Parked`](super::Purpose::Parked) there may be.
    pub(super) fn parked_bound(&self) -> usize {
        match (self.max_parked, self.max_size) {
            (Some(max_parked), _) => max_parked,
            (None, 0) => usize::MAX,
            (None, max_size) => (max_size / 2).max(1),
        }
    }
}
