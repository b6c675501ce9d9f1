//! From an address to a connected stream: the name lookup, then TCP; or a Unix domain socket.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::Progress;
use super::stream::Stream;
use crate::dns::{Attempts, Resolver, Step};
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
    #[error("the name {name:?} could not be looked up (DNS took {} ms); check its spelling and this machine's DNS", took.as_millis())]
    Lookup {
        /// The name.
        name: String,
        /// How long it took to find that out.
        took: Duration,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// No address took the connection.
    #[error("could not connect; check that the server runs and listens on this address and port")]
    Connect(#[source] io::Error),
    /// The same, of a Unix domain socket.
    #[error("could not connect; check that the server runs and listens on this socket")]
    Unix(#[source] io::Error),
}

/// Connects. All addresses of a name are tried, as [`Attempts`] orders it.
pub async fn dial(
    address: &ServerAddress,
    resolver: &Resolver,
    progress: &mut Progress,
) -> Result<Stream, DialError> {
    if let Some(path) = address.unix_path() {
        progress.looked_up();
        return unix(path).await.map_err(DialError::Unix);
    }
    let found = resolver.targets(address.host(), address.port()).await;
    progress.looked_up();
    let lookup =
        |error| DialError::Lookup { name: address.host().to_owned(), took: progress.lookup(), error };
    let found = found.map_err(lookup)?;
    if found.is_empty() {
        return Err(lookup(io::Error::new(io::ErrorKind::NotFound, "the lookup gave no address")));
    }
    connect(Attempts::new(found)).await.map(Stream::Tcp).map_err(DialError::Connect)
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// The first stream that comes of these attempts; what else is under way is dropped with
/// it. The error of the last attempt if all failed.
async fn connect(mut attempts: Attempts) -> io::Result<TcpStream> {
    let mut under_way: Vec<Connecting> = Vec::new();
    let mut delay: Option<Pin<Box<Sleep>>> = None;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    poll_fn(|task| {
        loop {
            let mut at = 0;
            while let Some(attempt) = under_way.get_mut(at) {
                match attempt.as_mut().poll(task) {
                    Poll::Ready(Ok(stream)) => return Poll::Ready(Ok(stream)),
                    Poll::Ready(Err(error)) => {
                        drop(under_way.swap_remove(at));
                        attempts.failed();
                        last = error;
                    }
                    Poll::Pending => at += 1,
                }
            }
            match attempts.step(Instant::now()) {
                Step::Begin(target) => under_way.push(Box::pin(to(target))),
                Step::Wait => return Poll::Pending,
                Step::Lost => {
                    let kind = last.kind();
                    return Poll::Ready(Err(std::mem::replace(&mut last, kind.into())));
                }
                Step::WaitUntil(time) => {
                    let delay = delay.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(time.into())));
                    if delay.deadline() != time.into() {
                        delay.as_mut().reset(time.into());
                    }
                    if delay.as_mut().poll(task).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    })
    .await
}

async fn to(target: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(target).await.and_then(tune)
}

#[cfg(unix)]
async fn unix(path: &str) -> io::Result<Stream> {
    tokio::net::UnixStream::connect(path).await.map(Stream::Unix)
}

#[cfg(not(unix))]
async fn unix(_path: &str) -> io::Result<Stream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix domain sockets"))
}

fn tune(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use socket2::{Domain, Socket, Type};

    use super::*;

    /// An address that answers nobody: its queue of connections is full.
    fn silent() -> (Socket, Vec<std::net::TcpStream>, SocketAddr) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let patience = Duration::from_millis(100);
        let mut queue = Vec::new();
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, patience) {
            queue.push(stream);
            assert!(queue.len() < 64, "the queue has an end");
        }
        (listener, queue, address)
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(future)
    }

    #[test]
    fn the_first_that_connects_wins() {
        let (_listener, _queue, dead) = silent();
        let living = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let living_address = living.local_addr().unwrap();
        let begun = Instant::now();
        let stream = run(connect(Attempts::new([dead, living_address]))).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), living_address);
        assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
        // In the other order the dead one is not even tried.
        let begun = Instant::now();
        drop(run(connect(Attempts::new([living_address, dead]))).unwrap());
        assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    }

    #[test]
    fn the_last_error_is_told() {
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let error = run(connect(Attempts::new([closed]))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(run(connect(Attempts::new([]))).is_err());
    }
}
