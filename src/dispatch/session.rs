//! A session as operations see it: they wait for their turn in it, send its id, and tell
//! it what the server answered. What callers see of it is in `client_session`.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bson::{RawDocument, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use super::handle::Handle;
use super::operation::{Plan, SessionPlan};
use super::shared::{Core, Shared};
use crate::error::{Error, Kind, Result};
use crate::pool::SessionUse;
use crate::session::{ServerSession, SessionOptions, SessionState};
use crate::wire::ReplyHead;
use crate::wire::walk::Walk;

/// Operations that belong together, one after the other. See
/// [`Connection::start_session`](crate::Connection::start_session).
///
/// A session guarantees what it was started with: by default that each of its operations
/// sees what those before it did (causal consistency), or, if asked for, that all of its
/// reads see one point in time (snapshot reads). It is used by a call through the builder's
/// `session` method, by all calls of a handle through `bound_to`
/// ([`Connection::bound_to`](crate::Connection::bound_to)), or by all calls of a future
/// through [`scope`](Self::scope). The first of these that names a session wins.
///
/// # Several tasks
///
/// It is a handle: clones are the same session, and hold the connection alive. Its
/// operations run one at a time, in the order in which they were first polled, whichever
/// tasks they are of; those of different sessions run side by side. An operation that is
/// dropped leaves its place to the next; if the server may still work on it, its server
/// session is not used again once this session ends.
///
/// A wait for the turn counts towards an operation's timeout. Without one, the turn, a server
/// and a socket are waited for no longer than `serverSelectionTimeoutMS` in all (where
/// `waitQueueTimeoutMS` is set, that is for the socket alone, from when there is a server): an
/// operation that is to wait for long ones before it needs a timeout that is as long. Large inserts and bulk writes take a turn for each of their messages,
/// not for the time between. The call that opens a cursor takes one; its further batches take
/// none: a cursor keeps the batch under way when its caller is dropped, and would hold up the
/// session as long as nobody asks for it. So a batch is asked for while another task's
/// operation may be under way, and sees what that does or not; an operation that begins when
/// the batch is there sees at least what the batch saw. Who needs a batch to come after some
/// operation awaits that one first.
///
/// # Its end
///
/// It ends with [`end`](Self::end), or when the last clone is dropped, cursors and handles
/// that use it included. What is under way then goes on, and cursors opened in it have no
/// further batch. The server forgets a session that is not used for 30 minutes (a
/// setting of the server's); one taken over from an earlier session may have as little as a
/// minute left, so start it when it is needed.
///
/// # Unacknowledged writes
///
/// They take no session: with one, they are an error ([`Kind::InvalidArgument`]); through
/// [`scope`](Self::scope) they run without it, and operations of the session need not see
/// what they did.
#[derive(Clone)]
pub struct ClientSession {
    bound: Arc<Bound>,
}

struct Bound {
    /// Keeps the connection alive.
    shared: Arc<Shared>,
    state: SessionState,
    /// Who has it runs an operation. It is fair, and needs no runtime.
    turn: Mutex<()>,
}

impl ClientSession {
    /// A session that runs in a server session of its connection's pool.
    pub(crate) fn start(handle: &Handle, options: SessionOptions, snapshot_time: Option<Timestamp>) -> Self {
        let shared = handle.shared().clone();
        let state = SessionState::new(shared.core.take_session(Instant::now()), options, snapshot_time);
        Self { bound: Arc::new(Bound { shared, state, turn: Mutex::new(()) }) }
    }

    /// What it has seen.
    pub(crate) fn state(&self) -> &SessionState {
        &self.bound.state
    }

    /// Ends it; see there.
    pub(crate) fn finish(&self) {
        self.bound.give_back(self.bound.state.end());
    }

    /// Fails if it has ended.
    pub(super) fn check_open(&self) -> Result<()> {
        self.state().check_open()
    }

    fn core(&self) -> &Core {
        &self.bound.shared.core
    }

    /// Waits until all operations that came before are over: until the deadline, or as long as
    /// calls without one may wait for a server. Further batches of cursors do not come here, see
    /// [`Operation::takes_turn`](super::Operation::takes_turn).
    ///
    /// Cancel safety: the place in the line is given up.
    pub(super) async fn turn(
        &self,
        handle: &Handle,
        plan: &Plan,
        begun: Instant,
        deadline: Option<Instant>,
    ) -> Result<Box<Turn<'_>>> {
        if !Arc::ptr_eq(&self.bound.shared, handle.shared()) {
            return Err(refused("the session was started by another connection than this call goes through"));
        }
        if !plan.acknowledged {
            return Err(refused(
                "a write without an answer (w: 0) takes no session; ask for an answer, or leave the session out",
            ));
        }
        let until = deadline.unwrap_or_else(|| self.core().waits_until(begun, None));
        let place = match self.bound.turn.try_lock() {
            Ok(place) => place,
            Err(_) => {
                let late = || too_long(deadline.is_some());
                self.core().within(until, self.bound.turn.lock(), late).await?
            }
        };
        self.bound.state.begin(Instant::now())?;
        let waits_until = Some(until).filter(|_| deadline.is_none());
        Ok(Box::new(Turn { session: self, waits_until, over: false, _place: place }))
    }

    /// A batch of a cursor is fetched, for which no turn is taken. Fails if the session has
    /// ended.
    pub(super) fn join_open(&self) -> Result<InUse> {
        self.check_open()?;
        // It may end in between, as it may right after.
        Ok(self.join().unwrap_or_else(|| InUse { session: None, over: true }))
    }

    /// The same, also if it has ended while something is under way in it. `None` if nothing is.
    pub(crate) fn join(&self) -> Option<InUse> {
        self.state().join().then(|| InUse { session: Some(self.clone()), over: false })
    }

    /// For one attempt; `number` is that of a retryable write.
    pub(super) fn to_send(&self, number: Option<i64>) -> SessionUse {
        let state = self.state();
        state.touch(Instant::now());
        SessionUse::Explicit { id: *state.id(), txn_number: number, cluster_time: state.cluster_time() }
    }

    /// Takes over what a reply says of times, be it of success or of failure.
    pub(super) fn observe(&self, reply: &RawDocument) {
        // A reply that can't be read is the error of whoever reads it next.
        let Ok(head) = ReplyHead::scan(reply) else { return };
        let state = self.state();
        if let Some(time) = head.cluster_time {
            state.advance_cluster_time(time);
        }
        if let Some(time) = head.operation_time {
            state.advance_operation_time(time);
        }
        if state.options().snapshot
            && let Some(time) = snapshot_time(reply)
        {
            state.fix_snapshot_time(time);
        }
    }
}

