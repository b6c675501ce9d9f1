//! From a cursor into an actor's mailbox, as fast as the actor works and no faster.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix::dev::RecipientRequest;
use actix::{Message, Recipient};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::Cursor;
use crate::error::Error;

/// What an actor gets from a cursor; see [`Cursor::send_to`].
#[derive(Clone, Debug)]
pub enum Streamed<T> {
    /// The next documents, at least one, in the cursor's order.
    Documents(Vec<T>),
    /// That was the last one. Comes once all messages before were answered.
    End,
    /// An error was the cursor's end. Comes once all messages before were answered.
    Failed(Error),
}

impl<T: Send + 'static> Message for Streamed<T> {
    type Result = ();
}

/// What came of [`Cursor::send_to`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Documents in messages that the actor has answered.
    pub documents: u64,
    /// Those in messages that it was sent and that it did not answer, because it is gone.
    pub unanswered: u64,
    /// Why it ended.
    pub end: DeliveryEnd,
}

/// Why [`Cursor::send_to`] ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DeliveryEnd {
    /// The actor got all documents, and knows that there are no more.
    Finished,
    /// The actor was told of this error of the cursor.
    Failed(Error),
    /// The actor has stopped, or dropped a message without an answer. The cursor was closed.
    ActorGone,
}

/// Feeds an actor with a cursor's documents; see [`Cursor::send_to`].
#[must_use = "nothing is sent before it is awaited"]
pub struct SendTo<T: Send + 'static> {
    cursor: Cursor<T>,
    recipient: Recipient<Streamed<T>>,
    max_in_flight: usize,
    max_documents: usize,
}

/// That an actor has stopped tells nobody by itself; while no message is under way it is looked
/// at so often.
const LOOK: Duration = Duration::from_secs(1);

impl<T: DeserializeOwned + Send + 'static> Cursor<T> {
    /// Feeds an actor with the documents, as [`Streamed`] messages, the last of which says how
    /// it ended. Ready when the actor has answered that, with a report.
    ///
    /// - **Bounded**: at most [`max_in_flight`](SendTo::max_in_flight) messages are not answered
    ///   yet, of at most [`max_documents`](SendTo::max_documents) documents each. Further batches
    ///   are asked of the server only while there is room. A message is answered when its handler
    ///   is done; if the handler gives a future, when that is. A mailbox's own capacity bounds
    ///   nothing here, for actix takes messages above it as well.
    /// - **In order**: messages are handled in the cursor's order. The futures that handlers give
    ///   may end in another; who does not want that sets `max_in_flight` to 1.
    /// - **No waiting for company**: what the server has sent is passed on at once, so that a
    ///   tailable cursor's documents come one by one as they are written.
    /// - **When the actor stops**, so does this, and the cursor is closed: at once if a message
    ///   is under way, else with the next document, or within about a second.
    /// - **An error is the end**, be it the server's, a timeout, or that of a document that can't
    ///   be read as `T`. Documents before it are delivered before it is told.
    ///
    /// It runs where it is polled: on the caller's own task, or spawned. It keeps the actor's
    /// address, and so the actor, alive meanwhile. How long it takes is the actor's and the
    /// cursor's affair; only the latter has a timeout.
    ///
    /// Cancel safety: dropped before its end it closes the cursor, the actor is not told, and
    /// messages that it has not begun to handle are taken back.
    ///
    /// ```no_run
    /// use actix::{Actor, Context, Handler};
    /// use actix_mongo::bson::{Document, doc};
    /// use actix_mongo::{Collection, Streamed};
    ///
    /// struct Printer;
    ///
    /// impl Actor for Printer {
    ///     type Context = Context<Self>;
    /// }
    ///
    /// impl Handler<Streamed<Document>> for Printer {
    ///     type Result = ();
    ///
    ///     fn handle(&mut self, message: Streamed<Document>, _: &mut Self::Context) {
    ///         match message {
    ///             Streamed::Documents(rooms) => rooms.iter().for_each(|room| println!("{room}")),
    ///             Streamed::End => println!("that is all"),
    ///             Streamed::Failed(error) => eprintln!("{error}"),
    ///         }
    ///     }
    /// }
    ///
    /// # async fn example(rooms: Collection) -> actix_mongo::Result<()> {
    /// let printer = Printer.start();
    /// let report = rooms.find(doc! {}).await?.send_to(printer.recipient()).max_in_flight(2).await;
    /// println!("{} rooms, {:?}", report.documents, report.end);
    /// # Ok(()) }
    /// ```
    pub fn send_to(self, recipient: Recipient<Streamed<T>>) -> SendTo<T> {
        SendTo { cursor: self, recipient, max_in_flight: 4, max_documents: 100 }
    }

    /// Up to `most` documents of those at hand; fetches a batch if there are none. The error of
    /// one that can't be read comes along with those before it.
    fn poll_some(&mut self, most: usize, task: &mut Context<'_>) -> Poll<Portion<T>> {
        loop {
            let mut documents = Vec::new();
            while documents.len() < most {
                match self.take_document() {
                    Some(Ok(document)) => documents.push(document),
                    Some(Err(error)) => return Poll::Ready(Portion { documents, end: Some(Err(error)) }),
                    None => break,
                }
            }
            if !documents.is_empty() {
                return Poll::Ready(Portion { documents, end: None });
            }
            let end = match self.poll_fetch(task) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(true)) => continue,
                Poll::Ready(Ok(false)) => Ok(()),
                Poll::Ready(Err(error)) => Err(error),
            };
            return Poll::Ready(Portion { documents, end: Some(end) });
        }
    }
}

/// Some documents, and how the cursor ended if it did behind them.
struct Portion<T> {
    documents: Vec<T>,
    end: Option<Result<(), Error>>,
}

