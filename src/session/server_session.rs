//! The pool of server sessions (driver sessions specification, "Server Session Pool").

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A session as the server knows it: an id, and the number of its latest transaction or
/// retryable write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSession {
    id: [u8; 16],
    txn_number: i64,
    last_use: Instant,
    dirty: bool,
}

impl ServerSession {
    fn new(now: Instant) -> Self {
        Self { id: bson::Uuid::new().bytes(), txn_number: 0, last_use: now, dirty: false }
    }

    /// The UUID inside `lsid`.
    pub fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// The number of the latest retryable write or transaction; 0 before the first.
    pub fn txn_number(&self) -> i64 {
        self.txn_number
    }

    /// Counts up for a new retryable write or transaction.
    pub fn next_txn_number(&mut self) -> i64 {
        self.txn_number += 1;
        self.txn_number
    }

    /// A network error hit a command of this session: it must not be used again.
    pub fn mark_dirty(&mut self) {
        self.dirty = true;
    }

    /// Whether [`mark_dirty`](Self::mark_dirty) was called.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The server saw this session now; its own expiry starts anew.
    pub fn touch(&mut self, now: Instant) {
        self.last_use = now;
    }

    fn expires_soon(&self, now: Instant, timeout: Option<Duration>) -> bool {
        // No timeout known: every server is behind a load balancer, sessions do not age here.
        timeout.is_some_and(|timeout| now.saturating_duration_since(self.last_use) + MARGIN >= timeout)
    }
}

/// A session with less than a minute left is not worth using.
const MARGIN: Duration = Duration::from_secs(60);

/// Sessions at rest, newest last. Shared by all threads; held for a push or a pop.
#[derive(Debug, Default)]
pub struct ServerSessions {
    idle: Mutex<Vec<ServerSession>>,
}

impl ServerSessions {
    /// The session returned last that has more than a minute to live, else a new one. It
    /// counts as used now.
    /// `timeout` is the deployment's `logicalSessionTimeoutMinutes`.
    pub fn take(&self, now: Instant, timeout: Option<Duration>) -> ServerSession {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut session) = idle.pop() {
            if !session.expires_soon(now, timeout) {
                session.touch(now);
                return session;
            }
        }
        ServerSession::new(now)
    }

    /// Puts a session back, unless it is dirty or about to expire.
    pub fn give_back(&self, session: ServerSession, now: Instant, timeout: Option<Duration>) {
        if session.is_dirty() || session.expires_soon(now, timeout) {
            return;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    /// How many sessions are at rest.
    pub fn len(&self) -> usize {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no session is at rest.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all sessions out, for `endSessions`.
    pub fn drain(&self) -> Vec<[u8; 16]> {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        idle.into_iter().map(|session| session.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_HOUR: Option<Duration> = Some(Duration::from_secs(1800));

    #[test]
    fn the_session_used_last_is_taken_first() {
        let (pool, now) = (ServerSessions::default(), Instant::now());
        let (a, b) = (pool.take(now, HALF_HOUR), pool.take(now, HALF_HOUR));
        let last = *b.id();
        pool.give_back(a, now, HALF_HOUR);
        pool.give_back(b, now, HALF_HOUR);
        assert_eq!(*pool.take(now, HALF_HOUR).id(), last);
    }

    #[test]
    fn a_session_with_less_than_a_minute_left_is_not_used() {
        let (pool, now) = (ServerSessions::default(), Instant::now());
        let old = pool.take(now, HALF_HOUR);
        let id = *old.id();
        pool.give_back(old, now, HALF_HOUR);
        assert_ne!(*pool.take(now + Duration::from_secs(1741), HALF_HOUR).id(), id);
        assert!(pool.is_empty());
    }

    #[test]
    fn a_session_in_use_does_not_age() {
        let (pool, start) = (ServerSessions::default(), Instant::now());
        let first = pool.take(start, HALF_HOUR);
        let id = *first.id();
        pool.give_back(first, start, HALF_HOUR);
        for minutes in [20, 40, 60] {
            let now = start + Duration::from_secs(60 * minutes);
            let session = pool.take(now, HALF_HOUR);
            assert_eq!(*session.id(), id, "after {minutes} minutes");
            pool.give_back(session, now, HALF_HOUR);
        }
    }

    #[test]
    fn a_dirty_session_does_not_come_back() {
        let (pool, now) = (ServerSessions::default(), Instant::now());
        let mut session = pool.take(now, HALF_HOUR);
        session.mark_dirty();
        pool.give_back(session, now, HALF_HOUR);
        assert!(pool.is_empty());
    }

    #[test]
    fn without_a_timeout_sessions_do_not_age() {
        let (pool, now) = (ServerSessions::default(), Instant::now());
        let session = pool.take(now, None);
        let id = *session.id();
        pool.give_back(session, now, None);
        assert_eq!(*pool.take(now + Duration::from_secs(1_000_000), None).id(), id);
    }
}
