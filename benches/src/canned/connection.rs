//! One accepted socket: takes whatever requests are there, answers them in order with one write.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mio::net::TcpStream;

use super::counters::Counters;
use super::replies::Replies;
use super::request::{self, Command, HEADER, Request};

pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    /// How much of `input` holds what was read and not yet taken
    filled: usize,
    output: Vec<u8>,
    /// How much of `output` has been written
    written: usize,
}

/// An awaitable hello whose answer is due later. A monitor has one of them at a time, on a socket
/// of its own.
pub struct Delayed {
    pub due: Instant,
    pub request_id: i32,
}

/// What the socket's owner has to do now.
pub enum Next {
    Wait(Option<Delayed>),
    Close,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, input: vec![0; FIRST_INPUT], filled: 0, output: Vec::new(), written: 0 }
    }

    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Reads until nothing is left. A read that does not fill its buffer has emptied the socket,
    /// so no second one is made to learn that; what comes later is a new event. Only the end of
    /// the stream has no event of its own when it came together with bytes: then `ended`.
    pub fn readable(&mut self, ended: bool, replies: &mut Replies, counters: &Counters) -> Result<Next> {
        let mut delayed = None;
        loop {
            let space = &mut self.input[self.filled..];
            let room = space.len();
            match self.stream.read(space) {
                Ok(0) => return Ok(Next::Close),
                Ok(count) => {
                    self.filled += count;
                    let waiting = self.take_requests(replies, counters)?;
                    delayed = waiting.or(delayed);
                    if count < room && !ended {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Ok(Next::Close),
            }
        }
        self.flush(delayed)
    }

    pub fn writable(&mut self) -> Result<Next> {
        self.flush(None)
    }

    pub fn answer_delayed(&mut self, request_id: i32, replies: &mut Replies) -> Result<Next> {
        let hello = Request { id: request_id, command: Command::Hello, ..Request::default() };
        replies.answer(&hello, &mut self.output)?;
        self.flush(None)
    }

    fn take_requests(&mut self, replies: &mut Replies, counters: &Counters) -> Result<Option<Delayed>> {
        let mut delayed = None;
        let mut start = 0;
        while let Some(stated) = request::int32(&self.input[start..self.filled], 0) {
            let length = usize::try_from(stated).unwrap_or_default();
            if !(HEADER..=LARGEST_FRAME).contains(&length) {
                bail!("a frame says it is {stated} bytes long");
            }
            if start + length > self.filled {
                let needed = length.max(self.input.len());
                self.input.resize(needed, 0);
                break;
            }
            let frame = &self.input[start..start + length];
            let Some(request) = request::parse(frame) else {
                bail!("a malformed frame of {length} bytes");
            };
            start += length;
            count(&request, length, counters);
            if let Some(millis) = request.await_millis {
                let due = Instant::now() + Duration::from_millis(millis);
                delayed = Some(Delayed { due, request_id: request.id });
            } else if !request.silent && !replies.answer(&request, &mut self.output)? {
                counters.unknown.add(1);
            }
        }
        self.input.copy_within(start..self.filled, 0);
        self.filled -= start;
        Ok(delayed)
    }

    fn flush(&mut self, delayed: Option<Delayed>) -> Result<Next> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Next::Wait(delayed));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Ok(Next::Close),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(Next::Wait(delayed))
    }
}

fn count(request: &Request, length: usize, counters: &Counters) {
    match request.command {
        Command::Hello => counters.hellos.add(1),
        Command::Unknown | Command::Housekeeping => {}
        Command::Find | Command::Scan | Command::Insert | Command::Ping => {
            counters.operations.add(1);
            counters.operation_bytes.add(length as u64);
            counters.with_session.add(request.session.into());
            counters.with_cluster_time.add(request.cluster_time.into());
            counters.with_txn_number.add(request.txn_number.into());
        }
    }
}

const FIRST_INPUT: usize = 64 * 1024;
const LARGEST_FRAME: usize = 48_000_000;
