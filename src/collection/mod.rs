//! A collection and its verbs, one in a file: each a builder that encodes its arguments
//! when they are given, and an [`Operation`](crate::dispatch::Operation) that writes the
//! command and reads its reply.

mod admin;
mod aggregate;
mod bulk_write;
mod changing;
mod command;
mod count;
mod count_documents;
mod cursor_verb;
mod delete_many;
mod delete_one;
mod derived;
mod distinct;
mod documents;
mod draft;
mod drop;
mod estimated_document_count;
mod explain;
mod fields;
mod find;
mod find_and_modify;
mod find_one;
mod find_one_and_delete;
mod find_one_and_replace;
mod find_one_and_update;
mod index;
mod insert_many;
mod insert_one;
mod listing;
mod modify;
mod options;
mod place;
mod rename;
mod replace_one;
mod results;
mod search_index;
mod single;
mod statement;
mod update_many;
mod update_one;
mod validation;

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bson::Document;
use serde::Serialize;

pub(crate) use admin::gone_is_well;
pub use aggregate::Aggregate;
pub use bulk_write::{BulkWrite, WriteModel};
pub use count::Count;
pub use count_documents::CountDocuments;
pub(crate) use cursor_verb::cursor_verb;
pub use delete_many::DeleteMany;
pub use delete_one::DeleteOne;
pub(crate) use derived::derived;
pub use distinct::Distinct;
pub(crate) use draft::{Draft, concerns, options, raw_data, verb};
pub use draft::{Running, Verb};
pub use drop::DropCollection;
pub use estimated_document_count::EstimatedDocumentCount;
pub use explain::{Explain, Verbosity};
pub(crate) use fields::about;
pub use find::Find;
pub use find_and_modify::ReturnDocument;
pub use find_one::FindOne;
pub use find_one_and_delete::FindOneAndDelete;
pub use find_one_and_replace::FindOneAndReplace;
pub use find_one_and_update::FindOneAndUpdate;
pub use index::{
    CreateIndex, CreateIndexes, DropIndex, DropIndexes, IndexModel, IndexSpecification, ListIndexNames,
    ListIndexes,
};
pub use insert_many::InsertMany;
pub use insert_one::InsertOne;
pub(crate) use listing::{listing, names};
pub use modify::Modify;
pub use rename::Rename;
pub use replace_one::ReplaceOne;
pub use results::{DeleteResult, InsertManyResult, InsertOneResult, UpdateResult};
pub use search_index::{
    CreateSearchIndex, CreateSearchIndexes, DropSearchIndex, SearchIndexModel, UpdateSearchIndex,
};
pub use update_many::UpdateMany;
pub use update_one::UpdateOne;
pub(crate) use validation::collection_options;
pub use validation::{ValidationAction, ValidationLevel};

use crate::dispatch::Handle;
use crate::pool::Namespace;

/// A collection of documents of type `T`.
///
/// Cheap to clone, and a handle: the connection lives as long as one of its handles.
/// `T` is any serde type, [`Document`], or `RawDocumentBuf`.
///
/// Every verb returns a builder. Its methods set options, and awaiting it runs it; the
/// future borrows nothing and can be spawned. It may be dropped at any time: a call that was
/// not sent yet is taken back then, one that was sent may still have its effect.
///
/// An option that is not set is not sent, so the server's default holds. One that a server
/// is too old for is the server's error, or [`Kind::InvalidArgument`](crate::Kind) where the
/// server could not tell of it. What is refused of a write is a
/// [`Kind::Write`](crate::Kind::Write) with a
/// [`write_failure`](crate::Error::write_failure). Verbs, options and results are those of
/// the CRUD specification.
pub struct Collection<T = Document> {
    handle: Handle,
    namespace: Arc<Namespace>,
    document: PhantomData<fn() -> T>,
}

