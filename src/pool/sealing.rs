//! What a request is given once it has a socket: its session, and the envelope with the time
//! that is left. Sockets do it as they take a request; a caller that holds a socket of its own
//! does it for a large message, to compress that on its own thread.

use std::time::{Duration, Instant};

use super::run::{Run, SessionUse};
use crate::error::{Error, Kind};
use crate::session::{ClusterClock, ServerSession, ServerSessions};
use crate::topology::Limits;
use crate::wire::{Envelope, Packing, Press};

/// What sealing an envelope needs from outside.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// Where implicit sessions come from.
    pub sessions: &'a ServerSessions,
    /// The cluster time to send.
    pub clock: &'a ClusterClock,
    /// The present time.
    pub now: Instant,
    /// The least round-trip time to this server.
    pub min_rtt: Duration,
    /// How hard zlib tries.
    pub zlib_level: i32,
}

impl Surroundings<'_> {
    /// How messages to a server of these limits are compressed, if they are.
    fn packing(&self, limits: &Limits) -> Option<Packing> {
        let zlib_level = self.zlib_level;
        limits.compressor.map(|compressor| Packing { compressor, zlib_level })
    }
}

impl Run {
    /// Seals the envelope in, and compresses the message where that was agreed on. The implicit
    /// session that it is sent in is the caller's from then on. An error leaves the request as
    /// it was: nothing of it may be sent.
    pub fn seal(
        &mut self,
        request_id: i32,
        limits: &Limits,
        around: &Surroundings<'_>,
    ) -> Result<Option<ServerSession>, Error> {
        let Ok(max_time_ms) = max_time(self, around) else { return Err(out_of_time()) };
        if limits.session_timeout.is_none() && matches!(self.session, SessionUse::Explicit { .. }) {
            return Err(no_sessions());
        }
        if self.sealed_for.is_some() && self.sealed_for == limits.compressor {
            // The caller did it: all that is missing is the number.
            self.frame.number(request_id);
            return Ok(self.take_session(around.now));
        }
        let session = self.write_envelope(request_id, max_time_ms, limits, around);
        if let Some(packing) = around.packing(limits) {
            Press::of_thread(|press| self.frame.pack(packing, limits.max_message, press));
        }
        Ok(session)
    }

    /// The same by a caller who holds a socket, so that this thread compresses the message and
    /// not the socket's. A socket that agreed on something else with its server, or none, does
    /// it over. What can't be sealed is left for the socket to refuse.
    pub fn seal_apart(&mut self, limits: &Limits, around: &Surroundings<'_>) {
        let Some(packing) = around.packing(limits) else { return };
        let Ok(max_time_ms) = max_time(self, around) else { return };
        let number = match &self.session {
            SessionUse::Held { txn_number, .. } => *txn_number,
            _ => None,
        };
        let session = self.write_envelope(0, max_time_ms, limits, around);
        if let Some(session) = session {
            let numbered = matches!(self.session, SessionUse::Implicit { numbered: true });
            let counted = (numbered && limits.retryable_writes).then(|| session.txn_number());
            self.session = SessionUse::Held { session, txn_number: counted.or(number) };
        }
        // Its own: a thread of the application's keeps no memory for this.
        self.frame.pack(packing, limits.max_message, &mut Press::default());
        self.sealed_for = self.frame.is_packed().then_some(packing.compressor);
    }

    fn write_envelope(
        &mut self,
        request_id: i32,
        max_time_ms: Option<i64>,
        limits: &Limits,
        around: &Surroundings<'_>,
    ) -> Option<ServerSession> {
        let (mut session, mut known) = (None, None);
        let (lsid, txn_number) = match &self.session {
            SessionUse::None => (None, None),
            SessionUse::Explicit { id, txn_number, cluster_time } => {
                known.clone_from(cluster_time);
                (Some(*id), *txn_number)
            }
            SessionUse::Implicit { numbered } => {
                match (limits.session_timeout, *numbered && limits.retryable_writes) {
                    (None, _) => (None, None),
                    (timeout, numbered) => {
                        let taken = session.insert(around.sessions.take(around.now, timeout));
                        (Some(*taken.id()), numbered.then(|| taken.next_txn_number()))
                    }
                }
            }
            SessionUse::Held { session, txn_number } => (Some(*session.id()), *txn_number),
        };
        let session = session.or_else(|| self.take_session(around.now));
        let cluster_time = around.clock.newest_of(known);
        let envelope = Envelope { lsid, txn_number, max_time_ms, cluster_time };
        self.frame.seal(request_id, |elements| envelope.write(elements));
        session
    }

    /// The session that it holds.
    fn take_session(&mut self, now: Instant) -> Option<ServerSession> {
        if !matches!(self.session, SessionUse::Held { .. }) {
            return None;
        }
        match std::mem::replace(&mut self.session, SessionUse::None) {
            SessionUse::Held { mut session, .. } => {
                session.touch(now);
                Some(session)
            }
            _ => None,
        }
    }
}

/// What `maxTimeMS` says: the time left when the request arrives. `Err` if there is none.
fn max_time(run: &Run, around: &Surroundings<'_>) -> Result<Option<i64>, ()> {
    let Some(deadline) = run.deadline else { return Ok(None) };
    let left = deadline.saturating_duration_since(around.now).saturating_sub(around.min_rtt);
    let millis = i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
    // maxTimeMS: 0 would mean "no limit".
    if left.is_zero() || (run.max_time && millis == 0) {
        return Err(());
    }
    // Servers take no more than that; who has weeks needs no limit there.
    Ok(Some(millis).filter(|millis| run.max_time && *millis <= i64::from(i32::MAX)))
}

/// A session that the caller asked for must not be left out in silence (driver sessions
/// specification, "How to Tell Whether a Connection Supports Sessions").
fn no_sessions() -> Error {
    Error::new(Kind::Unsupported, "the server does not support sessions")
}

/// The error of a request that was too late to be sent.
pub fn out_of_time() -> Error {
    Error::new(Kind::Timeout, "the operation's timeout ran out before the request was sent")
}
