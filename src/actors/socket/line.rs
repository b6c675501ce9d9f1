//! The requests on one socket, from the moment they are taken to their replies. Plain:
//! it neither reads nor writes, the pump does that for it.

mod stream;

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::Instant;

pub use self::stream::Said;
use crate::error::{Error, Kind};
use crate::events::{CommandTeller, CommandWatch};
use crate::pool::{Limits, Outcome, Run, SessionUse, Surroundings};
use crate::session::{ServerSession, ServerSessions};
use crate::wire::{Press, ProtocolError, Reply};

/// Frames that one vectored write may carry; each takes two slices.
pub const FRAMES_PER_WRITE: usize = 32;

/// A request that was taken.
#[derive(Debug)]
pub struct Flying {
    /// The request.
    pub run: Box<Run>,
    /// The implicit session it was sent with.
    pub session: Option<ServerSession>,
    request_id: i32,
    answers: bool,
    /// What listeners are told of its end; `None` if nobody listens.
    pub watch: Option<Box<CommandWatch>>,
    /// When its caller was found gone.
    abandoned: Option<Instant>,
}

/// What a line has to write.
#[derive(Debug)]
pub enum Unwritten<'a> {
    /// Nothing.
    Nothing,
    /// These bytes, and nothing else.
    One(&'a [u8]),
    /// More than one slice; see [`Line::slices`].
    Several,
}

/// The requests in flight on one socket, oldest first, and how much of them is written.
#[derive(Debug)]
pub struct Line {
    limits: Limits,
    /// Tells listeners of commands.
    teller: CommandTeller,
    flight: VecDeque<Flying>,
    /// The first request that is not wholly written.
    writing: usize,
    /// How much of it is.
    offset: usize,
    last_id: i32,
}

impl Line {
    /// An empty line to a server with these limits.
    pub fn new(limits: Limits) -> Self {
        let (teller, flight) = (CommandTeller::default(), VecDeque::new());
        Self { limits, teller, flight, writing: 0, offset: 0, last_id: 0 }
    }

    /// The same, that tells listeners of its requests.
    pub fn telling(mut self, teller: CommandTeller) -> Self {
        self.teller = teller;
        self
    }

    /// How many requests are in flight.
    pub fn len(&self) -> usize {
        self.flight.len()
    }

