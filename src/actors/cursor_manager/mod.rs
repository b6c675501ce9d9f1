//! The actor that manages cursors: one per connection, on the control arbiter. Cursors that
//! were closed, and those that sockets found in replies nobody took, come here; when they are
//! killed the [policy in force](crate::CursorManager) says, which is plain logic and may be the
//! application's. It never waits for a kill's result in line: a kill that did not reach its
//! server, for a socket broke or the pool was cleared, comes back as a message and is tried again
//! for a while.

mod operations;
mod retries;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, MessageResult, SpawnHandle,
    WrapFuture,
};

use tokio::task::JoinHandle;

use self::operations::EndSessions;
pub use self::operations::{Fates, KillCommand};
pub use self::retries::Kill;
use self::retries::{Retries, is_unheard};
use crate::actors::socket::Orphaned;
use crate::actors::supervisor::{Quiesce, Shutdown};
use crate::actors::vital::{Dismissed, Vital};
use crate::cursor_policy::{ClosedCursor, InForce, NamedManager};
use crate::dispatch::{
    Core, CursorRetired, CursorsKilled, Drain, FindClosed, OpenCursor, SetCursorManager, execute_internal,
};
use crate::error::{Error, Kind, Result};
use crate::pool::{Lease, Purpose};

/// A kill that takes longer than this is given up: the server closes idle cursors itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// At the end, all kills and the end of sessions together get this long.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// A policy that is always due is woken no more often than this.
const BREATH: Duration = Duration::from_millis(1);

/// See the module. The policy in it is what users call the cursor manager.
#[derive(Debug)]
pub struct CursorManagerActor {
    core: Arc<Core>,
    policy: InForce,
    retries: Retries,
    /// Rings when the policy is due, or a kill is to be tried again; and when that is.
    tick: Option<(Instant, SpawnHandle)>,
    /// The policy is not woken before.
    breath: Option<Instant>,
    /// Kills under way, and some that are over.
    sent: Vec<JoinHandle<()>>,
    /// The end has begun.
    draining: bool,
    vital: Vital,
}

impl CursorManagerActor {
    /// One that sends through this core, and does as this policy says.
    pub fn new(core: Arc<Core>, policy: NamedManager) -> Self {
        core.desk.report.set(policy.name());
        Self {
            core,
            policy: InForce::new(policy),
            retries: Retries::default(),
            tick: None,
            breath: None,
            sent: Vec::new(),
            draining: false,
            vital: Vital::default(),
        }
    }

    fn add(&mut self, retired: CursorRetired, ctx: &mut Context<Self>) {
        let CursorRetired { server, namespace, id, lease } = retired;
        if lease.is_some() {
            // A socket is held for it, so it waits for no company, and in no line.
            return self.send(Kill::new(server, namespace, vec![id], lease), ctx);
        }
        let now = Instant::now();
        let cursor = ClosedCursor { server, namespace, id, at: now };
        match self.draining {
            // The last words take all along.
            true => self.policy.keep(cursor),
            false => self.policy.close(cursor, now),
        }
        self.act(ctx);
    }

    /// Does what the policy has decided, and sees when to ask it again.
    fn act(&mut self, ctx: &mut Context<Self>) {
        let due = if self.draining { None } else { self.policy_due() };
        for words in self.policy.take_panics() {
            self.note(&words);
            self.core.desk.report.panicked(self.policy.name(), words);
        }
        for kill in Kill::of(self.policy.take_released()) {
            self.send(kill, ctx);
        }
        self.core.desk.report.set_waiting(self.policy.len());
        self.wind(due, ctx);
    }

    fn policy_due(&mut self) -> Option<Instant> {
        let due = self.policy.due()?;
        Some(self.breath.map_or(due, |breath| due.max(breath)))
    }

    /// Policies are the application's, which has to hear of it.
    fn note(&self, words: &str) {
        tracing::error!(target: "actix_mongo::cursor", "{words}");
        self.core.history.note(None, words);
    }

    /// A kill did not reach its server. One that left has taken its cursors along; in the end
    /// nobody looks any more who left.
    fn take_back(&mut self, kill: Kill, ctx: &mut Context<Self>) {
        let known = self.core.snapshots.borrow().topology.servers.contains_key(&kill.server);
        if (known || self.draining) && self.retries.keep(kill, Instant::now()) {
            self.act(ctx);
        }
    }

