//! A call between its claim and its answer, and what becomes of it when it is dropped.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::shared::{Core, closed};
use crate::error::{Error, Kind, Result};
use crate::pool::{Claim, Entered, Entry, Failure, Lease, Outcome, Pool, Room, Run, Ticket, Turns};
use crate::race::{Either, race};

impl Core {
    /// What a future gives, if it does until then; else the error that `late` makes.
    ///
    /// Cancel safety: that of the future.
    pub async fn within<F: Future>(
        &self,
        until: Instant,
        future: F,
        late: impl FnOnce() -> Error,
    ) -> Result<F::Output> {
        match race(pin!(future), self.alarms.wake_at(until)).await {
            Either::Left(output) => Ok(output),
            Either::Right(Ok(())) => Err(late()),
            // The timer is gone, and with it the connection.
            Either::Right(Err(_)) => Err(closed()),
        }
    }

    /// Until when a call may wait for a server and a socket, from `now` on: as long as its own
    /// limit and the one for the selection of servers allow.
    pub fn waits_until(&self, now: Instant, deadline: Option<Instant>) -> Instant {
        let selection = now + self.options.server_selection_timeout;
        deadline.map_or(selection, |deadline| deadline.min(selection))
    }
}

/// Resolves to the outcome of one request. Dropped before, the request is taken out of
/// the queue if it still waits there; if it was sent, its socket reads the reply to its
/// end; and if the answer came and was not looked at, nothing of it is lost.
#[derive(Debug)]
pub struct Waiting<'a> {
    core: &'a Core,
    pool: &'a Arc<Pool>,
    place: Place<'a>,
    answer: Option<oneshot::Receiver<Outcome>>,
    /// Ends the wait if the socket does not: its arbiter may be blocked, if it is a lent one;
    /// or the request may not have come to it yet.
    alarm: Option<oneshot::Receiver<()>>,
}

/// Where a request may wait.
#[derive(Debug, Default)]
enum Place<'a> {
    /// It is with a socket, or refused.
    #[default]
    None,
    /// In the pool's queue.
    Queue(Ticket),
    /// In the line of a held socket. Boxed: hardly any call comes here.
    Line(Box<InLine<'a>>),
}

/// A place behind the other calls of a request.
#[derive(Debug)]
struct InLine<'a> {
    turns: &'a Arc<Turns>,
    ticket: Ticket,
    deadline: Option<Instant>,
}

/// How long after the deadline a socket is given to say so itself: it knows what was written.
const LATE: Duration = Duration::from_millis(15);

impl<'a> Waiting<'a> {
    /// Claims a socket for `run`, or queues it. This is the whole of sending.
    pub fn submit(
        core: &'a Core,
        pool: &'a Arc<Pool>,
        run: Box<Run>,
        answer: oneshot::Receiver<Outcome>,
    ) -> Self {
        let mut queued = Place::None;
        let mut alarm = run.deadline.filter(|_| pool.options().lent);
        match pool.claim(Entry::Run(run), Instant::now) {
            Claim::Taken(slot, entry) => {
                // While this thread is blocked, nobody on it would hear the alarm either.
                alarm = alarm.filter(|_| !slot.lives_on(thread::current().id()));
                slot.submit(entry);
            }
            Claim::Refused(entry, error) => {
                alarm = None;
                entry.fail(error.with_server(pool.address()));
            }
            Claim::Queued { ticket, arm, grow } => {
                queued = Place::Queue(ticket);
                if grow {
                    core.grow(pool);
                }
                if let Some(at) = arm {
                    core.alarms.expire_at(at, pool);
                }
            }
        }
        let alarm = alarm.map(|deadline| core.alarms.wake_at(deadline + LATE));
        Self { core, pool, place: queued, answer: Some(answer), alarm }
    }

    /// Sends `run` over a socket that somebody holds.
    pub fn on(
        core: &'a Core,
        pool: &'a Arc<Pool>,
        lease: &'a Lease,
        run: Box<Run>,
        answer: oneshot::Receiver<Outcome>,
    ) -> Self {
        if let Some(turns) = lease.turns() {
            return Self::in_line(core, pool, turns, run, answer);
        }
        let alarm = run.deadline.filter(|_| pool.options().lent);
        let alarm = alarm.map(|deadline| core.alarms.wake_at(deadline + LATE));
        lease.submit(run);
        Self { core, pool, place: Place::None, answer: Some(answer), alarm }
    }