derived!(Collection<T>);

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

    /// Its database's name, a dot, and its own.
    pub fn namespace(&self) -> String {
        format!("{}.{}", self.namespace.database, self.namespace.collection)
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

    /// Changes all documents that match `filter`; see [`update_one`](Self::update_one) for what
    /// `update` may be. It is never sent twice: servers can't tell a second attempt from a
    /// second update of many.
    pub fn update_many(&self, filter: impl Serialize, update: impl Serialize) -> UpdateMany {
        UpdateMany::new(&self.handle, &self.namespace, filter, update)
    }

    /// Changes the first document that matches `filter`, in one step with finding it, and
    /// gives it back: as it was, unless `return_document` asks for what it became. `None` if
    /// no document matched, or if the write concern asks for no answer.
    pub fn find_one_and_update(&self, filter: impl Serialize, update: impl Serialize) -> FindOneAndUpdate<T> {
        FindOneAndUpdate::new(&self.handle, &self.namespace, filter, update)
    }

    /// Deletes the first document that matches `filter`, in one step with finding it, and
    /// gives it back. `None` if no document matched, or if the write concern asks for no
    /// answer.
    pub fn find_one_and_delete(&self, filter: impl Serialize) -> FindOneAndDelete<T> {
        FindOneAndDelete::new(&self.handle, &self.namespace, filter)
    }

    /// Deletes the first document that matches `filter`.
    pub fn delete_one(&self, filter: impl Serialize) -> DeleteOne {
        DeleteOne::new(&self.handle, &self.namespace, filter)
    }

    /// Deletes all documents that match `filter`. It is never sent twice: servers can't tell a
    /// second attempt from a second deletion of many.
    pub fn delete_many(&self, filter: impl Serialize) -> DeleteMany {
        DeleteMany::new(&self.handle, &self.namespace, filter)
    }

    /// Runs many writes, in as few commands as the server's limits allow: insertions,
    /// updates and deletions each in their own. By default one after the other, up to the
    /// first that is refused; [`BulkWrite::ordered`] says otherwise. An empty list is an error.
    ///
    /// ```no_run
    /// # use actix_mongo::bson::doc;
    /// use actix_mongo::WriteModel;
    ///
    /// # async fn example(rooms: actix_mongo::Collection) -> actix_mongo::Result<()> {
    /// let result = rooms
    ///     .bulk_write([
    ///         WriteModel::insert_one(doc! { "_id": 8, "beds": 1 }),
    ///         WriteModel::update_many(doc! { "beds": 1 }, doc! { "$set": { "single": true } }),
    ///         WriteModel::delete_one(doc! { "_id": 7 }),
    ///     ])
    ///     .await?;
    /// println!("{} inserted, {} deleted", result.inserted_count, result.deleted_count);
    /// # Ok(()) }
    /// ```
    pub fn bulk_write(&self, models: impl IntoIterator<Item = WriteModel>) -> BulkWrite {
        BulkWrite::of_collection(&self.handle, &self.namespace, models)
    }

    /// How many documents match `filter`. An empty filter makes the server look at the whole
    /// collection; [`estimated_document_count`](Self::estimated_document_count) does not.
    ///
    /// It is an aggregation that begins with `$match`, in which some operators are not
    /// allowed: `$where` (use `$expr`), `$near` and `$nearSphere` (use `$geoWithin` with
    /// `$center` or `$centerSphere`). See the
    /// [restrictions](https://www.mongodb.com/docs/manual/reference/operator/aggregation/match/#restrictions).
    pub fn count_documents(&self, filter: impl Serialize) -> CountDocuments {
        CountDocuments::new(&self.handle, &self.namespace, filter)
    }

    /// About how many documents there are, by the collection's metadata. Works on views too.
    ///
    /// It is the command `count`; how far it may be off says
    /// [its manual](https://www.mongodb.com/docs/manual/reference/command/count/#behavior).
    /// Servers 5.0.0 to 5.0.8 and 5.1.0 to 5.3.1 left `count` out of the Stable API: with
    /// `apiStrict` they refuse it. Upgrade them to 5.0.9 or 5.3.2, or leave `apiStrict` off.
    pub fn estimated_document_count(&self) -> EstimatedDocumentCount {
        EstimatedDocumentCount::new(&self.handle, &self.namespace)
    }

    /// How many documents match `filter`, by the command `count`, which miscounts on sharded
    /// clusters and, without a filter, after an unclean shutdown.
    #[deprecated(note = "use `count_documents`, or `estimated_document_count` for all of them")]
    pub fn count(&self, filter: impl Serialize) -> Count {
        Count::new(&self.handle, &self.namespace, filter)
    }

    /// The values that a field has in the documents that match `filter`, each once; those of
    /// arrays one by one. They come in one reply, which must not exceed a document's size.
    /// [`Distinct::of`] names their type.
    pub fn distinct(&self, field: &str, filter: impl Serialize) -> Distinct {
        Distinct::new(&self.handle, &self.namespace, field, filter)
    }

    /// Runs a pipeline over the collection. Its documents are read as `T`;
    /// [`Aggregate::of`] names another type.
    pub fn aggregate(&self, pipeline: impl IntoIterator<Item: Serialize>) -> Aggregate<T> {
        Aggregate::of_collection(&self.handle, &self.namespace, pipeline)
    }

    /// Drops the collection with its indexes. One that does not exist is dropped as well:
    /// that is no error.
    pub fn drop(&self) -> DropCollection {
        DropCollection::new(&self.handle, &self.namespace)
    }

    /// Gives the collection another name in the same database. This handle keeps the old
    /// name.
    pub fn rename(&self, name: &str) -> Rename {
        Rename::new(&self.handle, &self.namespace, name)
    }

    /// Changes the collection's options, or those of a view or an index (`collMod`).
    pub fn modify(&self) -> Modify {
        Modify::new(&self.handle, &self.namespace)
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

impl<T: Serialize> Collection<T> {
    /// Puts a document in the place of the first that matches `filter`. Its `_id` may be left
    /// out, and must not be another one. It must not begin with an operator such as `$set`
    /// ([`Kind::InvalidArgument`](crate::Kind::InvalidArgument)).
    pub fn replace_one(&self, filter: impl Serialize, replacement: impl Borrow<T>) -> ReplaceOne {
        ReplaceOne::new(&self.handle, &self.namespace, filter, replacement.borrow())
    }

    /// As [`replace_one`](Self::replace_one), in one step with finding the document, and gives
    /// it back: as it was, unless `return_document` asks for what it became. `None` if no
    /// document matched, or if the write concern asks for no answer.
    pub fn find_one_and_replace(
        &self,
        filter: impl Serialize,
        replacement: impl Borrow<T>,
    ) -> FindOneAndReplace<T> {
        FindOneAndReplace::new(&self.handle, &self.namespace, filter, replacement.borrow())
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
