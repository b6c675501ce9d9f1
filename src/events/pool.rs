//! Events of pools and of the connections in them (connection monitoring and pooling
//! specification). A connection's id is its number in its pool, from 1.

use std::time::Duration;

use bson::oid::ObjectId;

use crate::error::Error;
use crate::topology::ServerAddress;

/// See [`Event::PoolCreated`](super::Event::PoolCreated).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolCreated {
    /// The server.
    pub address: ServerAddress,
    /// What was set for it.
    pub options: PoolSettings,
}

/// Options of a pool; those at their default are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolSettings {
    /// `maxPoolSize`; 0 is no limit.
    pub max_pool_size: Option<usize>,
    /// `minPoolSize`.
    pub min_pool_size: Option<usize>,
    /// `maxConnecting`.
    pub max_connecting: Option<usize>,
    /// `maxIdleTimeMS`.
    pub max_idle_time: Option<Duration>,
    /// `waitQueueTimeoutMS`.
    pub wait_queue_timeout: Option<Duration>,
}

/// See [`Event::PoolReady`](super::Event::PoolReady).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolReady {
    /// The server.
    pub address: ServerAddress,
}

/// See [`Event::PoolCleared`](super::Event::PoolCleared).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolCleared {
    /// The server.
    pub address: ServerAddress,
    /// The service behind a load balancer, if connections to that one alone were given up.
    pub service_id: Option<ObjectId>,
    /// Whether connections in use were interrupted.
    pub interrupt_in_use_connections: bool,
}

/// See [`Event::PoolClosed`](super::Event::PoolClosed).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolClosed {
    /// The server.
    pub address: ServerAddress,
}

/// See [`Event::ConnectionCreated`](super::Event::ConnectionCreated).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCreated {
    /// The server.
    pub address: ServerAddress,
    /// The connection.
    pub connection_id: u64,
}

/// See [`Event::ConnectionReady`](super::Event::ConnectionReady).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionReady {
    /// The server.
    pub address: ServerAddress,
    /// The connection.
    pub connection_id: u64,
    /// How long it took to establish it.
    pub duration: Duration,
}

/// See [`Event::ConnectionClosed`](super::Event::ConnectionClosed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionClosed {
    /// The server.
    pub address: ServerAddress,
    /// The connection.
    pub connection_id: u64,
    /// Why.
    pub reason: ConnectionClosedReason,
    /// The error, if that is why and it is known.
    pub error: Option<Error>,
}

/// Why a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionClosedReason {
    /// The pool was cleared.
    Stale,
    /// It was not used for too long.
    Idle,
    /// It failed.
    Error,
    /// The pool was closed.
    PoolClosed,
}

/// See [`Event::ConnectionCheckOutStarted`](super::Event::ConnectionCheckOutStarted).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCheckOutStarted {
    /// The server.
    pub address: ServerAddress,
}

/// See [`Event::ConnectionCheckOutFailed`](super::Event::ConnectionCheckOutFailed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionCheckOutFailed {
    /// The server.
    pub address: ServerAddress,
    /// Why.
    pub reason: CheckOutFailedReason,
    /// The error that the call got; `None` if it was given up by its caller.
    pub error: Option<Error>,
    /// How long the call waited.
    pub duration: Duration,
}

/// Why a call got no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckOutFailedReason {
    /// The pool was closed.
    PoolClosed,
    /// None came free in time.
    Timeout,
    /// None could be established, the pool is paused, its queue is full, or the call was
    /// given up by its caller.
    ConnectionError,
}

/// See [`Event::ConnectionCheckedOut`](super::Event::ConnectionCheckedOut).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCheckedOut {
    /// The server.
    pub address: ServerAddress,
    /// The connection.
    pub connection_id: u64,
    /// How long the call waited.
    pub duration: Duration,
}

/// See [`Event::ConnectionCheckedIn`](super::Event::ConnectionCheckedIn).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCheckedIn {
    /// The server.
    pub address: ServerAddress,
    /// The connection.
    pub connection_id: u64,
}
