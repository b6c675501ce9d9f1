//! The newest `$clusterTime` that any reply carried (driver sessions specification,
//! "Gossipping the cluster time").

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bson::{RawDocument, RawDocumentBuf};

/// Shared by all sockets and sessions of one connection.
#[derive(Debug, Default)]
pub struct ClusterClock {
    /// Seconds and increment of what `newest` holds. Read without the lock: nearly all
    /// replies carry a time already known, and those must cost no more than this load.
    /// It is written under the lock only, so it never runs ahead of `newest` for long,
    /// and a reply that reads an old value merely takes the lock in vain.
    stamp: AtomicU64,
    newest: Mutex<Option<Arc<RawDocumentBuf>>>,
}

impl ClusterClock {
    /// Takes over `time` (the value of `$clusterTime`) if it is newer than what is known.
    /// A document without a `clusterTime` timestamp is ignored.
    pub fn advance(&self, time: &RawDocument) {
        let Some(stamp) = stamp(time) else { return };
        if stamp <= self.stamp.load(Ordering::Acquire) {
            return;
        }
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp > self.stamp.load(Ordering::Acquire) {
            *newest = Some(Arc::new(time.to_owned()));
            self.stamp.store(stamp, Ordering::Release);
        }
    }

    /// The newest time known, as the document to send.
    pub fn newest(&self) -> Option<Arc<RawDocumentBuf>> {
        if self.stamp.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newer one of the newest time known and `other`, a session's own.
    pub fn newest_of(&self, other: Option<Arc<RawDocumentBuf>>) -> Option<Arc<RawDocumentBuf>> {
        let newest = self.newest();
        if other.is_none() {
            return newest;
        }
        let value = |time: &Option<Arc<RawDocumentBuf>>| time.as_deref().and_then(|time| stamp(time));
        if value(&other) > value(&newest) { other } else { newest }
    }
}

fn stamp(time: &RawDocument) -> Option<u64> {
    let stamp = time.get_timestamp("clusterTime").ok()?;
    Some(u64::from(stamp.time) << 32 | u64::from(stamp.increment))
}

#[cfg(test)]
mod tests {
    use bson::{Timestamp, rawdoc};

    use super::*;

    fn time(seconds: u32, increment: u32) -> RawDocumentBuf {
        rawdoc! { "clusterTime": Timestamp { time: seconds, increment } }
    }

    #[test]
    fn only_a_newer_time_is_taken_over() {
        let clock = ClusterClock::default();
        assert!(clock.newest().is_none());
        clock.advance(&time(5, 2));
        clock.advance(&time(5, 1));
        clock.advance(&time(4, 9));
        assert_eq!(*clock.newest().unwrap(), time(5, 2));
        clock.advance(&time(6, 0));
        assert_eq!(*clock.newest().unwrap(), time(6, 0));
    }

    #[test]
    fn the_newer_of_two_times_is_sent() {
        let clock = ClusterClock::default();
        let session = |seconds| Some(Arc::new(time(seconds, 0)));
        assert_eq!(clock.newest_of(None), None);
        assert_eq!(clock.newest_of(session(3)), session(3));
        clock.advance(&time(5, 0));
        assert_eq!(clock.newest_of(session(3)), session(5));
        assert_eq!(clock.newest_of(session(6)), session(6));
        assert_eq!(clock.newest_of(None), session(5));
        assert_eq!(clock.newest(), session(5), "a session's time is its own");
    }

    #[test]
    fn a_document_without_a_time_changes_nothing() {
        let clock = ClusterClock::default();
        clock.advance(&rawdoc! { "clusterTime": "noon" });
        assert!(clock.newest().is_none());
    }
}
