//! Why a pool does not serve, or not this entry; and the sentences of its errors, which
//! are written without the lock.

use std::sync::Arc;

use super::options::PoolOptions;
use crate::error::{Error, Kind};
use crate::topology::ServerAddress;

/// Whether the pool serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mode<C> {
    /// Not now. No cause before the first ready.
    Paused(Option<C>),
    /// It does.
    Ready,
    /// Only the connection's own last words.
    Closing(C),
    /// Never again.
    Closed(C),
}

/// Why an entry was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refusal<C> {
    /// The pool is paused, by this.
    Paused(Option<C>),
    /// The pool is closed, by this.
    Closed(C),
    /// The queue has no room, by count or by bytes.
    QueueFull {
        /// Entries that wait.
        queued: usize,
        /// Bytes that they hold.
        bytes: usize,
        /// Bytes of the entry.
        wanted: usize,
    },
    /// As many sockets as may be parked are, or wait to be.
    Parked {
        /// How many.
        parked: usize,
    },
}

/// The error of a refused entry. Nothing of it was sent.
pub(super) fn refused(
    refusal: &Refusal<Arc<Error>>,
    address: &ServerAddress,
    options: &PoolOptions,
) -> Error {
    match refusal {
        Refusal::Paused(Some(cause)) => cleared(cause, address),
        Refusal::Paused(None) => {
            let sentence = format!(
                "Connection pool for {address} is paused: no check of that server has \
                 succeeded yet; check that it runs and can be reached"
            );
            temporary(sentence, address)
        }
        Refusal::Closed(cause) => closed(cause, address),
        Refusal::QueueFull { queued, bytes, wanted } => {
            let sentence = if *queued >= options.max_queued_requests {
                format!(
                    "{queued} requests wait for a connection to {address}, as many as \
                     max_queued_requests allows; check whether the server is slow, or its pool \
                     (max_pool_size {}) too small for this load",
                    size(options.max_size)
                )
            } else {
                format!(
                    "{queued} requests of together {bytes} bytes wait for a connection to \
                     {address}, and {wanted} more bytes would exceed max_queued_bytes ({}); check \
                     whether the server is slow, or its pool (max_pool_size {}) too small for \
                     this load",
                    options.max_queued_bytes,
                    size(options.max_size)
                )
            };
            Error::new(Kind::QueueFull, sentence).with_server(address)
        }
        Refusal::Parked { parked } => {
            let sentence = format!(
                "{parked} connections to {address} are held by, or promised to, tailable, \
                 awaitData and exhaust cursors, as many as max_parked allows of max_pool_size {}; \
                 close some of these cursors, or raise one of the two",
                size(options.max_size)
            );
            Error::new(Kind::QueueFull, sentence).with_server(address)
        }
    }
}

/// The pooling specification's `PoolClearedError`: retryable, and no reason to think any
/// worse of the server. It carries no label: those depend on the operation and its
/// options, which only the caller knows.
pub(super) fn cleared(cause: &Error, address: &ServerAddress) -> Error {
    let sentence = format!(
        "Connection pool for {address} was cleared because another operation failed with: {}",
        cause.message()
    );
    because(temporary(sentence, address), cause)
}

/// The pooling specification's `PoolClearedError` for what a clear interrupts.
pub(super) fn interrupted(cause: &Error, address: &ServerAddress) -> Error {
    let sentence = format!("Connection to {address} interrupted due to server monitor timeout");
    because(temporary(sentence, address), cause)
}

/// The pooling specification's `PoolClosedError`. If it is the server that went, and not
/// the connection, another server may serve: then it is as good as a cleared pool.
pub(super) fn closed(cause: &Error, address: &ServerAddress) -> Error {
    let sentence = "Attempted to check out a connection from closed connection pool";
    let error = match cause.kind() {
        Kind::PoolCleared => temporary(format!("{sentence}: {cause}"), address),
        _ => Error::new(Kind::Closed, sentence).with_server(address),
    };
    because(error, cause)
}

fn temporary(sentence: String, address: &ServerAddress) -> Error {
    Error::new(Kind::PoolCleared, sentence).with_server(address).network().retryable()
}

/// The retry selects from the topology version that the cause was applied in.
fn because(error: Error, cause: &Error) -> Error {
    let error = error.with_source(cause.clone());
    match cause.seen_version() {
        Some(version) => error.with_seen_version(version),
        None => error,
    }
}

fn size(max: usize) -> String {
    match max {
        0 => "unlimited".to_owned(),
        max => max.to_string(),
    }
}
