//! What all messages have in common: the place, the limit of time, the session, and how they
//! become calls.

use std::fmt;
use std::time::{Duration, Instant};

use actix::Message;
use bson::RawDocumentBuf;
use serde::Serialize;

use super::super::answer::contained;
use crate::collection::{
    Aggregate, Collection, IndexModel, Running, SearchIndexModel, Verb, WriteModel, about,
};
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
    pub fn of_collection(database: &str, collection: &str) -> Self {
        Self { collection: Some(collection.into()), ..Self::of_database(database) }
    }

    /// A call that concerns no database in particular.
    pub fn of_connection() -> Self {
        Self::of_database("")
    }

    /// A call that concerns this database as a whole.
    pub fn of_database(database: &str) -> Self {
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

    /// Takes a name.
    pub fn name(&mut self, name: &str) -> Box<str> {
        self.take(Box::from(name))
    }

    /// Takes what the call is given as it is.
    pub fn take<V: Weighs>(&mut self, value: V) -> V {
        self.bytes = self.bytes.saturating_add(value.bytes());
        value
    }

    /// Takes a list of such.
    pub fn take_all<V: Weighs>(&mut self, values: impl IntoIterator<Item = V>) -> Vec<V> {
        values.into_iter().map(|value| self.take(value)).collect()
    }

    fn keep(&mut self, what: &str, encode: impl FnOnce() -> Result<RawDocumentBuf>) -> RawDocumentBuf {
        match contained(Kind::Encode, "encoding", encode) {
            Ok(document) => {
                self.bytes = self.bytes.saturating_add(document.as_bytes().len());
                document
            }
            Err(error) => {
                self.error.get_or_insert_with(|| about(error, what));
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
        Database::new(self.connection(handle)?, &self.database)
    }

    /// The collection to call. Fails if an argument could not be encoded.
    pub fn collection<T>(&mut self, handle: Handle) -> Result<Collection<T>> {
        self.database(handle)?.collection_of(self.collection_name())
    }

    /// The collection to call, or its database if there is none. Fails if an argument could not
    /// be encoded.
    pub fn either(&mut self, handle: Handle) -> Result<Either> {
        match self.collection {
            Some(_) => self.collection(handle).map(Either::Collection),
            None => self.database(handle).map(Either::Database),
        }
    }

    /// The connection to call. Fails if an argument could not be encoded.
    pub fn connection(&mut self, handle: Handle) -> Result<Handle> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self.scoped(handle)),
        }
    }

    fn collection_name(&self) -> &str {
        self.collection.as_deref().unwrap_or_default()
    }

    /// With what the message says in place of what the connection does.
    fn scoped(&mut self, handle: Handle) -> Handle {
        if self.limit == Limit::Unset && self.session.is_none() {
            return handle;
        }
        handle.with_scope(|scope| {
            if self.limit != Limit::Unset {
                // What is left until a deadline is set on the builder, once that is complete.
                scope.timeout = Some(Duration::ZERO);
            }
            scope.session = self.session.take();
        })
    }
}

impl<B: Verb> Errand<B> {
    /// Sets the verb's options. The time that this takes counts, and a timeout among them
    /// only lowers the message's own limit.
    pub fn configure(self, builder: B) -> B {
        let deadline = self.deadline();
        let mut builder = match self.options {
            Some(options) => options(builder),
            None => builder,
        };
        if let Some(deadline) = deadline {
            // Not zero, which would be no limit at all.
            builder.cap(deadline.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1)));
        }
        builder
    }
}

/// What a pipeline runs over.
pub enum Either {
    /// A collection.
    Collection(Collection),
    /// What its first stage makes.
    Database(Database),
}

impl Either {
    /// The pipeline's builder.
    pub fn aggregate(&self, pipeline: &[RawDocumentBuf]) -> Aggregate {
        match self {
            Self::Collection(collection) => collection.aggregate(pipeline),
            Self::Database(database) => database.aggregate(pipeline),
        }
    }
}

/// How much an argument adds to what is under way.
pub trait Weighs {
    /// About so many bytes.
    fn bytes(&self) -> usize;
}

impl Weighs for Box<str> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Weighs for WriteModel {
    fn bytes(&self) -> usize {
        self.statement_size()
    }
}

impl Weighs for (String, WriteModel) {
    fn bytes(&self) -> usize {
        self.0.len() + self.1.statement_size()
    }
}

impl Weighs for IndexModel {
    fn bytes(&self) -> usize {
        self.size()
    }
}

impl Weighs for SearchIndexModel {
    fn bytes(&self) -> usize {
        self.size()
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

    /// A builder that remembers what was set.
    #[derive(Debug, Default)]
    struct Builder {
        set: Vec<i32>,
        limit: Option<Duration>,
    }

    impl Verb for Builder {
        fn cap(&mut self, limit: Duration) {
            self.limit = Some(limit);
        }
    }

    fn errand() -> Errand<Builder> {
        Errand::of_collection("d", "c")
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
            errand.add_options(move |mut builder| {
                builder.set.push(number);
                builder
            });
        }
        let builder = errand.configure(Builder::default());
        assert_eq!((builder.set, builder.limit), (vec![1, 2, 3], None));
    }

    #[test]
    fn the_deadline_is_kept_whatever_the_options_say() {
        let mut errand = errand();
        errand.add_options(|_| Builder::default());
        errand.set_deadline(Instant::now() + Duration::from_secs(60));
        let left = errand.configure(Builder::default()).limit.unwrap();
        assert!(left > Duration::from_secs(50) && left <= Duration::from_secs(60), "{left:?}");
        let mut late = self::errand();
        late.set_deadline(Instant::now());
        assert_eq!(late.configure(Builder::default()).limit, Some(Duration::from_nanos(1)));
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
