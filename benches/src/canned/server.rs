//! The loop: one thread, one poll, every connection. A second thread sleeps on standard input:
//! it answers each line with the counters, and ends the process when the input ends.

use std::io::{BufRead, ErrorKind, Write, stdin, stdout};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use super::connection::{Connection, Next};
use super::counters::Counters;
use super::replies::Replies;
use crate::cpu::process_time;

/// Serves until standard input ends.
pub fn serve() -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let port = listener.local_addr()?.port();
    let counters = Arc::new(Counters::default());
    let counted = Arc::clone(&counters);
    thread::Builder::new().name("control".to_owned()).spawn(move || {
        if let Err(error) = control(port, &counted) {
            eprintln!("the server's control pipe: {error}");
        }
        std::process::exit(0);
    })?;
    Server::new(listener, port, counters)?.run()
}

fn control(port: u16, counters: &Counters) -> std::io::Result<()> {
    let mut output = stdout();
    writeln!(output, "{port}")?;
    output.flush()?;
    for line in stdin().lock().lines() {
        line?;
        let cpu = u64::try_from(process_time().as_nanos()).unwrap_or(u64::MAX);
        writeln!(output, "{}", serde_json::to_string(&counters.read(cpu))?)?;
        output.flush()?;
    }
    Ok(())
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    /// By token; a token is never used twice, so a late answer finds its own socket or none.
    connections: Vec<Option<Box<Connection>>>,
    delayed: Vec<(Instant, usize, i32)>,
    replies: Replies,
    counters: Arc<Counters>,
}

impl Server {
    fn new(mut listener: TcpListener, port: u16, counters: Arc<Counters>) -> Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            connections: Vec::new(),
            delayed: Vec::new(),
            replies: Replies::new(port)?,
            counters,
        })
    }

    fn run(mut self) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let timeout = self.until_due();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.context("waiting for the sockets")?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let Token(index) = event.token();
                let Some(connection) = &mut self.connections[index] else {
                    continue;
                };
                let mut next = Ok(Next::Wait(None));
                if event.is_writable() {
                    next = connection.writable();
                }
                if event.is_readable() && !matches!(next, Ok(Next::Close) | Err(_)) {
                    let ended = event.is_read_closed();
                    next = connection.readable(ended, &mut self.replies, &self.counters);
                }
                self.after(index, next);
            }
            self.answer_due();
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accepting a socket"),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.connections.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, token, interest)?;
            self.connections.push(Some(Box::new(Connection::new(stream))));
            self.counters.accepted.add(1);
        }
    }

    fn after(&mut self, index: usize, next: Result<Next>) {
        let close = match next {
            Ok(Next::Wait(None)) => false,
            Ok(Next::Wait(Some(delayed))) => {
                self.delayed.push((delayed.due, index, delayed.request_id));
                false
            }
            Ok(Next::Close) => true,
            Err(error) => {
                eprintln!("the server closes a socket: {error:#}");
                self.counters.refused.add(1);
                true
            }
        };
        if close && let Some(mut connection) = self.connections[index].take() {
            // The socket is closed a moment later anyway: nothing hangs on this.
            let _ = self.poll.registry().deregister(connection.stream());
        }
    }

    fn until_due(&self) -> Option<Duration> {
        let due = self.delayed.iter().map(|(due, ..)| *due).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    fn answer_due(&mut self) {
        if self.delayed.is_empty() {
            return;
        }
        let now = Instant::now();
        let is_due = |delayed: &mut (Instant, usize, i32)| delayed.0 <= now;
        for (_, index, request_id) in self.delayed.extract_if(.., is_due).collect::<Vec<_>>() {
            if let Some(connection) = &mut self.connections[index] {
                let next = connection.answer_delayed(request_id, &mut self.replies);
                self.after(index, next);
            }
        }
    }
}

/// No connection can have it: tokens count up from zero.
const LISTENER: Token = Token(usize::MAX);

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use bson::{Document, doc};

    use super::*;
    use crate::canned::request::{HEADER, int32};

    fn start() -> (TcpStream, Arc<Counters>) {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let counters = Arc::new(Counters::default());
        let server = Server::new(listener, address.port(), Arc::clone(&counters)).unwrap();
        thread::spawn(|| server.run());
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (stream, counters)
    }

    fn request(id: i32, body: &Document) -> Vec<u8> {
        let body = body.to_vec().unwrap();
        let mut frame = Vec::new();
        for number in [HEADER as i32 + 5 + body.len() as i32, id, 0, 2013, 0] {
            frame.extend_from_slice(&number.to_le_bytes());
        }
        frame.push(0);
        frame.extend_from_slice(&body);
        frame
    }

    fn reply(stream: &mut TcpStream) -> (i32, Document) {
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut rest = vec![0; i32::from_le_bytes(length) as usize - 4];
        stream.read_exact(&mut rest).unwrap();
        let body = Document::from_reader(&rest[HEADER + 5 - 4..]).unwrap();
        (int32(&rest, 4).unwrap(), body)
    }

    #[test]
    fn pipelined_requests_are_answered_in_order_and_counted() {
        let (mut stream, counters) = start();
        let mut bytes = request(1, &doc! { "ping": 1 });
        bytes.extend(request(2, &doc! { "find": "things", "lsid": {}, "$clusterTime": {} }));
        bytes.extend(request(3, &doc! { "sing": 1 }));
        let (most, last) = bytes.split_at(bytes.len() - 7);
        stream.write_all(most).unwrap();
        assert_eq!(reply(&mut stream).0, 1);
        let (id, found) = reply(&mut stream);
        assert!(id == 2 && found.contains_key("cursor"), "{id} {found}");
        stream.write_all(last).unwrap();
        let (id, refused) = reply(&mut stream);
        assert_eq!((id, refused.get_i32("code").unwrap()), (3, 59));
        let seen = counters.read(0);
        assert_eq!((seen.accepted, seen.operations, seen.unknown), (1, 2, 1));
        assert_eq!((seen.with_session, seen.with_cluster_time), (1, 1));
    }

    #[test]
    fn an_awaitable_hello_is_answered_when_its_time_is_over() {
        let (mut stream, _) = start();
        let version = doc! { "processId": 1, "counter": 0_i64 };
        let hello = doc! { "hello": 1, "topologyVersion": version, "maxAwaitTimeMS": 40 };
        let asked = Instant::now();
        stream.write_all(&request(9, &hello)).unwrap();
        let (id, body) = reply(&mut stream);
        assert!(asked.elapsed() >= Duration::from_millis(40));
        assert!(id == 9 && body.get_bool("isWritablePrimary").unwrap());
    }

    #[test]
    fn a_malformed_frame_costs_its_socket() {
        let (mut stream, counters) = start();
        stream.write_all(&[3, 0, 0, 0]).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        assert_eq!(counters.read(0).refused, 1);
    }
}
