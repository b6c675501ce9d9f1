//! One operation, from the caller's await to its result.

use std::time::{Duration, Instant};

use super::call::Call;
use super::handle::Handle;
use super::operation::{Operation, Plan};
use super::readers::{is_spread, spread};
use super::session::enter_scope;
use super::shared::Core;
use crate::error::{Error, Result};
use crate::pool::Answer;

/// Runs `operation`. `timeout` is its own; `None` takes the handle's, zero is none.
///
/// Cancel safety: safe to drop at every await; see `dispatch::waiting`.
#[allow(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and more than a kilobyte takes the allocator's slow way"
)]
pub fn execute<O: Operation>(
    mut handle: Handle,
    mut operation: O,
    timeout: Option<Duration>,
) -> impl Future<Output = Result<O::Output>> + Send {
    async move {
        enter_scope(&mut handle, operation.plan());
        let timeout = timeout.or_else(|| handle.scope().timeout).filter(|limit| !limit.is_zero());
        let now = Instant::now();
        // A limit beyond what the clock can tell is none.
        let deadline = timeout.and_then(move |limit| now.checked_add(limit));
        let name = operation.name();
        if is_spread(handle.scope(), operation.plan()) {
            // Boxed: who has one connection need not have room for others.
            let read = Box::pin(spread(&handle, &mut operation, deadline)).await;
            if let Some(result) = read {
                return result;
            }
        }
        let (mut turn, mut in_use) = (None, None);
        if let Some(session) = &handle.scope().session {
            // Boxed: who has no session need not have room for the wait.
            let place = match operation.takes_turn() {
                true => Box::pin(session.turn(&handle, operation.plan(), now, deadline)).await.map(Some),
                false => session.join_open().map(|joined| {
                    in_use = Some(Box::new(joined));
                    None
                }),
            };
            match place {
                Ok(mine) => turn = mine,
                Err(error) => return Err(error.with_operation(name)),
            }
        }
        // Not `now`: it would have to be kept over the wait, and all of this is allocated.
        let waits = turn.as_ref().and_then(|turn| turn.waits_until());
        let mut call = Call::new(handle.core(), Some(handle.scope()), operation.plan(), deadline, waits);
        let result = call.run(&mut operation).await;
        let attempts = call.attempts();
        if let Some(mut turn) = turn {
            turn.over();
        }
        if let Some(in_use) = &mut in_use {
            in_use.over();
        }
        conclude(&mut operation, &handle, result, attempts)
    }
}

/// From the last answer to the caller's result.
pub(super) fn conclude<O: Operation>(
    operation: &mut O,
    handle: &Handle,
    result: Result<Answer>,
    attempts: u32,
) -> Result<O::Output> {
    let name = operation.name();
    match result {
        Ok(mut answer) => {
            answer.attempts = attempts;
            let output = operation.read(&mut answer, handle);
            if let Some(session) = answer.session.take() {
                handle.core().give_back(session);
            }
            output.map_err(|error| {
                let error = of_call(error, operation.plan(), attempts);
                error.with_operation(name).with_server(&answer.server)
            })
        }
        Err(error) => {
            let error = of_call(error, operation.plan(), attempts);
            Err(operation.explain(error).with_operation(name))
        }
    }
}

fn of_call(error: Error, plan: &Plan, attempts: u32) -> Error {
    let collection = plan.collection.as_ref().map(|namespace| &*namespace.collection);
    error.with_call(&plan.database, collection, attempts)
}

/// Runs an operation of the driver's own: also while the connection closes, with a limit
/// of its own, and without a handle.
pub async fn execute_internal<O: Operation>(core: &Core, mut operation: O, timeout: Duration) -> Result<()> {
    let name = operation.name();
    let result = Call::last(core, &mut operation, timeout).await;
    match result {
        Ok(mut answer) => {
            answer.session.take().into_iter().for_each(|session| core.give_back(session));
            Ok(())
        }
        Err(error) => Err(error.with_operation(name)),
    }
}