    /// Has it look again when the policy is due, or a kill is to be tried again.
    fn wind(&mut self, policy: Option<Instant>, ctx: &mut Context<Self>) {
        // At the end the last words take all along; pools serve nothing else of ours until then.
        let due = [policy, self.retries.due()].into_iter().flatten().min().filter(|_| !self.draining);
        if due == self.tick.as_ref().map(|(tick, _)| *tick) {
            return;
        }
        self.stop_ticking(ctx);
        self.tick = due.map(|due| {
            let ring = ctx.run_later(due.saturating_duration_since(Instant::now()), |manager, ctx| {
                manager.tick = None;
                manager.ring(ctx);
            });
            (due, ring)
        });
    }

    fn ring(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        for kill in self.retries.take(now) {
            self.send(kill, ctx);
        }
        if self.policy_due().is_some_and(|due| due <= now) {
            self.policy.wake(now);
            self.breath = Some(now + BREATH);
        }
        self.act(ctx);
    }

    fn send(&mut self, kill: Kill, ctx: &mut Context<Self>) {
        self.sent.retain(|kill| !kill.is_finished());
        self.sent.push(actix::spawn(send_or_return(self.core.clone(), ctx.address(), kill)));
    }

    fn stop_ticking(&mut self, ctx: &mut Context<Self>) {
        if let Some((_, tick)) = self.tick.take() {
            ctx.cancel_future(tick);
        }
    }

    /// The end: the supervisor sees all calls out; then what is left is killed, sessions are
    /// ended, and the supervisor closes the sockets. In this order, for calls in flight may
    /// still open cursors and use sessions, and calls that wait must not wait for kills. What
    /// does not succeed in time is left to the server.
    ///
    /// Cursors that callers hold together with their only socket are killed at once, while that
    /// is there: behind a batch that may be under way, and no further one will be asked for.
    ///
    /// It begins once: handles that are dropped after a `close` ask for it again, and would
    /// else overtake the kills and the grace of the first.
    fn drain(&mut self, grace: Duration, ctx: &mut Context<Self>) {
        self.stop_ticking(ctx);
        if std::mem::replace(&mut self.draining, true) {
            return;
        }
        for OpenCursor { server, namespace, id, lease } in self.core.open_cursors.drain_pinned() {
            self.send(Kill::new(server, namespace, vec![id], lease), ctx);
        }
        let quiet = self.core.supervisor.send(Quiesce { grace }).into_actor(self);
        ctx.spawn(quiet.then(|_, manager, _| {
            let mut kills = Vec::new();
            for OpenCursor { server, namespace, id, lease } in manager.core.open_cursors.drain() {
                match lease {
                    None => manager.policy.keep(ClosedCursor { server, namespace, id, at: Instant::now() }),
                    Some(_) => kills.push(Kill::new(server, namespace, vec![id], lease)),
                }
            }
            kills.extend(Kill::of(manager.policy.take_all()));
            kills.extend(manager.retries.take_all());
            manager.core.desk.report.set_waiting(0);
            let sent = std::mem::take(&mut manager.sent);
            last_words(manager.core.clone(), kills, sent).into_actor(manager)
        }));
    }
}

async fn last_words(core: Arc<Core>, kills: Vec<Kill>, sent: Vec<JoinHandle<()>>) {
    let work = async {
        for kill in kills {
            send(core.clone(), kill, LAST_PATIENCE).await;
        }
        for kill in sent {
            // It may still wait for a socket. One that panicked has said so.
            let _ = kill.await;
        }
        for ids in EndSessions::batches(core.sessions.drain()) {
            let ended = execute_internal(&core, EndSessions::new(ids), LAST_PATIENCE).await;
            log("endSessions", ended);
        }
    };
    // Late is as good as failed.
    let _ = tokio::time::timeout(LAST_PATIENCE, work).await;
    core.supervisor.do_send(Shutdown);
}

/// A kill that the server did not answer comes back: to be tried again, or, if it still waited
/// for a socket when the end began, for the last words. Not so one over a socket of its own: with
/// that the way to the cursor is gone.
async fn send_or_return(core: Arc<Core>, manager: Addr<CursorManagerActor>, kill: Kill) {
    // That of a request is not the only way, but behind a load balancer.
    let of_request = |lease: &Arc<Lease>| lease.purpose() == Purpose::Request && !core.is_balanced();
    let in_line = kill.lease.as_ref().is_none_or(of_request);
    // The socket is not kept beyond the kill.
    let again = Kill { lease: None, ..kill.clone() };
    let result = kill_within(PATIENCE, &core, kill).await;
    if in_line && result.as_ref().is_err_and(is_unheard) {
        manager.do_send(Unheard(again));
    }
    log("killCursors", result);
}

