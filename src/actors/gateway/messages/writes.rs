//! Messages that write documents.

use bson::{Document, RawDocumentBuf};

use super::common::FIELD;
use super::make::{argument, constructor, message, read_as, running};
use crate::collection::{self, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult};
use crate::error::BulkWriteResult;

message! {
    /// Inserts a document; see [`Collection::insert_one`](crate::Collection::insert_one).
    impl Message for InsertOne {
        /// A document for this collection of this database.
        new(collection, document: document);
        "insert", collection::InsertOne => InsertOneResult;
        |it, place: RawDocumentBuf| place.insert_one(&it.document)
    }
}

message! {
    /// Inserts documents; see [`Collection::insert_many`](crate::Collection::insert_many).
    impl Message for InsertMany {
        /// Documents for this collection of this database.
        new(collection, documents: list);
        "insert", collection::InsertMany => InsertManyResult;
        |it, place: RawDocumentBuf| place.insert_many(&it.documents)
    }
}

message! {
    /// Changes a document; see [`Collection::update_one`](crate::Collection::update_one).
    impl Message for UpdateOne {
        /// What matches `filter` is changed by `update`: operators, or a pipeline.
        new(collection, filter: document, update: field);
        "update", collection::UpdateOne => UpdateResult;
        |it, place: Document| place.update_one(&it.filter, it.update.get(FIELD).ok())
    }
}

message! {
    /// Changes documents; see [`Collection::update_many`](crate::Collection::update_many).
    impl Message for UpdateMany {
        /// What matches `filter` is changed by `update`: operators, or a pipeline.
        new(collection, filter: document, update: field);
        "update", collection::UpdateMany => UpdateResult;
        |it, place: Document| place.update_many(&it.filter, it.update.get(FIELD).ok())
    }
}

message! {
    /// Puts a document in another's place; see
    /// [`Collection::replace_one`](crate::Collection::replace_one).
    impl Message for ReplaceOne {
        /// The first document that matches `filter` gives place to `replacement`.
        new(collection, filter: document, replacement: document);
        "update", collection::ReplaceOne => UpdateResult;
        |it, place: RawDocumentBuf| place.replace_one(&it.filter, &it.replacement)
    }
}

message! {
    /// Deletes a document; see [`Collection::delete_one`](crate::Collection::delete_one).
    impl Message for DeleteOne {
        /// What matches `filter` is deleted.
        new(collection, filter: document);
        "delete", collection::DeleteOne => DeleteResult;
        |it, place: Document| place.delete_one(&it.filter)
    }
}

message! {
    /// Deletes documents; see [`Collection::delete_many`](crate::Collection::delete_many).
    impl Message for DeleteMany {
        /// What matches `filter` is deleted.
        new(collection, filter: document);
        "delete", collection::DeleteMany => DeleteResult;
        |it, place: Document| place.delete_many(&it.filter)
    }
}

message! {
    /// Changes a document and gives it back; see
    /// [`Collection::find_one_and_update`](crate::Collection::find_one_and_update).
    impl Message for FindOneAndUpdate<T = Document> {
        /// The first document that matches `filter` is changed by `update`: operators, or a
        /// pipeline.
        new(collection, filter: document, update: field);
        "findAndModify", collection::FindOneAndUpdate => Option<T>;
        |it, place: Document| place.find_one_and_update(&it.filter, it.update.get(FIELD).ok())
    }
}

message! {
    /// Puts a document in another's place, and gives one of them back; see
    /// [`Collection::find_one_and_replace`](crate::Collection::find_one_and_replace).
    impl Message for FindOneAndReplace<T = Document> {
        /// The first document that matches `filter` gives place to `replacement`.
        new(collection, filter: document, replacement: document);
        "findAndModify", collection::FindOneAndReplace => Option<T>;
        |it, place: RawDocumentBuf| {
            place.find_one_and_replace(&it.filter, &it.replacement).of::<Document>()
        }
    }
}

message! {
    /// Deletes a document and gives it back; see
    /// [`Collection::find_one_and_delete`](crate::Collection::find_one_and_delete).
    impl Message for FindOneAndDelete<T = Document> {
        /// The first document that matches `filter` is deleted.
        new(collection, filter: document);
        "findAndModify", collection::FindOneAndDelete => Option<T>;
        |it, place: Document| place.find_one_and_delete(&it.filter)
    }
}

message! {
    /// Runs many writes over one collection; see
    /// [`Collection::bulk_write`](crate::Collection::bulk_write).
    impl Message for BulkWrite {
        /// Writes to this collection of this database.
        new(collection, models: writes);
        "bulkWrite", collection::BulkWrite => BulkWriteResult;
        |it, place: Document| place.bulk_write(std::mem::take(&mut it.models))
    }
}

message! {
    /// Runs many writes over any collections (servers from 8.0); see
    /// [`Connection::bulk_write`](crate::Connection::bulk_write).
    impl Message for BulkWriteAcross {
        /// Writes, each to the collection of its namespace (`"hotel.rooms"`).
        new(connection, models: named_writes);
        "bulkWrite", collection::BulkWrite => BulkWriteResult;
        |it, place| collection::BulkWrite::of_connection(&place, std::mem::take(&mut it.models))
    }
}