    /// Sends `run` over the socket of a request, once it is its turn there.
    pub fn in_line(
        core: &'a Core,
        pool: &'a Arc<Pool>,
        turns: &'a Arc<Turns>,
        run: Box<Run>,
        answer: oneshot::Receiver<Outcome>,
    ) -> Self {
        let options = pool.options();
        let room = Room { requests: options.max_queued_requests, bytes: options.max_queued_bytes };
        let (deadline, until) = (run.deadline, run.deadline.into_iter().chain(run.wait_deadline).min());
        let (mut place, mut alarm) = (Place::None, None);
        match turns.enter(run, room) {
            Entered::Sent => alarm = deadline.filter(|_| options.lent).map(|deadline| deadline + LATE),
            Entered::Queued(ticket) => {
                place = Place::Line(Box::new(InLine { turns, ticket, deadline }));
                alarm = until;
            }
            // Where it is sent away, the answer is here with that.
            Entered::Full { run, queued } => {
                drop(run.fail(line_full(queued).with_server(pool.address()), None));
            }
            Entered::Over(run) => drop(run.fail(given_back(), None)),
        }
        let alarm = alarm.map(|at| core.alarms.wake_at(at));
        Self { core, pool, place, answer: Some(answer), alarm }
    }
}

impl Future for Waiting<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Outcome> {
        // An entry that is dropped answers by that, so the sender is never gone in
        // silence; if it were, the connection is over.
        let Some(answer) = &mut self.answer else { return Poll::Ready(Err(Failure::new(closed()))) };
        if let Poll::Ready(outcome) = Pin::new(answer).poll(task) {
            self.answer = None;
            return Poll::Ready(outcome.unwrap_or_else(|_| Err(Failure::new(closed()))));
        }
        let Some(alarm) = &mut self.alarm else { return Poll::Pending };
        let Poll::Ready(rung) = Pin::new(alarm).poll(task) else { return Poll::Pending };
        self.alarm = None;
        if rung.is_err() {
            // The timer is gone, and with it the connection: the answer says so.
            return Poll::Pending;
        }
        if let Place::Line(line) = std::mem::take(&mut self.place) {
            let InLine { turns, ticket, deadline } = *line;
            match turns.cancel(ticket) {
                Some(run) => {
                    let error = no_turn(run.deadline).with_server(self.pool.address());
                    // Its answer is there with that.
                    drop(run.fail(error, None));
                }
                // It has come to the socket, which watches the time from then on.
                None if self.pool.options().lent => {
                    self.alarm = deadline.map(|deadline| self.core.alarms.wake_at(deadline + LATE));
                }
                None => {}
            }
            return self.poll(task);
        }
        self.core.overdue();
        // What is still in the socket's mailbox will not be sent, since nobody waits for it
        // then; but that can't be told from what was.
        Poll::Ready(Err(Failure::new(unheard().ran(true))))
    }
}

fn line_full(queued: usize) -> Error {
    let sentence = format!(
        "{queued} calls of this request wait for its socket, as many, or as many bytes, as the limits \
         max_queued_requests and max_queued_bytes allow; await some of them first, or use more requests"
    );
    Error::new(Kind::QueueFull, sentence)
}

/// The request knows why, and says so.
fn given_back() -> Error {
    Error::new(Kind::AutoReconnect, "the socket was given back before the call came to it").network()
}

/// `deadline` is that of the call.
fn no_turn(deadline: Option<Instant>) -> Error {
    match deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        true => Error::new(
            Kind::Timeout,
            "the operation's timeout ran out while an earlier call of its request was under way",
        ),
        false => Error::new(
            Kind::WaitQueueTimeout,
            "an earlier call of the same request was under way for as long as a call may wait for a socket \
             (waitQueueTimeoutMS, or else serverSelectionTimeoutMS)",
        ),
    }
}

pub(super) fn unheard() -> Error {
    Error::new(
        Kind::Timeout,
        "the operation's timeout ran out, and its socket did not say so: the lent arbiter that it lives on is \
         blocked, or has too much to do",
    )
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(mut answer) = self.answer.take() else { return };
        answer.close();
        // In this order: an answer sent before the close is here, one sent after it
        // comes back to its sender.
        if let Ok(outcome) = answer.try_recv() {
            self.core.discard(outcome);
            return;
        }
        let run = match std::mem::take(&mut self.place) {
            Place::None => None,
            Place::Line(line) => line.turns.cancel(line.ticket),
            Place::Queue(ticket) => {
                let entry = self.pool.cancel(ticket);
                if entry.is_some() {
                    // Its place in front may have held up others.
                    self.pool.serve();
                }
                entry.and_then(Entry::into_run)
            }
        };
        // A retry holds a session, which goes back.
        if let Some(run) = run
            && let Err(outcome) = run.fail(closed(), None)
        {
            self.core.discard(outcome);
        }
    }
}
