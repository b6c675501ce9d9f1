//! One operation under way: select, encode, claim, wait; and again, where a policy says so.

use std::time::{Duration, Instant};

mod failed;
mod pinned;
mod request;

use self::failed::Failed;
use self::request::{outlives, purpose};
use super::handle::Scope;
use super::operation::{Operation, Plan, SessionPlan};
use super::retry::{Circumstances, Errors, Retries, Verdict, sensible};
use super::select::{Asking, Selected};
use super::session::ClientSession;
use super::shared::Core;
use super::via::Via;
use super::waiting::Waiting;
use crate::actors::snapshot::Snapshot;
use crate::error::{Kind, Result};
use crate::pool::{Answer, Failure, Lease, Limits, Pool, SessionUse};
use crate::session::ServerSession;
use crate::topology::{ServerAddress, TopologyKind};
use crate::wire::Frame;

/// An operation under way: what holds over all its attempts.
pub(super) struct Call<'a> {
    core: &'a Core,
    /// What the handle sets for all calls; none for the driver's own.
    scope: Option<&'a Scope>,
    deadline: Option<Instant>,
    /// For the selection under way; each attempt has its own.
    selection_deadline: Instant,
    /// The picture that the next selection must at least be from.
    version: u64,
    /// What failed so far. Boxed: most calls have nothing of it.
    past: Option<Box<Past>>,
    /// The implicit session of an earlier attempt, and its number, to be sent again. Boxed:
    /// most calls have none, and each byte here is allocated for each call.
    again: Option<Box<(ServerSession, Option<i64>)>>,
    /// The number in the caller's session, once there is one.
    number: Option<i64>,
    retries: Retries,
    /// The latest attempt was a write with a number, so errors of it are labelled; by the
    /// version of the server's wire protocol.
    numbered: Option<i32>,
    /// Runs although the connection closes (kills and the end of sessions).
    closing: bool,
    /// What events and logs tell its attempts by.
    operation_id: i64,
}

/// What attempts that failed leave behind.
#[derive(Default)]
struct Past {
    /// Servers that failed: others are preferred.
    avoid: Vec<ServerAddress>,
    errors: Errors,
    /// The socket that the latest attempt held, to be held on by one that follows at once:
    /// given back, it might go to somebody else before.
    own: Option<(ServerAddress, Lease)>,
}

impl<'a> Call<'a> {
    /// `waits` is until when the first attempt waits, if that has begun already.
    pub(super) fn new(
        core: &'a Core,
        scope: Option<&'a Scope>,
        plan: &mut Plan,
        deadline: Option<Instant>,
        waits: Option<Instant>,
    ) -> Self {
        let selection_deadline = waits.unwrap_or_else(|| core.waits_until(Instant::now(), deadline));
        let again = match std::mem::replace(&mut plan.session, SessionPlan::Implicit) {
            SessionPlan::Held(session) => Some(Box::new((*session, None))),
            other => {
                plan.session = other;
                None
            }
        };
        let (version, closing) = (0, false);
        let operation_id = if plan.operation_id == 0 { core.operation_id() } else { plan.operation_id };
        Self {
            core,
            scope,
            deadline,
            selection_deadline,
            version,
            past: None,
            again,
            number: None,
            retries: Retries::default(),
            numbered: None,
            closing,
            operation_id,
        }
    }

    /// How often it was tried.
    pub(super) fn attempts(&self) -> u32 {
        self.retries.repeats() + 1
    }

    /// Attempts until one succeeds, or the policy has no further one.
    pub(super) async fn run<O: Operation>(&mut self, operation: &mut O) -> Result<Answer> {
        loop {
            let failed = match self.attempt(operation).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            // Boxed: most calls meet no error, and need no room for what follows one.
            if let Some(answer) = Box::pin(self.after(failed, operation.plan())).await? {
                return Ok(answer);
            }
        }
    }

