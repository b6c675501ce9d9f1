//! New sockets in the place of all that there are, while the pool goes on serving.

use std::sync::Arc;

use super::{Pool, Slot, SlotId};

/// What a renewal took out of the pool; all of it is to be retired.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Sockets that were idle.
    pub idle: Vec<Arc<Slot>>,
    /// Sockets that are being opened, and will serve nobody.
    pub opening: Vec<SlotId>,
}

impl Pool {
    /// Starts a new generation, and serves in it at once: a clear and a ready in one, in which
    /// those who wait keep their places. Idle sockets leave; those in use retire when they are
    /// released. Afterwards [`begin_open`](Self::begin_open) is to be asked.
    ///
    /// A pool that is paused stays so, since nothing in it is idle; one that closes does as
    /// well, and nothing comes of it.
    pub fn renew(&self) -> Renewed {
        let mut state = self.lock();
        let (cleared, opening) = state.renew();
        if cleared.was_ready {
            self.tell_cleared(&cleared, None, false);
            self.tell_ready();
        }
        drop(state);
        Renewed { idle: cleared.idle, opening }
    }
}
