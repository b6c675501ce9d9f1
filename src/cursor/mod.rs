//! Cursors: the documents of a query, batch after batch. Made by `find`, `aggregate` and
//! all that lists something; further batches are operations of their own, on the same
//! server and in the same session. A cursor never runs in the background: it fetches when
//! it is asked.

mod batch;
mod fetch;
mod get_more;
mod send_to;
mod settings;

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bson::Document;
use futures_core::Stream;
use serde::de::DeserializeOwned;

pub use self::batch::{Batch, Documents};
use self::fetch::Fetcher;
use self::get_more::namespace_of;
pub use self::send_to::{Delivery, DeliveryEnd, SendTo, Streamed};
use self::settings::Patience;
pub use self::settings::{CursorOptions, CursorSettings, CursorType, TimeoutMode};
use crate::command::codec::decode;
use crate::command::{CursorReply, reply};
use crate::dispatch::Handle;
use crate::error::{Error, Result};
use crate::pool::Answer;

/// The documents of a query, as a [`Stream`] or through the methods below.
///
/// The server keeps what was not read yet. A cursor that is dropped before its end is
/// killed there, together with others, in the background; its id is never forgotten, at
/// whatever moment it is dropped. After an error a cursor is at its end; but where each call
/// has its own timeout ([`TimeoutMode::Iteration`]), one that runs out while nothing is asked
/// of the server, as between the pauses of a tailable cursor, ends that call alone.
///
/// A tailable cursor ([`CursorType`]) has no end, as long as the server keeps it: behind the
/// last document [`try_next`](Self::try_next) and the [`Stream`] wait for the next one to
/// come, however long that takes; [`next_if_any`](Self::next_if_any) does not. Where the
/// server does not wait itself, they ask it again after a pause, which grows from 10 ms to
/// half a second as long as nothing comes. If the collection was empty the server closes
/// the cursor at once, and so it does when the cursor's place was overwritten; open another.
///
/// Behind a load balancer each open cursor keeps the socket to itself that it was opened
/// over, from the pool's `max_pool_size`, until the server has closed it or it is dropped;
/// also after an error. So drop what is not read to its end.
///
/// All methods are safe to drop at every await: what was under way goes on with the next
/// call, and no document is lost. Where each call has its own timeout, the next one begins
/// anew with that; only what was already asked of the server keeps the limit of the call that
/// was dropped, and if the server does not answer within that, the cursor is at its end. As
/// a [`Stream`] a cursor is not told that a call was dropped: the time of that call goes on
/// for the next, until there is an item or an error. So use [`try_next`](Self::try_next)
/// where calls may be dropped.
///
/// An actor reads a cursor by `ctx.add_stream(cursor)`, which needs an
/// [`actix::StreamHandler`] for `Result<T>`: documents come one by one, as the actor has time for
/// them, and nothing is fetched ahead. [`send_to`](Self::send_to) feeds an actor from outside,
/// with a bound and a report.
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
    fetcher: Fetcher,
    batch: CursorReply,
    /// Where the first document stands that was not handed out.
    position: usize,
    document: PhantomData<fn() -> T>,
}

/// Behind the last document.
const END: usize = usize::MAX;

impl<T> Cursor<T> {
    /// The cursor that an answer opened. Its session moves along, and its socket if it
    /// has one to itself.
    pub(crate) fn open(answer: &mut Answer, handle: &Handle, mut settings: CursorSettings) -> Result<Self> {
        let body = std::mem::take(&mut answer.body);
        let batch = CursorReply::parse(body, &answer.server)?;
        settings.namespace = namespace_of(batch.namespace(), settings.namespace);
        let fetcher = Fetcher::open(answer, handle, settings, &batch);
        Ok(Self { fetcher, batch, position: 0, document: PhantomData })
    }

    /// The server's name for it; 0 once the server has closed it, though documents of the
    /// last batch may still be unread.
    pub fn id(&self) -> i64 {
        self.fetcher.id()
    }

