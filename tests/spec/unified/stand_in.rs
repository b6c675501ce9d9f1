//! Stands in front of a server for one case, and supplies what that server lacks and the
//! case is not about: the fail point `onPrimaryTransactionalWrite`, and fields that newer
//! servers take and that change nothing on a plain collection. The driver sends what it
//! would send to a server that has them, and is judged by that.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bson::{Bson, Document, doc};
use test_support::packed::{OP_COMPRESSED, unpack};
use test_support::wire::{HEADER_LENGTH, Header, Message, OP_MSG};

use super::plain::transactional_write::{Fate, NAME, TransactionalWrite};
use super::servers::Server;
use super::tunnel::Tunnel;

/// Fields that the server refuses, by command.
const TAKEN_OFF: [(&str, &str); 3] =
    [("listCollections", "rawData"), ("bulkWrite", "rawData"), ("bulkWrite", "readConcern")];

/// Where commands have their statements. Others that write have one.
const STATEMENTS: [&str; 3] = ["documents", "updates", "deletes"];

/// Words by which a case is known to need one; all of a row have to appear.
const NEEDED_BY: [&[&str]; 4] = [
    &[NAME],
    &["listCollections", "rawData"],
    &["clientBulkWrite", "rawData"],
    &["clientBulkWrite", "afterClusterTime"],
];

/// See the module. Dropping it ends it.
pub struct StandIn {
    /// Where clients find it.
    address: SocketAddr,
    /// Where it is.
    listening: SocketAddr,
    /// In front of it, if the server speaks TLS.
    _door: Option<Tunnel>,
    ended: Arc<AtomicBool>,
}

/// What all its connections share.
struct Shared {
    server: SocketAddr,
    /// What the server is to be called in its own answers.
    address: SocketAddr,
    fail_point: Mutex<TransactionalWrite>,
}

impl StandIn {
    /// Whether a case needs one, by its text.
    pub fn is_needed_by(case: &str) -> bool {
        NEEDED_BY.iter().any(|words| words.iter().all(|word| case.contains(word)))
    }

    /// In front of this server.
    pub fn start(server: &Server) -> Result<Self, String> {
        let failed = |error: io::Error| format!("the stand-in: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let listening = listener.local_addr().map_err(failed)?;
        let door = server.certificates().map(|it| Tunnel::out_of_tls(listening, it)).transpose()?;
        let address = door.as_ref().map_or(listening, Tunnel::address);
        let server = server.plain_address();
        let shared = Arc::new(Shared { server, address, fail_point: Mutex::default() });
        let ended = Arc::new(AtomicBool::new(false));
        let over = ended.clone();
        let thread = thread::Builder::new().name("stand-in".to_owned()).spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                // A connection that can't be had is closed by being dropped.
                let _ = Line::open(client, shared.clone());
            }
        });
        thread.map_err(failed)?;
        Ok(Self { address, listening, _door: door, ended })
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // For the listener to notice; if it has gone, nothing has to.
        let _ = TcpStream::connect(self.listening);
    }
}

/// One connection, from both sides.
struct Line {
    shared: Arc<Shared>,
    client: TcpStream,
    server: TcpStream,
    /// The request after whose answer it is cut.
    last: Mutex<Option<i32>>,
}

impl Line {
    /// Two threads, which end with it.
    fn open(client: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
        let server = TcpStream::connect(shared.server)?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        let line = Arc::new(Self { shared, client, server, last: Mutex::default() });
        let directions: [fn(&Self) -> io::Result<()>; 2] = [Self::requests, Self::replies];
        for direction in directions {
            let line = line.clone();
            thread::Builder::new().name("stand-in line".to_owned()).spawn(move || {
                // However one direction ends, the other has nothing more to do.
                let _ = direction(&line);
                line.cut();
            })?;
        }
        Ok(())
    }

