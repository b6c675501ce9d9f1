//! A name server on the loopback, over UDP and TCP. It answers from a [`Zone`] that may change
//! while it runs, or misbehaves as it is told.

mod zone;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::oneshot;

pub use self::zone::Zone;

/// How it answers.
#[derive(Clone, Debug, Default)]
pub enum Manner {
    /// As it should.
    #[default]
    Honest,
    /// Never.
    Silent,
    /// With this code.
    Code(u16),
    /// By UDP with the answer to another question, besides the right one if told so.
    WrongId {
        /// The right one follows.
        then_right: bool,
    },
    /// With bytes that are no message.
    Garbage,
    /// By UDP with "truncated", whatever the length; by TCP as it should.
    Truncated,
    /// With "truncated" by both.
    AlwaysTruncated,
}

/// A question that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name, in lower case, with a dot at its end.
    pub name: String,
    /// `SRV`, `TXT`, `A`, ...
    pub kind: String,
    /// Whether it came by TCP.
    pub tcp: bool,
}

/// See the module. Ends when dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    zone: Mutex<Zone>,
    manner: Mutex<Manner>,
    questions: Mutex<Vec<Question>>,
    longest: AtomicUsize,
}

/// Without EDNS nothing longer fits into a datagram.
const SHORTEST: u16 = 512;

impl DnsServer {
    /// Starts one.
    pub fn start(zone: Zone) -> Self {
        let shared = Arc::new(Shared { zone: Mutex::new(zone), ..Shared::default() });
        let (told, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let serving = shared.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let (udp, tcp) = bind().await.expect("ports on the loopback");
                told.send(udp.local_addr().expect("bound")).expect("awaited");
                tokio::spawn(serve_udp(udp, serving.clone()));
                tokio::spawn(serve_tcp(tcp, serving));
                drop(stopped.await);
            });
        });
        let address = address.recv().expect("the server starts");
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has other records from now on.
    pub fn set_zone(&self, zone: Zone) {
        *lock(&self.shared.zone) = zone;
    }

    /// Answers in another manner from now on.
    pub fn set_manner(&self, manner: Manner) {
        *lock(&self.shared.manner) = manner;
    }

    /// The length of the longest answer that was sent.
    pub fn longest_answer(&self) -> usize {
        self.shared.longest.load(Ordering::Relaxed)
    }

    /// What it was asked so far.
    pub fn questions(&self) -> Vec<Question> {
        lock(&self.shared.questions).clone()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Shared {
    /// What is sent back: nothing, a message, or several.
    fn answers(&self, bytes: &[u8], tcp: bool) -> Vec<Vec<u8>> {
        let Ok(question) = Message::from_vec(bytes) else { return Vec::new() };
        self.note(&question, tcp);
        let answer = lock(&self.zone).answer(&question);
        let manner = lock(&self.manner).clone();
        let written = |message: &Message| {
            let whole = message.to_vec().expect("a message");
            let room = if tcp { u16::MAX } else { question.max_payload().max(SHORTEST) };
            let whole = if whole.len() <= usize::from(room) { whole } else { short(message) };
            self.longest.fetch_max(whole.len(), Ordering::Relaxed);
            whole
        };
        match manner {
            Manner::Honest => vec![written(&answer)],
            Manner::Silent => Vec::new(),
            Manner::Code(code) => {
                let mut refusal = answer;
                refusal.answers.clear();
                refusal.metadata.response_code = ResponseCode::from(0, code as u8);
                vec![written(&refusal)]
            }
            Manner::WrongId { then_right } => {
                let mut wrong = answer.clone();
                wrong.metadata.id = wrong.metadata.id.wrapping_add(1);
                let mut answers = vec![written(&wrong)];
                if then_right || tcp {
                    answers.push(written(&answer));
                }
                answers
            }
            Manner::Garbage => vec![b"\0\0this is no answer of a name server".to_vec()],
            Manner::Truncated if tcp => vec![written(&answer)],
            Manner::Truncated | Manner::AlwaysTruncated => vec![short(&answer)],
        }
    }

    fn note(&self, question: &Message, tcp: bool) {
        for query in &question.queries {
            let name = query.name.to_ascii().to_lowercase();
            lock(&self.questions).push(Question { name, kind: query.query_type.to_string(), tcp });
        }
    }
}

fn short(message: &Message) -> Vec<u8> {
    let mut short = message.truncate();
    short.metadata.truncation = true;
    short.to_vec().expect("a message")
}

/// One port for both.
async fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    loop {
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr()?).await {
            return Ok((udp, tcp));
        }
    }
}

async fn serve_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        for answer in shared.answers(&buffer[..length], false) {
            drop(socket.send_to(&answer, from).await);
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve_stream(stream, shared.clone()));
    }
}

async fn serve_stream(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    loop {
        let mut question = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut question).await?;
        for answer in shared.answers(&question, true) {
            let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
            stream.write_u16(length).await?;
            stream.write_all(&answer).await?;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
