//! What one session of the caller's has seen, and the server session it runs in. Plain:
//! whoever runs its operations one after the other lives in the dispatcher.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bson::{RawDocument, RawDocumentBuf, Timestamp};

use super::{ClusterClock, ServerSession};
use crate::error::{Error, Kind, Result};

/// What a session was asked to guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// Each operation sees what those before it did.
    pub causal_consistency: bool,
    /// All reads see one point in time.
    pub snapshot: bool,
}

/// The point in time that a command's `readConcern` names for its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadTime {
    /// None.
    Any,
    /// `afterClusterTime`.
    After(Timestamp),
    /// `level: "snapshot"`, with `atClusterTime` once the first read has fixed it.
    Snapshot(Option<Timestamp>),
}

/// The state of an explicit session. Shared by all who hold the session.
#[derive(Debug)]
pub struct SessionState {
    id: [u8; 16],
    options: SessionOptions,
    /// Its own cluster time, which may be ahead of the connection's: only this session
    /// sends what [`advance`](Self::advance_cluster_time) was given.
    clock: ClusterClock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` once it was given back.
    server: Option<ServerSession>,
    /// An operation has the session: it can't be given back now.
    running: bool,
    /// So many batches of cursors are under way in it besides: the same holds for those.
    uses: usize,
    ended: bool,
    operation_time: Option<Timestamp>,
    snapshot_time: Option<Timestamp>,
}

impl SessionState {
    /// A session that runs in this server session.
    pub fn new(server: ServerSession, options: SessionOptions, snapshot_time: Option<Timestamp>) -> Self {
        let id = *server.id();
        let (operation_time, server) = (None, Some(server));
        let inner = Inner { server, running: false, uses: 0, ended: false, operation_time, snapshot_time };
        Self { id, options, clock: ClusterClock::default(), inner: Mutex::new(inner) }
    }

    /// The UUID inside `lsid`.
    pub fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// What it guarantees.
    pub fn options(&self) -> SessionOptions {
        self.options
    }

    /// Fails if the session was ended.
    pub fn check_open(&self) -> Result<()> {
        let inner = self.lock();
        if inner.ended || inner.server.is_none() { Err(ended()) } else { Ok(()) }
    }

    /// An operation begins. Only one at a time may.
    pub fn begin(&self, now: Instant) -> Result<()> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        match &mut inner.server {
            Some(server) if !inner.ended => {
                server.touch(now);
                inner.running = true;
                Ok(())
            }
            _ => Err(ended()),
        }
    }

    /// The operation is over. The server session comes out if the session was ended
    /// meanwhile.
    #[must_use]
    pub fn finish(&self) -> Option<ServerSession> {
        let mut inner = self.lock();
        inner.running = false;
        inner.let_go()
    }

    /// The server will work on something else in this session besides its operations, which
    /// may begin when the session has ended. False if the server session is not here any more.
    pub fn join(&self) -> bool {
        let mut inner = self.lock();
        let here = inner.server.is_some();
        inner.uses += usize::from(here);
        here
    }

    /// What [`join`](Self::join) began is over. The server session comes out if the session
    /// was ended meanwhile.
    #[must_use]
    pub fn leave(&self) -> Option<ServerSession> {
        let mut inner = self.lock();
        inner.uses = inner.uses.saturating_sub(1);
        inner.let_go()
    }

    /// Ends the session. Its server session comes out, unless something is under way in it:
    /// then [`finish`](Self::finish) or [`leave`](Self::leave) gives it.
    #[must_use]
    pub fn end(&self) -> Option<ServerSession> {
        let mut inner = self.lock();
        inner.ended = true;
        inner.let_go()
    }

    /// Whether it was ended.
    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// The number of a new retryable write.
    pub fn next_txn_number(&self) -> Option<i64> {
        self.lock().server.as_mut().map(ServerSession::next_txn_number)
    }

    /// The server sees the session now.
    pub fn touch(&self, now: Instant) {
        if let Some(server) = &mut self.lock().server {
            server.touch(now);
        }
    }

    /// A command of it may still be under way on a server, or met a network error: the
    /// server session may be used on, but nobody else gets it afterwards.
    pub fn mark_dirty(&self) {
        if let Some(server) = &mut self.lock().server {
            server.mark_dirty();
        }
    }

    /// Whether [`mark_dirty`](Self::mark_dirty) was called.
    pub fn is_dirty(&self) -> bool {
        self.lock().server.as_ref().is_some_and(ServerSession::is_dirty)
    }

    /// The newest cluster time that it saw or was told of.
    pub fn cluster_time(&self) -> Option<Arc<RawDocumentBuf>> {
        self.clock.newest()
    }

    /// Takes a cluster time over, if it is newer.
    pub fn advance_cluster_time(&self, time: &RawDocument) {
        self.clock.advance(time);
    }

    /// The time of the latest operation that it saw or was told of.
    pub fn operation_time(&self) -> Option<Timestamp> {
        self.lock().operation_time
    }

    /// Takes the time of an operation over, if it is newer.
    pub fn advance_operation_time(&self, time: Timestamp) {
        let mut inner = self.lock();
        inner.operation_time = inner.operation_time.max(Some(time));
    }

    /// The point in time that all reads see; `None` before the first, and without
    /// snapshot reads.
    pub fn snapshot_time(&self) -> Option<Timestamp> {
        self.lock().snapshot_time
    }

    /// The time of the first snapshot read. Later ones change nothing.
    pub fn fix_snapshot_time(&self, time: Timestamp) {
        if self.options.snapshot {
            self.lock().snapshot_time.get_or_insert(time);
        }
    }

    /// What the next command's `readConcern` has to name.
    pub fn read_time(&self) -> ReadTime {
        let inner = self.lock();
        match (self.options.snapshot, self.options.causal_consistency, inner.operation_time) {
            (true, _, _) => ReadTime::Snapshot(inner.snapshot_time),
            (false, true, Some(time)) => ReadTime::After(time),
            _ => ReadTime::Any,
        }
    }

    /// Nothing panics under this lock, and whatever it holds is sound at every moment.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The server session, once the session has ended and nothing is under way in it.
    fn let_go(&mut self) -> Option<ServerSession> {
        if self.ended && !self.running && self.uses == 0 { self.server.take() } else { None }
    }
}

fn ended() -> Error {
    Error::new(Kind::InvalidArgument, "the session has ended; start another one")
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;
    use crate::session::ServerSessions;

    const CAUSAL: SessionOptions = SessionOptions { causal_consistency: true, snapshot: false };
    const SNAPSHOT: SessionOptions = SessionOptions { causal_consistency: false, snapshot: true };
    const NEITHER: SessionOptions = SessionOptions { causal_consistency: false, snapshot: false };

    fn state(options: SessionOptions) -> SessionState {
        SessionState::new(ServerSessions::default().take(Instant::now(), None), options, None)
    }

    fn at(time: u32, increment: u32) -> Timestamp {
        Timestamp { time, increment }
    }

    #[test]
    fn an_ended_session_gives_its_server_session_back_once() {
        let state = state(CAUSAL);
        state.begin(Instant::now()).unwrap();
        assert!(state.end().is_none(), "an operation is under way");
        let back = state.finish().unwrap();
        assert_eq!(back.id(), state.id());
        assert!(state.finish().is_none() && state.end().is_none());
        let error = state.begin(Instant::now()).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(state.has_ended());
    }

    #[test]
    fn the_last_one_to_leave_an_ended_session_gives_its_server_session_back() {
        let state = state(CAUSAL);
        state.begin(Instant::now()).unwrap();
        assert!(state.join() && state.join());
        assert!(state.leave().is_none(), "it has not ended");
        assert!(state.end().is_none() && state.join(), "what is under way may go on");
        assert!(state.leave().is_none() && state.finish().is_none());
        assert_eq!(state.leave().unwrap().id(), state.id());
        assert!(!state.join() && state.check_open().is_err());
    }

    #[test]
    fn times_never_go_back() {
        let state = state(CAUSAL);
        for time in [at(5, 1), at(4, 9), at(5, 0)] {
            state.advance_operation_time(time);
            state.advance_cluster_time(&rawdoc! { "clusterTime": time });
        }
        assert_eq!(state.operation_time(), Some(at(5, 1)));
        assert_eq!(state.cluster_time().unwrap().get_timestamp("clusterTime").unwrap(), at(5, 1));
    }

    /// Causal consistency, test 2 and 6: no time before the first reply, and none at all
    /// without the option.
    #[test]
    fn reads_are_after_what_was_seen_if_that_was_asked_for() {
        let (causal, neither) = (state(CAUSAL), state(NEITHER));
        assert_eq!(causal.read_time(), ReadTime::Any);
        for state in [&causal, &neither] {
            state.advance_operation_time(at(7, 1));
        }
        assert_eq!(causal.read_time(), ReadTime::After(at(7, 1)));
        assert_eq!(neither.read_time(), ReadTime::Any);
    }

    #[test]
    fn the_first_snapshot_read_fixes_the_time() {
        let (snapshot, causal) = (state(SNAPSHOT), state(CAUSAL));
        snapshot.advance_operation_time(at(9, 9));
        assert_eq!(snapshot.read_time(), ReadTime::Snapshot(None));
        for time in [at(7, 1), at(8, 1)] {
            snapshot.fix_snapshot_time(time);
            causal.fix_snapshot_time(time);
        }
        assert_eq!(snapshot.read_time(), ReadTime::Snapshot(Some(at(7, 1))));
        assert_eq!((snapshot.snapshot_time(), causal.snapshot_time()), (Some(at(7, 1)), None));
    }

    #[test]
    fn a_dirty_session_stays_dirty_through_later_operations() {
        let state = state(CAUSAL);
        state.begin(Instant::now()).unwrap();
        state.mark_dirty();
        assert!(state.finish().is_none());
        state.begin(Instant::now()).unwrap();
        assert!(state.finish().is_none());
        assert!(state.is_dirty() && state.end().unwrap().is_dirty());
    }
}
