//! Messages that read.

use std::marker::PhantomData;

use bson::{Bson, Document, RawDocumentBuf};
use serde::Serialize;

use super::common::Errand;
use super::make::{ask, message, typed};
use crate::collection;
use crate::cursor::Cursor;
use crate::dispatch::Handle;
use crate::error::Result;

message! {
    /// Finds documents; see [`Collection::find`](crate::Collection::find). Its answer is a
    /// [`Cursor`](crate::Cursor) that has the first batch; its reader fetches and decodes
    /// the rest. As every cursor it holds the connection alive.
    Find<T = Document> by collection::Find {
        filter: RawDocumentBuf,
    }
}

message! {
    /// Finds documents, as [`Find`] does, and gives all of them at once. Mind the
    /// `limit`: a reply is as large as what matches.
    FindAll<T = Document> by collection::Find {
        filter: RawDocumentBuf,
    }
}

message! {
    /// Finds the first document; see [`Collection::find_one`](crate::Collection::find_one).
    FindOne<T = Document> by collection::FindOne {
        filter: RawDocumentBuf,
    }
}

message! {
    /// Counts documents; see
    /// [`Collection::count_documents`](crate::Collection::count_documents).
    CountDocuments by collection::CountDocuments {
        filter: RawDocumentBuf,
    }
}

message! {
    /// About how many documents there are; see
    /// [`Collection::estimated_document_count`](crate::Collection::estimated_document_count).
    EstimatedDocumentCount by collection::EstimatedDocumentCount {}
}

message! {
    /// Finds the values of a field; see [`Collection::distinct`](crate::Collection::distinct).
    Distinct<V = Bson> by collection::Distinct {
        field: Box<str>,
        filter: RawDocumentBuf,
    }
}

message! {
    /// Runs a pipeline; see [`Collection::aggregate`](crate::Collection::aggregate). Its
    /// answer is a [`Cursor`](crate::Cursor) that has the first batch, as that of [`Find`].
    Aggregate<T = Document> by collection::Aggregate {
        pipeline: Vec<RawDocumentBuf>,
    }
}

message! {
    /// Runs a pipeline, as [`Aggregate`] does, and gives all documents at once.
    AggregateAll<T = Document> by collection::Aggregate {
        pipeline: Vec<RawDocumentBuf>,
    }
}

typed! {
    Find { filter }
    FindAll { filter }
    FindOne { filter }
    Distinct { field, filter }
    Aggregate { pipeline }
    AggregateAll { pipeline }
}

/// Constructors of messages that take a filter and no more.
macro_rules! by_filter {
    ($($name:ident $(<$read_as:ident>)?),+) => { $(
        impl $name {
            /// Of the documents in this collection of this database that match `filter`.
            pub fn new(database: &str, collection: &str, filter: impl Serialize) -> Self {
                let mut errand = Errand::new(database, collection);
                let filter = errand.encode("filter", &filter);
                Self { errand, filter $(, $read_as: PhantomData)? }
            }
        }
    )+ };
}

by_filter!(Find<read_as>, FindAll<read_as>, FindOne<read_as>, CountDocuments);

/// Constructors of messages that take a pipeline.
macro_rules! by_pipeline {
    ($($name:ident),+) => { $(
        impl $name {
            /// A pipeline over this collection of this database.
            pub fn new(
                database: &str,
                collection: &str,
                pipeline: impl IntoIterator<Item: Serialize>,
            ) -> Self {
                let mut errand = Errand::new(database, collection);
                let pipeline = errand.encode_list("pipeline", pipeline);
                Self { errand, pipeline, read_as: PhantomData }
            }

            /// A pipeline that starts from no collection; see
            /// [`Database::aggregate`](crate::Database::aggregate).
            pub fn without_collection(database: &str, pipeline: impl IntoIterator<Item: Serialize>) -> Self {
                let mut errand = Errand::without_collection(database);
                let pipeline = errand.encode_list("pipeline", pipeline);
                Self { errand, pipeline, read_as: PhantomData }
            }
        }
    )+ };
}

