//! What the timer can be asked.

use std::sync::Weak;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::pool::Pool;

/// Fire `wake` at this time. A receiver that is gone by then is passed over.
#[derive(Debug)]
pub struct WakeAt {
    /// When.
    pub at: Instant,
    /// Whom.
    pub wake: oneshot::Sender<()>,
}

impl actix::Message for WakeAt {
    type Result = ();
}

/// Take the entries out of the pool's queue whose wait is over at this time, and answer
/// them. The timer goes on by itself while entries with deadlines wait.
#[derive(Debug)]
pub struct ExpireAt {
    /// When.
    pub at: Instant,
    /// Whose queue.
    pub pool: Weak<Pool>,
}

impl actix::Message for ExpireAt {
    type Result = ();
}
