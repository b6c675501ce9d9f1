//! The one socket that the calls of a request go over, and what becomes of them when it is
//! gone. Made by `connection`, carried by the [`Scope`](super::Scope) of the request's
//! handles, read by every call of theirs. It never takes another socket by itself.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::handle::Handle;
use super::select::Selected;
use super::via::lease;
use crate::error::{Error, Kind, Result};
use crate::pool::{Lease, Pool, Purpose, Turns};
use crate::race::{Either, race};
use crate::topology::{Criteria, ServerAddress};

/// See the module. Shared by all handles of one request.
#[derive(Debug)]
pub struct Pinned {
    /// Which server is meant.
    target: Criteria,
    state: Mutex<State>,
    /// Told when another socket was taken, and at the end: nobody need wait for one any more.
    settled: Notify,
}

#[derive(Clone, Debug)]
enum State {
    Held(Held),
    /// It broke, or was given up; the error of all calls since.
    Lost(ServerAddress, Error),
    /// The request has ended.
    Over(ServerAddress),
}

/// A socket that is held, and the pool it is from.
#[derive(Clone, Debug)]
pub struct Held {
    /// The pool.
    pub pool: Arc<Pool>,
    /// The socket.
    pub lease: Arc<Lease>,
}

/// What a call that begins now finds.
#[derive(Debug)]
pub enum Way {
    /// This socket.
    Held {
        /// Its pool.
        pool: Arc<Pool>,
        /// The line in front of it.
        turns: Arc<Turns>,
    },
    /// None: the request has ended.
    Over,
}

impl State {
    /// Whether its socket is gone, be it known by a call or not.
    fn needs_renewal(&self) -> bool {
        match self {
            Self::Held(held) => !held.lease.is_connected(),
            Self::Lost(..) => true,
            Self::Over(_) => false,
        }
    }

    fn server(&self) -> &ServerAddress {
        match self {
            Self::Held(held) => held.pool.address(),
            Self::Lost(server, _) | Self::Over(server) => server,
        }
    }
}

impl Pinned {
    /// Finds a server for `target`, and waits for a socket there. `timeout` is for all of it;
    /// `None` takes the handle's, zero is none.
    ///
    /// Cancel safety: a place in a queue is given up, a socket that came goes back.
    pub async fn start(handle: &Handle, target: Criteria, timeout: Option<Duration>) -> Result<Arc<Self>> {
        let held = hold(handle, &target, timeout).await?;
        Ok(Arc::new(Self { target, state: Mutex::new(State::Held(held)), settled: Notify::new() }))
    }

    /// Takes another socket if the present one is gone. Several may try that at once: all are
    /// ready with the first of them, whose socket may be the last of the pool.
    ///
    /// Cancel safety: as for [`start`](Self::start).
    pub async fn renew(&self, handle: &Handle, timeout: Option<Duration>) -> Result<()> {
        let mut holding = pin!(hold(handle, &self.target, timeout));
        loop {
            let mut settled = pin!(self.settled.notified());
            // Before the look at the state, so that no change after that is missed.
            settled.as_mut().enable();
            if !self.lock().needs_renewal() {
                return Ok(());
            }
            let held = match race(holding.as_mut(), settled).await {
                Either::Left(held) => held?,
                Either::Right(()) => continue,
            };
            let mut new = State::Held(held);
            // Somebody else may have been faster, or may have ended it. What is not needed goes
            // back after the lock.
            let mut state = self.lock();
            if state.needs_renewal() {
                std::mem::swap(&mut *state, &mut new);
            }
            drop(state);
            self.settled.notify_waiters();
            return Ok(());
        }
    }

    /// Where a call goes. Its error if the socket is gone.
    pub fn way(&self) -> Result<Way> {
        match &*self.lock() {
            State::Held(Held { pool, lease }) => match lease.turns() {
                Some(turns) => Ok(Way::Held { pool: pool.clone(), turns: turns.clone() }),
                None => Err(Error::new(Kind::Internal, "a request's socket has no line")),
            },
            State::Lost(_, error) => Err(error.clone()),
            State::Over(_) => Ok(Way::Over),
        }
    }

    /// The socket, if it leads to this server and was not found broken.
    pub fn lease_to(&self, server: &ServerAddress) -> Option<Arc<Lease>> {
        match &*self.lock() {
            State::Held(held) if held.pool.address() == server => Some(held.lease.clone()),
            _ => None,
        }
    }