/// Of the cursor, or of a reply without one (snapshot sessions specification, "Server
/// Command Responses").
fn snapshot_time(reply: &RawDocument) -> Option<Timestamp> {
    let in_document = |document| {
        let mut elements = Walk::over(document).map_while(Result::ok);
        elements.find(|element| element.key == b"atClusterTime")?.as_timestamp()
    };
    let mut elements = Walk::over(reply).map_while(Result::ok);
    let cursor = elements.find(|element| element.key == b"cursor").and_then(|element| element.as_document());
    cursor.and_then(in_document).or_else(|| in_document(reply))
}

/// An operation's turn in its session; the next one begins when it is dropped.
pub(super) struct Turn<'a> {
    session: &'a ClientSession,
    waits_until: Option<Instant>,
    over: bool,
    /// Dropped after what `drop` does.
    _place: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// Until when the operation may wait on, for a server and a socket, if it has no deadline:
    /// the wait for the turn was part of that. With one, that bounds all waits.
    pub fn waits_until(&self) -> Option<Instant> {
        self.waits_until
    }

    /// The operation came to its end by itself: nothing of it is under way any more.
    pub fn over(&mut self) {
        self.over = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Bound { state, .. } = &*self.session.bound;
        if !self.over {
            // Its request may be with the server still, and two operations must not share
            // a server session: nobody else gets this one.
            state.mark_dirty();
        }
        self.session.bound.give_back(state.finish());
    }
}

/// The server works on something of a session, besides the operation whose turn it is.
/// As long as that is so, its server session is nobody else's.
#[derive(Debug)]
pub struct InUse {
    /// `None` if it had been given back before.
    session: Option<ClientSession>,
    over: bool,
}

impl InUse {
    /// It came to its end by itself: the server works on nothing of it any more.
    pub fn over(&mut self) {
        self.over = true;
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let Some(session) = &self.session else { return };
        if !self.over {
            // As for a turn.
            session.state().mark_dirty();
        }
        session.bound.give_back(session.state().leave());
    }
}

impl Bound {
    fn give_back(&self, server: Option<ServerSession>) {
        if let Some(server) = server {
            self.shared.core.give_back(server);
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.give_back(self.state.end());
    }
}

impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = bson::Uuid::from_bytes(*self.state().id());
        f.debug_struct("ClientSession")
            .field("id", &id.to_string())
            .field("options", &self.state().options())
            .field("ended", &self.state().has_ended())
            .finish()
    }
}

tokio::task_local! {
    /// The session of the innermost [`scope`] that the present poll is in.
    static AMBIENT: ClientSession;
}

/// Has the operations of `future` run in this session.
pub(crate) fn scope<F: Future>(session: ClientSession, future: F) -> impl Future<Output = F::Output> {
    AMBIENT.scope(session, future)
}

/// Has an operation's handle name the session of the scope around, if there is one and the
/// operation does not say otherwise. A cursor's further batches do, as they run where it was
/// opened; and a session is of use to its own connection alone.
pub(super) fn enter_scope(handle: &mut Handle, plan: &Plan) {
    if handle.scope().session.is_some() || !matches!(plan.session, SessionPlan::Implicit) {
        return;
    }
    let ambient = AMBIENT
        .try_with(|session| Arc::ptr_eq(&session.bound.shared, handle.shared()).then(|| session.clone()));
    if let Ok(Some(session)) = ambient {
        *handle = handle.with_scope(|scope| scope.session = Some(session));
    }
}

fn refused(sentence: &str) -> Error {
    Error::new(Kind::InvalidArgument, sentence)
}

fn too_long(limited: bool) -> Error {
    let sentence = match limited {
        true => "the operation's timeout ran out while an earlier operation of its session was under way",
        false => {
            "serverSelectionTimeoutMS ran out while an earlier operation of its session was under way; \
             a call that may wait longer for its turn needs a timeout of its own"
        }
    };
    Error::new(Kind::Timeout, sentence)
}