    /// What becomes of the call after an attempt failed: `None` is another one.
    async fn after(&mut self, failed: Box<Failed>, plan: &Plan) -> Result<Option<Answer>> {
        let Failed { error, session, reported, server, version, refusal, own } = *failed;
        let error = self.label(error);
        let around = Circumstances {
            sharded: self.core.snapshots.borrow().topology.kind == TopologyKind::Sharded,
            left: self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())),
        };
        let options = &self.core.options;
        match self.retries.judge(options, plan, &error, around) {
            Verdict::Stop => {
                if let Some(answer) = refusal.filter(|_| plan.reads_refusals) {
                    let body = error.server_response().cloned().unwrap_or_default();
                    return Ok(Some(Answer { body, session, ..answer }));
                }
                self.keep(session, false);
                // The caller's next call must not start from a picture that this error
                // has made out of date, or it fails for the same cause once more.
                if reported && (error.is_network() || error.is_retryable()) {
                    // If that takes too long, the caller has the error all the same.
                    drop(self.settle().await);
                }
                let error = self.past.take().unwrap_or_default().errors.end(error);
                let sensible = sensible(options, plan, &error);
                Err(error.with_retryable(sensible))
            }
            Verdict::Again { backoff, elsewhere } => {
                self.keep(session, true);
                let seen = error.seen_version().unwrap_or(version + 1);
                let past = self.past.get_or_insert_default();
                let at_once = backoff.is_none() && !elsewhere;
                past.own = server.clone().zip(own).filter(|_| at_once);
                past.avoid.extend(server.filter(|_| elsewhere));
                past.errors.add(error);
                let settled = if reported { self.settle().await } else { Ok(seen) };
                self.version = match settled {
                    Ok(version) => version,
                    Err(late) => return Err(self.past.take().unwrap_or_default().errors.end(late)),
                };
                if let Some(backoff) = backoff {
                    // Should the timer be gone, so is the connection: the next attempt
                    // says so.
                    let _ = self.core.alarms.wake_at(Instant::now() + backoff).await;
                }
                self.selection_deadline = self.core.waits_until(Instant::now(), self.deadline);
                Ok(None)
            }
        }
    }

    /// Waits until the error that was read is taken in, as long as a call may wait for a server.
    fn settle(&self) -> impl Future<Output = Result<u64>> + Send + use<'a> {
        self.core.settle(self.core.waits_until(Instant::now(), self.deadline))
    }

    async fn attempt<O: Operation>(&mut self, operation: &mut O) -> std::result::Result<Answer, Box<Failed>> {
        let core = self.core;
        self.numbered = None;
        let name = operation.name();
        let plan = operation.plan();
        let selected = match self.way_of_request(plan) {
            Ok(Some(selected)) => Ok(selected),
            Ok(None) => {
                let command = plan.command_name.as_deref().map_or(name, |name| name);
                let told = core.selection_starts(command, self.operation_id, &plan.target);
                let asking = Asking { command, operation_id: self.operation_id, watch: told.as_deref() };
                let selected = core.select(
                    &plan.target,
                    self.version,
                    self.past.as_ref().map_or(&[], |past| &past.avoid),
                    self.selection_deadline,
                    self.closing,
                    Some(asking),
                );
                let selected = selected.await;
                core.selection_ends(told, selected)
            }
            Err(error) => Err(error),
        };
        let Selected { pool, snapshot } = match selected {
            Ok(selected) => selected,
            Err(error) => return Err(self.unsent(self.out_of_time(error))),
        };
        // The wait for a socket begins now, however long the one for a server was.
        let wait_queue = core.options.wait_queue_timeout.map(|limit| Instant::now() + limit);
        let wait_deadline = wait_queue.unwrap_or(self.selection_deadline);
        let _counted = pool.operation_started();
        // What is kept over the wait for the reply is little: see `execute`.
        let (mut narrower, mut frame): (Option<Box<Limits>>, Option<Box<Frame>>) = (None, None);
        let mut own = self.held_on(&pool);
        // There each cursor holds the socket that it came over, so none is held before.
        let balanced = is_balanced(&snapshot);
        loop {
            // Before the request is made: that one takes the session of an earlier attempt,
            // which must not be lost if there is no socket for it.
            let purpose = purpose(&operation.plan().via, frame.as_deref(), &pool);
            if let Some(purpose) = purpose.filter(|_| !balanced && own.is_none()) {
                match self.hold(&pool, purpose, frame.as_deref(), wait_deadline).await {
                    Ok(lease) => own = Some(lease),
                    Err(error) => return Err(self.unsent(error.with_server(pool.address()))),
                }
            }
            let (narrow, held) = (narrower.as_deref(), own.as_ref());
            // None: it is large, and this thread is to hold a socket first.
            let Some((mut run, answer)) =
                self.prepare(operation, &snapshot, &pool, narrow, &mut frame, held)?
            else {
                continue;
            };
            run.wait_deadline = Some(wait_deadline);
            let plan = operation.plan();
            let waiting = match (&plan.via, &own) {
                (Via::Turns(turns), _) => Waiting::in_line(core, &pool, turns, run, answer),
                (Via::Lease(lease), _) => Waiting::on(core, &pool, lease, run, answer),
                (_, Some(lease)) => Waiting::on(core, &pool, lease, run, answer),
                _ => Waiting::submit(core, &pool, run, answer),
            };
            let failure = match waiting.await {
                Ok(answer) if answer.clean => {
                    self.observe(&answer);
                    let own = own.filter(outlives);
                    return Ok(Answer { lease: own.or(answer.lease), ..answer });
                }
                Ok(answer) => {
                    return match self.judge(operation.plan().writes, answer, snapshot.version) {
                        Ok(answer) => Ok(Answer { lease: own.filter(outlives).or(answer.lease), ..answer }),
                        Err(failed) => Err(Box::new(Failed { own, ..*failed })),
                    };
                }
                Err(failure) => failure,
            };
            // The socket was this one, or none.
            let bound = operation.plan().via.is_bound();
            match *failure {
                // The server takes less than the frame was written for.
                Failure { reencode: Some(found), session, .. } => {
                    let before = narrower.take().map_or(found, |before| *before);
                    narrower = Some(Box::new(before.and(&found)));
                    self.keep(session, true);
                }
                // The socket was dead before a byte was written: another one, in silence.
                Failure { unsent: Some(unsent), error, session, .. }
                    if error.kind() == Kind::AutoReconnect && !bound =>
                {
                    own = None;
                    frame = Some(Box::new(unsent));
                    self.keep(session, true);
                }
                Failure { error, session, unsent, .. } => {
                    let reported = unsent.is_none();
                    if reported && let Some(session) = self.session() {
                        session.state().mark_dirty();
                    }
                    let error = self.heard_by_request(operation.plan(), error).with_server(pool.address());
                    let server = Some(pool.address().clone());
                    let (version, refusal) = (snapshot.version, None);
                    let own = None;
                    return Err(Box::new(Failed { error, session, reported, server, version, refusal, own }));
                }
            }
        }
    }

    /// The socket that the latest attempt held, if it is of this pool. Apart, so that a call
    /// keeps no room for it.
    fn held_on(&mut self, pool: &Pool) -> Option<Lease> {
        let (server, lease) = self.past.as_mut()?.own.take()?;
        (server == *pool.address()).then_some(lease)
    }

    /// The caller's session.
    fn session(&self) -> Option<&'a ClientSession> {
        self.scope?.session.as_ref()
    }

    fn session_use(&mut self, plan: &Plan, numbered: bool) -> SessionUse {
        if let Some(session) = self.session() {
            if numbered && self.number.is_none() {
                self.number = session.state().next_txn_number();
            }
            return session.to_send(self.number);
        }
        if let Some(again) = self.again.take() {
            let (session, txn_number) = *again;
            return SessionUse::Held { session, txn_number };
        }
        match &plan.session {
            SessionPlan::None => SessionUse::None,
            _ => SessionUse::Implicit { numbered },
        }
    }

    /// An earlier attempt had a number: no further one may go without.
    fn was_numbered(&self) -> bool {
        self.number.is_some() || self.again.as_ref().is_some_and(|again| again.1.is_some())
    }

    /// What becomes of an attempt's implicit session: the next attempt takes it again, with
    /// its number, unless a network error spoilt it; else it goes back.
    fn keep(&mut self, session: Option<ServerSession>, again: bool) {
        let Some(session) = session else { return };
        let numbered = self.numbered.is_some() && session.txn_number() > 0;
        // A retried write must repeat its session and number, also after a network error.
        if again && (numbered || !session.is_dirty()) {
            let number = numbered.then(|| session.txn_number());
            self.again = Some(Box::new((session, number)));
        } else {
            self.core.give_back(session);
        }
    }

    fn observe(&self, answer: &Answer) {
        if let Some(session) = self.session() {
            session.observe(&answer.body);
        }
    }
}

impl Drop for Call<'_> {
    /// A session that was kept for a further attempt does not get lost with it.
    fn drop(&mut self) {
        if let Some(again) = self.again.take() {
            self.core.give_back(again.0);
        }
    }
}

impl<'a> Call<'a> {
    /// Runs while the connection closes, on one given server.
    pub(super) async fn last<O: Operation>(
        core: &'a Core,
        operation: &mut O,
        timeout: Duration,
    ) -> Result<Answer> {
        let deadline = Instant::now().checked_add(timeout);
        let mut call = Self::new(core, None, operation.plan(), deadline, None);
        call.closing = true;
        call.run(operation).await
    }
}

/// Each socket leads to one of several servers (load balancers specification).
fn is_balanced(snapshot: &Snapshot) -> bool {
    snapshot.topology.kind == TopologyKind::LoadBalanced
}
