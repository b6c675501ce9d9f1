//! A call between its claim and its answer, and what becomes of it when it is dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::oneshot;

use super::shared::{Core, closed};
use crate::pool::{Claim, Entry, Failure, Outcome, Pool, Run, Ticket};

/// Resolves to the outcome of one request. Dropped before, the request is taken out of
/// the queue if it still waits there; if it was sent, its socket reads the reply to its
/// end; and if the answer came and was not looked at, nothing of it is lost.
#[derive(Debug)]
pub struct Waiting<'a> {
    core: &'a Core,
    pool: &'a Arc<Pool>,
    ticket: Option<Ticket>,
    answer: Option<oneshot::Receiver<Outcome>>,
}

impl<'a> Waiting<'a> {
    /// Claims a socket for `run`, or queues it. This is the whole of sending.
    pub fn submit(
        core: &'a Core,
        pool: &'a Arc<Pool>,
        run: Box<Run>,
        answer: oneshot::Receiver<Outcome>,
    ) -> Self {
        let mut ticket = None;
        match pool.claim(Entry::Run(run), Instant::now) {
            Claim::Taken(slot, entry) => slot.submit(entry),
            Claim::Refused(entry, error) => entry.fail(error.with_server(pool.address())),
            Claim::Queued { ticket: place, arm, grow } => {
                ticket = Some(place);
                if grow {
                    core.grow(pool);
                }
                if let Some(at) = arm {
                    core.expire_at(at, pool);
                }
            }
        }
        Self { core, pool, ticket, answer: Some(answer) }
    }
}

impl Future for Waiting<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Outcome> {
        // An entry that is dropped answers by that, so the sender is never gone in
        // silence; if it were, the connection is over.
        let Some(answer) = &mut self.answer else { return Poll::Ready(Err(Failure::new(closed()))) };
        let Poll::Ready(outcome) = Pin::new(answer).poll(task) else { return Poll::Pending };
        self.answer = None;
        Poll::Ready(outcome.unwrap_or_else(|_| Err(Failure::new(closed()))))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(mut answer) = self.answer.take() else { return };
        answer.close();
        // In this order: an answer sent before the close is here, one sent after it
        // comes back to its sender.
        if let Ok(outcome) = answer.try_recv() {
            self.core.discard(outcome);
        } else if let Some(entry) = self.ticket.and_then(|ticket| self.pool.cancel(ticket)) {
            // A retry holds a session, which goes back.
            if let Entry::Run(run) = entry
                && let Err(outcome) = run.fail(closed(), None)
            {
                self.core.discard(outcome);
            }
            // Its place in front may have held up others.
            self.pool.serve();
        }
    }
}
