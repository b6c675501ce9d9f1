//! What all messages have in common: the place, the limit of time, the session, and how they
//! become calls.

use std::fmt;
use std::time::{Duration, Instant};

use actix::Message;
use bson::RawDocumentBuf;
use serde::Serialize;

use super::super::answer::contained;
use crate::collection::{Collection, Running};
use crate::command::codec;
use crate::database::Database;
use crate::dispatch::{ClientSession, Handle};
use crate::error::{Error, Kind, Result};

/// A message that a [`Gateway`](crate::Gateway) turns into a call; those of this module are.
pub trait Ask: Message<Result = Result<Self::Output>> + 'static {
    /// What the answer gives.
    type Output: Send + 'static;

    /// How errors name it.
    #[doc(hidden)]
    const OPERATION: &'static str;

    #[doc(hidden)]
    fn deadline(&self) -> Option<Instant>;

    #[doc(hidden)]
    fn bytes(&self) -> usize;

    #[doc(hidden)]
    fn prepare(self, handle: Handle) -> Result<Running<Self::Output>>;
}

/// The part of a message that does not depend on its verb, but for `B`, the verb's builder.
pub struct Errand<B> {
    database: Box<str>,
    /// `None` if it concerns the whole database.
    collection: Option<Box<str>>,
    limit: Limit,
    session: Option<ClientSession>,
    options: Option<Box<dyn FnOnce(B) -> B + Send>>,
    /// Of the arguments, once encoded.
    bytes: usize,
    /// The first argument that could not be encoded.
    error: Option<Error>,
}

/// How long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// What the connection says.
    Unset,
    /// However long, whatever the connection says.
    None,
    /// Until then.
    Until(Instant),
}

impl<B> Errand<B> {
    /// A call that concerns this collection of this database.
    pub fn new(database: &str, collection: &str) -> Self {
        Self { collection: Some(collection.into()), ..Self::without_collection(database) }
    }

    /// A call that concerns this database as a whole.
    pub fn without_collection(database: &str) -> Self {
        let (database, collection) = (database.into(), None);
        Self {
            database,
            collection,
            limit: Limit::Unset,
            session: None,
            options: None,
            bytes: 0,
            error: None,
        }
    }

    /// Encodes an argument that is a document.
    pub fn encode(&mut self, what: &str, value: &impl Serialize) -> RawDocumentBuf {
        self.keep(what, || codec::encode(value))
    }

    /// Encodes an argument of any type, as the field [`FIELD`] of a document.
    pub fn encode_field(&mut self, what: &str, value: &impl Serialize) -> RawDocumentBuf {
        self.keep(what, || codec::encode_field(FIELD, value))
    }

    /// Encodes a list of documents.
    pub fn encode_list(
        &mut self,
        what: &str,
        values: impl IntoIterator<Item: Serialize>,
    ) -> Vec<RawDocumentBuf> {
        let mut all = Vec::new();
        for value in values {
            all.push(self.encode(what, &value));
            // A list of any length is not encoded in vain.
            if self.error.is_some() {
                break;
            }
        }
        all
    }

    fn keep(&mut self, what: &str, encode: impl FnOnce() -> Result<RawDocumentBuf>) -> RawDocumentBuf {
        match contained(Kind::Encode, "encoding", encode) {
            Ok(document) => {
                self.bytes = self.bytes.saturating_add(document.as_bytes().len());
                document
            }
            Err(error) => {
                let sentence = format!("{what}: {}", error.message());
                self.error.get_or_insert_with(|| Error::new(error.kind(), sentence).with_source(error));
                RawDocumentBuf::new()
            }
        }
    }

    pub fn set_timeout(&mut self, timeout: Duration) {
        match Instant::now().checked_add(timeout) {
            Some(deadline) if !timeout.is_zero() => self.set_deadline(deadline),
            _ if self.limit == Limit::Unset => self.limit = Limit::None,
            _ => {}
        }
    }

    pub fn set_deadline(&mut self, deadline: Instant) {
        self.limit = Limit::Until(self.deadline().map_or(deadline, |other| other.min(deadline)));
    }

