//! Requests: a handle whose calls share one socket, in order.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bson::Document;

use super::Connection;
use crate::collection::Running;
use crate::dispatch::Pinned;
use crate::error::{Error, Result};
use crate::topology::{Criteria, ReadPreference, ServerAddress};

impl<D> Connection<D> {
    /// Starts a request: a handle with the same methods, whose calls all go over one socket,
    /// in order. Of use where one call must find the server as an earlier one left it, though
    /// nobody waited for that one's answer:
    ///
    /// ```no_run
    /// # use actix_mongo::bson::doc;
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// use actix_mongo::WriteConcern;
    ///
    /// let request = connection.start_request().await?;
    /// let rooms = request.database("hotel")?.collection("rooms")?;
    /// let unanswered = rooms.with_write_concern(WriteConcern::nodes(0));
    /// unanswered.insert_one(doc! { "_id": 7, "beds": 2 }).await?;
    /// // The server reads this after the insert, and so finds the room.
    /// let room = rooms.find_one(doc! { "_id": 7 }).await?;
    /// request.end_request();
    /// # Ok(()) }
    /// ```
    ///
    /// By default the server is the one that takes writes; see [`StartRequest`] for others,
    /// and for how long to wait. [`Request`] says what holds within.
    pub fn start_request(&self) -> StartRequest<D> {
        StartRequest { connection: self.clone(), preference: None, timeout: None }
    }

    /// Whether calls through this handle go over the socket of a [`Request`] that has not
    /// ended, be that the request itself or a handle derived from it.
    pub fn in_request(&self) -> bool {
        self.handle.scope().request.as_ref().is_some_and(|request| request.is_open())
    }
}

/// Starts a request when awaited; see [`Connection::start_request`].
///
/// Fails with [`Kind::ServerSelection`](crate::Kind::ServerSelection) if no server suits in
/// time, with [`Kind::WaitQueueTimeout`](crate::Kind::WaitQueueTimeout) if no socket comes
/// free, and with [`Kind::Timeout`](crate::Kind::Timeout) if the timeout runs out before
/// that; with [`Kind::QueueFull`](crate::Kind::QueueFull) if too many wait for sockets; with
/// [`Kind::ConnectionFailure`](crate::Kind::ConnectionFailure) if none could be opened.
///
/// Cancel safety: a place in the queue is given up, and a socket that has come goes back.
#[derive(Clone, Debug)]
#[must_use = "nothing is started before it is awaited"]
pub struct StartRequest<D = Document> {
    connection: Connection<D>,
    preference: Option<ReadPreference>,
    timeout: Option<Duration>,
}

impl<D> StartRequest<D> {
    /// Which server the socket is to lead to, in place of the one that takes writes. It
    /// becomes the read preference of the request's handle, too. Writes on a server that takes
    /// none are that server's error.
    pub fn read_preference(mut self, preference: ReadPreference) -> Self {
        self.preference = Some(preference);
        self
    }

    /// How long to wait for a server and a socket. Wins over the handle's timeout; zero is
    /// none, and then both are waited for as any call does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl<D: 'static> IntoFuture for StartRequest<D> {
    type Output = Result<Request<D>>;
    type IntoFuture = Running<Request<D>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { connection, preference, timeout } = self;
        Box::pin(async move {
            let target = preference.clone().map_or(Criteria::Write, Criteria::Read);
            let started = Pinned::start(&connection.handle, target, timeout).await;
            let pinned = started.map_err(|error| error.with_operation("start_request"))?;
            let handle = connection.handle.with_scope(|scope| {
                scope.request = Some(pinned.clone());
                if let Some(preference) = preference {
                    scope.read_preference = preference;
                }
            });
            Ok(Request { connection: connection.derive(handle), pinned })
        })
    }
}

