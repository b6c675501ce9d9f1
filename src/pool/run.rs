//! A request, from the caller that encodes it to the answer it gets.
//!
//! It answers exactly once, also when it is dropped wherever it happens to be: in the
//! queue, in a mailbox, in flight. The answer says whether bytes may have left.

use std::sync::Arc;
use std::time::Instant;

use bson::{RawDocument, RawDocumentBuf};
use tokio::sync::oneshot;

use super::check_out::CheckOut;
use super::lease::{Lease, Purpose};
use super::turns::Turn;
use crate::command::cursor_reply::open_cursor;
use crate::error::{Error, Kind};
use crate::session::ServerSession;
use crate::topology::Limits;
use crate::topology::ServerAddress;
use crate::wire::{Compressor, Frame};

/// A database and collection, as `killCursors` needs them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace {
    /// Database name.
    pub database: Arc<str>,
    /// Collection name.
    pub collection: Arc<str>,
}

impl Namespace {
    /// The cursor that a reply leaves open on the server, and what `killCursors` must name.
    pub fn of_open_cursor(reply: &RawDocument) -> Option<(Self, i64)> {
        let (id, name) = open_cursor(reply)?;
        let (database, collection) = name.split_once('.')?;
        Some((Self { database: database.into(), collection: collection.into() }, id))
    }
}

/// What becomes of the socket once the reply is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// Back to the pool.
    Release,
    /// If the reply opens a cursor the socket is held for it, else released (load balancers).
    HoldIfCursor(Purpose),
    /// It stays held (requests that run on a lease).
    Hold,
}

/// Which session's envelope a request gets.
#[derive(Debug)]
pub enum SessionUse {
    /// None (handshakes, unacknowledged writes).
    None,
    /// One from the pool, taken when the socket is; `numbered` also counts up and sends
    /// its `txnNumber` (a retryable write).
    Implicit {
        /// Whether `txnNumber` is sent.
        numbered: bool,
    },
    /// This one, already taken: a cursor's getMore, or a retry (which repeats its number).
    Held {
        /// The session.
        session: ServerSession,
        /// The `txnNumber` to send again.
        txn_number: Option<i64>,
    },
    /// A session of the caller's, who keeps it whatever happens.
    Explicit {
        /// The id inside `lsid`.
        id: [u8; 16],
        /// The `txnNumber` to send.
        txn_number: Option<i64>,
        /// Its own cluster time, which is sent if it is ahead of the connection's.
        cluster_time: Option<Arc<RawDocumentBuf>>,
    },
}

/// A request.
#[derive(Debug)]
pub struct Run {
    /// The bytes, without envelope until a socket seals it in.
    pub frame: Frame,
    /// The limits that the frame was written for.
    pub assumed: Limits,
    /// The session to send along.
    pub session: SessionUse,
    /// What becomes of the socket afterwards.
    pub follow: Follow,
    /// Needs a socket with nothing else in flight (`pipeline_depth` above 1 only).
    pub exclusive: bool,
    /// The connection's own (kills, the end of sessions): served also while it closes.
    pub last: bool,
    /// Whether `maxTimeMS` is sent, from what is left until `deadline`.
    pub max_time: bool,
    /// When the operation's own timeout runs out.
    pub deadline: Option<Instant>,
    /// When its wait in the queue ends, if earlier.
    pub wait_deadline: Option<Instant>,
    /// For listeners, if there are any: from the claim until a socket takes it.
    pub check_out: Option<Box<CheckOut>>,
    /// What events tell commands of one call by; 0 if nobody listens.
    pub operation_id: i64,
    /// The caller has sealed and compressed it, with this.
    pub(super) sealed_for: Option<Compressor>,
    /// On the socket of a request: that of the one behind it begins with the end of this.
    pub(super) turn: Option<Turn>,
    /// Set by the socket just before the first byte goes out.
    written: bool,
    /// Made by [`next_of_stream`](Self::next_of_stream).
    next_of_stream: bool,
    reply: Option<oneshot::Sender<Outcome>>,
}

/// How a request ended.
pub type Outcome = Result<Answer, Box<Failure>>;

/// The server's reply to a request.
#[derive(Debug)]
pub struct Answer {
    /// The reply document.
    pub body: RawDocumentBuf,
    /// It says that all went well: `ok`, and neither write errors nor a write concern error.
    pub clean: bool,
    /// Who answered.
    pub server: ServerAddress,
    /// The pool generation of the socket it came over.
    pub generation: u64,
    /// The session, where the caller must decide what becomes of it: the reply opened a
    /// cursor, or reports an error that may be retried.
    pub session: Option<ServerSession>,
    /// The socket, if the reply's cursor holds it.
    pub lease: Option<Lease>,
    /// The server will send more replies to the same request.
    pub more_to_come: bool,
    /// When the operation's own timeout runs out, which a cursor's life may be bound to.
    pub deadline: Option<Instant>,
    /// How often the operation was sent, this time included; the call knows.
    pub attempts: u32,
}

