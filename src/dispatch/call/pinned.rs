//! The way of a call that belongs to a request: over that one's socket, or nowhere.

use super::Call;
use crate::dispatch::operation::Plan;
use crate::dispatch::pinned::{Pinned, Way, over};
use crate::dispatch::select::Selected;
use crate::dispatch::via::Via;
use crate::error::{Error, Kind, Result};
use crate::topology::Criteria;

impl<'a> Call<'a> {
    fn request(&self) -> Option<&'a Pinned> {
        self.scope?.request.as_deref()
    }

    /// Has the call go over its request's socket, and says where that is. `None` if it goes
    /// where all calls do: outside of requests, and where a cursor was opened in a request
    /// that has ended since, or is at another server now.
    pub(super) fn way_of_request(&self, plan: &mut Plan) -> Result<Option<Selected>> {
        let Some(request) = self.request() else { return Ok(None) };
        let batch_of = match &plan.target {
            // It has its socket already.
            Criteria::Server(_) if plan.via.is_bound() => return Ok(None),
            Criteria::Server(server) => Some(server),
            _ => None,
        };
        // First: of a connection that was closed nothing else is to be said.
        let snapshot = self.core.snapshot()?;
        match (request.way()?, batch_of) {
            (Way::Held { pool, .. }, Some(server)) if pool.address() != server => Ok(None),
            (Way::Held { pool, turns }, _) => {
                plan.via = Via::Turns(turns);
                Ok(Some(Selected { pool, snapshot }))
            }
            (Way::Over, Some(_)) => Ok(None),
            (Way::Over, None) => Err(over()),
        }
    }

    /// An error that came in place of an answer. If it is the end of the request's socket,
    /// the request takes note, and the error says what to do.
    pub(super) fn heard_by_request(&self, plan: &Plan, error: Error) -> Error {
        let (Some(request), Some(turns)) = (self.request(), plan.via.turns()) else { return error };
        let ended = matches!(error.kind(), Kind::AutoReconnect | Kind::PoolCleared | Kind::Protocol);
        // A call that ran out of time before it was sent leaves the socket alone.
        match ended || error.may_have_run() {
            true => request.lose(turns, error),
            false => error,
        }
    }
}