by_pipeline!(Aggregate, AggregateAll);

impl EstimatedDocumentCount {
    /// Of this collection of this database.
    pub fn new(database: &str, collection: &str) -> Self {
        Self { errand: Errand::new(database, collection) }
    }
}

impl Distinct {
    /// The values of `field` in the documents that match `filter`.
    pub fn new(database: &str, collection: &str, field: &str, filter: impl Serialize) -> Self {
        let mut errand = Errand::new(database, collection);
        let filter = errand.encode("filter", &filter);
        Self { errand, field: field.into(), filter, read_as: PhantomData }
    }
}

impl<T: 'static> actix::Message for Find<T> {
    type Result = Result<Cursor<T>>;
}

impl<T: 'static> actix::Message for FindAll<T> {
    type Result = Result<Vec<T>>;
}

impl<T: 'static> actix::Message for FindOne<T> {
    type Result = Result<Option<T>>;
}

impl actix::Message for CountDocuments {
    type Result = Result<u64>;
}

impl actix::Message for EstimatedDocumentCount {
    type Result = Result<u64>;
}

impl<V: 'static> actix::Message for Distinct<V> {
    type Result = Result<Vec<V>>;
}

impl<T: 'static> actix::Message for Aggregate<T> {
    type Result = Result<Cursor<T>>;
}

impl<T: 'static> actix::Message for AggregateAll<T> {
    type Result = Result<Vec<T>>;
}

ask!(Find<T> -> Cursor<T>, "find", |it, handle| {
    let find = it.errand.collection(handle)?.find(&it.filter);
    Ok(it.errand.configure(find).of::<T>().into_future())
});

ask!(FindAll<T> -> Vec<T>, "find", |it, handle| {
    let find = it.errand.collection(handle)?.find(&it.filter);
    let find = it.errand.configure(find).of::<T>().into_future();
    Ok(Box::pin(async move { find.await?.collect_all().await }))
});

ask!(FindOne<T> -> Option<T>, "find", |it, handle| {
    let find = it.errand.collection(handle)?.find_one(&it.filter);
    Ok(it.errand.configure(find).of::<T>().into_future())
});

ask!(CountDocuments -> u64, "aggregate", |it, handle| {
    let count = it.errand.collection::<Document>(handle)?.count_documents(&it.filter);
    Ok(it.errand.configure(count).into_future())
});

ask!(EstimatedDocumentCount -> u64, "count", |it, handle| {
    let count = it.errand.collection::<Document>(handle)?.estimated_document_count();
    Ok(it.errand.configure(count).into_future())
});

ask!(Distinct<V> -> Vec<V>, "distinct", |it, handle| {
    let distinct = it.errand.collection::<Document>(handle)?.distinct(&it.field, &it.filter);
    Ok(it.errand.configure(distinct).of::<V>().into_future())
});

ask!(Aggregate<T> -> Cursor<T>, "aggregate", |it, handle| {
    let aggregate = pipeline(&mut it.errand, handle, &it.pipeline)?;
    Ok(it.errand.configure(aggregate).of::<T>().into_future())
});

ask!(AggregateAll<T> -> Vec<T>, "aggregate", |it, handle| {
    let aggregate = pipeline(&mut it.errand, handle, &it.pipeline)?;
    let aggregate = it.errand.configure(aggregate).of::<T>().into_future();
    Ok(Box::pin(async move { aggregate.await?.collect_all().await }))
});

/// Over a collection, or over none.
fn pipeline(
    errand: &mut Errand<collection::Aggregate>,
    handle: Handle,
    stages: &[RawDocumentBuf],
) -> Result<collection::Aggregate> {
    match errand.is_without_collection() {
        true => Ok(errand.database(handle)?.aggregate(stages)),
        false => Ok(errand.collection(handle)?.aggregate(stages)),
    }
}
