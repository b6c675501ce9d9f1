//! What all handles of one connection share, and how the last of them ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use actix::{Addr, Recipient};
use tokio::sync::watch;

use super::cursor_desk::CursorDesk;
use super::messages::{CursorRetired, Drain};
use super::open_cursors::OpenCursors;
use super::retry::Jitter;
use crate::actors::snapshot::{History, Snapshot};
use crate::actors::supervisor::{CheckNow, Grow, Overdue, Settle, Supervisor};
use crate::actors::timer::AlarmClock;
use crate::command::ServerApi;
use crate::error::{Error, Kind, Result};
use crate::establish::Greeting;
use crate::events::{Emitter, EventKinds};
use crate::pool::{Lease, Namespace, Outcome, Pool};
use crate::session::{ClusterClock, ServerSession, ServerSessions};
use crate::topology::{ServerAddress, TopologyKind};

/// How long things may take, and which servers are alike.
#[derive(Clone, Debug)]
pub struct DispatchOptions {
    /// `serverSelectionTimeoutMS`, default 30 s.
    pub server_selection_timeout: Duration,
    /// `localThresholdMS`, default 15 ms.
    pub local_threshold: Duration,
    /// `heartbeatFrequencyMS`, default 10 s; what staleness is judged by.
    pub heartbeat_frequency: Duration,
    /// `waitQueueTimeoutMS`, default none.
    pub wait_queue_timeout: Option<Duration>,
    /// `retryReads`, default true.
    pub retry_reads: bool,
    /// `retryWrites`, default true.
    pub retry_writes: bool,
    /// `maxAdaptiveRetries`, default 2.
    pub max_adaptive_retries: u32,
    /// `enableOverloadRetargeting`, default false.
    pub overload_retargeting: bool,
    /// How waits before repeats differ.
    pub jitter: Jitter,
    /// The API version that each command declares, default none.
    pub server_api: Option<ServerApi>,
}

/// Everything a call needs. Holds no handle, so actors may keep it without keeping the
/// connection alive.
#[derive(Debug)]
pub struct Core {
    /// The published picture; read by every call.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Asked by callers who must wait, or met an error.
    pub supervisor: Addr<Supervisor>,
    /// Set by callers who must wait.
    pub alarms: AlarmClock,
    /// Those that callers hold; the cursor manager takes what is left at the end.
    pub open_cursors: OpenCursors,
    /// Where the cursor manager is told and asked.
    pub desk: CursorDesk,
    /// Implicit sessions at rest; shared with the sockets.
    pub sessions: Arc<ServerSessions>,
    /// The newest cluster time; shared with the sockets.
    pub clock: Arc<ClusterClock>,
    /// The latest changes, for `state()`.
    pub history: History,
    /// See there.
    pub options: DispatchOptions,
    /// A check was asked for, and the supervisor has not heard of it yet.
    pub check_asked: Arc<AtomicBool>,
    /// Set by `close`: new calls are refused from then on.
    pub closing: AtomicBool,
    /// The database of the connection string.
    pub default_database: Option<String>,
    /// The servers that the connection string or the options name; none if DNS was asked.
    pub seeds: Box<[ServerAddress]>,
    /// The first message on every stream, which callers may add to.
    pub greeting: Arc<Greeting>,
    /// Who listens to events.
    pub listeners: Emitter,
}

