//! What a socket tells those above it. What it can be asked is [`Entry`] and
//! [`SlotControl`], which live with the pool.
//!
//! [`Entry`]: crate::pool::Entry
//! [`SlotControl`]: crate::pool::SlotControl

use std::sync::Arc;

use crate::error::Error;
use crate::establish::Phase;
use crate::pool::{Lease, Namespace, Opening, Origin, Pool, Slot, SlotControl, SlotId};
use crate::topology::{CommandFailure, ServerAddress};

/// Something the supervisor must know of. Sent before anybody else is answered, so that
/// a caller who asks the supervisor afterwards finds it done.
#[derive(Debug)]
pub struct SocketEvent {
    /// The pool that the socket belongs to. It tells the server, and which one: a server may
    /// leave and come back, and its pools count sockets and generations from the same start.
    pub pool: Arc<Pool>,
    /// What happened.
    pub what: What,
}

/// What happened to a socket.
#[derive(Debug)]
pub enum What {
    /// It is established; the pool has it already.
    Opened(SlotId),
    /// It could not be established; the pool still counts it as being opened.
    Failed {
        /// The leave it was opened with.
        opening: Opening,
        /// How far it got.
        phase: Phase,
        /// It ran into the connect timeout.
        timed_out: bool,
        /// Why, with its labels.
        error: Error,
    },
    /// It is gone, and the pool knows.
    Closed {
        /// Its slot.
        id: SlotId,
        /// Its generations.
        origin: Origin,
        /// The error that an application operation saw, if that is why.
        error: Option<Error>,
    },
    /// The server answered that its state has changed.
    StateChange {
        /// The generations of the socket that read it.
        origin: Origin,
        /// What its reply says of it.
        failure: CommandFailure,
        /// The same as an error.
        error: Error,
        /// Dropped when all of that is applied.
        applied: Applied,
    },
}

/// Lets a socket go on when it is dropped: with its report applied, or with nobody left who
/// could apply it.
#[derive(Debug)]
pub struct Applied(pub(super) Arc<Slot>);

impl Drop for Applied {
    fn drop(&mut self) {
        self.0.control(SlotControl::Applied);
    }
}

impl actix::Message for SocketEvent {
    type Result = ();
}

/// A cursor was opened for a caller who is gone.
#[derive(Debug)]
pub struct Orphaned {
    /// Where.
    pub server: ServerAddress,
    /// Over which collection.
    pub namespace: Arc<Namespace>,
    /// The cursor's id.
    pub id: i64,
    /// The only socket that leads to it, behind a load balancer.
    pub lease: Option<Lease>,
}

impl actix::Message for Orphaned {
    type Result = ();
}
