//! What goes into the state machine and what comes out: events of monitors, sockets and
//! SRV look-ups, and all that has to be done about each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::oid::ObjectId;

use super::address::ServerAddress;
use super::description::TopologyDescription;
use super::error_class::CommandFailure;
use super::hello::HelloReply;
use crate::error::Error;

/// Something that tells of the deployment's state.
#[derive(Debug)]
pub enum Outcome {
    /// A server answered `hello`: to a monitor, or in the handshake of any socket.
    Hello {
        /// The server.
        address: ServerAddress,
        /// Its answer.
        reply: Arc<HelloReply>,
        /// How long the answer took; `None` where that says nothing (an awaited hello).
        rtt: Option<Duration>,
        /// When the answer came.
        now: Instant,
    },
    /// The socket that measures round trips measured one.
    RoundTrip {
        /// The server.
        address: ServerAddress,
        /// The measurement.
        sample: Duration,
    },
    /// A monitor's check failed.
    CheckFailed {
        /// The server.
        address: ServerAddress,
        /// In what way.
        failure: CheckFailure,
        /// The error, for the description and for whoever waits on the pool.
        error: Error,
        /// When.
        now: Instant,
    },
    /// A socket for operations failed, or the server answered with an error.
    Application(ApplicationError),
    /// The SRV records name these hosts, all verified and at least one. In random order
    /// if `srv_max_hosts` is set: the first ones are taken.
    SrvHosts {
        /// The hosts.
        hosts: Vec<ServerAddress>,
    },
}

/// In what way a monitor's check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFailure {
    /// The socket could not be opened, or broke.
    Network,
    /// No answer came in time.
    Timeout,
    /// The server answered `ok: 0`, or nonsense.
    Command,
}

/// An error that a socket for operations saw.
#[derive(Debug)]
pub struct ApplicationError {
    /// The server.
    pub address: ServerAddress,
    /// The generation of the socket, or, if it was still being opened, of the pool when
    /// that began.
    pub generation: u64,
    /// The pool's present generation (behind a load balancer: that of `service_id`).
    pub current_generation: u64,
    /// How far the socket had got.
    pub phase: Phase,
    /// What happened.
    pub failure: Failure,
    /// The service behind a load balancer that the socket leads to, once known.
    pub service_id: Option<ObjectId>,
    /// The error, for the description and for whoever waits on the pool. Its labels
    /// count.
    pub error: Error,
    /// When.
    pub now: Instant,
}

/// How far a socket for operations had got when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Connecting, the TLS handshake, or `hello`.
    Establishing,
    /// After `hello`, before the last step of authentication.
    Authenticating,
    /// In use.
    Established,
}

/// What happened to a socket for operations.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// It could not be opened, or broke.
    Network,
    /// Nothing came in time.
    Timeout,
    /// The server answered with an error.
    Command(CommandFailure),
    /// Something that can't come from an overloaded or broken server: an unknown host
    /// name, a certificate that does not verify, a proxy that refuses.
    Other,
}

/// What an outcome changed, and all that has to be done about it. The order: mark pools
/// ready, publish `current`, clear pools, then the rest.
#[derive(Clone, Debug)]
pub struct Change {
    /// The description before.
    pub previous: Arc<TopologyDescription>,
    /// The description from now on; the same `Arc` if nothing changed at all.
    pub current: Arc<TopologyDescription>,
    /// Servers that joined: give each a pool and start its monitor (there are no
    /// monitors in a load-balanced topology).
    pub added: Vec<ServerAddress>,
    /// Servers that left: stop the monitor, close the pool.
    pub removed: Vec<ServerAddress>,
    /// What to do with a pool.
    pub pool: Option<PoolAction>,
    /// Ask this server's monitor to check as soon as it may (500 ms after its last check).
    pub check_now: Option<ServerAddress>,
    /// This server's monitor begins its next check at once, without any pause.
    pub recheck: Option<ServerAddress>,
    /// This server's monitor gives up the check under way, closes its socket, and waits
    /// for its next turn.
    pub cancel_check: Option<ServerAddress>,
    /// Why the outcome was passed over, if it was. Nothing has to be done then.
    pub ignored: Option<Ignored>,
}

impl Change {
    /// Whether there is a new description to publish.
    pub fn must_publish(&self) -> bool {
        !Arc::ptr_eq(&self.previous, &self.current)
    }
}

/// What to do with a pool.
#[derive(Clone, Debug)]
pub enum PoolAction {
    /// The server was checked and can be used. Before the new description is published,
    /// so that nobody selects a server whose pool still refuses. Idempotent.
    Ready {
        /// The server.
        address: ServerAddress,
    },
    /// Start a new generation. After the new description is published, so that those
    /// who are turned away don't select the same server again.
    Clear {
        /// The server.
        address: ServerAddress,
        /// Only the sockets to this service behind a load balancer.
        service_id: Option<ObjectId>,
        /// Sockets in use are closed as well.
        interrupt: bool,
        /// What those who wait are told.
        cause: Error,
    },
}

/// Why an outcome was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The server is not (or no longer) part of the topology.
    NotAMember,
    /// The socket belonged to an earlier generation of the pool.
    StaleGeneration,
    /// Something fresher is known of the server.
    StaleTopologyVersion,
    /// The server sheds load; opening a socket failed for that and proves nothing.
    Overloaded,
    /// A slow answer, or an error of one operation: no word about the server's state.
    SaysNothing,
    /// A load balancer stays what it is.
    LoadBalanced,
    /// SRV records are followed only while the topology is unknown or sharded.
    NotFollowingSrv,
}
