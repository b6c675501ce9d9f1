//! A collection and its verbs, one in a file: each a builder that encodes its arguments
//! when they are given, and an [`Operation`](crate::dispatch::Operation) that writes the
//! command and reads its reply.

mod aggregate;
mod command;
mod delete_one;
mod documents;
mod draft;
mod find;
mod find_one;
mod insert_many;
mod insert_one;
mod results;
mod update_one;

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bson::Document;
use serde::Serialize;

pub use aggregate::Aggregate;
pub use delete_one::DeleteOne;
pub use draft::Running;
pub(crate) use draft::{Draft, verb};
pub use find::Find;
pub use find_one::FindOne;
pub use insert_many::InsertMany;
pub use insert_one::InsertOne;
pub use results::{DeleteResult, InsertManyResult, InsertOneResult, UpdateResult};
pub use update_one::UpdateOne;

use crate::command::{ReadConcern, WriteConcern};
use crate::dispatch::{Handle, Scope};
use crate::pool::Namespace;
use crate::topology::ReadPreference;

/// A collection of documents of type `T`.
///
/// Cheap to clone, and a handle: the connection lives as long as one of its handles.
/// `T` is any serde type, [`Document`], or `RawDocumentBuf`.
///
/// Every verb returns a builder. Its methods set options, and awaiting it runs it; the
/// future borrows nothing and can be spawned.
pub struct Collection<T = Document> {
    handle: Handle,
    namespace: Arc<Namespace>,
    document: PhantomData<fn() -> T>,
}

impl<T> Collection<T> {
    /// A collection whose names were checked.
    pub(crate) fn new(handle: Handle, database: Arc<str>, name: &str) -> Self {
        let namespace = Arc::new(Namespace { database, collection: name.into() });
        Self { handle, namespace, document: PhantomData }
    }

    /// The collection's name, without its database's.
    pub fn name(&self) -> &str {
        &self.namespace.collection
    }

    /// The name of its database.
    pub fn database_name(&self) -> &str {
        &self.namespace.database
    }

    /// The same, with another place to read from for all calls made through the new handle
    /// and what is made from it. A preference that contradicts itself is the error of each
    /// read.
    #[must_use]
    pub fn with_read_preference(&self, preference: ReadPreference) -> Self {
        self.scoped(|scope| scope.read_preference = preference)
    }

    /// The same, with another read concern for all calls made through the new handle and
    /// what is made from it.
    #[must_use]
    pub fn with_read_concern(&self, concern: ReadConcern) -> Self {
        self.scoped(|scope| scope.read_concern = concern)
    }

    /// The same, with another write concern for all calls made through the new handle and
    /// what is made from it. One that contradicts itself is the error of each write.
    #[must_use]
    pub fn with_write_concern(&self, concern: WriteConcern) -> Self {
        self.scoped(|scope| scope.write_concern = concern)
    }

    fn scoped(&self, change: impl FnOnce(&mut Scope)) -> Self {
        Self { handle: self.handle.with_scope(change), ..self.clone() }
    }

    /// All documents that match `filter`, through a [`Cursor`](crate::Cursor).
    pub fn find(&self, filter: impl Serialize) -> Find<T> {
        Find::new(&self.handle, &self.namespace, filter)
    }

    /// The first document that matches `filter`.
    pub fn find_one(&self, filter: impl Serialize) -> FindOne<T> {
        FindOne::new(&self.handle, &self.namespace, filter)
    }

    /// Changes the first document that matches `filter`. `update` is a document of update
    /// operators (`{"$set": {..}}`), or an aggregation pipeline (a list of documents).
    pub fn update_one(&self, filter: impl Serialize, update: impl Serialize) -> UpdateOne {
        UpdateOne::new(&self.handle, &self.namespace, filter, update)
    }

    /// Deletes the first document that matches `filter`.
    pub fn delete_one(&self, filter: impl Serialize) -> DeleteOne {
        DeleteOne::new(&self.handle, &self.namespace, filter)
    }

    /// Runs a pipeline over the collection. Its documents are read as `T`;
    /// [`Aggregate::of`] names another type.
    pub fn aggregate(&self, pipeline: impl IntoIterator<Item: Serialize>) -> Aggregate<T> {
        Aggregate::of_collection(&self.handle, &self.namespace, pipeline)
    }
}

impl<T: Serialize> Collection<T> {
    /// Inserts a document. One without `_id` is given an `ObjectId`.
    pub fn insert_one(&self, document: impl Borrow<T>) -> InsertOne {
        InsertOne::new(&self.handle, &self.namespace, document.borrow())
    }

    /// Inserts documents, in as few messages as the server's limits allow. Those without
    /// `_id` are given an `ObjectId` each.
    pub fn insert_many(&self, documents: impl IntoIterator<Item: Borrow<T>>) -> InsertMany {
        InsertMany::new(&self.handle, &self.namespace, documents)
    }
}

impl<T> Clone for Collection<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), namespace: self.namespace.clone(), document: PhantomData }
    }
}

impl<T> fmt::Debug for Collection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collection({}.{})", self.namespace.database, self.namespace.collection)
    }
}
