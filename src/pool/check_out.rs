//! A call's wish for a connection, as listeners for events are told of it.

use std::time::Instant;

use super::slot::SlotId;
use crate::error::{Error, Kind};
use crate::events::{
    CheckOutFailedReason, ConnectionCheckOutFailed, ConnectionCheckOutStarted, ConnectionCheckedOut, Emitter,
    EventKinds,
};
use crate::topology::ServerAddress;

/// Travels in the entry. Each that started succeeds or fails, also if it is dropped.
#[derive(Debug)]
pub struct CheckOut {
    events: Emitter,
    address: ServerAddress,
    started: Instant,
    over: bool,
}

impl CheckOut {
    /// It starts; `None` if nobody listens.
    pub fn start(events: &Emitter, address: &ServerAddress) -> Option<Box<Self>> {
        if !events.is_on(EventKinds::POOLS) {
            return None;
        }
        events.emit(|| ConnectionCheckOutStarted { address: address.clone() });
        let (events, address, started) = (events.clone(), address.clone(), Instant::now());
        Some(Box::new(Self { events, address, started, over: false }))
    }

    /// This connection is the call's.
    #[allow(clippy::boxed_local, reason = "it arrives in its box")]
    pub fn succeeded(mut self: Box<Self>, id: SlotId) {
        self.over = true;
        self.events.emit(|| ConnectionCheckedOut {
            address: self.address.clone(),
            connection_id: id.0,
            duration: self.started.elapsed(),
        });
    }

    /// The call gets this error.
    #[allow(clippy::boxed_local, reason = "it arrives in its box")]
    pub fn failed(mut self: Box<Self>, error: &Error) {
        let reason = match error.kind() {
            Kind::Closed => CheckOutFailedReason::PoolClosed,
            Kind::WaitQueueTimeout | Kind::Timeout => CheckOutFailedReason::Timeout,
            _ => CheckOutFailedReason::ConnectionError,
        };
        self.fail(reason, Some(error));
    }

    fn fail(&mut self, reason: CheckOutFailedReason, error: Option<&Error>) {
        if !std::mem::replace(&mut self.over, true) {
            self.events.emit(|| ConnectionCheckOutFailed {
                address: self.address.clone(),
                reason,
                error: error.cloned(),
                duration: self.started.elapsed(),
            });
        }
    }
}

impl Drop for CheckOut {
    /// The socket was lost with the entry in its mailbox, or the caller is gone.
    fn drop(&mut self) {
        self.fail(CheckOutFailedReason::ConnectionError, None);
    }
}
