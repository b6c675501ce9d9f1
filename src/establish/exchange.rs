//! One request, one reply, one after the other: how handshakes and monitors talk.
//! Sockets of a pool do not use this; they have their pump.

use std::collections::VecDeque;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stream::Stream;
use crate::error::{Error, Kind};
use crate::tls;
use crate::wire::{Accepted, ElementWriter, Frame, FrameSplitter, ProtocolError, Reply};

/// Replies to handshakes and hellos are far below this.
const MAX_REPLY: usize = 4 * 1024 * 1024;
/// What one read may bring.
const READ: usize = 4 * 1024;

/// A stream with a reply reader on top.
#[derive(Debug)]
pub struct Exchange {
    stream: Stream,
    splitter: FrameSplitter,
    /// Replies that one read brought beyond the one asked for (a streaming hello).
    ready: VecDeque<Reply>,
    last_id: i32,
    /// What the next reply must name in `responseTo`.
    expected: i32,
}

impl Exchange {
    /// On a stream over which nothing was sent.
    pub fn new(stream: Stream) -> Self {
        Self {
            stream,
            splitter: FrameSplitter::new(MAX_REPLY),
            ready: VecDeque::new(),
            last_id: 0,
            expected: 0,
        }
    }

    /// Sends a request.
    ///
    /// Cancel safety: dropped half-way, the stream must not be used again.
    pub async fn send(&mut self, frame: &mut Frame) -> Result<(), Error> {
        self.send_with(frame, |_| {}).await
    }

    /// The same, with more elements in the command.
    pub async fn send_with(
        &mut self,
        frame: &mut Frame,
        envelope: impl FnOnce(&mut ElementWriter<'_>),
    ) -> Result<(), Error> {
        self.last_id += 1;
        self.expected = self.last_id;
        frame.seal(self.last_id, envelope);
        for part in frame.parts() {
            self.stream.write_all(part).await.map_err(|error| broken("writing failed", error))?;
        }
        // An encrypted stream may have kept some of it.
        self.stream.flush().await.map_err(|error| broken("writing failed", error))
    }

    /// Awaits the next reply to the latest request.
    ///
    /// Cancel safety: dropped while it waits, no bytes are lost.
    pub async fn receive(&mut self) -> Result<Reply, Error> {
        loop {
            if let Some(reply) = self.ready.pop_front() {
                // Some servers name the request itself in all replies of a stream.
                if reply.response_to != self.expected && reply.response_to != self.last_id {
                    let (seen, expected) = (reply.response_to, self.expected);
                    return Err(ProtocolError::ForeignReply { seen, expected }.into());
                }
                // The follow-ups of a streamed reply each name the one before.
                self.expected = reply.request_id;
                return Ok(reply);
            }
            let mut buffer = [0; READ];
            let filled =
                self.stream.read(&mut buffer).await.map_err(|error| broken("reading failed", error))?;
            if filled == 0 {
                return Err(broken("the server closed the connection", io::ErrorKind::UnexpectedEof.into()));
            }
            let bytes = &buffer[..filled];
            if self.ready.is_empty() && is_tls_alert(bytes) {
                return Err(broken(TLS_ONLY, io::ErrorKind::InvalidData.into()));
            }
            self.split(bytes)?;
        }
    }

    fn split(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let (used, message) = self.splitter.feed(bytes)?;
            bytes = bytes.get(used..).unwrap_or_default();
            if let Some(message) = message {
                self.ready.push_back(Reply::parse(message)?);
            }
        }
        Ok(())
    }

    /// The same with a server that may compress its replies with these. Requests are not: the
    /// greeting and authentication must not be, and the checks of monitors are too short.
    pub fn accepting(mut self, accepted: Accepted) -> Self {
        self.splitter = FrameSplitter::new(MAX_REPLY).accepting(accepted);
        self
    }

    /// Whether nobody on the way can read what is sent.
    pub fn is_encrypted(&self) -> bool {
        self.stream.is_encrypted()
    }

    /// The stream, once all replies were taken.
    pub fn into_stream(self) -> Stream {
        self.stream
    }
}

const TLS_ONLY: &str =
    "the server answers in TLS; check whether tls=true is missing in the connection string";

/// The whole of a fatal TLS alert (RFC 8446, section 6): how a server that speaks TLS alone
/// answers a plain message. Read as a message, it would be the first half of a header.
fn is_tls_alert(bytes: &[u8]) -> bool {
    matches!(bytes, [21, 3, _, 0, 2, 2, _])
}

fn broken(what: &str, error: io::Error) -> Error {
    // A server may tell what it has against a client after the handshake.
    let sentence = tls::refusal(&error).unwrap_or_else(|| format!("{what}: {error}"));
    Error::new(Kind::ConnectionFailure, sentence).network().with_source(error)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use bson::doc;
    use test_support::wire::{MORE_TO_COME, Message};

    use super::*;
    use crate::wire::FrameBuilder;

    /// How many replies to the first request are taken, if their own numbers count up from 11
    /// and they name these requests; and the error that ends it.
    fn taken(named: &[i32]) -> (usize, Option<Error>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let mut exchange = Exchange::new(Stream::Tcp(stream));
            exchange.send(&mut FrameBuilder::new(0).finish()).await.unwrap();
            let (mut server, _) = listener.accept().unwrap();
            for (number, named) in (11..).zip(named) {
                let reply = Message { flags: MORE_TO_COME, ..Message::new(doc! { "ok": 1 }) };
                server.write_all(&reply.to_bytes(number, *named)).unwrap();
            }
            for count in 0..named.len() {
                if let Err(error) = exchange.receive().await {
                    return (count, Some(error));
                }
            }
            (named.len(), None)
        })
    }

    #[test]
    fn the_parts_of_a_streamed_reply_name_the_one_before_or_all_the_request() {
        for named in [&[1, 11, 12], &[1, 1, 1]] {
            let (count, error) = taken(named);
            assert_eq!((count, error.map(|error| error.to_string())), (3, None));
        }
    }

    #[test]
    fn a_reply_to_something_else_is_refused_wherever_it_comes() {
        for (named, before) in [(&[2][..], 0), (&[1, 2], 1), (&[1, 1, 11], 2), (&[1, 11, 11], 2)] {
            let (count, error) = taken(named);
            assert_eq!(count, before, "{named:?}");
            assert_eq!(error.expect("it is foreign").kind(), Kind::Protocol, "{named:?}");
        }
    }

    #[test]
    fn an_alert_is_told_from_a_message() {
        assert!(is_tls_alert(&[21, 3, 3, 0, 2, 2, 40]));
        assert!(!is_tls_alert(&[21, 3, 3, 0, 2, 2, 40, 0]));
        assert!(!is_tls_alert(&[21, 3, 0, 0, 1, 0, 0]));
        assert!(!is_tls_alert(&[]));
    }
}