impl Answer {
    /// The session, to be given back because nobody wants the answer. It must not be used by
    /// anybody else while the server goes on with a stream of replies in it.
    pub fn unwanted_session(self) -> Option<ServerSession> {
        let mut session = self.session?;
        if self.more_to_come {
            session.mark_dirty();
        }
        Some(session)
    }
}

/// A request that got no reply.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: Error,
    /// The session it was sent with (dirty after a network error), to retry or return.
    pub session: Option<ServerSession>,
    /// The frame, if not one byte of it was written: it may be given to another socket.
    pub unsent: Option<Frame>,
    /// The pool generation of the socket that failed, if one had been taken.
    pub generation: Option<u64>,
    /// The socket's limits, if they are narrower than the frame assumed.
    pub reencode: Option<Limits>,
}

impl Failure {
    /// A failure that is told by its error alone.
    pub fn new(error: Error) -> Box<Self> {
        Box::new(Self { error, session: None, unsent: None, generation: None, reencode: None })
    }
}

impl Run {
    /// A request of this frame with all choices at their plainest, and where its answer
    /// will arrive.
    pub fn new(frame: Frame) -> (Box<Self>, oneshot::Receiver<Outcome>) {
        let (reply, answer) = oneshot::channel();
        let run = Self {
            frame,
            assumed: Limits::default(),
            session: SessionUse::None,
            follow: Follow::Release,
            exclusive: false,
            last: false,
            max_time: false,
            deadline: None,
            wait_deadline: None,
            check_out: None,
            operation_id: 0,
            sealed_for: None,
            turn: None,
            written: false,
            next_of_stream: false,
            reply: Some(reply),
        };
        (Box::new(run), answer)
    }

    /// No request, but the wish for the next reply that the server sends by itself, after a
    /// request on the same lease that allowed it.
    pub fn next_of_stream() -> (Box<Self>, oneshot::Receiver<Outcome>) {
        let (mut run, answer) = Self::new(Frame::default());
        run.next_of_stream = true;
        (run, answer)
    }

    /// Whether it is such a wish.
    pub fn is_next_of_stream(&self) -> bool {
        self.next_of_stream
    }

    /// On the socket of a request: one more lease of it.
    pub fn share(&self) -> Option<Lease> {
        self.turn.as_ref().map(Turn::share)
    }

    /// From here on the request may have run.
    pub fn mark_written(&mut self) {
        self.written = true;
    }

    /// Whether a byte may have left.
    pub fn is_written(&self) -> bool {
        self.written
    }

    /// The server may work for it, and so in its session: a byte left, or it is the wish for
    /// more of a stream, which the server sends unasked.
    pub fn may_be_served(&self) -> bool {
        self.written || self.next_of_stream
    }

    /// Nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Ready once the caller is gone; else the task is woken when it goes.
    pub fn poll_abandoned(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        match &mut self.reply {
            Some(reply) => reply.poll_closed(cx),
            None => std::task::Poll::Ready(()),
        }
    }

    /// Answers. An outcome that nobody takes comes back: it may hold a session to return
    /// or a cursor to kill.
    #[allow(clippy::result_large_err, reason = "the outcome itself comes back")]
    pub fn answer(mut self: Box<Self>, outcome: Outcome) -> Result<(), Outcome> {
        match self.reply.take() {
            Some(reply) => reply.send(outcome),
            None => Err(outcome),
        }
    }

    /// Answers with `error`. Whether bytes may have left, the session, and the frame if
    /// it is unsent, are filled in. The outcome comes back if nobody takes it.
    #[allow(clippy::result_large_err, reason = "the outcome itself comes back")]
    pub fn fail(mut self: Box<Self>, error: Error, generation: Option<u64>) -> Result<(), Outcome> {
        let failure = self.failure(error, generation);
        self.answer(Err(failure))
    }

    fn failure(&mut self, error: Error, generation: Option<u64>) -> Box<Failure> {
        let session = match std::mem::replace(&mut self.session, SessionUse::None) {
            SessionUse::Held { mut session, .. } => {
                if self.may_be_served() {
                    session.mark_dirty();
                }
                Some(session)
            }
            _ => None,
        };
        let unsent = (!self.written).then(|| std::mem::take(&mut self.frame));
        Box::new(Failure { error: error.ran(self.written), session, unsent, generation, reencode: None })
    }
}

impl Drop for Run {
    /// Whoever drops a request without an answer (a mailbox whose actor is gone, a panic)
    /// still answers.
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            let failure = self.failure(lost(), None);
            // Nobody waits: nothing is left to tell.
            let _ = reply.send(Err(failure));
        }
    }
}

/// The socket went away with the entry in its mailbox or in flight.
pub(super) fn lost() -> Error {
    Error::new(Kind::AutoReconnect, "the socket was lost before the reply came").network()
}
