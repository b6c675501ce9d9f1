//! A cursor apart from its documents: its place on the server, what it holds for it, and
//! how further batches come. Dropping it ends the cursor wherever that stands.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::get_more::{Fetched, GetMore, namespace_of, next_of_stream};
use super::settings::{CursorSettings, CursorType, Patience};
use crate::command::CursorReply;
use crate::dispatch::{Handle, InUse, execute};
use crate::error::{Error, Kind, Result};
use crate::pool::{Answer, Lease, Namespace, Purpose};
use crate::session::ServerSession;
use crate::topology::ServerAddress;

/// Fetches the batches of one cursor.
pub struct Fetcher {
    handle: Handle,
    server: ServerAddress,
    settings: CursorSettings,
    /// 0 once the server has closed it, or was told to.
    id: i64,
    /// Goes along with each getMore; none while one is under way.
    session: Option<ServerSession>,
    /// The socket that all its batches come over, if it has one to itself.
    lease: Option<Arc<Lease>>,
    /// The server sends the next batch without being asked.
    streams: bool,
    /// As long as it does so in the caller's session.
    in_use: Option<InUse>,
    /// An error was its end, though its socket is still held.
    failed: bool,
    /// Documents that may still come, where there is a limit.
    left: Option<u64>,
    /// The getMore under way. Kept here, so that a call that is dropped loses nothing.
    fetching: Option<Pin<Box<dyn Future<Output = Result<Fetched>> + Send>>>,
    /// When the present call of the user's must be over, where each has its own limit.
    until: Option<Instant>,
    /// After a batch without documents, where the server does not wait.
    pause: Option<oneshot::Receiver<()>>,
    /// Such batches in a row.
    in_vain: u32,
}

/// The first pause of a tailable cursor, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));
/// `CursorNotFound`: the server has it no more.
const CURSOR_NOT_FOUND: i32 = 43;

impl Fetcher {
    /// The cursor that an answer opened, whose first batch this is.
    pub fn open(
        answer: &mut Answer,
        handle: &Handle,
        mut settings: CursorSettings,
        first: &CursorReply,
    ) -> Self {
        let open = first.id != 0;
        settings.patience = settings.patience.with_deadline(answer.deadline);
        let lease = answer.lease.take().filter(|lease| open && keeps(handle, lease)).map(Arc::new);
        let only = lease.as_ref().filter(|lease| is_pinned(lease));
        handle.core().open_cursors.enter(&answer.server, first.id, &settings.namespace, only);
        let left = (settings.limit > 0 && !settings.exhaust).then_some(settings.limit);
        let mut fetcher = Self {
            handle: handle.clone(),
            server: answer.server.clone(),
            settings,
            id: first.id,
            session: answer.session.take(),
            lease,
            streams: false,
            in_use: None,
            failed: false,
            left,
            fetching: None,
            until: None,
            pause: None,
            in_vain: 0,
        };
        fetcher.count(first);
        fetcher
    }

    /// The server's name for it; 0 if nothing more will come.
    pub fn id(&self) -> i64 {
        if self.failed { 0 } else { self.id }
    }

    /// Where it is.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// What its batches have in common.
    pub fn settings(&self) -> &CursorSettings {
        &self.settings
    }

    /// The same, to be changed for the batches to come.
    pub fn settings_mut(&mut self) -> &mut CursorSettings {
        &mut self.settings
    }

    /// A call of the user's begins, with time of its own: the one before may have been dropped
    /// before its result.
    pub fn call_begins(&mut self) {
        self.until = None;
    }

    /// The user's call has its result: the next one has time of its own.
    pub fn call_over(&mut self) {
        self.until = None;
    }

    /// Skips the pause.
    pub fn hurry(&mut self) {
        self.pause = None;
    }

    /// Ready at this time; an error if the connection has ended.
    pub fn wake_at(&self, at: Instant) -> oneshot::Receiver<()> {
        self.handle.core().alarms.wake_at(at)
    }

