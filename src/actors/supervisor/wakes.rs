//! Counts how often the supervisor is woken, for the tests that hold it to having no part in
//! an operation that goes well. Nothing is counted before somebody asks.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context as TaskContext, Poll};

use actix::{ActorFuture, AsyncContext, Context, Handler, MessageResult};

use super::Supervisor;

/// Counts from now on, in what it answers with.
#[derive(Debug)]
pub struct CountWakes;

impl actix::Message for CountWakes {
    type Result = Arc<AtomicU64>;
}

/// An actor's context polls all that was spawned on it whenever it is woken, by a message of
/// whatever kind or by a timer: so this sees every message, also those of kinds to come.
struct Wakes(Arc<AtomicU64>);

impl ActorFuture<Supervisor> for Wakes {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        _supervisor: &mut Supervisor,
        _ctx: &mut Context<Supervisor>,
        _task: &mut TaskContext<'_>,
    ) -> Poll<()> {
        self.0.fetch_add(1, Relaxed);
        Poll::Pending
    }
}

impl Handler<CountWakes> for Supervisor {
    type Result = MessageResult<CountWakes>;

    fn handle(&mut self, _msg: CountWakes, ctx: &mut Self::Context) -> Self::Result {
        let count = Arc::<AtomicU64>::default();
        ctx.spawn(Wakes(count.clone()));
        MessageResult(count)
    }
}
