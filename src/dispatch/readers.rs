//! Reads that are spread over other connections than the one a handle belongs to: those of
//! a master go to its slaves, as long as one of them is there.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::call::Call;
use super::execute::conclude;
use super::handle::{Handle, Scope};
use super::operation::{CommandKind, Operation, Plan};
use super::shared::{Core, closed};
use crate::error::{Error, Kind, Result};
use crate::race::{Either, race};
use crate::topology::{Criteria, ReadMode, ReadPreference, TopologyKind};

/// The order in which slaves are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spread {
    /// One after the other.
    #[default]
    RoundRobin,
    /// Each read begins with any of them.
    Random,
}

/// The connections that reads are spread over. It keeps them alive.
pub struct Readers {
    members: Vec<Handle>,
    spread: Spread,
    next: AtomicUsize,
}

impl Readers {
    /// These.
    pub fn new(members: Vec<Handle>, spread: Spread) -> Self {
        Self { members, spread, next: AtomicUsize::new(0) }
    }

    /// A handle of each.
    pub fn members(&self) -> &[Handle] {
        &self.members
    }

    /// All of them once, each time beginning with another.
    fn in_turn(&self) -> impl Iterator<Item = &Handle> {
        let count = self.members.len();
        let first = match self.spread {
            _ if count == 0 => 0,
            // Nothing is ordered by it.
            Spread::RoundRobin => self.next.fetch_add(1, Ordering::Relaxed) % count,
            Spread::Random => fastrand::usize(..count),
        };
        let (before, from) = self.members.split_at(first);
        from.iter().chain(before)
    }
}

/// Whether a call may go to a slave: it reads a collection for its caller, and in no session
/// and no request, which belong to the master. What lists and administers asks the master.
pub(super) fn is_spread(scope: &Scope, plan: &Plan) -> bool {
    scope.readers.is_some()
        && scope.session.is_none()
        && scope.request.is_none()
        && plan.kind == CommandKind::Read
        && plan.read_concern
        && matches!(plan.target, Criteria::Read(_))
}

/// Runs a read over the first slave that can be reached. `None` if there is none.
///
/// Each slave is tried once, without the wait that a repeated attempt would begin: the next
/// slave answers sooner than this one comes back.
pub(super) async fn spread<O: Operation>(
    handle: &Handle,
    operation: &mut O,
    deadline: Option<Instant>,
) -> Option<Result<O::Output>> {
    let readers = handle.scope().readers.as_ref()?;
    let Criteria::Read(asked) = operation.plan().target.clone() else { return None };
    // The default asks for a primary, which no slave is.
    let preference = match asked.mode() {
        ReadMode::Primary => ReadPreference::new(ReadMode::SecondaryPreferred),
        _ => asked.clone(),
    };
    let target = Criteria::Read(preference);
    for member in readers.in_turn() {
        let core = member.core();
        let Some(reader) = core.reader(&target, deadline).await else { continue };
        let member = handle.scope_on(member);
        operation.plan().target = reader;
        let mut call = Call::new(core, Some(member.scope()), operation.plan(), deadline, None);
        let result = call.run(operation).await;
        let attempts = call.attempts();
        drop(call);
        if result.as_ref().is_err_and(is_out_of_reach) {
            continue;
        }
        return Some(conclude(operation, &member, result, attempts));
    }
    operation.plan().target = Criteria::Read(asked);
    None
}

/// The slave did not answer; as opposed to one that did, and to the call's own end.
fn is_out_of_reach(error: &Error) -> bool {
    use Kind::{AutoReconnect, Closed, ConnectionFailure, PoolCleared, ServerSelection};
    let kinds = [AutoReconnect, Closed, ConnectionFailure, PoolCleared, ServerSelection];
    error.is_network() || kinds.contains(&error.kind())
}

impl Core {
    /// Where this read may go now; `None` if there is no server. Only before the first check
    /// of all servers it waits, for that one.
    ///
    /// A slave that was connected to directly is named, so that nobody waits for it should it
    /// be gone meanwhile. Of several servers, as in a replica set, the call chooses itself.
    async fn reader(&self, target: &Criteria, deadline: Option<Instant>) -> Option<Criteria> {
        let until = self.waits_until(Instant::now(), deadline);
        self.until_checked(until).await.ok()?;
        let server = self.server_now(target)?;
        let direct = self.snapshots.borrow().topology.kind == TopologyKind::Single;
        Some(if direct { Criteria::Server(server) } else { target.clone() })
    }

    /// Waits until each server was checked once, or one was found.
    ///
    /// Cancel safety: nothing is held while it waits.
    pub async fn until_checked(&self, until: Instant) -> Result<()> {
        if self.is_checked()? {
            return Ok(());
        }
        let mut changes = self.snapshots.clone();
        let mut alarm = self.alarms.wake_at(until);
        loop {
            changes.mark_unchanged();
            if self.is_checked()? {
                return Ok(());
            }
            match race(Box::pin(changes.changed()), &mut alarm).await {
                Either::Left(Ok(())) => {}
                Either::Left(Err(_)) => return Err(closed()),
                Either::Right(_) => {
                    return Err(Error::new(
                        Kind::ServerSelection,
                        "the first check of the servers takes too long",
                    ));
                }
            }
        }
    }

    fn is_checked(&self) -> Result<bool> {
        let snapshot = self.snapshot()?;
        let mut servers = snapshot.topology.servers.values().peekable();
        let some = servers.peek().is_some();
        let known = snapshot.primary.is_some() || (some && servers.all(|it| it.last_update.is_some()));
        Ok(known || snapshot.seeding.is_some())
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("count", &self.members.len()).field("spread", &self.spread).finish()
    }
}
