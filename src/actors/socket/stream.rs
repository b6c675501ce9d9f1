//! Replies that the server sends by itself, after one request that allowed it (an exhaust
//! getMore). Each is asked for by a wish of its own, which travels as a request and is
//! never written, so that deadlines, dropped callers and the end of the socket are what
//! they are for every request. A reply that is not asked for yet is kept, and with some of
//! them kept the socket is not read: the server waits.

use std::collections::VecDeque;
use std::time::Instant;

use super::Socket;
use super::line::{Flying, Said};
use crate::error::{Error, Kind};
use crate::pool::Run;
use crate::wire::{ProtocolError, Reply};

/// A stream of replies.
#[derive(Debug)]
pub struct Stream {
    /// What the next reply should name as its request: the reply before it. `None` if the
    /// last one has come.
    next: Option<i32>,
    /// The request that all of them answer. Some servers name this instead.
    request: i32,
    /// Those that are not asked for yet.
    ahead: VecDeque<Reply>,
    /// Since when nobody wants it any more.
    unwanted: Option<Instant>,
    /// The request, if somebody listens.
    said: Option<Said>,
}

/// Replies that may be kept before the socket is read no more. One is on its way while its
/// caller looks at the one before.
const AHEAD: usize = 2;

impl Socket {
    /// Enough replies are kept for callers to come.
    pub(super) fn is_ahead(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.ahead.len() >= AHEAD)
    }

    /// Keeps a reply of the stream that nobody waits for yet. Others are passed on.
    pub(super) fn ahead_of_callers(&mut self, mut reply: Reply) -> Result<Option<Reply>, Error> {
        let Some(stream) = &mut self.stream else { return Ok(Some(reply)) };
        if reply.response_to == stream.request {
            reply.response_to = stream.next.unwrap_or(stream.request);
        }
        if !self.line.is_empty() {
            return Ok(Some(reply));
        }
        let seen = reply.response_to;
        match stream.next {
            Some(expected) if expected == seen => {
                stream.next = reply.more_to_come().then_some(reply.request_id);
                stream.ahead.push_back(reply);
                Ok(None)
            }
            Some(expected) => Err(self.protocol(ProtocolError::ForeignReply { seen, expected })),
            None => Err(self.protocol(ProtocolError::Unasked { response_to: seen })),
        }
    }

    /// Whether more replies follow this one, which somebody waits for. An error if nobody
    /// allowed that.
    pub(super) fn goes_on(&mut self, reply: &Reply) -> Result<bool, Error> {
        let more = reply.more_to_come();
        if more && !(self.held && self.line.takes_stream()) {
            return Err(self.protocol(ProtocolError::UnaskedStream));
        }
        // With replies kept, the one at hand is the oldest of them, and the stream's state
        // is that of the newest.
        match &mut self.stream {
            Some(stream) if !stream.ahead.is_empty() => {}
            Some(stream) if stream.next.is_none() => self.stream = None,
            Some(stream) if more => stream.next = Some(reply.request_id),
            Some(_) => self.stream = None,
            None if more => {
                let (next, request) = (Some(reply.request_id), reply.response_to);
                let (ahead, unwanted, said) = (VecDeque::new(), None, None);
                self.stream = Some(Stream { next, request, ahead, unwanted, said });
            }
            None => {}
        }
        Ok(more)
    }

    /// Listeners are told of each further reply as if there had been one more getMore for
    /// it, for which that one is kept.
    pub(super) fn remember(&mut self, flying: &Flying) {
        if let Some(Stream { said: said @ None, .. }) = &mut self.stream {
            *said = flying.said();
        }
    }

    /// The caller wants the next reply. False if that left nothing in flight.
    pub(super) fn take_next_of_stream(&mut self, run: Box<Run>) -> bool {
        if !self.line.is_empty() || !self.held {
            return self.no_stream(run);
        }
        let Some(stream) = &mut self.stream else { return self.no_stream(run) };
        match (stream.ahead.pop_front(), stream.next) {
            (Some(reply), _) => {
                self.line.take_next_of_stream(run, reply.response_to, None, stream.said.as_ref());
                if let Err(error) = self.deliver_now(reply) {
                    self.abort = Some(error);
                }
            }
            (None, Some(next)) => self.line.take_next_of_stream(run, next, None, stream.said.as_ref()),
            (None, None) => return self.no_stream(run),
        }
        true
    }

    fn no_stream(&self, run: Box<Run>) -> bool {
        let error = Error::new(Kind::Internal, "no reply was to come by itself on this socket");
        if let Err(Err(failure)) = run.fail(error.with_server(self.pool.address()), None)
            && let Some(session) = failure.session
        {
            self.give_back(session);
        }
        false
    }

    /// Nobody wants the stream any more once its lease has ended. Its cursor is being
    /// killed, which ends it; what comes until then is read and thrown away, so that the
    /// socket can go on. A stream that takes longer than the grace costs its socket.
    pub(super) fn drain_stream(&mut self) {
        if !self.lease_ended || !self.line.is_empty() {
            return;
        }
        let Some(stream) = &mut self.stream else { return };
        stream.ahead.clear();
        match stream.next {
            None => self.stream = None,
            Some(next) => {
                let since = *stream.unwanted.get_or_insert_with(Instant::now);
                // Nobody waits for its answer.
                let (run, _) = Run::next_of_stream();
                self.line.take_next_of_stream(run, next, Some(since), None);
            }
        }
    }
}
