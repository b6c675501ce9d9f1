//! Messages that write.

use bson::{Document, RawDocumentBuf};
use serde::Serialize;

use super::common::{Errand, FIELD};
use super::make::{ask, message};
use crate::collection::{self, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult};
use crate::error::Result;

message! {
    /// Inserts a document; see [`Collection::insert_one`](crate::Collection::insert_one).
    InsertOne by collection::InsertOne {
        document: RawDocumentBuf,
    }
}

message! {
    /// Inserts documents; see [`Collection::insert_many`](crate::Collection::insert_many).
    InsertMany by collection::InsertMany {
        documents: Vec<RawDocumentBuf>,
    }
}

message! {
    /// Changes a document; see [`Collection::update_one`](crate::Collection::update_one).
    UpdateOne by collection::UpdateOne {
        filter: RawDocumentBuf,
        update: RawDocumentBuf,
    }
}

message! {
    /// Changes documents; see [`Collection::update_many`](crate::Collection::update_many).
    UpdateMany by collection::UpdateMany {
        filter: RawDocumentBuf,
        update: RawDocumentBuf,
    }
}

message! {
    /// Puts a document in another's place; see
    /// [`Collection::replace_one`](crate::Collection::replace_one).
    ReplaceOne by collection::ReplaceOne {
        filter: RawDocumentBuf,
        replacement: RawDocumentBuf,
    }
}

message! {
    /// Deletes a document; see [`Collection::delete_one`](crate::Collection::delete_one).
    DeleteOne by collection::DeleteOne {
        filter: RawDocumentBuf,
    }
}

message! {
    /// Deletes documents; see [`Collection::delete_many`](crate::Collection::delete_many).
    DeleteMany by collection::DeleteMany {
        filter: RawDocumentBuf,
    }
}

impl InsertOne {
    /// A document for this collection of this database.
    pub fn new(database: &str, collection: &str, document: impl Serialize) -> Self {
        let mut errand = Errand::new(database, collection);
        let document = errand.encode("document", &document);
        Self { errand, document }
    }
}

impl InsertMany {
    /// Documents for this collection of this database.
    pub fn new(database: &str, collection: &str, documents: impl IntoIterator<Item: Serialize>) -> Self {
        let mut errand = Errand::new(database, collection);
        let documents = errand.encode_list("documents", documents);
        Self { errand, documents }
    }
}

/// Constructors of updates.
macro_rules! updates {
    ($($name:ident),+) => { $(
        impl $name {
            /// What matches `filter` is changed by `update`: operators, or a pipeline.
            pub fn new(
                database: &str,
                collection: &str,
                filter: impl Serialize,
                update: impl Serialize,
            ) -> Self {
                let mut errand = Errand::new(database, collection);
                let filter = errand.encode("filter", &filter);
                let update = errand.encode_field("update", &update);
                Self { errand, filter, update }
            }
        }
    )+ };
}

updates!(UpdateOne, UpdateMany);

impl ReplaceOne {
    /// The first document that matches `filter` gives place to `replacement`.
    pub fn new(
        database: &str,
        collection: &str,
        filter: impl Serialize,
        replacement: impl Serialize,
    ) -> Self {
        let mut errand = Errand::new(database, collection);
        let filter = errand.encode("filter", &filter);
        let replacement = errand.encode("replacement", &replacement);
        Self { errand, filter, replacement }
    }
}

/// Constructors of deletions.
macro_rules! deletions {
    ($($name:ident),+) => { $(
        impl $name {
            /// What matches `filter` is deleted.
            pub fn new(database: &str, collection: &str, filter: impl Serialize) -> Self {
                let mut errand = Errand::new(database, collection);
                let filter = errand.encode("filter", &filter);
                Self { errand, filter }
            }
        }
    )+ };
}

deletions!(DeleteOne, DeleteMany);

impl actix::Message for InsertOne {
    type Result = Result<InsertOneResult>;
}

impl actix::Message for InsertMany {
    type Result = Result<InsertManyResult>;
}

impl actix::Message for UpdateOne {
    type Result = Result<UpdateResult>;
}

impl actix::Message for UpdateMany {
    type Result = Result<UpdateResult>;
}

impl actix::Message for ReplaceOne {
    type Result = Result<UpdateResult>;
}

impl actix::Message for DeleteOne {
    type Result = Result<DeleteResult>;
}

impl actix::Message for DeleteMany {
    type Result = Result<DeleteResult>;
}

ask!(InsertOne -> InsertOneResult, "insert", |it, handle| {
    let insert = it.errand.collection::<RawDocumentBuf>(handle)?.insert_one(&it.document);
    Ok(it.errand.configure(insert).into_future())
});

ask!(InsertMany -> InsertManyResult, "insert", |it, handle| {
    let insert = it.errand.collection::<RawDocumentBuf>(handle)?.insert_many(&it.documents);
    Ok(it.errand.configure(insert).into_future())
});

ask!(UpdateOne -> UpdateResult, "update", |it, handle| {
    let update = it.errand.collection::<Document>(handle)?.update_one(&it.filter, it.update.get(FIELD).ok());
    Ok(it.errand.configure(update).into_future())
});

ask!(UpdateMany -> UpdateResult, "update", |it, handle| {
    let update = it.errand.collection::<Document>(handle)?.update_many(&it.filter, it.update.get(FIELD).ok());
    Ok(it.errand.configure(update).into_future())
});

ask!(ReplaceOne -> UpdateResult, "update", |it, handle| {
    let replace = it.errand.collection::<RawDocumentBuf>(handle)?.replace_one(&it.filter, &it.replacement);
    Ok(it.errand.configure(replace).into_future())
});

ask!(DeleteOne -> DeleteResult, "delete", |it, handle| {
    let delete = it.errand.collection::<Document>(handle)?.delete_one(&it.filter);
    Ok(it.errand.configure(delete).into_future())
});

ask!(DeleteMany -> DeleteResult, "delete", |it, handle| {
    let delete = it.errand.collection::<Document>(handle)?.delete_many(&it.filter);
    Ok(it.errand.configure(delete).into_future())
});