    /// Whether there may be more than what was handed out: false once the server has closed
    /// it and the last batch is read.
    pub fn is_open(&self) -> bool {
        self.id() != 0 || self.has_document()
    }

    /// Ends it, the same as dropping it: if the server still has it open, it is killed.
    pub fn close(self) {}

    /// Changes how many documents the batches after this one have; 0 leaves it to the server.
    pub fn set_batch_size(&mut self, size: u32) {
        self.fetcher.settings_mut().batch_size = Some(i32::try_from(size).unwrap_or(i32::MAX));
    }

    /// All further batches must come until then; without a deadline they have the time they need.
    pub(crate) fn limit(&mut self, deadline: Option<Instant>) {
        self.fetcher.settings_mut().patience = deadline.map_or(Patience::Endless, Patience::Until);
    }

    /// The documents that were not handed out yet, at least one; fetches a batch if there
    /// are none. `None` at the end.
    ///
    /// The documents stay where they were received: looking at them copies and allocates
    /// nothing. See [`Batch::iter`].
    pub async fn next_batch(&mut self) -> Result<Option<Batch<'_>>> {
        self.fetcher.call_begins();
        while !self.has_document() {
            if !poll_fn(|task| self.poll_fetch(task)).await? {
                self.fetcher.call_over();
                return Ok(None);
            }
        }
        self.fetcher.call_over();
        let from = std::mem::replace(&mut self.position, END);
        Ok(Some(Batch::new(&self.batch, from)))
    }

    fn has_document(&self) -> bool {
        self.batch.documents_from(self.position).next().is_some()
    }

    /// Fetches the next batch, which may be empty. False if the server has no more.
    fn poll_fetch(&mut self, task: &mut Context<'_>) -> Poll<Result<bool>> {
        match ready!(self.fetcher.poll(task)) {
            Ok(None) => Poll::Ready(Ok(false)),
            Ok(Some(batch)) => {
                self.batch = batch;
                self.position = 0;
                Poll::Ready(Ok(true))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl<T: DeserializeOwned + 'static> Cursor<T> {
    /// The next document, or `None` at the end. A document that can't be read as `T` is an
    /// error, and the next call goes on behind it.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        self.fetcher.call_begins();
        poll_fn(|task| self.poll_document(task)).await.transpose()
    }

    /// The next document, if there is one now: the server is asked for a batch once at most.
    /// `None` is the end of a cursor that [is not open](Self::is_open) any more; on one that
    /// is, as tailable ones may be, a later call may find one.
    pub async fn next_if_any(&mut self) -> Result<Option<T>> {
        self.fetcher.call_begins();
        let mut asked = false;
        poll_fn(|task| {
            loop {
                if let Some(document) = self.take_document() {
                    return Poll::Ready(Some(document));
                }
                if asked {
                    self.fetcher.call_over();
                    return Poll::Ready(None);
                }
                self.fetcher.hurry();
                match ready!(self.poll_fetch(task)) {
                    Ok(more) => asked = more || self.id() == 0,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            }
        })
        .await
        .transpose()
    }

    /// All documents that were not handed out yet. For a cursor that has an end.
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
            if let Some(document) = self.take_document() {
                return Poll::Ready(Some(document));
            }
            match ready!(self.poll_fetch(task)) {
                Ok(true) => {}
                Ok(false) => {
                    self.fetcher.call_over();
                    return Poll::Ready(None);
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// The first document of the batch that was not handed out.
    fn take_document(&mut self) -> Option<Result<T>> {
        let mut documents = self.batch.documents_from(self.position);
        let document = documents.next()?;
        let server = self.fetcher.server();
        let read = document.map_err(|error| reply::unreadable(error, server)).and_then(decode);
        let read = read.map_err(|error: Error| error.with_server(server));
        self.position = documents.position();
        self.fetcher.call_over();
        Some(read)
    }
}

impl<T: DeserializeOwned + 'static> Stream for Cursor<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_document(task)
    }
}

impl<T> fmt::Debug for Cursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("server", &self.fetcher.server().to_string())
            .field("namespace", &self.fetcher.settings().namespace)
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
