//! `update`, of one document.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use super::UpdateResult;
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::single;
use super::statement::Change;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Changes one document; see [`Collection::update_one`](crate::Collection::update_one).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct UpdateOne {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    change: Change,
}

options! { UpdateOne {
    /// Whether a document is inserted if none matches.
    upsert(bool) => "upsert",
    /// Which array elements the update's `$[name]` refer to: a list of filters.
    array_filters(any) => "arrayFilters",
    /// Which of the documents that match is the first (servers from 8.0).
    sort(document) => "sort",
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that filter and update refer to as `$$name`.
    let_vars(document) => "let",
    /// Whether the collection's validation rules are passed over.
    bypass_document_validation(bool) => "bypassDocumentValidation",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(UpdateOne -> UpdateResult);
concerns!(writes UpdateOne);
raw_data!(UpdateOne);

impl UpdateOne {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        filter: impl Serialize,
        update: impl Serialize,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        let change = draft.update(&update);
        Self { draft, namespace: namespace.clone(), filter, change }
    }

    fn start(self) -> Running<UpdateResult> {
        let Self { draft, namespace, filter, change } = self;
        single::update(draft, namespace, filter, change, false)
    }
}