    fn cut(&self) {
        for stream in [&self.client, &self.server] {
            // Fails if the other side has done so.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn requests(&self) -> io::Result<()> {
        while let Some((header, bytes)) = read(&self.client)? {
            let (header, bytes) = inflated(header, bytes);
            let message = Message::read(header, &bytes[HEADER_LENGTH..]);
            let (OP_MSG, Ok(mut message)) = (header.op_code, message) else {
                (&self.server).write_all(&bytes)?;
                continue;
            };
            if message.body.get_str("configureFailPoint").is_ok_and(|name| name == NAME) {
                let answer = match self.fail_point(|fail_point| fail_point.configure(&message.body)) {
                    Ok(()) => doc! { "ok": 1.0 },
                    Err(error) => doc! { "ok": 0.0, "code": 2, "codeName": "BadValue", "errmsg": error },
                };
                (&self.client).write_all(&Message::new(answer).to_bytes(0, header.request_id))?;
                continue;
            }
            let all = statements(&message);
            match self.fail_point(|fail_point| fail_point.judge(&message.body, all)) {
                Fate::Answered => {}
                Fate::CutAfter(0) => return Ok(()),
                Fate::CutAfter(count) => {
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(header.request_id);
                    keep(&mut message, count);
                }
            }
            take_off(&mut message.body);
            (&self.server).write_all(&message.to_bytes(header.request_id, header.response_to))?;
        }
        Ok(())
    }

    fn replies(&self) -> io::Result<()> {
        while let Some((header, bytes)) = read(&self.server)? {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last == Some(header.response_to) {
                break;
            }
            let message = Message::read(header, &bytes[HEADER_LENGTH..]);
            match message {
                Ok(mut message) if message.body.contains_key("hosts") => {
                    self.rename(&mut message.body);
                    (&self.client).write_all(&message.to_bytes(header.request_id, header.response_to))?;
                }
                _ => (&self.client).write_all(&bytes)?,
            }
        }
        Ok(())
    }

    /// A server that tells where it is tells where its stand-in is.
    fn rename(&self, hello: &mut Document) {
        let ours = Bson::String(self.shared.address.to_string());
        for name in ["me", "primary"] {
            if hello.contains_key(name) {
                hello.insert(name, ours.clone());
            }
        }
        hello.insert("hosts", vec![ours]);
    }

    fn fail_point<T>(&self, with: impl FnOnce(&mut TransactionalWrite) -> T) -> T {
        with(&mut self.shared.fail_point.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A message as it would have come without compression.
fn inflated(header: Header, bytes: Vec<u8>) -> (Header, Vec<u8>) {
    match unpack(header, &bytes[HEADER_LENGTH..]) {
        Ok((_, inner, content)) if header.op_code == OP_COMPRESSED => {
            (inner, [inner.to_bytes().as_slice(), &content].concat())
        }
        _ => (header, bytes),
    }
}

/// The next message, its header included; none after the last.
fn read(mut stream: &TcpStream) -> io::Result<Option<(Header, Vec<u8>)>> {
    let mut header = [0; HEADER_LENGTH];
    match stream.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut bytes = header.to_vec();
    let header = Header::read(&header);
    let length = header.body_length().map_err(io::Error::other)?;
    bytes.resize(HEADER_LENGTH + length, 0);
    stream.read_exact(&mut bytes[HEADER_LENGTH..])?;
    Ok(Some((header, bytes)))
}

/// How many statements a command has; one that has no list of them counts as one.
fn statements(message: &Message) -> usize {
    let listed = message.sequences.iter().find(|(name, _)| STATEMENTS.contains(&name.as_str()));
    let in_body = || STATEMENTS.iter().find_map(|name| message.body.get_array(name).ok());
    listed.map(|(_, documents)| documents.len()).or_else(|| in_body().map(Vec::len)).unwrap_or(1)
}

/// Drops all statements but the first ones.
fn keep(message: &mut Message, count: usize) {
    for (name, documents) in &mut message.sequences {
        if STATEMENTS.contains(&name.as_str()) {
            documents.truncate(count);
        }
    }
    for name in STATEMENTS {
        if let Ok(list) = message.body.get_array_mut(name) {
            list.truncate(count);
        }
    }
}

fn take_off(command: &mut Document) {
    let name = command.keys().next().cloned().unwrap_or_default();
    for (_, field) in TAKEN_OFF.iter().filter(|(of, _)| *of == name) {
        command.remove(field);
    }
}
