//! On whose threads a connection lives.

use super::Builder;
use crate::connection::Connection;

impl<D> Builder<D> {
    /// Has the new connection live on the threads of this one, in place of its own: sockets,
    /// monitors and all else share them, and their number does not grow. Each connection
    /// still has its own servers, pools and limits, and ends by itself; the threads end with
    /// the last of them. (default: threads of its own)
    ///
    /// [`data_arbiters`](Self::data_arbiters) has no effect then, and unless other arbiters are
    /// [lent](Self::lend_arbiters), those that were lent to the other connection are used. If one of
    /// these connections is broken by a panic within the driver, so are the others.
    ///
    /// If the other connection has ended, `connect` and `connect_lazy` fail with
    /// [`Kind::Closed`](crate::Kind::Closed).
    pub fn runtime_of<T>(self, connection: &Connection<T>) -> Self {
        let runtime = connection.ended.runtime().clone();
        self.set(move |options| options.runtime = Some(runtime.clone()))
    }
}
