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
pub struct SystemLookups {
    errands: Errands<String, Found>,
    ask: Ask,
}

type Found = Arc<io::Result<Vec<SocketAddr>>>;
/// Blocks until the system has told of a host.
type Ask = fn(&str) -> io::Result<Vec<SocketAddr>>;

impl Default for SystemLookups {
    fn default() -> Self {
        // Without the port, which the system has no use for: it is another's with the same host.
        Self::asking(|host| (host, 0).to_socket_addrs().map(Iterator::collect))
    }
}

impl SystemLookups {
    /// Who waits for a turn is bounded by who connects: one monitor for a host, and few
    /// sockets of its pool.
    fn asking(ask: Ask) -> Self {
        Self { errands: Errands::new("actix-mongo-dns", MOST, usize::MAX), ask }
    }

    /// Where a host can be reached. Cancel safety: as of [`Errands::run`].
    pub async fn targets(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let (ask, asked) = (self.ask, host.to_owned());
        let found = match self.errands.run(host.to_owned(), move || Arc::new(ask(&asked))).await {
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

    /// Whoever answers a hello may name thousands of hosts.
    #[test]
    fn of_many_hosts_eight_are_asked_for_at_a_time_and_each_once() {
        use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
        use std::sync::{Mutex, PoisonError};
        use std::task::{Context, Waker};

        static GATE: Mutex<()> = Mutex::new(());
        static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
        static MOST_SEEN: AtomicUsize = AtomicUsize::new(0);
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let lookups = SystemLookups::asking(|host| {
            MOST_SEEN.fetch_max(UNDER_WAY.fetch_add(1, SeqCst) + 1, SeqCst);
            ASKED.fetch_add(1, SeqCst);
            drop(GATE.lock().unwrap_or_else(PoisonError::into_inner));
            UNDER_WAY.fetch_sub(1, SeqCst);
            let number: u8 = host.strip_prefix("host-").and_then(|number| number.parse().ok()).unwrap();
            Ok(vec![SocketAddr::from(([127, 0, 0, number], 0))])
        });
        let closed = GATE.lock().unwrap();
        let host = |number: usize| format!("host-{}", number % 100);
        let mut calls: Vec<_> = (0..200)
            .map(|number| {
                let (lookups, host) = (&lookups, host(number));
                Box::pin(async move { lookups.targets(&host, 7).await })
            })
            .collect();
        let mut task = Context::from_waker(Waker::noop());
        assert!(calls.iter_mut().all(|call| call.as_mut().poll(&mut task).is_pending()));
        assert_eq!(lookups.errands.counts(), (8, 92));
        drop(closed);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (number, call) in calls.into_iter().enumerate() {
            let expected = SocketAddr::from(([127, 0, 0, (number % 100) as u8], 7));
            assert_eq!(runtime.block_on(call).unwrap(), [expected]);
        }
        assert_eq!(ASKED.load(SeqCst), 100);
        assert!(MOST_SEEN.load(SeqCst) <= 8, "{MOST_SEEN:?}");
    }

    #[test]
    fn an_error_keeps_its_words() {
        let error = targets("nul\0nul", 1).unwrap_err();
        let direct = ("nul\0nul", 1).to_socket_addrs().map(drop).unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (direct.kind(), direct.to_string()));
        assert_eq!(copy(&io::Error::from_raw_os_error(2)).raw_os_error(), Some(2));
    }
}
