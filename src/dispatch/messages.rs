//! What handles and cursors tell the cursor manager.

use std::sync::Arc;
use std::time::Duration;

use crate::cursor_policy::{ClosedCursor, NamedManager};
use crate::pool::{Lease, Namespace};
use crate::topology::ServerAddress;

/// A cursor was dropped while the server still has it open.
#[derive(Debug)]
pub struct CursorRetired {
    /// Where.
    pub server: ServerAddress,
    /// Over which collection.
    pub namespace: Arc<Namespace>,
    /// The cursor's id.
    pub id: i64,
    /// The only socket that leads to it, behind a load balancer. It goes back after the kill.
    pub lease: Option<Arc<Lease>>,
}

impl actix::Message for CursorRetired {
    type Result = ();
}

/// Another policy is to decide when closed cursors are killed. Answered with whether it does,
/// which it does not once the end has begun.
#[derive(Debug)]
pub struct SetCursorManager(pub NamedManager);

impl actix::Message for SetCursorManager {
    type Result = bool;
}

/// Which of these ids are those of cursors that were closed and not killed yet.
#[derive(Debug)]
pub struct FindClosed(pub Vec<i64>);

impl actix::Message for FindClosed {
    type Result = Vec<ClosedCursor>;
}

/// A caller has killed these himself.
#[derive(Debug)]
pub struct CursorsKilled {
    /// Where.
    pub server: ServerAddress,
    /// Over which collection.
    pub namespace: Arc<Namespace>,
    /// Which.
    pub ids: Vec<i64>,
}

impl actix::Message for CursorsKilled {
    type Result = ();
}

/// The last handle is gone, or `close` was called: have the supervisor send away who waits
/// and see calls out, then kill what is to be killed, end the sessions, and let the
/// supervisor end the rest.
#[derive(Debug)]
pub struct Drain {
    /// For calls in flight.
    pub grace: Duration,
}

impl actix::Message for Drain {
    type Result = ();
}
