//! Asks the system for the addresses of hosts (`getaddrinfo`), for a
//! [`Resolver`](super::Resolver). A look-up can't be broken off, and whoever answers a hello
//! may name thousands of hosts: few are under way at a time, each once for all who want it.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::errands::{Errands, Failure};

/// At the same time. Further ones wait, for as long as somebody wants them.
const MOST: usize = 8;

/// The look-ups of one resolver, so that the hosts of one deployment keep no other waiting.
#[derive(Debug)]
pub struct SystemLookups(Errands<String, Found>);

type Found = Arc<io::Result<Vec<SocketAddr>>>;

impl Default for SystemLookups {
    /// Who waits for a turn is bounded by who connects: one monitor for a host, and few
    /// sockets of its pool.
    fn default() -> Self {
        Self(Errands::new("actix-mongo-dns", MOST, usize::MAX))
    }
}

impl SystemLookups {
    /// Where a host can be reached. Cancel safety: as of [`Errands::run`].
    pub async fn targets(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let asked = host.to_owned();
        // Without the port, which the system has no use for: it is another's with the same host.
        let ask = move || Arc::new((asked.as_str(), 0).to_socket_addrs().map(Iterator::collect));
        let found = match self.0.run(host.to_owned(), ask).await {
            Ok(found) => found,
            Err(Failure::NoThread(error)) => return Err(error),
            Err(Failure::Full | Failure::Died) => {
                return Err(io::Error::other("the look-up gave no answer"));
            }
        };
        match &*found {
            Ok(found) => Ok(found.iter().map(|address| with_port(*address, port)).collect()),
            Err(error) => Err(copy(error)),
        }
    }
}

/// Keeps the zone of an address.
fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

/// Each of those who share a look-up is told of its error.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(SystemLookups::default().targets(host, port))
    }

    #[test]
    fn the_port_is_the_callers() {
        assert_eq!(targets("127.0.0.1", 7).unwrap(), [SocketAddr::from(([127, 0, 0, 1], 7))]);
        let zoned = targets("fe80::1%1", 8).unwrap();
        assert!(matches!(zoned[..], [SocketAddr::V6(it)] if it.scope_id() == 1 && it.port() == 8));
    }

    #[test]
    fn an_error_keeps_its_words() {
        let error = targets("nul\0nul", 1).unwrap_err();
        let direct = ("nul\0nul", 1).to_socket_addrs().map(drop).unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (direct.kind(), direct.to_string()));
        assert_eq!(copy(&io::Error::from_raw_os_error(2)).raw_os_error(), Some(2));
    }
}