impl Core {
    /// The present picture. Fails if the connection is closed, or its supervisor is gone.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(closed());
        }
        let snapshot = self.snapshots.borrow().clone();
        match &snapshot.closed {
            Some(error) => Err(error.clone()),
            None => self.any_snapshot(),
        }
    }

    /// The same, also while the connection closes.
    pub fn any_snapshot(&self) -> Result<Arc<Snapshot>> {
        let snapshot = self.snapshots.borrow().clone();
        if self.snapshots.has_changed().is_err() {
            let gone =
                || Error::new(Kind::Closed, "the connection's supervisor is gone; make a new connection");
            return Err(snapshot.closed.clone().unwrap_or_else(gone));
        }
        Ok(snapshot)
    }

    /// Has sockets opened, if the supervisor finds that entries wait.
    pub fn grow(&self, pool: &Pool) {
        self.supervisor.do_send(Grow { server: pool.address().clone() });
    }

    /// A call's time ran out without a word from its socket.
    pub fn overdue(&self) {
        self.supervisor.do_send(Overdue);
    }

    /// Asks for a check of all servers.
    pub fn check_now(&self) {
        if !self.check_asked.swap(true, Ordering::AcqRel) {
            self.supervisor.do_send(CheckNow);
        }
    }

    /// Waits until the supervisor has applied the error that this call saw, and says
    /// which version to select from. The present one, if the supervisor is gone: the
    /// next selection says so. Fails once `until` has passed.
    pub async fn settle(&self, until: Instant) -> Result<u64> {
        let late =
            || Error::new(Kind::Timeout, "the supervisor did not take in the error of an attempt in time");
        let version = self.within(until, self.supervisor.send(Settle), late).await?;
        Ok(version.unwrap_or_else(|_| self.snapshots.borrow().version))
    }

    /// Takes a server session out of the pool, or makes one.
    pub fn take_session(&self, now: Instant) -> ServerSession {
        self.sessions.take(now, self.session_timeout())
    }

    /// What events and logs tell the commands of one call by; 0 if nobody listens.
    #[inline]
    pub fn operation_id(&self) -> i64 {
        let told = self.listeners.is_on(EventKinds::COMMANDS) || self.listeners.logs_selection();
        if told { Self::next_operation_id() } else { 0 }
    }

    /// One that no other call in the process has.
    pub fn next_operation_id() -> i64 {
        static LAST: AtomicI64 = AtomicI64::new(0);
        LAST.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Puts a server session back.
    pub fn give_back(&self, session: ServerSession) {
        self.sessions.give_back(session, Instant::now(), self.session_timeout());
    }

    /// How long the deployment keeps sessions that are not used.
    fn session_timeout(&self) -> Option<Duration> {
        let minutes = self.snapshots.borrow().topology.logical_session_timeout_minutes;
        minutes.and_then(|minutes| u64::try_from(minutes).ok()).map(|m| Duration::from_secs(60 * m))
    }

    /// Has a cursor killed, over any socket.
    pub fn retire_cursor(&self, server: ServerAddress, namespace: Arc<Namespace>, id: i64) {
        self.retire_pinned(server, namespace, id, None);
    }

    /// Has a cursor killed, over this socket if there is one.
    pub fn retire_pinned(
        &self,
        server: ServerAddress,
        namespace: Arc<Namespace>,
        id: i64,
        lease: Option<Arc<Lease>>,
    ) {
        if id != 0 {
            self.open_cursors.leave(&server, id);
            self.desk.retired.do_send(CursorRetired { server, namespace, id, lease });
        }
    }

    /// The same for one that its caller held, unless somebody took it upon himself before: it was
    /// closed or killed by its id, or the end of the connection takes care of it.
    pub fn retire_held(
        &self,
        server: ServerAddress,
        namespace: Arc<Namespace>,
        id: i64,
        lease: Option<Arc<Lease>>,
    ) {
        if self.open_cursors.leave(&server, id) {
            self.desk.retired.do_send(CursorRetired { server, namespace, id, lease });
        }
    }

    /// Whether there is a load balancer in between, behind which one socket alone leads to
    /// what another command left on a server.
    pub fn is_balanced(&self) -> bool {
        self.snapshots.borrow().topology.kind == TopologyKind::LoadBalanced
    }

    /// An outcome that came for a caller who no longer waits: its session goes back, its
    /// cursor is killed.
    pub fn discard(&self, outcome: Outcome) {
        match outcome {
            Err(failure) => failure.session.into_iter().for_each(|session| self.give_back(session)),
            Ok(mut answer) => {
                let (lease, body) = (answer.lease.take(), &answer.body);
                // Behind a load balancer a batch without a lease came over its cursor's own,
                // and who holds that has the cursor killed.
                if (lease.is_some() || !self.is_balanced())
                    && let Some((namespace, id)) = Namespace::of_open_cursor(body)
                {
                    let (server, lease) = (answer.server.clone(), lease.map(Arc::new));
                    self.retire_pinned(server, Arc::new(namespace), id, lease);
                }
                answer.unwanted_session().into_iter().for_each(|session| self.give_back(session));
            }
        }
    }
}

/// What keeps a connection alive: every handle has one, actors have none.
#[derive(Debug)]
pub struct Shared {
    /// See there.
    pub core: Arc<Core>,
    /// The cursor manager, which begins the end.
    pub drain: Recipient<Drain>,
}

impl Drop for Shared {
    /// The last handle is gone. Cursors dropped before it told the same actor before, so
    /// their kills go out first.
    fn drop(&mut self) {
        self.core.closing.store(true, Ordering::Relaxed);
        self.drain.do_send(Drain { grace: LAST_GRACE });
    }
}

/// When the last handle goes no caller waits any more, but replies may be under way that
/// bring cursors, and kills of such. As long as a socket waits for a reply that nobody wants.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// The error of every call after the end.
pub fn closed() -> Error {
    Error::new(Kind::Closed, "the connection was closed")
}
