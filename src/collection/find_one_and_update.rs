//! `findAndModify`: one document is changed and given back.

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::find_and_modify::{ReturnDocument, find_and_modify};
use super::statement::Change;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Changes a document and gives it back; see [`Collection::find_one_and_update`](crate::Collection::find_one_and_update).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct FindOneAndUpdate<T = Document> {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    change: Change,
    document: PhantomData<fn() -> T>,
}

options! { FindOneAndUpdate<T> {
    /// Whether a document is inserted if none matches.
    upsert(bool) => "upsert",
    /// Which array elements the update's `$[name]` refer to: a list of filters.
    array_filters(any) => "arrayFilters",
    /// Which fields come back.
    projection(document) => "fields",
    /// Which of the documents that match is the first.
    sort(document) => "sort",
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that filter and update refer to as `$$name`.
    let_vars(document) => "let",
    /// Whether the collection's validation rules are passed over.
    bypass_document_validation(bool) => "bypassDocumentValidation",
    /// How long the server may work on it (`maxTimeMS`); zero is no limit. Deprecated by the
    /// specifications in favour of [`timeout`](Self::timeout), from which it is derived
    /// otherwise; it wins over that.
    max_time(millis) => "maxTimeMS",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(FindOneAndUpdate<T> -> Option<T>);
concerns!(writes FindOneAndUpdate<T>);
raw_data!(FindOneAndUpdate<T>);

impl<T> FindOneAndUpdate<T> {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        filter: impl Serialize,
        update: impl Serialize,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        let change = draft.update(&update);
        Self { draft, namespace: namespace.clone(), filter, change, document: PhantomData }
    }

    /// Whether the document comes back as it was (the default), or as it became.
    pub fn return_document(mut self, which: ReturnDocument) -> Self {
        self.draft.set("new", which == ReturnDocument::After);
        self
    }

    /// Reads the document as another type.
    pub fn of<U>(self) -> FindOneAndUpdate<U> {
        let Self { draft, namespace, filter, change, .. } = self;
        FindOneAndUpdate { draft, namespace, filter, change, document: PhantomData }
    }
}

impl<T: DeserializeOwned + Send + 'static> FindOneAndUpdate<T> {
    fn start(self) -> Running<Option<T>> {
        let Self { draft, namespace, filter, change, .. } = self;
        find_and_modify(draft, namespace, filter, Some(change))
    }
}