    /// Nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.flight.is_empty()
    }

    /// Takes a request: has it sealed and, where that was agreed on, compressed, and queues it
    /// for writing. A request that can't be sent is answered at once, and nothing of it is.
    pub fn take(&mut self, mut run: Box<Run>, around: &Surroundings<'_>, generation: u64) {
        if !self.limits.allow(&run.assumed) {
            return give_back(self.send_back(run, generation), around, &self.limits);
        }
        let request_id = self.next_id();
        let session = match run.seal(request_id, &self.limits, around) {
            Ok(session) => session,
            Err(error) => return give_back(run.fail(error, Some(generation)), around, &self.limits),
        };
        let answers = !run.frame.expects_no_reply();
        let watch = self.teller.start(&run.frame, run.operation_id);
        self.flight.push_back(Flying { run, session, request_id, answers, watch, abandoned: None });
    }

    #[allow(clippy::result_large_err, reason = "the outcome itself comes back")]
    fn send_back(&self, mut run: Box<Run>, generation: u64) -> Result<(), Outcome> {
        let frame = std::mem::take(&mut run.frame);
        let error = Error::new(Kind::TooLarge, "the server takes less than the message was written for");
        let mut failure = crate::pool::Failure::new(error);
        failure.unsent = Some(frame);
        failure.generation = Some(generation);
        failure.reencode = Some(self.limits);
        // A write that is sent again must stay in its session, or it would run twice.
        if let SessionUse::Held { session, .. } = std::mem::replace(&mut run.session, SessionUse::None) {
            failure.session = Some(session);
        }
        run.answer(Err(failure))
    }

    fn next_id(&mut self) -> i32 {
        self.last_id = self.last_id.wrapping_add(1) & i32::MAX;
        self.last_id
    }

    /// What there is to write.
    pub fn unwritten(&self) -> Unwritten<'_> {
        let mut frames = self.flight.iter().skip(self.writing);
        let (Some(first), more) = (frames.next(), frames.next().is_some()) else { return Unwritten::Nothing };
        match first.run.frame.parts() {
            [head, []] if !more => Unwritten::One(head.get(self.offset..).unwrap_or_default()),
            _ => Unwritten::Several,
        }
    }

    /// The bytes to write next, as slices of the frames they are in; how many slices.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; 2 * FRAMES_PER_WRITE]) -> usize {
        let mut used = 0;
        let mut skip = self.offset;
        for flying in self.flight.iter().skip(self.writing).take(FRAMES_PER_WRITE) {
            for part in flying.run.frame.parts() {
                let rest = part.get(skip..).unwrap_or_default();
                skip = skip.saturating_sub(part.len());
                if !rest.is_empty() {
                    slices[used] = IoSlice::new(rest);
                    used += 1;
                }
            }
        }
        used
    }

    /// So many of these bytes are written. The requests that are done with that, since
    /// they get no reply, come out.
    pub fn wrote(&mut self, mut bytes: usize) -> Vec<Flying> {
        let mut done = Vec::new();
        while bytes > 0 {
            let Some(flying) = self.flight.get_mut(self.writing) else { break };
            flying.run.mark_written();
            let left = flying.run.frame.written_len() - self.offset;
            if bytes < left {
                self.offset += bytes;
                break;
            }
            bytes -= left;
            self.offset = 0;
            if let Some(buffer) = flying.run.frame.unpack() {
                Press::of_thread(|press| press.keep(buffer));
            }
            if flying.answers {
                self.writing += 1;
            } else {
                done.extend(self.flight.remove(self.writing));
            }
        }
        done
    }

    /// The request that this reply answers.
    pub fn answered(&mut self, reply: &Reply) -> Result<Flying, ProtocolError> {
        let seen = reply.response_to;
        let unasked = ProtocolError::Unasked { response_to: seen };
        let front = self.front().ok_or_else(|| unasked.clone())?;
        if front.request_id != seen {
            return Err(ProtocolError::ForeignReply { seen, expected: front.request_id });
        }
        self.writing -= 1;
        self.flight.pop_front().ok_or(unasked)
    }

    /// The oldest request in flight, be it wholly written or not.
    pub fn oldest(&mut self) -> Option<&mut Flying> {
        self.flight.front_mut()
    }

    /// The oldest request whose reply is awaited.
    fn front(&mut self) -> Option<&mut Flying> {
        self.flight.front_mut().filter(|_| self.writing > 0)
    }

    /// A byte of what is in flight may have left.
    pub fn has_written(&self) -> bool {
        self.flight.front().is_some_and(|flying| flying.run.is_written())
    }

    /// The earliest deadline of all requests in flight whose callers wait. Those who went
    /// are told nothing any more, and their socket has the grace.
    pub fn deadline(&self) -> Option<Instant> {
        let awaited = self.flight.iter().filter(|flying| !flying.run.is_abandoned());
        awaited.filter_map(|flying| flying.run.deadline).min()
    }

    /// Takes the requests out whose deadline is not after `now`, or whose callers are gone,
    /// and of which no byte was written.
    pub fn expire(&mut self, now: Instant) -> Vec<Flying> {
        let mut expired = Vec::new();
        let mut at = self.writing + usize::from(self.offset > 0);
        while let Some(Flying { run, .. }) = self.flight.get(at) {
            if run.deadline.is_some_and(|deadline| deadline <= now) || run.is_abandoned() {
                expired.extend(self.flight.remove(at));
            } else {
                at += 1;
            }
        }
        expired
    }

    /// Takes everything out, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = Flying> {
        self.writing = 0;
        self.offset = 0;
        std::mem::take(&mut self.flight).into_iter()
    }

    /// The limits of this server.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

impl Drop for Line {
    /// A panic of the socket: what is in flight answers by being dropped, and its sessions
    /// go along, since a write that is sent again must stay in its own.
    fn drop(&mut self) {
        for Flying { mut run, session, .. } in self.drain() {
            if let Some(session) = session {
                run.session = SessionUse::Held { session, txn_number: None };
            }
        }
    }
}

impl Flying {
    /// Since when its caller is gone. While it is there, the task is woken when it goes.
    pub fn poll_abandoned(&mut self, task: &mut std::task::Context<'_>) -> Option<Instant> {
        if self.abandoned.is_none() && self.run.poll_abandoned(task).is_ready() {
            self.abandoned = Some(Instant::now());
        }
        self.abandoned
    }

    /// Answers with an error. The session goes along, dirty if bytes may have left; what
    /// nobody takes goes back to `sessions`.
    pub fn fail(
        self,
        error: Error,
        generation: u64,
        sessions: &ServerSessions,
        now: Instant,
        limits: &Limits,
    ) {
        let Self { mut run, session, watch, .. } = self;
        if let Some(watch) = watch {
            watch.failed(&error);
        }
        let may_be_served = run.may_be_served();
        if let Some(mut session) = session {
            if may_be_served {
                session.mark_dirty();
            }
            run.session = SessionUse::Held { session, txn_number: None };
        }
        if let Err(Err(failure)) = run.fail(error, Some(generation))
            && let Some(session) = failure.session
        {
            sessions.give_back(session, now, limits.session_timeout);
        }
    }
}

/// The caller may be gone; then its session is all that is left of a request.
fn give_back(unwanted: Result<(), Outcome>, around: &Surroundings<'_>, limits: &Limits) {
    if let Err(Err(failure)) = unwanted
        && let Some(session) = failure.session
    {
        around.sessions.give_back(session, around.now, limits.session_timeout);
    }
}

#[cfg(test)]
mod tests;
