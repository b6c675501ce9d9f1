//! What callers ask of a session: how it is started, what it has seen, its end, and the
//! scope in which all calls run in it. How operations take their turns in it, and what they
//! send for it, is in [`dispatch`](crate::dispatch).

use bson::{RawDocument, RawDocumentBuf, Timestamp, Uuid};

use crate::dispatch::{ClientSession, Handle, scope};
use crate::error::{Error, Kind, Result};
use crate::session::SessionOptions;

/// Starts a session; see [`Connection::start_session`](crate::Connection::start_session).
#[derive(Clone, Debug)]
#[must_use = "nothing is started before `start`"]
pub struct StartSession {
    handle: Handle,
    causal_consistency: Option<bool>,
    snapshot: bool,
    snapshot_time: Option<Timestamp>,
}

impl StartSession {
    pub(crate) fn new(handle: &Handle) -> Self {
        let (causal_consistency, snapshot, snapshot_time) = (None, false, None);
        Self { handle: handle.clone(), causal_consistency, snapshot, snapshot_time }
    }

    /// Whether each operation sees what the session's earlier ones did or saw, whichever
    /// member it runs on. Default true, unless [`snapshot`](Self::snapshot) is asked for.
    ///
    /// Of use together with the concerns "majority" for reads and writes: without them, what
    /// was seen or done may be undone by a failover.
    pub fn causal_consistency(mut self, consistent: bool) -> Self {
        self.causal_consistency = Some(consistent);
        self
    }

    /// Whether all reads see the same point in time. Default false. `find`, `aggregate` and
    /// `distinct` can, on replica sets and sharded clusters from 5.0 on; the server refuses
    /// all else in such a session.
    pub fn snapshot(mut self, snapshot: bool) -> Self {
        self.snapshot = snapshot;
        self
    }

    /// The point in time that all reads see. Without it, it is that of the first read. The
    /// server keeps some minutes only.
    pub fn snapshot_time(mut self, time: Timestamp) -> Self {
        self.snapshot_time = Some(time);
        self
    }

    /// Starts it. Nothing is sent: whether the server has sessions turns out with the first
    /// operation, which else fails with [`Kind::Unsupported`].
    ///
    /// Fails with [`Kind::InvalidArgument`] if both causal consistency and a snapshot were
    /// asked for, or a point in time without a snapshot.
    pub fn start(self) -> Result<ClientSession> {
        let Self { handle, causal_consistency, snapshot, snapshot_time } = self;
        if snapshot && causal_consistency == Some(true) {
            return Err(contradiction("snapshot reads and causal consistency exclude each other"));
        }
        if snapshot_time.is_some() && !snapshot {
            return Err(contradiction("a snapshot time needs a session with snapshot reads"));
        }
        let options =
            SessionOptions { causal_consistency: causal_consistency.unwrap_or(!snapshot), snapshot };
        Ok(ClientSession::start(&handle, options, snapshot_time))
    }
}

fn contradiction(sentence: &str) -> Error {
    Error::new(Kind::InvalidArgument, sentence)
}

impl ClientSession {
    /// The id that servers know it by (`lsid.id`). A later session may have the same, but
    /// never at the same time.
    pub fn id(&self) -> Uuid {
        Uuid::from_bytes(*self.state().id())
    }

    /// Whether it is causally consistent.
    pub fn causal_consistency(&self) -> bool {
        self.state().options().causal_consistency
    }

    /// Whether all its reads see one point in time.
    pub fn snapshot(&self) -> bool {
        self.state().options().snapshot
    }

    /// That point in time, once it was given or a first read has fixed it. `None` without
    /// snapshot reads.
    pub fn snapshot_time(&self) -> Option<Timestamp> {
        self.state().snapshot_time()
    }

    /// The newest cluster time (`{clusterTime: .., signature: ..}`) that it was sent or told.
    pub fn cluster_time(&self) -> Option<RawDocumentBuf> {
        self.state().cluster_time().map(|time| RawDocumentBuf::clone(&time))
    }

    /// Takes the cluster time of another session over, if it is newer. With
    /// [`advance_operation_time`](Self::advance_operation_time), this session's operations
    /// see what that session did. Nothing is checked: a time that no server gave makes the
    /// operations of this session fail, and of no other.
    pub fn advance_cluster_time(&self, time: impl AsRef<RawDocument>) {
        self.state().advance_cluster_time(time.as_ref());
    }

    /// The time of its latest operation, as far as the server told, or it was told of.
    pub fn operation_time(&self) -> Option<Timestamp> {
        self.state().operation_time()
    }

    /// Takes the operation time of another session over, if it is newer.
    pub fn advance_operation_time(&self, time: Timestamp) {
        self.state().advance_operation_time(time);
    }

    /// Has all calls that `future` makes through this session's connection run in it,
    /// though it is passed to none of them.
    ///
    /// A session that a call, or the handle it is made through, names wins over this one,
    /// and an inner scope over an outer one. It holds where a call is awaited: calls in
    /// tasks that the future spawns are not meant, nor are further batches of cursors that
    /// were opened outside; those of cursors opened inside run in it wherever they are
    /// fetched. Unacknowledged writes run without it.
    ///
    /// ```no_run
    /// # use actix_mongo::bson::doc;
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// let rooms = connection.database("hotel")?.collection("rooms")?;
    /// let session = connection.start_session().start()?;
    /// session
    ///     .scope(async {
    ///         rooms.update_one(doc! { "_id": 8 }, doc! { "$inc": { "beds": 1 } }).await?;
    ///         rooms.find_one(doc! { "_id": 8 }).await
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        scope(self.clone(), future)
    }

    /// Ends it, for all who hold it: their further calls fail with
    /// [`Kind::InvalidArgument`]. An operation under way goes on; what the server keeps of
    /// the session goes to another one after it. More than one call does nothing more.
    pub fn end(&self) {
        self.finish();
    }

    /// Whether it was ended.
    pub fn has_ended(&self) -> bool {
        self.state().has_ended()
    }

    /// Whether a network error met one of its operations, for the project's own tests.
    #[cfg(feature = "unstable-internals")]
    #[doc(hidden)]
    pub fn is_dirty(&self) -> bool {
        self.state().is_dirty()
    }
}
