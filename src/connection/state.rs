//! What a connection knows at one moment, for people and for health checks.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use crate::actors::snapshot::Happening;
use crate::dispatch::{Core, PolicyReport};
use crate::error::Error;
use crate::pool::{PoolStats, SlotInfo};
use crate::topology::{ServerAddress, ServerKind, TopologyKind};

/// A look at a connection; see [`Connection::state`](crate::Connection::state).
///
/// Printed with `{}` it is a page of text. Its fields are copies: they stay as they were.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct State {
    /// What kind of deployment it is.
    pub kind: TopologyKind,
    /// The replica set's name, given or found.
    pub replica_set: Option<String>,
    /// Counts the pictures of the deployment that were published.
    pub version: u64,
    /// The servers, in the order of their addresses.
    pub servers: Vec<ServerState>,
    /// Implicit sessions at rest.
    pub idle_sessions: usize,
    /// What becomes of cursors that are closed.
    pub cursor_manager: CursorManagerState,
    /// The latest changes, oldest first.
    pub recent: Vec<Happening>,
    /// Why nothing works any more, after the end.
    pub closed: Option<Error>,
}

/// The cursor manager in a [`State`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CursorManagerState {
    /// The name of the type of the [`CursorManager`](crate::CursorManager) in force.
    pub name: &'static str,
    /// How many cursors are closed and wait to be killed.
    pub waiting: usize,
    /// What the manager that was set panicked with, since when the default is in force. `None`
    /// again once another one is set.
    pub panicked: Option<String>,
}

/// One server of a [`State`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerState {
    /// Where it is.
    pub address: ServerAddress,
    /// What it is.
    pub kind: ServerKind,
    /// The average time of a round trip, once it was measured.
    pub round_trip: Option<Duration>,
    /// Why it is unknown, if there is a reason.
    pub error: Option<Error>,
    /// How long ago this was found out; `None` before the first check.
    pub age: Option<Duration>,
    /// The pool's counts; `None` after the end.
    pub pool: Option<PoolStats>,
    /// What each socket of the pool is doing.
    pub sockets: Vec<SlotInfo>,
}

impl State {
    pub(super) fn of(core: &Core) -> Self {
        let snapshot = core.snapshots.borrow().clone();
        let now = Instant::now();
        let servers = snapshot.topology.servers.values().map(|server| {
            let pool = snapshot.pools.get(&server.address);
            ServerState {
                address: server.address.clone(),
                kind: server.kind,
                round_trip: server.rtt.average(),
                error: server.error.clone(),
                age: server.last_update.map(|then| now.saturating_duration_since(then)),
                pool: pool.map(|pool| pool.stats()),
                sockets: pool.map(|pool| pool.slots(now)).unwrap_or_default(),
            }
        });
        let PolicyReport { name, panicked } = core.desk.report.policy();
        Self {
            kind: snapshot.topology.kind,
            replica_set: snapshot.topology.set_name.clone(),
            version: snapshot.version,
            servers: servers.collect(),
            idle_sessions: core.sessions.len(),
            cursor_manager: CursorManagerState { name, waiting: core.desk.report.waiting(), panicked },
            recent: core.history.entries(),
            closed: snapshot.closed.clone().or_else(|| core.snapshot().err()),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(name) = &self.replica_set {
            write!(f, " {name:?}")?;
        }
        writeln!(f, ", picture {}, {} sessions at rest", self.version, self.idle_sessions)?;
        if let Some(error) = &self.closed {
            writeln!(f, "ended: {error}")?;
        }
        if let Some(panicked) = &self.cursor_manager.panicked {
            writeln!(f, "{panicked}")?;
        }
        for server in &self.servers {
            write!(f, "{server}")?;
        }
        let now = SystemTime::now();
        for Happening { at, server, what, .. } in &self.recent {
            let age = now.duration_since(*at).unwrap_or_default();
            let server = server.as_deref().unwrap_or("all");
            writeln!(f, "  {} ago, {server}: {what}", Time(age))?;
        }
        Ok(())
    }
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.address, self.kind)?;
        if let Some(time) = self.round_trip {
            write!(f, ", round trip {}", Time(time))?;
        }
        if let Some(age) = self.age {
            write!(f, ", checked {} ago", Time(age))?;
        }
        if let Some(error) = &self.error {
            write!(f, ", {error}")?;
        }
        writeln!(f)?;
        if let Some(pool) = &self.pool {
            writeln!(
                f,
                "  pool {}, generation {}: {} sockets ({} idle, {} held), {} opening, {} in flight, {} waiting with {} bytes",
                pool.state,
                pool.generation,
                pool.total,
                pool.idle,
                pool.leased,
                pool.pending,
                pool.in_flight,
                pool.queued,
                pool.queued_bytes,
            )?;
        }
        for socket in &self.sockets {
            write!(f, "  socket {}: ", socket.id.0)?;
            match (&socket.held, socket.in_flight) {
                (Some(purpose), _) => write!(f, "held for {purpose:?}")?,
                (None, 0) => write!(f, "idle")?,
                (None, count) => write!(f, "{count} in flight")?,
            }
            if let Some(time) = socket.busy_for {
                write!(f, ", the oldest for {}", Time(time))?;
            }
            writeln!(f, ", open for {}", Time(socket.age))?;
        }
        Ok(())
    }
}

/// A time for people.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if seconds < 1.0 { write!(f, "{:.1} ms", seconds * 1000.0) } else { write!(f, "{seconds:.1} s") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn it_reads_as_a_page() {
        let server = ServerState {
            address: ServerAddress::new("a", 1),
            kind: ServerKind::Unknown,
            round_trip: Some(Duration::from_micros(250)),
            error: Some(Error::new(Kind::ConnectionFailure, "refused")),
            age: Some(Duration::from_secs(2)),
            pool: None,
            sockets: Vec::new(),
        };
        let state = State {
            kind: TopologyKind::ReplicaSetNoPrimary,
            replica_set: Some("rs".to_owned()),
            version: 3,
            servers: vec![server],
            idle_sessions: 1,
            cursor_manager: CursorManagerState { name: "", waiting: 0, panicked: Some("oh dear".to_owned()) },
            recent: Vec::new(),
            closed: None,
        };
        let page = "ReplicaSetNoPrimary \"rs\", picture 3, 1 sessions at rest\n\
                    oh dear\n\
                    a:1 Unknown, round trip 0.2 ms, checked 2.0 s ago, refused\n";
        assert_eq!(state.to_string(), page);
    }
}
