//! The test's handle of a proxy, and its listener.

use super::pipe::{self, Pipe};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};

/// What becomes of bytes in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traffic {
    /// They pass.
    #[default]
    Pass,
    /// They are read and thrown away.
    Swallow,
    /// They are not read, so that the sender's buffers fill; they pass once the
    /// stall is lifted.
    Stall,
    /// They pass in pieces of at most this length.
    Chunks(usize),
    /// They pass until so many of all connections together have passed in this direction
    /// since the start ([`FaultProxy::bytes`]); the others are held back.
    UpTo(u64),
}

/// What the proxy does at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mode {
    /// From the client to the server.
    pub up: Traffic,
    /// From the server to the client.
    pub down: Traffic,
    /// New connections are closed at once.
    pub refuse: bool,
}

/// State shared by the handle and the proxy's thread.
pub(super) struct Shared {
    pub mode: watch::Sender<Mode>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    accepted: usize,
    refused: usize,
    /// Bytes still to pass to clients before a connection is cut.
    cut: Option<usize>,
    bytes_up: u64,
    bytes_down: u64,
    /// Open connections, and how to end them.
    ends: HashMap<usize, oneshot::Sender<End>>,
}

/// How a connection is ended by the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Close,
    Reset,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that passed so far in one direction.
    pub fn passed(&self, up: bool) -> u64 {
        let state = self.lock();
        if up { state.bytes_up } else { state.bytes_down }
    }

    pub fn passed_up(&self, bytes: usize) {
        self.lock().bytes_up += bytes as u64;
    }

    /// Passes bytes to a client, no more than a cut leaves; `true` if its
    /// connection ends with them. `write` returns how many it took.
    pub fn pass_down(
        &self,
        bytes: usize,
        write: impl FnOnce(usize) -> io::Result<usize>,
    ) -> io::Result<(usize, bool)> {
        let mut state = self.lock();
        let allowed = state.cut.map_or(bytes, |left| left.min(bytes));
        let written = match allowed {
            0 => 0,
            _ => write(allowed)?,
        };
        state.bytes_down += written as u64;
        let left = state.cut.map(|left| left - written);
        // The cut concerns one connection only.
        state.cut = left.filter(|left| *left > 0);
        Ok((written, left == Some(0)))
    }

    pub fn forget(&self, number: usize) {
        self.lock().ends.remove(&number);
    }
}

/// A running proxy. Dropping it closes every connection.
pub struct FaultProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Ends the thread when dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FaultProxy {
    /// Starts a proxy in front of a server, with everything passing. It listens
    /// when this returns.
    pub fn start(server: SocketAddr) -> Self {
        Self::launch(server, None)
    }

    /// The same, with so little room in the system's buffers for what comes from clients and
    /// goes to them.
    pub fn start_with_buffers(server: SocketAddr, bytes: u32) -> Self {
        Self::launch(server, Some(bytes))
    }

    fn launch(server: SocketAddr, buffers: Option<u32>) -> Self {
        let shared = Arc::new(Shared { mode: watch::Sender::new(Mode::default()), state: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let (started, start) = sync_channel(1);
        let for_thread = shared.clone();
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the system has room for a runtime");
            runtime.block_on(async move {
                let listener = listen(buffers).expect("a free port on the loopback");
                let address = listener.local_addr().expect("a bound socket has one");
                started.send(address).expect("`start` waits for it");
                tokio::select! {
                    () = accept(for_thread, listener, server) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new()
            .name("fault-proxy".into())
            .spawn(body)
            .expect("the system has room for a thread");
        Self {
            shared,
            address: start.recv().expect("the proxy's thread started"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection string for it that keeps a driver from going around it to
    /// the address that the server gives.
    pub fn uri(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.address)
    }

    /// Lets everything pass again.
    pub fn pass(&self) {
        self.set(|mode| *mode = Mode::default());
    }

    /// Swallows all bytes both ways; connections stay open.
    pub fn black_hole(&self) {
        self.set(|mode| (mode.up, mode.down) = (Traffic::Swallow, Traffic::Swallow));
    }

    /// Sets what becomes of bytes to the server.
    pub fn up(&self, traffic: Traffic) {
        self.set(|mode| mode.up = traffic);
    }

    /// Sets what becomes of bytes to the client.
    pub fn down(&self, traffic: Traffic) {
        self.set(|mode| mode.down = traffic);
    }

    /// Whether new connections are closed as soon as they are made.
    pub fn refuse_new(&self, refuse: bool) {
        self.set(|mode| mode.refuse = refuse);
    }

    /// Cuts one connection after so many more bytes to its client: the one that
    /// the last of them goes to.
    pub fn cut_after(&self, bytes: usize) {
        self.shared.lock().cut = Some(bytes);
    }

    /// Closes every open connection, both ends.
    pub fn close_all(&self) {
        self.end_all(End::Close);
    }

    /// Closes one connection, both ends; they are numbered from 1 in the order in which they
    /// were taken. Whether it was open.
    pub fn close(&self, number: usize) -> bool {
        self.end(number, End::Close)
    }

    /// Resets one connection (RST), both ends. Whether it was open.
    pub fn reset(&self, number: usize) -> bool {
        self.end(number, End::Reset)
    }

    /// Resets every open connection (RST), both ends.
    pub fn reset_all(&self) {
        self.end_all(End::Reset);
    }

    /// How many connections were taken so far, refused ones left out.
    pub fn accepted(&self) -> usize {
        self.shared.lock().accepted
    }

    /// How many connections were closed at once by [`FaultProxy::refuse_new`].
    pub fn refused(&self) -> usize {
        self.shared.lock().refused
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.lock().ends.len()
    }

    /// Bytes that passed to the server, and to clients.
    pub fn bytes(&self) -> (u64, u64) {
        let state = self.shared.lock();
        (state.bytes_up, state.bytes_down)
    }

    fn set(&self, change: impl FnOnce(&mut Mode)) {
        self.shared.mode.send_modify(change);
    }

    fn end(&self, number: usize, end: End) -> bool {
        self.shared.lock().ends.remove(&number).is_some_and(|order| order.send(end).is_ok())
    }

    fn end_all(&self, end: End) {
        for (_, order) in self.shared.lock().ends.drain() {
            // Its receiver is gone if the connection ends at this moment.
            let _ = order.send(end);
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; `drop` must not add one.
            let _ = thread.join();
        }
    }
}

fn listen(buffers: Option<u32>) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = buffers {
        // Connections that it takes have the same.
        socket.set_recv_buffer_size(bytes)?;
        socket.set_send_buffer_size(bytes)?;
    }
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    socket.listen(1024)
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, server: SocketAddr) {
    loop {
        // A failure concerns the one connection (it was reset in the queue).
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        if shared.mode.borrow().refuse {
            shared.lock().refused += 1;
            continue;
        }
        let (order, end) = oneshot::channel();
        let number = {
            let mut state = shared.lock();
            state.accepted += 1;
            let number = state.accepted;
            state.ends.insert(number, order);
            number
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            // No server behind it: the client's connection ends, as it would
            // with any other forwarder.
            if let Ok(server) = TcpStream::connect(server).await {
                pipe::run(Pipe { shared: &shared, client, server }, end).await;
            }
            shared.forget(number);
        });
    }
}
