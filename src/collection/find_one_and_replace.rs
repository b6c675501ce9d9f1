//! `findAndModify`: one document is replaced and given back.

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

/// Replaces a document and gives it back; see [`Collection::find_one_and_replace`](crate::Collection::find_one_and_replace).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct FindOneAndReplace<T = Document> {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    change: Change,
    document: PhantomData<fn() -> T>,
}

options! { FindOneAndReplace<T> {
    /// Whether a document is inserted if none matches.
    upsert(bool) => "upsert",
    /// Which fields come back.
    projection(document) => "fields",
    /// Which of the documents that match is the first.
    sort(document) => "sort",
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that the filter refers to as `$$name`.
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

verb!(FindOneAndReplace<T> -> Option<T>);
concerns!(writes FindOneAndReplace<T>);
raw_data!(FindOneAndReplace<T>);

impl<T> FindOneAndReplace<T> {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        filter: impl Serialize,
        replacement: &impl Serialize,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        let change = draft.replacement(replacement);
        Self { draft, namespace: namespace.clone(), filter, change, document: PhantomData }
    }

    /// Whether the document comes back as it was (the default), or as it became.
    pub fn return_document(mut self, which: ReturnDocument) -> Self {
        self.draft.set("new", which == ReturnDocument::After);
        self
    }

    /// Reads the document as another type.
    pub fn of<U>(self) -> FindOneAndReplace<U> {
        let Self { draft, namespace, filter, change, .. } = self;
        FindOneAndReplace { draft, namespace, filter, change, document: PhantomData }
    }
}

impl<T: DeserializeOwned + Send + 'static> FindOneAndReplace<T> {
    fn start(self) -> Running<Option<T>> {
        let Self { draft, namespace, filter, change, .. } = self;
        find_and_modify(draft, namespace, filter, Some(change))
    }
}
