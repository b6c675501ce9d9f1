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
use crate::dispatch::{Core, CursorRetired, Drain, execute_internal};
use crate::error::{Error, Kind};
use crate::pool::Namespace;
use crate::topology::ServerAddress;

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

    fn add(&mut self, server: ServerAddress, namespace: Arc<Namespace>, id: i64, ctx: &mut Context<Self>) {
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
            self.sent.push(actix::spawn(send_or_return(self.core.clone(), ctx.address(), kill)));
        }
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
    /// It begins once: handles that are dropped after a `close` ask for it again, and would
    /// else overtake the kills and the grace of the first.
    fn drain(&mut self, grace: Duration, ctx: &mut Context<Self>) {
        self.stop_ticking(ctx);
        if std::mem::replace(&mut self.draining, true) {
            return;
        }
        let quiet = self.core.supervisor.send(Quiesce { grace }).into_actor(self);
        ctx.spawn(quiet.then(|_, manager, _| {
            for (server, namespace, id) in manager.core.open_cursors.drain() {
                manager.batch.add(server, namespace, id, Instant::now());
            }
            let kills = manager.batch.take();
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
    let (server, namespace, ids) = (kill.server.clone(), kill.namespace.clone(), kill.ids.clone());
    let result = kill_within(PATIENCE, &core, kill).await;
    if result.as_ref().is_err_and(|error| error.kind() == Kind::Closed && !error.may_have_run()) {
        for id in ids {
            manager.do_send(CursorRetired { server: server.clone(), namespace: namespace.clone(), id });
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
        self.add(msg.server, msg.namespace, msg.id, ctx);
    }
}

impl Handler<Orphaned> for CursorManager {
    type Result = ();

    fn handle(&mut self, msg: Orphaned, ctx: &mut Self::Context) {
        self.add(msg.server, msg.namespace, msg.id, ctx);
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
