//! The pump: the one future that owns a socket's stream, and reads and writes together.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use actix::{ActorContext, ActorFuture, Context};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::Socket;
use super::line::{FRAMES_PER_WRITE, Unwritten};
use crate::error::{Error, Kind};
use crate::establish::Stream;

/// What one read may bring. The buffer belongs to the thread, not to the socket: an idle
/// socket holds no buffer at all.
const SCRATCH: usize = 64 * 1024;
/// How long a reply that nobody waits for may take before its socket is given up: a new
/// socket is cheaper than a stuck one.
const GRACE: Duration = Duration::from_secs(1);
/// Reads in one turn before writing gets its chance.
const READS_PER_TURN: usize = 16;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into_boxed_slice());
}

/// Why the pump ended.
#[derive(Debug)]
pub enum Ended {
    /// Nothing was in flight: retired, or the server closed an idle socket.
    Quiet,
    /// This happened to whatever is in flight.
    Broken(Error),
    /// The deadlines up to this time ran out with their requests written.
    TimedOut(Instant),
    /// A reply that nobody waits for did not come within its grace.
    Abandoned,
}

/// Reads until nothing comes, then writes until nothing goes, and again while either did
/// something. Reading comes first, so that two peers that both write never wait for each
/// other. It is polled after every message the actor gets.
pub struct Pump {
    stream: Stream,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pump {
    /// The pump of an established stream.
    pub fn new(stream: Stream) -> Self {
        Self { stream, sleep: None }
    }

    fn turn(&mut self, socket: &mut Socket, task: &mut TaskContext<'_>) -> Poll<Ended> {
        loop {
            let read = match self.read(socket, task) {
                Ok(progress) => progress,
                Err(ended) => return Poll::Ready(ended),
            };
            let wrote = match self.write(socket, task) {
                Ok(progress) => progress,
                Err(ended) => return Poll::Ready(ended),
            };
            if let Some(ended) = socket.wants_to_end() {
                return Poll::Ready(ended);
            }
            if !read && !wrote {
                break;
            }
        }
        self.deadlines(socket, task)
    }

    fn read(&mut self, socket: &mut Socket, task: &mut TaskContext<'_>) -> Result<bool, Ended> {
        BUFFER.with_borrow_mut(|buffer| {
            for reads in 0..READS_PER_TURN {
                if socket.is_ahead() {
                    // Polled again with the next message, which alone can change that.
                    return Ok(reads > 0);
                }
                let mut buffer = ReadBuf::new(buffer);
                match Pin::new(&mut self.stream).poll_read(task, &mut buffer) {
                    Poll::Pending => return Ok(reads > 0),
                    Poll::Ready(Err(error)) => return Err(broken("reading failed", error, socket)),
                    Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Err(end_of_stream(socket)),
                    Poll::Ready(Ok(())) => socket.received(buffer.filled()).map_err(Ended::Broken)?,
                }
            }
            // More may be there: this turn ends, the next one goes on.
            task.waker().wake_by_ref();
            Ok(false)
        })
    }

    fn write(&mut self, socket: &mut Socket, task: &mut TaskContext<'_>) -> Result<bool, Ended> {
        let mut progress = false;
        loop {
            let stream = Pin::new(&mut self.stream);
            let written = match socket.line.unwritten() {
                Unwritten::Nothing => return self.flush(socket, task).map(|()| progress),
                // The usual case; the plain call is a little cheaper for the kernel.
                Unwritten::One(bytes) => stream.poll_write(task, bytes),
                Unwritten::Several => {
                    let mut slices = [IoSlice::new(&[]); 2 * FRAMES_PER_WRITE];
                    let used = socket.line.slices(&mut slices);
                    stream.poll_write_vectored(task, &slices[..used])
                }
            };
            match written {
                Poll::Pending => return Ok(progress),
                Poll::Ready(Ok(0)) => {
                    return Err(broken("writing failed", io::ErrorKind::WriteZero.into(), socket));
                }
                Poll::Ready(Err(error)) => return Err(broken("writing failed", error, socket)),
                Poll::Ready(Ok(bytes)) => {
                    progress = true;
                    socket.wrote(bytes);
                }
            }
        }
    }

    /// An encrypted stream may have kept some of what it took. It goes on by itself whenever
    /// the pump is polled.
    fn flush(&mut self, socket: &Socket, task: &mut TaskContext<'_>) -> Result<(), Ended> {
        match Pin::new(&mut self.stream).poll_flush(task) {
            Poll::Ready(Err(error)) => Err(broken("writing failed", error, socket)),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// Watches the deadlines of what is in flight, and whether the caller at the front is
    /// still there. The sleep is moved only to earlier times: with one timeout for all
    /// requests it is set once per timeout, not once per request.
    fn deadlines(&mut self, socket: &mut Socket, task: &mut TaskContext<'_>) -> Poll<Ended> {
        loop {
            let abandoned = socket.line.oldest().and_then(|front| front.poll_abandoned(task));
            let patience = abandoned.map(|since| since + GRACE);
            let deadline = socket.line.deadline();
            let Some(next) = patience.into_iter().chain(deadline).min() else { return Poll::Pending };
            let next = next.into();
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
            if sleep.deadline() > next || (sleep.is_elapsed() && sleep.deadline() != next) {
                sleep.as_mut().reset(next);
            }
            if sleep.as_mut().poll(task).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if patience.is_some_and(|until| until <= now) {
                return Poll::Ready(Ended::Abandoned);
            }
            if deadline.is_some_and(|until| until <= now) {
                if !socket.expire(now) {
                    return Poll::Ready(Ended::TimedOut(now));
                }
                // What comes in their place is written in the next turn.
                task.waker().wake_by_ref();
            }
        }
    }
}

impl ActorFuture<Socket> for Pump {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        socket: &mut Socket,
        ctx: &mut Context<Socket>,
        task: &mut TaskContext<'_>,
    ) -> Poll<()> {
        let Poll::Ready(ended) = self.turn(socket, task) else { return Poll::Pending };
        socket.end(ended);
        ctx.stop();
        Poll::Ready(())
    }
}

/// The server closed the stream. On an idle socket that is no error, and touches no other.
fn end_of_stream(socket: &Socket) -> Ended {
    if socket.line.is_empty() {
        return Ended::Quiet;
    }
    broken("the server closed the connection", io::ErrorKind::UnexpectedEof.into(), socket)
}

fn broken(what: &str, error: io::Error, socket: &Socket) -> Ended {
    if socket.line.is_empty() {
        return Ended::Quiet;
    }
    let sentence = format!("{what}: {error}; check the network and the server's log");
    Ended::Broken(Error::new(Kind::AutoReconnect, sentence).network().with_source(error))
}
