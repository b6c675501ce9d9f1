//! From bytes that were read to answers that callers get.

use std::time::Instant;

use bson::{RawDocument, RawDocumentBuf};

use super::Socket;
use super::answers::Ready;
use super::line::Flying;
use super::messages::{Applied, SocketEvent, What};
use crate::command::reply;
use crate::error::{Error, Kind};
use crate::pool::{Answer, Follow, Lease, Next, out_of_time};
use crate::session::ServerSession;
use crate::topology::CommandFailure;
use crate::wire::{ProtocolError, Reply, ReplyHead};

/// A reply, on its way to the caller.
#[derive(Debug)]
pub struct Delivery {
    flying: Flying,
    answer: Answer,
    /// The cursor that it leaves open, or 0.
    cursor: i64,
}

impl Socket {
    /// Takes what one read brought, and answers every request whose reply is complete.
    pub(super) fn received(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let (used, message) = self.splitter.feed(bytes).map_err(|error| self.protocol(error))?;
            bytes = bytes.get(used..).unwrap_or_default();
            if let Some(message) = message {
                let reply = Reply::parse(message).map_err(|error| self.protocol(error))?;
                self.deliver(reply)?;
            }
        }
        Ok(())
    }

    /// So many bytes went out; requests that get no reply are done with that.
    pub(super) fn wrote(&mut self, bytes: usize) {
        for mut flying in self.line.wrote(bytes) {
            let answer = self.answer_to(RawDocumentBuf::new(), true, None);
            if let Some(session) = flying.session.take() {
                self.give_back(session);
            }
            if let Some(watch) = flying.watch.take() {
                watch.written();
            }
            let next = self.follow(&flying, 0).1;
            // It has neither session nor cursor: nothing is lost if nobody takes it.
            drop(flying.run.answer(Ok(answer)));
            self.go_on(next);
        }
        self.leave_lease();
        self.rest();
    }

    /// The time of some requests is over before a byte of them was written: they fail, and
    /// the socket is none the worse for it. False if there are none.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let expired = self.line.expire(now);
        let found = !expired.is_empty();
        for flying in expired {
            let next = self.follow(&flying, 0).1;
            self.fail_flying(flying, out_of_time().with_server(self.pool.address()));
            self.go_on(next);
        }
        self.leave_lease();
        self.rest();
        found
    }

    fn deliver(&mut self, reply: Reply) -> Result<(), Error> {
        match self.ahead_of_callers(reply)? {
            Some(reply) => self.deliver_now(reply),
            None => Ok(()),
        }
    }

    /// Answers the oldest request with this.
    pub(super) fn deliver_now(&mut self, reply: Reply) -> Result<(), Error> {
        let more_to_come = self.goes_on(&reply)?;
        let mut flying = self.line.answered(&reply).map_err(|error| self.protocol(error))?;
        let head = match ReplyHead::scan(&reply.body) {
            Ok(head) => head,
            Err(error) => {
                let error = self.protocol(error);
                self.fail_flying(flying, error.clone());
                return Err(error);
            }
        };
        if let Some(time) = head.cluster_time {
            self.links.clock.advance(time);
        }
        if more_to_come {
            self.remember(&flying);
        }
        if let Some(watch) = flying.watch.take() {
            match head.ok {
                true => watch.succeeded(&reply.body),
                false => watch.failed(&self.refusal(&reply.body)),
            }
        }
        let cursor = head.cursor_id.unwrap_or(0);
        let clean = head.ok && head.write_errors.is_none() && head.write_concern_error.is_none();
        // A cursor goes on in its session; a failed operation may be retried in it.
        let session = match flying.session.take() {
            Some(session) if clean && cursor == 0 => {
                self.give_back(session);
                None
            }
            kept => kept,
        };
        let deadline = flying.run.deadline;
        let answer = Answer { more_to_come, deadline, ..self.answer_to(reply.body, clean, session) };
        let delivery = Delivery { answer, flying, cursor };
        if !clean && self.report_state_change(&delivery.answer.body) {
            self.reported.push_back(delivery);
        } else {
            self.complete(delivery);
        }
        Ok(())
    }

    /// The oldest report is applied.
    pub(super) fn applied(&mut self) {
        if let Some(delivery) = self.reported.pop_front() {
            self.complete(delivery);
        }
    }

    fn complete(&mut self, mut delivery: Delivery) {
        let (lease, next) = self.follow(&delivery.flying, delivery.cursor);
        delivery.answer.lease = lease;
        self.answer(delivery);
        self.drain_stream();
        self.go_on(next);
        self.leave_lease();
        self.rest();
    }

    /// Hands the answer out.
    pub(super) fn answer(&self, delivery: Delivery) {
        let ready = Ready {
            run: delivery.flying.run,
            answer: delivery.answer,
            links: self.links.clone(),
            pinned: self.origin.service.is_some(),
            session_timeout: self.line.limits().session_timeout,
        };
        if self.links.lent {
            ready.send();
        } else {
            ready.send_later();
        }
    }

    /// What becomes of the socket after this request: the lease it is now held by, if
    /// any, and what it does next. The pool is asked before the caller is answered, so
    /// that the caller's next operation finds this socket warm.
    fn follow(&mut self, flying: &Flying, cursor: i64) -> (Option<Lease>, Next) {
        let purpose = match flying.run.follow {
            // Of a request, whose lease it joins.
            Follow::HoldIfCursor(_) if self.held && cursor != 0 => return (flying.run.share(), Next::Idle),
            _ if self.held => return (None, Next::Idle),
            Follow::HoldIfCursor(purpose) if cursor != 0 => purpose,
            Follow::Release | Follow::HoldIfCursor(_) | Follow::Hold => return (None, self.finish()),
        };
        let Some(slot) = self.place.slot().cloned() else { return (None, Next::Retire) };
        self.held = true;
        self.pool.hold(&slot, purpose);
        (Some(Lease::new(slot, purpose)), Next::Idle)
    }

    fn answer_to(&self, body: RawDocumentBuf, clean: bool, session: Option<ServerSession>) -> Answer {
        Answer {
            body,
            clean,
            server: self.pool.address().clone(),
            generation: self.opening.generation,
            session,
            lease: None,
            more_to_come: false,
            deadline: None,
            attempts: 1,
        }
    }

    /// The supervisor hears of a changed state, and applies it before this connection is
    /// checked in (discovery specification, "Error handling"). False if there is none, or
    /// nobody to tell.
    fn report_state_change(&self, body: &RawDocument) -> bool {
        let failure = CommandFailure::parse(body).filter(|failure| failure.state_change().is_some());
        let (Some(failure), Some(slot)) = (failure, self.place.slot()) else { return false };
        let error = Error::new(Kind::Command, failure.message.clone()).with_server(self.pool.address());
        let applied = Applied(slot.clone());
        let what = What::StateChange { origin: self.origin, failure, error, applied };
        self.links.tell(SocketEvent { pool: self.pool.clone(), what });
        true
    }

    pub(super) fn give_back(&self, session: ServerSession) {
        self.links.sessions.give_back(session, Instant::now(), self.line.limits().session_timeout);
    }

    fn fail_flying(&self, flying: Flying, error: Error) {
        flying.fail(error, self.opening.generation, &self.links.sessions, Instant::now(), self.line.limits());
    }

    /// A reply that says that the command failed, as an error.
    fn refusal(&self, body: &RawDocument) -> Error {
        let refused = reply::check(body.to_owned(), self.pool.address());
        refused.err().unwrap_or_else(|| Error::new(Kind::Command, "the command failed"))
    }

    pub(super) fn protocol(&self, error: ProtocolError) -> Error {
        Error::from(error).with_server(self.pool.address())
    }
}
