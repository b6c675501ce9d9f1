//! What a command must tell the dispatcher: where it may run, how it is written, what
//! its reply means.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::pool::{Answer, Limits, Namespace};
use crate::session::ServerSession;
use crate::topology::Criteria;
use crate::wire::FrameBuilder;

use super::handle::Handle;
use super::via::Via;

/// One command, as often as it must be tried.
pub trait Operation: Send + 'static {
    /// What the caller gets.
    type Output: Send + 'static;

    /// The command's name, for errors and events.
    fn name(&self) -> &'static str;

    /// Where and how it may run. The same at every attempt, but for its session, which the
    /// dispatcher takes out.
    fn plan(&mut self) -> &mut Plan;

    /// Writes the command, its name first, without `$db` and what the envelope holds.
    /// Called again for each server whose limits differ.
    fn write(&mut self, command: &mut FrameBuilder, limits: &Limits) -> Result<()>;

    /// Reads a reply that reports success. A session or lease that it leaves in the
    /// answer goes back.
    fn read(&mut self, answer: &mut Answer, handle: &Handle) -> Result<Self::Output>;

    /// Whether it waits in the line of the caller's session until those before it are over. What
    /// does not is still known to the session, which keeps its server session for it.
    fn takes_turn(&self) -> bool {
        true
    }

    /// Completes an error that the server answered with (the indexes of a split write).
    fn explain(&self, error: Error) -> Error {
        error
    }
}

/// Where and how a command may run.
#[derive(Debug)]
pub struct Plan {
    /// The `$db` it runs on.
    pub database: Arc<str>,
    /// The collection that it is about, for errors.
    pub collection: Option<Arc<Namespace>>,
    /// Which server it may go to.
    pub target: Criteria,
    /// Whether it may be tried again.
    pub retry: Retry,
    /// Which session it runs in.
    pub session: SessionPlan,
    /// Bytes that the command will about need.
    pub capacity: usize,
    /// May wait on the server for long: it needs a socket of its own.
    pub exclusive: bool,
    /// Refused documents and unmet write concerns in a reply that says `ok` are errors.
    pub writes: bool,
    /// Where such a reply is not repeated for, it is read like one of success: it has more
    /// to say, and a cursor perhaps.
    pub reads_refusals: bool,
    /// Whether `maxTimeMS` is derived from the operation's timeout.
    pub max_time: bool,
    /// Whether it takes the handle's read concern, and what its session adds to that.
    pub read_concern: bool,
    /// Whether the server answers it.
    pub acknowledged: bool,
    /// What it is, for those rules that are not about single commands.
    pub kind: CommandKind,
    /// Which times of its session the read concern names.
    pub times: SessionTimes,
    /// What events and logs tell commands of one call by; 0 for a number of its own. See
    /// [`Core::operation_id`](super::Core::operation_id).
    pub operation_id: i64,
    /// The command's name for logs, where [`Operation::name`] is another. Boxed twice, since
    /// hardly any plan has one.
    pub command_name: Option<Box<Box<str>>>,
    /// Over which socket it goes.
    pub via: Via,
}

impl Plan {
    /// One of the driver's own: in no session, never repeated, without `maxTimeMS`.
    pub fn plain(database: Arc<str>, target: Criteria, capacity: usize) -> Self {
        Self {
            database,
            collection: None,
            target,
            retry: Retry::Never,
            session: SessionPlan::None,
            capacity,
            exclusive: false,
            writes: false,
            reads_refusals: false,
            max_time: false,
            read_concern: false,
            acknowledged: true,
            kind: CommandKind::Own,
            times: SessionTimes::None,
            operation_id: 0,
            command_name: None,
            via: Via::Pool,
        }
    }
}

/// What a command is, as far as the driver knows. When a server has too much to do it may
/// refuse any command, so by this and not by [`Retry`] such are repeated (client
/// back-pressure specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// The driver's own, of the making of connections: it is not repeated.
    Own,
    /// It reads.
    Read,
    /// It writes.
    Write,
    /// The caller's, unseen.
    Any,
}

/// What a session adds to a command's `readConcern`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionTimes {
    /// Nothing: the command continues what another one began, or must have no read concern.
    None,
    /// Its snapshot. Servers refuse it where it can't be had, which is what a caller who
    /// asked for one has to hear (snapshot sessions specification, "Sending readConcern to
    /// the server on all commands").
    Snapshot,
    /// That, and the time after which the command must run (read and write concern
    /// specification, "afterClusterTime").
    All,
}

/// By which rule a failed attempt may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// By none.
    Never,
    /// As a read (retryable reads specification).
    Read,
    /// As a write with a `txnNumber` (retryable writes specification).
    Write,
}

/// Which session.
#[derive(Debug)]
pub enum SessionPlan {
    /// None (an unacknowledged write).
    None,
    /// An implicit one.
    Implicit,
    /// The implicit one that its cursor holds.
    Held(Box<ServerSession>),
}