impl<T: DeserializeOwned + Send + 'static> SendTo<T> {
    /// How many messages the actor may have that it has not answered. Default 4; at least 1.
    pub fn max_in_flight(mut self, messages: usize) -> Self {
        self.max_in_flight = messages.max(1);
        self
    }

    /// How many documents a message may have. Default 100; at least 1.
    pub fn max_documents(mut self, documents: usize) -> Self {
        self.max_documents = documents.max(1);
        self
    }

    async fn run(self) -> Delivery {
        let Self { mut cursor, recipient, max_in_flight, max_documents } = self;
        let mut line = Line::new(recipient);
        let end = loop {
            if line.until_at_most(max_in_flight - 1).await.is_err() {
                break None;
            }
            cursor.fetcher.call_begins();
            let Ok(Portion { documents, end }) = line.meanwhile(&mut cursor, max_documents).await else {
                break None;
            };
            if !documents.is_empty() {
                line.send(Streamed::Documents(documents));
            }
            if let Some(end) = end {
                break Some(end);
            }
        };
        // If it is still open, there is no more use for it.
        drop(cursor);
        let end = match end {
            Some(end) => line.finish(end).await,
            None => DeliveryEnd::ActorGone,
        };
        Delivery { documents: line.answered, unanswered: line.unanswered(), end }
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for SendTo<T> {
    type Output = Delivery;
    type IntoFuture = Pin<Box<dyn Future<Output = Delivery> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<T: Send + 'static> fmt::Debug for SendTo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendTo")
            .field("cursor", &self.cursor)
            .field("max_in_flight", &self.max_in_flight)
            .field("max_documents", &self.max_documents)
            .finish_non_exhaustive()
    }
}

/// The actor, and the messages that it has not answered.
struct Line<T: Send + 'static> {
    recipient: Recipient<Streamed<T>>,
    /// With the number of their documents, in the order in which they were sent.
    under_way: Vec<(u64, Asked<T>)>,
    answered: u64,
    /// Documents that will not be answered.
    lost: u64,
    /// Rings when the actor is to be looked at.
    look: Option<oneshot::Receiver<()>>,
}

/// A message and its answer to come.
type Asked<T> = Pin<Box<RecipientRequest<Streamed<T>>>>;

/// The actor is gone.
struct Gone;

impl<T: DeserializeOwned + Send + 'static> Line<T> {
    fn new(recipient: Recipient<Streamed<T>>) -> Self {
        Self { recipient, under_way: Vec::new(), answered: 0, lost: 0, look: None }
    }

    /// The request has to be polled before the next one is sent, which every wait begins with:
    /// in a mailbox that is full it stands only then.
    fn send(&mut self, message: Streamed<T>) {
        let documents = match &message {
            Streamed::Documents(documents) => documents.len() as u64,
            Streamed::End | Streamed::Failed(_) => 0,
        };
        self.under_way.push((documents, Box::pin(self.recipient.send(message))));
    }

    /// Takes out what was answered.
    fn poll(&mut self, task: &mut Context<'_>) -> Result<(), Gone> {
        let (mut answered, mut lost) = (0, 0);
        let mut gone = false;
        self.under_way.retain_mut(|(documents, request)| match request.as_mut().poll(task) {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => {
                answered += *documents;
                false
            }
            Poll::Ready(Err(_)) => {
                lost += *documents;
                gone = true;
                false
            }
        });
        self.answered += answered;
        self.lost += lost;
        if gone { Err(Gone) } else { Ok(()) }
    }

    /// Waits until no more messages than these are under way.
    async fn until_at_most(&mut self, messages: usize) -> Result<(), Gone> {
        poll_fn(|task| match self.poll(task) {
            Ok(()) if self.under_way.len() > messages => Poll::Pending,
            polled => Poll::Ready(polled),
        })
        .await
    }

    /// The next documents, unless the actor is gone meanwhile.
    async fn meanwhile(&mut self, cursor: &mut Cursor<T>, most: usize) -> Result<Portion<T>, Gone> {
        self.look = None;
        poll_fn(|task| {
            if self.poll(task).is_err() {
                return Poll::Ready(Err(Gone));
            }
            if let Poll::Ready(some) = cursor.poll_some(most, task) {
                return Poll::Ready(Ok(some));
            }
            match self.under_way.is_empty() {
                true => self.poll_look(cursor, task),
                false => Poll::Pending,
            }
        })
        .await
    }

    /// Looks at the actor now and then.
    fn poll_look<R>(&mut self, cursor: &Cursor<T>, task: &mut Context<'_>) -> Poll<Result<R, Gone>> {
        loop {
            if !self.recipient.connected() {
                return Poll::Ready(Err(Gone));
            }
            let look = self.look.get_or_insert_with(|| cursor.fetcher.wake_at(Instant::now() + LOOK));
            match Pin::new(look).poll(task) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => self.look = None,
                // The connection has ended, which the cursor tells.
                Poll::Ready(Err(_)) => return Poll::Pending,
            }
        }
    }

    /// The last message, once all others were answered.
    async fn finish(&mut self, end: Result<(), Error>) -> DeliveryEnd {
        if self.until_at_most(0).await.is_err() {
            return DeliveryEnd::ActorGone;
        }
        let (message, end) = match end {
            Ok(()) => (Streamed::End, DeliveryEnd::Finished),
            Err(error) => (Streamed::Failed(error.clone()), DeliveryEnd::Failed(error)),
        };
        self.send(message);
        match self.until_at_most(0).await {
            Ok(()) => end,
            Err(Gone) => DeliveryEnd::ActorGone,
        }
    }

    fn unanswered(&self) -> u64 {
        self.lost + self.under_way.iter().map(|(documents, _)| documents).sum::<u64>()
    }
}
