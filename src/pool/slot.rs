//! A place in the pool, taken by one established socket.

use actix::Recipient;

use super::entry::Entry;
use crate::error::Error;

/// Names a place in one pool; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u64);

/// What a pool, a lease or the supervisor tells a socket.
#[derive(Debug)]
pub enum SlotControl {
    /// Its lease ended.
    EndLease,
    /// Close as soon as nothing is in flight.
    Retire,
    /// Close now; what is in flight fails with this.
    Abort(Error),
}

impl actix::Message for SlotControl {
    type Result = ();
}

/// An established socket, as the pool sees it.
#[derive(Debug)]
pub struct Slot {
    /// Its name in the pool.
    pub id: SlotId,
    /// The pool's generation when the socket was opened.
    pub generation: u64,
    entries: Recipient<Entry>,
    control: Recipient<SlotControl>,
}

impl Slot {
    /// A slot whose socket listens at these.
    pub fn new(
        id: SlotId,
        generation: u64,
        entries: Recipient<Entry>,
        control: Recipient<SlotControl>,
    ) -> Self {
        Self {
            id,
            generation,
            entries,
            control,
        }
    }

    /// Sends an entry. If the socket is gone the entry is dropped, and answers by that.
    pub fn submit(&self, entry: Entry) {
        self.entries.do_send(entry);
    }

    /// Sends an order.
    pub fn control(&self, order: SlotControl) {
        self.control.do_send(order);
    }
}
