//! Messages that read.

use bson::{Bson, Document};
use serde::Serialize;

use super::make::{argument, constructor, message, read_as, running};
use crate::collection;
use crate::cursor::Cursor;

message! {
    /// Finds documents; see [`Collection::find`](crate::Collection::find). Its answer is a
    /// [`Cursor`](crate::Cursor) that has the first batch; its reader fetches and decodes
    /// the rest. As every cursor it holds the connection alive.
    impl Message for Find<T = Document> {
        /// Of the documents in this collection of this database that match `filter`.
        new(collection, filter: document);
        "find", collection::Find => Cursor<T>;
        |it, place: Document| place.find(&it.filter)
    }
}

message! {
    /// Finds documents, as [`Find`] does, and gives all of them at once. Mind the
    /// `limit`: a reply is as large as what matches.
    impl Message for FindAll<T = Document> {
        /// Of the documents in this collection of this database that match `filter`.
        new(collection, filter: document);
        "find", collection::Find => Vec<T>;
        collect |it, place: Document| place.find(&it.filter)
    }
}

message! {
    /// Finds the first document; see [`Collection::find_one`](crate::Collection::find_one).
    impl Message for FindOne<T = Document> {
        /// Of the documents in this collection of this database that match `filter`.
        new(collection, filter: document);
        "find", collection::FindOne => Option<T>;
        |it, place: Document| place.find_one(&it.filter)
    }
}

message! {
    /// Counts documents; see
    /// [`Collection::count_documents`](crate::Collection::count_documents).
    impl Message for CountDocuments {
        /// Of the documents in this collection of this database that match `filter`.
        new(collection, filter: document);
        "aggregate", collection::CountDocuments => u64;
        |it, place: Document| place.count_documents(&it.filter)
    }
}

message! {
    /// About how many documents there are; see
    /// [`Collection::estimated_document_count`](crate::Collection::estimated_document_count).
    impl Message for EstimatedDocumentCount {
        /// Of this collection of this database.
        new(collection);
        "count", collection::EstimatedDocumentCount => u64;
        |it, place: Document| place.estimated_document_count()
    }
}

message! {
    /// Finds the values of a field; see [`Collection::distinct`](crate::Collection::distinct).
    impl Message for Distinct<V = Bson> {
        /// The values of `field` in the documents that match `filter`.
        new(collection, field: name, filter: document);
        "distinct", collection::Distinct => Vec<V>;
        |it, place: Document| place.distinct(&it.field, &it.filter)
    }
}

message! {
    /// Runs a pipeline; see [`Collection::aggregate`](crate::Collection::aggregate). Its
    /// answer is a [`Cursor`](crate::Cursor) that has the first batch, as that of [`Find`].
    impl Message for Aggregate<T = Document> {
        /// A pipeline over this collection of this database.
        new(either, pipeline: list);
        "aggregate", collection::Aggregate => Cursor<T>;
        |it, place| place.aggregate(&it.pipeline)
    }
}

message! {
    /// Runs a pipeline, as [`Aggregate`] does, and gives all documents at once.
    impl Message for AggregateAll<T = Document> {
        /// A pipeline over this collection of this database.
        new(either, pipeline: list);
        "aggregate", collection::Aggregate => Vec<T>;
        collect |it, place| place.aggregate(&it.pipeline)
    }
}

/// Constructors of messages that need no collection.
macro_rules! without_collection {
    ($($name:ident),+) => { $(
        impl $name {
            /// A pipeline that starts from no collection; see
            /// [`Database::aggregate`](crate::Database::aggregate).
            pub fn without_collection(database: &str, pipeline: impl IntoIterator<Item: Serialize>) -> Self {
                constructor!(@of_database(database) [Document] (pipeline: list))
            }
        }
    )+ };
}

without_collection!(Aggregate, AggregateAll);
