//! Whether a server answers just now, without a socket of any pool.

use std::time::{Duration, Instant};

use super::{AGES, Connection};
use crate::collection::Running;
use crate::topology::Criteria;

/// What a server must take for a connection to be [ready](Connection::ready).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Writes: the primary of a replica set, any router, a server on its own. With
    /// `directConnection=true` whatever server that is.
    #[default]
    Writes,
    /// Reads, by the handle's read preference.
    Reads,
}

impl<D> Connection<D> {
    /// Has a server that takes this access answer, and fails if none does within `budget`. For
    /// readiness checks: [`state`](Self::state) tells what was known last, this finds out what
    /// is so.
    ///
    /// It waits for no request and takes part in no queue: each server is asked over a socket of
    /// its own for that, beside those that watch it, which is opened by the first such call,
    /// and closed after a minute without one. The question is a `hello`. Servers that suit are
    /// asked together, and one answer is enough; calls at the same time share it. What an answer
    /// proves, it proves of a moment after the call.
    ///
    /// `budget` begins when the future is first polled, and covers everything: finding a server,
    /// opening the socket, and the answer. The handle's own timeout has no part in it.
    ///
    /// Fails
    /// - with [`Kind::ServerSelection`](crate::Kind::ServerSelection) if no server that suits was
    ///   known when the budget was over, and what each of them is instead;
    /// - with [`Kind::Timeout`](crate::Kind::Timeout) if those that suit did not answer in time: they are
    ///   frozen, or cannot be reached;
    /// - with [`Kind::ConnectionFailure`](crate::Kind::ConnectionFailure), or what else ended the
    ///   attempt, if it is certain before that none answers;
    /// - with [`Kind::Closed`](crate::Kind::Closed) once the connection was closed.
    ///
    /// Cancel safety: nothing hangs on it.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example(connection: actix_mongo::Connection) {
    /// use actix_mongo::Access;
    ///
    /// let is_ready = connection.ready(Access::Writes, Duration::from_millis(500)).await.is_ok();
    /// # }
    /// ```
    pub fn ready(&self, access: Access, budget: Duration) -> Running<()> {
        let handle = self.handle.clone();
        Box::pin(async move {
            let now = Instant::now();
            let until = now.checked_add(budget).unwrap_or(now + AGES);
            let target = match access {
                Access::Writes => Criteria::Write,
                Access::Reads => Criteria::Read(handle.scope().read_preference.clone()),
            };
            handle.core().probe(&target, until).await
        })
    }

    /// Whether [`close`](Self::close) was called, or the connection's threads have ended: no
    /// call will succeed any more. Never a round trip.
    pub fn is_closed(&self) -> bool {
        self.handle.core().snapshot().is_err()
    }
}
