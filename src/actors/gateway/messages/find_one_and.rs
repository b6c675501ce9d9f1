//! Messages that change a document and give it back.

use std::marker::PhantomData;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;

use super::common::{Errand, FIELD};
use super::make::{ask, message, typed};
use crate::collection;
use crate::error::Result;

message! {
    /// Changes a document and gives it back; see
    /// [`Collection::find_one_and_update`](crate::Collection::find_one_and_update).
    FindOneAndUpdate<T = Document> by collection::FindOneAndUpdate {
        filter: RawDocumentBuf,
        update: RawDocumentBuf,
    }
}

message! {
    /// Puts a document in another's place, and gives one of them back; see
    /// [`Collection::find_one_and_replace`](crate::Collection::find_one_and_replace).
    FindOneAndReplace<T = Document> by collection::FindOneAndReplace {
        filter: RawDocumentBuf,
        replacement: RawDocumentBuf,
    }
}

message! {
    /// Deletes a document and gives it back; see
    /// [`Collection::find_one_and_delete`](crate::Collection::find_one_and_delete).
    FindOneAndDelete<T = Document> by collection::FindOneAndDelete {
        filter: RawDocumentBuf,
    }
}

typed! {
    FindOneAndUpdate { filter, update }
    FindOneAndReplace { filter, replacement }
    FindOneAndDelete { filter }
}

impl FindOneAndUpdate {
    /// The first document that matches `filter` is changed by `update`: operators, or a
    /// pipeline.
    pub fn new(database: &str, collection: &str, filter: impl Serialize, update: impl Serialize) -> Self {
        let mut errand = Errand::new(database, collection);
        let filter = errand.encode("filter", &filter);
        let update = errand.encode_field("update", &update);
        Self { errand, filter, update, read_as: PhantomData }
    }
}

impl FindOneAndReplace {
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
        Self { errand, filter, replacement, read_as: PhantomData }
    }
}

impl FindOneAndDelete {
    /// The first document that matches `filter` is deleted.
    pub fn new(database: &str, collection: &str, filter: impl Serialize) -> Self {
        let mut errand = Errand::new(database, collection);
        let filter = errand.encode("filter", &filter);
        Self { errand, filter, read_as: PhantomData }
    }
}

impl<T: 'static> actix::Message for FindOneAndUpdate<T> {
    type Result = Result<Option<T>>;
}

impl<T: 'static> actix::Message for FindOneAndReplace<T> {
    type Result = Result<Option<T>>;
}

impl<T: 'static> actix::Message for FindOneAndDelete<T> {
    type Result = Result<Option<T>>;
}

ask!(FindOneAndUpdate<T> -> Option<T>, "findAndModify", |it, handle| {
    let update = it.update.get(FIELD).ok();
    let update = it.errand.collection::<Document>(handle)?.find_one_and_update(&it.filter, update);
    Ok(it.errand.configure(update).of::<T>().into_future())
});

ask!(FindOneAndReplace<T> -> Option<T>, "findAndModify", |it, handle| {
    let raw = it.errand.collection::<RawDocumentBuf>(handle)?;
    let replace = raw.find_one_and_replace(&it.filter, &it.replacement).of::<Document>();
    Ok(it.errand.configure(replace).of::<T>().into_future())
});

ask!(FindOneAndDelete<T> -> Option<T>, "findAndModify", |it, handle| {
    let delete = it.errand.collection::<Document>(handle)?.find_one_and_delete(&it.filter);
    Ok(it.errand.configure(delete).of::<T>().into_future())
});