async fn send(core: Arc<Core>, kill: Kill, patience: Duration) {
    log("killCursors", kill_within(patience, &core, kill).await);
}

/// Gives a kill up by dropping it. A deadline in the request itself would close the socket
/// when it passes, and so break off what is in flight before the kill, where a socket has
/// more than one request in flight; so that one is never reached.
async fn kill_within(patience: Duration, core: &Core, kill: Kill) -> Result<()> {
    let kill = execute_internal(core, KillCommand::new(kill), 2 * patience);
    let late = |_| Error::new(Kind::Timeout, "the kill was given up");
    tokio::time::timeout(patience, kill).await.map_err(late)?
}

fn log(what: &str, result: Result<()>) {
    if let Err(error) = result {
        tracing::debug!(target: "actix_mongo::cursor", %error, "{what} failed; what is not repeated the server cleans up by itself");
    }
}

/// A kill did not reach its server.
struct Unheard(Kill);

impl actix::Message for Unheard {
    type Result = ();
}

impl Actor for CursorManagerActor {
    type Context = Context<Self>;

    fn started(&mut self, _ctx: &mut Self::Context) {
        #[cfg(feature = "unstable-internals")]
        crate::actors::provoke::enter(&_ctx.address());
        self.vital = Vital::here();
    }
}

impl Handler<CursorRetired> for CursorManagerActor {
    type Result = ();

    fn handle(&mut self, msg: CursorRetired, ctx: &mut Self::Context) {
        self.add(msg, ctx);
    }
}

impl Handler<Orphaned> for CursorManagerActor {
    type Result = ();

    fn handle(&mut self, msg: Orphaned, ctx: &mut Self::Context) {
        let Orphaned { server, namespace, id, lease } = msg;
        self.add(CursorRetired { server, namespace, id, lease: lease.map(Arc::new) }, ctx);
    }
}

impl Handler<Unheard> for CursorManagerActor {
    type Result = ();

    fn handle(&mut self, Unheard(kill): Unheard, ctx: &mut Self::Context) {
        self.take_back(kill, ctx);
    }
}

impl Handler<SetCursorManager> for CursorManagerActor {
    type Result = bool;

    /// What the old policy left is the new one's to decide about.
    fn handle(&mut self, SetCursorManager(manager): SetCursorManager, ctx: &mut Self::Context) -> bool {
        if self.draining {
            // Its drop is user code.
            if let Some(words) = manager.discard() {
                self.note(&words);
            }
            return false;
        }
        let name = manager.name();
        self.policy.set(manager);
        // What the old one panicked with as it was dropped says nothing of the new one.
        self.policy.take_panics().iter().for_each(|words| self.note(words));
        self.core.desk.report.set(name);
        self.act(ctx);
        true
    }
}

impl Handler<FindClosed> for CursorManagerActor {
    type Result = MessageResult<FindClosed>;

    fn handle(&mut self, FindClosed(ids): FindClosed, _ctx: &mut Self::Context) -> Self::Result {
        MessageResult(self.policy.find(&ids))
    }
}

impl Handler<CursorsKilled> for CursorManagerActor {
    type Result = ();

    fn handle(&mut self, msg: CursorsKilled, ctx: &mut Self::Context) {
        self.policy.forget(&msg.server, &msg.namespace, &msg.ids);
        self.act(ctx);
    }
}

impl Handler<Drain> for CursorManagerActor {
    type Result = ();

    fn handle(&mut self, msg: Drain, ctx: &mut Self::Context) {
        self.drain(msg.grace, ctx);
    }
}

impl Handler<Dismissed> for CursorManagerActor {
    type Result = ();

    fn handle(&mut self, _msg: Dismissed, ctx: &mut Self::Context) {
        // Dropped here, where a panic of it is caught.
        self.policy.set(NamedManager::default());
        self.policy.take_panics().iter().for_each(|words| self.note(words));
        self.vital.release();
        ctx.stop();
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(CursorManagerActor);
