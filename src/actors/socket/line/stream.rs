//! Replies that the server sends by itself: who waits for one has a place in the line as
//! every request has, and listeners are told of it as of one.

use std::time::Instant;

use bson::RawDocumentBuf;

use super::{Flying, Line};
use crate::pool::{Run, SessionUse};

/// A command as it was sent, and the call that it was sent for, as listeners know it.
#[derive(Debug)]
pub struct Said {
    command: RawDocumentBuf,
    operation_id: i64,
}

impl Line {
    /// Takes the wish for the next reply of a stream, which will name `answers_to`: as a
    /// request that is written already, and by which listeners are told of what was `said`
    /// once more. The line must be empty.
    pub fn take_next_of_stream(
        &mut self,
        mut run: Box<Run>,
        answers_to: i32,
        abandoned: Option<Instant>,
        said: Option<&Said>,
    ) {
        run.mark_written();
        // By an id of its own, so that this beginning has this end.
        let id = self.next_id();
        let watch = said.and_then(|said| self.teller.start_again(&said.command, id, said.operation_id));
        let session = match std::mem::replace(&mut run.session, SessionUse::None) {
            SessionUse::Held { session, .. } => Some(session),
            _ => None,
        };
        self.flight.push_back(Flying {
            run,
            session,
            request_id: answers_to,
            answers: true,
            abandoned,
            watch,
        });
        self.writing = self.flight.len();
    }

    /// Whether the oldest request allows more replies than one.
    pub fn takes_stream(&self) -> bool {
        let oldest = self.flight.front();
        oldest.is_some_and(|it| it.run.is_next_of_stream() || it.run.frame.takes_stream())
    }
}

impl Flying {
    /// What listeners were told of it, if somebody listens.
    pub fn said(&self) -> Option<Said> {
        self.watch.as_ref()?;
        Some(Said { command: self.run.frame.whole_command()?, operation_id: self.run.operation_id })
    }
}
