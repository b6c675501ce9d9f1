//! What the supervisor publishes: one immutable picture of the deployment, its pools
//! included. Callers route by it without asking anybody; `Connection::state()` starts
//! from it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::error::{Error, Kind};
use crate::pool::Pool;
use crate::topology::{ServerAddress, TopologyDescription, TopologyKind};

/// One version of the picture. Each publication counts the version up.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts publications.
    pub version: u64,
    /// Servers and their states.
    pub topology: Arc<TopologyDescription>,
    /// A pool for each server in the description that may get operations.
    pub pools: BTreeMap<ServerAddress, Arc<Pool>>,
    /// The pool that writes and primary reads go to, where there is no choice between
    /// several. Worked out at publication, so that the happy path need not.
    pub primary: Option<Arc<Pool>>,
    /// Why no server is known yet, if DNS was asked for them and has not told.
    pub seeding: Option<Error>,
    /// Why nothing works any more, after the end.
    pub closed: Option<Error>,
}

impl Snapshot {
    /// The picture before anything is known.
    pub fn initial(topology: Arc<TopologyDescription>) -> Self {
        Self { version: 0, topology, pools: BTreeMap::new(), primary: None, seeding: None, closed: None }
    }

    /// Why there will be no server until somebody mends the records in DNS, or the options: the
    /// two contradict each other, or the records are such that nobody may be connected to. To
    /// wait for a server would be in vain, unlike after a look-up that brought no answer.
    pub fn cannot_be_seeded(&self) -> Option<&Error> {
        let lasting = |error: &&Error| {
            matches!(error.kind(), Kind::InvalidUri | Kind::InvalidArgument | Kind::Unsupported)
        };
        self.seeding.as_ref().filter(lasting)
    }

    /// The pool of the one server that takes writes, if there is exactly one.
    pub fn only_primary(&self) -> Option<Arc<Pool>> {
        if !self.topology.compatible() {
            return None;
        }
        let server = match self.topology.kind {
            TopologyKind::ReplicaSetWithPrimary => self.topology.primary()?,
            TopologyKind::Single | TopologyKind::LoadBalanced => self.topology.servers.values().next()?,
            _ => return None,
        };
        self.pools.get(&server.address).filter(|_| server.is_available()).cloned()
    }
}

/// Changes kept for `Connection::state()`.
const KEPT: usize = 128;

/// The latest changes, oldest first; older ones are dropped. Written by the supervisor.
#[derive(Clone, Debug, Default)]
pub struct History {
    ring: Arc<Mutex<VecDeque<Happening>>>,
}

/// One change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Happening {
    /// When.
    pub at: SystemTime,
    /// To which server; `None` if to the deployment as a whole.
    pub server: Option<String>,
    /// What, in a sentence.
    pub what: String,
}

impl History {
    /// Notes a change that happens now.
    pub fn note(&self, server: Option<&ServerAddress>, what: impl Into<String>) {
        let entry =
            Happening { at: SystemTime::now(), server: server.map(ToString::to_string), what: what.into() };
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == KEPT {
            ring.pop_front();
        }
        ring.push_back(entry);
    }

    /// A copy of what is kept.
    pub fn entries(&self) -> Vec<Happening> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