    /// The next batch, which may be empty; `None` if the server has no more.
    pub fn poll(&mut self, task: &mut Context<'_>) -> Poll<Result<Option<CursorReply>>> {
        // Also where a pause or a getMore of a call that was dropped goes on. Those end sooner
        // than this call's time does, being measured by the time of that one.
        if let (Patience::Each(limit), None) = (self.settings.patience, self.until) {
            self.until = Instant::now().checked_add(limit);
        }
        if self.fetching.is_none() {
            if self.id() == 0 {
                return Poll::Ready(Ok(None));
            }
            if let Some(pause) = &mut self.pause {
                // Whether the alarm rang, or the timer is gone: the getMore tells.
                let _ = ready!(Pin::new(pause).poll(task));
                self.pause = None;
            }
        }
        let fetched = match &mut self.fetching {
            Some(fetching) => ready!(fetching.as_mut().poll(task)),
            None => match self.fetch() {
                Ok(fetching) => ready!(self.fetching.insert(fetching).as_mut().poll(task)),
                // The time of this call is over, and the next one has its own: nothing was
                // asked of the cursor that could be lost.
                Err(error) if matches!(self.settings.patience, Patience::Each(_)) => {
                    self.call_over();
                    return Poll::Ready(Err(self.named(error)));
                }
                Err(error) => Err(error),
            },
        };
        self.fetching = None;
        match fetched {
            Ok(fetched) => Poll::Ready(Ok(Some(self.arrived(fetched)))),
            Err(error) => {
                let error = self.named(error);
                self.fail(&error);
                self.call_over();
                Poll::Ready(Err(error))
            }
        }
    }

    /// With the cursor's namespace, if the error has none: streams and limits know of no call.
    fn named(&self, error: Error) -> Error {
        match error.namespace() {
            Some(_) => error,
            None => {
                let Namespace { database, collection } = &*self.settings.namespace;
                let attempts = u32::from(self.streams);
                error.with_call(database, Some(collection), attempts)
            }
        }
    }

    /// An error is the cursor's end. A socket that is pinned to it stays so until the caller
    /// drops it, and the kill is asked for then, unless the socket is broken (load balancers
    /// specification, "Behaviour With Cursors").
    fn fail(&mut self, error: &Error) {
        let pinned = self.lease.as_ref().is_some_and(is_pinned);
        if error.code() == Some(CURSOR_NOT_FOUND) || (pinned && error.is_network()) {
            self.closed_by_server();
        }
        match pinned {
            true => self.failed = true,
            false => self.end(),
        }
    }

    fn arrived(&mut self, fetched: Fetched) -> CursorReply {
        let Fetched { reply, session, streams, in_use } = fetched;
        if reply.id != self.id {
            self.closed_by_server();
            let only = self.lease.as_ref().filter(|lease| is_pinned(lease));
            // No server does that; it would have to be killed all the same.
            self.handle.core().open_cursors.enter(&self.server, reply.id, &self.settings.namespace, only);
        }
        self.id = reply.id;
        self.session = session;
        self.streams = streams;
        match (&mut self.in_use, streams) {
            (Some(_), true) => {}
            // The first of a stream.
            (None, true) => self.in_use = in_use,
            (_, false) => {
                self.in_use.iter_mut().for_each(InUse::over);
                self.in_use = None;
            }
        }
        let asked = &self.settings.namespace;
        self.settings.namespace = namespace_of(reply.namespace(), asked.clone());
        if self.id == 0 {
            self.lease = None;
        }
        if self.settings.kind == CursorType::Tailable && reply.is_empty() {
            let (first, longest) = PAUSES;
            let pause = first.saturating_mul(1 << self.in_vain.min(10)).min(longest);
            self.in_vain = self.in_vain.saturating_add(1);
            let end = Instant::now() + pause;
            let end = self.deadline().map_or(end, |deadline| deadline.min(end));
            self.pause = Some(self.handle.core().alarms.wake_at(end));
        } else {
            self.in_vain = 0;
        }
        self.count(&reply);
        reply
    }

