//! Cursors: the documents of a query, batch after batch. Made by `find` and `aggregate`;
//! further batches are operations of their own, on the same server and in the same
//! session. A cursor never runs in the background: it fetches when it is asked.

mod batch;
mod get_more;

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bson::{Document, RawDocumentBuf};
use futures_core::Stream;
use serde::de::DeserializeOwned;

pub use self::batch::{Batch, Documents};
use self::get_more::{Fetched, GetMore, namespace_of};
use crate::command::codec::decode;
use crate::command::{CursorReply, reply};
use crate::dispatch::{Handle, execute};
use crate::error::{Error, Result};
use crate::pool::{Answer, Namespace};
use crate::session::ServerSession;
use crate::topology::ServerAddress;

/// The documents of a query, as a [`Stream`] or through the methods below.
///
/// The server keeps what was not read yet. A cursor that is dropped before its end is
/// killed there, together with others, in the background; its id is never forgotten, at
/// whatever moment it is dropped. After an error a cursor is at its end.
///
/// All methods are safe to drop at every await: what was under way goes on with the next
/// call, and no document is lost.
///
/// ```no_run
/// # async fn example(rooms: actix_mongo::Collection) -> actix_mongo::Result<()> {
/// let mut cursor = rooms.find(actix_mongo::bson::doc! { "beds": 2 }).batch_size(500).await?;
/// while let Some(room) = cursor.try_next().await? {
///     println!("{room}");
/// }
/// # Ok(()) }
/// ```
pub struct Cursor<T = Document> {
    handle: Handle,
    server: ServerAddress,
    settings: CursorSettings,
    /// 0 once the server has closed it.
    id: i64,
    /// Goes along with each getMore; none while one is under way.
    session: Option<ServerSession>,
    batch: CursorReply,
    /// Where the first document stands that was not handed out.
    position: usize,
    /// The getMore under way. Kept here, so that a call that is dropped loses nothing.
    fetching: Option<Pin<Box<dyn Future<Output = Result<Fetched>> + Send>>>,
    document: PhantomData<fn() -> T>,
}

/// What all batches of a cursor have in common.
#[derive(Clone, Debug)]
pub struct CursorSettings {
    /// What getMore and killCursors must name.
    pub namespace: Arc<Namespace>,
    /// Documents in a batch; `None` leaves it to the server.
    pub batch_size: Option<i32>,
    /// For each getMore; `None` takes the handle's.
    pub timeout: Option<Duration>,
    /// `{comment: ..}`, for getMore as well.
    pub comment: Option<RawDocumentBuf>,
}

/// Behind the last document.
const END: usize = usize::MAX;

impl<T> Cursor<T> {
    /// The cursor that an answer opened. Its session moves along.
    pub(crate) fn open(answer: &mut Answer, handle: &Handle, mut settings: CursorSettings) -> Result<Self> {
        let body = std::mem::take(&mut answer.body);
        let batch = CursorReply::parse(body, &answer.server)?;
        settings.namespace = namespace_of(batch.namespace(), settings.namespace);
        handle.core().open_cursors.enter(&answer.server, batch.id, &settings.namespace);
        Ok(Self {
            handle: handle.clone(),
            server: answer.server.clone(),
            settings,
            id: batch.id,
            session: answer.session.take(),
            batch,
            position: 0,
            fetching: None,
            document: PhantomData,
        })
    }

    /// The server's name for it; 0 once the server has closed it, though documents of the
    /// last batch may still be unread.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Ends it, the same as dropping it: if the server still has it open, it is killed.
    pub fn close(self) {}

    /// The documents that were not handed out yet, at least one; fetches a batch if there
    /// are none. `None` at the end.
    ///
    /// The documents stay where they were received: looking at them copies and allocates
    /// nothing. See [`Batch::iter`].
    pub async fn next_batch(&mut self) -> Result<Option<Batch<'_>>> {
        while self.batch.documents_from(self.position).next().is_none() {
            if !poll_fn(|task| self.poll_fetch(task)).await? {
                return Ok(None);
            }
        }
        let from = std::mem::replace(&mut self.position, END);
        Ok(Some(Batch::new(&self.batch, from)))
    }

    /// Fetches the next batch. False if the server has no more.
    fn poll_fetch(&mut self, task: &mut Context<'_>) -> Poll<Result<bool>> {
        if self.fetching.is_none() {
            if self.id == 0 {
                return Poll::Ready(Ok(false));
            }
            self.fetching = Some(self.fetch());
        }
        let Some(fetching) = &mut self.fetching else { return Poll::Ready(Ok(false)) };
        let fetched = ready!(fetching.as_mut().poll(task));
        self.fetching = None;
        match fetched {
            Ok(Fetched { reply, session }) => {
                if reply.id != self.id {
                    self.handle.core().open_cursors.leave(&self.server, self.id);
                }
                self.id = reply.id;
                self.session = session;
                self.position = 0;
                self.batch = reply;
                Poll::Ready(Ok(true))
            }
            Err(error) => {
                if error.code() == Some(CURSOR_NOT_FOUND) {
                    self.handle.core().open_cursors.leave(&self.server, self.id);
                    self.id = 0;
                }
                self.end();
                Poll::Ready(Err(error))
            }
        }
    }

    fn fetch(&mut self) -> Pin<Box<dyn Future<Output = Result<Fetched>> + Send>> {
        let operation =
            GetMore::new(self.server.clone(), self.id, self.settings.clone(), self.session.take());
        Box::pin(execute(self.handle.clone(), operation, self.settings.timeout))
    }

    /// Has it killed, if it is open, and gives its session back.
    fn end(&mut self) {
        let core = self.handle.core();
        let id = std::mem::take(&mut self.id);
        if id != 0 {
            core.retire_cursor(self.server.clone(), self.settings.namespace.clone(), id);
        }
        if let Some(session) = self.session.take() {
            core.give_back(session);
        }
    }
}

/// `CursorNotFound`: the server has it no more.
const CURSOR_NOT_FOUND: i32 = 43;

impl<T: DeserializeOwned + 'static> Cursor<T> {
    /// The next document, or `None` at the end. A document that can't be read as `T` is an
    /// error, and the next call goes on behind it.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        poll_fn(|task| self.poll_document(task)).await.transpose()
    }

    /// All documents that were not handed out yet.
    pub async fn collect_all(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(batch) = self.next_batch().await? {
            for document in batch.iter() {
                all.push(decode(document?)?);
            }
        }
        Ok(all)
    }

    fn poll_document(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            let mut documents = self.batch.documents_from(self.position);
            if let Some(document) = documents.next() {
                let read = document.map_err(|error| reply::unreadable(error, &self.server)).and_then(decode);
                self.position = documents.position();
                return Poll::Ready(Some(read.map_err(|error: Error| error.with_server(&self.server))));
            }
            match ready!(self.poll_fetch(task)) {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl<T: DeserializeOwned + 'static> Stream for Cursor<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_document(task)
    }
}

impl<T> Drop for Cursor<T> {
    /// The kill is asked for also while a getMore is under way: that one may still wait
    /// for a socket, and never reach the server. If it does reach it, whoever finds the id
    /// in its reply names it to the same batch of kills.
    fn drop(&mut self) {
        self.end();
    }
}

impl<T> fmt::Debug for Cursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("server", &self.server.to_string())
            .field("namespace", &self.settings.namespace)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