    pub fn set_session(&mut self, session: &ClientSession) {
        self.session = Some(session.clone());
    }

    /// Those that were set before are applied before.
    pub fn add_options(&mut self, options: impl FnOnce(B) -> B + Send + 'static)
    where
        B: 'static,
    {
        self.options = Some(match self.options.take() {
            None => Box::new(options),
            Some(before) => Box::new(|builder| options(before(builder))),
        });
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self.limit {
            Limit::Until(deadline) => Some(deadline),
            Limit::Unset | Limit::None => None,
        }
    }

    /// Bytes of the arguments and names.
    pub fn bytes(&self) -> usize {
        self.bytes.saturating_add(self.database.len() + self.collection_name().len())
    }

    /// The database to call. Fails if an argument could not be encoded.
    pub fn database(&mut self, handle: Handle) -> Result<Database> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        Database::new(self.scoped(handle), &self.database)
    }

    /// The collection to call. Fails if an argument could not be encoded.
    pub fn collection<T>(&mut self, handle: Handle) -> Result<Collection<T>> {
        self.database(handle)?.collection_of(self.collection_name())
    }

    /// Whether a whole database is meant.
    pub fn is_without_collection(&self) -> bool {
        self.collection.is_none()
    }

    fn collection_name(&self) -> &str {
        self.collection.as_deref().unwrap_or_default()
    }

    /// With what the message says in place of what the connection does.
    fn scoped(&mut self, handle: Handle) -> Handle {
        let timeout = match self.limit {
            Limit::Unset => None,
            Limit::None => Some(Duration::ZERO),
            // Not zero, which would be no limit at all.
            Limit::Until(deadline) => {
                Some(deadline.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1)))
            }
        };
        if timeout.is_none() && self.session.is_none() {
            return handle;
        }
        handle.with_scope(|scope| {
            scope.timeout = timeout.or(scope.timeout);
            scope.session = self.session.take();
        })
    }

    /// Sets the verb's options.
    pub fn configure(self, builder: B) -> B {
        match self.options {
            Some(options) => options(builder),
            None => builder,
        }
    }
}

/// Where [`Errand::encode_field`] puts the value.
pub const FIELD: &str = "v";

impl<B> fmt::Debug for Errand<B> {
    /// Without what users sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}, {} bytes", self.database, self.collection_name(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand() -> Errand<Vec<i32>> {
        Errand::new("d", "c")
    }

    #[test]
    fn the_sooner_limit_counts_and_zero_is_none() {
        let now = Instant::now();
        let mut errand = errand();
        errand.set_timeout(Duration::ZERO);
        assert_eq!((errand.limit, errand.deadline()), (Limit::None, None));
        errand.set_timeout(Duration::MAX);
        assert_eq!(errand.limit, Limit::None);
        errand.set_timeout(Duration::from_secs(60));
        errand.set_deadline(now);
        assert_eq!(errand.deadline(), Some(now));
        errand.set_timeout(Duration::from_secs(60));
        errand.set_deadline(now + Duration::from_secs(1));
        assert_eq!(errand.deadline(), Some(now));
    }

    #[test]
    fn options_are_set_in_their_order() {
        let mut errand = errand();
        for number in [1, 2, 3] {
            errand.add_options(move |mut all| {
                all.push(number);
                all
            });
        }
        assert_eq!(errand.configure(vec![0]), [0, 1, 2, 3]);
    }

    #[test]
    fn what_can_not_be_encoded_is_kept_as_the_error() {
        let mut errand = errand();
        let document = errand.encode("filter", &bson::doc! { "a": 1 });
        assert_eq!(errand.bytes(), document.as_bytes().len() + 2);
        errand.encode("filter", &5);
        let list = errand.encode_list("documents", [1, 2, 3]);
        assert_eq!(list.len(), 1, "it ends with the first");
        let error = errand.error.unwrap();
        assert_eq!(error.kind(), Kind::Encode);
        assert!(error.to_string().starts_with("filter: "), "{error}");
    }
}
