//! How attempts end short of success, and what becomes of their errors.

use super::Call;
use crate::command::reply;
use crate::command::retryability::{explain_missing_numbers, label_retryable_write};
use crate::error::{Error, Kind};
use crate::pool::{Answer, Lease};
use crate::session::ServerSession;
use crate::topology::{ServerAddress, TopologyKind};

/// How one attempt ended short of an answer that reports success.
pub(super) struct Failed {
    pub error: Error,
    pub session: Option<ServerSession>,
    /// The error was read from a socket, so the supervisor was told of it.
    pub reported: bool,
    pub server: Option<ServerAddress>,
    /// The picture that the attempt was made from.
    pub version: u64,
    /// The reply, without its body and session, if it says `ok` all the same.
    pub refusal: Option<Answer>,
    /// The socket that was held for the operation, which a reply has left sound.
    pub own: Option<Lease>,
}

impl Call<'_> {
    /// A reply that reports some trouble: an error, unless the operation does not mind.
    pub(super) fn judge(
        &self,
        writes: bool,
        mut answer: Answer,
        version: u64,
    ) -> Result<Answer, Box<Failed>> {
        self.observe(&answer);
        let body = std::mem::take(&mut answer.body);
        let check = if writes { reply::check_write } else { reply::check };
        match check(body, &answer.server) {
            Ok(body) => {
                answer.body = body;
                Ok(answer)
            }
            Err(error) => {
                let (server, session) = (Some(answer.server.clone()), answer.session.take());
                let refusal = Some(answer).filter(|_| error.kind() == Kind::Write);
                Err(Box::new(Failed { error, session, reported: true, server, version, refusal, own: None }))
            }
        }
    }

    /// The labels that the driver itself adds (retryable writes specification).
    pub(super) fn label(&self, error: Error) -> Error {
        let Some(version) = self.numbered else { return error };
        let error = explain_missing_numbers(error);
        let mongos = self.core.snapshots.borrow().topology.kind == TopologyKind::Sharded;
        label_retryable_write(error, Some(version), mongos)
    }

    pub(super) fn unsent(&self, error: Error) -> Box<Failed> {
        Box::new(Failed {
            error,
            session: None,
            reported: false,
            server: None,
            version: self.version,
            refusal: None,
            own: None,
        })
    }

    /// Selection that was cut short by the operation's own timeout is a timeout.
    pub(super) fn out_of_time(&self, error: Error) -> Error {
        let own = self.deadline.is_some_and(|deadline| deadline <= self.selection_deadline);
        if own && error.kind() == Kind::ServerSelection {
            return Error::new(
                Kind::Timeout,
                format!("the operation's timeout ran out: {}", error.message()),
            );
        }
        error
    }
}
