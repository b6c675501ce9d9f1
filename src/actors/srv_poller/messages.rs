//! What a poller can be asked, and what it tells the supervisor.

use std::sync::Arc;

use crate::error::Error;
use crate::establish::Dialer;
use crate::topology::{ServerAddress, TopologySettings};

/// End: the deployment does not follow its SRV records any more.
#[derive(Clone, Copy, Debug)]
pub struct Halt;

impl actix::Message for Halt {
    type Result = ();
}

/// What DNS has told.
#[derive(Debug)]
pub struct SrvNews {
    /// What.
    pub heard: SrvHeard,
}

impl actix::Message for SrvNews {
    type Result = ();
}

/// See [`SrvNews`].
#[derive(Debug)]
pub enum SrvHeard {
    /// The first look-up succeeded. Told once by each poller that was made without seeds.
    Seeds(Box<Seeds>),
    /// The first look-up failed; another one follows.
    NoSeeds(Error),
    /// A later look-up found these hosts, in random order.
    Hosts(Vec<ServerAddress>),
    /// The poller itself is gone without having been stopped (a panic).
    Died,
}

/// What the first look-up settles.
#[derive(Debug)]
pub struct Seeds {
    /// Hosts, replica set and load balancing.
    pub settings: TopologySettings,
    /// For sockets: credentials may depend on what DNS tells.
    pub dialer: Arc<Dialer>,
    /// For monitors.
    pub monitor_dialer: Arc<Dialer>,
}