    /// Servers from 5.0 on keep a cursor open whose limit is reached with the end of a
    /// batch: it is killed, which nobody need wait for.
    fn count(&mut self, batch: &CursorReply) {
        let Some(left) = self.left.filter(|_| self.id != 0) else { return };
        let left = left.saturating_sub(batch.documents().count() as u64);
        self.left = Some(left);
        if left == 0 {
            self.end();
        }
    }

    fn fetch(&mut self) -> Result<Pin<Box<dyn Future<Output = Result<Fetched>> + Send>>> {
        let timeout = self.time_left()?;
        if let Some(lease) = self.lease.as_ref().filter(|_| self.streams) {
            let (handle, server, lease) = (self.handle.clone(), self.server.clone(), lease.clone());
            return Ok(Box::pin(next_of_stream(handle, server, lease, self.session.take(), timeout)));
        }
        let mut settings = self.settings.clone();
        if let (Some(size), Some(left)) = (settings.batch_size, self.left) {
            settings.batch_size = Some(size.min(i32::try_from(left).unwrap_or(i32::MAX)));
        }
        if let (Some(wait), false) = (settings.max_await_time, timeout.is_zero()) {
            settings.max_await_time = Some(wait.min(timeout.saturating_sub(self.min_rtt())));
        }
        let (server, session, lease) = (self.server.clone(), self.session.take(), self.lease.clone());
        let operation = GetMore::new(server, self.id, settings, session, lease);
        Ok(Box::pin(execute(self.handle.clone(), operation, Some(timeout))))
    }

    /// What the present call has left; zero is no limit.
    fn time_left(&self) -> Result<Duration> {
        let Some(deadline) = self.deadline() else { return Ok(Duration::ZERO) };
        match deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            Some(left) => Ok(left),
            None => Err(Error::new(
                Kind::Timeout,
                "the cursor's timeout ran out before all was read; allow more time, or let it count for each \
                 call by itself (timeout_mode)",
            )
            .with_operation("getMore")
            .with_server(&self.server)),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.settings.patience {
            // It is known since the cursor was opened.
            Patience::Endless | Patience::Lifetime => None,
            Patience::Until(deadline) => Some(deadline),
            Patience::Each(_) => self.until,
        }
    }

    fn min_rtt(&self) -> Duration {
        let snapshot = self.handle.core().snapshots.borrow();
        snapshot.pools.get(&self.server).map_or(Duration::ZERO, |pool| pool.min_rtt())
    }

    fn closed_by_server(&mut self) {
        self.handle.core().open_cursors.leave(&self.server, self.id);
        self.id = 0;
    }

    /// Has it killed, if it is open, and gives its session and its socket back.
    fn end(&mut self) {
        let core = self.handle.core();
        let id = std::mem::take(&mut self.id);
        let lease = self.lease.take();
        if id != 0 {
            let (server, namespace) = (self.server.clone(), self.settings.namespace.clone());
            // In a request the kill is one more of its calls.
            let request = self.handle.scope().request.as_ref();
            let lease =
                lease.filter(is_pinned).or_else(|| request.and_then(|request| request.lease_to(&server)));
            core.retire_held(server, namespace, id, lease);
        }
        if let Some(mut session) = self.session.take() {
            if self.streams {
                // The server goes on in it, until it hears of the kill.
                session.mark_dirty();
            }
            core.give_back(session);
        }
        self.in_use = None;
    }
}

/// Whether this socket alone leads to the cursor, there being a load balancer in between.
fn is_pinned(lease: &Arc<Lease>) -> bool {
    matches!(lease.purpose(), Purpose::Cursor | Purpose::Request)
}

/// Whether a cursor keeps the socket that it came over as long as it is open: that of a
/// request, which may end before, only if it alone leads there.
fn keeps(handle: &Handle, lease: &Lease) -> bool {
    lease.purpose() != Purpose::Request || handle.core().is_balanced()
}

impl Drop for Fetcher {
    /// The kill is asked for also while a getMore is under way: that one may still wait
    /// for a socket, and never reach the server. If it does reach it, whoever finds the id
    /// in its reply names it to the same batch of kills.
    fn drop(&mut self) {
        self.end();
    }
}
