//! `disconnect`, which sends nothing: it closes sockets. Here with the other calls that are
//! about all databases.

use std::time::Duration;

use crate::collection::{Draft, Running, Verb};
use crate::dispatch::Handle;

/// Closes sockets; see [`Connection::disconnect`](crate::Connection::disconnect).
#[derive(Clone, Debug)]
#[must_use = "nothing is closed before it is awaited"]
pub struct Disconnect {
    draft: Draft,
}

impl Disconnect {
    pub(crate) fn new(handle: &Handle) -> Self {
        Self { draft: Draft::new(handle) }
    }

    /// How long this call may take. Wins over the handle's; zero is what holds without one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.draft.timeout = Some(timeout);
        self
    }
}

impl Verb for Disconnect {
    fn cap(&mut self, limit: Duration) {
        self.draft.cap(limit);
    }
}

impl IntoFuture for Disconnect {
    type Output = crate::error::Result<()>;
    type IntoFuture = Running<()>;

    fn into_future(self) -> Self::IntoFuture {
        let handle = self.draft.handle().clone();
        let limit = self.draft.timeout.or_else(|| handle.scope().timeout);
        Box::pin(async move {
            let ended = handle.core().disconnect(limit).await;
            ended.map_err(|error| error.with_operation("disconnect"))
        })
    }
}
