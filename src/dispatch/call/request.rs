//! From an operation to one attempt's request: encoded, in its session, and compressed here if
//! it is large.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::failed::Failed;
use super::{Call, is_balanced};
use crate::actors::snapshot::Snapshot;
use crate::dispatch::encode::encode;
use crate::dispatch::operation::{Operation, Retry};
use crate::dispatch::select::read_preference;
use crate::dispatch::via::{Via, lease};
use crate::error::{Error, Kind, Result};
use crate::pool::{Follow, Lease, Limits, Outcome, Pool, Purpose, Run, Surroundings};
use crate::wire::Frame;

/// A request and where its answer will arrive.
pub(super) type Request = (Box<Run>, oneshot::Receiver<Outcome>);

impl<'c> Call<'c> {
    /// Waits for a socket to hold. Boxed, and made apart: a call keeps no room for it.
    pub(super) fn hold<'a>(
        &self,
        pool: &'a Arc<Pool>,
        purpose: Purpose,
        frame: Option<&Frame>,
        wait_deadline: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Lease>> + Send + 'a>>
    where
        'c: 'a,
    {
        let bytes = frame.map_or(0, Frame::len);
        Box::pin(lease(self.core, pool, purpose, bytes, self.deadline, wait_deadline))
    }

    /// The request of one attempt over this pool. All that only it needs stays in here. `frame`
    /// is one that was written before and not sent. `None` leaves the frame there: it is so
    /// large that it needs a socket of its `own` first.
    pub(super) fn prepare<O: Operation>(
        &mut self,
        operation: &mut O,
        snapshot: &Snapshot,
        pool: &Pool,
        narrower: Option<&Limits>,
        waiting: &mut Option<Box<Frame>>,
        own: Option<&Lease>,
    ) -> std::result::Result<Option<Request>, Box<Failed>> {
        let core = self.core;
        let known = pool.limits();
        let limits = narrower.map_or(known, |narrower| known.and(narrower));
        let frame = match waiting.take() {
            Some(frame) => *frame,
            None => {
                let preference = read_preference(snapshot, pool, &operation.plan().target);
                let api = core.options.server_api.as_ref();
                match encode(operation, self.scope, &limits, preference.as_ref(), api) {
                    Ok(frame) => frame,
                    Err(error) => return Err(self.unsent(error.with_server(pool.address()))),
                }
            }
        };
        let plan = operation.plan();
        let is_large = is_large(&frame, &known);
        if is_large && own.is_none() && matches!(plan.via, Via::Pool) && !is_balanced(snapshot) {
            *waiting = Some(Box::new(frame));
            return Ok(None);
        }
        let numbered = plan.retry == Retry::Write && core.options.retry_writes && limits.retryable_writes;
        if !numbered && self.was_numbered() {
            return Err(self.unsent(no_numbers().with_server(pool.address())));
        }
        let (mut run, answer) = Run::new(frame);
        self.numbered = numbered.then_some(limits.max_wire_version);
        run.assumed = limits;
        run.operation_id = self.operation_id;
        run.session = self.session_use(plan, numbered);
        run.exclusive = plan.exclusive;
        if is_balanced(snapshot) && !plan.via.is_bound() {
            run.follow = Follow::HoldIfCursor(Purpose::Cursor);
            // Two that are under way on one socket might both want to hold it.
            run.exclusive = true;
        }
        if matches!(plan.via, Via::Turns(_)) {
            // Should nobody take the reply, its cursor is killed over the same socket.
            run.follow = Follow::HoldIfCursor(Purpose::Request);
        }
        run.last = self.closing;
        run.max_time = plan.max_time;
        run.deadline = self.deadline;
        if is_large && (own.is_some() || plan.via.is_bound()) {
            let around = Surroundings {
                sessions: &core.sessions,
                clock: &core.clock,
                now: Instant::now(),
                min_rtt: pool.min_rtt(),
                zlib_level: pool.options().zlib_level,
            };
            run.seal_apart(&Limits { compressor: known.compressor, ..limits }, &around);
        }
        Ok(Some((run, answer)))
    }
}

/// What a socket must be held for before a request is made, if it must; `frame` is one that
/// was written before and not sent.
pub(super) fn purpose(via: &Via, frame: Option<&Frame>, pool: &Pool) -> Option<Purpose> {
    match via {
        Via::Own(purpose) => Some(*purpose),
        Via::Pool => frame.filter(|frame| is_large(frame, &pool.limits())).map(|_| Purpose::Large),
        Via::Lease(_) | Via::Turns(_) => None,
    }
}

/// Whether the caller compresses it.
fn is_large(frame: &Frame, limits: &Limits) -> bool {
    limits.compressor.is_some_and(|compressor| frame.len() >= compressor.large())
}

/// Whether a socket that was held for a request is held on for what the answer left open.
pub(super) fn outlives(lease: &Lease) -> bool {
    lease.purpose() != Purpose::Large
}

fn no_numbers() -> Error {
    let sentence = "the server selected for a further attempt does not support retryable writes";
    Error::new(Kind::Unsupported, sentence)
}
