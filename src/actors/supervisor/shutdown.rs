//! The end, in two steps. First pools refuse and fail what waits, monitors stop, and sockets
//! in use get the grace. Then, when the cursor manager has said what was left to say, all
//! sockets close; and when none is left, the control thread is let go.

use std::sync::Arc;
use std::time::Duration;

use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, ResponseActFuture, WrapFuture};

use super::Supervisor;
use crate::actors::socket::What;
use crate::error::{Error, Kind};
use crate::events;
use crate::pool::{Origin, Pool};

/// Set once the end has begun.
#[derive(Debug, Default)]
pub struct Closing {
    /// All is said: nothing is served any more.
    ending: bool,
    /// The control thread was let go.
    over: bool,
}

/// A socket whose actor can't even hear an abort (its arbiter is blocked) is not waited
/// for any longer than this.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

impl Supervisor {
    /// The first step; ready when no call is in flight any more.
    pub(super) fn quiesce(&mut self, grace: Duration) -> ResponseActFuture<Self, ()> {
        if self.closing.is_none() {
            self.closing = Some(Closing::default());
            self.forget_dns();
            for member in self.members.values() {
                member.refuse(&closed());
            }
            self.publish(self.plan.topology.description().clone(), Some(closed()));
        }
        let members = self.members.values().chain(&self.leaving);
        let pools: Vec<Arc<Pool>> = members.map(|member| member.pool.clone()).collect();
        let quiet = async move {
            for pool in pools {
                pool.until_quiet().await;
            }
        };
        let handed_out = self.arbiters.handed_out();
        let grace = async move {
            let _ = tokio::time::timeout(grace, quiet).await;
            // Else the cursor manager would say its last words before it hears of a cursor in a
            // reply whose caller has gone.
            handed_out.await;
        };
        Box::pin(grace.into_actor(self).map(|(), supervisor, _| {
            for member in supervisor.members.values().chain(&supervisor.leaving) {
                member.interrupt(&closed());
            }
        }))
    }

    /// The second step: nothing of a caller's is in flight.
    pub(super) fn shut_down(&mut self, ctx: &mut Context<Self>) {
        let closing = self.closing.get_or_insert_default();
        if std::mem::replace(&mut closing.ending, true) {
            return;
        }
        for member in self.members.values().chain(&self.leaving) {
            member.close(&closed());
            member.abort(&closed());
        }
        self.tell(|id| events::closing(id, self.plan.topology.description()));
        ctx.run_later(LAST_PATIENCE, |supervisor, ctx| supervisor.end(ctx));
        self.look_for_the_end(ctx);
    }

    /// Called whenever a socket is gone.
    pub(super) fn look_for_the_end(&mut self, ctx: &mut Context<Self>) {
        if self.closing.as_ref().is_some_and(|closing| closing.ending)
            && self.leaving.is_empty()
            && self.members.values().all(super::Member::is_empty)
        {
            self.end(ctx);
        }
    }

    /// A socket of a server that has left the topology: what it tells is of no concern any
    /// more, except that it is gone.
    pub(super) fn has_left(&mut self, pool: &Arc<Pool>, what: &What, ctx: &mut Context<Self>) {
        let gone = match what {
            What::Failed { opening, .. } => opening.id,
            What::Closed { id, .. } => *id,
            What::Opened(_) | What::StateChange { .. } => return,
        };
        if let Some(member) = self.leaving.iter_mut().find(|member| Arc::ptr_eq(&member.pool, pool)) {
            pool.tell_closed(&member.forget(gone).0, Origin { generation: 0, service: None }, None);
        }
        self.leaving.retain(|member| !member.is_empty());
        self.look_for_the_end(ctx);
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        if let Some(closing) = &mut self.closing
            && !std::mem::replace(&mut closing.over, true)
        {
            ctx.stop();
            if !self.plan.tenant.leave() {
                // Others live on the same threads.
                self.vital.release();
            }
        }
    }
}

impl Drop for Supervisor {
    /// After an orderly end this finds all pools closed. A panic, or the end of the control
    /// thread, leaves queues behind that nobody serves or expires any more.
    fn drop(&mut self) {
        let error = match self.closing {
            Some(_) => closed(),
            None => Error::new(Kind::Closed, "the connection's supervisor is gone; make a new connection"),
        };
        for member in self.members.values().chain(&self.leaving) {
            member.close(&error);
            member.abort(&error);
        }
        if self.closing.is_none() {
            self.tell(|id| events::closing(id, self.plan.topology.description()));
        }
    }
}

fn closed() -> Error {
    Error::new(Kind::Closed, "the connection was closed")
}
