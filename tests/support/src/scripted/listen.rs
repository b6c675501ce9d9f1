//! The listener of a scripted server, and who gets in.

use super::connection;
use super::shared::Shared;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;

/// More than any test opens at once.
const BACKLOG: u32 = 1024;

/// What new connections get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// They are served.
    #[default]
    Serve,
    /// They are taken, read and never answered.
    Silent,
    /// They are taken and closed at once.
    Close,
    /// They are refused by the system, as if no server ran.
    Refuse,
}

/// A change of what new connections get; sent back once it is in force.
pub(super) struct Switch {
    pub accept: Accept,
    pub done: SyncSender<()>,
}

/// Binds a port of the system's choice, and listens or refuses on it.
pub(super) fn bind(accept: Accept) -> io::Result<(Port, SocketAddr)> {
    let socket = reusable()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = socket.local_addr()?;
    let mut port = Port::Refusing(socket);
    port.suit(accept, address)?;
    Ok((port, address))
}

/// The port is held all the time, so that nobody else gets it while this server
/// refuses connections.
pub(super) enum Port {
    Open(TcpListener),
    /// Bound without listening: the system refuses connections.
    Refusing(TcpSocket),
    /// Between the two.
    Changing,
}

impl Port {
    /// Listens or refuses, as asked.
    fn suit(&mut self, accept: Accept, address: SocketAddr) -> io::Result<()> {
        // The old socket is closed first: two share a port only if neither
        // listens.
        *self = match (std::mem::replace(self, Self::Changing), accept) {
            (Self::Open(listener), Accept::Refuse) => {
                drop(listener);
                let socket = reusable()?;
                socket.bind(address)?;
                Self::Refusing(socket)
            }
            (Self::Refusing(socket), Accept::Serve | Accept::Silent | Accept::Close) => {
                Self::Open(socket.listen(BACKLOG)?)
            }
            (port, _) => port,
        };
        Ok(())
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            Self::Open(listener) => listener.accept().await,
            Self::Refusing(_) | Self::Changing => std::future::pending().await,
        }
    }
}

/// Accepts until the handle is dropped.
pub(super) async fn run(
    shared: Arc<Shared>,
    mut port: Port,
    mut accept: Accept,
    mut switches: UnboundedReceiver<Switch>,
) -> io::Result<()> {
    loop {
        tokio::select! {
            // A switch first: connections that come after it must feel it.
            biased;
            switch = switches.recv() => {
                let Some(switch) = switch else { return Ok(()) };
                accept = switch.accept;
                port.suit(accept, shared.address)?;
                // The test has stopped waiting if it panicked; no matter.
                let _ = switch.done.send(());
            }
            accepted = port.accept() => {
                let (stream, peer) = accepted?;
                take(&shared, accept, stream, peer);
            }
        }
    }
}

fn take(shared: &Arc<Shared>, accept: Accept, stream: TcpStream, peer: SocketAddr) {
    let (number, order) = shared.accepted(peer);
    let shared = shared.clone();
    match accept {
        Accept::Serve => {
            tokio::spawn(connection::serve(shared, number, stream, order));
        }
        Accept::Silent => {
            tokio::spawn(connection::stay_silent(shared, number, stream, order));
        }
        Accept::Close | Accept::Refuse => {
            drop(stream);
            shared.ended(number, super::End::ByServer);
        }
    }
}

fn reusable() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    Ok(socket)
}
