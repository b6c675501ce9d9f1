//! Over which socket a command goes: any of the pool, one that is held from now on, or
//! one that somebody holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::handle::Handle;
use super::session::ClientSession;
use super::shared::{Core, closed};
use super::waiting::Waiting;
use crate::command::reply;
use crate::error::{Error, Kind, Result};
use crate::pool::{Answer, Claim, Entry, Lease, LeaseRequest, Pool, Purpose, Run, SessionUse, Ticket, Turns};
use crate::session::ServerSession;
use crate::topology::ServerAddress;

/// A command's way.
#[derive(Debug)]
pub enum Via {
    /// Any socket of its server's pool.
    Pool,
    /// One that is held for this purpose; the answer brings it along.
    Own(Purpose),
    /// This one.
    Lease(Arc<Lease>),
    /// That of a request, which its calls do not keep from going back.
    Turns(Arc<Turns>),
}

impl Via {
    /// Whether it is one given socket, or none.
    pub fn is_bound(&self) -> bool {
        matches!(self, Self::Lease(_) | Self::Turns(_))
    }

    /// The line in front of the socket of a request.
    pub fn turns(&self) -> Option<&Arc<Turns>> {
        match self {
            Self::Turns(turns) => Some(turns),
            Self::Lease(lease) => lease.turns(),
            Self::Pool | Self::Own(_) => None,
        }
    }
}

/// A wish for a socket of one's own, in the pool's hands. Dropped before, it is taken back.
struct Wish<'a> {
    pool: &'a Arc<Pool>,
    ticket: Option<Ticket>,
}

/// Waits for a socket of one's own, with so many bytes to send over it. A lease that comes too late
/// is given back. If the socket that was to be held is dead by then, nothing was sent over it, and
/// another one is taken.
pub(super) async fn lease(
    core: &Core,
    pool: &Arc<Pool>,
    purpose: Purpose,
    bytes: usize,
    deadline: Option<Instant>,
    wait_deadline: Instant,
) -> Result<Lease> {
    loop {
        let (mut request, lease) = LeaseRequest::new(purpose);
        request.bytes = bytes;
        request.deadline = deadline;
        request.wait_deadline = Some(wait_deadline);
        let mut wish = Wish { pool, ticket: None };
        match pool.claim(Entry::Lease(request), Instant::now) {
            Claim::Taken(slot, entry) => slot.submit(entry),
            Claim::Refused(entry, error) => entry.fail(error.with_server(pool.address())),
            Claim::Queued { ticket, arm, grow } => {
                wish.ticket = Some(ticket);
                if grow {
                    core.grow(pool);
                }
                if let Some(at) = arm {
                    core.alarms.expire_at(at, pool);
                }
            }
        }
        let answered = answered(core, pool, lease, deadline).await;
        wish.ticket = None;
        match answered {
            Err(error) if error.kind() == Kind::AutoReconnect => {}
            answered => return answered,
        }
    }
}

async fn answered(
    core: &Core,
    pool: &Pool,
    lease: oneshot::Receiver<Result<Lease>>,
    deadline: Option<Instant>,
) -> Result<Lease> {
    // As for any call, only a lent arbiter may be too busy to answer in time.
    let answer = match deadline.filter(|_| pool.options().lent) {
        None => lease.await,
        Some(deadline) => {
            let late = || {
                core.overdue();
                super::waiting::unheard()
            };
            core.within(deadline, lease, late).await?
        }
    };
    answer.unwrap_or_else(|_| Err(closed()))
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        let Some(entry) = self.ticket.and_then(|ticket| self.pool.cancel(ticket)) else { return };
        drop(entry);
        // Its place in front may have held up others.
        self.pool.serve();
    }
}

/// The next reply of a stream that runs on this lease. Nothing is sent for it. `timeout`
/// zero is none.
///
/// Cancel safety: as for every call. The reply that comes for nobody is read, and with it
/// the stream ends once the lease is dropped.
pub async fn next_of_stream(
    handle: &Handle,
    server: &ServerAddress,
    lease: &Lease,
    session: Option<ServerSession>,
    timeout: Duration,
) -> Result<Answer> {
    let core = handle.core();
    // The server goes on in it.
    let spoilt = |session: Option<ServerSession>| {
        if let Some(mut session) = session {
            session.mark_dirty();
            core.give_back(session);
        }
    };
    let caller_session = handle.scope().session.as_ref();
    let open = caller_session.map_or(Ok(()), ClientSession::check_open);
    let pool = open.and_then(|()| core.snapshot()).map(|snapshot| snapshot.pools.get(server).cloned());
    let pool = match pool.and_then(|pool| pool.ok_or_else(|| gone(server))) {
        Ok(pool) => pool,
        Err(error) => {
            spoilt(session);
            return Err(error.with_operation("getMore"));
        }
    };
    let (mut run, answer) = Run::next_of_stream();
    run.deadline = Some(timeout).filter(|limit| !limit.is_zero()).and_then(|l| Instant::now().checked_add(l));
    if let Some(session) = session {
        run.session = SessionUse::Held { session, txn_number: None };
    }
    let outcome = Waiting::on(core, &pool, lease, run, answer).await;
    if let (Ok(answer), Some(caller_session)) = (&outcome, caller_session) {
        caller_session.observe(&answer.body);
    }
    match outcome {
        Ok(answer) if answer.clean => Ok(answer),
        Ok(answer) => {
            let Answer { body, session, server, .. } = answer;
            session.into_iter().for_each(|session| core.give_back(session));
            match reply::check(body, &server) {
                // A write concern's trouble, which no batch has.
                Ok(_) => Err(Error::new(Kind::Protocol, "a batch came with a write's errors")),
                Err(error) => Err(error.with_operation("getMore")),
            }
        }
        Err(failure) => {
            failure.session.into_iter().for_each(|session| core.give_back(session));
            Err(failure.error.with_server(pool.address()).with_operation("getMore"))
        }
    }
}

fn gone(server: &ServerAddress) -> Error {
    let sentence = format!("the server {server} is no longer part of the deployment");
    Error::new(Kind::ServerSelection, sentence).with_server(server)
}