    /// The server it is at, or was at last.
    pub fn server(&self) -> ServerAddress {
        self.lock().server().clone()
    }

    /// The request goes on: it has not ended, though its socket may be gone.
    pub fn is_open(&self) -> bool {
        !matches!(*self.lock(), State::Over(_))
    }

    /// Why its socket is gone, if that is known.
    pub fn lost(&self) -> Option<Error> {
        match &*self.lock() {
            State::Lost(_, error) => Some(error.clone()),
            _ => None,
        }
    }

    /// A call met the end of the socket behind this line by `error`: what its caller is to be told.
    pub fn lose(&self, turns: &Arc<Turns>, error: Error) -> Error {
        let mut state = self.lock();
        let before = match &*state {
            State::Held(held) if held.lease.turns().is_some_and(|it| Arc::ptr_eq(it, turns)) => {
                let server = held.pool.address().clone();
                let told = gone(&server, &error);
                std::mem::replace(&mut *state, State::Lost(server, told))
            }
            // It was known, or is replaced already.
            other => other.clone(),
        };
        drop(state);
        match before {
            // Found by a call that came after the end: nothing of it was sent.
            State::Lost(_, told) if !error.may_have_run() => told,
            State::Held(held) if !error.may_have_run() => gone(held.pool.address(), &error),
            // It ended while the call was on its way to the socket.
            State::Over(_) if !error.may_have_run() => over(),
            _ if error.kind() == Kind::Closed => error,
            _ => {
                let sentence =
                    format!("{}; with that this request's socket is gone: {WAYS_OUT}", error.message());
                error.with_message(sentence)
            }
        }
    }

    /// Gives the socket back, once what is in flight was answered.
    pub fn end(&self) {
        let mut state = self.lock();
        let server = state.server().clone();
        let before = std::mem::replace(&mut *state, State::Over(server));
        // Given back without the lock.
        drop(state);
        self.settled.notify_waiters();
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn hold(handle: &Handle, target: &Criteria, timeout: Option<Duration>) -> Result<Held> {
    let core = handle.core();
    let timeout = timeout.or_else(|| handle.scope().timeout).filter(|limit| !limit.is_zero());
    let now = Instant::now();
    // A limit beyond what the clock can tell is none.
    let deadline = timeout.and_then(|limit| now.checked_add(limit));
    let until = core.waits_until(now, deadline);
    let mut version = 0;
    loop {
        let selected = core.select(target, version, &[], until, false, None).await;
        let Selected { pool, snapshot } = selected.map_err(|error| match deadline {
            Some(deadline) if error.kind() == Kind::ServerSelection && deadline <= Instant::now() => {
                Error::new(Kind::Timeout, format!("the operation's timeout ran out: {}", error.message()))
            }
            _ => error,
        })?;
        let wait_queue = core.options.wait_queue_timeout.and_then(|limit| Instant::now().checked_add(limit));
        match lease(core, &pool, Purpose::Request, 0, deadline, wait_queue.unwrap_or(until)).await {
            Ok(lease) => return Ok(Held { pool, lease: Arc::new(lease) }),
            // Nothing was to be sent yet that could be repeated: it waits until the server is back.
            Err(error) if error.kind() == Kind::PoolCleared && Instant::now() < until => {
                version = error.seen_version().unwrap_or(snapshot.version + 1);
            }
            Err(error) => return Err(error.with_server(pool.address())),
        }
    }
}

const WAYS_OUT: &str = "`repin` it to go on over another socket, or start a new request; what was sent over \
                        the old one without an answer (w: 0) may be lost";

fn gone(server: &ServerAddress, cause: &Error) -> Error {
    if cause.kind() == Kind::Closed {
        // With the connection: there is no way out.
        return cause.clone().ran(false);
    }
    let sentence =
        format!("the socket of this request to {server} is gone ({}): {WAYS_OUT}", cause.message());
    Error::new(Kind::AutoReconnect, sentence).network().with_server(server).with_source(cause.clone())
}

/// The error of a handle whose request has ended.
pub fn over() -> Error {
    Error::new(
        Kind::InvalidArgument,
        "this handle belongs to a request that has ended; make another from the connection, or keep the \
         request",
    )
}