/// A [`Connection`] whose calls share one socket, in order, until it is dropped or
/// [ended](Self::end_request). Made by [`Connection::start_request`].
///
/// It has all methods of a connection. What is made from it (databases, collections, cursors,
/// other handles) belongs to it, and goes over its socket, too.
///
/// - **Order.** Calls go out one at a time, in the order in which they were first polled,
///   whichever tasks make them; a call waits until the one before was answered (without an
///   answer, `w: 0`: until it was sent). That wait counts as one for a socket: it ends with
///   the call's timeout ([`Kind::Timeout`](crate::Kind::Timeout)), with `waitQueueTimeoutMS`,
///   or else with `serverSelectionTimeoutMS`
///   ([`Kind::WaitQueueTimeout`](crate::Kind::WaitQueueTimeout)), and leaves the socket as it
///   is. A call that is dropped while it waits is taken back.
/// - **One server.** The socket decides where calls go. Read preferences of calls and handles
///   are sent along, and choose no other server. If the server steps down it refuses writes,
///   and those errors come to the caller.
/// - **No silent change.** If the socket breaks, the call under way fails, and so does each
///   later one, with [`Kind::AutoReconnect`](crate::Kind::AutoReconnect) and without anything
///   being sent, until [`repin`](Self::repin) takes another socket. Nothing is repeated by
///   itself but what an overloaded server refused unseen. A call whose timeout runs out after
///   it was sent costs the socket: its answer is still to come. One that is dropped does so if
///   the answer does not come within a second.
/// - **Its cost.** The socket counts towards `max_pool_size` and serves nobody else meanwhile.
///   Each request needs a socket of its own, so a task that waits for a second request while
///   it holds the pool's last socket waits in vain, until its timeout.
/// - **Cursors** fetch their batches over the socket, and are killed over it. An exhaust
///   cursor asks for each of its batches; a tailable one that waits on the server holds up the
///   other calls as long as it waits. A cursor that is still open when the request ends goes
///   on over any socket of its server; behind a load balancer it keeps this one until it is
///   closed. Other handles of an ended request fail with
///   [`Kind::InvalidArgument`](crate::Kind::InvalidArgument).
/// - **Sessions** may be used within, and are independent of it: a session's calls wait for
///   their turn in the session first.
/// - [`start_actor`](Connection::start_actor) through it gives an actor outside of the request.
///
/// [`close`](Connection::close) lets calls under way come to their end within its grace; a
/// request that is open counts as under way until it is ended or dropped. It keeps the
/// connection alive, as every handle.
pub struct Request<D = Document> {
    connection: Connection<D>,
    pinned: Arc<Pinned>,
}

impl<D> Request<D> {
    /// Ends it, the same as dropping it: the socket goes back to the pool once all calls under
    /// way on it were answered.
    pub fn end_request(self) {}

    /// Takes another socket, of the server that takes writes now (or that the
    /// [read preference](StartRequest::read_preference) means), if the present one is gone. If it
    /// is not, nothing is done. Waits as [`start_request`](Connection::start_request) does, with
    /// the handle's timeout, and fails as that.
    ///
    /// What was sent over the old socket without an answer (`w: 0`) may or may not have
    /// been done, and may even be done later than what is sent over the new one.
    ///
    /// Cancel safety: a place in the queue is given up, and a socket that has come goes back.
    pub fn repin(&self) -> Running<()> {
        let (handle, pinned) = (self.connection.handle.clone(), self.pinned.clone());
        Box::pin(async move {
            let renewed = pinned.renew(&handle, None).await;
            renewed.map_err(|error| error.with_operation("repin"))
        })
    }

    /// The server that its socket leads to, or led to while it was there.
    pub fn server(&self) -> ServerAddress {
        self.pinned.server()
    }

    /// The error that calls get because the socket is gone; `None` as long as none has found
    /// it so. Nothing is sent to see.
    pub fn lost(&self) -> Option<Error> {
        self.pinned.lost()
    }
}

impl<D> Deref for Request<D> {
    type Target = Connection<D>;

    fn deref(&self) -> &Connection<D> {
        &self.connection
    }
}

impl<D> Drop for Request<D> {
    fn drop(&mut self) {
        self.pinned.end();
    }
}

impl<D> fmt::Debug for Request<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("server", &self.server().to_string())
            .field("lost", &self.lost().map(|error| error.to_string()))
            .finish_non_exhaustive()
    }
}
