//! `update`, of one document, as a whole.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use super::UpdateResult;
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::single;
use super::statement::Change;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Replaces a document; see [`Collection::replace_one`](crate::Collection::replace_one).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ReplaceOne {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    change: Change,
}

options! { ReplaceOne {
    /// Whether a document is inserted if none matches.
    upsert(bool) => "upsert",
    /// Which of the documents that match is the first (servers from 8.0).
    sort(document) => "sort",
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that the filter refers to as `$$name`.
    let_vars(document) => "let",
    /// Whether the collection's validation rules are passed over.
    bypass_document_validation(bool) => "bypassDocumentValidation",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(ReplaceOne -> UpdateResult);
concerns!(writes ReplaceOne);
raw_data!(ReplaceOne);

impl ReplaceOne {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        filter: impl Serialize,
        replacement: &impl Serialize,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        let change = draft.replacement(replacement);
        Self { draft, namespace: namespace.clone(), filter, change }
    }

    fn start(self) -> Running<UpdateResult> {
        let Self { draft, namespace, filter, change } = self;
        single::update(draft, namespace, filter, change, false)
    }
}
