//! The `CursorManager` actor: one per connection, on the control arbiter. Cursors that
//! were dropped, and those that sockets found in replies nobody took, come here; it kills
//! them in few batched commands. It never waits for a kill's result in line: a kill that did
//! not reach its server, for a socket broke or the pool was cleared, comes back as a message
//! and is tried again for a while.

mod batch;
mod operations;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};

use tokio::task::JoinHandle;

use self::batch::{Kill, KillBatch, is_unheard};
use self::operations::{EndSessions, KillCursors};
use crate::actors::socket::Orphaned;
use crate::actors::supervisor::{Quiesce, Shutdown};
use crate::actors::vital::Vital;
use crate::dispatch::{Core, CursorRetired, Drain, OpenCursor, execute_internal};
use crate::error::{Error, Kind, Result};
use crate::pool::{Lease, Purpose};

/// A kill that takes longer than this is given up: the server closes idle cursors itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// At the end, all kills and the end of sessions together get this long.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct CursorManager {
    core: Arc<Core>,
    batch: KillBatch,
    /// Flushes the batch when something in it has waited long enough, and when that is.
    tick: Option<(Instant, SpawnHandle)>,
    /// Kills under way, and some that are over.
    sent: Vec<JoinHandle<()>>,
    /// The end has begun.
    draining: bool,
    vital: Vital,
}

impl CursorManager {
    /// A manager that sends through this core.
    pub fn new(core: Arc<Core>) -> Self {
        let (batch, sent, vital) = (KillBatch::default(), Vec::new(), Vital::default());
        Self { core, batch, tick: None, sent, draining: false, vital }
    }

    fn add(&mut self, retired: CursorRetired, ctx: &mut Context<Self>) {
        let CursorRetired { server, namespace, id, lease } = retired;
        if lease.is_some() {
            // A socket is held for it, so it waits for no company, and in no line.
            self.sent.retain(|kill| !kill.is_finished());
            return self.send(Kill::new(server, namespace, vec![id], lease), ctx);
        }
        let full = self.batch.add(server, namespace, id, Instant::now());
        if full && !self.draining {
            return self.flush(ctx);
        }
        self.wind(ctx);
    }

    /// A kill did not reach its server. One that left has taken its cursors along; in the end
    /// nobody looks any more who left.
    fn take_back(&mut self, kill: Kill, ctx: &mut Context<Self>) {
        let known = self.core.snapshots.borrow().topology.servers.contains_key(&kill.server);
        if (known || self.draining) && self.batch.keep(kill, Instant::now()) {
            self.wind(ctx);
        }
    }

    /// Has the batch flushed when it is due.
    fn wind(&mut self, ctx: &mut Context<Self>) {
        let Some(due) = self.batch.due() else { return };
        // At the end the last words take all along; pools serve nothing else of ours until then.
        if self.draining || self.tick.is_some_and(|(tick, _)| tick <= due) {
            return;
        }
        self.stop_ticking(ctx);
        let tick = ctx.run_later(due.saturating_duration_since(Instant::now()), |manager, ctx| {
            manager.tick = None;
            manager.flush(ctx);
        });
        self.tick = Some((due, tick));
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        self.stop_ticking(ctx);
        self.sent.retain(|kill| !kill.is_finished());
        for kill in self.batch.take(Instant::now()) {
            self.send(kill, ctx);
        }
        self.wind(ctx);
    }

    fn send(&mut self, kill: Kill, ctx: &mut Context<Self>) {
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
                    None => _ = manager.batch.add(server, namespace, id, Instant::now()),
                    Some(_) => kills.push(Kill::new(server, namespace, vec![id], lease)),
                }
            }
            kills.extend(manager.batch.take_all());
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
async fn send_or_return(core: Arc<Core>, manager: Addr<CursorManager>, kill: Kill) {
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
    let kill = execute_internal(core, KillCursors::new(kill), 2 * patience);
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

impl Actor for CursorManager {
    type Context = Context<Self>;

    fn started(&mut self, _ctx: &mut Self::Context) {
        #[cfg(feature = "unstable-internals")]
        crate::actors::provoke::enter(&_ctx.address());
        self.vital = Vital::here();
    }
}

impl Handler<CursorRetired> for CursorManager {
    type Result = ();

    fn handle(&mut self, msg: CursorRetired, ctx: &mut Self::Context) {
        self.add(msg, ctx);
    }
}

impl Handler<Orphaned> for CursorManager {
    type Result = ();

    fn handle(&mut self, msg: Orphaned, ctx: &mut Self::Context) {
        let Orphaned { server, namespace, id, lease } = msg;
        self.add(CursorRetired { server, namespace, id, lease: lease.map(Arc::new) }, ctx);
    }
}

impl Handler<Unheard> for CursorManager {
    type Result = ();

    fn handle(&mut self, Unheard(kill): Unheard, ctx: &mut Self::Context) {
        self.take_back(kill, ctx);
    }
}

impl Handler<Drain> for CursorManager {
    type Result = ();

    fn handle(&mut self, msg: Drain, ctx: &mut Self::Context) {
        self.drain(msg.grace, ctx);
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(CursorManager);
