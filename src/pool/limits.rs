//! The limits of a pool's server, where callers read them.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU64, AtomicUsize};
use std::time::Duration;

use crate::topology::Limits;
use crate::wire::Compressor;

/// The limits that callers encode for, read without the pool's lock by every operation.
///
/// A reader may see some fields of one handshake and others of the next. That is
/// harmless: [`Limits::allow`] compares field by field what a frame assumed with what
/// its socket offers, and a frame that assumed too much is written anew.
#[derive(Debug)]
pub(super) struct SharedLimits {
    max_document: AtomicUsize,
    max_message: AtomicUsize,
    max_batch: AtomicUsize,
    max_wire_version: AtomicI32,
    /// In milliseconds; `u64::MAX` stands for none.
    session_timeout: AtomicU64,
    retryable_writes: AtomicBool,
    /// Its number; 0 stands for none.
    compressor: AtomicU8,
}

impl SharedLimits {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            max_document: AtomicUsize::new(limits.max_document),
            max_message: AtomicUsize::new(limits.max_message),
            max_batch: AtomicUsize::new(limits.max_batch),
            max_wire_version: AtomicI32::new(limits.max_wire_version),
            session_timeout: AtomicU64::new(to_millis(limits.session_timeout)),
            retryable_writes: AtomicBool::new(limits.retryable_writes),
            compressor: AtomicU8::new(number_of(limits.compressor)),
        }
    }

    /// All but the compressor.
    pub(super) fn set(&self, limits: Limits) {
        self.max_document.store(limits.max_document, Relaxed);
        self.max_message.store(limits.max_message, Relaxed);
        self.max_batch.store(limits.max_batch, Relaxed);
        self.max_wire_version.store(limits.max_wire_version, Relaxed);
        self.session_timeout.store(to_millis(limits.session_timeout), Relaxed);
        self.retryable_writes.store(limits.retryable_writes, Relaxed);
    }

    /// Only what a socket's own handshake found: the answers to a monitor's checks say nothing
    /// of compressors.
    pub(super) fn set_compressor(&self, compressor: Option<Compressor>) {
        self.compressor.store(number_of(compressor), Relaxed);
    }

    pub(super) fn get(&self) -> Limits {
        let session_timeout = match self.session_timeout.load(Relaxed) {
            NO_SESSIONS => None,
            millis => Some(Duration::from_millis(millis)),
        };
        Limits {
            max_document: self.max_document.load(Relaxed),
            max_message: self.max_message.load(Relaxed),
            max_batch: self.max_batch.load(Relaxed),
            max_wire_version: self.max_wire_version.load(Relaxed),
            session_timeout,
            retryable_writes: self.retryable_writes.load(Relaxed),
            compressor: Compressor::from_id(self.compressor.load(Relaxed)),
        }
    }
}

const NO_SESSIONS: u64 = u64::MAX;

fn number_of(compressor: Option<Compressor>) -> u8 {
    compressor.map_or(0, Compressor::id)
}

fn to_millis(timeout: Option<Duration>) -> u64 {
    timeout.map_or(NO_SESSIONS, |timeout| u64::try_from(timeout.as_millis()).unwrap_or(NO_SESSIONS - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_limits_give_back_what_was_set() {
        let shared = SharedLimits::new(Limits::default());
        assert_eq!(shared.get(), Limits::default());
        let other = Limits {
            max_document: 1,
            max_message: 2,
            max_batch: 3,
            max_wire_version: 27,
            session_timeout: Some(Duration::from_secs(1800)),
            retryable_writes: true,
            compressor: Some(Compressor::Zstd),
        };
        shared.set(other);
        assert_eq!(shared.get(), Limits { compressor: None, ..other });
        shared.set_compressor(other.compressor);
        shared.set(Limits { compressor: None, ..other });
        assert_eq!(shared.get(), other);
    }

    #[test]
    fn a_frame_for_more_than_a_server_takes_is_not_allowed() {
        let small = Limits { max_batch: 1000, ..Limits::default() };
        assert!(Limits::default().allow(&small));
        assert!(!small.allow(&Limits::default()));
    }
}
