//! The caller's side of `disconnect`.

use std::time::{Duration, Instant};

use super::shared::Core;
use crate::actors::supervisor::{Departure, Disconnect};
use crate::error::{Error, Kind, Result};

impl Core {
    /// Has new sockets in the place of all that there are, and waits until the idle ones are
    /// gone, for as long as calls may wait with this limit of their own.
    ///
    /// Cancel safety: once polled, it goes on though it is dropped.
    pub async fn disconnect(&self, limit: Option<Duration>) -> Result<()> {
        self.snapshot()?;
        let now = Instant::now();
        let own = limit.filter(|limit| !limit.is_zero()).and_then(|limit| now.checked_add(limit));
        let (hold, departure) = Departure::new();
        self.supervisor.do_send(Disconnect { hold });
        let late = || Error::new(Kind::Timeout, "some idle sockets did not close in time; they still will");
        self.within(self.waits_until(now, own), Box::pin(departure.over()), late).await
    }
}
