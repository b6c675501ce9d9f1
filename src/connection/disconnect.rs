//! `disconnect`: all sockets anew, while the handle stays good.

use super::Connection;
use crate::database::Disconnect;

impl<D> Connection<D> {
    /// Closes the sockets of all pools; the next use opens new ones. This handle and all
    /// others stay good, for they are the same connection.
    ///
    /// No call fails by it. Sockets that are idle, or are being opened, close at once. Those in
    /// use close when they are done: a call that is under way comes to its end, and a cursor
    /// that has a socket to itself (awaiting, exhaust, or behind a load balancer) keeps it until
    /// it ends, and so does a [`Request`](crate::Request). A call that waits for a socket keeps its place, and is given a new one. Sessions
    /// and other cursors live on the server and are not touched.
    ///
    /// Monitors keep their own sockets, so that the servers stay known. With a
    /// [`min_pool_size`](crate::Builder::min_pool_size) that many sockets are opened again at
    /// once. In the terms of the pooling specification each pool is cleared, its generation
    /// goes up, and it is ready again, but that those who wait are not failed; listeners for
    /// [events](crate::events) are told so. A pool that is paused, since its server can't be
    /// reached, stays paused: it has no idle socket.
    ///
    /// Ready when the sockets are gone that were idle. It waits no longer than its
    /// [timeout](Disconnect::timeout) or the handle's, and never longer than
    /// `serverSelectionTimeoutMS`.
    ///
    /// Fails with [`Kind::Closed`](crate::Kind::Closed) if the connection was closed, and with
    /// [`Kind::Timeout`](crate::Kind::Timeout) if the sockets take longer than that; they close
    /// all the same.
    ///
    /// Cancel safety: it does nothing before it is polled; once polled, it goes on though it is
    /// dropped.
    ///
    /// ```no_run
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// // A pause of hours begins.
    /// connection.disconnect().await?;
    /// # Ok(()) }
    /// ```
    pub fn disconnect(&self) -> Disconnect {
        Disconnect::new(&self.handle)
    }
}
