//! From an address to a connected stream: the name lookup, then TCP.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::stream::Stream;
use crate::topology::ServerAddress;

/// Idle time before the first keep-alive probe. Below the idle limits of the usual
/// cloud load balancers (240 s and more).
const KEEPALIVE_AFTER: Duration = Duration::from_secs(120);
/// Time between probes.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);

/// Why no stream could be made.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error("the name {0:?} could not be looked up; check its spelling and this machine's DNS")]
    Lookup(String, #[source] io::Error),
    /// No address took the connection.
    #[error("could not connect; check that the server runs and listens on this address and port")]
    Connect(#[source] io::Error),
}

/// Connects. The lookup runs on a thread of its own. The addresses
/// of a name are tried in the order the lookup gives them.
pub async fn dial(address: &ServerAddress) -> Result<Stream, DialError> {
    let lookup = |error| DialError::Lookup(address.host().to_owned(), error);
    let mut last = None;
    for target in look_up(address).await.map_err(lookup)? {
        match TcpStream::connect(target).await.and_then(tune) {
            Ok(stream) => return Ok(Stream::Tcp(stream)),
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => DialError::Connect(error),
        None => lookup(io::Error::new(io::ErrorKind::NotFound, "the lookup gave no address")),
    })
}

/// Asks the system, on a thread that nobody ever waits for: a look-up can't be broken
/// off, and a runtime that ends would have to wait for those on its own threads.
async fn look_up(address: &ServerAddress) -> io::Result<Vec<SocketAddr>> {
    let (found, answer) = oneshot::channel();
    let (host, port) = (address.host().to_owned(), address.port());
    if let Ok(literal) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(literal, port)]);
    }
    thread::Builder::new().name("actix-mongo-dns".to_owned()).spawn(move || {
        let targets = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        // Nobody may be waiting any more.
        drop(found.send(targets));
    })?;
    answer.await.unwrap_or_else(|_| Err(io::Error::other("the look-up gave no answer")))
}

fn tune(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}
