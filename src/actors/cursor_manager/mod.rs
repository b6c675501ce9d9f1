//! The `CursorManager` actor: one per connection, on the control arbiter. Cursors that
//! were dropped, and those that sockets found in replies nobody took, come here; it kills
//! them in few batched commands. It never waits for a kill's result in line.

mod batch;
mod operations;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};

use tokio::task::JoinHandle;

use self::batch::{Kill, KillBatch};
use self::operations::{EndSessions, KillCursors};
use crate::actors::socket::Orphaned;
use crate::actors::supervisor::{Quiesce, Shutdown};
use crate::actors::vital::Vital;
use crate::dispatch::{Core, CursorRetired, Drain, OpenCursor, execute_internal};
use crate::error::{Error, Kind};

/// A kill that takes longer than this is given up: the server closes idle cursors itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// At the end, all kills and the end of sessions together get this long.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct CursorManager {
    core: Arc<Core>,
    batch: KillBatch,
    /// Flushes the batch when its oldest id has waited long enough.
    tick: Option<SpawnHandle>,
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
            return self.send(Kill { server, namespace, ids: vec![id], lease }, ctx);
        }
        let now = Instant::now();
        let full = self.batch.add(server, namespace, id, now);
        if self.draining {
            // The last words take it along; pools serve nothing else of ours until then.
            return;
        }
        if full {
            self.flush(ctx);
        } else if let (None, Some(due)) = (self.tick, self.batch.due()) {
            self.tick = Some(ctx.run_later(due.saturating_duration_since(now), |manager, ctx| {
                manager.tick = None;
                manager.flush(ctx);
            }));
        }
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        self.stop_ticking(ctx);
        self.sent.retain(|kill| !kill.is_finished());
        for kill in self.batch.take() {
            self.send(kill, ctx);
        }
    }

    fn send(&mut self, kill: Kill, ctx: &mut Context<Self>) {
        self.sent.push(actix::spawn(send_or_return(self.core.clone(), ctx.address(), kill)));
    }

    fn stop_ticking(&mut self, ctx: &mut Context<Self>) {
        if let Some(tick) = self.tick.take() {
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
            self.send(Kill { server, namespace, ids: vec![id], lease }, ctx);
        }
        let quiet = self.core.supervisor.send(Quiesce { grace }).into_actor(self);
        ctx.spawn(quiet.then(|_, manager, _| {
            let mut kills = Vec::new();
            for OpenCursor { server, namespace, id, lease } in manager.core.open_cursors.drain() {
                match lease {
                    None => _ = manager.batch.add(server, namespace, id, Instant::now()),
                    Some(_) => kills.push(Kill { server, namespace, ids: vec![id], lease }),
                }
            }
            kills.extend(manager.batch.take());
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

/// A kill that still waited for a socket when the end began comes back, for the last words.
async fn send_or_return(core: Arc<Core>, manager: Addr<CursorManager>, kill: Kill) {
    // The socket is not kept beyond the kill.
    let Kill { server, namespace, ids, lease } = kill.clone();
    let in_line = lease.is_none();
    drop(lease);
    let result = kill_within(PATIENCE, &core, kill).await;
    let sent_away = |error: &Error| error.kind() == Kind::Closed && !error.may_have_run();
    if in_line && result.as_ref().is_err_and(sent_away) {
        for id in ids {
            let (server, namespace) = (server.clone(), namespace.clone());
            manager.do_send(CursorRetired { server, namespace, id, lease: None });
        }
    }
    log("killCursors", result);
}

async fn send(core: Arc<Core>, kill: Kill, patience: Duration) {
    log("killCursors", kill_within(patience, &core, kill).await);
}

/// Gives a kill up by dropping it. A deadline in the request itself would close the socket
/// when it passes, and so break off what is in flight before the kill, where a socket has
/// more than one request in flight; so that one is never reached.
async fn kill_within(patience: Duration, core: &Core, kill: Kill) -> crate::error::Result<()> {
    let kill = execute_internal(core, KillCursors::new(kill), 2 * patience);
    let late = |_| Error::new(Kind::Timeout, "the kill was given up");
    tokio::time::timeout(patience, kill).await.map_err(late)?
}

fn log(what: &str, result: crate::error::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(target: "actix_mongo::cursor", %error, "{what} failed; the server will clean up by itself");
    }
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

impl Handler<Drain> for CursorManager {
    type Result = ();

    fn handle(&mut self, msg: Drain, ctx: &mut Self::Context) {
        self.drain(msg.grace, ctx);
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(CursorManager);
