//! From a call to whoever sent the message: an answer comes in any case, also if user's code
//! panics or the arbiter stops, and a requester who is gone has its call dropped.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use actix::dev::{MessageResponse, OneshotSender};

use super::Gateway;
use super::messages::Ask;
use super::room::Permit;
use crate::collection::Running;
use crate::dispatch::closed;
use crate::error::{Error, Kind, Result};

/// A call that was started, or the reason why not.
pub struct Pending<T>(pub(super) Result<(Running<T>, Permit)>);

impl<M: Ask> MessageResponse<Gateway, M> for Pending<M::Output> {
    fn handle(self, _ctx: &mut actix::Context<Gateway>, sender: Option<OneshotSender<M::Result>>) {
        let reply = Reply { sender, operation: M::OPERATION };
        match self.0 {
            Ok((call, permit)) => drop(actix::spawn(run(call, permit, reply))),
            Err(error) => reply.give(Err(error)),
        }
    }
}

/// Runs a call to its end, or until nobody wants its result any more.
async fn run<T>(mut call: Running<T>, permit: Permit, mut reply: Reply<T>) {
    let result = poll_fn(|task| {
        if reply.is_unwanted(task) {
            return Poll::Ready(None);
        }
        match contained(Kind::Decode, "reading the reply", || Ok(call.as_mut().poll(task))) {
            Ok(poll) => poll.map(Some),
            Err(error) => Poll::Ready(Some(Err(error.ran(true)))),
        }
    })
    .await;
    drop(call);
    // First: who has the answer may send the next message at once.
    drop(permit);
    match result {
        Some(result) => reply.give(result),
        None => reply.forget(),
    }
}

/// Owes the requester an answer.
struct Reply<T> {
    /// `None` from the start for messages that were sent without asking for one.
    sender: Option<OneshotSender<Result<T>>>,
    operation: &'static str,
}

impl<T> Reply<T> {
    fn give(mut self, result: Result<T>) {
        match self.sender.take() {
            // The requester may be gone since.
            Some(sender) => drop(sender.send(result)),
            None => self.note(result),
        }
    }

    /// What nobody asked for is told to the log, if it failed.
    fn note(&self, result: Result<T>) {
        if let Err(error) = result {
            let operation = self.operation;
            tracing::debug!(target: "actix_mongo::gateway", operation, %error, "a message failed that nobody waits for");
        }
    }

    fn forget(mut self) {
        self.sender = None;
    }

    fn is_unwanted(&mut self, task: &mut Context<'_>) -> bool {
        self.sender.as_mut().is_some_and(|sender| sender.poll_closed(task).is_ready())
    }
}

impl<T> Drop for Reply<T> {
    /// The arbiter ended with the call under way.
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            drop(sender.send(Err(closed().ran(true).with_operation(self.operation))));
        }
    }
}

/// Runs what may be user's code, and makes an error of its panic.
pub fn contained<T>(kind: Kind, doing: &str, code: impl FnOnce() -> Result<T>) -> Result<T> {
    // Whatever panicked is not looked at again: it is dropped by the caller.
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|panic| Err(panicked(kind, doing, &*panic)))
}

#[cold]
fn panicked(kind: Kind, doing: &str, panic: &(dyn Any + Send)) -> Error {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::new(kind, format!("{doing} panicked: {}", words.unwrap_or("without words")))
}

/// The error of a message whose deadline has passed before it was looked at.
pub fn expired() -> Error {
    Error::new(Kind::Timeout, "the deadline passed before the gateway took the message; nothing was sent")
}
