//! A client of a few lines, blocking, that checks nothing on its own: for tests
//! of the servers here, and for questions to a server past the library.

use crate::wire::{HEADER_LENGTH, Header, Message};
use bson::Document;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any server here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub struct Client {
    stream: TcpStream,
    last_request_id: i32,
}

/// Why a message could not be had.
#[derive(Debug)]
pub enum Lost {
    /// The stream ended or failed.
    Io(io::Error),
    /// What came is not a message.
    Malformed(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(formatter, "{error}"),
            Self::Malformed(what) => formatter.write_str(what),
        }
    }
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// If the connection is refused.
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("the server takes connections")
    }

    /// Connects, if the server lets it.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, last_request_id: 0 })
    }

    /// Waits no longer than this for bytes.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(patience))
    }

    /// Sends a command and returns the reply's body.
    pub fn run(&mut self, command: Document) -> Result<Document, Lost> {
        let request_id = self.send(Message::new(command)).map_err(Lost::Io)?;
        let (header, message) = self.receive()?;
        if header.response_to != request_id {
            return Err(Lost::Malformed(format!("answers {}", header.response_to)));
        }
        Ok(message.body)
    }

    /// Sends a message and returns its number.
    pub fn send(&mut self, message: Message) -> io::Result<i32> {
        self.last_request_id += 1;
        self.send_bytes(&message.to_bytes(self.last_request_id, 0))?;
        Ok(self.last_request_id)
    }

    /// Sends bytes, no matter what they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads one message.
    pub fn receive(&mut self) -> Result<(Header, Message), Lost> {
        let mut header = [0; HEADER_LENGTH];
        self.stream.read_exact(&mut header).map_err(Lost::Io)?;
        let header = Header::read(&header);
        let malformed = |error: crate::wire::Malformed| Lost::Malformed(error.0);
        let mut body = vec![0; header.body_length().map_err(malformed)?];
        self.stream.read_exact(&mut body).map_err(Lost::Io)?;
        let message = Message::read(header, &body).map_err(malformed)?;
        Ok((header, message))
    }

    /// Reads until the stream ends; the bytes, or how it failed.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
