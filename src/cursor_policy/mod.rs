//! When cursors that were closed are killed: the trait for policies, and two that are ready.
//! Plain: neither clock nor I/O. The cursor manager's actor asks the policy in force, through
//! [`InForce`], and sends what comes out of it.

mod closed;
mod in_force;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

pub use self::closed::{ClosedCursor, ClosedCursors};
pub use self::in_force::{InForce, NamedManager};

/// Decides when cursors that were closed are killed on their servers.
///
/// A cursor is closed when it is dropped before its end, or named to
/// [`Connection::close_cursor`](crate::Connection::close_cursor). What that means is for the
/// connection's cursor manager to decide: [`BatchCursorManager`] (the default),
/// [`ImmediateCursorManager`], or one of the application's, set by
/// [`Builder::cursor_manager`](crate::Builder::cursor_manager) or
/// [`Connection::set_cursor_manager`](crate::Connection::set_cursor_manager).
///
/// A manager keeps no cursors: the connection does, in [`ClosedCursors`], and shows them with
/// each call; the manager names those to be killed now. So nothing is lost if it is replaced,
/// or panics; and what is kept is bounded by [`ClosedCursors::MOST`], above which all are killed
/// whatever the manager says. Nor is a manager asked about a cursor that a socket is held for
/// (behind a load balancer), which is killed at once. At the end of the connection all that are
/// kept are killed.
///
/// It runs on the thread that all deadlines of the connection hang on, so it must not block or
/// compute for long. One that panics is replaced by the default, which is asked the same; the
/// log, [`State::recent`](crate::State::recent) and
/// [`State::cursor_manager`](crate::State::cursor_manager) tell of it.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use actix_mongo::{ClosedCursors, CursorManager};
///
/// /// Kills cursors of reports at once, and all others when twenty are there, or a second old.
/// struct Reports;
///
/// impl CursorManager for Reports {
///     fn close(&mut self, closed: &mut ClosedCursors<'_>, _now: Instant) {
///         match closed.len() {
///             0..20 => closed.kill(|cursor| cursor.database() == "reports"),
///             _ => closed.kill_all(),
///         }
///     }
///
///     fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
///         closed.oldest().map(|cursor| cursor.closed_at() + Duration::from_secs(1))
///     }
/// }
/// ```
pub trait CursorManager: Send + 'static {
    /// A cursor was closed: the last of `closed`. What is named there to be killed is killed
    /// now, in one command for each server and collection. A cursor that is closed twice while
    /// it is kept is told once.
    fn close(&mut self, closed: &mut ClosedCursors<'_>, now: Instant);

    /// When [`wake`](Self::wake) is called, unless this says something else before: it is asked
    /// after each other call, and when the manager is set. By default never. An instant in the
    /// past is at once, though not more often than every millisecond.
    fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
        let _ = closed;
        None
    }

    /// It is due. By default all are killed.
    fn wake(&mut self, closed: &mut ClosedCursors<'_>, now: Instant) {
        let _ = now;
        closed.kill_all();
    }
}

impl<M: CursorManager + ?Sized> CursorManager for Box<M> {
    fn close(&mut self, closed: &mut ClosedCursors<'_>, now: Instant) {
        (**self).close(closed, now);
    }

    fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
        (**self).due(closed)
    }

    fn wake(&mut self, closed: &mut ClosedCursors<'_>, now: Instant) {
        (**self).wake(closed, now);
    }
}

/// Kills each cursor as soon as it is closed: a command for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImmediateCursorManager;

impl ImmediateCursorManager {
    /// One.
    pub const fn new() -> Self {
        Self
    }
}

impl CursorManager for ImmediateCursorManager {
    fn close(&mut self, closed: &mut ClosedCursors<'_>, _now: Instant) {
        closed.kill_all();
    }

    /// Another manager may have left some.
    fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
        closed.oldest().map(ClosedCursor::closed_at)
    }
}

/// Kills cursors together: once there are so many, or the oldest has waited so long. The
/// default; with 64 cursors and 50 milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchCursorManager {
    count: usize,
    age: Duration,
}

impl BatchCursorManager {
    /// Kills once `count` cursors are there (0 counts as 1, and more than
    /// [`ClosedCursors::MOST`] as that), or the oldest was closed `age` ago. An age beyond what
    /// the clock can tell is none.
    pub const fn new(count: usize, age: Duration) -> Self {
        Self { count, age }
    }

    /// How many cursors are killed without waiting for more.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// How long a cursor waits for others.
    pub const fn age(&self) -> Duration {
        self.age
    }
}

impl Default for BatchCursorManager {
    fn default() -> Self {
        Self::new(64, Duration::from_millis(50))
    }
}

impl CursorManager for BatchCursorManager {
    fn close(&mut self, closed: &mut ClosedCursors<'_>, _now: Instant) {
        if closed.len() >= self.count {
            closed.kill_all();
        }
    }

    fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
        let oldest = closed.oldest()?.closed_at();
        match closed.len() >= self.count {
            // Another manager left so many.
            true => Some(oldest),
            false => oldest.checked_add(self.age),
        }
    }
}
