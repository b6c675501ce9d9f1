//! `findAndModify`: one document is deleted and given back.

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::find_and_modify::find_and_modify;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Deletes a document and gives it back; see [`Collection::find_one_and_delete`](crate::Collection::find_one_and_delete).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct FindOneAndDelete<T = Document> {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    document: PhantomData<fn() -> T>,
}

options! { FindOneAndDelete<T> {
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
    /// How long the server may work on it (`maxTimeMS`); zero is no limit. Deprecated by the
    /// specifications in favour of [`timeout`](Self::timeout), from which it is derived
    /// otherwise; it wins over that.
    max_time(millis) => "maxTimeMS",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(FindOneAndDelete<T> -> Option<T>);
concerns!(writes FindOneAndDelete<T>);
raw_data!(FindOneAndDelete<T>);

impl<T> FindOneAndDelete<T> {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), filter, document: PhantomData }
    }

    /// Reads the document as another type.
    pub fn of<U>(self) -> FindOneAndDelete<U> {
        let Self { draft, namespace, filter, .. } = self;
        FindOneAndDelete { draft, namespace, filter, document: PhantomData }
    }
}

impl<T: DeserializeOwned + Send + 'static> FindOneAndDelete<T> {
    fn start(self) -> Running<Option<T>> {
        let Self { draft, namespace, filter, .. } = self;
        find_and_modify(draft, namespace, filter, None)
    }
}
